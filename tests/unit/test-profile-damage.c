/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles that are broken, cut, or two at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/limits.h"
#include "profile-builder.h"

/* String 1 and 2 are the type, 3 and 4 names, 5 a file. */
static void put_strings(struct profile_builder *b)
{
	pb_string(b, "");
	pb_string(b, "goroutine");
	pb_string(b, "count");
	pb_string(b, "main.f");
	pb_string(b, "main.g");
	pb_string(b, "/bin/server");
}

static void put_head(struct profile_builder *b)
{
	pb_type(b, 11, 1, 2);
	pb_varint(b, 12, 1);
	pb_type(b, 1, 1, 2);
}

/* Location 1 is in f, 2 in g. */
static void put_tables(struct profile_builder *b)
{
	const uint64_t functions[] = { 1, 2 };

	pb_location(b, 1, 1, 0x401000, &functions[0], 1);
	pb_location(b, 2, 1, 0x402000, &functions[1], 1);
	pb_function(b, 1, 3, 0);
	pb_function(b, 2, 4, 0);
	pb_mapping(b, 1, 5, 0);
}

static const uint64_t both[] = { 1, 2 };

/* A profile with one good sample; what is put in between is the caller's. */
struct test {
	struct profile_builder b;
	struct profile_read r;
	/* Where the caller's part begins. */
	uint64_t at;
};

static void test_begin(struct test *t)
{
	memset(t, 0, sizeof(*t));
	put_head(&t->b);
	pb_sample(&t->b, 5, both, 2);
	t->at = t->b.bytes.len;
}

static void test_read(struct test *t)
{
	put_tables(&t->b);
	put_strings(&t->b);
	profile_read(&t->b, &t->r);
	assert_non_null(t->r.profile);
}

/* The good sample is there, whatever happened to others. */
static void test_end(struct test *t)
{
	bool found = false;

	for (size_t i = 0; i < t->r.profile->num_samples; i++)
		found |= t->r.profile->values[i] == 5 &&
			 stack_of(&t->r, i)->num_frames == 2;
	assert_true(found);
	profile_read_close(&t->r);
	pb_deinit(&t->b);
}

static void
a_sample_with_other_values_than_types_is_left_out(void **state iq_unused)
{
	const uint64_t values[] = { 1, 2 };
	struct profile_builder m = { 0 };
	struct test t;

	test_begin(&t);
	pb_varint(&m, 1, 1);
	pb_packed(&m, 2, values, 2);
	pb_message(&t.b, 2, &m);
	test_read(&t);
	assert_int_equal(
		assert_gap(&t.r, IQ_GAP_DAMAGED, "a sample has 2 values"),
		t.at);
	assert_int_equal(t.r.profile->num_samples, 1);
	assert_int_equal(t.r.profile->totals[0], 5);
	test_end(&t);
}

static void a_location_that_is_not_there_keeps_its_place(void **state iq_unused)
{
	const uint64_t locations[] = { 1, 99, 2 };
	struct test t;

	test_begin(&t);
	pb_sample(&t.b, 6, locations, 3);
	test_read(&t);
	assert_int_equal(assert_gap(&t.r, IQ_GAP_DAMAGED,
				    "a sample has a location that"),
			 t.at);
	assert_int_equal(t.r.profile->totals[0], 11);
	assert_function(&t.r, 0, 0, "main.f");
	assert_function(&t.r, 0, 1, "");
	assert_function(&t.r, 0, 2, "main.g");
	test_end(&t);
}

static void a_broken_message_costs_itself(void **state iq_unused)
{
	// Field 1 of a sample, a varint without an end.
	static const uint8_t broken[] = { 0x08, 0xff };
	struct test t;

	for (unsigned number = 2; number <= 5; number++) {
		test_begin(&t);
		pb_bytes(&t.b, number, broken, sizeof(broken));
		test_read(&t);
		assert_int_equal(t.r.facts->gaps.len, 1);
		assert_int_equal(t.r.facts->gaps.data[0].offset, t.at);
		test_end(&t);
	}
}

static void a_field_of_another_kind_costs_itself(void **state iq_unused)
{
	struct test t;

	test_begin(&t);
	pb_varint(&t.b, 4, 77);
	pb_bytes(&t.b, 9, "abc", 3);
	test_read(&t);
	assert_int_equal(
		assert_gap(&t.r, IQ_GAP_DAMAGED, "field 4 has wire type 0"),
		t.at);
	assert_gap(&t.r, IQ_GAP_DAMAGED, "field 9 has wire type 2");
	test_end(&t);
}

