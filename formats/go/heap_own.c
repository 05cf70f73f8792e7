/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap.h"

/* Records of the runtime that are read as ranges have at most as many words. */
#define WORDS_MAX (1u << 16)

/* Words of the object in @slot of @span, from the word @first on. */
struct words {
	const struct iq_heap_map *map;
	const struct iq_heap_span *span;
	uint32_t slot;
	uint64_t first;
	uint64_t num;
};

/* The mask of 64 words from number @i on. */
static uint64_t bits_of(const struct words *w, uint64_t i)
{
	uint64_t word = w->first + i;
	uint64_t block = word / 64;
	unsigned shift = word % 64;
	uint64_t ret =
		iq_heap_pointer_mask(w->map, w->span, w->slot, block) >> shift;

	if (shift && 64 * (block + 1) < w->span->elem_size / 8)
		ret |= iq_heap_pointer_mask(w->map, w->span, w->slot, block + 1)
		       << (64 - shift);
	return w->num - i < 64 ? ret & ((1ull << (w->num - i)) - 1) : ret;
}

static bool is_mask(const struct words *w, const uint8_t *mask)
{
	for (uint64_t i = 0; i < w->num; i += 64) {
		uint64_t bits = bits_of(w, i);

		for (uint64_t k = i; k < i + 64 && k < w->num; k += 8) {
			if (mask[k / 8] != (uint8_t)(bits >> (k - i)))
				return false;
		}
	}
	return true;
}

static void put_mask(const struct words *w, uint8_t *mask)
{
	for (uint64_t i = 0; i < w->num; i += 64) {
		uint64_t bits = bits_of(w, i);

		for (uint64_t k = i; k < i + 64 && k < w->num; k += 8)
			mask[k / 8] = (uint8_t)(bits >> (k - i));
	}
}

struct iq_error *iq_go_heap_own_words(struct iq_heap_map *map,
				      const struct iq_heap_range *like,
				      struct iq_heap_range *range)
{
	uint32_t slot = iq_heap_map_slot(map, range->addr);
	uint64_t num = range->len / 8;
	const struct iq_heap_span *span;
	struct words w;
	uint64_t begin;
	uint8_t *mask;

	if (slot == IQ_HEAP_NONE || num > WORDS_MAX)
		return NULL;
	span = &map->spans.data[iq_heap_map_span_of_slot(map, slot)];
	slot -= span->first;
	begin = range->addr - (span->addr + slot * span->elem_size);
	if (span->noscan || begin % 8 || range->len > span->elem_size - begin)
		return NULL;
	w = (struct words){ map, span, slot, begin / 8, num };
	if (like && like->mask && like->len == range->len &&
	    is_mask(&w, like->mask)) {
		range->mask = like->mask;
		return NULL;
	}
	mask = iq_arena_calloc(&map->arena, num / 8 + 1, 1);
	if (!mask)
		return &iq_enomem;
	put_mask(&w, mask);
	range->mask = mask;
	return NULL;
}
