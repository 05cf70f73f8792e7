/* SPDX-License-Identifier: Apache-2.0 */
/* The text report: the answer on one screen, whatever the names are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "render.h"

static const unsigned widths[] = { 40, 60, 80, 100, 110, 120, 200 };

static void test_no_line_is_longer_than_the_terminal(void **state)
{
	struct render x;

	(void)state;
	render_shop(&x, 40);
	for (size_t i = 0; i < 4 * IQ_ARRAY_SIZE(widths); i++) {
		x.options.width = widths[i / 4];
		x.options.utf8 = i & 1;
		x.options.all = i & 2;
		// A command to copy is whole or not there.
		assert_true(longest_line(render_text(&x, "report", "text")) <=
			    x.options.width);
	}
	render_deinit(&x);
}

static void test_the_answer_fits_on_a_screen(void **state)
{
	struct render x;
	const char *text;

	(void)state;
	render_shop(&x, 40);
	text = render_text(&x, "report", "text");
	assert_non_null(text);
	assert_true(count_lines(text) <= 24);
	render_deinit(&x);
}

static void test_the_verdict_comes_first(void **state)
{
	struct render x;
	const char *text;
	const char *word;

	(void)state;
	render_shop(&x, 40);
	text = render_text(&x, "report", "text");
	word = iq_verdict_word_name(x.model->verdict.word);
	assert_int_equal(strncmp(text, word, strlen(word)), 0);
	assert_non_null(strstr(text, "\nshop  go1.26.8 amd64  pid 20362  "
				     "build 7f9fb76c  core + dump"));
	render_deinit(&x);
}

/* The message and a method's long name: the line to open is there. */
static void test_a_long_message_does_not_eat_the_line(void **state)
{
	static char message[3000];
	struct render x = { 0 };
	const char *text, *end;

	(void)state;
	memset(message, 'm', sizeof(message) - 1);
	x.facts[0] = facts_new(IQ_WITNESS_DUMP, "dump");
	x.num_facts = 1;
	facts_add(x.facts[0], 7, "running",
		  "panic panic.go:7;"
		  "main.main.func2.(*Service).recovering.1.1 order.go:104;"
		  "runtime.goexit asm.s:1");
	x.facts[0]->process.end = IQ_END_PANIC;
	x.facts[0]->process.end_text = iq_str_of(message);
	x.facts[0]->process.has_end_goroutine = true;
	x.facts[0]->process.end_goroutine = 7;
	render_join(&x);
	// A terminal of 40 columns has no room for both.
	for (size_t i = 1; i < IQ_ARRAY_SIZE(widths); i++) {
		x.options.width = widths[i];
		text = render_text(&x, "report", "text");
		end = strchr(text, '\n');
		assert_non_null(end);
		assert_int_equal(strncmp(text, "CRASH  panic", 12), 0);
		assert_int_equal(strncmp(end - 19, "go:104, goroutine 7", 19),
				 0);
		assert_true(longest_line(text) <= widths[i]);
	}
	render_deinit(&x);
}

/* The kernel gives a division the address of its instruction. */
static void test_a_fault_of_an_instruction_names_no_memory(void **state)
{
	struct render x = { 0 };

	(void)state;
	x.facts[0] = facts_new(IQ_WITNESS_CORE, "core.1");
	x.num_facts = 1;
	facts_add(x.facts[0], 7, "syscall", "main.main cdiv.go:3");
	x.facts[0]->process.end = IQ_END_SIGNAL;
	x.facts[0]->process.signal = IQ_STR("SIGFPE");
	x.facts[0]->process.has_fault_addr = true;
	x.facts[0]->process.fault_addr = 0x4b5c02;
	render_join(&x);
	assert_non_null(strstr(render_text(&x, "report", "text"),
			       "SIGFPE by the instruction at 0x4b5c02\n"));
	assert_non_null(strstr(render_text(&x, "report", "html"),
			       "SIGFPE by the instruction at "));
	x.facts[0]->process.signal = IQ_STR("SIGBUS");
	x.model->process.signal = IQ_STR("SIGBUS");
	assert_non_null(strstr(render_text(&x, "report", "text"),
			       "SIGBUS at 0x4b5c02\n"));
	render_deinit(&x);
}

