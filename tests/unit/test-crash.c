/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>

#include "formats/go/crash.h"
#include "formats/go/goroutine.h"
#include "formats/go/signal_frame.h"
#include "formats/go/stack_start.h"
#include "formats/go/thread.h"
#include "go-process.h"

/* A process with a running goroutine on a thread whose registers are on its
 * signal stack. */
struct running {
	struct go_process p;
	const struct iq_go_layout *l;
	uint64_t g, m;
	uint64_t lo; /* of the signal stack */
};

static void begin(struct running *r)
{
	memset(r, 0, sizeof(*r));
	go_process_init(&r->p, "go1.26.8");
	r->l = r->p.image.version->layout;
	r->g = go_process_g(&r->p, 1, IQ_GSTATUS_RUNNING, "");
	go_process_field(&r->p, r->g, r->l->g_sched_sp, 0);
	r->m = go_process_m(&r->p, 100, r->g);
	// The last thing that was allocated.
	r->lo = GO_PROCESS_HEAP + r->p.heap_used - GO_PROCESS_STACK_SIZE;
	// Nothing that was used is all zeros.
	for (uint64_t at = 248; at < GO_PROCESS_STACK_SIZE; at += 256)
		go_process_word(&r->p, r->lo + at, 1);
	r->p.threads[0] = (struct iq_core_thread){
		.tid = 100,
		.pc = GO_IMAGE_TEXT,
		.sp = r->lo + 64,
	};
	r->p.core.num_threads = 1;
	go_process_word(&r->p, GO_PROCESS_BSS + 1024, r->m);
	go_process_allgs(&r->p);
}

/* A signal's frame at @uc, which interrupted @pc with @sp. */
static void frame_put(struct running *r, uint64_t uc, uint64_t pc, uint64_t sp,
		      int signo, int code, uint64_t addr)
{
	go_process_word(&r->p, uc + 16, r->lo);
	go_process_word(&r->p, uc + 32, GO_PROCESS_STACK_SIZE);
	go_process_word(&r->p, uc + 160, sp);
	go_process_word(&r->p, uc + 168, pc);
	go_process_word(&r->p, uc + 184, 0x33);
	go_process_put(&r->p, uc + 304, (uint64_t)signo, 4);
	go_process_put(&r->p, uc + 312, (uint64_t)code, 4);
	go_process_word(&r->p, uc + 320, addr);
}

static void read_process(struct running *r)
{
	go_process_open(&r->p);
	r->p.rt.allgs_addr = GO_PROCESS_BSS + 64;
	r->p.rt.allm_addr = GO_PROCESS_BSS + 1024;
	assert_null(iq_go_goroutines_read(&r->p.rt));
	assert_null(iq_go_threads_read(&r->p.rt));
	assert_int_equal(r->p.rt.num_gs, 1);
	assert_int_equal(r->p.rt.num_ms, 1);
}

static uint64_t own_sp(const struct running *r)
{
	return r->p.rt.gs[0].stack_hi - 128;
}

static uint64_t hi_of(struct running *r)
{
	uint64_t hi = 0;

	memcpy(&hi,
	       r->p.heap + (r->g - GO_PROCESS_HEAP) + r->l->g_stack_hi.offset,
	       sizeof(hi));
	return hi;
}

static void interrupted_code_is_found(void **state iq_unused)
{
	struct iq_go_unwind_start start;
	struct running r;

	begin(&r);
	frame_put(&r, r.lo + 512, GO_PROCESS_PC_MAIN, hi_of(&r) - 128, SIGQUIT,
		  SI_USER, 0);
	read_process(&r);
	assert_int_equal(iq_go_stack_start(&r.p.rt, r.p.rt.gs, &start),
			 IQ_GO_START_FOUND);
	assert_true(start.exact);
	assert_int_equal(start.pc, GO_PROCESS_PC_MAIN);
	assert_int_equal(start.sp, own_sp(&r));
	go_process_close(&r.p);
}

static void nested_signals_lead_to_the_first(void **state iq_unused)
{
	struct iq_go_unwind_start start;
	struct running r;

	begin(&r);
	frame_put(&r, r.lo + 512, 1, r.lo + 1024, SIGABRT, SI_TKILL, 0);
	frame_put(&r, r.lo + 1536, GO_PROCESS_PC_MAIN, hi_of(&r) - 128, SIGQUIT,
		  SI_USER, 0);
	read_process(&r);
	assert_int_equal(iq_go_stack_start(&r.p.rt, r.p.rt.gs, &start),
			 IQ_GO_START_FOUND);
	assert_int_equal(start.pc, GO_PROCESS_PC_MAIN);
	go_process_close(&r.p);
}

