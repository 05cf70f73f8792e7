/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a location to frames, innermost inlined call first. Each location's are
 * made once, when a stack first has it.
 */
#ifndef IQ_FORMATS_PPROF_FRAMES_H
#define IQ_FORMATS_PPROF_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"
#include "formats/pprof/tables.h"

/* The frames of one location: pool[first .. first + num). */
struct iq_pprof_run {
	uint32_t first;
	uint32_t num; /* 0: not made yet */
};

struct iq_pprof_frames {
	const struct iq_pprof_tables *tables;
	struct iq_facts *facts;
	/* Addresses of leaves are those of the interrupted instruction. */
	bool exact_leaves;
	/* By location; leaves only if they are not what the others are. */
	struct iq_pprof_run *calls;
	struct iq_pprof_run *leaves;
	IQ_VEC(const struct iq_frame *) pool;
	/* Stands for a location that the profile does not have. */
	const struct iq_frame *unknown;
};

struct iq_error *iq_pprof_frames_init(struct iq_pprof_frames *frames,
				      const struct iq_pprof_tables *tables,
				      bool exact_leaves) iq_must_check;
void iq_pprof_frames_deinit(struct iq_pprof_frames *frames);

/* For iq_pprof_frames_of(). */
struct iq_error *iq_pprof_frames_make(struct iq_pprof_frames *frames,
				      uint32_t location, bool leaf,
				      struct iq_pprof_run *ret) iq_must_check;

/* The frames of location number @location; one at least. */
iq_must_check static inline struct iq_error *
iq_pprof_frames_of(struct iq_pprof_frames *frames, uint32_t location, bool leaf,
		   struct iq_pprof_run *ret)
{
	struct iq_pprof_run run = leaf && frames->leaves ?
					  frames->leaves[location] :
					  frames->calls[location];

	if (!run.num)
		return iq_pprof_frames_make(frames, location, leaf, ret);
	*ret = run;
	return NULL;
}

#endif
