/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <string.h>

#include "base/limits.h"
#include "formats/go/record.h"
#include "formats/go/type_model.h"

/* Parts of one type that are noted one by one; longer arrays are one part. */
#define PARTS_MAX 4096
#define ARRAY_PARTS_MAX 64
/* Structs in structs; compilers allow more, people do not write them. */
#define DEPTH_MAX 64
/* Fields of one struct. */
#define FIELDS_MAX 65536
/* Fields and parts of all types: a program of 100 MB has fewer than a million.
 * Of what is beyond nothing is said. */
#define NOTED_MAX (8u << 20)
/* Words that are looked at for the mask of one type. */
#define MASK_LOOKS_MAX 65536

struct layout {
	struct iq_go_type_model *model;
	IQ_VEC(struct iq_go_part) parts;
};

static uint64_t word_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

/* ---- fields */

/* A name as a view. Go: src/internal/abi/type.go, Name. */
static struct iq_str name_at(const struct iq_memory *mem, uint64_t addr)
{
	uint64_t have, len = 0, at = 1;
	const uint8_t *p = iq_memory_window(mem, addr, &have);

	for (unsigned shift = 0; p && shift <= 14; shift += 7, at++) {
		if (at >= have)
			return IQ_STR("");
		len |= (uint64_t)(p[at] & 0x7f) << shift;
		if (p[at] & 0x80)
			continue;
		at++;
		return len <= have - at ?
			       (struct iq_str){ (const char *)p + at, len } :
			       IQ_STR("");
	}
	return IQ_STR("");
}

/* The array of @num fields, if all of it is there. */
static const uint8_t *fields_at(struct iq_go_type_model *model, uint64_t addr,
				uint64_t *num_ret)
{
	const struct iq_go_layout *l = model->rt->layout;
	uint64_t data, num, have;
	const uint8_t *p;

	if (!iq_go_has(l->struct_type_fields) || !l->struct_field_size ||
	    !iq_go_slice_read(model->rt->memory,
			      addr + l->struct_type_fields.offset, &data,
			      &num) ||
	    num > FIELDS_MAX)
		return NULL;
	p = iq_memory_window(model->rt->memory, data, &have);
	*num_ret = num;
	return p && have / l->struct_field_size >= num ? p : NULL;
}

static void fields_read(struct iq_go_type_model *model,
			struct iq_go_model_type *type)
{
	const struct iq_go_layout *l = model->rt->layout;
	struct iq_go_model_field *fields;
	uint64_t num = 0;
	const uint8_t *p = fields_at(model, type->addr, &num);

	if (!p || !num)
		return;
	model->num_noted += num;
	if (model->num_noted > NOTED_MAX)
		return;
	fields = iq_arena_calloc(model->arena, num, sizeof(*fields));
	if (!fields) {
		model->no_memory = true;
		return;
	}
	for (uint64_t i = 0; i < num; i++, p += l->struct_field_size) {
		struct iq_go_model_field *f = &fields[i];

		f->offset = word_at(p + l->struct_field_offset.offset) >>
			    model->doubled;
		f->name = name_at(model->rt->memory,
				  word_at(p + l->struct_field_name.offset));
		f->type = iq_go_type_model_at(
			model, word_at(p + l->struct_field_type.offset));
	}
	type->fields = fields;
	type->num_fields = (uint32_t)num;
}

/* ---- parts */

static void part_add(struct layout *layout, const struct iq_go_part *part)
{
	if (layout->parts.len < PARTS_MAX &&
	    layout->model->num_noted + layout->parts.len < NOTED_MAX &&
	    !iq_vec_push(&layout->parts, *part))
		layout->model->no_memory = true;
}

/* The parts of a value of @number that stands at @offset. */
static void parts_of(struct layout *layout, uint32_t number, uint64_t offset)
{
	const struct iq_go_model_type *type =
		iq_go_type_model_lay(layout->model, number);

	for (uint32_t i = 0; i < type->num_parts; i++) {
		struct iq_go_part part = type->parts[i];

		part.offset += offset;
		part_add(layout, &part);
	}
}

static void array_parts(struct layout *layout,
			const struct iq_go_model_type *type)
{
	const struct iq_go_model_type *elem;

	if (!type->elem)
		return;
	elem = iq_go_type_model_lay(layout->model, type->elem);
	if (!elem->num_parts || !elem->size || type->len > type->size)
		return;
	if (type->len <= ARRAY_PARTS_MAX / elem->num_parts) {
		for (uint64_t i = 0; i < type->len; i++)
			parts_of(layout, type->elem, i * elem->size);
		return;
	}
	part_add(layout, &(struct iq_go_part){ .kind = IQ_GO_PART_ARRAY,
					       .type = type->elem,
					       .count = type->len });
}

static bool is_inside(const struct iq_go_model_type *outer,
		      const struct iq_go_model_type *inner, uint64_t offset)
{
	return inner->size <= outer->size &&
	       offset <= outer->size - inner->size;
}