static void fields_of_later_versions_are_passed(void **state iq_unused)
{
	struct test t;

	test_begin(&t);
	pb_varint(&t.b, 16, 77);
	pb_bytes(&t.b, 1000, "abc", 3);
	pb_raw(&t.b, "\x8d\x01zzzz", 6);
	test_read(&t);
	assert_no_gaps(&t.r);
	test_end(&t);
}

static void strings_that_are_not_there_are_told(void **state iq_unused)
{
	const uint64_t function = 3;
	struct test t;

	test_begin(&t);
	pb_function(&t.b, 3, 700, 0);
	pb_location(&t.b, 3, 1, 0x403000, &function, 1);
	pb_mapping(&t.b, 2, 0, (uint64_t)-1);
	pb_varint(&t.b, 14, 800);
	pb_sample_labelled(&t.b, 1, 3, 3, 900, 0, 0);
	test_read(&t);
	assert_int_equal(assert_gap(&t.r, IQ_GAP_DAMAGED,
				    "a function's name is no string of the 6"),
			 t.at);
	assert_gap(&t.r, IQ_GAP_DAMAGED, "a mapping's build id is no");
	assert_gap(&t.r, IQ_GAP_DAMAGED, "default_sample_type is no");
	assert_gap(&t.r, IQ_GAP_DAMAGED, "a label of a sample is no");
	assert_function(&t.r, 1, 0, "");
	assert_labels(&t.r, 1, "main.f=");
	test_end(&t);
}

static void comments_are_checked_packed_or_not(void **state iq_unused)
{
	const uint64_t comments[] = { 1, 2, 700 };
	struct test t;

	test_begin(&t);
	pb_packed(&t.b, 13, comments, 2);
	pb_varint(&t.b, 13, 3);
	test_read(&t);
	assert_no_gaps(&t.r);
	test_end(&t);

	test_begin(&t);
	pb_packed(&t.b, 13, comments, 3);
	test_read(&t);
	assert_int_equal(assert_gap(&t.r, IQ_GAP_DAMAGED, "a comment is no"),
			 t.at);
	test_end(&t);
}

static void without_strings_nothing_has_a_name(void **state iq_unused)
{
	struct test t;

	test_begin(&t);
	put_tables(&t.b);
	for (int i = 0; i < 8; i++)
		pb_sample(&t.b, 1, both, 2);
	profile_read(&t.b, &t.r);
	assert_non_null(t.r.profile);
	assert_gap(&t.r, IQ_GAP_MISSING, "the table of strings is missing");
	assert_int_equal(t.r.facts->gaps.len, 1);
	assert_int_equal(t.r.profile->type, IQ_PROFILE_OTHER);
	assert_int_equal(t.r.profile->totals[0], 13);
	profile_read_close(&t.r);
	pb_deinit(&t.b);
}

static void ids_that_come_twice_mean_the_first(void **state iq_unused)
{
	const uint64_t function = 2;
	struct test t;

	test_begin(&t);
	put_tables(&t.b);
	t.at = t.b.bytes.len;
	pb_location(&t.b, 1, 1, 0x409000, &function, 1);
	pb_function(&t.b, 1, 4, 0);
	pb_mapping(&t.b, 1, 0, 0);
	put_strings(&t.b);
	profile_read(&t.b, &t.r);
	assert_int_equal(
		assert_gap(&t.r, IQ_GAP_DAMAGED, "a location has the id of"),
		t.at);
	assert_gap(&t.r, IQ_GAP_DAMAGED, "a function has the id of");
	assert_gap(&t.r, IQ_GAP_DAMAGED, "a mapping has the id of");
	assert_function(&t.r, 0, 0, "main.f");
	test_end(&t);
}

static void far_ids_that_come_twice_mean_the_first(void **state iq_unused)
{
	const uint64_t id = 1ull << 50, functions[] = { 1, 2 };
	struct test t;

	test_begin(&t);
	pb_sample(&t.b, 1, &id, 1);
	pb_location(&t.b, id, 0, 0, &functions[0], 1);
	t.at = t.b.bytes.len;
	pb_location(&t.b, id, 0, 0, &functions[1], 1);
	test_read(&t);
	assert_int_equal(
		assert_gap(&t.r, IQ_GAP_DAMAGED, "a location has the id of"),
		t.at);
	assert_function(&t.r, 1, 0, "main.f");
	test_end(&t);
}

