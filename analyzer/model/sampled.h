/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables in which a process samples itself: what it allocates, which locks
 * it waits for, where it blocks. They stand in its memory, so that a core is a
 * capture of these profiles, too.
 */
#ifndef IQ_MODEL_SAMPLED_H
#define IQ_MODEL_SAMPLED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "model/fact.h"
#include "model/profile.h"

/* Columns of a table: 4 of the heap's, 2 of the others'. */
#define IQ_SAMPLED_VALUES 4

/* What was sampled with one stack. */
struct iq_sampled_record {
	/* Innermost first; frames live as long as the facts. */
	const struct iq_frame *const *frames;
	uint32_t num_frames;
	/* Of the heap: bytes of each object; 0 elsewhere. */
	uint64_t block_size;
	int64_t values[IQ_SAMPLED_VALUES];
};

struct iq_sampled_table {
	enum iq_profile_type type;
	struct iq_value_type types[IQ_SAMPLED_VALUES];
	size_t num_types;
	struct iq_value_type period_type;
	/* Of the heap: bytes between samples, to which the values are scaled;
	 * unset: the rate is not known, the values are those sampled. */
	bool has_period;
	int64_t period;
	/* In the order of the runtime's list: the newest first. */
	const struct iq_sampled_record *records;
	size_t num_records;
	/* The list ends where memory is missing. */
	bool is_cut;
	/* Why records may be missing, or values are not scaled; clean text,
	 * empty: neither. */
	struct iq_str lacks;
};

/* What a reader leaves in facts->sampled. */
struct iq_sampled {
	/*
	 * Reads the table of @type (heap, block, mutex) into @arena; no records
	 * where nothing was sampled, and *@ret NULL where the process has no
	 * such table or it is not found.
	 */
	struct iq_error *(*read)(const struct iq_sampled *sampled,
				 enum iq_profile_type type,
				 struct iq_arena *arena,
				 struct iq_sampled_table **ret);
};

#endif
