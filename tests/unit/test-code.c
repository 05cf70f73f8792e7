/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of hand-made instructions of amd64: main.main is what is asked about,
 * of 64 bytes; at 0x40 and 0x60 are what it calls.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/go/code.h"
#include "formats/go/code_flow.h"
#include "go-process.h"

#define MAIN GO_IMAGE_TEXT
#define FIRST (GO_IMAGE_TEXT + 0x40)
#define SECOND (GO_IMAGE_TEXT + 0x60)
/* Where names of functions can be in the image, and how long they may be. */
#define NAME_FIRST 11
#define NAME_SECOND 30

struct fixture {
	struct go_process p;
	const struct iq_code_facts *code;
	size_t at; /* the next instruction of main.main */
};

static void begin(struct fixture *x, const char *first, const char *second)
{
	struct go_image *image = &x->p.image;
	uint8_t *names;

	memset(x, 0, sizeof(*x));
	go_process_init(&x->p, "go1.26.8");
	names = image->bytes + image->funcname;
	memset(names + NAME_FIRST, 0, 39);
	assert_true(strlen(first) < 19 && strlen(second) < 20);
	memcpy(names + NAME_FIRST, first, strlen(first));
	memcpy(names + NAME_SECOND, second, strlen(second));
	go_image_put(image,
		     x->p.goexit + image->version->layout->func_name_off.offset,
		     NAME_SECOND, 4);
	// What is not written is no instruction.
	memset(x->p.text, 0x06, sizeof(x->p.text));
	memset(x->p.text, 0x90, 0x40);
}

static void code_open(struct fixture *x)
{
	go_process_open(&x->p);
	assert_null(iq_go_code_open(&x->p.rt, &x->code));
}

/* Adds instructions; the address behind them. */
static uint64_t put(struct fixture *x, const char *bytes, size_t len)
{
	assert_true(x->at + len <= 0x40);
	memcpy(x->p.text + x->at, bytes, len);
	x->at += len;
	return MAIN + x->at;
}

#define PUT(x, bytes) put(x, bytes, sizeof(bytes) - 1)
#define RET "\xc3"
#define XOR_EAX "\x31\xc0"
#define MOV_RAX_SLOT "\x48\x8b\x44\x24\x08"
#define MOV_SLOT_RAX "\x48\x89\x44\x24\x08"

static uint64_t call(struct fixture *x, uint64_t target)
{
	uint64_t next = MAIN + x->at + 5;

	go_process_put(&x->p, MAIN + x->at, 0xe8, 1);
	go_process_put(&x->p, MAIN + x->at + 1, target - next, 4);
	x->at += 5;
	return next;
}

/* A jump of two bytes, EB or of a condition. */
static void jump(struct fixture *x, uint8_t op, uint64_t target)
{
	go_process_put(&x->p, MAIN + x->at, op, 1);
	go_process_put(&x->p, MAIN + x->at + 1, target - (MAIN + x->at + 2), 1);
	x->at += 2;
}

#define JMP 0xeb
#define JNE 0x75

static void flow_open(struct fixture *x, struct iq_go_flow *flow)
{
	go_process_open(&x->p);
	assert_null(iq_go_flow_init(flow, &x->p.rt, MAIN));
}

static void flow_close(struct fixture *x, struct iq_go_flow *flow)
{
	iq_go_flow_deinit(flow);
	go_process_close(&x->p);
}

static void circle_of_jumps_ends(void **state iq_unused)
{
	struct iq_go_flow flow;
	struct iq_go_way way;
	struct fixture x;

	begin(&x, "runtime.newproc", "runtime.chanrecv1");
	jump(&x, JNE, MAIN + 4);
	jump(&x, JMP, MAIN);
	jump(&x, JMP, MAIN + 2);
	flow_open(&x, &flow);
	way = iq_go_flow_walk(&flow, 0);
	assert_false(way.leaves);
	assert_false(way.stray);
	assert_true(iq_go_flow_reached(&flow, 2));
	assert_false(iq_go_flow_reached(&flow, 3));
	flow_close(&x, &flow);
}

static void jump_out_of_the_function_is_stray(void **state iq_unused)
{
	const uint64_t targets[] = { FIRST, SECOND, MAIN + 0x3f, MAIN - 1 };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(targets); i++) {
		struct iq_go_flow flow;
		struct fixture x;

		begin(&x, "runtime.newproc", "runtime.chanrecv1");
		PUT(&x, "\x0f\x84");
		go_process_put(&x.p, MAIN + 2, targets[i] - (MAIN + 6), 4);
		x.at += 4;
		PUT(&x, RET);
		// Into the middle of an instruction is out of it, too.
		x.at = 0x3c;
		PUT(&x, "\x31\xc0\x31\xc0");
		flow_open(&x, &flow);
		assert_true(iq_go_flow_walk(&flow, 0).stray);
		flow_close(&x, &flow);
	}
}

