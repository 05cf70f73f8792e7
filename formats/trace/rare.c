/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of processors, and those of goroutines that begin, end, or are told of
 * as they were found.
 */
#include "formats/trace/advance.h"

#include <inttypes.h>

#include "formats/trace/life.h"
#include "formats/trace/tally.h"

static enum iq_step proc_start(struct iq_trace_run *run, struct iq_run_m *m,
			       const uint64_t *args)
{
	uint32_t index = iq_trace_ids_get(&run->p_ids, args[0]);
	struct iq_run_p *p;

	if (index == IQ_NONE)
		return IQ_STEP_WAIT;
	p = &run->ps.data[index];
	if (p->status != IQ_P_IDLE || !p->in_gen || args[1] != p->seq + 1)
		return IQ_STEP_WAIT;
	iq_trace_assume_no_p(run, m);
	if (m->p != IQ_NONE)
		return IQ_STEP_WAIT;
	if (m->id == IQ_TRACE_NO_THREAD)
		return iq_trace_broken(run, m, "no thread started it");
	iq_tally_show(run, m->time);
	p->status = IQ_P_RUNNING;
	p->seq = args[1];
	m->p = index;
	return IQ_STEP_MORE;
}

static enum iq_step proc_stop(struct iq_trace_run *run, struct iq_run_m *m)
{
	struct iq_run_p *p;

	iq_trace_touch(run, m);
	if (!iq_trace_has_p(m))
		return iq_trace_lacks(run, m, false);
	p = &run->ps.data[m->p];
	if (p->status != IQ_P_RUNNING && p->status != IQ_P_SYSCALL)
		return iq_trace_broken(
			run, m, "processor %" PRIu64 " does not run", p->id);
	iq_tally_show(run, m->time);
	p->status = IQ_P_IDLE;
	m->p = IQ_NONE;
	return IQ_STEP_MORE;
}

/* The thread that loses its processor. */
static enum iq_step steal_from(struct iq_trace_run *run, struct iq_run_m *m,
			       uint32_t p, uint64_t id)
{
	uint32_t index = iq_trace_ids_get(&run->m_ids, id);
	struct iq_run_m *from;

	if (index == IQ_NONE)
		return iq_trace_broken(run, m,
				       "it steals from thread %" PRIu64
				       ", which is not there",
				       id);
	from = &run->ms.data[index];
	if (from->p != p) {
		if (from->p == IQ_UNKNOWN)
			return iq_trace_refuse(run);
		return iq_trace_broken(run, m,
				       "thread %" PRIu64
				       " does not have processor %" PRIu64,
				       id, run->ps.data[p].id);
	}
	iq_trace_touch(run, from);
	from->p = IQ_NONE;
	return IQ_STEP_MORE;
}

static enum iq_step proc_steal(struct iq_trace_run *run, struct iq_run_m *m,
			       const uint64_t *args)
{
	uint32_t index = iq_trace_ids_get(&run->p_ids, args[0]);
	struct iq_run_p *p;
	bool abandoned;

	if (index == IQ_NONE)
		return IQ_STEP_WAIT;
	p = &run->ps.data[index];
	abandoned = p->status == IQ_P_ABANDONED;
	if ((p->status != IQ_P_SYSCALL && !abandoned) || !p->in_gen ||
	    args[1] != p->seq + 1)
		return IQ_STEP_WAIT;
	if (m->id == IQ_TRACE_NO_THREAD)
		return iq_trace_broken(run, m, "no thread steals it");
	// Of an abandoned one it is not known who had it.
	if (!abandoned) {
		enum iq_step r = steal_from(run, m, index, args[2]);

		if (r != IQ_STEP_MORE)
			return r;
	}
	p->status = IQ_P_IDLE;
	p->seq = args[1];
	if (p->stolen_at == UINT64_MAX)
		p->stolen_at = run->num_shown;
	iq_tally_show(run, m->time);
	return IQ_STEP_MORE;
}

