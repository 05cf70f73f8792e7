/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks that are one population without having one strong key: those that a
 * witness cut, and those that show a wrapper as if it were a function.
 */
#ifndef IQ_MODEL_POPULATION_ALIAS_H
#define IQ_MODEL_POPULATION_ALIAS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/model.h"

/* What other key a stack is counted under than its own. */
struct iq_population_alias {
	uint64_t strong;
	uint64_t key;
};

struct iq_population_aliases {
	/* By strong key; of the model's arena. */
	const struct iq_population_alias *items;
	size_t num;
};

/* Compares the stacks of all goroutines of all witnesses. */
struct iq_error *iq_population_aliases_make(struct iq_model *model,
					    struct iq_population_aliases *ret)
	iq_must_check;
/* The key that stacks with @strong are counted under. */
uint64_t iq_population_key(const struct iq_population_aliases *aliases,
			   uint64_t strong);

#endif
