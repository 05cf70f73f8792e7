/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pprof/stacks.h"

#include <string.h>
#include <xxhash.h>

#include "base/limits.h"
#include "formats/pprof/depth.h"
#include "formats/pprof/field.h"
#include "formats/pprof/kind.h"

struct iq_error *iq_pprof_stacks_init(struct iq_pprof_stacks *stacks,
				      struct iq_pprof_tables *tables,
				      bool exact_leaves)
{
	stacks->source = tables->source;
	stacks->location_ids = tables->location_ids;
	memset(&tables->location_ids, 0, sizeof(tables->location_ids));
	return iq_pprof_frames_init(&stacks->frames, tables, exact_leaves);
}

void iq_pprof_stacks_trim(struct iq_pprof_stacks *stacks)
{
	iq_slots_deinit(&stacks->by_content);
	iq_slots_deinit(&stacks->frames.by_frames);
	iq_vec_deinit(&stacks->current);
}

void iq_pprof_stacks_deinit(struct iq_pprof_stacks *stacks)
{
	iq_pprof_stacks_trim(stacks);
	iq_pprof_ids_deinit(&stacks->location_ids);
	iq_pprof_frames_deinit(&stacks->frames);
	iq_vec_deinit(&stacks->places);
	iq_vec_deinit(&stacks->ret_frames);
}

/* ---- the current one */

/* The first location with the frames of the one with @id, and their number. */
static struct iq_error *location_find(struct iq_pprof_stacks *s,
				      const struct iq_pprof_tables *tables,
				      uint64_t id, uint64_t offset,
				      uint32_t *same_ret, uint32_t *num_ret)
{
	uint32_t location = iq_pprof_ids_find(&s->location_ids, id);
	struct iq_error *err = NULL;

	if (location == IQ_PPROF_NONE) {
		iq_facts_gap_offset(s->frames.facts, IQ_GAP_DAMAGED, offset,
				    "a sample has a location that the profile "
				    "does not have");
		*same_ret = IQ_PPROF_NONE;
		*num_ret = 1;
		return NULL;
	}
	if (!s->frames.runs[location].num)
		err = iq_pprof_frames_make(&s->frames, tables, location);
	*same_ret = s->frames.runs[location].same;
	*num_ret = s->frames.runs[location].num;
	return err;
}

static struct iq_error *current_take(struct iq_pprof_stacks *s,
				     const struct iq_pprof_tables *tables,
				     const struct iq_pprof_sample *sample,
				     uint64_t offset)
{
	size_t num = sample->num_locations;

	s->current.len = 0;
	s->current_frames = 0;
	s->cut = false;
	if (!iq_vec_reserve(&s->current, num))
		return &iq_enomem;
	for (size_t i = 0; i < num; i++) {
		uint32_t same, num_frames;
		struct iq_error *err =
			location_find(s, tables, sample->location_ids[i],
				      offset, &same, &num_frames);

		if (err)
			return err;
		if (s->current_frames + num_frames > IQ_LIMIT_PPROF_STACK) {
			s->cut = true;
			iq_facts_gap_offset(s->frames.facts, IQ_GAP_LIMIT,
					    offset,
					    "a stack has more than %u frames: "
					    "the outer ones are left out",
					    IQ_LIMIT_PPROF_STACK);
			return NULL;
		}
		s->current_frames += num_frames;
		s->current.data[s->current.len++] = same;
	}
	return NULL;
}

/* ---- others, where they stand */

/* The location ids of a sample that was unpacked before, one by one. */
struct walk {
	struct iq_cursor fields;
	struct iq_cursor packed;
};

static bool walk_init(struct walk *w, const struct iq_source *source,
		      uint64_t place)
{
	struct iq_pprof_field field;

	if (!iq_pprof_field_at(source, place, &field))
		return false;
	iq_cursor_init(&w->fields, field.bytes.ptr, field.bytes.len, 0);
	iq_cursor_init(&w->packed, NULL, 0, 0);
	return true;
}

static void walk_deinit(struct walk *w)
{
	iq_error_destroy(iq_cursor_done(&w->packed));
	iq_error_destroy(iq_cursor_done(&w->fields));
}

/* False at the end, or at what cannot be read. */
static bool walk_next(struct walk *w, uint64_t *ret)
{
	struct iq_pprof_field field;

	while (!iq_cursor_left(&w->packed)) {
		if (!iq_cursor_ok(&w->packed) ||
		    !iq_pprof_field_next(&w->fields, &field))
			return false;
		if (field.number != 1)
			continue;
		if (field.wire == IQ_WIRE_VARINT) {
			*ret = field.value;
			return true;
		}
		iq_cursor_init(&w->packed, field.bytes.ptr, field.bytes.len, 0);
	}
	*ret = iq_cursor_uleb128(&w->packed, "location id");
	return iq_cursor_ok(&w->packed);
}

/* As location_find(), of what was found before. */
static uint32_t same_of(const struct iq_pprof_stacks *s, uint64_t id)
{
	uint32_t location = iq_pprof_ids_find(&s->location_ids, id);

	return location == IQ_PPROF_NONE ? IQ_PPROF_NONE :
					   s->frames.runs[location].same;
}

