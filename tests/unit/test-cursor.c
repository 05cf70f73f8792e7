/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/cursor.h"

/* The error of @c is @text at @offset. */
static void assert_fails(struct iq_cursor *c, enum iq_error_code code,
			 uint64_t offset, const char *text)
{
	struct iq_error *err = iq_cursor_done(c);

	assert_non_null(err);
	assert_string_equal(err->text, text);
	assert_int_equal(err->code, code);
	assert_true(err->has_offset);
	assert_int_equal(err->offset, offset);
	iq_error_destroy(err);
}

static void assert_view(struct iq_str s, const char *expected)
{
	assert_int_equal(s.len, strlen(expected));
	if (s.len > 0)
		assert_memory_equal(s.ptr, expected, s.len);
}

static const uint8_t counting[] = {
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
};

static void fields_are_read_in_order(void **state iq_unused)
{
	struct iq_cursor c;

	iq_cursor_init(&c, counting, sizeof(counting), 100);
	assert_int_equal(iq_cursor_u8(&c, "a"), 0x01);
	assert_int_equal(iq_cursor_u16(&c, "b"), 0x0302);
	assert_int_equal(iq_cursor_u32(&c, "c"), 0x07060504);
	assert_int_equal(iq_cursor_offset(&c), 107);
	assert_int_equal(iq_cursor_left(&c), 8);
	assert_int_equal(iq_cursor_u64(&c, "d"), 0x0f0e0d0c0b0a0908);
	assert_int_equal(iq_cursor_left(&c), 0);
	assert_true(iq_cursor_ok(&c));
	assert_null(iq_cursor_done(&c));
}

static void byte_order_is_the_cursors(void **state iq_unused)
{
	struct iq_cursor c;

	iq_cursor_init(&c, counting, sizeof(counting), 0);
	c.big_endian = true;
	assert_int_equal(iq_cursor_u8(&c, "a"), 0x01);
	assert_int_equal(iq_cursor_u16(&c, "b"), 0x0203);
	assert_int_equal(iq_cursor_u32(&c, "c"), 0x04050607);
	assert_int_equal(iq_cursor_u64(&c, "d"), 0x08090a0b0c0d0e0f);
	assert_null(iq_cursor_done(&c));
}

static void word_has_the_size_of_the_cursors(void **state iq_unused)
{
	struct iq_cursor c;

	iq_cursor_init(&c, counting, sizeof(counting), 0);
	assert_int_equal(iq_cursor_word(&c, "a"), 0x0807060504030201);
	c.word_size = 4;
	assert_int_equal(iq_cursor_word(&c, "b"), 0x0c0b0a09);
	assert_null(iq_cursor_done(&c));
	c.word_size = 3;
	assert_int_equal(iq_cursor_word(&c, "c"), 0);
	assert_fails(&c, IQ_ERROR_FORMAT, 12, "word size is 3, not 4 or 8");
}

static void after_an_error_nothing_moves(void **state iq_unused)
{
	struct iq_cursor c, child;
	struct iq_str line = IQ_STR("before");

	iq_cursor_init(&c, counting, 5, 1000);
	assert_int_equal(iq_cursor_u16(&c, "count"), 0x0201);
	assert_int_equal(iq_cursor_u64(&c, "address"), 0);
	assert_false(iq_cursor_ok(&c));
	assert_int_equal(iq_cursor_u8(&c, "x"), 0);
	assert_int_equal(iq_cursor_u16(&c, "x"), 0);
	assert_int_equal(iq_cursor_u32(&c, "x"), 0);
	assert_int_equal(iq_cursor_word(&c, "x"), 0);
	assert_int_equal(iq_cursor_uleb128(&c, "x"), 0);
	assert_int_equal(iq_cursor_bytes(&c, 1, "x").len, 0);
	assert_null(iq_cursor_cstr(&c, "x").ptr);
	assert_false(iq_cursor_line(&c, &line));
	assert_view(line, "before");
	iq_cursor_skip(&c, 1, "x");
	iq_cursor_align(&c, 4, "x");
	iq_cursor_seek(&c, 0, "x");
	iq_cursor_sub(&c, 1, "x", &child);
	assert_int_equal(iq_cursor_left(&child), 0);
	iq_cursor_fail(&c, "second error");
	assert_int_equal(iq_cursor_offset(&c), 1002);
	assert_int_equal(iq_cursor_left(&c), 0);
	assert_fails(&c, IQ_ERROR_TRUNCATED, 1002,
		     "address needs 8 bytes, 3 are left");
	// What was given away is gone, and reading can go on.
	assert_int_equal(iq_cursor_left(&c), 3);
	assert_int_equal(iq_cursor_u8(&c, "x"), 3);
	assert_null(iq_cursor_done(&c));
}

