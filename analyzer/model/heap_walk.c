/* SPDX-License-Identifier: Apache-2.0 */
#include "model/heap_walk.h"

#include "model/fact.h"

/* What is missing is missing by pages. */
#define PAGE_BYTES 4096

struct walk {
	const struct iq_heap_map *map;
	iq_heap_visit *visit;
	void *ctx;
};

static bool is_opaque(const struct iq_heap_map *map, uint32_t slot)
{
	return map->opaque[slot / 64] >> slot % 64 & 1;
}

/* The word at @offset, if it refers to an object. */
static bool visit_word(const struct walk *w, uint64_t offset, uint64_t word)
{
	struct iq_heap_reference ref = {
		.offset = offset,
		.word = word,
		.slot = iq_heap_map_slot(w->map, word),
	};

	return ref.slot == IQ_HEAP_NONE || w->visit(w->ctx, &ref);
}

/* The word at @addr, which may lie in two pieces; false if it is not there. */
static bool read_word(const struct iq_heap_memory *memory, uint64_t addr,
		      uint64_t *ret)
{
	uint8_t bytes[8];
	uint64_t have;

	for (unsigned i = 0; i < 8; i++) {
		const uint8_t *byte =
			memory->window(memory->ctx, addr + i, &have);

		if (!byte)
			return false;
		bytes[i] = *byte;
	}
	*ret = iq_heap_word_of(bytes);
	return true;
}

/* Bits of the words of the object at @addr that hide what they refer to. */
static uint64_t hidden_words(const struct iq_heap_map *map, uint64_t addr,
			     const struct iq_heap_span *span)
{
	const struct iq_heap_disguise *d = &map->disguise;
	uint32_t slot;
	uint64_t key;

	if (!d->elem_size || span->elem_size != d->elem_size ||
	    !read_word(&map->memory, addr + 8ull * d->key, &key))
		return 0;
	slot = iq_heap_map_slot(map, key);
	return slot != IQ_HEAP_NONE && is_opaque(map, slot) ? d->hidden : 0;
}

/* 64 words of memory from @offset of what begins at @addr, or what is there.
 * @bytes are those at @offset, @have of them; NULL: to be looked for. */
static bool walk_block(const struct walk *w, uint64_t addr, uint64_t offset,
		       const uint8_t *bytes, uint64_t have, uint64_t mask)
{
	const struct iq_heap_memory *memory = &w->map->memory;

	if (!bytes)
		bytes = memory->window(memory->ctx, addr + offset, &have);
	while (mask) {
		unsigned i = (unsigned)__builtin_ctzll(mask);
		uint64_t at = offset + 8ull * i;
		uint64_t word;

		mask &= mask - 1;
		if (bytes && have >= 8ull * i + 8)
			word = iq_heap_word_of(bytes + 8ull * i);
		else if (!read_word(memory, addr + at, &word))
			continue;
		// Most words point nowhere, and this costs least.
		if (word - w->map->low < w->map->size &&
		    !visit_word(w, at, word))
			return false;
	}
	return true;
}

static uint64_t first_words(uint64_t num)
{
	return num >= 64 ? ~0ull : (1ull << num) - 1;
}

bool iq_heap_walk_object_in(const struct iq_heap_map *map, uint32_t in,
			    uint32_t slot, iq_heap_visit *visit, void *ctx)
{
	const struct walk w = { .map = map, .visit = visit, .ctx = ctx };
	const struct iq_heap_pointers *p = &map->pointers;
	const struct iq_heap_span *span = &map->spans.data[in];
	uint64_t at = (slot - span->first) * span->elem_size;
	uint64_t addr = span->addr + at;
	uint64_t words = span->elem_size / 8;

	if (span->noscan || is_opaque(map, slot))
		return true;
	for (uint64_t block = 0; 64 * block < words; block++) {
		uint64_t mask = first_words(words - 64 * block);
		uint64_t offset = 512 * block;

		if (p->mask)
			mask &= p->mask(p->ctx, span, slot - span->first,
					block);
		if (!block && mask)
			mask &= ~hidden_words(map, addr, span);
		if (!walk_block(&w, addr, offset,
				span->bytes ? span->bytes + at + offset : NULL,
				span->elem_size - offset, mask))
			return false;
	}
	return true;
}

