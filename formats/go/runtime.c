/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/runtime.h"

#include <stdlib.h>

#include "formats/go/record.h"

void iq_go_runtime_deinit(struct iq_go_runtime *rt)
{
	free(rt->gs);
	free(rt->ms);
	rt->gs = NULL;
	rt->ms = NULL;
	rt->num_gs = rt->num_ms = 0;
}

/* The first goroutine whose goid is not below @goid. */
static size_t first_of_goid(const struct iq_go_runtime *rt, uint64_t goid)
{
	size_t lo = 0;
	size_t hi = rt->num_gs;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (rt->gs[mid].goid < goid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct iq_go_g *iq_go_runtime_g(const struct iq_go_runtime *rt,
				      uint64_t addr)
{
	uint64_t goid;

	if (!addr ||
	    !iq_go_field_read(rt->memory, addr, rt->layout->g_goid, &goid))
		return NULL;
	for (size_t i = first_of_goid(rt, goid);
	     i < rt->num_gs && rt->gs[i].goid == goid; i++) {
		if (rt->gs[i].addr == addr)
			return &rt->gs[i];
	}
	return NULL;
}

const struct iq_go_m *iq_go_runtime_m(const struct iq_go_runtime *rt,
				      uint64_t addr)
{
	size_t lo = 0;
	size_t hi = rt->num_ms;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (rt->ms[mid].addr < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < rt->num_ms && rt->ms[lo].addr == addr ? &rt->ms[lo] : NULL;
}

bool iq_go_slice_read(const struct iq_memory *memory, uint64_t addr,
		      uint64_t *data_ret, uint64_t *len_ret)
{
	uint64_t data, len, cap;

	if (!iq_memory_u64(memory, addr, &data) ||
	    !iq_memory_u64(memory, addr + 8, &len) ||
	    !iq_memory_u64(memory, addr + 16, &cap))
		return false;
	if (len > cap || (len && !data) || data % 8)
		return false;
	*data_ret = data;
	*len_ret = len;
	return true;
}
