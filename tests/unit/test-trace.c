/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/trace/clock.h"
#include "formats/trace/events.h"
#include "formats/trace/frontier.h"
#include "formats/trace/header.h"
#include "formats/trace/reason.h"
#include "formats/trace/wire.h"
#include "trace-builder.h"

/* Times of the built traces: 64 ns a unit. */
#define AT(units) ((int64_t)(units)*64)
#define START 1000000

static const struct iq_trace_goroutine *find(const struct traced *t,
					     uint64_t id)
{
	const struct iq_trace_goroutine *g;

	assert_non_null(t->trace);
	g = iq_trace_find(t->trace, id);
	assert_non_null(g);
	return g;
}

static void expect_whole(const struct traced *t)
{
	assert_null(t->err);
	for (size_t i = 0; i < t->facts->gaps.len; i++)
		print_message("%.*s\n",
			      IQ_STR_ARG(t->facts->gaps.data[i].text));
	assert_true(t->facts->witness.complete);
}

/* Thread 7 with processor 0 runs goroutine 1, from unit START + 10 on. */
static void running(struct trace_builder *b)
{
	trace_thread(b, 7, START + 10);
	EVENT(b, IQ_EV_ProcStatus, 0, 0, 1);
	EVENT(b, IQ_EV_GoStatus, 0, 1, 7, 2);
}

/* Names for what the tests need. */
static void tables(struct trace_builder *b)
{
	trace_string(b, 1, "main.worker");
	trace_string(b, 2, "chan receive");
	trace_string(b, 3, "main.main");
	trace_stack(b, 1, 1, 10);
	trace_stack(b, 2, 3, 20);
}

/* ---- the pieces */

static void events_are_in_order_and_have_a_time(void **state iq_unused)
{
	for (unsigned i = 0; i < 256; i++) {
		const struct iq_trace_event *event = &iq_trace_events[i];

		if (!event->name)
			continue;
		assert_in_range(i, 9, IQ_EV_NUM - 1);
		assert_in_range(event->num_args, 1, IQ_EV_MAX_ARGS + 1);
		assert_in_range(event->since, IQ_TRACE_V2, IQ_TRACE_NEWEST);
		// What came later has a later number, experiments aside.
		assert_true((event->since > 22) == (i > IQ_EV_UserLog));
	}
}

static void number_of_ten_bytes_is_the_longest(void **state iq_unused)
{
	static const uint8_t longest[16] = { 0xff, 0xff, 0xff, 0xff, 0xff,
					     0xff, 0xff, 0xff, 0xff, 0x01 };
	static const uint8_t overflow[16] = { 0xff, 0xff, 0xff, 0xff, 0xff,
					      0xff, 0xff, 0xff, 0xff, 0x02 };
	static const uint8_t endless[16] = { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
					     0x80, 0x80, 0x80, 0x80, 0x01 };
	struct iq_wire w = { .pos = longest };

	assert_true(iq_wire_number(&w) == UINT64_MAX);
	assert_false(w.bad);
	assert_ptr_equal(w.pos, longest + 10);
	w = (struct iq_wire){ .pos = overflow };
	iq_wire_number(&w);
	assert_true(w.bad);
	w = (struct iq_wire){ .pos = endless };
	iq_wire_number(&w);
	assert_true(w.bad);
}

static void units_round_as_go_rounds_them(void **state iq_unused)
{
	struct iq_trace_clock clock = { 0 };

	iq_trace_clock_set(&clock, 15625000);
	assert_true(iq_trace_clock_ns(&clock, 3) == 192);
	assert_true(iq_trace_clock_ns(&clock, UINT64_C(1) << 50) ==
		    INT64_C(1) << 56);
	// int64(float64(7) * (1 / (3e9 / 1e9))), computed with Go.
	iq_trace_clock_set(&clock, 3000000000);
	assert_true(iq_trace_clock_ns(&clock, 7) == 2);
	assert_true(iq_trace_clock_ns(&clock, 9) == 3);
	// Too large for a time.
	iq_trace_clock_set(&clock, 1);
	assert_true(iq_trace_clock_ns(&clock, UINT64_MAX) == INT64_MIN);
}