/* Whether the stack at @place is the current one. */
static bool is_current(const struct iq_pprof_stacks *s, uint64_t place)
{
	struct walk w;
	uint64_t id;
	size_t i = 0;

	if (!walk_init(&w, s->source, place))
		return false;
	while (i < s->current.len && walk_next(&w, &id) &&
	       same_of(s, id) == s->current.data[i])
		i++;
	// What was cut goes on, and nothing else does.
	if (i < s->current.len || walk_next(&w, &id) != s->cut)
		i = SIZE_MAX;
	walk_deinit(&w);
	return i == s->current.len;
}

/* ---- finding */

/* What is known of the current stack only while its locations are here. */
static void current_count(struct iq_pprof_stacks *s)
{
	size_t len = s->current.len;
	uint32_t outer = len ? s->current.data[len - 1] : IQ_PPROF_NONE;
	uint32_t leaf = len ? s->current.data[0] : IQ_PPROF_NONE;
	uint32_t pcs = s->current_frames;

	s->num_frames += s->current_frames;
	if (s->current_frames > s->most)
		s->most = s->current_frames;
	if (outer != IQ_PPROF_NONE)
		pcs -= s->frames.runs[outer].num - 1;
	if (pcs > s->most_pcs)
		s->most_pcs = pcs;
	if (leaf != IQ_PPROF_NONE) {
		const struct iq_pprof_run *run = &s->frames.runs[leaf];
		struct iq_str name = s->frames.pool.data[run->first]->function;

		s->num_named += name.len > 0;
		s->num_unlocks += iq_pprof_unlocks(name);
	}
}

struct iq_error *iq_pprof_stacks_find(struct iq_pprof_stacks *stacks,
				      const struct iq_pprof_tables *tables,
				      const struct iq_pprof_sample *sample,
				      uint64_t offset, uint32_t *ret)
{
	struct iq_pprof_stacks *s = stacks;
	struct iq_error *err = current_take(s, tables, sample, offset);
	uint32_t hash, number;
	size_t at;

	if (err)
		return err;
	hash = (uint32_t)XXH3_64bits(s->current.data,
				     s->current.len * sizeof(*s->current.data));
	at = iq_slots_first(&s->by_content, hash);
	while ((number = iq_slots_next(&s->by_content, hash, &at)) !=
	       IQ_SLOTS_NONE) {
		if (!is_current(s, s->places.data[number]))
			continue;
		*ret = number;
		return NULL;
	}
	*ret = IQ_PPROF_NONE;
	if (s->num_frames + s->current_frames > IQ_LIMIT_PPROF_FRAMES ||
	    s->places.len >= IQ_PPROF_NONE - 1)
		return NULL;
	if (!iq_slots_add(&s->by_content, hash, (uint32_t)s->places.len) ||
	    !iq_vec_push(&s->places, offset))
		return &iq_enomem;
	current_count(s);
	*ret = (uint32_t)s->places.len - 1;
	return NULL;
}

/* ---- reading again */

/* Appends the frames of the location with @id; false if they are too many. */
static bool frames_append(struct iq_pprof_stacks *s, uint64_t id, bool leaf)
{
	const struct iq_frame *const *from = &s->frames.unknown;
	uint32_t location = iq_pprof_ids_find(&s->location_ids, id);
	uint32_t num = 1;

	if (location != IQ_PPROF_NONE && s->frames.runs[location].num) {
		const struct iq_pprof_run *run = &s->frames.runs[location];

		from = s->frames.pool.data + (leaf ? run->leaf : run->first);
		num = run->num;
	}
	if (s->ret_frames.len + num > IQ_LIMIT_PPROF_STACK)
		return false;
	// There is room for the most frames that a stack has.
	for (uint32_t i = 0; i < num; i++)
		s->ret_frames.data[s->ret_frames.len++] = from[i];
	return true;
}

struct iq_error *iq_pprof_stacks_get(struct iq_pprof_stacks *stacks,
				     struct iq_pprof_scratch *scratch,
				     uint32_t number,
				     const struct iq_stack **ret)
{
	struct iq_pprof_stacks *s = stacks;
	struct iq_pprof_sample sample = { 0 };
	uint64_t place = s->places.data[number];
	struct iq_pprof_field field;
	struct iq_error *err = NULL;
	bool whole = true;

	s->ret_frames.len = 0;
	if (!iq_vec_reserve(&s->ret_frames, IQ_LIMIT_PPROF_STACK))
		return &iq_enomem;
	if (iq_pprof_field_at(s->source, place, &field))
		err = iq_pprof_sample_unpack(scratch, field.bytes, place,
					     &sample);
	if (err && err->code == IQ_ERROR_NOMEM)
		return err;
	// It was good once: who changed the file is told of elsewhere.
	iq_error_destroy(err);
	for (size_t i = 0; i < sample.num_locations && whole; i++)
		whole = frames_append(s, sample.location_ids[i], i == 0);
	s->ret = (struct iq_stack){
		.frames = s->ret_frames.data,
		.num_frames = (uint32_t)s->ret_frames.len,
		.index = number,
	};
	iq_pprof_depth_mark(&s->ret, s->depth, whole);
	*ret = &s->ret;
	return NULL;
}
