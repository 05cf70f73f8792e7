/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run's goroutines, processors, threads and sums join those of the
 * generations before it.
 */
#include <string.h>

#include "base/limits.h"
#include "formats/trace/tally.h"
#include "formats/trace/whole.h"

#define BEFORE_THE_TRACE IQ_STR("(before the trace)")

static void spread_join(struct iq_trace_spread *to,
			const struct iq_trace_spread *from)
{
	to->count += from->count;
	to->total_ns = iq_trace_time_add(to->total_ns, from->total_ns);
	if (from->longest_ns > to->longest_ns)
		to->longest_ns = from->longest_ns;
	for (unsigned i = 0; i < 40; i++)
		to->buckets[i] += from->buckets[i];
}

static void blocked_add(struct iq_trace_blocked *to,
			const struct iq_trace_blocked *from)
{
	to->count += from->count;
	to->total_ns = iq_trace_time_add(to->total_ns, from->total_ns);
	if (from->longest_ns > to->longest_ns)
		to->longest_ns = from->longest_ns;
}

/* A goroutine waits for a few reasons; only a hostile file has it search long. */
#define SHORT_CHAIN 16

static bool blocked_join(struct iq_trace_whole *whole, uint32_t index,
			 const struct iq_trace_blocked *from)
{
	struct iq_whole_g *g = &whole->gs.data[index];
	struct iq_whole_blocked fresh = { .out = *from, .next = g->blocked };
	uint32_t *slot = NULL;
	unsigned n = 0;

	for (uint32_t at = g->blocked; at != IQ_NONE;
	     at = whole->blocked.data[at].next) {
		struct iq_trace_blocked *to = &whole->blocked.data[at].out;

		// Reasons are interned, but for the empty one.
		if (to->reason.ptr == from->reason.ptr ||
		    to->reason.len + from->reason.len == 0) {
			blocked_add(to, from);
			return true;
		}
		if (++n < SHORT_CHAIN)
			continue;
		slot = iq_trace_map_at(&whole->blocked_map, index,
				       (uintptr_t)from->reason.ptr);
		if (!slot)
			return false;
		if (*slot != IQ_NONE) {
			blocked_add(&whole->blocked.data[*slot].out, from);
			return true;
		}
		break;
	}
	if (!iq_vec_push(&whole->blocked, fresh))
		return false;
	g->blocked = (uint32_t)whole->blocked.len - 1;
	g->num_blocked++;
	if (slot)
		*slot = g->blocked;
	return true;
}

static bool site_join(struct iq_trace_whole *whole,
		      const struct iq_trace_site *from)
{
	uint32_t *at =
		iq_trace_map_at(&whole->site_map, (uintptr_t)from->reason.ptr,
				(uintptr_t)from->stack);
	struct iq_trace_site fresh = {
		.reason = from->reason,
		.stack = from->stack,
	};
	struct iq_trace_site *to;

	if (!at)
		return false;
	if (*at == IQ_NONE) {
		if (!iq_vec_push(&whole->sites, fresh))
			return false;
		*at = (uint32_t)whole->sites.len - 1;
	}
	to = &whole->sites.data[*at];
	to->count += from->count;
	to->num_open += from->num_open;
	to->total_ns = iq_trace_time_add(to->total_ns, from->total_ns);
	if (from->longest_ns > to->longest_ns)
		to->longest_ns = from->longest_ns;
	return true;
}

static int64_t *state_sum(struct iq_trace_goroutine *out, unsigned status)
{
	switch (status) {
	case IQ_G_RUNNING:
		return &out->running_ns;
	case IQ_G_RUNNABLE:
		return &out->runnable_ns;
	case IQ_G_SYSCALL:
		return &out->syscall_ns;
	default:
		return &out->waiting_ns;
	}
}

static bool wait_leave(struct iq_trace_whole *whole, uint32_t index, int64_t ns,
		       bool open)
{
	struct iq_whole_g *g = &whole->gs.data[index];
	struct iq_trace_blocked blocked = {
		.reason = g->reason,
		.count = 1,
		.total_ns = ns,
		.longest_ns = ns,
	};
	struct iq_trace_site site = {
		.reason = g->reason,
		.stack = g->out.last_stack,
		.count = 1,
		.num_open = open,
		.total_ns = ns,
		.longest_ns = ns,
	};

	if (!open && iq_str_equal(g->reason, IQ_STR("network")))
		iq_tally_spread(&whole->network, ns);
	return blocked_join(whole, index, &blocked) && site_join(whole, &site);
}

