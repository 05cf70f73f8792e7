/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/trend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "base/attr.h"

#define TREND(...)                                                             \
	iq_trend_of((const uint64_t[]){ __VA_ARGS__ },                         \
		    sizeof((const uint64_t[]){ __VA_ARGS__ }) /                \
			    sizeof(uint64_t))

static void test_one_snapshot_has_no_trend(void **state iq_unused)
{
	assert_int_equal(iq_trend_of(NULL, 0), IQ_TREND_NONE);
	assert_int_equal(TREND(1000), IQ_TREND_NONE);
}

static void test_two_snapshots_only_have_more(void **state iq_unused)
{
	assert_int_equal(TREND(10, 100), IQ_TREND_MORE);
	assert_int_equal(TREND(10, 14), IQ_TREND_NONE);
	assert_int_equal(TREND(1000, 1100), IQ_TREND_NONE);
	assert_int_equal(TREND(100, 10), IQ_TREND_NONE);
}

static void test_a_leak_grows(void **state iq_unused)
{
	assert_int_equal(TREND(10, 20, 30), IQ_TREND_GROWS);
	assert_int_equal(TREND(0, 0, 5, 9, 14, 20), IQ_TREND_GROWS);
	assert_int_equal(TREND(10, 20, 30, 40, 50), IQ_TREND_GROWS);
}

static void
test_a_few_goroutines_that_end_do_not_hide_a_leak(void **state iq_unused)
{
	assert_int_equal(TREND(10, 21, 19, 30, 42, 55, 54, 70), IQ_TREND_GROWS);
	assert_int_equal(TREND(100, 130, 160, 90, 190, 220, 250, 280, 310),
			 IQ_TREND_GROWS);
}

static void test_a_burst_is_no_growth(void **state iq_unused)
{
	assert_int_equal(TREND(5, 60, 120, 40, 5), IQ_TREND_NONE);
	assert_int_equal(TREND(5, 60, 120), IQ_TREND_GROWS);
	assert_int_equal(TREND(5, 60, 120, 90), IQ_TREND_NONE);
	// It has fallen only just now.
	assert_int_equal(TREND(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
			       15, 16, 17, 18, 19, 2),
			 IQ_TREND_NONE);
}

static void test_a_ceiling_is_no_growth(void **state iq_unused)
{
	assert_int_equal(TREND(24, 24, 24, 24, 24), IQ_TREND_NONE);
	assert_int_equal(TREND(10, 20, 24, 24, 24), IQ_TREND_NONE);
	assert_int_equal(TREND(0, 64, 64, 64, 64, 64, 64, 64), IQ_TREND_NONE);
}

static void test_what_only_varies_does_not_grow(void **state iq_unused)
{
	assert_int_equal(TREND(1000, 1004, 1009), IQ_TREND_NONE);
	assert_int_equal(TREND(32, 30, 35, 31, 33), IQ_TREND_NONE);
	assert_int_equal(TREND(1, 2, 3), IQ_TREND_NONE);
}

static void test_many_snapshots_show_a_slow_leak(void **state iq_unused)
{
	uint64_t counts[200];

	for (size_t i = 0; i < IQ_ARRAY_SIZE(counts); i++)
		counts[i] = 1000 + i / 4;
	assert_int_equal(iq_trend_of(counts, IQ_ARRAY_SIZE(counts)),
			 IQ_TREND_GROWS);
}

static void test_the_largest_counts_do_not_overflow(void **state iq_unused)
{
	assert_int_equal(TREND(0, UINT64_MAX / 2, UINT64_MAX), IQ_TREND_GROWS);
	assert_int_equal(TREND(UINT64_MAX, UINT64_MAX, 0), IQ_TREND_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_snapshot_has_no_trend),
		cmocka_unit_test(test_two_snapshots_only_have_more),
		cmocka_unit_test(test_a_leak_grows),
		cmocka_unit_test(
			test_a_few_goroutines_that_end_do_not_hide_a_leak),
		cmocka_unit_test(test_a_burst_is_no_growth),
		cmocka_unit_test(test_a_ceiling_is_no_growth),
		cmocka_unit_test(test_what_only_varies_does_not_grow),
		cmocka_unit_test(test_many_snapshots_show_a_slow_leak),
		cmocka_unit_test(test_the_largest_counts_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
