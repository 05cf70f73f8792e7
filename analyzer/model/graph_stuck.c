/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who cannot go on: all others are taken away, those who need nobody first, then
 * whoever they could wake, until nobody is left to be taken away.
 */
#include <stdlib.h>

#include "model/graph_draft.h"
#include "model/liveness.h"

void iq_graph_stuck_deinit(struct iq_graph_stuck *s)
{
	for (size_t w = 0; s->closures && w < s->draft->model->num_witnesses;
	     w++)
		iq_closure_destroy(s->closures[w]);
	free(s->closures);
	free(s->sides);
	free(s->left);
	free(s->num_counting);
	free(s->on);
	free(s->work);
}

static void go_on(struct iq_graph_stuck *s, uint32_t goroutine)
{
	const struct iq_graph_draft *d = s->draft;

	if (s->on[goroutine])
		return;
	s->on[goroutine] = true;
	s->work[s->num_work++] = goroutine;
	if (s->closures && s->closures[d->model->goroutines[goroutine].witness])
		iq_closure_let_go(
			s->closures[d->model->goroutines[goroutine].witness],
			goroutine);
}

/* ---- sides */

static void make_side(struct iq_graph_stuck *s, uint32_t node, unsigned number)
{
	const struct iq_graph_draft *d = s->draft;
	const struct iq_graph_node *n = &d->nodes[node];
	struct iq_graph_side *side = &s->sides[IQ_GRAPH_SIDES * node + number];
	uint32_t num = 0;

	iq_graph_side_make(d->model, d->graph, n, number, side);
	if (side->mere && !s->mere)
		side->way = IQ_WAY_FREE;
	for (size_t i = 0; i < n->num_wakers && side->way != IQ_WAY_FREE; i++)
		num += iq_graph_side_counts(d->graph, side, &n->wakers[i]);
	if (!num && side->way != IQ_WAY_OPEN)
		side->way = IQ_WAY_FREE;
	s->num_counting[side - s->sides] = num;
	s->left[side - s->sides] = side->way == IQ_WAY_ALL ? num : 1;
	// Nobody is seen who could be asked.
	if (!num && side->way == IQ_WAY_OPEN && s->world == IQ_WORLD_SEEN)
		s->left[side - s->sides] = 0;
}

static const struct iq_graph_side *side_at(const struct iq_graph_stuck *s,
					   uint32_t node, uint32_t goroutine)
{
	unsigned number = iq_graph_side_of(&s->draft->nodes[node], goroutine);

	return &s->sides[IQ_GRAPH_SIDES * node + number];
}

/* ---- before anybody is taken away */

/* Whether a side, as it is, lets @goroutine go on without anybody. */
static bool is_free(const struct iq_graph_stuck *s, uint32_t node,
		    uint32_t goroutine)
{
	const struct iq_graph_side *side = side_at(s, node, goroutine);

	if (side->way == IQ_WAY_FREE)
		return true;
	if (side->way != IQ_WAY_OPEN)
		return false;
	return s->world == IQ_WORLD_OPEN || !s->left[side - s->sides];
}

static bool needs_nobody(const struct iq_graph_stuck *s, uint32_t goroutine)
{
	const struct iq_graph_draft *d = s->draft;
	const struct iq_graph *g = d->graph;

	if (d->closed[goroutine])
		return false;
	if (iq_graph_goes_on(d->model, g, goroutine))
		return true;
	for (uint32_t e = g->first_edge[goroutine];
	     e < g->first_edge[goroutine + 1]; e++) {
		if (is_free(s, g->edges[e].node, goroutine))
			return true;
	}
	return false;
}

/* It waits for something that who reaches it could give. */
static bool is_open(const struct iq_graph_stuck *s, uint32_t goroutine)
{
	const struct iq_graph *g = s->draft->graph;

	for (uint32_t e = g->first_edge[goroutine];
	     e < g->first_edge[goroutine + 1]; e++) {
		if (side_at(s, g->edges[e].node, goroutine)->way == IQ_WAY_OPEN)
			return true;
	}
	return false;
}

/* Holds those back in the heap that may be stuck. */
static struct iq_error *hold_back(struct iq_graph_stuck *s, uint32_t goroutine)
{
	const struct iq_graph_draft *d = s->draft;
	struct iq_closure *closure =
		s->closures[d->model->goroutines[goroutine].witness];
	bool open = !d->closed[goroutine] && is_open(s, goroutine);
	struct iq_error *err = NULL;
	bool held = false;

	if (closure)
		err = iq_closure_hold(closure, goroutine, open, &held);
	if (!err && open && !held)
		go_on(s, goroutine);
	return err;
}

static struct iq_error *begin(struct iq_graph_stuck *s)
{
	const struct iq_model *m = s->draft->model;
	struct iq_error *err = NULL;

