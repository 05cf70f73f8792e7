/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a heap is what: sums, types, the biggest objects. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/vec.h"
#include "model/heap_survey_parts.h"

/* Objects of one type number, or of one size whose type is not known. */
struct counted {
	struct iq_heap_sum all;
	struct iq_heap_sum leaked;
};

struct size_row {
	uint64_t size;
	struct counted counted;
	UT_hash_handle hh;
};

struct counting {
	struct iq_surveying *s;
	struct counted *by_type; /* by type number; NULL: none */
	struct size_row *by_size;
	/* A heap whose root is the least of those that are kept. */
	IQ_VEC(struct iq_heap_object) biggest;
	size_t max_biggest;
};

static void counting_deinit(struct counting *c)
{
	struct size_row *row, *next;

	HASH_ITER (hh, c->by_size, row, next) {
		HASH_DEL(c->by_size, row);
		free(row);
	}
	free(c->by_type);
	iq_vec_deinit(&c->biggest);
}

static void sum_add(struct iq_heap_sum *sum, uint64_t bytes)
{
	sum->objects++;
	sum->bytes += bytes;
}

static void counted_add(struct counted *counted, uint64_t bytes, bool leaked)
{
	sum_add(&counted->all, bytes);
	if (leaked)
		sum_add(&counted->leaked, bytes);
}

static struct counted *counted_of_size(struct counting *c, uint64_t size)
{
	struct size_row *row;
	bool iq_map_failed = false;

	HASH_FIND(hh, c->by_size, &size, sizeof(size), row);
	if (row)
		return &row->counted;
	row = calloc(1, sizeof(*row));
	if (!row)
		return NULL;
	row->size = size;
	HASH_ADD(hh, c->by_size, size, sizeof(size), row);
	if (!iq_map_failed)
		return &row->counted;
	free(row);
	return NULL;
}

/* ---- the biggest */

/* Larger ones first, then by address. */
static bool is_before(const struct iq_heap_object *a,
		      const struct iq_heap_object *b)
{
	return a->size != b->size ? a->size > b->size : a->addr < b->addr;
}

static void biggest_sink(struct counting *c, size_t at)
{
	struct iq_heap_object *list = c->biggest.data;
	size_t num = c->biggest.len;

	for (size_t child; (child = 2 * at + 1) < num; at = child) {
		struct iq_heap_object object = list[at];

		if (child + 1 < num &&
		    is_before(&list[child], &list[child + 1]))
			child++;
		if (!is_before(&object, &list[child]))
			return;
		list[at] = list[child];
		list[child] = object;
	}
}

static void biggest_rise(struct counting *c, size_t at)
{
	struct iq_heap_object *list = c->biggest.data;

	for (size_t up; at; at = up) {
		struct iq_heap_object object = list[at];

		up = (at - 1) / 2;
		if (!is_before(&list[up], &object))
			return;
		list[at] = list[up];
		list[up] = object;
	}
}

static bool biggest_add(struct counting *c, struct iq_heap_object object)
{
	if (c->biggest.len < c->max_biggest) {
		if (!iq_vec_push(&c->biggest, object))
			return false;
		biggest_rise(c, c->biggest.len - 1);
	} else if (c->max_biggest && is_before(&object, &c->biggest.data[0])) {
		c->biggest.data[0] = object;
		biggest_sink(c, 0);
	}
	return true;
}

/* ---- spans */

static struct iq_heap_sum *sum_of(struct iq_heap_survey *survey,
				  enum iq_heap_state state)
{
	switch (state) {
	case IQ_HEAP_LIVE:
		return &survey->live;
	case IQ_HEAP_LEAKED:
		return &survey->leaked;
	case IQ_HEAP_GARBAGE:
		break;
	}
	return &survey->garbage;
}

/* The type of a row that @slot belongs to; @of_size where it is not known. */
static void count_slot(struct counting *c, const struct iq_heap_span *span,
		       uint32_t slot, struct counted *of_size,
		       enum iq_heap_state state)
{
	uint32_t type = iq_surveying_type(c->s, slot);

	sum_add(sum_of(c->s->survey, state), span->elem_size);
	if (state != IQ_HEAP_GARBAGE)
		counted_add(type ? &c->by_type[type] : of_size, span->elem_size,
			    state == IQ_HEAP_LEAKED);
}

static bool count_span(struct counting *c, const struct iq_heap_span *span)
{
	struct counted *of_size = counted_of_size(c, span->elem_size);
	struct iq_heap_survey *survey = c->s->survey;

	if (!of_size)
		return false;
	for (uint32_t i = 0; i < span->num_slots; i++) {
		struct iq_heap_object object = {
			.addr = iq_heap_span_object(span, i),
			.size = span->elem_size,
		};

		if (!iq_heap_allocated(span, i)) {
			sum_add(&survey->free, span->elem_size);
			continue;
		}
		object.state = iq_surveying_state(c->s, span->first + i);
		count_slot(c, span, span->first + i, of_size, object.state);
		if (!biggest_add(c, object))
			return false;
	}
	return true;
}

/* ---- results */

static int compare_objects(const void *a, const void *b)
{
	return is_before(a, b) ? -1 : is_before(b, a);
}