static void function_without_end_is_stray(void **state iq_unused)
{
	struct iq_go_flow flow;
	struct iq_go_way way;
	struct fixture x;

	begin(&x, "runtime.newproc", "runtime.chanrecv1");
	flow_open(&x, &flow);
	assert_int_equal(flow.steps.len, 0x40);
	way = iq_go_flow_walk(&flow, 0);
	assert_true(way.stray);
	assert_false(way.leaves);
	assert_true(iq_go_flow_walk(&flow, 0x40).stray);
	flow_close(&x, &flow);
}

static void code_that_is_none_ends_the_steps(void **state iq_unused)
{
	struct iq_go_flow flow;
	struct fixture x;

	begin(&x, "runtime.newproc", "runtime.chanrecv1");
	// The rest of the function is one instruction that has no end.
	memset(x.p.text + 2, 0x66, 0x3e);
	flow_open(&x, &flow);
	assert_int_equal(flow.steps.len, 2);
	assert_true(iq_go_flow_walk(&flow, 0).stray);
	flow_close(&x, &flow);
	begin(&x, "runtime.newproc", "runtime.chanrecv1");
	memset(x.p.text, 0x66, 0x40);
	flow_open(&x, &flow);
	assert_int_equal(flow.steps.len, 0);
	assert_int_equal(iq_go_flow_call(&flow, MAIN + 5), IQ_GO_FLOW_NONE);
	flow_close(&x, &flow);
}

static void too_much_work_is_said(void **state iq_unused)
{
	struct iq_go_origin o;
	struct iq_go_flow flow;
	struct fixture x;

	begin(&x, "runtime.newproc", "runtime.chanrecv1");
	flow_open(&x, &flow);
	flow.left = 10;
	iq_go_flow_origin(&flow, 0x20, 0, &o);
	assert_int_equal(o.root, IQ_GO_ORIGIN_UNKNOWN);
	assert_true(flow.is_cut);
	assert_true(iq_go_flow_walk(&flow, 0x3f).stray);
	flow_close(&x, &flow);
}

/* Of what the first argument of the call that returns to @pc is taken. */
static struct iq_go_origin origin(struct fixture *x, uint64_t pc)
{
	struct iq_go_origin o;
	struct iq_go_flow flow;
	uint32_t step;

	flow_open(x, &flow);
	step = iq_go_flow_call(&flow, pc);
	assert_int_not_equal(step, IQ_GO_FLOW_NONE);
	iq_go_flow_origin(&flow, step, 0, &o);
	flow_close(x, &flow);
	return o;
}

static void result_is_followed_through_the_frame(void **state iq_unused)
{
	struct iq_go_origin o;
	struct fixture x;

	begin(&x, "runtime.makechan", "runtime.chanrecv1");
	call(&x, FIRST);
	PUT(&x, MOV_SLOT_RAX XOR_EAX MOV_RAX_SLOT);
	o = origin(&x, call(&x, SECOND));
	assert_int_equal(o.root, IQ_GO_ORIGIN_CALL);
	assert_int_equal(o.value, 0);
}

static void ways_that_disagree_are_unknown(void **state iq_unused)
{
	struct iq_go_origin o;
	struct fixture x;

	begin(&x, "runtime.makechan", "runtime.chanrecv1");
	call(&x, FIRST);
	jump(&x, JNE, MAIN + 9);
	PUT(&x, XOR_EAX);
	o = origin(&x, call(&x, SECOND));
	assert_int_equal(o.root, IQ_GO_ORIGIN_UNKNOWN);
}

static void origin_in_a_circle_ends(void **state iq_unused)
{
	struct iq_go_origin o;
	struct fixture x;

	// Nothing but itself leads to the loop.
	begin(&x, "runtime.makechan", "runtime.chanrecv1");
	PUT(&x, RET);
	o = origin(&x, call(&x, SECOND) + 0);
	assert_int_equal(o.root, IQ_GO_ORIGIN_UNKNOWN);
	begin(&x, "runtime.makechan", "runtime.chanrecv1");
	PUT(&x, RET MOV_RAX_SLOT MOV_SLOT_RAX);
	call(&x, SECOND);
	jump(&x, JMP, MAIN + 1);
	o = origin(&x, MAIN + 16);
	assert_int_equal(o.root, IQ_GO_ORIGIN_UNKNOWN);
	// From the beginning on it has its first value.
	begin(&x, "runtime.makechan", "runtime.chanrecv1");
	PUT(&x, MOV_RAX_SLOT MOV_SLOT_RAX);
	call(&x, SECOND);
	jump(&x, JMP, MAIN);
	o = origin(&x, MAIN + 15);
	assert_int_equal(o.root, IQ_GO_ORIGIN_SLOT);
	assert_int_equal(o.value, 8);
}

