/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pprof/depth.h"

#include "base/str.h"

/* Go: src/runtime/cpuprof.go, maxCPUProfStack. */
#define DEPTH_CPU 64
/* Go: src/runtime/mprof.go, maxStack: up to 1.22; since 1.23 the first value of
 * GODEBUG=profstackdepth, which goes up to 1,024. */
#define DEPTH_OLD 32
#define DEPTH_NEW 128

/*
 * A writer has one pc a frame, inlined ones too, but for the outermost pc: its
 * inlined calls are spelled out even where they were not counted.
 * Go: src/runtime/symtab.go, runtime_expandFinalInlineFrame.
 */
uint32_t iq_pprof_depth(enum iq_profile_type type, uint32_t frames,
			uint32_t pcs)
{
	// Those are of no use: mostly empty, or 32 times nothing (1.26, 1.27).
	if (type == IQ_PROFILE_THREADCREATE)
		return 0;
	if (type == IQ_PROFILE_CPU)
		return pcs <= DEPTH_CPU && frames >= DEPTH_CPU ? DEPTH_CPU : 0;
	if (pcs <= DEPTH_OLD)
		return frames >= DEPTH_OLD ? DEPTH_OLD : 0;
	// Where it is neither, the deepest may end because of another one.
	return pcs <= DEPTH_NEW ? DEPTH_NEW : pcs;
}

static bool is_root(const struct iq_frame *frame)
{
	return iq_str_equal(frame->function, IQ_STR("runtime.main")) ||
	       iq_str_equal(frame->function, IQ_STR("runtime.goexit"));
}

void iq_pprof_depth_mark(struct iq_stack *stack, uint32_t depth, bool whole)
{
	uint32_t n = stack->num_frames;

	if (!n)
		return;
	if (whole && depth && n >= depth && !is_root(stack->frames[n - 1]))
		whole = false;
	stack->complete = whole;
	stack->elided = !whole;
	stack->elided_at = whole ? 0 : n - 1;
}
