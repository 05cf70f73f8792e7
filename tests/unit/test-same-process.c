/* SPDX-License-Identifier: Apache-2.0 */
#include "model/same_process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "joined.h"
#include "model/coverage.h"

#define PARKED                                                                 \
	"runtime.gopark proc.go:1;runtime.chansend1 chan.go:2;"                \
	"main.send main.go:34;main.work main.go:50;runtime.goexit asm.s:1"
#define BLOCKED                                                                \
	"runtime.chansend1 chan.go:2;main.send main.go:34;main.work main.go:50"

static void add_workers(struct iq_facts *facts, uint64_t first, uint64_t num)
{
	for (uint64_t id = first; id < first + num; id++)
		facts_created(facts, facts_add(facts, id, "chan send", PARKED),
			      1, "main.main main.go:10");
}

static struct joined core_and(enum iq_witness_kind kind)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core"),
				       facts_new(kind, "other") } };

	add_workers(x.facts[0], 7, 3);
	return x;
}

static struct joined dump_and(enum iq_witness_kind kind)
{
	return (struct joined){ .facts = { facts_new(IQ_WITNESS_DUMP, "dump"),
					   facts_new(kind, "other") } };
}

static void assert_kinship(const struct joined *x, enum iq_kinship kinship,
			   const char *text)
{
	assert_int_equal(x->model->kinship[1], kinship);
	assert_true(iq_str_equal(x->model->kinship_text[1], iq_str_of(text)));
	assert_int_equal(x->model->foreign[1], kinship <= IQ_KINSHIP_OTHER_RUN);
	assert_int_equal(x->model->num_gaps, x->model->foreign[1]);
}

/* Joins, then compares; a NULL @text is not compared. */
static void expect(struct joined *x, enum iq_kinship kinship, const char *text)
{
	joined_make(x);
	if (text)
		assert_kinship(x, kinship, text);
	else
		assert_int_equal(x->model->kinship[1], kinship);
	joined_deinit(x);
}

static void test_ids_made_at_the_same_place_are_of_one_process(void **state)
{
	struct joined x = core_and(IQ_WITNESS_DUMP);

	(void)state;
	add_workers(x.facts[1], 7, 3);
	expect(&x, IQ_KINSHIP_PROCESS,
	       "3 goroutine ids agree with where they were made");
}

static void test_ids_without_overlap_are_of_another_process(void **state)
{
	struct joined x = core_and(IQ_WITNESS_DUMP);

	(void)state;
	add_workers(x.facts[1], 70, 3);
	expect(&x, IQ_KINSHIP_OTHER_RUN,
	       "it is of another process (no goroutine id in common)");
}

static void test_ids_made_elsewhere_are_of_another_process(void **state)
{
	struct joined x = core_and(IQ_WITNESS_DUMP);

	(void)state;
	for (uint64_t id = 7; id < 10; id++)
		facts_created(x.facts[1],
			      facts_add(x.facts[1], id, "chan send", PARKED), 1,
			      "main.main main.go:11");
	expect(&x, IQ_KINSHIP_OTHER_RUN,
	       "it is of another process (goroutines of equal ids were "
	       "made elsewhere)");
}

static void test_runtime_goroutines_show_no_process(void **state)
{
	struct joined x = core_and(IQ_WITNESS_DUMP);
	struct iq_goroutine_fact *g;

	(void)state;
	for (int i = 0; i < 2; i++) {
		g = facts_add(
			x.facts[i], 2, "force gc (idle)",
			"runtime.gopark p.go:1;runtime.forcegchelper p.go:"
			"2;runtime.goexit asm.s:1");
		g->has_system = g->system = true;
		facts_created(x.facts[i], g, 1, "runtime.init.6 proc.go:300");
	}
	add_workers(x.facts[1], 70, 3);
	expect(&x, IQ_KINSHIP_UNKNOWN, NULL);
}

static void
test_other_start_function_in_a_trace_is_another_process(void **state)
{
	struct joined x = core_and(IQ_WITNESS_TRACE);

	(void)state;
	joined_trace(x.facts[1], 10, 20);
	for (uint64_t id = 7; id < 10; id++)
		joined_traced(x.facts[1], id, "main.serve", "chan send",
			      BLOCKED, 12);
	expect(&x, IQ_KINSHIP_OTHER_RUN,
	       "it is of another process (goroutines of equal ids were "
	       "made elsewhere)");
}

