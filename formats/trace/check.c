/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each generation tells the state of what it mentions, so that it can be run
 * without the one before. These are the places where that one's end could still
 * have made a difference: a run that differs is done again, exactly.
 */
#include "formats/trace/whole.h"

/* For each processor all threads may have to be asked. Go has 1,024 at most
 * on what it is built for; of more the run is done exactly. */
#define MANY_PROCS 4096

/* The range of a kind that is open, IQ_NONE if there is none. */
static bool range_is_open(const struct iq_trace_whole *whole, uint32_t ranges,
			  unsigned kind)
{
	for (uint32_t at = ranges; at != IQ_NONE;
	     at = whole->ranges.data[at].next) {
		if (whole->ranges.data[at].kind == kind)
			return true;
	}
	return false;
}

/* Carried ranges were there, and what began was not. */
static bool ranges_fit(const struct iq_trace_whole *whole,
		       const struct iq_trace_run *run, uint32_t ranges,
		       uint32_t run_ranges, uint8_t begun, uint8_t closed)
{
	for (unsigned kind = 0; kind < IQ_RANGE_REGION; kind++) {
		bool open = range_is_open(whole, ranges, kind);
		bool ends = closed & 1u << kind;

		if (ends ? !open : open && (begun & 1u << kind))
			return false;
	}
	for (uint32_t at = run_ranges; at != IQ_NONE;
	     at = run->ranges.data[at].next) {
		const struct iq_run_range *range = &run->ranges.data[at];

		if (range->carried &&
		    !range_is_open(whole, ranges, range->kind))
			return false;
	}
	return true;
}

static bool g_fits(const struct iq_trace_whole *whole,
		   const struct iq_trace_run *run, const struct iq_run_g *g)
{
	uint32_t index = iq_trace_ids_get(&whole->g_ids, g->id);
	const struct iq_whole_g *was =
		index == IQ_NONE ? NULL : &whole->gs.data[index];
	bool alive = was && was->status != IQ_G_GONE;

	if (g->first == IQ_FIRST_CREATED)
		return !alive;
	return alive && was->status == g->first_status &&
	       ranges_fit(whole, run, was->ranges, g->ranges, g->begun,
			  g->closed);
}

static bool is_promoted(const struct iq_run_p *p, const struct iq_whole_p *was)
{
	return p->first_status == IQ_P_ABANDONED && was->status == IQ_P_SYSCALL;
}

static bool p_fits(const struct iq_trace_whole *whole,
		   const struct iq_trace_run *run, const struct iq_run_p *p)
{
	uint32_t index = iq_trace_ids_get(&whole->p_ids, p->id);
	const struct iq_whole_p *was =
		index == IQ_NONE ? NULL : &whole->ps.data[index];

	if (!was)
		return ranges_fit(whole, run, IQ_NONE, p->ranges, p->begun,
				  p->closed);
	if (!ranges_fit(whole, run, was->ranges, p->ranges, p->begun,
			p->closed))
		return false;
	if (was->status == p->first_status)
		return true;
	if (!is_promoted(p, was))
		return false;
	for (size_t i = 0; i < whole->ms.len; i++) {
		if (whole->ms.data[i].p == index)
			return true;
	}
	return false;
}

/* The thread had a processor: what it did before that was stolen, or before it
 * told which one it has, must not have depended on having none. */
static bool m_p_fits(const struct iq_trace_whole *whole,
		     const struct iq_trace_run *run, const struct iq_run_m *m,
		     const struct iq_whole_m *was)
{
	const struct iq_whole_p *p = &whole->ps.data[was->p];
	uint32_t index = iq_trace_ids_get(&run->p_ids, p->id);
	const struct iq_run_p *now =
		index == IQ_NONE ? NULL : &run->ps.data[index];

	if (now && is_promoted(now, p))
		return m->touched_p == UINT64_MAX ||
		       (now->stolen_at != UINT64_MAX &&
			now->stolen_at < m->touched_p);
	return m->assumed_p == IQ_ASSUMED_NOTHING;
}

static bool m_fits(const struct iq_trace_whole *whole,
		   const struct iq_trace_run *run, const struct iq_run_m *m)
{
	uint32_t index = iq_trace_ids_get(&whole->m_ids, m->id);
	const struct iq_whole_m *was =
		index == IQ_NONE ? NULL : &whole->ms.data[index];
	bool same = was && was->g != IQ_NONE &&
		    whole->gs.data[was->g].out.id == m->assumed_id;

	switch (m->assumed_g) {
	case IQ_ASSUMED_NONE:
		if (was && was->g != IQ_NONE)
			return false;
		break;
	case IQ_ASSUMED_THIS:
		if (!same)
			return false;
		break;
	case IQ_ASSUMED_THIS_OR_NEW:
		if (was && !same)
			return false;
		break;
	default:
		break;
	}
	return !was || was->p == IQ_NONE || m_p_fits(whole, run, m, was);
}

static bool gc_fits(const struct iq_trace_whole *whole,
		    const struct iq_trace_run *run)
{
	for (size_t i = 0; i < run->gcs.len; i++) {
		const struct iq_run_gc *gc = &run->gcs.data[i];
		bool next = gc->seq == whole->gc_seq + 1;

		switch (gc->kind) {
		case IQ_GC_ACTIVE:
			return next && whole->gc_state == IQ_GC_ON;
		case IQ_GC_BEGIN:
			return whole->gc_state == IQ_GC_UNKNOWN ||
			       (next && whole->gc_state == IQ_GC_OFF);
		case IQ_GC_END:
			return false;
		default:
			break;
		}
	}
	return true;
}

bool iq_trace_whole_fits(const struct iq_trace_whole *whole,
			 const struct iq_trace_run *run)
{
	const struct iq_trace_generation *g = run->generation;
	int64_t start = iq_trace_clock_ns(&g->clock, g->min_time);

	if (start <= whole->last)
		start = iq_trace_time_add(whole->last, 1);
	if (run->start != start || !gc_fits(whole, run))
		return false;
	for (size_t i = 0; i < run->gs.len; i++) {
		if (!g_fits(whole, run, &run->gs.data[i]))
			return false;
	}
	if (run->ps.len > MANY_PROCS)
		return false;
	for (size_t i = 0; i < run->ps.len; i++) {
		if (!p_fits(whole, run, &run->ps.data[i]))
			return false;
	}
	for (size_t i = 0; i < run->ms.len; i++) {
		if (!m_fits(whole, run, &run->ms.data[i]))
			return false;
	}
	return true;
}
