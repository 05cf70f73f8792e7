/* SPDX-License-Identifier: Apache-2.0 */
#include "model/moment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "joined.h"

#define PARKED                                                                 \
	"runtime.gopark proc.go:1;runtime.chansend1 chan.go:2;"                \
	"main.send main.go:34;runtime.goexit asm.s:1"
#define BLOCKED "runtime.chansend1 chan.go:2;main.send main.go:34"
#define ELSEWHERE "runtime.chansend1 chan.go:2;main.send main.go:99"

/* A trace from second 10 to 20 and a core that is later: goroutine 7 parked at
 * second @since, g.waitsince is @waitsince (0: unset). */
static struct joined trace_and_core(int64_t since, int64_t waitsince)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core"),
				       facts_new(IQ_WITNESS_TRACE, "trace") } };
	struct iq_goroutine_fact *g =
		facts_add(x.facts[0], 7, "chan send", PARKED);

	facts_created(x.facts[0], g, 1, "main.main main.go:10");
	g->has_waitsince = waitsince;
	g->waitsince_ns = waitsince;
	joined_clock(x.facts[0], 30, 32);
	joined_trace(x.facts[1], 10, 20);
	joined_traced(x.facts[1], 7, "main.send", "chan send", BLOCKED, since);
	return x;
}

static enum iq_stay stay(const struct joined *x)
{
	return iq_moment_stay(x->model, 0, 1, 0);
}

static void test_scan_within_the_trace_proves_that_it_stayed(void **state)
{
	// The second collection's scan set it to the first one's end.
	struct joined x = trace_and_core(13, SECONDS(12) - 500000);

	(void)state;
	joined_gc(x.facts[1], 11, 12);
	joined_gc(x.facts[1], 15, 16);
	joined_make(&x);
	assert_int_equal(stay(&x), IQ_STAY_PROVEN);
	// Parked at 13, the process ended between 30 and 32.
	assert_int_equal(x.model->goroutines[0].wait_min_ns, SECONDS(17));
	assert_int_equal(x.model->goroutines[0].wait_max_ns, SECONDS(19));
	assert_int_equal(x.model->goroutines[0].wait_min_ground,
			 IQ_WAIT_GROUND_TRACE);
	assert_int_equal(x.model->goroutines[0].wait_max_ground,
			 IQ_WAIT_GROUND_TRACE);
	assert_int_equal(x.model->kinship[1], IQ_KINSHIP_PROCESS);
	joined_deinit(&x);
}

/* A switch of coroutines would have left waitsince as it is. */
static void test_coroutines_leave_nothing_to_prove_it(void **state)
{
	struct joined x = trace_and_core(13, SECONDS(12) - 500000);

	(void)state;
	x.facts[0]->process.has_coroutines = true;
	joined_gc(x.facts[1], 11, 12);
	joined_gc(x.facts[1], 15, 16);
	joined_make(&x);
	assert_int_equal(stay(&x), IQ_STAY_CONSISTENT);
	assert_false(x.model->goroutines[0].has_wait_min);
	assert_int_equal(x.model->goroutines[0].wait_min_ground,
			 IQ_WAIT_GROUND_NONE);
	joined_deinit(&x);
}

static void test_wait_from_before_the_trace_has_no_upper_bound(void **state)
{
	struct joined x = trace_and_core(-1, SECONDS(12) - 500000);

	(void)state;
	joined_gc(x.facts[1], 11, 12);
	joined_gc(x.facts[1], 15, 16);
	joined_make(&x);
	assert_int_equal(stay(&x), IQ_STAY_PROVEN);
	assert_int_equal(x.model->goroutines[0].wait_min_ns, SECONDS(20));
	assert_false(x.model->goroutines[0].has_wait_max);
	joined_deinit(&x);
}

static void test_scan_that_began_before_the_park_proves_nothing(void **state)
{
	struct joined x = trace_and_core(15, SECONDS(12) - 500000);

	(void)state;
	joined_gc(x.facts[1], 11, 12);
	joined_gc(x.facts[1], 14, 16);
	joined_make(&x);
	assert_int_equal(stay(&x), IQ_STAY_CONSISTENT);
	joined_deinit(&x);
}

