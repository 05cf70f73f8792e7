/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/word_set.h"

#include <stdlib.h>

#include "base/map.h"

void iq_go_word_set_deinit(struct iq_go_word_set *set)
{
	free(set->slots);
	set->slots = NULL;
}

static struct iq_go_word *slot_of(const struct iq_go_word_set *set,
				  uint64_t word)
{
	size_t i = XXH3_64bits(&word, sizeof(word)) & set->mask;

	while (set->slots[i].word && set->slots[i].word != word)
		i = (i + 1) & set->mask;
	return &set->slots[i];
}

static bool grow(struct iq_go_word_set *set)
{
	struct iq_go_word_set bigger = {
		.mask = set->slots ? 2 * set->mask + 1 : 63,
		.num = set->num,
		.min = set->slots ? set->min : UINT64_MAX,
		.max = set->max,
	};

	bigger.slots = calloc(bigger.mask + 1, sizeof(*bigger.slots));
	if (!bigger.slots)
		return false;
	for (size_t i = 0; set->slots && i <= set->mask; i++) {
		if (set->slots[i].word)
			*slot_of(&bigger, set->slots[i].word) = set->slots[i];
	}
	free(set->slots);
	*set = bigger;
	return true;
}

bool iq_go_word_set_add(struct iq_go_word_set *set, uint64_t word,
			uint64_t object)
{
	struct iq_go_word *slot;

	if (!word)
		return true;
	if ((!set->slots || 2 * set->num > set->mask) && !grow(set))
		return false;
	slot = slot_of(set, word);
	set->num += slot->word == 0;
	*slot = (struct iq_go_word){ word, object };
	if (word < set->min)
		set->min = word;
	if (word > set->max)
		set->max = word;
	return true;
}

uint64_t iq_go_word_set_object(const struct iq_go_word_set *set, uint64_t word)
{
	if (word < set->min || word > set->max)
		return 0;
	return slot_of(set, word)->object;
}
