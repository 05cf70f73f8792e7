/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/go/goroutine.h"
#include "formats/go/stack_start.h"
#include "formats/go/stacks.h"
#include "formats/go/symbolize.h"
#include "formats/go/unwind.h"
#include "go-process.h"

/* A process with goroutine 1, and its stack when it was unwound. */
struct unwinding {
	struct go_process p;
	uint64_t g;
	uint64_t sp;
	struct iq_go_pc_cache cache;
	struct iq_go_unwind_start start;
	struct iq_go_unwound stack;
};

static void begin_version(struct unwinding *u, const char *version)
{
	memset(u, 0, sizeof(*u));
	go_process_init(&u->p, version);
	u->g = go_process_g(&u->p, 1, IQ_GSTATUS_WAITING, "chan receive");
	u->sp = go_process_sp(&u->p, u->g);
	go_process_allgs(&u->p);
}

static void begin(struct unwinding *u)
{
	begin_version(u, "go1.26.8");
}

static void unwind(struct unwinding *u)
{
	struct iq_go_g g;

	go_process_open(&u->p);
	assert_int_equal(iq_go_g_read(&u->p.rt, u->g, &g), IQ_GO_G_LIVE);
	assert_int_equal(iq_go_stack_start(&u->p.rt, &g, &u->start),
			 IQ_GO_START_FOUND);
	assert_null(iq_go_pc_cache_init(&u->cache, &u->p.rt));
	u->stack.has_fps = true;
	assert_null(iq_go_unwind(&u->cache, &u->start, &u->stack));
}

static void end(struct unwinding *u)
{
	iq_go_unwound_deinit(&u->stack);
	iq_go_pc_cache_deinit(&u->cache);
	go_process_close(&u->p);
}

static void stack_ends_at_goexit_in_every_version(void **state iq_unused)
{
	static const char *const versions[] = {
		"go1.18.10", "go1.20.14", "go1.22.12", "go1.26.8", "go1.27.2",
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(versions); i++) {
		struct unwinding u;

		begin_version(&u, versions[i]);
		unwind(&u);
		assert_int_equal(u.stack.end, IQ_GO_UNWIND_COMPLETE);
		assert_int_equal(u.stack.pcs.len, 3);
		assert_int_equal(u.stack.pcs.data[0], GO_PROCESS_PC_MAIN);
		assert_int_equal(u.stack.pcs.data[1], GO_PROCESS_PC_G);
		assert_int_equal(u.stack.pcs.data[2], GO_PROCESS_PC_GOEXIT);
		assert_int_equal(u.stack.fps.data[0], u.sp + GO_PROCESS_FRAME);
		assert_int_equal(u.stack.fps.data[1],
				 u.sp + 2 * GO_PROCESS_FRAME);
		end(&u);
	}
}

/* Breaks the return address of the first frame. */
static void return_to(struct unwinding *u, uint64_t pc,
		      enum iq_go_unwind_end expected, size_t num_frames)
{
	go_process_word(&u->p, u->sp + GO_PROCESS_FRAME - 8, pc);
	unwind(u);
	assert_int_equal(u->stack.end, expected);
	assert_int_equal(u->stack.pcs.len, num_frames);
	end(u);
}

static void return_into_no_function_ends_it(void **state iq_unused)
{
	static const uint64_t pcs[] = {
		0, 1, GO_IMAGE_TEXT - 1, GO_IMAGE_TEXT + 0x70, UINT64_MAX,
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(pcs); i++) {
		struct unwinding u;

		begin(&u);
		return_to(&u, pcs[i], IQ_GO_UNWIND_NOT_GO, 1);
	}
}

static void return_without_a_call_ends_it(void **state iq_unused)
{
	struct unwinding u;

	begin(&u);
	return_to(&u, GO_PROCESS_PC_G + 7, IQ_GO_UNWIND_NO_CALL, 1);
	begin(&u);
	return_to(&u, GO_IMAGE_TEXT + 0x40, IQ_GO_UNWIND_NO_CALL, 1);
}

static void stack_that_is_not_in_the_core_ends_it(void **state iq_unused)
{
	struct unwinding u;
	// The heap's last frame goes on behind what the core has.
	uint64_t last = GO_PROCESS_HEAP + GO_PROCESS_HEAP_SIZE;
	const struct iq_go_layout *l;

	begin(&u);
	l = u.p.image.version->layout;
	go_process_field(&u.p, u.g, l->g_stack_lo, last - 2048);
	go_process_field(&u.p, u.g, l->g_stack_hi, last + 2048);
	go_process_field(&u.p, u.g, l->g_sched_sp, last - 24);
	unwind(&u);
	assert_int_equal(u.stack.end, IQ_GO_UNWIND_MISSING);
	assert_int_equal(u.stack.pcs.len, 1);
	assert_int_equal(u.stack.end_addr, last - 24);
	end(&u);
}

