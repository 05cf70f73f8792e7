/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of words that are looked for in memory, each of which stands for an
 * object: its address, or that of its semaphore. Immutable once it is filled.
 */
#ifndef IQ_GO_WORD_SET_H
#define IQ_GO_WORD_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iq_go_word {
	uint64_t word; /* 0: the slot is free */
	uint64_t object;
};

/* Open addressing; at most half full. A zeroed struct is an empty set. */
struct iq_go_word_set {
	struct iq_go_word *slots;
	size_t mask;
	size_t num;
	uint64_t min, max;
};

void iq_go_word_set_deinit(struct iq_go_word_set *set);

/* 0 is no word. False only without memory. */
bool iq_go_word_set_add(struct iq_go_word_set *set, uint64_t word,
			uint64_t object);

/* The object that @word stands for; 0 if it is none. @set is not empty. */
uint64_t iq_go_word_set_object(const struct iq_go_word_set *set, uint64_t word);

#endif
