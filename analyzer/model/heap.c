/* SPDX-License-Identifier: Apache-2.0 */
#include "model/heap.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

#define PAGE_SIZE (1ull << IQ_HEAP_PAGE_SHIFT)
/* User space of 64-bit machines ends below, but for those that ask for more. */
#define ADDR_MAX (1ull << 48)
/* Up to so many spans a chunk is searched: an index of pages is worth its
 * memory only where many spans are. */
#define CHUNK_SPANS_SEARCHED 8

struct iq_error *iq_heap_map_create(const struct iq_heap_memory *memory,
				    struct iq_heap_map **ret)
{
	struct iq_heap_map *map = calloc(1, sizeof(*map));

	if (!map)
		return &iq_enomem;
	map->memory = *memory;
	*ret = map;
	return NULL;
}

void iq_heap_map_destroy(struct iq_heap_map *map)
{
	if (!map)
		return;
	if (map->pointers.destroy)
		map->pointers.destroy(map->pointers.ctx);
	for (size_t i = 0; i < map->num_chunks; i++)
		free(map->chunks[i].pages);
	free(map->chunks);
	free(map->held);
	free(map->opaque);
	iq_vec_deinit(&map->spans);
	iq_vec_deinit(&map->roots);
	iq_vec_deinit(&map->root_words);
	iq_vec_deinit(&map->stack_masks);
	iq_vec_deinit(&map->apart);
	iq_arena_deinit(&map->arena);
	free(map);
}

uint64_t iq_heap_map_memory(const struct iq_heap_map *map)
{
	const struct iq_heap_pointers *p = &map->pointers;
	uint64_t sum = sizeof(*map) +
		       map->spans.cap * sizeof(*map->spans.data) +
		       map->roots.cap * sizeof(*map->roots.data) +
		       map->root_words.cap * sizeof(*map->root_words.data) +
		       iq_heap_map_holders_memory(map) +
		       (map->num_slots / 64 + 1) * sizeof(*map->opaque) +
		       map->num_chunks * sizeof(*map->chunks) +
		       (p->memory ? p->memory(p->ctx) : 0);

	for (size_t i = 0; i < map->num_chunks; i++)
		sum += map->chunks[i].pages ?
			       IQ_HEAP_CHUNK_PAGES * sizeof(uint32_t) :
			       0;
	return sum;
}

void iq_heap_map_lacks(struct iq_heap_map *map, const char *fmt, ...)
{
	va_list ap;

	if (map->incomplete[0])
		return;
	va_start(ap, fmt);
	vsnprintf(map->incomplete, sizeof(map->incomplete), fmt, ap);
	va_end(ap);
}

static uint64_t span_len(const struct iq_heap_span *span)
{
	return span->elem_size * span->num_slots;
}

static uint64_t span_end(const struct iq_heap_span *span)
{
	return span->addr + span_len(span);
}

static bool is_possible(const struct iq_heap_span *span)
{
	return span->num_slots && span->elem_size >= 8 &&
	       span->elem_size % 8 == 0 && span->addr % PAGE_SIZE == 0 &&
	       span->addr > 0 && span->addr < ADDR_MAX &&
	       span->elem_size <= (ADDR_MAX - span->addr) / span->num_slots;
}

static int compare_spans(const void *a, const void *b)
{
	const struct iq_heap_span *x = a;
	const struct iq_heap_span *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return x->elem_size < y->elem_size ? -1 : x->elem_size > y->elem_size;
}

/* Keeps the spans that can be; their slots get numbers. */
static void number_spans(struct iq_heap_map *map)
{
	struct iq_heap_span *spans = map->spans.data;
	size_t n = 0;

	for (size_t i = 0; i < map->spans.len; i++) {
		struct iq_heap_span span = spans[i];

		if (!is_possible(&span) ||
		    (n && span_end(&spans[n - 1]) > span.addr)) {
			iq_heap_map_lacks(map,
					  "the heap's span at 0x%" PRIx64
					  " contradicts others or itself",
					  span.addr);
			continue;
		}
		if (span.num_slots > IQ_LIMIT_HEAP_SLOTS - map->num_slots) {
			iq_heap_map_lacks(map,
					  "the heap has more than %u objects",
					  IQ_LIMIT_HEAP_SLOTS);
			break;
		}
		span.first = map->num_slots;
		span.magic = span.elem_size > UINT32_MAX ?
				     1 :
				     UINT32_MAX / (uint32_t)span.elem_size + 1;
		map->num_slots += span.num_slots;
		spans[n++] = span;
	}
	map->spans.len = n;
}

static void find_bytes(struct iq_heap_map *map)
{
	for (size_t i = 0; i < map->spans.len; i++) {
		struct iq_heap_span *span = &map->spans.data[i];
		uint64_t have = 0;
		const uint8_t *bytes =
			map->memory.window(map->memory.ctx, span->addr, &have);

		span->bytes = bytes && have >= span_len(span) ? bytes : NULL;
	}
}

