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

struct iq_wait;

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

/* Whether some of it is not in memory: the address of the first such byte. */
bool iq_heap_is_missing(const struct iq_heap_map *map, uint64_t addr,
			uint64_t len, uint64_t *ret);

/*
 * The object that is waited for, IQ_HEAP_NONE if it is none of the heap. Who
 * waits keeps it by the runtime's record of the wait, even where its stack has no
 * use for it any more.
 */
uint32_t iq_heap_slot_of_wait(const struct iq_heap_map *map,
			      const struct iq_wait *wait);

/* Where the slot begins, and its size in bytes. */
uint64_t iq_heap_slot_addr(const struct iq_heap_map *map, uint32_t slot);
uint64_t iq_heap_slot_size(const struct iq_heap_map *map, uint32_t slot);
/* Where the object in it begins: what a pointer to it has. */
uint64_t iq_heap_object_addr(const struct iq_heap_map *map, uint32_t slot);

#endif
