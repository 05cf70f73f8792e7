/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/go/coverage.h"
#include "formats/go/heap_masks.h"
#include "formats/go/heap_types.h"

/* Of the text that says why there is no heap. */
#define NOT_FOUND_SIZE 160

static const uint8_t *window(const void *ctx, uint64_t addr, uint64_t *len_ret)
{
	return iq_memory_window(ctx, addr, len_ret);
}

static bool faulted(const void *ctx)
{
	size_t num;
	const struct iq_memory_range *ranges = iq_memory_ranges(ctx, &num);

	for (size_t i = 0; i < num; i++) {
		if (iq_memory_faulted(ctx, ranges[i].addr, ranges[i].len))
			return true;
	}
	return false;
}

/*
 * Sudogs refer to what goroutines wait for, which must keep nothing alive. Their
 * type is not known; but they are of one size class, and their g is opaque.
 */
static void disguise_sudogs(const struct iq_go_layout *l,
			    struct iq_heap_map *map)
{
	const struct iq_go_field hidden[] = { l->sudog_elem, l->sudog_elem_vp,
					      l->sudog_c, l->sudog_c_vp };
	struct iq_heap_disguise *d = &map->disguise;

	for (size_t i = 0; i < map->spans.len; i++) {
		const struct iq_heap_span *span = &map->spans.data[i];

		if (!span->noscan && span->elem_size >= l->sudog_size &&
		    (!d->elem_size || span->elem_size < d->elem_size))
			d->elem_size = span->elem_size;
	}
	d->key = l->sudog_g.offset / 8;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(hidden); i++) {
		if (iq_go_has(hidden[i]) && hidden[i].offset / 8 < 64)
			d->hidden |= 1ull << hidden[i].offset / 8;
	}
}

/* What was looked for, and how much is not there of where it may be. */
static void say_not_found(const struct iq_go_runtime *rt,
			  char ret[NOT_FOUND_SIZE])
{
	uint64_t bytes = 0, first = 0;
	size_t num;
	const struct iq_memory_range *ranges =
		iq_memory_ranges(rt->memory, &num);
	int len = snprintf(ret, NOT_FOUND_SIZE,
			   "the runtime's heap was not found (looked for: "
			   "mheap_.allspans and its spans");

	for (size_t i = 0; i < num; i++) {
		if (ranges[i].state == IQ_MEMORY_PRESENT ||
		    !(ranges[i].prot & IQ_MEMORY_WRITE))
			continue;
		if (!bytes)
			first = ranges[i].addr;
		bytes += ranges[i].len;
	}
	if (bytes)
		snprintf(ret + len, NOT_FOUND_SIZE - (size_t)len,
			 "; %" PRIu64 " bytes from 0x%" PRIx64
			 " on are not in the core)",
			 bytes, first);
	else
		snprintf(ret + len, NOT_FOUND_SIZE - (size_t)len, ")");
}

static struct iq_error *fill(const struct iq_go_heap *heap,
			     struct iq_heap_map *map)
{
	char why[NOT_FOUND_SIZE];
	struct iq_error *err;

	if (!heap->mheap_addr) {
		say_not_found(heap->rt, why);
		iq_heap_map_lacks(map, "%s", why);
		return iq_heap_map_index(map);
	}
	err = iq_go_heap_masks_open(heap, map);
	if (!err)
		err = iq_go_heap_spans(heap, map);
	if (err)
		return err;
	disguise_sudogs(heap->rt->layout, map);
	err = iq_heap_map_index(map);
	if (!err)
		err = iq_go_heap_masks_close(map);
	if (err)
		return err;
	iq_go_heap_check(heap, map);
	err = iq_go_heap_goroutines(heap, map);
	if (!err)
		err = iq_go_heap_processors(heap, map);
	if (!err)
		err = iq_go_heap_threads(heap, map);
	if (!err)
		err = iq_go_heap_roots(heap, map);
	if (!err)
		err = iq_go_heap_queues(heap, map);
	return err ? err : iq_go_heap_foreign(heap, map);
}

static struct iq_error *load(const struct iq_heap *base,
			     struct iq_heap_map **ret)
{
	const struct iq_go_heap *heap = (const struct iq_go_heap *)base;
	struct iq_heap_memory memory = {
		.ctx = heap->rt->memory,
		.window = window,
		.faulted = faulted,
	};
	struct iq_heap_map *map = NULL;
	struct iq_error *err = iq_heap_map_create(&memory, &map);

	if (!err)
		err = fill(heap, map);
	if (err) {
		iq_heap_map_destroy(map);
		return err;
	}
	*ret = map;
	return NULL;
}

struct iq_error *iq_go_heap_open(const struct iq_go_runtime *rt,
				 const struct iq_heap **ret)
{
	struct iq_go_heap *heap =
		iq_arena_calloc(&rt->facts->arena, 1, sizeof(*heap));
	char why[NOT_FOUND_SIZE];

	if (!heap)
		return &iq_enomem;
	heap->heap.load = load;
	heap->heap.types = iq_go_heap_types;
	heap->heap.measure = iq_go_heap_measure;
	heap->heap.totals = iq_go_heap_totals;
	heap->heap.frame_of = iq_go_heap_frame_of;
	heap->heap.put_section = iq_go_heap_put_section;
	heap->heap.users = iq_go_heap_users;
	heap->rt = rt;
	heap->mheap_addr = iq_go_heap_find(rt);
	*ret = &heap->heap;
	if (heap->mheap_addr) {
		rt->facts->witness.tells |= IQ_TELLS_HEAP;
		return NULL;
	}
	say_not_found(rt, why);
	iq_facts_gap(rt->facts, IQ_GAP_MISSING,
		     "%s: who can reach what is waited for stays unknown", why);
	return NULL;
}