/* What Go 1.26's slices.SortFunc makes of these times; m is the place where an
 * item was. */
static void equal_times_are_sorted_as_go_does(void **state iq_unused)
{
	static const uint8_t times[40] = { 3, 3, 5, 0, 2, 3, 2, 1, 1, 0,
					   3, 4, 2, 3, 1, 3, 1, 0, 1, 0,
					   1, 3, 2, 1, 3, 4, 3, 2, 1, 1,
					   5, 4, 1, 5, 3, 2, 2, 3, 5, 4 };
	static const uint8_t places[40] = { 9,	19, 17, 3,  29, 14, 20, 7,
					    8,	18, 16, 28, 23, 32, 27, 12,
					    22, 35, 4,	36, 6,	10, 34, 15,
					    24, 37, 26, 13, 1,	0,  21, 5,
					    31, 11, 25, 39, 33, 30, 2,	38 };
	struct iq_run_item items[40];

	for (uint32_t i = 0; i < 40; i++)
		items[i] = (struct iq_run_item){ times[i], i };
	iq_frontier_sort(items, 40);
	for (uint32_t i = 0; i < 40; i++)
		assert_int_equal(items[i].m, places[i]);
}

static void many_times_are_sorted(void **state iq_unused)
{
	enum { NUM = 2000 };
	struct iq_run_item *items = calloc(NUM, sizeof(*items));

	assert_non_null(items);
	for (unsigned pattern = 0; pattern < 6; pattern++) {
		uint64_t sum = 0, random = 88172645463325252u + pattern;

		for (uint32_t i = 0; i < NUM; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			items[i].m = i;
			items[i].time = pattern == 0 ? i :
					pattern == 1 ? NUM - i :
					pattern == 2 ? i % 7 :
					pattern == 3 ? i ^ 1 :
					pattern == 4 ? (int64_t)(random % NUM) :
						       (int64_t)(i * i % 61);
		}
		iq_frontier_sort(items, NUM);
		for (uint32_t i = 0; i < NUM; i++) {
			sum += items[i].m;
			assert_true(!i || items[i - 1].time <= items[i].time);
		}
		assert_true(sum == (uint64_t)NUM * (NUM - 1) / 2);
	}
	free(items);
}

/* ---- files */

static void header_of_an_older_format_is_refused(void **state iq_unused)
{
	struct trace_builder b;
	struct traced t;

	trace_begin(&b, 19);
	t = trace_read(&b, 1);
	assert_non_null(t.err);
	assert_int_equal(t.err->code, IQ_ERROR_UNSUPPORTED);
	assert_non_null(strstr(t.err->text, "go 1.19"));
	traced_deinit(&t);
	trace_deinit(&b);
}

static void
header_of_a_newer_format_is_read_as_the_newest(void **state iq_unused)
{
	struct trace_builder b;
	struct traced t;

	trace_begin(&b, 31);
	trace_generation(&b, 1);
	running(&b);
	trace_generation_end(&b);
	t = trace_read(&b, 1);
	assert_null(t.err);
	assert_true(traced_has_gap(&t, IQ_GAP_LAYOUT, "go 1.31"));
	assert_int_equal(t.trace->num_events, 2);
	traced_deinit(&t);
	trace_deinit(&b);
}

static void what_is_no_header_is_no_trace(void **state iq_unused)
{
	static const char *const texts[] = {
		"go 1.x trace\0\0\0\0",
		"go 1.22 track\0\0",
		"go 1.22 trace\0\0x",
		"<html>go 1.22 trace",
	};
	struct iq_trace_header header;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(texts); i++) {
		struct iq_source source = {
			.data = (const uint8_t *)texts[i],
			.size = 16,
		};

		assert_int_equal(iq_trace_header_read(&source, &header), 0);
	}
}

