/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cross-examination of one witness about one finding: what all kinds have
 * in common. Each kind has an examiner of its own in evidence_<kind>.c.
 */
#ifndef IQ_MODEL_EXAMINE_H
#define IQ_MODEL_EXAMINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "model/finding.h"
#include "model/model.h"
#include "model/moment.h"

/* Clauses of one sentence, divided by "; ". The first error is kept. */
struct iq_clauses {
	struct iq_arena *arena;
	struct iq_str text;
	struct iq_error *err;
};

void iq_clause(struct iq_clauses *clauses, const char *fmt, ...)
	iq_printf(2, 3);

struct iq_examination {
	const struct iq_model *model;
	const struct iq_finding *finding;
	/* Who is asked: index into model->witnesses. */
	size_t witness;
	/* Whom the finding was made from; it may have none (has_main). */
	bool has_main;
	size_t main;
	enum iq_kinship kinship;
	struct iq_clauses clauses;
};

/* How one goroutine of the case stands in another witness. */
enum iq_standing {
	IQ_STANDS_ABSENT,
	IQ_STANDS_SAME,	     /* in the same wait, with equal frames */
	IQ_STANDS_AT_SITE,   /* in the same wait at the same line */
	IQ_STANDS_UNSEEN,    /* in the same wait; there is no stack */
	IQ_STANDS_ELSEWHERE, /* in another wait, at another line, or running */
};

enum iq_standing iq_standing_of(const struct iq_model *model, size_t goroutine,
				size_t witness);

/* How all goroutines of a finding stand in a witness that has ids. */
struct iq_stand {
	uint64_t num; /* those that have an id */
	uint64_t by[IQ_STANDS_ELSEWHERE + 1];
	uint64_t there; /* all but the absent */
	/* Made by the same goroutine at the same line, where both know. */
	uint64_t creators, creators_agree;
	/* The runtime marked them as leaked. */
	uint64_t leaked;
	/* The least "N minutes" of a text; 0 if any has none. */
	uint64_t minutes;
	/* The first that stands: its id, and its fact in the witness. */
	const struct iq_goroutine_fact *first;
};

void iq_stand_count(const struct iq_examination *x, struct iq_stand *ret);
/* All of them are there in the same wait. */
bool iq_stand_holds(const struct iq_stand *stand);

/* How many stand in a witness with the finding's stacks. */
struct iq_crowd {
	bool known;	   /* the finding has stacks to look for */
	size_t num_stacks; /* different ones */
	uint64_t here;
	uint64_t main;		     /* where the finding was made */
	const struct iq_frame *site; /* NULL: unknown */
};

void iq_crowd_count(struct iq_examination *x, struct iq_crowd *ret);

/* The witness saw the process after the finding's own did. */
bool iq_is_later(const struct iq_examination *x);
/*
 * ", 5.0s after the core" as a NUL-terminated text; empty where the order is
 * not known or @x asks the main witness itself.
 */
const char *iq_when_words(struct iq_examination *x);

/* "18, 19, 20 and 37 more": of those that have one. */
const char *iq_ids_words(struct iq_examination *x);
/* "main.f main.go:3" without the package's path; "" for NULL. */
const char *iq_frame_words(struct iq_examination *x,
			   const struct iq_frame *frame);
/* The same of the finding's site as @fact has it; or "". */
const char *iq_site_words(struct iq_examination *x,
			  const struct iq_goroutine_fact *fact);
/* "the core", or "dump 2" where there are several: the finding's own witness. */
const char *iq_main_words(struct iq_examination *x);
/* The wait in the program's words: "chan send". */
struct iq_str iq_state_words(const struct iq_examination *x);

/* Goroutines of the finding that the runtime marked as leaked in it. */
uint64_t iq_count_leaked(const struct iq_examination *x);

/* Sets stance and weight as kinship allows; @proof: it shows it by itself. */
void iq_support(const struct iq_examination *x, struct iq_evidence *e,
		bool proof);
/* The same for a witness whose stacks and counts agree, and nothing else. */
void iq_support_by_stack(struct iq_examination *x, struct iq_evidence *e,
			 bool proof);
/* It saw them go on: all, or some. Only one that saw the process can. */
void iq_contradict(const struct iq_examination *x, struct iq_evidence *e,
		   bool all);

/* "cannot know: …", where what it lost would tell; else @otherwise. */
void iq_say_absent(struct iq_examination *x, struct iq_evidence *e,
		   const char *otherwise);

/* The witness is of a moment that is known to be a second or more away from that
 * of the finding's own. */
bool iq_is_apart(const struct iq_examination *x);

/* The rule's ground, if the witness that is asked has given it; else empty. */
struct iq_str iq_ground_words(const struct iq_examination *x);
/* The finding was made from the witness that is asked. */
bool iq_is_own(const struct iq_examination *x);
/* What that one says: state, @object behind it, and the rule's ground. */
void iq_examine_own(struct iq_examination *x, struct iq_evidence *e,
		    const char *object);
/* Ids, states, frames and creators: what cores, dumps and traces share. */
void iq_examine_by_ids(struct iq_examination *x, struct iq_evidence *e);
/* The one goroutine that made them all, and where; or nothing. */
void iq_say_creator(struct iq_examination *x);
/* Equal stacks and their number: where there are no ids. */
void iq_examine_by_stack(struct iq_examination *x, struct iq_evidence *e);

/* One a kind; they add clauses and set the rest of the evidence. */
void iq_examine_core(struct iq_examination *x, struct iq_evidence *e);
void iq_examine_profile(struct iq_examination *x, struct iq_evidence *e);
void iq_examine_trace(struct iq_examination *x, struct iq_evidence *e);
void iq_examine_dump(struct iq_examination *x, struct iq_evidence *e);

#endif
