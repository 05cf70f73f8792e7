/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap_masks.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "formats/go/heap_masks_types.h"

#define PAGE_BYTES (1ull << IQ_HEAP_PAGE_SHIFT)
/* Bits for each word of a span of one page. */
#define BITS_BYTES (PAGE_BYTES / 64)
/* Go: src/runtime/mgcmark_greenteagc.go, spanInlineMarkBits, and which objects'
 * spans have them: gcUsesSpanInlineMarkBits. */
#define INLINE_MARKS_BYTES 128
#define INLINE_MARKS_MIN 16
/* Go: src/runtime/mbitmap.go, mallocHeaderSize. */
#define HEADER_BYTES 8

/* What the numbers of objects of spans show of the format. */
struct evidence {
	uint64_t plain;	 /* bits only, at the end */
	uint64_t marked; /* inline mark bits behind them */
	uint64_t other;
};

struct masks {
	const struct iq_go_heap *heap;
	const struct iq_memory *memory;
	struct iq_go_arenas arenas;
	struct iq_go_type_masks *types;
	/* Objects of so many bytes have bits in their span, larger ones types;
	 * 0: arenas have bitmaps. */
	uint64_t bits_max;
	struct evidence evidence;
	/* Nothing is known of this runtime. */
	bool unknown;
};

/* The maker of a map lends it what nobody but it changes. */
static struct masks *masks_of(const struct iq_heap_map *map)
{
	return (struct masks *)map->pointers.ctx;
}

static void masks_destroy(const void *ctx)
{
	struct masks *m = (struct masks *)ctx;

	iq_go_arenas_deinit(&m->arenas);
	iq_go_type_masks_destroy(m->types);
	free(m);
}

static uint64_t masks_memory(const void *ctx)
{
	const struct masks *m = ctx;

	return sizeof(*m) + iq_go_type_masks_memory(m->types) +
	       m->arenas.num_bitmaps * sizeof(*m->arenas.bitmaps);
}

static uint64_t load(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return le64toh(word);
}

/* The bits of an object of a span that has them. No object with pointers has
 * none. */
static uint64_t mask_of_bits(const struct iq_heap_span *span, uint32_t slot)
{
	uint64_t words = span->elem_size / 8;
	uint64_t at = slot * words;
	const uint8_t *bytes = (const uint8_t *)span->pointers + at / 64 * 8;
	unsigned skip = (unsigned)(at % 64);
	uint64_t mask = load(bytes) >> skip;

	if (skip + words > 64)
		mask |= load(bytes + 8) << (64 - skip);
	if (words < 64)
		mask &= (1ull << words) - 1;
	return mask ? mask : ~0ull;
}

/* The first word of the object is its type; what follows are its values. */
static uint64_t mask_of_header(const struct masks *m,
			       const struct iq_heap_span *span, uint32_t slot,
			       uint64_t block)
{
	uint64_t offset = slot * span->elem_size;
	const struct iq_go_type_mask *mask;
	uint64_t type;

	if (span->bytes)
		type = load(span->bytes + offset);
	else if (!iq_memory_u64(m->memory, span->addr + offset, &type))
		return ~0ull;
	mask = iq_go_type_masks_find(m->types, type,
				     span->elem_size - HEADER_BYTES);
	if (!mask)
		return ~0ull;
	return block ? iq_go_type_mask_at(mask, 64 * block - 1) :
		       iq_go_type_mask_at(mask, 0) << 1;
}

static uint64_t masks_mask(const void *ctx, const struct iq_heap_span *span,
			   uint32_t slot, uint64_t block)
{
	const struct masks *m = ctx;

	switch ((enum iq_go_masks_as)span->pointers_as) {
	case IQ_GO_MASKS_ARENA:
		return iq_go_arenas_mask(&m->arenas, span, slot, block);
	case IQ_GO_MASKS_SPAN:
		return mask_of_bits(span, slot);
	case IQ_GO_MASKS_TYPE:
		return iq_go_type_mask_at(span->pointers, 64 * block);
	case IQ_GO_MASKS_HEADER:
		return mask_of_header(m, span, slot, block);
	case IQ_GO_MASKS_SPAN_OWNED:
	case IQ_GO_MASKS_UNKNOWN:
		break;
	}
	return ~0ull;
}

/* Whether this is a runtime whose format was looked up, and not a later one. */
static bool is_known(const struct iq_go_runtime *rt)
{
	unsigned minor, patch;

	return iq_go_version_parse(rt->program->go_version, &minor, &patch) &&
	       minor == rt->version->minor;
}

struct iq_error *iq_go_heap_masks_open(const struct iq_go_heap *heap,
				       struct iq_heap_map *map)
{
	const struct iq_go_runtime *rt = heap->rt;
	int64_t bits_max = rt->version->constants->min_size_for_malloc_header;
	struct masks *m = calloc(1, sizeof(*m));
	struct iq_error *err;

	if (!m)
		return &iq_enomem;
	err = iq_go_type_masks_create(rt, &m->types);
	if (err) {
		free(m);
		return err;
	}
	m->heap = heap;
	m->memory = rt->memory;
	m->unknown = !is_known(rt);
	iq_go_arenas_open(heap, &m->arenas);
	if (bits_max != IQ_GO_NO_CONSTANT &&
	    iq_go_has(rt->layout->mspan_large_type)) {
		m->bits_max = (uint64_t)bits_max;
		m->unknown = m->unknown || bits_max > 512;
	}
	map->pointers = (struct iq_heap_pointers){
		.ctx = m,
		.mask = masks_mask,
		.destroy = masks_destroy,
		.memory = masks_memory,
	};
	return NULL;
}

