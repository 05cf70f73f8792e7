/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of the heap that have what is waited for: a struct that a mutex
 * is a part of, a closure that captured a channel. Who refers to one of them is
 * one step away. All of the heap is read once, as far as objects are looked
 * into; then a bit says of each object whether it is worth a look.
 */
#ifndef IQ_GO_REFERENCES_HEAP_H
#define IQ_GO_REFERENCES_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "formats/go/runtime.h"
#include "formats/go/word_set.h"
#include "model/heap.h"

/* Objects waited for that one object of the heap is seen to have. */
#define IQ_GO_HOLDS_MAX 16

/* A part of objects of the heap that is waited for: its place, ascending. */
struct iq_go_part {
	uint64_t addr;
	uint64_t object;
	unsigned kinds;
};

struct iq_go_holders {
	/* NULL: the heap is not known. */
	struct iq_heap_map *map;
	/* Bit i: slot i has something. */
	uint64_t *bits;
	const struct iq_go_word_set *words;
	const struct iq_go_part *parts;
	size_t num_parts;
};

/*
 * @words and @parts (ordered by address) stay the caller's, who deinits. What
 * cannot be read of the heap has nothing.
 */
struct iq_error *iq_go_holders_init(struct iq_go_holders *holders,
				    const struct iq_go_runtime *rt,
				    const struct iq_go_word_set *words,
				    const struct iq_go_part *parts,
				    size_t num_parts) iq_must_check;
void iq_go_holders_deinit(struct iq_go_holders *holders);

struct iq_go_held {
	uint64_t object;
	unsigned kinds;
};

/* Whether @word may point into the heap at all. */
static inline bool iq_go_holders_may(const struct iq_go_holders *holders,
				     uint64_t word)
{
	return holders->map && word - holders->map->low < holders->map->size;
}

/*
 * What the object of the heap has that @word points into: how many; *@via_ret is
 * the object's start. Parts count for a pointer to the start, what the object
 * refers to from @word on. Without those whose address @word is.
 */
unsigned iq_go_holders_find(const struct iq_go_holders *holders, uint64_t word,
			    uint64_t *via_ret,
			    struct iq_go_held ret[IQ_GO_HOLDS_MAX]);

/* Whether an object of the heap begins at @word that has more than @size bytes. */
bool iq_go_holders_more(const struct iq_go_holders *holders, uint64_t word,
			uint64_t size);

/* Bytes of the object of the heap that @word points to, from there on; 0: it
 * points to none. */
uint64_t iq_go_holders_size(const struct iq_go_holders *holders, uint64_t word);

#endif
