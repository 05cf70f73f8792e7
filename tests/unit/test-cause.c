/* SPDX-License-Identifier: Apache-2.0 */
#include "model/crash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "detect/crash.h"
#include "facts-builder.h"

#define GOEXIT ";runtime.goexit asm.s:1"
#define RAISED "panic panic.go:7;"

/* A process that ended in goroutine 7, with one stack. */
struct fixture {
	struct iq_facts *facts;
	struct iq_model *model;
	struct iq_crash crash;
	struct iq_arena arena;
	bool crashed;
};

static void look(struct fixture *x, enum iq_end_kind end, const char *text,
		 const char *stack)
{
	x->facts = facts_new(IQ_WITNESS_DUMP, "dump");
	facts_add(x->facts, 7, "running", stack);
	x->facts->process.end = end;
	x->facts->process.end_text = iq_str_of(text);
	x->facts->process.has_end_goroutine = true;
	x->facts->process.end_goroutine = 7;
}

static void find(struct fixture *x)
{
	const struct iq_facts *list[] = { x->facts };

	iq_facts_finish(x->facts);
	assert_null(iq_model_create(list, 1, &x->model));
	assert_null(iq_model_join(x->model));
	iq_arena_init(&x->arena);
	x->crashed = iq_crash_find(x->model, &x->crash);
}

static void deinit(struct fixture *x)
{
	iq_arena_deinit(&x->arena);
	iq_model_destroy(x->model);
	iq_facts_destroy(x->facts);
}

static void assert_words(struct fixture *x, const char *words)
{
	struct iq_str text;

	assert_null(iq_crash_words(x->model, &x->crash, &x->arena, &text));
	assert_true(iq_str_equal(text, iq_str_of(words)));
}

static void test_runtime_words_are_causes(void **state)
{
	static const struct {
		enum iq_end_kind end;
		const char *text;
		enum iq_cause cause;
	} rows[] = {
		{ IQ_END_PANIC,
		  "runtime error: invalid memory address or nil pointer dereference",
		  IQ_CAUSE_NIL_DEREFERENCE },
		{ IQ_END_PANIC,
		  "value method main.P.Sum called using nil *P pointer",
		  IQ_CAUSE_NIL_DEREFERENCE },
		{ IQ_END_PANIC,
		  "runtime error: slice bounds out of range [:9] with capacity 8",
		  IQ_CAUSE_BOUNDS },
		{ IQ_END_PANIC, "runtime error: makeslice: len out of range",
		  IQ_CAUSE_BOUNDS },
		{ IQ_END_PANIC, "interface conversion: interface is nil, not x",
		  IQ_CAUSE_TYPE_ASSERTION },
		{ IQ_END_PANIC, "close of nil channel", IQ_CAUSE_CLOSE_OF_NIL },
		{ IQ_END_PANIC, "sync: WaitGroup misuse", IQ_CAUSE_PANIC },
		{ IQ_END_PANIC,
		  "sync: WaitGroup is reused before previous Wait has returned",
		  IQ_CAUSE_WAITGROUP_REUSE },
		{ IQ_END_PANIC, "runtime error: hash of unhashable type []int",
		  IQ_CAUSE_UNCOMPARABLE },
		{ IQ_END_PANIC, "runtime error: negative shift amount",
		  IQ_CAUSE_NEGATIVE_SHIFT },
		{ IQ_END_PANIC, "value method", IQ_CAUSE_PANIC },
		{ IQ_END_FATAL, "sync: RUnlock of unlocked RWMutex",
		  IQ_CAUSE_UNLOCK_OF_UNLOCKED },
		{ IQ_END_FATAL, "sync: unlock of unlocked mutex",
		  IQ_CAUSE_UNLOCK_OF_UNLOCKED },
		{ IQ_END_FATAL, "sync: inconsistent mutex state",
		  IQ_CAUSE_FATAL },
		{ IQ_END_FATAL, "concurrent map writes",
		  IQ_CAUSE_CONCURRENT_MAP },
		{ IQ_END_FATAL, "fault", IQ_CAUSE_BAD_ADDRESS },
		{ IQ_END_FATAL, "faulty", IQ_CAUSE_FATAL },
	};

	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++) {
		struct iq_str text = iq_str_of(rows[i].text);

		assert_int_equal(rows[i].end == IQ_END_PANIC ?
					 iq_cause_of_panic(text) :
					 iq_cause_of_fatal(text),
				 rows[i].cause);
	}
}