static void test_what_is_missing_is_named(void **state)
{
	struct render x;
	const char *text;

	(void)state;
	render_shop(&x, 40);
	text = render_text(&x, "report", "text");
	assert_non_null(strstr(text, "missing: 1 gap; not run: never-woken: no "
				     "trace\n"));
	assert_non_null(strstr(text, "core.20362 at address 0xc000100000: 2 "
				     "pages of the heap"));
	render_deinit(&x);
}

/* What the case cannot conclude, a core has told by then. */
static void test_a_heap_that_is_missing_is_told_once(void **state)
{
	struct render x = { 0 };
	const char *text;

	(void)state;
	x.facts[0] = facts_new(IQ_WITNESS_CORE, "core.1");
	x.num_facts = 1;
	facts_add(x.facts[0], 7, "running", "main.main main.go:3");
	iq_facts_gap(x.facts[0], IQ_GAP_MISSING,
		     "no heap was found: nobody knows who reaches what");
	render_join(&x);
	assert_null(iq_model_add_gap(x.model, IQ_GAP_MISSING,
				     "who reaches what is not known: no heap "
				     "was found"));
	x.model->reach_lacks = IQ_STR("no heap was found");
	text = render_text(&x, "report", "text");
	assert_non_null(strstr(text, "missing: 1 gap"));
	assert_non_null(strstr(text, "core.1: no heap was found: nobody"));
	x.model->reach_lacks = IQ_STR("");
	assert_non_null(
		strstr(render_text(&x, "report", "text"), "missing: 2 gaps"));
	render_deinit(&x);
}

static void test_the_next_commands_can_be_copied(void **state)
{
	struct render x;

	(void)state;
	render_shop(&x, 40);
	assert_non_null(
		strstr(render_text(&x, "report", "text"),
		       "next: inquest explain 1 core.20362 crash.txt\n"));
	x.facts[1]->witness.path = IQ_STR("a file; rm -rf x");
	assert_non_null(strstr(render_text(&x, "report", "text"),
			       "next: inquest explain 1 FILE...\n"));
	render_deinit(&x);
}

/* Else the executable would not be found again. */
static void test_the_next_commands_look_in_the_same_folders(void **state)
{
	static const char *const folders[] = { "debug", "old builds" };
	struct render x;

	(void)state;
	render_shop(&x, 40);
	x.options.sysroot = "rootfs";
	x.options.debug_dirs = folders;
	x.options.num_debug_dirs = 1;
	assert_non_null(strstr(render_text(&x, "report", "text"),
			       "next: inquest explain 1 core.20362 "
			       "crash.txt --sysroot rootfs --debug-dir "
			       "debug\n"));
	assert_non_null(strstr(render_text(&x, "report", "html"),
			       " --sysroot rootfs --debug-dir debug</code>"));
	x.options.num_debug_dirs = 2;
	assert_non_null(strstr(render_text(&x, "report", "text"),
			       "next: inquest explain 1 FILE...\n"));
	render_deinit(&x);
}

static void test_names_cannot_command_the_terminal(void **state)
{
	static const char *const commands[] = { "report", "goroutines", "bt" };
	struct render x;

	(void)state;
	render_shop(&x, 2);
	x.options.all = true;
	x.options.labels = true;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(commands); i++) {
		const char *text = render_text(&x, commands[i], "text");

		assert_null(strchr(text, '\x1b'));
		assert_null(strstr(text, "\xe2\x80\xae"));
		assert_null(strchr(text, '\t'));
	}
	render_deinit(&x);
}

static void test_color_is_only_where_it_is_wanted(void **state)
{
	struct render x;

	(void)state;
	render_shop(&x, 2);
	assert_null(strchr(render_text(&x, "report", "text"), '\x1b'));
	x.options.color = true;
	assert_non_null(strchr(render_text(&x, "report", "text"), '\x1b'));
	render_deinit(&x);
}

