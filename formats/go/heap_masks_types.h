/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which words of a type's values are pointers, each type looked up once. Threads
 * may look up at the same time.
 */
#ifndef IQ_GO_HEAP_MASKS_TYPES_H
#define IQ_GO_HEAP_MASKS_TYPES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "formats/go/runtime.h"

struct iq_go_type_masks;

struct iq_go_type_mask {
	struct iq_go_type_mask *next;
	uint64_t addr; /* of the type */
	/* Of the values that are repeated: an array is so many elements. */
	uint64_t words;
	uint64_t size; /* of the type itself, in bytes */
	/* Up to 64 words: the bits of values that lie one behind the other. */
	uint64_t tiles[2];
	/* The last word that is a pointer, and one; the bits of them all. */
	uint64_t num_bits;
	uint64_t bits[];
};

struct iq_error *iq_go_type_masks_create(const struct iq_go_runtime *rt,
					 struct iq_go_type_masks **ret)
	iq_must_check;
void iq_go_type_masks_destroy(struct iq_go_type_masks *types);

/*
 * The mask of the type at @addr, whose values are of at most @size_max bytes;
 * NULL if it is no such type, or has no pointers, or its mask is not known.
 */
const struct iq_go_type_mask *
iq_go_type_masks_find(struct iq_go_type_masks *types, uint64_t addr,
		      uint64_t size_max);

/* Bits of 64 words from word @start on of values one behind the other. */
uint64_t iq_go_type_mask_at(const struct iq_go_type_mask *mask, uint64_t start);

/* Bytes that all masks take. */
uint64_t iq_go_type_masks_memory(const struct iq_go_type_masks *types);

// heap_masks_build.c: what a descriptor says of a type that has pointers.

struct iq_go_scan_type {
	uint64_t addr;
	uint64_t words;	    /* of a value */
	uint64_t ptr_words; /* up to the last pointer */
	uint64_t gc_data;
	unsigned kind;
	/* gc_data is where the mask's address is, once it was needed. */
	bool on_demand;
};

/* False if no such type can be at @addr. */
bool iq_go_scan_type_read(const struct iq_go_runtime *rt, uint64_t addr,
			  struct iq_go_scan_type *ret);
/* An array whose mask is made on demand becomes its elements' type; false if it
 * contradicts itself. */
bool iq_go_scan_type_skip_arrays(const struct iq_go_runtime *rt,
				 struct iq_go_scan_type *type);
/*
 * Fills the ptr_words bits of @type, for which there is room and a word; false
 * if they are not known. Each part of a type takes one from @budget.
 */
bool iq_go_scan_type_mask(const struct iq_go_runtime *rt,
			  const struct iq_go_scan_type *type,
			  atomic_llong *budget, uint64_t *bits);

#endif