static void header_alone_is_no_whole_trace(void **state iq_unused)
{
	struct trace_builder b;
	struct traced t;

	trace_begin(&b, 22);
	t = trace_read(&b, 1);
	assert_null(t.err);
	assert_true(traced_has_gap(&t, IQ_GAP_TRUNCATED, "header"));
	traced_deinit(&t);
	trace_deinit(&b);
	// Since 1.26 the end of the last generation is the end.
	trace_begin(&b, 26);
	t = trace_read(&b, 1);
	expect_whole(&t);
	assert_int_equal(t.trace->num_events, 0);
	traced_deinit(&t);
	trace_deinit(&b);
}

static void second_trace_in_a_file_is_named(void **state iq_unused)
{
	struct trace_builder b;
	struct traced t;
	uint64_t end;

	trace_begin(&b, 26);
	trace_generation(&b, 1);
	running(&b);
	trace_generation_end(&b);
	end = b.bytes.len;
	for (unsigned i = 0; i < 16; i++)
		assert_true(iq_vec_push(&b.bytes, b.bytes.data[i]));
	t = trace_read(&b, 1);
	assert_true(traced_has_gap(&t, IQ_GAP_DAMAGED, "another trace"));
	assert_true(t.facts->gaps.data[0].offset == end);
	assert_int_equal(t.trace->num_events, 2);
	traced_deinit(&t);
	trace_deinit(&b);
}

static void generation_without_its_mark_is_cut_off(void **state iq_unused)
{
	struct trace_builder b;
	struct traced t;

	trace_begin(&b, 26);
	trace_generation(&b, 1);
	running(&b);
	t = trace_read(&b, 1);
	assert_true(traced_has_gap(&t, IQ_GAP_TRUNCATED, "cut off"));
	assert_int_equal(t.trace->num_events, 2);
	traced_deinit(&t);
	trace_deinit(&b);
}

static void generation_without_a_clock_is_not_told(void **state iq_unused)
{
	struct trace_builder b;
	struct traced t;

	trace_begin(&b, 22);
	b.generation = 1;
	running(&b);
	t = trace_read(&b, 1);
	assert_null(t.err);
	assert_true(traced_has_gap(&t, IQ_GAP_DAMAGED, "no clock"));
	assert_int_equal(t.trace->num_events, 0);
	traced_deinit(&t);
	trace_deinit(&b);
}

static void missing_stack_is_a_gap_and_no_end(void **state iq_unused)
{
	struct trace_builder b;
	struct traced t;

	trace_begin(&b, 22);
	trace_generation(&b, 1);
	running(&b);
	EVENT(&b, IQ_EV_GoBlock, 5, 2, 99);
	tables(&b);
	t = trace_read(&b, 1);
	assert_true(traced_has_gap(&t, IQ_GAP_DAMAGED, "stacks of events"));
	assert_int_equal(t.trace->num_events, 3);
	assert_int_equal(find(&t, 1)->last_state, IQ_GSTATUS_WAITING);
	traced_deinit(&t);
	trace_deinit(&b);
}

/* ---- order and time */