bool iq_heap_walk_object(const struct iq_heap_map *map, uint32_t slot,
			 iq_heap_visit *visit, void *ctx)
{
	uint32_t in = iq_heap_map_span_of_slot(map, slot);

	return in == IQ_HEAP_NONE ||
	       iq_heap_walk_object_in(map, in, slot, visit, ctx);
}

static uint64_t range_mask(const struct iq_heap_range *range, uint64_t block)
{
	uint64_t words = range->len / 8 - 64 * block;
	uint64_t mask = first_words(words);

	if (!range->mask)
		return mask;
	for (unsigned i = 0; i < 8 && 8 * i < words; i++)
		mask &= ~(0xffull << 8 * i) |
			(uint64_t)range->mask[8 * block + i] << 8 * i;
	return mask;
}

/* Whether there is nothing of the page of @addr, which is skipped then. */
static bool is_missing(const struct iq_heap_map *map, uint64_t addr)
{
	uint64_t have;

	return !map->memory.window(map->memory.ctx, addr, &have);
}

bool iq_heap_walk_bytes(const struct iq_heap_map *map,
			const struct iq_heap_range *range, const uint8_t *bytes,
			iq_heap_visit *visit, void *ctx)
{
	const struct walk w = { .map = map, .visit = visit, .ctx = ctx };
	uint64_t words = range->len / 8;

	for (uint64_t block = 0; 64 * block < words; block++) {
		uint64_t addr = range->addr + 512 * block;

		if (!bytes && is_missing(map, addr) &&
		    is_missing(map, addr + 511 < range->addr + range->len ?
					    addr + 511 :
					    range->addr + range->len - 1)) {
			// Both ends of a block lie in pages that are not there.
			uint64_t skip = PAGE_BYTES - addr % PAGE_BYTES;

			if (skip >= 1024)
				block += skip / 512 - 1;
			continue;
		}
		if (!walk_block(&w, range->addr, 512 * block,
				bytes ? bytes + 512 * block : NULL,
				range->len - 512 * block,
				range_mask(range, block)))
			return false;
	}
	return true;
}

bool iq_heap_walk_range(const struct iq_heap_map *map,
			const struct iq_heap_range *range, iq_heap_visit *visit,
			void *ctx)
{
	uint64_t have = 0;
	const uint8_t *bytes = range->len / 8 ?
				       map->memory.window(map->memory.ctx,
							  range->addr, &have) :
				       NULL;

	// Looked for once where it is in one piece, as most are.
	return iq_heap_walk_bytes(map, range, have < range->len ? NULL : bytes,
				  visit, ctx);
}

bool iq_heap_is_missing(const struct iq_heap_map *map, uint64_t addr,
			uint64_t len, uint64_t *ret)
{
	uint64_t have;

	for (uint64_t at = 0; at < len; at += have) {
		if (map->memory.window(map->memory.ctx, addr + at, &have) &&
		    have)
			continue;
		*ret = addr + at;
		return true;
	}
	return false;
}

uint32_t iq_heap_slot_of_wait(const struct iq_heap_map *map,
			      const struct iq_wait *wait)
{
	// The word it sleeps on, where the object's start is inferred.
	uint64_t addr = wait->has_sema ? wait->sema_addr : wait->address;

	return wait->has_address ? iq_heap_map_slot(map, addr) : IQ_HEAP_NONE;
}

uint64_t iq_heap_slot_addr(const struct iq_heap_map *map, uint32_t slot)
{
	const struct iq_heap_span *span =
		&map->spans.data[iq_heap_map_span_of_slot(map, slot)];

	return span->addr + (slot - span->first) * span->elem_size;
}

uint64_t iq_heap_slot_size(const struct iq_heap_map *map, uint32_t slot)
{
	return map->spans.data[iq_heap_map_span_of_slot(map, slot)].elem_size;
}

uint64_t iq_heap_object_addr(const struct iq_heap_map *map, uint32_t slot)
{
	const struct iq_heap_span *span =
		&map->spans.data[iq_heap_map_span_of_slot(map, slot)];

	return iq_heap_span_object(span, slot - span->first);
}