static void test_wrapper_of_an_old_text_is_no_other_function(void **state)
{
	struct joined x = dump_and(IQ_WITNESS_TRACE);

	(void)state;
	joined_trace(x.facts[1], 10, 20);
	for (uint64_t id = 7; id < 10; id++) {
		facts_add(x.facts[0], id, "chan send",
			  "runtime.gopark proc.go:1;main.work main.go:50;"
			  "main.main.func6 main.go:10;runtime.goexit asm.s:1");
		joined_traced(x.facts[1], id, "main.work", "chan send",
			      "main.work main.go:50", 12);
	}
	expect(&x, IQ_KINSHIP_PROCESS, NULL);
}

static void test_ended_id_in_a_later_core_is_another_process(void **state)
{
	struct joined x = core_and(IQ_WITNESS_TRACE);

	(void)state;
	joined_clock(x.facts[0], 30, 31);
	joined_trace(x.facts[1], 10, 20);
	joined_traced(x.facts[1], 7, "main.work", "chan send", BLOCKED, 12);
	joined_traced(x.facts[1], 8, "main.work", "dead", "", 12);
	expect(&x, IQ_KINSHIP_OTHER_RUN,
	       "it is of another process (goroutines that had ended in "
	       "one are in the other)");
}

/* A text of a crash prints the address of the g, which is its place in a core. */
static struct joined core_and_gs_at(uint64_t addr)
{
	struct joined x = core_and(IQ_WITNESS_DUMP);

	add_workers(x.facts[1], 7, 3);
	for (size_t i = 0; i < 3; i++) {
		x.facts[0]->goroutines.data[i].place = 0xc000002000 + i;
		x.facts[1]->goroutines.data[i].has_g = true;
		x.facts[1]->goroutines.data[i].g_addr = addr + i;
	}
	return x;
}

static void test_other_g_is_of_another_process(void **state)
{
	struct joined x = core_and_gs_at(0xc000802000);

	(void)state;
	expect(&x, IQ_KINSHIP_OTHER_RUN,
	       "it is of another process (goroutines of equal ids are at other addresses)");
}

static void test_same_gs_are_no_sign_against(void **state)
{
	struct joined x = core_and_gs_at(0xc000002000);

	(void)state;
	expect(&x, IQ_KINSHIP_PROCESS, NULL);
}

static void test_ids_that_end_in_a_trace_are_compared_by_name(void **state)
{
	struct joined x = core_and(IQ_WITNESS_TRACE);

	(void)state;
	joined_clock(x.facts[0], 11, 11);
	x.facts[0]->process.end = IQ_END_NONE;
	joined_trace(x.facts[1], 10, 20);
	joined_traced(x.facts[1], 7, "main.work", "dead", "", 12);
	joined_traced(x.facts[1], 8, "main.work", "dead", "", 12);
	joined_traced(x.facts[1], 70, "main.work", "chan send", BLOCKED, 12);
	joined_traced(x.facts[1], 71, "main.work", "chan send", BLOCKED, 12);
	expect(&x, IQ_KINSHIP_PROCESS,
	       "2 goroutine ids agree with where they were made");
}

/* As many as no processors can have kept ids for. */
#define UNKNOWN 100

static void test_older_ids_that_a_trace_lacks_are_of_another(void **state)
{
	struct joined x = dump_and(IQ_WITNESS_TRACE);

	(void)state;
	add_workers(x.facts[0], 10, UNKNOWN);
	add_workers(x.facts[0], 500, 3);
	joined_trace(x.facts[1], 10, 20)->num_procs = 2;
	for (uint64_t id = 500; id < 503; id++)
		joined_traced(x.facts[1], id, "main.work", "chan send", BLOCKED,
			      12)
			->has_created = true;
	expect(&x, IQ_KINSHIP_OTHER_RUN,
	       "it is of another process (its goroutines and those of "
	       "the trace were never together)");
}

static void test_id_may_end_after_an_earlier_core(void **state)
{
	struct joined x = core_and(IQ_WITNESS_TRACE);

	(void)state;
	joined_clock(x.facts[0], 11, 11);
	x.facts[0]->process.end = IQ_END_NONE;
	joined_trace(x.facts[1], 10, 20);
	joined_traced(x.facts[1], 7, "main.work", "chan send", BLOCKED, 12);
	joined_traced(x.facts[1], 8, "main.work", "dead", "", 12);
	expect(&x, IQ_KINSHIP_PROCESS, NULL);
}