static void states_take_as_long_as_their_events_say(void **state iq_unused)
{
	struct trace_builder b;
	struct traced t;
	const struct iq_trace_goroutine *g;

	trace_begin(&b, 22);
	trace_generation(&b, 1);
	running(&b);
	EVENT(&b, IQ_EV_GoCreate, 10, 2, 1, 2);	 // at 20
	EVENT(&b, IQ_EV_GoBlock, 10, 2, 2);	 // 1 at 30
	EVENT(&b, IQ_EV_GoStart, 10, 2, 1);	 // 2 at 40
	EVENT(&b, IQ_EV_GoUnblock, 10, 1, 1, 1); // 1 at 50
	EVENT(&b, IQ_EV_GoDestroy, 10);		 // 2 at 60
	EVENT(&b, IQ_EV_GoStart, 10, 1, 2);	 // 1 at 70
	EVENT(&b, IQ_EV_GoStop, 10, 2, 2);	 // 1 at 80
	tables(&b);
	t = trace_read(&b, 1);
	expect_whole(&t);
	assert_true(t.trace->start_ns == AT(START));
	assert_true(t.trace->end_ns == AT(START + 80));
	g = find(&t, 1);
	assert_int_equal(g->running_ns, AT(30) + AT(10));
	assert_int_equal(g->waiting_ns, AT(20));
	assert_int_equal(g->runnable_ns, AT(20));
	assert_int_equal(g->num_blocked, 1);
	assert_int_equal(g->blocked[0].longest_ns, AT(20));
	assert_true(g->has_waker && g->waker == 2);
	assert_int_equal(g->last_state, IQ_GSTATUS_RUNNABLE);
	assert_false(g->since_start);
	g = find(&t, 2);
	assert_true(iq_str_equal(g->name, IQ_STR("main.worker")));
	assert_true(g->has_creator && g->creator == 1);
	assert_int_equal(g->created_ns, AT(START + 20));
	assert_int_equal(g->ended_ns, AT(START + 60));
	assert_int_equal(g->runnable_ns, AT(20));
	assert_int_equal(t.trace->wake_latency.total_ns, AT(20));
	assert_int_equal(t.trace->create_latency.total_ns, AT(20));
	assert_int_equal(t.facts->goroutines.len, 1);
	assert_true(t.facts->goroutines.data[0].has_system);
	assert_false(t.facts->goroutines.data[0].system);
	traced_deinit(&t);
	trace_deinit(&b);
}

static void event_waits_for_the_one_it_follows(void **state iq_unused)
{
	struct trace_builder b;
	struct traced t;

	// Thread 8 starts goroutine 2 before thread 7 says that it is there.
	trace_begin(&b, 22);
	trace_generation(&b, 1);
	trace_thread(&b, 8, START + 5);
	EVENT(&b, IQ_EV_ProcStatus, 0, 1, 1);
	EVENT(&b, IQ_EV_GoStart, 0, 2, 1);
	running(&b);
	EVENT(&b, IQ_EV_GoCreate, 0, 2, 1, 2);
	tables(&b);
	t = trace_read(&b, 1);
	expect_whole(&t);
	// Each is shown a nanosecond after the other at least: the two statuses
	// at START + 10, the creation, the start.
	assert_int_equal(find(&t, 2)->created_ns, AT(START + 10) + 2);
	assert_int_equal(find(&t, 2)->runnable_ns, 1);
	assert_int_equal(t.trace->end_ns, AT(START + 10) + 3);
	traced_deinit(&t);
	trace_deinit(&b);
}

static void coroutine_switch_is_three_events(void **state iq_unused)
{
	struct trace_builder b;
	struct traced t;

	trace_begin(&b, 23);
	trace_generation(&b, 1);
	running(&b);
	EVENT(&b, IQ_EV_GoCreateBlocked, 10, 2, 1, 2); // at 20
	EVENT(&b, IQ_EV_GoSwitch, 10, 2, 1);	       // at 30
	tables(&b);
	t = trace_read(&b, 1);
	expect_whole(&t);
	assert_int_equal(find(&t, 2)->waiting_ns, AT(10));
	assert_true(iq_str_equal(find(&t, 2)->blocked[0].reason,
				 IQ_STR("(created blocked)")));
	assert_int_equal(find(&t, 1)->running_ns, AT(30) + 1);
	assert_int_equal(find(&t, 1)->waiting_ns, 1);
	assert_int_equal(find(&t, 2)->runnable_ns, 2);
	assert_int_equal(t.trace->end_ns, AT(START + 30) + 2);
	assert_int_equal(t.trace->num_events, 4);
	traced_deinit(&t);
	trace_deinit(&b);
}

static void contradiction_ends_the_order(void **state iq_unused)
{
	struct trace_builder b;
	struct traced t;

	trace_begin(&b, 22);
	trace_generation(&b, 1);
	running(&b);
	EVENT(&b, IQ_EV_GoStatus, 5, 1, 7, 4);
	EVENT(&b, IQ_EV_GoBlock, 5, 0, 0);
	t = trace_read(&b, 1);
	assert_true(traced_has_gap(&t, IQ_GAP_DAMAGED, "goroutine 1"));
	assert_int_equal(t.trace->num_events, 2);
	traced_deinit(&t);
	trace_deinit(&b);
}

