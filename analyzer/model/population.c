/* SPDX-License-Identifier: Apache-2.0 */
#include "model/population.h"

#include <stdlib.h>

#include "base/map.h"
#include "model/population_alias.h"

struct iq_population_keys {
	struct iq_population_aliases aliases;
	/* keys[i] of model->populations[i]. */
	const uint64_t *keys;
};

enum iq_wait_class iq_population_class(enum iq_wait_class class)
{
	switch (class) {
	case IQ_CLASS_NIL_SEND:
		return IQ_CLASS_CHAN_SEND;
	case IQ_CLASS_NIL_RECEIVE:
		return IQ_CLASS_CHAN_RECEIVE;
	case IQ_CLASS_SYSCALL:
	case IQ_CLASS_CGO:
		return IQ_CLASS_RUNNING;
	default:
		return class;
	}
}

struct entry_key {
	uint64_t stack;
	uint64_t class;
};

struct entry {
	struct entry_key key;
	struct iq_population population;
	uint64_t *counts;
	UT_hash_handle hh;
};

struct builder {
	struct iq_model *model;
	/* Entries of the table; the model keeps none of them. */
	struct iq_arena arena;
	struct iq_population_keys *keys;
	struct entry *map;
	IQ_VEC(struct entry *) list;
};

static void builder_deinit(struct builder *b)
{
	HASH_CLEAR(hh, b->map);
	iq_vec_deinit(&b->list);
	iq_arena_deinit(&b->arena);
}

static struct entry *entry_new(struct builder *b, const struct entry_key *key,
			       const struct iq_signature *sig,
			       const struct iq_stack *stack)
{
	bool iq_map_failed = false;
	struct entry *e = iq_arena_calloc(&b->arena, 1, sizeof(*e));

	if (!e)
		return NULL;
	e->counts = iq_arena_calloc(&b->model->arena, b->model->num_witnesses,
				    sizeof(*e->counts));
	e->key = *key;
	e->population = (struct iq_population){
		.signature = sig,
		.stack = stack,
		.class = (enum iq_wait_class)key->class,
		.counts = e->counts,
	};
	if (!e->counts || !iq_vec_push(&b->list, e))
		return NULL;
	HASH_ADD(hh, b->map, key, sizeof(e->key), e);
	return iq_map_failed ? NULL : e;
}

static struct iq_error *count_fact(struct builder *b, size_t w,
				   const struct iq_goroutine_fact *fact)
{
	const struct iq_signature *sig =
		iq_model_signature(b->model, w, fact->stack);
	struct entry_key key;
	struct entry *e;

	if (!sig || !fact->stack->num_frames)
		return NULL;
	key = (struct entry_key){
		.stack = iq_population_key(&b->keys->aliases, sig->strong),
		.class = iq_population_class(iq_wait_class_of(fact)),
	};
	HASH_FIND(hh, b->map, &key, sizeof(key), e);
	if (!e)
		e = entry_new(b, &key, sig, fact->stack);
	if (!e)
		return &iq_enomem;
	// Counts of a hostile profile may not fit: then the largest one stands.
	if (__builtin_add_overflow(e->counts[w], fact->count, &e->counts[w]))
		e->counts[w] = UINT64_MAX;
	return NULL;
}

static int compare_entries(const void *pa, const void *pb)
{
	const struct entry *a = *(struct entry *const *)pa;
	const struct entry *b = *(struct entry *const *)pb;

	if (a->key.stack != b->key.stack)
		return a->key.stack < b->key.stack ? -1 : 1;
	if (a->key.class != b->key.class)
		return a->key.class < b->key.class ? -1 : 1;
	return 0;
}

/* What has no class at a place is of the only one that is known there. */
static void join_unknown(struct builder *b, const struct entry *unknown,
			 struct entry *only)
{
	for (size_t w = 0; w < b->model->num_witnesses; w++) {
		if (__builtin_add_overflow(only->counts[w], unknown->counts[w],
					   &only->counts[w]))
			only->counts[w] = UINT64_MAX;
	}
}

static size_t join_classes(struct builder *b)
{
	size_t kept = 0;

	for (size_t i = 0, end; i < b->list.len; i = end) {
		struct entry **e = &b->list.data[i];
		uint64_t stack = e[0]->key.stack;

		for (end = i + 1; end < b->list.len &&
				  b->list.data[end]->key.stack == stack;)
			end++;
		if (end - i == 2 && e[0]->key.class == IQ_CLASS_UNKNOWN_WAIT) {
			join_unknown(b, e[0], e[1]);
			i++;
		}
		while (i < end)
			b->list.data[kept++] = b->list.data[i++];
	}
	return kept;
}

static struct iq_error *keep(struct builder *b)
{
	struct iq_model *m = b->model;
	struct iq_population *list;
	uint64_t *keys;
	size_t num;

	if (b->list.len)
		qsort(b->list.data, b->list.len, sizeof(*b->list.data),
		      compare_entries);
	num = join_classes(b);
	list = iq_arena_calloc(&m->arena, num, sizeof(*list));
	keys = iq_arena_calloc(&m->arena, num, sizeof(*keys));
	if (!list || !keys)
		return &iq_enomem;
	for (size_t i = 0; i < num; i++) {
		list[i] = b->list.data[i]->population;
		keys[i] = b->list.data[i]->key.stack;
	}
	b->keys->keys = keys;
	m->populations = list;
	m->num_populations = num;
	m->population_keys = b->keys;
	return NULL;
}

struct iq_error *iq_populations_make(struct iq_model *model)
{
	struct builder b = { .model = model };
	struct iq_error *err;

	iq_arena_init(&b.arena);
	b.keys = iq_arena_calloc(&model->arena, 1, sizeof(*b.keys));
	err = b.keys ? iq_population_aliases_make(model, &b.keys->aliases) :
		       &iq_enomem;
	for (size_t w = 0; w < model->num_witnesses && !err; w++) {
		const struct iq_facts *facts = model->witnesses[w];

		for (size_t i = 0; i < facts->goroutines.len && !err; i++)
			err = count_fact(&b, w, &facts->goroutines.data[i]);
	}
	if (!err)
		err = keep(&b);
	builder_deinit(&b);
	return err;
}

/* The first population of @key, or where it would be. */
static size_t lower_bound(const struct iq_model *m, uint64_t key)
{
	const uint64_t *keys = m->population_keys->keys;
	size_t low = 0, high = m->num_populations;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (keys[mid] < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct iq_population *
iq_population_find(const struct iq_model *model,
		   const struct iq_signature *signature,
		   enum iq_wait_class class)
{
	enum iq_wait_class wanted = iq_population_class(class);
	uint64_t key = iq_population_key(&model->population_keys->aliases,
					 signature->strong);
	const struct iq_population *list = model->populations;
	size_t first = lower_bound(model, key);
	size_t end = first;

	for (; end < model->num_populations &&
	       model->population_keys->keys[end] == key;
	     end++) {
		if (list[end].class == wanted)
			return &list[end];
	}
	if (end - first == 1 && (wanted == IQ_CLASS_UNKNOWN_WAIT ||
				 list[first].class == IQ_CLASS_UNKNOWN_WAIT))
		return &list[first];
	return NULL;
}

const struct iq_population *
iq_population_of(const struct iq_model *model, size_t witness,
		 const struct iq_goroutine_fact *fact)
{
	const struct iq_signature *sig =
		iq_model_signature(model, witness, fact->stack);

	return sig && fact->stack->num_frames ?
		       iq_population_find(model, sig, iq_wait_class_of(fact)) :
		       NULL;
}
