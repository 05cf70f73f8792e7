/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/pool.h"
#include "formats/go/goroutine.h"
#include "formats/go/heap_stacks.h"
#include "formats/go/stack_start.h"

struct walk {
	const struct iq_go_heap *heap;
	struct iq_heap_map *map;
	/* Bit i: slot i is the record of a goroutine that the facts have. */
	uint64_t *known;
	/* Goroutines of the facts that the list has. */
	size_t num_listed;
};

/*
 * What @g holds: its stack from where it stopped, and its own record, whose
 * defers, closures and labels are on the heap. Where it is not sure where it
 * stopped, the whole stack.
 */
static void lay_out(const struct iq_go_runtime *rt, const struct iq_go_g *g,
		    struct iq_heap_holder *ret)
{
	struct iq_go_unwind_start start;
	uint64_t from = g->stack_lo;
	uint64_t state;

	if (!ret->stack_doubt &&
	    iq_go_stack_start(rt, g, &start) == IQ_GO_START_FOUND &&
	    g->status != IQ_GSTATUS_COPYSTACK && start.sp > g->stack_lo &&
	    start.sp <= g->stack_hi)
		from = start.sp & ~7ull;
	ret->stack.kind = IQ_ROOT_STACK;
	ret->self.kind = IQ_ROOT_GOROUTINE;
	ret->registers.kind = IQ_ROOT_REGISTERS;
	ret->stack.addr = from;
	ret->stack.len = (g->stack_hi - from) & ~7ull;
	if (g->stack_hi > g->stack_lo)
		ret->stack_bytes = g->stack_hi - g->stack_lo;
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
}

/* The record of a goroutine is an object of its own that is never freed. Where
 * the tables say otherwise, they are misread. Gives its slot. */
static uint32_t hide_g(struct walk *w, uint64_t addr)
{
	uint32_t span = iq_heap_map_span(w->map, addr);
	uint32_t slot;

	// The first thread's g0 is a variable, and all others are objects.
	if (span == IQ_HEAP_NONE)
		return IQ_HEAP_NONE;
	slot = iq_heap_map_slot(w->map, addr);
	if (slot == IQ_HEAP_NONE ||
	    w->map->spans.data[span].elem_size < w->heap->rt->layout->g_size)
		iq_heap_map_lacks(w->map,
				  "the goroutine at 0x%" PRIx64
				  " lies where the heap has no such object",
				  addr);
	iq_heap_map_hide(w->map, addr);
	return slot;
}

/* A signal in a thread of C has it; it refers to nothing. */
static bool is_lent(const struct walk *w, const struct iq_go_g *g)
{
	const struct iq_go_m *m = iq_go_runtime_m(w->heap->rt, g->m);

	return m && m->lent && m->curg == g->addr;
}

/* Goroutines that are laid out at once, by all threads. */
#define BLOCK 4096
/* Goroutines whose stacks are fetched while another one is held. */
#define AHEAD 4

struct block {
	const struct walk *w;
	size_t first; /* index of the first one */
	struct iq_heap_holder *holders;
};

static struct iq_error *lay_out_range(void *ctx, unsigned worker iq_unused,
				      size_t begin, size_t end)
{
	const struct block *b = ctx;
	const struct iq_go_heap *heap = b->w->heap;

	for (size_t i = begin; i < end; i++) {
		b->holders[i] = (struct iq_heap_holder){ 0 };
		iq_go_heap_doubt(heap, b->first + i, &b->holders[i]);
		lay_out(heap->rt, &heap->rt->gs[b->first + i], &b->holders[i]);
	}
	return NULL;
}