/* Enters the spans from @first on into the pages of chunk @index. */
static bool index_pages(struct iq_heap_map *map, size_t index, uint32_t first)
{
	uint64_t begin = map->low + ((uint64_t)index << IQ_HEAP_CHUNK_SHIFT);
	uint64_t end = begin + (1ull << IQ_HEAP_CHUNK_SHIFT);
	uint32_t *pages = calloc(IQ_HEAP_CHUNK_PAGES, sizeof(*pages));

	if (!pages)
		return false;
	map->chunks[index].pages = pages;
	for (size_t i = first; i < map->spans.len; i++) {
		const struct iq_heap_span *span = &map->spans.data[i];
		uint64_t from = span->addr > begin ? span->addr : begin;
		uint64_t to = span_end(span) < end ? span_end(span) : end;

		if (span->addr >= end)
			break;
		for (uint64_t at = from; at < to; at += PAGE_SIZE)
			pages[(at - begin) >> IQ_HEAP_PAGE_SHIFT] =
				(uint32_t)i + 1;
	}
	return true;
}

static bool index_chunks(struct iq_heap_map *map)
{
	const struct iq_heap_span *spans = map->spans.data;
	size_t n = map->spans.len;
	uint64_t high;
	size_t at = 0;

	if (!n)
		return true;
	map->low = spans[0].addr >> IQ_HEAP_CHUNK_SHIFT << IQ_HEAP_CHUNK_SHIFT;
	high = span_end(&spans[n - 1]);
	map->size = high - map->low;
	map->num_chunks = (size_t)((map->size - 1) >> IQ_HEAP_CHUNK_SHIFT) + 1;
	map->chunks = calloc(map->num_chunks, sizeof(*map->chunks));
	if (!map->chunks) {
		map->num_chunks = 0;
		return false;
	}
	for (size_t i = 0; i < map->num_chunks; i++) {
		uint64_t begin =
			map->low + ((uint64_t)i << IQ_HEAP_CHUNK_SHIFT);
		uint64_t end = begin + (1ull << IQ_HEAP_CHUNK_SHIFT);
		size_t last;

		while (at < n && span_end(&spans[at]) <= begin)
			at++;
		map->chunks[i].first = (uint32_t)at;
		for (last = at; last < n && spans[last].addr < end &&
				last - at <= CHUNK_SPANS_SEARCHED;)
			last++;
		if (last - at > CHUNK_SPANS_SEARCHED &&
		    !index_pages(map, i, (uint32_t)at))
			return false;
	}
	return true;
}

static void disguise_check(struct iq_heap_map *map)
{
	struct iq_heap_disguise *d = &map->disguise;

	// A key that is not in the object would be read from the next one.
	if (d->elem_size / 8 <= d->key)
		d->elem_size = 0;
}

struct iq_error *iq_heap_map_index(struct iq_heap_map *map)
{
	if (map->spans.len)
		qsort(map->spans.data, map->spans.len, sizeof(*map->spans.data),
		      compare_spans);
	number_spans(map);
	find_bytes(map);
	disguise_check(map);
	map->opaque = calloc(map->num_slots / 64 + 1, sizeof(*map->opaque));
	if (!map->opaque || !index_chunks(map))
		return &iq_enomem;
	return NULL;
}

uint32_t iq_heap_map_search(const struct iq_heap_map *map, uint32_t first,
			    uint64_t addr)
{
	for (size_t i = first; i < map->spans.len; i++) {
		const struct iq_heap_span *span = &map->spans.data[i];

		if (addr < span->addr)
			return IQ_HEAP_NONE;
		if (addr < span_end(span))
			return (uint32_t)i;
	}
	return IQ_HEAP_NONE;
}

uint32_t iq_heap_map_slot(const struct iq_heap_map *map, uint64_t addr)
{
	uint32_t i = iq_heap_map_span(map, addr);
	const struct iq_heap_span *span;
	uint64_t slot;

	if (i == IQ_HEAP_NONE)
		return IQ_HEAP_NONE;
	span = &map->spans.data[i];
	slot = iq_heap_divide(span, addr - span->addr);
	return iq_heap_allocated(span, slot) ? span->first + (uint32_t)slot :
					       IQ_HEAP_NONE;
}

uint32_t iq_heap_map_span_of_slot(const struct iq_heap_map *map, uint32_t slot)
{
	size_t lo = 0;
	size_t hi = map->spans.len;

	if (slot >= map->num_slots)
		return IQ_HEAP_NONE;
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (map->spans.data[mid].first <= slot)
			lo = mid;
		else
			hi = mid;
	}
	return (uint32_t)lo;
}

void iq_heap_map_hide(struct iq_heap_map *map, uint64_t addr)
{
	uint32_t slot = iq_heap_map_slot(map, addr);

	if (slot != IQ_HEAP_NONE)
		map->opaque[slot / 64] |= 1ull << slot % 64;
}