static void empty_input_is_read_safely(void **state iq_unused)
{
	struct iq_cursor c;
	struct iq_str s;

	iq_cursor_init(&c, NULL, 0, 7);
	assert_false(iq_cursor_line(&c, &s));
	assert_int_equal(iq_cursor_bytes(&c, 0, "nothing").len, 0);
	iq_cursor_skip(&c, 0, "nothing");
	iq_cursor_align(&c, 8, "nothing");
	iq_cursor_seek(&c, 0, "nothing");
	assert_null(iq_cursor_done(&c));
	iq_cursor_cstr(&c, "name");
	assert_fails(&c, IQ_ERROR_TRUNCATED, 7,
		     "name has no end within 0 bytes");
	iq_cursor_uleb128(&c, "id");
	assert_fails(&c, IQ_ERROR_TRUNCATED, 7,
		     "id is cut off after 0 bytes of a varint");
	iq_cursor_u8(&c, "byte");
	assert_fails(&c, IQ_ERROR_TRUNCATED, 7,
		     "byte needs 1 bytes, 0 are left");
}

static uint64_t uleb128(struct iq_cursor *c, const char *bytes, size_t len)
{
	iq_cursor_init(c, bytes, len, 0);
	return iq_cursor_uleb128(c, "id");
}

#define ULEB128(c, lit) uleb128(c, lit, sizeof(lit) - 1)

