/* SPDX-License-Identifier: Apache-2.0 */
/* Text from the input, as terminals and JSON get it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "reports/emit_json.h"
#include "reports/emit_term.h"
#include "reports/words.h"

static void is_clean(const char *in, size_t len, bool utf8, const char *want)
{
	struct iq_out out;

	iq_out_init_memory(&out);
	iq_term_put(&out, (struct iq_str){ .ptr = in, .len = len }, utf8);
	iq_out_char(&out, '\0');
	assert_string_equal(out.buf, want);
	iq_out_deinit(&out);
}

static void test_controls_are_spelt_out(void **state)
{
	(void)state;
	is_clean("a\x1b[31mb\x7f\n\t\0c", 12, true,
		 "a\\x1b[31mb\\x7f\\n\\t\\x00c");
}

static void test_broken_utf8_is_spelt_out(void **state)
{
	(void)state;
	// A lone byte, an overlong slash, a surrogate, a sequence cut off.
	is_clean("\xff \xc0\xaf \xed\xa0\x80 \xe2\x82", 11, true,
		 "\\xff \\xc0\\xaf \\xed\\xa0\\x80 \\xe2\\x82");
}

static void test_marks_that_turn_text_are_spelt_out(void **state)
{
	(void)state;
	is_clean("\xe2\x80\xae\xe2\x81\xa6\xe2\x80\x8b\xc2\x9b", 11, true,
		 "\\u202e\\u2066\\u200b\\x9b");
}

static void test_letters_pass_where_the_locale_has_them(void **state)
{
	(void)state;
	is_clean("Gr\xc3\xb6\xc3\x9f\x65 \xf0\x9f\x90\xb9", 12, true,
		 "Gr\xc3\xb6\xc3\x9f\x65 \xf0\x9f\x90\xb9");
	is_clean("Gr\xc3\xb6\xc3\x9f\x65 \xf0\x9f\x90\xb9", 12, false,
		 "Gr\\xf6\\xdfe \\U0001f439");
}

static void test_sites_are_shortened_from_the_left(void **state)
{
	struct iq_frame frame = {
		.function = IQ_STR("example.com/a/b/store.(*Cache[int]).Get"),
		.file = IQ_STR("/src/b/store/cache.go"),
		.line = 58,
	};
	static const struct {
		unsigned columns;
		const char *want;
	} rows[] = {
		{ 80, "example.com/a/b/store.(*Cache[int]).Get cache.go:58" },
		{ 51, "example.com/a/b/store.(*Cache[int]).Get cache.go:58" },
		{ 50, ".../a/b/store.(*Cache[int]).Get cache.go:58" },
		{ 40, ".../store.(*Cache[int]).Get cache.go:58" },
		{ 36, ".../store.(*Cache[int... cache.go:58" },
		{ 20, ".../store.(*Cache..." },
	};
	struct iq_report_options options = { .width = 80 };
	struct iq_term term;

	(void)state;
	iq_term_init(&term, &options, NULL);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++) {
		struct iq_str got =
			iq_term_site(&term, &frame, rows[i].columns);

		assert_true(iq_term_width(got) <= rows[i].columns);
		char text[80];

		snprintf(text, sizeof(text), "%.*s", IQ_STR_ARG(got));
		assert_string_equal(text, rows[i].want);
	}
	assert_null(iq_term_done(&term));
	iq_term_deinit(&term);
}

static void test_a_long_word_is_broken(void **state)
{
	struct iq_report_options options = { .width = 40 };
	struct iq_out out;
	struct iq_term term;
	char text[256];

	(void)state;
	memset(text, 'x', sizeof(text));
	iq_out_init_memory(&out);
	iq_term_init(&term, &options, &out);
	assert_true(iq_term_wrap(&term, (struct iq_str){ text, sizeof(text) },
				 5, 3) <= 40);
	for (size_t i = 0, column = 5; i < out.len; i++) {
		column = out.buf[i] == '\n' ? 0 : column + 1;
		assert_true(column <= 40);
	}
	iq_term_deinit(&term);
	iq_out_deinit(&out);
}

static void test_json_strings_are_valid(void **state)
{
	struct iq_json *json;
	struct iq_out out;

	(void)state;
	iq_out_init_memory(&out);
	assert_null(iq_json_create(&out, &json));
	iq_json_array(json);
	iq_json_str(json, (struct iq_str){ "\"\\\x01\xff\xc3\xa4\xed\xa0", 8 });
	iq_json_str(json, (struct iq_str){ 0 });
	iq_json_text(json, (struct iq_str){ 0 });
	iq_json_u64(json, UINT64_MAX);
	iq_json_i64(json, INT64_MIN);
	iq_json_hex(json, UINT64_MAX);
	iq_json_array_end(json);
	assert_null(iq_json_done(json));
	iq_out_char(&out, '\0');
	assert_string_equal(out.buf,
			    "[\"\\\"\\\\\\u0001\xef\xbf\xbd\xc3\xa4\xef\xbf"
			    "\xbd\xef\xbf\xbd\",\"\",null,"
			    "18446744073709551615,-9223372036854775808,"
			    "\"0xffffffffffffffff\"]");
	iq_json_destroy(json);
	iq_out_deinit(&out);
}

static void test_times_are_rounded_down(void **state)
{
	static const struct {
		int64_t ns;
		const char *want;
	} rows[] = {
		{ -1, "0ns" },
		{ 999, "999ns" },
		{ 1999, "1us" },
		{ 999999999, "999ms" },
		{ 5199999999, "5.1s" },
		{ 59999999999, "59.9s" },
		{ 60000000000, "1m00s" },
		{ 3599999999999, "59m59s" },
		{ 3600000000000, "1h00m" },
		{ 86400000000000, "1d00h" },
		{ INT64_MAX, "106751d23h" },
	};
	char buf[IQ_WORDS_SIZE];

	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++)
		assert_string_equal(iq_words_duration(buf, rows[i].ns),
				    rows[i].want);
	assert_string_equal(iq_words_since(buf, false, 0, false), "unknown");
	assert_string_equal(iq_words_since(buf, true, 5100000000, false),
			    ">=5.1s");
	assert_string_equal(iq_words_since(buf, true, 5100000000, true),
			    "5.1s");
}

static void test_numbers_have_their_thousands(void **state)
{
	char buf[IQ_WORDS_SIZE];

	(void)state;
	assert_string_equal(iq_words_number(buf, 0), "0");
	assert_string_equal(iq_words_number(buf, 999), "999");
	assert_string_equal(iq_words_number(buf, 100007), "100,007");
	assert_string_equal(iq_words_number(buf, UINT64_MAX),
			    "18,446,744,073,709,551,615");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_controls_are_spelt_out),
		cmocka_unit_test(test_broken_utf8_is_spelt_out),
		cmocka_unit_test(test_marks_that_turn_text_are_spelt_out),
		cmocka_unit_test(test_letters_pass_where_the_locale_has_them),
		cmocka_unit_test(test_sites_are_shortened_from_the_left),
		cmocka_unit_test(test_a_long_word_is_broken),
		cmocka_unit_test(test_json_strings_are_valid),
		cmocka_unit_test(test_times_are_rounded_down),
		cmocka_unit_test(test_numbers_have_their_thousands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
