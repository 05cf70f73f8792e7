/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/waits.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "model/object.h"
#include "reports/bt.h"
#include "reports/goroutine_line.h"
#include "reports/waits_ends.h"

/* ---- sites */

/* Texts are interned: equal ones of a witness have one address. */
struct site_key {
	const char *function;
	const char *file;
	uint64_t pc; /* where there is no name */
	uint32_t line;
	uint32_t class;
	uint64_t system;
};

struct site_entry {
	UT_hash_handle hh;
	struct site_key key;
	uint32_t index;
};

static struct site_key key_of(const struct iq_waits_site *site)
{
	struct site_key key = {
		.class = site->class,
		.system = site->system,
	};

	if (!site->frame)
		return key;
	if (site->frame->function.len) {
		key.function = site->frame->function.ptr;
		key.file = site->frame->file.ptr;
		key.line = site->frame->line;
	} else {
		key.pc = site->frame->pc;
	}
	return key;
}

static struct iq_error *add_site(struct iq_waits *w, struct iq_arena *arena,
				 struct site_entry **table,
				 struct iq_waits_site site, uint32_t *ret)
{
	struct site_key key = key_of(&site);
	bool iq_map_failed = false;
	struct site_entry *e;

	HASH_FIND(hh, *table, &key, sizeof(key), e);
	if (!e) {
		e = iq_arena_calloc(arena, 1, sizeof(*e));
		if (!e || !iq_vec_push(&w->sites, site))
			return &iq_enomem;
		e->key = key;
		e->index = (uint32_t)(w->sites.len - 1);
		HASH_ADD(hh, *table, key, sizeof(e->key), e);
	}
	*ret = e->index;
	return iq_map_failed ? &iq_enomem : NULL;
}

/* In the order of groups, which is stable. */
static struct iq_error *make_sites(struct iq_waits *w)
{
	const struct iq_model *m = w->model;
	struct site_entry *table = NULL;
	struct iq_arena arena;
	struct iq_error *err = NULL;

	iq_arena_init(&arena);
	w->site_of_group = iq_arena_calloc(&w->arena, m->num_groups + 1,
					   sizeof(*w->site_of_group));
	if (!w->site_of_group)
		err = &iq_enomem;
	for (size_t i = 0; i < m->num_groups && !err; i++) {
		const struct iq_group *group = &m->groups[i];
		struct iq_waits_site site = {
			.frame = iq_line_site(
				m, &m->goroutines[group->members[0]]),
			.class = group->class,
			.system = group->system,
		};

		err = add_site(w, &arena, &table, site, &w->site_of_group[i]);
	}
	HASH_CLEAR(hh, table);
	iq_arena_deinit(&arena);
	return err;
}

uint32_t iq_waits_site_of(const struct iq_waits *w, uint32_t goroutine)
{
	return w->site_of_group[w->model->goroutines[goroutine].group];
}

/* ---- parties */

size_t iq_waits_limit(const struct iq_report_options *options, size_t standard)
{
	if (options->limit)
		return (size_t)options->limit;
	return options->all ? SIZE_MAX : standard;
}

enum iq_wait_op iq_waits_op(const struct iq_graph *graph, uint32_t goroutine,
			    uint32_t node)
{
	enum iq_wait_op op = IQ_OP_UNKNOWN;
	bool found = false;

	for (uint32_t e = graph->first_edge[goroutine];
	     e < graph->first_edge[goroutine + 1]; e++) {
		if (graph->edges[e].node != node)
			continue;
		// A select may both send and receive.
		if (found && graph->edges[e].op != op)
			return IQ_OP_UNKNOWN;
		op = graph->edges[e].op;
		found = true;
	}
	return op;
}

/* ---- who has it */

bool iq_waits_is_free(const struct iq_graph_node *node)
{
	const struct iq_object *o = node->object;

	if (!o || !o->is_read)
		return false;
	if (o->kind == IQ_WAIT_MUTEX)
		return !o->mutex.locked;
	return o->kind == IQ_WAIT_RWMUTEX && !o->rwmutex.pending &&
	       !o->rwmutex.writers.locked && o->rwmutex.num_readers <= 0;
}

