/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pprof/samples.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "base/limits.h"

/* An empty sample takes two bytes of a file. */
#define TRUSTED_SAMPLES ((uint64_t)4 << 20)

static void value_add(struct iq_pprof_samples *s, int64_t *to, int64_t value,
		      uint64_t offset)
{
	if (!__builtin_add_overflow(*to, value, to))
		return;
	// The builtin leaves what fits into 64 bits.
	*to = value < 0 ? INT64_MIN : INT64_MAX;
	iq_facts_gap_offset(s->facts, IQ_GAP_LIMIT, offset,
			    "a sum does not fit into 64 bits: it is larger "
			    "than what is shown");
}

/* Whether the sample @other has the current labels. */
static struct iq_error *labels_compare(struct iq_pprof_samples *s,
				       const struct iq_sample *other,
				       bool *equal_ret)
{
	struct iq_error *err = NULL;

	if (other->place == IQ_PPROF_NO_LABELS || !s->labels.items.len) {
		*equal_ret = other->place == IQ_PPROF_NO_LABELS &&
			     !s->labels.items.len;
		return NULL;
	}
	err = iq_pprof_kept_labels(s->kept, other->place);
	if (!err)
		*equal_ret =
			iq_pprof_labels_equal(&s->labels, &s->kept->labels);
	return err;
}

/* A sample of @stack with the current labels, which stand at @offset. */
static struct iq_error *sample_new(struct iq_pprof_samples *s, uint32_t hash,
				   uint32_t stack, uint64_t offset)
{
	const struct iq_sample sample = {
		.stack = stack,
		.place = s->labels.items.len ? offset : IQ_PPROF_NO_LABELS,
	};

	if (!iq_slots_add(&s->by_content, hash, (uint32_t)s->list.len) ||
	    !iq_vec_push(&s->list, sample) ||
	    !iq_vec_reserve(&s->values, s->num_types))
		return &iq_enomem;
	memset(s->values.data + s->values.len, 0,
	       s->num_types * sizeof(*s->values.data));
	s->values.len += s->num_types;
	return NULL;
}

/* The sample with @stack and the current labels, perhaps a new one. */
static struct iq_error *sample_find(struct iq_pprof_samples *s, uint32_t stack,
				    uint64_t offset, size_t *index_ret)
{
	uint64_t key[2] = { stack, s->labels.hash };
	uint32_t hash = (uint32_t)XXH3_64bits(key, sizeof(key)), index;
	size_t at = iq_slots_first(&s->by_content, hash);

	while ((index = iq_slots_next(&s->by_content, hash, &at)) !=
	       IQ_SLOTS_NONE) {
		const struct iq_sample *other = &s->list.data[index];
		struct iq_error *err = NULL;
		bool equal = false;

		if (other->stack == stack)
			err = labels_compare(s, other, &equal);
		if (err)
			return err;
		if (equal) {
			*index_ret = index;
			return NULL;
		}
	}
	*index_ret = s->list.len;
	return sample_new(s, hash, stack, offset);
}

/* Whether @sample has a value for each type. */
static bool has_values(const struct iq_pprof_samples *s,
		       const struct iq_pprof_sample *sample, uint64_t offset)
{
	if (s->num_types && sample->num_values == s->num_types)
		return true;
	iq_facts_gap_offset(s->facts, IQ_GAP_DAMAGED, offset,
			    "a sample has %zu values, the profile %zu sample "
			    "types: it is left out",
			    sample->num_values, s->num_types);
	return false;
}

static struct iq_error *sample_add(struct iq_pprof_samples *s,
				   const struct iq_pprof_sample *sample,
				   uint64_t offset)
{
	uint32_t stack;
	size_t index;
	struct iq_error *err = iq_pprof_stacks_find(&s->kept->stacks, s->tables,
						    sample, offset, &stack);

	if (err)
		return err;
	if (stack == IQ_PPROF_NONE || s->list.len >= IQ_SLOTS_NONE - 1) {
		iq_facts_gap_offset(s->facts, IQ_GAP_LIMIT, offset,
				    "there are too many distinct stacks: a "
				    "sample is left out");
		return NULL;
	}
	err = iq_pprof_labels_take(&s->labels, sample, offset, s->facts);
	if (!err)
		err = sample_find(s, stack, offset, &index);
	if (err)
		return err;
	for (size_t i = 0; i < s->num_types; i++) {
		value_add(s, &s->values.data[index * s->num_types + i],
			  sample->values[i], offset);
		value_add(s, &s->totals[i], sample->values[i], offset);
	}
	s->num_read++;
	return NULL;
}