static struct joined core_and_profile_at(int64_t second)
{
	struct joined x = core_and(IQ_WITNESS_PROFILE);

	joined_clock(x.facts[0], 300, 301);
	x.facts[0]->process.has_start = true;
	x.facts[0]->process.start_ns = SECONDS(288);
	facts_add(x.facts[1], 0, "chan send", PARKED)->has_id = false;
	x.facts[1]->process.has_time = true;
	x.facts[1]->process.time_ns =
		SECONDS(second) + x.facts[0]->process.wall_offset_ns;
	return x;
}

static void test_profile_after_the_end_is_of_another_process(void **state)
{
	struct joined x = core_and_profile_at(306);

	(void)state;
	expect(&x, IQ_KINSHIP_OTHER_RUN,
	       "it is of another process (that of the core had ended "
	       "by then)");
}

static void test_profile_before_the_start_is_of_another_process(void **state)
{
	struct joined x = core_and_profile_at(280);

	(void)state;
	expect(&x, IQ_KINSHIP_OTHER_RUN,
	       "it is of another process (that of the core had not "
	       "begun by then)");
}

static void test_profile_within_the_life_is_used(void **state)
{
	struct joined x = core_and_profile_at(290);

	(void)state;
	expect(&x, IQ_KINSHIP_UNKNOWN, NULL);
}

static void test_trace_after_the_end_is_of_another_process(void **state)
{
	struct joined x = core_and(IQ_WITNESS_TRACE);

	(void)state;
	joined_clock(x.facts[0], 30, 31);
	joined_trace(x.facts[1], 200, 210);
	joined_traced(x.facts[1], 7, "main.work", "chan send", BLOCKED, 202);
	expect(&x, IQ_KINSHIP_OTHER_RUN,
	       "it is of another process (that of the core had ended by "
	       "then)");
}

static void test_build_id_shows_the_build_and_no_more(void **state)
{
	struct joined x = core_and(IQ_WITNESS_PROFILE);

	(void)state;
	x.facts[0]->process.build_id = IQ_STR("ab");
	x.facts[1]->process.build_id = IQ_STR("ab");
	facts_add(x.facts[1], 0, "chan send", PARKED)->has_id = false;
	expect(&x, IQ_KINSHIP_BUILD,
	       "process not known, build ids agree, 1 of 1 stacks in "
	       "common");
}

static void test_other_build_id_is_another_build(void **state)
{
	struct joined x = core_and(IQ_WITNESS_PROFILE);

	(void)state;
	x.facts[0]->process.build_id = IQ_STR("ab");
	x.facts[1]->process.build_id = IQ_STR("cd");
	facts_add(x.facts[1], 0, "chan send", PARKED)->has_id = false;
	expect(&x, IQ_KINSHIP_OTHER_BUILD,
	       "it is of another build (build ids differ)");
}

static void test_trace_of_another_go_is_another_build(void **state)
{
	struct joined x = core_and(IQ_WITNESS_TRACE);

	(void)state;
	x.facts[0]->process.go_version = IQ_STR("go1.22.12");
	joined_trace(x.facts[1], 10, 20);
	joined_traced(x.facts[1], 7, "main.work", "chan send", BLOCKED, 12);
	expect(&x, IQ_KINSHIP_OTHER_BUILD,
	       "it is of another build (Go versions differ)");
}

static void test_file_that_a_core_refuses_is_named(void **state)
{
	struct joined x = core_and(IQ_WITNESS_EXECUTABLE);

	(void)state;
	x.facts[1]->process.go_version = IQ_STR("go1.26.8");
	iq_facts_gap(x.facts[0], IQ_GAP_MISMATCH,
		     "\"other\" (no build id) is not the program of this core");
	expect(&x, IQ_KINSHIP_OTHER_BUILD, "it is not the program of the core");
}

static void test_debug_file_of_the_same_build_is_used(void **state)
{
	struct joined x = core_and(IQ_WITNESS_EXECUTABLE);

	(void)state;
	// It has no Go build information.
	x.facts[1]->process.go_version = IQ_STR("");
	x.facts[0]->process.build_id = IQ_STR("1234");
	x.facts[1]->process.build_id = IQ_STR("1234");
	joined_make(&x);
	assert_false(x.model->foreign[1]);
	joined_deinit(&x);
}

