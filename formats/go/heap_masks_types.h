/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which words of a type's values are pointers, each type looked up once. Threads
 * may look up at the same time.
 */
#ifndef IQ_GO_HEAP_MASKS_TYPES_H
#define IQ_GO_HEAP_MASKS_TYPES_H

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

#endif
