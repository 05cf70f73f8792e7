/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap.h"

/* Records of the runtime that are read as ranges have at most as many words. */
#define WORDS_MAX (1u << 16)

/* Which words of an object are pointers, from its word @first on. */
static void fill(const struct iq_heap_map *map, const struct iq_heap_span *span,
		 uint32_t slot, uint64_t first, uint64_t num, uint8_t *mask)
{
	for (uint64_t i = 0; i < num; i++) {
		uint64_t word = first + i;
		uint64_t bits =
			iq_heap_pointer_mask(map, span, slot, word / 64);

		if (bits >> word % 64 & 1)
			mask[i / 8] = (uint8_t)(mask[i / 8] | 1u << i % 8);
	}
}

struct iq_error *iq_go_heap_own_words(struct iq_heap_map *map,
				      struct iq_heap_range *range)
{
	uint32_t slot = iq_heap_map_slot(map, range->addr);
	uint64_t num = range->len / 8;
	const struct iq_heap_span *span;
	uint64_t begin;
	uint8_t *mask;

	if (slot == IQ_HEAP_NONE || num > WORDS_MAX)
		return NULL;
	span = &map->spans.data[iq_heap_map_span_of_slot(map, slot)];
	slot -= span->first;
	begin = range->addr - (span->addr + slot * span->elem_size);
	if (span->noscan || begin % 8 || range->len > span->elem_size - begin)
		return NULL;
	mask = iq_arena_calloc(&map->arena, num / 8 + 1, 1);
	if (!mask)
		return &iq_enomem;
	fill(map, span, slot, begin / 8, num, mask);
	range->mask = mask;
	return NULL;
}
