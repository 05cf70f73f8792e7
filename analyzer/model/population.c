/* SPDX-License-Identifier: Apache-2.0 */
#include "model/population.h"

#include <stdlib.h>

#include "base/map.h"

/* Cut stacks of fewer frames than any format's limit lost them by damage: what
 * is left says too little of a place. Go: src/runtime/pprof, 32 frames up to
 * 1.22, of which some ten are the runtime's. */
#define PREFIX_MIN 16
/* Distinct depths of cut stacks; the formats have five. */
#define DEPTHS_MAX 64

/* What other key a stack is counted under than its own. */
struct iq_population_alias {
	uint64_t strong;
	uint64_t key;
};

struct iq_population_keys {
	/* By strong key. */
	const struct iq_population_alias *aliases;
	size_t num_aliases;
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

/* A stack that was cut after so many frames. */
struct prefix {
	uint64_t key;
	UT_hash_handle hh;
};

struct alias_entry {
	struct iq_population_alias alias;
	UT_hash_handle hh;
};

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
	/* Entries of the tables; the model keeps none of them. */
	struct iq_arena arena;
	/* Of cut stacks, ascending. */
	uint32_t depths[DEPTHS_MAX];
	size_t num_depths;
	struct prefix *prefixes;
	struct alias_entry *aliases;
	struct entry *map;
	IQ_VEC(struct entry *) list;
};

static void builder_deinit(struct builder *b)
{
	HASH_CLEAR(hh, b->prefixes);
	HASH_CLEAR(hh, b->aliases);
	HASH_CLEAR(hh, b->map);
	iq_vec_deinit(&b->list);
	iq_arena_deinit(&b->arena);
}

/* Calls @visit for each distinct stack of a witness's goroutines. */
static struct iq_error *
each_stack(struct builder *b, size_t w,
	   struct iq_error *(*visit)(struct builder *b,
				     const struct iq_stack *stack,
				     const struct iq_signature *sig))
{
	const struct iq_facts *facts = b->model->witnesses[w];
	bool *seen = calloc(facts->stacks.len + 1, sizeof(*seen));
	struct iq_error *err = seen ? NULL : &iq_enomem;

	for (size_t i = 0; i < facts->goroutines.len && !err; i++) {
		const struct iq_stack *stack = facts->goroutines.data[i].stack;

		if (!stack || !stack->num_frames || seen[stack->index])
			continue;
		seen[stack->index] = true;
		err = visit(b, stack, iq_model_signature(b->model, w, stack));
	}
	free(seen);
	return err;
}

static void add_depth(struct builder *b, uint32_t depth)
{
	size_t at = 0;

	while (at < b->num_depths && b->depths[at] < depth)
		at++;
	if (b->num_depths == DEPTHS_MAX ||
	    (at < b->num_depths && b->depths[at] == depth))
		return;
	for (size_t i = b->num_depths++; i > at; i--)
		b->depths[i] = b->depths[i - 1];
	b->depths[at] = depth;
}

static bool is_cut(const struct iq_stack *stack, const struct iq_signature *sig,
		   uint32_t *depth_ret)
{
	if (!sig->truncated || sig->system)
		return false;
	*depth_ret = iq_signature_leaf_depth(stack, sig);
	return *depth_ret >= PREFIX_MIN;
}

static struct iq_error *collect_depth(struct builder *b,
				      const struct iq_stack *stack,
				      const struct iq_signature *sig)
{
	uint32_t depth;

	if (is_cut(stack, sig, &depth))
		add_depth(b, depth);
	return NULL;
}

static struct iq_error *collect_prefix(struct builder *b,
				       const struct iq_stack *stack,
				       const struct iq_signature *sig)
{
	bool iq_map_failed = false;
	uint64_t keys[DEPTHS_MAX];
	struct prefix *prefix;
	uint32_t depth;
	size_t num;

	if (!is_cut(stack, sig, &depth))
		return NULL;
	num = iq_signature_prefixes(stack, sig, b->depths, b->num_depths, keys);
	if (!num || b->depths[num - 1] != depth)
		return NULL;
	HASH_FIND(hh, b->prefixes, &keys[num - 1], sizeof(*keys), prefix);
	if (prefix)
		return NULL;
	prefix = iq_arena_calloc(&b->arena, 1, sizeof(*prefix));
	if (!prefix)
		return &iq_enomem;
	prefix->key = keys[num - 1];
	HASH_ADD(hh, b->prefixes, key, sizeof(prefix->key), prefix);
	return iq_map_failed ? &iq_enomem : NULL;
}

