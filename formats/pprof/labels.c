/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pprof/labels.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/limits.h"

/* A power of two. */
#define NUM_RECENT 4096
/* Digits of a number of 64 bits, its sign, a space and printf's NUL. */
#define NUMBER_SIZE 24

struct iq_error *iq_pprof_labels_init(struct iq_pprof_labels *labels,
				      const struct iq_pprof_tables *tables)
{
	struct iq_labels *none =
		iq_arena_calloc(&tables->facts->arena, 1, sizeof(*none));

	*labels = (struct iq_pprof_labels){ .tables = tables, .none = none };
	labels->recent = calloc(NUM_RECENT, sizeof(*labels->recent));
	return none && labels->recent ? NULL : &iq_enomem;
}

void iq_pprof_labels_deinit(struct iq_pprof_labels *labels)
{
	iq_vec_deinit(&labels->items);
	iq_vec_deinit(&labels->text);
	free(labels->recent);
	memset(labels, 0, sizeof(*labels));
}

static struct iq_str string_of(const struct iq_pprof_tables *t, int64_t index,
			       uint64_t offset)
{
	// Without a table that is said already, once.
	if (!iq_pprof_has_string(t, index) && t->strings.len)
		iq_facts_gap_offset(t->facts, IQ_GAP_DAMAGED, offset,
				    "a label of a sample is no string of the "
				    "%zu in the profile",
				    t->strings.len);
	return iq_pprof_string(t, index);
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
				uint64_t offset)
{
	const struct iq_pprof_tables *t = l->tables;
	struct iq_label label = { .key = string_of(t, from->key, offset) };

	if (from->str && from->num)
		iq_facts_gap_offset(t->facts, IQ_GAP_DAMAGED, offset,
				    "a label has a text and a number: the "
				    "number is left out");
	// A writer leaves out what is zero: one with a key alone is a text.
	if (from->str || (!from->num && !from->num_unit))
		label.value = string_of(t, from->str, offset);
	else
		label.value = number_of(l, &label, from->num,
					string_of(t, from->num_unit, offset));
	return label;
}

/* Room for the numbers of @num labels, so that they stay where they are. */
static bool text_reserve(struct iq_pprof_labels *l,
			 const struct iq_pprof_label *from, size_t num)
{
	l->text.len = 0;
	for (size_t i = 0; i < num; i++) {
		size_t unit = iq_pprof_string(l->tables, from[i].num_unit).len;

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
				      uint64_t offset)
{
	size_t num = sample->num_labels;

	if (num > IQ_LIMIT_LABELS) {
		iq_facts_gap_offset(labels->tables->facts, IQ_GAP_LIMIT, offset,
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
			label_of(labels, &sample->labels[i], offset);
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

bool iq_pprof_labels_equal(const struct iq_pprof_labels *labels,
			   const struct iq_labels *other)
{
	if (labels->items.len != other->num)
		return false;
	for (size_t i = 0; i < other->num; i++) {
		if (label_compare(&labels->items.data[i], &other->items[i]))
			return false;
	}
	return true;
}

/* Moves a text of ours to the facts' memory. */
static bool text_keep(struct iq_pprof_labels *l, struct iq_str *s)
{
	uintptr_t at = (uintptr_t)s->ptr, text = (uintptr_t)l->text.data;

	if (at - text >= l->text.len)
		return true;
	return iq_str_dup(&l->tables->facts->arena, *s, s);
}

struct iq_error *iq_pprof_labels_keep(struct iq_pprof_labels *labels,
				      const struct iq_labels **ret)
{
	struct iq_pprof_recent *recent =
		&labels->recent[labels->hash & (NUM_RECENT - 1)];
	size_t num = labels->items.len;
	struct iq_labels *kept;
	struct iq_label *items;

	if (num == 0) {
		*ret = labels->none;
		return NULL;
	}
	if (recent->hash == labels->hash && recent->labels &&
	    iq_pprof_labels_equal(labels, recent->labels)) {
		*ret = recent->labels;
		return NULL;
	}
	kept = iq_arena_alloc(&labels->tables->facts->arena,
			      sizeof(*kept) + num * sizeof(*items));
	if (!kept)
		return &iq_enomem;
	items = (void *)(kept + 1);
	for (size_t i = 0; i < num; i++) {
		items[i] = labels->items.data[i];
		if (!text_keep(labels, &items[i].value))
			return &iq_enomem;
	}
	*kept = (struct iq_labels){ items, num };
	*recent = (struct iq_pprof_recent){ labels->hash, kept };
	*ret = kept;
	return NULL;
}
