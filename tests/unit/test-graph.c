/* SPDX-License-Identifier: Apache-2.0 */
#include "model/graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "facts-builder.h"
#include "heap-builder.h"
#include "model/liveness.h"

#define GOEXIT ";runtime.goexit asm.s:1"
#define PARK "runtime.gopark proc.go:1;"
/* Frame 2 is the site, frame 3 its caller. */
#define AT(call, function)                                                     \
	PARK call " x.go:1;main." function " main.go:26;main." function        \
		  "Caller main.go:20" GOEXIT
#define LOCK(function) AT("sync.(*Mutex).Lock", function)
#define SITE 2
#define CALLER 3

#define HEAP 0xc000000000ull
#define GLOBALS 0x600000ull
#define STACKS 0xc000400000ull
#define STACK_WORDS 8
#define NUM_GLOBALS 8
#define NUM_OBJECTS 256
/* Objects in the heap, and variables of the package. */
#define OBJECT(i) (HEAP + 96ull * (i))
#define GLOBAL(i) (GLOBALS + 8ull * (i))

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

/* The next goroutine, which has the next id. */
static struct iq_goroutine_fact *add(struct fixture *x, const char *state,
				     const char *stack)
{
	uint64_t id = x->heap.holders.len + 1;

	heap_builder_stack(&x->heap, stack_of(id), STACK_WORDS);
	return facts_add(x->facts, id, state, stack);
}

/* What it waits for, one more case of a select at each call. */
static void waits(struct fixture *x, enum iq_wait_kind kind, enum iq_wait_op op,
		  uint64_t address)
{
	struct iq_goroutine_fact *fact =
		&x->facts->goroutines.data[x->facts->goroutines.len - 1];
	struct iq_wait *list = iq_arena_calloc(
		&x->facts->arena, fact->num_waits + 1, sizeof(*list));

	assert_non_null(list);
	if (fact->num_waits)
		memcpy(list, fact->waits, fact->num_waits * sizeof(*list));
	list[fact->num_waits++] = (struct iq_wait){
		.kind = kind,
		.op = op,
		.has_address = true,
		.address = address,
	};
	fact->waits = list;
}

/* Goroutine @id's frame mentions @object; its stack has it. */
static struct iq_reference_fact *mention(struct fixture *x, uint64_t id,
					 uint32_t frame, uint64_t object)
{
	struct iq_reference_fact ref = {
		.object = object,
		.goroutine = (uint32_t)id - 1,
		.frame = frame,
	};
	uint64_t word = stack_of(id) + 8 * (x->facts->references.len % 7);

	heap_builder_word(&x->heap, word, object);
	assert_true(iq_vec_push(&x->facts->references, ref));
	return &x->facts->references.data[x->facts->references.len - 1];
}

static void unlocks(struct fixture *x, uint64_t id, uint64_t object)
{
	mention(x, id, SITE, object)->unlocks = true;
}

static void lock(struct fixture *x, uint64_t object, const char *function)
{
	char stack[256];

	snprintf(stack, sizeof(stack), LOCK("%s"), function, function);
	add(x, "sync.Mutex.Lock", stack);
	waits(x, IQ_WAIT_MUTEX, IQ_OP_LOCK, object);
}

static void receive(struct fixture *x, uint64_t object)
{
	add(x, "chan receive", AT("runtime.chanrecv1", "take"));
	waits(x, IQ_WAIT_CHAN, IQ_OP_RECEIVE, object);
}

static void wait_group(struct fixture *x, uint64_t object)
{
	add(x, "sync.WaitGroup.Wait", AT("sync.(*WaitGroup).Wait", "join"));
	waits(x, IQ_WAIT_WAITGROUP, IQ_OP_WAIT, object);
}

static void analyse(struct fixture *x)
{
	const struct iq_facts *witnesses[1] = { x->facts };

	iq_facts_finish(x->facts);
	assert_null(iq_model_create(witnesses, 1, &x->model));
	assert_null(iq_model_join(x->model));
	if (x->facts->heap)
		assert_null(iq_liveness_run(x->model, NULL));
	assert_null(iq_graph_make(x->model));
}

