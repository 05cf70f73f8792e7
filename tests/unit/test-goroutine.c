/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/go/find.h"
#include "formats/go/goroutine.h"
#include "formats/go/thread.h"
#include "go-process.h"

static uint64_t waiting(struct go_process *p, uint64_t goid)
{
	return go_process_g(p, goid, IQ_GSTATUS_WAITING, "chan receive");
}

static const struct iq_go_layout *layout(const struct go_process *p)
{
	return p->image.version->layout;
}

static void read_goroutines(struct go_process *p)
{
	go_process_allgs(p);
	go_process_open(p);
	p->rt.allgs_addr = GO_PROCESS_BSS + 64;
	assert_null(iq_go_goroutines_read(&p->rt));
}

static void goroutines_are_ordered_by_id(void **state iq_unused)
{
	struct go_process p;

	go_process_init(&p, "go1.22.12");
	waiting(&p, 7);
	waiting(&p, 1);
	waiting(&p, 3);
	read_goroutines(&p);
	assert_int_equal(p.rt.num_gs, 3);
	assert_int_equal(p.rt.gs[0].goid, 1);
	assert_int_equal(p.rt.gs[1].goid, 3);
	assert_int_equal(p.rt.gs[2].goid, 7);
	assert_ptr_equal(iq_go_runtime_g(&p.rt, p.gs[0]), &p.rt.gs[2]);
	assert_null(iq_go_runtime_g(&p.rt, p.gs[0] + 8));
	assert_int_equal(p.facts->gaps.len, 0);
	go_process_close(&p);
}

static void dead_ones_are_left_out(void **state iq_unused)
{
	struct go_process p;

	go_process_init(&p, "go1.26.8");
	waiting(&p, 1);
	go_process_g(&p, 2, IQ_GSTATUS_DEAD, "");
	go_process_g(&p, 4, IQ_GSTATUS_DEADEXTRA, "");
	read_goroutines(&p);
	assert_int_equal(p.rt.num_gs, 1);
	assert_int_equal(p.facts->gaps.len, 0);
	go_process_close(&p);
}

static void one_that_never_was_used_is_a_gap(void **state iq_unused)
{
	struct go_process p;

	go_process_init(&p, "go1.26.8");
	waiting(&p, 1);
	go_process_g(&p, 0, IQ_GSTATUS_IDLE, "");
	read_goroutines(&p);
	assert_int_equal(p.rt.num_gs, 1);
	assert_int_equal(p.facts->gaps.len, 1);
	go_process_close(&p);
}

static void scan_bit_is_no_status(void **state iq_unused)
{
	struct go_process p;

	go_process_init(&p, "go1.22.12");
	uint64_t g = waiting(&p, 1);

	go_process_field(&p, g, layout(&p)->g_atomicstatus,
			 0x1000 | IQ_GSTATUS_WAITING);
	read_goroutines(&p);
	assert_int_equal(p.rt.num_gs, 1);
	assert_int_equal(p.rt.gs[0].status, IQ_GSTATUS_WAITING);
	go_process_close(&p);
}

static void leaked_is_a_status_since_it_exists(void **state iq_unused)
{
	struct go_process p;

	go_process_init(&p, "go1.26.8");
	go_process_g(&p, 1, IQ_GSTATUS_LEAKED, "chan receive");
	read_goroutines(&p);
	assert_int_equal(p.rt.num_gs, 1);
	assert_int_equal(p.rt.gs[0].status, IQ_GSTATUS_LEAKED);
	go_process_close(&p);
	go_process_init(&p, "go1.22.12");
	go_process_g(&p, 1, IQ_GSTATUS_LEAKED, "chan receive");
	read_goroutines(&p);
	assert_int_equal(p.rt.num_gs, 0);
	assert_int_equal(p.facts->gaps.len, 1);
	go_process_close(&p);
}

static void absurd_fields_are_a_gap(void **state iq_unused)
{
	struct go_process p;

	go_process_init(&p, "go1.26.8");
	waiting(&p, 1);
	for (uint64_t i = 2; i < 7; i++)
		waiting(&p, i);
	go_process_field(&p, p.gs[1], layout(&p)->g_stack_hi, 1);
	go_process_field(&p, p.gs[2], layout(&p)->g_goid, UINT64_MAX);
	go_process_field(&p, p.gs[3], layout(&p)->g_atomicstatus, 77);
	go_process_field(&p, p.gs[4], layout(&p)->g_sched_g, p.gs[0]);
	read_goroutines(&p);
	assert_int_equal(p.rt.num_gs, 2);
	assert_int_equal(p.facts->gaps.len, 4);
	assert_int_equal(p.facts->gaps.data[0].addr, p.gs[1]);
	go_process_close(&p);
}

