/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap_types.h"

#include <string.h>

/* Smaller ones without pointers share slots. Go: src/runtime/malloc.go,
 * maxTinySize. */
#define TINY_SIZE 16
/* Bytes whose words one mask has. */
#define MASK_BYTES 512

void iq_go_typed_slot(const struct iq_go_typing *t, uint32_t number,
		      uint32_t index, struct iq_go_typed_object *ret)
{
	const struct iq_heap_span *span = &t->map->spans.data[number];

	ret->span = span;
	ret->slot = span->first + index;
	ret->index = index;
	ret->begin = span->addr + index * span->elem_size + t->lead[number];
	ret->offset = 0;
	ret->size = span->elem_size - t->lead[number];
}

bool iq_go_typed_object(const struct iq_go_typing *t, uint64_t addr,
			struct iq_go_typed_object *ret)
{
	uint32_t number = iq_heap_map_span(t->map, addr);
	const struct iq_heap_span *span;
	uint64_t index;

	if (number == IQ_HEAP_NONE)
		return false;
	span = &t->map->spans.data[number];
	index = iq_heap_divide(span, addr - span->addr);
	if (index >= span->num_slots || !iq_heap_allocated(span, index))
		return false;
	iq_go_typed_slot(t, number, (uint32_t)index, ret);
	ret->offset = addr - ret->begin;
	return true;
}

const uint8_t *iq_go_typed_bytes(const struct iq_go_typing *t,
				 const struct iq_go_typed_object *o)
{
	uint64_t have;
	const uint8_t *p;

	if (o->span->bytes)
		return o->span->bytes + (o->begin - o->span->addr);
	p = iq_memory_window(t->rt->memory, o->begin, &have);
	return p && have >= o->size ? p : NULL;
}

/* ---- what is in the object itself */

/* Words below @size bytes, at most 64, as bits. */
static uint64_t words_mask(uint64_t size)
{
	uint64_t words = (size + 7) / 8;

	return words >= 64 ? UINT64_MAX : (1ull << words) - 1;
}

/* The mask of an array of @size bytes whose elements have @type. */
static uint64_t tile(const struct iq_go_model_type *type, uint64_t size)
{
	uint64_t words = type->size / 8, mask = 0;

	if (type->size % 8 || !words)
		return 0;
	for (uint64_t i = 0; i < 64 && i < size / 8; i += words)
		mask |= type->mask << i;
	return mask & words_mask(size);
}

static bool mask_agrees(const struct iq_go_typing *t,
			const struct iq_go_typed_object *o,
			const struct iq_go_model_type *type, uint64_t size)
{
	const struct iq_heap_pointers *p = &t->map->pointers;
	uint64_t all = words_mask(o->span->elem_size);
	uint64_t mask, wanted;

	if (o->span->noscan || !p->mask || !type->has_mask ||
	    o->begin != o->span->addr + o->index * o->span->elem_size)
		return true;
	mask = p->mask(p->ctx, o->span, o->index, 0) & all;
	// All bits stand for what is not known, too.
	if (mask == all)
		return true;
	wanted = tile(type, size);
	if (size < MASK_BYTES && size == type->size)
		return mask == wanted;
	return (mask & words_mask(size)) == wanted;
}

bool iq_go_typing_agrees(const struct iq_go_typing *t,
			 const struct iq_go_typed_object *o, uint32_t number,
			 uint64_t size)
{
	const struct iq_go_model_type *type =
		iq_go_type_model_lay(t->model, number);

	if (type->kind == IQ_GO_KIND_ARRAY && type->elem && type->len)
		type = iq_go_type_model_lay(t->model, type->elem);
	return type->has_pointers != o->span->noscan &&
	       iq_go_slot_size(t->rt, size, type->has_pointers) ==
		       o->span->elem_size &&
	       (type->has_pointers || size >= TINY_SIZE) &&
	       mask_agrees(t, o, type, size);
}

/* Whether the object may as well be of a type that begins so. */
static bool is_ambiguous(const struct iq_go_typing *t,
			 const struct iq_go_typed_object *o,
			 const struct iq_go_model_outer *outers, uint64_t len)
{
	for (; outers; outers = outers->next) {
		const struct iq_go_model_type *type =
			iq_go_type_model_get(t->model, outers->type);

		if (outers->len >= len &&
		    iq_go_typing_agrees(t, o, outers->type, type->size))
			return true;
	}
	return false;
}

/* ---- two that refer to one object */

static void push(struct iq_go_typing *t, const struct iq_go_typed_object *o)
{
	if (!iq_vec_push(&t->objects, o->begin))
		t->no_memory = true;
}

