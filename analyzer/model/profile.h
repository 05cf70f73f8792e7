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
	/* Number of the stack, for iq_profile_stack(); below num_stacks. */
	uint32_t stack;
	/* For iq_profile_labels(): the labels, or where the reader has them. */
	union {
		const struct iq_labels *labels;
		uint64_t place;
	};
};

/*
 * Where a million samples have stacks and labels of their own, these are not
 * kept: who wants them has them read again. @kept is the reader's.
 */
struct iq_profile_reader {
	struct iq_error *(*stack)(void *kept, uint32_t number,
				  const struct iq_stack **ret);
	struct iq_error *(*labels)(void *kept, uint64_t place,
				   const struct iq_labels **ret);
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
	/* Distinct stacks; they are here, or the reader has them. */
	size_t num_stacks;
	const struct iq_stack *const *stacks;
	/* NULL: stacks and the samples' labels are here. */
	const struct iq_profile_reader *reader;
	void *kept;
};

/*
 * A distinct stack, by its number, good until the next call; its frames live as
 * long as the facts. It is none of facts->stacks; its index is its number. Has no
 * frames where the profile has none.
 */
struct iq_error *iq_profile_stack(const struct iq_profile *profile,
				  uint32_t number, const struct iq_stack **ret)
	iq_must_check;

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
