/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trace/file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats/cursor.h"
#include "formats/trace/events.h"
#include "formats/trace/wire.h"

/* What stands before a batch's data. */
struct batch_header {
	uint64_t generation;
	struct iq_trace_batch batch;
};

static enum iq_trace_batch_kind kind_of(const struct iq_trace_file *file,
					const uint8_t *data, uint64_t size)
{
	bool has_sync = file->header.minor >= IQ_TRACE_SYNC_BATCH;

	if (size == 0)
		return IQ_BATCH_EVENTS;
	switch (data[0]) {
	case IQ_EV_STRINGS:
		return IQ_BATCH_STRINGS;
	case IQ_EV_STACKS:
		return IQ_BATCH_STACKS;
	case IQ_EV_CPU_SAMPLES:
		return IQ_BATCH_SAMPLES;
	case IQ_EV_FREQUENCY:
		return has_sync ? IQ_BATCH_EVENTS : IQ_BATCH_CLOCK;
	case IQ_EV_SYNC:
		return has_sync ? IQ_BATCH_CLOCK : IQ_BATCH_EVENTS;
	default:
		return IQ_BATCH_EVENTS;
	}
}

/* The rest of a batch's header and a step over its data. */
static void batch_read(const struct iq_trace_file *file, struct iq_cursor *c,
		       bool experimental, struct batch_header *ret)
{
	struct iq_trace_batch *batch = &ret->batch;
	uint64_t size;

	if (experimental)
		iq_cursor_u8(c, "experiment");
	ret->generation = iq_cursor_uleb128(c, "batch's generation");
	batch->m = iq_cursor_uleb128(c, "batch's thread");
	batch->time = iq_cursor_uleb128(c, "batch's time");
	size = iq_cursor_uleb128(c, "batch's size");
	if (size > IQ_TRACE_BATCH_MAX)
		iq_cursor_fail(c, "batch of %" PRIu64 " bytes, not %u at most",
			       size, IQ_TRACE_BATCH_MAX);
	if (ret->generation == 0)
		iq_cursor_fail(c, "batch of generation 0");
	batch->offset = iq_cursor_offset(c);
	batch->size = (uint32_t)size;
	batch->kind = experimental ? IQ_BATCH_EXPERIMENT :
				     kind_of(file, c->data + c->pos,
					     iq_cursor_left(c) ? size : 0);
	iq_cursor_skip(c, size, "batch");
}

/* One record of a clock batch; false at its end or at damage. */
static bool clock_record(struct iq_trace_file *file, struct iq_cursor *c,
			 struct iq_trace_clock *clock, uint64_t *time)
{
	uint64_t offset = iq_cursor_offset(c);
	bool again = false;

	if (!iq_cursor_left(c))
		return false;
	switch (iq_cursor_u8(c, "clock record")) {
	case IQ_EV_FREQUENCY: {
		uint64_t frequency = iq_cursor_uleb128(c, "frequency");

		again = clock->has_frequency;
		if (iq_cursor_ok(c) && !again)
			iq_trace_clock_set(clock, frequency);
		break;
	}
	case IQ_EV_CLOCK_SNAPSHOT: {
		uint64_t units = iq_cursor_uleb128(c, "snapshot's time");
		uint64_t mono = iq_cursor_uleb128(c, "monotonic time");
		uint64_t s = iq_cursor_uleb128(c, "seconds");
		uint64_t ns = iq_cursor_uleb128(c, "nanoseconds");

		again = clock->has_snapshot;
		if (!iq_cursor_ok(c) || again)
			break;
		*time += units;
		clock->has_snapshot = true;
		clock->snap_units = *time;
		clock->snap_mono_ns = mono;
		clock->snap_wall_s = s;
		clock->snap_wall_ns = ns;
		break;
	}
	default:
		iq_cursor_fail(c, "neither a frequency nor a clock snapshot");
	}
	if (again && !file->clock_twice) {
		file->clock_twice = true;
		file->clock_twice_offset = offset;
	}
	return iq_cursor_ok(c);
}

/* Go: src/internal/trace/generation.go, setSyncBatch. */
static struct iq_error *clock_read(struct iq_trace_file *file,
				   const struct iq_trace_batch *batch,
				   struct iq_trace_clock *clock)
{
	struct iq_cursor c;
	uint64_t time = batch->time;

	iq_cursor_init(&c, iq_trace_batch_data(file, batch), batch->size,
		       batch->offset);
	if (file->header.minor >= IQ_TRACE_SYNC_BATCH)
		iq_cursor_skip(&c, 1, "sync");
	while (clock_record(file, &c, clock, &time))
		;
	return iq_cursor_done(&c);
}

static struct iq_trace_generation *last_generation(struct iq_trace_file *file)
{
	size_t n = file->generations.len;

	return n ? &file->generations.data[n - 1] : NULL;
}