/* Ids are indexes + 1: the edge from one to the other is in the cycle. */
static bool has_step(const struct iq_cycle *cycle, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < cycle->num_steps; i++) {
		if (cycle->steps[i].goroutine == from - 1 &&
		    cycle->steps[i].wake->goroutine == to - 1)
			return true;
	}
	return false;
}

/* The only cycle. */
static const struct iq_cycle *cycle_of(const struct fixture *x)
{
	assert_int_equal(x->model->graph->num_cycles, 1);
	return &x->model->graph->cycles[0];
}

static size_t num_cycles(const struct fixture *x)
{
	return x->model->graph->num_cycles;
}

/* ---- locks */

static void test_locks_in_either_order_are_a_ring(void **state)
{
	const struct iq_cycle *cycle;
	struct fixture x;

	(void)state;
	init(&x);
	lock(&x, OBJECT(2), "a");
	lock(&x, OBJECT(1), "b");
	unlocks(&x, 1, OBJECT(1));
	unlocks(&x, 2, OBJECT(2));
	analyse(&x);
	cycle = cycle_of(&x);
	assert_int_equal(cycle->kind, IQ_CYCLE_LOCKS);
	assert_true(cycle->is_ring);
	assert_false(cycle->mere);
	assert_int_equal(cycle->num_steps, 2);
	assert_true(has_step(cycle, 1, 2));
	assert_true(has_step(cycle, 2, 1));
	assert_int_equal(cycle->steps[0].goroutine, 0);
	assert_int_equal(x.model->graph->cycle_of[1], 0);
	assert_int_equal(x.model->graph->num_blockers, 0);
	deinit(&x);
}

static void test_a_holder_that_runs_makes_no_cycle(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	lock(&x, OBJECT(2), "a");
	add(&x, "running", "main.b main.go:1" GOEXIT);
	unlocks(&x, 1, OBJECT(1));
	mention(&x, 2, 0, OBJECT(2))->unlocks = true;
	lock(&x, OBJECT(1), "c");
	analyse(&x);
	assert_int_equal(num_cycles(&x), 0);
	// A convoy: both go on once it does.
	assert_int_equal(x.model->graph->num_blockers, 1);
	assert_true(x.model->graph->blockers[0].goes_on);
	assert_int_equal(x.model->graph->blockers[0].goroutine, 1);
	assert_int_equal(x.model->graph->blockers[0].num_behind, 2);
	deinit(&x);
}

static void test_mentions_alone_are_a_mere_cycle(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	lock(&x, OBJECT(2), "a");
	lock(&x, OBJECT(1), "b");
	mention(&x, 1, SITE, OBJECT(1));
	mention(&x, 2, SITE, OBJECT(2));
	analyse(&x);
	assert_true(cycle_of(&x)->mere);
	assert_false(iq_graph_is_deadlocked(x.model->graph, 0));
	deinit(&x);
}

static void test_one_of_two_that_mention_a_lock_is_not_chosen(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	lock(&x, OBJECT(2), "a");
	lock(&x, OBJECT(1), "b");
	lock(&x, OBJECT(3), "c");
	mention(&x, 1, SITE, OBJECT(1));
	mention(&x, 2, SITE, OBJECT(2));
	mention(&x, 3, SITE, OBJECT(2));
	analyse(&x);
	assert_int_equal(num_cycles(&x), 0);
	deinit(&x);
}

static void test_a_struct_that_has_a_lock_names_no_holder(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	lock(&x, OBJECT(2), "a");
	lock(&x, OBJECT(1), "b");
	mention(&x, 1, SITE, OBJECT(1))->via = OBJECT(1);
	mention(&x, 2, SITE, OBJECT(2))->via = OBJECT(2);
	analyse(&x);
	assert_int_equal(num_cycles(&x), 0);
	assert_int_equal(x.model->graph->nodes[0].holder, IQ_GRAPH_NONE);
	assert_int_equal(x.model->graph->nodes[0].wakers[0].ground,
			 IQ_WAKE_VIA);
	deinit(&x);
}

