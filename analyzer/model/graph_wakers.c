/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who could wake: whose frames mention what others wait for, and what the
 * runtime itself records. Go's locks and channels have no owner: how much a
 * mention says is weighed here.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/graph_draft.h"

/* Functions that started waiters and are told apart. */
#define CREATORS_MAX 8

struct mention {
	uint32_t node;
	struct iq_wake wake;
};

struct mentions {
	IQ_VEC(struct mention) list;
	/* By node: where its mentions begin. */
	size_t *begins;
	/* Names of functions that defer Unlocks, ordered; they are interned. */
	IQ_VEC(const char *) deferrers;
};

static void mentions_deinit(struct mentions *x)
{
	iq_vec_deinit(&x->list);
	iq_vec_deinit(&x->deferrers);
	free(x->begins);
}

/* ---- what references say */

static bool waits_for(const struct iq_graph *g, uint32_t goroutine,
		      uint32_t node)
{
	for (uint32_t e = g->first_edge[goroutine];
	     e < g->first_edge[goroutine + 1]; e++) {
		if (g->edges[e].node == node)
			return true;
	}
	return false;
}

/* The mention of a lock by its own waiter says something only if it is in a
 * caller of the frame that locks, and no wrapper passes it on. */
static bool is_outside_site(const struct iq_model *m, size_t w,
			    const struct iq_goroutine_fact *fact,
			    uint32_t frame)
{
	const struct iq_signature *sig = iq_model_signature(m, w, fact->stack);

	if (!sig || sig->site == UINT32_MAX || frame <= sig->site ||
	    frame >= sig->end)
		return false;
	// Without own code the site may be Lock itself: who called it waits.
	return !iq_package_is_std(
		iq_function_package(fact->stack->frames[frame]->function));
}

/* Who waits for the object shows that it has it as well. */
static bool has_it_too(const struct iq_graph_node *node,
		       const struct iq_wake *wake, bool outside)
{
	if (wake->ground == IQ_WAKE_DEFERS)
		return iq_graph_node_is_lock(node) ||
		       node->kind == IQ_WAIT_WAITGROUP;
	// Who has the struct that a Mutex is in says nothing of who has it.
	return outside &&
	       (node->kind == IQ_WAIT_RWMUTEX ||
		(node->kind == IQ_WAIT_MUTEX && wake->ground != IQ_WAKE_VIA));
}

static enum iq_wake_ground ground_of(const struct iq_model *m, size_t w,
				     const struct iq_goroutine_fact *fact,
				     const struct iq_reference_fact *ref,
				     bool is_lock)
{
	const struct iq_signature *sig = iq_model_signature(m, w, fact->stack);

	if (is_lock ? ref->unlocks : ref->wakes)
		return IQ_WAKE_DEFERS;
	if (iq_str_equal(fact->stack->frames[ref->frame]->function,
			 IQ_STR("main.main")))
		return IQ_WAKE_SHARES;
	if (ref->via)
		return IQ_WAKE_VIA;
	if (sig && sig->site != UINT32_MAX && ref->frame <= sig->site)
		return IQ_WAKE_SITE;
	// A lock's mention has always counted so, without a site too.
	return IQ_WAKE_CALLER;
}

static struct iq_error *add_mention(struct iq_graph_draft *d,
				    struct mentions *x, uint32_t node,
				    uint32_t goroutine,
				    const struct iq_reference_fact *ref)
{
	const struct iq_graph_node *n = &d->nodes[node];
	const struct iq_goroutine_fact *fact =
		d->model->goroutines[goroutine].fact;
	struct mention mention = { .node = node };

	mention.wake = (struct iq_wake){
		.goroutine = goroutine,
		.ground = ground_of(d->model, n->witness, fact, ref,
				    iq_graph_node_is_lock(n)),
		.waits = waits_for(d->graph, goroutine, node),
		.frame = fact->stack->frames[ref->frame],
		.via = ref->via,
	};
	if (mention.wake.waits) {
		bool outside =
			is_outside_site(d->model, n->witness, fact, ref->frame);

		if (!has_it_too(n, &mention.wake, outside))
			return NULL;
		// A function that locks again may have unlocked in between.
		if (!outside && iq_graph_node_is_lock(n))
			mention.wake.ground = IQ_WAKE_SITE;
	}
	return iq_vec_push(&x->list, mention) ? NULL : &iq_enomem;
}

/* The goroutine of the model that @witness knows most of; false if there is
 * none, or the reference is out of bounds. */
