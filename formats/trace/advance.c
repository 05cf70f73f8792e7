/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trace/advance.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "formats/trace/frontier.h"
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
	run->nomem = run->error == &iq_enomem;
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

uint32_t iq_trace_string_missing(struct iq_trace_run *run,
				 const struct iq_run_m *m, uint64_t id)
{
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
	run->nomem |= run->error == &iq_enomem;
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
static iq_always_inline bool next(struct iq_trace_run *run, struct iq_run_m *m)
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

bool iq_trace_next(struct iq_trace_run *run, struct iq_run_m *m)
{
	return next(run, m);
}

static inline bool is_read(const struct iq_wire *w, const struct iq_run_m *m)
{
	return !w->bad && w->pos <= m->end;
}

/* GoStop, GoBlock, GoDestroy. */
static iq_always_inline enum iq_step
go_leave(struct iq_trace_run *run, struct iq_run_m *m,
	 enum iq_run_g_status status, uint64_t reason_id, uint64_t stack_id)
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
	reason = iq_trace_string(run, m, reason_id);
	stack = iq_trace_stack(run, m, stack_id);
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
				    struct iq_run_m *m, uint64_t id,
				    uint64_t seq)
{
	uint32_t index = iq_trace_ids_get(&run->g_ids, id);
	struct iq_run_g *g;
	int64_t time, ns;

	if (index == IQ_NONE)
		return IQ_STEP_WAIT;
	g = &run->gs.data[index];
	if (g->status != IQ_G_RUNNABLE || !g->in_gen || seq != g->seq + 1)
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
	g->seq = seq;
	g->num_starts++;
	g->m = mi;
	m->g = index;
	return IQ_STEP_MORE;
}

static inline enum iq_step go_unblock(struct iq_trace_run *run,
				      struct iq_run_m *m, uint64_t id,
				      uint64_t seq, uint64_t stack_id)
{
	uint32_t index = iq_trace_ids_get(&run->g_ids, id), stack;
	struct iq_run_g *g;
	int64_t time;

	if (index == IQ_NONE)
		return IQ_STEP_WAIT;
	g = &run->gs.data[index];
	if (g->status != IQ_G_WAITING || !g->in_gen || seq != g->seq + 1)
		return IQ_STEP_WAIT;
	iq_trace_assume_no_g(m);
	time = iq_tally_show(run, m->time);
	stack = iq_trace_stack(run, m, stack_id);
	if (!iq_tally_wake(run, index, g, time, m->g, stack))
		return iq_trace_nomem(run);
	iq_tally_enter(g, IQ_G_RUNNABLE, time, 0, 0);
	g->why = IQ_WHY_WOKEN;
	g->seq = seq;
	return IQ_STEP_MORE;
}

static inline enum iq_step syscall_begin(struct iq_trace_run *run,
					 struct iq_run_m *m, uint64_t seq,
					 uint64_t stack_id)
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
	if (!p->in_gen || seq != p->seq + 1)
		return iq_trace_broken(run, m,
				       "number %" PRIu64
				       " of processor %" PRIu64
				       " after %" PRIu64,
				       seq, p->id, p->seq);
	time = iq_tally_show(run, m->time);
	p->status = IQ_P_SYSCALL;
	p->seq = seq;
	iq_tally_leave(run, m->g, g, time, IQ_NONE);
	stack = iq_trace_stack(run, m, stack_id);
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

/* All that is not most of a trace. Where the event ends, NULL if it does not
 * within its batch. */
static const uint8_t *args_read(const struct iq_run_m *m, uint64_t *args)
{
	struct iq_wire w = { .pos = m->pos };

	for (unsigned i = 1; i < iq_trace_events[m->kind].num_args; i++)
		args[i - 1] = iq_wire_number(&w);
	return is_read(&w, m) ? w.pos : NULL;
}

static enum iq_step other(struct iq_trace_run *run, uint32_t mi)
{
	uint64_t args[IQ_EV_MAX_ARGS] = { 0 };
	const uint8_t *end = args_read(&run->ms.data[mi], args);
	enum iq_step r;