static void frame_outside_of_the_stack_ends_it(void **state iq_unused)
{
	static const int64_t sps[] = { -8, -1024, INT64_MIN };
	struct unwinding u;
	const struct iq_go_layout *l;
	uint64_t hi;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(sps); i++) {
		begin(&u);
		l = u.p.image.version->layout;
		hi = u.sp + 64 + 2 * GO_PROCESS_FRAME;
		go_process_field(&u.p, u.g, l->g_sched_sp,
				 hi + (uint64_t)sps[i] - (i ? 8192 : 0));
		unwind(&u);
		assert_int_equal(u.stack.end, IQ_GO_UNWIND_OUTSIDE);
		assert_int_equal(u.stack.pcs.len, 1);
		end(&u);
	}
}

static void nil_function_is_left_out(void **state iq_unused)
{
	struct unwinding u;

	begin(&u);
	go_process_field(&u.p, u.g, u.p.image.version->layout->g_sched_pc, 0);
	go_process_field(&u.p, u.g, u.p.image.version->layout->g_sched_sp,
			 u.sp - 8);
	go_process_word(&u.p, u.sp - 8, GO_PROCESS_PC_MAIN);
	unwind(&u);
	assert_int_equal(u.stack.end, IQ_GO_UNWIND_COMPLETE);
	assert_int_equal(u.stack.pcs.len, 3);
	end(&u);
}

static void flag_put(struct unwinding *u, unsigned function, unsigned flag)
{
	go_image_put(&u->p.image,
		     u->p.image.func[function] +
			     u->p.image.version->layout->func_flag.offset,
		     flag, 1);
}

static void function_that_writes_sp_ends_it(void **state iq_unused)
{
	struct unwinding u;

	begin(&u);
	flag_put(&u, 1, IQ_FUNC_SPWRITE);
	unwind(&u);
	assert_int_equal(u.stack.end, IQ_GO_UNWIND_SPWRITE);
	assert_int_equal(u.stack.pcs.len, 2);
	end(&u);
}

static void function_that_stopped_itself_may_write_sp(void **state iq_unused)
{
	struct unwinding u;

	begin(&u);
	flag_put(&u, 0, IQ_FUNC_SPWRITE);
	unwind(&u);
	assert_int_equal(u.stack.end, IQ_GO_UNWIND_COMPLETE);
	// The same with registers: it may have been anywhere.
	u.start.exact = true;
	assert_null(iq_go_unwind(&u.cache, &u.start, &u.stack));
	assert_int_equal(u.stack.end, IQ_GO_UNWIND_SPWRITE);
	assert_int_equal(u.stack.pcs.len, 1);
	end(&u);
}

static void syscall_begins_where_it_was_entered(void **state iq_unused)
{
	const struct iq_go_layout *l;
	struct unwinding u;

	begin(&u);
	l = u.p.image.version->layout;
	go_process_field(&u.p, u.g, l->g_atomicstatus, IQ_GSTATUS_SYSCALL);
	go_process_field(&u.p, u.g, l->g_sched_pc, 1);
	go_process_field(&u.p, u.g, l->g_syscallpc, GO_PROCESS_PC_MAIN);
	go_process_field(&u.p, u.g, l->g_syscallsp, u.sp);
	unwind(&u);
	assert_int_equal(u.stack.end, IQ_GO_UNWIND_COMPLETE);
	assert_int_equal(u.stack.pcs.len, 3);
	end(&u);
}

/* The stack of goroutine 1 as facts have it. */
static const struct iq_stack *read_stack(struct unwinding *u)
{
	const struct iq_stack *stack = NULL;
	struct iq_go_symbolizer *sym;

	go_process_open(&u->p);
	u->p.rt.allgs_addr = GO_PROCESS_BSS + 64;
	assert_null(iq_go_goroutines_read(&u->p.rt));
	assert_int_equal(u->p.rt.num_gs, 1);
	assert_null(iq_go_symbolizer_create(&u->p.rt, &sym));
	assert_null(iq_go_stacks_read(&u->p.rt, sym, &stack));
	iq_go_symbolizer_destroy(sym);
	return stack;
}

