/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which objects an object refers to, and which a root does, in the order of
 * their words: for whoever follows references otherwise than by marking.
 */
#ifndef IQ_MODEL_HEAP_WALK_H
#define IQ_MODEL_HEAP_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "model/heap.h"

/* A word that refers to an allocated object. */
struct iq_heap_reference {
	uint64_t offset; /* of the word, in the object or range that has it */
	uint64_t word;	 /* may point into the middle of the object */
	uint32_t slot;	 /* of the object that is referred to */
};

/* Gives false to end the walk. */
typedef bool iq_heap_visit(void *ctx, const struct iq_heap_reference *ref);

/*
 * Calls @visit for each reference in the object of @slot as marking sees them:
 * none of noscan and opaque objects, none that the map's disguise hides. False
 * if it was ended. What is not in memory has no references.
 */
bool iq_heap_walk_object(const struct iq_heap_map *map, uint32_t slot,
			 iq_heap_visit *visit, void *ctx);
/* The same where the index of the object's span is known, which saves a search. */
bool iq_heap_walk_object_in(const struct iq_heap_map *map, uint32_t span,
			    uint32_t slot, iq_heap_visit *visit, void *ctx);
/* The same of a root or a stack. */
bool iq_heap_walk_range(const struct iq_heap_map *map,
			const struct iq_heap_range *range, iq_heap_visit *visit,
			void *ctx);

/* The same where the range's @bytes are known; NULL: they are looked for. */
bool iq_heap_walk_bytes(const struct iq_heap_map *map,
			const struct iq_heap_range *range, const uint8_t *bytes,
			iq_heap_visit *visit, void *ctx);

/* Where the object of @slot begins, and its size in bytes. */
uint64_t iq_heap_slot_addr(const struct iq_heap_map *map, uint32_t slot);
uint64_t iq_heap_slot_size(const struct iq_heap_map *map, uint32_t slot);

#endif
