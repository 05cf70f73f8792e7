/* SPDX-License-Identifier: Apache-2.0 */
#include "model/graph.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "model/graph_draft.h"
#include "model/wait.h"

/* ---- words */

const char *iq_wake_ground_name(enum iq_wake_ground ground)
{
	static const char *const names[] = {
		[IQ_WAKE_SHARES] = "shares", [IQ_WAKE_VIA] = "via",
		[IQ_WAKE_CALLER] = "caller", [IQ_WAKE_SITE] = "site",
		[IQ_WAKE_DEFERS] = "defers", [IQ_WAKE_RECORD] = "record",
	};

	return names[ground];
}

static const char *deferred_words(enum iq_wait_kind kind)
{
	switch (kind) {
	case IQ_WAIT_WAITGROUP:
		return "has deferred the Done of";
	case IQ_WAIT_COND:
		return "has deferred the Signal of";
	case IQ_WAIT_CHAN:
		return "has deferred the close of";
	default:
		return "has deferred the Unlock of";
	}
}

const char *iq_wake_ground_words(enum iq_wake_ground ground,
				 enum iq_wait_kind kind)
{
	switch (ground) {
	case IQ_WAKE_SHARES:
		return "shares out";
	case IQ_WAKE_VIA:
		return "refers to an object that has";
	case IQ_WAKE_CALLER:
	case IQ_WAKE_SITE:
		return "mentions";
	case IQ_WAKE_DEFERS:
		return deferred_words(kind);
	case IQ_WAKE_RECORD:
		if (kind == IQ_WAIT_SEMAPHORE)
			return "reads or writes the file of";
		return kind == IQ_WAIT_RWMUTEX ? "is the next to write to" :
						 "is the other side of";
	}
	return "mentions";
}

const char *iq_cycle_kind_name(enum iq_cycle_kind kind)
{
	static const char *const names[] = {
		[IQ_CYCLE_SELF] = "self",
		[IQ_CYCLE_LOCKS] = "locks",
		[IQ_CYCLE_RWMUTEX] = "rwmutex",
		[IQ_CYCLE_CHANNELS] = "channels",
		[IQ_CYCLE_WAITGROUP] = "waitgroup",
		[IQ_CYCLE_MIXED] = "mixed",
	};

	return names[kind];
}

/* ---- looking up */

static int compare_place(const struct iq_graph_node *node,
			 enum iq_wait_kind kind, uint64_t address)
{
	enum iq_wait_kind rank =
		iq_graph_node_is_lock(node) ? IQ_WAIT_MUTEX : node->kind;

	if (rank != kind)
		return rank < kind ? -1 : 1;
	return node->address < address ? -1 : node->address > address;
}

uint32_t iq_graph_node_find(const struct iq_graph *graph,
			    enum iq_wait_kind kind, uint64_t address)
{
	size_t lo = 0, hi = graph->num_nodes;

	if (kind == IQ_WAIT_RWMUTEX)
		kind = IQ_WAIT_MUTEX;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare_place(&graph->nodes[mid], kind, address) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < graph->num_nodes && !compare_place(&graph->nodes[lo], kind,
						       address) ?
		       (uint32_t)lo :
		       IQ_GRAPH_NONE;
}

bool iq_graph_node_is_lock(const struct iq_graph_node *node)
{
	return node->kind == IQ_WAIT_MUTEX || node->kind == IQ_WAIT_RWMUTEX;
}

uint32_t iq_graph_lock_of(const struct iq_graph *graph, uint32_t goroutine)
{
	uint32_t first = graph->first_edge[goroutine];

	if (first == graph->first_edge[goroutine + 1] ||
	    !iq_graph_node_is_lock(&graph->nodes[graph->edges[first].node]))
		return IQ_GRAPH_NONE;
	return graph->edges[first].node;
}

bool iq_graph_is_deadlocked(const struct iq_graph *graph, uint32_t goroutine)
{
	uint32_t cycle = graph->cycle_of[goroutine];

	return cycle != IQ_GRAPH_NONE &&
	       (!graph->cycles[cycle].mere ||
		graph->cycles[cycle].kind == IQ_CYCLE_SELF);
}

/* ---- who holds a lock */