static void test_library_that_a_core_uses_is_no_stranger(void **state)
{
	const struct iq_coverage_module module = {
		.file = IQ_STR("libc.so.6"),
		.state = IQ_MODULE_VERIFIED,
	};
	const struct iq_coverage coverage = { .modules = &module,
					      .num_modules = 1 };

	(void)state;
	for (int used = 0; used < 2; used++) {
		struct joined x = core_and(IQ_WITNESS_EXECUTABLE);
		x.facts[0]->process.build_id = IQ_STR("1234");
		x.facts[1]->process.build_id = IQ_STR("5678");
		x.facts[1]->process.go_version = IQ_STR("");
		x.facts[1]->witness.path = IQ_STR("libc.so.6");
		if (used)
			x.facts[0]->coverage = &coverage;
		joined_make(&x);
		assert_int_equal(x.model->foreign[1], !used);
		joined_deinit(&x);
	}
}

static void test_file_that_a_core_cannot_verify_is_used(void **state)
{
	struct joined x = core_and(IQ_WITNESS_EXECUTABLE);

	(void)state;
	x.facts[1]->process.go_version = IQ_STR("go1.26.8");
	iq_facts_gap(x.facts[0], IQ_GAP_MISMATCH,
		     "\"other\" is not verified: the core holds nothing");
	expect(&x, IQ_KINSHIP_UNKNOWN, "");
}

/* Each function of @names is a stack in @file, under the same main.main. */
static void add_program(struct iq_facts *facts, const char *file,
			const char *const names[5])
{
	for (uint64_t i = 0; i < 5; i++) {
		char *stack;

		assert_true(asprintf(&stack,
				     "main.%s %s:%d;main.main %s:10;"
				     "runtime.goexit asm.s:1",
				     names[i], file, 20 + (int)i, file) > 0);
		facts_add(facts, 20 + i, "chan send", stack)->has_id =
			facts->witness.kind != IQ_WITNESS_PROFILE;
		free(stack);
	}
}

static const char *const shop[] = { "sell", "buy", "lend", "rent", "give" };
static const char *const mill[] = { "grind", "sift", "pack", "load", "send" };

static void test_no_function_in_common_is_another_program(void **state)
{
	struct joined x = dump_and(IQ_WITNESS_PROFILE);

	(void)state;
	add_program(x.facts[0], "/src/shop/main.go", shop);
	add_program(x.facts[1], "/src/mill/main.go", mill);
	expect(&x, IQ_KINSHIP_OTHER_BUILD,
	       "it is of another program (no function in common)");
}

static void test_functions_of_one_file_are_of_one_program(void **state)
{
	struct joined x = dump_and(IQ_WITNESS_PROFILE);

	(void)state;
	add_program(x.facts[0], "/src/shop/main.go", shop);
	add_program(x.facts[1], "/src/shop/main.go", mill);
	expect(&x, IQ_KINSHIP_UNKNOWN, NULL);
}

/* Calls within net/http, each @shift lines further down. */
static void add_library(struct iq_facts *facts, int shift)
{
	char *stack;

	assert_true(asprintf(&stack,
			     "net/http.a a.go:%d;net/http.b a.go:%d;"
			     "net/http.c a.go:%d;net/http.d a.go:%d;"
			     "net/http.e a.go:%d;main.work main.go:50;"
			     "runtime.goexit asm.s:1",
			     10 + shift, 20 + shift, 30 + shift, 40 + shift,
			     50 + shift) > 0);
	facts_add(facts, 20, "chan send", stack)->has_id =
		facts->witness.kind != IQ_WITNESS_PROFILE;
	free(stack);
}

static void test_other_lines_of_the_library_are_another_build(void **state)
{
	struct joined x = core_and(IQ_WITNESS_PROFILE);

	(void)state;
	add_library(x.facts[0], 0);
	add_library(x.facts[1], 3);
	expect(&x, IQ_KINSHIP_OTHER_BUILD,
	       "it is of another build (the standard library has other "
	       "lines)");
}

