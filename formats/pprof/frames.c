/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pprof/frames.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct iq_error *iq_pprof_frames_init(struct iq_pprof_frames *frames,
				      const struct iq_pprof_tables *tables,
				      bool exact_leaves)
{
	const struct iq_frame unknown = { 0 };

	*frames = (struct iq_pprof_frames){
		.facts = tables->facts,
		.exact_leaves = exact_leaves,
	};
	frames->runs = calloc(tables->locations.len + 1, sizeof(*frames->runs));
	if (!frames->runs)
		return &iq_enomem;
	return iq_facts_frame(frames->facts, &unknown, &frames->unknown);
}

void iq_pprof_frames_deinit(struct iq_pprof_frames *frames)
{
	free(frames->runs);
	iq_slots_deinit(&frames->by_frames);
	iq_vec_deinit(&frames->pool);
	memset(frames, 0, sizeof(*frames));
}

/* What all frames of a location have in common. */
static struct iq_frame frame_of_place(const struct iq_pprof_tables *t,
				      const struct iq_pprof_place *place,
				      bool exact)
{
	struct iq_frame frame = { 0 };

	if (place->mapping != IQ_PPROF_NONE)
		frame.module = iq_pprof_string(
			t->strings, t->mappings.data[place->mapping].filename);
	// "[kernel.kallsyms]", "[vdso]": no Go code is in there.
	frame.foreign = iq_str_starts(frame.module, IQ_STR("["));
	if (place->address && (exact || place->address < UINT64_MAX)) {
		// Go: src/runtime/pprof/proto.go, locForPC(): what is written
		// is the return address less one.
		frame.has_pc = true;
		frame.pc_exact = exact;
		frame.pc = exact ? place->address : place->address + 1;
	}
	return frame;
}

static struct iq_error *push(struct iq_pprof_frames *frames,
			     const struct iq_frame *frame)
{
	const struct iq_frame *interned;
	struct iq_error *err = iq_facts_frame(frames->facts, frame, &interned);

	if (!err && !iq_vec_push(&frames->pool, interned))
		err = &iq_enomem;
	return err;
}

static struct iq_error *push_calls(struct iq_pprof_frames *frames,
				   const struct iq_pprof_tables *t,
				   const struct iq_pprof_place *place,
				   struct iq_frame frame)
{
	const struct iq_pprof_call *calls = t->calls.data + place->first_call;
	struct iq_error *err = NULL;

	for (uint32_t i = 0; i < place->num_calls && !err; i++) {
		const uint64_t function = calls[i].function;

		frame.function = frame.file = IQ_STR("");
		if (function != IQ_PPROF_NONE) {
			const struct iq_pprof_symbol *symbol =
				&t->functions.data[function];

			frame.function =
				iq_pprof_string(t->strings, symbol->name);
			frame.file =
				iq_pprof_string(t->strings, symbol->filename);
		}
		frame.line = calls[i].line;
		frame.inlined = i + 1 < place->num_calls;
		err = push(frames, &frame);
	}
	return err;
}

/* Appends the frames of @place; *@first_ret: where. */
static struct iq_error *push_place(struct iq_pprof_frames *frames,
				   const struct iq_pprof_tables *t,
				   const struct iq_pprof_place *place,
				   bool exact, uint32_t *first_ret)
{
	const struct iq_frame frame = frame_of_place(t, place, exact);

	if (frames->pool.len > UINT32_MAX - place->num_calls - 1)
		return iq_error_at(IQ_ERROR_LIMIT, place->entry.offset,
				   "there are too many frames");
	*first_ret = (uint32_t)frames->pool.len;
	return place->num_calls ? push_calls(frames, t, place, frame) :
				  push(frames, &frame);
}

/* Sets run->same. Frames are interned: equal ones have equal pointers. */
static struct iq_error *same_find(struct iq_pprof_frames *frames,
				  uint32_t location, struct iq_pprof_run *run)
{
	const struct iq_frame **own = frames->pool.data + run->first;
	size_t size = run->num * sizeof(*own), at;
	uint32_t hash = (uint32_t)XXH3_64bits(own, size), other;

	at = iq_slots_first(&frames->by_frames, hash);
	while ((other = iq_slots_next(&frames->by_frames, hash, &at)) !=
	       IQ_SLOTS_NONE) {
		const struct iq_pprof_run *r = &frames->runs[other];

		if (r->num == run->num &&
		    memcmp(frames->pool.data + r->first, own, size) == 0) {
			run->same = other;
			return NULL;
		}
	}
	run->same = location;
	return iq_slots_add(&frames->by_frames, hash, location) ? NULL :
								  &iq_enomem;
}

struct iq_error *iq_pprof_frames_make(struct iq_pprof_frames *frames,
				      const struct iq_pprof_tables *tables,
				      uint32_t location)
{
	const struct iq_pprof_place *place = &tables->locations.data[location];
	struct iq_pprof_run run = { 0 };
	struct iq_error *err =
		push_place(frames, tables, place, false, &run.first);

	if (err)
		return err;
	run.num = (uint32_t)frames->pool.len - run.first;
	run.leaf = run.first;
	if (frames->exact_leaves)
		err = push_place(frames, tables, place, true, &run.leaf);
	if (!err)
		err = same_find(frames, location, &run);
	if (!err)
		frames->runs[location] = run;
	return err;
}