/* How a state ends: the next one begins, or the goroutine or the trace
 * is at its end. */
enum how { HOW_LEFT, HOW_ENDED, HOW_OPEN };

/* The state that was open is over; what began before the trace has no length
 * that could be told apart. */
static bool leave(struct iq_trace_whole *whole, uint32_t index, int64_t time,
		  enum how how)
{
	bool open = how == HOW_OPEN;
	struct iq_whole_g *g = &whole->gs.data[index];
	int64_t ns = iq_trace_time_sub(time, g->out.last_change_ns);
	int64_t *sum = state_sum(&g->out, g->status);
	bool known = how == HOW_LEFT && !g->out.since_start;

	if (g->status == IQ_G_GONE)
		return true;
	*sum = iq_trace_time_add(*sum, ns);
	if (g->status == IQ_G_WAITING)
		return wait_leave(whole, index, ns, open);
	if (g->status == IQ_G_RUNNABLE && known && g->why != IQ_WHY_OTHER)
		iq_tally_spread(&whole->latency[g->why], ns);
	if (g->status == IQ_G_SYSCALL && known)
		iq_tally_spread(&whole->syscall, ns);
	return true;
}

static enum iq_gstatus gstatus(unsigned status)
{
	static const enum iq_gstatus states[] = {
		[IQ_G_GONE] = IQ_GSTATUS_DEAD,
		[IQ_G_RUNNABLE] = IQ_GSTATUS_RUNNABLE,
		[IQ_G_RUNNING] = IQ_GSTATUS_RUNNING,
		[IQ_G_SYSCALL] = IQ_GSTATUS_SYSCALL,
		[IQ_G_WAITING] = IQ_GSTATUS_WAITING,
	};

	return states[status];
}

/* ---- the one goroutine's spans */

static bool span_add(struct iq_trace_whole *whole, struct iq_trace_span *span)
{
	if (whole->spans.len >= IQ_LIMIT_TRACE_SPANS) {
		whole->spans_full = true;
		return true;
	}
	return iq_vec_push(&whole->spans, *span);
}

/* What it is in now, until @time. */
static bool span_current(struct iq_trace_whole *whole,
			 const struct iq_whole_g *g, int64_t time, bool open)
{
	struct iq_trace_span span = {
		.state = gstatus(g->status),
		.reason = g->reason,
		.stack = g->out.last_stack,
		.start_ns = g->out.last_change_ns,
		.end_ns = time,
		.open = open,
	};

	return span_add(whole, &span);
}

static bool spans_join(struct iq_trace_whole *whole,
		       const struct iq_trace_run *run,
		       const struct iq_whole_g *g)
{
	for (size_t i = 0; i < run->spans.len; i++) {
		const struct iq_run_span *from = &run->spans.data[i];
		struct iq_trace_span span = {
			.state = gstatus(from->status),
			.reason =
				iq_trace_whole_reason(whole, run, from->reason),
			.stack = iq_trace_whole_stack(whole, run, from->stack),
			.start_ns = from->begin,
			.end_ns = from->end,
			.has_waker = from->has_waker,
			.waker = from->waker,
		};

		if (from->carried) {
			span.reason = g->reason;
			span.start_ns = g->out.last_change_ns;
			if (g->out.last_stack)
				span.stack = g->out.last_stack;
		}
		if (!span_add(whole, &span))
			return false;
	}
	whole->spans_full |= run->spans_full;
	return true;
}

/* ---- goroutines */

static uint32_t g_find(struct iq_trace_whole *whole, uint64_t id)
{
	uint32_t index = iq_trace_ids_get(&whole->g_ids, id);
	struct iq_whole_g fresh = {
		.out = { .id = id, .last_state = IQ_GSTATUS_UNKNOWN },
		.blocked = IQ_NONE,
		.ranges = IQ_NONE,
		.regions = IQ_NONE,
	};

	if (index != IQ_NONE)
		return index;
	if (!iq_vec_push(&whole->gs, fresh))
		return IQ_NONE;
	index = (uint32_t)whole->gs.len - 1;
	if (!iq_trace_ids_set(&whole->g_ids, id, index))
		return IQ_NONE;
	return index;
}

