/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pprof/labels.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/limits.h"

/* Digits of a number of 64 bits, its sign, a space and printf's NUL. */
#define NUMBER_SIZE 24

void iq_pprof_labels_deinit(struct iq_pprof_labels *labels)
{
	iq_vec_deinit(&labels->items);
	iq_vec_deinit(&labels->text);
}

/* Whom to tell, and where. */
struct told {
	struct iq_facts *facts;
	uint64_t offset;
};

static struct iq_str string_of(const struct iq_pprof_strings *strings,
			       int64_t index, struct told told)
{
	// Without a table that is said already, once.
	if (told.facts && strings->offsets.len &&
	    !iq_pprof_has_string(strings, index))
		iq_facts_gap_offset(told.facts, IQ_GAP_DAMAGED, told.offset,
				    "a label of a sample is no string of the "
				    "%zu in the profile",
				    strings->offsets.len);
	return iq_pprof_string(strings, index);
}

/* "512", "3 requests": in the text, whose room was made before. */
static struct iq_str number_of(struct iq_pprof_labels *l,
			       const struct iq_label *label, int64_t num,
			       struct iq_str unit)
{
	char *at = l->text.data + l->text.len;
	bool has_unit = unit.len && !iq_str_equal(unit, label->key);
	int len = snprintf(at, NUMBER_SIZE,
			   has_unit ? "%" PRId64 " " : "%" PRId64, num);
	struct iq_str s = { .ptr = at, .len = (size_t)len };

	if (has_unit) {
		memcpy(at + s.len, unit.ptr, unit.len);
		s.len += unit.len;
	}
	l->text.len += s.len;
	return s;
}

static struct iq_label label_of(struct iq_pprof_labels *l,
				const struct iq_pprof_label *from,
				struct told told)
{
	struct iq_label label = { .key = string_of(l->strings, from->key,
						   told) };

	if (told.facts && from->str && from->num)
		iq_facts_gap_offset(told.facts, IQ_GAP_DAMAGED, told.offset,
				    "a label has a text and a number: the "
				    "number is left out");
	// A writer leaves out what is zero: one with a key alone is a text.
	if (from->str || (!from->num && !from->num_unit))
		label.value = string_of(l->strings, from->str, told);
	else
		label.value =
			number_of(l, &label, from->num,
				  string_of(l->strings, from->num_unit, told));
	return label;
}

/* Room for the numbers of @num labels, so that they stay where they are. */
static bool text_reserve(struct iq_pprof_labels *l,
			 const struct iq_pprof_label *from, size_t num)
{
	l->text.len = 0;
	for (size_t i = 0; i < num; i++) {
		size_t unit = iq_pprof_string(l->strings, from[i].num_unit).len;

		if (from[i].str)
			continue;
		if (!iq_vec_reserve(&l->text, NUMBER_SIZE + unit))
			return false;
		l->text.len += NUMBER_SIZE + unit;
	}
	l->text.len = 0;
	return true;
}

static int label_compare(const void *a, const void *b)
{
	const struct iq_label *x = a, *y = b;
	int order = iq_str_compare(x->key, y->key);

	return order ? order : iq_str_compare(x->value, y->value);
}

static uint64_t str_hash(struct iq_str s, uint64_t seed)
{
	return XXH3_64bits_withSeed(s.ptr, s.len, seed);
}

struct iq_error *iq_pprof_labels_take(struct iq_pprof_labels *labels,
				      const struct iq_pprof_sample *sample,
				      uint64_t offset, struct iq_facts *facts)
{
	const struct told told = { facts, offset };
	size_t num = sample->num_labels;

	if (num > IQ_LIMIT_LABELS) {
		if (facts)
			iq_facts_gap_offset(facts, IQ_GAP_LIMIT, offset,
					    "a sample has more than %u labels",
					    IQ_LIMIT_LABELS);
		num = IQ_LIMIT_LABELS;
	}
	labels->items.len = 0;
	labels->hash = 0;
	if (num == 0)
		return NULL;
	if (!iq_vec_reserve(&labels->items, num) ||
	    !text_reserve(labels, sample->labels, num))
		return &iq_enomem;
	for (size_t i = 0; i < num; i++)
		labels->items.data[labels->items.len++] =
			label_of(labels, &sample->labels[i], told);
	if (num > 1)
		qsort(labels->items.data, num, sizeof(*labels->items.data),
		      label_compare);
	for (size_t i = 0; i < num; i++) {
		const struct iq_label *label = &labels->items.data[i];

		labels->hash = str_hash(label->value,
					str_hash(label->key, labels->hash));
	}
	return NULL;
}

bool iq_pprof_labels_equal(const struct iq_pprof_labels *a,
			   const struct iq_pprof_labels *b)
{
	if (a->items.len != b->items.len)
		return false;
	for (size_t i = 0; i < a->items.len; i++) {
		if (label_compare(&a->items.data[i], &b->items.data[i]))
			return false;
	}
	return true;
}