static void test_scan_after_the_trace_proves_nothing(void **state)
{
	// The last collection of the trace: the next one set it, later.
	struct joined x = trace_and_core(13, SECONDS(16) - 500000);

	(void)state;
	joined_gc(x.facts[1], 11, 12);
	joined_gc(x.facts[1], 15, 16);
	joined_make(&x);
	assert_int_equal(stay(&x), IQ_STAY_CONSISTENT);
	assert_false(x.model->goroutines[0].has_wait_min);
	joined_deinit(&x);
}

static void test_scan_that_the_trace_does_not_end_proves_nothing(void **state)
{
	struct joined x = trace_and_core(13, SECONDS(12) - 500000);

	(void)state;
	joined_gc(x.facts[1], 11, 12);
	joined_gc(x.facts[1], 15, 16);
	((struct iq_trace_gc *)&x.facts[1]->trace->gcs[1])->has_end = false;
	joined_make(&x);
	assert_int_equal(stay(&x), IQ_STAY_CONSISTENT);
	joined_deinit(&x);
}

static void test_without_waitsince_the_same_wait_is_consistent(void **state)
{
	struct joined x = trace_and_core(13, 0);

	(void)state;
	joined_make(&x);
	assert_int_equal(stay(&x), IQ_STAY_CONSISTENT);
	joined_deinit(&x);
}

static void test_another_place_is_not_consistent(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core"),
				       facts_new(IQ_WITNESS_TRACE, "trace") } };

	(void)state;
	facts_add(x.facts[0], 7, "chan send", PARKED);
	joined_clock(x.facts[0], 30, 32);
	joined_trace(x.facts[1], 10, 20);
	joined_traced(x.facts[1], 7, "main.send", "chan send", ELSEWHERE, 13);
	joined_make(&x);
	assert_int_equal(stay(&x), IQ_STAY_UNKNOWN);
	joined_deinit(&x);
}

/* A profile taken @wall seconds after boot, and a trace that knows both clocks. */
static struct joined trace_and_profile(int64_t wall)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_TRACE, "trace"),
				       facts_new(IQ_WITNESS_PROFILE, "p") } };
	struct iq_trace *trace = joined_trace(x.facts[0], 10, 20);

	trace->has_wall = true;
	trace->wall_mono_ns = SECONDS(10);
	trace->wall_ns = SECONDS(1700000010);
	x.facts[1]->process.has_time = true;
	x.facts[1]->process.time_ns = SECONDS(1700000000 + wall);
	return x;
}

static void test_profile_before_the_wake_saw_another_wait(void **state)
{
	struct joined x = trace_and_profile(12);

	(void)state;
	joined_traced(x.facts[0], 7, "main.a", "chan send", BLOCKED, 13);
	joined_traced(x.facts[0], 8, "main.b", "chan send", BLOCKED, 11);
	joined_traced(x.facts[0], 9, "main.c", "dead", "", 14);
	joined_traced(x.facts[0], 10, "main.d", "chan send", BLOCKED, -1);
	joined_make(&x);
	assert_int_equal(iq_moment_order(x.model, 1, 0), IQ_ORDER_DURING);
	assert_true(iq_moment_ran_after(x.model, 0, 7, 1));
	assert_false(iq_moment_ran_after(x.model, 0, 8, 1));
	assert_true(iq_moment_ran_after(x.model, 0, 9, 1));
	assert_false(iq_moment_ran_after(x.model, 0, 10, 1));
	joined_deinit(&x);
}

static void test_profile_after_the_trace_is_not_contradicted(void **state)
{
	struct joined x = trace_and_profile(25);
	int64_t ns;

	(void)state;
	joined_traced(x.facts[0], 7, "main.a", "chan send", BLOCKED, 13);
	joined_make(&x);
	assert_int_equal(iq_moment_order(x.model, 0, 1), IQ_ORDER_BEFORE);
	assert_int_equal(iq_moment_order(x.model, 1, 0), IQ_ORDER_AFTER);
	assert_true(iq_moment_between(x.model, 0, 1, &ns));
	assert_int_equal(ns, SECONDS(5));
	assert_false(iq_moment_between(x.model, 1, 0, &ns));
	assert_false(iq_moment_ran_after(x.model, 0, 7, 1));
	joined_deinit(&x);
}

