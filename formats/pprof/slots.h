/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of indexes into somebody's array, found by hash: eight bytes for each,
 * where profiles have a million samples.
 *
 *	for (n = iq_slots_first(s, hash); (i = iq_slots_next(s, hash, &n)) !=
 *	     IQ_SLOTS_NONE;)
 *		if (is_equal(i)) return i;
 *	iq_slots_add(s, hash, new_index)
 */
#ifndef IQ_FORMATS_PPROF_SLOTS_H
#define IQ_FORMATS_PPROF_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define IQ_SLOTS_NONE UINT32_MAX

struct iq_slots {
	struct iq_slot {
		uint32_t hash;
		uint32_t index; /* plus one; 0: free */
	} * slots;
	size_t num;  /* in use */
	size_t size; /* a power of two, or 0 */
};

static inline void iq_slots_deinit(struct iq_slots *s)
{
	free(s->slots);
	*s = (struct iq_slots){ 0 };
}

/* Where to look first. */
static inline size_t iq_slots_first(const struct iq_slots *s, uint32_t hash)
{
	return s->size ? hash & (s->size - 1) : 0;
}

/* The next index with this hash at or behind *@at, which moves on. */
static inline uint32_t iq_slots_next(const struct iq_slots *s, uint32_t hash,
				     size_t *at)
{
	while (s->size && s->slots[*at].index) {
		const struct iq_slot *slot = &s->slots[*at];

		*at = (*at + 1) & (s->size - 1);
		if (slot->hash == hash)
			return slot->index - 1;
	}
	return IQ_SLOTS_NONE;
}

static inline void iq_slots_put(struct iq_slots *s, struct iq_slot slot)
{
	size_t at = iq_slots_first(s, slot.hash);

	while (s->slots[at].index)
		at = (at + 1) & (s->size - 1);
	s->slots[at] = slot;
}

static inline bool iq_slots_grow(struct iq_slots *s)
{
	struct iq_slots grown = {
		.num = s->num,
		.size = s->size ? 2 * s->size : 64,
	};

	grown.slots = calloc(grown.size, sizeof(*grown.slots));
	if (!grown.slots)
		return false;
	for (size_t i = 0; i < s->size; i++)
		if (s->slots[i].index)
			iq_slots_put(&grown, s->slots[i]);
	free(s->slots);
	*s = grown;
	return true;
}

/* Adds @index, which is below IQ_SLOTS_NONE - 1; false without memory. */
static inline bool iq_slots_add(struct iq_slots *s, uint32_t hash,
				uint32_t index)
{
	// Three quarters full.
	if (4 * (s->num + 1) > 3 * s->size && !iq_slots_grow(s))
		return false;
	iq_slots_put(s, (struct iq_slot){ hash, index + 1 });
	s->num++;
	return true;
}

#endif
