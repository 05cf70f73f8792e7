/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes and edges: what goroutines wait for, as the witness that knows most of
 * each says.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/graph_draft.h"

/* Edges are numbered in 32 bits, and so is what is made of them. */
#define EDGES_MAX (UINT32_MAX / 4)

/* A node before nodes are in order. */
struct place {
	uint64_t address;
	const struct iq_object *object;
	uint32_t witness;
	uint32_t number; /* in the order they were met */
	enum iq_wait_kind kind;
	enum iq_wait_kind rank;
};

struct places {
	IQ_VEC(struct place) list;
	uint32_t *renumber;
};

static void places_deinit(struct places *p)
{
	iq_vec_deinit(&p->list);
	free(p->renumber);
}

/* A Mutex may be the first field of a RWMutex. */
static enum iq_wait_kind rank_of(enum iq_wait_kind kind)
{
	return kind == IQ_WAIT_RWMUTEX ? IQ_WAIT_MUTEX : kind;
}

static size_t hash(const struct iq_graph_draft *d, uint64_t address)
{
	return (size_t)(address * 0x9e3779b97f4a7c15ull >> 20) &
	       (d->num_heads - 1);
}

static bool is_parked(const struct iq_goroutine *g)
{
	return g->fact->status == IQ_GSTATUS_WAITING ||
	       g->fact->status == IQ_GSTATUS_LEAKED;
}

/* ---- nodes as they are met */

static uint32_t find_place(const struct iq_graph_draft *d,
			   const struct places *p, const struct place *place,
			   size_t at)
{
	uint32_t i = d->heads[at];

	while (i) {
		const struct place *x = &p->list.data[i - 1];

		if (x->address == place->address && x->rank == place->rank &&
		    x->witness == place->witness)
			return i - 1;
		i = d->chain[i - 1];
	}
	return IQ_GRAPH_NONE;
}

static struct iq_error *meet(struct iq_graph_draft *d, struct places *p,
			     const struct place *place, uint32_t *ret)
{
	size_t at = hash(d, place->address);
	uint32_t number = find_place(d, p, place, at);

	if (number == IQ_GRAPH_NONE) {
		number = (uint32_t)p->list.len;
		if (!iq_vec_push(&p->list, *place))
			return &iq_enomem;
		p->list.data[number].number = number;
		d->chain[number] = d->heads[at];
		d->heads[at] = number + 1;
	}
	if (place->kind == IQ_WAIT_RWMUTEX)
		p->list.data[number].kind = IQ_WAIT_RWMUTEX;
	if (!p->list.data[number].object)
		p->list.data[number].object = place->object;
	*ret = number;
	return NULL;
}

static struct iq_error *meet_waits(struct iq_graph_draft *d, struct places *p,
				   const struct iq_goroutine *g, size_t *at)
{
	struct iq_error *err = NULL;

	for (uint32_t k = 0; k < g->fact->num_waits && !err; k++) {
		const struct iq_wait *wait = &g->fact->waits[k];
		struct place place = {
			.address = wait->address,
			.object = wait->object,
			.witness = g->witness,
			.kind = wait->kind,
			.rank = rank_of(wait->kind),
		};

		if (!wait->has_address)
			continue;
		d->edges[*at].op = wait->op;
		err = meet(d, p, &place, &d->edges[*at].node);
		++*at;
	}
	return err;
}

static struct iq_error *meet_all(struct iq_graph_draft *d, struct places *p)
{
	const struct iq_model *m = d->model;
	struct iq_error *err = NULL;
	size_t at = 0;

	for (size_t i = 0; i < m->num_goroutines && !err; i++) {
		if (d->graph->first_edge[i] < d->graph->first_edge[i + 1])
			err = meet_waits(d, p, &m->goroutines[i], &at);
	}
	return err;
}

/* ---- room */

static size_t count_edges(struct iq_graph_draft *d, uint32_t *first)
{
	const struct iq_model *m = d->model;
	size_t num = 0;

	for (size_t i = 0; i < m->num_goroutines; i++) {
		const struct iq_goroutine_fact *fact = m->goroutines[i].fact;

		first[i] = (uint32_t)num;
		for (uint32_t k = 0;
		     is_parked(&m->goroutines[i]) && k < fact->num_waits; k++)
			num += fact->waits[k].has_address;
	}
	first[m->num_goroutines] = (uint32_t)num;
	return num;
}

static struct iq_error *make_edges(struct iq_graph_draft *d)
{
	struct iq_arena *arena = &d->model->arena;
	uint32_t *first = iq_arena_calloc(arena, d->model->num_goroutines + 1,
					  sizeof(*first));
	struct iq_error *err = NULL;
	size_t num;

