/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>

#include "go-crash.h"

static const char *const versions[] = { "go1.18.10", "go1.22.12", "go1.26.8",
					"go1.27.2" };

static void assert_text(struct iq_str text, const char *expected)
{
	if (!iq_str_equal(text, iq_str_of(expected)))
		fail_msg("\"%.*s\" is not \"%s\"", IQ_STR_ARG(text), expected);
}

static uint64_t string_type(struct go_crash *c)
{
	return go_crash_type(c, "string", IQ_GO_KIND_STRING, 16);
}

static void panics_come_newest_first(void **state iq_unused)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(versions); i++) {
		const struct iq_scene *scene;
		uint64_t old, exit, type;
		struct go_crash c;

		go_crash_init(&c, versions[i]);
		type = string_type(&c);
		old = go_crash_panic(&c, 0, type,
				     go_crash_string(&c, "first\nsecond line"));
		go_process_field(&c.p, old, c.l->panic_recovered, 1);
		exit = go_crash_panic(&c, old - 1024, 0, 0);
		go_process_field(&c.p, exit, c.l->panic_goexit, 1);
		go_crash_panic(&c, old - 2048, type,
			       go_crash_string(&c, "last"));
		scene = go_crash_read(&c);
		assert_non_null(scene);
		assert_int_equal(scene->cause, IQ_CAUSE_PANIC);
		assert_int_equal(scene->num_panics, 3);
		assert_text(scene->panics[0].text, "last");
		// An error may have become that string.
		assert_text(scene->panics[0].type, "");
		assert_false(scene->panics[0].recovered);
		assert_true(scene->panics[1].goexit);
		assert_text(scene->panics[1].text, "");
		assert_text(scene->panics[2].text, "first\nsecond line");
		assert_true(scene->panics[2].recovered);
		assert_int_equal(scene->goroutine, 1);
		assert_int_equal(scene->thread, 100);
		assert_text(scene->last_signal, "SIGABRT");
		go_crash_close(&c);
	}
}

static void panic_was_raised_above_its_frame(void **state iq_unused)
{
	const struct iq_scene *scene;
	struct go_crash c;

	// In the frame of main.main, which plays gopanic.
	go_crash_init(&c, "go1.18.10");
	go_crash_panic(&c, c.sp - 64, string_type(&c),
		       go_crash_string(&c, "boom"));
	scene = go_crash_read(&c);
	assert_int_equal(scene->num_panics, 1);
	assert_null(scene->panics[0].raised_at);
	go_crash_close(&c);

	go_crash_init(&c, "go1.26.8");
	go_crash_panic(&c, c.sp, 0, 0);
	scene = go_crash_read(&c);
	assert_int_equal(scene->num_panics, 1);
	assert_non_null(scene->panics[0].raised_at);
	assert_text(scene->panics[0].raised_at->function, "main.G[...]");
	assert_ptr_equal(scene->site, scene->panics[0].raised_at);
	go_crash_close(&c);
}

static void value_raised_again_has_the_older_words(void **state iq_unused)
{
	const struct iq_scene *scene;
	uint64_t old, type;
	struct go_crash c;

	go_crash_init(&c, "go1.26.8");
	type = string_type(&c);
	old = go_crash_panic(&c, 0, type, go_crash_string(&c, "words"));
	go_process_field(&c.p, old, c.l->panic_repanicked, 1);
	go_crash_panic(&c, old - 1024, type, go_crash_string(&c, "raw"));
	scene = go_crash_read(&c);
	assert_int_equal(scene->num_panics, 2);
	assert_text(scene->panics[0].text, "words");
	assert_text(scene->panics[1].text, "words");
	go_crash_close(&c);
}

static void circle_of_panics_ends(void **state iq_unused)
{
	const struct iq_scene *scene;
	uint64_t panic;
	struct go_crash c;

	go_crash_init(&c, "go1.26.8");
	panic = go_crash_panic(&c, 0, 0, 0);
	go_process_field(&c.p, panic, c.l->panic_link, panic);
	scene = go_crash_read(&c);
	assert_non_null(scene);
	assert_int_equal(scene->num_panics, 1);
	go_crash_close(&c);
}

static void text_of_a_fatal_error_is_no_error_yet(void **state iq_unused)
{
	const struct iq_scene *scene;
	struct go_crash c;

	go_crash_init(&c, "go1.26.8");
	go_process_field(&c.p, c.m, c.l->m_throwing, 1);
	go_crash_panic(&c, 0, string_type(&c), go_crash_string(&c, "first"));
	scene = go_crash_read(&c);
	assert_int_equal(scene->num_panics, 1);
	assert_text(scene->panics[0].type, "string");
	assert_text(scene->panics[0].text, "first");
	go_crash_close(&c);
}

