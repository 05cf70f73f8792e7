/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
every_reader_is_whole_and_has_a_name_of_its_own(void **state iq_unused)
{
	size_t num;
	const struct iq_reader *const *readers = iq_readers(&num);

	assert_true(num > 0);
	for (size_t i = 0; i < num; i++) {
		assert_non_null(readers[i]->name);
		assert_non_null(readers[i]->bid);
		assert_non_null(readers[i]->read);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(readers[i]->name,
						readers[k]->name);
	}
}

static const char *winner(const char *bytes, size_t len)
{
	const struct iq_reader *reader;
	struct iq_source *source;

	assert_null(iq_source_open_buffer("x", bytes, len, NULL, &source));
	reader = iq_reader_for(source);
	iq_source_destroy(source);
	return reader ? reader->name : "";
}

static void nobody_takes_what_is_nothing(void **state iq_unused)
{
	assert_string_equal(winner("?", 1), "");
	assert_string_equal(winner("\0\0\0\0\0\0\0\0", 8), "");
	assert_string_equal(winner("a line\n", 7), "");
}

static void a_dump_is_known_by_its_header(void **state iq_unused)
{
	static const char dump[] = "some log\ngoroutine 1 [running]:\n";

	assert_string_equal(winner(dump, strlen(dump)), "go-dump");
}

/* How many bid for each. */
static void one_reader_bids_most(void **state iq_unused)
{
	static const char dump[] = "goroutine 1 [running]:\nmain.main()\n";
	size_t num, num_best = 0;
	const struct iq_reader *const *readers = iq_readers(&num);
	struct iq_source *source;
	unsigned best = 0;

	assert_null(
		iq_source_open_buffer("x", dump, strlen(dump), NULL, &source));
	for (size_t i = 0; i < num; i++) {
		unsigned bid = readers[i]->bid(source);

		if (bid > best) {
			best = bid;
			num_best = 0;
		}
		num_best += bid == best && bid > 0;
	}
	assert_int_equal(num_best, 1);
	iq_source_destroy(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_reader_is_whole_and_has_a_name_of_its_own),
		cmocka_unit_test(nobody_takes_what_is_nothing),
		cmocka_unit_test(a_dump_is_known_by_its_header),
		cmocka_unit_test(one_reader_bids_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
