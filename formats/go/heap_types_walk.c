/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <string.h>

#include "base/map.h"
#include "formats/go/heap_types.h"

/* Ranges that are remembered; a program has few, but for pointers into arrays
 * whose type is not known. */
#define RANGES_MAX (4u << 20)
/* Arrays in arrays whose elements are not listed one by one. */
#define DEPTH_MAX 8

static uint64_t word_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

/* ---- parts of a value */

static void pointer(struct iq_go_typing *t, uint32_t type, uint64_t addr)
{
	if (type && addr)
		iq_go_typing_value(t, addr, type, false);
}

static void slice(struct iq_go_typing *t, uint32_t type, const uint8_t *p)
{
	uint64_t data = word_at(p), len = word_at(p + 8), cap = word_at(p + 16);

	if (type && data && cap && len <= cap)
		iq_go_typing_elems(t, data, type, cap, IQ_GO_KIND_ELEMS);
}

static void interface(struct iq_go_typing *t, bool has_itab, const uint8_t *p)
{
	uint64_t word = word_at(p), data = word_at(p + 8);
	uint32_t type;

	if (!word || !data)
		return;
	type = has_itab ? iq_go_type_model_itab(t->model, word) :
			  iq_go_type_model_at(t->model, word);
	if (type)
		iq_go_typing_dynamic(t, type, data);
}

static void values(struct iq_go_typing *t, uint32_t number, const uint8_t *p,
		   uint64_t len, uint64_t count, unsigned depth);

/* What is at @p, of which @len bytes are there. */
static void part(struct iq_go_typing *t, const struct iq_go_part *part,
		 const uint8_t *p, uint64_t len, unsigned depth)
{
	static const uint8_t sizes[] = {
		[IQ_GO_PART_POINTER] = 8, [IQ_GO_PART_SLICE] = 24,
		[IQ_GO_PART_STRING] = 16, [IQ_GO_PART_EFACE] = 16,
		[IQ_GO_PART_IFACE] = 16,  [IQ_GO_PART_CHAN] = 8,
		[IQ_GO_PART_MAP] = 8,	  [IQ_GO_PART_FUNC] = 8,
		[IQ_GO_PART_ARRAY] = 0,
	};

	if (part->offset > len || len - part->offset < sizes[part->kind])
		return;
	p += part->offset;
	switch (part->kind) {
	case IQ_GO_PART_POINTER:
		pointer(t, part->type, word_at(p));
		break;
	case IQ_GO_PART_SLICE:
		slice(t, part->type, p);
		break;
	case IQ_GO_PART_STRING:
		iq_go_typing_bytes(t, word_at(p), word_at(p + 8));
		break;
	case IQ_GO_PART_EFACE:
	case IQ_GO_PART_IFACE:
		interface(t, part->kind == IQ_GO_PART_IFACE, p);
		break;
	case IQ_GO_PART_CHAN:
		iq_go_typing_chan(t, word_at(p));
		break;
	case IQ_GO_PART_MAP:
		iq_go_typing_map(t, word_at(p), part->type);
		break;
	case IQ_GO_PART_FUNC:
		iq_go_typing_func(t, word_at(p), true);
		break;
	case IQ_GO_PART_ARRAY:
		values(t, part->type, p, len - part->offset, part->count,
		       depth + 1);
		break;
	}
}

/* @count values at @p, as far as the @len bytes have them. */
static void values(struct iq_go_typing *t, uint32_t number, const uint8_t *p,
		   uint64_t len, uint64_t count, unsigned depth)
{
	const struct iq_go_model_type *type =
		iq_go_type_model_lay(t->model, number);

	if (!type->size || !type->num_parts || depth > DEPTH_MAX)
		return;
	if (count > len / type->size)
		count = len / type->size;
	for (uint64_t i = 0; i < count && !t->no_memory; i++, p += type->size)
		for (uint32_t k = 0; k < type->num_parts; k++)
			part(t, &type->parts[k], p, type->size, depth);
}

void iq_go_typing_dynamic(struct iq_go_typing *t, uint32_t number,
			  uint64_t data)
{
	const struct iq_go_model_type *type =
		iq_go_type_model_lay(t->model, number);
	uint64_t word = htole64(data);

	if (!data)
		return;
	if (!type->is_direct) {
		iq_go_typing_value(t, data, number, true);
		return;
	}
	// The word is the value.
	if (type->num_parts && type->size == 8)
		part(t, &type->parts[0], (const uint8_t *)&word, 8, 0);
}

/* ---- what is left */

static void values_at(struct iq_go_typing *t, uint32_t type, uint64_t addr,
		      uint64_t count)
{
	uint64_t have;
	const uint8_t *p = iq_memory_window(t->rt->memory, addr, &have);

	if (p)
		values(t, type, p, have, count, 0);
}

static void object_walk(struct iq_go_typing *t, uint64_t addr)
{
	const struct iq_go_model_type *type;
	struct iq_go_typed_object o;
	const uint8_t *p;
	uint32_t number;

	if (!iq_go_typed_object(t, addr, &o))
		return;
	number = t->of[o.slot];
	if (!number || number == IQ_GO_TYPE_CONTRADICTED)
		return;
	type = iq_go_type_model_lay(t->model, number);
	p = type->num_parts ? iq_go_typed_bytes(t, &o) : NULL;
	if (p)
		values(t, number, p, o.size,
		       type->kind == IQ_GO_KIND_ELEMS ? UINT64_MAX : 1, 0);
}

/* Whether @addr is a variable of a package, and how many bytes follow. */
static bool is_variable(const struct iq_go_typing *t, uint64_t addr,
			uint64_t *len_ret)
{
	const struct iq_go_program *program = t->rt->program;

	for (size_t i = 0; i < program->num_modules; i++) {
		const struct iq_go_module *m = &program->modules[i];

		if (iq_go_module_variables_end(m, addr)) {
			*len_ret = iq_go_module_variables_end(m, addr) - addr;
			return true;
		}
	}
	return false;
}

void iq_go_typing_range(struct iq_go_typing *t, uint64_t addr, uint32_t type,
			uint64_t count)
{
	const uint64_t key[2] = { addr, (uint64_t)type << 32 | (count > 1) };
	uint64_t size = iq_go_type_model_get(t->model, type)->size;
	uint64_t word = XXH3_64bits(key, sizeof(key)) | 1, len;
	struct iq_go_typed_object o;

	if (iq_go_typed_object(t, addr, &o)) {
		// All of it is looked into, or was.
		if (t->of[o.slot] && t->of[o.slot] != IQ_GO_TYPE_CONTRADICTED)
			return;
		if (o.offset > o.size || iq_go_is_banned(t, o.slot))
			return;
		len = o.size - o.offset;
	} else if (!is_variable(t, addr, &len)) {
		return;
	}
	if (!size || size > len || t->seen.num >= RANGES_MAX ||
	    (t->seen.num && iq_go_word_set_object(&t->seen, word)))
		return;
	if (!iq_go_word_set_add(&t->seen, word, 1) ||
	    !iq_vec_push(&t->ranges,
			 ((struct iq_go_typed_range){
				 addr, count < len / size ? count : len / size,
				 type })))
		t->no_memory = true;
}

void iq_go_typing_walk(struct iq_go_typing *t)
{
	for (;;) {
		if (t->no_memory || t->model->no_memory)
			return;
		if (t->objects.len) {
			object_walk(t, t->objects.data[--t->objects.len]);
		} else if (t->ranges.len) {
			struct iq_go_typed_range r =
				t->ranges.data[--t->ranges.len];

			values_at(t, r.type, r.addr, r.count);
		} else {
			return;
		}
	}
}