static void test_a_lock_taken_twice_is_a_cycle_of_one(void **state)
{
	const struct iq_cycle *cycle;
	struct fixture x;

	(void)state;
	init(&x);
	lock(&x, OBJECT(1), "a");
	mention(&x, 1, CALLER, OBJECT(1))->unlocks = true;
	analyse(&x);
	cycle = cycle_of(&x);
	assert_int_equal(cycle->kind, IQ_CYCLE_SELF);
	assert_int_equal(cycle->num_members, 1);
	assert_true(cycle->steps[0].wake->waits);
	deinit(&x);
}

static void test_three_locks_and_their_queue(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	for (uint64_t i = 1; i <= 3; i++)
		lock(&x, OBJECT(i % 3 + 1), "eat");
	for (uint64_t i = 4; i <= 8; i++)
		lock(&x, OBJECT(1), "look");
	for (uint64_t i = 1; i <= 3; i++)
		unlocks(&x, i, OBJECT(i));
	// One of those who look has another lock, for which one more waits.
	lock(&x, OBJECT(9), "look");
	unlocks(&x, 8, OBJECT(9));
	analyse(&x);
	assert_int_equal(cycle_of(&x)->num_steps, 3);
	assert_int_equal(x.model->graph->num_blockers, 1);
	assert_int_equal(x.model->graph->blockers[0].cycle, 0);
	assert_int_equal(x.model->graph->blockers[0].num_behind, 6);
	assert_int_equal(x.model->graph->blockers[0].num_nodes, 1);
	assert_int_equal(x.model->graph->next[8], 7);
	assert_int_equal(x.model->graph->blocker_of[8], 0);
	assert_int_equal(x.model->graph->blocker_of[0], IQ_GRAPH_NONE);
	deinit(&x);
}

/* ---- readers and writers */

static void rlock(struct fixture *x, uint64_t object)
{
	add(x, "sync.RWMutex.RLock", AT("sync.(*RWMutex).RLock", "read"));
	waits(x, IQ_WAIT_RWMUTEX, IQ_OP_RLOCK, object);
}

/* A writer that waits for readers, or for another writer. */
static void wlock(struct fixture *x, uint64_t object, bool is_next)
{
	struct iq_wait *wait;

	add(x, "sync.RWMutex.Lock", AT("sync.(*RWMutex).Lock", "write"));
	waits(x, IQ_WAIT_RWMUTEX, IQ_OP_LOCK, object);
	wait = (struct iq_wait *)x->facts->goroutines
		       .data[x->facts->goroutines.len - 1]
		       .waits;
	wait->is_next = is_next;
}

static void test_a_writer_between_two_reads_of_one_reader(void **state)
{
	const struct iq_cycle *cycle;
	struct fixture x;

	(void)state;
	init(&x);
	rlock(&x, OBJECT(1));
	wlock(&x, OBJECT(1), true);
	wlock(&x, OBJECT(1), false);
	mention(&x, 1, CALLER, OBJECT(1))->unlocks = true;
	analyse(&x);
	cycle = cycle_of(&x);
	assert_int_equal(cycle->kind, IQ_CYCLE_RWMUTEX);
	assert_int_equal(cycle->num_steps, 2);
	assert_true(has_step(cycle, 1, 2));
	assert_true(has_step(cycle, 2, 1));
	// The other writer stands behind them.
	assert_int_equal(x.model->graph->blockers[0].num_behind, 1);
	deinit(&x);
}