static void test_wide_tables_show_the_matrix(void **state)
{
	struct render x;

	(void)state;
	render_shop(&x, 40);
	x.options.width = 120;
	assert_non_null(strstr(render_text(&x, "report", "text"), " C D\n"));
	assert_non_null(strstr(x.out.buf, " + +\n"));
	x.options.width = 80;
	assert_null(strstr(render_text(&x, "report", "text"), " C D\n"));
	render_deinit(&x);
}

#define SEND                                                                   \
	"runtime.gopark proc.go:1;runtime.chansend1 chan.go:2;main.leak "      \
	"main.go:3"

/* A core of two senders, and a profile of a minute later. */
static void later_profile(struct render *x, uint64_t count)
{
	*x = (struct render){
		.facts = { facts_new(IQ_WITNESS_CORE, "core.7"),
			   facts_new_profile("later.pb.gz",
					     IQ_PROFILE_GOROUTINE) },
		.num_facts = 2,
		.options = { .width = 80 },
	};
	for (unsigned i = 0; i < 2; i++) {
		struct iq_process_fact *p = &x->facts[i]->process;

		struct iq_goroutine_fact *g =
			facts_add(x->facts[0], 7 + i, "chan send", SEND);

		g->has_wait_min = true;
		g->wait_min_ns = 90000000000;
		p->build_id = IQ_STR("7f9fb76c");
		p->has_time = true;
		p->time_ns = 1700000000000000000 + i * 60000000000;
	}
	if (count)
		facts_sampled(x->facts[1], count, SEND);
	render_join(x);
}

static void test_contradictions_stand_under_the_verdict(void **state)
{
	struct render x;
	const char *text, *dispute;

	(void)state;
	later_profile(&x, 0);
	text = render_text(&x, "report", "text");
	dispute = strstr(text, "\n!  later.pb.gz contradicts finding 1: ");
	assert_non_null(dispute);
	assert_true(dispute < strstr(text, "core + profile"));
	assert_non_null(strstr(text, "  disputed\n"));
	render_deinit(&x);
}

static void test_agreement_is_told_in_a_line(void **state)
{
	struct render x;
	const char *text;

	(void)state;
	later_profile(&x, 2);
	text = render_text(&x, "report", "text");
	assert_non_null(strstr(text, "  2 agree\n"));
	assert_non_null(strstr(text, "the same frames in core and profile\n"));
	assert_non_null(strstr(text, "\n   profile +  the same stack, 2 times, "
				     "later.pb.gz"));
	render_deinit(&x);
}

static void test_what_settles_a_suspicion_can_be_copied(void **state)
{
	struct render x = {
		.facts = { facts_new(IQ_WITNESS_CORE, "core.7") },
		.num_facts = 1,
		.options = { .width = 80 },
	};
	const char *text;

	(void)state;
	facts_add(x.facts[0], 7, "chan send", SEND);
	facts_add(x.facts[0], 8, "chan send", SEND);
	render_join(&x);
	text = render_text(&x, "report", "text");
	assert_non_null(strstr(text, "             curl -o trace.out "
				     "'http://HOST/debug/pprof/trace?seconds=5'"
				     "\n             inquest report core.7 "
				     "trace.out\n"));
	render_deinit(&x);
}

/* As many findings as there are sites. */
static void add_sites(struct iq_facts *facts, unsigned num)
{
	for (unsigned i = 0; i < num; i++) {
		char stack[128];

		snprintf(stack, sizeof(stack),
			 "runtime.gopark proc.go:1;"
			 "runtime.chansend1 chan.go:2;main.leak%u main.go:%u",
			 i, i + 1);
		for (unsigned j = 0; j < 2; j++)
			facts_add(facts, 1 + i * 2 + j, "chan send", stack);
	}
}

static void test_ten_findings_are_listed_and_the_rest_counted(void **state)
{
	struct render x = {
		.facts = { facts_new(IQ_WITNESS_DUMP, "dump") },
		.num_facts = 1,
		.options = { .width = 80 },
	};

	(void)state;
	add_sites(x.facts[0], 14);
	render_join(&x);
	assert_int_equal(x.model->num_findings, 14);
	assert_non_null(strstr(render_text(&x, "report", "text"),
			       "and 4 more findings of 8 goroutines (--all "
			       "lists them)\n"));
	x.options.all = true;
	assert_null(strstr(render_text(&x, "report", "text"), "more findings"));
	assert_non_null(strstr(x.out.buf, "main.leak13 main.go:14"));
	render_deinit(&x);
}

