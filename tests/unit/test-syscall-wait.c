/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <elf.h>

#include "formats/elf/syscalls.h"
#include "formats/go/cgo_wait.h"
#include "formats/go/goroutine.h"
#include "formats/go/syscall_wait.h"
#include "go-process.h"

/* A goroutine that reads from descriptor 7 by a function that has the name of
 * main.G, whose thread is in the kernel. */
#define CODE (GO_IMAGE_TEXT + 0x45)
#define INSN (GO_IMAGE_TEXT + 0x5c)
#define NAME_OF_G 11
#define BUFFER UINT64_C(0xc000012340)
#define SIGNAL_STACK UINT64_C(0xc0000f0000)

struct calling {
	struct go_process p;
	uint64_t g, sp;
	struct iq_arena arena;
	struct iq_wait wait;
	uint64_t regs[IQ_CORE_MAX_REGS];
	bool no_signal_stack;
};

static void bytes_put(struct calling *t, uint64_t addr, const uint8_t *bytes,
		      size_t len)
{
	for (size_t i = 0; i < len; i++)
		go_process_put(&t->p, addr + i, bytes[i], 1);
}

static void begin(struct calling *t, const char *function)
{
	static const uint8_t code[] = {
		0x48, 0x8b, 0x44, 0x24, 0x10, // MOVQ 0x10(SP), AX
		0x48, 0x8b, 0x5c, 0x24, 0x18, // MOVQ 0x18(SP), BX
		0x48, 0x8b, 0x4c, 0x24, 0x20, // MOVQ 0x20(SP), CX
		0x31, 0xff,		      // XORL DI, DI
	};
	static const uint8_t insn[] = { 0x0f, 0x05 };
	const struct iq_go_layout *l;

	memset(t, 0, sizeof(*t));
	iq_arena_init(&t->arena);
	go_process_init(&t->p, "go1.26.8");
	l = t->p.image.version->layout;
	strcpy((char *)t->p.image.bytes + t->p.image.funcname + NAME_OF_G,
	       function);
	bytes_put(t, CODE, code, sizeof(code));
	bytes_put(t, INSN, insn, sizeof(insn));
	t->g = go_process_g(&t->p, 1, IQ_GSTATUS_SYSCALL, "");
	t->sp = go_process_sp(&t->p, t->g);
	go_process_field(&t->p, t->g, l->g_syscallsp, t->sp);
	go_process_field(&t->p, t->g, l->g_syscallpc, CODE);
	go_process_word(&t->p, t->sp + 0x10, 0);
	go_process_word(&t->p, t->sp + 0x18, 7);
	go_process_word(&t->p, t->sp + 0x20, BUFFER);
}

/* The thread has registers as of amd64: number and result. */
static void thread_set(struct calling *t, uint64_t pc, int64_t number,
		       int64_t result)
{
	const struct iq_syscalls *calls = iq_syscalls_of(EM_X86_64);

	t->regs[16] = pc;
	t->regs[calls->kept_number] = (uint64_t)number;
	t->regs[calls->result] = (uint64_t)result;
	t->regs[calls->args[0]] = 7;
	t->regs[calls->args[1]] = BUFFER;
	t->regs[calls->args[2]] = 100;
}

static const struct iq_syscall_fact *read_wait(struct calling *t)
{
	uint64_t m = go_process_m(&t->p, 42, t->g);
	struct iq_core_thread *thread = &t->p.threads[0];
	struct iq_go_runtime *rt = &t->p.rt;
	struct iq_error *err;

	go_process_allgs(&t->p);
	go_process_open(&t->p);
	memcpy(thread->regs, t->regs, sizeof(t->regs));
	thread->pc = t->regs[16];
	rt->allgs_addr = GO_PROCESS_BSS + 64;
	err = iq_go_goroutines_read(rt);
	assert_null(err);
	rt->ms = calloc(1, sizeof(*rt->ms));
	assert_non_null(rt->ms);
	rt->num_ms = 1;
	rt->ms[0] = (struct iq_go_m){
		.addr = m,
		.curg = t->g,
		.thread = thread,
		.gsignal_lo = SIGNAL_STACK,
		.gsignal_hi = t->no_signal_stack ? 0 : SIGNAL_STACK + 32768,
	};
	t->wait.kind = IQ_WAIT_SYSCALL;
	err = iq_go_cgo_wait_read(rt, &rt->gs[0], NULL, &t->arena, &t->wait);
	assert_null(err);
	err = iq_go_syscall_wait_read(rt, &rt->gs[0], &t->arena, &t->wait);
	assert_null(err);
	return t->wait.syscall;
}

