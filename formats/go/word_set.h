/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of words that are looked for in memory, each of which stands for an
 * object: its address, or that of its semaphore. Immutable once it is filled.
 * Most words of a memory are none of them: a range and a bit of a filter tell.
 */
#ifndef IQ_GO_WORD_SET_H
#define IQ_GO_WORD_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iq_go_word {
	uint64_t word; /* 0: the slot is free */
	uint64_t object;
	unsigned kinds; /* what it is, as bits of who adds it */
};

/* Open addressing; at most half full. A zeroed struct is an empty set. */
struct iq_go_word_set {
	struct iq_go_word *slots;
	size_t mask;
	size_t num;
	uint64_t min, max;
	/* Eight bits for each slot: that of a word which is there is set. */
	uint8_t *filter;
	unsigned shift; /* 64 - log2(number of bits) */
};

void iq_go_word_set_deinit(struct iq_go_word_set *set);

/* 0 is no word. False only without memory. */
bool iq_go_word_set_add(struct iq_go_word_set *set, uint64_t word,
			uint64_t object);
/* The same; the kinds of a word that is added again add up. */
bool iq_go_word_set_add_kinds(struct iq_go_word_set *set, uint64_t word,
			      uint64_t object, unsigned kinds);

/* The object that @word stands for; 0 if it is none. @set is not empty. */
uint64_t iq_go_word_set_object(const struct iq_go_word_set *set, uint64_t word);
/* What @word stands for, or NULL. @set is not empty. */
const struct iq_go_word *iq_go_word_set_find(const struct iq_go_word_set *set,
					     uint64_t word);

// The fast path of scans, hence here.

/* Spreads @word over the filter. The factor is the golden ratio. */
static inline uint64_t iq_go_word_bit(const struct iq_go_word_set *set,
				      uint64_t word)
{
	return (word * 0x9e3779b97f4a7c15ull) >> set->shift;
}

/* Whether @word may be in @set, which is not empty. */
static inline bool iq_go_word_set_may(const struct iq_go_word_set *set,
				      uint64_t word)
{
	uint64_t bit;

	if (word < set->min || word > set->max)
		return false;
	bit = iq_go_word_bit(set, word);
	return set->filter[bit / 8] >> bit % 8 & 1;
}

#endif
