/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The damage report: what each witness is, can and cannot tell, what is missing
 * of it, what conclusions lost by that, and what to do about it now and next
 * time. The formats of "doctor" share what is worked out here.
 */
#ifndef IQ_REPORTS_DOCTOR_H
#define IQ_REPORTS_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "model/coverage.h"
#include "model/model.h"

#define IQ_DOCTOR_COMMANDS 5

/* A conclusion that is not as sure as it could be, and why. */
struct iq_doctor_loss {
	/* Ids with commas, or what is concluded: "all that runs". Not clean. */
	struct iq_str what;
	/* "not run", "no proof", "weaker", "not known". Static. */
	const char *how;
	struct iq_str text; /* not clean */
	bool has_witness;
	uint32_t witness;
};

enum iq_doctor_when {
	IQ_DOCTOR_NOW,	   /* with this very process's files */
	IQ_DOCTOR_COLLECT, /* when the next one is taken */
	IQ_DOCTOR_BUILD,   /* when the next one is built */
};

/* "now", "collect", "build": as the JSON contract. */
const char *iq_doctor_when_name(enum iq_doctor_when when);

struct iq_doctor;

/* One piece of advice: a row of the table in doctor_advice.c. */
struct iq_doctor_row {
	const char *id; /* documented, stable */
	enum iq_doctor_when when;
	/* Whether it is of use, by the facts of witness @w. */
	bool (*applies)(const struct iq_doctor *doctor, size_t w);
	/* Names in braces are filled in: see doctor_advice.c. */
	const char *text;
	const char *commands[IQ_DOCTOR_COMMANDS];
};

const struct iq_doctor_row *iq_doctor_rows(size_t *num_ret);

struct iq_doctor_advice {
	const struct iq_doctor_row *row;
	uint32_t witness;   /* the first that it applies to */
	struct iq_str text; /* not clean */
	struct iq_str commands[IQ_DOCTOR_COMMANDS];
	size_t num_commands;
};

/* The heap of one witness. */
struct iq_doctor_heap {
	bool known;
	struct iq_coverage_heap size;
};

struct iq_doctor {
	const struct iq_model *model;
	struct iq_arena arena;
	struct iq_doctor_heap *heaps; /* by witness */
	IQ_VEC(struct iq_doctor_loss) losses;
	IQ_VEC(struct iq_doctor_advice) advice;
};

/* @model must outlive it; iq_doctor_deinit() either way. */
struct iq_error *iq_doctor_init(struct iq_doctor *doctor,
				const struct iq_model *model) iq_must_check;
void iq_doctor_deinit(struct iq_doctor *doctor);

/* doctor_losses.c, doctor_advice.c: fill the lists. */
struct iq_error *iq_doctor_losses(struct iq_doctor *doctor) iq_must_check;
struct iq_error *iq_doctor_advise(struct iq_doctor *doctor) iq_must_check;

/* ---- words */

/* What a witness of its kind shows, and what it cannot know. Static. */
const char *iq_doctor_can(const struct iq_facts *facts);
/* The same of witness @w as it is, with its holes. */
const char *iq_doctor_tells(const struct iq_doctor *doctor, size_t w);
const char *iq_doctor_cannot(const struct iq_facts *facts);
/* "execution trace", "goroutine profile": what the file is. Static. */
const char *iq_doctor_kind(const struct iq_facts *facts);

/* "3.1 MiB" and, of a part, "3.1 MiB of 64.0 MiB", "all 64.0 MiB", "none". */
#define IQ_DOCTOR_SIZE 64
const char *iq_doctor_bytes(char *buf, uint64_t bytes);
const char *iq_doctor_part(char *buf, struct iq_coverage_part part);
/* "not in the core": why stacks are gone. Static. */
const char *iq_doctor_loss_words(enum iq_stack_loss why);
/* "7, 19-22 and 40 more", without control characters. */
struct iq_error *iq_doctor_ids(struct iq_arena *arena,
			       const struct iq_coverage_loss *loss,
			       struct iq_str *ret) iq_must_check;

/* The coverage of a core, else NULL. */
const struct iq_coverage *iq_doctor_core(const struct iq_doctor *doctor,
					 size_t w);
/* The build that a core or executable is of: its executable, or NULL. */
const struct iq_coverage_module *
iq_doctor_executable(const struct iq_doctor *doctor, size_t w);

#endif
