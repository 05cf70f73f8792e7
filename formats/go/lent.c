/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/lent.h"

#include <string.h>

#include "formats/go/pclntab.h"

static bool is_named(const struct iq_go_runtime *rt,
		     const struct iq_c_frame *frame, const char *name)
{
	const struct iq_pclntab *pcln = rt->program->pcln;
	uint64_t at = frame->exact ? frame->pc : frame->pc - 1;
	struct iq_go_func f;
	struct iq_str found;

	return iq_pclntab_func(pcln, at, &f) &&
	       iq_pclntab_name(pcln, &f, &found) &&
	       iq_str_equal(found, iq_str_of(name));
}

/*
 * A g that nobody started runs nothing: all that it has is the end of a stack,
 * as made for an extra m. So has one whose thread is back in C from a callback,
 * which is a goroutine still.
 * Go: src/runtime/proc.go, oneNewExtraM and needm; 1.18 - 1.27.
 */
static bool is_bare(const struct iq_go_runtime *rt, const struct iq_go_g *g)
{
	const struct iq_go_func_ids *ids = rt->version->func_ids;
	struct iq_go_func f;

	return g->status == IQ_GSTATUS_SYSCALL && !g->startpc && !g->gopc &&
	       iq_pclntab_func(rt->program->pcln, g->sched_pc, &f) &&
	       ids->goexit >= 0 && f.func_id == ids->goexit;
}

/* Whether the signal was handled by badsignal, which borrows an m, and C code
 * met it. Go: src/runtime/signal_unix.go, sigtrampgo; 1.18 - 1.27. */
static bool is_handler(const struct iq_go_runtime *rt,
		       const struct iq_c_stack *stack)
{
	bool borrows = false;

	for (size_t i = 0; i < stack->frames.len; i++) {
		const struct iq_c_frame *frame = &stack->frames.data[i];

		if (!frame->is_go)
			return borrows;
		borrows = borrows || is_named(rt, frame, "runtime.badsignal");
		if (frame->is_signal)
			return borrows;
	}
	return false;
}

static void drop(struct iq_go_runtime *rt, const struct iq_go_g *g)
{
	size_t at = (size_t)(g - rt->gs);

	memmove(&rt->gs[at], &rt->gs[at + 1],
		(rt->num_gs - at - 1) * sizeof(*rt->gs));
	rt->num_gs--;
}

struct iq_error *iq_go_lent_drop(struct iq_go_runtime *rt,
				 struct iq_c_walker *walker)
{
	iq_cleanup(iq_c_stack_deinit) struct iq_c_stack stack = { 0 };
	struct iq_error *err = NULL;

	for (size_t i = 0; i < rt->num_ms && !err; i++) {
		struct iq_go_m *m = &rt->ms[i];
		const struct iq_go_g *g =
			m->thread ? iq_go_runtime_g(rt, m->curg) : NULL;

		if (!g || g->m != m->addr || !is_bare(rt, g))
			continue;
		err = iq_c_walk_thread(walker, m->thread, NULL, &stack);
		m->lent = !err && is_handler(rt, &stack);
		if (m->lent)
			drop(rt, g);
	}
	return err;
}