static void test_trace_with_no_wall_clock_is_not_ordered(void **state)
{
	struct joined x = trace_and_profile(12);

	(void)state;
	((struct iq_trace *)x.facts[0]->trace)->has_wall = false;
	joined_traced(x.facts[0], 7, "main.a", "chan send", BLOCKED, 13);
	joined_make(&x);
	assert_int_equal(iq_moment_order(x.model, 0, 1), IQ_ORDER_UNKNOWN);
	assert_false(iq_moment_ran_after(x.model, 0, 7, 1));
	joined_deinit(&x);
}

static void test_core_lends_its_wall_clock_to_the_trace(void **state)
{
	struct joined x = trace_and_core(13, 0);

	(void)state;
	joined_make(&x);
	assert_true(x.model->moments[1].has_wall);
	assert_int_equal(x.model->moments[1].wall_last_ns, SECONDS(1700000020));
	joined_deinit(&x);
}

static void test_core_of_the_end_is_after_every_trace(void **state)
{
	struct joined x = trace_and_core(13, 0);

	(void)state;
	// Nothing in the core is newer than second 15.
	joined_clock(x.facts[0], 15, 15);
	x.facts[0]->process.has_time = false;
	joined_make(&x);
	assert_int_equal(iq_moment_order(x.model, 1, 0), IQ_ORDER_BEFORE);
	joined_deinit(&x);
}

static void test_core_of_a_living_process_may_be_of_any_time(void **state)
{
	struct joined x = trace_and_core(13, 0);

	(void)state;
	joined_clock(x.facts[0], 15, 15);
	x.facts[0]->process.end = IQ_END_NONE;
	x.facts[0]->process.has_time = false;
	joined_make(&x);
	assert_int_equal(iq_moment_order(x.model, 1, 0), IQ_ORDER_UNKNOWN);
	joined_deinit(&x);
}

static void test_ends_and_beginnings_in_a_trace_bound_a_text(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "dump"),
				       facts_new(IQ_WITNESS_TRACE, "trace") } };
	struct iq_trace_goroutine *g;

	(void)state;
	facts_add(x.facts[0], 7, "chan send", PARKED);
	facts_add(x.facts[0], 8, "chan send", PARKED);
	facts_add(x.facts[0], 9, "chan send", PARKED);
	joined_trace(x.facts[1], 10, 20);
	joined_traced(x.facts[1], 7, "main.send", "chan send", BLOCKED, 19);
	g = joined_traced(x.facts[1], 8, "main.send", "chan send", BLOCKED, 12);
	g->has_created = true;
	g->created_ns = SECONDS(11);
	joined_traced(x.facts[1], 9, "main.send", "dead", "", 15);
	joined_make(&x);
	assert_int_equal(x.model->moments[0].mono_first_ns, SECONDS(11));
	assert_int_equal(x.model->moments[0].mono_last_ns, SECONDS(15) - 1);
	assert_int_equal(iq_moment_order(x.model, 0, 1), IQ_ORDER_DURING);
	// What the text saw of 7 was over by second 19, of 9 by 15.
	assert_true(iq_moment_ran_after(x.model, 1, 7, 0));
	assert_false(iq_moment_ran_after(x.model, 1, 8, 0));
	assert_true(iq_moment_ran_after(x.model, 1, 9, 0));
	joined_deinit(&x);
}

static void test_text_that_a_trace_does_not_bound_has_no_moment(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "dump"),
				       facts_new(IQ_WITNESS_TRACE, "trace") } };

	(void)state;
	facts_add(x.facts[0], 7, "chan send", PARKED);
	joined_trace(x.facts[1], 10, 20);
	joined_traced(x.facts[1], 7, "main.send", "chan send", BLOCKED, 19);
	joined_make(&x);
	assert_false(x.model->moments[0].has_mono);
	assert_int_equal(iq_moment_order(x.model, 0, 1), IQ_ORDER_UNKNOWN);
	joined_deinit(&x);
}

static struct iq_facts *profile_of(int64_t wall)
{
	struct iq_facts *facts = facts_new(IQ_WITNESS_PROFILE, "p");
	struct iq_goroutine_fact *g = facts_add(facts, 0, "chan send", PARKED);