static void frames_below_the_stack_pointer_are_old(void **state iq_unused)
{
	struct iq_go_unwind_start start;
	struct running r;

	begin(&r);
	frame_put(&r, r.lo + 512, GO_PROCESS_PC_MAIN, hi_of(&r) - 128, SIGURG,
		  SI_TKILL, 0);
	r.p.threads[0].sp = r.lo + 1024;
	read_process(&r);
	assert_int_equal(iq_go_stack_start(&r.p.rt, r.p.rt.gs, &start),
			 IQ_GO_START_ELSEWHERE);
	go_process_close(&r.p);
}

static void frame_of_another_stack_is_none(void **state iq_unused)
{
	static const struct {
		uint64_t offset;
		uint64_t value;
	} wrong[] = {
		{ 16, 1 },     { 32, 1 },  { 8, 1 },
		{ 184, 0x23 }, { 304, 0 }, { 304, 65 },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(wrong); i++) {
		struct iq_go_signal_frame frame;
		struct running r;
		uint64_t next;

		begin(&r);
		frame_put(&r, r.lo + 512, 1, 2, SIGQUIT, SI_USER, 0);
		go_process_word(&r.p, r.lo + 512 + wrong[i].offset,
				wrong[i].value);
		read_process(&r);
		assert_false(iq_go_signal_frame_find(&r.p.rt, r.p.rt.ms, r.lo,
						     &frame, &next));
		go_process_close(&r.p);
	}
}

static void on_the_system_stack_it_is_where_it_left(void **state iq_unused)
{
	struct iq_go_unwind_start start;
	struct running r;

	begin(&r);
	r.p.threads[0].sp = 0x7fff0000;
	go_process_field(&r.p, r.g, r.l->g_sched_sp, hi_of(&r) - 128);
	read_process(&r);
	assert_int_equal(iq_go_stack_start(&r.p.rt, r.p.rt.gs, &start),
			 IQ_GO_START_FOUND);
	assert_false(start.exact);
	assert_int_equal(start.sp, own_sp(&r));
	go_process_close(&r.p);
}

static void clock_of_the_kernel_is_called_from_its_stack(void **state iq_unused)
{
	struct iq_go_unwind_start start;
	struct running r;

	begin(&r);
	go_process_field(&r.p, r.m, r.l->m_vdso_pc, GO_PROCESS_PC_MAIN);
	go_process_field(&r.p, r.m, r.l->m_vdso_sp, hi_of(&r) - 128);
	read_process(&r);
	assert_int_equal(iq_go_stack_start(&r.p.rt, r.p.rt.gs, &start),
			 IQ_GO_START_FOUND);
	assert_false(start.exact);
	assert_int_equal(start.pc, GO_PROCESS_PC_MAIN);
	go_process_close(&r.p);
}

static void end_is(struct running *r, enum iq_end_kind kind, const char *signal,
		   bool has_goroutine)
{
	const struct iq_process_fact *process;

	read_process(r);
	r->p.core.has_signal = true;
	r->p.core.signal = SIGABRT;
	assert_null(iq_go_crash_read(&r->p.rt));
	process = &r->p.facts->process;
	assert_int_equal(process->end, kind);
	assert_int_equal(process->signal.len, strlen(signal));
	assert_memory_equal(process->signal.ptr, signal, process->signal.len);
	assert_int_equal(process->has_end_goroutine, has_goroutine);
}

/* A signal that the runtime caught and died of. */
static void dies_of(struct running *r, int signo, int code)
{
	begin(r);
	frame_put(r, r->lo + 512, 1, 2, signo, code, 0x1234);
	go_process_field(&r->p, r->m, r->l->m_dying, 1);
	go_process_field(&r->p, r->m, r->l->m_caughtsig, r->g);
	go_process_field(&r->p, r->m, r->l->m_throwing, 2);
}

