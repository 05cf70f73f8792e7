/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/word_set.h"

#include <stdlib.h>

#include "base/map.h"

void iq_go_word_set_deinit(struct iq_go_word_set *set)
{
	free(set->slots);
	free(set->filter);
	*set = (struct iq_go_word_set){ 0 };
}

static struct iq_go_word *slot_of(const struct iq_go_word_set *set,
				  uint64_t word)
{
	size_t i = XXH3_64bits(&word, sizeof(word)) & set->mask;

	while (set->slots[i].word && set->slots[i].word != word)
		i = (i + 1) & set->mask;
	return &set->slots[i];
}

static void filter_add(struct iq_go_word_set *set, uint64_t word)
{
	uint64_t bit = iq_go_word_bit(set, word);

	set->filter[bit / 8] |= (uint8_t)(1u << bit % 8);
}

static bool grow(struct iq_go_word_set *set)
{
	struct iq_go_word_set bigger = {
		.mask = set->slots ? 2 * set->mask + 1 : 63,
		.num = set->num,
		.min = set->slots ? set->min : UINT64_MAX,
		.max = set->max,
		// 64 slots have 512 bits.
		.shift = set->slots ? set->shift - 1 : 64 - 9,
	};

	bigger.slots = calloc(bigger.mask + 1, sizeof(*bigger.slots));
	bigger.filter = calloc(bigger.mask + 1, 1);
	if (!bigger.slots || !bigger.filter) {
		free(bigger.slots);
		free(bigger.filter);
		return false;
	}
	for (size_t i = 0; set->slots && i <= set->mask; i++) {
		if (!set->slots[i].word)
			continue;
		*slot_of(&bigger, set->slots[i].word) = set->slots[i];
		filter_add(&bigger, set->slots[i].word);
	}
	free(set->slots);
	free(set->filter);
	*set = bigger;
	return true;
}

bool iq_go_word_set_add_kinds(struct iq_go_word_set *set, uint64_t word,
			      uint64_t object, unsigned kinds)
{
	struct iq_go_word *slot;

	if (!word)
		return true;
	if ((!set->slots || 2 * set->num > set->mask) && !grow(set))
		return false;
	slot = slot_of(set, word);
	set->num += slot->word == 0;
	*slot = (struct iq_go_word){ word, object, slot->kinds | kinds };
	filter_add(set, word);
	if (word < set->min)
		set->min = word;
	if (word > set->max)
		set->max = word;
	return true;
}

bool iq_go_word_set_add(struct iq_go_word_set *set, uint64_t word,
			uint64_t object)
{
	return iq_go_word_set_add_kinds(set, word, object, 0);
}

const struct iq_go_word *iq_go_word_set_find(const struct iq_go_word_set *set,
					     uint64_t word)
{
	const struct iq_go_word *slot;

	if (!iq_go_word_set_may(set, word))
		return NULL;
	slot = slot_of(set, word);
	return slot->word ? slot : NULL;
}

uint64_t iq_go_word_set_object(const struct iq_go_word_set *set, uint64_t word)
{
	const struct iq_go_word *found = iq_go_word_set_find(set, word);

	return found ? found->object : 0;
}
