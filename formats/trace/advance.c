/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trace/advance.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "formats/trace/tally.h"
#include "formats/trace/wire.h"

static const struct iq_trace_batch *batch_of(const struct iq_trace_run *run,
					     const struct iq_run_m *m)
{
	return &run->file->batches
			.data[run->generation->first_batch + m->batch];
}

uint64_t iq_trace_event_offset(const struct iq_trace_run *run,
			       const struct iq_run_m *m)
{
	const struct iq_trace_batch *batch = batch_of(run, m);

	return batch->offset +
	       (uint64_t)(m->event - iq_trace_batch_data(run->file, batch));
}

enum iq_step iq_trace_refuse(struct iq_trace_run *run)
{
	run->end = IQ_RUN_REFUSED;
	return IQ_STEP_STOP;
}

enum iq_step iq_trace_nomem(struct iq_trace_run *run)
{
	run->nomem = true;
	run->end = IQ_RUN_BROKEN;
	return IQ_STEP_STOP;
}

enum iq_step iq_trace_broken(struct iq_trace_run *run, const struct iq_run_m *m,
			     const char *fmt, ...)
{
	const char *name = iq_trace_events[m->kind].name;
	char text[200];
	va_list args;

	// With the state of before it may fit.
	if (run->mode == IQ_RUN_SPECULATIVE)
		return iq_trace_refuse(run);
	run->end = IQ_RUN_BROKEN;
	if (run->error)
		return IQ_STEP_STOP;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	run->error = iq_error_at(IQ_ERROR_FORMAT, iq_trace_event_offset(run, m),
				 "%s of thread %" PRId64 ": %s", name,
				 (int64_t)m->id, text);
	return IQ_STEP_STOP;
}

enum iq_step iq_trace_lacks(struct iq_trace_run *run, const struct iq_run_m *m,
			    bool needs_g)
{
	if (m->p == IQ_UNKNOWN || (needs_g && m->g == IQ_UNKNOWN))
		return iq_trace_refuse(run);
	return iq_trace_broken(run, m, "it runs on no %s",
			       m->p == IQ_NONE ? "processor" : "goroutine");
}

uint32_t iq_trace_string(struct iq_trace_run *run, const struct iq_run_m *m,
			 uint64_t id)
{
	uint32_t index = iq_trace_ids_get(&run->tables.string_ids, id);

	if (index != IQ_NONE)
		return index;
	iq_trace_fault(&run->tables, IQ_FAULT_MISSING_STRING,
		       "an event's string is not there",
		       iq_trace_event_offset(run, m), id);
	return 0;
}

uint32_t iq_trace_stack_missing(struct iq_trace_run *run,
				const struct iq_run_m *m, uint64_t id)
{
	iq_trace_fault(&run->tables, IQ_FAULT_MISSING_STACK,
		       "an event's stack is not there",
		       iq_trace_event_offset(run, m), id);
	return 0;
}

/* The thread's events end here: what is behind cannot be told apart. */
static bool damaged(struct iq_trace_run *run, struct iq_run_m *m,
		    const char *what)
{
	run->damaged = true;
	if (!run->error)
		run->error = iq_error_at(IQ_ERROR_FORMAT,
					 iq_trace_event_offset(run, m),
					 "thread %" PRId64 ": %s of type %u",
					 (int64_t)m->id, what, *m->event);
	return false;
}

static bool batch_next(struct iq_trace_run *run, struct iq_run_m *m)
{
	const struct iq_trace_batch *batch;
	uint32_t next = run->chain.data[m->batch];

	if (next == IQ_NONE)
		return false;
	m->batch = next;
	batch = batch_of(run, m);
	m->pos = iq_trace_batch_data(run->file, batch);
	m->end = m->pos + batch->size;
	m->last = 0;
	return true;
}

// Go: src/internal/trace/batchcursor.go, nextEvent, where 0 stands for a time
// that is not known yet.
bool iq_trace_next(struct iq_trace_run *run, struct iq_run_m *m)
{
	const struct iq_trace_clock *clock = &run->generation->clock;
	struct iq_wire w;
	uint64_t units;

	while (m->pos == m->end) {
		if (!batch_next(run, m))
			return false;
	}
	if (m->last == 0)
		m->last = iq_trace_clock_ns(clock, batch_of(run, m)->time);
	m->event = m->pos;
	m->kind = *m->pos;
	w = (struct iq_wire){ .pos = m->pos + 1 };
	units = iq_wire_number(&w);
	if (!iq_trace_events[m->kind].name)
		return damaged(run, m, "no event is");
	if (w.bad || w.pos > m->end)
		return damaged(run, m, "time of an event");
	m->time = iq_trace_time_add(m->last, iq_trace_clock_ns(clock, units));
	m->last = m->time;
	m->pos = w.pos;
	return true;
}

static inline bool args_read(struct iq_wire *w, const struct iq_run_m *m,
			     unsigned num, uint64_t *args)
{
	for (unsigned i = 0; i < num; i++)
		args[i] = iq_wire_number(w);
	return !w->bad && w->pos <= m->end;
}