uint64_t iq_waits_readers(const struct iq_graph_node *node)
{
	const struct iq_object *o = node->object;

	if (!o || !o->is_read || o->kind != IQ_WAIT_RWMUTEX ||
	    !o->rwmutex.pending || o->rwmutex.num_awaited <= 0)
		return 0;
	return (uint64_t)o->rwmutex.num_awaited;
}

bool iq_waits_holds(const struct iq_graph_node *node,
		    const struct iq_wake *wake)
{
	return wake->ground >= IQ_WAKE_DEFERS && !iq_waits_is_free(node);
}

const struct iq_wake *iq_waits_holder(const struct iq_graph_node *node)
{
	const struct iq_wake *wake = node->holder == IQ_GRAPH_NONE ?
					     NULL :
					     &node->wakers[node->holder];

	return wake && iq_waits_holds(node, wake) ? wake : NULL;
}

/* ---- what is no cycle */

/* Goroutines that may wait for each other only, and no more than a few. */
#define MAX_ROUND 16

struct round {
	uint32_t goroutines[MAX_ROUND];
	size_t num;
};

/* Whether there was room for it. */
static bool add_once(struct round *r, uint32_t goroutine)
{
	for (size_t i = 0; i < r->num; i++) {
		if (r->goroutines[i] == goroutine)
			return true;
	}
	if (r->num == MAX_ROUND)
		return false;
	r->goroutines[r->num++] = goroutine;
	return true;
}

/* Who is believed to wake @node's waiters; who merely shares it out may not be
 * one to do so. False: nobody, or too many. */
static bool add_wakers_of(struct round *r, const struct iq_graph_node *node)
{
	bool some = false;

	for (size_t i = 0; i < node->num_wakers; i++) {
		const struct iq_wake *wake = &node->wakers[i];

		if (wake->ground == IQ_WAKE_SHARES || wake->waits)
			continue;
		if (!add_once(r, wake->goroutine))
			return false;
		some = true;
	}
	return some;
}

bool iq_waits_may_be_cycle(const struct iq_waits *w,
			   const struct iq_graph_node *node)
{
	const struct iq_graph *graph = w->graph;
	struct round r = { .num = 0 };
	bool met = false;

	if (node->kind != IQ_WAIT_CHAN || node->closed_world ||
	    !add_wakers_of(&r, node))
		return false;
	for (size_t i = 0; i < r.num; i++) {
		uint32_t at = r.goroutines[i];
		uint32_t e = graph->first_edge[at];
		const struct iq_graph_node *own;

		// Another case of a select may end it.
		if (graph->cycle_of[at] != IQ_GRAPH_NONE ||
		    e + 1 != graph->first_edge[at + 1])
			return false;
		own = &graph->nodes[graph->edges[e].node];
		met |= own == node;
		if (!add_wakers_of(&r, own))
			return false;
	}
	return met;
}

/* A goroutine beside an object. */
struct pair {
	uint32_t site;
	/* Of a waiter its operation; of a waker its ground, the best first. */
	uint32_t rank;
	uint32_t goroutine;
	const struct iq_wake *wake;
};

typedef IQ_VEC(struct pair) pairs;

