/* SPDX-License-Identifier: Apache-2.0 */
#include "model/leak_cause.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "base/attr.h"
#include "detect/detector.h"
#include "heap-builder.h"
#include "joined.h"
#include "model/code.h"
#include "model/liveness.h"
#include "model/object.h"

#define PARK "runtime.gopark proc.go:1;"
#define SEND PARK "runtime.chansend1 chan.go:1;main.send main.go:10"
#define RECEIVE PARK "runtime.chanrecv2 chan.go:1;main.work main.go:20"
#define SELECT PARK "runtime.selectgo select.go:1;main.loop main.go:30"
#define WAIT PARK "sync.(*WaitGroup).Wait wg.go:1;main.all main.go:40"
#define LOCK PARK "sync.(*Mutex).Lock mutex.go:1;main.get main.go:50"

#define CHANNEL 0xc000000100
/* A heap of slots of 96 bytes, and stacks. */
#define HEAP 0xc000000000ull
#define OBJECT(i) (HEAP + 96ull * (i))
#define STACK(i) (0xc000400000ull + 64ull * (i))
#define GLOBALS 0x600000ull

/* A core with one goroutine that the runtime itself calls leaked, and what its
 * code can do. */
struct fixture {
	struct iq_code_facts code; /* first: answers find the rest by it */
	struct joined x;
	struct iq_goroutine_fact *fact;
	struct iq_object *object;
	struct iq_code_taking taking;
	struct iq_code_again again;
	uint64_t context, like_context;
	enum iq_code_held held;
};

static struct iq_error *taking(const struct iq_code_facts *code,
			       uint64_t pc iq_unused,
			       struct iq_code_taking *ret)
{
	*ret = ((const struct fixture *)code)->taking;
	return NULL;
}

static struct iq_error *again(const struct iq_code_facts *code,
			      uint64_t pc iq_unused, struct iq_code_again *ret)
{
	*ret = ((const struct fixture *)code)->again;
	ret->is_known = true;
	if (ret->follows && !ret->num_before)
		ret->num_before = 1;
	return NULL;
}

static struct iq_error *then(const struct iq_code_facts *code iq_unused,
			     uint64_t pc iq_unused, unsigned *ret)
{
	*ret = 0;
	return NULL;
}

static struct iq_error *is_context(const struct iq_code_facts *code,
				   uint64_t g iq_unused, uint64_t addr,
				   enum iq_code_context *ret)
{
	const struct fixture *x = (const struct fixture *)code;

	*ret = x->context == addr      ? IQ_CODE_CONTEXT_SURE :
	       x->like_context == addr ? IQ_CODE_CONTEXT_MAYBE :
					 IQ_CODE_CONTEXT_NOT_SEEN;
	return NULL;
}

static struct iq_error *held(const struct iq_code_facts *code,
			     uint64_t pc iq_unused, enum iq_code_held *ret)
{
	*ret = ((const struct fixture *)code)->held;
	return NULL;
}

/* Frames of a core have pcs. */
static void give_pc(const struct iq_frame *frame)
{
	((struct iq_frame *)frame)->has_pc = true;
	((struct iq_frame *)frame)->pc = 0x1000;
}

static void init(struct fixture *x, const char *reason, const char *stack,
		 enum iq_wait_kind kind, enum iq_wait_op op)
{
	struct iq_facts *facts = facts_new(IQ_WITNESS_CORE, "core");
	struct iq_wait *wait;

	*x = (struct fixture){
		.code = { taking, again, then, is_context, held },
		.held = IQ_CODE_HELD_NONE,
		.x = { .facts = { facts } },
		.taking = { .is_known = true,
			    .place = { .function = IQ_STR("main.fetch"),
				       .file = IQ_STR("main.go"),
				       .line = 7 },
			    .starts = 1 },
	};
	facts->code = &x->code;
	x->fact = facts_add(facts, 5, reason, stack);
	x->fact->leaked = true;
	facts_created(facts, x->fact, 1, "main.fetch main.go:5");
	give_pc(x->fact->created_by);
	for (uint32_t i = 0; i < x->fact->stack->num_frames; i++)
		give_pc(x->fact->stack->frames[i]);
	x->object = iq_arena_calloc(&facts->arena, 1, sizeof(*x->object));
	assert_non_null(x->object);
	*x->object = (struct iq_object){
		.kind = kind,
		.is_read = true,
		.address = CHANNEL,
	};
	facts_waits(facts, x->fact, kind, CHANNEL);
	wait = (struct iq_wait *)x->fact->waits;
	wait->op = op;
	wait->object = x->object;
	if (kind == IQ_WAIT_CHAN)
		x->object->chan = (struct iq_chan_object){
			.elem_type = IQ_STR("int"),
			.elem_size = 8,
			.has_queues = true,
			.num_senders = op == IQ_OP_SEND,
			.num_receivers = op == IQ_OP_RECEIVE,
		};
}

