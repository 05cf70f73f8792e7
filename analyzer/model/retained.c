/* SPDX-License-Identifier: Apache-2.0 */
#include "model/retained.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "model/heap_types.h"
#include "model/heap_walk.h"
#include "model/model.h"
#include "model/retained_costs.h"
#include "model/text.h"

/* Objects, and goroutines, that are listed of a finding. */
#define MAX_LISTED 8

#define NONE IQ_RETAINED_NONE

/* The largest of what was offered so far. */
struct top {
	struct {
		uint64_t bytes;
		uint32_t node;
		/* That alone refers to it: index in the facts. */
		uint32_t goroutine;
	} list[MAX_LISTED];
	size_t num;
};

/* Objects of a cost that no other one dominates, of one type. */
struct kind {
	UT_hash_handle hh;
	struct {
		uint64_t size; /* 0 where the type is known */
		uint32_t cost;
		uint32_t type;
	} key;
	uint64_t num;
	uint64_t objects;
	uint64_t bytes;
};

struct run {
	struct iq_model *model;
	struct iq_retained_costs costs;
	struct iq_heap_types *types; /* NULL: none are known */
	/* In @arena. */
	struct kind *kinds;
	struct iq_arena arena;
	bool no_memory;
	/* By cost. */
	struct iq_retained *retained;
	struct top *objects;
	struct iq_retained_total total;
};

static void run_deinit(struct run *r)
{
	iq_retained_costs_deinit(&r->costs);
	iq_heap_types_destroy(r->types);
	HASH_CLEAR(hh, r->kinds);
	iq_arena_deinit(&r->arena);
	free(r->retained);
	free(r->objects);
}

/* Of equal ones the first that was offered stays before. */
static void top_offer(struct top *top, uint64_t bytes, uint32_t node,
		      uint32_t goroutine)
{
	size_t at = top->num;

	while (at > 0 && top->list[at - 1].bytes < bytes)
		at--;
	if (at == MAX_LISTED)
		return;
	if (top->num < MAX_LISTED)
		top->num++;
	memmove(&top->list[at + 1], &top->list[at],
		(top->num - at - 1) * sizeof(top->list[0]));
	top->list[at].bytes = bytes;
	top->list[at].node = node;
	top->list[at].goroutine = goroutine;
}

/* ---- objects */

static uint32_t type_of(const struct run *r, uint32_t slot)
{
	uint32_t type = r->types ? r->types->of[slot] : 0;

	return type && type < r->types->num_types ? type : 0;
}

static void add_to_kind(struct run *r, uint32_t cost, uint32_t node)
{
	const struct iq_retained_costs *c = &r->costs;
	uint32_t at = node - iq_retained_graph_first_object(&c->graph);
	bool iq_map_failed = false;
	struct kind of = { .num = 0 };
	struct kind *kind;

	of.key.cost = cost;
	of.key.type = type_of(r, c->graph.slots.data[at]);
	of.key.size = of.key.type ? 0 : c->graph.sizes.data[at];
	HASH_FIND(hh, r->kinds, &of.key, sizeof(of.key), kind);
	if (!kind) {
		kind = iq_arena_alloc(&r->arena, sizeof(*kind));
		if (!kind) {
			r->no_memory = true;
			return;
		}
		*kind = of;
		HASH_ADD(hh, r->kinds, key, sizeof(kind->key), kind);
		r->no_memory |= iq_map_failed;
	}
	kind->num++;
	kind->objects += c->objects[node];
	kind->bytes += c->bytes[node];
}

/* Of a cost, with all that it dominates. */
static void take_object(struct run *r, uint32_t cost, uint32_t node,
			uint32_t goroutine)
{
	const struct iq_retained_costs *c = &r->costs;

	r->retained[cost].objects += c->objects[node];
	r->retained[cost].heap_bytes += c->bytes[node];
	top_offer(&r->objects[cost], c->bytes[node], node, goroutine);
	add_to_kind(r, cost, node);
}

/* The set whose goroutines alone reach what @node dominates; NONE: several
 * sets do. *@goroutine_ret alone does, or NONE. */
static uint32_t set_of_node(const struct iq_retained_costs *c, uint32_t node,
			    uint32_t *goroutine_ret)
{
	*goroutine_ret = NONE;
	if (!node)
		return NONE;
	if (node <= c->graph.num_sets)
		return node - 1;
	*goroutine_ret = c->holders[node - 1 - c->graph.num_sets];
	return c->set_of[*goroutine_ret];
}

