/* SPDX-License-Identifier: Apache-2.0 */
#include "model/trace.h"

const struct iq_trace_goroutine *iq_trace_find(const struct iq_trace *trace,
					       uint64_t id)
{
	size_t low = 0, high = trace->num_goroutines;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct iq_trace_goroutine *g = &trace->goroutines[mid];

		if (g->id == id)
			return g;
		if (g->id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}
