/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What leaks cost: objects that only the goroutines of a finding keep in memory.
 * Nothing that can still run refers to them, and no goroutine outside of the
 * finding does.
 */
#ifndef IQ_MODEL_RETAINED_H
#define IQ_MODEL_RETAINED_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

struct iq_model;

/* An object of the heap by which others are kept: each way to them from the
 * finding's goroutines leads through it. */
struct iq_retainer {
	uint64_t address;
	uint64_t objects; /* itself among them */
	uint64_t bytes;
	struct iq_str type; /* empty: not known */
	/* The goroutine that alone refers to it, index into
	 * model->goroutines; UINT32_MAX: several do. */
	uint32_t goroutine;
};

struct iq_retained {
	/* All that would be free if the goroutines were not: heap and stacks. */
	uint64_t bytes;
	uint64_t objects;     /* of the heap */
	uint64_t heap_bytes;  /* of those, as size classes count them */
	uint64_t stack_bytes; /* of the goroutines' stacks, whole */
	/* The ones that keep most, largest first; a few. */
	const struct iq_retainer *retainers;
	size_t num_retainers;
};

/* Sets finding->retained of those that are unreachable by proof. After the
 * detectors' run. */
struct iq_error *iq_retained_run(struct iq_model *model) iq_must_check;

#endif
