/* SPDX-License-Identifier: Apache-2.0 */
#include "model/retained_costs.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "model/model.h"

#define NONE IQ_RETAINED_NONE

void iq_retained_costs_deinit(struct iq_retained_costs *c)
{
	iq_vec_deinit(&c->list);
	iq_vec_deinit(&c->sets);
	free(c->set_of);
	free(c->model_of);
	free(c->node_of);
	free(c->first);
	free(c->holders);
	iq_retained_graph_deinit(&c->graph);
	free(c->dominator);
	free(c->order);
	free(c->objects);
	free(c->bytes);
	free(c->masks);
}

/* ---- whose they are */

/* Index in the facts of the model's goroutine. */
static uint32_t fact_of(const struct iq_retained_costs *c, uint32_t goroutine)
{
	const struct iq_facts *facts = c->model->witnesses[c->witness];

	return (uint32_t)(c->model->goroutines[goroutine].fact -
			  facts->goroutines.data);
}

/* All of its goroutines are proven to stay, by this heap. */
static bool is_counted(const struct iq_model *model, uint32_t witness,
		       const struct iq_finding *f)
{
	if (!f->num_goroutines || f->confidence == IQ_CONFIDENCE_CONTRADICTED)
		return false;
	for (size_t i = 0; i < f->num_goroutines; i++) {
		const struct iq_goroutine *g =
			&model->goroutines[f->goroutines[i]];

		if (g->witness != witness || g->reach != IQ_REACH_UNREACHABLE)
			return false;
	}
	return true;
}

static struct iq_error *add_findings(struct iq_retained_costs *c)
{
	// The findings are the model's own, and constant for its readers.
	struct iq_finding *list = (struct iq_finding *)c->model->findings;

	for (size_t i = 0; i < c->model->num_findings; i++) {
		struct iq_retained_cost cost = { &list[i], false, NONE };

		if (is_counted(c->model, c->witness, &list[i]) &&
		    !iq_vec_push(&c->list, cost))
			return &iq_enomem;
	}
	return NULL;
}

/* Where the goroutines of @set go that @cost has, too. */
static struct iq_error *next_set(struct iq_retained_costs *c, uint32_t set,
				 uint32_t cost, uint32_t *ret)
{
	struct iq_retained_set next = { set, cost, NONE, NONE };

	if (c->sets.data[set].cost == cost || c->sets.len >= NONE / 2) {
		*ret = set;
		return NULL;
	}
	if (c->sets.data[set].next_cost != cost) {
		c->sets.data[set].next = (uint32_t)c->sets.len;
		c->sets.data[set].next_cost = cost;
		if (!iq_vec_push(&c->sets, next))
			return &iq_enomem;
	}
	*ret = c->sets.data[set].next;
	return NULL;
}

static struct iq_error *assign_cost(struct iq_retained_costs *c, uint32_t cost)
{
	const struct iq_finding *f = c->list.data[cost].finding;
	struct iq_error *err = NULL;

	for (size_t i = 0; i < f->num_goroutines && !err; i++) {
		uint32_t index = fact_of(c, f->goroutines[i]);

		c->model_of[index] = f->goroutines[i];
		err = next_set(c, c->set_of[index], cost, &c->set_of[index]);
	}
	return err;
}

/* Each that shares a goroutine gets a bit, as long as there are some. */
static void find_overlaps(struct iq_retained_costs *c)
{
	uint32_t num = 0;

	for (size_t i = 0; i < c->list.len; i++) {
		struct iq_retained_cost *cost = &c->list.data[i];
		const struct iq_finding *f = cost->finding;

		for (size_t g = 0; g < f->num_goroutines; g++) {
			uint32_t set = c->set_of[fact_of(c, f->goroutines[g])];

			cost->overlaps |= c->sets.data[set].before != 0;
		}
		if (cost->overlaps && num < IQ_RETAINED_OVERLAPS)
			cost->bit = ++num;
	}
}

/* The goroutines by their sets. */
static struct iq_error *order_goroutines(struct iq_retained_costs *c)
{
	uint32_t num = (uint32_t)c->sets.len;
	uint32_t sum = 0;

	c->first = calloc((size_t)num + 1, sizeof(*c->first));
	c->holders = calloc((size_t)c->num_goroutines + 1, sizeof(*c->holders));
	if (!c->first || !c->holders)
		return &iq_enomem;
	for (uint32_t i = 0; i < c->num_goroutines; i++) {
		if (c->set_of[i] != NONE)
			c->first[c->set_of[i]]++;
	}
	for (uint32_t s = 0; s <= num; s++) {
		sum += c->first[s];
		c->first[s] = sum;
	}
	for (uint32_t i = c->num_goroutines; i-- > 0;) {
		uint32_t at;

		if (c->set_of[i] == NONE)
			continue;
		at = --c->first[c->set_of[i]];
		c->holders[at] = i;
		c->node_of[i] = 1 + num + at;
	}
	return NULL;
}

static struct iq_error *assign_all(struct iq_retained_costs *c)
{
	const struct iq_proof *proof = iq_proof_of(c->model, c->witness);
	const struct iq_retained_set nobody = { 0, NONE, NONE, NONE };
	struct iq_error *err = NULL;

	c->set_of = calloc((size_t)c->num_goroutines + 1, sizeof(*c->set_of));
	c->model_of =
		calloc((size_t)c->num_goroutines + 1, sizeof(*c->model_of));
	c->node_of = calloc((size_t)c->num_goroutines + 1, sizeof(*c->node_of));
	if (!c->set_of || !c->model_of || !c->node_of ||
	    !iq_vec_push(&c->sets, nobody))
		return &iq_enomem;
	for (uint32_t i = 0; i < c->num_goroutines; i++) {
		bool runs = proof->can_run[i / 64] >> i % 64 & 1;

		c->set_of[i] = runs ? NONE : 0;
	}
	for (uint32_t i = 0; i < c->list.len && !err; i++)
		err = assign_cost(c, i);
	if (err)
		return err;
	find_overlaps(c);
	return order_goroutines(c);
}

