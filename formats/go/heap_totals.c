/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/limits.h"
#include "formats/go/find_scan.h"
#include "formats/go/heap.h"

/*
 * What the process itself counted of its heap. It keeps three tables that are
 * added up, and each processor owes them what it took from the spans in its
 * cache. Go: src/runtime/mstats.go, consistentHeapStats.unsafeRead,
 * readmemstats_m; mcache.go, releaseAll; 1.18 - 1.27.
 */
#define TABLES 3

/* Go: src/runtime/mheap.go, mSpanInUse. */
#define SPAN_IN_USE 1

struct totals {
	const struct iq_go_heap *heap;
	uint64_t stats; /* address of the tables */
	struct iq_go_heap_counts *ret;
};

/* The word at @offset of all tables together. */
static bool sum(const struct totals *t, uint32_t offset, uint64_t *ret)
{
	uint32_t size = t->heap->rt->layout->heap_stats_size;
	uint64_t total = 0;

	for (unsigned i = 0; i < TABLES; i++) {
		uint64_t word;

		if (!iq_memory_u64(t->heap->rt->memory,
				   t->stats + (uint64_t)i * size + offset,
				   &word))
			return false;
		total += word;
	}
	*ret = total;
	return true;
}

/* Differences may be negative for a moment; as a sum they are not. */
static bool sum_difference(const struct totals *t, uint32_t more, uint32_t less,
			   uint64_t *ret)
{
	uint64_t a, b;

	if (!sum(t, more, &a) || !sum(t, less, &b))
		return false;
	*ret = a - b;
	return true;
}

static bool is_heap(const struct totals *t, uint64_t pages)
{
	const struct iq_go_layout *l = t->heap->rt->layout;
	uint64_t bytes;

	return sum(t, l->heap_stats_in_heap.offset, &bytes) &&
	       bytes == pages << IQ_HEAP_PAGE_SHIFT;
}

/*
 * Where there are neither symbols nor collections by which memstats was found:
 * the tables count the pages of the heap as the heap does.
 */
static bool find_stats(struct totals *t)
{
	const struct iq_go_layout *l = t->heap->rt->layout;
	struct iq_go_words words;
	uint64_t addr, value, pages;

	if (!iq_go_field_read(t->heap->rt->memory, t->heap->mheap_addr,
			      l->mheap_pages_in_use, &pages) ||
	    !pages)
		return false;
	iq_go_words_all(t->heap->rt, &words);
	while (iq_go_words_next(&words, &addr, &value)) {
		// What is counted moves by whole pages.
		if (!value || value % 8192)
			continue;
		t->stats = addr - l->heap_stats_in_heap.offset;
		if (is_heap(t, pages))
			return true;
	}
	return false;
}

static bool find(struct totals *t)
{
	const struct iq_go_runtime *rt = t->heap->rt;
	const struct iq_go_layout *l = rt->layout;

	if (!l->heap_stats_size || !iq_go_has(l->mstats_heap_stats))
		return false;
	if (!rt->memstats_addr)
		return find_stats(t);
	t->stats = rt->memstats_addr + l->mstats_heap_stats.offset;
	return true;
}

static bool read_classes(const struct totals *t)
{
	const struct iq_go_layout *l = t->heap->rt->layout;
	struct iq_go_heap_counts *ret = t->ret;

	if (l->heap_stats_small_alloc_count.size <
		    8 * IQ_GO_HEAP_SIZE_CLASSES ||
	    !sum_difference(t, l->heap_stats_large_alloc_count.offset,
			    l->heap_stats_large_free_count.offset,
			    &ret->classes[0].counted) ||
	    !sum_difference(t, l->heap_stats_large_alloc.offset,
			    l->heap_stats_large_free.offset, &ret->large_bytes))
		return false;
	for (uint32_t i = 1; i < IQ_GO_HEAP_SIZE_CLASSES; i++) {
		if (!sum_difference(
			    t, l->heap_stats_small_alloc_count.offset + 8 * i,
			    l->heap_stats_small_free_count.offset + 8 * i,
			    &ret->classes[i].counted))
			return false;
	}
	return true;
}

