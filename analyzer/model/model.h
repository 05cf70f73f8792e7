/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The case: all witnesses' facts joined by goroutine, by stack and by process.
 * Joined once by iq_model_join(), const for detectors and reports.
 */
#ifndef IQ_MODEL_MODEL_H
#define IQ_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "model/fact.h"
#include "model/finding.h"
#include "model/signature.h"
#include "model/wait.h"

/* What a bound of a wait rests on. */
enum iq_wait_ground {
	IQ_WAIT_GROUND_NONE,
	/* A collection saw it wait (g.waitsince): not when it began. */
	IQ_WAIT_GROUND_COLLECTION,
	/* A collection did not see it wait: it began after that one had. */
	IQ_WAIT_GROUND_NO_COLLECTION,
	/* A trace saw it park, or saw it parked in all of its window. */
	IQ_WAIT_GROUND_TRACE,
	/* "N minutes" of a dump. */
	IQ_WAIT_GROUND_MINUTES,
	/* It was there at an earlier moment, in the same wait. */
	IQ_WAIT_GROUND_SNAPSHOT,
	/* The age of the process, or of the goroutine. */
	IQ_WAIT_GROUND_AGE,
};

/* "a collection saw it wait", "the trace saw it wait"; static. "" for none. */
const char *iq_wait_ground_words(enum iq_wait_ground ground);
/* What the minimum that a witness of @kind gives, or the maximum, rests on. */
enum iq_wait_ground iq_wait_ground_of(enum iq_witness_kind kind, bool is_max);

/* Whether something live can reach what a goroutine waits for. */
enum iq_reach {
	IQ_REACH_UNKNOWN,
	IQ_REACH_LIVE,
	IQ_REACH_UNREACHABLE,
};

struct iq_goroutine {
	bool has_id;
	uint64_t id;
	/* How many equal ones this stands for: 1 where there is an id. */
	uint64_t count;
	/* What the witness that knows most says; never NULL. */
	const struct iq_goroutine_fact *fact;
	/* That witness: index into model->witnesses. */
	uint32_t witness;
	/* Index into model->groups. */
	uint32_t group;
	/* The runtime's own, by whichever witness knows. */
	bool system;
	enum iq_wait_class class;
	enum iq_reach reach;
	/* Of the wait at its witness's moment: bounds over all witnesses that
	 * knew them, where they are of that moment or proven to hold then. */
	bool has_wait_min, has_wait_max;
	int64_t wait_min_ns, wait_max_ns;
	/* What the bounds rest on. */
	enum iq_wait_ground wait_min_ground, wait_max_ground;
};

/* Goroutines with equal stack, status, wait reason and kind. */
struct iq_group {
	/* Stack of its first member; NULL if it has none. */
	const struct iq_stack *stack;
	const struct iq_signature *signature;
	enum iq_gstatus status;
	struct iq_str wait_reason;
	enum iq_wait_class class;
	bool system;
	/* Common creator; NULL if unknown or several. */
	const struct iq_frame *created_by;
	/* Indexes into model->goroutines, ascending. */
	const uint32_t *members;
	size_t num_members;
	uint64_t count;
	bool has_wait_min, has_wait_max;
	/* Smallest minimum and largest maximum of the members. */
	int64_t wait_min_ns, wait_max_ns;
};

struct iq_graph;
struct iq_heap_survey;
struct iq_moment;
struct iq_population;
struct iq_population_keys;
struct iq_proof;
struct iq_shapes;

/* Whether a witness saw the case's process: weakest first. */
enum iq_kinship {
	IQ_KINSHIP_OTHER_BUILD, /* foreign: proves nothing */
	IQ_KINSHIP_OTHER_RUN,	/* foreign: another process, proves nothing */
	IQ_KINSHIP_UNKNOWN,	/* nothing speaks for or against it */
	IQ_KINSHIP_BUILD,	/* the same build; the process is not known */
	IQ_KINSHIP_PROCESS,	/* ids, pid or clocks show the same process */
};

