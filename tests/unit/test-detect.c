/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/detector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "facts-builder.h"
#include "joined.h"
#include "model/evidence.h"
#include "model/model.h"

#define GOEXIT ";runtime.goexit asm.s:1"
#define PARK "runtime.gopark proc.go:1;"

static enum iq_verdict_word word(const struct joined *x)
{
	return x->model->verdict.word;
}

static void add_senders(struct iq_facts *facts, uint64_t first, uint64_t num)
{
	for (uint64_t id = first; id < first + num; id++)
		facts_created(facts,
			      facts_add(facts, id, "chan send",
					PARK
					"runtime.chansend1 chan.go:2;"
					"main.fetch.func1 main.go:34" GOEXIT),
			      1, "main.fetch main.go:30");
}

static void test_senders_of_a_dump_are_suspected(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "dump") } };
	const struct iq_finding *f;

	(void)state;
	add_senders(x.facts[0], 7, 3);
	joined_judge(&x);
	f = joined_found(&x, "leaked-goroutine");
	assert_non_null(f);
	assert_int_equal(f->count, 3);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_SUSPECTED);
	assert_int_equal(f->site->line, 34);
	assert_int_equal(f->created_by->line, 30);
	assert_int_equal(word(&x), IQ_VERDICT_SUSPECT);
	joined_deinit(&x);
}

static void test_two_kinds_of_witness_corroborate(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core"),
				       facts_new(IQ_WITNESS_DUMP, "dump") } };
	const struct iq_finding *f;

	(void)state;
	add_senders(x.facts[0], 7, 3);
	add_senders(x.facts[1], 7, 3);
	for (size_t i = 0; i < 3; i++) {
		struct iq_goroutine_fact *g = &x.facts[0]->goroutines.data[i];

		g->has_wait_min = true;
		g->wait_min_ns = 90000000000;
	}
	joined_judge(&x);
	f = joined_found(&x, "leaked-goroutine");
	assert_int_equal(f->confidence, IQ_CONFIDENCE_CORROBORATED);
	assert_int_equal(f->count, 3);
	assert_int_equal(f->num_evidence, 2);
	assert_int_equal(f->evidence[1].stance, IQ_STANCE_SUPPORTS);
	assert_int_equal(word(&x), IQ_VERDICT_LEAK);
	joined_deinit(&x);
}

static void test_dump_of_another_process_proves_nothing(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core"),
				       facts_new(IQ_WITNESS_DUMP, "dump") } };
	const struct iq_finding *f;

	(void)state;
	add_senders(x.facts[0], 7, 3);
	add_senders(x.facts[1], 107, 3);
	joined_judge(&x);
	f = joined_found(&x, "leaked-goroutine");
	assert_true(x.model->foreign[1]);
	assert_int_equal(x.model->num_gaps, 1);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_SUSPECTED);
	assert_int_equal(f->count, 3);
	assert_int_equal(f->evidence[1].stance, IQ_STANCE_SILENT);
	assert_int_equal(x.model->num_total, 3);
	joined_deinit(&x);
}

static void test_nil_channel_is_proven(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "dump") } };
	const struct iq_finding *f;

	(void)state;
	facts_add(x.facts[0], 9, "chan receive (nil chan)",
		  PARK "main.next main.go:5" GOEXIT);
	joined_judge(&x);
	f = joined_found(&x, "nil-channel");
	assert_int_equal(f->confidence, IQ_CONFIDENCE_PROVEN);
	assert_int_equal(word(&x), IQ_VERDICT_LEAK);
	joined_deinit(&x);
}

static void test_assumed_layout_proves_nothing(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };

	(void)state;
	facts_add(x.facts[0], 9, "chan receive (nil chan)",
		  PARK "main.next main.go:5" GOEXIT);
	iq_facts_gap(x.facts[0], IQ_GAP_LAYOUT, "layout of go1.27 assumed");
	joined_judge(&x);
	assert_int_equal(joined_found(&x, "nil-channel")->confidence,
			 IQ_CONFIDENCE_SUSPECTED);
	assert_int_equal(word(&x), IQ_VERDICT_SUSPECT);
	joined_deinit(&x);
}

static void test_main_in_empty_select_is_no_finding(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "dump") } };

	(void)state;
	facts_add(x.facts[0], 1, "select (no cases)",
		  PARK "main.main main.go:5;runtime.main proc.go:2" GOEXIT);
	joined_judge(&x);
	assert_null(joined_found(&x, "empty-select"));
	assert_int_equal(word(&x), IQ_VERDICT_CLEAN);
	joined_deinit(&x);
}