bool iq_graph_is_unlocked(const struct iq_graph_node *node)
{
	const struct iq_object *object = node->object;

	if (!object || !object->is_read || object->kind != node->kind)
		return false;
	if (node->kind == IQ_WAIT_MUTEX)
		return !object->mutex.locked;
	return node->pending == IQ_GRAPH_NONE ?
		       !object->rwmutex.writers.locked :
		       object->rwmutex.num_awaited <= 0;
}

/* The best ground of those who do not wait for it, or who do. */
static enum iq_wake_ground best_ground(const struct iq_graph_node *node,
				       bool waits)
{
	for (size_t i = 0; i < node->num_wakers; i++) {
		const struct iq_wake *wake = &node->wakers[i];

		if (wake->waits == waits && wake->ground != IQ_WAKE_RECORD)
			return wake->ground;
	}
	return IQ_WAKE_SHARES;
}

/* Those who wait for it and show that they have it. */
static size_t count_selves(const struct iq_graph_node *node,
			   enum iq_wake_ground low,
			   const struct iq_wake **last_ret)
{
	size_t num = 0;

	for (size_t i = 0; i < node->num_wakers; i++) {
		const struct iq_wake *wake = &node->wakers[i];

		if (!wake->waits || wake->ground == IQ_WAKE_RECORD ||
		    wake->ground == IQ_WAKE_VIA || wake->ground < low)
			continue;
		num++;
		*last_ret = wake;
	}
	return num;
}

const struct iq_wake *iq_graph_self(const struct iq_graph_node *node)
{
	enum iq_wake_ground best = best_ground(node, true);
	const struct iq_wake *self = NULL;

	// With several candidates none of them is named.
	if (best == IQ_WAKE_DEFERS)
		return count_selves(node, IQ_WAKE_DEFERS, &self) == 1 ? self :
									NULL;
	return best > IQ_WAKE_VIA && best_ground(node, false) <= IQ_WAKE_VIA &&
			       count_selves(node, IQ_WAKE_SHARES, &self) == 1 ?
		       self :
		       NULL;
}

static bool can_go_on(const struct iq_model *m, const struct iq_wake *wake)
{
	return iq_wait_class_can_go_on(m->goroutines[wake->goroutine].class);
}

/* Its channel is closed, a timer's, or there is a deadline. */
static bool ends_by_itself(const struct iq_wait *wait)
{
	return !wait->has_address || wait->has_until ||
	       (wait->kind == IQ_WAIT_CHAN && wait->object &&
		wait->object->is_read &&
		(wait->object->chan.timer || wait->object->chan.closed));
}

static bool any_ends_by_itself(const struct iq_goroutine_fact *fact)
{
	for (uint32_t i = 0; i < fact->num_waits; i++) {
		if (ends_by_itself(&fact->waits[i]))
			return true;
	}
	return false;
}

/* Something beside other goroutines may let it go on. */
static bool may_go_on(const struct iq_model *m, const struct iq_wake *wake)
{
	const struct iq_goroutine *g = &m->goroutines[wake->goroutine];

	return can_go_on(m, wake) || g->class == IQ_CLASS_UNKNOWN_WAIT ||
	       any_ends_by_itself(g->fact);
}

/* Somebody beside @but has to do with the lock and can go on: it may hold it. */
static bool is_open(const struct iq_model *m, const struct iq_graph_node *node,
		    const struct iq_wake *but)
{
	for (size_t i = 0; i < node->num_wakers; i++) {
		const struct iq_wake *wake = &node->wakers[i];

		if (wake != but && !wake->waits &&
		    wake->ground > IQ_WAKE_SHARES && may_go_on(m, wake))
			return true;
	}
	return false;
}

bool iq_graph_is_holder(const struct iq_model *model,
			const struct iq_graph_node *node,
			const struct iq_wake *wake)
{
	const struct iq_object *object = node->object;

	if (iq_graph_is_unlocked(node))
		return false;
	// Each of the readers holds it.
	if (node->pending != IQ_GRAPH_NONE && object && object->is_read &&
	    object->kind == IQ_WAIT_RWMUTEX && object->rwmutex.num_awaited > 1)
		return false;
	return wake->ground >= IQ_WAKE_DEFERS || !is_open(model, node, wake);
}