static void test_same_lines_of_the_library_say_nothing(void **state)
{
	struct joined x = core_and(IQ_WITNESS_PROFILE);

	(void)state;
	add_library(x.facts[0], 0);
	add_library(x.facts[1], 0);
	expect(&x, IQ_KINSHIP_UNKNOWN, NULL);
}

static void test_profile_without_identity_is_used(void **state)
{
	struct joined x = core_and(IQ_WITNESS_PROFILE);

	(void)state;
	facts_add(x.facts[1], 0, "chan send", "main.other main.go:3")->has_id =
		false;
	expect(&x, IQ_KINSHIP_UNKNOWN,
	       "process not known, 0 of 1 stacks in common");
}

/* The same stack in two witnesses, the second one's calls @slide further. */
static void add_addresses(struct iq_facts *a, struct iq_facts *b,
			  uint64_t slide)
{
	struct iq_frame frames[] = {
		{ .function = IQ_STR("main.a"), .line = 1, .pc = 0x401000 },
		{ .function = IQ_STR("main.b"), .line = 2, .pc = 0x402000 },
		{ .function = IQ_STR("main.c"), .line = 3, .pc = 0x403000 },
		{ .function = IQ_STR("main.d"), .line = 4, .pc = 0x404000 },
		{ .function = IQ_STR("main.e"), .line = 5, .pc = 0x405000 },
	};
	struct iq_stack shape = { .num_frames = 5, .complete = true };

	for (size_t i = 0; i < 2; i++) {
		struct iq_facts *facts = i ? b : a;
		struct iq_goroutine_fact fact = {
			.has_id = facts->witness.kind != IQ_WITNESS_PROFILE,
			.id = 20,
			.count = 1,
			.status = IQ_GSTATUS_WAITING,
		};

		for (size_t j = 0; j < 5; j++) {
			frames[j].has_pc = true;
			frames[j].pc += i * slide;
		}
		assert_null(
			iq_facts_stack_of(facts, frames, &shape, &fact.stack));
		assert_true(iq_vec_push(&facts->goroutines, fact));
	}
}

static void test_equal_addresses_show_the_build(void **state)
{
	struct joined x = core_and(IQ_WITNESS_PROFILE);

	(void)state;
	add_addresses(x.facts[0], x.facts[1], 0);
	expect(&x, IQ_KINSHIP_BUILD,
	       "process not known, 4 calls are at the same addresses, "
	       "1 of 1 stacks in common");
}

static void test_slid_addresses_show_the_build(void **state)
{
	struct joined x = core_and(IQ_WITNESS_PROFILE);

	(void)state;
	add_addresses(x.facts[0], x.facts[1], 0x7f0000000000);
	expect(&x, IQ_KINSHIP_BUILD, NULL);
}

static void test_shifted_addresses_are_of_another_build(void **state)
{
	struct joined x = core_and(IQ_WITNESS_PROFILE);

	(void)state;
	add_addresses(x.facts[0], x.facts[1], 0x40);
	expect(&x, IQ_KINSHIP_OTHER_BUILD,
	       "it is of another build (the same calls are at other "
	       "addresses)");
}

static void test_trace_tells_the_build_where_a_text_cannot(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "dump"),
				       facts_new(IQ_WITNESS_TRACE, "trace"),
				       facts_new(IQ_WITNESS_PROFILE, "p") } };

	(void)state;
	add_workers(x.facts[0], 7, 1);
	joined_trace(x.facts[1], 10, 20);
	joined_traced(x.facts[1], 7, "main.work", "chan send", BLOCKED, 12);
	add_addresses(x.facts[1], x.facts[2], 0);
	joined_make(&x);
	assert_int_equal(x.model->kinship[1], IQ_KINSHIP_PROCESS);
	assert_int_equal(x.model->kinship[2], IQ_KINSHIP_BUILD);
	joined_deinit(&x);
}

/* A core and a trace with the threads of @core (ends with 0) and 7, 8. */
static struct joined with_threads(const uint64_t *core)
{
	static const uint64_t trace[] = { 7, 8 };
	struct joined x = core_and(IQ_WITNESS_TRACE);
	struct iq_process_fact *p = &x.facts[0]->process;

	joined_trace(x.facts[1], 10, 20);
	joined_traced(x.facts[1], 7, "main.work", "chan send", BLOCKED, 12);
	x.facts[1]->process.threads = trace;
	x.facts[1]->process.num_threads = 2;
	p->threads = core;
	while (core[p->num_threads])
		p->num_threads++;
	return x;
}

