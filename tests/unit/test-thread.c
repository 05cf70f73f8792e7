/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <elf.h>

#include "formats/go/goroutine.h"
#include "formats/go/goroutine_threads.h"
#include "formats/go/thread.h"
#include "go-process.h"

#define ALLM (GO_PROCESS_BSS + 1024)
/* Thread-local memory of each thread ends there. */
#define TLS(i) (GO_PROCESS_BSS + 16384 + 256 * (uint64_t)(i))

/* Two threads of the runtime, the first at work for goroutine 1, and one of
 * C code; the runtime calls them 100 and 101. */
struct threads {
	struct go_process p;
	const struct iq_go_layout *l;
	uint64_t g[2];
	uint64_t m[2];
};

static void begin(struct threads *t, const uint64_t tids[3])
{
	memset(t, 0, sizeof(*t));
	go_process_init(&t->p, "go1.26.8");
	t->l = t->p.image.version->layout;
	t->g[0] = go_process_g(&t->p, 1, IQ_GSTATUS_RUNNING, "");
	t->m[0] = go_process_m(&t->p, 100, t->g[0]);
	t->m[1] = go_process_m(&t->p, 101, 0);
	memcpy(&t->g[1],
	       t->p.heap + (t->m[1] - GO_PROCESS_HEAP) + t->l->m_g0.offset,
	       sizeof(t->g[1]));
	go_process_field(&t->p, t->m[1], t->l->m_alllink, t->m[0]);
	go_process_word(&t->p, ALLM, t->m[1]);
	for (size_t i = 0; i < 3; i++)
		t->p.threads[i] = (struct iq_core_thread){
			.tid = tids[i],
			.has_tls = true,
			.tls = TLS(i),
		};
	t->p.core.num_threads = 3;
	go_process_allgs(&t->p);
}

static void join(struct threads *t)
{
	go_process_open(&t->p);
	t->p.rt.allgs_addr = GO_PROCESS_BSS + 64;
	t->p.rt.allm_addr = ALLM;
	assert_null(iq_go_goroutines_read(&t->p.rt));
	assert_null(iq_go_threads_read(&t->p.rt));
	assert_int_equal(t->p.rt.num_ms, 2);
}

/* Index of the thread that m number @i is, or -1. */
static int thread_of(const struct threads *t, size_t i)
{
	const struct iq_go_m *m = iq_go_runtime_m(&t->p.rt, t->m[i]);

	assert_non_null(m);
	return m->thread ? (int)(m->thread - t->p.threads) : -1;
}

static uint64_t stack_of(const struct threads *t, size_t i)
{
	uint64_t hi;

	memcpy(&hi,
	       t->p.heap + (t->g[i] - GO_PROCESS_HEAP) +
		       t->l->g_stack_hi.offset,
	       sizeof(hi));
	return hi - 64;
}

static const uint64_t elsewhere[3] = { 4711, 4712, 4713 };

static void ids_say_which_thread_it_is(void **state iq_unused)
{
	static const uint64_t tids[3] = { 101, 7, 100 };
	struct threads t;

	begin(&t, tids);
	join(&t);
	assert_int_equal(thread_of(&t, 0), 2);
	assert_int_equal(thread_of(&t, 1), 0);
	go_process_close(&t.p);
}

static void local_memory_says_it_where_ids_are_others(void **state iq_unused)
{
	struct threads t;

	begin(&t, elsewhere);
	go_process_word(&t.p, TLS(2) - 8, t.g[0]);
	go_process_word(&t.p, TLS(0) - 8, t.g[1]);
	join(&t);
	assert_int_equal(thread_of(&t, 0), 2);
	assert_int_equal(thread_of(&t, 1), 0);
	go_process_close(&t.p);
}

static void local_memory_of_c_shifts_the_place(void **state iq_unused)
{
	struct threads t;

	begin(&t, elsewhere);
	go_process_word(&t.p, TLS(1) - 0x290, t.g[0]);
	go_process_word(&t.p, TLS(2) - 0x290, t.g[1]);
	// A word that looks like one, of a single thread.
	go_process_word(&t.p, TLS(0) - 0x70, t.g[1]);
	join(&t);
	assert_int_equal(thread_of(&t, 0), 1);
	assert_int_equal(thread_of(&t, 1), 2);
	go_process_close(&t.p);
}