	if (!first)
		return &iq_enomem;
	num = count_edges(d, first);
	if (num >= EDGES_MAX) {
		memset(first, 0,
		       (d->model->num_goroutines + 1) * sizeof(*first));
		num = 0;
		err = iq_model_add_gap(d->model, IQ_GAP_LIMIT,
				       "goroutines wait for too many objects: "
				       "who waits for whom is not known");
	}
	d->edges = iq_arena_calloc(arena, num + 1, sizeof(*d->edges));
	d->num_heads = 16;
	while (d->num_heads < num)
		d->num_heads *= 2;
	d->heads = calloc(d->num_heads, sizeof(*d->heads));
	d->chain = calloc(num + 1, sizeof(*d->chain));
	if (err || !d->edges || !d->heads || !d->chain)
		return err ? err : &iq_enomem;
	d->graph->first_edge = first;
	d->graph->edges = d->edges;
	d->graph->num_edges = num;
	return NULL;
}

/* ---- in order */

static int compare_places(const void *pa, const void *pb)
{
	const struct place *a = pa;
	const struct place *b = pb;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->witness < b->witness ? -1 : a->witness > b->witness;
}

static struct iq_error *order(struct iq_graph_draft *d, struct places *p)
{
	size_t num = p->list.len;

	p->renumber = calloc(num + 1, sizeof(*p->renumber));
	d->nodes = iq_arena_calloc(&d->model->arena, num, sizeof(*d->nodes));
	if (!p->renumber || !d->nodes)
		return &iq_enomem;
	if (num)
		qsort(p->list.data, num, sizeof(*p->list.data), compare_places);
	memset(d->heads, 0, d->num_heads * sizeof(*d->heads));
	for (size_t i = 0; i < num; i++) {
		const struct place *x = &p->list.data[i];
		size_t at = hash(d, x->address);

		p->renumber[x->number] = (uint32_t)i;
		d->nodes[i] = (struct iq_graph_node){
			.kind = x->kind,
			.address = x->address,
			.object = x->object,
			.witness = x->witness,
			.holder = IQ_GRAPH_NONE,
			.pending = IQ_GRAPH_NONE,
		};
		d->chain[i] = d->heads[at];
		d->heads[at] = (uint32_t)i + 1;
	}
	for (size_t e = 0; e < d->graph->num_edges; e++)
		d->edges[e].node = p->renumber[d->edges[e].node];
	d->graph->nodes = d->nodes;
	d->graph->num_nodes = num;
	return NULL;
}

uint32_t iq_graph_draft_at(const struct iq_graph_draft *d, uint64_t address,
			   uint32_t after)
{
	uint32_t i = after == IQ_GRAPH_NONE ? d->heads[hash(d, address)] :
					      d->chain[after];

	while (i && d->nodes[i - 1].address != address)
		i = d->chain[i - 1];
	return i - 1;
}

/* ---- who waits */

static void add_waiters(struct iq_graph_draft *d, uint32_t goroutine,
			uint32_t *list, const size_t *begins)
{
	const struct iq_graph *g = d->graph;

	for (uint32_t e = g->first_edge[goroutine];
	     e < g->first_edge[goroutine + 1]; e++) {
		struct iq_graph_node *node = &d->nodes[d->edges[e].node];
		uint32_t *waiters = list + begins[d->edges[e].node];

		// A select may have a channel in several cases.
		if (!node->num_waiters ||
		    waiters[node->num_waiters - 1] != goroutine)
			waiters[node->num_waiters++] = goroutine;
	}
}

static struct iq_error *make_waiters(struct iq_graph_draft *d)
{
	const struct iq_graph *g = d->graph;
	iq_cleanup(iq_freep) void *begins_mem =
		calloc(g->num_nodes + 1, sizeof(size_t));
	size_t *begins = begins_mem;
	uint32_t *list = iq_arena_calloc(&d->model->arena, g->num_edges + 1,
					 sizeof(*list));

	if (!begins || !list)
		return &iq_enomem;
	for (size_t e = 0; e < g->num_edges; e++)
		begins[d->edges[e].node + 1]++;
	for (size_t i = 0; i < g->num_nodes; i++)
		begins[i + 1] += begins[i];
	for (size_t i = 0; i < d->model->num_goroutines; i++)
		add_waiters(d, (uint32_t)i, list, begins);
	for (size_t i = 0; i < g->num_nodes; i++)
		d->nodes[i].waiters = list + begins[i];
	return NULL;
}

struct iq_error *iq_graph_build(struct iq_graph_draft *d)
{
	iq_cleanup(places_deinit) struct places places = { .renumber = NULL };
	struct iq_error *err = make_edges(d);

	if (!err)
		err = meet_all(d, &places);
	if (!err)
		err = order(d, &places);
	return err ? err : make_waiters(d);
}
