/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
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

#define PANIC "panic({0x1, 0x2})\n\t/go/src/runtime/panic.go:860 +0x13a\n"
#define FRAME(name, line) name "\n\t/src/main.go:" line " +0x5\n"

/* Without the runtime's frames the newest panic's own call is not shown. */
static void raiser_of_the_newest_panic_stands_first(void **state iq_unused)
{
	struct dump d = dump_of(
		"panic: first\n\tpanic: second\n\ngoroutine 5 [running]:\n" FRAME(
			"main.g.func1()", "7") PANIC FRAME("main.g()", "9")
			FRAME("main.main()", "2"));
	const struct iq_scene *s = d.facts->scene;

	assert_int_equal(s->num_panics, 2);
	assert_int_equal(s->panics[0].raised_at->line, 7);
	assert_int_equal(s->panics[1].raised_at->line, 9);
	dump_close(&d);
	d = dump_of(
		"panic: first\n\tpanic: second\n\n"
		"goroutine 5 [running]:\n" PANIC FRAME("main.g.func1()", "7")
			PANIC FRAME("main.g()", "9") FRAME("main.main()", "2"));
	s = d.facts->scene;
	assert_int_equal(s->panics[0].raised_at->line, 7);
	assert_int_equal(s->panics[1].raised_at->line, 9);
	dump_close(&d);
}