static void what_has_no_id_is_told(void **state iq_unused)
{
	struct test t;

	test_begin(&t);
	pb_location(&t.b, 0, 1, 0x1000, NULL, 0);
	pb_function(&t.b, 0, 3, 0);
	pb_mapping(&t.b, 0, 5, 0);
	test_read(&t);
	assert_int_equal(
		assert_gap(&t.r, IQ_GAP_DAMAGED, "a location has no id"), t.at);
	assert_gap(&t.r, IQ_GAP_DAMAGED, "a function has no id");
	assert_gap(&t.r, IQ_GAP_DAMAGED, "a mapping has no id");
	assert_int_equal(t.r.profile->num_locations, 2);
	test_end(&t);
}

static void a_location_may_refer_to_nothing(void **state iq_unused)
{
	const uint64_t id = 3, functions[] = { 1, 77, 0 };
	struct test t;

	test_begin(&t);
	pb_location(&t.b, 3, 55, 0x403000, functions, 3);
	pb_sample(&t.b, 1, &id, 1);
	test_read(&t);
	assert_int_equal(assert_gap(&t.r, IQ_GAP_DAMAGED,
				    "a location is in a mapping that"),
			 t.at);
	assert_gap(&t.r, IQ_GAP_DAMAGED, "a location has a line of");
	assert_function(&t.r, 1, 0, "main.f");
	assert_function(&t.r, 1, 1, "");
	assert_function(&t.r, 1, 2, "");
	test_end(&t);
}

static void a_label_with_text_and_number_keeps_the_text(void **state iq_unused)
{
	struct test t;

	test_begin(&t);
	pb_sample_labelled(&t.b, 1, 1, 3, 4, 17, 0);
	test_read(&t);
	assert_int_equal(assert_gap(&t.r, IQ_GAP_DAMAGED,
				    "a label has a text and a number"),
			 t.at);
	assert_labels(&t.r, 1, "main.f=main.g");
	test_end(&t);
}

static void a_sum_that_does_not_fit_is_told(void **state iq_unused)
{
	struct test t;

	test_begin(&t);
	pb_sample(&t.b, INT64_MAX, both, 1);
	t.at = t.b.bytes.len;
	pb_sample(&t.b, 1, both, 1);
	test_read(&t);
	assert_gap(&t.r, IQ_GAP_LIMIT, "a sum does not fit");
	assert_int_equal(t.r.profile->values[0], INT64_MAX);
	assert_int_equal(t.r.profile->totals[0], INT64_MAX);
	test_end(&t);
}

static void samples_without_types_mean_nothing(void **state iq_unused)
{
	struct profile_builder b = { 0 };
	struct profile_read r;

	pb_sample(&b, 1, both, 2);
	put_tables(&b);
	put_strings(&b);
	profile_read(&b, &r);
	assert_non_null(r.profile);
	assert_gap(&r, IQ_GAP_DAMAGED, "a sample has 1 values, the profile 0");
	assert_int_equal(r.profile->num_samples, 0);
	profile_read_close(&r);
	pb_deinit(&b);
}

static void a_profile_that_is_cut_keeps_what_came_before(void **state iq_unused)
{
	struct test t;

	test_begin(&t);
	put_tables(&t.b);
	put_strings(&t.b);
	t.at = t.b.bytes.len;
	pb_sample(&t.b, 7, both, 2);
	t.b.bytes.len -= 3;
	profile_read(&t.b, &t.r);
	assert_non_null(t.r.profile);
	assert_gap(&t.r, IQ_GAP_TRUNCATED, "the profile is not read from byte");
	assert_int_equal(t.r.profile->totals[0], 5);
	test_end(&t);
}

static void what_cannot_be_passed_ends_the_profile(void **state iq_unused)
{
	struct test t;

	test_begin(&t);
	put_tables(&t.b);
	put_strings(&t.b);
	// A group, which nobody has written for fifteen years.
	pb_raw(&t.b, "\x13", 1);
	pb_sample(&t.b, 7, both, 2);
	profile_read(&t.b, &t.r);
	assert_non_null(t.r.profile);
	assert_gap(&t.r, IQ_GAP_DAMAGED, "the profile is not read from byte");
	assert_int_equal(t.r.profile->totals[0], 5);
	test_end(&t);
}

