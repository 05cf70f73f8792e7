/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pprof/frames.h"

#include <stdlib.h>
#include <string.h>

struct iq_error *iq_pprof_frames_init(struct iq_pprof_frames *frames,
				      const struct iq_pprof_tables *tables,
				      bool exact_leaves)
{
	const struct iq_frame unknown = { 0 };
	size_t num = tables->locations.len;

	*frames = (struct iq_pprof_frames){
		.tables = tables,
		.facts = tables->facts,
		.exact_leaves = exact_leaves,
	};
	frames->calls = calloc(num + 1, sizeof(*frames->calls));
	if (exact_leaves)
		frames->leaves = calloc(num + 1, sizeof(*frames->leaves));
	if (!frames->calls || (exact_leaves && !frames->leaves))
		return &iq_enomem;
	return iq_facts_frame(frames->facts, &unknown, &frames->unknown);
}

void iq_pprof_frames_deinit(struct iq_pprof_frames *frames)
{
	free(frames->calls);
	free(frames->leaves);
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
				   const struct iq_pprof_place *place,
				   struct iq_frame frame)
{
	const struct iq_pprof_tables *t = frames->tables;
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

struct iq_error *iq_pprof_frames_make(struct iq_pprof_frames *frames,
				      uint32_t location, bool leaf,
				      struct iq_pprof_run *ret)
{
	const struct iq_pprof_tables *t = frames->tables;
	const struct iq_pprof_place *place = &t->locations.data[location];
	bool exact = leaf && frames->exact_leaves;
	struct iq_frame frame = frame_of_place(t, place, exact);
	struct iq_pprof_run run = { .first = (uint32_t)frames->pool.len };
	struct iq_error *err;

	if (frames->pool.len > UINT32_MAX - place->num_calls - 1)
		return iq_error_at(IQ_ERROR_LIMIT, place->entry.offset,
				   "there are too many frames");
	if (place->num_calls)
		err = push_calls(frames, place, frame);
	else
		err = push(frames, &frame);
	if (err)
		return err;
	run.num = (uint32_t)frames->pool.len - run.first;
	if (exact)
		frames->leaves[location] = run;
	else
		frames->calls[location] = run;
	*ret = run;
	return NULL;
}