static void who_wanted_the_dump_is_an_operator(void **state iq_unused)
{
	struct running r;

	dies_of(&r, SIGQUIT, SI_USER);
	end_is(&r, IQ_END_OPERATOR, "SIGQUIT", false);
	go_process_close(&r.p);
	dies_of(&r, SIGABRT, SI_USER);
	end_is(&r, IQ_END_OPERATOR, "SIGABRT", false);
	go_process_close(&r.p);
}

static void signal_of_c_code_is_a_crash(void **state iq_unused)
{
	struct running r;

	dies_of(&r, SIGABRT, SI_TKILL);
	end_is(&r, IQ_END_SIGNAL, "SIGABRT", true);
	assert_false(r.p.facts->process.has_fault_addr);
	go_process_close(&r.p);
	dies_of(&r, SIGSEGV, SEGV_MAPERR);
	end_is(&r, IQ_END_SIGNAL, "SIGSEGV", true);
	assert_true(r.p.facts->process.has_fault_addr);
	assert_int_equal(r.p.facts->process.fault_addr, 0x1234);
	go_process_close(&r.p);
}

static void fault_from_outside_has_no_place(void **state iq_unused)
{
	struct running r;

	dies_of(&r, SIGSEGV, SI_USER);
	end_is(&r, IQ_END_SIGNAL, "SIGSEGV", false);
	assert_false(r.p.facts->process.has_fault_addr);
	go_process_close(&r.p);
}

static void unread_signal_is_no_crash(void **state iq_unused)
{
	struct running r;

	// A frame of the runtime's own SIGABRT, and a stack that ends in it.
	dies_of(&r, SIGABRT, SI_TKILL);
	go_process_field(&r.p, r.m, r.l->m_gsignal, 0);
	end_is(&r, IQ_END_UNKNOWN, "", false);
	assert_int_equal(r.p.facts->gaps.len, 1);
	go_process_close(&r.p);
}

/* The last signal of a process none of whose threads is seen dying. */
static void last_signal_is(struct running *r, int signo, int code)
{
	begin(r);
	read_process(r);
	r->p.core.has_signal = true;
	r->p.core.signal = signo;
	r->p.core.has_signal_code = true;
	r->p.core.signal_code = code;
}

static void abort_of_an_unread_runtime_is_no_crash(void **state iq_unused)
{
	for (unsigned i = 0; i < 5; i++) {
		struct running r;

		// C's abort(), unless Go code raised it.
		last_signal_is(&r, SIGABRT, SI_TKILL);
		if (i != 4)
			r.p.threads[0].pc = 0x1000;
		if (i == 1)
			r.p.rt.has_all_ms = false;
		else if (i == 2)
			r.p.core.truncated = true;
		else if (i == 3)
			r.p.core.has_signal_code = false;
		assert_null(iq_go_crash_read(&r.p.rt));
		assert_int_equal(r.p.facts->process.end,
				 i ? IQ_END_UNKNOWN : IQ_END_SIGNAL);
		assert_int_equal(r.p.facts->gaps.len, i ? 1 : 0);
		go_process_close(&r.p);
	}
}

static void fault_is_a_crash_whatever_was_read(void **state iq_unused)
{
	struct running r;

	last_signal_is(&r, SIGSEGV, SEGV_MAPERR);
	r.p.core.truncated = true;
	assert_null(iq_go_crash_read(&r.p.rt));
	assert_int_equal(r.p.facts->process.end, IQ_END_SIGNAL);
	assert_int_equal(r.p.facts->gaps.len, 0);
	go_process_close(&r.p);
}

static void fatal_error_is_in_the_backlog(void **state iq_unused)
{
	static const char text[] = "fatal error: first\nfatal error: second\n";
	struct running r;

	begin(&r);
	go_process_text(&r.p, GO_PROCESS_BSS + 4096, text);
	go_process_field(&r.p, r.m, r.l->m_dying, 1);
	go_process_field(&r.p, r.m, r.l->m_throwing, 1);
	read_process(&r);
	r.p.module.noptrbss = GO_PROCESS_BSS;
	r.p.module.enoptrbss = GO_PROCESS_BSS + GO_PROCESS_BSS_SIZE;
	assert_null(iq_go_crash_read(&r.p.rt));
	assert_int_equal(r.p.facts->process.end, IQ_END_FATAL);
	assert_true(
		iq_str_equal(r.p.facts->process.end_text, IQ_STR("second")));
	assert_int_equal(r.p.facts->process.end_goroutine, 1);
	assert_int_equal(r.p.facts->gaps.len, 0);
	go_process_close(&r.p);
}

