/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/cgo.h"

#include <inttypes.h>

#include "base/limits.h"
#include "formats/go/record.h"

struct join {
	const struct iq_go_runtime *rt;
	struct iq_c_walker *walker;
	struct iq_c_stack c;
	struct iq_c_frames frames;
};

static void join_deinit(struct join *j)
{
	iq_c_stack_deinit(&j->c);
	iq_c_frames_deinit(&j->frames);
}

static struct iq_error *frame_add(struct join *j, const struct iq_frame *frame)
{
	return iq_vec_push(&j->frames.all, frame) ? NULL : &iq_enomem;
}

/* Says in the stack that C code belongs there whose frames are not known. */
static struct iq_error *hole_add(struct join *j, const struct iq_go_g *g,
				 const char *why)
{
	const struct iq_frame hole = {
		.function = IQ_STR("(frames of C that are not known)"),
		.foreign = true,
	};
	const struct iq_frame *kept;
	struct iq_error *err = iq_facts_frame(j->rt->facts, &hole, &kept);

	iq_facts_gap_addr(j->rt->facts, IQ_GAP_MISSING, g->addr,
			  "frames of C code of goroutine %" PRIu64
			  " are not known: %s",
			  g->goid, why);
	return err ? err : frame_add(j, kept);
}

/* The frames of j->c from @begin on. */
static struct iq_error *c_frames_add(struct join *j, size_t begin)
{
	struct iq_error *err = NULL;

	for (size_t i = begin; i < j->c.frames.len && !err; i++)
		err = iq_c_frame_name(j->walker, &j->c.frames.data[i],
				      &j->frames);
	return err;
}

/* ---- a call of C that has not returned */

/* Code of Go whose tables are lost: nobody knows whether C was called. */
static bool is_lost(const struct iq_go_runtime *rt, uint64_t pc)
{
	const struct iq_pclntab *pcln = rt->program->pcln;
	struct iq_go_func f;

	return iq_pclntab_module(pcln, pc) && !iq_pclntab_func(pcln, pc, &f);
}

/*
 * The frames of C that asmcgocall has called: not those of Go's handler of a
 * signal that came then, which is Go's frames and, below them, the signal.
 */
static struct iq_error *call_add(struct join *j, const struct iq_go_g *g,
				 const struct iq_go_m *m)
{
	struct iq_error *err;
	size_t begin;

	if (!m || !m->thread || m->curg != g->addr || !g->syscallsp)
		return NULL;
	err = iq_c_walk_thread(j->walker, m->thread, g, &j->c);
	if (err || j->c.end == IQ_C_END_GOROUTINE)
		return err;
	begin = j->c.frames.len;
	while (begin && !j->c.frames.data[begin - 1].is_go)
		if (is_lost(j->rt, j->c.frames.data[--begin].pc))
			return NULL;
	// Code of the runtime, on its own stack.
	if (begin == j->c.frames.len || j->c.end == IQ_C_END_BOTTOM)
		return NULL;
	err = c_frames_add(j, begin);
	if (!err && j->c.end != IQ_C_END_CALLED)
		err = hole_add(j, g, iq_c_end_text(j->c.end));
	return err;
}

/* ---- callbacks */

static bool is_callback(const struct iq_frame *frame)
{
	return frame->has_pc &&
	       iq_str_equal(frame->function, IQ_STR("runtime.cgocallback"));
}

/* The thread whose system stack has the frames of C: a goroutine that C called
 * is locked to it. */
static const struct iq_go_m *m_of(const struct iq_go_runtime *rt,
				  const struct iq_go_g *g)
{
	uint64_t addr = g->m;

	if (!addr && !iq_go_field_read(rt->memory, g->addr,
				       rt->layout->g_lockedm, &addr))
		return NULL;
	return iq_go_runtime_m(rt, addr);
}

/*
 * Where the innermost frame of cgocallback begins on the system stack. It keeps
 * the one before at its lower end, above what callees are given there.
 * Go: src/runtime/asm_*.s, cgocallback; src/runtime/cgocall.go, unwindm.
 */
static bool callback_first(const struct iq_go_runtime *rt,
			   const struct iq_go_m *m, uint64_t *ret)
{
	return m && m->g0 &&
	       iq_go_field_read(rt->memory, m->g0, rt->layout->g_sched_sp, ret);
}

static bool callback_next(const struct iq_go_runtime *rt, uint64_t *sp)
{
	const uint64_t align = 16;
	uint64_t fixed = rt->core->cpu->fixed_frame;

	fixed = (fixed + align - 1) & ~(align - 1);
	return iq_memory_u64(rt->memory, *sp + fixed, sp);
}

static struct iq_error *callback_add(struct join *j, const struct iq_go_g *g,
				     const struct iq_frame *frame, bool has_sp,
				     uint64_t sp)
{
	struct iq_error *err;

	if (!has_sp)
		return hole_add(j, g, "where its thread called Go is unknown");
	err = iq_c_walk_callback(j->walker, frame->pc, sp, &j->c);
	if (!err)
		err = c_frames_add(j, 0);
	if (!err && j->c.end != IQ_C_END_CALLED && j->c.end != IQ_C_END_BOTTOM)
		err = hole_add(j, g, iq_c_end_text(j->c.end));
	return err;
}

/* Go's frames of @stack, those of C behind each callback. */
static struct iq_error *go_frames_add(struct join *j, const struct iq_go_g *g,
				      const struct iq_go_m *m,
				      const struct iq_stack *stack)
{
	struct iq_error *err = NULL;
	uint64_t sp = 0;
	bool has_sp = callback_first(j->rt, m, &sp);

	for (uint32_t i = 0; i < stack->num_frames && !err; i++) {
		err = frame_add(j, stack->frames[i]);
		if (err || !is_callback(stack->frames[i]))
			continue;
		err = callback_add(j, g, stack->frames[i], has_sp, sp);
		has_sp = has_sp && callback_next(j->rt, &sp);
	}
	return err;
}

static bool has_callback(const struct iq_stack *stack)
{
	for (uint32_t i = 0; i < stack->num_frames; i++) {
		if (is_callback(stack->frames[i]))
			return true;
	}
	return false;
}

static struct iq_error *goroutine_join(struct join *j, const struct iq_go_g *g,
				       bool calls_back,
				       const struct iq_stack **stack)
{
	const struct iq_go_m *m = m_of(j->rt, g);
	struct iq_stack joined = **stack;
	struct iq_error *err;

	j->frames.all.len = 0;
	err = call_add(j, g, m);
	if (err || (!j->frames.all.len && !calls_back))
		return err;
	err = go_frames_add(j, g, m, *stack);
	if (err)
		return err;
	joined.frames = j->frames.all.data;
	joined.num_frames = (uint32_t)j->frames.all.len;
	return iq_facts_stack(j->rt->facts, &joined, stack);
}

struct iq_error *iq_go_cgo_join(const struct iq_go_runtime *rt,
				struct iq_c_walker *walker,
				const struct iq_stack **stacks)
{
	iq_cleanup(join_deinit) struct join j = { .rt = rt, .walker = walker };
	const struct iq_stack *last = NULL;
	struct iq_error *err = NULL;
	bool calls_back = false;

	for (size_t i = 0; i < rt->num_gs && !err; i++) {
		const struct iq_go_g *g = &rt->gs[i];

		if (!stacks[i])
			continue;
		// Neighbours often have the same.
		if (stacks[i] != last)
			calls_back = has_callback(stacks[i]);
		last = stacks[i];
		if (calls_back || (g->m && g->syscallsp))
			err = goroutine_join(&j, g, calls_back, &stacks[i]);
	}
	return err;
}
