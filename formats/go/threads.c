/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/threads.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/limits.h"
#include "formats/go/record.h"

struct filling {
	const struct iq_go_runtime *rt;
	struct iq_c_walker *walker;
	const struct iq_stack *const *stacks;
	/* The runtime's m of each thread of the core, or NULL. */
	const struct iq_go_m **ms;
	struct iq_c_stack c;
	struct iq_c_frames frames;
};

static void filling_deinit(struct filling *f)
{
	free(f->ms);
	iq_c_stack_deinit(&f->c);
	iq_c_frames_deinit(&f->frames);
}

/*
 * One that waits for C code to call Go, and was another call's, or a signal's,
 * before: it still has the id of the thread that it was lent to. One that a
 * signal has now tells nothing of its thread either.
 * Go: src/runtime/proc.go, oneNewExtraM and dropm.
 */
static bool is_spare(const struct iq_go_runtime *rt, const struct iq_go_m *m)
{
	const uint64_t scan = 0x1000;
	uint64_t status;

	if (m->lent)
		return true;
	if (!m->curg || !iq_go_field_read(rt->memory, m->curg,
					  rt->layout->g_atomicstatus, &status))
		return false;
	status &= ~scan;
	return status == IQ_GSTATUS_DEAD || status == IQ_GSTATUS_DEADEXTRA;
}

static struct iq_error *ms_find(struct filling *f)
{
	const struct iq_go_runtime *rt = f->rt;

	f->ms = calloc(rt->core->num_threads + 1, sizeof(*f->ms));
	if (!f->ms)
		return &iq_enomem;
	for (size_t i = 0; i < rt->num_ms; i++) {
		if (rt->ms[i].thread && !is_spare(rt, &rt->ms[i]))
			f->ms[rt->ms[i].thread - rt->core->threads] =
				&rt->ms[i];
	}
	return NULL;
}

/* The goroutine that @m runs, or else the one that is locked to it. */
static const struct iq_go_g *goroutine_of(const struct iq_go_runtime *rt,
					  const struct iq_go_m *m,
					  bool *runs_ret)
{
	const struct iq_go_g *g = m ? iq_go_runtime_g(rt, m->curg) : NULL;
	uint64_t locked;

	*runs_ret = g != NULL;
	if (g || !m ||
	    !iq_go_field_read(rt->memory, m->addr, rt->layout->m_lockedg,
			      &locked))
		return g;
	return iq_go_runtime_g(rt, locked);
}

static struct iq_error *stack_read(struct filling *f,
				   const struct iq_core_thread *thread,
				   const struct iq_stack **ret)
{
	struct iq_error *err = iq_c_walk_thread(f->walker, thread, NULL, &f->c);

	f->frames.all.len = 0;
	for (size_t i = 0; i < f->c.frames.len && !err; i++)
		err = iq_c_frame_name(f->walker, &f->c.frames.data[i],
				      &f->frames);
	if (err || !f->frames.all.len)
		return err;
	struct iq_stack stack = {
		.frames = f->frames.all.data,
		.num_frames = (uint32_t)f->frames.all.len,
		.complete = f->c.end == IQ_C_END_BOTTOM ||
			    f->c.end == IQ_C_END_CALLED,
	};
	return iq_facts_stack(f->rt->facts, &stack, ret);
}

/* Notes of the kernel give all threads the signal that the first one died of.
 * Linux: fs/binfmt_elf.c, fill_note_info(). */
static int signal_of(const struct iq_core *core, size_t i)
{
	return i == 0 || core->from_gcore ? core->threads[i].signal : 0;
}

static struct iq_error *thread_fill(struct filling *f, size_t i)
{
	const struct iq_go_runtime *rt = f->rt;
	const struct iq_core_thread *thread = &rt->core->threads[i];
	const struct iq_go_m *m = f->ms[i];
	struct iq_error *err = NULL;
	bool runs;
	const struct iq_go_g *g = goroutine_of(rt, m, &runs);
	struct iq_thread_fact fact = {
		.tid = thread->tid,
		.has_m = m != NULL,
		.m = m ? m->id : 0,
		.foreign = !m && rt->num_ms && rt->has_all_ms &&
			   rt->facts->process.cgo != IQ_NO,
		.has_goroutine = g != NULL,
		.goroutine = g ? g->goid : 0,
		.signal = signal_of(rt->core, i),
	};

	if (runs)
		fact.stack = f->stacks[g - rt->gs];
	if (!fact.stack)
		err = stack_read(f, thread, &fact.stack);
	if (!err && !iq_vec_push(&rt->facts->threads, fact))
		err = &iq_enomem;
	return err;
}

struct iq_error *iq_go_threads_fill(const struct iq_go_runtime *rt,
				    struct iq_c_walker *walker,
				    const struct iq_stack *const *stacks)
{
	iq_cleanup(filling_deinit) struct filling f = {
		.rt = rt,
		.walker = walker,
		.stacks = stacks,
	};
	struct iq_error *err = ms_find(&f);

	for (size_t i = 0; i < rt->core->num_threads && !err; i++)
		err = thread_fill(&f, i);
	return err;
}