	for (uint32_t i = 0; i < m->num_goroutines && !err; i++) {
		if (needs_nobody(s, i))
			go_on(s, i);
		else if (s->world == IQ_WORLD_HEAP)
			err = hold_back(s, i);
	}
	for (size_t w = 0; s->closures && w < m->num_witnesses && !err; w++) {
		if (s->closures[w])
			err = iq_closure_start(s->closures[w]);
	}
	return err;
}

/* ---- one after the other */

static void release(struct iq_graph_stuck *s, uint32_t node, unsigned number)
{
	const struct iq_graph_node *n = &s->draft->nodes[node];

	for (size_t i = 0; i < n->num_waiters; i++) {
		if (iq_graph_side_of(n, n->waiters[i]) == number &&
		    !s->draft->closed[n->waiters[i]])
			go_on(s, n->waiters[i]);
	}
}

/* One of a node's wakers goes on: those whom it alone kept do, too. */
static void wake(struct iq_graph_stuck *s, const struct iq_graph_place *place)
{
	const struct iq_graph_draft *d = s->draft;
	const struct iq_wake *wake =
		&d->nodes[place->node].wakers[place->waker];

	for (unsigned k = 0; k < IQ_GRAPH_SIDES; k++) {
		size_t at = IQ_GRAPH_SIDES * place->node + k;

		if (!s->left[at] ||
		    (s->sides[at].way == IQ_WAY_OPEN &&
		     s->world != IQ_WORLD_SEEN) ||
		    !iq_graph_side_counts(d->graph, &s->sides[at], wake))
			continue;
		if (--s->left[at] == 0)
			release(s, place->node, k);
	}
}

static void take_away(struct iq_graph_stuck *s)
{
	const struct iq_graph_draft *d = s->draft;

	while (s->done < s->num_work) {
		uint32_t g = s->work[s->done++];

		for (uint32_t i = d->first_place[g]; i < d->first_place[g + 1];
		     i++)
			wake(s, &d->places[i]);
	}
}

/* Whom those who go on reach in the heap; false if they reach nobody else. */
static struct iq_error *reach(struct iq_graph_stuck *s, bool *ret)
{
	struct iq_error *err = NULL;

	*ret = false;
	for (size_t w = 0;
	     s->closures && w < s->draft->model->num_witnesses && !err && !*ret;
	     w++) {
		uint32_t goroutine;

		if (!s->closures[w])
			continue;
		err = iq_closure_next(s->closures[w], &goroutine);
		if (err || goroutine == IQ_GRAPH_NONE)
			continue;
		*ret = true;
		go_on(s, goroutine);
	}
	return err;
}

/* What a heap with holes says of who is stuck is not true. */
static void give_up(struct iq_graph_stuck *s)
{
	const struct iq_model *m = s->draft->model;

	for (uint32_t i = 0; i < m->num_goroutines; i++) {
		const struct iq_closure *closure =
			s->closures[m->goroutines[i].witness];

		if (closure && !iq_closure_is_sound(closure) &&
		    !s->draft->closed[i] && is_open(s, i))
			go_on(s, i);
	}
	take_away(s);
}

static struct iq_error *open_heaps(struct iq_graph_stuck *s)
{
	struct iq_model *m = s->draft->model;
	struct iq_error *err = NULL;

	s->closures = calloc(m->num_witnesses + 1, sizeof(struct iq_closure *));
	if (!s->closures)
		return &iq_enomem;
	for (size_t w = 0; w < m->num_witnesses && !err; w++)
		err = iq_closure_create(m, w, &s->closures[w]);
	return err;
}

struct iq_error *iq_graph_stuck_make(struct iq_graph_stuck *s)
{
	const struct iq_graph_draft *d = s->draft;
	size_t num_sides = IQ_GRAPH_SIDES * d->graph->num_nodes;
	struct iq_error *err = NULL;
	bool more = true;

	s->sides = calloc(num_sides + 1, sizeof(*s->sides));
	s->left = calloc(num_sides + 1, sizeof(*s->left));
	s->num_counting = calloc(num_sides + 1, sizeof(*s->num_counting));
	s->on = calloc(d->model->num_goroutines + 1, sizeof(*s->on));
	s->work = calloc(d->model->num_goroutines + 1, sizeof(*s->work));
	if (!s->sides || !s->left || !s->num_counting || !s->on || !s->work)
		return &iq_enomem;
	if (s->world == IQ_WORLD_HEAP)
		err = open_heaps(s);
	for (uint32_t i = 0; i < d->graph->num_nodes; i++) {
		for (unsigned k = 0; k < IQ_GRAPH_SIDES; k++)
			make_side(s, i, k);
	}
	if (!err)
		err = begin(s);
	while (!err && more) {
		take_away(s);
		err = reach(s, &more);
	}
	if (!err && s->closures)
		give_up(s);
	return err;
}