static void test_idle_receivers_are_no_finding(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "dump") } };

	(void)state;
	for (uint64_t id = 5; id < 9; id++)
		facts_add(x.facts[0], id, "chan receive",
			  PARK "main.worker main.go:5" GOEXIT);
	joined_judge(&x);
	assert_null(joined_found(&x, "leaked-goroutine"));
	joined_deinit(&x);
}

static void test_panic_ends_in_its_own_code(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "dump") } };
	const struct iq_finding *f;

	(void)state;
	facts_add(x.facts[0], 34, "running",
		  "panic panic.go:7;runtime.panicmem panic.go:2;"
		  "runtime.sigpanic signal.go:9;"
		  "main.(*Store).Get main.go:58" GOEXIT);
	x.facts[0]->process.end = IQ_END_PANIC;
	x.facts[0]->process.end_text = IQ_STR("nil dereference");
	x.facts[0]->process.has_end_goroutine = true;
	x.facts[0]->process.end_goroutine = 34;
	joined_judge(&x);
	f = joined_found(&x, "crash-panic");
	assert_int_equal(f->site->line, 58);
	assert_int_equal(word(&x), IQ_VERDICT_CRASH);
	joined_deinit(&x);
}

static void test_panic_again_names_the_first_one(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "dump") } };

	(void)state;
	facts_add(x.facts[0], 34, "running",
		  "panic panic.go:7;main.worker.func1 main.go:25;"
		  "panic panic.go:7;runtime.sigpanic signal.go:9;"
		  "main.process main.go:15;main.worker main.go:30" GOEXIT);
	x.facts[0]->process.end = IQ_END_PANIC;
	x.facts[0]->process.has_end_goroutine = true;
	x.facts[0]->process.end_goroutine = 34;
	joined_judge(&x);
	assert_int_equal(joined_found(&x, "crash-panic")->site->line, 15);
	joined_deinit(&x);
}

static void test_timed_out_test_is_what_hangs(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "dump") } };

	(void)state;
	facts_add(
		x.facts[0], 7, "chan receive",
		"main.TestOrder order_test.go:5;testing.tRunner t.go:9" GOEXIT);
	x.facts[0]->process.end = IQ_END_PANIC;
	x.facts[0]->process.end_text = IQ_STR("test timed out after 1s");
	joined_judge(&x);
	assert_non_null(joined_found(&x, "leaked-goroutine"));
	joined_deinit(&x);
}

static void test_dumps_of_two_processes_give_the_first(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "a"),
				       facts_new(IQ_WITNESS_DUMP, "b") } };

	(void)state;
	add_senders(x.facts[0], 7, 3);
	add_senders(x.facts[1], 107, 3);
	joined_judge(&x);
	assert_int_equal(joined_found(&x, "leaked-goroutine")->count, 3);
	assert_true(x.model->foreign[1]);
	joined_deinit(&x);
}

static void test_rule_without_its_facts_is_not_run(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "dump") } };
	bool named = false;

	(void)state;
	x.facts[0]->witness.tells &= ~(unsigned)IQ_TELLS_WAITS;
	facts_add(x.facts[0], 34, "running", "main.f main.go:58" GOEXIT);
	joined_judge(&x);
	for (size_t i = 0; i < x.model->num_not_run; i++)
		named |= !strcmp(x.model->not_run[i].rule, "deadlock-cycle");
	assert_true(named);
	joined_deinit(&x);
}

static void test_case_without_goroutines_has_no_verdict(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "dump") } };

	(void)state;
	joined_judge(&x);
	assert_int_equal(word(&x), IQ_VERDICT_NONE);
	joined_deinit(&x);
}

static void test_case_without_stacks_has_no_verdict(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };

	(void)state;
	facts_add(x.facts[0], 4, "chan receive", "");
	facts_add(x.facts[0], 5, "chan receive", "");
	joined_judge(&x);
	assert_int_equal(word(&x), IQ_VERDICT_NONE);
	joined_deinit(&x);
}

static void test_senders_without_stacks_are_suspected(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };

	(void)state;
	facts_add(x.facts[0], 4, "chan send", "");
	facts_add(x.facts[0], 5, "chan send", "");
	joined_judge(&x);
	assert_int_equal(joined_found(&x, "leaked-goroutine")->count, 2);
	assert_int_equal(word(&x), IQ_VERDICT_SUSPECT);
	joined_deinit(&x);
}

