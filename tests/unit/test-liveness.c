/* SPDX-License-Identifier: Apache-2.0 */
#include "model/liveness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "facts-builder.h"
#include "heap-builder.h"
#include "model/model.h"
#include "model/object.h"

#define GOEXIT ";runtime.goexit asm.s:1"
#define PARK "runtime.gopark proc.go:1;"
#define SEND PARK "runtime.chansend1 chan.go:2;main.work main.go:34" GOEXIT
#define RECEIVE PARK "runtime.chanrecv1 chan.go:2;main.work main.go:35" GOEXIT
#define SELECT PARK "runtime.selectgo select.go:2;main.work main.go:36" GOEXIT
#define LOCK PARK "sync.(*Mutex).Lock mutex.go:2;main.work main.go:37" GOEXIT

#define HEAP 0xc000000000ull
#define GLOBALS 0x600000ull
#define STACKS 0xc000400000ull
#define NUM_GLOBALS 8
#define STACK_WORDS 8
/* Channels, locks and what holds them: slots of 96 bytes. */
#define OBJECT(i) (HEAP + 96ull * (i))
#define NUM_OBJECTS 256

/* A core with a heap. Goroutine i has the stack of number i - 1. */
struct fixture {
	struct heap_builder heap;
	struct iq_facts *facts;
	struct iq_model *model;
};

