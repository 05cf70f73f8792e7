/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state at the end of a generation, put into the run of the next one.
 */
#include "formats/trace/advance.h"
#include "formats/trace/whole.h"

static bool ranges_load(const struct iq_trace_whole *whole,
			struct iq_trace_run *run, uint32_t from, uint32_t *to)
{
	for (uint32_t at = from; at != IQ_NONE;
	     at = whole->ranges.data[at].next) {
		const struct iq_whole_range *range = &whole->ranges.data[at];
		struct iq_run_range copy = {
			.kind = range->kind,
			.begin = range->begin,
			.what = range->what,
		};

		if (!iq_trace_range_open(run, to, &copy))
			return false;
	}
	return true;
}

/* The innermost region is first in both chains. */
static bool regions_load(const struct iq_trace_whole *whole,
			 struct iq_trace_run *run,
			 const struct iq_whole_g *from, uint32_t g)
{
	uint32_t last = IQ_NONE;

	for (uint32_t at = from->regions; at != IQ_NONE;
	     at = whole->regions.data[at].next) {
		const struct iq_whole_region *region = &whole->regions.data[at];
		struct iq_run_region copy = {
			.task = region->task,
			.next = IQ_NONE,
			.name = region->name,
			.begin = region->begin,
		};
		uint32_t fresh = (uint32_t)run->regions.len;

		if (!iq_vec_push(&run->regions, copy))
			return false;
		if (last == IQ_NONE)
			run->gs.data[g].regions = fresh;
		else
			run->regions.data[last].next = fresh;
		last = fresh;
	}
	return true;
}

static bool g_load(const struct iq_trace_whole *whole, struct iq_trace_run *run,
		   const struct iq_whole_g *from)
{
	uint32_t index = iq_trace_run_g(run, from->out.id);
	struct iq_run_g *g;

	if (index == IQ_NONE)
		return false;
	g = &run->gs.data[index];
	g->first = IQ_FIRST_CARRIED;
	g->status = g->first_status = from->status;
	g->first_open = true;
	return ranges_load(whole, run, from->ranges,
			   &run->gs.data[index].ranges) &&
	       regions_load(whole, run, from, index);
}

static bool p_load(const struct iq_trace_whole *whole, struct iq_trace_run *run,
		   const struct iq_whole_p *from)
{
	uint32_t index = iq_trace_run_p(run, from->id);

	if (index == IQ_NONE)
		return false;
	run->ps.data[index].status = from->status;
	return ranges_load(whole, run, from->ranges,
			   &run->ps.data[index].ranges);
}

static bool m_load(const struct iq_trace_whole *whole, struct iq_trace_run *run,
		   const struct iq_whole_m *from)
{
	uint32_t index = iq_trace_run_m(run, from->id);
	struct iq_run_m *m;

	if (index == IQ_NONE)
		return false;
	m = &run->ms.data[index];
	m->known = true;
	if (from->g != IQ_NONE)
		m->g = iq_trace_ids_get(&run->g_ids,
					whole->gs.data[from->g].out.id);
	if (from->p != IQ_NONE)
		m->p = iq_trace_ids_get(&run->p_ids,
					whole->ps.data[from->p].id);
	if (m->g != IQ_NONE)
		run->gs.data[m->g].m = index;
	return true;
}

bool iq_trace_whole_load(const struct iq_trace_whole *whole,
			 struct iq_trace_run *run)
{
	for (size_t i = 0; i < whole->gs.len; i++) {
		const struct iq_whole_g *g = &whole->gs.data[i];

		if (g->status != IQ_G_GONE && !g_load(whole, run, g))
			return false;
	}
	for (size_t i = 0; i < whole->ps.len; i++) {
		if (!p_load(whole, run, &whole->ps.data[i]))
			return false;
	}
	for (size_t i = 0; i < whole->ms.len; i++) {
		if (!m_load(whole, run, &whole->ms.data[i]))
			return false;
	}
	run->gc_state = whole->gc_state;
	run->gc_seq = whole->gc_seq;
	return true;
}
