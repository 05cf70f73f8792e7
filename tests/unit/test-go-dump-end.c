/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "go-dump.h"
#include "model/scene.h"

#define CRASHED_5                                                              \
	"goroutine 5 [running]:\nmain.f()\n\t/src/main.go:5 +0x5\n"            \
	"created by main.main in goroutine 1\n\t/src/main.go:2 +0x2\n"
#define RUNNING_1 "goroutine 1 [running]:\nmain.main()\n\t/src/main.go:1 +0x1\n"

static void panics_are_a_chain(void **state iq_unused)
{
	struct dump d = dump_of("panic: first [recovered]\n"
				"\tpanic: second [recovered, repanicked]\n"
				"\tpanic: third\n\tline\n\n" CRASHED_5);
	const struct iq_scene *s = d.facts->scene;

	assert_non_null(s);
	assert_int_equal(s->num_panics, 4);
	assert_str(s->panics[0].text, "third\nline");
	assert_false(s->panics[0].recovered);
	// Raised again, it is two of which one is printed.
	assert_str(s->panics[1].text, "second");
	assert_false(s->panics[1].repanicked);
	assert_true(s->panics[2].repanicked);
	assert_str(s->panics[3].text, "first");
	assert_true(s->panics[3].recovered);
	assert_false(s->panics[3].repanicked);
	dump_close(&d);
}

static void two_threads_that_fail_at_once_are_one_end(void **state iq_unused)
{
	struct dump d =
		dump_of("fatal error: concurrent map writes\n"
			"fatal error: concurrent map writes\n\n" CRASHED_5
			"\n" RUNNING_1 "\n" RUNNING_1);

	assert_int_equal(d.facts->process.end, IQ_END_FATAL);
	assert_int_equal(d.facts->process.end_goroutine, 5);
	assert_int_equal(d.facts->goroutines.len, 2);
	dump_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(panics_are_a_chain),
		cmocka_unit_test(two_threads_that_fail_at_once_are_one_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
