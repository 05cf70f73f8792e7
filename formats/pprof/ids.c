/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pprof/ids.h"

#include <stdlib.h>
#include <string.h>

/* An array by id may have so many unused places for each used one. */
#define DENSE_FACTOR 4
#define DENSE_SMALL 1024

static const struct iq_pprof_entry *entry_at(const void *entries, size_t size,
					     size_t i)
{
	return (const void *)((const char *)entries + i * size);
}

static struct iq_error *dense_init(struct iq_pprof_ids *ids,
				   const void *entries, size_t num, size_t size,
				   void (*twice)(void *ctx, uint64_t offset),
				   void *ctx)
{
	ids->dense = malloc((size_t)ids->num_dense * sizeof(*ids->dense));
	if (!ids->dense)
		return &iq_enomem;
	for (uint64_t i = 0; i < ids->num_dense; i++)
		ids->dense[i] = IQ_PPROF_NONE;
	for (size_t i = 0; i < num; i++) {
		const struct iq_pprof_entry *e = entry_at(entries, size, i);

		if (ids->dense[e->id] == IQ_PPROF_NONE)
			ids->dense[e->id] = (uint32_t)i;
		else
			twice(ctx, e->offset);
	}
	return NULL;
}

static int id_compare(const void *a, const void *b)
{
	const struct iq_pprof_id *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static struct iq_error *
sorted_init(struct iq_pprof_ids *ids, const void *entries, size_t num,
	    size_t size, void (*twice)(void *ctx, uint64_t offset), void *ctx)
{
	ids->sorted = calloc(num, sizeof(*ids->sorted));
	if (!ids->sorted)
		return &iq_enomem;
	for (size_t i = 0; i < num; i++) {
		ids->sorted[i].id = entry_at(entries, size, i)->id;
		ids->sorted[i].index = (uint32_t)i;
	}
	qsort(ids->sorted, num, sizeof(*ids->sorted), id_compare);
	for (size_t i = 0; i < num; i++) {
		struct iq_pprof_id id = ids->sorted[i];
		size_t kept = ids->num_sorted;

		if (kept && ids->sorted[kept - 1].id == id.id)
			twice(ctx, entry_at(entries, size, id.index)->offset);
		else
			ids->sorted[ids->num_sorted++] = id;
	}
	return NULL;
}

struct iq_error *iq_pprof_ids_init(struct iq_pprof_ids *ids,
				   const void *entries, size_t num, size_t size,
				   void (*twice)(void *ctx, uint64_t offset),
				   void *ctx)
{
	uint64_t largest = 0;

	memset(ids, 0, sizeof(*ids));
	if (num == 0)
		return NULL;
	if (num >= IQ_PPROF_NONE)
		return iq_error_at(IQ_ERROR_LIMIT,
				   entry_at(entries, size, num - 1)->offset,
				   "more than %u entries of one table",
				   IQ_PPROF_NONE - 1);
	for (size_t i = 0; i < num; i++) {
		uint64_t id = entry_at(entries, size, i)->id;

		largest = id > largest ? id : largest;
	}
	if (largest >= DENSE_FACTOR * (uint64_t)num + DENSE_SMALL)
		return sorted_init(ids, entries, num, size, twice, ctx);
	ids->num_dense = largest + 1;
	return dense_init(ids, entries, num, size, twice, ctx);
}

void iq_pprof_ids_deinit(struct iq_pprof_ids *ids)
{
	free(ids->dense);
	free(ids->sorted);
	memset(ids, 0, sizeof(*ids));
}

uint32_t iq_pprof_ids_search(const struct iq_pprof_ids *ids, uint64_t id)
{
	size_t low = 0, high = ids->num_sorted;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (ids->sorted[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < ids->num_sorted && ids->sorted[low].id == id ?
		       ids->sorted[low].index :
		       IQ_PPROF_NONE;
}