static void pointers_to_nowhere_are_a_gap(void **state iq_unused)
{
	struct go_process p;

	go_process_init(&p, "go1.26.8");
	waiting(&p, 1);
	p.gs[p.num_gs++] = 0;
	p.gs[p.num_gs++] = UINT64_MAX;
	p.gs[p.num_gs++] = GO_PROCESS_HEAP + GO_PROCESS_HEAP_SIZE - 8;
	read_goroutines(&p);
	assert_int_equal(p.rt.num_gs, 1);
	assert_int_equal(p.facts->gaps.len, 3);
	go_process_close(&p);
}

static void second_goroutine_of_an_id_is_a_gap(void **state iq_unused)
{
	struct go_process p;

	go_process_init(&p, "go1.26.8");
	waiting(&p, 1);
	waiting(&p, 1);
	read_goroutines(&p);
	assert_int_equal(p.rt.num_gs, 1);
	assert_int_equal(p.facts->gaps.len, 1);
	go_process_close(&p);
}

static void larger_of_stacks_that_overlap_is_left_out(void **state iq_unused)
{
	struct go_process p;

	go_process_init(&p, "go1.26.8");
	for (uint64_t i = 1; i < 6; i++)
		waiting(&p, i);
	go_process_field(&p, p.gs[1], layout(&p)->g_stack_hi,
			 GO_PROCESS_HEAP + GO_PROCESS_HEAP_SIZE);
	read_goroutines(&p);
	assert_int_equal(p.rt.num_gs, 4);
	assert_int_equal(p.rt.gs[1].goid, 3);
	assert_int_equal(p.facts->gaps.len, 1);
	assert_int_equal(p.facts->gaps.data[0].addr, p.gs[1]);
	go_process_close(&p);
}

static void list_longer_than_memory_is_cut(void **state iq_unused)
{
	struct go_process p;

	go_process_init(&p, "go1.26.8");
	waiting(&p, 1);
	go_process_allgs(&p);
	go_process_word(&p, GO_PROCESS_BSS + 64 + 8, UINT64_C(1) << 40);
	go_process_word(&p, GO_PROCESS_BSS + 64 + 16, UINT64_C(1) << 40);
	go_process_open(&p);
	p.rt.allgs_addr = GO_PROCESS_BSS + 64;
	assert_null(iq_go_goroutines_read(&p.rt));
	assert_int_equal(p.rt.num_gs, 1);
	assert_true(p.facts->gaps.len > 0);
	go_process_close(&p);
}

static void allgs_is_found_in_bss(void **state iq_unused)
{
	static const char *const versions[] = { "go1.18.10", "go1.22.12",
						"go1.24.11", "go1.26.8" };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(versions); i++) {
		struct go_process p;

		go_process_init(&p, versions[i]);
		waiting(&p, 1);
		waiting(&p, 2);
		go_process_g(&p, 3, IQ_GSTATUS_DEAD, "");
		go_process_allgs(&p);
		// Others that look like it: empty, and of something else.
		go_process_slice(&p, GO_PROCESS_BSS, GO_PROCESS_HEAP, 1);
		go_process_word(&p, GO_PROCESS_BSS + 16, 1);
		go_process_open(&p);
		iq_go_find_allgs(&p.rt);
		assert_int_equal(p.rt.allgs_addr, GO_PROCESS_BSS + 64);
		go_process_close(&p);
	}
}

static void allgs_is_found_where_one_g_is_damaged(void **state iq_unused)
{
	struct go_process p;

	go_process_init(&p, "go1.26.8");
	for (uint64_t i = 1; i < 6; i++)
		waiting(&p, i);
	go_process_field(&p, p.gs[0], layout(&p)->g_goid, UINT64_MAX);
	go_process_allgs(&p);
	go_process_open(&p);
	iq_go_find_allgs(&p.rt);
	assert_int_equal(p.rt.allgs_addr, GO_PROCESS_BSS + 64);
	go_process_close(&p);
}

static void nothing_is_found_in_empty_bss(void **state iq_unused)
{
	struct go_process p;

	go_process_init(&p, "go1.26.8");
	go_process_open(&p);
	iq_go_find_allgs(&p.rt);
	iq_go_find_allm(&p.rt);
	iq_go_find_rest(&p.rt);
	assert_int_equal(p.rt.allgs_addr, 0);
	assert_int_equal(p.rt.allm_addr, 0);
	assert_int_equal(p.rt.sched_addr, 0);
	assert_int_equal(p.rt.allp_addr, 0);
	assert_int_equal(p.rt.memstats_addr, 0);
	assert_null(iq_go_goroutines_read(&p.rt));
	assert_null(iq_go_threads_read(&p.rt));
	assert_int_equal(p.rt.num_gs + p.rt.num_ms, 0);
	assert_int_equal(p.facts->gaps.len, 2);
	go_process_close(&p);
}

