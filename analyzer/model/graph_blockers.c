/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who stands behind whom. A goroutine stands behind at most one other, so that
 * the ways are a forest whose roots are the blockers: cycles, and goroutines
 * that are not seen to wait for anybody.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/compare.h"
#include "model/graph_draft.h"
#include "model/wait.h"

/* A way that leads back into itself, and is no cycle that is believed. */
#define NO_ROOT UINT32_MAX

struct forest {
	struct iq_graph_draft *draft;
	uint32_t *next; /* in the arena */
	/* By side of a node: whom its waiters stand behind. */
	uint32_t *choices;
	/* By goroutine: its root: a goroutine, or a cycle's number behind
	 * them. */
	uint32_t *roots;
	/* By root: how many stand behind it, then its blocker + 1. */
	uint32_t *counts;
	size_t num_roots;
};

static void forest_deinit(struct forest *f)
{
	free(f->choices);
	free(f->roots);
	free(f->counts);
}

/* ---- one step */

static bool is_in_cycle(const struct forest *f, uint32_t goroutine)
{
	return f->draft->cycle_of[goroutine] != IQ_GRAPH_NONE;
}

/*
 * Of those who count: one that is in a cycle where it is not one of them alone
 * that has the object, else one that is blocked where all have to go on, else
 * the only one.
 */
static uint32_t choose(const struct forest *f, const struct iq_graph_node *node,
		       const struct iq_graph_side *side)
{
	const struct iq_model *m = f->draft->model;
	uint32_t blocked = IQ_GRAPH_NONE, only = IQ_GRAPH_NONE;
	size_t num = 0;

	for (size_t i = 0; i < node->num_wakers; i++) {
		uint32_t g = node->wakers[i].goroutine;

		if (!iq_graph_side_counts(f->draft->graph, side,
					  &node->wakers[i]))
			continue;
		if (side->way != IQ_WAY_ANY && is_in_cycle(f, g))
			return g;
		if (blocked == IQ_GRAPH_NONE &&
		    !iq_wait_class_can_go_on(m->goroutines[g].class))
			blocked = g;
		only = g;
		num++;
	}
	if (side->way == IQ_WAY_ALL && blocked != IQ_GRAPH_NONE)
		return blocked;
	return num == 1 ? only : IQ_GRAPH_NONE;
}

/* Who explains the queue for a lock; else who will let it pass. */
static uint32_t choose_holder(const struct forest *f,
			      const struct iq_graph_node *node)
{
	const struct iq_wake *wake =
		iq_graph_blocked_holder(f->draft->model, node);

	if (!wake && node->holder != IQ_GRAPH_NONE)
		wake = &node->wakers[node->holder];
	return wake ? wake->goroutine : IQ_GRAPH_NONE;
}

static void choose_all(struct forest *f)
{
	const struct iq_graph_draft *d = f->draft;

	for (uint32_t i = 0; i < d->graph->num_nodes; i++) {
		for (unsigned k = 0; k < IQ_GRAPH_SIDES; k++) {
			const struct iq_graph_node *node = &d->nodes[i];
			struct iq_graph_side side;
			uint32_t *choice = &f->choices[IQ_GRAPH_SIDES * i + k];

			iq_graph_side_make(d->model, d->graph, node, k, &side);
			*choice = choose(f, node, &side);
			if (!k && *choice == IQ_GRAPH_NONE &&
			    iq_graph_node_is_lock(node))
				*choice = choose_holder(f, node);
		}
	}
}

/* Whom @goroutine stands behind: all that it waits for has to say the same. */
static uint32_t next_of(const struct forest *f, uint32_t goroutine)
{
	const struct iq_graph_draft *d = f->draft;
	const struct iq_graph *g = d->graph;
	uint32_t found = IQ_GRAPH_NONE;

	for (uint32_t e = g->first_edge[goroutine];
	     e < g->first_edge[goroutine + 1]; e++) {
		uint32_t node = g->edges[e].node;
		unsigned side = iq_graph_side_of(&d->nodes[node], goroutine);
		uint32_t choice = f->choices[IQ_GRAPH_SIDES * node + side];

		// Anybody may come who is not seen.
		if ((d->nodes[node].kind == IQ_WAIT_CHAN ||
		     d->nodes[node].kind == IQ_WAIT_COND) &&
		    !d->closed[goroutine])
			return IQ_GRAPH_NONE;
		if (choice == IQ_GRAPH_NONE || choice == goroutine ||
		    (found != IQ_GRAPH_NONE && found != choice))
			return IQ_GRAPH_NONE;
		found = choice;
	}
	return found;
}

