/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who could serve what somebody waits for: back from the object to the stacks
 * and the variables that lead there, beside what the wait-for graph knows.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/out.h"
#include "base/vec.h"
#include "model/graph.h"
#include "model/heap_types.h"
#include "model/heap_walk.h"
#include "model/liveness.h"
#include "model/path.h"
#include "model/path_reverse.h"

/* Suspects that are listed. */
#define LISTED_MAX 16
/* Objects of one wait that are asked about: a select may have 65,536 cases. */
#define TARGETS_MAX 8
/* Objects between a stack and what is waited for; farther ones lead everywhere. */
#define DISTANCE_MAX 6
/* Objects by which the same is true. */
#define OBJECTS_MAX 65536
/* Variables that lead to one object. */
#define VARIABLES_MAX 64
/* Bytes of one variable that are looked at for its beginning. */
#define VARIABLE_BYTES 4096
/* The same of one without a name, for what refers to it. */
#define APART_BYTES 64

/* What is known against one goroutine. */
struct charge {
	bool is_set;
	enum iq_suspect_kind kind;
	uint32_t distance;
	uint32_t frame;
	/* Slot that its stack refers to, where the frame is not known yet. */
	uint32_t slot;
};

struct ranked {
	struct iq_suspect suspect;
	unsigned rank;
};

struct hunt {
	const struct iq_model *model;
	const struct iq_heap_types *types;
	const struct iq_goroutine *waiter;
	const struct iq_facts *facts;
	const struct iq_heap_map *map; /* NULL: no heap */
	const struct iq_proof *proof;
	struct iq_path_reverse reverse;
	/* By index into facts->goroutines: index into model->goroutines. */
	uint32_t *goroutines;
	/* By index into model->goroutines. */
	struct charge *charges;
	/* Bit i: slot i was met on the way from the object at hand. */
	uint64_t *met;
	IQ_VEC(uint32_t) queue;
	IQ_VEC(uint64_t) variables;
	uint32_t variable_distance;
};

static void hunt_deinit(struct hunt *h)
{
	iq_path_reverse_deinit(&h->reverse);
	free(h->goroutines);
	free(h->charges);
	free(h->met);
	iq_vec_deinit(&h->queue);
	iq_vec_deinit(&h->variables);
}

const char *iq_suspect_kind_name(enum iq_suspect_kind kind)
{
	static const char *const names[] = {
		[IQ_SUSPECT_DEFERS] = "defers",
		[IQ_SUSPECT_MENTIONS] = "mentions",
		[IQ_SUSPECT_SLEEPS] = "sleeps",
		[IQ_SUSPECT_REACHES] = "reaches",
		[IQ_SUSPECT_VARIABLE] = "variable",
		[IQ_SUSPECT_CREATOR] = "creator",
	};

	return names[kind];
}

/* ---- charges */

static bool waits_for(const struct iq_goroutine *g, uint64_t address)
{
	for (uint32_t i = 0; i < g->fact->num_waits; i++) {
		if (g->fact->waits[i].has_address &&
		    g->fact->waits[i].address == address)
			return true;
	}
	return false;
}

/* Whether @index can have to do with what is at @address. */
static bool may_serve(const struct hunt *h, uint32_t index, uint64_t address)
{
	const struct iq_goroutine *g = &h->model->goroutines[index];

	return g != h->waiter && !g->system &&
	       g->reach != IQ_REACH_UNREACHABLE && !waits_for(g, address);
}

static bool sleeps(const struct iq_goroutine *g)
{
	return g->class == IQ_CLASS_SLEEP || g->class == IQ_CLASS_IO ||
	       g->class == IQ_CLASS_SYSCALL;
}

/* The surest one stays, and of these the nearest. */
static void charge(struct hunt *h, uint32_t index, struct charge charge)
{
	struct charge *c = &h->charges[index];

	charge.is_set = true;
	if (charge.kind == IQ_SUSPECT_MENTIONS &&
	    sleeps(&h->model->goroutines[index]))
		charge.kind = IQ_SUSPECT_SLEEPS;
	if (!c->is_set || charge.kind < c->kind ||
	    (charge.kind == c->kind && charge.distance < c->distance))
		*c = charge;
}

static uint32_t frame_index(const struct iq_stack *stack,
			    const struct iq_frame *frame)
{
	for (uint32_t i = 0; stack && frame && i < stack->num_frames; i++) {
		if (stack->frames[i] == frame)
			return i;
	}
	return UINT32_MAX;
}