/* Puts a batch where it belongs; an error is the end of what can be used. */
static struct iq_error *batch_add(struct iq_trace_file *file,
				  const struct batch_header *header,
				  uint64_t offset)
{
	bool marked = file->header.minor >= IQ_TRACE_END_OF_GENERATION;
	struct iq_trace_generation *g = last_generation(file);
	const struct iq_trace_batch *batch = &header->batch;

	if (g && !g->whole && header->generation != g->number) {
		if (marked)
			return iq_error_at(
				IQ_ERROR_FORMAT, offset,
				"batch of generation %" PRIu64
				" before the end of generation %" PRIu64,
				header->generation, g->number);
		if (header->generation != g->number + 1)
			return iq_error_at(IQ_ERROR_FORMAT, offset,
					   "batch of generation %" PRIu64
					   " after generation %" PRIu64,
					   header->generation, g->number);
		g->whole = true;
	}
	if (!g || g->whole) {
		struct iq_trace_generation fresh = {
			.number = header->generation,
			.first_batch = file->batches.len,
			.offset = offset,
			.min_time = batch->time,
		};

		if (!iq_vec_push(&file->generations, fresh))
			return &iq_enomem;
		g = last_generation(file);
	}
	// Go's reader takes a time of 0 for none.
	if (g->min_time == 0 || batch->time < g->min_time)
		g->min_time = batch->time;
	if (!iq_vec_push(&file->batches, *batch))
		return &iq_enomem;
	g->num_batches++;
	if (batch->kind != IQ_BATCH_CLOCK)
		return NULL;
	return clock_read(file, batch, &g->clock);
}

static struct iq_error *type_error(struct iq_cursor *c, uint64_t offset,
				   uint8_t type)
{
	if (type == 'g' && iq_cursor_left(c) >= 4 &&
	    memcmp(c->data + c->pos, "o 1.", 4) == 0)
		return iq_error_at(IQ_ERROR_FORMAT, offset,
				   "another trace begins here: two files in "
				   "one, of which the first is read");
	return iq_error_at(IQ_ERROR_FORMAT, offset,
			   "record of type %u, not a batch", type);
}

static struct iq_error *record_read(struct iq_trace_file *file,
				    struct iq_cursor *c)
{
	bool marked = file->header.minor >= IQ_TRACE_END_OF_GENERATION;
	struct iq_trace_generation *g = last_generation(file);
	uint64_t offset = iq_cursor_offset(c);
	uint8_t type = iq_cursor_u8(c, "batch");
	struct batch_header header = { 0 };
	struct iq_error *err;

	if (type == IQ_EV_END_OF_GENERATION && marked) {
		if (!g || g->whole)
			return iq_error_at(IQ_ERROR_FORMAT, offset,
					   "end of a generation that has no "
					   "batches");
		g->whole = true;
		return NULL;
	}
	if (type != IQ_EV_EVENT_BATCH && type != IQ_EV_EXPERIMENTAL_BATCH)
		return type_error(c, offset, type);
	batch_read(file, c, type == IQ_EV_EXPERIMENTAL_BATCH, &header);
	err = iq_cursor_done(c);
	return err ? err : batch_add(file, &header, offset);
}

/* Batches that reach into the last bytes of the file are read from a copy. */
static bool tail_copy(struct iq_trace_file *file)
{
	const struct iq_source *source = file->source;
	uint64_t len = IQ_TRACE_BATCH_MAX + 2 * IQ_WIRE_MAX;

	if (len > source->size)
		len = source->size;
	file->tail = calloc(1, len + IQ_WIRE_MAX);
	if (!file->tail)
		return false;
	file->tail_offset = source->size - len;
	memcpy(file->tail, source->data + file->tail_offset, len);
	return true;
}

struct iq_error *iq_trace_file_index(struct iq_trace_file *file,
				     const struct iq_source *source,
				     const struct iq_trace_header *header)
{
	struct iq_error *err = NULL;
	struct iq_cursor c;

	*file = (struct iq_trace_file){ .source = source, .header = *header };
	if (!tail_copy(file))
		return &iq_enomem;
	iq_cursor_init(&c, source->data, source->size, 0);
	iq_cursor_skip(&c, IQ_TRACE_HEADER_SIZE, "header");
	while (!err && iq_cursor_left(&c))
		err = record_read(file, &c);
	if (err == &iq_enomem)
		return err;
	file->damage = err;
	// Until 1.25 nothing marks the end of the last one.
	if (!err && header->minor < IQ_TRACE_END_OF_GENERATION &&
	    last_generation(file))
		last_generation(file)->whole = true;
	return NULL;
}

void iq_trace_file_deinit(struct iq_trace_file *file)
{
	iq_vec_deinit(&file->batches);
	iq_vec_deinit(&file->generations);
	free(file->tail);
	iq_error_destroy(file->damage);
	*file = (struct iq_trace_file){ 0 };
}

const uint8_t *iq_trace_batch_data(const struct iq_trace_file *file,
				   const struct iq_trace_batch *batch)
{
	uint64_t end = batch->offset + batch->size;

	if (file->source->size - end >= IQ_WIRE_MAX)
		return file->source->data + batch->offset;
	return file->tail + (batch->offset - file->tail_offset);
}