static void test_holes_of_a_core_make_no_leak(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };
	const struct iq_finding *f;

	(void)state;
	add_senders(x.facts[0], 7, 3);
	iq_facts_gap(x.facts[0], IQ_GAP_TRUNCATED, "the core ends here");
	joined_judge(&x);
	f = joined_found(&x, "leaked-goroutine");
	assert_int_equal(f->severity, IQ_SEVERITY_NOTE);
	assert_true(iq_str_ends(f->title, IQ_STR("memory is missing")));
	assert_int_equal(word(&x), IQ_VERDICT_CLEAN);
	joined_deinit(&x);
}

static void test_locks_are_not_judged_without_stacks(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };
	bool named = false;

	(void)state;
	facts_add(x.facts[0], 4, "sync.Mutex.Lock", "");
	facts_add(x.facts[0], 5, "sync.Mutex.Lock", "");
	joined_judge(&x);
	assert_null(joined_found(&x, "lock-wait"));
	for (size_t i = 0; i < x.model->num_not_run; i++)
		named |= !strcmp(x.model->not_run[i].rule, "lock-wait");
	assert_true(named);
	joined_deinit(&x);
}

static void test_unknown_sites_are_told_apart_by_creator(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };
	struct iq_facts *core = x.facts[0];

	(void)state;
	facts_created(core, facts_add(core, 4, "select (no cases)", ""), 1,
		      "main.a main.go:3");
	facts_created(core, facts_add(core, 5, "select (no cases)", ""), 1,
		      "main.b main.go:4");
	joined_judge(&x);
	assert_int_equal(joined_found(&x, "empty-select")->count, 1);
	assert_non_null(strstr(joined_found(&x, "empty-select")->title.ptr,
			       "made by main.a"));
	joined_deinit(&x);
}

static void test_fingerprint_survives_lines_and_ids(void **state)
{
	struct joined a = { .facts = { facts_new(IQ_WITNESS_DUMP, "a") } };
	struct joined b = { .facts = { facts_new(IQ_WITNESS_DUMP, "b") } };

	(void)state;
	facts_add(a.facts[0], 9, "chan receive (nil chan)",
		  PARK "main.run.func1 main.go:5" GOEXIT);
	facts_add(b.facts[0], 12, "chan receive (nil chan)",
		  PARK "main.run.func3 main.go:25" GOEXIT);
	joined_judge(&a);
	joined_judge(&b);
	assert_string_equal(joined_found(&a, "nil-channel")->fingerprint,
			    joined_found(&b, "nil-channel")->fingerprint);
	joined_deinit(&a);
	joined_deinit(&b);
}

static void test_table_of_rules_is_in_order(void **state)
{
	size_t num;
	const struct iq_detector *const *list = iq_detectors(&num);

	(void)state;
	assert_true(num > 0);
	for (size_t i = 0; i < num; i++) {
		assert_non_null(list[i]->summary);
		assert_non_null(list[i]->needs_text);
		assert_int_not_equal(!list[i]->run, !list[i]->sift);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(list[i]->id, list[j]->id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_senders_of_a_dump_are_suspected),
		cmocka_unit_test(test_two_kinds_of_witness_corroborate),
		cmocka_unit_test(test_dump_of_another_process_proves_nothing),
		cmocka_unit_test(test_nil_channel_is_proven),
		cmocka_unit_test(test_assumed_layout_proves_nothing),
		cmocka_unit_test(test_main_in_empty_select_is_no_finding),
		cmocka_unit_test(test_idle_receivers_are_no_finding),
		cmocka_unit_test(test_panic_ends_in_its_own_code),
		cmocka_unit_test(test_panic_again_names_the_first_one),
		cmocka_unit_test(test_timed_out_test_is_what_hangs),
		cmocka_unit_test(test_dumps_of_two_processes_give_the_first),
		cmocka_unit_test(test_rule_without_its_facts_is_not_run),
		cmocka_unit_test(test_case_without_goroutines_has_no_verdict),
		cmocka_unit_test(test_case_without_stacks_has_no_verdict),
		cmocka_unit_test(test_senders_without_stacks_are_suspected),
		cmocka_unit_test(test_holes_of_a_core_make_no_leak),
		cmocka_unit_test(test_locks_are_not_judged_without_stacks),
		cmocka_unit_test(test_unknown_sites_are_told_apart_by_creator),
		cmocka_unit_test(test_fingerprint_survives_lines_and_ids),
		cmocka_unit_test(test_table_of_rules_is_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