static void make_ways(struct forest *f)
{
	const struct iq_graph_draft *d = f->draft;
	const struct iq_graph *g = d->graph;

	for (uint32_t i = 0; i < d->model->num_goroutines; i++)
		f->next[i] = next_of(f, i);
	// In a cycle it is the next one of it.
	for (size_t c = 0; c < g->num_cycles; c++) {
		for (size_t k = g->cycles[c].num_steps; k-- > 0;) {
			const struct iq_cycle_step *step =
				&g->cycles[c].steps[k];

			f->next[step->goroutine] = step->wake->goroutine;
		}
	}
}

/* ---- roots */

/* The root at @goroutine, if it is one or is known to have one. */
static uint32_t root_at(const struct forest *f, uint32_t goroutine, bool *ret)
{
	size_t num = f->draft->model->num_goroutines;

	*ret = true;
	if (is_in_cycle(f, goroutine))
		return (uint32_t)num + f->draft->cycle_of[goroutine];
	if (f->next[goroutine] == IQ_GRAPH_NONE)
		return goroutine;
	*ret = false;
	return NO_ROOT;
}

/* Follows the way from @start and writes its root to all on it. @seen is start
 * + 1 by goroutine that was met from start. */
static void follow(struct forest *f, uint32_t start, uint32_t *seen)
{
	uint32_t at = start, root = NO_ROOT;
	bool is_root = false;

	while (!seen[at]) {
		seen[at] = start + 1;
		root = root_at(f, at, &is_root);
		if (is_root)
			break;
		at = f->next[at];
	}
	// Met before: on another way, whose root it has, or on this one.
	if (!is_root)
		root = seen[at] == start + 1 ? NO_ROOT : f->roots[at];
	for (at = start; seen[at] == start + 1; at = f->next[at]) {
		uint32_t here = root_at(f, at, &is_root);

		f->roots[at] = is_root ? here : root;
		seen[at] = UINT32_MAX;
		if (is_root)
			break;
	}
}

static struct iq_error *find_roots(struct forest *f)
{
	size_t num = f->draft->model->num_goroutines;
	iq_cleanup(iq_freep) void *seen = calloc(num + 1, sizeof(uint32_t));

	if (!seen)
		return &iq_enomem;
	for (uint32_t i = 0; i < num; i++)
		follow(f, i, seen);
	for (uint32_t i = 0; i < num; i++) {
		uint32_t root = f->roots[i];

		// Who is the root, or in it, does not stand behind it.
		if (root == i || is_in_cycle(f, i))
			f->roots[i] = NO_ROOT;
		else if (root != NO_ROOT)
			f->counts[root]++;
	}
	return NULL;
}

/* ---- blockers */

struct ranked {
	uint32_t root;
	uint32_t count;
	bool is_cycle;
};

static int compare_ranked(const void *pa, const void *pb)
{
	const struct ranked *a = pa;
	const struct ranked *b = pb;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	if (a->is_cycle != b->is_cycle)
		return a->is_cycle ? -1 : 1;
	return a->root < b->root ? -1 : a->root > b->root;
}

static bool goes_on(const struct iq_graph_draft *d, uint32_t goroutine)
{
	const struct iq_goroutine *g = &d->model->goroutines[goroutine];

	for (uint32_t i = 0; i < g->fact->num_waits; i++) {
		const struct iq_wait *wait = &g->fact->waits[i];

		if (wait->has_until ||
		    (wait->kind == IQ_WAIT_CHAN && wait->object &&
		     wait->object->is_read && wait->object->chan.timer &&
		     wait->object->chan.when.is_set))
			return true;
	}
	return iq_wait_class_can_go_on(g->class);
}

static struct iq_error *make_blockers(struct forest *f)
{
	struct iq_graph_draft *d = f->draft;
	size_t num = 0, num_goroutines = d->model->num_goroutines;
	iq_cleanup(iq_freep) void *ranked_mem = NULL;
	struct iq_blocker *blockers;
	struct ranked *ranked;