/* GoStop, GoBlock, GoDestroy. */
static inline enum iq_step go_leave(struct iq_trace_run *run,
				    struct iq_run_m *m,
				    enum iq_run_g_status status, uint64_t *args)
{
	struct iq_run_g *g;
	uint32_t index = m->g, reason, stack;
	int64_t time;

	if (!iq_trace_has_both(m))
		return iq_trace_lacks(run, m, true);
	g = &run->gs.data[index];
	if (g->status != IQ_G_RUNNING)
		return iq_trace_broken(
			run, m, "goroutine %" PRIu64 " does not run", g->id);
	time = iq_tally_show(run, m->time);
	iq_tally_leave(run, index, g, time, IQ_NONE);
	reason = iq_trace_string(run, m, args[0]);
	stack = iq_trace_stack(run, m, args[1]);
	iq_trace_root(run, g, stack);
	iq_tally_enter(g, status, time, reason, stack);
	g->why = IQ_WHY_STOPPED;
	g->m = IQ_NONE;
	m->g = IQ_NONE;
	if (status == IQ_G_WAITING && !iq_tally_wait(run, index, g))
		return iq_trace_nomem(run);
	return IQ_STEP_MORE;
}

static inline enum iq_step go_start(struct iq_trace_run *run, uint32_t mi,
				    struct iq_run_m *m, uint64_t *args)
{
	uint32_t index = iq_trace_ids_get(&run->g_ids, args[0]);
	struct iq_run_g *g;
	int64_t time, ns;

	if (index == IQ_NONE)
		return IQ_STEP_WAIT;
	g = &run->gs.data[index];
	if (g->status != IQ_G_RUNNABLE || !g->in_gen || args[1] != g->seq + 1)
		return IQ_STEP_WAIT;
	if (!iq_trace_has_p(m))
		return iq_trace_lacks(run, m, false);
	iq_trace_assume_no_g(m);
	if (m->g != IQ_NONE)
		return iq_trace_broken(run, m,
				       "its thread runs goroutine "
				       "%" PRIu64,
				       run->gs.data[m->g].id);
	time = iq_tally_show(run, m->time);
	ns = iq_tally_leave(run, index, g, time, IQ_NONE);
	if (ns >= 0 && g->why != IQ_WHY_OTHER)
		iq_tally_spread(&run->latency[g->why], ns);
	iq_tally_enter(g, IQ_G_RUNNING, time, 0, 0);
	g->seq = args[1];
	g->num_starts++;
	g->m = mi;
	m->g = index;
	return IQ_STEP_MORE;
}

static inline enum iq_step go_unblock(struct iq_trace_run *run,
				      struct iq_run_m *m, uint64_t *args)
{
	uint32_t index = iq_trace_ids_get(&run->g_ids, args[0]), stack;
	struct iq_run_g *g;
	int64_t time;

	if (index == IQ_NONE)
		return IQ_STEP_WAIT;
	g = &run->gs.data[index];
	if (g->status != IQ_G_WAITING || !g->in_gen || args[1] != g->seq + 1)
		return IQ_STEP_WAIT;
	iq_trace_assume_no_g(m);
	time = iq_tally_show(run, m->time);
	stack = iq_trace_stack(run, m, args[2]);
	if (!iq_tally_wake(run, index, g, time, m->g, stack))
		return iq_trace_nomem(run);
	iq_tally_enter(g, IQ_G_RUNNABLE, time, 0, 0);
	g->why = IQ_WHY_WOKEN;
	g->seq = args[1];
	return IQ_STEP_MORE;
}

static inline enum iq_step syscall_begin(struct iq_trace_run *run,
					 struct iq_run_m *m, uint64_t *args)
{
	struct iq_run_g *g;
	struct iq_run_p *p;
	uint32_t stack;
	int64_t time;

	if (!iq_trace_has_both(m))
		return iq_trace_lacks(run, m, true);
	g = &run->gs.data[m->g];
	p = &run->ps.data[m->p];
	if (g->status != IQ_G_RUNNING)
		return iq_trace_broken(
			run, m, "goroutine %" PRIu64 " does not run", g->id);
	if (!p->in_gen || args[0] != p->seq + 1)
		return iq_trace_broken(run, m,
				       "number %" PRIu64
				       " of processor %" PRIu64
				       " after %" PRIu64,
				       args[0], p->id, p->seq);
	time = iq_tally_show(run, m->time);
	p->status = IQ_P_SYSCALL;
	p->seq = args[0];
	iq_tally_leave(run, m->g, g, time, IQ_NONE);
	stack = iq_trace_stack(run, m, args[1]);
	iq_trace_root(run, g, stack);
	iq_tally_enter(g, IQ_G_SYSCALL, time, 0, stack);
	return IQ_STEP_MORE;
}

/* The goroutine's syscall is over; it took so long if it began here. */
static inline void syscall_leave(struct iq_trace_run *run, uint32_t index,
				 struct iq_run_g *g, int64_t time)
{
	int64_t ns = iq_tally_leave(run, index, g, time, IQ_NONE);

