/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cycles: sets of goroutines that cannot go on and from which every way leads
 * back into the set. Found as strongly connected parts of the graph whose
 * vertices are goroutines and the sides of nodes, in time linear in its edges,
 * without recursion. R. Tarjan: Depth-first search and linear graph algorithms,
 * 1972.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/compare.h"
#include "base/limits.h"
#include "model/graph_draft.h"
#include "model/wait.h"

/* Wakers that are looked at for the edges of one cycle. */
#define LOOKS_MAX (16u << 20)
/* The runtime calls a lock's waiter starving after one millisecond; who is known
 * to have waited for so long shows that something else is wrong. Go:
 * src/sync/mutex.go, starvationThresholdNs. */
#define MERE_WAIT_NS 250000000
/* The same of those whom no collection saw wait, by when the last one was. */
#define UNSEEN_WAIT_NS 1000000000

struct call {
	uint32_t vertex;
	uint32_t cursor; /* the next of its edges */
};

struct search {
	struct iq_graph_draft *draft;
	const struct iq_graph_stuck *stuck;
	uint32_t num_vertices;
	/* By vertex: when it was met, from 1 on; 0: not yet. */
	uint32_t *met;
	uint32_t *low;
	/* By vertex: the part that it is of, from 1 on; 0: none yet. */
	uint32_t *part;
	uint32_t num_parts;
	uint32_t *stack;
	size_t depth;
	struct call *calls;
	size_t num_calls;
	uint32_t clock;
};

struct cycles {
	IQ_VEC(struct iq_cycle) list;
};

static void search_deinit(struct search *s)
{
	free(s->met);
	free(s->low);
	free(s->part);
	free(s->stack);
	free(s->calls);
}

static void cycles_deinit(struct cycles *c)
{
	iq_vec_deinit(&c->list);
}

/* ---- vertices */

static bool is_goroutine(const struct search *s, uint32_t vertex)
{
	return vertex < s->draft->model->num_goroutines;
}

static uint32_t vertex_of_side(const struct search *s, uint32_t node,
			       uint32_t goroutine)
{
	return (uint32_t)s->draft->model->num_goroutines +
	       IQ_GRAPH_SIDES * node +
	       iq_graph_side_of(&s->draft->nodes[node], goroutine);
}

static uint32_t side_of_vertex(const struct search *s, uint32_t vertex)
{
	return vertex - (uint32_t)s->draft->model->num_goroutines;
}

/* It is stuck, and not in a cycle that was found before. */
static bool is_of_interest(const struct search *s, uint32_t goroutine)
{
	return !s->stuck->on[goroutine] &&
	       s->draft->cycle_of[goroutine] == IQ_GRAPH_NONE;
}

static bool next_side(const struct search *s, struct call *call, uint32_t *ret)
{
	const struct iq_graph *g = s->draft->graph;
	uint32_t first = g->first_edge[call->vertex];
	uint32_t num = g->first_edge[call->vertex + 1] - first;

	if (call->cursor == num)
		return false;
	*ret = vertex_of_side(s, g->edges[first + call->cursor++].node,
			      call->vertex);
	return true;
}

static bool next_waker(const struct search *s, struct call *call, uint32_t *ret)
{
	uint32_t at = side_of_vertex(s, call->vertex);
	const struct iq_graph_node *node =
		&s->draft->nodes[at / IQ_GRAPH_SIDES];

	if (!s->stuck->num_counting[at])
		return false;
	while (call->cursor < node->num_wakers) {
		const struct iq_wake *wake = &node->wakers[call->cursor++];

		if (!is_of_interest(s, wake->goroutine) ||
		    !iq_graph_side_counts(s->draft->graph, &s->stuck->sides[at],
					  wake))
			continue;
		*ret = wake->goroutine;
		return true;
	}
	return false;
}

static bool next_of(const struct search *s, struct call *call, uint32_t *ret)
{
	return is_goroutine(s, call->vertex) ? next_side(s, call, ret) :
					       next_waker(s, call, ret);
}

/* ---- parts */

static void enter(struct search *s, uint32_t vertex)
{
	s->met[vertex] = s->low[vertex] = ++s->clock;
	s->stack[s->depth++] = vertex;
	s->calls[s->num_calls++] = (struct call){ .vertex = vertex };
}