/* Whether a thread has the processor; rare, so all are asked. */
static bool is_held(struct iq_trace_run *run, uint32_t p)
{
	if (run->patience < run->ms.len)
		return false;
	run->patience -= run->ms.len;
	for (size_t i = 0; i < run->ms.len; i++) {
		if (run->ms.data[i].p == p)
			return true;
	}
	return false;
}

static enum iq_step proc_status(struct iq_trace_run *run, uint32_t mi,
				const uint64_t *args)
{
	uint32_t index = iq_trace_ids_get(&run->p_ids, args[0]);
	struct iq_run_m *m = &run->ms.data[mi];
	struct iq_run_p *p;

	if (args[1] == IQ_P_NONE || args[1] >= IQ_P_NUM)
		return iq_trace_broken(
			run, m, "processor %" PRIu64 " has status %" PRIu64,
			args[0], args[1]);
	if (index == IQ_NONE) {
		index = iq_trace_run_p(run, args[0]);
		if (index == IQ_NONE)
			return iq_trace_nomem(run);
		p = &run->ps.data[index];
		p->status = (uint8_t)args[1];
		p->first_status = (uint8_t)args[1];
	}
	p = &run->ps.data[index];
	if (args[1] == IQ_P_ABANDONED && p->status == IQ_P_SYSCALL) {
		// Nothing is lost after all: its thread is known.
		if (!is_held(run, index))
			return iq_trace_broken(run, m,
					       "no thread has processor "
					       "%" PRIu64,
					       p->id);
	} else if (p->status != args[1]) {
		return iq_trace_broken(run, m,
				       "processor %" PRIu64
				       " has status %" PRIu64 ", not %u",
				       p->id, args[1], p->status);
	}
	if (!p->in_gen)
		p->first_status = (uint8_t)args[1];
	p->in_gen = true;
	p->seq = 0;
	if ((args[1] == IQ_P_RUNNING || args[1] == IQ_P_SYSCALL) &&
	    m->id != IQ_TRACE_NO_THREAD) {
		iq_trace_touch(run, m);
		m->p = index;
	}
	iq_tally_show(run, m->time);
	return IQ_STEP_MORE;
}

/* No goroutine could be made of @id: it lives, or there is no memory. */
static enum iq_step there_already(struct iq_trace_run *run,
				  const struct iq_run_m *m, uint64_t id)
{
	if (run->nomem)
		return iq_trace_nomem(run);
	return iq_trace_broken(run, m, "goroutine %" PRIu64 " is there already",
			       id);
}

/* GoCreate, GoCreateBlocked. */
static enum iq_step go_create(struct iq_trace_run *run, struct iq_run_m *m,
			      const uint64_t *args)
{
	bool blocked = m->kind == IQ_EV_GoCreateBlocked;
	struct iq_run_g *g;
	uint32_t index;
	int64_t time;

	if (!iq_trace_has_p(m))
		return iq_trace_lacks(run, m, false);
	iq_trace_assume_no_g(m);
	if (m->g != IQ_NONE && run->gs.data[m->g].status != IQ_G_RUNNING)
		return iq_trace_broken(run, m,
				       "its creator, goroutine %" PRIu64
				       ", does not run",
				       run->gs.data[m->g].id);
	index = iq_life_new(run, args[0], IQ_FIRST_CREATED);
	if (index == IQ_NONE)
		return there_already(run, m, args[0]);
	g = &run->gs.data[index];
	time = iq_tally_show(run, m->time);
	iq_life_create(g, m->g, time);
	g->start_stack = iq_trace_stack(run, m, args[1]);
	g->creator_stack = iq_trace_stack(run, m, args[2]);
	if (g->first == IQ_FIRST_CREATED && g->start_stack)
		g->class = IQ_CLASS_STACK | g->start_stack;
	iq_tally_enter(g, blocked ? IQ_G_WAITING : IQ_G_RUNNABLE, time,
		       blocked ? IQ_REASON_CREATED : 0, 0);
	g->why = IQ_WHY_CREATED;
	if (blocked && !iq_tally_wait(run, index, g))
		return iq_trace_nomem(run);
	return IQ_STEP_MORE;
}