static void fields_of_a_value_are_shown(void **state iq_unused)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(versions); i++) {
		const struct iq_scene_panic *panic;
		uint64_t text, number, inner, outer, pointer, value, nested;
		struct go_crash c;

		go_crash_init(&c, versions[i]);
		// 1.18 keeps twice the offset.
		uint64_t twice = i == 0 ? 2 : 1;
		text = string_type(&c);
		number = go_crash_type(&c, "int", IQ_GO_KIND_INT, 8);
		inner = go_crash_type(&c, "main.In", IQ_GO_KIND_STRUCT, 8);
		go_crash_struct(&c, inner,
				(struct go_crash_field[]){ { "N", number, 0 } },
				1);
		pointer = go_crash_type(&c, "*main.In", IQ_GO_KIND_POINTER, 8);
		go_process_field(&c.p, pointer, c.l->ptr_type_elem, inner);
		outer = go_crash_type(&c, "main.Out", IQ_GO_KIND_STRUCT, 32);
		go_crash_struct(&c, outer,
				(struct go_crash_field[]){
					{ "Name", text, 0 },
					{ "Code", number, 16 * twice },
					{ "Next", pointer, 24 * twice } },
				3);
		nested = go_process_alloc(&c.p, 8);
		go_process_word(&c.p, nested, UINT64_MAX - 6);
		value = go_process_alloc(&c.p, 32);
		go_process_slice(&c.p, value, GO_PROCESS_HEAP + 64, 0);
		go_process_word(&c.p, value + 16, 42);
		go_process_word(&c.p, value + 24, nested);
		go_crash_panic(&c, 0, outer, value);
		panic = go_crash_read(&c)->panics;
		assert_text(panic->type, "main.Out");
		assert_int_equal(panic->num_fields, 4);
		assert_text(panic->fields[0].name, "Name");
		assert_true(panic->fields[0].secret);
		assert_text(panic->fields[1].name, "Code");
		assert_text(panic->fields[1].text, "42");
		assert_false(panic->fields[1].secret);
		assert_text(panic->fields[2].type, "*main.In");
		assert_text(panic->fields[3].name, "Next.N");
		assert_text(panic->fields[3].text, "-7");
		go_crash_close(&c);
	}
}

static void fault_is_told_in_words(void **state iq_unused)
{
	const struct iq_scene *scene;
	struct go_crash c;

	go_crash_init(&c, "go1.26.8");
	go_crash_panic(&c, 0, 0, 0);
	go_process_field(&c.p, c.g, c.l->g_sig, SIGSEGV);
	go_process_field(&c.p, c.g, c.l->g_sigcode0, SEGV_MAPERR);
	go_process_field(&c.p, c.g, c.l->g_sigcode1, 0x18);
	scene = go_crash_read(&c);
	assert_text(scene->signal_text, "SIGSEGV: address not mapped");
	assert_int_equal(scene->fault_addr, 0x18);
	assert_text(scene->fault_place, "nil + 0x18");
	go_crash_close(&c);
}

static void fault_at_no_address_has_none(void **state iq_unused)
{
	const struct iq_scene *scene;
	struct go_crash c;

	go_crash_init(&c, "go1.26.8");
	go_crash_panic(&c, 0, 0, 0);
	go_process_field(&c.p, c.g, c.l->g_sig, SIGSEGV);
	go_process_field(&c.p, c.g, c.l->g_sigcode0, SI_KERNEL);
	scene = go_crash_read(&c);
	assert_true(scene->has_signal);
	assert_false(scene->has_fault_addr);
	assert_false(c.p.facts->process.has_fault_addr);
	go_crash_close(&c);
}

/* Go 1.18 to 1.20: C code faulted on the thread's own stack. */
static void fault_of_a_system_stack_is_found(void **state iq_unused)
{
	const struct iq_process_fact *p;
	const struct iq_scene *scene;
	struct go_crash c;
	uint64_t g0;

	go_crash_init(&c, "go1.18.10");
	go_process_field(&c.p, c.m, c.l->m_throwing, 1);
	g0 = go_process_alloc(&c.p, c.l->g_size);
	go_process_field(&c.p, c.m, c.l->m_g0, g0);
	go_process_field(&c.p, g0, c.l->g_sig, SIGSEGV);
	go_process_field(&c.p, g0, c.l->g_sigcode0, SEGV_MAPERR);
	go_process_field(&c.p, g0, c.l->g_sigcode1, 0x18);
	scene = go_crash_read(&c);
	p = &c.p.facts->process;
	assert_text(scene->signal_text, "SIGSEGV: address not mapped");
	assert_int_equal(scene->fault_addr, 0x18);
	assert_true(p->has_fault_addr);
	assert_int_equal(p->fault_addr, 0x18);
	assert_int_equal(p->end, IQ_END_FATAL);
	assert_int_equal(p->end_goroutine, 1);
	go_crash_close(&c);
}

static void place_of_a_fault_is_named(void **state iq_unused)
{
	const struct iq_scene *scene;
	struct go_crash c;

	go_crash_init(&c, "go1.26.8");
	go_crash_panic(&c, 0, 0, 0);
	go_process_field(&c.p, c.g, c.l->g_sig, SIGBUS);
	go_process_field(&c.p, c.g, c.l->g_sigcode0, BUS_ADRERR);
	go_process_field(&c.p, c.g, c.l->g_sigcode1, c.sp + 8);
	scene = go_crash_read(&c);
	assert_text(scene->signal_text, "SIGBUS: no memory behind the address");
	assert_text(scene->fault_place,
		    "memory that may be read and written: stack of goroutine "
		    "1, frame of main.main");
	go_crash_close(&c);
}

static void process_that_lives_has_no_scene(void **state iq_unused)
{
	struct go_crash c;

	go_crash_init(&c, "go1.26.8");
	go_process_field(&c.p, c.m, c.l->m_dying, 0);
	assert_null(go_crash_read(&c));
	go_crash_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(panics_come_newest_first),
		cmocka_unit_test(panic_was_raised_above_its_frame),
		cmocka_unit_test(value_raised_again_has_the_older_words),
		cmocka_unit_test(circle_of_panics_ends),
		cmocka_unit_test(text_of_a_fatal_error_is_no_error_yet),
		cmocka_unit_test(fields_of_a_value_are_shown),
		cmocka_unit_test(fault_is_told_in_words),
		cmocka_unit_test(fault_at_no_address_has_none),
		cmocka_unit_test(fault_of_a_system_stack_is_found),
		cmocka_unit_test(place_of_a_fault_is_named),
		cmocka_unit_test(process_that_lives_has_no_scene),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