static void test_a_reader_that_leaves_lets_writers_go_on(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	rlock(&x, OBJECT(1));
	wlock(&x, OBJECT(1), true);
	add(&x, "sleep", AT("time.Sleep", "slow"));
	unlocks(&x, 3, OBJECT(1));
	analyse(&x);
	assert_int_equal(num_cycles(&x), 0);
	assert_int_equal(x.model->graph->nodes[0].pending, 1);
	assert_int_equal(x.model->graph->next[0], 1);
	assert_int_equal(x.model->graph->next[1], 2);
	assert_int_equal(x.model->graph->blockers[0].num_behind, 2);
	assert_true(x.model->graph->blockers[0].goes_on);
	deinit(&x);
}

static void test_one_of_two_readers_is_enough(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	lock(&x, OBJECT(5), "read");
	wlock(&x, OBJECT(1), true);
	add(&x, "sleep", AT("time.Sleep", "slow"));
	unlocks(&x, 1, OBJECT(1));
	unlocks(&x, 3, OBJECT(1));
	// The writer has what the first reader wants.
	unlocks(&x, 2, OBJECT(5));
	analyse(&x);
	assert_int_equal(cycle_of(&x)->num_members, 2);
	deinit(&x);
}

static void test_a_reader_with_no_more_than_the_struct(void **state)
{
	for (int others = 0; others < 2; others++) {
		struct fixture x;

		(void)state;
		init(&x);
		rlock(&x, OBJECT(1) + 8);
		wlock(&x, OBJECT(1) + 8, true);
		add(&x, "running", "main.c main.go:1" GOEXIT);
		mention(&x, 1, CALLER, OBJECT(1) + 8)->via = OBJECT(1);
		if (others)
			mention(&x, 3, 0, OBJECT(1) + 8)->via = OBJECT(1);
		analyse(&x);
		assert_int_equal(num_cycles(&x), !others);
		if (!others)
			assert_true(cycle_of(&x)->mere);
		deinit(&x);
	}
}

/* ---- channels */

static void ring(struct fixture *x)
{
	init(x);
	for (uint64_t i = 1; i <= 3; i++)
		receive(x, OBJECT(i));
	for (uint64_t i = 1; i <= 3; i++) {
		mention(x, i, SITE, OBJECT(i % 3 + 1));
		heap_builder_word(&x->heap, stack_of(i) + 56, OBJECT(i));
	}
}

static void test_channels_in_a_ring(void **state)
{
	const struct iq_cycle *cycle;
	struct fixture x;

	(void)state;
	ring(&x);
	analyse(&x);
	cycle = cycle_of(&x);
	assert_int_equal(cycle->kind, IQ_CYCLE_CHANNELS);
	assert_true(cycle->is_ring);
	assert_false(cycle->mere);
	assert_true(has_step(cycle, 2, 1));
	assert_true(has_step(cycle, 3, 2));
	assert_true(has_step(cycle, 1, 3));
	assert_true(x.model->graph->nodes[0].closed_world);
	deinit(&x);
}

static void test_a_ring_that_something_live_reaches_is_none(void **state)
{
	struct fixture x;

	(void)state;
	ring(&x);
	heap_builder_word(&x.heap, GLOBAL(3), OBJECT(2));
	analyse(&x);
	assert_int_equal(num_cycles(&x), 0);
	assert_int_equal(x.model->graph->num_blockers, 0);
	assert_false(x.model->graph->nodes[0].closed_world);
	deinit(&x);
}

static void test_a_ring_without_a_heap_is_none(void **state)
{
	struct fixture x;

	(void)state;
	ring(&x);
	x.facts->heap = NULL;
	analyse(&x);
	assert_int_equal(num_cycles(&x), 0);
	deinit(&x);
}

static void test_a_heap_with_holes_closes_no_world(void **state)
{
	struct fixture x;

	(void)state;
	ring(&x);
	x.heap.lacks = "pages are missing";
	analyse(&x);
	assert_int_equal(num_cycles(&x), 0);
	deinit(&x);
}