static void the_first_string_is_empty_whatever_it_says(void **state iq_unused)
{
	struct profile_builder b = { 0 };
	struct profile_read r;

	put_head(&b);
	// So many that it is a profile for all that.
	for (int i = 0; i < 8; i++)
		pb_sample(&b, 5, both, 2);
	put_tables(&b);
	pb_string(&b, "text");
	pb_string(&b, "goroutine");
	pb_string(&b, "count");
	profile_read(&b, &r);
	assert_non_null(r.profile);
	assert_gap(&r, IQ_GAP_DAMAGED, "the table of strings does not begin");
	assert_labels(&r, 0, "");
	assert_int_equal(r.profile->type, IQ_PROFILE_GOROUTINE);
	profile_read_close(&r);
	pb_deinit(&b);
}

static void two_messages_are_one_profile(void **state iq_unused)
{
	struct test t;

	// The second one goes on where the first one ends: repeated fields add
	// up, of others the last one counts.
	test_begin(&t);
	pb_varint(&t.b, 10, 100);
	put_tables(&t.b);
	put_strings(&t.b);
	pb_varint(&t.b, 10, 200);
	pb_varint(&t.b, 12, 9);
	pb_sample(&t.b, 6, both, 1);
	pb_string(&t.b, "");
	profile_read(&t.b, &t.r);
	assert_non_null(t.r.profile);
	assert_no_gaps(&t.r);
	assert_int_equal(t.r.profile->totals[0], 11);
	assert_int_equal(t.r.profile->duration_ns, 200);
	assert_int_equal(t.r.profile->period, 9);
	test_end(&t);
}

static void of_two_profiles_the_first_is_read(void **state iq_unused)
{
	struct test t;
	size_t len;

	test_begin(&t);
	pb_varint(&t.b, 9, 1000);
	put_tables(&t.b);
	put_strings(&t.b);
	// A number of its own behind the table, as one writer has it.
	pb_varint(&t.b, 10, 77);
	len = t.b.bytes.len;
	put_head(&t.b);
	pb_sample(&t.b, 6, &both[1], 1);
	pb_varint(&t.b, 9, 2000);
	put_tables(&t.b);
	put_strings(&t.b);
	profile_read(&t.b, &t.r);
	assert_non_null(t.r.profile);
	assert_int_equal(assert_gap(&t.r, IQ_GAP_UNSUPPORTED,
				    "a second profile begins here"),
			 len);
	assert_int_equal(t.r.facts->gaps.len, 1);
	assert_int_equal(t.r.profile->totals[0], 5);
	assert_int_equal(t.r.profile->num_locations, 2);
	assert_int_equal(t.r.profile->duration_ns, 77);
	assert_int_equal(t.r.facts->process.time_ns, 1000);
	test_end(&t);
}

static void two_times_are_told(void **state iq_unused)
{
	struct test t;

	test_begin(&t);
	pb_varint(&t.b, 9, 1000);
	t.at = t.b.bytes.len;
	pb_varint(&t.b, 9, 2000);
	test_read(&t);
	assert_int_equal(
		assert_gap(&t.r, IQ_GAP_DAMAGED, "the profile has two times"),
		t.at);
	assert_int_equal(t.r.facts->process.time_ns, 2000);
	test_end(&t);
}

static void a_huge_message_is_passed(void **state iq_unused)
{
	size_t num = IQ_LIMIT_PPROF_MESSAGE + 1;
	uint64_t *locations = calloc(num, sizeof(*locations));
	struct test t;

	assert_non_null(locations);
	for (size_t i = 0; i < num; i++)
		locations[i] = 1;
	test_begin(&t);
	pb_sample(&t.b, 9, locations, num);
	test_read(&t);
	assert_int_equal(assert_gap(&t.r, IQ_GAP_LIMIT, "Sample message of"),
			 t.at);
	test_end(&t);
	free(locations);
}