	if (ns >= 0)
		iq_tally_spread(&run->syscall, ns);
}

static inline enum iq_step syscall_end(struct iq_trace_run *run,
				       struct iq_run_m *m)
{
	struct iq_run_g *g;
	struct iq_run_p *p;
	int64_t time;

	if (!iq_trace_has_both(m))
		return iq_trace_lacks(run, m, true);
	g = &run->gs.data[m->g];
	p = &run->ps.data[m->p];
	if (g->status != IQ_G_SYSCALL || p->status != IQ_P_SYSCALL)
		return iq_trace_broken(run, m,
				       "goroutine %" PRIu64
				       " or processor %" PRIu64
				       " is in no syscall",
				       g->id, p->id);
	time = iq_tally_show(run, m->time);
	p->status = IQ_P_RUNNING;
	syscall_leave(run, m->g, g, time);
	iq_tally_enter(g, IQ_G_RUNNING, time, 0, 0);
	return IQ_STEP_MORE;
}

// As long as its processor is in the syscall too, it is about to lose it.
static inline enum iq_step syscall_end_blocked(struct iq_trace_run *run,
					       struct iq_run_m *m)
{
	struct iq_run_g *g;
	int64_t time;

	iq_trace_assume_no_p(run, m);
	if (m->p != IQ_NONE && run->ps.data[m->p].status == IQ_P_SYSCALL)
		return IQ_STEP_WAIT;
	if (m->g == IQ_UNKNOWN)
		return iq_trace_refuse(run);
	if (m->g == IQ_NONE)
		return iq_trace_broken(run, m, "it runs on no goroutine");
	g = &run->gs.data[m->g];
	if (g->status != IQ_G_SYSCALL)
		return iq_trace_broken(run, m,
				       "goroutine %" PRIu64 " is in no syscall",
				       g->id);
	time = iq_tally_show(run, m->time);
	syscall_leave(run, m->g, g, time);
	iq_tally_enter(g, IQ_G_RUNNABLE, time, 0, 0);
	g->why = IQ_WHY_OTHER;
	g->m = IQ_NONE;
	m->g = IQ_NONE;
	return IQ_STEP_MORE;
}

/* All that is not most of a trace. */
static enum iq_step other(struct iq_trace_run *run, uint32_t mi,
			  struct iq_run_m *m, struct iq_wire *w)
{
	uint64_t args[IQ_EV_MAX_ARGS] = { 0 };

	if (!args_read(w, m, iq_trace_events[m->kind].num_args - 1u, args)) {
		damaged(run, m, "numbers of an event");
		return IQ_STEP_DONE;
	}
	return iq_trace_advance_rare(run, mi, args);
}

static inline enum iq_step step(struct iq_trace_run *run, uint32_t mi,
				struct iq_run_m *m)
{
	struct iq_wire w = { .pos = m->pos };
	uint64_t args[IQ_EV_MAX_ARGS] = { 0 };
	uint8_t kind = m->kind;
	enum iq_step r;
	bool ok = true;

	switch (kind) {
	case IQ_EV_GoStart:
		ok = args_read(&w, m, 2, args);
		r = ok ? go_start(run, mi, m, args) : IQ_STEP_DONE;
		break;
	case IQ_EV_GoUnblock:
		ok = args_read(&w, m, 3, args);
		r = ok ? go_unblock(run, m, args) : IQ_STEP_DONE;
		break;
	case IQ_EV_GoBlock:
		ok = args_read(&w, m, 2, args);
		r = ok ? go_leave(run, m, IQ_G_WAITING, args) : IQ_STEP_DONE;
		break;
	case IQ_EV_GoStop:
		ok = args_read(&w, m, 2, args);
		r = ok ? go_leave(run, m, IQ_G_RUNNABLE, args) : IQ_STEP_DONE;
		break;
	case IQ_EV_GoSyscallBegin:
		ok = args_read(&w, m, 2, args);
		r = ok ? syscall_begin(run, m, args) : IQ_STEP_DONE;
		break;
	case IQ_EV_GoSyscallEnd:
		r = syscall_end(run, m);
		break;
	case IQ_EV_GoSyscallEndBlocked:
		r = syscall_end_blocked(run, m);
		break;
	default:
		r = other(run, mi, m, &w);
		// It may have made another thread known.
		m = &run->ms.data[mi];
	}
	if (!ok)
		damaged(run, m, "numbers of an event");
	if (r != IQ_STEP_MORE)
		return r;
	run->kinds[kind]++;
	run->last_event = run->last;
	m->seen = true;
	m->pos = w.pos;
	return r;
}

enum iq_step iq_trace_advance(struct iq_trace_run *run, uint32_t m,
			      int64_t limit)
{
	struct iq_run_m *at = &run->ms.data[m];
	enum iq_step r;

	at->known = true;
	do {
		r = step(run, m, at);
		if (r != IQ_STEP_MORE)
			return r;
		at = &run->ms.data[m];
		if (!iq_trace_next(run, at))
			return IQ_STEP_DONE;
	} while (at->time <= limit);
	return IQ_STEP_MORE;
}
