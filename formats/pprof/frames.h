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
#include "formats/pprof/slots.h"
#include "formats/pprof/tables.h"

/* The frames of one location. */
struct iq_pprof_run {
	/* pool[first .. first + num) */
	uint32_t first;
	uint32_t num; /* 0: not made yet */
	/* The same as a leaf: others where leaves are exact. */
	uint32_t leaf;
	/* The first location that has equal frames. */
	uint32_t same;
};

struct iq_pprof_frames {
	struct iq_facts *facts;
	/* Addresses of leaves are those of the interrupted instruction. */
	bool exact_leaves;
	/* By location. */
	struct iq_pprof_run *runs;
	/* Of locations, by their frames. */
	struct iq_slots by_frames;
	IQ_VEC(const struct iq_frame *) pool;
	/* Stands for a location that the profile does not have. */
	const struct iq_frame *unknown;
};

/* Without locations: deinit works. */
struct iq_error *iq_pprof_frames_init(struct iq_pprof_frames *frames,
				      const struct iq_pprof_tables *tables,
				      bool exact_leaves) iq_must_check;
void iq_pprof_frames_deinit(struct iq_pprof_frames *frames);

/* Makes those of location number @location. */
struct iq_error *iq_pprof_frames_make(struct iq_pprof_frames *frames,
				      const struct iq_pprof_tables *tables,
				      uint32_t location) iq_must_check;

#endif
