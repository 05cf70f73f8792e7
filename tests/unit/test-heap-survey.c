/* SPDX-License-Identifier: Apache-2.0 */
#include "model/heap_survey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// cmocka wants those above.
#include <cmocka.h>

#include "facts-builder.h"
#include "heap-builder.h"
#include "model/coverage.h"
#include "model/heap_types.h"
#include "model/liveness.h"
#include "model/model.h"

#define GOEXIT ";runtime.goexit asm.s:1"
#define PARK "runtime.gopark proc.go:1;"
#define SEND PARK "runtime.chansend1 chan.go:2;main.work main.go:34" GOEXIT
#define SLEEP PARK "time.Sleep time.go:1;main.f f.go:1" GOEXIT
#define FOREVER PARK "runtime.block select.go:1;main.main main.go:9" GOEXIT

#define GLOBALS 0x600000ull
#define STACKS 0xc000800000ull
#define STACK_WORDS 8
/* Slots of 96 bytes, the first NUM_NODES of which are allocated. */
#define NODES 0xc000000000ull
#define NODE(i) (NODES + 96ull * (i))
#define NUM_NODES 16
#define NUM_SLOTS 64
/* Two objects of 8 KiB. */
#define BIG(i) (0xc000400000ull + 8192ull * (i))

enum { UNKNOWN, TYPE_NODE, TYPE_ARRAY, NUM_TYPES };

static const struct iq_heap_type type_rows[NUM_TYPES] = {
	[TYPE_NODE] = { { "main.node", 9 }, 96 },
	[TYPE_ARRAY] = { { "[]*main.node", 12 }, 8 },
};

struct fixture {
	struct heap_builder heap;
	struct iq_heap_types types;
	uint32_t of[NUM_SLOTS + 2];
	struct iq_facts *facts;
	struct iq_model *model;
	struct iq_heap_query query;
	const struct iq_heap_survey *survey;
};

/* The types of the fixture that is tested now. */
static struct iq_heap_types *current;

static struct iq_error *load_types(const struct iq_heap *heap,
				   const struct iq_heap_map *map,
				   struct iq_heap_types **ret)
{
	(void)heap;
	assert_int_equal(map->num_slots, NUM_SLOTS + 2);
	*ret = current;
	return NULL;
}

static void put_place(const struct iq_heap_types *types, uint32_t type,
		      uint64_t offset, struct iq_out *out)
{
	(void)types;
	if (type == TYPE_ARRAY)
		iq_out_printf(out, "[%d]", (int)(offset / 8));
	else if (offset == 8)
		iq_out_cstr(out, ".next");
}

static bool put_variable(const struct iq_heap_types *types, uint64_t addr,
			 struct iq_out *out)
{
	(void)types;
	if (addr - GLOBALS >= 64)
		return false;
	iq_out_printf(out, "main.table[%d]", (int)(addr - GLOBALS) / 8);
	return true;
}

static void types_destroy(struct iq_heap_types *types)
{
	(void)types;
}

static bool totals(const struct iq_heap *heap, struct iq_heap_totals *ret)
{
	(void)heap;
	*ret = (struct iq_heap_totals){ .heap_objects = 18,
					.heap_alloc = 17920,
					.heap_inuse = 24576 };
	return true;
}

static bool measure(const struct iq_heap *heap, struct iq_coverage_heap *ret)
{
	(void)heap;
	*ret = (struct iq_coverage_heap){ .memory = { 24576, 24576 } };
	return true;
}