static bool goroutine_of(const struct iq_model *m, size_t witness,
			 const struct iq_reference_fact *ref, uint32_t *ret)
{
	const struct iq_facts *facts = m->witnesses[witness];
	const struct iq_goroutine_fact *fact;
	size_t index;

	if (ref->goroutine >= facts->goroutines.len)
		return false;
	fact = &facts->goroutines.data[ref->goroutine];
	if (!fact->has_id || !fact->stack ||
	    ref->frame >= fact->stack->num_frames ||
	    !iq_model_goroutine(m, fact->id, &index) ||
	    m->goroutines[index].fact != fact)
		return false;
	*ret = (uint32_t)index;
	return true;
}

static struct iq_error *refer(struct iq_graph_draft *d, struct mentions *x,
			      size_t witness,
			      const struct iq_reference_fact *ref)
{
	struct iq_error *err = NULL;
	bool is_known = false;
	uint32_t goroutine = 0;

	for (uint32_t at = iq_graph_draft_at(d, ref->object, IQ_GRAPH_NONE);
	     at != IQ_GRAPH_NONE && !err;
	     at = iq_graph_draft_at(d, ref->object, at)) {
		if (d->nodes[at].witness != witness)
			continue;
		if (!is_known &&
		    !goroutine_of(d->model, witness, ref, &goroutine))
			return NULL;
		is_known = true;
		err = add_mention(d, x, at, goroutine, ref);
	}
	return err;
}

static struct iq_error *collect(struct iq_graph_draft *d, struct mentions *x)
{
	const struct iq_model *m = d->model;
	struct iq_error *err = NULL;

	for (size_t w = 0; w < m->num_witnesses; w++) {
		const struct iq_facts *facts = m->witnesses[w];

		for (size_t i = 0; i < facts->references.len && !err; i++)
			err = refer(d, x, w, &facts->references.data[i]);
	}
	return err;
}

/* ---- what the runtime records */

static uint32_t pending_writer(const struct iq_graph_draft *d,
			       const struct iq_graph_node *node)
{
	uint32_t found = IQ_GRAPH_NONE;

	for (size_t i = 0; i < node->num_waiters; i++) {
		if (!d->model->goroutines[node->waiters[i]]
			     .fact->waits->is_next)
			continue;
		// There cannot be two: something is wrong.
		if (found != IQ_GRAPH_NONE)
			return IQ_GRAPH_NONE;
		found = node->waiters[i];
	}
	return found;
}

/* The other side of a coroutine, or who has a file's lock. */
static bool recorded_id(const struct iq_graph_node *node, uint64_t *ret)
{
	const struct iq_object *o = node->object;

	if (!o || !o->is_read)
		return false;
	if (node->kind == IQ_WAIT_COROUTINE && o->coroutine.has_goroutine) {
		*ret = o->coroutine.goroutine;
		return true;
	}
	if (node->kind == IQ_WAIT_SEMAPHORE && o->semaphore.has_goroutine) {
		*ret = o->semaphore.goroutine;
		return true;
	}
	return false;
}

static uint32_t recorded(const struct iq_graph_draft *d,
			 const struct iq_graph_node *node)
{
	uint64_t id;
	size_t index;

	if (!recorded_id(node, &id) ||
	    !iq_model_goroutine(d->model, id, &index) ||
	    d->model->goroutines[index].witness != node->witness)
		return IQ_GRAPH_NONE;
	return (uint32_t)index;
}

static struct iq_error *add_record(struct mentions *x, uint32_t node,
				   uint32_t goroutine, bool waits)
{
	struct mention mention = { .node = node };

	mention.wake = (struct iq_wake){
		.goroutine = goroutine,
		.ground = IQ_WAKE_RECORD,
		.waits = waits,
	};
	return iq_vec_push(&x->list, mention) ? NULL : &iq_enomem;
}

static struct iq_error *collect_records(struct iq_graph_draft *d,
					struct mentions *x)
{
	struct iq_error *err = NULL;

	for (uint32_t i = 0; i < d->graph->num_nodes && !err; i++) {
		struct iq_graph_node *node = &d->nodes[i];
		uint32_t other = recorded(d, node);

		if (node->kind == IQ_WAIT_RWMUTEX)
			node->pending = pending_writer(d, node);
		if (node->pending != IQ_GRAPH_NONE)
			err = add_record(x, i, node->pending, true);
		else if (other != IQ_GRAPH_NONE &&
			 !waits_for(d->graph, other, i))
			err = add_record(x, i, other, false);
	}
	return err;
}

/* ---- how much it says */