static struct iq_code_taking taking(struct fixture *x, uint64_t pc)
{
	struct iq_code_taking t;

	code_open(x);
	assert_null(x->code->taking(x->code, pc, &t));
	go_process_close(&x->p);
	return t;
}

static void receive_behind_a_start_is_found(void **state iq_unused)
{
	struct iq_code_taking t;
	struct fixture x;
	uint64_t pc;

	begin(&x, "runtime.newproc", "runtime.chanrecv1");
	pc = call(&x, FIRST);
	jump(&x, JNE, MAIN + 13);
	PUT(&x, XOR_EAX "\x90");
	call(&x, SECOND);
	x.at = 13;
	call(&x, SECOND);
	PUT(&x, RET);
	// The branch leads into the second call, of one that overlaps.
	t = taking(&x, pc);
	assert_false(t.is_known);

	begin(&x, "runtime.newproc", "runtime.chanrecv1");
	pc = call(&x, FIRST);
	jump(&x, JNE, MAIN + 12);
	call(&x, SECOND);
	PUT(&x, RET);
	t = taking(&x, pc);
	assert_true(t.is_known);
	assert_int_equal(t.receives, 1);
	assert_true(t.skips);
	assert_false(t.loops);
	assert_false(t.starts_more);
	assert_int_equal(t.starts, 1);
	assert_int_equal(t.place.line, 10);
}

static void loops_of_takers_are_told(void **state iq_unused)
{
	struct iq_code_taking t;
	struct fixture x;
	uint64_t pc;

	begin(&x, "runtime.newproc", "runtime.chanrecv1");
	pc = call(&x, FIRST);
	call(&x, SECOND);
	jump(&x, JMP, MAIN + 5);
	t = taking(&x, pc);
	assert_true(t.is_known && t.loops && !t.skips && !t.starts_more);

	begin(&x, "runtime.newproc", "runtime.chanrecv1");
	pc = call(&x, FIRST);
	call(&x, SECOND);
	jump(&x, JMP, MAIN);
	t = taking(&x, pc);
	assert_true(t.is_known && !t.loops && t.starts_more);
}

static void
second_receive_on_a_way_is_told_from_another_way(void **state iq_unused)
{
	struct iq_code_taking t;
	struct fixture x;
	uint64_t pc;

	begin(&x, "runtime.newproc", "runtime.chanrecv1");
	pc = call(&x, FIRST);
	call(&x, SECOND);
	jump(&x, JNE, MAIN + 17);
	call(&x, SECOND);
	PUT(&x, RET);
	t = taking(&x, pc);
	assert_true(t.is_known && t.follows && !t.loops && !t.skips);
	assert_int_equal(t.receives, 2);

	begin(&x, "runtime.newproc", "runtime.chanrecv1");
	pc = call(&x, FIRST);
	jump(&x, JNE, MAIN + 13);
	call(&x, SECOND);
	PUT(&x, RET);
	call(&x, SECOND);
	PUT(&x, RET);
	t = taking(&x, pc);
	assert_true(t.is_known && !t.follows && !t.loops && !t.skips);
	assert_int_equal(t.receives, 2);
}

static void what_cannot_be_followed_is_not_known(void **state iq_unused)
{
	const uint64_t pcs[] = {
		MAIN + 6, MAIN, MAIN - 0x1000, 0, UINT64_MAX, SECOND + 0x20,
	};
	struct iq_code_again again;
	struct iq_code_taking t;
	struct fixture x;
	unsigned then;

	begin(&x, "runtime.newproc", "runtime.chanrecv1");
	call(&x, FIRST);
	call(&x, SECOND);
	PUT(&x, RET);
	code_open(&x);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(pcs); i++) {
		assert_null(x.code->taking(x.code, pcs[i], &t));
		assert_false(t.is_known);
		assert_null(x.code->again(x.code, pcs[i], &again));
		assert_false(again.is_known);
		assert_null(x.code->then(x.code, pcs[i], &then));
		assert_int_equal(then, 0);
	}
	go_process_close(&x.p);
}

