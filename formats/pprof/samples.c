/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pprof/samples.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "base/limits.h"

/* Appends the frames of the location with @id. */
static struct iq_error *frames_append(struct iq_pprof_samples *s, uint64_t id,
				      bool leaf, uint64_t offset)
{
	uint32_t location = iq_pprof_ids_find(&s->tables->location_ids, id);
	struct iq_pprof_run run;
	struct iq_error *err;

	if (location == IQ_PPROF_NONE) {
		iq_facts_gap_offset(s->facts, IQ_GAP_DAMAGED, offset,
				    "a sample has a location that the profile "
				    "does not have");
		return iq_vec_push(&s->current, s->frames.unknown) ? NULL :
								     &iq_enomem;
	}
	err = iq_pprof_frames_of(&s->frames, location, leaf, &run);
	if (err)
		return err;
	if (s->current.len + run.num > IQ_LIMIT_PPROF_STACK) {
		s->cut = true;
		return NULL;
	}
	if (!iq_vec_reserve(&s->current, run.num))
		return &iq_enomem;
	for (uint32_t i = 0; i < run.num; i++)
		s->current.data[s->current.len++] =
			s->frames.pool.data[run.first + i];
	return NULL;
}

/* Makes the frames of @sample the current ones. */
static struct iq_error *frames_take(struct iq_pprof_samples *s,
				    const struct iq_pprof_sample *sample,
				    uint64_t offset)
{
	struct iq_error *err = NULL;

	s->current.len = 0;
	s->cut = false;
	for (size_t i = 0; i < sample->num_locations && !err && !s->cut; i++)
		err = frames_append(s, sample->location_ids[i], i == 0, offset);
	if (s->cut)
		iq_facts_gap_offset(s->facts, IQ_GAP_LIMIT, offset,
				    "a stack has more than %u frames: the "
				    "outer ones are left out",
				    IQ_LIMIT_PPROF_STACK);
	return err;
}

/* A stack of the current frames. The reader finds out last which are complete:
 * here those are that nothing was left out of. */
static struct iq_error *stack_add(struct iq_pprof_samples *s, uint32_t hash,
				  const struct iq_stack **ret)
{
	size_t num = s->current.len, size = num * sizeof(*s->current.data);
	struct iq_stack *stack =
		iq_arena_alloc(&s->facts->arena, sizeof(*stack) + size);

	if (!stack || !iq_vec_reserve(&s->facts->stacks, 1) ||
	    !iq_slots_add(&s->stacks, hash, (uint32_t)s->facts->stacks.len))
		return &iq_enomem;
	*stack = (struct iq_stack){
		.frames = (void *)(stack + 1),
		.num_frames = (uint32_t)num,
		.complete = !s->cut && num,
		.elided = s->cut,
		.elided_at = s->cut ? (uint32_t)num - 1 : 0,
		.index = (uint32_t)s->facts->stacks.len,
	};
	if (size)
		memcpy(stack + 1, s->current.data, size);
	s->facts->stacks.data[s->facts->stacks.len++] = stack;
	s->num_frames += num;
	*ret = stack;
	return NULL;
}

/*
 * The stack of the current frames; NULL if there are too many of them. Frames
 * are interned: equal stacks have equal pointers. They do not go through
 * iq_facts_stack(), which would take twice the memory, a stack.
 */
static struct iq_error *stack_find(struct iq_pprof_samples *s,
				   const struct iq_stack **ret)
{
	size_t size = s->current.len * sizeof(*s->current.data), at;
	uint32_t hash = (uint32_t)XXH3_64bits(s->current.data, size);
	uint32_t index;

	at = iq_slots_first(&s->stacks, hash);
	while ((index = iq_slots_next(&s->stacks, hash, &at)) !=
	       IQ_SLOTS_NONE) {
		const struct iq_stack *stack = s->facts->stacks.data[index];

		if (stack->num_frames == s->current.len &&
		    stack->elided == s->cut &&
		    (!size ||
		     memcmp(stack->frames, s->current.data, size) == 0)) {
			*ret = stack;
			return NULL;
		}
	}
	*ret = NULL;
	if (s->num_frames + s->current.len > IQ_LIMIT_PPROF_FRAMES)
		return NULL;
	return stack_add(s, hash, ret);
}

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
	err = iq_pprof_reread_at(s->reread, other->place);
	if (!err)
		*equal_ret =
			iq_pprof_labels_equal(&s->labels, &s->reread->labels);
	return err;
}

/* A sample of @stack with the current labels, which stand at @offset. */
static struct iq_error *sample_new(struct iq_pprof_samples *s, uint32_t hash,
				   const struct iq_stack *stack,
				   uint64_t offset)
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
static struct iq_error *sample_find(struct iq_pprof_samples *s,
				    const struct iq_stack *stack,
				    uint64_t offset, size_t *index_ret)
{
	uint64_t key[2] = { stack->index, s->labels.hash };
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
	const struct iq_stack *stack;
	size_t index;
	struct iq_error *err = frames_take(s, sample, offset);

	if (!err)
		err = stack_find(s, &stack);
	if (err)
		return err;
	if (!stack || s->list.len >= IQ_SLOTS_NONE - 1) {
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
				       struct iq_pprof_reread *reread,
				       bool exact_leaves)
{
	struct iq_pprof_samples *s = samples;
	struct iq_error *err;

	*s = (struct iq_pprof_samples){
		.tables = tables,
		.facts = tables->facts,
		.num_types = tables->types.len,
		.labels.strings = tables->strings,
		.reread = reread,
	};
	s->totals = iq_arena_calloc(&s->facts->arena, s->num_types + 1,
				    sizeof(*s->totals));
	if (!s->totals)
		return &iq_enomem;
	err = iq_pprof_frames_init(&s->frames, tables, exact_leaves);
	return err ? err : walk(s);
}

void iq_pprof_samples_trim(struct iq_pprof_samples *samples)
{
	iq_pprof_frames_deinit(&samples->frames);
	iq_pprof_labels_deinit(&samples->labels);
	iq_slots_deinit(&samples->by_content);
	iq_slots_deinit(&samples->stacks);
	iq_vec_deinit(&samples->current);
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