/* Takes the part of @root off the stack; *@begin_ret is where it begins. */
static void cut(struct search *s, uint32_t root, size_t *begin_ret,
		size_t *end_ret)
{
	*end_ret = s->depth;
	s->num_parts++;
	do {
		s->part[s->stack[--s->depth]] = s->num_parts;
	} while (s->stack[s->depth] != root);
	*begin_ret = s->depth;
}

/* One step; true if a part is complete, stack[*begin_ret .. *end_ret). */
static bool step(struct search *s, size_t *begin_ret, size_t *end_ret)
{
	struct call *call = &s->calls[s->num_calls - 1];
	uint32_t vertex = call->vertex, next;

	if (next_of(s, call, &next)) {
		if (!s->met[next])
			enter(s, next);
		else if (!s->part[next] && s->met[next] < s->low[vertex])
			s->low[vertex] = s->met[next];
		return false;
	}
	if (--s->num_calls) {
		uint32_t outer = s->calls[s->num_calls - 1].vertex;

		if (s->low[vertex] < s->low[outer])
			s->low[outer] = s->low[vertex];
	}
	if (s->low[vertex] != s->met[vertex])
		return false;
	cut(s, vertex, begin_ret, end_ret);
	return true;
}

static struct iq_error *search_init(struct search *s)
{
	size_t num = s->num_vertices;

	s->met = calloc(num + 1, sizeof(*s->met));
	s->low = calloc(num + 1, sizeof(*s->low));
	s->part = calloc(num + 1, sizeof(*s->part));
	s->stack = calloc(num + 1, sizeof(*s->stack));
	s->calls = calloc(num + 1, sizeof(*s->calls));
	return s->met && s->low && s->part && s->stack && s->calls ? NULL :
								     &iq_enomem;
}

/* ---- whether a part is a cycle */

/* All who could let a side go on are of the part, or one that has to is. */
static bool is_side_shut(const struct search *s, uint32_t vertex)
{
	uint32_t at = side_of_vertex(s, vertex);
	const struct iq_graph_node *node =
		&s->draft->nodes[at / IQ_GRAPH_SIDES];
	const struct iq_graph_side *side = &s->stuck->sides[at];

	if (side->way == IQ_WAY_ALL)
		return true;
	for (size_t i = 0; i < node->num_wakers; i++) {
		if (iq_graph_side_counts(s->draft->graph, side,
					 &node->wakers[i]) &&
		    s->part[node->wakers[i].goroutine] != s->part[vertex])
			return false;
	}
	return true;
}

/* No case of its select leads to somebody outside. */
static bool is_goroutine_shut(const struct search *s, uint32_t vertex)
{
	const struct iq_graph *g = s->draft->graph;

	for (uint32_t e = g->first_edge[vertex]; e < g->first_edge[vertex + 1];
	     e++) {
		uint32_t side = vertex_of_side(s, g->edges[e].node, vertex);

		if (s->part[side] != s->part[vertex] &&
		    s->stuck->num_counting[side_of_vertex(s, side)])
			return false;
	}
	return true;
}

static bool is_shut(const struct search *s, const uint32_t *list, size_t num)
{
	for (size_t i = 0; i < num; i++) {
		if (is_goroutine(s, list[i]) ? !is_goroutine_shut(s, list[i]) :
					       !is_side_shut(s, list[i]))
			return false;
	}
	return true;
}

/* ---- a cycle's edges */

/* The goroutines of a part, ascending. */
static struct iq_error *take_members(const struct search *s,
				     const uint32_t *list, size_t num,
				     struct iq_cycle *cycle)
{
	uint32_t *members =
		iq_arena_calloc(&s->draft->model->arena, num, sizeof(*members));

	if (!members)
		return &iq_enomem;
	for (size_t i = 0; i < num; i++) {
		if (is_goroutine(s, list[i]))
			members[cycle->num_members++] = list[i];
	}
	qsort(members, cycle->num_members, sizeof(*members), iq_compare_u32);
	cycle->members = members;
	return NULL;
}

struct steps {
	IQ_VEC(struct iq_cycle_step) list;
	size_t num_looks; /* at wakers */
};

static void steps_deinit(struct steps *steps)
{
	iq_vec_deinit(&steps->list);
}

