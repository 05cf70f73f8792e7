/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "go-crash.h"

static void assert_text(struct iq_str text, const char *expected)
{
	if (!iq_str_equal(text, iq_str_of(expected)))
		fail_msg("\"%.*s\" is not \"%s\"", IQ_STR_ARG(text), expected);
}

/* A record in front of those that there are. */
static uint64_t defer_make(struct go_crash *c, uint64_t pc, uint64_t sp)
{
	uint64_t addr = go_process_alloc(&c->p, c->l->defer_size);
	uint64_t closure = go_process_alloc(&c->p, 16);
	uint64_t link = 0;

	memcpy(&link,
	       c->p.heap + (c->g - GO_PROCESS_HEAP) + c->l->g_defer.offset,
	       sizeof(link));
	go_process_word(&c->p, closure, pc);
	go_process_field(&c->p, addr, c->l->defer_fn, closure);
	go_process_field(&c->p, addr, c->l->defer_sp, sp);
	go_process_field(&c->p, addr, c->l->defer_link, link);
	go_process_field(&c->p, c->g, c->l->g_defer, addr);
	return addr;
}

static void fatal(struct go_crash *c, const char *version)
{
	go_crash_init(c, version);
	go_process_field(&c->p, c->m, c->l->m_throwing, 1);
}

static void calls_come_in_the_order_in_which_they_run(void **state iq_unused)
{
	static const char *const versions[] = { "go1.18.10", "go1.22.12",
						"go1.26.8" };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(versions); i++) {
		const struct iq_scene *scene;
		struct go_crash c;

		// One of main.G, whose frame is the second; two of main.main.
		fatal(&c, versions[i]);
		defer_make(&c, GO_IMAGE_TEXT, c.sp + GO_PROCESS_FRAME);
		defer_make(&c, GO_IMAGE_TEXT + 0x40, c.sp);
		defer_make(&c, GO_IMAGE_TEXT, c.sp);
		scene = go_crash_read(&c);
		assert_int_equal(scene->num_defers, 3);
		assert_text(scene->defers[0].function->function, "main.main");
		assert_text(scene->defers[1].function->function, "main.G[...]");
		// Not of main.inner, which is inlined: that cannot defer.
		assert_text(scene->defers[1].made_at->function, "main.main");
		assert_text(scene->defers[2].function->function, "main.main");
		assert_text(scene->defers[2].made_at->function, "main.G[...]");
		assert_false(scene->defers[0].running);
		go_crash_close(&c);
	}
}

static void what_is_no_function_is_no_call(void **state iq_unused)
{
	const struct iq_scene *scene;
	struct go_crash c;

	// Into a function, beside any, and in a frame that is not there.
	fatal(&c, "go1.26.8");
	defer_make(&c, GO_IMAGE_TEXT, 8);
	defer_make(&c, 0x1234, c.sp);
	defer_make(&c, GO_IMAGE_TEXT + 4, c.sp);
	scene = go_crash_read(&c);
	assert_int_equal(scene->num_defers, 0);
	go_crash_close(&c);
}

static void circle_of_records_ends(void **state iq_unused)
{
	const struct iq_scene *scene;
	struct go_crash c;
	uint64_t defer;

	fatal(&c, "go1.26.8");
	defer = defer_make(&c, GO_IMAGE_TEXT, c.sp);
	go_process_field(&c.p, defer, c.l->defer_link, defer);
	scene = go_crash_read(&c);
	assert_non_null(scene);
	assert_in_range(scene->num_defers, 1, 256);
	go_crash_close(&c);
}

static void started_calls_wait_no_more(void **state iq_unused)
{
	const struct iq_scene *scene;
	struct go_crash c;
	uint64_t defer;

	fatal(&c, "go1.18.10");
	defer_make(&c, GO_IMAGE_TEXT, c.sp);
	defer = defer_make(&c, GO_IMAGE_TEXT + 0x40, c.sp);
	go_process_field(&c.p, defer, c.l->defer_started, 1);
	scene = go_crash_read(&c);
	assert_int_equal(scene->num_defers, 1);
	assert_text(scene->defers[0].function->function, "main.main");
	go_crash_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_come_in_the_order_in_which_they_run),
		cmocka_unit_test(what_is_no_function_is_no_call),
		cmocka_unit_test(circle_of_records_ends),
		cmocka_unit_test(started_calls_wait_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
