/* SPDX-License-Identifier: Apache-2.0 */
#include "model/population.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "joined.h"

#define SEND                                                                   \
	"runtime.gopark proc.go:1;runtime.chansend1 chan.go:2;"                \
	"main.send main.go:34"
#define LOCK                                                                   \
	"runtime.gopark proc.go:1;runtime.goparkunlock proc.go:2;"             \
	"runtime.semacquire1 sema.go:3;"                                       \
	"internal/sync.runtime_SemacquireMutex sema.go:95;"                    \
	"sync.(*Mutex).Lock mutex.go:46;main.lock main.go:40"

static struct iq_goroutine_fact *add_group(struct iq_facts *facts,
					   uint64_t count, const char *stack)
{
	struct iq_goroutine_fact *g = facts_add(facts, 0, "unknown", stack);

	g->has_id = false;
	g->count = count;
	g->status = IQ_GSTATUS_UNKNOWN;
	return g;
}

static const struct iq_population *population_of_first(const struct joined *x,
						       size_t witness)
{
	return iq_population_of(x->model, witness,
				&x->facts[witness]->goroutines.data[0]);
}

static void test_ids_and_groups_are_counted_alike(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core"),
				       facts_new(IQ_WITNESS_PROFILE, "p") } };
	const struct iq_population *p;

	(void)state;
	for (uint64_t id = 7; id < 10; id++)
		facts_add(x.facts[0], id, "chan send",
			  SEND ";main.main.gowrap1 main.go:9;"
			       "runtime.goexit asm.s:1");
	add_group(x.facts[1], 2, SEND);
	add_group(x.facts[1], 3, SEND)->labels = iq_arena_calloc(
		&x.facts[1]->arena, 1, sizeof(struct iq_labels));
	joined_make(&x);
	assert_int_equal(x.model->num_populations, 1);
	p = population_of_first(&x, 0);
	assert_ptr_equal(p, population_of_first(&x, 1));
	assert_int_equal(p->class, IQ_CLASS_CHAN_SEND);
	assert_int_equal(p->counts[0], 3);
	assert_int_equal(p->counts[1], 5);
	// The profile adds none to the case.
	assert_int_equal(x.model->num_total, 3);
	joined_deinit(&x);
}

static void test_foreign_witnesses_are_counted(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core"),
				       facts_new(IQ_WITNESS_PROFILE, "p") } };

	(void)state;
	x.facts[0]->process.build_id = IQ_STR("ab");
	x.facts[1]->process.build_id = IQ_STR("cd");
	facts_add(x.facts[0], 7, "chan send", SEND);
	add_group(x.facts[1], 2, SEND);
	joined_make(&x);
	assert_true(x.model->foreign[1]);
	assert_int_equal(population_of_first(&x, 0)->counts[1], 2);
	joined_deinit(&x);
}

static void test_nil_channel_is_counted_as_a_channel(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core"),
				       facts_new(IQ_WITNESS_PROFILE, "p") } };

	(void)state;
	facts_add(x.facts[0], 7, "chan send (nil chan)", SEND);
	add_group(x.facts[1], 1, SEND);
	joined_make(&x);
	assert_ptr_equal(population_of_first(&x, 0),
			 population_of_first(&x, 1));
	joined_deinit(&x);
}

static void test_words_of_a_trace_are_of_the_same_class(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core"),
				       facts_new(IQ_WITNESS_TRACE, "t") } };

	(void)state;
	facts_add(x.facts[0], 7, "sync.Mutex.Lock", LOCK);
	joined_trace(x.facts[1], 10, 20);
	joined_traced(x.facts[1], 7, "main.lock", "sync",
		      "sync.(*Mutex).Lock mutex.go:46;main.lock main.go:40",
		      12);
	joined_make(&x);
	assert_ptr_equal(population_of_first(&x, 0),
			 population_of_first(&x, 1));
	assert_int_equal(population_of_first(&x, 0)->class, IQ_CLASS_MUTEX);
	joined_deinit(&x);
}