/* A cgo callback comes in on a thread of C. */
static enum iq_step create_syscall(struct iq_trace_run *run, uint32_t mi,
				   const uint64_t *args)
{
	struct iq_run_m *m = &run->ms.data[mi];
	struct iq_run_g *g;
	uint32_t index;
	int64_t time;

	iq_trace_assume_no_g(m);
	if (m->g != IQ_NONE || m->id == IQ_TRACE_NO_THREAD)
		return iq_trace_broken(run, m, "its thread runs a goroutine");
	index = iq_life_new(run, args[0], IQ_FIRST_CREATED);
	if (index == IQ_NONE)
		return there_already(run, m, args[0]);
	g = &run->gs.data[index];
	time = iq_tally_show(run, m->time);
	iq_life_create(g, IQ_NONE, time);
	iq_tally_enter(g, IQ_G_SYSCALL, time, 0, 0);
	g->m = mi;
	m->g = index;
	return IQ_STEP_MORE;
}

static enum iq_step go_destroy(struct iq_trace_run *run, struct iq_run_m *m)
{
	struct iq_run_g *g;

	if (!iq_trace_has_both(m))
		return iq_trace_lacks(run, m, true);
	g = &run->gs.data[m->g];
	if (g->status != IQ_G_RUNNING)
		return iq_trace_broken(
			run, m, "goroutine %" PRIu64 " does not run", g->id);
	iq_life_end(run, m->g, iq_tally_show(run, m->time));
	m->g = IQ_NONE;
	return run->nomem ? iq_trace_nomem(run) : IQ_STEP_MORE;
}

/* The callback returns; a processor that the thread still has is left behind,
 * which Go's reader shows as one event more. */
static enum iq_step destroy_syscall(struct iq_trace_run *run,
				    struct iq_run_m *m)
{
	struct iq_run_g *g;

	iq_trace_assume_no_p(run, m);
	if (m->g >= IQ_UNKNOWN)
		return m->g == IQ_UNKNOWN ?
			       iq_trace_refuse(run) :
			       iq_trace_broken(run, m, "it has no goroutine");
	g = &run->gs.data[m->g];
	if (g->status != IQ_G_SYSCALL)
		return iq_trace_broken(run, m,
				       "goroutine %" PRIu64 " is in no syscall",
				       g->id);
	if (m->p != IQ_NONE) {
		struct iq_run_p *p = &run->ps.data[m->p];

		if (p->status != IQ_P_SYSCALL)
			return iq_trace_broken(run, m,
					       "processor %" PRIu64
					       " is in no syscall",
					       p->id);
		p->status = IQ_P_ABANDONED;
		m->p = IQ_NONE;
		iq_tally_show(run, m->time);
	}
	iq_life_end(run, m->g, iq_tally_show(run, m->time));
	m->g = IQ_NONE;
	return run->nomem ? iq_trace_nomem(run) : IQ_STEP_MORE;
}