	for (size_t r = 0; r < f->num_roots; r++)
		num += f->counts[r] > 0;
	ranked = ranked_mem = calloc(num + 1, sizeof(*ranked));
	blockers = iq_arena_calloc(&d->model->arena, num, sizeof(*blockers));
	if (!ranked || !blockers)
		return &iq_enomem;
	num = 0;
	for (size_t r = 0; r < f->num_roots; r++) {
		if (f->counts[r])
			ranked[num++] =
				(struct ranked){ (uint32_t)r, f->counts[r],
						 r >= num_goroutines };
	}
	qsort(ranked, num, sizeof(*ranked), compare_ranked);
	for (size_t i = 0; i < num; i++) {
		struct iq_blocker *b = &blockers[i];

		b->cycle = b->goroutine = IQ_GRAPH_NONE;
		if (ranked[i].is_cycle)
			b->cycle = ranked[i].root - (uint32_t)num_goroutines;
		else
			b->goroutine = ranked[i].root;
		b->num_behind = ranked[i].count;
		b->goes_on = !ranked[i].is_cycle && goes_on(d, b->goroutine);
		f->counts[ranked[i].root] = (uint32_t)i + 1;
	}
	d->graph->blockers = blockers;
	d->graph->num_blockers = num;
	return NULL;
}

/* Who stands behind each, ascending. */
static struct iq_error *fill_behind(struct forest *f)
{
	struct iq_graph_draft *d = f->draft;
	struct iq_blocker *blockers = (struct iq_blocker *)d->graph->blockers;
	struct iq_arena *arena = &d->model->arena;
	size_t num = d->model->num_goroutines, total = 0;
	uint32_t *blocker_of =
		iq_arena_calloc(arena, num + 1, sizeof(*blocker_of));
	uint32_t *list;

	for (size_t i = 0; i < d->graph->num_blockers; i++)
		total += blockers[i].num_behind;
	list = iq_arena_calloc(arena, total, sizeof(*list));
	if (!blocker_of || !list)
		return &iq_enomem;
	for (size_t i = 0; i < d->graph->num_blockers; i++) {
		blockers[i].behind = list;
		list += blockers[i].num_behind;
		blockers[i].num_behind = 0;
	}
	for (uint32_t i = 0; i < num; i++) {
		struct iq_blocker *b;

		blocker_of[i] = IQ_GRAPH_NONE;
		if (f->roots[i] == NO_ROOT)
			continue;
		blocker_of[i] = f->counts[f->roots[i]] - 1;
		b = &blockers[blocker_of[i]];
		((uint32_t *)b->behind)[b->num_behind++] = i;
	}
	d->graph->blocker_of = blocker_of;
	return NULL;
}

/* The nodes over which others wait for @b itself. */
static struct iq_error *fill_nodes(struct forest *f, struct iq_blocker *b)
{
	const struct iq_graph *g = f->draft->graph;
	size_t num = 0, kept = 0;
	uint32_t *nodes = NULL;

	for (unsigned fill = 0; fill < 2; fill++) {
		if (fill) {
			nodes = iq_arena_calloc(&f->draft->model->arena, num,
						sizeof(*nodes));
			if (!nodes)
				return &iq_enomem;
			b->nodes = nodes;
			num = 0;
		}
		for (size_t i = 0; i < b->num_behind; i++) {
			uint32_t x = b->behind[i], next = f->next[x];

			if (b->cycle == IQ_GRAPH_NONE ?
				    next != b->goroutine :
				    f->draft->cycle_of[next] != b->cycle)
				continue;
			for (uint32_t e = g->first_edge[x];
			     e < g->first_edge[x + 1]; e++, num++) {
				if (fill)
					nodes[num] = g->edges[e].node;
			}
		}
	}
	qsort(nodes, num, sizeof(*nodes), iq_compare_u32);
	for (size_t i = 0; i < num; i++) {
		if (!i || nodes[i] != nodes[kept - 1])
			nodes[kept++] = nodes[i];
	}
	b->num_nodes = kept;
	return NULL;
}

struct iq_error *iq_graph_find_blockers(struct iq_graph_draft *d)
{
	iq_cleanup(forest_deinit) struct forest f = { .draft = d };
	size_t num = d->model->num_goroutines;
	struct iq_error *err;

	f.num_roots = num + d->graph->num_cycles;
	f.next = iq_arena_calloc(&d->model->arena, num + 1, sizeof(*f.next));
	f.choices = calloc(IQ_GRAPH_SIDES * d->graph->num_nodes + 1,
			   sizeof(*f.choices));
	f.roots = calloc(num + 1, sizeof(*f.roots));
	f.counts = calloc(f.num_roots + 1, sizeof(*f.counts));
	if (!f.next || !f.choices || !f.roots || !f.counts)
		return &iq_enomem;
	d->graph->next = f.next;
	choose_all(&f);
	make_ways(&f);
	err = find_roots(&f);
	if (!err)
		err = make_blockers(&f);
	if (!err)
		err = fill_behind(&f);
	for (size_t i = 0; i < d->graph->num_blockers && !err; i++)
		err = fill_nodes(&f,
				 (struct iq_blocker *)&d->graph->blockers[i]);
	return err;
}