/* The start function: where it is created, else the outermost frame of a stack
 * of its own. */
static void name_find(struct iq_trace_whole *whole,
		      const struct iq_trace_run *run, struct iq_whole_g *g,
		      const struct iq_run_g *from)
{
	const struct iq_stack *stack;

	if (from->start_stack) {
		stack = iq_trace_whole_stack(whole, run, from->start_stack);
		if (stack && stack->num_frames && !g->entry)
			g->entry = stack->frames[stack->num_frames - 1];
	} else {
		stack = iq_trace_whole_stack(whole, run, from->root_stack);
	}
	if (g->out.name.len == 0 && stack && stack->num_frames)
		g->out.name = stack->frames[stack->num_frames - 1]->function;
}

/* The first mention of it in the trace. */
static void g_first(struct iq_trace_whole *whole,
		    const struct iq_trace_run *run, struct iq_whole_g *g,
		    const struct iq_run_g *from)
{
	struct iq_trace_goroutine *out = &g->out;

	if (from->first == IQ_FIRST_CREATED) {
		out->has_created = from->has_created;
		out->created_ns = from->created;
		out->has_creator = from->creator < IQ_UNKNOWN;
		if (out->has_creator)
			out->creator = run->gs.data[from->creator].id;
		out->creator_stack =
			iq_trace_whole_stack(whole, run, from->creator_stack);
		return;
	}
	g->status = from->first_status;
	g->reason = whole->before;
	out->since_start = true;
	out->last_change_ns = whole->start;
}

/* What the run counted of it. */
static bool g_sums(struct iq_trace_whole *whole, struct iq_trace_run *run,
		   uint32_t index, const struct iq_run_g *from)
{
	struct iq_whole_g *g = &whole->gs.data[index];
	struct iq_trace_goroutine *out = &g->out;

	for (unsigned i = IQ_G_RUNNABLE; i < IQ_G_NUM; i++) {
		int64_t *sum = state_sum(out, i);

		*sum = iq_trace_time_add(*sum, from->ns[i]);
	}
	out->num_starts += from->num_starts;
	out->num_wakes += from->num_wakes;
	if (from->has_wake) {
		out->has_last_wake = true;
		out->last_wake_ns = from->last_wake;
		out->has_waker = from->waker < IQ_UNKNOWN;
		if (out->has_waker)
			out->waker = run->gs.data[from->waker].id;
	}
	g->system |= from->system;
	for (uint32_t at = from->first_blocked; at != IQ_NONE;
	     at = run->blocked.data[at].next) {
		const struct iq_run_blocked *b = &run->blocked.data[at];
		struct iq_trace_blocked join = {
			.reason = iq_trace_whole_reason(whole, run, b->reason),
			.count = b->count,
			.total_ns = b->total,
			.longest_ns = b->longest,
		};

		if (b->count && !blocked_join(whole, index, &join))
			return false;
	}
	return true;
}

/* The state that it is in when the run ends. */
static void g_last(struct iq_trace_whole *whole, const struct iq_trace_run *run,
		   struct iq_whole_g *g, const struct iq_run_g *from)
{
	struct iq_trace_goroutine *out = &g->out;
	struct iq_str words = iq_trace_whole_reason(whole, run, from->reason);

	g->status = from->status;
	g->why = from->why;
	g->reason = words;
	out->since_start = false;
	out->last_change_ns = from->since;
	out->last_reason = from->reason == IQ_REASON_CREATED ?
				   (struct iq_str){ "", 0 } :
				   words;
	out->last_stack = iq_trace_whole_stack(whole, run, from->stack);
	out->last_stack_full = from->full_stack;
	out->has_ended = from->has_ended;
	out->ended_ns = from->ended;
}