struct iq_model {
	struct iq_arena arena;
	/* Files in the order they were given, sections in file order. */
	const struct iq_facts *const *witnesses;
	size_t num_witnesses;
	/* With ids by id, then those without. Dead ones are not here. */
	struct iq_goroutine *goroutines;
	size_t num_goroutines;
	/* facts[g * num_witnesses + w]: what w says of g, or NULL. */
	const struct iq_goroutine_fact *const *facts;
	/* Largest count first, then by site. */
	const struct iq_group *groups;
	size_t num_groups;
	/* Who waits for what, and who could wake it: model/graph.h. NULL before
	 * it is made. */
	const struct iq_graph *graph;
	/* signatures[w][stack->index] of each witness. */
	struct iq_signature *const *signatures;
	/* What all witnesses know of the process, first known value. */
	struct iq_process_fact process;
	/* Witnesses that saw another process than the first: index set. */
	const bool *foreign;
	/* Of each witness, and in words what shows it ("build ids agree"). */
	const enum iq_kinship *kinship;
	const struct iq_str *kinship_text;
	/* When each witness saw the process. */
	const struct iq_moment *moments;
	/* Witnesses of the process in the order of time, where that is known;
	 * else as they were given: snapshots[i] is an index into witnesses. */
	const uint32_t *snapshots;
	size_t num_snapshots;
	/* By strong key, then class. */
	const struct iq_population *populations;
	size_t num_populations;
	/* What finds them: model/population.c. */
	const struct iq_population_keys *population_keys;
	/* Union of what the witnesses can tell, IQ_TELLS_*. */
	unsigned tells;
	/* Why it is not known who can reach what: what is missing of the heap of
	 * reach_witness. Empty: it is known, or there is no heap at all. */
	struct iq_str reach_lacks;
	uint32_t reach_witness;
	/* By witness, what its heap shows: model/liveness.h. NULL: none. */
	struct iq_proof **proofs;
	/* What was asked of the heaps: model/heap_survey.h. NULL before. */
	const struct iq_heap_survey *surveys;
	size_t num_surveys;
	/* Total (sum of counts), the runtime's own among them. */
	uint64_t num_total;
	uint64_t num_system;
	/* The user's own rules that are data (detect/shape.h), or NULL. */
	const struct iq_shapes *shapes;
	/* Filled by the detectors' run (detect/run.h). */
	const struct iq_finding *findings;
	size_t num_findings;
	const struct iq_not_run *not_run;
	size_t num_not_run;
	struct iq_verdict verdict;
	/* What the leaks cost, all together: model/retained.h. */
	struct iq_retained_total retained;
	/* Gaps of the join itself (witnesses that do not belong together). */
	const struct iq_gap *gaps;
	size_t num_gaps;
};

/* A case of witnesses that are not joined yet: their facts must outlive it. */
struct iq_error *iq_model_create(const struct iq_facts *const *witnesses,
				 size_t num_witnesses, struct iq_model **ret)
	iq_must_check;
/* Joins the facts, which are finished. Once. */
struct iq_error *iq_model_join(struct iq_model *model) iq_must_check;
void iq_model_destroy(struct iq_model *model);

/* Adds a problem of the case as a whole; @text is copied. */
struct iq_error *iq_model_add_gap(struct iq_model *model, enum iq_gap_code code,
				  const char *text) iq_must_check;

/* What @witness says of goroutine @index, or NULL. */
const struct iq_goroutine_fact *iq_model_fact(const struct iq_model *model,
					      size_t index, size_t witness);
/* Index of the goroutine with @id; false if there is none. */
bool iq_model_goroutine(const struct iq_model *model, uint64_t id, size_t *ret);
/* Signature of a fact's stack; NULL if it has none. */
const struct iq_signature *iq_model_signature(const struct iq_model *model,
					      size_t witness,
					      const struct iq_stack *stack);

#endif
