/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap_types.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/out.h"
#include "formats/go/heap_types_put.h"
#include "model/object.h"

/* Values that are looked into for what lies apart; programs have thousands. */
#define APART_VALUES_MAX (1u << 20)
/* Arrays in arrays whose elements are not looked into. */
#define APART_DEPTH_MAX 8

static uint64_t word_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

/* ---- what the runtime lists */

/* Records of goroutines: nothing else is opaque. */
static void goroutines(struct iq_go_typing *t)
{
	uint32_t type = iq_go_type_model_named(t->model, IQ_STR("runtime.g"));
	const struct iq_heap_map *map = t->map;
	struct iq_go_typed_object o;

	if (!type ||
	    iq_go_type_model_get(t->model, type)->size != t->rt->layout->g_size)
		return;
	for (uint32_t i = 0; map->opaque && i < map->spans.len; i++) {
		const struct iq_heap_span *span = &map->spans.data[i];

		if (iq_go_slot_size(t->rt, t->rt->layout->g_size, true) !=
		    span->elem_size)
			continue;
		for (uint32_t k = 0; k < span->num_slots; k++) {
			uint32_t slot = span->first + k;

			if (!(map->opaque[slot / 64] >> slot % 64 & 1))
				continue;
			iq_go_typed_slot(t, i, k, &o);
			iq_go_typing_exact(t, &o, type);
		}
	}
}

/* Channels that somebody waits for. */
static void channels(struct iq_go_typing *t)
{
	const struct iq_facts *facts = t->rt->facts;

	for (size_t i = 0; i < facts->objects.len; i++) {
		const struct iq_object *object = facts->objects.data[i];

		if (object->kind == IQ_WAIT_CHAN)
			iq_go_typing_chan(t, object->address);
	}
}

void iq_go_typing_roots(struct iq_go_typing *t)
{
	iq_go_typing_headers(t);
	goroutines(t);
	channels(t);
}

/* ---- objects of no known type */

/*
 * Interfaces among @num words: the collector takes their second word for a
 * pointer, and not the first. Go: src/cmd/compile/internal/typebits/typebits.go,
 * Set.
 */
static void interfaces(struct iq_go_typing *t, const uint8_t *p, uint64_t mask,
		       unsigned num)
{
	uint64_t pairs = ~mask & mask >> 1;

	if (num < 64)
		pairs &= (1ull << num) - 1;
	while (pairs) {
		unsigned i = (unsigned)__builtin_ctzll(pairs);
		uint32_t type = 0;

		pairs &= pairs - 1;
		if (i + 1 < num)
			type = iq_go_type_model_dynamic(t->model,
							word_at(p + 8 * i));
		if (type)
			iq_go_typing_dynamic(t, type, word_at(p + 8 * i + 8));
	}
}

static uint64_t ones(uint64_t num)
{
	return num >= 64 ? UINT64_MAX : (1ull << num) - 1;
}

static void object(struct iq_go_typing *t, const struct iq_go_typed_object *o)
{
	const struct iq_heap_pointers *known = &t->map->pointers;
	uint64_t words = o->size / 8;
	const uint8_t *p = iq_go_typed_bytes(t, o);

	if (!p)
		return;
	for (uint64_t i = 0; i < words; i += 64) {
		uint64_t num = words - i < 64 ? words - i : 64;
		uint64_t mask =
			known->mask(known->ctx, o->span, o->index, i / 64);

		// All of them: it is not known.
		if ((mask & ones(num)) == ones(num))
			continue;
		interfaces(t, p + 8 * i, mask & ones(num), (unsigned)num);
		if (!i && !(mask & 1))
			iq_go_typing_func(t, o->begin, false);
	}
	if (words >= t->rt->layout->hchan_size / 8u)
		iq_go_typing_chan(t, o->begin);
}

/* Interfaces among variables; @range has a mask. */
static void variables(struct iq_go_typing *t, const struct iq_heap_range *range)
{
	uint64_t have;
	const uint8_t *p = iq_memory_window(t->rt->memory, range->addr, &have);
	uint64_t words = (have < range->len ? have : range->len) / 8;

	for (uint64_t i = 0; p && i < words; i += 32) {
		uint64_t mask = 0;

		// One bit more than words that may begin an interface.
		for (uint64_t k = 0; k < 33 && i + k < words; k++)
			mask |= (uint64_t)(range->mask[(i + k) / 8] >>
						   (i + k) % 8 &
					   1)
				<< k;
		interfaces(t, p + 8 * i, mask,
			   words - i < 33 ? (unsigned)(words - i) : 33);
	}
}

