/* SPDX-License-Identifier: Apache-2.0 */
#include "model/population_alias.h"

#include <stdlib.h>

#include "base/map.h"

/* Cut stacks of fewer frames than any format's limit lost them by damage: what
 * is left says too little of a place. Go: src/runtime/pprof, 32 frames up to
 * 1.22, of which some ten are the runtime's. */
#define PREFIX_MIN 16
/* Distinct depths of cut stacks; the formats have five. */
#define DEPTHS_MAX 64
/* A witness among several. */
#define SEVERAL SIZE_MAX

/* Who has a key. */
struct key_entry {
	uint64_t key;
	size_t witness; /* or SEVERAL */
	UT_hash_handle hh;
};

struct alias_entry {
	struct iq_population_alias alias;
	UT_hash_handle hh;
};

struct builder {
	struct iq_model *model;
	/* Entries of the tables; the model keeps none of them. */
	struct iq_arena arena;
	/* Of cut stacks, ascending. */
	uint32_t depths[DEPTHS_MAX];
	size_t num_depths;
	struct key_entry *prefixes;
	/* Strong keys of all stacks, once one is looked for. */
	struct key_entry *keys;
	struct alias_entry *aliases;
};

static void builder_deinit(struct builder *b)
{
	HASH_CLEAR(hh, b->prefixes);
	HASH_CLEAR(hh, b->keys);
	HASH_CLEAR(hh, b->aliases);
	iq_arena_deinit(&b->arena);
}

/* A distinct stack of witness @w, and a goroutine that has it. */
struct visit {
	size_t w;
	const struct iq_goroutine_fact *fact;
	const struct iq_stack *stack;
	const struct iq_signature *sig;
};

typedef struct iq_error *visitor(struct builder *b, const struct visit *v);

static struct iq_error *each_stack_of(struct builder *b, size_t w,
				      visitor *visit)
{
	const struct iq_facts *facts = b->model->witnesses[w];
	bool *seen = calloc(facts->stacks.len + 1, sizeof(*seen));
	struct iq_error *err = seen ? NULL : &iq_enomem;

	for (size_t i = 0; i < facts->goroutines.len && !err; i++) {
		struct visit v = {
			.w = w,
			.fact = &facts->goroutines.data[i],
			.stack = facts->goroutines.data[i].stack,
		};

		if (!v.stack || !v.stack->num_frames || seen[v.stack->index])
			continue;
		seen[v.stack->index] = true;
		v.sig = iq_model_signature(b->model, w, v.stack);
		err = visit(b, &v);
	}
	free(seen);
	return err;
}

static struct iq_error *each_stack(struct builder *b, visitor *visit)
{
	struct iq_error *err = NULL;

	for (size_t w = 0; w < b->model->num_witnesses && !err; w++)
		err = each_stack_of(b, w, visit);
	return err;
}

static struct iq_error *key_add(struct builder *b, struct key_entry **table,
				uint64_t key, size_t w)
{
	bool iq_map_failed = false;
	struct key_entry *e;

	HASH_FIND(hh, *table, &key, sizeof(key), e);
	if (e) {
		if (e->witness != w)
			e->witness = SEVERAL;
		return NULL;
	}
	e = iq_arena_calloc(&b->arena, 1, sizeof(*e));
	if (!e)
		return &iq_enomem;
	e->key = key;
	e->witness = w;
	HASH_ADD(hh, *table, key, sizeof(e->key), e);
	return iq_map_failed ? &iq_enomem : NULL;
}

static struct alias_entry *alias_find(const struct builder *b, uint64_t strong)
{
	struct alias_entry *e;

	HASH_FIND(hh, b->aliases, &strong, sizeof(strong), e);
	return e;
}

