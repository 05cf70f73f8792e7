/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trace/life.h"

#include "formats/trace/tally.h"

uint32_t iq_life_find(const struct iq_trace_run *run, uint64_t id)
{
	uint32_t index = iq_trace_ids_get(&run->g_ids, id);

	if (index == IQ_NONE || run->gs.data[index].status == IQ_G_GONE)
		return IQ_NONE;
	return index;
}

uint32_t iq_life_new(struct iq_trace_run *run, uint64_t id,
		     enum iq_run_first first)
{
	uint32_t index = iq_trace_ids_get(&run->g_ids, id);

	if (index != IQ_NONE) {
		if (run->gs.data[index].status != IQ_G_GONE)
			return IQ_NONE;
		// A status cannot bring back what ended.
		if (first == IQ_FIRST_STATUS)
			return IQ_NONE;
	} else {
		index = iq_trace_run_g(run, id);
		if (index == IQ_NONE) {
			run->nomem = true;
			return IQ_NONE;
		}
		run->gs.data[index].first = (uint8_t)first;
	}
	run->gs.data[index].in_gen = true;
	run->gs.data[index].seq = 0;
	return index;
}

void iq_life_create(struct iq_run_g *g, uint32_t creator, int64_t time)
{
	// Of one that comes back its first life tells.
	if (g->first == IQ_FIRST_CREATED && !g->has_created) {
		g->has_created = true;
		g->created = time;
		g->creator = creator;
	}
	g->has_ended = false;
}

void iq_life_end(struct iq_trace_run *run, uint32_t index, int64_t time)
{
	struct iq_run_g *g = &run->gs.data[index];
	uint32_t at = g->regions;

	iq_tally_leave(run, index, g, time, IQ_NONE);
	while (at != IQ_NONE) {
		struct iq_run_region *region = &run->regions.data[at];
		uint32_t next = region->next;

		if (!iq_tally_total(run, IQ_RANGE_REGION, region->name,
				    iq_trace_time_sub(time, region->begin)))
			run->nomem = true;
		region->next = run->free_region;
		run->free_region = at;
		at = next;
	}
	g->regions = IQ_NONE;
	if (!g->has_first_ended)
		g->first_ended = time;
	g->has_first_ended = true;
	g->has_ended = true;
	g->ended = time;
	g->m = IQ_NONE;
	iq_tally_enter(g, IQ_G_GONE, time, 0, 0);
}