/* A goroutine in a syscall, of which its own thread may not be the writer. */
static enum iq_step bind_syscall(struct iq_trace_run *run, uint32_t mi,
				 uint32_t index, uint64_t thread)
{
	const struct iq_run_m *m = &run->ms.data[mi];
	uint32_t other = mi;
	struct iq_run_m *on;
	bool free;

	if (thread == IQ_TRACE_NO_THREAD)
		return iq_trace_broken(run, m, "a syscall without a thread");
	if (thread != m->id)
		other = iq_trace_run_m(run, thread);
	if (other == IQ_NONE)
		return iq_trace_nomem(run);
	m = &run->ms.data[mi];
	on = &run->ms.data[other];
	free = other == mi ? run->mode == IQ_RUN_INITIAL : !on->known;
	if (on->g == IQ_UNKNOWN) {
		on->assumed_g =
			on->known ? IQ_ASSUMED_THIS : IQ_ASSUMED_THIS_OR_NEW;
		on->assumed_id = run->gs.data[index].id;
		free = true;
	}
	if (on->g != index && !free)
		return iq_trace_broken(run, m,
				       "thread %" PRIu64
				       " has another goroutine than "
				       "%" PRIu64,
				       thread, run->gs.data[index].id);
	on->g = index;
	on->known = true;
	on->seen = true;
	run->gs.data[index].m = other;
	return IQ_STEP_MORE;
}

/* GoStatus, GoStatusStack. */
static enum iq_step go_status(struct iq_trace_run *run, uint32_t mi,
			      const uint64_t *args)
{
	struct iq_run_m *m = &run->ms.data[mi];
	uint32_t index = iq_life_find(run, args[0]), stack;
	enum iq_step r = IQ_STEP_MORE;
	struct iq_run_g *g;

	if (args[2] == IQ_G_GONE || args[2] >= IQ_G_NUM)
		return iq_trace_broken(
			run, m, "goroutine %" PRIu64 " has status %" PRIu64,
			args[0], args[2]);
	if (index == IQ_NONE) {
		if (run->mode == IQ_RUN_EXACT)
			return iq_trace_broken(
				run, m, "goroutine %" PRIu64 " was never there",
				args[0]);
		index = iq_life_new(run, args[0], IQ_FIRST_STATUS);
		if (index == IQ_NONE)
			return run->nomem ? iq_trace_nomem(run) :
					    iq_trace_broken(run, m,
							    "goroutine %" PRIu64
							    " had ended",
							    args[0]);
		g = &run->gs.data[index];
		g->status = (uint8_t)args[2];
		g->first_status = g->status;
		g->first_open = true;
	}
	g = &run->gs.data[index];
	if (g->status != args[2])
		return iq_trace_broken(run, m,
				       "goroutine %" PRIu64
				       " has status %" PRIu64 ", not %u",
				       g->id, args[2], g->status);
	g->in_gen = true;
	g->seq = 0;
	if (args[2] == IQ_G_RUNNING && m->id != IQ_TRACE_NO_THREAD) {
		m->g = index;
		g->m = mi;
	} else if (args[2] == IQ_G_SYSCALL) {
		r = bind_syscall(run, mi, index, args[1]);
	}
	if (r != IQ_STEP_MORE)
		return r;
	m = &run->ms.data[mi];
	iq_tally_show(run, m->time);
	if (m->kind != IQ_EV_GoStatusStack)
		return r;
	stack = iq_trace_stack(run, m, args[3]);
	iq_trace_root(run, g, stack);
	if (g->first_open && stack) {
		g->stack = stack;
		g->full_stack = true;
	}
	return r;
}

/* GoSwitch, GoSwitchDestroy: the other one is woken, this one stops, the other
 * one starts. */