	g->has_id = false;
	facts->process.has_time = wall;
	facts->process.time_ns = SECONDS(1700000000 + wall);
	return facts;
}

static void test_snapshots_stand_in_the_order_of_time(void **state)
{
	struct joined x = { .facts = { profile_of(30), profile_of(10),
				       profile_of(0), profile_of(20) } };

	(void)state;
	joined_make(&x);
	assert_int_equal(x.model->num_snapshots, 4);
	assert_int_equal(x.model->snapshots[0], 1);
	assert_int_equal(x.model->snapshots[1], 2);
	assert_int_equal(x.model->snapshots[2], 3);
	assert_int_equal(x.model->snapshots[3], 0);
	// The latest is the case's.
	assert_int_equal(x.model->goroutines[0].witness, 0);
	joined_deinit(&x);
}

static void test_long_series_stand_in_the_order_of_time(void **state)
{
	enum { NUM = 300 };
	struct iq_facts *facts[NUM];
	struct iq_model *m;

	(void)state;
	for (int64_t i = 0; i < NUM; i++) {
		// One in the middle has no time: it stays where it is.
		facts[i] = profile_of(i == 150 ? 0 : NUM - i);
		iq_facts_finish(facts[i]);
	}
	assert_null(iq_model_create((const struct iq_facts *const *)facts, NUM,
				    &m));
	assert_null(iq_model_join(m));
	assert_int_equal(m->num_snapshots, NUM);
	assert_int_equal(m->snapshots[0], NUM - 1);
	assert_int_equal(m->snapshots[150], 150);
	assert_int_equal(m->snapshots[NUM - 1], 0);
	iq_model_destroy(m);
	for (int i = 0; i < NUM; i++)
		iq_facts_destroy(facts[i]);
}

static void test_sections_of_a_file_are_in_its_order(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "log"),
				       facts_new(IQ_WITNESS_DUMP, "log") } };

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		facts_add(x.facts[i], 7, "chan send", PARKED);
		x.facts[i]->witness.section = 1 - i;
		x.facts[i]->witness.num_sections = 2;
	}
	joined_make(&x);
	assert_int_equal(iq_moment_order(x.model, 0, 1), IQ_ORDER_AFTER);
	assert_int_equal(x.model->snapshots[0], 1);
	joined_deinit(&x);
}

static void test_times_of_two_boots_are_not_compared(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_TRACE, "a"),
				       facts_new(IQ_WITNESS_TRACE, "b") } };

	(void)state;
	for (int i = 0; i < 2; i++) {
		// By their own clocks b is earlier; an hour later by the wall.
		struct iq_trace *t =
			joined_trace(x.facts[i], 10 - 5 * i, 14 - 5 * i);

		t->has_wall = true;
		t->wall_mono_ns = t->start_ns;
		t->wall_ns = SECONDS(1700000000 + 3600 * i);
	}
	joined_make(&x);
	assert_int_equal(iq_moment_order(x.model, 0, 1), IQ_ORDER_BEFORE);
	joined_deinit(&x);
}

/* A core of a living process, and a trace from second 10 to 20 in which
 * goroutine 7 ran. */
static struct joined core_and_trace(int64_t mono)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "a/core.7"),
				       facts_new(IQ_WITNESS_TRACE, "t.out") } };
	struct iq_process_fact *p = &x.facts[0]->process;

	facts_created(x.facts[0], facts_add(x.facts[0], 7, "chan send", PARKED),
		      1, "main.main main.go:10");
	p->end = IQ_END_NONE;
	p->has_mono = true;
	p->mono_ns = SECONDS(mono);
	joined_trace(x.facts[1], 10, 20);
	joined_traced(x.facts[1], 7, "main.send", "chan send", BLOCKED, 13);
	facts_created(x.facts[1], &x.facts[1]->goroutines.data[0], 1,
		      "main.main main.go:10");
	return x;
}

/* The one gap of the case; false if there is none. */
static bool is_told(const struct joined *x, const char *words)
{
	const struct iq_gap *gap = x->model->gaps;

	return x->model->num_gaps == 1 && gap->code == IQ_GAP_ORDER &&
	       iq_str_search(gap->text, iq_str_of(words)) < gap->text.len;
}

