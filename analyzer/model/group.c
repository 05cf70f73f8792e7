/* SPDX-License-Identifier: Apache-2.0 */
#include "model/group.h"

#include <stdlib.h>

#include "base/map.h"
#include "model/frame.h"

/* What must be equal; hashed as bytes, so without padding. */
struct group_key {
	uint64_t stack; /* strong signature, 0 without a stack */
	uint64_t reason;
	uint64_t status;
	uint64_t system;
};

struct builder_entry {
	struct group_key key;
	struct iq_group group;
	bool mixed_creators;
	uint32_t number;
	UT_hash_handle hh;
};

struct builder {
	struct iq_model *model;
	struct builder_entry *map;
	IQ_VEC(struct builder_entry *) list;
};

static struct group_key key_of(const struct iq_model *m,
			       const struct iq_goroutine *g)
{
	const struct iq_signature *sig =
		iq_model_signature(m, g->witness, g->fact->stack);

	return (struct group_key){
		.stack = sig ? sig->strong : 0,
		.reason = XXH3_64bits(g->fact->wait_reason.ptr,
				      g->fact->wait_reason.len),
		.status = (uint64_t)g->fact->status,
		.system = g->system,
	};
}

static struct builder_entry *entry_new(struct builder *b,
				       const struct group_key *key,
				       const struct iq_goroutine *g)
{
	bool iq_map_failed = false;
	struct builder_entry *e =
		iq_arena_calloc(&b->model->arena, 1, sizeof(*e));

	if (!e)
		return NULL;
	e->key = *key;
	e->number = (uint32_t)b->list.len;
	e->group = (struct iq_group){
		.stack = g->fact->stack,
		.signature = iq_model_signature(b->model, g->witness,
						g->fact->stack),
		.status = g->fact->status,
		.wait_reason = g->fact->wait_reason,
		.class = g->class,
		.system = g->system,
		.created_by = g->fact->created_by,
	};
	if (!iq_vec_push(&b->list, e))
		return NULL;
	HASH_ADD(hh, b->map, key, sizeof(e->key), e);
	return iq_map_failed ? NULL : e;
}

static void widen_bounds(struct iq_group *group, const struct iq_goroutine *g)
{
	if (g->has_wait_min &&
	    (!group->has_wait_min || g->wait_min_ns < group->wait_min_ns)) {
		group->has_wait_min = true;
		group->wait_min_ns = g->wait_min_ns;
	}
	if (g->has_wait_max &&
	    (!group->has_wait_max || g->wait_max_ns > group->wait_max_ns)) {
		group->has_wait_max = true;
		group->wait_max_ns = g->wait_max_ns;
	}
}

static struct iq_error *builder_add(struct builder *b, struct iq_goroutine *g)
{
	struct group_key key = key_of(b->model, g);
	struct builder_entry *e;

	HASH_FIND(hh, b->map, &key, sizeof(key), e);
	if (!e)
		e = entry_new(b, &key, g);
	if (!e)
		return &iq_enomem;
	g->group = e->number;
	e->group.num_members++;
	e->group.count += g->count;
	if (!iq_frame_same_place(e->group.created_by, g->fact->created_by))
		e->mixed_creators = true;
	widen_bounds(&e->group, g);
	return NULL;
}

/* Largest first; equal ones in the order of their smallest goroutine. */
static int compare_entries(const void *pa, const void *pb)
{
	const struct builder_entry *a = *(struct builder_entry *const *)pa;
	const struct builder_entry *b = *(struct builder_entry *const *)pb;

	if (a->group.count != b->group.count)
		return a->group.count > b->group.count ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static struct iq_error *
collect_members(struct iq_model *m, struct iq_group *groups, size_t num_groups)
{
	uint32_t *members =
		iq_arena_calloc(&m->arena, m->num_goroutines, sizeof(*members));
	uint32_t **at = iq_arena_calloc(&m->arena, num_groups, sizeof(*at));

	if (!members || !at)
		return &iq_enomem;
	for (size_t i = 0; i < num_groups; i++) {
		groups[i].members = members;
		at[i] = members;
		members += groups[i].num_members;
	}
	for (size_t i = 0; i < m->num_goroutines; i++)
		*at[m->goroutines[i].group]++ = (uint32_t)i;
	return NULL;
}

static struct iq_error *builder_finish(struct builder *b)
{
	struct iq_model *m = b->model;
	struct iq_group *groups =
		iq_arena_calloc(&m->arena, b->list.len, sizeof(*groups));
	uint32_t *place =
		iq_arena_calloc(&m->arena, b->list.len, sizeof(*place));

	if (!groups || !place)
		return &iq_enomem;
	if (b->list.len)
		qsort(b->list.data, b->list.len, sizeof(*b->list.data),
		      compare_entries);
	for (size_t i = 0; i < b->list.len; i++) {
		struct builder_entry *e = b->list.data[i];

		if (e->mixed_creators)
			e->group.created_by = NULL;
		groups[i] = e->group;
		place[e->number] = (uint32_t)i;
	}
	for (size_t i = 0; i < m->num_goroutines; i++)
		m->goroutines[i].group = place[m->goroutines[i].group];
	m->groups = groups;
	m->num_groups = b->list.len;
	return collect_members(m, groups, b->list.len);
}

struct iq_error *iq_groups_make(struct iq_model *model)
{
	struct builder b = { .model = model };
	struct iq_error *err = NULL;

	for (size_t i = 0; i < model->num_goroutines && !err; i++)
		err = builder_add(&b, &model->goroutines[i]);
	if (!err)
		err = builder_finish(&b);
	HASH_CLEAR(hh, b.map);
	iq_vec_deinit(&b.list);
	return err;
}