/* The class of the span in @r; false if it can be none. */
static bool class_of(const struct iq_go_heap *heap,
		     const struct iq_go_record *r, uint64_t *ret)
{
	*ret = iq_go_record_uint(r, heap->rt->layout->mspan_spanclass) >> 1;
	return *ret < IQ_GO_HEAP_SIZE_CLASSES;
}

/* What the tables will be told of a cached span: up to Go 1.18 that it was not
 * used up, later what was used of it. */
static void add_cached(const struct totals *t, uint64_t span)
{
	const struct iq_go_layout *l = t->heap->rt->layout;
	struct iq_go_record r;
	uint64_t class, used;

	if (!span ||
	    !iq_go_record_read(t->heap->rt->memory, span, l->mspan_size, &r) ||
	    !class_of(t->heap, &r, &class))
		return;
	used = iq_go_record_uint(&r, l->mspan_alloc_count);
	if (iq_go_has(l->mspan_alloc_count_before_cache))
		used -= iq_go_record_uint(&r,
					  l->mspan_alloc_count_before_cache);
	else
		used -= iq_go_record_uint(&r, l->mspan_nelems);
	t->ret->classes[class].counted += used;
}

static bool add_caches(const struct totals *t)
{
	const struct iq_go_runtime *rt = t->heap->rt;
	const struct iq_go_layout *l = rt->layout;
	uint64_t p, cache, span;

	for (uint64_t i = 0; iq_go_heap_processor(t->heap, i, &p); i++) {
		if (!iq_go_field_read(rt->memory, p, l->p_mcache, &cache))
			return false;
		for (uint32_t k = 0; cache && k < l->mcache_alloc.size;
		     k += 8) {
			if (!iq_memory_u64(rt->memory,
					   cache + l->mcache_alloc.offset + k,
					   &span))
				return false;
			add_cached(t, span);
		}
	}
	return true;
}

static unsigned count_bits(uint8_t byte)
{
	return (unsigned)__builtin_popcount(byte);
}

/* Whether as many slots are allocated as the span counts. */
static bool is_consistent(const struct iq_go_heap *heap,
			  const struct iq_go_record *r)
{
	const struct iq_go_layout *l = heap->rt->layout;
	uint64_t num = iq_go_record_uint(r, l->mspan_nelems);
	uint64_t count = iq_go_record_uint(r, l->mspan_freeindex);
	uint64_t i = count, have = 0;
	const uint8_t *bits = iq_memory_window(
		heap->rt->memory, iq_go_record_uint(r, l->mspan_alloc_bits),
		&have);

	// Without bits all slots count, and a chunk of an arena of the user is
	// no object to the counters.
	if (!bits || have < (num + 7) / 8 || count > num ||
	    num > IQ_LIMIT_HEAP_SLOTS ||
	    (iq_go_has(l->mspan_is_user_arena_chunk) &&
	     iq_go_record_uint(r, l->mspan_is_user_arena_chunk)))
		return true;
	for (; i < num && i % 8; i++)
		count += bits[i / 8] >> i % 8 & 1;
	for (; i + 8 <= num; i += 8)
		count += count_bits(bits[i / 8]);
	for (; i < num; i++)
		count += bits[i / 8] >> i % 8 & 1;
	return count == iq_go_record_uint(r, l->mspan_alloc_count);
}

/* Go: src/runtime/mheap.go, mspan.sweepgen: one less than the heap's. */
static bool is_swept_now(const struct iq_go_heap *heap,
			 const struct iq_go_record *r)
{
	const struct iq_go_layout *l = heap->rt->layout;
	uint64_t now;

	return iq_go_field_read(heap->rt->memory, heap->mheap_addr,
				l->mheap_sweepgen, &now) &&
	       (uint32_t)(iq_go_record_uint(r, l->mspan_sweepgen) + 1) ==
		       (uint32_t)now;
}

