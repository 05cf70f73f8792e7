/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/references_place.h"

#include "base/attr.h"

/* Code that locks, and is not who holds the lock: sync.Once may be. */
static bool is_plumbing(const struct iq_frame *frame)
{
	static const char *const prefixes[] = {
		"(*Mutex).",   "(*RWMutex).", "runtime_",
		"(*rlocker).", "(*Cond).",    "(*WaitGroup).",
	};
	struct iq_str name = frame->function;

	if (iq_str_starts(name, IQ_STR("runtime.")))
		return true;
	if (iq_str_starts(name, IQ_STR("internal/sync.")))
		name = iq_str_sub(name, 14, name.len);
	else if (iq_str_starts(name, IQ_STR("sync.")))
		name = iq_str_sub(name, 5, name.len);
	else
		return false;
	// What WaitGroup.Go starts runs the program's function.
	if (iq_str_starts(name, IQ_STR("(*WaitGroup).Go")))
		return false;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(prefixes); i++) {
		if (iq_str_starts(name, iq_str_of(prefixes[i])))
			return true;
	}
	return false;
}

bool iq_go_frame_places_find(const struct iq_stack *stack,
			     const struct iq_go_unwound *unwound,
			     struct iq_go_frame_places *ret)
{
	uint32_t call = IQ_GO_NO_PLACE;

	ret->frames.len = 0;
	for (uint32_t i = 0;
	     i < stack->num_frames && ret->frames.len < unwound->pcs.len; i++) {
		const struct iq_frame *frame = stack->frames[i];
		struct iq_go_frame_place place = { IQ_GO_NO_PLACE, call };

		// C code is between the frames of Go.
		if (frame->foreign)
			continue;
		if (!is_plumbing(frame)) {
			if (call == IQ_GO_NO_PLACE)
				place.call = call = i;
			place.function = i;
		}
		if (frame->inlined)
			continue;
		if (frame->has_pc &&
		    frame->pc != unwound->pcs.data[ret->frames.len])
			break;
		if (!iq_vec_push(&ret->frames, place))
			return false;
		call = IQ_GO_NO_PLACE;
	}
	return true;
}