/* Closures and whatever else has no type of its own is looked through. */
static bool is_open(const struct iq_go_typing *t, uint32_t slot)
{
	uint32_t type = t->of[slot];

	return !type || type == IQ_GO_TYPE_CONTRADICTED ||
	       iq_go_type_model_get(t->model, type)->kind == IQ_GO_KIND_CLOSURE;
}

void iq_go_typing_untyped(struct iq_go_typing *t)
{
	const struct iq_heap_map *map = t->map;
	struct iq_go_typed_object o;

	for (size_t i = 0; i < map->roots.len; i++)
		if (map->roots.data[i].kind == IQ_ROOT_VARIABLE &&
		    map->roots.data[i].mask)
			variables(t, &map->roots.data[i]);
	iq_go_typing_walk(t);
	for (uint32_t i = 0; i < map->spans.len && map->pointers.mask; i++) {
		const struct iq_heap_span *span = &map->spans.data[i];

		if (span->noscan || t->lead[i] || t->unswept[i])
			continue;
		for (uint32_t k = 0; k < span->num_slots; k++) {
			if (!is_open(t, span->first + k) ||
			    !iq_heap_allocated(span, k))
				continue;
			iq_go_typed_slot(t, i, k, &o);
			object(t, &o);
			iq_go_typing_walk(t);
		}
	}
}

/* ---- variables that lie apart */

struct apart {
	struct iq_go_typed_variables *variables;
	struct iq_go_type_model *model;
	/* They refer to others in turn. */
	IQ_VEC(struct iq_go_typed_variable) found;
	struct iq_go_word_set seen;
	struct iq_go_typed_variable owner; /* that is looked into */
	uint32_t budget;
	bool no_memory;
};

static void apart_deinit(struct apart *a)
{
	iq_vec_deinit(&a->found);
	iq_go_word_set_deinit(&a->seen);
}

/* Whether @size bytes at @addr are in one section of a module's variables. */
static bool is_static(const struct iq_go_runtime *rt, uint64_t addr,
		      uint64_t size)
{
	for (size_t i = 0; i < rt->program->num_modules; i++) {
		uint64_t end = iq_go_module_variables_end(
			&rt->program->modules[i], addr);

		if (end)
			return size <= end - addr;
	}
	return false;
}

/* The byte @offset of the owner refers to @count values of @type at @addr. */
static void apart_add(struct apart *a, uint64_t offset, uint64_t addr,
		      uint32_t type, uint64_t count, bool is_slice)
{
	uint64_t size = type ? iq_go_type_model_get(a->model, type)->size : 0;
	struct iq_go_typed_variable v = { .addr = addr, .is_apart = true };
	struct iq_out name;

	if (!size || !count || !addr || count > UINT64_MAX / size ||
	    !is_static(a->model->rt, addr, count * size) ||
	    iq_go_typed_variables_at(a->variables, addr) ||
	    (a->seen.num && iq_go_word_set_object(&a->seen, addr)))
		return;
	v.size = count * size;
	v.type = is_slice ? iq_go_type_model_derive(a->model, IQ_GO_KIND_ELEMS,
						    type, 0, 0) :
			    type;
	iq_go_type_model_lay(a->model, v.type);
	iq_out_init_memory(&name);
	iq_out_str(&name, a->owner.name);
	iq_go_type_put_place(a->model, a->owner.type, offset, &name);
	if (name.err ||
	    !iq_str_dup(a->model->arena, (struct iq_str){ name.buf, name.len },
			&v.name) ||
	    !iq_go_word_set_add(&a->seen, addr, 1) ||
	    !iq_vec_push(&a->found, v))
		a->no_memory = true;
	iq_out_deinit(&name);
}