static void test_clean_says_what_was_not_looked_at(void **state)
{
	struct render x = {
		.facts = { facts_new(IQ_WITNESS_DUMP, "dump") },
		.num_facts = 1,
		.options = { .width = 80 },
	};
	const char *text;

	(void)state;
	x.facts[0]->witness.tells = IQ_TELLS_STACKS | IQ_TELLS_STATES;
	facts_add(x.facts[0], 1, "running", "main.main main.go:3");
	render_join(&x);
	text = render_text(&x, "report", "text");
	assert_int_equal(strncmp(text, "CLEAN", 5), 0);
	for (size_t i = 0; i < x.model->num_not_run; i++)
		assert_non_null(strstr(text, x.model->not_run[i].rule));
	render_deinit(&x);
}

static void test_a_list_line_is_no_longer_than_the_terminal(void **state)
{
	static const char *const keys[] = { NULL,      "site",	 "func",
					    "creator", "status", "reason",
					    "stack",   "label.x" };
	struct render x;

	(void)state;
	render_shop(&x, 40);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(keys); i++) {
		for (size_t j = 0; j < 2 * IQ_ARRAY_SIZE(widths); j++) {
			x.options.width = widths[j / 2];
			x.options.utf8 = j & 1;
			x.options.group_by = keys[i];
			x.options.frames = 3;
			assert_true(longest_line(render_text(&x, "goroutines",
							     "text")) <=
				    x.options.width);
		}
	}
	render_deinit(&x);
}

static void test_groups_are_counted_largest_first(void **state)
{
	struct render x;
	const char *text;

	(void)state;
	render_shop(&x, 40);
	x.options.group_by = "site";
	text = render_text(&x, "goroutines", "text");
	text = strchr(text, '\n') + 1;
	assert_int_equal(strncmp(text,
				 "  40  chan send   >=1m05s  "
				 "main.fetchQuote.func1 main.go:34\n"
				 "   3  Mutex.Lock  unknown  ",
				 87),
			 0);
	x.options.group_by = "colour";
	assert_null(render_text(&x, "goroutines", "text"));
	render_deinit(&x);
}

static void test_a_limit_counts_what_it_leaves_out(void **state)
{
	struct render x;

	(void)state;
	render_shop(&x, 40);
	x.options.limit = 5;
	assert_non_null(strstr(render_text(&x, "goroutines", "text"),
			       "and 41 more (--limit 5)\n"));
	render_deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_line_is_longer_than_the_terminal),
		cmocka_unit_test(test_the_answer_fits_on_a_screen),
		cmocka_unit_test(test_the_verdict_comes_first),
		cmocka_unit_test(test_a_long_message_does_not_eat_the_line),
		cmocka_unit_test(
			test_a_fault_of_an_instruction_names_no_memory),
		cmocka_unit_test(test_what_is_missing_is_named),
		cmocka_unit_test(test_a_heap_that_is_missing_is_told_once),
		cmocka_unit_test(test_the_next_commands_can_be_copied),
		cmocka_unit_test(
			test_the_next_commands_look_in_the_same_folders),
		cmocka_unit_test(test_names_cannot_command_the_terminal),
		cmocka_unit_test(test_color_is_only_where_it_is_wanted),
		cmocka_unit_test(test_wide_tables_show_the_matrix),
		cmocka_unit_test(test_contradictions_stand_under_the_verdict),
		cmocka_unit_test(test_agreement_is_told_in_a_line),
		cmocka_unit_test(test_what_settles_a_suspicion_can_be_copied),
		cmocka_unit_test(
			test_ten_findings_are_listed_and_the_rest_counted),
		cmocka_unit_test(test_clean_says_what_was_not_looked_at),
		cmocka_unit_test(
			test_a_list_line_is_no_longer_than_the_terminal),
		cmocka_unit_test(test_groups_are_counted_largest_first),
		cmocka_unit_test(test_a_limit_counts_what_it_leaves_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