/* Judges, and compares the cause's id; NULL: none is known. */
static void assert_cause(struct fixture *x, const char *id)
{
	const struct iq_leak_cause *cause;

	joined_judge(&x->x);
	assert_null(iq_leak_causes_find(x->x.model));
	assert_int_equal(x->x.model->num_findings, 1);
	cause = &x->x.model->findings[0].cause;
	if (!id && cause->class)
		fail_msg("%s is said, and nothing shows it", cause->class->id);
	if (id) {
		if (!cause->class)
			fail_msg("%s is not seen", id);
		assert_string_equal(cause->class->id, id);
		assert_true(cause->shown_by.len);
	}
	joined_deinit(&x->x);
}

static void sender(struct fixture *x)
{
	init(x, "chan send", SEND, IQ_WAIT_CHAN, IQ_OP_SEND);
}

static void ids_are_told_apart(void **state iq_unused)
{
	size_t num;
	const struct iq_leak_cause_class *list = iq_leak_cause_classes(&num);

	assert_true(num > 9);
	for (size_t i = 0; i < num; i++) {
		assert_true(list[i].id[0] && list[i].summary[0]);
		assert_true(list[i].fix[0]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(list[i].id, list[k].id);
	}
}

static void way_around_the_receive_is_an_early_return(void **state iq_unused)
{
	struct fixture x;

	sender(&x);
	x.taking.receives = 1;
	x.taking.skips = true;
	assert_cause(&x, "early-return");
	// All ways come by a receive: something else has happened.
	sender(&x);
	x.taking.receives = 1;
	assert_cause(&x, NULL);
}

static void
select_that_all_ways_come_by_took_another_case(void **state iq_unused)
{
	struct fixture x;

	sender(&x);
	x.taking.selects = 1;
	assert_cause(&x, "timeout-won");
	// It may not have come to the select.
	sender(&x);
	x.taking.selects = 1;
	x.taking.skips = true;
	assert_cause(&x, NULL);
}

static void second_send_for_one_receive_is_double(void **state iq_unused)
{
	struct fixture x;

	sender(&x);
	x.taking.receives = 1;
	x.again.follows = true;
	assert_cause(&x, "double-send");
	// The first send may have been left out, and the receive as well.
	sender(&x);
	x.taking.receives = 1;
	x.taking.skips = true;
	x.again.follows = true;
	assert_cause(&x, NULL);
	// It was not: there is no other way to the second.
	sender(&x);
	x.taking.receives = 1;
	x.taking.skips = true;
	x.again.follows = x.again.always = true;
	assert_cause(&x, "double-send");
	// On another channel, for all that is known.
	sender(&x);
	x.taking.receives = 1;
	x.taking.skips = true;
	x.again.unsure = true;
	assert_cause(&x, NULL);
}

static void one_receive_for_several_senders_is_too_few(void **state iq_unused)
{
	struct fixture x;

	sender(&x);
	x.taking.receives = 1;
	x.taking.starts_more = true;
	assert_cause(&x, "n-senders-one-receiver");
	sender(&x);
	x.taking.receives = 1;
	x.object->chan.num_senders = 3;
	assert_cause(&x, "n-senders-one-receiver");
	// A loop that was left: by an error, or because it had enough.
	sender(&x);
	x.taking.receives = 1;
	x.taking.loops = x.taking.skips = true;
	x.taking.starts_more = true;
	assert_cause(&x, NULL);
}

static void select_of_all_senders_channels_takes_one(void **state iq_unused)
{
	struct fixture x;

	sender(&x);
	x.taking.selects = 1;
	x.taking.starts = x.taking.num_cases = 2;
	assert_cause(&x, "n-senders-one-receiver");
	sender(&x);
	x.taking.selects = 1;
	x.taking.starts = 2;
	x.taking.num_cases = 3;
	assert_cause(&x, NULL);
}

static void full_buffer_of_the_only_sender_was_its_own(void **state iq_unused)
{
	struct fixture x;

	sender(&x);
	x.object->chan.cap = x.object->chan.len = 1;
	x.taking.receives = 1;
	x.again.follows = true;
	x.again.num_before = 2;
	assert_cause(&x, "double-send");
	// Its first send: others have filled it.
	sender(&x);
	x.object->chan.cap = x.object->chan.len = 1;
	x.taking.receives = 1;
	x.taking.skips = true;
	assert_cause(&x, NULL);
}

static void
full_buffer_of_all_sends_was_never_received_from(void **state iq_unused)
{
	struct fixture x;

	sender(&x);
	x.object->chan.cap = x.object->chan.len = 2;
	x.taking.receives = 3;
	x.taking.follows = x.taking.skips = true;
	x.again.follows = true;
	x.again.num_before = 2;
	assert_cause(&x, "early-return");
	// All ways receive, and nothing was: it did not go as the code says.
	sender(&x);
	x.object->chan.cap = x.object->chan.len = 1;
	x.taking.receives = 1;
	x.again.follows = true;
	assert_cause(&x, NULL);
	// The place before comes again: nobody knows how often it sent.
	sender(&x);
	x.object->chan.cap = x.object->chan.len = 2;
	x.taking.receives = 1;
	x.taking.skips = true;
	x.again.follows = x.again.before_loops = true;
	x.again.num_before = 2;
	assert_cause(&x, NULL);
}

static void
receiver_that_left_before_its_second_receive_is_early(void **state iq_unused)
{
	struct fixture x;

	sender(&x);
	x.taking.receives = 2;
	x.taking.follows = true;
	x.again.follows = x.again.always = true;
	assert_cause(&x, "early-return");
	// It may have taken all that it wanted.
	sender(&x);
	x.taking.receives = 2;
	x.taking.follows = true;
	x.again.follows = x.again.always = true;
	x.again.num_before = 2;
	assert_cause(&x, NULL);
}

static void code_that_is_not_there_names_nothing(void **state iq_unused)
{
	struct fixture x;

	sender(&x);
	x.taking.is_known = false;
	assert_cause(&x, NULL);
}

static void receive_in_a_loop_is_a_range_without_close(void **state iq_unused)
{
	struct fixture x;

	init(&x, "chan receive", RECEIVE, IQ_WAIT_CHAN, IQ_OP_RECEIVE);
	x.again.loops = true;
	assert_cause(&x, "range-never-closed");
	init(&x, "chan receive", RECEIVE, IQ_WAIT_CHAN, IQ_OP_RECEIVE);
	assert_cause(&x, "sender-gone");
	init(&x, "chan receive", RECEIVE, IQ_WAIT_CHAN, IQ_OP_RECEIVE);
	x.again.unsure = true;
	assert_cause(&x, NULL);
}

static void done_channel_of_a_context_wants_a_cancel(void **state iq_unused)
{
	struct fixture x;

	init(&x, "select", SELECT, IQ_WAIT_CHAN, IQ_OP_RECEIVE);
	x.object->chan.elem_type = IQ_STR("struct {}");
	x.context = CHANNEL;
	assert_cause(&x, "missing-cancel");
	init(&x, "select", SELECT, IQ_WAIT_CHAN, IQ_OP_RECEIVE);
	x.object->chan.elem_type = IQ_STR("struct {}");
	assert_cause(&x, "quit-never-closed");
	// Another package's struct may look like a context.
	init(&x, "select", SELECT, IQ_WAIT_CHAN, IQ_OP_RECEIVE);
	x.object->chan.elem_type = IQ_STR("struct {}");
	x.like_context = CHANNEL;
	assert_cause(&x, NULL);
	// It may be a context's that nobody refers to any more.
	init(&x, "chan receive", RECEIVE, IQ_WAIT_CHAN, IQ_OP_RECEIVE);
	x.object->chan.elem_type = IQ_STR("struct {}");
	x.again.may_be_given = true;
	assert_cause(&x, NULL);
}

static void timer_that_is_not_set_is_stopped(void **state iq_unused)
{
	struct fixture x;

	init(&x, "chan receive", RECEIVE, IQ_WAIT_CHAN, IQ_OP_RECEIVE);
	x.object->chan.elem_type = IQ_STR("time.Time");
	x.object->chan.timer = true;
	assert_cause(&x, "timer-stopped");
}

static void counter_says_how_many_dones_are_missing(void **state iq_unused)
{
	struct fixture x;

	init(&x, "sync.WaitGroup.Wait", WAIT, IQ_WAIT_WAITGROUP, IQ_OP_WAIT);
	x.object->waitgroup.counter = 2;
	joined_judge(&x.x);
	assert_null(iq_leak_causes_find(x.x.model));
	assert_int_equal(x.x.model->num_findings, 1);
	const struct iq_leak_cause *c = &x.x.model->findings[0].cause;
	assert_non_null(c->class);
	assert_string_equal(c->class->id, "waitgroup-miscount");
	assert_true(iq_str_search(c->shown_by, IQ_STR("2 Dones")) <
		    c->shown_by.len);
	joined_deinit(&x.x);
}

static void lock_that_nobody_has_was_not_given_back(void **state iq_unused)
{
	struct fixture x;

	init(&x, "sync.Mutex.Lock", LOCK, IQ_WAIT_MUTEX, IQ_OP_LOCK);
	x.object->mutex.locked = true;
	x.object->mutex.num_waiters = 1;
	assert_cause(&x, "lost-unlock");
}

static void lock_of_who_has_locked_before_is_not_lost(void **state iq_unused)
{
	static const struct {
		enum iq_code_held held;
		const char *cause;
	} rows[] = {
		{ IQ_CODE_HELD_SAME, "locks-twice" },
		{ IQ_CODE_HELD_MAYBE, NULL },
		{ IQ_CODE_HELD_UNKNOWN, NULL },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++) {
		struct fixture x;

		init(&x, "sync.Mutex.Lock", LOCK, IQ_WAIT_MUTEX, IQ_OP_LOCK);
		x.object->mutex.locked = true;
		x.object->mutex.num_waiters = 1;
		x.held = rows[i].held;
		assert_cause(&x, rows[i].cause);
	}
}

/* Another goroutine of the fixture's core, which the runtime calls leaked. */
static struct iq_goroutine_fact *add(struct fixture *x, uint64_t id,
				     const char *reason, const char *stack,
				     enum iq_wait_kind kind, uint64_t address)
{
	struct iq_facts *facts = x->x.facts[0];
	struct iq_goroutine_fact *fact = facts_add(facts, id, reason, stack);

	fact->leaked = true;
	for (uint32_t i = 0; i < fact->stack->num_frames; i++)
		give_pc(fact->stack->frames[i]);
	facts_waits(facts, fact, kind, address);
	return fact;
}

/* Judges by a heap, in which goroutine 6 waits for something else and refers to
 * object 5, which may refer to 7, as a map or a struct does; the cause of goroutine 5, or NULL. */
static const char *cause_beside(struct fixture *x, struct heap_builder *heap,
				bool linked)
{
	struct iq_model *m;
	const char *id = NULL;

	add(x, 6, "chan receive", RECEIVE, IQ_WAIT_CHAN, OBJECT(1));
	heap_builder_span(heap, HEAP, 96, 8);
	if (linked)
		heap_builder_word(heap, OBJECT(5) + 8, OBJECT(7));
	heap_builder_root(heap, GLOBALS, 1);
	heap_builder_stack(heap, STACK(0), 4);
	heap_builder_word(heap, STACK(0), OBJECT(7));
	heap_builder_stack(heap, STACK(1), 4);
	heap_builder_word(heap, STACK(1), OBJECT(5));
	x->x.facts[0]->heap = &heap->heap;
	joined_make(&x->x);
	m = x->x.model;
	assert_null(iq_liveness_run(m, NULL));
	assert_null(iq_detectors_run(m));
	assert_null(iq_leak_causes_find(m));
	for (size_t i = 0; i < m->num_findings; i++) {
		const struct iq_finding *f = &m->findings[i];

		if (m->goroutines[f->goroutines[0]].id == 5 && f->cause.class)
			id = f->cause.class->id;
	}
	return id;
}

static void
lock_that_a_leaked_one_has_through_others_is_not_lost(void **state iq_unused)
{
	for (int linked = 0; linked < 2; linked++) {
		struct heap_builder heap;
		struct fixture x;
		const char *id;

		init(&x, "sync.Mutex.Lock", LOCK, IQ_WAIT_MUTEX, IQ_OP_LOCK);
		x.object->mutex.locked = true;
		x.object->address = OBJECT(7);
		((struct iq_wait *)x.fact->waits)->address = OBJECT(7);
		heap_builder_init(&heap);
		id = cause_beside(&x, &heap, linked);
		if (linked)
			assert_null(id);
		else
			assert_string_equal(id ? id : "", "lost-unlock");
		joined_deinit(&x.x);
		heap_builder_deinit(&heap);
	}
}

static void refers(struct fixture *x, uint32_t goroutine, uint64_t object,
		   uint64_t via, bool wakes)
{
	struct iq_reference_fact ref = {
		.object = object,
		.goroutine = goroutine,
		.frame = 2,
		.via = via,
		.wakes = wakes,
	};

	assert_true(iq_vec_push(&x->x.facts[0]->references, ref));
}

static void
two_that_wait_for_each_other_are_not_sent_in_a_circle(void **state iq_unused)
{
	static const struct {
		enum iq_code_held held;
		const char *cause;
	} rows[] = {
		{ IQ_CODE_HELD_MAYBE, "lock-held-over-wait" },
		{ IQ_CODE_HELD_NONE, "" },
	};

	for (size_t r = 0; r < IQ_ARRAY_SIZE(rows); r++) {
		struct fixture x;

		init(&x, "sync.Mutex.Lock", LOCK, IQ_WAIT_MUTEX, IQ_OP_LOCK);
		x.object->mutex.locked = true;
		x.held = rows[r].held;
		add(&x, 6, "sync.WaitGroup.Wait", WAIT, IQ_WAIT_WAITGROUP,
		    OBJECT(1));
		refers(&x, 0, OBJECT(1), 0, true);
		refers(&x, 1, CHANNEL, OBJECT(4), false);
		joined_judge(&x.x);
		assert_null(iq_leak_causes_find(x.x.model));
		assert_true(x.x.model->num_findings > 0);
		for (size_t i = 0; i < x.x.model->num_findings; i++) {
			const struct iq_leak_cause_class *class =
				x.x.model->findings[i].cause.class;

			assert_string_equal(class ? class->id : "",
					    rows[r].cause);
		}
		joined_deinit(&x.x);
	}
}

static void nil_channel_needs_no_code(void **state iq_unused)
{
	struct fixture x;

	init(&x, "chan receive (nil chan)", RECEIVE, IQ_WAIT_NIL_CHAN,
	     IQ_OP_RECEIVE);
	x.x.facts[0]->code = NULL;
	assert_cause(&x, "nil-channel");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_told_apart),
		cmocka_unit_test(way_around_the_receive_is_an_early_return),
		cmocka_unit_test(
			select_that_all_ways_come_by_took_another_case),
		cmocka_unit_test(second_send_for_one_receive_is_double),
		cmocka_unit_test(one_receive_for_several_senders_is_too_few),
		cmocka_unit_test(select_of_all_senders_channels_takes_one),
		cmocka_unit_test(full_buffer_of_the_only_sender_was_its_own),
		cmocka_unit_test(
			full_buffer_of_all_sends_was_never_received_from),
		cmocka_unit_test(
			receiver_that_left_before_its_second_receive_is_early),
		cmocka_unit_test(code_that_is_not_there_names_nothing),
		cmocka_unit_test(receive_in_a_loop_is_a_range_without_close),
		cmocka_unit_test(done_channel_of_a_context_wants_a_cancel),
		cmocka_unit_test(timer_that_is_not_set_is_stopped),
		cmocka_unit_test(counter_says_how_many_dones_are_missing),
		cmocka_unit_test(lock_that_nobody_has_was_not_given_back),
		cmocka_unit_test(lock_of_who_has_locked_before_is_not_lost),
		cmocka_unit_test(
			lock_that_a_leaked_one_has_through_others_is_not_lost),
		cmocka_unit_test(
			two_that_wait_for_each_other_are_not_sent_in_a_circle),
		cmocka_unit_test(nil_channel_needs_no_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
