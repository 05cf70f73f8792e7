/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which words of the heap's objects are pointers, as the collector of each
 * generation of the runtime keeps it: bitmaps beside the arenas (up to 1.21);
 * bitmaps at the end of small objects' spans, and types that are tiled over
 * larger objects (since 1.22).
 *
 * A wrong mask makes a false proof, a missing one costs nothing but recall: what
 * is unreadable or contradicts itself makes each word a pointer. Noticed is:
 *
 *  - an object without any pointer among those that have some (a bitmap that is
 *    a hole of the core, or an object that is just being made);
 *  - a page of a bitmap, or of a type's mask, that is all zeros;
 *  - spans whose number of objects does not leave the room that a bitmap in them
 *    takes, for the whole process: it tells which of the formats it has;
 *  - spans with mark bits of their own whose last byte is not their class;
 *  - a span that its arena does not know;
 *  - headers that are no type: sizes that contradict each other or the object, or
 *    a mask that does not end with a pointer, as all masks do.
 *
 * Not noticed is a bit that flipped. An object that is being made may have the
 * mask of what was there before, which does no harm: nobody can have stored
 * anything in it before it has its own. Go: src/runtime/malloc.go, mallocgc.
 */
#ifndef IQ_GO_HEAP_MASKS_H
#define IQ_GO_HEAP_MASKS_H

#include "base/attr.h"
#include "base/error.h"
#include "formats/go/heap.h"

/* What iq_heap_span.pointers is. */
enum iq_go_masks_as {
	/* Nothing: every word may be a pointer. */
	IQ_GO_MASKS_UNKNOWN,
	/* Bits of the words of the span, wherever they are. */
	IQ_GO_MASKS_ARENA,
	/* Before the formats are told apart: where bits would end if nothing
	 * followed them; with the span's class as its last byte, or without. */
	IQ_GO_MASKS_SPAN_OWNED,
	IQ_GO_MASKS_SPAN,
	/* struct iq_go_type_mask of all objects. */
	IQ_GO_MASKS_TYPE,
	/* Nothing: the type is the first word of each object. */
	IQ_GO_MASKS_HEADER,
};

/* Before the spans are read: makes map->pointers. */
struct iq_error *iq_go_heap_masks_open(const struct iq_go_heap *heap,
				       struct iq_heap_map *map) iq_must_check;
/* The mspan in @record is @span. Nothing where no masks were made. */
void iq_go_heap_masks_span(struct iq_heap_map *map,
			   const struct iq_go_record *record,
			   struct iq_heap_span *span);
/* After all spans were. */
struct iq_error *iq_go_heap_masks_close(struct iq_heap_map *map) iq_must_check;

/* Whether the page of 4 KiB that has @addr is all zeros, or not there. */
bool iq_go_heap_masks_hole(const struct iq_memory *memory, uint64_t addr);

/* heap_masks_arena.c: bitmaps of arenas, up to 1.21. */
struct iq_go_bitmap {
	uint64_t addr; /* 0: not known */
	/* As much of it as is in one piece. */
	const uint8_t *bytes;
	uint64_t have;
};

struct iq_go_arenas {
	const struct iq_memory *memory;
	uint64_t array; /* of addresses of heapArena; 0: not usable */
	uint64_t base_offset;
	uint32_t bitmap_offset; /* in heapArena */
	uint32_t spans_offset;
	/* Two bits a word, of which the other says whether there are more. */
	bool has_scan_bits;
	/* The arena that was asked for last while spans are read. */
	uint64_t last_index;
	uint64_t last;
	/* By chunk of the map, which are arenas. */
	uint64_t low;
	struct iq_go_bitmap *bitmaps;
	size_t num_bitmaps;
};

void iq_go_arenas_open(const struct iq_go_heap *heap, struct iq_go_arenas *ret);
void iq_go_arenas_deinit(struct iq_go_arenas *arenas);
/* Whether the arena of @span knows the mspan at @record_addr for its own. */
bool iq_go_arenas_has(struct iq_go_arenas *arenas, uint64_t record_addr,
		      const struct iq_heap_span *span);
/* Finds the bitmaps of @map's spans. */
struct iq_error *iq_go_arenas_find(struct iq_go_arenas *arenas,
				   const struct iq_heap_map *map) iq_must_check;
uint64_t iq_go_arenas_mask(const struct iq_go_arenas *arenas,
			   const struct iq_heap_span *span, uint32_t slot,
			   uint64_t block);

#endif