/* Gives the object that no other one dominates to those who keep it. */
static void share_out(struct run *r, uint32_t node)
{
	const struct iq_retained_costs *c = &r->costs;
	uint64_t mask = c->masks ? c->masks[node] : 1;
	uint32_t goroutine;
	uint32_t set = set_of_node(c, c->dominator[node], &goroutine);
	uint32_t cost = set == NONE ? NONE : c->sets.data[set].cost;
	bool taken = false;

	if (!(mask & 1))
		return;
	r->total.objects += c->objects[node];
	r->total.heap_bytes += c->bytes[node];
	if (cost != NONE && !c->list.data[cost].overlaps) {
		take_object(r, cost, node, goroutine);
		taken = true;
	}
	for (uint32_t i = 0; i < c->list.len && mask != 1; i++) {
		uint32_t bit = c->list.data[i].bit;

		if (bit == NONE || !(mask >> bit & 1))
			continue;
		take_object(r, i, node, goroutine);
		taken = true;
	}
	if (taken)
		return;
	r->total.shared_objects += c->objects[node];
	r->total.shared_bytes += c->bytes[node];
}

static void share_all(struct run *r)
{
	const struct iq_retained_costs *c = &r->costs;
	uint32_t first = iq_retained_graph_first_object(&c->graph);

	for (size_t i = 0; i < c->graph.slots.len; i++) {
		uint32_t node = first + (uint32_t)i;

		if (c->dominator[node] < first)
			share_out(r, node);
	}
}

/* ---- goroutines */

static uint64_t stack_of(const struct run *r, uint32_t goroutine)
{
	const struct iq_retained_costs *c = &r->costs;

	return iq_heap_map_holder(iq_proof_of(r->model, c->witness)->map,
				  goroutine)
		.stack_bytes;
}

static struct iq_error *list_goroutines(struct run *r, const struct top *top,
					struct iq_retained *ret)
{
	const struct iq_retained_costs *c = &r->costs;
	struct iq_retained_goroutine *list =
		iq_arena_calloc(&r->model->arena, top->num, sizeof(*list));

	if (!list)
		return &iq_enomem;
	for (size_t i = 0; i < top->num; i++) {
		uint32_t node = top->list[i].node;

		list[i] = (struct iq_retained_goroutine){
			.goroutine = c->model_of[top->list[i].goroutine],
			.objects = c->objects[node],
			.heap_bytes = c->bytes[node],
			.stack_bytes = stack_of(r, top->list[i].goroutine),
		};
	}
	ret->goroutines = list;
	ret->num_goroutines = top->num;
	return NULL;
}

static struct iq_error *sum_goroutines(struct run *r, uint32_t cost)
{
	const struct iq_retained_costs *c = &r->costs;
	const struct iq_finding *f = c->list.data[cost].finding;
	const struct iq_facts *facts = r->model->witnesses[c->witness];
	struct iq_retained *ret = &r->retained[cost];
	struct top top = { .num = 0 };

	ret->each_min = UINT64_MAX;
	for (size_t i = 0; i < f->num_goroutines; i++) {
		const struct iq_goroutine *g =
			&r->model->goroutines[f->goroutines[i]];
		uint32_t index = (uint32_t)(g->fact - facts->goroutines.data);
		uint64_t stack = stack_of(r, index);
		uint64_t bytes = c->bytes[c->node_of[index]] + stack;

		ret->stack_bytes += stack;
		if (bytes < ret->each_min)
			ret->each_min = bytes;
		if (bytes > ret->each_max)
			ret->each_max = bytes;
		top_offer(&top, bytes, c->node_of[index], index);
	}
	return list_goroutines(r, &top, ret);
}

/* ---- the objects' names */

/* Names what was listed. */
static struct iq_error *name_type(struct run *r, uint32_t type,
				  struct iq_str *ret)
{
	if (!type)
		return NULL;
	return iq_str_dup(&r->model->arena, r->types->types[type].name, ret) ?
		       NULL :
		       &iq_enomem;
}

static struct iq_error *list_objects(struct run *r, uint32_t cost)
{
	const struct iq_retained_costs *c = &r->costs;
	const struct iq_heap_map *map = iq_proof_of(r->model, c->witness)->map;
	uint32_t first = iq_retained_graph_first_object(&c->graph);
	const struct top *top = &r->objects[cost];
	struct iq_retainer *list =
		iq_arena_calloc(&r->model->arena, top->num, sizeof(*list));

	struct iq_error *err = NULL;

	if (!list)
		return &iq_enomem;
	for (size_t i = 0; i < top->num && !err; i++) {
		uint32_t node = top->list[i].node;
		uint32_t slot = c->graph.slots.data[node - first];
		uint32_t g = top->list[i].goroutine;

		list[i] = (struct iq_retainer){
			.address = iq_heap_object_addr(map, slot),
			.objects = c->objects[node],
			.bytes = c->bytes[node],
			.goroutine = g == NONE ? NONE : c->model_of[g],
		};
		err = name_type(r, type_of(r, slot), &list[i].type);
	}
	r->retained[cost].retainers = list;
	r->retained[cost].num_retainers = top->num;
	return err;
}

/* ---- types */

