/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a profile says: values by distinct stack and labels. Profiles of
 * goroutines become goroutine facts without ids when a case is joined.
 */
#ifndef IQ_MODEL_PROFILE_H
#define IQ_MODEL_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "model/fact.h"

enum iq_profile_type {
	IQ_PROFILE_OTHER,
	IQ_PROFILE_GOROUTINE,
	IQ_PROFILE_GOROUTINELEAK,
	IQ_PROFILE_HEAP,
	IQ_PROFILE_ALLOCS,
	IQ_PROFILE_BLOCK,
	IQ_PROFILE_MUTEX,
	IQ_PROFILE_THREADCREATE,
	IQ_PROFILE_CPU,
};

/* "goroutine", "other" …: as the JSON contract spells them. */
const char *iq_profile_type_name(enum iq_profile_type type);

/* One column of values: "inuse_space" in "bytes". */
struct iq_value_type {
	struct iq_str type;
	struct iq_str unit;
};

/* All samples of one stack with equal labels. */
struct iq_sample {
	/* Of the witness's facts; has no frames where the profile has none. */
	const struct iq_stack *stack;
	/* For iq_profile_labels(): the labels, or where the reader has them. */
	union {
		const struct iq_labels *labels;
		uint64_t place;
	};
};

struct iq_profile {
	enum iq_profile_type type;
	const struct iq_value_type *types;
	size_t num_types;
	/* Index into types of what is shown first: the profile's own default,
	 * else the last. */
	size_t default_type;
	/* Largest default value first; equal ones as in the file. */
	const struct iq_sample *samples;
	size_t num_samples;
	/* values[sample * num_types + type]; may be negative (differences). */
	const int64_t *values;
	/* Sum over all samples, of each type. */
	const int64_t *totals;
	/* As the file has them, before equal ones are joined. */
	uint64_t num_read_samples;
	uint64_t num_locations;
	uint64_t num_functions;
	uint64_t num_mappings;
	/* Zero is "not there" in the format. */
	bool has_duration, has_period;
	int64_t duration_ns;
	int64_t period;
	struct iq_value_type period_type;
	/* Frames a stack can have at most in this profile: 32, 128; 0 unknown. */
	uint32_t depth;
	/*
	 * Where a million samples have labels of their own, these are not kept:
	 * reads those at @place again. NULL: each sample has them.
	 */
	struct iq_error *(*read_labels)(void *reader, uint64_t place,
					const struct iq_labels **ret);
	void *reader;
};

/*
 * The labels of a sample, never NULL, good until the next call; the texts in
 * them live as long as the facts, and the same string has the same address. A
 * number is its digits, then its unit if it has one that is not the key: "512",
 * "3 requests".
 */
struct iq_error *iq_profile_labels(const struct iq_profile *profile,
				   size_t sample, const struct iq_labels **ret)
	iq_must_check;

/*
 * Adds a goroutine fact for each sample of a goroutine or goroutineleak
 * profile; does nothing for others. Once, before iq_facts_finish().
 */
struct iq_error *iq_profile_goroutines(struct iq_facts *facts) iq_must_check;

#endif