static void test_unknown_class_is_the_only_one_at_the_place(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core"),
				       facts_new(IQ_WITNESS_DUMP, "d") } };

	(void)state;
	facts_add(x.facts[0], 7, "chan send", SEND);
	// A text of a profile hides the runtime's frames.
	add_group(x.facts[1], 4, "main.send main.go:34");
	joined_make(&x);
	assert_int_equal(x.model->num_populations, 1);
	assert_int_equal(population_of_first(&x, 1)->counts[1], 4);
	assert_ptr_equal(population_of_first(&x, 0),
			 population_of_first(&x, 1));
	joined_deinit(&x);
}

static void test_unknown_class_stays_so_between_two(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core"),
				       facts_new(IQ_WITNESS_DUMP, "d") } };

	(void)state;
	facts_add(x.facts[0], 7, "chan send", SEND);
	facts_add(x.facts[0], 8, "chan receive", SEND);
	add_group(x.facts[1], 4, "main.send main.go:34");
	joined_make(&x);
	assert_int_equal(x.model->num_populations, 3);
	assert_int_equal(population_of_first(&x, 1)->class,
			 IQ_CLASS_UNKNOWN_WAIT);
	assert_int_equal(population_of_first(&x, 1)->counts[0], 0);
	joined_deinit(&x);
}

/* "main.f0 main.go:1;main.f1 main.go:2" … */
static const char *deep(char *buf, size_t size, unsigned first, unsigned num)
{
	size_t len = 0;

	for (unsigned i = first; i < first + num; i++)
		len += (size_t)snprintf(buf + len, size - len,
					"%smain.f%u main.go:%u",
					i > first ? ";" : "", i, i + 1);
	return buf;
}

static void test_cut_stack_is_counted_with_whole_ones(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core"),
				       facts_new(IQ_WITNESS_PROFILE, "p") } };
	char text[2048];
	struct iq_goroutine_fact *g;
	struct iq_stack cut;

	(void)state;
	facts_add(x.facts[0], 7, "running", deep(text, sizeof(text), 0, 40));
	facts_add(x.facts[0], 8, "running", deep(text, sizeof(text), 0, 50));
	facts_add(x.facts[0], 9, "running", deep(text, sizeof(text), 1, 40));
	g = add_group(x.facts[1], 2, deep(text, sizeof(text), 0, 32));
	cut = *g->stack;
	cut.complete = false;
	assert_null(iq_facts_stack(x.facts[1], &cut, &g->stack));
	joined_make(&x);
	assert_int_equal(x.model->num_populations, 2);
	assert_int_equal(population_of_first(&x, 1)->counts[0], 2);
	assert_ptr_equal(population_of_first(&x, 0),
			 population_of_first(&x, 1));
	joined_deinit(&x);
}

static void test_damaged_stack_of_few_frames_is_no_prefix(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core"),
				       facts_new(IQ_WITNESS_DUMP, "d") } };
	struct iq_goroutine_fact *g;
	struct iq_stack cut;
	char text[2048];

	(void)state;
	facts_add(x.facts[1], 8, "running", deep(text, sizeof(text), 0, 40));
	g = facts_add(x.facts[0], 7, "running", "main.f0 main.go:1");
	cut = *g->stack;
	cut.complete = false;
	assert_null(iq_facts_stack(x.facts[0], &cut, &g->stack));
	joined_make(&x);
	assert_int_equal(x.model->num_populations, 2);
	joined_deinit(&x);
}

/* A text whose outermost frame is a closure on the line of its "go", and a core
 * that shows it as @root. */
static struct joined text_and_core(const char *root)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "text"),
				       facts_new(IQ_WITNESS_CORE, "core") } };
	const char *text = "runtime.gopark p.go:1;main.work main.go:50;"
			   "main.main.func6 main.go:10;runtime.goexit a.s:1";
	char core[256];

	snprintf(core, sizeof(core),
		 "runtime.gopark p.go:1;main.work main.go:50;%s"
		 "runtime.goexit a.s:1",
		 root);
	facts_created(x.facts[0], facts_add(x.facts[0], 7, "chan send", text),
		      1, "main.main main.go:10");
	facts_created(x.facts[1], facts_add(x.facts[1], 7, "chan send", core),
		      1, "main.main main.go:10");
	joined_make(&x);
	return x;
}