static void init(struct fixture *x)
{
	*x = (struct fixture){ 0 };
	heap_builder_init(&x->heap);
	heap_builder_root(&x->heap, GLOBALS, NUM_GLOBALS);
	heap_builder_span(&x->heap, HEAP, 96, NUM_OBJECTS);
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

static struct iq_goroutine_fact *add(struct fixture *x, uint64_t id,
				     const char *state, const char *stack)
{
	assert_int_equal(x->heap.holders.len, id - 1);
	heap_builder_stack(&x->heap, stack_of(id), STACK_WORDS);
	return facts_add(x->facts, id, state, stack);
}

/* A goroutine that sends on the channel at @object. */
static struct iq_goroutine_fact *add_sender(struct fixture *x, uint64_t id,
					    uint64_t object)
{
	struct iq_goroutine_fact *fact = add(x, id, "chan send", SEND);

	facts_waits(x->facts, fact, IQ_WAIT_CHAN, object);
	return fact;
}

/* The goroutine's stack refers to @object. */
static void holds(struct fixture *x, uint64_t id, unsigned word,
		  uint64_t object)
{
	heap_builder_word(&x->heap, stack_of(id) + 8ull * word, object);
}

static void analyse(struct fixture *x)
{
	const struct iq_facts *witnesses[1] = { x->facts };

	iq_facts_finish(x->facts);
	assert_null(iq_model_create(witnesses, 1, &x->model));
	assert_null(iq_model_join(x->model));
	assert_null(iq_liveness_run(x->model, NULL));
}

static enum iq_reach reach(const struct fixture *x, uint64_t id)
{
	size_t index;

	assert_true(iq_model_goroutine(x->model, id, &index));
	return x->model->goroutines[index].reach;
}

static void test_a_channel_that_only_its_sender_has_is_unreachable(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_sender(&x, 1, OBJECT(7));
	holds(&x, 1, 3, OBJECT(7));
	analyse(&x);
	assert_int_equal(reach(&x, 1), IQ_REACH_UNREACHABLE);
	assert_int_equal(x.model->num_gaps, 0);
	deinit(&x);
}

static void test_a_channel_of_a_variable_is_live(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_sender(&x, 1, OBJECT(7));
	heap_builder_word(&x.heap, GLOBALS + 16, OBJECT(5));
	heap_builder_word(&x.heap, OBJECT(5) + 40, OBJECT(7) + 8);
	analyse(&x);
	assert_int_equal(reach(&x, 1), IQ_REACH_LIVE);
	deinit(&x);
}

static void test_a_channel_that_a_running_goroutine_has_is_live(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_sender(&x, 1, OBJECT(7));
	add(&x, 2, "sleep", PARK "time.Sleep time.go:1;main.f f.go:1" GOEXIT);
	holds(&x, 2, 7, OBJECT(7));
	analyse(&x);
	assert_int_equal(reach(&x, 1), IQ_REACH_LIVE);
	assert_int_equal(reach(&x, 2), IQ_REACH_LIVE);
	deinit(&x);
}

static void test_who_wait_for_each_other_are_unreachable(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	for (uint64_t id = 1; id <= 3; id++) {
		add_sender(&x, id, OBJECT(id));
		holds(&x, id, 0, OBJECT(id));
		holds(&x, id, 1, OBJECT(id % 3 + 1));
	}
	analyse(&x);
	for (uint64_t id = 1; id <= 3; id++)
		assert_int_equal(reach(&x, id), IQ_REACH_UNREACHABLE);
	deinit(&x);
}

/* Each can be woken by the next one only; the last one by a variable. */
static void test_who_can_be_woken_can_wake(void **state)
{
	const uint64_t n = 50;
	struct fixture x;

	(void)state;
	init(&x);
	for (uint64_t id = 1; id <= n; id++) {
		add_sender(&x, id, OBJECT(id));
		if (id > 1)
			holds(&x, id, 2, OBJECT(id - 1));
	}
	heap_builder_word(&x.heap, GLOBALS, OBJECT(n));
	analyse(&x);
	for (uint64_t id = 1; id <= n; id++)
		assert_int_equal(reach(&x, id), IQ_REACH_LIVE);
	deinit(&x);
}

static void test_what_the_own_record_holds_counts(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_sender(&x, 1, OBJECT(1));
	add(&x, 2, "running", "main.f f.go:1" GOEXIT);
	// A deferred call that its g has, whose closure has the channel.
	x.heap.holders.data[1].self =
		(struct iq_heap_range){ .addr = OBJECT(9), .len = 96 };
	assert_true(iq_vec_push(&x.heap.hidden, OBJECT(9)));
	heap_builder_word(&x.heap, OBJECT(9) + 40, OBJECT(10));
	heap_builder_word(&x.heap, OBJECT(10) + 16, OBJECT(1));
	analyse(&x);
	assert_int_equal(reach(&x, 1), IQ_REACH_LIVE);
	deinit(&x);
}

/* A defer in a loop has its record on the heap: g -> _defer -> closure -> channel.
 * Go's own finder follows that even where nobody will ever call it. */
static void
test_what_only_a_leaked_record_has_deferred_is_unreachable(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_sender(&x, 1, OBJECT(1));
	add_sender(&x, 2, OBJECT(2));
	x.heap.holders.data[1].self =
		(struct iq_heap_range){ .addr = OBJECT(9), .len = 96 };
	assert_true(iq_vec_push(&x.heap.hidden, OBJECT(9)));
	// The list of all goroutines refers to the record.
	heap_builder_word(&x.heap, GLOBALS, OBJECT(9));
	heap_builder_word(&x.heap, OBJECT(9) + 40, OBJECT(10));
	heap_builder_word(&x.heap, OBJECT(10) + 16, OBJECT(1));
	analyse(&x);
	assert_int_equal(reach(&x, 1), IQ_REACH_UNREACHABLE);
	assert_int_equal(reach(&x, 2), IQ_REACH_UNREACHABLE);
	deinit(&x);
}

/* allgs -> g -> sudog -> channel is how the runtime has every channel. */
static void test_the_records_of_waiters_keep_nothing_alive(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_sender(&x, 1, OBJECT(1));
	x.heap.disguise = (struct iq_heap_disguise){ 96, 0, 1u << 10 };
	assert_true(iq_vec_push(&x.heap.hidden, OBJECT(9)));
	heap_builder_word(&x.heap, GLOBALS, OBJECT(9));
	heap_builder_word(&x.heap, GLOBALS + 8, OBJECT(10));
	heap_builder_word(&x.heap, OBJECT(9) + 40, OBJECT(10));
	heap_builder_word(&x.heap, OBJECT(10), OBJECT(9));
	heap_builder_word(&x.heap, OBJECT(10) + 80, OBJECT(1));
	analyse(&x);
	assert_int_equal(reach(&x, 1), IQ_REACH_UNREACHABLE);
	deinit(&x);
}

/* A goroutine that selects on @num channels from @first on. */
static struct iq_wait *add_select(struct fixture *x, uint64_t id,
				  uint64_t first, uint32_t num)
{
	struct iq_goroutine_fact *fact = add(x, id, "select", SELECT);
	struct iq_wait *waits =
		iq_arena_calloc(&x->facts->arena, num, sizeof(*waits));

	assert_non_null(waits);
	for (uint32_t i = 0; i < num; i++)
		waits[i] = (struct iq_wait){ .kind = IQ_WAIT_CHAN,
					     .has_address = true,
					     .address = OBJECT(first + i) };
	fact->waits = waits;
	fact->num_waits = num;
	return waits;
}

static void test_one_reachable_case_of_a_select_is_enough(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_select(&x, 1, 10, 3);
	add_select(&x, 2, 20, 3);
	heap_builder_word(&x.heap, GLOBALS, OBJECT(12));
	analyse(&x);
	assert_int_equal(reach(&x, 1), IQ_REACH_LIVE);
	assert_int_equal(reach(&x, 2), IQ_REACH_UNREACHABLE);
	deinit(&x);
}

static void test_an_unknown_case_of_a_select_condemns_nobody(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_select(&x, 1, 10, 3)[2].has_address = false;
	// What it holds may be used: it counts as live.
	holds(&x, 1, 0, OBJECT(30));
	add_sender(&x, 2, OBJECT(30));
	analyse(&x);
	assert_int_equal(reach(&x, 1), IQ_REACH_UNKNOWN);
	assert_int_equal(reach(&x, 2), IQ_REACH_LIVE);
	deinit(&x);
}

static void test_waiters_without_an_address_are_unknown(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add(&x, 1, "sync.Cond.Wait",
	    PARK "sync.(*Cond).Wait cond.go:1;main.f f.go:1" GOEXIT);
	add(&x, 2, "select", SELECT);
	analyse(&x);
	assert_int_equal(reach(&x, 1), IQ_REACH_UNKNOWN);
	assert_int_equal(reach(&x, 2), IQ_REACH_UNKNOWN);
	deinit(&x);
}

static void test_a_closed_channel_has_woken_its_waiters(void **state)
{
	struct iq_object closed = {
		.kind = IQ_WAIT_CHAN,
		.is_read = true,
		.chan.closed = true,
	};
	struct iq_wait *wait;
	struct fixture x;

	(void)state;
	init(&x);
	wait = add_select(&x, 1, 10, 1);
	closed.address = wait->address;
	wait->object = &closed;
	analyse(&x);
	assert_int_equal(reach(&x, 1), IQ_REACH_LIVE);
	deinit(&x);
}

static void test_what_is_not_on_the_heap_is_live(void **state)
{
	const uint8_t free_bits[NUM_OBJECTS / 8] = { 0 };
	struct fixture x;

	(void)state;
	init(&x);
	add_sender(&x, 1, GLOBALS + 8);
	add_sender(&x, 2, OBJECT(100));
	x.heap.spans.data[0].alloc_bits = free_bits;
	x.heap.spans.data[0].free_index = 100;
	analyse(&x);
	assert_int_equal(reach(&x, 1), IQ_REACH_LIVE);
	assert_int_equal(reach(&x, 2), IQ_REACH_LIVE);
	deinit(&x);
}

static void test_a_lock_is_reached_by_its_struct(void **state)
{
	struct iq_goroutine_fact *fact;
	struct fixture x;

	(void)state;
	init(&x);
	for (uint64_t id = 1; id <= 2; id++) {
		fact = add(&x, id, "sync.Mutex.Lock", LOCK);
		facts_waits(x.facts, fact, IQ_WAIT_MUTEX, OBJECT(id) + 24);
		((struct iq_wait *)fact->waits)->has_sema = true;
		((struct iq_wait *)fact->waits)->sema_addr = OBJECT(id) + 28;
	}
	heap_builder_word(&x.heap, GLOBALS, OBJECT(2));
	analyse(&x);
	assert_int_equal(reach(&x, 1), IQ_REACH_UNREACHABLE);
	assert_int_equal(reach(&x, 2), IQ_REACH_LIVE);
	deinit(&x);
}

static void test_nil_channels_wake_nobody(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add(&x, 1, "select (no cases)",
	    PARK "runtime.block select.go:1;main.main main.go:1" GOEXIT);
	add(&x, 2, "chan receive (nil chan)", RECEIVE);
	add(&x, 3, "select (no cases)",
	    PARK "runtime.block select.go:1;main.f f.go:1" GOEXIT);
	// What they hold is as dead as they are.
	add_sender(&x, 4, OBJECT(1));
	holds(&x, 1, 0, OBJECT(1));
	holds(&x, 2, 0, OBJECT(1));
	analyse(&x);
	// Whoever parks main means it.
	assert_int_equal(reach(&x, 1), IQ_REACH_UNKNOWN);
	assert_int_equal(reach(&x, 2), IQ_REACH_UNREACHABLE);
	assert_int_equal(reach(&x, 3), IQ_REACH_UNREACHABLE);
	assert_int_equal(reach(&x, 4), IQ_REACH_UNREACHABLE);
	deinit(&x);
}

static void test_the_runtimes_own_are_live(void **state)
{
	struct fixture x;
	struct iq_goroutine_fact *own;

	(void)state;
	init(&x);
	own = add_sender(&x, 1, OBJECT(1));
	own->has_system = own->system = true;
	add(&x, 2, "GC worker (idle)", PARK "runtime.gc gc.go:1" GOEXIT);
	add(&x, 3, "coroutine", PARK "runtime.coro c.go:1" GOEXIT);
	add_sender(&x, 4, OBJECT(4));
	holds(&x, 3, 0, OBJECT(4));
	analyse(&x);
	assert_int_equal(reach(&x, 1), IQ_REACH_LIVE);
	assert_int_equal(reach(&x, 2), IQ_REACH_LIVE);
	assert_int_equal(reach(&x, 3), IQ_REACH_UNKNOWN);
	assert_int_equal(reach(&x, 4), IQ_REACH_LIVE);
	deinit(&x);
}

static void assert_nothing_is_known(struct fixture *x)
{
	analyse(x);
	for (size_t i = 0; i < x->model->num_goroutines; i++)
		assert_int_equal(x->model->goroutines[i].reach,
				 IQ_REACH_UNKNOWN);
	assert_int_equal(x->model->num_gaps, 1);
	deinit(x);
}

static void test_an_incomplete_heap_condemns_nobody(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_sender(&x, 1, OBJECT(1));
	x.heap.lacks = "a module is missing";
	assert_nothing_is_known(&x);
}

static void test_a_missing_stack_condemns_nobody(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_sender(&x, 1, OBJECT(1));
	add(&x, 2, "running", "main.f f.go:1" GOEXIT);
	x.heap.holders.data[1].stack.addr = 0x7f0000000000;
	assert_nothing_is_known(&x);
}

static void test_a_file_that_cannot_be_read_condemns_nobody(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_sender(&x, 1, OBJECT(1));
	x.heap.faulted = true;
	assert_nothing_is_known(&x);
}

static void test_goroutines_without_stacks_condemn_nobody(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_sender(&x, 1, OBJECT(1));
	facts_add(x.facts, 2, "running", "main.f f.go:1" GOEXIT);
	assert_nothing_is_known(&x);
}

static void test_who_may_wait_for_something_else_can_run(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	for (uint64_t id = 1; id <= 3; id++)
		add_sender(&x, id, OBJECT(id));
	holds(&x, 1, 0, OBJECT(2));
	x.heap.holders.data[0].wait_doubt = "its wait is in doubt";
	analyse(&x);
	assert_int_equal(reach(&x, 1), IQ_REACH_UNKNOWN);
	assert_int_equal(reach(&x, 2), IQ_REACH_LIVE);
	assert_int_equal(reach(&x, 3), IQ_REACH_UNREACHABLE);
	assert_int_equal(x.model->num_gaps, 1);
	deinit(&x);
}

static void test_who_has_a_doubtful_stack_is_not_proven(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_sender(&x, 1, OBJECT(1));
	add_sender(&x, 2, OBJECT(2));
	holds(&x, 1, 0, OBJECT(2));
	x.heap.holders.data[0].stack_doubt = "its stack is in doubt";
	analyse(&x);
	assert_int_equal(reach(&x, 1), IQ_REACH_UNKNOWN);
	assert_int_equal(reach(&x, 2), IQ_REACH_UNREACHABLE);
	assert_int_equal(x.model->num_gaps, 1);
	deinit(&x);
}

static void test_a_lost_stack_of_who_can_run_condemns_nobody(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_sender(&x, 1, OBJECT(1));
	add(&x, 2, "running", "main.f f.go:1" GOEXIT);
	x.heap.holders.data[1].stack_lost = true;
	assert_nothing_is_known(&x);
}

static void test_a_lost_stack_of_who_is_leaked_costs_nobody_else(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_sender(&x, 1, OBJECT(1));
	add_sender(&x, 2, OBJECT(2));
	x.heap.holders.data[0].stack_lost = true;
	analyse(&x);
	assert_int_equal(reach(&x, 2), IQ_REACH_UNREACHABLE);
	deinit(&x);
}

static void test_a_heap_that_nobody_asks_for_is_not_read(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add(&x, 1, "running", "main.main main.go:1" GOEXIT);
	analyse(&x);
	assert_int_equal(reach(&x, 1), IQ_REACH_LIVE);
	assert_int_equal(x.heap.num_loads, 0);
	deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_a_channel_that_only_its_sender_has_is_unreachable),
		cmocka_unit_test(test_a_channel_of_a_variable_is_live),
		cmocka_unit_test(
			test_a_channel_that_a_running_goroutine_has_is_live),
		cmocka_unit_test(test_who_wait_for_each_other_are_unreachable),
		cmocka_unit_test(test_who_can_be_woken_can_wake),
		cmocka_unit_test(
			test_what_only_a_leaked_record_has_deferred_is_unreachable),
		cmocka_unit_test(test_what_the_own_record_holds_counts),
		cmocka_unit_test(
			test_the_records_of_waiters_keep_nothing_alive),
		cmocka_unit_test(test_one_reachable_case_of_a_select_is_enough),
		cmocka_unit_test(
			test_an_unknown_case_of_a_select_condemns_nobody),
		cmocka_unit_test(test_waiters_without_an_address_are_unknown),
		cmocka_unit_test(test_a_closed_channel_has_woken_its_waiters),
		cmocka_unit_test(test_what_is_not_on_the_heap_is_live),
		cmocka_unit_test(test_a_lock_is_reached_by_its_struct),
		cmocka_unit_test(test_nil_channels_wake_nobody),
		cmocka_unit_test(test_the_runtimes_own_are_live),
		cmocka_unit_test(test_an_incomplete_heap_condemns_nobody),
		cmocka_unit_test(test_a_missing_stack_condemns_nobody),
		cmocka_unit_test(
			test_a_file_that_cannot_be_read_condemns_nobody),
		cmocka_unit_test(test_goroutines_without_stacks_condemn_nobody),
		cmocka_unit_test(test_who_may_wait_for_something_else_can_run),
		cmocka_unit_test(test_who_has_a_doubtful_stack_is_not_proven),
		cmocka_unit_test(
			test_a_lost_stack_of_who_can_run_condemns_nobody),
		cmocka_unit_test(
			test_a_lost_stack_of_who_is_leaked_costs_nobody_else),
		cmocka_unit_test(test_a_heap_that_nobody_asks_for_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
