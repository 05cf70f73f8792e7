/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is counted as states change. A goroutine's first state in a generation
 * began before it unless an event began it, so how long it took is left to the
 * merge; all others are added here.
 */
#ifndef IQ_FORMATS_TRACE_TALLY_H
#define IQ_FORMATS_TRACE_TALLY_H

#include "formats/trace/run.h"

/* The time at which an event is shown: Go's reader makes them increase. */
static inline int64_t iq_tally_show(struct iq_trace_run *run, int64_t time)
{
	if (time <= run->last)
		time = iq_trace_time_add(run->last, 1);
	run->last = time;
	run->num_shown++;
	return time;
}

static inline void iq_tally_spread(struct iq_trace_spread *spread, int64_t ns)
{
	unsigned bucket = ns > 0 ? 63u - (unsigned)__builtin_clzll(
						 (unsigned long long)ns) :
				   0;

	spread->count++;
	spread->total_ns = iq_trace_time_add(spread->total_ns, ns);
	if (ns > spread->longest_ns)
		spread->longest_ns = ns;
	spread->buckets[bucket < 40 ? bucket : 39]++;
}

/* Keeps the piece of life of the goroutine that was asked for. */
void iq_tally_span(struct iq_trace_run *run, const struct iq_run_g *g,
		   int64_t time, uint32_t waker);

/*
 * The end of @g's state at @time. How long it took, or -1 where that is not
 * known here.
 */
static inline int64_t iq_tally_leave(struct iq_trace_run *run, uint32_t index,
				     struct iq_run_g *g, int64_t time,
				     uint32_t waker)
{
	int64_t ns;

	if (__builtin_expect(index == run->wanted, 0))
		iq_tally_span(run, g, time, waker);
	if (g->first_open) {
		g->first_open = false;
		g->first_until = time;
		return -1;
	}
	ns = iq_trace_time_sub(time, g->since);
	g->ns[g->status] = iq_trace_time_add(g->ns[g->status], ns);
	return ns;
}

static inline void iq_tally_enter(struct iq_run_g *g,
				  enum iq_run_g_status status, int64_t time,
				  uint32_t reason, uint32_t stack)
{
	g->status = (uint8_t)status;
	g->since = time;
	g->reason = reason;
	g->stack = stack;
	g->full_stack = false;
}

/* Where the waits of a goroutine and of a place are counted; these set them and
 * are false without memory. */
bool iq_tally_blocked_find(struct iq_trace_run *run, uint32_t index,
			   struct iq_run_g *g);
bool iq_tally_site_find(struct iq_trace_run *run, struct iq_run_g *g);
bool iq_tally_wake_find(struct iq_trace_run *run, struct iq_run_g *g,
			uint32_t waker, uint32_t stack);

/* @g, whose reason and stack are set, begins to wait. */
static inline bool iq_tally_wait(struct iq_trace_run *run, uint32_t index,
				 struct iq_run_g *g)
{
	const struct iq_run_blocked *b;

	if (g->blocked == IQ_NONE ||
	    (b = &run->blocked.data[g->blocked])->reason != g->reason) {
		if (!iq_tally_blocked_find(run, index, g))
			return false;
	}
	g->site = run->site_of_stack.data[g->stack];
	if (g->site == IQ_NONE || run->sites.data[g->site].reason != g->reason)
		return iq_tally_site_find(run, g);
	return true;
}

/* @g is woken by @waker, or IQ_NONE, at @stack. */
static inline bool iq_tally_wake(struct iq_trace_run *run, uint32_t index,
				 struct iq_run_g *g, int64_t time,
				 uint32_t waker, uint32_t stack)
{
	int64_t ns = iq_tally_leave(run, index, g, time, waker);
	struct iq_run_wake *wake;
	uint32_t class;

	if (ns >= 0) {
		struct iq_run_blocked *b = &run->blocked.data[g->blocked];
		struct iq_run_site *site = &run->sites.data[g->site];

		b->count++;
		b->total = iq_trace_time_add(b->total, ns);
		if (ns > b->longest)
			b->longest = ns;
		site->count++;
		site->total = iq_trace_time_add(site->total, ns);
		if (ns > site->longest)
			site->longest = ns;
		if (g->reason == run->network_reason)
			iq_tally_spread(&run->network, ns);
	}
	g->num_wakes++;
	g->has_wake = true;
	g->last_wake = time;
	g->waker = waker;
	class = waker == IQ_NONE ? IQ_NONE : run->gs.data[waker].class;
	wake = g->wake == IQ_NONE ? NULL : &run->wakes.data[g->wake];
	if (!wake || wake->waker != class || wake->stack != stack) {
		if (!iq_tally_wake_find(run, g, class, stack))
			return false;
		wake = &run->wakes.data[g->wake];
	}
	wake->count++;
	return true;
}

/* Adds to the total of a range or region. False without memory. */
bool iq_tally_total(struct iq_trace_run *run, enum iq_run_range_kind kind,
		    struct iq_str name, int64_t ns);

/* Words of a string or of the reasons that are none. */
struct iq_str iq_tally_reason(const struct iq_trace_run *run, uint32_t reason);

#endif