static enum iq_suspect_kind kind_of(const struct iq_wake *wake)
{
	if (wake->ground == IQ_WAKE_DEFERS)
		return IQ_SUSPECT_DEFERS;
	return wake->via ? IQ_SUSPECT_REACHES : IQ_SUSPECT_MENTIONS;
}

/* What the wait-for graph knows: it has looked at stacks frame by frame. */
static void charge_wakers(struct hunt *h, size_t index)
{
	const struct iq_graph *graph = h->model->graph;

	for (uint32_t e = graph->first_edge[index];
	     e < graph->first_edge[index + 1]; e++) {
		const struct iq_graph_node *node =
			&graph->nodes[graph->edges[e].node];

		for (size_t i = 0; i < node->num_wakers; i++) {
			const struct iq_wake *wake = &node->wakers[i];
			const struct iq_goroutine *g =
				&h->model->goroutines[wake->goroutine];
			struct charge c = {
				.kind = kind_of(wake),
				.distance = wake->via ? 1 : 0,
				.frame = frame_index(g->fact->stack,
						     wake->frame),
				.slot = IQ_HEAP_NONE,
			};

			if (!wake->waits &&
			    may_serve(h, wake->goroutine, node->address))
				charge(h, wake->goroutine, c);
		}
	}
}

/* Who started it, if that one is still there. */
static void charge_creator(struct hunt *h)
{
	const struct iq_goroutine_fact *fact = h->waiter->fact;
	struct charge c = {
		.kind = IQ_SUSPECT_CREATOR,
		.frame = UINT32_MAX,
		.slot = IQ_HEAP_NONE,
	};
	size_t index;

	if (!fact->has_parent ||
	    !iq_model_goroutine(h->model, fact->parent, &index) ||
	    !may_serve(h, (uint32_t)index,
		       fact->num_waits ? fact->waits[0].address : 0))
		return;
	charge(h, (uint32_t)index, c);
}

/* ---- back from one object */

struct words_of {
	struct hunt *hunt;
	uint64_t addr; /* of the root */
	uint32_t slot;
};

static bool note_variable(void *ctx, const struct iq_heap_reference *ref)
{
	struct words_of *w = ctx;

	if (ref->slot != w->slot)
		return true;
	return iq_vec_push(&w->hunt->variables, w->addr + ref->offset) &&
	       w->hunt->variables.len < VARIABLES_MAX;
}

static struct iq_error *meet(struct hunt *h, uint32_t source, uint32_t slot,
			     uint64_t address, uint32_t distance)
{
	const struct iq_heap_map *map = h->map;
	size_t i = source - map->num_slots;

	if (source < map->num_slots) {
		if (distance >= DISTANCE_MAX || h->queue.len >= OBJECTS_MAX ||
		    h->met[source / 64] >> source % 64 & 1)
			return NULL;
		h->met[source / 64] |= 1ull << source % 64;
		return iq_vec_push(&h->queue, source) ? NULL : &iq_enomem;
	}
	if (i < map->num_holders) {
		uint32_t index = h->goroutines[i];
		struct charge c = {
			.kind = distance ? IQ_SUSPECT_REACHES :
					   IQ_SUSPECT_MENTIONS,
			.distance = distance,
			.frame = UINT32_MAX,
			.slot = slot,
		};

		if (index != UINT32_MAX && may_serve(h, index, address))
			charge(h, index, c);
	} else if (h->variables.len < VARIABLES_MAX) {
		const struct iq_heap_range *range =
			&map->roots.data[i - map->num_holders];
		struct words_of w = { h, range->addr, slot };

		if (!h->variables.len)
			h->variable_distance = distance;
		if (!iq_heap_walk_range(map, range, note_variable, &w) &&
		    h->variables.len < VARIABLES_MAX)
			return &iq_enomem;
	}
	return NULL;
}

