/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts as a reader would hand them over, built from texts, for tests of the
 * model and the rules.
 */
#ifndef IQ_TESTS_FACTS_BUILDER_H
#define IQ_TESTS_FACTS_BUILDER_H

#include "model/fact.h"

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

#endif