static void test_both_cases_of_a_select_are_edges(void **state)
{
	const struct iq_cycle *cycle;
	struct fixture x;

	(void)state;
	init(&x);
	add(&x, "select", AT("runtime.selectgo", "either"));
	waits(&x, IQ_WAIT_CHAN, IQ_OP_RECEIVE, OBJECT(1));
	waits(&x, IQ_WAIT_CHAN, IQ_OP_RECEIVE, OBJECT(2));
	receive(&x, OBJECT(3));
	mention(&x, 1, SITE, OBJECT(3));
	mention(&x, 2, SITE, OBJECT(1));
	mention(&x, 2, SITE, OBJECT(2));
	analyse(&x);
	cycle = cycle_of(&x);
	assert_int_equal(cycle->num_steps, 3);
	assert_int_equal(cycle->num_members, 2);
	assert_false(cycle->is_ring);
	deinit(&x);
}

static void test_a_case_that_others_may_serve_opens_the_ring(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add(&x, "select", AT("runtime.selectgo", "either"));
	waits(&x, IQ_WAIT_CHAN, IQ_OP_RECEIVE, OBJECT(1));
	waits(&x, IQ_WAIT_CHAN, IQ_OP_RECEIVE, OBJECT(2));
	receive(&x, OBJECT(3));
	add(&x, "IO wait", AT("internal/poll.runtime_pollWait", "serve"));
	mention(&x, 1, SITE, OBJECT(3));
	mention(&x, 2, SITE, OBJECT(1));
	mention(&x, 3, SITE, OBJECT(2));
	analyse(&x);
	assert_int_equal(num_cycles(&x), 0);
	deinit(&x);
}

/* ---- mixed */

/* One sends with a lock of the package held, the other wants the lock first. */
static void lock_over_channel(struct fixture *x)
{
	init(x);
	add(x, "chan send", AT("runtime.chansend1", "put"));
	waits(x, IQ_WAIT_CHAN, IQ_OP_SEND, OBJECT(1));
	heap_builder_word(&x->heap, stack_of(1) + 56, OBJECT(1));
	lock(x, GLOBAL(2), "take");
	mention(x, 2, CALLER, OBJECT(1));
}

static void test_a_lock_of_the_package_held_over_a_channel(void **state)
{
	const struct iq_cycle *cycle;
	struct fixture x;

	(void)state;
	lock_over_channel(&x);
	mention(&x, 1, SITE, GLOBAL(2))->unlocks = true;
	analyse(&x);
	cycle = cycle_of(&x);
	assert_int_equal(cycle->kind, IQ_CYCLE_MIXED);
	assert_false(cycle->mere);
	assert_true(has_step(cycle, 1, 2));
	assert_true(has_step(cycle, 2, 1));
	// It is no proof that nothing reaches the channel.
	assert_int_equal(x.model->goroutines[0].reach, IQ_REACH_LIVE);
	assert_true(x.model->graph->nodes[0].closed_world);
	deinit(&x);
}

static void test_the_same_by_a_mention_is_mere(void **state)
{
	struct fixture x;

	(void)state;
	lock_over_channel(&x);
	mention(&x, 1, SITE, GLOBAL(2));
	analyse(&x);
	assert_true(cycle_of(&x)->mere);
	assert_false(x.model->graph->nodes[0].closed_world);
	deinit(&x);
}

static void test_a_third_that_has_the_channel_opens_it(void **state)
{
	struct fixture x;

	(void)state;
	lock_over_channel(&x);
	mention(&x, 1, SITE, GLOBAL(2))->unlocks = true;
	add(&x, "sleep", AT("time.Sleep", "later"));
	// Not in a frame that references tell: its stack has it, two hops away.
	heap_builder_word(&x.heap, stack_of(3), OBJECT(7));
	heap_builder_word(&x.heap, OBJECT(7) + 8, OBJECT(8));
	heap_builder_word(&x.heap, OBJECT(8) + 8, OBJECT(1));
	analyse(&x);
	assert_int_equal(num_cycles(&x), 0);
	// The lock's waiter stands behind its holder all the same.
	assert_int_equal(x.model->graph->next[1], 0);
	assert_false(x.model->graph->blockers[0].goes_on);
	deinit(&x);
}