/* How many objects of @size bytes @reserve bytes leave room for in a page. */
static uint64_t room(uint64_t size, uint64_t reserve)
{
	return (PAGE_BYTES - reserve) / size;
}

/* The room that the spans of @size have in each format. */
static uint64_t room_plain(const struct iq_heap_span *span)
{
	return room(span->elem_size, span->noscan ? 0 : BITS_BYTES);
}

static uint64_t room_marked(const struct iq_heap_span *span)
{
	return room(span->elem_size,
		    (span->noscan ? 0 : BITS_BYTES) + INLINE_MARKS_BYTES);
}

static bool has_marks(const struct iq_heap_span *span)
{
	return span->elem_size >= INLINE_MARKS_MIN;
}

/* Go: src/runtime/mheap.go, initSpan: what is reserved in a span, 1.22 to 1.27,
 * 1.25 and later with GOEXPERIMENT=greenteagc and without. */
static void witness(struct evidence *e, const struct iq_heap_span *span)
{
	uint64_t plain = room_plain(span);
	uint64_t marked = has_marks(span) ? room_marked(span) : plain;

	if (span->num_slots != plain && span->num_slots != marked)
		e->other++;
	else if (plain != marked && span->num_slots == plain)
		e->plain++;
	else if (plain != marked)
		e->marked++;
}

static void small_span(struct masks *m, const struct iq_go_record *r,
		       struct iq_heap_span *span)
{
	const struct iq_go_layout *l = m->heap->rt->layout;
	uint64_t end = span->addr + PAGE_BYTES;
	uint64_t first = end - BITS_BYTES - INLINE_MARKS_BYTES;
	const uint8_t *bytes;
	uint64_t have;

	// Bits of several pages: no runtime has such.
	if (iq_go_record_uint(r, l->mspan_npages) != 1)
		return;
	witness(&m->evidence, span);
	bytes = iq_memory_window(m->memory, first, &have);
	if (span->noscan || !bytes || have < end - first)
		return;
	span->pointers = bytes + INLINE_MARKS_BYTES;
	span->pointers_as =
		bytes[end - first - 1] ==
				iq_go_record_uint(r, l->mspan_spanclass) ?
			IQ_GO_MASKS_SPAN_OWNED :
			IQ_GO_MASKS_SPAN;
}

void iq_go_heap_masks_span(struct iq_heap_map *map,
			   const struct iq_go_record *r,
			   struct iq_heap_span *span)
{
	struct masks *m = masks_of(map);
	const struct iq_go_layout *l;

	span->pointers_as = IQ_GO_MASKS_UNKNOWN;
	// Who needs no masks has opened none.
	if (!m)
		return;
	l = m->heap->rt->layout;
	// A chunk of an arena of the user is filled bit by bit: what is behind
	// the last value is not known. Go: src/runtime/arena.go.
	if (m->unknown || (iq_go_has(l->mspan_is_user_arena_chunk) &&
			   iq_go_record_uint(r, l->mspan_is_user_arena_chunk)))
		return;
	if (m->bits_max && span->elem_size <= m->bits_max) {
		small_span(m, r, span);
		return;
	}
	if (span->noscan)
		return;
	if (!m->bits_max) {
		if (iq_go_arenas_has(&m->arenas, r->addr, span))
			span->pointers_as = IQ_GO_MASKS_ARENA;
		return;
	}
	// Class 0 are spans of one object. Go: src/runtime/mheap.go, spanClass.
	if (iq_go_record_uint(r, l->mspan_spanclass) >> 1) {
		span->pointers_as = IQ_GO_MASKS_HEADER;
		return;
	}
	span->pointers = iq_go_type_masks_find(
		m->types, iq_go_record_uint(r, l->mspan_large_type),
		span->elem_size);
	if (span->pointers && span->num_slots == 1)
		span->pointers_as = IQ_GO_MASKS_TYPE;
}

/* What the bits of @span are, now that the format is known. */
static void settle(const struct evidence *e, struct iq_heap_span *span)
{
	bool owned = span->pointers_as == IQ_GO_MASKS_SPAN_OWNED;

	if (!owned && span->pointers_as != IQ_GO_MASKS_SPAN)
		return;
	span->pointers_as = IQ_GO_MASKS_UNKNOWN;
	if (e->marked && has_marks(span)) {
		if (!owned || span->num_slots != room_marked(span))
			return;
		span->pointers =
			(const uint8_t *)span->pointers - INLINE_MARKS_BYTES;
	} else if (span->num_slots != room_plain(span)) {
		return;
	}
	span->pointers_as = IQ_GO_MASKS_SPAN;
}

struct iq_error *iq_go_heap_masks_close(struct iq_heap_map *map)
{
	struct masks *m = masks_of(map);
	const struct evidence *e = &m->evidence;
	// Spans of both kinds, or of none: all that is known is in doubt, the
	// headers too, which came with the bits.
	bool doubt = m->bits_max && (!e->plain == !e->marked ||
				     e->other > (e->plain + e->marked) / 8);

	for (size_t i = 0; i < map->spans.len; i++) {
		struct iq_heap_span *span = &map->spans.data[i];

		if (doubt)
			span->pointers_as = IQ_GO_MASKS_UNKNOWN;
		settle(e, span);
	}
	return iq_go_arenas_find(&m->arenas, map);
}