struct iq_error *iq_retained_costs_assign(struct iq_retained_costs *c,
					  struct iq_model *model,
					  uint32_t witness)
{
	const struct iq_proof *proof = iq_proof_of(model, witness);
	struct iq_error *err;

	*c = (struct iq_retained_costs){ .model = model, .witness = witness };
	if (!proof || proof->lacks[0] ||
	    proof->map->num_holders < model->witnesses[witness]->goroutines.len)
		return NULL;
	c->num_goroutines = (uint32_t)model->witnesses[witness]->goroutines.len;
	err = add_findings(c);
	return err || !c->list.len ? err : assign_all(c);
}

/* ---- sums */

static struct iq_error *find_dominators(struct iq_retained_costs *c)
{
	const struct iq_digraph graph = {
		.num_nodes = (uint32_t)c->graph.first.len - 1,
		.first = c->graph.first.data,
		.targets = c->graph.targets.data,
	};

	c->dominator = calloc(graph.num_nodes, sizeof(*c->dominator));
	c->order = calloc(graph.num_nodes, sizeof(*c->order));
	if (!c->dominator || !c->order)
		return &iq_enomem;
	return iq_dominators_find(&graph, 0, c->dominator, c->order,
				  &c->num_order);
}

/* Who is dominated comes behind who dominates it. */
static struct iq_error *sum_all(struct iq_retained_costs *c)
{
	uint32_t from = iq_retained_graph_first_object(&c->graph);
	size_t num = c->graph.first.len;

	c->objects = calloc(num, sizeof(*c->objects));
	c->bytes = calloc(num, sizeof(*c->bytes));
	if (!c->objects || !c->bytes)
		return &iq_enomem;
	for (size_t i = 0; i < c->graph.slots.len; i++) {
		c->objects[from + i] = 1;
		c->bytes[from + i] = c->graph.sizes.data[i];
	}
	for (uint32_t i = c->num_order; i-- > 1;) {
		uint32_t node = c->order[i];

		c->objects[c->dominator[node]] += c->objects[node];
		c->bytes[c->dominator[node]] += c->bytes[node];
	}
	return NULL;
}

static uint64_t mask_of_set(const struct iq_retained_costs *c, uint32_t set)
{
	uint64_t mask = set != 0;

	for (; set; set = c->sets.data[set].before) {
		const struct iq_retained_cost *cost =
			&c->list.data[c->sets.data[set].cost];

		if (cost->overlaps && cost->bit != NONE)
			mask |= 1ull << cost->bit;
	}
	return mask;
}

/*
 * What is left of the bits on each way to a node. A node is looked at again
 * when it has lost some, 64 times at most; each stands in the queue once.
 */
static struct iq_error *spread_masks(struct iq_retained_costs *c)
{
	const struct iq_retained_graph *g = &c->graph;
	iq_cleanup(iq_freep) uint32_t *queue =
		malloc(((size_t)c->num_order + 1) * sizeof(*queue));
	iq_cleanup(iq_freep) uint64_t *queued =
		calloc(g->first.len / 64 + 1, sizeof(*queued));
	uint32_t head = 0, len = c->num_order;

	if (!queue || !queued)
		return &iq_enomem;
	for (uint32_t i = 0; i < len; i++) {
		queue[i] = c->order[i];
		queued[queue[i] / 64] |= 1ull << queue[i] % 64;
	}
	for (; len; len--) {
		uint32_t node = queue[head];

		head = head + 1 == c->num_order ? 0 : head + 1;
		queued[node / 64] &= ~(1ull << node % 64);
		for (uint32_t e = g->first.data[node];
		     e < g->first.data[node + 1]; e++) {
			uint32_t to = g->targets.data[e];
			uint64_t left = c->masks[to] & c->masks[node];
			uint64_t bit = 1ull << to % 64;

			if (left == c->masks[to])
				continue;
			c->masks[to] = left;
			if (queued[to / 64] & bit)
				continue;
			queued[to / 64] |= bit;
			// The one that is looked at has left its place.
			queue[(head + (uint64_t)len - 1) % c->num_order] = to;
			len++;
		}
	}
	return NULL;
}

static struct iq_error *make_masks(struct iq_retained_costs *c)
{
	bool wanted = c->first[1] > 0;

	for (size_t i = 0; i < c->list.len; i++)
		wanted |= c->list.data[i].overlaps;
	if (!wanted)
		return NULL;
	c->masks = malloc(c->graph.first.len * sizeof(*c->masks));
	if (!c->masks)
		return &iq_enomem;
	for (size_t i = 0; i < c->graph.first.len; i++)
		c->masks[i] = ~0ull;
	for (uint32_t s = 0; s < c->sets.len; s++)
		c->masks[1 + s] = mask_of_set(c, s);
	return spread_masks(c);
}

struct iq_error *iq_retained_costs_sum(struct iq_retained_costs *c)
{
	const struct iq_retained_sets sets = {
		.num = (uint32_t)c->sets.len,
		.first = c->first,
		.holders = c->holders,
	};
	struct iq_error *err = iq_retained_graph_make(
		iq_proof_of(c->model, c->witness),
		c->model->witnesses[c->witness], &sets, &c->graph);

	if (err || c->graph.lacks[0])
		return err;
	err = find_dominators(c);
	if (!err)
		err = sum_all(c);
	return err ? err : make_masks(c);
}