static void init(struct fixture *x)
{
	memset(x, 0, sizeof(*x));
	heap_builder_init(&x->heap);
	heap_builder_root(&x->heap, GLOBALS, 8);
	x->heap.roots.data[0].kind = IQ_ROOT_VARIABLE;
	heap_builder_span(&x->heap, NODES, 96, NUM_SLOTS)->free_index =
		NUM_NODES;
	x->heap.spans.data[0].alloc_bits = (const uint8_t *)"\0\0\0\0\0\0\0\0";
	heap_builder_span(&x->heap, BIG(0), 8192, 2);
	x->types = (struct iq_heap_types){
		.of = x->of,
		.types = type_rows,
		.num_types = NUM_TYPES,
		.put_place = put_place,
		.put_variable = put_variable,
		.destroy = types_destroy,
	};
	for (size_t i = 0; i < NUM_NODES; i++)
		x->of[i] = TYPE_NODE;
	current = &x->types;
	x->heap.heap.types = load_types;
	x->heap.heap.totals = totals;
	x->heap.heap.measure = measure;
	x->facts = facts_new(IQ_WITNESS_CORE, "core");
	x->facts->heap = &x->heap.heap;
}

static void deinit(struct fixture *x)
{
	iq_model_destroy(x->model);
	iq_facts_destroy(x->facts);
	heap_builder_deinit(&x->heap);
}

static uint64_t stack_of(uint64_t id)
{
	return STACKS + 8 * STACK_WORDS * (id - 1);
}

/* A goroutine whose stack refers to @object. */
static struct iq_goroutine_fact *add(struct fixture *x, uint64_t id,
				     const char *state, const char *stack,
				     uint64_t object)
{
	struct iq_heap_holder *holder;

	heap_builder_stack(&x->heap, stack_of(id), STACK_WORDS);
	holder = &x->heap.holders.data[x->heap.holders.len - 1];
	holder->stack.kind = IQ_ROOT_STACK;
	holder->stack_bytes = 2048;
	heap_builder_word(&x->heap, stack_of(id), object);
	return facts_add(x->facts, id, state, stack);
}

static void add_leaked(struct fixture *x, uint64_t id, uint64_t object)
{
	facts_waits(x->facts, add(x, id, "chan send", SEND, object),
		    IQ_WAIT_CHAN, object);
}

static void ask(struct fixture *x)
{
	const struct iq_facts *witnesses[1] = { x->facts };

	iq_facts_finish(x->facts);
	assert_null(iq_model_create(witnesses, 1, &x->model));
	assert_null(iq_model_join(x->model));
	assert_null(iq_liveness_run(x->model, NULL));
	assert_null(iq_heap_survey_make(x->model, &x->query));
	assert_int_equal(x->model->num_surveys, 1);
	x->survey = x->model->surveys;
}

static void assert_sum(struct iq_heap_sum sum, uint64_t objects, uint64_t bytes)
{
	assert_int_equal(sum.objects, objects);
	assert_int_equal(sum.bytes, bytes);
}

/* Variable 0 -> node 1 -> node 2; the leaked goroutine 2 -> node 3 -> node 4 and
 * node 2. */
static void build(struct fixture *x)
{
	init(x);
	heap_builder_word(&x->heap, GLOBALS, NODE(1));
	heap_builder_word(&x->heap, NODE(1) + 8, NODE(2));
	add(x, 1, "sleep", SLEEP, 0);
	add_leaked(x, 2, NODE(3));
	heap_builder_word(&x->heap, NODE(3) + 8, NODE(4));
	heap_builder_word(&x->heap, NODE(4) + 16, NODE(2));
}

static void test_sums_tell_live_leaked_garbage_and_free(void **state)
{
	struct fixture x;

	(void)state;
	build(&x);
	ask(&x);
	assert_true(x.survey->found);
	assert_int_equal(x.survey->lacks.len, 0);
	assert_sum(x.survey->live, 2, 2 * 96);
	assert_sum(x.survey->leaked, 2, 2 * 96);
	assert_sum(x.survey->garbage, 14, 12 * 96 + 2 * 8192);
	assert_sum(x.survey->allocated, 18, 16 * 96 + 2 * 8192);
	assert_sum(x.survey->free, 48, 48 * 96);
	assert_int_equal(x.survey->inuse, 24576);
	assert_int_equal(x.survey->totals.heap_objects, 18);
	assert_true(x.survey->judged);
	assert_int_equal(x.survey->leaked_goroutines, 1);
	assert_true(x.survey->has_leaked_stacks);
	assert_int_equal(x.survey->leaked_stacks, 2048);
	deinit(&x);
}