bool iq_go_typing_settled(struct iq_go_typing *t,
			  const struct iq_go_typed_object *o)
{
	uint64_t bit = 1ull << o->slot % 64;

	if (!(t->exact[o->slot / 64] & bit))
		return false;
	if (t->asleep[o->slot / 64] & bit) {
		t->asleep[o->slot / 64] &= ~bit;
		push(t, o);
	}
	return true;
}

/* The object is of type @number as far as one reference says. */
static void name(struct iq_go_typing *t, const struct iq_go_typed_object *o,
		 uint32_t number)
{
	uint32_t *of = &t->of[o->slot];

	if (!number || *of == number || *of == IQ_GO_TYPE_CONTRADICTED ||
	    iq_go_typing_settled(t, o))
		return;
	if (*of && iq_go_type_model_begins(t->model, *of, number))
		return;
	if (*of && !iq_go_type_model_begins(t->model, number, *of)) {
		*of = IQ_GO_TYPE_CONTRADICTED;
		t->contradicted = true;
		return;
	}
	*of = number;
	push(t, o);
}

void iq_go_typing_exact(struct iq_go_typing *t,
			const struct iq_go_typed_object *o, uint32_t type)
{
	if (!type || iq_go_typing_settled(t, o))
		return;
	t->exact[o->slot / 64] |= 1ull << o->slot % 64;
	t->of[o->slot] = type;
	push(t, o);
}

/* ---- references */

/* The object at @addr is not all of it, or is none: what refers to it still
 * says what is there. */
static void only_part(struct iq_go_typing *t, uint64_t addr, uint32_t type,
		      uint64_t count)
{
	if (iq_go_type_model_get(t->model, type)->has_pointers)
		iq_go_typing_range(t, addr, type, count);
}

/* What a pointer to the first field of one of two types points to. */
static uint32_t whole(const struct iq_go_typing *t,
		      const struct iq_go_model_type *type, uint64_t addr)
{
	uint64_t which;

	return iq_memory_uint(t->rt->memory, addr, 1, &which) && which <= 1 ?
		       type->wholes[which] :
		       0;
}

void iq_go_typing_value(struct iq_go_typing *t, uint64_t addr, uint32_t number,
			bool is_copy)
{
	const struct iq_go_model_type *type =
		iq_go_type_model_get(t->model, number);
	struct iq_go_typed_object o;

	if (type->size == 1) {
		type = iq_go_type_model_lay(t->model, number);
		if (type->wholes[0] || type->wholes[1]) {
			number = whole(t, type, addr);
			type = iq_go_type_model_get(t->model, number);
		}
		if (!number)
			return;
	}

	if (!type->size)
		return;
	if (!iq_go_typed_object(t, addr, &o)) {
		only_part(t, addr, number, 1);
		return;
	}
	if (t->of[o.slot] == number || iq_go_typing_settled(t, &o))
		return;
	if (t->hchan == number) {
		iq_go_typing_chan(t, addr);
		return;
	}
	if (o.offset || iq_go_is_banned(t, o.slot) || number == t->hmap ||
	    number == t->swiss_map ||
	    !iq_go_typing_agrees(t, &o, number, type->size) ||
	    (!is_copy && type->outers && is_ambiguous(t, &o, type->outers, 0)))
		only_part(t, addr, number, 1);
	else
		name(t, &o, number);
}

void iq_go_typing_elems(struct iq_go_typing *t, uint64_t addr, uint32_t number,
			uint64_t count, unsigned kind)
{
	const struct iq_go_model_type *type =
		iq_go_type_model_get(t->model, number);
	struct iq_go_typed_object o;

	if (!type->size || count > UINT64_MAX / type->size)
		return;
	if (!iq_go_typed_object(t, addr, &o)) {
		only_part(t, addr, number, count);
		return;
	}
	if (iq_go_typing_settled(t, &o))
		return;
	if (o.offset || iq_go_is_banned(t, o.slot) ||
	    !iq_go_typing_agrees(t, &o, number, count * type->size) ||
	    (type->array_outers &&
	     is_ambiguous(t, &o, type->array_outers, count)))
		only_part(t, addr, number, count);
	else
		name(t, &o,
		     iq_go_type_model_derive(
			     t->model, kind, number,
			     kind == IQ_GO_KIND_ARRAY ? count : 0, 0));
}

void iq_go_typing_bytes(struct iq_go_typing *t, uint64_t addr, uint64_t len)
{
	struct iq_go_typed_object o;

	if (len < TINY_SIZE || !iq_go_typed_object(t, addr, &o) || o.offset ||
	    !o.span->noscan || t->of[o.slot] || iq_go_is_banned(t, o.slot) ||
	    iq_go_slot_size(t->rt, len, false) != o.span->elem_size)
		return;
	name(t, &o,
	     iq_go_type_model_derive(t->model, IQ_GO_KIND_BYTES, 0, 0, 0));
}