static void test_a_timer_in_the_select_opens_it(void **state)
{
	struct fixture x;
	struct iq_object *timer;

	(void)state;
	lock_over_channel(&x);
	mention(&x, 1, SITE, GLOBAL(2))->unlocks = true;
	timer = iq_arena_calloc(&x.facts->arena, 1, sizeof(*timer));
	assert_non_null(timer);
	timer->kind = IQ_WAIT_CHAN;
	timer->is_read = true;
	timer->chan.timer = true;
	struct iq_goroutine_fact *fact = &x.facts->goroutines.data[0];
	struct iq_wait *list =
		iq_arena_calloc(&x.facts->arena, 2, sizeof(*list));

	assert_non_null(list);
	list[0] = fact->waits[0];
	list[1] = fact->waits[0];
	list[1].address = OBJECT(9);
	list[1].op = IQ_OP_RECEIVE;
	list[1].object = timer;
	fact->waits = list;
	fact->num_waits = 2;
	analyse(&x);
	assert_int_equal(num_cycles(&x), 0);
	deinit(&x);
}

static void test_a_parent_waits_for_a_child_that_wants_its_lock(void **state)
{
	for (int deferred = 0; deferred < 2; deferred++) {
		struct fixture x;

		(void)state;
		init(&x);
		wait_group(&x, GLOBAL(1));
		lock(&x, GLOBAL(2), "work");
		unlocks(&x, 1, GLOBAL(2));
		mention(&x, 2, SITE, GLOBAL(1))->wakes = deferred;
		analyse(&x);
		assert_int_equal(num_cycles(&x), deferred);
		if (deferred)
			assert_int_equal(cycle_of(&x)->kind,
					 IQ_CYCLE_WAITGROUP);
		deinit(&x);
	}
}

static void test_a_group_waits_for_the_child_that_is_stuck(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	wait_group(&x, GLOBAL(1));
	lock(&x, GLOBAL(2), "work");
	add(&x, "running", "main.work main.go:1" GOEXIT);
	unlocks(&x, 1, GLOBAL(2));
	mention(&x, 2, SITE, GLOBAL(1))->wakes = true;
	mention(&x, 3, 0, GLOBAL(1))->wakes = true;
	analyse(&x);
	assert_int_equal(cycle_of(&x)->num_members, 2);
	deinit(&x);
}

static void test_a_done_that_is_its_own(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	wait_group(&x, GLOBAL(1));
	mention(&x, 1, CALLER, GLOBAL(1))->wakes = true;
	analyse(&x);
	assert_int_equal(cycle_of(&x)->kind, IQ_CYCLE_WAITGROUP);
	assert_int_equal(cycle_of(&x)->num_members, 1);
	deinit(&x);
}

static void test_a_group_that_is_done_waits_for_nobody(void **state)
{
	struct iq_object group = {
		.kind = IQ_WAIT_WAITGROUP,
		.address = GLOBAL(1),
		.is_read = true,
	};
	struct fixture x;

	(void)state;
	init(&x);
	wait_group(&x, GLOBAL(1));
	((struct iq_wait *)x.facts->goroutines.data[0].waits)->object = &group;
	mention(&x, 1, CALLER, GLOBAL(1))->wakes = true;
	analyse(&x);
	assert_int_equal(num_cycles(&x), 0);
	deinit(&x);
}

static void test_who_signals_wants_the_lock_of_who_waits(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add(&x, "sync.Cond.Wait", AT("sync.(*Cond).Wait", "take"));
	waits(&x, IQ_WAIT_COND, IQ_OP_WAIT, OBJECT(1));
	lock(&x, OBJECT(2), "put");
	unlocks(&x, 1, OBJECT(2));
	mention(&x, 2, CALLER, OBJECT(1));
	analyse(&x);
	assert_int_equal(cycle_of(&x)->kind, IQ_CYCLE_MIXED);
	deinit(&x);
}

/* ---- who stands behind whom */