static void a_stack_with_too_many_frames_is_cut(void **state iq_unused)
{
	size_t num = IQ_LIMIT_PPROF_STACK + 1;
	uint64_t *locations = calloc(num, sizeof(*locations));
	struct test t;

	assert_non_null(locations);
	for (size_t i = 0; i < num; i++)
		locations[i] = 1;
	test_begin(&t);
	pb_sample(&t.b, 9, locations, num);
	test_read(&t);
	assert_int_equal(assert_gap(&t.r, IQ_GAP_LIMIT, "a stack has more"),
			 t.at);
	assert_int_equal(stack_of(&t.r, 0)->num_frames, IQ_LIMIT_PPROF_STACK);
	assert_true(stack_of(&t.r, 0)->elided);
	test_end(&t);
	free(locations);
}

static void a_location_with_too_many_lines_is_cut(void **state iq_unused)
{
	uint64_t functions[IQ_LIMIT_INLINE + 1];
	const uint64_t id = 3;
	struct test t;

	for (size_t i = 0; i <= IQ_LIMIT_INLINE; i++)
		functions[i] = 1;
	test_begin(&t);
	pb_location(&t.b, 3, 0, 0, functions, IQ_LIMIT_INLINE + 1);
	pb_sample(&t.b, 9, &id, 1);
	test_read(&t);
	assert_int_equal(assert_gap(&t.r, IQ_GAP_LIMIT, "a location has more"),
			 t.at);
	assert_int_equal(stack_of(&t.r, 0)->num_frames, IQ_LIMIT_INLINE);
	test_end(&t);
}

/* Appends @b as a gzip member. */
static void put_gzip(struct profile_builder *to,
		     const struct profile_builder *b)
{
	uint8_t packed[4096];
	z_stream z = { 0 };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8,
				      Z_DEFAULT_STRATEGY),
			 Z_OK);
	z.next_in = b->bytes.data;
	z.avail_in = (uInt)b->bytes.len;
	z.next_out = packed;
	z.avail_out = sizeof(packed);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	pb_raw(to, packed, sizeof(packed) - z.avail_out);
	deflateEnd(&z);
}

static void gzip_members_are_one_profile(void **state iq_unused)
{
	struct profile_builder first = { 0 }, second = { 0 }, all = { 0 };
	struct profile_read r;

	put_head(&first);
	pb_sample(&first, 5, both, 2);
	put_tables(&second);
	put_strings(&second);
	put_gzip(&all, &first);
	put_gzip(&all, &second);
	profile_read(&all, &r);
	assert_non_null(r.profile);
	assert_no_gaps(&r);
	assert_function(&r, 0, 1, "main.g");
	profile_read_close(&r);
	pb_deinit(&first);
	pb_deinit(&second);
	pb_deinit(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_sample_with_other_values_than_types_is_left_out),
		cmocka_unit_test(a_location_that_is_not_there_keeps_its_place),
		cmocka_unit_test(a_broken_message_costs_itself),
		cmocka_unit_test(a_field_of_another_kind_costs_itself),
		cmocka_unit_test(fields_of_later_versions_are_passed),
		cmocka_unit_test(strings_that_are_not_there_are_told),
		cmocka_unit_test(comments_are_checked_packed_or_not),
		cmocka_unit_test(without_strings_nothing_has_a_name),
		cmocka_unit_test(ids_that_come_twice_mean_the_first),
		cmocka_unit_test(far_ids_that_come_twice_mean_the_first),
		cmocka_unit_test(what_has_no_id_is_told),
		cmocka_unit_test(a_location_may_refer_to_nothing),
		cmocka_unit_test(a_label_with_text_and_number_keeps_the_text),
		cmocka_unit_test(a_sum_that_does_not_fit_is_told),
		cmocka_unit_test(samples_without_types_mean_nothing),
		cmocka_unit_test(a_profile_that_is_cut_keeps_what_came_before),
		cmocka_unit_test(what_cannot_be_passed_ends_the_profile),
		cmocka_unit_test(the_first_string_is_empty_whatever_it_says),
		cmocka_unit_test(two_messages_are_one_profile),
		cmocka_unit_test(of_two_profiles_the_first_is_read),
		cmocka_unit_test(two_times_are_told),
		cmocka_unit_test(a_huge_message_is_passed),
		cmocka_unit_test(a_stack_with_too_many_frames_is_cut),
		cmocka_unit_test(a_location_with_too_many_lines_is_cut),
		cmocka_unit_test(gzip_members_are_one_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
