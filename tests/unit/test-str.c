/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"

#define S(lit) IQ_STR(lit)
static const struct iq_str none = { .ptr = NULL, .len = 0 };

static void assert_str(struct iq_str s, const char *expected)
{
	assert_int_equal(s.len, strlen(expected));
	if (s.len > 0)
		assert_memory_equal(s.ptr, expected, s.len);
}

static void assert_quoted(struct iq_str s, const char *expected)
{
	char buf[IQ_STR_QUOTE_SIZE];

	assert_ptr_equal(iq_str_quote(s, buf), buf);
	assert_string_equal(buf, expected);
}

static void views_of_nothing_are_equal(void **state iq_unused)
{
	assert_int_equal(iq_str_of(NULL).len, 0);
	assert_int_equal(iq_str_of("abc").len, 3);
	assert_true(iq_str_equal(none, S("")));
	assert_int_equal(iq_str_compare(none, S("")), 0);
	assert_true(iq_str_starts(none, none));
	assert_true(iq_str_ends(none, none));
	assert_int_equal(iq_str_find(none, 'a'), 0);
	assert_int_equal(iq_str_rfind(none, 'a'), 0);
	assert_int_equal(iq_str_search(none, S("a")), 0);
	assert_int_equal(iq_str_search(S("abc"), none), 0);
	assert_str(iq_str_sub(none, 1, 2), "");
	assert_str(iq_str_trim(none), "");
	assert_str(iq_str_basename(none), "");
	assert_quoted(none, "\"\"");
}

static void order_is_by_bytes_then_length(void **state iq_unused)
{
	assert_true(iq_str_compare(S("a"), S("b")) < 0);
	assert_true(iq_str_compare(S("b"), S("ab")) > 0);
	assert_true(iq_str_compare(S("ab"), S("abc")) < 0);
	assert_true(iq_str_compare(S("abc"), S("ab")) > 0);
	assert_true(iq_str_compare(S("\xff"), S("a")) > 0);
	assert_int_equal(iq_str_compare(S("a\0b"), S("a\0b")), 0);
	assert_true(iq_str_compare(S("a\0b"), S("a\0c")) < 0);
	assert_false(iq_str_equal(S("a"), S("ab")));
	assert_false(iq_str_equal(S("a"), S("b")));
}

static void beginnings_and_ends_are_found(void **state iq_unused)
{
	assert_true(iq_str_starts(S("goroutine 1"), S("goroutine ")));
	assert_false(iq_str_starts(S("go"), S("goroutine")));
	assert_true(iq_str_ends(S("main.go"), S(".go")));
	assert_false(iq_str_ends(S("go"), S(".go")));
	assert_int_equal(iq_str_find(S("a.b.c"), '.'), 1);
	assert_int_equal(iq_str_rfind(S("a.b.c"), '.'), 3);
	assert_int_equal(iq_str_find(S("abc"), '.'), 3);
	assert_int_equal(iq_str_rfind(S("abc"), '.'), 3);
	assert_int_equal(iq_str_search(S("abcbc"), S("bc")), 1);
	assert_int_equal(iq_str_search(S("abc"), S("x")), 3);
	assert_int_equal(iq_str_search(S("abc"), S("abcd")), 3);
}

static void parts_never_leave_the_whole(void **state iq_unused)
{
	assert_str(iq_str_sub(S("hello"), 1, 3), "ell");
	assert_str(iq_str_sub(S("hello"), 3, SIZE_MAX), "lo");
	assert_str(iq_str_sub(S("hello"), 5, 1), "");
	assert_str(iq_str_sub(S("hello"), SIZE_MAX, SIZE_MAX), "");
	assert_str(iq_str_trim(S(" \t a b\r\n")), "a b");
	assert_str(iq_str_trim(S(" \t\r\n")), "");
	assert_str(iq_str_basename(S("/usr/lib/x.go")), "x.go");
	assert_str(iq_str_basename(S("C:\\src\\x.go")), "x.go");
	assert_str(iq_str_basename(S("x.go")), "x.go");
	assert_str(iq_str_basename(S("/usr/")), "");
}

static void copies_are_the_arenas(void **state iq_unused)
{
	struct iq_arena arena = { 0 };
	char text[] = "text";
	struct iq_str copy;

	assert_true(iq_str_dup(&arena, iq_str_of(text), &copy));
	text[0] = 'n';
	assert_str(copy, "text");
	assert_true(iq_str_dup(&arena, none, &copy));
	assert_int_equal(copy.len, 0);
	iq_arena_deinit(&arena);
}

static void quotes_keep_what_is_readable(void **state iq_unused)
{
	assert_quoted(S("main.go"), "\"main.go\"");
	assert_quoted(S("a\"b\\c"), "\"a\\\"b\\\\c\"");
	assert_quoted(S("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
		      "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
}

static void quotes_escape_what_is_not_text(void **state iq_unused)
{
	assert_quoted(S("a\0b\n\x1b[2J\x7f"), "\"a\\x00b\\x0a\\x1b[2J\\x7f\"");
	assert_quoted(S("\xc2\x9b"), "\"\\xc2\\x9b\""); // U+009B, a control
	assert_quoted(S("\xc2\xa0"), "\"\xc2\xa0\"");
	assert_quoted(S("\xc0\xaf"), "\"\\xc0\\xaf\"");		 // overlong
	assert_quoted(S("\xe0\x80\xaf"), "\"\\xe0\\x80\\xaf\""); // overlong
	assert_quoted(S("\xed\xa0\x80"), "\"\\xed\\xa0\\x80\""); // surrogate
	assert_quoted(S("\xf4\x90\x80\x80"), "\"\\xf4\\x90\\x80\\x80\"");
	assert_quoted(S("\xe2\x82"), "\"\\xe2\\x82\""); // cut off
	assert_quoted(S("\x80"), "\"\\x80\"");
}

static void quotes_end_after_64_bytes(void **state iq_unused)
{
	char text[100], expected[IQ_STR_QUOTE_SIZE];
	struct iq_str s = { .ptr = text, .len = 64 };

	memset(text, 'x', sizeof(text));
	snprintf(expected, sizeof(expected), "\"%.64s\"", text);
	assert_quoted(s, expected);
	s.len = 65;
	snprintf(expected, sizeof(expected), "\"%.64s\"...", text);
	assert_quoted(s, expected);
	// A character is not cut in two.
	memcpy(text + 63, "\xc3\xa9", 2);
	snprintf(expected, sizeof(expected), "\"%.63s\"...", text);
	assert_quoted(s, expected);
	// The longest there is.
	memset(text, 1, sizeof(text));
	s.len = sizeof(text);
	iq_str_quote(s, expected);
	assert_int_equal(strlen(expected), 2 + 64 * 4 + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(views_of_nothing_are_equal),
		cmocka_unit_test(order_is_by_bytes_then_length),
		cmocka_unit_test(beginnings_and_ends_are_found),
		cmocka_unit_test(parts_never_leave_the_whole),
		cmocka_unit_test(copies_are_the_arenas),
		cmocka_unit_test(quotes_keep_what_is_readable),
		cmocka_unit_test(quotes_escape_what_is_not_text),
		cmocka_unit_test(quotes_end_after_64_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