	if (!end) {
		damaged(run, &run->ms.data[mi], "numbers of an event");
		return IQ_STEP_DONE;
	}
	r = iq_trace_advance_rare(run, mi, args);
	if (r == IQ_STEP_MORE)
		run->ms.data[mi].pos = end;
	return r;
}

/* The events that are most of a trace. */
static iq_always_inline enum iq_step usual(struct iq_trace_run *run,
					   uint32_t mi, struct iq_run_m *m)
{
	struct iq_wire w = { .pos = m->pos };
	uint64_t a = iq_wire_number(&w), b = iq_wire_number(&w), c = 0;
	enum iq_step r;

	if (m->kind == IQ_EV_GoUnblock)
		c = iq_wire_number(&w);
	if (!is_read(&w, m)) {
		damaged(run, m, "numbers of an event");
		return IQ_STEP_DONE;
	}
	switch (m->kind) {
	case IQ_EV_GoStart:
		r = go_start(run, mi, m, a, b);
		break;
	case IQ_EV_GoUnblock:
		r = go_unblock(run, m, a, b, c);
		break;
	case IQ_EV_GoBlock:
		r = go_leave(run, m, IQ_G_WAITING, a, b);
		break;
	case IQ_EV_GoStop:
		r = go_leave(run, m, IQ_G_RUNNABLE, a, b);
		break;
	default:
		r = syscall_begin(run, m, a, b);
	}
	if (r == IQ_STEP_MORE)
		m->pos = w.pos;
	return r;
}

static iq_always_inline enum iq_step step(struct iq_trace_run *run, uint32_t mi,
					  struct iq_run_m *m)
{
	switch (m->kind) {
	case IQ_EV_GoStart:
	case IQ_EV_GoUnblock:
	case IQ_EV_GoBlock:
	case IQ_EV_GoStop:
	case IQ_EV_GoSyscallBegin:
		return usual(run, mi, m);
	case IQ_EV_GoSyscallEnd:
		return syscall_end(run, m);
	case IQ_EV_GoSyscallEndBlocked:
		return syscall_end_blocked(run, m);
	default:
		return other(run, mi);
	}
}

/* Events of one thread, at least one, until their times are above @limit. */
static iq_always_inline enum iq_step advance(struct iq_trace_run *run,
					     uint32_t m, int64_t limit)
{
	struct iq_run_m *at = &run->ms.data[m];
	enum iq_step r;

	at->known = true;
	do {
		uint8_t kind = at->kind;

		r = step(run, m, at);
		if (r != IQ_STEP_MORE)
			return r;
		// The event may have made another thread known.
		at = &run->ms.data[m];
		at->seen = true;
		run->kinds[kind]++;
		run->last_event = run->last;
		if (!next(run, at))
			return IQ_STEP_DONE;
	} while (at->time <= limit);
	return IQ_STEP_MORE;
}

enum iq_step iq_trace_advance_one(struct iq_trace_run *run, uint32_t m)
{
	return advance(run, m, INT64_MIN);
}

enum iq_step iq_trace_advance_first(struct iq_trace_run *run)
{
	struct iq_run_item *heap = run->heap.data;
	bool samples = run->next_sample < run->tables.samples.len;
	int64_t sample = INT64_MAX;

	if (samples)
		sample = run->tables.samples.data[run->next_sample].time;
	while (run->heap.len) {
		size_t n = run->heap.len;
		int64_t limit = sample;
		enum iq_step r;

		if (samples && sample < heap[0].time)
			return IQ_STEP_MORE;
		if (n > 1 && heap[1].time < limit)
			limit = heap[1].time;
		if (n > 2 && heap[2].time < limit)
			limit = heap[2].time;
		r = advance(run, heap[0].m, limit);
		heap[0].time = run->ms.data[heap[0].m].time;
		if (r == IQ_STEP_MORE)
			iq_frontier_sink(heap, n, 0);
		else if (r == IQ_STEP_DONE)
			iq_frontier_remove(heap, run->heap.len--, 0);
		else
			return r;
	}
	return samples ? IQ_STEP_MORE : IQ_STEP_DONE;
}
