/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts as a reader would hand them over, built from texts, for tests of the
 * model and the rules.
 */
#ifndef IQ_TESTS_FACTS_BUILDER_H
#define IQ_TESTS_FACTS_BUILDER_H

#include "model/fact.h"
#include "model/profile.h"
#include "model/trace.h"

/* Facts of one witness that tells everything; ends the test on errors. */
struct iq_facts *facts_new(enum iq_witness_kind kind, const char *path);

/*
 * Adds a goroutine. @state is a status ("running", "syscall") or a wait reason;
 * @stack is "function file:line" from the leaf on, divided by ';'. The result
 * is valid until the next one is added.
 */
struct iq_goroutine_fact *facts_add(struct iq_facts *facts, uint64_t id,
				    const char *state, const char *stack);
/* Sets the creator, "function file:line". */
void facts_created(struct iq_facts *facts, struct iq_goroutine_fact *fact,
		   uint64_t parent, const char *frame);
/* Sets the one object that it waits for. */
void facts_waits(struct iq_facts *facts, struct iq_goroutine_fact *fact,
		 enum iq_wait_kind kind, uint64_t address);

/* A trace from @start_ns to @end_ns on the monotonic clock; goroutines follow
 * with facts_traced(), collections with facts_collected(). */
struct iq_facts *facts_new_trace(const char *path, int64_t start_ns,
				 int64_t end_ns);
/*
 * Adds a goroutine, ascending ids, that is in @state (a reason, or a status)
 * since @since_ns; @stack may be NULL. Its fact is the last one of the facts.
 */
struct iq_trace_goroutine *facts_traced(struct iq_facts *facts, uint64_t id,
					const char *state, const char *stack,
					int64_t since_ns);
/* Adds a whole collection whose mark termination is at its end. */
void facts_collected(struct iq_facts *facts, int64_t begin_ns, int64_t end_ns);

/* A profile; samples follow with facts_sampled(). */
struct iq_facts *facts_new_profile(const char *path, enum iq_profile_type type);
/* Adds @count equal ones; those of goroutines have a fact, too. */
void facts_sampled(struct iq_facts *facts, uint64_t count, const char *stack);

#endif
