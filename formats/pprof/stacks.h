/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The distinct stacks of a profile. None is kept: a stack is a number and the
 * place of a sample that has it, where it is read again.
 */
#ifndef IQ_FORMATS_PPROF_STACKS_H
#define IQ_FORMATS_PPROF_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"
#include "formats/pprof/frames.h"
#include "formats/pprof/ids.h"
#include "formats/pprof/message.h"
#include "formats/pprof/slots.h"

struct iq_pprof_stacks {
	const struct iq_source *source;
	struct iq_pprof_ids location_ids;
	struct iq_pprof_frames frames;
	/* By number: where a sample that has the stack stands. */
	IQ_VEC(uint64_t) places;
	/* Frames of all. */
	uint64_t num_frames;
	/* Frames of the deepest, and the most of which each was a pc: a writer
	 * spells out the inlined calls at the outermost pc even where it had
	 * counted only some of them. */
	uint32_t most, most_pcs;
	/* Stacks whose leaf has a name, and those that unlock something. */
	size_t num_named, num_unlocks;
	/* Deeper ones end because of their writer; 0: nobody knows. */
	uint32_t depth;

	/* Of the walk alone. */
	struct iq_slots by_content;
	/* Locations of the current one, those with equal frames as one; the
	 * last ones are left out if cut. */
	IQ_VEC(uint32_t) current;
	uint32_t current_frames;
	bool cut;

	/* What was asked for last. */
	struct iq_stack ret;
	IQ_VEC(const struct iq_frame *) ret_frames;
};

/* Takes the location ids of @tables. */
struct iq_error *iq_pprof_stacks_init(struct iq_pprof_stacks *stacks,
				      struct iq_pprof_tables *tables,
				      bool exact_leaves) iq_must_check;
void iq_pprof_stacks_deinit(struct iq_pprof_stacks *stacks);
/* Gives back what finding needs; reading stays possible. */
void iq_pprof_stacks_trim(struct iq_pprof_stacks *stacks);

/*
 * The number of the stack of @sample, which stands at @offset, perhaps a new
 * one; IQ_PPROF_NONE if there are too many.
 */
struct iq_error *iq_pprof_stacks_find(struct iq_pprof_stacks *stacks,
				      const struct iq_pprof_tables *tables,
				      const struct iq_pprof_sample *sample,
				      uint64_t offset, uint32_t *ret)
	iq_must_check;

/* The stack with this number, good until the next call. */
struct iq_error *iq_pprof_stacks_get(struct iq_pprof_stacks *stacks,
				     struct iq_pprof_scratch *scratch,
				     uint32_t number,
				     const struct iq_stack **ret) iq_must_check;

#endif
