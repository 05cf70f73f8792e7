/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "model/leak_clue.h"
#include "model/text.h"

struct iq_error *iq_leak_shows_nil_channel(const struct iq_leak_clue *clue,
					   struct iq_str *shown_ret)
{
	if (clue->g->class == IQ_CLASS_NIL_SEND)
		*shown_ret = IQ_STR("it sends on a nil channel");
	else if (clue->g->class == IQ_CLASS_NIL_RECEIVE)
		*shown_ret = IQ_STR("it receives from a nil channel");
	else if (clue->g->class == IQ_CLASS_SELECT &&
		 iq_wait_is_hopeless(clue->g->fact, clue->g->class))
		*shown_ret = IQ_STR("all channels of its select are nil: it "
				    "waits in the queue of none");
	return NULL;
}

struct iq_error *iq_leak_shows_empty_select(const struct iq_leak_clue *clue,
					    struct iq_str *shown_ret)
{
	if (clue->g->class == IQ_CLASS_EMPTY_SELECT)
		*shown_ret = IQ_STR("it waits in a select without cases");
	return NULL;
}

static bool is_chan_class(enum iq_wait_class class)
{
	return class == IQ_CLASS_CHAN_SEND || class == IQ_CLASS_CHAN_RECEIVE ||
	       class == IQ_CLASS_SELECT;
}

static struct iq_error *held_words(const struct iq_leak_clue *clue,
				   uint32_t holder, const struct iq_frame *at,
				   const struct iq_graph_node *lock,
				   struct iq_str *ret)
{
	const struct iq_model *m = clue->model;
	const char *place;
	struct iq_error *err = iq_text_frame(clue->arena, at, &place);

	if (err)
		return err;
	return iq_textf(clue->arena, ret,
			"goroutine %" PRIu64 " has the lock 0x%" PRIx64
			" in %s and waits in %s",
			m->goroutines[holder].id, lock->address, place,
			iq_wait_class_words(m->goroutines[holder].class));
}

/* The circle that it is in leads over a lock and a channel. */
static struct iq_error *shows_in_cycle(const struct iq_leak_clue *clue,
				       struct iq_str *ret)
{
	const struct iq_graph *graph = clue->model->graph;
	uint32_t index = graph->cycle_of[clue->index];
	const struct iq_cycle_step *lock = NULL;
	bool has_chan = false;

	if (index == IQ_GRAPH_NONE || graph->cycles[index].mere)
		return NULL;
	for (size_t i = 0; i < graph->cycles[index].num_steps; i++) {
		const struct iq_cycle_step *s = &graph->cycles[index].steps[i];
		const struct iq_graph_node *node = &graph->nodes[s->node];

		has_chan |= node->kind == IQ_WAIT_CHAN;
		if (iq_graph_node_is_lock(node) &&
		    is_chan_class(
			    clue->model->goroutines[s->wake->goroutine].class))
			lock = s;
	}
	if (!has_chan || !lock)
		return NULL;
	return held_words(clue, lock->wake->goroutine, lock->wake->frame,
			  &graph->nodes[lock->node], ret);
}

struct iq_error *
iq_leak_shows_lock_held_over_send(const struct iq_leak_clue *clue,
				  struct iq_str *shown_ret)
{
	const struct iq_model *m = clue->model;
	uint32_t index = iq_graph_lock_of(m->graph, clue->index);
	const struct iq_graph_node *node;
	const struct iq_wake *holder;

	if (clue->in_cycle)
		return shows_in_cycle(clue, shown_ret);
	if (index == IQ_GRAPH_NONE)
		return NULL;
	node = &m->graph->nodes[index];
	if (node->holder == IQ_GRAPH_NONE)
		return NULL;
	holder = &node->wakers[node->holder];
	if (!is_chan_class(m->goroutines[holder->goroutine].class) ||
	    m->goroutines[holder->goroutine].reach != IQ_REACH_UNREACHABLE)
		return NULL;
	return held_words(clue, holder->goroutine, holder->frame, node,
			  shown_ret);
}

/* The only one that shows to have to do with @node, without waiting for it. */
static const struct iq_wake *only_waker(const struct iq_graph_node *node)
{
	const struct iq_wake *only = NULL;

	for (size_t i = 0; i < node->num_wakers; i++) {
		if (node->wakers[i].waits ||
		    node->wakers[i].ground == IQ_WAKE_SHARES)
			continue;
		if (only)
			return NULL;
		only = &node->wakers[i];
	}
	return only;
}

/* The only thing that the goroutine @index waits for, or NULL. */
static const struct iq_graph_node *only_node(const struct iq_graph *graph,
					     uint32_t index)
{
	uint32_t e = graph->first_edge[index];

	return graph->first_edge[index + 1] == e + 1 ?
		       &graph->nodes[graph->edges[e].node] :
		       NULL;
}