/* The steps of @goroutine over one node. Many times many are cut short. */
static struct iq_error *add_steps(const struct search *s, uint32_t goroutine,
				  uint32_t node, struct steps *steps)
{
	uint32_t vertex = vertex_of_side(s, node, goroutine);
	const struct iq_graph_node *n = &s->draft->nodes[node];
	const struct iq_graph_side *side =
		&s->stuck->sides[side_of_vertex(s, vertex)];

	for (size_t i = 0; i < n->num_wakers; i++) {
		const struct iq_wake *wake = &n->wakers[i];

		if (steps->num_looks++ >= LOOKS_MAX)
			break;
		if (s->part[wake->goroutine] != s->part[goroutine] ||
		    !iq_graph_side_counts(s->draft->graph, side, wake))
			continue;
		if (!iq_vec_push(
			    &steps->list,
			    ((struct iq_cycle_step){ goroutine, node, wake })))
			return &iq_enomem;
		if (steps->list.len >= IQ_LIMIT_CYCLE_STEPS)
			break;
	}
	return NULL;
}

static struct iq_error *collect_steps(const struct search *s,
				      const struct iq_cycle *cycle,
				      struct steps *steps)
{
	const struct iq_graph *g = s->draft->graph;
	struct iq_error *err = NULL;

	for (size_t i = 0; i < cycle->num_members && !err; i++) {
		uint32_t x = cycle->members[i];

		for (uint32_t e = g->first_edge[x];
		     e < g->first_edge[x + 1] && !err; e++) {
			// A select may have a channel in several cases.
			if (e > g->first_edge[x] &&
			    g->edges[e].node == g->edges[e - 1].node)
				continue;
			if (s->part[vertex_of_side(s, g->edges[e].node, x)] ==
			    s->part[x])
				err = add_steps(s, x, g->edges[e].node, steps);
		}
	}
	return err;
}

/* The first step of @goroutine that is not in the ring yet, or NULL. */
static struct iq_cycle_step *step_of(struct steps *steps, uint32_t goroutine)
{
	size_t lo = 0, hi = steps->list.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (steps->list.data[mid].goroutine < goroutine)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < steps->list.len &&
			       steps->list.data[lo].goroutine == goroutine &&
			       steps->list.data[lo].wake ?
		       &steps->list.data[lo] :
		       NULL;
}

/* In the order of the ring from the smallest goroutine on, then the rest. */
static struct iq_error *order_steps(const struct search *s, struct steps *steps,
				    struct iq_cycle *cycle)
{
	struct iq_cycle_step *ret = iq_arena_calloc(
		&s->draft->model->arena, steps->list.len, sizeof(*ret));
	struct iq_cycle_step *at = step_of(steps, cycle->members[0]);
	uint32_t last = IQ_GRAPH_NONE;

	if (!ret)
		return &iq_enomem;
	while (at) {
		ret[cycle->num_steps++] = *at;
		last = at->wake->goroutine;
		at->wake = NULL;
		at = step_of(steps, last);
	}
	cycle->is_ring = last == cycle->members[0] &&
			 cycle->num_steps == cycle->num_members &&
			 cycle->num_steps == steps->list.len;
	for (size_t i = 0; i < steps->list.len; i++) {
		if (steps->list.data[i].wake)
			ret[cycle->num_steps++] = steps->list.data[i];
	}
	cycle->steps = ret;
	return NULL;
}

static enum iq_cycle_kind kind_of(const struct search *s,
				  const struct iq_cycle *cycle)
{
	bool all_locks = true, all_channels = true, recorded = false;

	for (size_t i = 0; i < cycle->num_steps; i++) {
		const struct iq_graph_node *node =
			&s->draft->nodes[cycle->steps[i].node];

		if (node->kind == IQ_WAIT_WAITGROUP)
			return IQ_CYCLE_WAITGROUP;
		all_locks &= iq_graph_node_is_lock(node);
		all_channels &= node->kind == IQ_WAIT_CHAN;
		recorded |= node->pending != IQ_GRAPH_NONE;
	}
	if (all_locks && cycle->num_members == 1)
		return IQ_CYCLE_SELF;
	if (all_locks)
		return recorded ? IQ_CYCLE_RWMUTEX : IQ_CYCLE_LOCKS;
	return all_channels ? IQ_CYCLE_CHANNELS : IQ_CYCLE_MIXED;
}

