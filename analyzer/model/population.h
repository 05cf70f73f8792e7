/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goroutines of one signature and wait class, as each witness counts them: what
 * joins a profile, which has no ids, to the rest of the case, and what grows
 * from one snapshot to the next.
 */
#ifndef IQ_MODEL_POPULATION_H
#define IQ_MODEL_POPULATION_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/model.h"
#include "model/signature.h"
#include "model/wait.h"

struct iq_population {
	/* Of the first witness that has it and can tell its class. */
	const struct iq_signature *signature;
	const struct iq_stack *stack;
	/* As iq_population_class() makes it; unknown if no witness can tell. */
	enum iq_wait_class class;
	/* counts[w] of witness w: 0 where it has none of them. */
	const uint64_t *counts;
};

/* Sets model->populations, foreign witnesses counted like the others. */
struct iq_error *iq_populations_make(struct iq_model *model) iq_must_check;

/*
 * The population of @signature in @class; a truncated signature finds the one
 * whose leaf part is the same. Where only one class stands at a place, a
 * witness that cannot tell the class means that one. NULL if no witness has it.
 */
const struct iq_population *
iq_population_find(const struct iq_model *model,
		   const struct iq_signature *signature,
		   enum iq_wait_class class);
/* The one that @fact of witness @witness is counted in; NULL without a stack. */
const struct iq_population *
iq_population_of(const struct iq_model *model, size_t witness,
		 const struct iq_goroutine_fact *fact);

/*
 * What a stack alone can tell of a class: a nil channel looks like any other,
 * and what is not parked like all that is not.
 */
enum iq_wait_class iq_population_class(enum iq_wait_class class);

#endif