static bool g_join(struct iq_trace_whole *whole, struct iq_trace_run *run,
		   uint32_t i)
{
	const struct iq_run_g *from = &run->gs.data[i];
	bool fresh = iq_trace_ids_get(&whole->g_ids, from->id) == IQ_NONE;
	uint32_t index = g_find(whole, from->id);
	bool moved = from->first == IQ_FIRST_CREATED || !from->first_open;
	struct iq_whole_g *g;

	if (index == IQ_NONE)
		return false;
	whole->run_gs.data[i] = index;
	g = &whole->gs.data[index];
	if (fresh)
		g_first(whole, run, g, from);
	name_find(whole, run, g, from);
	// A stack of its status is all there is of what parked before.
	if (from->first != IQ_FIRST_CREATED && !g->out.last_stack &&
	    from->first_open && from->full_stack) {
		g->out.last_stack =
			iq_trace_whole_stack(whole, run, from->stack);
		g->out.last_stack_full = true;
	}
	if (i == run->wanted && !spans_join(whole, run, g))
		return false;
	if (from->first != IQ_FIRST_CREATED && !from->first_open &&
	    !leave(whole, index, from->first_until,
		   from->has_first_ended &&
				   from->first_ended == from->first_until ?
			   HOW_ENDED :
			   HOW_LEFT))
		return false;
	if (!g_sums(whole, run, index, from))
		return false;
	if (moved)
		g_last(whole, run, g, from);
	if (from->m != IQ_NONE || moved) {
		g->has_thread = from->m != IQ_NONE;
		g->thread = g->has_thread ? run->ms.data[from->m].id : 0;
	}
	g->out.last_state = gstatus(g->status);
	return true;
}

static bool gs_join(struct iq_trace_whole *whole, struct iq_trace_run *run)
{
	whole->run_gs.len = 0;
	if (!iq_vec_reserve(&whole->run_gs, run->gs.len))
		return false;
	whole->run_gs.len = run->gs.len;
	for (size_t i = 0; i < run->gs.len; i++) {
		if (!g_join(whole, run, (uint32_t)i))
			return false;
	}
	return true;
}

/* ---- processors and threads */

static bool p_seen(struct iq_trace_whole *whole, uint64_t id)
{
	if (iq_trace_ids_get(&whole->seen_ps, id) != IQ_NONE)
		return true;
	whole->num_ps++;
	return iq_trace_ids_set(&whole->seen_ps, id, 0);
}

static bool m_seen(struct iq_trace_whole *whole, uint64_t id)
{
	if (iq_trace_ids_get(&whole->seen_ms, id) != IQ_NONE)
		return true;
	return iq_vec_push(&whole->threads, id) &&
	       iq_trace_ids_set(&whole->seen_ms, id, 0);
}

static uint32_t p_find(struct iq_trace_whole *whole, uint64_t id)
{
	uint32_t index = iq_trace_ids_get(&whole->p_ids, id);
	struct iq_whole_p fresh = { .id = id, .ranges = IQ_NONE };

	if (index != IQ_NONE)
		return index;
	if (!iq_vec_push(&whole->ps, fresh))
		return IQ_NONE;
	index = (uint32_t)whole->ps.len - 1;
	return iq_trace_ids_set(&whole->p_ids, id, index) ? index : IQ_NONE;
}

// What the run knew as abandoned, in a syscall of a thread that it had not
// heard of, is no loss where the thread is known.
static bool p_join(struct iq_trace_whole *whole, const struct iq_trace_run *run,
		   const struct iq_run_p *from)
{
	uint32_t index = p_find(whole, from->id);
	struct iq_whole_p *p;
	bool promoted;

	if (index == IQ_NONE)
		return false;
	p = &whole->ps.data[index];
	promoted = run->mode == IQ_RUN_SPECULATIVE && from->in_gen &&
		   from->first_status == IQ_P_ABANDONED &&
		   p->status == IQ_P_SYSCALL;
	p->lost = promoted && from->stolen_at != UINT64_MAX;
	if (!promoted || p->lost)
		p->status = from->status;
	return p_seen(whole, from->id);
}

static struct iq_whole_m *m_find(struct iq_trace_whole *whole, uint64_t id)
{
	uint32_t index = iq_trace_ids_get(&whole->m_ids, id);
	struct iq_whole_m fresh = { .id = id, .g = IQ_NONE, .p = IQ_NONE };

	if (index != IQ_NONE)
		return &whole->ms.data[index];
	if (!iq_vec_push(&whole->ms, fresh))
		return NULL;
	index = (uint32_t)whole->ms.len - 1;
	return iq_trace_ids_set(&whole->m_ids, id, index) ?
		       &whole->ms.data[index] :
		       NULL;
}