static struct iq_error *alias_add(struct builder *b, uint64_t strong,
				  uint64_t key)
{
	bool iq_map_failed = false;
	struct alias_entry *e = iq_arena_calloc(&b->arena, 1, sizeof(*e));

	if (!e)
		return &iq_enomem;
	e->alias = (struct iq_population_alias){ strong, key };
	HASH_ADD(hh, b->aliases, alias.strong, sizeof(e->alias.strong), e);
	return iq_map_failed ? &iq_enomem : NULL;
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

static bool is_cut(const struct visit *v, uint32_t *depth_ret)
{
	if (!v->sig->truncated || v->sig->system)
		return false;
	*depth_ret = iq_signature_leaf_depth(v->stack, v->sig);
	return *depth_ret >= PREFIX_MIN;
}

static struct iq_error *collect_depth(struct builder *b, const struct visit *v)
{
	uint32_t depth;

	if (is_cut(v, &depth))
		add_depth(b, depth);
	return NULL;
}

static struct iq_error *collect_prefix(struct builder *b, const struct visit *v)
{
	uint64_t keys[DEPTHS_MAX];
	uint32_t depth;
	size_t num;

	if (!is_cut(v, &depth))
		return NULL;
	num = iq_signature_prefixes(v->stack, v->sig, b->depths, b->num_depths,
				    keys);
	if (!num || b->depths[num - 1] != depth)
		return NULL;
	return key_add(b, &b->prefixes, keys[num - 1], v->w);
}

/* A stack whose leaf part is a cut one's is counted with it: of several, with
 * the one that was cut most. */
static struct iq_error *find_prefix(struct builder *b, const struct visit *v)
{
	uint64_t keys[DEPTHS_MAX];
	struct key_entry *prefix = NULL;
	size_t num;

	if (v->stack->num_frames < PREFIX_MIN || alias_find(b, v->sig->strong))
		return NULL;
	num = iq_signature_prefixes(v->stack, v->sig, b->depths, b->num_depths,
				    keys);
	for (size_t i = 0; i < num && !prefix; i++)
		HASH_FIND(hh, b->prefixes, &keys[i], sizeof(*keys), prefix);
	if (!prefix || prefix->key == v->sig->strong)
		return NULL;
	return alias_add(b, v->sig->strong, prefix->key);
}

/* "main.f.func6", "main.f.func6.1" */
static bool is_closure(struct iq_str function)
{
	size_t i = function.len;

	while (i && function.ptr[i - 1] >= '0' && function.ptr[i - 1] <= '9')
		i--;
	return i < function.len &&
	       (iq_str_ends(iq_str_sub(function, 0, i), IQ_STR(".func")) ||
		iq_str_ends(iq_str_sub(function, 0, i), IQ_STR(".")));
}

/* "main.f.func1" of "main.f" */
static bool is_closure_of(struct iq_str closure, struct iq_str function)
{
	return is_closure(closure) && closure.len > function.len &&
	       iq_str_starts(closure, function) &&
	       closure.ptr[function.len] == '.';
}

/*
 * Whether @root's line is that of the go statement that began it: where a call
 * of a closure is written over several lines, Go 1.18 gives the wrapper the last
 * one, and the statement the first.
 */
static bool is_at_statement(const struct iq_frame *root,
			    const struct iq_frame *callee,
			    const struct iq_frame *created_by)
{
	if (root->line == created_by->line)
		return true;
	return iq_str_equal(root->file, created_by->file) &&
	       root->line > created_by->line && root->line >= callee->line &&
	       is_closure_of(root->function, created_by->function) &&
	       is_closure_of(callee->function, created_by->function);
}

/*
 * Up to Go 1.21 a text calls the wrapper of "go f(x)" as it would a closure in
 * that place. *@key_ret: the key without it.
 */
static bool may_show_wrapper(const struct builder *b, const struct visit *v,
			     uint64_t *key_ret)
{
	const struct iq_facts *facts = b->model->witnesses[v->w];
	const struct iq_frame *root;
	uint32_t depth;

	if (facts->witness.kind != IQ_WITNESS_DUMP || v->sig->truncated ||
	    v->sig->system || !v->fact->created_by)
		return false;
	root = v->stack->frames[v->sig->end - 1];
	depth = iq_signature_leaf_depth(v->stack, v->sig);
	if (depth < 2 || root->wrapper || !is_closure(root->function) ||
	    !is_at_statement(root, v->stack->frames[v->sig->end - 2],
			     v->fact->created_by))
		return false;
	depth--;
	return iq_signature_prefixes(v->stack, v->sig, &depth, 1, key_ret) == 1;
}

static struct iq_error *collect_key(struct builder *b, const struct visit *v)
{
	uint64_t without;

	return may_show_wrapper(b, v, &without) ?
		       NULL :
		       key_add(b, &b->keys, v->sig->strong, v->w);
}

/* Whether another witness than @w has @key; collects them first. */
static struct iq_error *others_have(struct builder *b, size_t w, uint64_t key,
				    bool *ret)
{
	struct iq_error *err = b->keys ? NULL : each_stack(b, collect_key);
	struct key_entry *e;

	if (err)
		return err;
	HASH_FIND(hh, b->keys, &key, sizeof(key), e);
	*ret = e && e->witness != w;
	return NULL;
}

/* What nobody else has with its outermost frame, and others have without. */
static struct iq_error *find_wrapper(struct builder *b, const struct visit *v)
{
	uint64_t without;
	bool with_it, without_it;
	struct iq_error *err;

	if (!may_show_wrapper(b, v, &without) ||
	    alias_find(b, v->sig->strong) || alias_find(b, without))
		return NULL;
	err = others_have(b, v->w, v->sig->strong, &with_it);
	if (!err)
		err = others_have(b, v->w, without, &without_it);
	if (err || with_it || !without_it)
		return err;
	return alias_add(b, v->sig->strong, without);
}

static int compare_aliases(const void *pa, const void *pb)
{
	const struct iq_population_alias *a = pa;
	const struct iq_population_alias *b = pb;

	return a->strong < b->strong ? -1 : a->strong > b->strong;
}

static struct iq_error *keep(struct builder *b,
			     struct iq_population_aliases *ret)
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
	*ret = (struct iq_population_aliases){ .items = list, .num = num };
	return NULL;
}

struct iq_error *iq_population_aliases_make(struct iq_model *model,
					    struct iq_population_aliases *ret)
{
	struct builder b = { .model = model };
	struct iq_error *err;

	iq_arena_init(&b.arena);
	err = each_stack(&b, collect_depth);
	if (!err && b.num_depths) {
		err = each_stack(&b, collect_prefix);
		if (!err)
			err = each_stack(&b, find_prefix);
	}
	if (!err && model->num_witnesses > 1)
		err = each_stack(&b, find_wrapper);
	if (!err)
		err = keep(&b, ret);
	builder_deinit(&b);
	return err;
}

uint64_t iq_population_key(const struct iq_population_aliases *aliases,
			   uint64_t strong)
{
	struct iq_population_alias wanted = { .strong = strong };
	const struct iq_population_alias *found;

	if (!aliases->num)
		return strong;
	found = bsearch(&wanted, aliases->items, aliases->num, sizeof(wanted),
			compare_aliases);
	return found ? found->key : strong;
}