/* Two threads, the second one first in the list; allm and a word that points
 * to the first one alone. */
static void threads_make(struct go_process *p, uint64_t *ms)
{
	uint64_t g = waiting(p, 1);

	ms[0] = go_process_m(p, 100, 0);
	ms[1] = go_process_m(p, 101, g);
	go_process_field(p, ms[1], layout(p)->m_alllink, ms[0]);
	go_process_word(p, GO_PROCESS_BSS + 1024, ms[0]);
	go_process_word(p, GO_PROCESS_BSS + 1032, ms[1]);
	p->threads[0] = (struct iq_core_thread){ .tid = 101 };
	p->threads[1] = (struct iq_core_thread){ .tid = 100 };
	p->threads[2] = (struct iq_core_thread){ .tid = 102 };
	p->core.num_threads = 3;
}

static void threads_are_found_and_joined_by_id(void **state iq_unused)
{
	struct go_process p;
	uint64_t ms[2];

	go_process_init(&p, "go1.24.11");
	threads_make(&p, ms);
	read_goroutines(&p);
	iq_go_find_allm(&p.rt);
	assert_int_equal(p.rt.allm_addr, GO_PROCESS_BSS + 1032);
	assert_null(iq_go_threads_read(&p.rt));
	assert_int_equal(p.rt.num_ms, 2);
	assert_ptr_equal(iq_go_runtime_m(&p.rt, ms[1])->thread, &p.threads[0]);
	assert_ptr_equal(iq_go_runtime_m(&p.rt, ms[0])->thread, &p.threads[1]);
	iq_go_find_check(&p.rt);
	assert_int_equal(p.facts->gaps.len, 0);
	go_process_close(&p);
}

static void
threads_of_another_namespace_are_joined_by_stack(void **state iq_unused)
{
	struct go_process p;
	uint64_t ms[2];

	go_process_init(&p, "go1.24.11");
	threads_make(&p, ms);
	for (size_t i = 0; i < 3; i++)
		p.threads[i].tid += 1000;
	p.threads[2].sp = go_process_sp(&p, p.gs[0]);
	read_goroutines(&p);
	iq_go_find_allm(&p.rt);
	assert_null(iq_go_threads_read(&p.rt));
	assert_ptr_equal(iq_go_runtime_m(&p.rt, ms[1])->thread, &p.threads[2]);
	assert_null(iq_go_runtime_m(&p.rt, ms[0])->thread);
	go_process_close(&p);
}

static void circle_of_threads_is_a_gap(void **state iq_unused)
{
	struct go_process p;
	uint64_t ms[2];

	go_process_init(&p, "go1.24.11");
	threads_make(&p, ms);
	go_process_field(&p, ms[0], layout(&p)->m_alllink, ms[1]);
	read_goroutines(&p);
	p.rt.allm_addr = GO_PROCESS_BSS + 1032;
	assert_null(iq_go_threads_read(&p.rt));
	assert_true(p.rt.num_ms >= 2);
	assert_int_equal(p.facts->gaps.len, 1);
	go_process_close(&p);
}

static void thread_that_is_not_in_the_core_is_a_gap(void **state iq_unused)
{
	struct go_process p;
	uint64_t ms[2];

	go_process_init(&p, "go1.24.11");
	threads_make(&p, ms);
	p.threads[1].tid = 99;
	read_goroutines(&p);
	iq_go_find_allm(&p.rt);
	assert_null(iq_go_threads_read(&p.rt));
	iq_go_find_check(&p.rt);
	assert_int_equal(p.facts->gaps.len, 1);
	assert_int_equal(p.facts->gaps.data[0].addr, ms[0]);
	go_process_close(&p);
}

static void processors_are_the_longest_list(void **state iq_unused)
{
	const struct iq_go_layout *l;
	struct go_process p;
	uint64_t array;

	go_process_init(&p, "go1.22.12");
	l = layout(&p);
	waiting(&p, 1);
	array = go_process_alloc(&p, 16);
	for (uint64_t i = 0; i < 2; i++) {
		uint64_t at = go_process_alloc(&p, l->p_size);

		go_process_field(&p, at, l->p_id, i);
		go_process_field(&p, at, l->p_mcache, at);
		go_process_word(&p, array + 8 * i, at);
	}
	for (uint64_t i = 1; i <= 2; i++) {
		go_process_slice(&p, GO_PROCESS_BSS + 2048 * i, array, i);
		go_process_word(&p, GO_PROCESS_BSS + 2048 * i + 16, 2);
	}
	read_goroutines(&p);
	iq_go_find_rest(&p.rt);
	assert_int_equal(p.rt.allp_addr, GO_PROCESS_BSS + 4096);
	go_process_close(&p);
}

