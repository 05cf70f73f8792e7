/* SPDX-License-Identifier: Apache-2.0 */
#include "model/dominators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// cmocka wants the first three above.
#include <cmocka.h>

#define MAX_NODES 64
#define MAX_EDGES 256
#define NONE IQ_DOMINATORS_NONE

struct fixture {
	uint32_t num_nodes;
	uint32_t first[MAX_NODES + 1];
	uint32_t targets[MAX_EDGES];
	uint32_t dominator[MAX_NODES];
	uint32_t order[MAX_NODES];
	uint32_t num;
};

static void init(struct fixture *x, uint32_t num_nodes)
{
	*x = (struct fixture){ .num_nodes = num_nodes };
}

/* Edges of the nodes in order. */
static void add(struct fixture *x, uint32_t from, uint32_t to)
{
	uint32_t at = x->first[from + 1];

	for (uint32_t i = from + 1; i <= x->num_nodes; i++)
		x->first[i]++;
	memmove(&x->targets[at + 1], &x->targets[at],
		(MAX_EDGES - at - 1) * sizeof(x->targets[0]));
	x->targets[at] = to;
}

static void find(struct fixture *x)
{
	const struct iq_digraph graph = { x->num_nodes, x->first, x->targets };

	assert_null(
		iq_dominators_find(&graph, 0, x->dominator, x->order, &x->num));
}

/* What can be reached from node 0 without @without. */
static void reach(const struct fixture *x, uint32_t without, bool *ret)
{
	uint32_t stack[MAX_NODES] = { 0 };
	uint32_t depth = 1;

	memset(ret, 0, MAX_NODES * sizeof(*ret));
	if (!without)
		return;
	ret[0] = true;
	while (depth) {
		uint32_t at = stack[--depth];

		for (uint32_t e = x->first[at]; e < x->first[at + 1]; e++) {
			uint32_t to = x->targets[e];

			if (to == without || ret[to])
				continue;
			ret[to] = true;
			stack[depth++] = to;
		}
	}
}

/* @above is among those that dominate @below, by the answer. */
static bool is_said_to_dominate(const struct fixture *x, uint32_t above,
				uint32_t below)
{
	while (below != above && below != x->dominator[below])
		below = x->dominator[below];
	return below == above;
}

/* By the meaning of the word: without the one the other is not reached. */
static void check_all(const struct fixture *x)
{
	bool all[MAX_NODES], without[MAX_NODES];
	uint32_t num = 0;

	reach(x, NONE, all);
	for (uint32_t v = 0; v < x->num_nodes; v++) {
		num += all[v];
		assert_int_equal(x->dominator[v] != NONE, all[v]);
	}
	assert_int_equal(x->num, num);
	for (uint32_t d = 0; d < x->num_nodes; d++) {
		if (!all[d])
			continue;
		reach(x, d, without);
		for (uint32_t v = 0; v < x->num_nodes; v++) {
			if (all[v])
				assert_int_equal(is_said_to_dominate(x, d, v),
						 !without[v]);
		}
	}
}

static void check_order(const struct fixture *x)
{
	bool seen[MAX_NODES] = { false };

	for (uint32_t i = 0; i < x->num; i++) {
		uint32_t node = x->order[i];

		assert_false(seen[node]);
		assert_true(!i || seen[x->dominator[node]]);
		seen[node] = true;
	}
}

static void test_where_two_ways_meet_the_fork_dominates(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, 5);
	add(&x, 0, 1);
	add(&x, 1, 2);
	add(&x, 1, 3);
	add(&x, 2, 4);
	add(&x, 3, 4);
	find(&x);
	assert_int_equal(x.dominator[4], 1);
	assert_int_equal(x.dominator[1], 0);
	assert_int_equal(x.dominator[0], 0);
	assert_int_equal(x.num, 5);
}

static void test_what_no_way_leads_to_has_none(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, 4);
	add(&x, 0, 1);
	add(&x, 2, 1);
	add(&x, 2, 3);
	find(&x);
	assert_int_equal(x.dominator[2], NONE);
	assert_int_equal(x.dominator[3], NONE);
	assert_int_equal(x.dominator[1], 0);
	assert_int_equal(x.num, 2);
}

static void test_a_circle_that_is_entered_twice_is_the_roots(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, 4);
	add(&x, 0, 1);
	add(&x, 0, 2);
	add(&x, 1, 2);
	add(&x, 2, 3);
	add(&x, 3, 1);
	find(&x);
	assert_int_equal(x.dominator[1], 0);
	assert_int_equal(x.dominator[2], 0);
	assert_int_equal(x.dominator[3], 2);
}

/* The order of a generator whose numbers everybody can make again. */
static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(*seed >> 8) * below >> 24);
}

static void test_random_graphs_agree_with_leaving_nodes_out(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		struct fixture x;
		uint32_t nodes = 2 + draw(&seed, MAX_NODES - 2);
		uint32_t edges = draw(&seed, 3 * nodes);

		init(&x, nodes);
		for (uint32_t i = 0; i < edges; i++) {
			uint32_t from = draw(&seed, nodes);

			add(&x, from, draw(&seed, nodes));
		}
		find(&x);
		check_all(&x);
		check_order(&x);
	}
}

/* A recursion would not end well. */
static void test_a_long_list_needs_no_stack(void **state)
{
	uint32_t num = 2000000;
	uint32_t *first = malloc((num + 1) * sizeof(*first));
	uint32_t *targets = malloc(2 * num * sizeof(*targets));
	uint32_t *dominator = malloc(num * sizeof(*dominator));
	uint32_t *order = malloc(num * sizeof(*order));
	const struct iq_digraph graph = { num, first, targets };
	uint32_t reached, edges = 0;

	(void)state;
	assert_true(first && targets && dominator && order);
	for (uint32_t i = 0; i < num; i++) {
		first[i] = edges;
		if (i + 1 < num)
			targets[edges++] = i + 1;
		// And each knows the first one.
		targets[edges++] = 1;
	}
	first[num] = edges;
	assert_null(iq_dominators_find(&graph, 0, dominator, order, &reached));
	assert_int_equal(reached, num);
	for (uint32_t i = 1; i < num; i++)
		assert_int_equal(dominator[i], i - 1);
	free(first);
	free(targets);
	free(dominator);
	free(order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where_two_ways_meet_the_fork_dominates),
		cmocka_unit_test(test_what_no_way_leads_to_has_none),
		cmocka_unit_test(
			test_a_circle_that_is_entered_twice_is_the_roots),
		cmocka_unit_test(
			test_random_graphs_agree_with_leaving_nodes_out),
		cmocka_unit_test(test_a_long_list_needs_no_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
