/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trace/map.h"

#include <stdlib.h>
#include <string.h>

/* A table that a usual generation fills is kept for the next one. */
#define KEEP_SLOTS 65536
#define MIN_SLOTS 64

static inline size_t hash(uint64_t a, uint64_t b)
{
	uint64_t h = a * UINT64_C(0x9e3779b97f4a7c15) ^
		     (b + UINT64_C(0x632be59bd9b4e019)) *
			     UINT64_C(0xd6e8feb86659fd93);

	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return (size_t)(h ^ h >> 32);
}

static struct iq_trace_map_slot *slots_new(size_t num)
{
	struct iq_trace_map_slot *slots;

	if (num > SIZE_MAX / sizeof(*slots))
		return NULL;
	slots = malloc(num * sizeof(*slots));
	for (size_t i = 0; slots && i < num; i++)
		slots[i].index = IQ_NONE;
	return slots;
}

void iq_trace_map_deinit(struct iq_trace_map *map)
{
	free(map->slots);
	*map = (struct iq_trace_map){ 0 };
}

void iq_trace_map_clear(struct iq_trace_map *map)
{
	if (!map->slots || map->len == 0)
		return;
	if (map->mask >= KEEP_SLOTS) {
		iq_trace_map_deinit(map);
		return;
	}
	for (size_t i = 0; i <= map->mask; i++)
		map->slots[i].index = IQ_NONE;
	map->len = 0;
}

static struct iq_trace_map_slot *find(const struct iq_trace_map *map,
				      uint64_t a, uint64_t b)
{
	size_t i = hash(a, b) & map->mask;

	while (map->slots[i].index != IQ_NONE &&
	       (map->slots[i].a != a || map->slots[i].b != b))
		i = (i + 1) & map->mask;
	return &map->slots[i];
}

uint32_t iq_trace_map_get(const struct iq_trace_map *map, uint64_t a,
			  uint64_t b)
{
	return map->slots ? find(map, a, b)->index : IQ_NONE;
}

static bool grow(struct iq_trace_map *map)
{
	size_t num = map->slots ? 2 * (map->mask + 1) : MIN_SLOTS;
	struct iq_trace_map bigger = {
		.slots = slots_new(num),
		.mask = num - 1,
		.len = map->len,
	};

	if (!bigger.slots)
		return false;
	for (size_t i = 0; map->slots && i <= map->mask; i++) {
		const struct iq_trace_map_slot *slot = &map->slots[i];

		if (slot->index != IQ_NONE)
			*find(&bigger, slot->a, slot->b) = *slot;
	}
	free(map->slots);
	*map = bigger;
	return true;
}

uint32_t *iq_trace_map_at(struct iq_trace_map *map, uint64_t a, uint64_t b)
{
	struct iq_trace_map_slot *slot;

	if ((!map->slots || map->len >= (map->mask + 1) / 2) && !grow(map))
		return NULL;
	slot = find(map, a, b);
	if (slot->index == IQ_NONE) {
		slot->a = a;
		slot->b = b;
		map->len++;
	}
	return &slot->index;
}

void iq_trace_ids_deinit(struct iq_trace_ids *ids)
{
	free(ids->dense);
	iq_trace_map_deinit(&ids->numbers);
	iq_vec_deinit(&ids->pages);
	*ids = (struct iq_trace_ids){ 0 };
}

void iq_trace_ids_clear(struct iq_trace_ids *ids)
{
	if (ids->num_dense)
		memset(ids->dense, 0, ids->num_dense * sizeof(*ids->dense));
	iq_trace_map_clear(&ids->numbers);
	ids->pages.len = 0;
}

uint32_t iq_trace_ids_get_paged(const struct iq_trace_ids *ids, uint64_t id)
{
	uint32_t page;

	if (id < IQ_IDS_DENSE)
		return IQ_NONE;
	page = iq_trace_map_get(&ids->numbers, id / IQ_IDS_PAGE, 0);
	if (page == IQ_NONE)
		return IQ_NONE;
	return ids->pages.data[(size_t)page * IQ_IDS_PAGE + id % IQ_IDS_PAGE] -
	       1;
}

static uint32_t *page_of(struct iq_trace_ids *ids, uint64_t id)
{
	uint32_t *at = iq_trace_map_at(&ids->numbers, id / IQ_IDS_PAGE, 0);

	if (!at)
		return NULL;
	if (*at == IQ_NONE) {
		if (!iq_vec_reserve(&ids->pages, IQ_IDS_PAGE))
			return NULL;
		memset(ids->pages.data + ids->pages.len, 0,
		       IQ_IDS_PAGE * sizeof(*ids->pages.data));
		*at = (uint32_t)(ids->pages.len / IQ_IDS_PAGE);
		ids->pages.len += IQ_IDS_PAGE;
	}
	return ids->pages.data + (size_t)*at * IQ_IDS_PAGE;
}

static bool dense_grow(struct iq_trace_ids *ids, uint64_t id)
{
	size_t num = ids->num_dense ? ids->num_dense : 512;
	uint32_t *dense;

	while (num <= id)
		num *= 2;
	dense = realloc(ids->dense, num * sizeof(*dense));
	if (!dense)
		return false;
	memset(dense + ids->num_dense, 0,
	       (num - ids->num_dense) * sizeof(*dense));
	ids->dense = dense;
	ids->num_dense = num;
	return true;
}

bool iq_trace_ids_set(struct iq_trace_ids *ids, uint64_t id, uint32_t index)
{
	uint32_t *page;

	if (id < IQ_IDS_DENSE) {
		if (id >= ids->num_dense && !dense_grow(ids, id))
			return false;
		ids->dense[id] = index + 1;
		return true;
	}
	page = page_of(ids, id);
	if (!page)
		return false;
	page[id % IQ_IDS_PAGE] = index + 1;
	return true;
}
