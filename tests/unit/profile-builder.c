/* SPDX-License-Identifier: Apache-2.0 */
#include "profile-builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/reader.h"

extern const struct iq_reader iq_reader_pprof;

void pb_deinit(struct profile_builder *b)
{
	iq_vec_deinit(&b->bytes);
}

void pb_raw(struct profile_builder *b, const void *data, size_t len)
{
	assert_true(iq_vec_reserve(&b->bytes, len));
	if (len)
		memcpy(b->bytes.data + b->bytes.len, data, len);
	b->bytes.len += len;
}

static void put_varint(struct profile_builder *b, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		assert_true(iq_vec_push(&b->bytes, (uint8_t)(value | 0x80)));
	assert_true(iq_vec_push(&b->bytes, (uint8_t)value));
}

void pb_varint(struct profile_builder *b, unsigned number, uint64_t value)
{
	put_varint(b, (uint64_t)number << 3);
	put_varint(b, value);
}

void pb_bytes(struct profile_builder *b, unsigned number, const void *data,
	      size_t len)
{
	put_varint(b, (uint64_t)number << 3 | 2);
	put_varint(b, len);
	pb_raw(b, data, len);
}

void pb_message(struct profile_builder *b, unsigned number,
		struct profile_builder *nested)
{
	pb_bytes(b, number, nested->bytes.data, nested->bytes.len);
	pb_deinit(nested);
}

void pb_packed(struct profile_builder *b, unsigned number,
	       const uint64_t *values, size_t num)
{
	struct profile_builder packed = { 0 };

	for (size_t i = 0; i < num; i++)
		put_varint(&packed, values[i]);
	pb_message(b, number, &packed);
}

void pb_string(struct profile_builder *b, const char *text)
{
	pb_bytes(b, 6, text, strlen(text));
}

void pb_type(struct profile_builder *b, unsigned number, uint64_t type,
	     uint64_t unit)
{
	struct profile_builder m = { 0 };

	pb_varint(&m, 1, type);
	pb_varint(&m, 2, unit);
	pb_message(b, number, &m);
}

void pb_function(struct profile_builder *b, uint64_t id, uint64_t name,
		 uint64_t file)
{
	struct profile_builder m = { 0 };

	pb_varint(&m, 1, id);
	pb_varint(&m, 2, name);
	pb_varint(&m, 3, name);
	pb_varint(&m, 4, file);
	pb_message(b, 5, &m);
}

void pb_mapping(struct profile_builder *b, uint64_t id, uint64_t file,
		uint64_t build_id)
{
	struct profile_builder m = { 0 };

	pb_varint(&m, 1, id);
	pb_varint(&m, 2, 0x400000);
	pb_varint(&m, 3, 0x500000);
	pb_varint(&m, 5, file);
	pb_varint(&m, 6, build_id);
	pb_message(b, 3, &m);
}

void pb_location(struct profile_builder *b, uint64_t id, uint64_t mapping,
		 uint64_t address, const uint64_t *functions, size_t num)
{
	struct profile_builder m = { 0 };

	pb_varint(&m, 1, id);
	pb_varint(&m, 2, mapping);
	pb_varint(&m, 3, address);
	for (size_t i = 0; i < num; i++) {
		struct profile_builder line = { 0 };

		pb_varint(&line, 1, functions[i]);
		pb_varint(&line, 2, 10 + i);
		pb_message(&m, 4, &line);
	}
	pb_message(b, 4, &m);
}

void pb_sample(struct profile_builder *b, int64_t value,
	       const uint64_t *locations, size_t num)
{
	struct profile_builder m = { 0 };

	pb_packed(&m, 1, locations, num);
	pb_varint(&m, 2, (uint64_t)value);
	pb_message(b, 2, &m);
}

void pb_sample_labelled(struct profile_builder *b, int64_t value,
			uint64_t location, uint64_t key, uint64_t str,
			uint64_t num, uint64_t unit)
{
	struct profile_builder m = { 0 }, label = { 0 };

	pb_varint(&m, 1, location);
	pb_varint(&m, 2, (uint64_t)value);
	pb_varint(&label, 1, key);
	// What is zero is left out, as writers do.
	if (str)
		pb_varint(&label, 2, str);
	if (num)
		pb_varint(&label, 3, num);
	if (unit)
		pb_varint(&label, 4, unit);
	pb_message(&m, 3, &label);
	pb_message(b, 2, &m);
}

void profile_read_bytes(const void *data, size_t len, struct profile_read *ret)
{
	const struct iq_read_context context = { .no_file_system = true };
	struct iq_error *err;

	memset(ret, 0, sizeof(*ret));
	ret->bytes = malloc(len + 1);
	assert_non_null(ret->bytes);
	memcpy(ret->bytes, data, len);
	assert_null(iq_source_open_buffer("test", ret->bytes, len, NULL,
					  &ret->source));
	assert_null(iq_facts_create(&ret->facts));
	if (!iq_reader_pprof.bid(ret->source))
		return;
	err = iq_reader_pprof.read(&context, ret->source, ret->facts);
	if (!err)
		ret->profile = ret->facts->profile;
	iq_error_destroy(err);
}

void profile_read(const struct profile_builder *b, struct profile_read *ret)
{
	profile_read_bytes(b->bytes.data, b->bytes.len, ret);
}

void profile_read_close(struct profile_read *r)
{
	iq_facts_destroy(r->facts);
	iq_source_destroy(r->source);
	free(r->bytes);
}

const struct iq_stack *stack_of(const struct profile_read *r, size_t sample)
{
	const struct iq_stack *stack;

	assert_true(sample < r->profile->num_samples);
	assert_null(iq_profile_stack(
		r->profile, r->profile->samples[sample].stack, &stack));
	return stack;
}

void assert_function(const struct profile_read *r, size_t sample, size_t frame,
		     const char *function)
{
	const struct iq_stack *stack = stack_of(r, sample);

	assert_true(frame < stack->num_frames);
	assert_true(iq_str_equal(stack->frames[frame]->function,
				 iq_str_of(function)));
}

uint64_t assert_gap(const struct profile_read *r, enum iq_gap_code code,
		    const char *text)
{
	for (size_t i = 0; i < r->facts->gaps.len; i++) {
		const struct iq_gap *gap = &r->facts->gaps.data[i];

		if (gap->code != code ||
		    !iq_str_starts(gap->text, iq_str_of(text)))
			continue;
		assert_false(r->facts->witness.complete);
		return gap->has_offset ? gap->offset : UINT64_MAX;
	}
	fail_msg("no gap \"%s\"", text);
	return 0;
}

void assert_no_gaps(const struct profile_read *r)
{
	if (r->facts->gaps.len)
		fail_msg("%.*s", IQ_STR_ARG(r->facts->gaps.data[0].text));
	assert_true(r->facts->witness.complete);
}

void assert_labels(const struct profile_read *r, size_t sample,
		   const char *text)
{
	const struct iq_labels *labels;
	char all[512] = "";
	size_t len = 0;

	assert_null(iq_profile_labels(r->profile, sample, &labels));
	for (size_t i = 0; i < labels->num; i++)
		len += (size_t)snprintf(all + len, sizeof(all) - len,
					"%s%.*s=%.*s", i ? " " : "",
					IQ_STR_ARG(labels->items[i].key),
					IQ_STR_ARG(labels->items[i].value));
	assert_string_equal(all, text);
}