static bool m_join(struct iq_trace_whole *whole, const struct iq_trace_run *run,
		   const struct iq_run_m *from)
{
	struct iq_whole_m *m;

	if (from->id == IQ_TRACE_NO_THREAD || !from->known)
		return true;
	m = m_find(whole, from->id);
	if (!m)
		return false;
	if (from->g != IQ_UNKNOWN)
		m->g = from->g == IQ_NONE ? IQ_NONE :
					    whole->run_gs.data[from->g];
	if (from->p != IQ_UNKNOWN) {
		m->told = true;
		m->p = from->p == IQ_NONE ?
			       IQ_NONE :
			       iq_trace_ids_get(&whole->p_ids,
						run->ps.data[from->p].id);
	}
	return !from->seen || m_seen(whole, from->id);
}

static bool threads_join(struct iq_trace_whole *whole,
			 const struct iq_trace_run *run)
{
	for (size_t i = 0; i < run->ps.len; i++) {
		if (!p_join(whole, run, &run->ps.data[i]))
			return false;
	}
	for (size_t i = 0; i < whole->ms.len; i++)
		whole->ms.data[i].told = false;
	for (size_t i = 0; i < run->ms.len; i++) {
		if (!m_join(whole, run, &run->ms.data[i]))
			return false;
	}
	for (size_t i = 0; i < whole->ms.len; i++) {
		struct iq_whole_m *m = &whole->ms.data[i];

		if (!m->told && m->p != IQ_NONE && whole->ps.data[m->p].lost)
			m->p = IQ_NONE;
	}
	for (size_t i = 0; i < whole->ps.len; i++)
		whole->ps.data[i].lost = false;
	for (size_t i = 0; i < run->sample_ms.len; i++) {
		if (!m_seen(whole, run->sample_ms.data[i]))
			return false;
	}
	for (size_t i = 0; i < run->sample_ps.len; i++) {
		if (!p_seen(whole, run->sample_ps.data[i]))
			return false;
	}
	return true;
}

/* ---- sums of the run */

static bool sites_join(struct iq_trace_whole *whole,
		       const struct iq_trace_run *run)
{
	for (size_t i = 0; i < run->sites.len; i++) {
		const struct iq_run_site *from = &run->sites.data[i];
		struct iq_trace_site site = {
			.reason =
				iq_trace_whole_reason(whole, run, from->reason),
			.count = from->count,
			.total_ns = from->total,
			.longest_ns = from->longest,
		};

		if (!from->count)
			continue;
		site.stack = iq_trace_whole_stack(whole, run, from->stack);
		if (!site_join(whole, &site))
			return false;
	}
	return true;
}

/* The start function of a class of goroutines. */
static struct iq_str name_of(struct iq_trace_whole *whole,
			     const struct iq_trace_run *run, uint32_t class)
{
	const struct iq_stack *stack;

	if (class == IQ_NONE)
		return (struct iq_str){ "", 0 };
	if (!(class & IQ_CLASS_STACK))
		return whole->gs.data[whole->run_gs.data[class]].out.name;
	stack = iq_trace_whole_stack(whole, run, class & ~IQ_CLASS_STACK);
	if (!stack || !stack->num_frames)
		return (struct iq_str){ "", 0 };
	return stack->frames[stack->num_frames - 1]->function;
}

static bool wake_join(struct iq_trace_whole *whole,
		      const struct iq_trace_wake *from)
{
	uint32_t *pair =
		iq_trace_map_at(&whole->name_pairs, (uintptr_t)from->waker.ptr,
				(uintptr_t)from->woken.ptr);
	uint32_t *at;

	if (!pair)
		return false;
	if (*pair == IQ_NONE)
		*pair = whole->num_name_pairs++;
	at = iq_trace_map_at(&whole->wake_map, (uintptr_t)from->stack, *pair);
	if (!at)
		return false;
	if (*at == IQ_NONE) {
		if (!iq_vec_push(&whole->wakes, *from))
			return false;
		*at = (uint32_t)whole->wakes.len - 1;
		return true;
	}
	whole->wakes.data[*at].count += from->count;
	return true;
}

