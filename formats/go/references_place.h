/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which call of a goroutine's stack a word in one of its frames belongs to: the
 * unwound have one frame for each function, stacks have the calls that were
 * inlined into it, too.
 */
#ifndef IQ_GO_REFERENCES_PLACE_H
#define IQ_GO_REFERENCES_PLACE_H

#include <stdint.h>

#include "base/vec.h"
#include "formats/go/unwind.h"
#include "model/fact.h"

#define IQ_GO_NO_PLACE UINT32_MAX

/* Indexes into a stack's frames, or IQ_GO_NO_PLACE: the runtime's and sync's
 * own code is nobody's. */
struct iq_go_frame_place {
	uint32_t function; /* that the frame is of */
	uint32_t call;	   /* the innermost call in it */
};

struct iq_go_frame_places {
	IQ_VEC(struct iq_go_frame_place) frames;
};

/* Replaces @ret by the places of @unwound's frames in @stack. False only without
 * memory. */
bool iq_go_frame_places_find(const struct iq_stack *stack,
			     const struct iq_go_unwound *unwound,
			     struct iq_go_frame_places *ret);

#endif
