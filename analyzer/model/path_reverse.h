/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What refers to each object of a heap: for whoever goes back from one. Four
 * bytes for each reference, and as many for each slot.
 */
#ifndef IQ_MODEL_PATH_REVERSE_H
#define IQ_MODEL_PATH_REVERSE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/liveness.h"

struct iq_path_reverse {
	const struct iq_heap_map *map;
	/* By slot: where its sources end; they begin where those of the slot
	 * before do. */
	uint32_t *ends;
	/* Slots; num_slots + i: the stack or the registers of the facts'
	 * goroutine i; behind these, root i. */
	uint32_t *sources;
};

/*
 * Of objects that the proof has reached, stacks and registers of goroutines that
 * can run, and package variables. The proof stays.
 */
struct iq_error *iq_path_reverse_init(struct iq_path_reverse *reverse,
				      const struct iq_proof *proof)
	iq_must_check;
/* Of what the proof has not reached: those objects, and all that goroutines hold
 * which cannot run. */
struct iq_error *iq_path_reverse_of_stuck(struct iq_path_reverse *reverse,
					  const struct iq_proof *proof)
	iq_must_check;
void iq_path_reverse_deinit(struct iq_path_reverse *reverse);

/* The sources of @slot: *@num_ret of them. */
static inline const uint32_t *
iq_path_reverse_of(const struct iq_path_reverse *reverse, uint32_t slot,
		   size_t *num_ret)
{
	uint32_t begin = slot ? reverse->ends[slot - 1] : 0;

	*num_ret = reverse->ends[slot] - begin;
	return reverse->sources + begin;
}

#endif
