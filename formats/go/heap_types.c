/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap_types.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "formats/go/heap_types_put.h"

/* How often what was concluded from contradictions is taken back; each time at
 * least one object less has a type. */
#define ROUNDS_MAX 8

static void destroy(struct iq_heap_types *base)
{
	struct iq_go_types *types = (struct iq_go_types *)base;

	free(types->of);
	free(types->list);
	iq_go_type_model_deinit(&types->model);
	iq_go_typed_variables_deinit(&types->variables);
	iq_arena_deinit(&types->arena);
	free(types);
}

static void typing_deinit(struct iq_go_typing *t)
{
	free(t->exact);
	free(t->banned);
	free(t->asleep);
	free(t->lead);
	free(t->unswept);
	free(t->large);
	iq_vec_deinit(&t->objects);
	iq_vec_deinit(&t->ranges);
	iq_go_word_set_deinit(&t->seen);
	iq_go_word_set_deinit(&t->functions);
}

/* A type of the runtime itself; 0 if it is not there, or is another's. */
static uint32_t own(const struct iq_go_typing *t, struct iq_str name,
		    uint32_t size)
{
	uint32_t number = iq_go_type_model_named(t->model, name);

	return number && size &&
			       iq_go_type_model_get(t->model, number)->size ==
				       size ?
		       number :
		       0;
}

static struct iq_error *typing_init(struct iq_go_typing *t)
{
	const struct iq_go_layout *l = t->rt->layout;
	size_t words = t->map->num_slots / 64 + 1;

	t->exact = calloc(words, sizeof(*t->exact));
	t->asleep = calloc(words, sizeof(*t->asleep));
	if (!t->exact || !t->asleep)
		return &iq_enomem;
	t->hchan = own(t, IQ_STR("runtime.hchan"), l->hchan_size);
	t->hmap = own(t, IQ_STR("runtime.hmap"), l->hmap_size);
	t->swiss_map = own(t, IQ_STR("maps.Map"), l->swiss_map_size);
	t->swiss_table = own(t, IQ_STR("maps.table"), l->swiss_table_size);
	return iq_go_typing_spans(t);
}

/* Objects that contradict themselves are of no type from now on. */
static struct iq_error *ban(struct iq_go_typing *t)
{
	size_t words = t->map->num_slots / 64 + 1;

	if (!t->banned)
		t->banned = calloc(words, sizeof(*t->banned));
	if (!t->banned)
		return &iq_enomem;
	for (uint32_t i = 0; i < t->map->num_slots; i++)
		if (t->of[i] == IQ_GO_TYPE_CONTRADICTED)
			t->banned[i / 64] |= 1ull << i % 64;
	return NULL;
}

/* Forgets all but what is banned. */
static void begin_round(struct iq_go_typing *t)
{
	size_t words = t->map->num_slots / 64 + 1;

	memset(t->of, 0, t->map->num_slots * sizeof(*t->of));
	memset(t->exact, 0, words * sizeof(*t->exact));
	memset(t->asleep, 0, words * sizeof(*t->asleep));
	iq_go_word_set_deinit(&t->seen);
	t->contradicted = false;
}

static struct iq_error *find(struct iq_go_typing *t,
			     const struct iq_go_typed_variables *variables)
{
	for (unsigned i = 0; i < ROUNDS_MAX; i++) {
		struct iq_error *err;

		begin_round(t);
		iq_go_typing_roots(t);
		iq_go_typing_walk(t);
		for (size_t k = 0; k < variables->all.len; k++)
			if (variables->all.data[k].type &&
			    !variables->all.data[k].is_apart)
				iq_go_typing_range(
					t, variables->all.data[k].addr,
					variables->all.data[k].type, 1);
		iq_go_typing_walk(t);
		iq_go_typing_untyped(t);
		if (t->no_memory || t->model->no_memory)
			return &iq_enomem;
		if (!t->contradicted)
			return NULL;
		err = ban(t);
		if (err)
			return err;
	}
	// Memory that contradicts itself so often says nothing.
	begin_round(t);
	return NULL;
}

/* All that anybody may ask places of: reading them changes nothing then. */
static struct iq_error *lay_all(struct iq_go_types *types, size_t num_slots)
{
	size_t num = types->model.types.len;
	iq_cleanup(iq_freep) uint8_t *used = calloc(num, 1);

	if (!used)
		return &iq_enomem;
	for (size_t i = 0; i < num_slots; i++)
		used[types->of[i]] = 1;
	for (size_t i = 0; i < types->variables.all.len; i++)
		used[types->variables.all.data[i].type] = 1;
	for (uint32_t i = 1; i < num; i++)
		if (used[i])
			iq_go_type_model_lay(&types->model, i);
	return types->model.no_memory ? &iq_enomem : NULL;
}

/* The list as the model has it. */
static struct iq_error *list(struct iq_go_types *types)
{
	size_t num = types->model.types.len;

	types->list = calloc(num, sizeof(*types->list));
	if (!types->list)
		return &iq_enomem;
	for (uint32_t i = 1; i < num; i++) {
		const struct iq_go_model_type *type =
			iq_go_type_model_get(&types->model, i);

		types->list[i].name = type->name;
		types->list[i].size = type->size;
	}
	types->types.of = types->of;
	types->types.types = types->list;
	types->types.num_types = num;
	return NULL;
}

static struct iq_error *fill(struct iq_go_types *types,
			     const struct iq_go_heap *heap,
			     const struct iq_heap_map *map)
{
	iq_cleanup(typing_deinit) struct iq_go_typing t = {
		.heap = heap,
		.rt = heap->rt,
		.map = map,
		.model = &types->model,
		.of = types->of,
	};
	struct iq_error *err;

	iq_go_type_model_catalog(&types->model);
	err = typing_init(&t);
	if (!err)
		err = iq_go_typed_variables_read(&types->variables,
						 &types->model);
	if (!err)
		err = find(&t, &types->variables);
	if (!err)
		err = lay_all(types, map->num_slots);
	return err ? err : list(types);
}

struct iq_error *iq_go_heap_types(const struct iq_heap *base,
				  const struct iq_heap_map *map,
				  struct iq_heap_types **ret)
{
	const struct iq_go_heap *heap = (const struct iq_go_heap *)base;
	struct iq_go_types *types = calloc(1, sizeof(*types));
	struct iq_error *err;

	if (!types)
		return &iq_enomem;
	types->types.destroy = destroy;
	types->types.put_place = iq_go_types_put_place;
	types->types.put_variable = iq_go_types_put_variable;
	iq_arena_init(&types->arena);
	iq_go_type_model_init(&types->model, heap->rt, &types->arena);
	types->of = calloc((size_t)map->num_slots + 1, sizeof(*types->of));
	err = types->of ? fill(types, heap, map) : &iq_enomem;
	if (err) {
		destroy(&types->types);
		return err;
	}
	*ret = &types->types;
	return NULL;
}