static int compare_names(const void *pa, const void *pb)
{
	uintptr_t a = (uintptr_t) * (const char *const *)pa;
	uintptr_t b = (uintptr_t) * (const char *const *)pb;

	return a < b ? -1 : a > b;
}

static struct iq_error *find_deferrers(const struct iq_graph_draft *d,
				       struct mentions *x)
{
	for (size_t i = 0; i < x->list.len; i++) {
		const struct mention *mention = &x->list.data[i];

		if (mention->wake.ground == IQ_WAKE_DEFERS &&
		    iq_graph_node_is_lock(&d->nodes[mention->node]) &&
		    !iq_vec_push(&x->deferrers,
				 mention->wake.frame->function.ptr))
			return &iq_enomem;
	}
	if (x->deferrers.len)
		qsort(x->deferrers.data, x->deferrers.len,
		      sizeof(*x->deferrers.data), compare_names);
	return NULL;
}

/*
 * A function that defers its Unlocks has deferred that of each lock it holds
 * when it waits for the next one: what it mentions besides, it wants.
 */
static void discount_wanted(const struct iq_graph_draft *d, struct mentions *x)
{
	for (size_t i = 0; i < x->list.len && x->deferrers.len; i++) {
		struct iq_wake *wake = &x->list.data[i].wake;

		if (wake->ground < IQ_WAKE_DEFERS &&
		    iq_graph_node_is_lock(&d->nodes[x->list.data[i].node]) &&
		    iq_graph_lock_of(d->graph, wake->goroutine) !=
			    IQ_GRAPH_NONE &&
		    bsearch(&wake->frame->function.ptr, x->deferrers.data,
			    x->deferrers.len, sizeof(*x->deferrers.data),
			    compare_names))
			wake->ground = IQ_WAKE_SHARES;
	}
}

/* Functions that started a node's waiters: some of the few that there are. */
struct creators {
	struct iq_str functions[CREATORS_MAX];
	size_t num;
};

static bool is_creator(const struct creators *creators, struct iq_str function)
{
	for (size_t i = 0; i < creators->num; i++) {
		if (iq_str_equal(creators->functions[i], function))
			return true;
	}
	return false;
}

static void find_creators(const struct iq_model *m,
			  const struct iq_graph_node *node,
			  struct creators *ret)
{
	for (size_t i = 0; i < node->num_waiters && ret->num < CREATORS_MAX;
	     i++) {
		const struct iq_frame *frame =
			m->goroutines[node->waiters[i]].fact->created_by;

		if (frame && !is_creator(ret, frame->function))
			ret->functions[ret->num++] = frame->function;
	}
}

/* Who starts a waiter and gives it the object most often does not hold it. */
static void discount_creators(const struct iq_model *m,
			      const struct iq_graph_node *node,
			      struct mention *list, size_t num)
{
	struct creators creators = { .num = 0 };

	if (num)
		find_creators(m, node, &creators);
	for (size_t i = 0; i < num; i++) {
		struct iq_wake *wake = &list[i].wake;

		if (wake->ground < IQ_WAKE_DEFERS &&
		    is_creator(&creators, wake->frame->function))
			wake->ground = IQ_WAKE_SHARES;
	}
}

/* ---- each goroutine once, in order */

/* Where a goroutine's frames are equally strong the innermost one shows it:
 * references are in that order. */
static int compare_places(const struct mention *a, const struct mention *b)
{
	return a < b ? -1 : a > b;
}

static int compare_goroutines(const void *pa, const void *pb)
{
	const struct mention *a = *(const struct mention *const *)pa;
	const struct mention *b = *(const struct mention *const *)pb;

	if (a->wake.goroutine != b->wake.goroutine)
		return a->wake.goroutine < b->wake.goroutine ? -1 : 1;
	// A record of a writer that waits says less than what it has deferred.
	bool record_a = a->wake.ground == IQ_WAKE_RECORD && a->wake.waits;
	bool record_b = b->wake.ground == IQ_WAKE_RECORD && b->wake.waits;

	if (record_a != record_b)
		return record_a ? 1 : -1;
	if (a->wake.ground != b->wake.ground)
		return a->wake.ground > b->wake.ground ? -1 : 1;
	return compare_places(a, b);
}

static int compare_wakes(const void *pa, const void *pb)
{
	const struct iq_wake *a = pa;
	const struct iq_wake *b = pb;

	if (a->ground != b->ground)
		return a->ground > b->ground ? -1 : 1;
	return a->goroutine < b->goroutine ? -1 : a->goroutine > b->goroutine;
}