static void test_programs_own_words_are_a_panic(void **state)
{
	struct fixture x = { 0 };

	(void)state;
	look(&x, IQ_END_PANIC, "send on closed channel",
	     RAISED "main.put queue.go:12" GOEXIT);
	find(&x);
	assert_true(x.crashed);
	assert_int_equal(x.crash.cause, IQ_CAUSE_PANIC);
	assert_words(&x, "panic: send on closed channel");
	deinit(&x);
}

static void test_runtimes_words_name_their_caller(void **state)
{
	struct fixture x = { 0 };

	(void)state;
	look(&x, IQ_END_PANIC, "send on closed channel",
	     RAISED "runtime.chansend chan.go:1;runtime.chansend1 chan.go:2;"
		    "main.put queue.go:12" GOEXIT);
	find(&x);
	assert_int_equal(x.crash.cause, IQ_CAUSE_SEND_ON_CLOSED);
	assert_int_equal(x.crash.site->line, 12);
	deinit(&x);
}

static void test_large_address_is_no_nil(void **state)
{
	struct fixture x = { 0 };

	(void)state;
	look(&x, IQ_END_PANIC,
	     "runtime error: invalid memory address or nil pointer dereference",
	     RAISED "runtime.sigpanic signal.go:9;main.get main.go:5" GOEXIT);
	x.facts->process.has_fault_addr = true;
	x.facts->process.fault_addr = 0x1000;
	find(&x);
	assert_int_equal(x.crash.cause, IQ_CAUSE_BAD_ADDRESS);
	assert_words(&x, "fault at a bad address 0x1000");
	deinit(&x);
}

/* Three panics: the newest first. */
static void test_chain_begins_after_what_was_recovered(void **state)
{
	static const struct iq_scene_panic panics[] = {
		{ .text = { "third", 5 } },
		{ .text = { "second", 6 } },
		{ .text = { "first", 5 }, .recovered = true },
	};
	static const struct iq_scene scene = { .panics = panics,
					       .num_panics = 3 };
	struct fixture x = { 0 };

	(void)state;
	look(&x, IQ_END_PANIC, "third",
	     RAISED "main.c c.go:3;" RAISED "main.b b.go:2;" RAISED
		    "main.a a.go:1" GOEXIT);
	x.facts->scene = &scene;
	find(&x);
	assert_words(&x, "panic: second");
	assert_int_equal(x.crash.site->line, 2);
	deinit(&x);
}

static void test_panic_raised_again_began_with_the_first(void **state)
{
	static const struct iq_scene_panic panics[] = {
		{ .text = { "(*main.Oops) 0xc0", 17 } },
		{ .text = { "oops", 4 },
		  .recovered = true,
		  .repanicked = true },
	};
	static const struct iq_scene scene = { .panics = panics,
					       .num_panics = 2 };
	struct fixture x = { 0 };

	(void)state;
	look(&x, IQ_END_PANIC, "oops",
	     RAISED "main.again.func1 b.go:2;" RAISED "main.a a.go:1" GOEXIT);
	x.facts->scene = &scene;
	find(&x);
	assert_words(&x, "panic: oops");
	assert_int_equal(x.crash.site->line, 1);
	deinit(&x);
}