static void apart_interface(struct apart *a, uint64_t offset, bool has_itab,
			    const uint8_t *p)
{
	uint64_t word = word_at(p);
	const struct iq_go_model_type *type;
	uint32_t number;

	if (!word)
		return;
	number = has_itab ? iq_go_type_model_itab(a->model, word) :
			    iq_go_type_model_at(a->model, word);
	type = number ? iq_go_type_model_lay(a->model, number) : NULL;
	if (type && type->is_direct)
		number = type->kind == IQ_GO_KIND_POINTER ? type->elem : 0;
	apart_add(a, offset, word_at(p + 8), number, 1, false);
}

/* @count values of @type at @p, @offset bytes into the owner, as far as the @len
 * bytes have them. */
static void apart_values(struct apart *a, uint32_t number, uint64_t offset,
			 const uint8_t *p, uint64_t len, uint64_t count,
			 unsigned depth)
{
	const struct iq_go_model_type *type =
		iq_go_type_model_lay(a->model, number);

	if (!type->size || !type->num_parts || depth > APART_DEPTH_MAX)
		return;
	if (count > len / type->size)
		count = len / type->size;
	for (uint64_t i = 0;
	     i < count * type->num_parts && !a->no_memory && a->budget; i++) {
		const struct iq_go_part *part =
			&type->parts[i % type->num_parts];
		uint64_t at = i / type->num_parts * type->size + part->offset;

		a->budget--;
		if (at > len)
			return;
		if (part->kind == IQ_GO_PART_ARRAY)
			apart_values(a, part->type, offset + at, p + at,
				     len - at, part->count, depth + 1);
		else if (part->kind == IQ_GO_PART_POINTER && len - at >= 8)
			apart_add(a, offset + at, word_at(p + at), part->type,
				  1, false);
		else if (part->kind == IQ_GO_PART_SLICE && len - at >= 24 &&
			 word_at(p + at + 8) <= word_at(p + at + 16))
			apart_add(a, offset + at, word_at(p + at), part->type,
				  word_at(p + at + 16), true);
		else if ((part->kind == IQ_GO_PART_IFACE ||
			  part->kind == IQ_GO_PART_EFACE) &&
			 len - at >= 16)
			apart_interface(a, offset + at,
					part->kind == IQ_GO_PART_IFACE, p + at);
	}
}

static void apart_look(struct apart *a, const struct iq_go_typed_variable *v)
{
	const struct iq_go_model_type *type;
	uint32_t number = v->type;
	uint64_t have;
	const uint8_t *p = number ? iq_memory_window(a->model->rt->memory,
						     v->addr, &have) :
				    NULL;

	if (!p || have < v->size)
		return;
	a->owner = *v;
	type = iq_go_type_model_lay(a->model, number);
	if (type->kind == IQ_GO_KIND_ELEMS)
		number = type->elem;
	if (number)
		apart_values(a, number, 0, p, v->size, UINT64_MAX, 0);
}

/* Two that overlap contradict one another, unless one has a name. */
static struct iq_error *apart_merge(struct apart *a)
{
	struct iq_go_typed_variable *all;
	size_t kept = 0;

	for (size_t i = 0; i < a->found.len; i++)
		if (!iq_vec_push(&a->variables->all, a->found.data[i]))
			return &iq_enomem;
	iq_go_typed_variables_order(a->variables);
	all = a->variables->all.data;
	for (size_t i = 0; i < a->variables->all.len; i++) {
		const struct iq_go_typed_variable v = all[i];

		if (v.is_apart && kept &&
		    v.addr - all[kept - 1].addr < all[kept - 1].size)
			continue;
		while (v.size && !v.is_apart && kept &&
		       all[kept - 1].is_apart &&
		       v.addr - all[kept - 1].addr < all[kept - 1].size)
			kept--;
		all[kept++] = v;
	}
	a->variables->all.len = kept;
	return NULL;
}

struct iq_error *
iq_go_typed_variables_apart(struct iq_go_typed_variables *variables,
			    struct iq_go_type_model *model)
{
	iq_cleanup(apart_deinit) struct apart a = {
		.variables = variables,
		.model = model,
		.budget = APART_VALUES_MAX,
	};

	for (size_t i = 0; i < variables->all.len && !a.no_memory; i++)
		apart_look(&a, &variables->all.data[i]);
	for (size_t i = 0; i < a.found.len && !a.no_memory; i++) {
		const struct iq_go_typed_variable v = a.found.data[i];

		apart_look(&a, &v);
	}
	return a.no_memory || model->no_memory ? &iq_enomem : apart_merge(&a);
}
