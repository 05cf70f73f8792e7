/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trace/tally.h"

#include "base/limits.h"

struct iq_str iq_tally_reason(const struct iq_trace_run *run, uint32_t reason)
{
	if (reason == IQ_REASON_CREATED)
		return IQ_STR("(created blocked)");
	return run->tables.strings.data[reason];
}

void iq_tally_span(struct iq_trace_run *run, const struct iq_run_g *g,
		   int64_t time, uint32_t waker)
{
	struct iq_run_span span = {
		.status = g->status,
		.carried = g->first_open,
		.reason = g->reason,
		.stack = g->stack,
		.begin = g->since,
		.end = time,
	};

	if (g->status == IQ_G_GONE)
		return;
	if (waker != IQ_NONE) {
		span.has_waker = true;
		span.waker = run->gs.data[waker].id;
	}
	if (run->spans.len >= IQ_LIMIT_TRACE_SPANS)
		run->spans_full = true;
	else if (!iq_vec_push(&run->spans, span))
		run->nomem = true;
}

/* A goroutine waits for a few reasons; only a hostile file has it search long. */
#define SHORT_CHAIN 16

bool iq_tally_blocked_find(struct iq_trace_run *run, uint32_t index,
			   struct iq_run_g *g)
{
	struct iq_run_blocked fresh = {
		.reason = g->reason,
		.next = g->first_blocked,
	};
	uint32_t *slot = NULL;
	unsigned n = 0;

	for (uint32_t at = g->first_blocked; at != IQ_NONE;
	     at = run->blocked.data[at].next) {
		if (run->blocked.data[at].reason == g->reason) {
			g->blocked = at;
			return true;
		}
		if (++n < SHORT_CHAIN)
			continue;
		slot = iq_trace_map_at(&run->blocked_map, index, g->reason);
		if (!slot)
			return false;
		if (*slot != IQ_NONE) {
			g->blocked = *slot;
			return true;
		}
		break;
	}
	if (!iq_vec_push(&run->blocked, fresh))
		return false;
	g->first_blocked = g->blocked = (uint32_t)run->blocked.len - 1;
	if (slot)
		*slot = g->blocked;
	return true;
}

bool iq_tally_site_find(struct iq_trace_run *run, struct iq_run_g *g)
{
	uint32_t *at = iq_trace_map_at(&run->site_map, g->reason, g->stack);
	struct iq_run_site fresh = { .reason = g->reason, .stack = g->stack };

	if (!at)
		return false;
	if (*at == IQ_NONE) {
		if (!iq_vec_push(&run->sites, fresh))
			return false;
		*at = (uint32_t)run->sites.len - 1;
	}
	g->site = *at;
	run->site_of_stack.data[g->stack] = *at;
	return true;
}

bool iq_tally_wake_find(struct iq_trace_run *run, struct iq_run_g *g,
			uint32_t waker, uint32_t stack)
{
	uint64_t pair = (uint64_t)waker << 32 | g->class;
	uint32_t *at = iq_trace_map_at(&run->wake_map, stack, pair);
	struct iq_run_wake fresh = {
		.stack = stack,
		.waker = waker,
		.woken = g->class,
	};

	if (!at)
		return false;
	if (*at == IQ_NONE) {
		if (!iq_vec_push(&run->wakes, fresh))
			return false;
		*at = (uint32_t)run->wakes.len - 1;
	}
	g->wake = *at;
	return true;
}

bool iq_tally_total(struct iq_trace_run *run, enum iq_run_range_kind kind,
		    struct iq_str name, int64_t ns)
{
	uint32_t *at = iq_trace_map_at(&run->total_map, (uintptr_t)name.ptr,
				       (uint64_t)name.len << 8 | kind);
	struct iq_run_total fresh = { .kind = (uint8_t)kind, .name = name };
	struct iq_run_total *total;

	if (!at)
		return false;
	if (*at == IQ_NONE) {
		if (!iq_vec_push(&run->totals, fresh))
			return false;
		*at = (uint32_t)run->totals.len - 1;
	}
	total = &run->totals.data[*at];
	total->count++;
	total->total = iq_trace_time_add(total->total, ns);
	if (ns > total->longest)
		total->longest = ns;
	return true;
}
