/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap.h"

#include <inttypes.h>

#include "base/limits.h"
#include "formats/go/heap_masks.h"

/* Go: src/runtime/mheap.go, mSpanInUse; what is manual is stacks and the
 * runtime's own. */
#define SPAN_IN_USE 1
/* Go: src/runtime/mheap.go, spanClass: the size class, and whether objects
 * have no pointers in the lowest bit. */
#define SPANCLASS_NOSCAN 1

/* The bits of a span, if all of them are there. */
static const uint8_t *alloc_bits(const struct iq_go_heap *heap,
				 const struct iq_go_record *r, uint64_t num)
{
	uint64_t addr =
		iq_go_record_uint(r, heap->rt->layout->mspan_alloc_bits);
	uint64_t have;
	const uint8_t *bits = iq_memory_window(heap->rt->memory, addr, &have);

	return bits && have >= (num + 7) / 8 ? bits : NULL;
}

/*
 * The slots of a span. Allocated is what is below freeindex or has its bit: also
 * what a thread is just about to fill, and, before it is swept, what the last
 * collection found dead.
 */
static bool span_of(const struct iq_go_heap *heap, const struct iq_go_record *r,
		    struct iq_heap_span *ret)
{
	const struct iq_go_layout *l = heap->rt->layout;
	uint64_t num = iq_go_record_uint(r, l->mspan_nelems);
	uint64_t pages = iq_go_record_uint(r, l->mspan_npages);
	uint64_t free_index = iq_go_record_uint(r, l->mspan_freeindex);

	*ret = (struct iq_heap_span){
		.addr = iq_go_record_uint(r, l->mspan_start_addr),
		.elem_size = iq_go_record_uint(r, l->mspan_elemsize),
		.noscan = iq_go_record_uint(r, l->mspan_spanclass) &
			  SPANCLASS_NOSCAN,
	};
	if (!ret->elem_size || !num || num > IQ_LIMIT_HEAP_SLOTS ||
	    pages >= 1ull << (64 - IQ_HEAP_PAGE_SHIFT) ||
	    num > (pages << IQ_HEAP_PAGE_SHIFT) / ret->elem_size)
		return false;
	ret->num_slots = (uint32_t)num;
	ret->free_index = (uint32_t)(free_index < num ? free_index : num);
	ret->alloc_bits = alloc_bits(heap, r, num);
	return true;
}

static struct iq_error *span_read(struct iq_go_specials *specials,
				  uint64_t addr)
{
	const struct iq_go_heap *heap = specials->heap;
	const struct iq_go_layout *l = heap->rt->layout;
	struct iq_heap_map *map = specials->map;
	struct iq_heap_span span;
	struct iq_go_record r;

	if (!iq_go_record_read(heap->rt->memory, addr, l->mspan_size, &r)) {
		iq_heap_map_lacks(map,
				  "a span of the heap at 0x%" PRIx64
				  " is not in the core",
				  addr);
		return NULL;
	}
	if (iq_go_record_uint(&r, l->mspan_state) != SPAN_IN_USE)
		return NULL;
	if (!span_of(heap, &r, &span)) {
		iq_heap_map_lacks(map,
				  "the span of the heap at 0x%" PRIx64
				  " contradicts itself",
				  addr);
		return NULL;
	}
	// What is not there cannot be looked through, nor its slots counted
	// on: a file of a few bytes could claim any number of them.
	if (iq_memory_state(heap->rt->memory, span.addr) != IQ_MEMORY_PRESENT) {
		if (!span.noscan)
			iq_heap_map_lacks(map,
					  "objects at 0x%" PRIx64
					  " are not in the core",
					  span.addr);
		return NULL;
	}
	iq_go_heap_masks_span(map, &r, &span);
	if (!iq_vec_push(&map->spans, span))
		return &iq_enomem;
	return iq_go_heap_specials(specials, &r);
}

/* The spans of one piece of the array, as the core has it. */
static struct iq_error *spans_piece(struct iq_go_specials *specials,
				    uint64_t addr, uint64_t num)
{
	struct iq_error *err = NULL;

	for (uint64_t i = 0; i < num && !err; i++) {
		uint64_t span;

		if (iq_memory_u64(specials->heap->rt->memory, addr + 8 * i,
				  &span))
			err = span_read(specials, span);
	}
	return err;
}

struct iq_error *iq_go_heap_spans(const struct iq_go_heap *heap,
				  struct iq_heap_map *map)
{
	struct iq_go_specials specials = {
		.heap = heap,
		.map = map,
		.budget = IQ_LIMIT_SPECIALS,
	};
	uint64_t at =
		heap->mheap_addr + heap->rt->layout->mheap_allspans.offset;
	uint64_t array, len;

	if (!iq_go_slice_read(heap->rt->memory, at, &array, &len)) {
		iq_heap_map_lacks(map,
				  "the list of the heap's spans is damaged");
		return NULL;
	}
	for (uint64_t i = 0, n; i < len; i += n) {
		uint64_t have = 0;
		struct iq_error *err;

		if (!iq_memory_window(heap->rt->memory, array + 8 * i, &have) ||
		    have < 8) {
			iq_heap_map_lacks(
				map, "the list of the heap's spans is cut off");
			return NULL;
		}
		n = have / 8 < len - i ? have / 8 : len - i;
		err = spans_piece(&specials, array + 8 * i, n);
		if (err)
			return err;
	}
	return NULL;
}