static void events_that_never_fit_end_the_order(void **state iq_unused)
{
	struct trace_builder b;
	struct traced t;

	trace_begin(&b, 22);
	trace_generation(&b, 1);
	running(&b);
	EVENT(&b, IQ_EV_GoUnblock, 5, 44, 1, 0);
	EVENT(&b, IQ_EV_GoBlock, 5, 0, 0);
	t = trace_read(&b, 1);
	assert_true(traced_has_gap(&t, IQ_GAP_DAMAGED, "no event can be"));
	assert_int_equal(t.trace->num_events, 2);
	traced_deinit(&t);
	trace_deinit(&b);
}

static void cut_event_ends_its_thread(void **state iq_unused)
{
	struct trace_builder b;
	struct traced t;

	trace_begin(&b, 22);
	trace_generation(&b, 1);
	running(&b);
	trace_byte(&b, IQ_EV_GoBlock);
	trace_byte(&b, 1);
	trace_byte(&b, 0x80);
	t = trace_read(&b, 1);
	assert_true(traced_has_gap(&t, IQ_GAP_DAMAGED, "numbers of an event"));
	assert_int_equal(t.trace->num_events, 2);
	traced_deinit(&t);
	trace_deinit(&b);
}

/* ---- generations */

static void state_goes_on_over_generations(void **state iq_unused)
{
	for (unsigned threads = 1; threads <= 2; threads++) {
		struct trace_builder b;
		struct traced t;
		const struct iq_trace_goroutine *g;

		trace_begin(&b, 23);
		trace_generation(&b, 1);
		running(&b);
		EVENT(&b, IQ_EV_UserRegionBegin, 10, 0, 1, 0);
		EVENT(&b, IQ_EV_GoBlock, 10, 2, 2); // at 30
		tables(&b);
		trace_generation(&b, 2);
		trace_thread(&b, 7, START + 100);
		EVENT(&b, IQ_EV_ProcStatus, 0, 0, 1);
		EVENT(&b, IQ_EV_GoStatus, 0, 1, UINT64_MAX, 4);
		EVENT(&b, IQ_EV_GoUnblock, 30, 1, 1, 0); // at 130
		EVENT(&b, IQ_EV_GoStart, 10, 1, 2);	 // at 140
		EVENT(&b, IQ_EV_UserRegionEnd, 10, 0, 5, 0);
		trace_string(&b, 5, "main.worker");
		t = trace_read(&b, threads);
		expect_whole(&t);
		g = find(&t, 1);
		assert_int_equal(t.trace->num_generations, 2);
		assert_int_equal(g->waiting_ns, AT(100));
		assert_true(iq_str_equal(g->blocked[0].reason,
					 IQ_STR("chan receive")));
		assert_int_equal(g->runnable_ns, AT(10));
		assert_int_equal(t.trace->num_regions, 1);
		assert_int_equal(t.trace->regions[0].total_ns, AT(130));
		traced_deinit(&t);
		trace_deinit(&b);
	}
}

static void
generation_that_contradicts_the_last_one_is_told(void **state iq_unused)
{
	struct trace_builder b;
	struct traced t;

	trace_begin(&b, 23);
	trace_generation(&b, 1);
	running(&b);
	trace_generation(&b, 2);
	trace_thread(&b, 7, START + 100);
	EVENT(&b, IQ_EV_ProcStatus, 0, 0, 1);
	EVENT(&b, IQ_EV_GoStatus, 0, 1, UINT64_MAX, 4);
	t = trace_read(&b, 2);
	assert_true(traced_has_gap(&t, IQ_GAP_DAMAGED, "generation 2"));
	assert_int_equal(t.trace->num_events, 3);
	traced_deinit(&t);
	trace_deinit(&b);
}