const struct iq_wake *iq_graph_blocked_holder(const struct iq_model *model,
					      const struct iq_graph_node *node)
{
	enum iq_wake_ground best = best_ground(node, false);
	const struct iq_wake *found = iq_graph_self(node);

	// It waits for itself, and everybody else behind it.
	if (found)
		return iq_graph_is_holder(model, node, found) ? found : NULL;
	if (best <= IQ_WAKE_VIA)
		return NULL;
	for (size_t i = 0; i < node->num_wakers; i++) {
		const struct iq_wake *wake = &node->wakers[i];

		if (wake->waits || wake->ground != best ||
		    can_go_on(model, wake))
			continue;
		if (found)
			return NULL;
		found = wake;
	}
	return found && iq_graph_is_holder(model, node, found) ? found : NULL;
}

bool iq_graph_passes(const struct iq_model *model,
		     const struct iq_graph_node *node)
{
	enum iq_wake_ground best = best_ground(node, false);
	bool patient = false, blocked = false;

	if (iq_graph_self(node) || best <= IQ_WAKE_VIA)
		return false;
	for (size_t i = 0; i < node->num_wakers; i++) {
		const struct iq_wake *wake = &node->wakers[i];

		if (wake->waits || wake->ground != best)
			continue;
		if (model->goroutines[wake->goroutine].class ==
		    IQ_CLASS_RUNNING)
			return true;
		if (can_go_on(model, wake))
			patient = true;
		else
			blocked = true;
	}
	return patient && !blocked;
}

/* ---- what lets a side go on */

static bool has_deferred(const struct iq_graph_node *node)
{
	return best_ground(node, true) == IQ_WAKE_DEFERS ||
	       best_ground(node, false) == IQ_WAKE_DEFERS;
}

/*
 * A lock of which there are only mentions: a lock has one holder, so only where
 * there is no choice is it believed, among those whose mention says most; not at
 * all if one of them can go on. Who waits for a lock explains more than who waits
 * for something else.
 */
static void mere_side(const struct iq_model *m, const struct iq_graph *graph,
		      const struct iq_graph_node *node,
		      struct iq_graph_side *side)
{
	enum iq_wake_ground best = best_ground(node, false);
	uint32_t lock = IQ_GRAPH_NONE;
	size_t num = 0;

	for (size_t i = 0; i < node->num_wakers; i++) {
		const struct iq_wake *wake = &node->wakers[i];
		uint32_t next = iq_graph_lock_of(graph, wake->goroutine);

		if (wake->waits || wake->ground != best)
			continue;
		if (can_go_on(m, wake) ||
		    (next != IQ_GRAPH_NONE && lock != IQ_GRAPH_NONE &&
		     next != lock))
			return;
		if (next != IQ_GRAPH_NONE)
			lock = next;
		num++;
	}
	if (best <= IQ_WAKE_VIA || (lock == IQ_GRAPH_NONE && num != 1))
		return;
	side->way = IQ_WAY_ANY;
	side->mere = true;
	side->low = side->high = best;
	side->only_locked = lock != IQ_GRAPH_NONE;
}

/*
 * The reader that a pending writer waits for where frames have no more than the
 * struct that the lock is in: the only one that has it of all, and it waits to
 * read again. Else IQ_GRAPH_NONE.
 */
static uint32_t lone_reader(const struct iq_graph_node *node)
{
	uint32_t found = IQ_GRAPH_NONE;

	if (node->pending == IQ_GRAPH_NONE ||
	    (node->object && node->object->is_read &&
	     node->object->kind == IQ_WAIT_RWMUTEX &&
	     node->object->rwmutex.num_awaited != 1))
		return IQ_GRAPH_NONE;
	for (size_t i = 0; i < node->num_wakers; i++) {
		const struct iq_wake *wake = &node->wakers[i];

		if (wake->goroutine == node->pending)
			continue;
		if (!wake->waits || found != IQ_GRAPH_NONE)
			return IQ_GRAPH_NONE;
		found = wake->goroutine;
	}
	return found;
}

/* Somebody runs who mentions the lock: who has deferred its Unlock may have given
 * it back for a while. */
