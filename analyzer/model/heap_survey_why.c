/* SPDX-License-Identifier: Apache-2.0 */
/* What stands at an address, and why it lives. */
#include "base/cleanup.h"
#include "model/heap_survey_parts.h"

/* The slot that holds @addr, whether it is allocated or not. */
static bool find_slot(const struct iq_heap_map *map, uint64_t addr,
		      const struct iq_heap_span **span_ret, uint32_t *ret)
{
	uint32_t i = iq_heap_map_span(map, addr);
	const struct iq_heap_span *span;

	if (i == IQ_HEAP_NONE)
		return false;
	span = &map->spans.data[i];
	*span_ret = span;
	*ret = (uint32_t)iq_heap_divide(span, addr - span->addr);
	return true;
}

static struct iq_error *put_place(const struct iq_surveying *s, uint32_t type,
				  uint64_t offset, struct iq_str *ret)
{
	struct iq_error *err;
	struct iq_out out;

	if (!type || !s->types->put_place)
		return NULL;
	iq_out_init_memory(&out);
	s->types->put_place(s->types, type, offset, &out);
	err = iq_surveying_keep(s, &out, ret);
	iq_out_deinit(&out);
	return err;
}

static struct iq_error *put_variable(const struct iq_surveying *s,
				     uint64_t addr, bool *known_ret,
				     struct iq_str *ret)
{
	struct iq_error *err;
	struct iq_out out;

	*known_ret = false;
	if (!s->types || !s->types->put_variable)
		return NULL;
	iq_out_init_memory(&out);
	*known_ret = s->types->put_variable(s->types, addr, &out);
	err = iq_surveying_keep(s, &out, ret);
	iq_out_deinit(&out);
	return err;
}

static bool find_stack(const struct iq_surveying *s, struct iq_heap_why *why)
{
	const struct iq_heap_map *map = s->proof->map;

	for (size_t i = 0; i < map->num_holders; i++) {
		struct iq_heap_holder holder = iq_heap_map_holder(map, i);

		if (!iq_heap_range_has(&holder.stack, why->addr))
			continue;
		why->kind = IQ_HEAP_STACK;
		if (i < s->facts->goroutines.len)
			why->goroutine = s->goroutines[i];
		return true;
	}
	return false;
}

static bool is_variable(const struct iq_heap_map *map, uint64_t addr)
{
	for (size_t i = 0; i < map->roots.len; i++) {
		if (map->roots.data[i].kind == IQ_ROOT_VARIABLE &&
		    iq_heap_range_has(&map->roots.data[i], addr))
			return true;
	}
	return false;
}

static struct iq_error *describe_slot(const struct iq_surveying *s,
				      const struct iq_heap_span *span,
				      uint32_t index, struct iq_heap_why *why)
{
	uint32_t slot = span->first + index;
	uint64_t start = span->addr + index * span->elem_size;
	uint32_t type = iq_surveying_type(s, slot);
	struct iq_error *err;

	why->kind = IQ_HEAP_FREE;
	why->object.addr = iq_heap_span_object(span, index);
	why->object.size = span->elem_size;
	if (!iq_heap_allocated(span, index))
		return NULL;
	why->kind = IQ_HEAP_OBJECT;
	why->object.state = iq_surveying_state(s, slot);
	err = iq_surveying_name(s, type, &why->object.type);
	return err ? err : put_place(s, type, why->addr - start, &why->place);
}

static struct iq_error *describe(const struct iq_surveying *s,
				 struct iq_heap_why *why)
{
	const struct iq_heap_map *map = s->proof->map;
	const struct iq_heap_span *span;
	struct iq_error *err;
	uint32_t index;
	uint64_t have;
	bool known;

	if (find_slot(map, why->addr, &span, &index))
		return describe_slot(s, span, index, why);
	if (find_stack(s, why))
		return NULL;
	err = put_variable(s, why->addr, &known, &why->name);
	if (known || is_variable(map, why->addr))
		why->kind = IQ_HEAP_VARIABLE;
	else if (map->memory.window(map->memory.ctx, why->addr, &have))
		why->kind = IQ_HEAP_OTHER;
	else
		why->kind = IQ_HEAP_NOWHERE;
	return err;
}

static struct iq_error *explain(const struct iq_surveying *s,
				const struct iq_paths *paths,
				struct iq_heap_why *why)
{
	struct iq_error *err = describe(s, why);

	if (err || why->kind != IQ_HEAP_OBJECT || !paths)
		return err;
	return iq_paths_find(paths, s->types, why->addr, &s->model->arena,
			     &why->path, &why->lacks);
}

struct iq_error *iq_surveying_why(struct iq_surveying *s)
{
	size_t num = s->query->num_addrs;
	struct iq_heap_why *list =
		iq_arena_calloc(&s->model->arena, num + 1, sizeof(*list));
	struct iq_paths *paths = NULL;
	struct iq_str lacks = { 0 };
	struct iq_error *err;

	if (!list)
		return &iq_enomem;
	err = iq_paths_create(s->model, s->survey->witness, &paths, &lacks);
	for (size_t i = 0; i < num && !err; i++) {
		list[i].addr = s->query->addrs[i];
		list[i].goroutine = UINT32_MAX;
		list[i].lacks = lacks;
		err = explain(s, paths, &list[i]);
	}
	iq_paths_destroy(paths);
	s->survey->whys = list;
	s->survey->num_whys = num;
	return err;
}