static void assert_frame(const struct iq_stack *stack, uint32_t i,
			 const char *function, unsigned line, bool inlined)
{
	const struct iq_frame *f = stack->frames[i];

	assert_int_equal(f->function.len, strlen(function));
	assert_memory_equal(f->function.ptr, function, f->function.len);
	assert_int_equal(f->line, line);
	assert_int_equal(f->inlined, inlined);
	assert_true(f->has_pc);
}

static void calls_are_named_with_those_inlined(void **state iq_unused)
{
	const struct iq_stack *stack;
	struct unwinding u;

	begin(&u);
	stack = read_stack(&u);
	assert_non_null(stack);
	assert_true(stack->complete);
	assert_int_equal(stack->num_frames, 4);
	assert_frame(stack, 0, "main.inner", 5, true);
	assert_frame(stack, 1, "main.main", 10, false);
	assert_frame(stack, 2, "main.G[...]", 20, false);
	assert_int_equal(stack->frames[2]->entry, GO_IMAGE_TEXT + 0x40);
	assert_int_equal(u.p.facts->gaps.len, 0);
	go_process_close(&u.p);
}

static void what_a_signal_interrupted_is_exact(void **state iq_unused)
{
	const struct iq_go_version *v;
	const struct iq_stack *stack;
	struct unwinding u;

	begin(&u);
	v = u.p.image.version;
	// main.G calls sigpanic, as it were: no call stands before its pc.
	go_image_put(&u.p.image,
		     u.p.image.func[0] + v->layout->func_func_id.offset,
		     (uint64_t)v->func_ids->sigpanic, 1);
	go_process_word(&u.p, u.sp + GO_PROCESS_FRAME - 8,
			GO_IMAGE_TEXT + 0x50);
	stack = read_stack(&u);
	assert_non_null(stack);
	assert_true(stack->complete);
	assert_frame(stack, 2, "main.G[...]", 20, false);
	assert_true(stack->frames[2]->pc_exact);
	assert_false(stack->frames[1]->pc_exact);
	go_process_close(&u.p);
}

static void what_was_preempted_is_exact(void **state iq_unused)
{
	const struct iq_go_version *v;
	const struct iq_stack *stack;
	struct unwinding u;

	begin(&u);
	v = u.p.image.version;
	go_image_put(&u.p.image,
		     u.p.image.func[0] + v->layout->func_func_id.offset,
		     (uint64_t)v->func_ids->async_preempt, 1);
	go_process_word(&u.p, u.sp + GO_PROCESS_FRAME - 8,
			GO_IMAGE_TEXT + 0x50);
	stack = read_stack(&u);
	assert_non_null(stack);
	assert_true(stack->complete);
	assert_int_equal(stack->frames[2]->pc, GO_IMAGE_TEXT + 0x50);
	assert_true(stack->frames[2]->pc_exact);
	go_process_close(&u.p);
}

static void stack_that_is_cut_off_is_a_gap(void **state iq_unused)
{
	const struct iq_stack *stack;
	struct unwinding u;

	begin(&u);
	go_process_word(&u.p, u.sp + GO_PROCESS_FRAME - 8, 42);
	stack = read_stack(&u);
	assert_non_null(stack);
	assert_false(stack->complete);
	assert_int_equal(stack->num_frames, 2);
	assert_int_equal(u.p.facts->gaps.len, 1);
	assert_int_equal(u.p.facts->gaps.data[0].addr, u.g);
	go_process_close(&u.p);
}

static void running_without_a_thread_has_no_stack(void **state iq_unused)
{
	struct unwinding u;

	begin(&u);
	go_process_field(&u.p, u.g, u.p.image.version->layout->g_atomicstatus,
			 IQ_GSTATUS_RUNNING);
	assert_null(read_stack(&u));
	assert_int_equal(u.p.facts->gaps.len, 1);
	go_process_close(&u.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stack_ends_at_goexit_in_every_version),
		cmocka_unit_test(return_into_no_function_ends_it),
		cmocka_unit_test(return_without_a_call_ends_it),
		cmocka_unit_test(stack_that_is_not_in_the_core_ends_it),
		cmocka_unit_test(frame_outside_of_the_stack_ends_it),
		cmocka_unit_test(nil_function_is_left_out),
		cmocka_unit_test(function_that_writes_sp_ends_it),
		cmocka_unit_test(function_that_stopped_itself_may_write_sp),
		cmocka_unit_test(syscall_begins_where_it_was_entered),
		cmocka_unit_test(calls_are_named_with_those_inlined),
		cmocka_unit_test(what_a_signal_interrupted_is_exact),
		cmocka_unit_test(what_was_preempted_is_exact),
		cmocka_unit_test(stack_that_is_cut_off_is_a_gap),
		cmocka_unit_test(running_without_a_thread_has_no_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