static bool wakes_join(struct iq_trace_whole *whole,
		       const struct iq_trace_run *run)
{
	for (size_t i = 0; i < run->wakes.len; i++) {
		const struct iq_run_wake *from = &run->wakes.data[i];
		struct iq_trace_wake wake = {
			.waker = name_of(whole, run, from->waker),
			.woken = name_of(whole, run, from->woken),
			.count = from->count,
		};

		// Without a goroutine the stack is the scheduler's.
		if (from->waker != IQ_NONE)
			wake.stack =
				iq_trace_whole_stack(whole, run, from->stack);
		if (!wake_join(whole, &wake))
			return false;
	}
	return true;
}

static bool intern_begin(struct iq_trace_whole *whole,
			 const struct iq_trace_run *run)
{
	size_t num = run->tables.stacks.len;

	whole->run_stacks.len = 0;
	if (!iq_vec_reserve(&whole->run_stacks, num))
		return false;
	whole->run_stacks.len = num;
	memset(whole->run_stacks.data, 0,
	       num * sizeof(*whole->run_stacks.data));
	num = run->tables.strings.len;
	whole->run_strings.len = 0;
	if (!iq_vec_reserve(&whole->run_strings, num))
		return false;
	whole->run_strings.len = num;
	memset(whole->run_strings.data, 0,
	       num * sizeof(*whole->run_strings.data));
	return true;
}

bool iq_trace_whole_merge(struct iq_trace_whole *whole,
			  struct iq_trace_run *run)
{
	if (!whole->started) {
		whole->start = whole->end = run->start;
		whole->before = iq_trace_whole_string(whole, BEFORE_THE_TRACE);
	}
	whole->started = true;
	if (!intern_begin(whole, run) || !gs_join(whole, run) ||
	    !iq_trace_merge_ranges(whole, run) || !threads_join(whole, run) ||
	    !sites_join(whole, run) || !wakes_join(whole, run) ||
	    !iq_trace_merge_user(whole, run))
		return false;
	for (unsigned i = 0; i < IQ_EV_NUM; i++)
		whole->kinds[i] += run->kinds[i];
	for (unsigned i = 0; i < IQ_WHY_NUM; i++)
		spread_join(&whole->latency[i], &run->latency[i]);
	spread_join(&whole->network, &run->network);
	spread_join(&whole->syscall, &run->syscall);
	whole->num_samples += run->num_samples;
	whole->num_generations++;
	whole->last = run->last;
	if (run->last_event != run->start)
		whole->end = run->last_event;
	return !whole->nomem;
}

bool iq_trace_whole_close(struct iq_trace_whole *whole)
{
	for (size_t i = 0; i < whole->gs.len; i++) {
		struct iq_whole_g *g = &whole->gs.data[i];

		if (whole->has_wanted && g->out.id == whole->wanted &&
		    g->status != IQ_G_GONE &&
		    !span_current(whole, g, whole->end, true))
			return false;
		if (!leave(whole, (uint32_t)i, whole->end, HOW_OPEN))
			return false;
		for (uint32_t at = g->ranges; at != IQ_NONE;
		     at = whole->ranges.data[at].next) {
			const struct iq_whole_range *r =
				&whole->ranges.data[at];
			int64_t ns = iq_trace_time_sub(whole->end, r->begin);

			if (!iq_trace_whole_total(whole, r->kind, r->what, 1,
						  ns, ns))
				return false;
		}
		for (uint32_t at = g->regions; at != IQ_NONE;
		     at = whole->regions.data[at].next) {
			const struct iq_whole_region *r =
				&whole->regions.data[at];
			int64_t ns = iq_trace_time_sub(whole->end, r->begin);

			if (!iq_trace_whole_total(whole, IQ_RANGE_REGION,
						  r->name, 1, ns, ns))
				return false;
		}
	}
	for (size_t i = 0; i < whole->ps.len; i++) {
		for (uint32_t at = whole->ps.data[i].ranges; at != IQ_NONE;
		     at = whole->ranges.data[at].next) {
			const struct iq_whole_range *r =
				&whole->ranges.data[at];
			int64_t ns = iq_trace_time_sub(whole->end, r->begin);

			if (!iq_trace_whole_total(whole, r->kind, r->what, 1,
						  ns, ns))
				return false;
		}
	}
	return true;
}
