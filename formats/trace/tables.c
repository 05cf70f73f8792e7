/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trace/tables.h"

#include <inttypes.h>
#include <stdlib.h>

#include "formats/cursor.h"
#include "formats/trace/events.h"

void iq_trace_fault(struct iq_trace_tables *tables,
		    enum iq_trace_fault_kind kind, const char *what,
		    uint64_t offset, uint64_t value)
{
	struct iq_trace_fault *fault = &tables->faults[kind];

	if (fault->count++ == 0) {
		fault->what = what;
		fault->offset = offset;
		fault->value = value;
	}
}

void iq_trace_tables_deinit(struct iq_trace_tables *tables)
{
	iq_vec_deinit(&tables->strings);
	iq_vec_deinit(&tables->stacks);
	iq_vec_deinit(&tables->frames);
	iq_vec_deinit(&tables->samples);
	iq_trace_ids_deinit(&tables->string_ids);
	iq_trace_ids_deinit(&tables->stack_ids);
}

static bool tables_clear(struct iq_trace_tables *tables)
{
	tables->strings.len = 0;
	tables->stacks.len = 0;
	tables->frames.len = 0;
	tables->samples.len = 0;
	iq_trace_ids_clear(&tables->string_ids);
	iq_trace_ids_clear(&tables->stack_ids);
	for (unsigned i = 0; i < IQ_FAULT_NUM; i++)
		tables->faults[i] = (struct iq_trace_fault){ 0 };
	return iq_vec_push(&tables->strings, IQ_STR("")) &&
	       iq_trace_ids_set(&tables->string_ids, 0, 0) &&
	       iq_vec_push(&tables->stacks,
			   (struct iq_trace_table_stack){ 0 }) &&
	       iq_trace_ids_set(&tables->stack_ids, 0, 0);
}

/* Go's reader has no string or stack 0 that could be told, so neither have we;
 * of two with one id the first counts. */
static struct iq_error *id_add(struct iq_trace_tables *tables,
			       struct iq_trace_ids *ids, uint64_t id,
			       size_t index, uint64_t offset)
{
	if (iq_trace_ids_get(ids, id) != IQ_NONE) {
		iq_trace_fault(tables, IQ_FAULT_TWICE,
			       "an id of the tables stands there twice", offset,
			       id);
		return NULL;
	}
	return iq_trace_ids_set(ids, id, (uint32_t)index) ? NULL : &iq_enomem;
}

static struct iq_error *string_read(struct iq_trace_tables *tables,
				    struct iq_cursor *c)
{
	uint64_t offset = iq_cursor_offset(c);
	uint64_t id, len;
	struct iq_str text;

	if (iq_cursor_u8(c, "string") != IQ_EV_STRING)
		iq_cursor_fail(c, "no string where one is due");
	id = iq_cursor_uleb128(c, "string's id");
	len = iq_cursor_uleb128(c, "string's length");
	if (len > IQ_TRACE_STRING_MAX)
		iq_cursor_fail(c, "string of %" PRIu64 " bytes, not %u at most",
			       len, IQ_TRACE_STRING_MAX);
	text = iq_cursor_bytes(c, len, "string");
	if (!iq_cursor_ok(c))
		return NULL;
	if (!iq_vec_push(&tables->strings, text))
		return &iq_enomem;
	return id_add(tables, &tables->string_ids, id, tables->strings.len - 1,
		      offset);
}

static struct iq_error *frame_read(struct iq_trace_tables *tables,
				   struct iq_cursor *c)
{
	struct iq_trace_table_frame frame = { 0 };
	uint64_t function, file;

	frame.pc = iq_cursor_uleb128(c, "frame's pc");
	function = iq_cursor_uleb128(c, "frame's function");
	file = iq_cursor_uleb128(c, "frame's file");
	frame.line = iq_cursor_uleb128(c, "frame's line");
	// Ids of strings, which may follow: resolved when all were read. More
	// than 2^32 strings do not fit a generation.
	frame.function = function < IQ_NONE ? (uint32_t)function : IQ_NONE;
	frame.file = file < IQ_NONE ? (uint32_t)file : IQ_NONE;
	if (!iq_cursor_ok(c))
		return NULL;
	return iq_vec_push(&tables->frames, frame) ? NULL : &iq_enomem;
}

static struct iq_error *stack_read(struct iq_trace_tables *tables,
				   struct iq_cursor *c)
{
	uint64_t offset = iq_cursor_offset(c);
	struct iq_trace_table_stack stack = {
		.first_frame = (uint32_t)tables->frames.len,
	};
	struct iq_error *err = NULL;
	uint64_t id, num;