/* A lock and something else, which two goroutines have and want crosswise. */
struct crossing {
	const struct iq_graph_node *lock;
	const struct iq_wake *holder; /* of the lock */
};

static bool crossing_find(const struct iq_leak_clue *clue, struct crossing *ret)
{
	const struct iq_graph *graph = clue->model->graph;
	const struct iq_graph_node *mine = only_node(graph, clue->index);
	const struct iq_wake *other = mine ? only_waker(mine) : NULL;
	const struct iq_graph_node *its =
		other ? only_node(graph, other->goroutine) : NULL;
	const struct iq_wake *self = its ? only_waker(its) : NULL;

	if (!self || self->goroutine != clue->index ||
	    iq_graph_node_is_lock(mine) == iq_graph_node_is_lock(its))
		return false;
	*ret = iq_graph_node_is_lock(mine) ? (struct crossing){ mine, other } :
					     (struct crossing){ its, self };
	return !iq_graph_is_unlocked(ret->lock) && ret->holder->frame;
}

struct iq_error *
iq_leak_shows_lock_held_over_wait(const struct iq_leak_clue *clue,
				  struct iq_str *shown_ret)
{
	const struct iq_model *m = clue->model;
	const struct iq_goroutine *holder;
	struct crossing c;
	enum iq_code_held held;
	struct iq_error *err;

	if (!clue->is_proven || !clue->waits_back || !crossing_find(clue, &c))
		return NULL;
	holder = &m->goroutines[c.holder->goroutine];
	if (holder->class != IQ_CLASS_WAITGROUP &&
	    holder->class != IQ_CLASS_COND)
		return NULL;
	// It has to do with the lock; that it has one its code must say.
	err = iq_leak_locks(clue, holder->fact->stack, &held);
	if (err || (held != IQ_CODE_HELD_MAYBE && held != IQ_CODE_HELD_SAME))
		return err;
	return held_words(clue, c.holder->goroutine, c.holder->frame, c.lock,
			  shown_ret);
}

/* It waits for the RWMutex @node like the others, and does not seem to have it:
 * who waits to write keeps those behind it waiting, and waits itself. */
static bool is_fellow(const struct iq_model *model,
		      const struct iq_graph_node *node,
		      const struct iq_wake *wake)
{
	return wake->waits && iq_graph_node_is_lock(node) &&
	       node->holder == IQ_GRAPH_NONE &&
	       !iq_graph_blocked_holder(model, node);
}

/* No frame of who is left shows that it has to do with what it waits for. */
static bool seems_alone(const struct iq_leak_clue *clue)
{
	const struct iq_graph *graph = clue->model->graph;
	uint32_t end = graph->first_edge[clue->index + 1];

	// Without the code nobody's frames say what they refer to.
	if (!clue->is_proven || !clue->object || clue->in_cycle ||
	    !clue->has_again)
		return false;
	for (uint32_t e = graph->first_edge[clue->index]; e < end; e++) {
		const struct iq_graph_node *node =
			&graph->nodes[graph->edges[e].node];

		for (size_t i = 0; i < node->num_wakers; i++) {
			if (node->wakers[i].ground != IQ_WAKE_SHARES &&
			    !is_fellow(clue->model, node, &node->wakers[i]))
				return false;
		}
	}
	return true;
}

/* Nobody who is left has to do with what it waits for. */
static struct iq_error *is_alone(const struct iq_leak_clue *clue, bool *ret)
{
	struct iq_error *err;
	bool held;

	*ret = seems_alone(clue);
	if (!*ret)
		return NULL;
	err = iq_leak_held(clue, clue->wait, &held);
	*ret = !held;
	return err;
}

/* A lock that is taken, and of which nobody is left but who waits for it. */
static struct iq_error *is_lost(const struct iq_leak_clue *clue, bool *ret)
{
	const struct iq_object *o = clue->object;
	bool locked =
		o &&
		((o->kind == IQ_WAIT_MUTEX && o->mutex.locked) ||
		 (o->kind == IQ_WAIT_RWMUTEX &&
		  (o->rwmutex.writers.locked || o->rwmutex.num_awaited > 0)));

	*ret = false;
	return iq_wait_class_is_lock(clue->g->class) && locked ?
		       is_alone(clue, ret) :
		       NULL;
}

/* Stacks of those who wait for one lock that are looked at. */
#define FELLOWS_MAX 16

static struct iq_error *has_none(const struct iq_leak_clue *clue,
				 const struct iq_stack *stack, bool *ret)
{
	enum iq_code_held held;
	struct iq_error *err = iq_leak_locks(clue, stack, &held);

	*ret = !err && held == IQ_CODE_HELD_NONE;
	return err;
}