/* Go 1.26 prints a value once that two panics have. */
static void line_stands_for_all_panics_of_its_value(void **state iq_unused)
{
	struct dump d = dump_of(
		"panic: oops\n\ngoroutine 5 [running]:\n" PANIC FRAME(
			"main.main.func1.deferwrap1()", "3")
			PANIC FRAME("main.f()", "9") FRAME("main.main()", "2"));
	const struct iq_scene *s = d.facts->scene;

	assert_int_equal(s->num_panics, 2);
	assert_str(s->panics[1].text, "oops");
	assert_int_equal(s->panics[1].raised_at->line, 9);
	assert_true(s->panics[0].raised_at->wrapper);
	assert_false(s->panics[1].raised_at->wrapper);
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

#define LISTED                                                                 \
	"goroutine 1 [running]:\n"                                             \
	"\tgoroutine running on other thread; stack unavailable\n"

/* The first that is printed is the one that ended it. */
static void second_thread_that_panics_is_named_beside(void **state iq_unused)
{
	struct dump d =
		dump_of("panic: first\n\n" CRASHED_5 "\n" LISTED
			"panic: second\n\n" RUNNING_1 "exit status 2\n");
	const struct iq_scene *s = d.facts->scene;

	assert_int_equal(d.facts->witness.num_sections, 1);
	assert_str(d.facts->process.end_text, "first");
	assert_int_equal(s->goroutine, 5);
	assert_int_equal(s->num_objects, 1);
	assert_str(s->objects[0].what, "another panic at the same time");
	assert_str(s->objects[0].values[0].text, "1");
	assert_str(s->objects[0].values[1].text, "second");
	assert_str(s->objects[0].values[2].text, "main.main main.go:1");
	assert_non_null(goroutine(&d, 1)->stack);
	dump_close(&d);
}

static void crash_with_a_list_of_its_own_is_another(void **state iq_unused)
{
	struct dump d = dump_of("panic: first\n\n" CRASHED_5
				"panic: second\n\n" RUNNING_1
				"\ngoroutine 7 [sleep]:\nmain.f()\n"
				"\t/src/main.go:5 +0x5\n");
	const struct iq_scene *s = d.facts->scene;

	assert_int_equal(d.facts->witness.num_sections, 2);
	assert_int_equal(d.facts->goroutines.len, 2);
	assert_str(d.facts->process.end_text, "second");
	assert_int_equal(s->goroutine, 1);
	assert_int_equal(s->num_objects, 1);
	assert_str(s->objects[0].what, "an earlier crash in the same file");
	assert_str(s->objects[0].values[1].text, "first");
	dump_close(&d);
}

static void headers_in_a_panics_text_are_none(void **state iq_unused)
{
	struct dump d = dump_of("panic: one\n\ttwo\n\t\n"
				"\tgoroutine 6 [running]:\n\tmain.fake()\n"
				"\t\t/x/y.go:3 +0x1\n\n" CRASHED_5);

	assert_int_equal(d.facts->scene->goroutine, 5);
	assert_int_equal(d.facts->goroutines.len, 1);
	assert_int_equal(d.facts->scene->num_objects, 0);
	dump_close(&d);
	// Up to Go 1.22 nothing was indented.
	d = dump_of("panic: one\ntwo\n\ngoroutine 6 [running]:\nmain.fake()\n"
		    "\t/x/y.go:3 +0x1\n\n" CRASHED_5
		    "\ngoroutine 6 [sleep]:\nmain.f()\n\t/src/main.go:5 +0x5\n"
		    "created by main.main\n\t/src/main.go:2 +0x2\n");
	assert_int_equal(d.facts->process.end, IQ_END_PANIC);
	assert_int_equal(d.facts->witness.num_sections, 1);
	assert_int_equal(d.facts->scene->goroutine, 5);
	assert_int_equal(d.facts->goroutines.len, 2);
	assert_int_equal(d.facts->scene->num_objects, 0);
	dump_close(&d);
}

static unsigned bid_of(const char *text)
{
	struct iq_source *source;
	unsigned bid;

	assert_null(iq_source_open_buffer("dump", text, strlen(text), NULL,
					  &source));
	bid = iq_reader_go_dump.bid(source);
	iq_source_destroy(source);
	return bid;
}

/* GOTRACEBACK=none, and a process of which no goroutine was left. */
static void crash_without_stacks_says_why(void **state iq_unused)
{
	static const char *const texts[] = {
		"started\npanic: oops\n\tmore\n[signal SIGSEGV: segmentation "
		"violation code=0x1 addr=0x18 pc=0x4aaf12]\nexit status 2\n",
		"fatal error: no goroutines (main called runtime.Goexit) - "
		"deadlock!\n",
	};
	struct dump d;

	for (size_t i = 0; i < 2; i++) {
		assert_int_not_equal(bid_of(texts[i]), 0);
		d = dump_of(texts[i]);
		assert_int_equal(d.facts->process.end,
				 i ? IQ_END_FATAL : IQ_END_PANIC);
		assert_int_equal(d.facts->witness.tells, IQ_TELLS_END);
		assert_int_equal(d.facts->gaps.len, 1);
		assert_non_null(d.facts->scene);
		assert_false(d.facts->process.has_end_goroutine);
		dump_close(&d);
	}
}

static void ordinary_logs_are_no_crash(void **state iq_unused)
{
	assert_int_equal(bid_of("panic: oops\nthe log goes on\n"), 0);
	assert_int_equal(bid_of("fatal error: cannot open x.h\n"), 0);
	assert_int_equal(bid_of("2026/01/01 panic: oops\n"), 0);
	assert_int_equal(bid_of("panic: oops\n\t\0\n"), bid_of("panic: x"));
}

static void runtime_says_more_before_a_fatal_error(void **state iq_unused)
{
	struct dump d = dump_of("runtime: one\nruntime: two\n"
				"fatal error: out of memory\n\n" CRASHED_5);

	assert_str(d.facts->scene->last_words, "runtime: one\nruntime: two");
	dump_close(&d);
	d = dump_of("runtime: one\na\nb\nc\nd\ne\n"
		    "fatal error: out of memory\n\n" CRASHED_5);
	assert_str(d.facts->scene->last_words, "");
	dump_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(panics_are_a_chain),
		cmocka_unit_test(raiser_of_the_newest_panic_stands_first),
		cmocka_unit_test(line_stands_for_all_panics_of_its_value),
		cmocka_unit_test(second_thread_that_panics_is_named_beside),
		cmocka_unit_test(crash_with_a_list_of_its_own_is_another),
		cmocka_unit_test(headers_in_a_panics_text_are_none),
		cmocka_unit_test(crash_without_stacks_says_why),
		cmocka_unit_test(ordinary_logs_are_no_crash),
		cmocka_unit_test(runtime_says_more_before_a_fatal_error),
		cmocka_unit_test(two_threads_that_fail_at_once_are_one_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
