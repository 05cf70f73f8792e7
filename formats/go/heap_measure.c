/* SPDX-License-Identifier: Apache-2.0 */
/* How much of the heap is there: by its spans' records, not by its objects. */
#include "formats/elf/core_coverage.h"
#include "formats/go/coverage.h"
#include "formats/go/heap.h"

/* Go: src/runtime/mheap.go, mSpanInUse; spanClass: noscan in the lowest bit. */
#define SPAN_IN_USE 1
#define SPANCLASS_NOSCAN 1
/* Go: src/runtime/malloc.go, pageSize; no address has more than 48 bits. */
#define PAGE_SIZE 8192
#define PAGES_MAX (1ull << 35)

static void part_add(struct iq_coverage_part *part, uint64_t total,
		     uint64_t present)
{
	if (!__builtin_add_overflow(part->total, total, &part->total))
		part->present += present;
}

static void span_measure(const struct iq_go_heap *heap, uint64_t addr,
			 struct iq_coverage_heap *ret)
{
	const struct iq_go_layout *l = heap->rt->layout;
	struct iq_go_record r;
	uint64_t start, pages, present;

	if (!iq_go_record_read(heap->rt->memory, addr, l->mspan_size, &r))
		return;
	ret->spans.present++;
	if (iq_go_record_uint(&r, l->mspan_state) != SPAN_IN_USE)
		return;
	start = iq_go_record_uint(&r, l->mspan_start_addr);
	pages = iq_go_record_uint(&r, l->mspan_npages);
	if (!pages || pages >= PAGES_MAX)
		return;
	present = iq_memory_present(heap->rt->memory, start, pages * PAGE_SIZE);
	part_add(&ret->memory, pages * PAGE_SIZE, present);
	if (iq_go_record_uint(&r, l->mspan_spanclass) & SPANCLASS_NOSCAN)
		part_add(&ret->noscan, pages * PAGE_SIZE, present);
}

bool iq_go_heap_measure(const struct iq_heap *base,
			struct iq_coverage_heap *ret)
{
	const struct iq_go_heap *heap = (const struct iq_go_heap *)base;
	const struct iq_memory *memory = heap->rt->memory;
	struct iq_coverage_heap sum = { 0 };
	uint64_t array, len, at, have;

	if (!heap->mheap_addr)
		return false;
	at = heap->mheap_addr + heap->rt->layout->mheap_allspans.offset;
	if (!iq_go_slice_read(memory, at, &array, &len) || len > UINT64_MAX / 8)
		return false;
	sum.spans.total = len;
	for (uint64_t i = 0, n; i < len; i += n) {
		// The rest of the list is not there.
		if (!iq_memory_window(memory, array + 8 * i, &have) || have < 8)
			break;
		n = have / 8 < len - i ? have / 8 : len - i;
		for (uint64_t k = i; k < i + n; k++) {
			uint64_t span;

			if (iq_memory_u64(memory, array + 8 * k, &span))
				span_measure(heap, span, &sum);
		}
	}
	*ret = sum;
	return true;
}
