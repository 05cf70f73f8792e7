/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap_types.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "model/object.h"

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
