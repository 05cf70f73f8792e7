/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the wait-for graph is looked up, and graphs that are made to be wide, long
 * or wrong.
 */
#include "model/graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "facts-builder.h"

#define GOEXIT ";runtime.goexit asm.s:1"
#define LOCK                                                                   \
	"runtime.gopark proc.go:1;sync.(*Mutex).Lock x.go:1;main.a main.go:26" GOEXIT
#define SITE 2

static void test_nodes_are_found_by_kind_and_address(void **state)
{
	static const enum iq_wait_kind kinds[] = { IQ_WAIT_CHAN, IQ_WAIT_MUTEX,
						   IQ_WAIT_RWMUTEX,
						   IQ_WAIT_WAITGROUP };
	struct iq_facts *facts = facts_new(IQ_WITNESS_CORE, "core");
	const struct iq_facts *witnesses[1] = { facts };
	struct iq_model *model;
	uint32_t node;

	(void)state;
	for (uint64_t i = 0; i < IQ_ARRAY_SIZE(kinds); i++)
		facts_waits(facts, facts_add(facts, i + 1, "semacquire", LOCK),
			    kinds[i], i < 3 ? 0xa0 : 0xb0);
	assert_null(iq_model_create(witnesses, 1, &model));
	assert_null(iq_model_join(model));
	assert_null(iq_graph_make(model));
	assert_int_equal(model->graph->num_nodes, 3);
	node = iq_graph_node_find(model->graph, IQ_WAIT_MUTEX, 0xa0);
	assert_int_equal(
		node, iq_graph_node_find(model->graph, IQ_WAIT_RWMUTEX, 0xa0));
	assert_int_equal(model->graph->nodes[node].kind, IQ_WAIT_RWMUTEX);
	assert_int_equal(model->graph->nodes[node].num_waiters, 2);
	assert_int_equal(iq_graph_node_find(model->graph, IQ_WAIT_CHAN, 0xb0),
			 IQ_GRAPH_NONE);
	assert_int_not_equal(
		iq_graph_node_find(model->graph, IQ_WAIT_WAITGROUP, 0xb0),
		IQ_GRAPH_NONE);
	iq_model_destroy(model);
	iq_facts_destroy(facts);
}

static void test_references_out_of_bounds_are_ignored(void **state)
{
	struct iq_reference_fact wild[] = {
		{ .object = 0xa0, .goroutine = UINT32_MAX },
		{ .object = 0xa0, .goroutine = 0, .frame = UINT32_MAX },
		{ .object = 0xa0, .goroutine = 1, .frame = 0 },
	};
	struct iq_facts *facts = facts_new(IQ_WITNESS_CORE, "core");
	const struct iq_facts *witnesses[1] = { facts };
	struct iq_model *model;

	(void)state;
	facts_waits(facts, facts_add(facts, 1, "sync.Mutex.Lock", LOCK),
		    IQ_WAIT_MUTEX, 0xa0);
	facts_add(facts, 2, "chan receive", LOCK)->stack = NULL;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(wild); i++)
		assert_true(iq_vec_push(&facts->references, wild[i]));
	assert_null(iq_model_create(witnesses, 1, &model));
	assert_null(iq_model_join(model));
	assert_null(iq_graph_make(model));
	assert_int_equal(model->graph->nodes[0].num_wakers, 0);
	iq_model_destroy(model);
	iq_facts_destroy(facts);
}

#define MANY 100000

/* Each of many waits for one, and each of many could wake it: the two groups
 * wait for each other. */
static void test_many_times_many_edges_stay_few(void **state)
{
	struct iq_facts *facts = facts_new(IQ_WITNESS_CORE, "core");
	const struct iq_facts *witnesses[1] = { facts };
	struct iq_model *model;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		uint64_t mine = i % 2 ? 0xa0 : 0xb0;
		struct iq_reference_fact ref = {
			.object = i % 2 ? 0xb0 : 0xa0,
			.goroutine = i,
			.frame = SITE,
			.wakes = true,
		};

		facts_waits(
			facts,
			facts_add(facts, i + 1, "sync.WaitGroup.Wait", LOCK),
			IQ_WAIT_WAITGROUP, mine);
		assert_true(iq_vec_push(&facts->references, ref));
	}
	assert_null(iq_model_create(witnesses, 1, &model));
	assert_null(iq_model_join(model));
	assert_null(iq_graph_make(model));
	assert_int_equal(model->graph->num_cycles, 1);
	assert_int_equal(model->graph->cycles[0].num_members, MANY);
	assert_true(model->graph->cycles[0].num_steps < 2 * MANY);
	iq_model_destroy(model);
	iq_facts_destroy(facts);
}

/* A chain as long as there are goroutines, and at its end one that runs. */
static void test_a_long_chain_has_one_root(void **state)
{
	struct iq_facts *facts = facts_new(IQ_WITNESS_CORE, "core");
	const struct iq_facts *witnesses[1] = { facts };
	struct iq_model *model;

	(void)state;
	facts_add(facts, 1, "running", "main.a main.go:1" GOEXIT);
	for (uint32_t i = 0; i < MANY; i++) {
		struct iq_reference_fact ref = {
			.object = 0x1000 + 8ull * i,
			.goroutine = i,
			.frame = i ? SITE : 0,
			.unlocks = true,
		};

		assert_true(iq_vec_push(&facts->references, ref));
		facts_waits(facts,
			    facts_add(facts, i + 2, "sync.Mutex.Lock", LOCK),
			    IQ_WAIT_MUTEX, 0x1000 + 8ull * i);
	}
	assert_null(iq_model_create(witnesses, 1, &model));
	assert_null(iq_model_join(model));
	assert_null(iq_graph_make(model));
	assert_int_equal(model->graph->num_cycles, 0);
	assert_int_equal(model->graph->num_blockers, 1);
	assert_int_equal(model->graph->blockers[0].num_behind, MANY);
	assert_int_equal(model->graph->blockers[0].goroutine, 0);
	iq_model_destroy(model);
	iq_facts_destroy(facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nodes_are_found_by_kind_and_address),
		cmocka_unit_test(test_references_out_of_bounds_are_ignored),
		cmocka_unit_test(test_many_times_many_edges_stay_few),
		cmocka_unit_test(test_a_long_chain_has_one_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
