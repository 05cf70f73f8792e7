/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/stack_start.h"

#include "base/limits.h"
#include "formats/go/signal_frame.h"

static bool is_on_stack(const struct iq_go_g *g, uint64_t sp)
{
	return sp > g->stack_lo && sp <= g->stack_hi;
}

/* What mcall, systemstack, entersyscall and the like have saved.
 * Go: src/runtime/traceback.go, unwinder.initAt. */
static void start_saved(const struct iq_go_g *g, struct iq_go_unwind_start *ret)
{
	ret->exact = false;
	if (g->syscallsp) {
		ret->pc = g->syscallpc;
		ret->sp = g->syscallsp;
		ret->lr = 0;
		ret->syscall = true;
		return;
	}
	ret->pc = g->sched_pc;
	ret->sp = g->sched_sp;
	ret->lr = g->sched_lr;
}

/* Registers of a thread where its signals interrupted it first. */
static void thread_registers(const struct iq_go_runtime *rt,
			     const struct iq_go_m *m,
			     struct iq_go_unwind_start *ret)
{
	const struct iq_core_thread *t = m->thread;
	const struct iq_arch *cpu = rt->core->cpu;
	struct iq_go_signal_frame frame;
	uint64_t next = t->sp;

	ret->pc = t->pc;
	ret->sp = t->sp;
	ret->lr = cpu->lr >= 0 ? t->regs[cpu->lr] : 0;
	for (unsigned i = 0;
	     i < IQ_LIMIT_SIGNAL_FRAMES && iq_go_on_signal_stack(m, ret->sp) &&
	     iq_go_signal_frame_find(rt, m, next, &frame, &next);
	     i++) {
		ret->pc = frame.pc;
		ret->sp = frame.sp;
		ret->lr = frame.lr;
	}
}

static enum iq_go_start_state start_running(const struct iq_go_runtime *rt,
					    const struct iq_go_g *g,
					    struct iq_go_unwind_start *ret)
{
	const struct iq_go_m *m = iq_go_runtime_m(rt, g->m);
	struct iq_go_unwind_start at = *ret;

	if (!m || !m->thread) {
		if (!g->syscallsp)
			return IQ_GO_START_NO_THREAD;
		start_saved(g, ret);
		return IQ_GO_START_FOUND;
	}
	// Code of the kernel's vDSO runs on g0, without tables.
	if (m->vdso_sp && is_on_stack(g, m->vdso_sp)) {
		ret->pc = m->vdso_pc;
		ret->sp = m->vdso_sp;
		return IQ_GO_START_FOUND;
	}
	thread_registers(rt, m, &at);
	if (is_on_stack(g, at.sp)) {
		at.exact = true;
		*ret = at;
		return IQ_GO_START_FOUND;
	}
	// A handler whose frame is gone says nothing about what it interrupted.
	if (iq_go_on_signal_stack(m, at.sp))
		return IQ_GO_START_ELSEWHERE;
	// On the system stack: gogo clears sched.sp, and systemstack on its
	// way back, so what is there now is where the goroutine left its own.
	if (!g->syscallsp && !is_on_stack(g, g->sched_sp))
		return IQ_GO_START_ELSEWHERE;
	start_saved(g, ret);
	return IQ_GO_START_FOUND;
}

enum iq_go_start_state iq_go_stack_start(const struct iq_go_runtime *rt,
					 const struct iq_go_g *g,
					 struct iq_go_unwind_start *ret)
{
	*ret = (struct iq_go_unwind_start){
		.lo = g->stack_lo,
		.hi = g->stack_hi,
	};
	if (g->status == IQ_GSTATUS_RUNNING)
		return start_running(rt, g, ret);
	start_saved(g, ret);
	return IQ_GO_START_FOUND;
}
