/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap.h"

#include <inttypes.h>
#include <string.h>

#include "base/limits.h"
#include "formats/go/stack_start.h"

/*
 * What must agree before a proof may rest on it. The runtime counts its heap in
 * several places, and what goroutines wait for refers back to them: a page that
 * was lost shows where the one does not fit the other.
 */

/* ---- the heap as a whole */

/* A thread that is about to allocate has counted half of it. */
static bool is_busy(const struct iq_go_heap *heap)
{
	const struct iq_go_runtime *rt = heap->rt;

	for (size_t i = 0; i < rt->num_ms; i++) {
		uint64_t mallocing;

		if (iq_go_field_read(rt->memory, rt->ms[i].addr,
				     rt->layout->m_mallocing, &mallocing) &&
		    mallocing)
			return true;
	}
	return false;
}

static void check_classes(struct iq_heap_map *map,
			  const struct iq_go_heap_counts *counts)
{
	for (unsigned i = 0; i < IQ_GO_HEAP_SIZE_CLASSES; i++) {
		const struct iq_go_heap_class *class = &counts->classes[i];

		if (class->counted == class->there)
			continue;
		iq_heap_map_lacks(
			map,
			"the process counted %" PRIu64
			" objects of size class %u, its spans have %" PRIu64,
			class->counted, i, class->there);
		return;
	}
}

void iq_go_heap_check(const struct iq_go_heap *heap, struct iq_heap_map *map)
{
	const struct iq_go_layout *l = heap->rt->layout;
	struct iq_go_heap_counts counts;
	bool counted = iq_go_heap_count(heap, &counts);
	uint64_t pages;

	if (is_busy(heap) || counts.num_swept_now)
		return;
	if (counts.contradicts)
		iq_heap_map_lacks(map,
				  "the span of the heap at 0x%" PRIx64
				  " has not the objects that it counts",
				  counts.contradicts);
	if (iq_go_field_read(heap->rt->memory, heap->mheap_addr,
			     l->mheap_pages_in_use, &pages) &&
	    counts.has_spans && pages != counts.pages)
		iq_heap_map_lacks(map,
				  "the heap has %" PRIu64
				  " pages in use, its spans have %" PRIu64,
				  pages, counts.pages);
	if (counted)
		check_classes(map, &counts);
}

/* ---- what a goroutine waits for */

static bool word(const struct iq_go_runtime *rt, uint64_t addr,
		 struct iq_go_field field, uint64_t *ret)
{
	return iq_go_field_read(rt->memory, addr, field, ret);
}

/* Whether the queue that begins and ends at these fields has @sudog, as far as
 * it and its neighbours tell. */
static bool is_queued(const struct iq_go_runtime *rt, uint64_t sudog,
		      uint64_t chan, struct iq_go_field first,
		      struct iq_go_field last)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t prev, next, back;

	if (!word(rt, sudog, l->sudog_prev, &prev) ||
	    !word(rt, sudog, l->sudog_next, &next))
		return false;
	if (!(prev ? word(rt, prev, l->sudog_next, &back) :
		     word(rt, chan, first, &back)) ||
	    back != sudog)
		return false;
	return (next ? word(rt, next, l->sudog_prev, &back) :
		       word(rt, chan, last, &back)) &&
	       back == sudog;
}

/* Whether @sudog is in a queue of its channel. */
static bool is_waiter(const struct iq_go_runtime *rt, uint64_t sudog,
		      uint64_t chan)
{
	const struct iq_go_layout *l = rt->layout;

	return is_queued(rt, sudog, chan, l->hchan_recvq_first,
			 l->hchan_recvq_last) ||
	       is_queued(rt, sudog, chan, l->hchan_sendq_first,
			 l->hchan_sendq_last);
}

/* Whether the facts have @chan, most likely at *@at. */
static bool is_known(const struct iq_goroutine_fact *fact, uint64_t chan,
		     uint32_t *at)
{
	for (uint32_t i = 0; i < fact->num_waits; i++, (*at)++) {
		if (*at >= fact->num_waits)
			*at = 0;
		if (fact->waits[*at].has_address &&
		    fact->waits[*at].address == chan)
			return true;
	}
	return false;
}

/*
 * Channels and their waiters know each other. Who waits for a semaphore or a Cond
 * was found by way of it, and its waitlink leads to others.
 * Go: src/runtime/runtime2.go, sudog; sema.go, queue.
 */
static bool knows_its_waits(const struct iq_go_runtime *rt,
			    const struct iq_goroutine_fact *fact,
			    const struct iq_go_g *g)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t sudog = g->waiting;
	uint32_t at = 0;

	for (unsigned n = 0; sudog && n < IQ_LIMIT_SUDOGS; n++) {
		uint64_t owner, chan;

		if (!word(rt, sudog, l->sudog_g, &owner) || owner != g->addr ||
		    !word(rt, sudog, l->sudog_c, &chan))
			return false;
		if (!chan)
			return n == 0;
		if (!is_known(fact, chan, &at) || !is_waiter(rt, sudog, chan) ||
		    !word(rt, sudog, l->sudog_waitlink, &sudog))
			return false;
	}
	return !sudog;
}

/* Pages are lost by as much. */
#define PAGE_BYTES 4096

static bool is_zeros(const uint8_t *page)
{
	return !page[0] && memcmp(page, page + 1, PAGE_BYTES - 1) == 0;
}

/*
 * Whether the part of a stack that is in use has a page of zeros: gdb writes such
 * for what it could not read. Who has a large array there may have one, too; but
 * then the calls lead on behind it.
 */
static bool has_hole(const struct iq_go_runtime *rt, const struct iq_go_g *g)
{
	struct iq_go_unwind_start start;
	uint64_t at;

	if (iq_go_stack_start(rt, g, &start) != IQ_GO_START_FOUND ||
	    start.sp < g->stack_lo || start.sp > g->stack_hi)
		return false;
	// The rest of the page that it stopped in, too.
	for (at = start.sp & ~(PAGE_BYTES - 1ull); at < g->stack_hi;
	     at += PAGE_BYTES) {
		uint64_t have = 0;
		const uint8_t *page = iq_memory_window(rt->memory, at, &have);

		if (page && have >= PAGE_BYTES && is_zeros(page))
			return true;
	}
	return false;
}

void iq_go_heap_doubt(const struct iq_go_heap *heap, size_t index,
		      struct iq_heap_holder *ret)
{
	const struct iq_go_runtime *rt = heap->rt;
	const struct iq_goroutine_fact *fact =
		&rt->facts->goroutines.data[index];
	const struct iq_go_g *g = &rt->gs[index];

	if (!fact->stack || !fact->stack->complete)
		ret->stack_lost = has_hole(rt, g);
	if (g->status != IQ_GSTATUS_WAITING && g->status != IQ_GSTATUS_LEAKED)
		return;
	if (!fact->stack || !fact->stack->complete)
		ret->stack_doubt =
			"its stack does not lead to where goroutines begin";
	if (!knows_its_waits(rt, fact, g))
		ret->wait_doubt = "what it waits for does not know of it";
}
