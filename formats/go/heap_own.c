/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap.h"

/* Records of the runtime that are read as ranges have at most as many words. */
#define BLOCKS_MAX 64

struct iq_error *iq_go_heap_own_words(struct iq_heap_map *map,
				      struct iq_heap_range *range)
{
	uint32_t slot = iq_heap_map_slot(map, range->addr);
	uint64_t blocks = range->len / 8 / 64 + 1;
	const struct iq_heap_span *span;
	uint8_t *mask;

	if (slot == IQ_HEAP_NONE || blocks > BLOCKS_MAX)
		return NULL;
	span = &map->spans.data[iq_heap_map_span_of_slot(map, slot)];
	// Only from the beginning of an object on are its words numbered so.
	if (span->noscan ||
	    range->addr !=
		    span->addr + (slot - span->first) * span->elem_size ||
	    range->len > span->elem_size)
		return NULL;
	mask = iq_arena_alloc(&map->arena, 8 * blocks);
	if (!mask)
		return &iq_enomem;
	for (uint64_t i = 0; i < blocks; i++) {
		uint64_t words =
			512 * i < span->elem_size ?
				iq_heap_pointer_mask(map, span,
						     slot - span->first, i) :
				0;

		for (unsigned k = 0; k < 8; k++)
			mask[8 * i + k] = (uint8_t)(words >> 8 * k);
	}
	range->mask = mask;
	return NULL;
}