/* Breadth first; @address is in @target. */
static struct iq_error *go_back(struct hunt *h, uint32_t target,
				uint64_t address)
{
	struct iq_error *err = NULL;
	uint32_t distance = 0;
	size_t level_end;

	memset(h->met, 0, (h->map->num_slots / 64 + 1) * sizeof(*h->met));
	h->queue.len = 0;
	h->met[target / 64] |= 1ull << target % 64;
	if (!iq_vec_push(&h->queue, target))
		return &iq_enomem;
	level_end = 1;
	for (size_t i = 0; i < h->queue.len && !err; i++) {
		uint32_t slot = h->queue.data[i];
		size_t num;
		const uint32_t *sources =
			iq_path_reverse_of(&h->reverse, slot, &num);

		if (i == level_end) {
			distance++;
			level_end = h->queue.len;
		}
		for (size_t k = 0; k < num && !err; k++)
			err = meet(h, sources[k], slot, address, distance);
	}
	return err;
}

/* ---- variables */

static int compare_addresses(const void *pa, const void *pb)
{
	uint64_t a = *(const uint64_t *)pa;
	uint64_t b = *(const uint64_t *)pb;

	return a < b ? -1 : a > b;
}

/* Of "example.org/a.pool.jobs[3]" the part up to ".jobs". */
static size_t variable_len(const struct iq_out *out)
{
	struct iq_str name = { out->buf, out->len };
	size_t slash = iq_str_rfind(name, '/');
	size_t i = slash < name.len ? slash : 0;
	bool in_package = true;

	for (; i < name.len; i++) {
		if (name.ptr[i] == '.' && in_package)
			in_package = false;
		else if (name.ptr[i] == '.' || name.ptr[i] == '[')
			break;
	}
	return i;
}

/* Where the variable begins that has the word at @addr; 0: it has no name. */
static uint64_t beginning(struct hunt *h, uint64_t addr)
{
	uint64_t begin = addr;
	struct iq_out name, other;
	size_t len;

	if (!h->types || !h->types->put_variable)
		return 0;
	iq_out_init_memory(&name);
	iq_out_init_memory(&other);
	len = h->types->put_variable(h->types, addr, &name) ?
		      variable_len(&name) :
		      0;
	while (len && begin > 8 && addr - begin < VARIABLE_BYTES) {
		other.len = 0;
		if (!h->types->put_variable(h->types, begin - 8, &other) ||
		    variable_len(&other) != len ||
		    memcmp(other.buf, name.buf, len) != 0)
			break;
		begin -= 8;
	}
	iq_out_deinit(&name);
	iq_out_deinit(&other);
	return len ? begin : 0;
}

/* Words among the variables that refer to some bytes of others. */
struct referrers {
	uint64_t low, high;
	uint64_t best; /* the highest of what is referred to; 0: none */
};

/* Notes in @r->best what is referred to, or, with @h, the words that do. */
static bool look_for(struct hunt *h, const struct iq_heap_map *map,
		     const struct iq_heap_range *range, struct referrers *r)
{
	uint64_t have = 0;
	const uint8_t *bytes =
		map->memory.window(map->memory.ctx, range->addr, &have);
	uint64_t len = bytes && have < range->len ? have : range->len;

	for (uint64_t i = 0; bytes && i < len / 8; i++) {
		uint64_t word = iq_heap_word_of(bytes + 8 * i);

		if (word < r->low || word > r->high ||
		    (range->mask && !(range->mask[i / 8] >> i % 8 & 1)))
			continue;
		if (word > r->best)
			r->best = word;
		if (!h)
			continue;
		if (h->variables.len >= VARIABLES_MAX)
			return true;
		if (!iq_vec_push(&h->variables, range->addr + 8 * i))
			return false;
	}
	return true;
}

static struct iq_error *look_through(struct hunt *h, bool takes,
				     struct referrers *r)
{
	const struct iq_heap_map *map = h->map;

	for (size_t i = 0; i < map->roots.len; i++) {
		if (map->roots.data[i].kind == IQ_ROOT_VARIABLE &&
		    !look_for(takes ? h : NULL, map, &map->roots.data[i], r))
			return &iq_enomem;
	}
	return NULL;
}

/*
 * Code uses the beginning of a variable that has the word at @addr. Of "var bus =
 * &Bus{...}" the linker keeps the struct apart, and code has only the variable that
 * refers to it. Without names whatever is referred to just before counts as its
 * beginning.
 */
static struct iq_error *add_ways(struct hunt *h, uint64_t addr)
{
	uint64_t begin = beginning(h, addr);
	struct referrers r = {
		.low = begin ? begin : addr - APART_BYTES,
		.high = addr,
	};
	struct iq_error *err;