static void test_no_thread_in_common_is_another_process(void **state)
{
	static const uint64_t core[] = { 70, 71, 72, 0 };
	struct joined x = with_threads(core);

	(void)state;
	expect(&x, IQ_KINSHIP_OTHER_RUN,
	       "it is of another process (no thread in common)");
}

static void test_threads_of_a_damaged_core_deny_nothing(void **state)
{
	static const uint64_t core[] = { 70, 0 };
	struct joined x = with_threads(core);

	(void)state;
	expect(&x, IQ_KINSHIP_PROCESS, NULL);
}

static void test_functions_in_other_files_are_of_another_build(void **state)
{
	struct joined x = core_and(IQ_WITNESS_PROFILE);

	(void)state;
	facts_add(x.facts[1], 0, "chan send",
		  "main.send send.go:34;main.work work.go:1")
		->has_id = false;
	expect(&x, IQ_KINSHIP_OTHER_BUILD,
	       "it is of another build (functions are in other files)");
}

static void test_core_is_the_reference_wherever_it_stands(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "dump"),
				       facts_new(IQ_WITNESS_CORE, "core") } };

	(void)state;
	add_workers(x.facts[0], 70, 3);
	add_workers(x.facts[1], 7, 2);
	joined_make(&x);
	assert_true(x.model->foreign[0]);
	assert_false(x.model->foreign[1]);
	assert_int_equal(x.model->num_total, 2);
	joined_deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_ids_made_at_the_same_place_are_of_one_process),
		cmocka_unit_test(
			test_ids_without_overlap_are_of_another_process),
		cmocka_unit_test(
			test_ids_made_elsewhere_are_of_another_process),
		cmocka_unit_test(test_runtime_goroutines_show_no_process),
		cmocka_unit_test(
			test_other_start_function_in_a_trace_is_another_process),
		cmocka_unit_test(
			test_wrapper_of_an_old_text_is_no_other_function),
		cmocka_unit_test(
			test_ended_id_in_a_later_core_is_another_process),
		cmocka_unit_test(test_other_g_is_of_another_process),
		cmocka_unit_test(test_same_gs_are_no_sign_against),
		cmocka_unit_test(
			test_ids_that_end_in_a_trace_are_compared_by_name),
		cmocka_unit_test(
			test_older_ids_that_a_trace_lacks_are_of_another),
		cmocka_unit_test(test_id_may_end_after_an_earlier_core),
		cmocka_unit_test(
			test_profile_after_the_end_is_of_another_process),
		cmocka_unit_test(
			test_profile_before_the_start_is_of_another_process),
		cmocka_unit_test(test_profile_within_the_life_is_used),
		cmocka_unit_test(
			test_trace_after_the_end_is_of_another_process),
		cmocka_unit_test(test_build_id_shows_the_build_and_no_more),
		cmocka_unit_test(test_other_build_id_is_another_build),
		cmocka_unit_test(test_trace_of_another_go_is_another_build),
		cmocka_unit_test(test_file_that_a_core_refuses_is_named),
		cmocka_unit_test(test_debug_file_of_the_same_build_is_used),
		cmocka_unit_test(test_library_that_a_core_uses_is_no_stranger),
		cmocka_unit_test(test_file_that_a_core_cannot_verify_is_used),
		cmocka_unit_test(test_no_function_in_common_is_another_program),
		cmocka_unit_test(test_functions_of_one_file_are_of_one_program),
		cmocka_unit_test(
			test_other_lines_of_the_library_are_another_build),
		cmocka_unit_test(test_same_lines_of_the_library_say_nothing),
		cmocka_unit_test(test_profile_without_identity_is_used),
		cmocka_unit_test(test_equal_addresses_show_the_build),
		cmocka_unit_test(test_slid_addresses_show_the_build),
		cmocka_unit_test(test_shifted_addresses_are_of_another_build),
		cmocka_unit_test(
			test_trace_tells_the_build_where_a_text_cannot),
		cmocka_unit_test(test_no_thread_in_common_is_another_process),
		cmocka_unit_test(test_threads_of_a_damaged_core_deny_nothing),
		cmocka_unit_test(
			test_functions_in_other_files_are_of_another_build),
		cmocka_unit_test(test_core_is_the_reference_wherever_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
