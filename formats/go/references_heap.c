/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/references_heap.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "formats/go/heap.h"

/* Words of an object that are looked at, from its start. */
#define OBJECT_WORDS 64
/* Small values without pointers share a slot: who is at the next one means
 * another. Go: src/runtime/malloc.go, maxTinySize. */
#define TINY_SIZE 16

static const uint8_t *window(const void *ctx, uint64_t addr, uint64_t *len_ret)
{
	return iq_memory_window(ctx, addr, len_ret);
}

/* Who refers to what is not proven by what is not there. */
static bool faulted(const void *ctx iq_unused)
{
	return false;
}

static void mark(struct iq_go_holders *h, uint64_t slot)
{
	__atomic_fetch_or(&h->bits[slot / 64], 1ull << slot % 64,
			  __ATOMIC_RELAXED);
}

static uint64_t word_at(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return le64toh(word);
}

/* Objects that are looked into as a whole follow each other. */
static void mark_small(struct iq_go_holders *h, const struct iq_heap_span *span)
{
	uint64_t len = span->elem_size * span->num_slots;

	for (uint64_t at = 0; at < len; at += 8) {
		uint64_t word = word_at(span->bytes + at);
		uint64_t slot;

		if (!iq_go_word_set_may(h->words, word) ||
		    !iq_go_word_set_find(h->words, word))
			continue;
		slot = iq_heap_divide(span, at);
		if (iq_heap_allocated(span, slot))
			mark(h, span->first + slot);
	}
}

static void mark_slot(struct iq_go_holders *h, const struct iq_heap_span *span,
		      uint32_t slot)
{
	uint64_t addr = span->addr + span->elem_size * slot;
	uint64_t num = span->elem_size / 8;
	uint64_t have;
	const uint8_t *p =
		span->bytes ?
			span->bytes + span->elem_size * slot :
			h->map->memory.window(h->map->memory.ctx, addr, &have);

	if (!p || !iq_heap_allocated(span, slot))
		return;
	if (num > OBJECT_WORDS)
		num = OBJECT_WORDS;
	if (!span->bytes && num > have / 8)
		num = have / 8;
	for (uint64_t i = 0; i < num; i++) {
		if (iq_go_word_set_find(h->words, word_at(p + 8 * i))) {
			mark(h, span->first + slot);
			return;
		}
	}
}

static struct iq_error *mark_range(void *ctx, unsigned worker iq_unused,
				   size_t begin, size_t end)
{
	struct iq_go_holders *h = ctx;

	for (size_t i = begin; i < end; i++) {
		const struct iq_heap_span *span = &h->map->spans.data[i];

		if (span->noscan)
			continue;
		if (span->bytes && span->elem_size <= 8 * OBJECT_WORDS) {
			mark_small(h, span);
			continue;
		}
		for (uint32_t k = 0; k < span->num_slots; k++)
			mark_slot(h, span, k);
	}
	return NULL;
}

static void mark_parts(struct iq_go_holders *h)
{
	for (size_t i = 0; i < h->num_parts; i++) {
		uint32_t slot = iq_heap_map_slot(h->map, h->parts[i].addr);

		if (slot != IQ_HEAP_NONE)
			mark(h, slot);
	}
}

static struct iq_error *map_load(const struct iq_go_runtime *rt,
				 struct iq_heap_map **ret)
{
	const struct iq_go_heap *heap =
		(const struct iq_go_heap *)rt->facts->heap;
	const struct iq_heap_memory memory = {
		.ctx = rt->memory,
		.window = window,
		.faulted = faulted,
	};
	struct iq_error *err;

	if (!heap || !heap->mheap_addr)
		return NULL;
	err = iq_heap_map_create(&memory, ret);
	if (!err)
		err = iq_go_heap_spans(heap, *ret);
	return err ? err : iq_heap_map_index(*ret);
}

struct iq_error *iq_go_holders_init(struct iq_go_holders *holders,
				    const struct iq_go_runtime *rt,
				    const struct iq_go_word_set *words,
				    const struct iq_go_part *parts,
				    size_t num_parts)
{
	struct iq_error *err;

	*holders = (struct iq_go_holders){
		.words = words,
		.parts = parts,
		.num_parts = num_parts,
	};
	err = map_load(rt, &holders->map);
	if (err || !holders->map)
		return err;
	holders->bits = calloc(holders->map->num_slots / 64 + 1,
			       sizeof(*holders->bits));
	if (!holders->bits)
		return &iq_enomem;
	mark_parts(holders);
	return iq_pool_run(rt->pool, holders->map->spans.len, 32, mark_range,
			   holders);
}

void iq_go_holders_deinit(struct iq_go_holders *holders)
{
	iq_heap_map_destroy(holders->map);
	free(holders->bits);
	holders->map = NULL;
	holders->bits = NULL;
}

