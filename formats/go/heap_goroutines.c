/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/limits.h"
#include "formats/go/goroutine.h"
#include "formats/go/stack_start.h"

/* Where the facts have the goroutine of a g. */
struct place {
	uint64_t addr;
	size_t index;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a;
	const struct place *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

struct walk {
	const struct iq_go_heap *heap;
	struct iq_heap_map *map;
	struct place *places;
	size_t num_places;
	/* Goroutines whose stack is known. */
	size_t num_filled;
};

/*
 * What @g holds: its stack from where it stopped, and its own record, whose
 * defers, closures and labels are on the heap. Where it is not known where it
 * stopped, the whole stack.
 */
static void holder_fill(const struct walk *w, const struct iq_go_g *g,
			struct iq_heap_holder *ret)
{
	const struct iq_go_runtime *rt = &w->heap->rt;
	struct iq_go_unwind_start start;
	uint64_t from = g->stack_lo;
	uint64_t state;

	if (iq_go_stack_start(rt, g, &start) == IQ_GO_START_FOUND &&
	    g->status != IQ_GSTATUS_COPYSTACK && start.sp > g->stack_lo &&
	    start.sp <= g->stack_hi)
		from = start.sp & ~7ull;
	ret->stack.addr = from;
	ret->stack.len = (g->stack_hi - from) & ~7ull;
	ret->self.addr = g->addr;
	ret->self.len = rt->layout->g_size & ~7u;
	// Vector registers of one that was preempted anywhere.
	// Go: src/runtime/preempt_xreg.go, xRegScan; 1.26+.
	if (iq_go_field_read(rt->memory, g->addr, rt->layout->g_xregs_state,
			     &state) &&
	    state) {
		ret->registers.addr = state;
		ret->registers.len = rt->layout->x_reg_state_size & ~7u;
	}
	if (g->status == IQ_GSTATUS_RUNNING && !iq_go_runtime_m(rt, g->m))
		iq_heap_map_lacks(w->map,
				  "the thread of goroutine %" PRIu64
				  " is not known",
				  g->goid);
}

static const struct place *place_of(const struct walk *w, uint64_t addr)
{
	struct place key = { .addr = addr };

	return w->num_places ? bsearch(&key, w->places, w->num_places,
				       sizeof(*w->places), compare_places) :
			       NULL;
}

/* The record of a goroutine is an object of its own that is never freed. Where
 * the tables say otherwise, they are misread. */
static void hide_g(struct walk *w, uint64_t addr)
{
	uint32_t span = iq_heap_map_span(w->map, addr);

	// The first thread's g0 is a variable, and all others are objects.
	if (span == IQ_HEAP_NONE)
		return;
	if (iq_heap_map_slot(w->map, addr) == IQ_HEAP_NONE ||
	    w->map->spans.data[span].elem_size < w->heap->rt.layout->g_size)
		iq_heap_map_lacks(w->map,
				  "the goroutine at 0x%" PRIx64
				  " lies where the heap has no such object",
				  addr);
	iq_heap_map_hide(w->map, addr);
}

/* A signal in a thread of C has it; it refers to nothing. */
static bool is_lent(const struct walk *w, const struct iq_go_g *g)
{
	const struct iq_go_m *m = iq_go_runtime_m(&w->heap->rt, g->m);

	return m && m->lent && m->curg == g->addr;
}

static void walk_g(struct walk *w, uint64_t addr)
{
	const struct place *place = place_of(w, addr);
	struct iq_go_g g;
	enum iq_go_g_state state = iq_go_g_read(&w->heap->rt, addr, &g);

	hide_g(w, addr);
	if (!place && (state == IQ_GO_G_UNUSED ||
		       (state == IQ_GO_G_LIVE && is_lent(w, &g))))
		return;
	if (state != IQ_GO_G_LIVE || !place) {
		iq_heap_map_lacks(w->map,
				  "the goroutine at 0x%" PRIx64
				  " could not be read",
				  addr);
		return;
	}
	if (w->map->holders[place->index].self.len)
		return;
	holder_fill(w, &g, &w->map->holders[place->index]);
	w->num_filled++;
}

static struct iq_error *walk_init(struct walk *w)
{
	const struct iq_facts *facts = w->heap->rt.facts;
	size_t n = facts->goroutines.len;

	w->num_places = n;
	w->places = calloc(n + 1, sizeof(*w->places));
	w->map->holders = calloc(n + 1, sizeof(*w->map->holders));
	if (!w->places || !w->map->holders)
		return &iq_enomem;
	w->map->num_holders = n;
	for (size_t i = 0; i < n; i++)
		w->places[i] =
			(struct place){ facts->goroutines.data[i].place, i };
	qsort(w->places, n, sizeof(*w->places), compare_places);
	return NULL;
}

/* All goroutines that there ever were, those that ended among them. */
static void walk_allgs(struct walk *w)
{
	const struct iq_go_runtime *rt = &w->heap->rt;
	uint64_t array, len;

	if (!rt->allgs_addr ||
	    !iq_go_slice_read(rt->memory, rt->allgs_addr, &array, &len) ||
	    len > IQ_LIMIT_GOROUTINES) {
		iq_heap_map_lacks(w->map,
				  "the list of goroutines is not known");
		return;
	}
	for (uint64_t i = 0; i < len; i++) {
		uint64_t addr;

		if (!iq_memory_u64(rt->memory, array + 8 * i, &addr)) {
			iq_heap_map_lacks(w->map,
					  "the list of goroutines is cut off");
			return;
		}
		walk_g(w, addr);
	}
}

struct iq_error *iq_go_heap_goroutines(const struct iq_go_heap *heap,
				       struct iq_heap_map *map)
{
	struct walk w = { .heap = heap, .map = map };
	struct iq_error *err = walk_init(&w);

	if (!err) {
		walk_allgs(&w);
		if (w.num_filled < map->num_holders)
			iq_heap_map_lacks(map,
					  "not all goroutines are in the list");
	}
	free(w.places);
	return err;
}
