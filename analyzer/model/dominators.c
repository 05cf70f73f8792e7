/* SPDX-License-Identifier: Apache-2.0 */
#include "model/dominators.h"

#include <stdlib.h>

#include "base/attr.h"

/*
 * The simple form of the algorithm of T. Lengauer and R. E. Tarjan, "A fast
 * algorithm for finding dominators in a flowgraph" (1979): m edges and n nodes
 * take m log n, whatever the graph. Nodes go by their number in the order in
 * which a search in depth meets them.
 */

#define NONE IQ_DOMINATORS_NONE

struct search {
	const struct iq_digraph *graph;
	uint32_t num; /* nodes that were met */
	/* By node: its number, or NONE. */
	uint32_t *number;
	/* By number: the node, and the number from which it was met. */
	uint32_t *order;
	uint32_t *parent;
	/* By number: the semidominator; during the search the next edge. */
	uint32_t *semi;
	/* By number: where the edges to it come from. */
	uint32_t *first_from;
	uint32_t *from;
	/* By number: a forest of those that were gone through; on the way up to
	 * the root of its tree, the one with the least semidominator. */
	uint32_t *ancestor;
	uint32_t *label;
	/* By number: those that have it as semidominator, in a list. */
	uint32_t *bucket;
	uint32_t *next;
	/* Numbers of a way up. */
	uint32_t *way;
	uint32_t *dominator; /* by number */
};

static void search_deinit(struct search *s)
{
	free(s->number);
	free(s->parent);
	free(s->semi);
	free(s->first_from);
	free(s->from);
	free(s->ancestor);
	free(s->label);
	free(s->bucket);
	free(s->next);
	free(s->way);
	free(s->dominator);
}

static uint32_t *new_array(uint32_t num)
{
	return calloc((size_t)num + 1, sizeof(uint32_t));
}

static struct iq_error *search_init(struct search *s)
{
	uint32_t num = s->graph->num_nodes;
	uint32_t **const arrays[] = {
		&s->number, &s->parent, &s->semi, &s->first_from, &s->ancestor,
		&s->label,  &s->bucket, &s->next, &s->way,	  &s->dominator,
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(arrays); i++) {
		*arrays[i] = new_array(num);
		if (!*arrays[i])
			return &iq_enomem;
	}
	return NULL;
}

static void meet(struct search *s, uint32_t node, uint32_t parent)
{
	s->number[node] = s->num;
	s->order[s->num] = node;
	s->parent[s->num] = parent;
	s->semi[s->num] = s->graph->first[node];
	s->num++;
}

/* Numbers what can be reached; the way back is in the parents. */
static void search_depth(struct search *s, uint32_t root)
{
	const struct iq_digraph *g = s->graph;
	uint32_t at = 0;

	for (uint32_t i = 0; i < g->num_nodes; i++)
		s->number[i] = NONE;
	meet(s, root, NONE);
	while (at != NONE) {
		uint32_t end = g->first[s->order[at] + 1];
		uint32_t next = NONE;

		while (s->semi[at] < end && next == NONE) {
			next = g->targets[s->semi[at]++];
			if (s->number[next] != NONE)
				next = NONE;
		}
		if (next == NONE) {
			at = s->parent[at];
			continue;
		}
		meet(s, next, at);
		at = s->num - 1;
	}
}

/* The edges by where they lead. */
static struct iq_error *turn_edges(struct search *s)
{
	const struct iq_digraph *g = s->graph;
	uint32_t sum = 0;

	// What can be reached leads to nothing else.
	for (uint32_t i = 0; i < s->num; i++) {
		uint32_t node = s->order[i];

		for (uint32_t e = g->first[node]; e < g->first[node + 1]; e++)
			s->first_from[s->number[g->targets[e]]]++;
	}
	for (uint32_t i = 0; i <= s->num; i++) {
		uint32_t here = s->first_from[i];

		sum += here;
		s->first_from[i] = sum;
	}
	s->from = new_array(sum);
	if (!s->from)
		return &iq_enomem;
	for (uint32_t i = 0; i < s->num; i++) {
		uint32_t node = s->order[i];

		for (uint32_t e = g->first[node]; e < g->first[node + 1]; e++) {
			uint32_t to = s->number[g->targets[e]];

			s->from[--s->first_from[to]] = i;
		}
	}
	return NULL;
}

/* The one with the least semidominator on the way from @at up. */
static uint32_t least(struct search *s, uint32_t at)
{
	uint32_t len = 0;
	uint32_t top;

	if (s->ancestor[at] == NONE)
		return at;
	while (s->ancestor[s->ancestor[at]] != NONE) {
		s->way[len++] = at;
		at = s->ancestor[at];
	}
	top = s->ancestor[at];
	// From above: who is below gets what is known of all above it.
	while (len--) {
		uint32_t below = s->way[len];

		if (s->semi[s->label[at]] < s->semi[s->label[below]])
			s->label[below] = s->label[at];
		s->ancestor[below] = top;
		at = below;
	}
	return s->label[at];
}

/* The dominators of those whose semidominator is @above, as far as they are
 * known before all is gone through. */
static void empty_bucket(struct search *s, uint32_t above)
{
	uint32_t v = s->bucket[above];

	while (v != NONE) {
		uint32_t u = least(s, v);

		s->dominator[v] = s->semi[u] < s->semi[v] ? u : above;
		v = s->next[v];
	}
	s->bucket[above] = NONE;
}

static void find_semidominators(struct search *s)
{
	for (uint32_t i = 0; i < s->num; i++) {
		s->semi[i] = s->label[i] = i;
		s->ancestor[i] = s->bucket[i] = NONE;
	}
	for (uint32_t i = s->num - 1; i > 0; i--) {
		for (uint32_t e = s->first_from[i]; e < s->first_from[i + 1];
		     e++) {
			uint32_t semi = s->semi[least(s, s->from[e])];

			if (semi < s->semi[i])
				s->semi[i] = semi;
		}
		s->next[i] = s->bucket[s->semi[i]];
		s->bucket[s->semi[i]] = i;
		s->ancestor[i] = s->parent[i];
		empty_bucket(s, s->parent[i]);
	}
}

static void find_dominators(struct search *s, uint32_t *ret)
{
	for (uint32_t i = 1; i < s->num; i++) {
		if (s->dominator[i] != s->semi[i])
			s->dominator[i] = s->dominator[s->dominator[i]];
	}
	for (uint32_t i = 0; i < s->graph->num_nodes; i++)
		ret[i] = NONE;
	for (uint32_t i = 0; i < s->num; i++)
		ret[s->order[i]] = s->order[s->dominator[i]];
}

struct iq_error *iq_dominators_find(const struct iq_digraph *graph,
				    uint32_t root, uint32_t *dominator,
				    uint32_t *order, uint32_t *num_ret)
{
	iq_cleanup(search_deinit) struct search s = {
		.graph = graph,
		.order = order,
	};
	struct iq_error *err = search_init(&s);

	if (!err) {
		search_depth(&s, root);
		err = turn_edges(&s);
	}
	if (err)
		return err;
	find_semidominators(&s);
	find_dominators(&s, dominator);
	*num_ret = s.num;
	return NULL;
}