static int compare_u32(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_kinds(const struct pair *a, const struct pair *b)
{
	int order = compare_u32(a->rank, b->rank);

	return order ? order : compare_u32(a->site, b->site);
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int order = compare_kinds(x, y);

	return order ? order : compare_u32(x->goroutine, y->goroutine);
}

static bool add_waiters(const struct iq_waits *w, uint32_t node, void *list)
{
	const struct iq_graph_node *n = &w->graph->nodes[node];
	pairs *ret = list;

	for (size_t i = 0; i < n->num_waiters; i++) {
		struct pair pair = {
			.site = iq_waits_site_of(w, n->waiters[i]),
			.rank = iq_waits_op(w->graph, n->waiters[i], node),
			.goroutine = n->waiters[i],
		};

		if (!iq_vec_push(ret, pair))
			return false;
	}
	return true;
}

static bool add_wakers(const struct iq_waits *w, uint32_t node, void *list)
{
	const struct iq_graph_node *n = &w->graph->nodes[node];
	pairs *ret = list;

	for (size_t i = 0; i < n->num_wakers; i++) {
		const struct iq_wake *wake = &n->wakers[i];
		struct pair pair = {
			.site = iq_waits_site_of(w, wake->goroutine),
			.rank = ((uint32_t)IQ_WAKE_RECORD -
				 (uint32_t)wake->ground)
					<< 1 |
				wake->waits,
			.goroutine = wake->goroutine,
			.wake = wake,
		};

		if (!iq_vec_push(ret, pair))
			return false;
	}
	return true;
}

/* One party of what begins at @begin; gives where the next one does. */
static size_t make_party(const struct iq_waits *w, const pairs *list,
			 size_t begin, uint32_t *goroutines,
			 struct iq_waits_party *ret)
{
	const struct pair *first = &list->data[begin];
	size_t at = begin;

	*ret = (struct iq_waits_party){
		.site = first->site,
		.op = first->wake ? IQ_OP_UNKNOWN :
				    (enum iq_wait_op)first->rank,
		.wake = first->wake,
		.goroutines = goroutines,
	};
	for (; at < list->len && !compare_kinds(first, &list->data[at]); at++) {
		uint32_t g = list->data[at].goroutine;

		if (ret->num_goroutines &&
		    goroutines[ret->num_goroutines - 1] == g)
			continue;
		goroutines[ret->num_goroutines++] = g;
		ret->count += w->model->goroutines[g].count;
	}
	return at;
}

static int compare_parties(const void *a, const void *b)
{
	const struct iq_waits_party *x = a, *y = b;

	// Of wakers the ground comes first: they are in that order.
	if (!x->wake && x->count != y->count)
		return x->count < y->count ? 1 : -1;
	if (x->wake && x->wake->ground != y->wake->ground)
		return x->wake->ground < y->wake->ground ? 1 : -1;
	if (x->wake && x->wake->waits != y->wake->waits)
		return x->wake->waits ? 1 : -1;
	return compare_u32(x->goroutines[0], y->goroutines[0]);
}

static struct iq_error *make_parties(struct iq_waits *w, pairs *list,
				     struct iq_waits_parties *ret)
{
	uint32_t *goroutines =
		iq_arena_calloc(&w->arena, list->len + 1, sizeof(*goroutines));
	struct iq_waits_party *items;
	size_t num = 0, at = 0;

	if (list->len)
		qsort(list->data, list->len, sizeof(*list->data),
		      compare_pairs);
	for (size_t i = 0; i < list->len; i++)
		num += !i ||
		       compare_kinds(&list->data[i - 1], &list->data[i]) != 0;
	items = iq_arena_calloc(&w->arena, num + 1, sizeof(*items));
	if (!goroutines || !items)
		return &iq_enomem;
	for (size_t i = 0; i < num; i++)
		at = make_party(w, list, at, goroutines + at, &items[i]);
	if (num)
		qsort(items, num, sizeof(*items), compare_parties);
	ret->items = items;
	ret->num = num;
	return NULL;
}

static struct iq_error *
shape_parties(struct iq_waits *w, const struct iq_waits_shape *shape,
	      bool (*add)(const struct iq_waits *, uint32_t, void *),
	      struct iq_waits_parties *ret)
{
	pairs list = { 0 };
	struct iq_error *err = NULL;

	for (size_t i = 0; i < shape->num_nodes && !err; i++) {
		if (!add(w, shape->nodes[i], &list))
			err = &iq_enomem;
	}
	if (!err)
		err = make_parties(w, &list, ret);
	iq_vec_deinit(&list);
	return err;
}

struct iq_error *iq_waits_waiters(struct iq_waits *w,
				  const struct iq_waits_shape *shape,
				  struct iq_waits_parties *ret)
{
	return shape_parties(w, shape, add_waiters, ret);
}

struct iq_error *iq_waits_wakers(struct iq_waits *w,
				 const struct iq_waits_shape *shape,
				 struct iq_waits_parties *ret)
{
	return shape_parties(w, shape, add_wakers, ret);
}

struct iq_error *iq_waits_by_site(struct iq_waits *w,
				  const uint32_t *goroutines, size_t num,
				  struct iq_waits_parties *ret)
{
	pairs list = { 0 };
	struct iq_error *err = NULL;

	for (size_t i = 0; i < num && !err; i++) {
		struct pair pair = {
			.site = iq_waits_site_of(w, goroutines[i]),
			.goroutine = goroutines[i],
		};

		if (!iq_vec_push(&list, pair))
			err = &iq_enomem;
	}
	if (!err)
		err = make_parties(w, &list, ret);
	iq_vec_deinit(&list);
	return err;
}

/* ---- shapes */

/* What makes objects the same: of their contents that which a line would say of
 * many of them. */
struct state {
	uint32_t kind;
	uint32_t flags;
	uint64_t numbers[2];
	uint64_t type; /* of the element's name */
};

static void chan_state(const struct iq_chan_object *c, struct state *ret)
{
	ret->flags |= c->closed ? 2 : 0;
	ret->flags |= c->timer ? 4 : 0;
	ret->flags |= c->timer && c->when.is_set ? 8 : 0;
	ret->numbers[0] = c->timer ? (uint64_t)c->period_ns : c->cap;
	// Empty, full, or in between.
	ret->numbers[1] = !c->len ? 0 : c->len == c->cap ? 1 : 2;
	ret->type =
		c->timer ? 0 : XXH3_64bits(c->elem_type.ptr, c->elem_type.len);
}

static void state_of(const struct iq_graph_node *node,
		     const struct iq_waits_ends *ends, struct state *ret)
{
	const struct iq_object *o = node->object;

	*ret = (struct state){
		.kind = iq_graph_node_is_lock(node) ? IQ_WAIT_MUTEX :
						      node->kind,
		.flags = node->closed_world,
	};
	if (!o || !o->is_read)
		return;
	ret->kind = o->kind;
	ret->flags |= 0x100;
	switch (o->kind) {
	case IQ_WAIT_CHAN:
		chan_state(&o->chan, ret);
		break;
	case IQ_WAIT_MUTEX:
		ret->flags |= o->mutex.locked ? 2 : 0;
		break;
	case IQ_WAIT_RWMUTEX:
		ret->flags |= o->rwmutex.writers.locked ? 2 : 0;
		ret->flags |= o->rwmutex.pending ? 4 : 0;
		break;
	case IQ_WAIT_WAITGROUP:
		ret->numbers[0] = (uint64_t)o->waitgroup.counter;
		break;
	case IQ_WAIT_FD:
		ret->numbers[0] = o->fd.kind;
		if (o->fd.kind == IQ_FD_CONNECTION)
			ret->type = iq_waits_ends_peer(ends, &o->fd,
						       &ret->numbers[1]);
		break;
	default:
		break;
	}
}

struct digest {
	uint64_t low, high;
};

/* Kinds of pairs, each once, into the hash. */
static void hash_pairs(XXH3_state_t *state, pairs *list)
{
	if (list->len)
		qsort(list->data, list->len, sizeof(*list->data),
		      compare_pairs);
	for (size_t i = 0; i < list->len; i++) {
		const struct pair *p = &list->data[i];
		uint32_t words[2] = { p->rank, p->site };

		if (!i || compare_kinds(&list->data[i - 1], p))
			XXH3_128bits_update(state, words, sizeof(words));
	}
	XXH3_128bits_update(state, "|", 1);
	list->len = 0;
}

static bool hash_node(const struct iq_waits *w, uint32_t node,
		      const struct iq_waits_ends *ends, XXH3_state_t *hash,
		      pairs *list, struct digest *ret)
{
	XXH128_hash_t value;
	struct state state;

	XXH3_128bits_reset(hash);
	state_of(&w->graph->nodes[node], ends, &state);
	XXH3_128bits_update(hash, &state, sizeof(state));
	if (!add_waiters(w, node, list))
		return false;
	hash_pairs(hash, list);
	if (!add_wakers(w, node, list))
		return false;
	hash_pairs(hash, list);
	value = XXH3_128bits_digest(hash);
	ret->low = value.low64;
	ret->high = value.high64;
	return true;
}

struct shape_entry {
	UT_hash_handle hh;
	struct digest digest;
	uint32_t index;
};

typedef IQ_VEC(struct iq_waits_shape) shape_list;

static struct iq_error *place_node(struct iq_waits *w, struct iq_arena *arena,
				   struct shape_entry **table,
				   const struct digest *digest, uint32_t node,
				   shape_list *list)
{
	struct iq_waits_shape fresh = { 0 };
	bool iq_map_failed = false;
	struct shape_entry *e;

	HASH_FIND(hh, *table, digest, sizeof(*digest), e);
	if (!e) {
		e = iq_arena_calloc(arena, 1, sizeof(*e));
		if (!e || !iq_vec_push(list, fresh))
			return &iq_enomem;
		e->digest = *digest;
		e->index = (uint32_t)(list->len - 1);
		HASH_ADD(hh, *table, digest, sizeof(e->digest), e);
	}
	list->data[e->index].num_nodes++;
	w->shape_of[node] = e->index;
	return iq_map_failed ? &iq_enomem : NULL;
}

static struct iq_error *place_nodes(struct iq_waits *w, shape_list *list)
{
	XXH3_state_t *hash = XXH3_createState();
	struct shape_entry *table = NULL;
	struct iq_waits_ends ends = { 0 };
	struct iq_error *err = hash ? NULL : &iq_enomem;
	struct digest digest;
	struct iq_arena arena;
	pairs scratch = { 0 };

	iq_arena_init(&arena);
	if (!err)
		err = iq_waits_ends_count(&ends, w->graph, &arena);
	for (uint32_t i = 0; i < w->graph->num_nodes && !err; i++) {
		if (!hash_node(w, i, &ends, hash, &scratch, &digest))
			err = &iq_enomem;
		else
			err = place_node(w, &arena, &table, &digest, i, list);
	}
	iq_waits_ends_deinit(&ends);
	HASH_CLEAR(hh, table);
	iq_vec_deinit(&scratch);
	iq_arena_deinit(&arena);
	XXH3_freeState(hash);
	return err;
}

/* Each shape's nodes, in order: those of all shapes are one array. */
static struct iq_error *fill_shapes(struct iq_waits *w, shape_list *list)
{
	uint32_t *nodes = iq_arena_calloc(&w->arena, w->graph->num_nodes + 1,
					  sizeof(*nodes));
	size_t used = 0;

	if (!nodes)
		return &iq_enomem;
	for (size_t i = 0; i < list->len; i++) {
		list->data[i].nodes = nodes + used;
		used += list->data[i].num_nodes;
		list->data[i].num_nodes = 0;
	}
	for (uint32_t i = 0; i < w->graph->num_nodes; i++) {
		struct iq_waits_shape *shape = &list->data[w->shape_of[i]];
		const struct iq_graph_node *node = &w->graph->nodes[i];

		// The array is ours.
		((uint32_t *)shape->nodes)[shape->num_nodes++] = i;
		for (size_t k = 0; k < node->num_waiters; k++)
			shape->num_waiters +=
				w->model->goroutines[node->waiters[k]].count;
	}
	return NULL;
}

/* The runtime's own, time that will pass, connections that may come; nobody's
 * who is in a cycle or keeps others waiting. */
static bool is_benign_node(const struct iq_waits *w,
			   const struct iq_graph_node *node)
{
	const struct iq_object *o = node->object;
	bool idle = o && o->is_read &&
		    ((o->kind == IQ_WAIT_CHAN && o->chan.timer &&
		      o->chan.when.is_set) ||
		     (o->kind == IQ_WAIT_FD && o->fd.kind == IQ_FD_LISTENER &&
		      !o->fd.closing));

	for (size_t i = 0; i < node->num_waiters; i++) {
		uint32_t g = node->waiters[i];

		if (w->graph->cycle_of[g] != IQ_GRAPH_NONE ||
		    w->graph->blocker_of[g] != IQ_GRAPH_NONE)
			return false;
		if (!idle && !w->model->goroutines[g].system)
			return false;
	}
	return true;
}

static void mark_benign(struct iq_waits *w, shape_list *list)
{
	for (size_t i = 0; i < list->len; i++) {
		struct iq_waits_shape *shape = &list->data[i];

		shape->benign = true;
		for (size_t k = 0; k < shape->num_nodes && shape->benign; k++)
			shape->benign = is_benign_node(
				w, &w->graph->nodes[shape->nodes[k]]);
	}
}

static int compare_shapes(const void *a, const void *b)
{
	const struct iq_waits_shape *x = a, *y = b;

	if (x->num_waiters != y->num_waiters)
		return x->num_waiters < y->num_waiters ? 1 : -1;
	return compare_u32(x->nodes[0], y->nodes[0]);
}

/* Keeps @list, which is sorted, and numbers it anew. */
static struct iq_error *keep_shapes(struct iq_waits *w, shape_list *list)
{
	w->shapes =
		iq_arena_calloc(&w->arena, list->len + 1, sizeof(*w->shapes));
	if (!w->shapes)
		return &iq_enomem;
	if (list->len) {
		qsort(list->data, list->len, sizeof(*list->data),
		      compare_shapes);
		memcpy(w->shapes, list->data, list->len * sizeof(*w->shapes));
	}
	w->num_shapes = list->len;
	for (uint32_t i = 0; i < w->num_shapes; i++) {
		for (size_t k = 0; k < w->shapes[i].num_nodes; k++)
			w->shape_of[w->shapes[i].nodes[k]] = i;
	}
	return NULL;
}

static struct iq_error *make_shapes(struct iq_waits *w)
{
	shape_list list = { 0 };
	struct iq_error *err;

	w->shape_of = iq_arena_calloc(&w->arena, w->graph->num_nodes + 1,
				      sizeof(*w->shape_of));
	err = w->shape_of ? place_nodes(w, &list) : &iq_enomem;
	if (!err)
		err = fill_shapes(w, &list);
	if (!err) {
		mark_benign(w, &list);
		err = keep_shapes(w, &list);
	}
	iq_vec_deinit(&list);
	return err;
}

struct iq_error *iq_waits_make(struct iq_waits *waits,
			       const struct iq_model *model)
{
	struct iq_error *err;

	*waits = (struct iq_waits){ .model = model, .graph = model->graph };
	iq_arena_init(&waits->arena);
	err = make_sites(waits);
	return err ? err : make_shapes(waits);
}

void iq_waits_deinit(struct iq_waits *waits)
{
	iq_vec_deinit(&waits->sites);
	iq_arena_deinit(&waits->arena);
}

/* ---- one goroutine */

enum side { SIDE_UNKNOWN, SIDE_OPEN, SIDE_BEHIND, SIDE_ELSEWHERE };

/* Walks from @at on until it is known, and tells all on the way. */
static void walk(const struct iq_graph *graph, uint8_t *sides, uint32_t at)
{
	uint32_t from = at;
	enum side end;

	while (at != IQ_GRAPH_NONE && sides[at] == SIDE_UNKNOWN) {
		sides[at] = SIDE_OPEN;
		at = graph->next[at];
	}
	// A circle that does not hold the one that is asked for.
	end = at == IQ_GRAPH_NONE || sides[at] == SIDE_OPEN ?
		      SIDE_ELSEWHERE :
		      (enum side)sides[at];
	for (at = from; at != IQ_GRAPH_NONE && sides[at] == SIDE_OPEN;
	     at = graph->next[at])
		sides[at] = (uint8_t)end;
}

struct iq_error *iq_waits_behind(struct iq_waits *w, uint32_t goroutine,
				 const uint32_t **ret, size_t *num_ret)
{
	size_t num = w->model->num_goroutines, used = 0;
	iq_cleanup(iq_freep) uint8_t *sides = calloc(num + 1, sizeof(*sides));
	uint32_t *list = iq_arena_calloc(&w->arena, num + 1, sizeof(*list));

	if (!sides || !list)
		return &iq_enomem;
	sides[goroutine] = SIDE_BEHIND;
	for (uint32_t i = 0; i < num; i++) {
		walk(w->graph, sides, i);
		if (sides[i] == SIDE_BEHIND && i != goroutine)
			list[used++] = i;
	}
	*ret = list;
	*num_ret = used;
	return NULL;
}

struct iq_error *iq_waits_asked(const struct iq_model *model,
				const struct iq_report_options *options,
				uint32_t *ret)
{
	size_t begin, end;
	struct iq_error *err = iq_bt_range(model, options, &begin, &end);

	if (!err)
		*ret = (uint32_t)begin;
	return err;
}