	if (begin && begin != addr && !iq_vec_push(&h->variables, begin))
		return &iq_enomem;
	if (begin)
		return look_through(h, true, &r);
	err = look_through(h, false, &r);
	r.low = r.high = r.best;
	return err || !r.best ? err : look_through(h, true, &r);
}

static void charge_users(struct hunt *h, const uint32_t *frames,
			 uint64_t address)
{
	for (size_t i = 0; i < h->map->num_holders; i++) {
		const struct iq_stack *stack =
			h->facts->goroutines.data[i].stack;
		uint32_t index = h->goroutines[i];
		struct charge c = {
			.kind = IQ_SUSPECT_VARIABLE,
			.distance = h->variable_distance,
			.slot = IQ_HEAP_NONE,
		};

		if (!stack || index == UINT32_MAX ||
		    frames[stack->index] == UINT32_MAX ||
		    !may_serve(h, index, address))
			continue;
		c.frame = frames[stack->index];
		charge(h, index, c);
	}
}

static struct iq_error *find_users(struct hunt *h, uint64_t address)
{
	const struct iq_heap *heap = h->facts->heap;
	iq_cleanup(iq_freep) void *frames = NULL;
	struct iq_error *err = NULL;

	if (!h->variables.len || !heap->users)
		return NULL;
	// What refers to them may be referred to in turn.
	for (size_t i = 0; i < h->variables.len && i < VARIABLES_MAX && !err;
	     i++)
		err = add_ways(h, h->variables.data[i]);
	frames = malloc((h->facts->stacks.len + 1) * sizeof(uint32_t));
	if (err || !frames)
		return err ? err : &iq_enomem;
	memset(frames, 0xff, (h->facts->stacks.len + 1) * sizeof(uint32_t));
	qsort(h->variables.data, h->variables.len, sizeof(*h->variables.data),
	      compare_addresses);
	err = heap->users(heap, h->variables.data, h->variables.len, frames);
	if (!err)
		charge_users(h, frames, address);
	return err;
}

/* ---- all of it */

static struct iq_error *hunt_target(struct hunt *h, const struct iq_wait *wait)
{
	uint32_t slot = iq_heap_map_slot(
		h->map, wait->has_sema ? wait->sema_addr : wait->address);
	struct iq_error *err = NULL;

	h->variables.len = 0;
	h->variable_distance = 0;
	if (slot != IQ_HEAP_NONE)
		err = go_back(h, slot, wait->address);
	else if (!iq_vec_push(&h->variables, wait->address))
		err = &iq_enomem;
	return err ? err : find_users(h, wait->address);
}

static struct iq_error *hunt_heap(struct hunt *h)
{
	const struct iq_goroutine_fact *fact = h->waiter->fact;
	struct iq_error *err;
	uint32_t num = 0;

	h->goroutines =
		malloc((h->facts->goroutines.len + 1) * sizeof(*h->goroutines));
	h->met = calloc(h->map->num_slots / 64 + 1, sizeof(*h->met));
	if (!h->goroutines || !h->met)
		return &iq_enomem;
	memset(h->goroutines, 0xff,
	       (h->facts->goroutines.len + 1) * sizeof(*h->goroutines));
	for (size_t i = 0; i < h->model->num_goroutines; i++) {
		const struct iq_goroutine *g = &h->model->goroutines[i];

		if (h->model->witnesses[g->witness] == h->facts)
			h->goroutines[g->fact - h->facts->goroutines.data] =
				(uint32_t)i;
	}
	err = iq_path_reverse_init(&h->reverse, h->proof);
	for (uint32_t i = 0; i < fact->num_waits && num < TARGETS_MAX && !err;
	     i++) {
		if (!fact->waits[i].has_address)
			continue;
		err = hunt_target(h, &fact->waits[i]);
		num++;
	}
	return err;
}

struct look {
	uint32_t slot;
	uint64_t offset;
};

static bool look(void *ctx, const struct iq_heap_reference *ref)
{
	struct look *l = ctx;

	l->offset = ref->offset;
	return ref->slot != l->slot;
}