static void test_core_before_the_trace_is_told_by_the_clock(void **state)
{
	struct joined x = core_and_trace(6);
	struct iq_process_fact *p = &x.facts[0]->process;

	(void)state;
	p->has_wall_offset = p->has_time = true;
	p->wall_offset_ns = SECONDS(1700000000);
	p->time_ns = p->wall_offset_ns + SECONDS(7);
	joined_make(&x);
	assert_true(is_told(&x, "\"core.7\" was taken 3.0s before the trace "
				"began"));
	joined_deinit(&x);
}

static void test_core_before_the_trace_is_told_by_goroutines(void **state)
{
	struct joined x = core_and_trace(6);

	(void)state;
	joined_make(&x);
	assert_true(is_told(&x, "\"core.7\" was taken before the trace began"));
	assert_true(is_told(&x, "newest clock is 4.0s before it, and 1 of"));
	joined_deinit(&x);
}

static void test_core_whose_clock_is_in_the_trace_is_not_before(void **state)
{
	struct joined x = core_and_trace(11);

	(void)state;
	joined_make(&x);
	assert_int_equal(x.model->num_gaps, 0);
	joined_deinit(&x);
}

static void test_old_clock_alone_does_not_place_a_core(void **state)
{
	struct joined x = core_and_trace(6);
	struct iq_trace *trace = (struct iq_trace *)x.facts[1]->trace;

	(void)state;
	((struct iq_trace_goroutine *)&trace->goroutines[0])->num_starts = 0;
	joined_make(&x);
	assert_int_equal(x.model->num_gaps, 0);
	joined_deinit(&x);
}

static void test_core_with_a_goroutine_of_the_trace_is_not_before(void **state)
{
	struct joined x = core_and_trace(6);
	struct iq_trace *trace = (struct iq_trace *)x.facts[1]->trace;
	struct iq_trace_goroutine *g =
		(struct iq_trace_goroutine *)&trace->goroutines[0];

	(void)state;
	g->has_created = true;
	g->created_ns = SECONDS(12);
	joined_make(&x);
	assert_int_equal(x.model->num_gaps, 0);
	joined_deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_scan_within_the_trace_proves_that_it_stayed),
		cmocka_unit_test(test_coroutines_leave_nothing_to_prove_it),
		cmocka_unit_test(
			test_wait_from_before_the_trace_has_no_upper_bound),
		cmocka_unit_test(
			test_scan_that_began_before_the_park_proves_nothing),
		cmocka_unit_test(test_scan_after_the_trace_proves_nothing),
		cmocka_unit_test(
			test_scan_that_the_trace_does_not_end_proves_nothing),
		cmocka_unit_test(
			test_without_waitsince_the_same_wait_is_consistent),
		cmocka_unit_test(test_another_place_is_not_consistent),
		cmocka_unit_test(test_profile_before_the_wake_saw_another_wait),
		cmocka_unit_test(
			test_profile_after_the_trace_is_not_contradicted),
		cmocka_unit_test(test_trace_with_no_wall_clock_is_not_ordered),
		cmocka_unit_test(test_core_lends_its_wall_clock_to_the_trace),
		cmocka_unit_test(test_core_of_the_end_is_after_every_trace),
		cmocka_unit_test(
			test_core_of_a_living_process_may_be_of_any_time),
		cmocka_unit_test(
			test_ends_and_beginnings_in_a_trace_bound_a_text),
		cmocka_unit_test(
			test_text_that_a_trace_does_not_bound_has_no_moment),
		cmocka_unit_test(test_snapshots_stand_in_the_order_of_time),
		cmocka_unit_test(test_long_series_stand_in_the_order_of_time),
		cmocka_unit_test(test_sections_of_a_file_are_in_its_order),
		cmocka_unit_test(test_times_of_two_boots_are_not_compared),
		cmocka_unit_test(
			test_core_before_the_trace_is_told_by_the_clock),
		cmocka_unit_test(
			test_core_before_the_trace_is_told_by_goroutines),
		cmocka_unit_test(
			test_core_whose_clock_is_in_the_trace_is_not_before),
		cmocka_unit_test(test_old_clock_alone_does_not_place_a_core),
		cmocka_unit_test(
			test_core_with_a_goroutine_of_the_trace_is_not_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
