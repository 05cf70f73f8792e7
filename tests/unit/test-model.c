/* SPDX-License-Identifier: Apache-2.0 */
#include "model/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "joined.h"
#include "model/profile.h"

#define PARKED                                                                 \
	"runtime.gopark proc.go:1;runtime.chansend1 chan.go:2;"                \
	"main.send main.go:34;runtime.goexit asm.s:1"
#define BLOCKED "runtime.chansend1 chan.go:2;main.send main.go:34"

static void add_profile(struct iq_facts *facts, uint64_t count)
{
	struct iq_goroutine_fact *g = facts_add(facts, 0, "chan send", PARKED);

	g->has_id = false;
	g->count = count;
}

static void test_main_witness_is_what_knows_most(void **state)
{
	static const enum iq_witness_kind kinds[] = {
		IQ_WITNESS_PROFILE,
		IQ_WITNESS_TRACE,
		IQ_WITNESS_DUMP,
		IQ_WITNESS_CORE,
	};

	(void)state;
	for (size_t best = 0; best < IQ_ARRAY_SIZE(kinds); best++) {
		struct joined x = { 0 };

		// Given with the best one first.
		for (size_t i = 0; i <= best; i++) {
			enum iq_witness_kind kind = kinds[best - i];

			x.facts[i] = facts_new(kind, "f");
			if (kind == IQ_WITNESS_PROFILE) {
				add_profile(x.facts[i], 2);
				continue;
			}
			facts_created(
				x.facts[i],
				facts_add(x.facts[i], 7, "chan send", PARKED),
				1, "main.main main.go:1");
		}
		joined_make(&x);
		assert_int_equal(x.model->goroutines[0].witness, 0);
		assert_int_equal(x.model->num_total, best ? 1 : 2);
		joined_deinit(&x);
	}
}

/* Up to Go 1.22 it has none of what parked before it. */
static void test_trace_without_stacks_knows_less_than_a_profile(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_TRACE, "trace"),
				       facts_new(IQ_WITNESS_PROFILE, "p") } };

	(void)state;
	for (uint64_t id = 7; id < 10; id++)
		facts_add(x.facts[0], id, "chan send", "")->stack = NULL;
	facts_add(x.facts[0], 10, "chan send", BLOCKED);
	add_profile(x.facts[1], 4);
	x.facts[1]->witness.complete = false;
	joined_make(&x);
	assert_int_equal(x.model->goroutines[0].witness, 1);
	assert_int_equal(x.model->num_total, 4);
	joined_deinit(&x);
}

static void test_text_without_ids_knows_less_than_a_trace(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "debug1"),
				       facts_new(IQ_WITNESS_TRACE, "t") } };

	(void)state;
	add_profile(x.facts[0], 9);
	joined_trace(x.facts[1], 10, 20);
	joined_traced(x.facts[1], 7, "main.send", "chan send", BLOCKED, 12);
	joined_make(&x);
	assert_int_equal(x.model->num_total, 1);
	assert_int_equal(x.model->goroutines[0].witness, 1);
	joined_deinit(&x);
}

static void test_profile_of_leaks_is_not_the_case(void **state)
{
	struct joined x = { .facts = {
				    facts_new(IQ_WITNESS_PROFILE, "all"),
				    facts_new(IQ_WITNESS_PROFILE, "leaks") } };
	struct iq_profile profiles[] = {
		{ .type = IQ_PROFILE_GOROUTINE },
		{ .type = IQ_PROFILE_GOROUTINELEAK },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		x.facts[i]->profile = &profiles[i];
		add_profile(x.facts[i], 9 - i);
	}
	joined_make(&x);
	assert_int_equal(x.model->num_total, 9);
	joined_deinit(&x);
}

static void test_whoever_knows_tells_the_runtimes_own(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core"),
				       facts_new(IQ_WITNESS_TRACE, "t") } };

	(void)state;
	facts_add(x.facts[0], 2, "chan send", PARKED);
	facts_add(x.facts[0], 7, "chan send", PARKED);
	joined_trace(x.facts[1], 10, 20);
	joined_traced(x.facts[1], 2, "main.send", "chan send", BLOCKED, 12);
	joined_traced(x.facts[1], 7, "main.send", "chan send", BLOCKED, 12);
	x.facts[1]->goroutines.data[0].has_system = true;
	x.facts[1]->goroutines.data[0].system = true;
	joined_make(&x);
	assert_int_equal(x.model->foreign[1], false);
	assert_true(x.model->goroutines[0].system);
	assert_false(x.model->goroutines[1].system);
	assert_int_equal(x.model->num_system, 1);
	joined_deinit(&x);
}

