/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks as debuggers and as the Go runtime print them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "render.h"

/* One sender with addresses, an inlined call, labels and a time. */
static struct iq_goroutine_fact *add_sender(struct iq_facts *facts)
{
	const struct iq_frame frames[] = {
		{ .function = IQ_STR("runtime.gopark"),
		  .file = IQ_STR("/go/proc.go"),
		  .line = 435,
		  .has_pc = true,
		  .pc = 0x43ce91,
		  .entry = 0x43cdc0 },
		{ .function = IQ_STR("main.box[go.shape.int].put"),
		  .file = IQ_STR("/src/main.go"),
		  .line = 12,
		  .has_pc = true,
		  .inlined = true,
		  .pc = 0x4ccb28,
		  .entry = 0x4ccb00 },
		{ .function = IQ_STR("main.send"),
		  .file = IQ_STR("/src/main.go"),
		  .line = 34,
		  .has_pc = true,
		  .pc = 0x4ccb28,
		  .entry = 0x4ccb00 },
		{ .function = IQ_STR("runtime.goexit"),
		  .file = IQ_STR("/go/asm_amd64.s"),
		  .line = 1693,
		  .has_pc = true,
		  .pc = 0x473ee1,
		  .entry = 0x473ee0 },
	};
	const struct iq_label label = { IQ_STR("route"), IQ_STR("/\"q\"") };
	const struct iq_stack stack = { .num_frames = 4, .complete = true };
	struct iq_goroutine_fact *g =
		facts_add(facts, 34, "chan send", "x x:1");

	assert_null(iq_facts_stack_of(facts, frames, &stack, &g->stack));
	assert_null(iq_facts_labels(facts, &label, 1, &g->labels));
	g->has_wait_min = true;
	g->wait_min_ns = 301000000000;
	facts_created(facts, g, 1, "main.main /src/main.go:30");
	return g;
}

static void one_sender(struct render *x)
{
	*x = (struct render){
		.facts = { facts_new(IQ_WITNESS_CORE, "core") },
		.num_facts = 1,
		.options = { .width = 80, .has_id = true, .id = 34 },
	};
	add_sender(x->facts[0]);
	render_join(x);
}

static void test_frames_are_numbered_and_placed(void **state)
{
	struct render x;

	(void)state;
	one_sender(&x);
	assert_string_equal(
		render_text(&x, "bt", "text"),
		"goroutine 34 [chan send, >=5m01s]\n"
		" 1  0x00000000004ccb28 in main.box[go.shape.int].put "
		"(inlined)\n"
		"    at /src/main.go:12\n"
		" 2  0x00000000004ccb28 in main.send\n"
		"    at /src/main.go:34\n"
		"    created by main.main at /src/main.go:30 in goroutine 1\n"
		"    labels route=/\"q\"\n"
		"\n"
		"(frames of the runtime are left out; --runtime shows them)\n");
	render_deinit(&x);
}

static void test_runtime_frames_are_shown_when_asked_for(void **state)
{
	struct render x;
	const char *text;

	(void)state;
	one_sender(&x);
	x.options.runtime_frames = true;
	text = render_text(&x, "bt", "text");
	assert_non_null(strstr(text, " 0  0x000000000043ce91 in "
				     "runtime.gopark\n"));
	assert_non_null(strstr(text, " 3  0x0000000000473ee1 in "
				     "runtime.goexit\n"));
	assert_null(strstr(text, "left out"));
	render_deinit(&x);
}

// Go: src/runtime/traceback.go, as a program of go1.26 prints it for debug=2.
static void test_go_style_is_the_runtimes_own(void **state)
{
	struct render x;

	(void)state;
	one_sender(&x);
	x.options.go_style = true;
	assert_string_equal(render_text(&x, "bt", "text"),
			    "goroutine 34 [chan send, 5 minutes]:\n"
			    "main.box[...].put(...)\n"
			    "\t/src/main.go:12\n"
			    "main.send(...)\n"
			    "\t/src/main.go:34 +0x28\n"
			    "created by main.main in goroutine 1\n"
			    "\t/src/main.go:30\n");
	x.options.labels = true;
	assert_non_null(strstr(render_text(&x, "bt", "text"),
			       "[chan send, 5 minutes labels:{\"route\": "
			       "\"/\\\"q\\\"\"}]:\n"));
	render_deinit(&x);
}

static void test_go_style_divides_goroutines_by_an_empty_line(void **state)
{
	struct render x;
	const char *text;
	unsigned heads = 0;

	(void)state;
	render_shop(&x, 3);
	x.options.go_style = true;
	text = render_text(&x, "bt", "text");
	assert_int_equal(strncmp(text, "goroutine 1 [", 13), 0);
	for (const char *at = text; (at = strstr(at, "\n\ngoroutine ")); at++)
		heads++;
	// The runtime's own is not in debug=2; main's creator neither.
	assert_int_equal(heads + 1, x.model->num_total - x.model->num_system);
	assert_null(strstr(text, "gcBgMarkWorker"));
	render_deinit(&x);
}

static void test_equal_stacks_stand_once(void **state)
{
	struct render x;
	const char *text;
	const char *first;

	(void)state;
	render_shop(&x, 40);
	x.options.unique = true;
	text = render_text(&x, "bt", "text");
	assert_non_null(strstr(text, "40 goroutines [chan send, >=1m05s]\n"));
	first = strstr(text, "main.fetchQuote.func1");
	assert_non_null(first);
	assert_null(strstr(first + 1, "main.fetchQuote.func1"));
	assert_non_null(strstr(text, "    ids 2 3 4 "));
	assert_non_null(strstr(text, " more\n"));
	render_deinit(&x);
}

static void test_elided_frames_are_told(void **state)
{
	struct render x = {
		.facts = { facts_new(IQ_WITNESS_DUMP, "dump") },
		.num_facts = 1,
		.options = { .width = 80 },
	};
	struct iq_frame frames[] = {
		{ .function = IQ_STR("main.a"), .file = IQ_STR("a.go") },
		{ .function = IQ_STR("main.z"), .file = IQ_STR("a.go") },
	};
	struct iq_stack stack = { .num_frames = 2,
				  .complete = true,
				  .elided = true,
				  .num_elided = 51 };
	struct iq_goroutine_fact *g;

	(void)state;
	g = facts_add(x.facts[0], 1, "running", "x x:1");
	assert_null(iq_facts_stack_of(x.facts[0], frames, &stack, &g->stack));
	render_join(&x);
	assert_non_null(strstr(render_text(&x, "bt", "text"),
			       "    ... 51 frames elided by the witness ...\n"
			       " 1  in main.z\n"));
	x.options.go_style = true;
	assert_non_null(strstr(render_text(&x, "bt", "text"),
			       "...51 frames elided...\nmain.z(...)\n"));
	render_deinit(&x);
}

static void test_a_goroutine_that_is_not_there_is_an_error(void **state)
{
	struct render x;

	(void)state;
	render_shop(&x, 2);
	x.options.has_id = true;
	x.options.id = 4711;
	assert_null(render_text(&x, "bt", "text"));
	x.options.go_style = true;
	assert_null(render_text(&x, "bt", "text"));
	render_deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_are_numbered_and_placed),
		cmocka_unit_test(test_runtime_frames_are_shown_when_asked_for),
		cmocka_unit_test(test_go_style_is_the_runtimes_own),
		cmocka_unit_test(
			test_go_style_divides_goroutines_by_an_empty_line),
		cmocka_unit_test(test_equal_stacks_stand_once),
		cmocka_unit_test(test_elided_frames_are_told),
		cmocka_unit_test(
			test_a_goroutine_that_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