/* Whether none of those who wait for the lock has taken one before, and may wait
 * for itself, and all others for it. */
static struct iq_error *fellows_have_none(const struct iq_leak_clue *clue,
					  bool *ret)
{
	const struct iq_model *m = clue->model;
	uint32_t index = iq_graph_lock_of(m->graph, clue->index);
	const struct iq_stack *seen[FELLOWS_MAX];
	const struct iq_graph_node *node;
	struct iq_error *err = NULL;
	size_t num = 0;

	*ret = index != IQ_GRAPH_NONE;
	if (!*ret)
		return NULL;
	node = &m->graph->nodes[index];
	for (size_t i = 0; i < node->num_waiters && *ret && !err; i++) {
		const struct iq_stack *stack =
			m->goroutines[node->waiters[i]].fact->stack;
		size_t k = 0;

		while (k < num && seen[k] != stack)
			k++;
		if (k < num)
			continue;
		*ret = num < FELLOWS_MAX;
		if (!*ret)
			break;
		seen[num++] = stack;
		err = has_none(clue, stack, ret);
	}
	return err;
}

struct iq_error *iq_leak_shows_locks_twice(const struct iq_leak_clue *clue,
					   struct iq_str *shown_ret)
{
	const struct iq_frame *site = iq_leak_site(clue->g->fact->stack);
	enum iq_code_held held;
	const char *place;
	struct iq_error *err;
	bool is;

	err = is_lost(clue, &is);
	if (!err && is)
		err = iq_leak_locks(clue, clue->g->fact->stack, &held);
	if (err || !is || !site || held != IQ_CODE_HELD_SAME)
		return err;
	err = iq_text_frame(clue->arena, site, &place);
	if (err)
		return err;
	return iq_textf(clue->arena, shown_ret,
			"%s comes behind another Lock of 0x%" PRIx64
			" without an Unlock between; no other goroutine that "
			"is left refers to it but those who wait for it",
			place, clue->object->address);
}

struct iq_error *iq_leak_shows_lost_unlock(const struct iq_leak_clue *clue,
					   struct iq_str *shown_ret)
{
	struct iq_error *err;
	bool is;

	err = is_lost(clue, &is);
	if (!err && is)
		err = fellows_have_none(clue, &is);
	if (err || !is)
		return err;
	return iq_textf(clue->arena, shown_ret,
			"the lock 0x%" PRIx64
			" is taken, and no goroutine that is left refers to "
			"it but those who wait for it",
			clue->object->address);
}

struct iq_error *
iq_leak_shows_waitgroup_miscount(const struct iq_leak_clue *clue,
				 struct iq_str *shown_ret)
{
	const struct iq_object *o = clue->object;
	struct iq_error *err;
	bool alone;

	if (clue->g->class != IQ_CLASS_WAITGROUP || !o ||
	    o->kind != IQ_WAIT_WAITGROUP || o->waitgroup.counter <= 0)
		return NULL;
	err = is_alone(clue, &alone);
	if (err || !alone)
		return err;
	return iq_textf(clue->arena, shown_ret,
			"the counter is %" PRId64 ", so %" PRId64
			" Done%s missing, and no goroutine that is left "
			"refers to the WaitGroup but those who wait for it",
			o->waitgroup.counter, o->waitgroup.counter,
			o->waitgroup.counter == 1 ? " is" : "s are");
}

struct iq_error *
iq_leak_shows_cond_never_signalled(const struct iq_leak_clue *clue,
				   struct iq_str *shown_ret)
{
	struct iq_error *err;
	bool alone;

	if (clue->g->class != IQ_CLASS_COND)
		return NULL;
	err = is_alone(clue, &alone);
	if (err || !alone)
		return err;
	*shown_ret = IQ_STR("no goroutine that is left refers to the Cond but "
			    "those who wait for it");
	return NULL;
}

struct iq_error *iq_leak_shows_waits_for_leaked(const struct iq_leak_clue *clue,
						struct iq_str *shown_ret)
{
	const struct iq_goroutine *other;
	const char *place;
	struct iq_error *err;

	if (!clue->is_proven || !clue->waker || clue->in_cycle ||
	    clue->waits_back)
		return NULL;
	other = &clue->model->goroutines[clue->waker->goroutine];
	err = iq_text_frame(clue->arena, clue->waker->frame, &place);
	if (err)
		return err;
	return iq_textf(clue->arena, shown_ret,
			"goroutine %" PRIu64
			" %s it in %s, and waits in %s itself",
			other->id,
			iq_wake_ground_words(clue->waker->ground,
					     clue->waker_node->kind),
			place, iq_wait_class_words(other->class));
}
