/* SPDX-License-Identifier: Apache-2.0 */
#include "model/retained_graph.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/heap_walk.h"

/* Nodes and edges are numbered in 32 bits. */
#define MAX_NUMBER (UINT32_MAX - 1)
/* Objects that are fetched from memory while another is looked through. */
#define AHEAD 8

struct walk {
	const struct iq_heap_map *map;
	const struct iq_mark *mark;
	const struct iq_facts *facts;
	struct iq_retained_graph *graph;
	/* Bit i: slot i was met. */
	uint64_t *met;
	/* Span of slot 64 * i. */
	uint32_t *spans;
	/* Index into targets of the node's first edge. */
	size_t from;
	/* Memory that was found last: stacks lie side by side. */
	const uint8_t *there;
	uint64_t there_addr;
	uint64_t there_len;
	bool no_memory;
};

void iq_retained_graph_deinit(struct iq_retained_graph *graph)
{
	iq_vec_deinit(&graph->slots);
	iq_vec_deinit(&graph->sizes);
	iq_vec_deinit(&graph->first);
	iq_vec_deinit(&graph->targets);
}

/* The next node's edges begin here; false without memory or numbers. */
static bool begin_node(struct walk *w)
{
	struct iq_retained_graph *g = w->graph;

	if (g->targets.len > MAX_NUMBER || g->first.len > MAX_NUMBER) {
		snprintf(g->lacks, sizeof(g->lacks),
			 "they hold more than %" PRIu32 " references",
			 MAX_NUMBER);
		return false;
	}
	w->from = g->targets.len;
	w->no_memory |= !iq_vec_push(&g->first, (uint32_t)g->targets.len);
	return !w->no_memory;
}

/* An edge to the object, by its slot for now. What lives is not theirs. */
static bool add_reference(void *ctx, const struct iq_heap_reference *ref)
{
	struct walk *w = ctx;
	struct iq_retained_graph *g = w->graph;
	uint64_t bit = 1ull << ref->slot % 64;

	if (iq_mark_is_marked(w->mark, ref->slot))
		return true;
	// The same neighbour again and again adds nothing.
	if (g->targets.len > w->from &&
	    g->targets.data[g->targets.len - 1] == ref->slot)
		return true;
	w->no_memory |= !iq_vec_push(&g->targets, ref->slot);
	if (!(w->met[ref->slot / 64] & bit)) {
		w->met[ref->slot / 64] |= bit;
		w->no_memory |= !iq_vec_push(&g->slots, ref->slot);
	}
	return !w->no_memory;
}

/* The bytes at @addr if all of them are in one piece. */
static const uint8_t *find_bytes(struct walk *w, uint64_t addr, uint64_t len)
{
	const struct iq_heap_memory *memory = &w->map->memory;
	uint64_t offset = addr - w->there_addr;

	if (offset >= w->there_len || len > w->there_len - offset) {
		uint64_t have = 0;
		const uint8_t *bytes = memory->window(memory->ctx, addr, &have);

		if (!bytes || have < len)
			return NULL;
		w->there = bytes;
		w->there_addr = addr;
		w->there_len = have;
		offset = 0;
	}
	return w->there + offset;
}

/* What is missing may refer to anything. */
static bool is_whole(struct walk *w, uint64_t addr, uint64_t len)
{
	struct iq_retained_graph *g = w->graph;
	uint64_t missing;

	if (!iq_heap_is_missing(w->map, addr, len, &missing))
		return true;
	snprintf(g->lacks, sizeof(g->lacks),
		 "memory at 0x%" PRIx64 ", which they hold, is not in the core",
		 missing);
	return false;
}

static bool walk_range(struct walk *w, const struct iq_heap_range *range)
{
	const uint8_t *bytes;

	if (!range->len)
		return true;
	bytes = find_bytes(w, range->addr, range->len);
	if (!bytes && !range->optional && !is_whole(w, range->addr, range->len))
		return false;
	return iq_heap_walk_bytes(w->map, range, bytes, add_reference, w);
}

/* Edges to what the goroutine waits for. */
static bool walk_waits(struct walk *w, uint32_t index)
{
	const struct iq_goroutine_fact *fact =
		&w->facts->goroutines.data[index];

	for (uint32_t i = 0; i < fact->num_waits; i++) {
		struct iq_heap_reference ref = {
			.slot = iq_heap_slot_of_wait(w->map, &fact->waits[i]),
		};

		if (ref.slot != IQ_HEAP_NONE && !add_reference(w, &ref))
			return false;
	}
	return true;
}

static bool walk_goroutine(struct walk *w, uint32_t index)
{
	struct iq_heap_holder holder = iq_heap_map_holder(w->map, index);

	return begin_node(w) && walk_range(w, &holder.stack) &&
	       walk_range(w, &holder.self) &&
	       walk_range(w, &holder.registers) && walk_waits(w, index);
}

static struct iq_error *index_spans(struct walk *w)
{
	const struct iq_heap_map *map = w->map;
	uint32_t in = 0;

	w->spans = calloc(map->num_slots / 64 + 1, sizeof(*w->spans));
	if (!w->spans)
		return &iq_enomem;
	for (size_t i = 0; 64 * i < map->num_slots; i++) {
		while (in + 1 < map->spans.len &&
		       map->spans.data[in + 1].first <= 64 * i)
			in++;
		w->spans[i] = in;
	}
	return NULL;
}