static bool may_have_changed(const struct iq_model *m,
			     const struct iq_graph_node *node)
{
	for (size_t i = 0; i < node->num_wakers; i++) {
		const struct iq_wake *wake = &node->wakers[i];

		if (!wake->waits && wake->ground > IQ_WAKE_VIA &&
		    m->goroutines[wake->goroutine].class == IQ_CLASS_RUNNING)
			return true;
	}
	return false;
}

static void only_side(struct iq_graph_side *side, uint32_t goroutine, bool mere)
{
	side->way = IQ_WAY_ANY;
	side->mere = mere;
	side->low = IQ_WAKE_SHARES;
	side->with_waiting = true;
	side->only = goroutine;
}

static void lock_side(const struct iq_model *m, const struct iq_graph *graph,
		      const struct iq_graph_node *node,
		      struct iq_graph_side *side)
{
	const struct iq_wake *self = iq_graph_self(node);

	if (iq_graph_is_unlocked(node) || may_have_changed(m, node))
		return;
	side->low = side->high = IQ_WAKE_DEFERS;
	// Who has deferred an Unlock of what several hold reads it.
	if (node->kind == IQ_WAIT_RWMUTEX && has_deferred(node)) {
		side->way = IQ_WAY_ALL;
		side->with_waiting = true;
	} else if (self && self->ground == IQ_WAKE_DEFERS) {
		only_side(side, self->goroutine, false);
	} else if (best_ground(node, false) == IQ_WAKE_DEFERS) {
		side->way = IQ_WAY_ANY;
	} else if (is_open(m, node, self)) {
		return;
	} else if (self) {
		only_side(side, self->goroutine, true);
	} else if (lone_reader(node) != IQ_GRAPH_NONE) {
		only_side(side, lone_reader(node), true);
	} else {
		mere_side(m, graph, node, side);
	}
}

/* A WaitGroup that has reached 0 has woken its waiters. */
static bool is_done(const struct iq_graph_node *node)
{
	return node->object && node->object->is_read &&
	       node->object->kind == IQ_WAIT_WAITGROUP &&
	       node->object->waitgroup.counter == 0;
}

static void open_side(const struct iq_graph_node *node,
		      struct iq_graph_side *side)
{
	enum iq_wake_ground best = best_ground(node, false);

	side->way = IQ_WAY_OPEN;
	side->low = side->high = best;
	// Where in its stack a goroutine mentions it says nothing here.
	if (best == IQ_WAKE_SITE)
		side->low = IQ_WAKE_CALLER;
}

void iq_graph_side_make(const struct iq_model *model,
			const struct iq_graph *graph,
			const struct iq_graph_node *node, unsigned number,
			struct iq_graph_side *ret)
{
	*ret = (struct iq_graph_side){ .only = IQ_GRAPH_NONE };
	if (number) {
		ret->way = node->pending == IQ_GRAPH_NONE ? IQ_WAY_FREE :
							    IQ_WAY_ANY;
		ret->high = IQ_WAKE_RECORD;
		ret->with_waiting = true;
		ret->only = node->pending;
		return;
	}
	switch (node->kind) {
	case IQ_WAIT_MUTEX:
	case IQ_WAIT_RWMUTEX:
		lock_side(model, graph, node, ret);
		break;
	case IQ_WAIT_WAITGROUP:
		if (is_done(node))
			break;
		open_side(node, ret);
		if (!has_deferred(node))
			break;
		ret->way = IQ_WAY_ALL;
		ret->low = ret->high = IQ_WAKE_DEFERS;
		ret->with_waiting = true;
		break;
	case IQ_WAIT_CHAN:
	case IQ_WAIT_COND:
		open_side(node, ret);
		break;
	case IQ_WAIT_COROUTINE:
	case IQ_WAIT_SEMAPHORE:
		if (node->holder == IQ_GRAPH_NONE)
			break;
		ret->way = IQ_WAY_ANY;
		ret->high = IQ_WAKE_RECORD;
		ret->only = node->wakers[node->holder].goroutine;
		break;
	default:
		break;
	}
}