static void test_goroutine_that_a_later_core_lacks_is_gone(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core"),
				       facts_new(IQ_WITNESS_TRACE, "t") } };

	(void)state;
	joined_clock(x.facts[0], 30, 31);
	// Damaged, so what it lacks may be missing.
	x.facts[0]->witness.complete = false;
	facts_add(x.facts[0], 7, "chan send", PARKED);
	joined_trace(x.facts[1], 10, 20);
	joined_traced(x.facts[1], 7, "main.send", "chan send", BLOCKED, 12);
	joined_traced(x.facts[1], 8, "main.send", "chan send", BLOCKED, 12);
	joined_make(&x);
	assert_int_equal(x.model->num_total, 1);
	joined_deinit(&x);
}

static void test_goroutine_that_a_cut_text_lacks_is_taken(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "a"),
				       facts_new(IQ_WITNESS_DUMP, "b") } };

	(void)state;
	x.facts[1]->witness.complete = false;
	facts_created(x.facts[0], facts_add(x.facts[0], 7, "chan send", PARKED),
		      1, "main.main main.go:1");
	facts_add(x.facts[0], 8, "chan send", PARKED);
	facts_created(x.facts[1], facts_add(x.facts[1], 7, "chan send", PARKED),
		      1, "main.main main.go:1");
	joined_make(&x);
	assert_int_equal(x.model->num_total, 2);
	assert_int_equal(x.model->goroutines[0].witness, 1);
	assert_int_equal(x.model->goroutines[1].witness, 0);
	joined_deinit(&x);
}

static struct joined two_texts(enum iq_end_kind end)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "a"),
				       facts_new(IQ_WITNESS_CORE, "b") } };

	for (size_t i = 0; i < 2; i++) {
		struct iq_goroutine_fact *g =
			facts_add(x.facts[i], 7, "chan send", PARKED);

		facts_created(x.facts[i], g, 1, "main.main main.go:1");
		g->has_wait_min = true;
		g->wait_min_ns = SECONDS(5 - i);
		x.facts[i]->process.end = end;
	}
	return x;
}

static void test_bounds_of_one_moment_are_joined(void **state)
{
	struct joined x = two_texts(IQ_END_SIGNAL);

	(void)state;
	joined_make(&x);
	assert_int_equal(x.model->goroutines[0].witness, 1);
	assert_int_equal(x.model->goroutines[0].wait_min_ns, SECONDS(5));
	assert_int_equal(x.model->goroutines[0].wait_min_ground,
			 IQ_WAIT_GROUND_MINUTES);
	joined_deinit(&x);
}

static void test_bounds_of_another_moment_are_not_joined(void **state)
{
	struct joined x = two_texts(IQ_END_NONE);

	(void)state;
	joined_make(&x);
	assert_int_equal(x.model->goroutines[0].wait_min_ns, SECONDS(4));
	assert_int_equal(x.model->goroutines[0].wait_min_ground,
			 IQ_WAIT_GROUND_COLLECTION);
	joined_deinit(&x);
}

static void test_every_ground_has_words(void **state)
{
	(void)state;
	assert_string_equal(iq_wait_ground_words(IQ_WAIT_GROUND_NONE), "");
	for (int i = IQ_WAIT_GROUND_NONE + 1; i <= IQ_WAIT_GROUND_AGE; i++)
		assert_true(*iq_wait_ground_words((enum iq_wait_ground)i) !=
			    '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_main_witness_is_what_knows_most),
		cmocka_unit_test(
			test_trace_without_stacks_knows_less_than_a_profile),
		cmocka_unit_test(test_text_without_ids_knows_less_than_a_trace),
		cmocka_unit_test(test_profile_of_leaks_is_not_the_case),
		cmocka_unit_test(test_whoever_knows_tells_the_runtimes_own),
		cmocka_unit_test(
			test_goroutine_that_a_later_core_lacks_is_gone),
		cmocka_unit_test(test_goroutine_that_a_cut_text_lacks_is_taken),
		cmocka_unit_test(test_bounds_of_one_moment_are_joined),
		cmocka_unit_test(test_bounds_of_another_moment_are_not_joined),
		cmocka_unit_test(test_every_ground_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
