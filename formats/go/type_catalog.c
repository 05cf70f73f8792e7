/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "formats/go/record.h"
#include "formats/go/type_model.h"

/* Larger ones have no bounds of types but garbage. */
#define TYPES_MAX (1ull << 30)
/* Bytes of itabs: the largest programs have some 100,000 of them. */
#define ITABS_MAX (64ull << 20)
/* Steps from a type to what it begins with, and types that are met on the way:
 * fields without a size may share a place. */
#define DEPTH_MAX 64
#define INNER_MAX 256

static uint64_t word_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static bool is_power(uint8_t align)
{
	return align && align <= 64 && !(align & (align - 1));
}

/*
 * What few other bytes of that place look like; the rest is asked by who reads
 * it. align and fieldAlign follow tflag. Go: src/internal/abi/type.go, Type;
 * src/runtime/type.go, _type; 1.18 - 1.27.
 */
static bool may_be_type(const struct iq_go_layout *l, const uint8_t *p)
{
	const uint8_t *align = p + l->type_tflag.offset + 1;
	uint64_t size = word_at(p + l->type_size.offset);
	uint64_t ptr_bytes = word_at(p + l->type_ptr_bytes.offset);

	return is_power(align[0]) && align[0] == align[1] &&
	       (p[l->type_kind.offset] & 31) >= IQ_GO_KIND_BOOL &&
	       (p[l->type_kind.offset] & 31) <= IQ_GO_KIND_UNSAFE_POINTER &&
	       size <= 1ull << 40 && ptr_bytes <= size && !(ptr_bytes % 8);
}

static void scan(struct iq_go_type_model *model, uint64_t begin, uint64_t end)
{
	const struct iq_go_layout *l = model->rt->layout;
	uint64_t have;

	for (uint64_t at = (begin + 7) & ~7ull; at < end; at += 8) {
		const uint8_t *p =
			iq_memory_window(model->rt->memory, at, &have);

		if (!p)
			return;
		if (have > end - at)
			have = end - at;
		for (; have >= l->type_header_size; at += 8, p += 8) {
			if (may_be_type(l, p))
				iq_go_type_model_at(model, at);
			if (have < l->type_header_size + 8u)
				break;
			have -= 8;
		}
	}
}

/* ---- what types begin with */

struct beginning {
	struct iq_go_type_model *model;
	uint32_t outer;
	uint64_t slot_size;
	unsigned num;
};

static void note_inner(struct beginning *b, uint32_t inner, unsigned depth);

static void note_fields(struct beginning *b,
			const struct iq_go_model_type *type, unsigned depth)
{
	const struct iq_go_layout *l = b->model->rt->layout;
	uint64_t data, num, have;
	const uint8_t *p;

	if (!iq_go_slice_read(b->model->rt->memory,
			      type->addr + l->struct_type_fields.offset, &data,
			      &num))
		return;
	p = iq_memory_window(b->model->rt->memory, data, &have);
	if (!p || !l->struct_field_size)
		return;
	for (uint64_t i = 0;
	     i < num && have >= l->struct_field_size && b->num < INNER_MAX;
	     i++) {
		if (word_at(p + l->struct_field_offset.offset) >>
		    b->model->doubled)
			return;
		note_inner(b,
			   iq_go_type_model_at(
				   b->model,
				   word_at(p + l->struct_field_type.offset)),
			   depth + 1);
		p += l->struct_field_size;
		have -= l->struct_field_size;
	}
}

/* A type that begins b->outer, and what begins that. */
static void note_inside(struct beginning *b, uint32_t number, unsigned depth)
{
	struct iq_go_model_type *type = iq_go_type_model_get(b->model, number);
	uint64_t elem;

	if (depth > DEPTH_MAX || !type->addr)
		return;
	if (type->kind == IQ_GO_KIND_STRUCT)
		note_fields(b, type, depth);
	else if (type->kind == IQ_GO_KIND_ARRAY && type->len &&
		 iq_go_field_read(b->model->rt->memory, type->addr,
				  b->model->rt->layout->array_type_elem, &elem))
		note_inner(b, iq_go_type_model_at(b->model, elem), depth + 1);
}

static void outer_add(struct beginning *b, uint64_t len,
		      const struct iq_go_model_outer **list)
{
	struct iq_go_model_outer *outer =
		iq_arena_calloc(b->model->arena, 1, sizeof(*outer));

	if (!outer) {
		b->model->no_memory = true;
		return;
	}
	outer->type = b->outer;
	outer->len = len;
	outer->next = *list;
	*list = outer;
}