static struct iq_error *sample_take(struct iq_pprof_samples *s,
				    const struct iq_pprof_field *field)
{
	struct iq_pprof_sample sample;
	struct iq_error *err = iq_pprof_sample_unpack(
		s->tables->scratch, field->bytes, field->offset, &sample);

	if (err)
		return iq_pprof_tell(s->facts, err);
	if (!has_values(s, &sample, field->offset))
		return NULL;
	return sample_add(s, &sample, field->offset);
}

static struct iq_error *walk(struct iq_pprof_samples *s)
{
	struct iq_error *err = NULL;
	struct iq_pprof_field field;
	struct iq_cursor c;

	iq_cursor_init(&c, s->tables->source->data, s->tables->end, 0);
	while (!err && iq_pprof_field_next(&c, &field)) {
		if (field.number == IQ_PPROF_SAMPLE &&
		    field.wire == IQ_WIRE_BYTES)
			err = sample_take(s, &field);
	}
	// The first walk told of what stops it.
	iq_error_destroy(iq_cursor_done(&c));
	return err;
}

struct iq_error *iq_pprof_samples_init(struct iq_pprof_samples *samples,
				       const struct iq_pprof_tables *tables,
				       struct iq_pprof_kept *kept)
{
	struct iq_pprof_samples *s = samples;

	*s = (struct iq_pprof_samples){
		.tables = tables,
		.facts = tables->facts,
		.num_types = tables->types.len,
		.labels.strings = tables->strings,
		.kept = kept,
	};
	s->totals = iq_arena_calloc(&s->facts->arena, s->num_types + 1,
				    sizeof(*s->totals));
	// Room at once for what there is, as far as it can be trusted.
	if (!s->totals ||
	    !iq_slots_reserve(&s->by_content,
			      tables->num_samples < TRUSTED_SAMPLES ?
				      tables->num_samples :
				      TRUSTED_SAMPLES))
		return &iq_enomem;
	return walk(s);
}

void iq_pprof_samples_trim(struct iq_pprof_samples *samples)
{
	iq_pprof_labels_deinit(&samples->labels);
	iq_slots_deinit(&samples->by_content);
}

void iq_pprof_samples_deinit(struct iq_pprof_samples *samples)
{
	iq_pprof_samples_trim(samples);
	iq_vec_deinit(&samples->list);
	iq_vec_deinit(&samples->values);
}

/* Where a sample goes: what orders it, and where it stood. */
struct rank {
	int64_t value;
	size_t index;
};

static int rank_compare(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static bool is_ordered(const struct iq_pprof_samples *s, size_t type)
{
	const int64_t *values = s->values.data;
	size_t width = s->num_types;

	for (size_t i = 1; i < s->list.len; i++) {
		if (values[i * width + type] > values[(i - 1) * width + type])
			return false;
	}
	return true;
}

/* Moves samples and values in circles: where i stands belongs ranks[i]. */
static void permute(struct iq_pprof_samples *s, struct rank *ranks,
		    int64_t *spare)
{
	size_t width = s->num_types, size = width * sizeof(*spare);
	int64_t *values = s->values.data;

	for (size_t i = 0; i < s->list.len; i++) {
		struct iq_sample sample = s->list.data[i];
		size_t at = i, from = ranks[i].index;

		if (from == i)
			continue;
		memcpy(spare, values + i * width, size);
		while (from != i) {
			s->list.data[at] = s->list.data[from];
			memcpy(values + at * width, values + from * width,
			       size);
			ranks[at].index = at;
			at = from;
			from = ranks[at].index;
		}
		s->list.data[at] = sample;
		memcpy(values + at * width, spare, size);
		ranks[at].index = at;
	}
}

struct iq_error *iq_pprof_samples_order(struct iq_pprof_samples *samples,
					size_t type)
{
	size_t num = samples->list.len;

	// The runtime writes them in this order.
	if (is_ordered(samples, type))
		return NULL;
	iq_cleanup(iq_freep) struct rank *ranks = calloc(num, sizeof(*ranks));
	iq_cleanup(iq_freep) int64_t *spare =
		calloc(samples->num_types, sizeof(*spare));

	if (!ranks || !spare)
		return &iq_enomem;
	for (size_t i = 0; i < num; i++) {
		ranks[i].value =
			samples->values.data[i * samples->num_types + type];
		ranks[i].index = i;
	}
	qsort(ranks, num, sizeof(*ranks), rank_compare);
	permute(samples, ranks, spare);
	return NULL;
}