static void test_what_main_holds_in_an_empty_select_is_not_leaked(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add(&x, 1, "select (no cases)", FOREVER, NODE(5));
	add_leaked(&x, 2, NODE(6));
	heap_builder_word(&x.heap, NODE(6) + 8, NODE(5));
	ask(&x);
	assert_sum(x.survey->live, 1, 96);
	assert_sum(x.survey->leaked, 1, 96);
	assert_int_equal(x.survey->leaked_goroutines, 1);
	deinit(&x);
}

static void test_types_hold_what_is_referred_to(void **state)
{
	struct fixture x;

	(void)state;
	build(&x);
	heap_builder_word(&x.heap, GLOBALS + 8, BIG(1));
	ask(&x);
	assert_int_equal(x.survey->num_rows, 2);
	assert_int_equal(x.survey->rows[0].type.len, 0);
	assert_int_equal(x.survey->rows[0].size, 8192);
	assert_sum(x.survey->rows[0].all, 1, 8192);
	assert_true(iq_str_equal(x.survey->rows[1].type, IQ_STR("main.node")));
	assert_int_equal(x.survey->rows[1].size, 0);
	assert_sum(x.survey->rows[1].all, 4, 4 * 96);
	assert_sum(x.survey->rows[1].leaked, 2, 2 * 96);
	deinit(&x);
}

static void test_the_biggest_are_in_order_and_as_many_as_asked_for(void **state)
{
	struct fixture x;

	(void)state;
	build(&x);
	x.query.num_biggest = 4;
	ask(&x);
	assert_int_equal(x.survey->num_biggest, 4);
	assert_int_equal(x.survey->biggest[0].addr, BIG(0));
	assert_int_equal(x.survey->biggest[1].addr, BIG(1));
	assert_int_equal(x.survey->biggest[1].state, IQ_HEAP_GARBAGE);
	assert_int_equal(x.survey->biggest[2].addr, NODE(0));
	assert_int_equal(x.survey->biggest[3].addr, NODE(1));
	assert_int_equal(x.survey->biggest[3].state, IQ_HEAP_LIVE);
	assert_true(
		iq_str_equal(x.survey->biggest[3].type, IQ_STR("main.node")));
	deinit(&x);
}

static void test_a_heap_with_holes_says_so(void **state)
{
	struct fixture x;

	(void)state;
	build(&x);
	x.heap.lacks = "a page is missing";
	ask(&x);
	assert_true(x.survey->found);
	assert_true(iq_str_equal(x.survey->lacks, IQ_STR("a page is missing")));
	// Nobody is condemned by what is not whole.
	assert_false(x.survey->judged);
	assert_int_equal(x.survey->leaked_goroutines, 0);
	assert_sum(x.survey->allocated, 18, 16 * 96 + 2 * 8192);
	deinit(&x);
}

static void test_what_a_leaked_one_waits_for_is_leaked(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add(&x, 1, "sleep", SLEEP, 0);
	facts_waits(x.facts, add(&x, 2, "chan send", SEND, 0), IQ_WAIT_CHAN,
		    NODE(3));
	heap_builder_word(&x.heap, NODE(3) + 8, NODE(4));
	x.query = (struct iq_heap_query){ .view = IQ_HEAP_WHO,
					  .type = "main.node" };
	ask(&x);
	assert_sum(x.survey->leaked, 2, 2 * 96);
	assert_int_equal(x.survey->who.num_references, 2);
	deinit(&x);
}

