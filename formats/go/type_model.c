/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/type_model.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/map.h"
#include "formats/go/record.h"

/* Those of descriptors are one word apart from what is known to be none. */
#define NONE 1

void iq_go_type_model_init(struct iq_go_type_model *model,
			   const struct iq_go_runtime *rt,
			   struct iq_arena *arena)
{
	*model = (struct iq_go_type_model){ .rt = rt, .arena = arena };
	// Number 0 is no type.
	model->no_memory = !iq_vec_push(&model->types, NULL);
}

void iq_go_type_model_deinit(struct iq_go_type_model *model)
{
	iq_vec_deinit(&model->types);
	iq_vec_deinit(&model->closures);
	iq_go_word_set_deinit(&model->descriptors);
	iq_go_word_set_deinit(&model->itabs);
	iq_go_word_set_deinit(&model->derived);
}

struct iq_go_model_type *iq_go_type_model_add(struct iq_go_type_model *model,
					      uint32_t *ret)
{
	struct iq_go_model_type *type =
		iq_arena_calloc(model->arena, 1, sizeof(*type));

	if (model->no_memory || model->types.len >= UINT32_MAX / 2 || !type ||
	    !iq_vec_push(&model->types, type)) {
		model->no_memory = true;
		return NULL;
	}
	*ret = (uint32_t)(model->types.len - 1);
	return type;
}

/* What the set knows of @word: false if nothing. */
static bool recall(const struct iq_go_word_set *set, uint64_t word,
		   uint32_t *ret)
{
	uint64_t object = set->num ? iq_go_word_set_object(set, word) : 0;

	*ret = object ? (uint32_t)(object - NONE) : 0;
	return object != 0;
}

static void remember(struct iq_go_type_model *model, struct iq_go_word_set *set,
		     uint64_t word, uint32_t number)
{
	if (!iq_go_word_set_add(set, word, number + (uint64_t)NONE))
		model->no_memory = true;
}

/* ---- descriptors */

/* The compiler's own types are named so that nobody compares them. */
static struct iq_str name_clean(struct iq_str name)
{
	struct iq_str prefix = IQ_STR("noalg.");

	return iq_str_starts(name, prefix) ?
		       iq_str_sub(name, prefix.len, name.len) :
		       name;
}

static uint32_t type_take(struct iq_go_type_model *model, uint64_t addr,
			  const struct iq_go_type *read)
{
	const struct iq_go_layout *l = model->rt->layout;
	struct iq_go_model_type *type;
	struct iq_str name = { read->name, read->name_len };
	uint64_t ptr_bytes, len = 0;
	uint32_t number;

	if (!iq_go_field_read(model->rt->memory, addr, l->type_ptr_bytes,
			      &ptr_bytes) ||
	    ptr_bytes > read->size || ptr_bytes % 8)
		return 0;
	if (read->kind == IQ_GO_KIND_ARRAY &&
	    !iq_go_field_read(model->rt->memory, addr, l->array_type_len, &len))
		return 0;
	type = iq_go_type_model_add(model, &number);
	if (!type)
		return 0;
	type->addr = addr;
	type->size = read->size;
	type->kind = read->kind;
	type->len = len;
	type->is_direct = read->is_direct;
	type->has_pointers = ptr_bytes != 0;
	if (!iq_str_dup(model->arena, name_clean(name), &type->name))
		model->no_memory = true;
	return number;
}

uint32_t iq_go_type_model_at(struct iq_go_type_model *model, uint64_t addr)
{
	struct iq_go_type read;
	uint32_t number;

	if (addr % 8 || recall(&model->descriptors, addr, &number))
		return addr % 8 ? 0 : number;
	number = iq_go_type_read(model->rt, addr, &read) ?
			 type_take(model, addr, &read) :
			 0;
	remember(model, &model->descriptors, addr, number);
	return number;
}

uint32_t iq_go_type_model_itab(struct iq_go_type_model *model, uint64_t addr)
{
	const struct iq_memory *mem = model->rt->memory;
	const struct iq_go_layout *l = model->rt->layout;
	uint64_t inter, type, hash, type_hash;
	uint32_t number, inter_number;

	if (addr % 8 || recall(&model->itabs, addr, &number))
		return addr % 8 ? 0 : number;
	number = 0;
	// The hash of its type is repeated in each.
	if (iq_go_field_read(mem, addr, l->itab_inter, &inter) &&
	    iq_go_field_read(mem, addr, l->itab_type, &type) &&
	    iq_go_field_read(mem, addr, l->itab_hash, &hash) &&
	    iq_go_field_read(mem, type, l->type_hash, &type_hash) &&
	    (uint32_t)hash == (uint32_t)type_hash) {
		inter_number = iq_go_type_model_at(model, inter);
		if (inter_number &&
		    iq_go_type_model_get(model, inter_number)->kind ==
			    IQ_GO_KIND_INTERFACE)
			number = iq_go_type_model_at(model, type);
	}
	remember(model, &model->itabs, addr, number);
	return number;
}