/* The frame by which the stack refers to the object that it was found by. */
static uint32_t frame_of(const struct hunt *h, uint32_t index)
{
	const struct charge *c = &h->charges[index];
	const struct iq_goroutine_fact *fact = h->model->goroutines[index].fact;
	const struct iq_heap *heap = h->facts->heap;
	struct look l = { .slot = c->slot };
	struct iq_heap_range stack;
	uint32_t frame;
	size_t i;

	if (c->frame != UINT32_MAX || c->slot == IQ_HEAP_NONE ||
	    !heap->frame_of)
		return c->frame;
	i = (size_t)(fact - h->facts->goroutines.data);
	stack = iq_heap_map_holder(h->map, i).stack;
	if (iq_heap_walk_range(h->map, &stack, look, &l))
		return UINT32_MAX;
	frame = heap->frame_of(heap, i, stack.addr + l.offset);
	return fact->stack && frame < fact->stack->num_frames ? frame :
								UINT32_MAX;
}

/* Who is blocked does nothing for others before somebody wakes it. */
static unsigned rank_of(const struct hunt *h, uint32_t index,
			enum iq_suspect_kind kind)
{
	bool blocked =
		!iq_wait_class_can_go_on(h->model->goroutines[index].class);

	// Blocked ones that mention it come after those that sleep.
	if (kind == IQ_SUSPECT_MENTIONS && blocked)
		return 2 * IQ_SUSPECT_SLEEPS + 1;
	return 2 * kind + blocked;
}

static int compare_suspects(const void *pa, const void *pb)
{
	const struct ranked *ra = pa;
	const struct ranked *rb = pb;
	const struct iq_suspect *a = &ra->suspect;
	const struct iq_suspect *b = &rb->suspect;

	if (ra->rank != rb->rank)
		return ra->rank < rb->rank ? -1 : 1;
	if (a->distance != b->distance)
		return a->distance < b->distance ? -1 : 1;
	return a->goroutine < b->goroutine ? -1 : a->goroutine > b->goroutine;
}

static struct iq_error *conclude(const struct hunt *h, struct iq_arena *arena,
				 struct iq_suspects *ret)
{
	IQ_VEC(struct ranked) all = { 0 };
	struct iq_suspects found = { 0 };
	struct iq_suspect *list = NULL;

	for (size_t i = 0; i < h->model->num_goroutines; i++) {
		struct ranked s = {
			.suspect = {
				.goroutine = (uint32_t)i,
				.kind = h->charges[i].kind,
				.distance = h->charges[i].distance,
			},
			.rank = rank_of(h, (uint32_t)i, h->charges[i].kind),
		};

		if (h->charges[i].is_set && !iq_vec_push(&all, s)) {
			iq_vec_deinit(&all);
			return &iq_enomem;
		}
	}
	if (all.len)
		qsort(all.data, all.len, sizeof(*all.data), compare_suspects);
	found.num = all.len < LISTED_MAX ? all.len : LISTED_MAX;
	found.num_more = all.len - found.num;
	if (found.num)
		list = iq_arena_calloc(arena, found.num, sizeof(*list));
	for (size_t i = 0; list && i < found.num; i++) {
		list[i] = all.data[i].suspect;
		list[i].frame = frame_of(h, list[i].goroutine);
	}
	iq_vec_deinit(&all);
	if (found.num && !list)
		return &iq_enomem;
	found.list = list;
	*ret = found;
	return NULL;
}

struct iq_error *iq_path_suspects(const struct iq_model *model,
				  const struct iq_heap_types *types,
				  size_t index, struct iq_arena *arena,
				  struct iq_suspects *ret)
{
	const struct iq_goroutine *waiter = &model->goroutines[index];
	iq_cleanup(hunt_deinit) struct hunt h = {
		.model = model,
		.types = types,
		.waiter = waiter,
		.facts = model->witnesses[waiter->witness],
		.proof = iq_proof_of(model, waiter->witness),
	};
	struct iq_error *err = NULL;

	*ret = (struct iq_suspects){ .num = 0 };
	if (waiter->reach == IQ_REACH_UNREACHABLE ||
	    iq_wait_class_can_go_on(waiter->class))
		return NULL;
	h.charges = calloc(model->num_goroutines + 1, sizeof(*h.charges));
	if (!h.charges)
		return &iq_enomem;
	if (model->graph)
		charge_wakers(&h, index);
	if (h.proof && h.proof->map->num_holders <= h.facts->goroutines.len) {
		h.map = h.proof->map;
		err = hunt_heap(&h);
	}
	if (err)
		return err;
	charge_creator(&h);
	return conclude(&h, arena, ret);
}