static void test_what_leaked_ones_hold_may_be_missing(void **state)
{
	struct fixture x;

	(void)state;
	build(&x);
	// The second of the two big objects.
	x.heap.regions[2].len = 8192;
	heap_builder_word(&x.heap, NODE(3) + 16, BIG(1));
	ask(&x);
	assert_true(x.survey->judged);
	assert_int_equal(x.survey->leaked_goroutines, 1);
	assert_true(x.survey->leaked_lacks.len > 0);
	assert_true(x.survey->lacks.len > 0);
	deinit(&x);
}

static void test_an_object_begins_behind_its_header(void **state)
{
	const uint64_t addrs[] = { BIG(0) + 8, BIG(0) };
	struct fixture x;

	(void)state;
	build(&x);
	x.heap.spans.data[1].lead = 8;
	heap_builder_word(&x.heap, GLOBALS + 8, BIG(0) + 8);
	x.query = (struct iq_heap_query){
		.view = IQ_HEAP_WHY,
		.addrs = addrs,
		.num_addrs = IQ_ARRAY_SIZE(addrs),
	};
	ask(&x);
	assert_int_equal(x.survey->whys[0].object.addr, BIG(0) + 8);
	assert_int_equal(x.survey->whys[0].path.num_steps, 1);
	assert_int_equal(x.survey->whys[0].path.steps[0].address, BIG(0) + 8);
	assert_int_equal(x.survey->whys[0].path.steps[0].offset, 0);
	assert_int_equal(x.survey->whys[1].object.addr, BIG(0) + 8);
	deinit(&x);
}

static void test_a_core_without_a_heap_is_surveyed_as_such(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	x.facts->heap = NULL;
	ask(&x);
	assert_false(x.survey->found);
	assert_true(x.survey->lacks.len);
	deinit(&x);
}

static void test_addresses_are_told_apart(void **state)
{
	const uint64_t addrs[] = {
		NODE(2) + 8, NODE(20),	   stack_of(2) + 16,
		GLOBALS + 8, NODE(4) + 95, 0x10,
	};
	struct fixture x;
	const struct iq_heap_why *why;

	(void)state;
	build(&x);
	x.query = (struct iq_heap_query){
		.view = IQ_HEAP_WHY,
		.addrs = addrs,
		.num_addrs = IQ_ARRAY_SIZE(addrs),
	};
	ask(&x);
	why = x.survey->whys;
	assert_int_equal(x.survey->num_whys, 6);
	assert_int_equal(why[0].kind, IQ_HEAP_OBJECT);
	assert_int_equal(why[0].object.addr, NODE(2));
	assert_int_equal(why[0].object.state, IQ_HEAP_LIVE);
	assert_true(iq_str_equal(why[0].place, IQ_STR(".next")));
	assert_true(why[0].path.found);
	assert_int_equal(why[0].path.root, IQ_ROOT_VARIABLE);
	assert_int_equal(why[0].path.num_steps, 2);
	assert_int_equal(why[1].kind, IQ_HEAP_FREE);
	assert_int_equal(why[1].object.addr, NODE(20));
	assert_int_equal(why[2].kind, IQ_HEAP_STACK);
	assert_int_equal(x.model->goroutines[why[2].goroutine].id, 2);
	assert_int_equal(why[3].kind, IQ_HEAP_VARIABLE);
	assert_true(iq_str_equal(why[3].name, IQ_STR("main.table[1]")));
	assert_int_equal(why[4].object.state, IQ_HEAP_LEAKED);
	assert_true(why[4].path.found && why[4].path.only_blocked);
	assert_int_equal(why[5].kind, IQ_HEAP_NOWHERE);
	deinit(&x);
}

static void who(struct fixture *x, const char *type)
{
	x->query = (struct iq_heap_query){
		.view = IQ_HEAP_WHO,
		.type = type,
	};
	ask(x);
}