static void test_chains_end_at_one_root(void **state)
{
	const struct iq_graph *g;
	struct fixture x;

	(void)state;
	init(&x);
	add(&x, "chan receive (nil chan)", AT("runtime.chanrecv1", "never"));
	unlocks(&x, 1, OBJECT(1));
	lock(&x, OBJECT(1), "a");
	unlocks(&x, 2, OBJECT(2));
	for (unsigned i = 0; i < 5; i++)
		lock(&x, OBJECT(2), "b");
	analyse(&x);
	g = x.model->graph;
	assert_int_equal(g->num_blockers, 1);
	assert_int_equal(g->blockers[0].goroutine, 0);
	assert_int_equal(g->blockers[0].num_behind, 6);
	assert_int_equal(g->blockers[0].num_nodes, 1);
	assert_int_equal(g->nodes[g->blockers[0].nodes[0]].address, OBJECT(1));
	assert_false(g->blockers[0].goes_on);
	deinit(&x);
}

static void test_a_select_behind_two_stands_behind_none(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add(&x, "select", AT("runtime.selectgo", "either"));
	waits(&x, IQ_WAIT_CHAN, IQ_OP_RECEIVE, OBJECT(1));
	waits(&x, IQ_WAIT_CHAN, IQ_OP_RECEIVE, OBJECT(2));
	for (unsigned i = 0; i < 2; i++)
		add(&x, "chan receive (nil chan)",
		    AT("runtime.chanrecv1", "never"));
	mention(&x, 2, SITE, OBJECT(1));
	mention(&x, 3, SITE, OBJECT(2));
	analyse(&x);
	assert_int_equal(x.model->graph->next[0], IQ_GRAPH_NONE);
	assert_int_equal(x.model->graph->num_blockers, 0);
	deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_locks_in_either_order_are_a_ring),
		cmocka_unit_test(test_a_holder_that_runs_makes_no_cycle),
		cmocka_unit_test(test_mentions_alone_are_a_mere_cycle),
		cmocka_unit_test(
			test_one_of_two_that_mention_a_lock_is_not_chosen),
		cmocka_unit_test(test_a_struct_that_has_a_lock_names_no_holder),
		cmocka_unit_test(test_a_lock_taken_twice_is_a_cycle_of_one),
		cmocka_unit_test(test_three_locks_and_their_queue),
		cmocka_unit_test(test_a_writer_between_two_reads_of_one_reader),
		cmocka_unit_test(test_a_reader_that_leaves_lets_writers_go_on),
		cmocka_unit_test(test_one_of_two_readers_is_enough),
		cmocka_unit_test(test_a_reader_with_no_more_than_the_struct),
		cmocka_unit_test(test_channels_in_a_ring),
		cmocka_unit_test(
			test_a_ring_that_something_live_reaches_is_none),
		cmocka_unit_test(test_a_ring_without_a_heap_is_none),
		cmocka_unit_test(test_a_heap_with_holes_closes_no_world),
		cmocka_unit_test(test_both_cases_of_a_select_are_edges),
		cmocka_unit_test(
			test_a_case_that_others_may_serve_opens_the_ring),
		cmocka_unit_test(
			test_a_lock_of_the_package_held_over_a_channel),
		cmocka_unit_test(test_the_same_by_a_mention_is_mere),
		cmocka_unit_test(test_a_third_that_has_the_channel_opens_it),
		cmocka_unit_test(test_a_timer_in_the_select_opens_it),
		cmocka_unit_test(
			test_a_parent_waits_for_a_child_that_wants_its_lock),
		cmocka_unit_test(
			test_a_group_waits_for_the_child_that_is_stuck),
		cmocka_unit_test(test_a_done_that_is_its_own),
		cmocka_unit_test(test_a_group_that_is_done_waits_for_nobody),
		cmocka_unit_test(test_who_signals_wants_the_lock_of_who_waits),
		cmocka_unit_test(test_chains_end_at_one_root),
		cmocka_unit_test(test_a_select_behind_two_stands_behind_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
