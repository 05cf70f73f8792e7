/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trace/frontier.h"

static void swap(struct iq_run_item *heap, size_t a, size_t b)
{
	struct iq_run_item item = heap[a];

	heap[a] = heap[b];
	heap[b] = item;
}

/* Where item @i is now. */
static size_t sift_up(struct iq_run_item *heap, size_t i)
{
	while (i > 0 && heap[(i - 1) / 2].time > heap[i].time) {
		swap(heap, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
	return i;
}

void iq_frontier_insert(struct iq_run_item *heap, size_t n)
{
	sift_up(heap, n - 1);
}

void iq_frontier_update(struct iq_run_item *heap, size_t n, size_t i)
{
	if (sift_up(heap, i) == i)
		iq_frontier_sink(heap, n, i);
}

void iq_frontier_remove(struct iq_run_item *heap, size_t n, size_t i)
{
	while (i > 0) {
		swap(heap, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
	swap(heap, 0, n - 1);
	iq_frontier_sink(heap, n - 1, 0);
}