static void end(struct calling *t)
{
	iq_arena_deinit(&t->arena);
	go_process_close(&t->p);
}

static void arguments_are_on_the_stack(void **state iq_unused)
{
	const struct iq_syscall_fact *call;
	struct calling t;

	begin(&t, "syscall.Syscall");
	call = read_wait(&t);
	assert_non_null(call);
	assert_int_equal(call->number, 0);
	assert_string_equal(call->name, "read");
	assert_int_equal(call->num_args, 2);
	assert_int_equal(call->args[1], BUFFER);
	assert_true(call->has_fd);
	assert_int_equal(call->fd, 7);
	assert_false(call->has_result);
	end(&t);
}

static void other_functions_keep_none_there(void **state iq_unused)
{
	struct calling t;

	begin(&t, "main.Syscall");
	assert_null(read_wait(&t));
	end(&t);
}

static void registers_know_all_arguments(void **state iq_unused)
{
	const struct iq_syscall_fact *call;
	struct calling t;

	begin(&t, "syscall.Syscall");
	thread_set(&t, INSN + 2, 0, -512);
	call = read_wait(&t);
	assert_non_null(call);
	assert_int_equal(call->num_args, 3);
	assert_int_equal(call->args[2], 100);
	assert_false(call->has_result);
	end(&t);
}

static void answer_of_the_kernel_is_in_flight(void **state iq_unused)
{
	static const int64_t results[] = { 0, 5, -5, -11 };
	static const int64_t none[] = { -4, -38, -512, -514, -516 };
	struct calling t;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(results); i++) {
		begin(&t, "syscall.Syscall");
		thread_set(&t, INSN + 2, 0, results[i]);
		assert_true(read_wait(&t)->has_result);
		assert_int_equal(t.wait.syscall->result, results[i]);
		end(&t);
	}
	for (size_t i = 0; i < IQ_ARRAY_SIZE(none); i++) {
		begin(&t, "syscall.Syscall");
		thread_set(&t, INSN + 2, 0, none[i]);
		assert_false(read_wait(&t)->has_result);
		end(&t);
	}
}

static void another_call_of_the_thread_says_nothing(void **state iq_unused)
{
	const struct iq_syscall_fact *call;
	struct calling t;

	begin(&t, "syscall.Syscall");
	thread_set(&t, INSN + 2, 202, 5);
	call = read_wait(&t);
	assert_int_equal(call->number, 0);
	assert_int_equal(call->num_args, 2);
	assert_false(call->has_result);
	end(&t);
}

static void registers_alone_tell_a_call_of_the_runtime(void **state iq_unused)
{
	const struct iq_syscall_fact *call;
	struct calling t;

	begin(&t, "runtime.notetsleepg");
	thread_set(&t, INSN + 2, 202, -512);
	call = read_wait(&t);
	assert_non_null(call);
	assert_string_equal(call->name, "futex");
	assert_int_equal(call->num_args, 6);
	assert_false(call->has_fd);
	end(&t);
}

static void who_may_be_in_a_handler_is_in_no_call(void **state iq_unused)
{
	struct calling t;

	begin(&t, "runtime.notetsleepg");
	thread_set(&t, INSN + 2, 202, -512);
	t.no_signal_stack = true;
	assert_null(read_wait(&t));
	end(&t);
}