/* By cost; largest first, then by type. */
static int compare_kinds(const struct kind *a, const struct kind *b)
{
	if (a->key.cost != b->key.cost)
		return a->key.cost < b->key.cost ? -1 : 1;
	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	if (a->key.type != b->key.type)
		return a->key.type < b->key.type ? -1 : 1;
	return (a->key.size > b->key.size) - (a->key.size < b->key.size);
}

/* Those of one cost, from @*at on, which is moved behind them. */
static struct iq_error *list_cost(struct run *r, const struct kind **at)
{
	uint32_t cost = (*at)->key.cost;
	struct iq_retained *ret = &r->retained[cost];
	struct iq_retained_kind *list =
		iq_arena_calloc(&r->model->arena, MAX_LISTED, sizeof(*list));
	struct iq_error *err = NULL;

	if (!list)
		return &iq_enomem;
	ret->kinds = list;
	for (; *at && (*at)->key.cost == cost; *at = (*at)->hh.next) {
		const struct kind *kind = *at;

		if (ret->num_kinds == MAX_LISTED || err)
			continue;
		list[ret->num_kinds] = (struct iq_retained_kind){
			.size = kind->key.size,
			.num = kind->num,
			.objects = kind->objects,
			.bytes = kind->bytes,
		};
		err = name_type(r, kind->key.type,
				&list[ret->num_kinds++].type);
	}
	return err;
}

static struct iq_error *list_kinds(struct run *r)
{
	const struct kind *at;
	struct iq_error *err = NULL;

	HASH_SRT(hh, r->kinds, compare_kinds);
	at = r->kinds;
	while (at && !err)
		err = list_cost(r, &at);
	return err;
}

/* ---- all together */

static void sum_total(struct run *r)
{
	const struct iq_retained_costs *c = &r->costs;

	for (uint32_t i = 0; i < c->num_goroutines; i++) {
		if (c->set_of[i] == NONE || !c->set_of[i])
			continue;
		r->total.goroutines++;
		r->total.stack_bytes += stack_of(r, i);
	}
	r->total.bytes = r->total.heap_bytes + r->total.stack_bytes;
	r->total.known = true;
}

static void hand_over(struct run *r)
{
	const struct iq_retained_costs *c = &r->costs;

	for (size_t i = 0; i < c->list.len; i++) {
		struct iq_finding *f = c->list.data[i].finding;

		if (c->list.data[i].overlaps && c->list.data[i].bit == NONE)
			continue;
		r->retained[i].bytes =
			r->retained[i].heap_bytes + r->retained[i].stack_bytes;
		f->retained = r->retained[i];
		f->has_retained = true;
	}
}

static struct iq_error *count(struct run *r)
{
	const struct iq_heap *heap =
		r->model->witnesses[r->costs.witness]->heap;
	struct iq_error *err = NULL;

	r->retained = calloc(r->costs.list.len, sizeof(*r->retained));
	r->objects = calloc(r->costs.list.len, sizeof(*r->objects));
	if (!r->retained || !r->objects)
		return &iq_enomem;
	if (heap->types && r->costs.graph.slots.len)
		err = heap->types(heap,
				  iq_proof_of(r->model, r->costs.witness)->map,
				  &r->types);
	if (err)
		return err;
	share_all(r);
	if (r->no_memory)
		return &iq_enomem;
	for (uint32_t i = 0; i < r->costs.list.len && !err; i++) {
		err = sum_goroutines(r, i);
		if (!err)
			err = list_objects(r, i);
	}
	if (!err)
		err = list_kinds(r);
	if (err)
		return err;
	sum_total(r);
	hand_over(r);
	return NULL;
}

/* Several cores see several moments, which do not add up. */
static struct iq_error *note_total(struct run *r, bool *first)
{
	struct iq_retained_total *total = &r->model->retained;

	if (!*first)
		r->total.known = false;
	else
		*total = r->total;
	total->known = r->total.known;
	*first = false;
	if (r->costs.graph.lacks[0] && !total->lacks.len)
		return iq_textf(&r->model->arena, &total->lacks, "%s",
				r->costs.graph.lacks);
	return NULL;
}

static struct iq_error *run_witness(struct iq_model *model, uint32_t witness,
				    bool *first)
{
	iq_cleanup(run_deinit) struct run r = { .model = model };
	struct iq_error *err =
		iq_retained_costs_assign(&r.costs, model, witness);

	if (err || !r.costs.list.len)
		return err;
	err = iq_retained_costs_sum(&r.costs);
	if (!err && !r.costs.graph.lacks[0])
		err = count(&r);
	return err ? err : note_total(&r, first);
}

struct iq_error *iq_retained_run(struct iq_model *model)
{
	struct iq_error *err = NULL;
	bool first = true;

	for (uint32_t w = 0; w < model->num_witnesses && !err; w++)
		err = run_witness(model, w, &first);
	return err;
}