/* A stack whose leaf part is a cut one's is counted with it: of several, with
 * the one that was cut most. */
static struct iq_error *add_alias(struct builder *b,
				  const struct iq_stack *stack,
				  const struct iq_signature *sig)
{
	bool iq_map_failed = false;
	uint64_t keys[DEPTHS_MAX];
	struct prefix *prefix = NULL;
	struct alias_entry *e;
	size_t num;

	HASH_FIND(hh, b->aliases, &sig->strong, sizeof(sig->strong), e);
	if (e || stack->num_frames < PREFIX_MIN)
		return NULL;
	num = iq_signature_prefixes(stack, sig, b->depths, b->num_depths, keys);
	for (size_t i = 0; i < num && !prefix; i++)
		HASH_FIND(hh, b->prefixes, &keys[i], sizeof(*keys), prefix);
	if (!prefix || prefix->key == sig->strong)
		return NULL;
	e = iq_arena_calloc(&b->arena, 1, sizeof(*e));
	if (!e)
		return &iq_enomem;
	e->alias = (struct iq_population_alias){ sig->strong, prefix->key };
	HASH_ADD(hh, b->aliases, alias.strong, sizeof(e->alias.strong), e);
	return iq_map_failed ? &iq_enomem : NULL;
}

static struct iq_error *make_aliases(struct builder *b)
{
	struct iq_error *err = NULL;
	size_t n = b->model->num_witnesses;

	for (size_t w = 0; w < n && !err; w++)
		err = each_stack(b, w, collect_depth);
	if (err || !b->num_depths)
		return err;
	for (size_t w = 0; w < n && !err; w++)
		err = each_stack(b, w, collect_prefix);
	for (size_t w = 0; w < n && !err; w++)
		err = each_stack(b, w, add_alias);
	return err;
}

static uint64_t builder_key(const struct builder *b, uint64_t strong)
{
	struct alias_entry *e;

	HASH_FIND(hh, b->aliases, &strong, sizeof(strong), e);
	return e ? e->alias.key : strong;
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
		.stack = builder_key(b, sig->strong),
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

static int compare_aliases(const void *pa, const void *pb)
{
	const struct iq_population_alias *a = pa;
	const struct iq_population_alias *b = pb;

	return a->strong < b->strong ? -1 : a->strong > b->strong;
}

static struct iq_error *keep_aliases(struct builder *b,
				     struct iq_population_keys *keys)
{
	size_t num = HASH_COUNT(b->aliases);
	struct iq_population_alias *list =
		iq_arena_calloc(&b->model->arena, num, sizeof(*list));
	struct alias_entry *e, *next;
	size_t i = 0;

	if (!list)
		return &iq_enomem;
	HASH_ITER (hh, b->aliases, e, next)
		list[i++] = e->alias;
	if (num)
		qsort(list, num, sizeof(*list), compare_aliases);
	keys->aliases = list;
	keys->num_aliases = num;
	return NULL;
}

static struct iq_error *keep(struct builder *b)
{
	struct iq_model *m = b->model;
	struct iq_population_keys *index =
		iq_arena_calloc(&m->arena, 1, sizeof(*index));
	struct iq_population *list;
	uint64_t *keys;
	size_t num;

	if (b->list.len)
		qsort(b->list.data, b->list.len, sizeof(*b->list.data),
		      compare_entries);
	num = join_classes(b);
	list = iq_arena_calloc(&m->arena, num, sizeof(*list));
	keys = iq_arena_calloc(&m->arena, num, sizeof(*keys));
	if (!index || !list || !keys)
		return &iq_enomem;
	for (size_t i = 0; i < num; i++) {
		list[i] = b->list.data[i]->population;
		keys[i] = b->list.data[i]->key.stack;
	}
	index->keys = keys;
	m->populations = list;
	m->num_populations = num;
	m->population_keys = index;
	return keep_aliases(b, index);
}

struct iq_error *iq_populations_make(struct iq_model *model)
{
	struct builder b = { .model = model };
	struct iq_error *err;

	iq_arena_init(&b.arena);
	err = make_aliases(&b);
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

static uint64_t key_of(const struct iq_population_keys *keys, uint64_t strong)
{
	struct iq_population_alias wanted = { .strong = strong };
	const struct iq_population_alias *found =
		bsearch(&wanted, keys->aliases, keys->num_aliases,
			sizeof(wanted), compare_aliases);

	return found ? found->key : strong;
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
	uint64_t key = key_of(model->population_keys, signature->strong);
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