static bool is_mere(const struct search *s, const struct iq_cycle *cycle)
{
	for (size_t i = 0; i < cycle->num_steps; i++) {
		uint32_t side = side_of_vertex(
			s, vertex_of_side(s, cycle->steps[i].node,
					  cycle->steps[i].goroutine));

		if (s->stuck->sides[side].mere)
			return true;
	}
	return false;
}

/*
 * Mentions say who could hold a lock, not who does: where one of them has not
 * waited for long, locks most likely change hands.
 */
static bool may_pass(const struct search *s, const struct iq_cycle *cycle)
{
	for (size_t i = 0; i < cycle->num_members; i++) {
		const struct iq_goroutine *g =
			&s->draft->model->goroutines[cycle->members[i]];

		// What no collection has seen may have lasted.
		if (iq_wait_class_is_lock(g->class) &&
		    (g->has_wait_min ? g->wait_min_ns < MERE_WAIT_NS :
				       g->has_wait_max &&
					       g->wait_max_ns < UNSEEN_WAIT_NS))
			return true;
	}
	return false;
}

static struct iq_error *add_cycle(struct search *s, const uint32_t *list,
				  size_t num, struct cycles *cycles)
{
	iq_cleanup(steps_deinit) struct steps steps = { .list = { 0 } };
	struct iq_cycle cycle = { .mere = s->stuck->mere };
	struct iq_error *err;

	if (!is_shut(s, list, num))
		return NULL;
	err = take_members(s, list, num, &cycle);
	if (!err)
		err = collect_steps(s, &cycle, &steps);
	if (!err)
		err = order_steps(s, &steps, &cycle);
	if (err)
		return err;
	cycle.kind = kind_of(s, &cycle);
	cycle.mere |= is_mere(s, &cycle);
	if (cycle.mere && may_pass(s, &cycle))
		return NULL;
	return iq_vec_push(&cycles->list, cycle) ? NULL : &iq_enomem;
}

/* ---- passes */

/* What the most that can be stuck has of parts. */
struct outlook {
	bool any;
	bool mere; /* one rests on mentions of a lock */
	bool open; /* one waits for what others might reach */
	/* Somebody is stuck because of who holds what it waits for, and memory
	 * does not prove it: whom it keeps in reach may be stuck, too. */
	bool held;
};

static void look(const struct search *s, const uint32_t *list, size_t num,
		 struct outlook *outlook)
{
	outlook->any = true;
	for (size_t i = 0; i < num; i++) {
		const struct iq_graph_side *side;

		if (is_goroutine(s, list[i]))
			continue;
		side = &s->stuck->sides[side_of_vertex(s, list[i])];
		outlook->mere |= side->mere;
		outlook->open |= side->way == IQ_WAY_OPEN;
	}
}

/* Goes through all parts: to @outlook, or else to @cycles. */
static struct iq_error *find_parts(struct search *s, struct outlook *outlook,
				   struct cycles *cycles)
{
	struct iq_error *err = NULL;
	size_t begin, end;

	for (uint32_t i = 0; i < s->draft->model->num_goroutines && !err; i++) {
		if (s->met[i] || !is_of_interest(s, i))
			continue;
		enter(s, i);
		while (s->num_calls && !err) {
			if (!step(s, &begin, &end) || end - begin < 2)
				continue;
			if (outlook)
				look(s, s->stack + begin, end - begin, outlook);
			else
				err = add_cycle(s, s->stack + begin,
						end - begin, cycles);
		}
	}
	return err;
}

static struct iq_error *run(struct iq_graph_draft *d,
			    const struct iq_graph_stuck *stuck,
			    struct outlook *outlook, struct cycles *cycles)
{
	iq_cleanup(search_deinit) struct search s = {
		.draft = d,
		.stuck = stuck,
		.num_vertices =
			(uint32_t)(d->model->num_goroutines +
				   IQ_GRAPH_SIDES * d->graph->num_nodes),
	};
	size_t old = cycles ? cycles->list.len : 0;
	struct iq_error *err = search_init(&s);

	if (!err)
		err = find_parts(&s, outlook, cycles);
	for (size_t i = old; cycles && i < cycles->list.len && !err; i++) {
		const struct iq_cycle *cycle = &cycles->list.data[i];

		for (size_t k = 0; k < cycle->num_members; k++)
			d->cycle_of[cycle->members[k]] = (uint32_t)i;
	}
	return err;
}