static struct iq_error *keep_biggest(struct counting *c)
{
	const struct iq_surveying *s = c->s;
	size_t num = c->biggest.len;
	struct iq_heap_object *list =
		iq_arena_calloc(&s->model->arena, num + 1, sizeof(*list));
	struct iq_error *err = NULL;

	if (!list)
		return &iq_enomem;
	if (num) {
		memcpy(list, c->biggest.data, num * sizeof(*list));
		qsort(list, num, sizeof(*list), compare_objects);
	}
	for (size_t i = 0; i < num && !err; i++) {
		uint32_t slot = iq_heap_map_slot(s->proof->map, list[i].addr);

		err = iq_surveying_name(s, iq_surveying_type(s, slot),
					&list[i].type);
	}
	s->survey->biggest = list;
	s->survey->num_biggest = num;
	return err;
}

static int compare_rows(const void *a, const void *b)
{
	const struct iq_heap_row *x = a;
	const struct iq_heap_row *y = b;

	if (x->all.bytes != y->all.bytes)
		return x->all.bytes > y->all.bytes ? -1 : 1;
	if (x->all.objects != y->all.objects)
		return x->all.objects > y->all.objects ? -1 : 1;
	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return iq_str_compare(x->type, y->type);
}

static void row_add(struct iq_heap_row *row, const struct counted *counted)
{
	row->all.objects += counted->all.objects;
	row->all.bytes += counted->all.bytes;
	row->leaked.objects += counted->leaked.objects;
	row->leaked.bytes += counted->leaked.bytes;
}

/* Several types may have one name: types of functions, of two modules. */
struct named {
	struct iq_heap_row *row;
	UT_hash_handle hh;
};

struct naming {
	struct iq_heap_row *rows;
	size_t num_rows;
	struct named *nodes; /* one a row */
	struct named *map;
};

static struct iq_error *name_rows(struct counting *c, struct naming *n)
{
	const struct iq_heap_types *types = c->s->types;
	struct iq_error *err = NULL;

	for (uint32_t i = 1; types && i < types->num_types && !err; i++) {
		struct iq_str name = types->types[i].name;
		struct named *node;
		bool iq_map_failed = false;

		if (!c->by_type[i].all.objects)
			continue;
		HASH_FIND(hh, n->map, name.ptr, (unsigned)name.len, node);
		if (!node) {
			node = &n->nodes[n->num_rows];
			node->row = &n->rows[n->num_rows++];
			err = iq_surveying_name(c->s, i, &node->row->type);
			HASH_ADD_KEYPTR(hh, n->map, name.ptr,
					(unsigned)name.len, node);
			if (iq_map_failed)
				return &iq_enomem;
		}
		row_add(node->row, &c->by_type[i]);
	}
	return err;
}

static struct iq_error *keep_rows(struct counting *c)
{
	size_t num_types = c->s->types ? c->s->types->num_types : 0;
	size_t max = num_types + HASH_COUNT(c->by_size) + 1;
	struct naming n = {
		.rows = iq_arena_calloc(&c->s->model->arena, max,
					sizeof(*n.rows)),
		.nodes = calloc(max, sizeof(*n.nodes)),
	};
	struct iq_error *err =
		n.rows && n.nodes ? name_rows(c, &n) : &iq_enomem;

	HASH_CLEAR(hh, n.map);
	free(n.nodes);
	if (err)
		return err;
	for (struct size_row *row = c->by_size; row; row = row->hh.next) {
		if (!row->counted.all.objects)
			continue;
		n.rows[n.num_rows].size = row->size;
		row_add(&n.rows[n.num_rows++], &row->counted);
	}
	if (n.num_rows)
		qsort(n.rows, n.num_rows, sizeof(*n.rows), compare_rows);
	c->s->survey->rows = n.rows;
	c->s->survey->num_rows = n.num_rows;
	return NULL;
}

static struct iq_heap_sum sum_both(struct iq_heap_sum a, struct iq_heap_sum b)
{
	return (struct iq_heap_sum){ .objects = a.objects + b.objects,
				     .bytes = a.bytes + b.bytes };
}

struct iq_error *iq_surveying_count(struct iq_surveying *s)
{
	const struct iq_heap_map *map = s->proof->map;
	struct iq_heap_survey *survey = s->survey;
	bool asks =
		s->query->view == IQ_HEAP_WHY || s->query->view == IQ_HEAP_WHO;
	iq_cleanup(counting_deinit) struct counting c = {
		.s = s,
		.max_biggest = asks		     ? 0 :
			       s->query->num_biggest ? s->query->num_biggest :
						       IQ_HEAP_BIGGEST,
	};
	struct iq_error *err;

	if (s->types)
		c.by_type = calloc(s->types->num_types + 1, sizeof(*c.by_type));
	if (s->types && !c.by_type)
		return &iq_enomem;
	for (size_t i = 0; i < map->spans.len; i++) {
		if (!count_span(&c, &map->spans.data[i]))
			return &iq_enomem;
	}
	survey->allocated = sum_both(sum_both(survey->live, survey->leaked),
				     survey->garbage);
	err = keep_biggest(&c);
	return err ? err : keep_rows(&c);
}