static void times_increase_over_generations(void **state iq_unused)
{
	struct trace_builder b;
	struct traced t;

	// The second one begins before the first one ends.
	trace_begin(&b, 23);
	trace_generation(&b, 1);
	running(&b);
	EVENT(&b, IQ_EV_HeapAlloc, 90, 4096); // at 100
	trace_generation(&b, 2);
	trace_thread(&b, 7, START + 50);
	EVENT(&b, IQ_EV_ProcStatus, 0, 0, 1);
	EVENT(&b, IQ_EV_GoStatus, 0, 1, 7, 2);
	EVENT(&b, IQ_EV_GoBlock, 0, 0, 0);
	t = trace_read(&b, 2);
	expect_whole(&t);
	// Its start is shown first, then three events.
	assert_int_equal(t.trace->end_ns, AT(START + 100) + 4);
	traced_deinit(&t);
	trace_deinit(&b);
}

/* The thread lost its processor to another one, as the generation before tells:
 * it cannot be out of its syscall before that. */
static void
lost_processor_is_known_from_the_generation_before(void **state iq_unused)
{
	struct trace_builder b;
	struct traced t;

	trace_begin(&b, 23);
	trace_generation(&b, 1);
	running(&b);
	EVENT(&b, IQ_EV_GoSyscallBegin, 10, 1, 0); // at 20
	trace_generation(&b, 2);
	trace_thread(&b, 7, START + 100);
	EVENT(&b, IQ_EV_GoStatus, 0, 1, 7, 3);
	EVENT(&b, IQ_EV_GoSyscallEndBlocked, 10);
	trace_thread(&b, 8, START + 200);
	EVENT(&b, IQ_EV_ProcStatus, 0, 0, 4);
	EVENT(&b, IQ_EV_ProcSteal, 0, 0, 1, 7);
	EVENT(&b, IQ_EV_ProcStart, 0, 0, 2);
	EVENT(&b, IQ_EV_GoStart, 100, 1, 1);
	t = trace_read(&b, 2);
	expect_whole(&t);
	// After the status and the steal at START + 200.
	assert_int_equal(find(&t, 1)->syscall_ns, AT(200) - AT(20) + 2);
	assert_int_equal(find(&t, 1)->last_state, IQ_GSTATUS_RUNNING);
	traced_deinit(&t);
	trace_deinit(&b);
}

/* ---- facts */

static void wait_has_the_words_of_the_runtime(void **state iq_unused)
{
	struct trace_builder b;
	struct traced t;
	const struct iq_goroutine_fact *g;

	trace_begin(&b, 23);
	trace_generation(&b, 1);
	running(&b);
	EVENT(&b, IQ_EV_GoBlock, 10, 2, 2);
	EVENT(&b, IQ_EV_HeapAlloc, 90, 1);
	trace_string(&b, 1, "runtime.chanrecv1");
	trace_string(&b, 2, "forever");
	trace_stack(&b, 2, 1, 20);
	t = trace_read(&b, 1);
	expect_whole(&t);
	assert_int_equal(t.facts->goroutines.len, 1);
	g = &t.facts->goroutines.data[0];
	assert_true(iq_str_equal(g->wait_reason,
				 IQ_STR("chan receive (nil chan)")));
	assert_true(g->has_wait_min && g->wait_exact);
	assert_int_equal(g->wait_min_ns, AT(90));
	traced_deinit(&t);
	trace_deinit(&b);
}

/* The words for a wait at a stack of these functions, innermost first. */
static struct iq_str words_of(const char *event, unsigned minor,
			      const char *const *functions)
{
	struct iq_frame frames[8] = { 0 };
	const struct iq_frame *pointers[8];
	struct iq_stack stack = { .frames = pointers };

	for (; functions[stack.num_frames]; stack.num_frames++) {
		frames[stack.num_frames].function =
			iq_str_of(functions[stack.num_frames]);
		pointers[stack.num_frames] = &frames[stack.num_frames];
	}
	return iq_trace_wait_reason(iq_str_of(event), &stack,
				    IQ_STR("main.worker"), minor);
}

static void expect_words(const char *words, struct iq_str seen)
{
	assert_true(iq_str_equal(iq_str_of(words), seen));
}

