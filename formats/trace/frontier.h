/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads of a run by the time of their next event: a heap whose order of
 * equal times is that of Go's own reader, because the order of events, and so
 * the nanosecond that each is shown at, depends on it.
 */
#ifndef IQ_FORMATS_TRACE_FRONTIER_H
#define IQ_FORMATS_TRACE_FRONTIER_H

#include <stddef.h>

#include "formats/trace/run.h"

/* Puts the last of @n items where it belongs. */
void iq_frontier_insert(struct iq_run_item *heap, size_t n);
/*
 * Item @i has become later: it goes down. A child goes up only if it is earlier,
 * and the right one only if it is earlier than the left one.
 */
static inline void iq_frontier_sink(struct iq_run_item *heap, size_t n,
				    size_t i)
{
	struct iq_run_item item = heap[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= n)
			break;
		if (child + 1 < n && heap[child + 1].time < heap[child].time)
			child++;
		if (heap[child].time >= item.time)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = item;
}

/* The time of item @i has changed. */
void iq_frontier_update(struct iq_run_item *heap, size_t n, size_t i);
/* Takes item @i out: n - 1 are left. */
void iq_frontier_remove(struct iq_run_item *heap, size_t n, size_t i);
/* Sorts by time, equal ones as Go's slices.SortFunc leaves them. */
void iq_frontier_sort(struct iq_run_item *heap, size_t n);

#endif
