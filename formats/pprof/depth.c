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
 * What the writer had: one pc a frame, inlined ones too, but for the outermost
 * pc: its inlined calls are spelled out even where they were not counted.
 * Go: src/runtime/symtab.go, runtime_expandFinalInlineFrame.
 */
static uint32_t least_pcs(const struct iq_stack *stack)
{
	uint32_t n = stack->num_frames;

	while (n > 1 && stack->frames[n - 2]->inlined)
		n--;
	return n;
}

static bool is_root(const struct iq_frame *frame)
{
	return iq_str_equal(frame->function, IQ_STR("runtime.main")) ||
	       iq_str_equal(frame->function, IQ_STR("runtime.goexit"));
}

/* The depth at which stacks end; 0: none comes so far, or nobody knows. */
static uint32_t depth_find(const struct iq_facts *facts,
			   enum iq_profile_type type)
{
	uint32_t least = 0, most = 0;

	for (size_t i = 0; i < facts->stacks.len; i++) {
		const struct iq_stack *stack = facts->stacks.data[i];
		uint32_t pcs = least_pcs(stack);

		least = pcs > least ? pcs : least;
		most = stack->num_frames > most ? stack->num_frames : most;
	}
	// Those are of no use: mostly empty, or 32 times nothing (1.26, 1.27).
	if (type == IQ_PROFILE_THREADCREATE)
		return 0;
	if (type == IQ_PROFILE_CPU)
		return least <= DEPTH_CPU && most >= DEPTH_CPU ? DEPTH_CPU : 0;
	if (least <= DEPTH_OLD)
		return most >= DEPTH_OLD ? DEPTH_OLD : 0;
	if (least <= DEPTH_NEW)
		return DEPTH_NEW;
	// Another one was asked for: the deepest may end because of it.
	return least;
}

uint32_t iq_pprof_depth(struct iq_facts *facts, enum iq_profile_type type)
{
	uint32_t depth = depth_find(facts, type);

	for (size_t i = 0; depth && i < facts->stacks.len; i++) {
		// The reader made it, and nobody else has seen it yet.
		struct iq_stack *stack =
			(struct iq_stack *)facts->stacks.data[i];
		uint32_t n = stack->num_frames;

		if (n < depth || is_root(stack->frames[n - 1]))
			continue;
		stack->complete = false;
		stack->elided = true;
		stack->elided_at = n - 1;
	}
	return depth;
}