static struct iq_error *hold(struct walk *w, struct iq_go_heap_stacks *stacks,
			     size_t i, struct iq_heap_holder *holder)
{
	const struct iq_go_runtime *rt = w->heap->rt;
	const struct iq_go_g *g = &rt->gs[i];
	uint32_t slot = iq_heap_map_slot(w->map, g->addr);
	struct iq_error *err;

	if (rt->facts->goroutines.data[i].place != g->addr)
		return NULL;
	if (g->status == IQ_GSTATUS_RUNNING && !iq_go_runtime_m(rt, g->m))
		iq_heap_map_lacks(w->map,
				  "the thread of goroutine %" PRIu64
				  " is not known",
				  g->goid);
	if (i + AHEAD < rt->num_gs)
		iq_go_heap_stacks_fetch(stacks, i + AHEAD);
	err = iq_go_heap_own_words(w->map, &w->map->self, &holder->self);
	if (!err)
		err = iq_go_heap_stacks_narrow(stacks, i, &holder->stack);
	if (slot != IQ_HEAP_NONE)
		w->known[slot / 64] |= 1ull << slot % 64;
	return err ? err : iq_heap_map_hold(w->map, i, holder);
}

static struct iq_error *hold_all(struct walk *w,
				 struct iq_go_heap_stacks *stacks)
{
	const struct iq_go_runtime *rt = w->heap->rt;
	size_t num = w->map->num_holders < rt->num_gs ? w->map->num_holders :
							rt->num_gs;
	struct block b = { .w = w };
	struct iq_error *err = NULL;

	b.holders = calloc(BLOCK, sizeof(*b.holders));
	if (!b.holders)
		return &iq_enomem;
	for (; b.first < num && !err; b.first += BLOCK) {
		size_t n = num - b.first < BLOCK ? num - b.first : BLOCK;

		err = iq_pool_run(rt->pool, n, BLOCK / 16, lay_out_range, &b);
		for (size_t i = 0; i < n && !err; i++)
			err = hold(w, stacks, b.first + i, &b.holders[i]);
	}
	free(b.holders);
	return err;
}

static struct iq_error *fill_known(struct walk *w,
				   struct iq_go_heap_stacks *stacks)
{
	struct iq_error *err;

	w->known = calloc(w->map->num_slots / 64 + 1, sizeof(*w->known));
	if (!w->known)
		return &iq_enomem;
	err = iq_heap_map_make_holders(w->map,
				       w->heap->rt->facts->goroutines.len);
	return err ? err : hold_all(w, stacks);
}

/* One that the facts have, the first time that the list has it. */
static bool take_known(struct walk *w, uint32_t slot)
{
	uint64_t bit = 1ull << slot % 64;

	if (slot == IQ_HEAP_NONE || !(w->known[slot / 64] & bit))
		return false;
	w->known[slot / 64] &= ~bit;
	w->num_listed++;
	return true;
}

static void walk_g(struct walk *w, uint64_t addr)
{
	uint32_t slot = hide_g(w, addr);
	struct iq_go_g g;
	enum iq_go_g_state state;

	if (take_known(w, slot))
		return;
	state = iq_go_g_read(w->heap->rt, addr, &g);
	// The list has none that never was used: its page was lost.
	// Go: src/runtime/proc.go, newproc1.
	if (state == IQ_GO_G_UNUSED && g.status == IQ_GSTATUS_IDLE)
		state = IQ_GO_G_ABSURD;
	if (state == IQ_GO_G_UNUSED ||
	    (state == IQ_GO_G_LIVE && is_lent(w, &g)))
		return;
	iq_heap_map_lacks(w->map,
			  "the goroutine at 0x%" PRIx64 " could not be read",
			  addr);
}

/* All goroutines that there ever were, those that ended among them. */
static void walk_allgs(struct walk *w)
{
	const struct iq_go_runtime *rt = w->heap->rt;
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
	iq_cleanup(iq_go_heap_stacks_deinit) struct iq_go_heap_stacks stacks = {
		.rt = heap->rt,
		.map = map,
	};
	struct iq_error *err = iq_go_heap_stacks_init(&stacks);

	if (!err)
		err = fill_known(&w, &stacks);
	if (!err) {
		walk_allgs(&w);
		if (w.num_listed < map->num_holders)
			iq_heap_map_lacks(map,
					  "not all goroutines are in the list");
	}
	free(w.known);
	return err;
}