/* What the spans themselves say. */
static void add_span(const struct totals *t, uint64_t addr)
{
	const struct iq_go_layout *l = t->heap->rt->layout;
	struct iq_go_heap_counts *ret = t->ret;
	struct iq_go_record r;
	uint64_t class;

	if (!iq_go_record_read(t->heap->rt->memory, addr, l->mspan_size, &r) ||
	    iq_go_record_uint(&r, l->mspan_state) != SPAN_IN_USE)
		return;
	ret->pages += iq_go_record_uint(&r, l->mspan_npages);
	ret->num_swept_now += is_swept_now(t->heap, &r);
	if (!ret->contradicts && !is_consistent(t->heap, &r))
		ret->contradicts = iq_go_record_uint(&r, l->mspan_start_addr);
	if (!class_of(t->heap, &r, &class))
		return;
	ret->classes[class].elem_size =
		iq_go_record_uint(&r, l->mspan_elemsize);
	ret->classes[class].there +=
		iq_go_record_uint(&r, l->mspan_alloc_count);
}

static bool add_spans(const struct totals *t)
{
	const struct iq_go_heap *heap = t->heap;
	uint64_t at =
		heap->mheap_addr + heap->rt->layout->mheap_allspans.offset;
	uint64_t array, len, span;

	if (!iq_go_slice_read(heap->rt->memory, at, &array, &len))
		return false;
	for (uint64_t i = 0; i < len; i++) {
		if (!iq_memory_u64(heap->rt->memory, array + 8 * i, &span))
			return false;
		add_span(t, span);
	}
	t->ret->has_spans = true;
	return true;
}

bool iq_go_heap_count(const struct iq_go_heap *heap,
		      struct iq_go_heap_counts *ret)
{
	const struct iq_go_layout *l = heap->rt->layout;
	struct totals t = { .heap = heap, .ret = ret };

	memset(ret, 0, sizeof(*ret));
	// The spans first: they are of use alone.
	return heap->mheap_addr && add_spans(&t) && find(&t) &&
	       read_classes(&t) &&
	       sum(&t, l->heap_stats_in_heap.offset, &ret->in_heap) &&
	       sum(&t, l->heap_stats_in_stacks.offset, &ret->in_stacks) &&
	       add_caches(&t);
}

/* Go: src/runtime/mgcpacer.go, heapGoalInternal. Where memory is limited the
 * size depends on more than this. */
static uint64_t next_gc(const struct iq_go_heap *heap)
{
	const struct iq_go_layout *l = heap->rt->layout;
	const struct iq_memory *memory = heap->rt->memory;
	uint64_t addr, goal, limit, trigger;

	if (!iq_go_program_symbol(heap->rt->program, "runtime.gcController",
				  &addr) ||
	    !iq_go_field_read(memory, addr, l->gc_controller_heap_goal, &goal))
		return 0;
	if (iq_go_field_read(memory, addr, l->gc_controller_memory_limit,
			     &limit) &&
	    limit != INT64_MAX)
		return 0;
	if (!iq_go_has(l->gc_controller_memory_limit))
		return goal;
	if (iq_go_field_read(memory, addr, l->gc_controller_sweep_trigger,
			     &trigger) &&
	    trigger > goal)
		goal = trigger;
	if (iq_go_field_read(memory, addr, l->gc_controller_triggered,
			     &trigger) &&
	    trigger != UINT64_MAX && goal < trigger + (64 << 10))
		goal = trigger + (64 << 10);
	return goal;
}

bool iq_go_heap_totals(const struct iq_heap *base, struct iq_heap_totals *ret)
{
	const struct iq_go_heap *heap = (const struct iq_go_heap *)base;
	const struct iq_go_runtime *rt = heap->rt;
	struct iq_go_heap_counts counts;
	struct iq_heap_totals totals = { 0 };

	if (!iq_go_heap_count(heap, &counts))
		return false;
	for (unsigned i = 0; i < IQ_GO_HEAP_SIZE_CLASSES; i++) {
		const struct iq_go_heap_class *class = &counts.classes[i];

		// Without a span of its size there is no object.
		totals.heap_objects += class->counted;
		if (i)
			totals.heap_alloc += class->counted * class->elem_size;
	}
	totals.heap_alloc += counts.large_bytes;
	totals.heap_inuse = counts.in_heap;
	totals.stack_inuse = counts.in_stacks;
	totals.next_gc = next_gc(heap);
	iq_go_field_read(rt->memory, rt->memstats_addr,
			 rt->layout->mstats_numgc, &totals.num_gc);
	*ret = totals;
	return true;
}
