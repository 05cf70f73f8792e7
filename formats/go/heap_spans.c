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

#define SPANCLASS_SIZE_SHIFT 1
/* Of spans that have one object each. */
#define SIZE_CLASS_LARGE 0
#define HEADER_BYTES 8
/* Go: src/internal/runtime/gc/sizeclasses.go. */
#define SMALLEST_OBJECT 8
/* Files that one process's memory may come from: the core and those of modules. */
#define SOURCES_MAX 64

/* Objects begin behind a header: those with pointers whose bits are not in the
 * span. Go: src/runtime/malloc.go, mallocgcSmallScanHeader; 1.22 and newer. */
static bool has_headers(const struct iq_go_heap *heap,
			const struct iq_go_record *r,
			const struct iq_heap_span *span)
{
	const struct iq_go_layout *l = heap->rt->layout;
	int64_t bits_max =
		heap->rt->version->constants->min_size_for_malloc_header;

	return iq_go_has(l->mspan_large_type) && bits_max > 0 &&
	       !span->noscan && span->elem_size > (uint64_t)bits_max &&
	       iq_go_record_uint(r, l->mspan_spanclass) >>
			       SPANCLASS_SIZE_SHIFT !=
		       SIZE_CLASS_LARGE;
}

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
	ret->lead = has_headers(heap, r, ret) ? HEADER_BYTES : 0;
	return true;
}

struct slots {
	struct iq_go_specials specials;
	/* How many more there can be. */
	uint64_t budget;
};

/*
 * As many objects of the smallest size as the files have bytes for: of addresses
 * alone, which may all stand for the same bytes, a small file can claim any
 * number.
 */
static uint64_t max_slots(const struct iq_memory *memory)
{
	const struct iq_source *seen[SOURCES_MAX];
	uint64_t bytes = 0;
	size_t num, num_seen = 0;
	const struct iq_memory_range *ranges = iq_memory_ranges(memory, &num);

	for (size_t i = 0; i < num; i++) {
		size_t k = 0;

		while (k < num_seen && seen[k] != ranges[i].source)
			k++;
		if (ranges[i].state != IQ_MEMORY_PRESENT || k < num_seen)
			continue;
		if (num_seen == SOURCES_MAX)
			break;
		seen[num_seen++] = ranges[i].source;
		bytes += ranges[i].source->size;
	}
	return bytes / SMALLEST_OBJECT;
}

static struct iq_error *span_read(struct slots *slots, uint64_t addr)
{
	const struct iq_go_heap *heap = slots->specials.heap;
	const struct iq_go_layout *l = heap->rt->layout;
	struct iq_heap_map *map = slots->specials.map;
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
	// No object is without bytes of its own.
	if (span.num_slots > slots->budget) {
		iq_heap_map_lacks(map, "the spans of the heap claim more "
				       "objects than the core has room for");
		return NULL;
	}
	slots->budget -= span.num_slots;
	iq_go_heap_masks_span(map, &r, &span);
	if (!iq_vec_push(&map->spans, span))
		return &iq_enomem;
	return iq_go_heap_specials(&slots->specials, &r);
}

/* The spans of one piece of the array, as the core has it. */
static struct iq_error *spans_piece(struct slots *slots, uint64_t addr,
				    uint64_t num)
{
	struct iq_error *err = NULL;

	for (uint64_t i = 0; i < num && !err; i++) {
		uint64_t span;

		if (iq_memory_u64(slots->specials.heap->rt->memory,
				  addr + 8 * i, &span))
			err = span_read(slots, span);
	}
	return err;
}

struct iq_error *iq_go_heap_spans(const struct iq_go_heap *heap,
				  struct iq_heap_map *map)
{
	struct slots slots = {
		.specials = { .heap = heap,
			      .map = map,
			      .budget = IQ_LIMIT_SPECIALS },
		.budget = max_slots(heap->rt->memory),
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
		err = spans_piece(&slots, array + 8 * i, n);
		if (err)
			return err;
	}
	return NULL;
}