static void test_wrapper_of_an_old_text_divides_no_population(void **state)
{
	struct joined x = text_and_core("main.main.gowrap6 main.go:10;");

	(void)state;
	assert_int_equal(x.model->num_populations, 1);
	assert_ptr_equal(population_of_first(&x, 0),
			 population_of_first(&x, 1));
	joined_deinit(&x);
}

static void test_closure_on_the_line_of_its_go_is_a_function(void **state)
{
	struct joined x = text_and_core("main.main.func6 main.go:10;");

	(void)state;
	assert_int_equal(x.model->num_populations, 1);
	joined_deinit(&x);
}

static void test_closure_that_others_lack_stays_one(void **state)
{
	struct joined x = text_and_core("main.other main.go:11;");

	(void)state;
	assert_int_equal(x.model->num_populations, 2);
	joined_deinit(&x);
}

/* A call of a closure over several lines: main.main.func1(…) from line 10 to
 * @last, as Go 1.18 gives the wrapper its last. */
static size_t populations_of_lines(unsigned last)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_DUMP, "text"),
				       facts_new(IQ_WITNESS_CORE, "core") } };
	char text[256];
	size_t num;

	snprintf(text, sizeof(text),
		 "runtime.gopark p.go:1;main.main.func1 main.go:12;"
		 "main.main.func2 main.go:%u;runtime.goexit a.s:1",
		 last);
	facts_created(x.facts[0], facts_add(x.facts[0], 7, "chan send", text),
		      1, "main.main main.go:10");
	facts_created(x.facts[1],
		      facts_add(x.facts[1], 7, "chan send",
				"runtime.gopark p.go:1;"
				"main.main.func1 main.go:12;"
				"main.main.gowrap2 main.go:16;"
				"runtime.goexit a.s:1"),
		      1, "main.main main.go:10");
	joined_make(&x);
	num = x.model->num_populations;
	joined_deinit(&x);
	return num;
}

static void test_wrapper_of_a_call_of_several_lines_divides_none(void **state)
{
	(void)state;
	assert_int_equal(populations_of_lines(16), 1);
	// No call ends before what it calls, or before it begins.
	assert_int_equal(populations_of_lines(11), 2);
	assert_int_equal(populations_of_lines(9), 2);
}

static void test_unknown_stack_has_no_population(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };
	struct iq_signature other = { .strong = 1 };

	(void)state;
	facts_add(x.facts[0], 7, "chan send", SEND);
	facts_add(x.facts[0], 8, "chan send", SEND)->stack = NULL;
	joined_make(&x);
	assert_int_equal(x.model->num_populations, 1);
	assert_null(
		iq_population_of(x.model, 0, &x.facts[0]->goroutines.data[1]));
	assert_null(iq_population_find(x.model, &other, IQ_CLASS_CHAN_SEND));
	joined_deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids_and_groups_are_counted_alike),
		cmocka_unit_test(test_foreign_witnesses_are_counted),
		cmocka_unit_test(test_nil_channel_is_counted_as_a_channel),
		cmocka_unit_test(test_words_of_a_trace_are_of_the_same_class),
		cmocka_unit_test(
			test_unknown_class_is_the_only_one_at_the_place),
		cmocka_unit_test(test_unknown_class_stays_so_between_two),
		cmocka_unit_test(test_cut_stack_is_counted_with_whole_ones),
		cmocka_unit_test(test_damaged_stack_of_few_frames_is_no_prefix),
		cmocka_unit_test(
			test_wrapper_of_an_old_text_divides_no_population),
		cmocka_unit_test(
			test_wrapper_of_a_call_of_several_lines_divides_none),
		cmocka_unit_test(
			test_closure_on_the_line_of_its_go_is_a_function),
		cmocka_unit_test(test_closure_that_others_lack_stays_one),
		cmocka_unit_test(test_unknown_stack_has_no_population),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