static uint32_t span_of(const struct walk *w, uint32_t slot)
{
	uint32_t in = w->spans[slot / 64];

	while (in + 1 < w->map->spans.len &&
	       w->map->spans.data[in + 1].first <= slot)
		in++;
	return in;
}

static bool walk_object(struct walk *w, uint32_t slot)
{
	uint32_t in = span_of(w, slot);
	const struct iq_heap_span *span = &w->map->spans.data[in];

	w->no_memory |= !iq_vec_push(&w->graph->sizes, span->elem_size);
	if (!begin_node(w))
		return false;
	if (span->noscan)
		return true;
	if (!span->bytes &&
	    !is_whole(w, span->addr + (slot - span->first) * span->elem_size,
		      span->elem_size))
		return false;
	return iq_heap_walk_object_in(w->map, in, slot, add_reference, w);
}

/* Brings what will be looked through soon nearer. */
static void fetch_object(const struct walk *w, size_t index)
{
	const struct iq_heap_span *span;
	uint32_t slot;

	if (index >= w->graph->slots.len)
		return;
	slot = w->graph->slots.data[index];
	span = &w->map->spans.data[span_of(w, slot)];
	if (span->bytes && !span->noscan)
		__builtin_prefetch(span->bytes +
				   (slot - span->first) * span->elem_size);
}

/* Edges from above all to the sets, and from these to their goroutines. */
static bool add_sets(struct walk *w, const struct iq_retained_sets *sets)
{
	struct iq_retained_graph *g = w->graph;

	if (!begin_node(w))
		return false;
	for (uint32_t s = 0; s < sets->num; s++)
		w->no_memory |= !iq_vec_push(&g->targets, 1 + s);
	for (uint32_t s = 0; s < sets->num; s++) {
		if (!begin_node(w))
			return false;
		for (uint32_t i = sets->first[s]; i < sets->first[s + 1]; i++)
			w->no_memory |=
				!iq_vec_push(&g->targets, 1 + sets->num + i);
	}
	return !w->no_memory;
}

static bool walk_all(struct walk *w, const struct iq_retained_sets *sets)
{
	struct iq_retained_graph *g = w->graph;

	for (uint32_t i = 0; i < g->num_goroutines; i++) {
		if (!walk_goroutine(w, sets->holders[i]))
			return false;
	}
	// Each object that is met is looked through in its turn.
	for (size_t i = 0; i < g->slots.len; i++) {
		fetch_object(w, i + AHEAD);
		if (!walk_object(w, g->slots.data[i]))
			return false;
	}
	return begin_node(w);
}

/* Slots that were met, and how many below each word of their bits: that is
 * where a slot stands in a list without holes. */
struct places {
	const uint64_t *met;
	const uint32_t *below;
};

static uint32_t place_of(const struct places *p, uint32_t slot)
{
	uint64_t lower = p->met[slot / 64] & ((1ull << slot % 64) - 1);

	return p->below[slot / 64] + (uint32_t)__builtin_popcountll(lower);
}

/* The targets from @from on are slots, and become nodes. */
static struct iq_error *number_targets(struct walk *w, size_t from)
{
	struct iq_retained_graph *g = w->graph;
	size_t words = w->map->num_slots / 64 + 1;
	iq_cleanup(iq_freep) uint32_t *below = calloc(words, sizeof(*below));
	iq_cleanup(iq_freep) uint32_t *nodes =
		calloc(g->slots.len + 1, sizeof(*nodes));
	const struct places places = { w->met, below };
	uint32_t sum = 0;

	if (!below || !nodes)
		return &iq_enomem;
	for (size_t i = 0; i < words; i++) {
		below[i] = sum;
		sum += (uint32_t)__builtin_popcountll(w->met[i]);
	}
	for (size_t i = 0; i < g->slots.len; i++)
		nodes[place_of(&places, g->slots.data[i])] =
			iq_retained_graph_first_object(g) + (uint32_t)i;
	for (size_t i = from; i < g->targets.len; i++)
		g->targets.data[i] =
			nodes[place_of(&places, g->targets.data[i])];
	return NULL;
}

static void walk_deinit(struct walk *w)
{
	free(w->met);
	free(w->spans);
}

static struct iq_error *walk_init(struct walk *w)
{
	w->met = calloc(w->map->num_slots / 64 + 1, sizeof(*w->met));
	return w->met ? index_spans(w) : &iq_enomem;
}

struct iq_error *iq_retained_graph_make(const struct iq_proof *proof,
					const struct iq_facts *facts,
					const struct iq_retained_sets *sets,
					struct iq_retained_graph *ret)
{
	iq_cleanup(walk_deinit) struct walk w = {
		.map = proof->map,
		.mark = proof->mark,
		.facts = facts,
		.graph = ret,
	};
	struct iq_error *err = walk_init(&w);
	size_t from;
	bool whole;

	*ret = (struct iq_retained_graph){
		.num_sets = sets->num,
		.num_goroutines = sets->first[sets->num],
	};
	if (err)
		return err;
	whole = add_sets(&w, sets);
	from = ret->targets.len;
	whole = whole && walk_all(&w, sets);
	if (w.no_memory)
		return &iq_enomem;
	if (!whole)
		return NULL;
	if (w.map->memory.faulted(w.map->memory.ctx))
		snprintf(ret->lacks, sizeof(ret->lacks),
			 "the file could not be read everywhere");
	return number_targets(&w, from);
}