static void test_referrers_are_grouped_by_place_whatever_the_index(void **state)
{
	const struct iq_heap_referrer *r;
	struct fixture x;

	(void)state;
	build(&x);
	x.of[NUM_SLOTS] = TYPE_ARRAY;
	heap_builder_word(&x.heap, GLOBALS + 8, BIG(0));
	for (unsigned i = 0; i < 5; i++)
		heap_builder_word(&x.heap, BIG(0) + 8 * (i > 2 ? i + 200 : i),
				  NODE(10 + i));
	who(&x, "main.node");
	r = x.survey->who.referrers;
	assert_true(x.survey->who.known);
	assert_sum(x.survey->who.live, 7, 7 * 96);
	assert_sum(x.survey->who.leaked, 2, 2 * 96);
	assert_int_equal(x.survey->who.num_references, 10);
	assert_int_equal(x.survey->who.num_unreferred, 7);
	assert_int_equal(r[0].references, 5);
	assert_false(r[0].is_root);
	assert_true(iq_str_equal(r[0].type, IQ_STR("[]*main.node")));
	assert_true(iq_str_equal(r[0].place, IQ_STR("[]")));
	assert_int_equal(r[0].first_addr, BIG(0));
	// Three words .next, one of them in a leaked object, and a stray one.
	assert_int_equal(x.survey->who.num_referrers, 6);
	assert_int_equal(r[1].references, 1);
	assert_true(r[1].is_root);
	assert_int_equal(r[1].root, IQ_ROOT_VARIABLE);
	assert_true(iq_str_equal(r[1].place, IQ_STR("main.table[]")));
	assert_int_equal(r[2].root, IQ_ROOT_STACK);
	assert_true(r[2].leaked);
	assert_int_equal(x.model->goroutines[r[2].goroutine].id, 2);
	deinit(&x);
}

static void test_a_type_that_nothing_is_of_has_others_like_it(void **state)
{
	struct fixture x;

	(void)state;
	build(&x);
	who(&x, "node");
	assert_false(x.survey->who.known);
	assert_int_equal(x.survey->who.num_likes, 1);
	assert_true(iq_str_equal(x.survey->who.likes[0], IQ_STR("main.node")));
	deinit(&x);
}

static void test_what_pointers_lead_to_may_begin_with_the_type(void **state)
{
	struct fixture x;

	(void)state;
	build(&x);
	memset(x.of, 0, sizeof(x.of));
	x.of[NUM_SLOTS] = TYPE_ARRAY;
	heap_builder_word(&x.heap, GLOBALS + 8, BIG(0));
	who(&x, "main.node");
	assert_false(x.survey->who.known);
	assert_true(x.survey->who.has_pointers);
	deinit(&x);
	build(&x);
	memset(x.of, 0, sizeof(x.of));
	x.of[NUM_SLOTS] = TYPE_ARRAY;
	heap_builder_word(&x.heap, GLOBALS + 8, BIG(0));
	who(&x, "main.no");
	assert_false(x.survey->who.has_pointers);
	deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums_tell_live_leaked_garbage_and_free),
		cmocka_unit_test(
			test_what_main_holds_in_an_empty_select_is_not_leaked),
		cmocka_unit_test(test_types_hold_what_is_referred_to),
		cmocka_unit_test(
			test_the_biggest_are_in_order_and_as_many_as_asked_for),
		cmocka_unit_test(test_a_heap_with_holes_says_so),
		cmocka_unit_test(test_what_a_leaked_one_waits_for_is_leaked),
		cmocka_unit_test(test_what_leaked_ones_hold_may_be_missing),
		cmocka_unit_test(test_an_object_begins_behind_its_header),
		cmocka_unit_test(
			test_what_pointers_lead_to_may_begin_with_the_type),
		cmocka_unit_test(
			test_a_core_without_a_heap_is_surveyed_as_such),
		cmocka_unit_test(test_addresses_are_told_apart),
		cmocka_unit_test(
			test_referrers_are_grouped_by_place_whatever_the_index),
		cmocka_unit_test(
			test_a_type_that_nothing_is_of_has_others_like_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