/* The first part at @addr or behind. */
static size_t part_search(const struct iq_go_holders *h, uint64_t addr)
{
	size_t lo = 0, hi = h->num_parts;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (h->parts[mid].addr < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool is_part(const struct iq_go_holders *h, uint64_t addr)
{
	size_t i = part_search(h, addr);

	return i < h->num_parts && h->parts[i].addr == addr;
}

/* The object of the heap that @word points into: its span and its place. */
static const struct iq_heap_span *object_of(const struct iq_go_holders *h,
					    uint64_t word, uint64_t *slot_ret,
					    uint64_t *begin_ret)
{
	const struct iq_heap_span *span;
	uint32_t i;

	if (!h->map)
		return NULL;
	i = iq_heap_map_span(h->map, word);
	if (i == IQ_HEAP_NONE)
		return NULL;
	span = &h->map->spans.data[i];
	*slot_ret = iq_heap_divide(span, word - span->addr);
	*begin_ret = span->addr + *slot_ret * span->elem_size;
	return iq_heap_allocated(span, *slot_ret) ? span : NULL;
}

static unsigned held_add(struct iq_go_held *ret, unsigned num, uint64_t object,
			 unsigned kinds)
{
	for (unsigned i = 0; i < num; i++) {
		if (ret[i].object == object) {
			ret[i].kinds |= kinds;
			return num;
		}
	}
	if (num < IQ_GO_HOLDS_MAX)
		ret[num++] = (struct iq_go_held){ object, kinds };
	return num;
}

/*
 * What is a part of the object [word, end). A pointer into an object, and not to
 * its start, is one to a part of it, and nothing says how long that is: the next
 * mutex may be that of an array's next element.
 */
static unsigned parts_find(const struct iq_go_holders *h,
			   const struct iq_heap_span *span, uint64_t begin,
			   uint64_t word, struct iq_go_held *ret)
{
	uint64_t end = begin + span->elem_size;
	unsigned num = 0;

	if (word != begin || (span->noscan && span->elem_size <= TINY_SIZE))
		return 0;
	for (size_t i = part_search(h, word);
	     i < h->num_parts && h->parts[i].addr < end; i++) {
		// What @word itself is, is more than a part.
		if (h->parts[i].object < word || h->parts[i].addr == word ||
		    h->parts[i].object == word)
			continue;
		num = held_add(ret, num, h->parts[i].object, h->parts[i].kinds);
		if (num == IQ_GO_HOLDS_MAX)
			break;
	}
	return num;
}

/* What the object's words from @word on refer to. */
static unsigned words_find(const struct iq_go_holders *h,
			   const struct iq_heap_span *span, uint64_t begin,
			   uint64_t word, struct iq_go_held *ret, unsigned num)
{
	uint64_t end = begin + span->elem_size;
	uint64_t at = (word + 7) & ~7ull;
	uint64_t have = end - at;
	const uint8_t *p;

	if (span->noscan || at >= end)
		return num;
	p = span->bytes ? span->bytes + (at - span->addr) :
			  h->map->memory.window(h->map->memory.ctx, at, &have);
	if (!p)
		return num;
	if (end - begin > 8 * OBJECT_WORDS)
		end = begin + 8 * OBJECT_WORDS;
	for (; at < end && have >= 8; at += 8, p += 8, have -= 8) {
		const struct iq_go_word *found =
			iq_go_word_set_find(h->words, word_at(p));

		if (found && found->object != word)
			num = held_add(ret, num, found->object, found->kinds);
	}
	return num;
}

unsigned iq_go_holders_find(const struct iq_go_holders *h, uint64_t word,
			    uint64_t *via_ret,
			    struct iq_go_held ret[IQ_GO_HOLDS_MAX])
{
	uint64_t slot, begin;
	const struct iq_heap_span *span = object_of(h, word, &slot, &begin);
	const struct iq_go_word *direct;
	unsigned num;

	if (!span)
		return 0;
	slot += span->first;
	if (!(h->bits[slot / 64] >> slot % 64 & 1))
		return 0;
	// A pointer to what is waited for itself leads nowhere else, unless it
	// begins a struct that has more: a channel is an object of its own.
	direct = iq_go_word_set_find(h->words, word);
	if (direct && (word != begin || !is_part(h, word)))
		return 0;
	*via_ret = begin;
	num = parts_find(h, span, begin, word, ret);
	return words_find(h, span, begin, word, ret, num);
}

uint64_t iq_go_holders_size(const struct iq_go_holders *h, uint64_t word)
{
	uint64_t slot, begin;
	const struct iq_heap_span *span = object_of(h, word, &slot, &begin);

	return span ? begin + span->elem_size - word : 0;
}

bool iq_go_holders_more(const struct iq_go_holders *h, uint64_t word,
			uint64_t size)
{
	uint64_t slot, begin;
	const struct iq_heap_span *span = object_of(h, word, &slot, &begin);

	if (!span || word != begin)
		return false;
	// Without pointers it may share its slot.
	if (span->noscan && size < TINY_SIZE)
		size = TINY_SIZE;
	return span->elem_size > size;
}