static enum iq_step go_switch(struct iq_trace_run *run, uint32_t mi,
			      const uint64_t *args)
{
	struct iq_run_m *m = &run->ms.data[mi];
	uint32_t current = m->g, index;
	struct iq_run_g *g, *next;
	int64_t time;

	if (!iq_trace_has_both(m))
		return iq_trace_lacks(run, m, true);
	g = &run->gs.data[current];
	if (g->status != IQ_G_RUNNING)
		return iq_trace_broken(
			run, m, "goroutine %" PRIu64 " does not run", g->id);
	index = iq_trace_ids_get(&run->g_ids, args[0]);
	if (index == IQ_NONE)
		return IQ_STEP_WAIT;
	next = &run->gs.data[index];
	if (next->status != IQ_G_WAITING || !next->in_gen ||
	    args[1] != next->seq + 1)
		return IQ_STEP_WAIT;
	time = iq_tally_show(run, m->time);
	if (!iq_tally_wake(run, index, next, time, current, 0))
		return iq_trace_nomem(run);
	iq_tally_enter(next, IQ_G_RUNNABLE, time, 0, 0);
	next->why = IQ_WHY_OTHER;
	time = iq_tally_show(run, m->time);
	if (m->kind == IQ_EV_GoSwitch) {
		iq_tally_leave(run, current, g, time, IQ_NONE);
		iq_tally_enter(g, IQ_G_WAITING, time, 0, 0);
		g->m = IQ_NONE;
		if (!iq_tally_wait(run, current, g))
			return iq_trace_nomem(run);
	} else {
		iq_life_end(run, current, time);
	}
	time = iq_tally_show(run, m->time);
	iq_tally_leave(run, index, next, time, IQ_NONE);
	iq_tally_enter(next, IQ_G_RUNNING, time, 0, 0);
	next->seq = args[1];
	next->num_starts++;
	next->m = mi;
	m->g = index;
	return run->nomem ? iq_trace_nomem(run) : IQ_STEP_MORE;
}

/* What needs a processor, or a thread alone. */
static enum iq_step plain(struct iq_trace_run *run, struct iq_run_m *m)
{
	bool needs_p = m->kind == IQ_EV_HeapAlloc || m->kind == IQ_EV_HeapGoal;

	if (needs_p && !iq_trace_has_p(m))
		return iq_trace_lacks(run, m, false);
	if (m->id == IQ_TRACE_NO_THREAD)
		return iq_trace_broken(run, m, "no thread wrote it");
	iq_tally_show(run, m->time);
	return IQ_STEP_MORE;
}

enum iq_step iq_trace_advance_rare(struct iq_trace_run *run, uint32_t mi,
				   const uint64_t *args)
{
	struct iq_run_m *m = &run->ms.data[mi];

	switch (m->kind) {
	case IQ_EV_ProcStart:
		return proc_start(run, m, args);
	case IQ_EV_ProcStop:
		return proc_stop(run, m);
	case IQ_EV_ProcSteal:
		return proc_steal(run, m, args);
	case IQ_EV_ProcStatus:
		return proc_status(run, mi, args);
	case IQ_EV_GoCreate:
	case IQ_EV_GoCreateBlocked:
		return go_create(run, m, args);
	case IQ_EV_GoCreateSyscall:
		return create_syscall(run, mi, args);
	case IQ_EV_GoDestroy:
		return go_destroy(run, m);
	case IQ_EV_GoDestroySyscall:
		return destroy_syscall(run, m);
	case IQ_EV_GoStatus:
	case IQ_EV_GoStatusStack:
		return go_status(run, mi, args);
	case IQ_EV_GoSwitch:
	case IQ_EV_GoSwitchDestroy:
		return go_switch(run, mi, args);
	case IQ_EV_STWBegin:
	case IQ_EV_STWEnd:
	case IQ_EV_GCActive:
	case IQ_EV_GCBegin:
	case IQ_EV_GCEnd:
	case IQ_EV_GCSweepActive:
	case IQ_EV_GCSweepBegin:
	case IQ_EV_GCSweepEnd:
	case IQ_EV_GCMarkAssistActive:
	case IQ_EV_GCMarkAssistBegin:
	case IQ_EV_GCMarkAssistEnd:
		return iq_trace_advance_range(run, mi, args);
	case IQ_EV_ProcsChange:
	case IQ_EV_GoLabel:
	case IQ_EV_UserTaskBegin:
	case IQ_EV_UserTaskEnd:
	case IQ_EV_UserRegionBegin:
	case IQ_EV_UserRegionEnd:
	case IQ_EV_UserLog:
		return iq_trace_advance_user(run, mi, args);
	default:
		return plain(run, m);
	}
}