bool iq_graph_side_counts(const struct iq_graph *graph,
			  const struct iq_graph_side *side,
			  const struct iq_wake *wake)
{
	if (side->way == IQ_WAY_FREE || wake->ground < side->low ||
	    wake->ground > side->high || (wake->waits && !side->with_waiting))
		return false;
	if (side->only != IQ_GRAPH_NONE)
		return wake->goroutine == side->only;
	return !side->only_locked ||
	       iq_graph_lock_of(graph, wake->goroutine) != IQ_GRAPH_NONE;
}

/* ---- who needs nobody */

bool iq_graph_goes_on(const struct iq_model *model,
		      const struct iq_graph *graph, uint32_t goroutine)
{
	const struct iq_goroutine *g = &model->goroutines[goroutine];

	if (iq_wait_is_hopeless(g->fact, g->class))
		return false;
	return g->system || g->class == IQ_CLASS_UNKNOWN_WAIT ||
	       g->class == IQ_CLASS_SYSTEM ||
	       iq_wait_class_can_go_on(g->class) ||
	       graph->first_edge[goroutine] ==
		       graph->first_edge[goroutine + 1] ||
	       any_ends_by_itself(g->fact);
}

/* ---- all of it */

void iq_graph_draft_deinit(struct iq_graph_draft *d)
{
	free(d->heads);
	free(d->chain);
	free(d->closed);
	free(d->first_place);
	free(d->places);
}

/* Where each goroutine stands among wakers. */
static struct iq_error *index_wakers(struct iq_graph_draft *d)
{
	size_t num = d->model->num_goroutines, total = 0;
	uint32_t *at = d->first_place = calloc(num + 2, sizeof(*at));

	if (!at)
		return &iq_enomem;
	for (size_t i = 0; i < d->graph->num_nodes; i++) {
		for (size_t k = 0; k < d->nodes[i].num_wakers; k++)
			at[d->nodes[i].wakers[k].goroutine + 2]++;
		total += d->nodes[i].num_wakers;
	}
	for (size_t i = 1; i <= num; i++)
		at[i + 1] += at[i];
	d->places = calloc(total + 1, sizeof(*d->places));
	if (!d->places)
		return &iq_enomem;
	for (uint32_t i = 0; i < d->graph->num_nodes; i++) {
		for (uint32_t k = 0; k < d->nodes[i].num_wakers; k++)
			d->places[at[d->nodes[i].wakers[k].goroutine + 1]++] =
				(struct iq_graph_place){ i, k };
	}
	return NULL;
}

static struct iq_error *start(struct iq_graph_draft *d)
{
	struct iq_model *m = d->model;

	d->graph = iq_arena_calloc(&m->arena, 1, sizeof(*d->graph));
	d->cycle_of = iq_arena_calloc(&m->arena, m->num_goroutines + 1,
				      sizeof(*d->cycle_of));
	d->closed = calloc(m->num_goroutines + 1, sizeof(*d->closed));
	if (!d->graph || !d->cycle_of || !d->closed)
		return &iq_enomem;
	for (size_t i = 0; i < m->num_goroutines; i++) {
		const struct iq_goroutine *g = &m->goroutines[i];

		d->cycle_of[i] = IQ_GRAPH_NONE;
		d->closed[i] = g->reach == IQ_REACH_UNREACHABLE ||
			       (g->fact->leaked && g->has_id);
	}
	d->graph->cycle_of = d->cycle_of;
	return NULL;
}

static void close_worlds(struct iq_graph_draft *d)
{
	const struct iq_graph *g = d->graph;

	for (size_t i = 0; i < d->model->num_goroutines; i++) {
		for (uint32_t e = g->first_edge[i];
		     d->closed[i] && e < g->first_edge[i + 1]; e++)
			d->nodes[g->edges[e].node].closed_world = true;
	}
}

struct iq_error *iq_graph_make(struct iq_model *model)
{
	iq_cleanup(iq_graph_draft_deinit) struct iq_graph_draft d = {
		.model = model,
	};
	struct iq_error *err = start(&d);

	if (!err)
		err = iq_graph_build(&d);
	if (!err)
		err = iq_graph_find_wakers(&d);
	if (!err)
		err = index_wakers(&d);
	if (!err)
		err = iq_graph_find_cycles(&d);
	if (!err)
		close_worlds(&d);
	if (!err)
		err = iq_graph_find_blockers(&d);
	if (!err)
		model->graph = d.graph;
	return err;
}