uint32_t iq_go_type_model_dynamic(const struct iq_go_type_model *model,
				  uint64_t word)
{
	uint32_t number;

	if (word % 8 || !word)
		return 0;
	if (recall(&model->descriptors, word, &number) && number)
		return number;
	return recall(&model->itabs, word, &number) ? number : 0;
}

/* ---- what is no value of Go */

struct content {
	uint64_t len, lead;
	uint32_t kind, elem, key, zero;
};

static struct iq_str name_join(struct iq_go_type_model *model,
			       struct iq_str before, struct iq_str a,
			       struct iq_str between, struct iq_str b)
{
	const struct iq_str parts[] = { before, a, between, b };
	char *text = iq_arena_alloc(
		model->arena, before.len + a.len + between.len + b.len + 1);
	size_t len = 0;

	if (!text) {
		model->no_memory = true;
		return IQ_STR("");
	}
	for (size_t i = 0; i < 4; i++) {
		if (parts[i].len)
			memcpy(text + len, parts[i].ptr, parts[i].len);
		len += parts[i].len;
	}
	return (struct iq_str){ text, len };
}

/* Gives a closure of the function @name what it has captured, if known. */
static void captured(struct iq_go_type_model *model, struct iq_str name,
		     struct iq_go_model_type *type)
{
	size_t low = 0, high = model->closures.len;
	const struct iq_go_model_closure *c;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (iq_str_compare(model->closures.data[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == model->closures.len)
		return;
	c = &model->closures.data[low];
	if (!iq_str_equal(c->name, name))
		return;
	type->fields = c->fields;
	type->num_fields = c->num_fields;
	for (uint32_t i = 0; i < c->num_fields; i++) {
		const struct iq_go_model_field *f = &c->fields[i];
		uint64_t size =
			f->type ? iq_go_type_model_get(model, f->type)->size :
				  0;

		if (f->offset + size > type->size)
			type->size = f->offset + size;
	}
}

static struct iq_str function_name(struct iq_go_type_model *model,
				   struct iq_go_model_type *type)
{
	uint64_t entry = type->len;
	struct iq_go_func func;
	struct iq_str name;
	char buf[1024];

	if (!iq_pclntab_func(model->rt->program->pcln, entry, &func) ||
	    !iq_pclntab_name(model->rt->program->pcln, &func, &name))
		return IQ_STR("");
	captured(model, name, type);
	return name_join(model, IQ_STR("func "),
			 iq_go_name_print(name, buf, sizeof(buf)), IQ_STR(""),
			 IQ_STR(""));
}

static struct iq_str derived_name(struct iq_go_type_model *model,
				  struct iq_go_model_type *type)
{
	const struct iq_go_model_type *elem =
		type->elem ? iq_go_type_model_get(model, type->elem) : NULL;
	struct iq_str name = elem ? elem->name : IQ_STR("");
	struct iq_str none = IQ_STR("");
	char number[32];

	switch (type->kind) {
	case IQ_GO_KIND_ELEMS:
		return name_join(model, IQ_STR("[]"), name, none, none);
	case IQ_GO_KIND_ARRAY:
		snprintf(number, sizeof(number), "[%llu]",
			 (unsigned long long)type->len);
		return name_join(model, iq_str_of(number), name, none, none);
	case IQ_GO_KIND_HCHAN:
		return name_join(model, IQ_STR("hchan "), name, none, none);
	case IQ_GO_KIND_HMAP:
		if (!elem->key || !elem->elem)
			return name;
		return name_join(model, IQ_STR("map["),
				 iq_go_type_model_get(model, elem->key)->name,
				 IQ_STR("]"),
				 iq_go_type_model_get(model, elem->elem)->name);
	case IQ_GO_KIND_CLOSURE:
		return function_name(model, type);
	case IQ_GO_KIND_TABLES:
		return IQ_STR("[]*maps.table");
	case IQ_GO_KIND_BYTES:
		return IQ_STR("string bytes");
	default:
		return name;
	}
}

/* Fills @type, which is new. */
static void derived_fill(struct iq_go_type_model *model,
			 const struct content *content,
			 struct iq_go_model_type *type)
{
	const struct iq_go_layout *l = model->rt->layout;
	const struct iq_go_model_type *elem =
		content->elem ? iq_go_type_model_get(model, content->elem) :
				NULL;

	type->kind = content->kind;
	type->elem = content->elem;
	type->len = content->len;
	type->lead = content->lead;
	if (content->kind == IQ_GO_KIND_ELEMS && elem) {
		type->size = elem->size;
		type->has_pointers = elem->has_pointers;
	} else if (content->kind == IQ_GO_KIND_HCHAN) {
		type->size = l->hchan_size;
	} else if (content->kind == IQ_GO_KIND_HMAP) {
		type->size = iq_go_has(l->swiss_map_used) ? l->swiss_map_size :
							    l->hmap_size;
	} else if (content->kind == IQ_GO_KIND_BYTES) {
		type->size = 1;
	} else if (content->kind == IQ_GO_KIND_TABLES) {
		type->size = 8;
		type->has_pointers = true;
	} else if (content->kind == IQ_GO_KIND_CLOSURE) {
		type->has_pointers = true;
	} else if (elem && content->kind == IQ_GO_KIND_ARRAY) {
		if (!elem->size || content->len <= UINT64_MAX / elem->size)
			type->size = elem->size * content->len;
		type->has_pointers = elem->has_pointers;
	} else if (elem && content->kind == IQ_GO_KIND_HEADED) {
		// A type with the runtime's word in front of it.
		*type = *elem;
		type->lead = content->lead;
		type->outers = NULL;
		return;
	}
	type->name = derived_name(model, type);
}

static bool content_is(const struct iq_go_model_type *type,
		       const struct content *c)
{
	if (c->kind == IQ_GO_KIND_HEADED)
		return type->lead == c->lead;
	return type->kind == c->kind && type->len == c->len &&
	       type->lead == c->lead &&
	       (type->elem == c->elem || c->kind == IQ_GO_KIND_HMAP);
}

uint32_t iq_go_type_model_derive(struct iq_go_type_model *model, unsigned kind,
				 uint32_t elem, uint64_t len, uint64_t lead)
{
	struct content content = {
		.kind = kind, .elem = elem, .len = len, .lead = lead
	};
	struct iq_go_model_type *type;
	uint64_t word;
	uint32_t number;

	if (elem)
		iq_go_type_model_lay(model, elem);
	// Maps of equal contents are one type, whatever their names.
	if (kind == IQ_GO_KIND_HMAP && iq_go_type_model_get(model, elem)->key) {
		content.key = iq_go_type_model_get(model, elem)->key;
		content.elem = iq_go_type_model_get(model, elem)->elem;
	}
	word = XXH3_64bits(&content, sizeof(content)) | 1;
	content.elem = elem;
	if (recall(&model->derived, word, &number))
		return content_is(iq_go_type_model_get(model, number),
				  &content) ?
			       number :
			       0;
	type = iq_go_type_model_add(model, &number);
	if (!type)
		return 0;
	derived_fill(model, &content, type);
	remember(model, &model->derived, word, number);
	return number;
}

/* ---- one at the beginning of another */

/* Steps from a type to what it begins with, and types that are met on the way:
 * fields without a size may share a place. */
#define DEPTH_MAX 64
#define INNER_MAX 1024

struct begin {
	struct iq_go_type_model *model;
	uint32_t inner;
	unsigned num;
};

static bool field_begins(struct begin *b, const struct iq_go_model_type *outer,
			 unsigned depth);

static bool begins(struct begin *b, uint32_t outer, unsigned depth)
{
	const struct iq_go_model_type *type;

	if (!outer || depth > DEPTH_MAX || b->num++ >= INNER_MAX)
		return false;
	if (outer == b->inner)
		return true;
	type = iq_go_type_model_lay(b->model, outer);
	switch (type->kind) {
	case IQ_GO_KIND_STRUCT:
		return field_begins(b, type, depth);
	case IQ_GO_KIND_ARRAY:
		return type->len && begins(b, type->elem, depth + 1);
	case IQ_GO_KIND_ELEMS:
		return begins(b, type->elem, depth + 1);
	default:
		return false;
	}
}

static bool field_begins(struct begin *b, const struct iq_go_model_type *outer,
			 unsigned depth)
{
	for (uint32_t i = 0; i < outer->num_fields; i++) {
		if (outer->fields[i].offset)
			return false;
		if (begins(b, outer->fields[i].type, depth + 1))
			return true;
	}
	return false;
}

bool iq_go_type_model_begins(struct iq_go_type_model *model, uint32_t outer,
			     uint32_t inner)
{
	struct begin begin = { .model = model, .inner = inner };
	const struct iq_go_model_type *a, *b;

	if (!outer || !inner)
		return false;
	a = iq_go_type_model_get(model, outer);
	b = iq_go_type_model_get(model, inner);
	// An array, and the same as slices see it.
	if (a->kind == IQ_GO_KIND_ELEMS && b->kind == IQ_GO_KIND_ARRAY &&
	    a->elem == b->elem && a->lead == b->lead)
		return true;
	// Whatever has no pointers may be seen as text.
	if (b->kind == IQ_GO_KIND_BYTES)
		return !a->has_pointers && a->kind != IQ_GO_KIND_HCHAN &&
		       a->kind != IQ_GO_KIND_HMAP;
	return begins(&begin, outer, 0);
}