	if (iq_cursor_u8(c, "stack") != IQ_EV_STACK)
		iq_cursor_fail(c, "no stack where one is due");
	id = iq_cursor_uleb128(c, "stack's id");
	num = iq_cursor_uleb128(c, "stack's length");
	if (num > IQ_TRACE_FRAMES_MAX)
		iq_cursor_fail(c, "stack of %" PRIu64 " frames, not %u at most",
			       num, IQ_TRACE_FRAMES_MAX);
	if (tables->frames.len > UINT32_MAX - IQ_TRACE_FRAMES_MAX)
		iq_cursor_fail(c, "too many frames");
	for (uint64_t i = 0; !err && iq_cursor_ok(c) && i < num; i++)
		err = frame_read(tables, c);
	if (err || !iq_cursor_ok(c))
		return err;
	stack.num_frames = (uint32_t)num;
	if (!iq_vec_push(&tables->stacks, stack))
		return &iq_enomem;
	return id_add(tables, &tables->stack_ids, id, tables->stacks.len - 1,
		      offset);
}

static struct iq_error *sample_read(struct iq_trace_tables *tables,
				    struct iq_cursor *c,
				    const struct iq_trace_clock *clock)
{
	struct iq_trace_sample sample = { .offset = iq_cursor_offset(c) };
	uint64_t stack;

	if (iq_cursor_u8(c, "sample") != IQ_EV_CPU_SAMPLE)
		iq_cursor_fail(c, "no sample where one is due");
	sample.time =
		iq_trace_clock_ns(clock, iq_cursor_uleb128(c, "sample's time"));
	sample.m = iq_cursor_uleb128(c, "sample's thread");
	sample.p = iq_cursor_uleb128(c, "sample's processor");
	iq_cursor_uleb128(c, "sample's goroutine");
	stack = iq_cursor_uleb128(c, "sample's stack");
	sample.stack = stack < IQ_NONE ? (uint32_t)stack : IQ_NONE;
	if (!iq_cursor_ok(c))
		return NULL;
	return iq_vec_push(&tables->samples, sample) ? NULL : &iq_enomem;
}

/* A batch of records of one kind; one that is damaged ends there. */
static struct iq_error *batch_read(struct iq_trace_tables *tables,
				   const struct iq_trace_file *file,
				   const struct iq_trace_batch *batch,
				   const struct iq_trace_clock *clock)
{
	struct iq_error *err = NULL, *damage;
	struct iq_cursor c;

	iq_cursor_init(&c, iq_trace_batch_data(file, batch), batch->size,
		       batch->offset);
	iq_cursor_skip(&c, 1, "batch's type");
	while (!err && iq_cursor_left(&c)) {
		if (batch->kind == IQ_BATCH_STRINGS)
			err = string_read(tables, &c);
		else if (batch->kind == IQ_BATCH_STACKS)
			err = stack_read(tables, &c);
		else
			err = sample_read(tables, &c, clock);
	}
	damage = iq_cursor_done(&c);
	if (damage && damage->has_offset)
		iq_trace_fault(tables, IQ_FAULT_RECORD,
			       "a record of the tables is damaged",
			       damage->offset, 0);
	if (!err && damage == &iq_enomem)
		err = damage;
	iq_error_destroy(damage);
	return err;
}

static uint32_t string_index(struct iq_trace_tables *tables, uint32_t id,
			     uint64_t stack)
{
	uint32_t index = id == IQ_NONE ?
				 IQ_NONE :
				 iq_trace_ids_get(&tables->string_ids, id);

	if (index != IQ_NONE)
		return index;
	iq_trace_fault(tables, IQ_FAULT_FRAME_STRING,
		       "a frame's name is not there", stack, id);
	return 0;
}

static int by_time(const void *va, const void *vb)
{
	const struct iq_trace_sample *a = va, *b = vb;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* Ids become indices once all strings are known. */
static void resolve(struct iq_trace_tables *tables, uint64_t offset)
{
	for (size_t i = 0; i < tables->frames.len; i++) {
		struct iq_trace_table_frame *frame = &tables->frames.data[i];

		frame->function = string_index(tables, frame->function, offset);
		frame->file = string_index(tables, frame->file, offset);
	}
	for (size_t i = 0; i < tables->samples.len; i++) {
		struct iq_trace_sample *sample = &tables->samples.data[i];
		uint32_t id = sample->stack;

		if (id != IQ_NONE)
			id = iq_trace_ids_get(&tables->stack_ids, id);
		if (id == IQ_NONE)
			iq_trace_fault(tables, IQ_FAULT_SAMPLE_STACK,
				       "a sample's stack is not there",
				       sample->offset, sample->stack);
		sample->stack = id == IQ_NONE ? 0 : id;
	}
	if (tables->samples.len)
		qsort(tables->samples.data, tables->samples.len,
		      sizeof(*tables->samples.data), by_time);
}

struct iq_error *iq_trace_tables_read(struct iq_trace_tables *tables,
				      const struct iq_trace_file *file,
				      const struct iq_trace_generation *g)
{
	struct iq_error *err = NULL;

	if (!tables_clear(tables))
		return &iq_enomem;
	for (size_t i = 0; !err && i < g->num_batches; i++) {
		const struct iq_trace_batch *batch =
			&file->batches.data[g->first_batch + i];

		if (batch->kind == IQ_BATCH_STRINGS ||
		    batch->kind == IQ_BATCH_STACKS ||
		    batch->kind == IQ_BATCH_SAMPLES)
			err = batch_read(tables, file, batch, &g->clock);
	}
	if (!err)
		resolve(tables, g->offset);
	return err;
}