static void fatal_error_without_words_is_a_gap(void **state iq_unused)
{
	struct running r;

	begin(&r);
	go_process_field(&r.p, r.m, r.l->m_dying, 1);
	go_process_field(&r.p, r.m, r.l->m_throwing, 1);
	end_is(&r, IQ_END_FATAL, "", true);
	assert_int_equal(r.p.facts->gaps.len, 1);
	go_process_close(&r.p);
}

static void panic_that_ended_it_is_the_newest(void **state iq_unused)
{
	uint64_t panics[3];
	struct running r;

	// A Goexit, a panic, and one before it; the values are nil.
	begin(&r);
	for (size_t i = 0; i < 3; i++) {
		panics[i] = go_process_alloc(&r.p, r.l->panic_size);
		if (i)
			go_process_field(&r.p, panics[i - 1], r.l->panic_link,
					 panics[i]);
	}
	go_process_field(&r.p, panics[0], r.l->panic_goexit, 1);
	go_process_word(&r.p, panics[2] + r.l->panic_arg.offset, 1);
	go_process_field(&r.p, r.g, r.l->g_panic, panics[0]);
	go_process_field(&r.p, r.m, r.l->m_dying, 1);
	end_is(&r, IQ_END_PANIC, "", true);
	assert_true(iq_str_equal(r.p.facts->process.end_text, IQ_STR("nil")));
	assert_int_equal(r.p.facts->gaps.len, 0);
	go_process_close(&r.p);
}

static void circle_of_panics_ends(void **state iq_unused)
{
	uint64_t panic;
	struct running r;

	begin(&r);
	panic = go_process_alloc(&r.p, r.l->panic_size);
	go_process_field(&r.p, panic, r.l->panic_link, panic);
	go_process_field(&r.p, panic, r.l->panic_goexit, 1);
	go_process_field(&r.p, r.g, r.l->g_panic, panic);
	go_process_field(&r.p, r.m, r.l->m_dying, 1);
	end_is(&r, IQ_END_UNKNOWN, "", false);
	assert_int_equal(r.p.facts->gaps.len, 1);
	go_process_close(&r.p);
}

/* The crash may be in the notes that are lost. */
static void who_has_no_notes_is_not_called_alive(void **state iq_unused)
{
	struct running r;

	begin(&r);
	read_process(&r);
	r.p.core.has_signal = false;
	assert_null(iq_go_crash_read(&r.p.rt));
	assert_int_equal(r.p.facts->process.end, IQ_END_UNKNOWN);
	assert_int_equal(r.p.facts->gaps.len, 1);
	go_process_close(&r.p);
}

static void nobody_died_of_a_core_of_the_living(void **state iq_unused)
{
	struct running r;

	begin(&r);
	read_process(&r);
	r.p.core.from_gcore = true;
	assert_null(iq_go_crash_read(&r.p.rt));
	assert_int_equal(r.p.facts->process.end, IQ_END_NONE);
	go_process_close(&r.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interrupted_code_is_found),
		cmocka_unit_test(nested_signals_lead_to_the_first),
		cmocka_unit_test(frames_below_the_stack_pointer_are_old),
		cmocka_unit_test(frame_of_another_stack_is_none),
		cmocka_unit_test(on_the_system_stack_it_is_where_it_left),
		cmocka_unit_test(clock_of_the_kernel_is_called_from_its_stack),
		cmocka_unit_test(who_wanted_the_dump_is_an_operator),
		cmocka_unit_test(signal_of_c_code_is_a_crash),
		cmocka_unit_test(fault_from_outside_has_no_place),
		cmocka_unit_test(unread_signal_is_no_crash),
		cmocka_unit_test(abort_of_an_unread_runtime_is_no_crash),
		cmocka_unit_test(fault_is_a_crash_whatever_was_read),
		cmocka_unit_test(fatal_error_is_in_the_backlog),
		cmocka_unit_test(fatal_error_without_words_is_a_gap),
		cmocka_unit_test(panic_that_ended_it_is_the_newest),
		cmocka_unit_test(circle_of_panics_ends),
		cmocka_unit_test(who_has_no_notes_is_not_called_alive),
		cmocka_unit_test(nobody_died_of_a_core_of_the_living),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