/* A runtime error, recovered, wrapped by fmt.Errorf and raised again. */
static void test_wrapped_runtime_error_began_with_the_first(void **state)
{
	static const struct iq_frame at = {
		.function = { "main.handle.func1", 17 },
		.file = { "h.go", 4 },
		.line = 2,
	};
	static const struct iq_scene_panic panics[] = {
		{ .text = { "h: runtime error: integer divide by zero", 40 },
		  .raised_at = &at },
		{ .text = { "runtime error: integer divide by zero", 37 },
		  .recovered = true },
	};
	static const struct iq_scene scene = { .panics = panics,
					       .num_panics = 2 };
	struct fixture x = { 0 };
	struct iq_str text;

	(void)state;
	look(&x, IQ_END_PANIC, "h: runtime error: integer divide by zero",
	     RAISED "main.handle.func1 h.go:2;" RAISED
		    "runtime.panicdivide panic.go:9;main.per a.go:1" GOEXIT);
	x.facts->scene = &scene;
	find(&x);
	assert_int_equal(x.crash.cause, IQ_CAUSE_DIVIDE);
	assert_int_equal(x.crash.site->line, 1);
	assert_ptr_equal(x.crash.again, &panics[0]);
	assert_null(
		iq_crash_explain(x.model, &x.crash, false, &x.arena, &text));
	assert_true(
		iq_str_ends(text, IQ_STR("it was recovered and raised again "
					 "in main.handle.func1 h.go:2")));
	deinit(&x);
}

static void test_generated_frames_are_no_place_to_open(void **state)
{
	struct fixture x = { 0 };

	(void)state;
	look(&x, IQ_END_SIGNAL, "SIGSEGV: segmentation violation",
	     "runtime.cgocall cgocall.go:1;main._Cfunc_f _cgo_gotypes.go:4;"
	     "main.store main.go:9" GOEXIT);
	x.facts->process.signal = IQ_STR("SIGSEGV");
	find(&x);
	assert_int_equal(x.crash.cause, IQ_CAUSE_C_FAULT);
	assert_int_equal(x.crash.site->line, 9);
	deinit(&x);
}

static void test_signal_from_outside_has_no_place(void **state)
{
	static const struct iq_scene scene = { .has_signal_code = true,
					       .signal_code = 0 };
	struct fixture x = { 0 };

	(void)state;
	look(&x, IQ_END_SIGNAL, "SIGSEGV: segmentation violation",
	     "main.loop main.go:9" GOEXIT);
	x.facts->scene = &scene;
	find(&x);
	assert_int_equal(x.crash.cause, IQ_CAUSE_SIGNAL);
	assert_true(x.crash.sent);
	assert_null(x.crash.site);
	deinit(&x);
}

static void test_dump_on_request_is_no_crash(void **state)
{
	struct fixture x = { 0 };

	(void)state;
	look(&x, IQ_END_OPERATOR, "SIGQUIT: quit",
	     "main.loop main.go:9" GOEXIT);
	find(&x);
	assert_false(x.crashed);
	deinit(&x);
}

static void test_every_cause_has_words_and_advice(void **state)
{
	(void)state;
	for (int i = 0; i < IQ_NUM_CAUSES; i++) {
		assert_true(strlen(iq_cause_name((enum iq_cause)i)) > 0);
		assert_true(strlen(iq_crash_advice((enum iq_cause)i)) > 0);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(iq_cause_id((enum iq_cause)i),
						iq_cause_id((enum iq_cause)j));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runtime_words_are_causes),
		cmocka_unit_test(test_programs_own_words_are_a_panic),
		cmocka_unit_test(test_runtimes_words_name_their_caller),
		cmocka_unit_test(test_large_address_is_no_nil),
		cmocka_unit_test(test_chain_begins_after_what_was_recovered),
		cmocka_unit_test(test_panic_raised_again_began_with_the_first),
		cmocka_unit_test(
			test_wrapped_runtime_error_began_with_the_first),
		cmocka_unit_test(test_generated_frames_are_no_place_to_open),
		cmocka_unit_test(test_signal_from_outside_has_no_place),
		cmocka_unit_test(test_dump_on_request_is_no_crash),
		cmocka_unit_test(test_every_cause_has_words_and_advice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