static void idle_processor_has_no_thread(void **state iq_unused)
{
	const struct iq_go_layout *l;
	struct go_process p;
	uint64_t array, at;

	go_process_init(&p, "go1.22.12");
	l = layout(&p);
	waiting(&p, 1);
	array = go_process_alloc(&p, 8);
	at = go_process_alloc(&p, l->p_size);
	go_process_field(&p, at, l->p_mcache, at);
	go_process_field(&p, at, l->p_m, at);
	go_process_word(&p, array, at);
	go_process_slice(&p, GO_PROCESS_BSS + 2048, array, 1);
	go_process_word(&p, GO_PROCESS_BSS + 2048 + 16, 1);
	read_goroutines(&p);
	iq_go_find_rest(&p.rt);
	assert_int_equal(p.rt.allp_addr, 0);
	go_process_close(&p);
}

static void scheduler_has_numbered_all_goroutines(void **state iq_unused)
{
	const struct iq_go_layout *l;
	struct go_process p;
	uint64_t sched = GO_PROCESS_BSS + 8192;

	go_process_init(&p, "go1.26.8");
	l = layout(&p);
	waiting(&p, 1);
	waiting(&p, 20);
	go_process_field(&p, sched, l->sched_maxmcount, 10000);
	go_process_field(&p, sched, l->sched_goidgen, 32);
	read_goroutines(&p);
	iq_go_find_rest(&p.rt);
	assert_int_equal(p.rt.sched_addr, sched);
	iq_go_find_check(&p.rt);
	assert_int_equal(p.facts->gaps.len, 0);
	// By symbol it would be found whatever it says.
	go_process_field(&p, sched, l->sched_goidgen, 3);
	iq_go_find_check(&p.rt);
	assert_int_equal(p.facts->gaps.len, 1);
	go_process_close(&p);
}

static void memstats_are_found_by_agreeing_clocks(void **state iq_unused)
{
	const uint64_t wall = 1795237862272319831, mono = 1000000000;
	uint64_t at = GO_PROCESS_BSS + 8192;
	const struct iq_go_layout *l;
	struct go_process p;

	for (unsigned wrong = 0; wrong < 2; wrong++) {
		go_process_init(&p, "go1.22.12");
		l = layout(&p);
		waiting(&p, 1);
		go_process_field(&p, at, l->mstats_last_gc_unix, wall);
		go_process_field(&p, at, l->mstats_last_gc_nanotime, mono);
		go_process_field(&p, at, l->mstats_numgc, 3);
		go_process_word(&p, at + l->mstats_pause_end.offset + 16,
				wall + wrong);
		read_goroutines(&p);
		iq_go_find_rest(&p.rt);
		assert_int_equal(p.rt.memstats_addr, wrong ? 0 : at);
		go_process_close(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goroutines_are_ordered_by_id),
		cmocka_unit_test(dead_ones_are_left_out),
		cmocka_unit_test(one_that_never_was_used_is_a_gap),
		cmocka_unit_test(scan_bit_is_no_status),
		cmocka_unit_test(leaked_is_a_status_since_it_exists),
		cmocka_unit_test(absurd_fields_are_a_gap),
		cmocka_unit_test(pointers_to_nowhere_are_a_gap),
		cmocka_unit_test(second_goroutine_of_an_id_is_a_gap),
		cmocka_unit_test(larger_of_stacks_that_overlap_is_left_out),
		cmocka_unit_test(list_longer_than_memory_is_cut),
		cmocka_unit_test(allgs_is_found_in_bss),
		cmocka_unit_test(allgs_is_found_where_one_g_is_damaged),
		cmocka_unit_test(nothing_is_found_in_empty_bss),
		cmocka_unit_test(threads_are_found_and_joined_by_id),
		cmocka_unit_test(
			threads_of_another_namespace_are_joined_by_stack),
		cmocka_unit_test(circle_of_threads_is_a_gap),
		cmocka_unit_test(thread_that_is_not_in_the_core_is_a_gap),
		cmocka_unit_test(processors_are_the_longest_list),
		cmocka_unit_test(idle_processor_has_no_thread),
		cmocka_unit_test(scheduler_has_numbered_all_goroutines),
		cmocka_unit_test(memstats_are_found_by_agreeing_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