static void ids_of_other_threads_are_no_ids(void **state iq_unused)
{
	// The same numbers in another namespace, of others.
	static const uint64_t tids[3] = { 101, 100, 99 };
	struct threads t;

	begin(&t, tids);
	go_process_word(&t.p, TLS(0) - 8, t.g[0]);
	go_process_word(&t.p, TLS(1) - 8, t.g[1]);
	join(&t);
	assert_int_equal(thread_of(&t, 0), 0);
	assert_int_equal(thread_of(&t, 1), 1);
	go_process_close(&t.p);
}

static void register_says_it_on_the_stack_of_its_g(void **state iq_unused)
{
	struct threads t;
	int8_t g = iq_arch_find(EM_X86_64)->g;

	begin(&t, elsewhere);
	for (size_t i = 0; i < 3; i++)
		t.p.threads[i].has_tls = false;
	t.p.threads[0].regs[g] = t.g[1];
	t.p.threads[0].sp = stack_of(&t, 1);
	// What Go left there, long ago.
	t.p.threads[1].regs[g] = t.g[0];
	t.p.threads[1].sp = 0x7fff00000000;
	join(&t);
	assert_int_equal(thread_of(&t, 0), -1);
	assert_int_equal(thread_of(&t, 1), 0);
	go_process_close(&t.p);
}

static void stack_says_it_where_nothing_else_does(void **state iq_unused)
{
	struct threads t;

	begin(&t, elsewhere);
	t.p.threads[1].sp = stack_of(&t, 0);
	join(&t);
	assert_int_equal(thread_of(&t, 0), 1);
	assert_int_equal(thread_of(&t, 1), -1);
	go_process_close(&t.p);
}

static void g_of_no_thread_is_none(void **state iq_unused)
{
	struct threads t;

	begin(&t, elsewhere);
	// Goroutine 1, which its m does not have in hand any more.
	go_process_field(&t.p, t.m[0], t.l->m_curg, 0);
	go_process_word(&t.p, TLS(0) - 8, t.g[0]);
	go_process_word(&t.p, TLS(1) - 8, t.g[0] + 1);
	go_process_word(&t.p, TLS(2) - 8, UINT64_MAX - 7);
	join(&t);
	assert_int_equal(thread_of(&t, 0), -1);
	assert_int_equal(thread_of(&t, 1), -1);
	go_process_close(&t.p);
}

/* The goroutines that are known after the threads have been asked. */
static size_t count_known(struct threads *t, uint64_t allgs)
{
	go_process_open(&t->p);
	t->p.rt.allgs_addr = allgs;
	t->p.rt.allm_addr = ALLM;
	assert_null(iq_go_goroutines_read(&t->p.rt));
	assert_null(iq_go_threads_read(&t->p.rt));
	assert_null(iq_go_goroutines_of_threads(&t->p.rt));
	return t->p.rt.num_gs;
}

static void
thread_tells_its_goroutine_where_the_list_is_lost(void **state iq_unused)
{
	struct threads t;

	begin(&t, elsewhere);
	go_process_field(&t.p, t.g[0], t.l->g_m, t.m[0]);
	assert_int_equal(count_known(&t, 0), 1);
	assert_int_equal(t.p.rt.gs[0].goid, 1);
	assert_non_null(iq_go_runtime_g(&t.p.rt, t.g[0]));
	go_process_close(&t.p);
}

static void thread_tells_no_goroutine_that_is_not_on_it(void **state iq_unused)
{
	struct threads t;

	begin(&t, elsewhere);
	go_process_field(&t.p, t.g[0], t.l->g_m, t.m[1]);
	assert_int_equal(count_known(&t, 0), 0);
	go_process_close(&t.p);
}

static void whole_list_needs_no_thread(void **state iq_unused)
{
	struct threads t;

	begin(&t, elsewhere);
	go_process_field(&t.p, t.g[0], t.l->g_m, t.m[0]);
	// An empty one.
	go_process_slice(&t.p, GO_PROCESS_BSS + 96, GO_PROCESS_HEAP, 0);
	assert_int_equal(count_known(&t, GO_PROCESS_BSS + 96), 0);
	go_process_close(&t.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_say_which_thread_it_is),
		cmocka_unit_test(local_memory_says_it_where_ids_are_others),
		cmocka_unit_test(local_memory_of_c_shifts_the_place),
		cmocka_unit_test(ids_of_other_threads_are_no_ids),
		cmocka_unit_test(register_says_it_on_the_stack_of_its_g),
		cmocka_unit_test(stack_says_it_where_nothing_else_does),
		cmocka_unit_test(g_of_no_thread_is_none),
		cmocka_unit_test(
			thread_tells_its_goroutine_where_the_list_is_lost),
		cmocka_unit_test(thread_tells_no_goroutine_that_is_not_on_it),
		cmocka_unit_test(whole_list_needs_no_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
