/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marking: what can be reached in a heap from the words given so far. There is
 * no recursion, and a stack of fixed size: what does not fit is noted in a bit
 * and comes later.
 */
#ifndef IQ_MODEL_MARK_H
#define IQ_MODEL_MARK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "model/heap.h"

struct iq_mark;

/* @map is indexed and outlives the mark. */
struct iq_error *iq_mark_create(const struct iq_heap_map *map,
				struct iq_mark **ret) iq_must_check;
void iq_mark_destroy(struct iq_mark *mark);

/* Bytes that it takes at most, without the map. */
uint64_t iq_mark_memory(const struct iq_mark *mark);

/* Asks to be told when @slot is marked. Before anything is marked. */
void iq_mark_watch(struct iq_mark *mark, uint32_t slot);

/* Fetches from memory the beginning of what is about to be marked from. */
void iq_mark_fetch(struct iq_mark *mark, const struct iq_heap_range *range);
/* Marks what the words refer to. */
void iq_mark_range(struct iq_mark *mark, const struct iq_heap_range *range);
void iq_mark_words(struct iq_mark *mark, const struct iq_heap_word *words,
		   size_t num);
/* Marks all that can be reached from what was marked so far. */
struct iq_error *iq_mark_reach(struct iq_mark *mark) iq_must_check;

/* A watched slot that was marked, each once; false if there is no more. */
bool iq_mark_next_seen(struct iq_mark *mark, uint32_t *ret);

bool iq_mark_is_marked(const struct iq_mark *mark, uint32_t slot);

/*
 * Whether words that should have been looked through were not in memory: then
 * what is not marked may be reachable. @addr_ret is the first such address.
 */
bool iq_mark_missed(const struct iq_mark *mark, uint64_t *addr_ret);

#endif