static void stack_of_zeros_is_no_call(void **state iq_unused)
{
	struct calling t;

	begin(&t, "syscall.Syscall");
	go_process_word(&t.p, t.sp + 0x18, 0);
	go_process_word(&t.p, t.sp + 0x20, 0);
	assert_null(read_wait(&t));
	end(&t);
}

static void thread_outside_of_the_kernel_says_nothing(void **state iq_unused)
{
	struct calling t;

	begin(&t, "runtime.notetsleepg");
	thread_set(&t, INSN + 2, -1, 0);
	assert_null(read_wait(&t));
	end(&t);
	begin(&t, "runtime.notetsleepg");
	thread_set(&t, CODE, 0, 0);
	assert_null(read_wait(&t));
	end(&t);
}

static void number_that_is_none_is_no_call(void **state iq_unused)
{
	struct calling t;

	begin(&t, "syscall.Syscall");
	go_process_word(&t.p, t.sp + 0x10, 0xc000000000);
	assert_null(read_wait(&t));
	end(&t);
}

static void negative_descriptor_is_none(void **state iq_unused)
{
	struct calling t;

	begin(&t, "syscall.Syscall");
	go_process_word(&t.p, t.sp + 0x10, 257);
	go_process_word(&t.p, t.sp + 0x18, (uint64_t)-100);
	assert_string_equal(read_wait(&t)->name, "openat");
	assert_false(t.wait.syscall->has_fd);
	end(&t);
}

static void call_of_c_is_no_call_of_package_syscall(void **state iq_unused)
{
	struct calling t;

	begin(&t, "runtime.cgocall");
	assert_null(read_wait(&t));
	assert_int_equal(t.wait.kind, IQ_WAIT_CGO);
	// The heap is no code: what stands there is no function.
	assert_null(t.wait.cgo);
	end(&t);
}

static void caller_says_which_function_of_c_it_is(void **state iq_unused)
{
	static const struct iq_frame frames[] = {
		{ .function = { "poll", 4 }, .foreign = true, .has_pc = true },
		{ .function = { "runtime.cgocall", 15 } },
		{ .function = { "net._C2func_getaddrinfo", 23 } },
	};
	const struct iq_frame *list[] = { &frames[0], &frames[1], &frames[2] };
	struct iq_stack stack = { .frames = list, .num_frames = 3 };
	struct iq_wait wait = { .kind = IQ_WAIT_SYSCALL };
	struct iq_error *err;
	struct calling t;

	begin(&t, "runtime.cgocall");
	(void)read_wait(&t);
	err = iq_go_cgo_wait_read(&t.p.rt, &t.p.rt.gs[0], &stack, &t.arena,
				  &wait);
	assert_null(err);
	assert_non_null(wait.cgo);
	assert_true(iq_str_equal(wait.cgo->function, IQ_STR("getaddrinfo")));
	stack.num_frames = 2;
	err = iq_go_cgo_wait_read(&t.p.rt, &t.p.rt.gs[0], &stack, &t.arena,
				  &wait);
	assert_null(err);
	assert_true(iq_str_equal(wait.cgo->function, IQ_STR("poll")));
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_are_on_the_stack),
		cmocka_unit_test(other_functions_keep_none_there),
		cmocka_unit_test(registers_know_all_arguments),
		cmocka_unit_test(answer_of_the_kernel_is_in_flight),
		cmocka_unit_test(another_call_of_the_thread_says_nothing),
		cmocka_unit_test(registers_alone_tell_a_call_of_the_runtime),
		cmocka_unit_test(who_may_be_in_a_handler_is_in_no_call),
		cmocka_unit_test(stack_of_zeros_is_no_call),
		cmocka_unit_test(thread_outside_of_the_kernel_says_nothing),
		cmocka_unit_test(number_that_is_none_is_no_call),
		cmocka_unit_test(negative_descriptor_is_none),
		cmocka_unit_test(call_of_c_is_no_call_of_package_syscall),
		cmocka_unit_test(caller_says_which_function_of_c_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
