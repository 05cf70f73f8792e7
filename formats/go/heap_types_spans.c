/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "formats/go/heap_types.h"
#include "formats/go/record.h"

/* Objects without pointers, and the class of those that have a span for
 * themselves. Go: src/runtime/mheap.go, spanClass. */
#define SPANCLASS_NOSCAN 1
#define SIZE_CLASS_SHIFT 1
/* Objects up to here have no header. Go: src/runtime/mbitmap.go. */
#define NO_HEADER_MAX 512
#define HEADER_SIZE 8

/* Objects with a header begin behind it. Go: src/runtime/malloc.go,
 * mallocgcSmallScanHeader; 1.22 and newer. */
static bool has_headers(const struct iq_go_typing *t)
{
	return iq_go_has(t->rt->layout->mspan_large_type);
}

/* ---- headers */

/* One value in its slot, or many. */
static uint32_t filled_with(struct iq_go_typing *t, uint32_t type,
			    uint64_t elem_size, uint64_t lead)
{
	const struct iq_go_model_type *of =
		iq_go_type_model_get(t->model, type);

	if (!of->size || !of->has_pointers || of->size > elem_size - lead)
		return 0;
	if (iq_go_slot_size(t->rt, of->size, true) != elem_size)
		return iq_go_type_model_derive(t->model, IQ_GO_KIND_ELEMS, type,
					       0, lead);
	return lead ? iq_go_type_model_derive(t->model, IQ_GO_KIND_HEADED, type,
					      0, lead) :
		      type;
}

/*
 * Of the largest objects, which have a span each and no header, the span knows
 * the type. Go: src/runtime/malloc.go, mallocgcLarge; 1.22 and newer.
 */
static void large_object(struct iq_go_typing *t, size_t number,
			 const struct iq_go_record *r)
{
	const struct iq_go_layout *l = t->rt->layout;
	const struct iq_heap_span *span = &t->map->spans.data[number];
	uint64_t class = iq_go_record_uint(r, l->mspan_spanclass);
	uint32_t type;

	if (!has_headers(t) || class >> SIZE_CLASS_SHIFT || span->noscan ||
	    span->num_slots != 1)
		return;
	t->lead[number] = 0;
	type = iq_go_type_model_at(t->model,
				   iq_go_record_uint(r, l->mspan_large_type));
	if (type)
		t->large[number] = filled_with(t, type, span->elem_size, 0);
}

static uint64_t sweepgen(const struct iq_go_typing *t)
{
	uint64_t value;

	return iq_go_field_read(t->rt->memory, t->heap->mheap_addr,
				t->rt->layout->mheap_sweepgen, &value) ?
		       value :
		       0;
}

/* Go: src/runtime/mheap.go, mspan.sweepgen: it needs to be swept, is being
 * swept, or was cached before that. */
static bool needs_sweep(uint32_t span, uint32_t heap)
{
	return span == heap - 2 || span == heap - 1 || span == heap + 1;
}

static void record(struct iq_go_typing *t, uint64_t addr, uint64_t heap)
{
	const struct iq_go_layout *l = t->rt->layout;
	struct iq_go_record r;
	uint32_t number;

	if (!iq_go_record_read(t->rt->memory, addr, l->mspan_size, &r))
		return;
	number = iq_heap_map_span(t->map,
				  iq_go_record_uint(&r, l->mspan_start_addr));
	if (number == IQ_HEAP_NONE)
		return;
	t->unswept[number] =
		needs_sweep((uint32_t)iq_go_record_uint(&r, l->mspan_sweepgen),
			    (uint32_t)heap);
	large_object(t, number, &r);
}

struct iq_error *iq_go_typing_spans(struct iq_go_typing *t)
{
	const struct iq_heap_map *map = t->map;
	uint64_t array, len, addr, heap = sweepgen(t);

	t->lead = calloc(map->spans.len + 1, 1);
	t->unswept = calloc(map->spans.len + 1, 1);
	t->large = calloc(map->spans.len + 1, sizeof(*t->large));
	if (!t->lead || !t->unswept || !t->large)
		return &iq_enomem;
	for (size_t i = 0; i < map->spans.len && has_headers(t); i++)
		if (!map->spans.data[i].noscan &&
		    map->spans.data[i].elem_size > NO_HEADER_MAX)
			t->lead[i] = HEADER_SIZE;
	if (!iq_go_slice_read(t->rt->memory,
			      t->heap->mheap_addr +
				      t->rt->layout->mheap_allspans.offset,
			      &array, &len))
		return NULL;
	for (uint64_t i = 0; i < len; i++) {
		if (!iq_memory_u64(t->rt->memory, array + 8 * i, &addr))
			break;
		record(t, addr, heap);
	}
	return NULL;
}

static uint32_t header(struct iq_go_typing *t,
		       const struct iq_go_typed_object *o)
{
	uint64_t addr;
	uint32_t type;

	if (!iq_memory_u64(t->rt->memory, o->begin - HEADER_SIZE, &addr) ||
	    !addr)
		return 0;
	type = iq_go_type_model_at(t->model, addr);
	return type ? filled_with(t, type, o->span->elem_size, HEADER_SIZE) : 0;
}

/* What the runtime says of each object of the span @number. */
static void span_headers(struct iq_go_typing *t, uint32_t number)
{
	const struct iq_heap_span *span = &t->map->spans.data[number];
	struct iq_go_typed_object o;

	for (uint32_t i = 0; i < span->num_slots; i++) {
		uint32_t type;

		if (!iq_heap_allocated(span, i))
			continue;
		iq_go_typed_slot(t, number, i, &o);
		type = t->lead[number] ? header(t, &o) : t->large[number];
		if (type && t->unswept[number]) {
			t->of[o.slot] = type;
			t->exact[o.slot / 64] |= 1ull << o.slot % 64;
			t->asleep[o.slot / 64] |= 1ull << o.slot % 64;
		} else {
			iq_go_typing_exact(t, &o, type);
		}
	}
}

void iq_go_typing_headers(struct iq_go_typing *t)
{
	for (uint32_t i = 0; i < t->map->spans.len; i++)
		if (t->lead[i] || t->large[i])
			span_headers(t, i);
}