static void varints_of_all_sizes_are_read(void **state iq_unused)
{
	struct iq_cursor c;

	assert_int_equal(ULEB128(&c, "\x00"), 0);
	assert_int_equal(ULEB128(&c, "\x7f"), 127);
	assert_int_equal(ULEB128(&c, "\x80\x01"), 128);
	assert_int_equal(ULEB128(&c, "\xe5\x8e\x26"), 624485);
	assert_int_equal(ULEB128(&c, "\x80\x80\x00"), 0);
	assert_int_equal(
		ULEB128(&c, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
		UINT64_MAX);
	assert_int_equal(iq_cursor_left(&c), 0);
	assert_null(iq_cursor_done(&c));
}

static void varint_too_long_cut_off_overflowing_differ(void **state iq_unused)
{
	struct iq_cursor c;

	assert_int_equal(
		ULEB128(&c, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), 0);
	assert_int_equal(iq_cursor_offset(&c), 0);
	assert_fails(&c, IQ_ERROR_FORMAT, 0,
		     "id is a varint of more than 10 bytes");
	assert_int_equal(ULEB128(&c, "\x80\x80\x80"), 0);
	assert_fails(&c, IQ_ERROR_TRUNCATED, 0,
		     "id is cut off after 3 bytes of a varint");
	assert_int_equal(
		ULEB128(&c, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), 0);
	assert_fails(&c, IQ_ERROR_FORMAT, 0,
		     "id is a varint of more than 64 bits");
	assert_int_equal(
		ULEB128(&c, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x82"), 0);
	assert_fails(&c, IQ_ERROR_FORMAT, 0,
		     "id is a varint of more than 10 bytes");
}

static void texts_are_views(void **state iq_unused)
{
	static const char data[] = "abc\0\0defgh";
	struct iq_cursor c;

	iq_cursor_init(&c, data, sizeof(data) - 1, 0);
	assert_view(iq_cursor_cstr(&c, "name"), "abc");
	assert_view(iq_cursor_cstr(&c, "name"), "");
	assert_view(iq_cursor_bytes(&c, 2, "bytes"), "de");
	assert_null(iq_cursor_cstr(&c, "name").ptr);
	assert_fails(&c, IQ_ERROR_TRUNCATED, 7,
		     "name has no end within 3 bytes");
	assert_int_equal(iq_cursor_bytes(&c, UINT64_MAX, "bytes").len, 0);
	assert_fails(&c, IQ_ERROR_TRUNCATED, 7,
		     "bytes needs 18446744073709551615 bytes, 3 are left");
}

static void lines_end_in_any_way(void **state iq_unused)
{
	static const char data[] = "one\ntwo\r\n\n\r\nfi\rve\nlast\r";
	static const char *const lines[] = { "one", "two",    "",
					     "",    "fi\rve", "last\r" };
	struct iq_cursor c;
	struct iq_str line;

	iq_cursor_init(&c, data, sizeof(data) - 1, 0);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(lines); i++) {
		assert_true(iq_cursor_line(&c, &line));
		assert_view(line, lines[i]);
	}
	assert_false(iq_cursor_line(&c, &line));
	assert_null(iq_cursor_done(&c));
}

static void positions_stay_inside(void **state iq_unused)
{
	struct iq_cursor c;

	iq_cursor_init(&c, counting, 10, 50);
	iq_cursor_seek(&c, 10, "end");
	assert_int_equal(iq_cursor_left(&c), 0);
	iq_cursor_align(&c, 5, "aligned already");
	assert_int_equal(iq_cursor_offset(&c), 60);
	iq_cursor_seek(&c, 1, "begin");
	iq_cursor_align(&c, 4, "padding");
	assert_int_equal(iq_cursor_offset(&c), 54);
	iq_cursor_skip(&c, 5, "rest");
	iq_cursor_align(&c, 4, "padding");
	assert_fails(&c, IQ_ERROR_TRUNCATED, 59,
		     "padding needs 3 bytes, 1 are left");
	iq_cursor_seek(&c, 11, "table");
	assert_fails(&c, IQ_ERROR_TRUNCATED, 59,
		     "table is at 11, past the end at 10");
	iq_cursor_seek(&c, UINT64_MAX, "table");
	assert_fails(&c, IQ_ERROR_TRUNCATED, 59,
		     "table is at 18446744073709551615, past the end at 10");
	iq_cursor_skip(&c, UINT64_MAX, "rest");
	assert_fails(&c, IQ_ERROR_TRUNCATED, 59,
		     "rest needs 18446744073709551615 bytes, 1 are left");
}

static void child_cannot_leave_its_bytes(void **state iq_unused)
{
	struct iq_cursor c, child;

	iq_cursor_init(&c, counting, sizeof(counting), 100);
	c.big_endian = true;
	c.word_size = 4;
	iq_cursor_skip(&c, 2, "head");
	iq_cursor_sub(&c, 6, "note", &child);
	assert_int_equal(iq_cursor_offset(&child), 102);
	assert_int_equal(iq_cursor_word(&child, "word"), 0x03040506);
	assert_int_equal(iq_cursor_u32(&child, "type"), 0);
	// The child's error is the parent's.
	assert_false(iq_cursor_ok(&c));
	assert_int_equal(iq_cursor_u8(&c, "x"), 0);
	assert_fails(&c, IQ_ERROR_TRUNCATED, 106,
		     "type needs 4 bytes, 2 are left");
	// The parent stands behind the child.
	assert_int_equal(iq_cursor_u8(&c, "next"), 9);
	assert_null(iq_cursor_done(&c));
}

static void child_that_is_asked_frees_its_parents(void **state iq_unused)
{
	struct iq_cursor c, child, grandchild;

	iq_cursor_init(&c, counting, sizeof(counting), 0);
	iq_cursor_sub(&c, 8, "note", &child);
	iq_cursor_sub(&child, 4, "name", &grandchild);
	iq_cursor_fail(&grandchild, "name is \"%s\"", "bad");
	assert_false(iq_cursor_ok(&child));
	assert_false(iq_cursor_ok(&c));
	assert_fails(&grandchild, IQ_ERROR_FORMAT, 0, "name is \"bad\"");
	assert_true(iq_cursor_ok(&child));
	assert_true(iq_cursor_ok(&c));
	assert_null(iq_cursor_done(&child));
	assert_int_equal(iq_cursor_u8(&c, "next"), 9);
	assert_null(iq_cursor_done(&c));
}

static void child_whose_parent_was_asked_stays_failed(void **state iq_unused)
{
	struct iq_cursor c, child;

	iq_cursor_init(&c, counting, sizeof(counting), 0);
	iq_cursor_sub(&c, 4, "note", &child);
	iq_cursor_fail(&child, "bad");
	assert_fails(&c, IQ_ERROR_FORMAT, 0, "bad");
	assert_int_equal(iq_cursor_u8(&child, "x"), 0);
	assert_fails(&child, IQ_ERROR_FORMAT, 0,
		     "the record around this is damaged");
}

static void first_error_of_a_family_is_kept(void **state iq_unused)
{
	struct iq_cursor c, one, two;

	iq_cursor_init(&c, counting, sizeof(counting), 0);
	iq_cursor_sub(&c, 4, "one", &one);
	iq_cursor_sub(&c, 4, "two", &two);
	iq_cursor_fail(&two, "first");
	iq_cursor_fail(&one, "second");
	assert_false(iq_cursor_ok(&one));
	assert_fails(&one, IQ_ERROR_FORMAT, 4, "first");
	assert_null(iq_cursor_done(&c));
}

static void child_past_the_end_is_an_error(void **state iq_unused)
{
	struct iq_cursor c, child;

	iq_cursor_init(&c, counting, 4, 0);
	iq_cursor_sub(&c, 5, "note", &child);
	assert_false(iq_cursor_ok(&child));
	assert_int_equal(iq_cursor_u8(&child, "x"), 0);
	assert_fails(&child, IQ_ERROR_TRUNCATED, 0,
		     "note needs 5 bytes, 4 are left");
	assert_int_equal(iq_cursor_left(&c), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_read_in_order),
		cmocka_unit_test(byte_order_is_the_cursors),
		cmocka_unit_test(word_has_the_size_of_the_cursors),
		cmocka_unit_test(after_an_error_nothing_moves),
		cmocka_unit_test(empty_input_is_read_safely),
		cmocka_unit_test(varints_of_all_sizes_are_read),
		cmocka_unit_test(varint_too_long_cut_off_overflowing_differ),
		cmocka_unit_test(texts_are_views),
		cmocka_unit_test(lines_end_in_any_way),
		cmocka_unit_test(positions_stay_inside),
		cmocka_unit_test(child_cannot_leave_its_bytes),
		cmocka_unit_test(child_that_is_asked_frees_its_parents),
		cmocka_unit_test(child_whose_parent_was_asked_stays_failed),
		cmocka_unit_test(first_error_of_a_family_is_kept),
		cmocka_unit_test(child_past_the_end_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
