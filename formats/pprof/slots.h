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
	size_t size; /* any number */
};

static inline void iq_slots_deinit(struct iq_slots *s)
{
	free(s->slots);
	*s = (struct iq_slots){ 0 };
}

/* Where to look first. */
static inline size_t iq_slots_first(const struct iq_slots *s, uint32_t hash)
{
	return (size_t)((uint64_t)hash * s->size >> 32);
}

/* The next index with this hash at or behind *@at, which moves on. */
static inline uint32_t iq_slots_next(const struct iq_slots *s, uint32_t hash,
				     size_t *at)
{
	while (s->size && s->slots[*at].index) {
		const struct iq_slot *slot = &s->slots[*at];

		*at = *at + 1 < s->size ? *at + 1 : 0;
		if (slot->hash == hash)
			return slot->index - 1;
	}
	return IQ_SLOTS_NONE;
}

static inline void iq_slots_put(struct iq_slots *s, struct iq_slot slot)
{
	size_t at = iq_slots_first(s, slot.hash);

	while (s->slots[at].index)
		at = at + 1 < s->size ? at + 1 : 0;
	s->slots[at] = slot;
}

static inline bool iq_slots_resize(struct iq_slots *s, size_t size)
{
	struct iq_slots resized = { .num = s->num, .size = size };

	resized.slots = calloc(size, sizeof(*resized.slots));
	if (!resized.slots)
		return false;
	for (size_t i = 0; i < s->size; i++)
		if (s->slots[i].index)
			iq_slots_put(&resized, s->slots[i]);
	free(s->slots);
	*s = resized;
	return true;
}

/* Room for @num in all, so that adding so many does not grow; false without
 * memory. Three quarters of the slots are used at most. */
static inline bool iq_slots_reserve(struct iq_slots *s, size_t num)
{
	size_t size = num + num / 3 + 64;

	return size <= s->size || iq_slots_resize(s, size);
}

/* Adds @index, which is below IQ_SLOTS_NONE - 1; false without memory. */
static inline bool iq_slots_add(struct iq_slots *s, uint32_t hash,
				uint32_t index)
{
	if (4 * (s->num + 1) > 3 * s->size &&
	    !iq_slots_reserve(s, 2 * (s->num + 1)))
		return false;
	iq_slots_put(s, (struct iq_slot){ hash, index + 1 });
	s->num++;
	return true;
}

#endif