static void note_inner(struct beginning *b, uint32_t inner, unsigned depth)
{
	struct iq_go_model_type *type;
	uint64_t elem;
	uint32_t number;

	if (!inner || inner == b->outer || ++b->num > INNER_MAX)
		return;
	type = iq_go_type_model_get(b->model, inner);
	if (iq_go_slot_size(b->model->rt, type->size, type->has_pointers) !=
	    b->slot_size)
		return;
	outer_add(b, 0, &type->outers);
	if (type->kind == IQ_GO_KIND_ARRAY && type->len &&
	    iq_go_field_read(b->model->rt->memory, type->addr,
			     b->model->rt->layout->array_type_elem, &elem)) {
		number = iq_go_type_model_at(b->model, elem);
		if (number)
			outer_add(b, type->len,
				  &iq_go_type_model_get(b->model, number)
					   ->array_outers);
	}
	note_inside(b, inner, depth);
}

/* Whether the last field of the struct seems to lie outside of it. */
static bool is_doubled(struct iq_go_type_model *model,
		       const struct iq_go_model_type *type)
{
	const struct iq_go_layout *l = model->rt->layout;
	uint64_t data, num, offset;

	return type->kind == IQ_GO_KIND_STRUCT &&
	       iq_go_slice_read(model->rt->memory,
				type->addr + l->struct_type_fields.offset,
				&data, &num) &&
	       num && num < 1u << 16 &&
	       iq_go_field_read(model->rt->memory,
				data + (num - 1) * l->struct_field_size,
				l->struct_field_offset, &offset) &&
	       offset > type->size;
}

/* ---- itabs */

static void itabs_of(struct iq_go_type_model *model,
		     const struct iq_go_module *m)
{
	const struct iq_go_layout *l = model->rt->layout;
	const struct iq_memory *mem = model->rt->memory;
	uint64_t data, num, offset, size, itab;

	if (iq_go_has(l->moduledata_itablinks)) {
		if (!iq_go_slice_read(mem,
				      m->moduledata_addr +
					      l->moduledata_itablinks.offset,
				      &data, &num))
			return;
		for (uint64_t i = 0; i < num; i++) {
			if (!iq_memory_u64(mem, data + 8 * i, &itab))
				return;
			iq_go_type_model_itab(model, itab);
		}
		return;
	}
	// From 1.27 on they stand in one piece.
	if (!iq_go_field_read(mem, m->moduledata_addr, l->moduledata_itaboffset,
			      &offset) ||
	    !iq_go_field_read(mem, m->moduledata_addr, l->moduledata_itabsize,
			      &size) ||
	    size > ITABS_MAX)
		return;
	for (uint64_t i = 0; i < size; i += 8) {
		if (!iq_memory_u64(mem, m->types + offset + i, &itab))
			return;
		iq_go_type_model_itab(model, m->types + offset + i);
	}
}

void iq_go_type_model_catalog(struct iq_go_type_model *model)
{
	const struct iq_go_program *program = model->rt->program;
	size_t num;

	if (!model->rt->layout->type_header_size)
		return;
	for (size_t i = 0; i < program->num_modules; i++) {
		const struct iq_go_module *m = &program->modules[i];

		if (m->types < m->etypes && m->etypes - m->types < TYPES_MAX)
			scan(model, m->types, m->etypes);
		itabs_of(model, m);
	}
	num = model->types.len;
	// Go 1.18 keeps twice the offset, and a bit for what is embedded, which
	// every program shows. Go: src/runtime/type.go, structfield.
	for (size_t i = 1; i < num && !model->doubled; i++)
		model->doubled = is_doubled(model, model->types.data[i]);
	for (uint32_t i = 1; i < num; i++) {
		const struct iq_go_model_type *type =
			iq_go_type_model_get(model, i);
		struct beginning b = { .model = model, .outer = i };

		b.slot_size = iq_go_slot_size(model->rt, type->size,
					      type->has_pointers);
		if (b.slot_size)
			note_inside(&b, i, 0);
	}
}

uint32_t iq_go_type_model_named(const struct iq_go_type_model *model,
				struct iq_str name)
{
	for (uint32_t i = 1; i < model->types.len; i++)
		if (iq_str_equal(iq_go_type_model_get(model, i)->name, name))
			return i;
	return 0;
}
