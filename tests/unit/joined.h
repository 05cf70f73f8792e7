/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cases of several witnesses, joined, and traces for them; times are in
 * seconds, which tests can read.
 */
#ifndef IQ_TESTS_JOINED_H
#define IQ_TESTS_JOINED_H

#include "facts-builder.h"
#include "model/model.h"
#include "model/trace.h"

#define SECONDS(n) ((int64_t)(n)*1000000000)

#define JOINED_MAX 6

struct joined {
	struct iq_facts *facts[JOINED_MAX];
	size_t num;
	struct iq_model *model;
};

/* Joins the facts up to the first NULL. */
void joined_make(struct joined *x);
/* The same, and lets the rules run. */
void joined_judge(struct joined *x);
/* The first finding of @rule; NULL if there is none. */
const struct iq_finding *joined_found(const struct joined *x, const char *rule);
void joined_deinit(struct joined *x);

/* Makes @facts those of a trace on the monotonic clock. */
struct iq_trace *joined_trace(struct iq_facts *facts, int64_t start,
			      int64_t end);
/*
 * A goroutine that the trace saw begin, and park for good at second @since; from
 * before the trace if that is negative. @state and @stack as for facts_add();
 * "dead" has no fact. Ids ascend.
 */
struct iq_trace_goroutine *joined_traced(struct iq_facts *facts, uint64_t id,
					 const char *name, const char *state,
					 const char *stack, int64_t since);
/* A collection between two seconds; its mark termination ends with it and lasts
 * for a millisecond. */
void joined_gc(struct iq_facts *facts, int64_t begin, int64_t end);

/* What the monotonic clock of a core of the process's end showed last, and when
 * its file was written. */
void joined_clock(struct iq_facts *facts, int64_t mono, int64_t file);

#endif
