/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What leaks cost: objects that only the goroutines of a finding keep in memory.
 * Nothing that can still run refers to them, and no goroutine outside of the
 * finding does.
 */
#ifndef IQ_MODEL_RETAINED_H
#define IQ_MODEL_RETAINED_H

#include <stdbool.h>
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

/* Such objects of one type. */
struct iq_retained_kind {
	struct iq_str type; /* empty: not known */
	uint64_t size;	    /* of one of them, where its type is not known */
	uint64_t num;
	uint64_t objects; /* these and what they keep */
	uint64_t bytes;
};

/* What one goroutine alone keeps. */
struct iq_retained_goroutine {
	uint32_t goroutine; /* index into model->goroutines */
	uint64_t objects;   /* of the heap */
	uint64_t heap_bytes;
	uint64_t stack_bytes;
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
	/* The types of all of them that keep most, largest first; a few. */
	const struct iq_retained_kind *kinds;
	size_t num_kinds;
	/* The goroutines that keep most by themselves, largest first; a few. */
	const struct iq_retained_goroutine *goroutines;
	size_t num_goroutines;
	/* Least and most bytes, with its stack, that one of all keeps alone. */
	uint64_t each_min;
	uint64_t each_max;
};

/* What all findings' goroutines keep together. */
struct iq_retained_total {
	bool known; /* some is kept, and all of it is counted */
	uint64_t goroutines;
	uint64_t bytes; /* heap and stacks */
	uint64_t objects;
	uint64_t heap_bytes;
	uint64_t stack_bytes;
	/* Of those, what goroutines of several findings refer to: it is of
	 * none. */
	uint64_t shared_objects;
	uint64_t shared_bytes;
	/* Why nothing is known of unreachable goroutines; clean text. */
	struct iq_str lacks;
};

/* Sets finding->retained of those whose goroutines are all unreachable by proof,
 * and model->retained. After the detectors' run. */
struct iq_error *iq_retained_run(struct iq_model *model) iq_must_check;

#endif