static struct iq_error *keep_wakers(struct iq_graph_draft *d,
				    struct iq_graph_node *node,
				    const struct mention *list, size_t num,
				    const struct mention **scratch)
{
	struct iq_wake *wakers =
		num ? iq_arena_calloc(&d->model->arena, num, sizeof(*wakers)) :
		      NULL;

	if (!num)
		return NULL;
	if (!wakers)
		return &iq_enomem;
	for (size_t i = 0; i < num; i++)
		scratch[i] = &list[i];
	qsort(scratch, num, sizeof(*scratch), compare_goroutines);
	for (size_t i = 0; i < num; i++) {
		if (!i || scratch[i]->wake.goroutine !=
				  scratch[i - 1]->wake.goroutine)
			wakers[node->num_wakers++] = scratch[i]->wake;
	}
	qsort(wakers, node->num_wakers, sizeof(*wakers), compare_wakes);
	node->wakers = wakers;
	return NULL;
}

/* Brings each node's mentions together, in their order. */
static struct iq_error *distribute(struct iq_graph_draft *d, struct mentions *x,
				   struct mention **ret)
{
	size_t num = d->graph->num_nodes;
	struct mention *list = calloc(x->list.len + 1, sizeof(*list));

	*ret = list;
	x->begins = calloc(num + 2, sizeof(*x->begins));
	if (!list || !x->begins)
		return &iq_enomem;
	for (size_t i = 0; i < x->list.len; i++)
		x->begins[x->list.data[i].node + 2]++;
	for (size_t i = 1; i <= num; i++)
		x->begins[i + 1] += x->begins[i];
	for (size_t i = 0; i < x->list.len; i++)
		list[x->begins[x->list.data[i].node + 1]++] = x->list.data[i];
	return NULL;
}

/* The only one with the best ground; of a lock its self before all. */
static uint32_t best_of(const struct iq_graph_node *node)
{
	const struct iq_wake *self = NULL;
	uint32_t found = IQ_GRAPH_NONE;

	if (iq_graph_node_is_lock(node))
		self = iq_graph_self(node);
	else if (node->kind != IQ_WAIT_WAITGROUP &&
		 node->kind != IQ_WAIT_COROUTINE &&
		 node->kind != IQ_WAIT_SEMAPHORE)
		return IQ_GRAPH_NONE;
	if (self)
		return (uint32_t)(self - node->wakers);
	for (uint32_t i = 0; i < node->num_wakers; i++) {
		const struct iq_wake *wake = &node->wakers[i];

		if (wake->waits && node->kind != IQ_WAIT_WAITGROUP)
			continue;
		if (found != IQ_GRAPH_NONE)
			return wake->ground == node->wakers[found].ground ?
				       IQ_GRAPH_NONE :
				       found;
		if (wake->ground < (iq_graph_node_is_lock(node) ?
					    IQ_WAKE_CALLER :
					    IQ_WAKE_DEFERS))
			return IQ_GRAPH_NONE;
		found = i;
	}
	return found;
}

static uint32_t holder_of(const struct iq_model *m,
			  const struct iq_graph_node *node)
{
	uint32_t best = best_of(node);

	if (best == IQ_GRAPH_NONE || !iq_graph_node_is_lock(node) ||
	    iq_graph_is_holder(m, node, &node->wakers[best]))
		return best;
	return IQ_GRAPH_NONE;
}

static struct iq_error *make_wakers(struct iq_graph_draft *d,
				    struct mentions *x)
{
	iq_cleanup(iq_freep) void *scratch =
		calloc(x->list.len + 1, sizeof(struct mention *));
	struct mention *list = NULL;
	struct iq_error *err = distribute(d, x, &list);
	size_t begin = 0;

	if (!err && !scratch)
		err = &iq_enomem;
	for (size_t i = 0; i < d->graph->num_nodes && !err; i++) {
		struct iq_graph_node *node = &d->nodes[i];
		size_t end = x->begins[i + 1];

		discount_creators(d->model, node, list + begin, end - begin);
		err = keep_wakers(d, node, list + begin, end - begin, scratch);
		if (!err)
			node->holder = holder_of(d->model, node);
		begin = end;
	}
	free(list);
	return err;
}

struct iq_error *iq_graph_find_wakers(struct iq_graph_draft *d)
{
	iq_cleanup(mentions_deinit) struct mentions x = { .begins = NULL };
	struct iq_error *err = collect(d, &x);

	if (!err)
		err = find_deferrers(d, &x);
	if (!err)
		discount_wanted(d, &x);
	if (!err)
		err = collect_records(d, &x);
	return err ? err : make_wakers(d, &x);
}