static struct iq_go_model_type *field_type(struct iq_go_type_model *model,
					   const struct iq_go_model_type *type,
					   uint32_t index)
{
	return type->fields[index].type ?
		       iq_go_type_model_get(model, type->fields[index].type) :
		       NULL;
}

/*
 * A pointer that the library hides: atomic.Pointer[T] is {[0]*T; …; v}. Go:
 * src/sync/atomic/type.go, 1.19 and newer.
 */
static bool atomic_pointer(struct layout *layout,
			   const struct iq_go_model_type *type)
{
	struct iq_go_type_model *model = layout->model;
	const struct iq_go_model_type *first, *last, *pointer;
	struct iq_go_part part = { .kind = IQ_GO_PART_POINTER };

	if ((!iq_str_starts(type->name, IQ_STR("atomic.Pointer[")) &&
	     !iq_str_starts(type->name, IQ_STR("sync/atomic.Pointer["))) ||
	    type->num_fields < 2)
		return false;
	first = field_type(model, type, 0);
	last = field_type(model, type, type->num_fields - 1);
	if (!first || !last || first->kind != IQ_GO_KIND_ARRAY ||
	    !iq_go_type_model_lay(model, type->fields[0].type)->elem ||
	    last->kind != IQ_GO_KIND_UNSAFE_POINTER)
		return false;
	pointer = iq_go_type_model_lay(model, first->elem);
	if (pointer->kind != IQ_GO_KIND_POINTER)
		return false;
	part.offset = type->fields[type->num_fields - 1].offset;
	part.type = pointer->elem;
	part_add(layout, &part);
	return true;
}

/* The chain of buckets goes on in the last word, whatever its type says.
 * Go: src/cmd/compile/internal/reflectdata/reflect.go, MapBucketType. */
static void bucket_part(struct layout *layout,
			const struct iq_go_model_type *type, uint32_t number)
{
	struct iq_go_part part = {
		.kind = IQ_GO_PART_POINTER,
		.type = number,
		.offset = type->size - 8,
	};

	if (type->size >= 8 && iq_str_starts(type->name, IQ_STR("map.bucket[")))
		part_add(layout, &part);
}

static void struct_parts(struct layout *layout,
			 const struct iq_go_model_type *type, uint32_t number)
{
	if (atomic_pointer(layout, type))
		return;
	for (uint32_t i = 0; i < type->num_fields; i++) {
		const struct iq_go_model_type *f =
			field_type(layout->model, type, i);

		if (f && is_inside(type, f, type->fields[i].offset))
			parts_of(layout, type->fields[i].type,
				 type->fields[i].offset);
	}
	bucket_part(layout, type, number);
}

/* Whether an interface type has methods, so that values have itabs. */
static bool has_methods(struct iq_go_type_model *model,
			const struct iq_go_model_type *type)
{
	const struct iq_go_layout *l = model->rt->layout;
	uint64_t data, len = type->len;

	// Debug information has said so already.
	if (!type->addr)
		return len != 0;
	return !iq_go_slice_read(model->rt->memory,
				 type->addr + l->interface_type_methods.offset,
				 &data, &len) ||
	       len;
}

static void parts_find(struct layout *layout, struct iq_go_model_type *type,
		       uint32_t number)
{
	struct iq_go_part part = { .type = type->elem };

	switch (type->kind) {
	case IQ_GO_KIND_STRUCT:
	case IQ_GO_KIND_CLOSURE:
		struct_parts(layout, type, number);
		return;
	case IQ_GO_KIND_ARRAY:
		array_parts(layout, type);
		return;
	case IQ_GO_KIND_ELEMS:
		if (type->elem)
			parts_of(layout, type->elem, 0);
		return;
	case IQ_GO_KIND_POINTER:
		// One to what never is in the heap counts as a number.
		if (type->addr && !type->has_pointers)
			return;
		part.kind = IQ_GO_PART_POINTER;
		break;
	case IQ_GO_KIND_UNSAFE_POINTER:
		part.kind = IQ_GO_PART_POINTER;
		break;
	case IQ_GO_KIND_SLICE:
		part.kind = IQ_GO_PART_SLICE;
		break;
	case IQ_GO_KIND_STRING:
		part.kind = IQ_GO_PART_STRING;
		break;
	case IQ_GO_KIND_INTERFACE:
		part.kind = has_methods(layout->model, type) ?
				    IQ_GO_PART_IFACE :
				    IQ_GO_PART_EFACE;
		break;
	case IQ_GO_KIND_CHAN:
		part.kind = IQ_GO_PART_CHAN;
		part.type = number;
		break;
	case IQ_GO_KIND_MAP:
		part.kind = IQ_GO_PART_MAP;
		part.type = number;
		break;
	case IQ_GO_KIND_FUNC:
		part.kind = IQ_GO_PART_FUNC;
		break;
	default:
		return;
	}
	part_add(layout, &part);
}

/* ---- masks */

struct mask {
	struct iq_go_type_model *model;
	uint64_t bits;
	unsigned num_looks;
};

