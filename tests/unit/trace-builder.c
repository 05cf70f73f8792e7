/* SPDX-License-Identifier: Apache-2.0 */
#include "trace-builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "formats/trace/events.h"

extern const struct iq_reader iq_reader_go_trace;

static void push(struct trace_builder *b, uint8_t byte)
{
	assert_true(iq_vec_push(&b->bytes, byte));
}

static void push_number(struct trace_builder *b, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		push(b, (uint8_t)(number | 0x80));
	push(b, (uint8_t)number);
}

void trace_byte(struct trace_builder *b, uint8_t byte)
{
	assert_true(iq_vec_push(&b->batch, byte));
}

void trace_number(struct trace_builder *b, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		trace_byte(b, (uint8_t)(number | 0x80));
	trace_byte(b, (uint8_t)number);
}

void trace_begin(struct trace_builder *b, unsigned minor)
{
	char header[32] = { 0 };

	*b = (struct trace_builder){ .minor = minor };
	snprintf(header, sizeof(header), "go 1.%u trace", minor);
	for (unsigned i = 0; i < 16; i++)
		push(b, (uint8_t)header[i]);
}

void trace_deinit(struct trace_builder *b)
{
	iq_vec_deinit(&b->bytes);
	iq_vec_deinit(&b->batch);
}

void trace_flush(struct trace_builder *b)
{
	if (!b->batch.len)
		return;
	push(b, IQ_EV_EVENT_BATCH);
	push_number(b, b->generation);
	push_number(b, b->m);
	push_number(b, b->time);
	push_number(b, b->batch.len);
	for (size_t i = 0; i < b->batch.len; i++)
		push(b, b->batch.data[i]);
	b->batch.len = 0;
}

void trace_thread(struct trace_builder *b, uint64_t m, uint64_t time)
{
	trace_flush(b);
	b->m = m;
	b->time = time;
}

void trace_generation(struct trace_builder *b, uint64_t number)
{
	trace_flush(b);
	b->generation = number;
	trace_thread(b, UINT64_MAX, 1000000);
	if (b->minor >= 25)
		trace_byte(b, IQ_EV_SYNC);
	trace_byte(b, IQ_EV_FREQUENCY);
	trace_number(b, 15625000);
	if (b->minor >= 25) {
		// 100 ticks on, by all clocks.
		trace_byte(b, IQ_EV_CLOCK_SNAPSHOT);
		trace_number(b, 100);
		trace_number(b, 1000100 * 64);
		trace_number(b, 1700000000);
		trace_number(b, 5);
	}
	trace_flush(b);
}

void trace_generation_end(struct trace_builder *b)
{
	trace_flush(b);
	if (b->minor >= 26)
		push(b, IQ_EV_END_OF_GENERATION);
}

void trace_event(struct trace_builder *b, uint8_t kind, size_t num,
		 const uint64_t *numbers)
{
	assert_int_equal(num, iq_trace_events[kind].num_args);
	trace_byte(b, kind);
	for (size_t i = 0; i < num; i++)
		trace_number(b, numbers[i]);
}

void trace_string(struct trace_builder *b, uint64_t id, const char *text)
{
	size_t len = strlen(text);

	trace_thread(b, UINT64_MAX, 1000000);
	trace_byte(b, IQ_EV_STRINGS);
	trace_byte(b, IQ_EV_STRING);
	trace_number(b, id);
	trace_number(b, len);
	for (size_t i = 0; i < len; i++)
		trace_byte(b, (uint8_t)text[i]);
	trace_flush(b);
}

void trace_stack(struct trace_builder *b, uint64_t id, uint64_t function,
		 uint64_t line)
{
	trace_thread(b, UINT64_MAX, 1000000);
	trace_byte(b, IQ_EV_STACKS);
	trace_byte(b, IQ_EV_STACK);
	trace_number(b, id);
	trace_number(b, 1);
	trace_number(b, 0x400000 + id);
	trace_number(b, function);
	trace_number(b, 0);
	trace_number(b, line);
	trace_flush(b);
}

struct traced trace_read(struct trace_builder *b, unsigned num_threads)
{
	struct iq_read_context context = { .no_file_system = true };
	struct traced t = { 0 };

	trace_flush(b);
	assert_null(iq_pool_create(num_threads, &context.pool));
	assert_null(iq_source_open_buffer("built", b->bytes.data, b->bytes.len,
					  NULL, &t.source));
	assert_null(iq_facts_create(&t.facts));
	assert_int_not_equal(iq_reader_go_trace.bid(t.source), 0);
	t.err = iq_reader_go_trace.read(&context, t.source, t.facts);
	iq_facts_finish(t.facts);
	t.trace = t.facts->trace;
	iq_pool_destroy(context.pool);
	return t;
}

void traced_deinit(struct traced *t)
{
	iq_error_destroy(t->err);
	iq_facts_destroy(t->facts);
	iq_source_destroy(t->source);
}

bool traced_has_gap(const struct traced *t, enum iq_gap_code code,
		    const char *words)
{
	for (size_t i = 0; i < t->facts->gaps.len; i++) {
		const struct iq_gap *gap = &t->facts->gaps.data[i];

		if (gap->code == code &&
		    iq_str_search(gap->text, iq_str_of(words)) < gap->text.len)
			return true;
	}
	return false;
}