static bool is_held(const struct iq_graph_draft *d,
		    const struct iq_graph_stuck *stuck, uint32_t goroutine)
{
	const struct iq_graph *g = d->graph;

	if (stuck->on[goroutine] || d->closed[goroutine])
		return false;
	for (uint32_t e = g->first_edge[goroutine];
	     e < g->first_edge[goroutine + 1]; e++) {
		uint32_t node = g->edges[e].node;
		uint32_t at = IQ_GRAPH_SIDES * node +
			      iq_graph_side_of(&d->nodes[node], goroutine);

		if (stuck->sides[at].way == IQ_WAY_ANY ||
		    stuck->sides[at].way == IQ_WAY_ALL)
			return true;
	}
	return false;
}

static struct iq_error *look_out(struct iq_graph_draft *d, struct outlook *ret)
{
	iq_cleanup(iq_graph_stuck_deinit) struct iq_graph_stuck stuck = {
		.draft = d,
		.mere = true,
		.world = IQ_WORLD_SEEN,
	};
	struct iq_error *err = iq_graph_stuck_make(&stuck);

	for (uint32_t i = 0; i < d->model->num_goroutines && !err; i++)
		ret->held |= is_held(d, &stuck, i);
	return err ? err : run(d, &stuck, ret, NULL);
}

/* Who is stuck without a doubt about locks waits for nobody else. */
static void close_worlds(struct iq_graph_draft *d,
			 const struct iq_graph_stuck *stuck)
{
	const struct iq_graph *g = d->graph;

	for (uint32_t i = 0; i < d->model->num_goroutines; i++) {
		for (uint32_t e = g->first_edge[i];
		     !stuck->on[i] && e < g->first_edge[i + 1]; e++) {
			uint32_t node = g->edges[e].node;
			uint32_t at = IQ_GRAPH_SIDES * node +
				      iq_graph_side_of(&d->nodes[node], i);

			if (stuck->sides[at].way == IQ_WAY_OPEN)
				d->closed[i] = true;
		}
	}
}

static struct iq_error *pass(struct iq_graph_draft *d,
			     const struct outlook *outlook, bool mere,
			     struct cycles *cycles)
{
	iq_cleanup(iq_graph_stuck_deinit) struct iq_graph_stuck stuck = {
		.draft = d,
		.mere = mere,
		// Without them the heap is marked already.
		.world = outlook->open && outlook->held ? IQ_WORLD_HEAP :
							  IQ_WORLD_OPEN,
	};
	struct iq_error *err = iq_graph_stuck_make(&stuck);

	if (!err)
		err = run(d, &stuck, NULL, cycles);
	if (!err && !mere)
		close_worlds(d, &stuck);
	return err;
}

/* ---- in order */

static int compare_cycles(const void *pa, const void *pb)
{
	const struct iq_cycle *a = pa;
	const struct iq_cycle *b = pb;

	return a->members[0] < b->members[0] ? -1 :
					       a->members[0] > b->members[0];
}

static struct iq_error *keep(struct iq_graph_draft *d, struct cycles *cycles)
{
	size_t num = cycles->list.len;
	struct iq_cycle *list =
		iq_arena_calloc(&d->model->arena, num, sizeof(*list));

	if (!list)
		return &iq_enomem;
	if (num) {
		qsort(cycles->list.data, num, sizeof(*list), compare_cycles);
		memcpy(list, cycles->list.data, num * sizeof(*list));
	}
	for (size_t i = 0; i < num; i++) {
		for (size_t k = 0; k < list[i].num_members; k++)
			d->cycle_of[list[i].members[k]] = (uint32_t)i;
	}
	d->graph->cycles = list;
	d->graph->num_cycles = num;
	return NULL;
}

struct iq_error *iq_graph_find_cycles(struct iq_graph_draft *d)
{
	iq_cleanup(cycles_deinit) struct cycles cycles = { .list = { 0 } };
	struct outlook outlook = { .any = false };
	struct iq_error *err = NULL;

	// Without wakers there are no ways back.
	if (d->first_place[d->model->num_goroutines])
		err = look_out(d, &outlook);
	if (!err && outlook.any)
		err = pass(d, &outlook, false, &cycles);
	if (!err && outlook.any && outlook.mere)
		err = pass(d, &outlook, true, &cycles);
	return err ? err : keep(d, &cycles);
}