static void call_that_comes_again_is_told(void **state iq_unused)
{
	struct iq_code_again again;
	struct fixture x;
	unsigned then;
	uint64_t pc;

	begin(&x, "runtime.chansend1", "runtime.chanrecv1");
	PUT(&x, MOV_SLOT_RAX MOV_RAX_SLOT);
	pc = call(&x, FIRST);
	jump(&x, JNE, MAIN + 5);
	call(&x, SECOND);
	PUT(&x, RET);
	code_open(&x);
	assert_null(x.code->again(x.code, pc, &again));
	assert_true(again.is_known && again.loops && !again.unsure);
	assert_false(again.follows);
	assert_null(x.code->then(x.code, pc, &then));
	assert_int_equal(then, IQ_CODE_SENDS | IQ_CODE_TAKES);
	go_process_close(&x.p);
}

static enum iq_code_held held_at(const struct fixture *x, uint64_t pc)
{
	enum iq_code_held held;

	assert_null(x->code->held(x->code, pc, &held));
	return held;
}

static void lock_that_was_taken_before_is_told(void **state iq_unused)
{
	struct fixture x;
	uint64_t first, work, second, other;

	begin(&x, "sync.(*Mutex).Lock", "main.work");
	PUT(&x, MOV_SLOT_RAX);
	first = call(&x, FIRST);
	work = call(&x, SECOND);
	other = call(&x, FIRST);
	PUT(&x, MOV_RAX_SLOT);
	second = call(&x, FIRST);
	PUT(&x, RET);
	code_open(&x);
	assert_int_equal(held_at(&x, first), IQ_CODE_HELD_NONE);
	assert_int_equal(held_at(&x, work), IQ_CODE_HELD_MAYBE);
	// What another call gave may be another lock.
	assert_int_equal(held_at(&x, other), IQ_CODE_HELD_MAYBE);
	assert_int_equal(held_at(&x, second), IQ_CODE_HELD_SAME);
	go_process_close(&x.p);
	// In code that takes none there is nothing to hold.
	begin(&x, "main.other", "main.work");
	call(&x, FIRST);
	work = call(&x, SECOND);
	PUT(&x, RET);
	code_open(&x);
	assert_int_equal(held_at(&x, work), IQ_CODE_HELD_NONE);
	go_process_close(&x.p);
}

static void calls_before_are_counted(void **state iq_unused)
{
	struct iq_code_again again;
	struct fixture x;
	uint64_t pc;

	begin(&x, "runtime.chansend1", "main.work");
	PUT(&x, MOV_SLOT_RAX MOV_RAX_SLOT);
	call(&x, FIRST);
	PUT(&x, MOV_RAX_SLOT);
	call(&x, FIRST);
	PUT(&x, MOV_RAX_SLOT);
	pc = call(&x, FIRST);
	PUT(&x, RET);
	code_open(&x);
	assert_null(x.code->again(x.code, pc, &again));
	assert_true(again.is_known && again.follows && again.always);
	assert_int_equal(again.num_before, 2);
	assert_false(again.before_loops);
	go_process_close(&x.p);
	// The one before comes again.
	begin(&x, "runtime.chansend1", "main.work");
	PUT(&x, MOV_SLOT_RAX MOV_RAX_SLOT);
	call(&x, FIRST);
	jump(&x, JNE, MAIN + 5);
	PUT(&x, MOV_RAX_SLOT);
	pc = call(&x, FIRST);
	PUT(&x, RET);
	code_open(&x);
	assert_null(x.code->again(x.code, pc, &again));
	assert_true(again.is_known && again.before_loops);
	go_process_close(&x.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(circle_of_jumps_ends),
		cmocka_unit_test(jump_out_of_the_function_is_stray),
		cmocka_unit_test(function_without_end_is_stray),
		cmocka_unit_test(code_that_is_none_ends_the_steps),
		cmocka_unit_test(too_much_work_is_said),
		cmocka_unit_test(result_is_followed_through_the_frame),
		cmocka_unit_test(ways_that_disagree_are_unknown),
		cmocka_unit_test(origin_in_a_circle_ends),
		cmocka_unit_test(receive_behind_a_start_is_found),
		cmocka_unit_test(loops_of_takers_are_told),
		cmocka_unit_test(
			second_receive_on_a_way_is_told_from_another_way),
		cmocka_unit_test(what_cannot_be_followed_is_not_known),
		cmocka_unit_test(call_that_comes_again_is_told),
		cmocka_unit_test(lock_that_was_taken_before_is_told),
		cmocka_unit_test(calls_before_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