static void sync_is_told_by_what_was_called(void **state iq_unused)
{
	static const char *const rlock[] = { "sync.(*RWMutex).RLock", "main.f",
					     NULL };
	static const char *const group[] = { "sync.(*WaitGroup).Wait", "main.f",
					     NULL };

	expect_words("sync.RWMutex.RLock", words_of("sync", 22, rlock));
	// Its semaphore got a name in 1.24, whose header is that of 1.23.
	expect_words("semacquire", words_of("sync", 23, group));
	expect_words("sync.WaitGroup.Wait", words_of("sync", 25, group));
}

static void status_is_told_by_what_parked(void **state iq_unused)
{
	static const char *const receive[] = { "runtime.gopark",
					       "runtime.chanrecv",
					       "runtime.chanrecv1", "main.f",
					       NULL };
	static const char *const lock[] = { "runtime.gopark",
					    "runtime.goparkunlock",
					    "runtime.semacquire1",
					    "sync.runtime_SemacquireMutex",
					    "sync.(*Mutex).lockSlow",
					    "main.f",
					    NULL };
	static const char *const other[] = { "runtime.gopark", "main.f", NULL };

	expect_words("chan receive", words_of("", 23, receive));
	expect_words("sync.Mutex.Lock", words_of("", 23, lock));
	expect_words("", words_of("", 23, other));
	expect_words("a wait of tomorrow",
		     words_of("a wait of tomorrow", 26, other));
}

static void clocks_of_a_snapshot_give_the_wall_time(void **state iq_unused)
{
	struct trace_builder b;
	struct traced t;

	trace_begin(&b, 26);
	trace_generation(&b, 1);
	running(&b);
	EVENT(&b, IQ_EV_GoBlock, 190, 0, 0); // at 200
	trace_generation_end(&b);
	t = trace_read(&b, 1);
	expect_whole(&t);
	assert_true(t.trace->has_wall && t.trace->is_nanotime);
	assert_true(t.trace->wall_mono_ns == AT(START + 100));
	assert_true(t.trace->wall_ns == INT64_C(1700000000000000005));
	assert_true(t.facts->process.has_mono);
	assert_true(t.facts->process.mono_ns == AT(START + 200));
	assert_true(t.facts->process.time_ns ==
		    INT64_C(1700000000000000005) + AT(100));
	traced_deinit(&t);
	trace_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_in_order_and_have_a_time),
		cmocka_unit_test(number_of_ten_bytes_is_the_longest),
		cmocka_unit_test(units_round_as_go_rounds_them),
		cmocka_unit_test(equal_times_are_sorted_as_go_does),
		cmocka_unit_test(many_times_are_sorted),
		cmocka_unit_test(header_of_an_older_format_is_refused),
		cmocka_unit_test(
			header_of_a_newer_format_is_read_as_the_newest),
		cmocka_unit_test(what_is_no_header_is_no_trace),
		cmocka_unit_test(header_alone_is_no_whole_trace),
		cmocka_unit_test(second_trace_in_a_file_is_named),
		cmocka_unit_test(generation_without_its_mark_is_cut_off),
		cmocka_unit_test(generation_without_a_clock_is_not_told),
		cmocka_unit_test(missing_stack_is_a_gap_and_no_end),
		cmocka_unit_test(states_take_as_long_as_their_events_say),
		cmocka_unit_test(event_waits_for_the_one_it_follows),
		cmocka_unit_test(coroutine_switch_is_three_events),
		cmocka_unit_test(contradiction_ends_the_order),
		cmocka_unit_test(events_that_never_fit_end_the_order),
		cmocka_unit_test(cut_event_ends_its_thread),
		cmocka_unit_test(state_goes_on_over_generations),
		cmocka_unit_test(
			generation_that_contradicts_the_last_one_is_told),
		cmocka_unit_test(times_increase_over_generations),
		cmocka_unit_test(
			lost_processor_is_known_from_the_generation_before),
		cmocka_unit_test(wait_has_the_words_of_the_runtime),
		cmocka_unit_test(sync_is_told_by_what_was_called),
		cmocka_unit_test(status_is_told_by_what_parked),
		cmocka_unit_test(clocks_of_a_snapshot_give_the_wall_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