/* The words of @type at @offset among the first 64. */
static void mask_add(struct mask *mask, const struct iq_go_model_type *type,
		     uint64_t offset, unsigned depth)
{
	for (uint32_t i = 0; i < type->num_parts && depth < 8; i++) {
		const struct iq_go_part *part = &type->parts[i];
		uint64_t at = offset + part->offset;

		if (mask->num_looks++ >= MASK_LOOKS_MAX)
			return;
		if (part->kind == IQ_GO_PART_ARRAY) {
			const struct iq_go_model_type *elem =
				iq_go_type_model_get(mask->model, part->type);

			for (uint64_t j = 0; j < part->count && at < 512; j++) {
				mask_add(mask, elem, at, depth + 1);
				at += elem->size;
			}
			continue;
		}
		if (part->kind == IQ_GO_PART_EFACE ||
		    part->kind == IQ_GO_PART_IFACE)
			at += 8;
		if (at < 512)
			mask->bits |= 1ull << at / 8;
	}
}

/* A part for what the collector does not follow makes a wrong mask. */
static bool mask_is_known(const struct iq_go_model_type *type)
{
	return type->num_parts < PARTS_MAX &&
	       !iq_str_starts(type->name, IQ_STR("map.bucket["));
}

/* ---- */

/* What the type is of, of which the descriptor has the address. */
static void elem_read(struct iq_go_type_model *model,
		      struct iq_go_model_type *type)
{
	const struct iq_go_layout *l = model->rt->layout;
	const struct iq_memory *mem = model->rt->memory;
	struct iq_go_type read = { .addr = type->addr, .kind = type->kind };
	uint64_t addr;

	if (iq_go_type_elem(model->rt, &read, &addr)) {
		type->elem = iq_go_type_model_at(model, addr);
		return;
	}
	if (type->kind != IQ_GO_KIND_MAP)
		return;
	if (iq_go_field_read(mem, type->addr, l->map_type_key, &addr))
		type->key = iq_go_type_model_at(model, addr);
	if (iq_go_field_read(mem, type->addr, l->map_type_elem, &addr))
		type->elem = iq_go_type_model_at(model, addr);
	if (iq_go_field_read(mem, type->addr, l->map_type_bucket, &addr))
		type->bucket = iq_go_type_model_at(model, addr);
}

/* The type called as @type but for what stands before its type arguments. */
static uint32_t sibling(struct iq_go_type_model *model,
			const struct iq_go_model_type *type, struct iq_str head)
{
	struct iq_str args = iq_str_sub(
		type->name, iq_str_find(type->name, '['), type->name.len);
	char *text = iq_arena_alloc(model->arena, head.len + args.len + 1);

	if (!text) {
		model->no_memory = true;
		return 0;
	}
	memcpy(text, head.ptr, head.len);
	if (args.len)
		memcpy(text + head.len, args.ptr, args.len);
	return iq_go_type_model_named(
		model, (struct iq_str){ text, head.len + args.len });
}

/* The nodes of sync.Map. Go: src/internal/sync/hashtriemap.go, node; 1.24 and
 * newer. */
static void wholes_find(struct iq_go_type_model *model,
			struct iq_go_model_type *type)
{
	if (type->size != 1 || type->num_fields != 1 ||
	    !iq_str_starts(type->name, IQ_STR("sync.node[")) ||
	    !iq_str_equal(type->fields[0].name, IQ_STR("isEntry")))
		return;
	type->wholes[0] = sibling(model, type, IQ_STR("sync.indirect"));
	type->wholes[1] = sibling(model, type, IQ_STR("sync.entry"));
}

static void lay(struct iq_go_type_model *model, struct iq_go_model_type *type,
		uint32_t number)
{
	struct layout layout = { .model = model };
	struct mask mask = { .model = model };
	struct iq_go_part *parts;

	if (type->addr)
		elem_read(model, type);
	if (type->addr && type->kind == IQ_GO_KIND_STRUCT)
		fields_read(model, type);
	wholes_find(model, type);
	parts_find(&layout, type, number);
	parts = layout.parts.len ?
			iq_arena_calloc(model->arena, layout.parts.len,
					sizeof(*parts)) :
			NULL;
	if (parts) {
		memcpy(parts, layout.parts.data,
		       layout.parts.len * sizeof(*parts));
		type->parts = parts;
		type->num_parts = (uint32_t)layout.parts.len;
		model->num_noted += layout.parts.len;
	} else if (layout.parts.len) {
		model->no_memory = true;
	}
	iq_vec_deinit(&layout.parts);
	mask_add(&mask, type, 0, 0);
	type->mask = mask.bits;
	type->has_mask = mask_is_known(type) &&
			 mask.num_looks < MASK_LOOKS_MAX &&
			 model->num_noted < NOTED_MAX;
}

const struct iq_go_model_type *
iq_go_type_model_lay(struct iq_go_type_model *model, uint32_t number)
{
	struct iq_go_model_type *type = iq_go_type_model_get(model, number);

	// What contains itself is laid already when it is met again.
	if (type->is_laid || model->depth > DEPTH_MAX)
		return type;
	type->is_laid = true;
	model->depth++;
	lay(model, type, number);
	model->depth--;
	return type;
}
