/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/go/clock.h"
#include "go-process.h"

#define SECOND 1000000000ll
/* As long as one may run on that helped a collection to its end. */
#define RUN_ON (SECOND / 50)

/* Collections that ended 10, 20 and 30 s after the clock's start; the process
 * between 40 and 41 s. */
static const struct iq_go_clock three = {
	.has_low = true,
	.low = 40 * SECOND,
	.has_high = true,
	.high = 41 * SECOND,
	.num_gcs = 3,
	.gcs = {
		{ 10 * SECOND, 100000 },
		{ 20 * SECOND, 100000 },
		{ 30 * SECOND, 100000 },
	},
};

static void seen_by_a_collection_is_at_least_since_then(void **state iq_unused)
{
	// The first one ended; the second one saw it.
	struct iq_go_wait_time t = iq_go_clock_wait(&three, 10 * SECOND - 1000);

	assert_true(t.has_min);
	assert_int_equal(t.min_ns, 20 * SECOND - RUN_ON);
	// The first collection sets nothing: it may have waited before.
	assert_false(t.has_max);
}

static void not_seen_by_the_one_before_is_at_most(void **state iq_unused)
{
	struct iq_go_wait_time t = iq_go_clock_wait(&three, 20 * SECOND - 1000);

	assert_true(t.has_min);
	assert_int_equal(t.min_ns, 10 * SECOND - RUN_ON);
	assert_true(t.has_max);
	assert_int_equal(t.max_ns, 31 * SECOND);
}

static void seen_by_the_one_that_runs_is_at_most_alone(void **state iq_unused)
{
	struct iq_go_wait_time t = iq_go_clock_wait(&three, 30 * SECOND - 1000);

	assert_false(t.has_min);
	assert_true(t.has_max);
	assert_int_equal(t.max_ns, 21 * SECOND);
}

static void never_seen_began_after_the_last_but_one(void **state iq_unused)
{
	struct iq_go_wait_time t = iq_go_clock_wait(&three, 0);

	assert_false(t.has_min);
	assert_true(t.has_max);
	assert_int_equal(t.max_ns, 21 * SECOND);
}

static void never_seen_after_one_collection_says_nothing(void **state iq_unused)
{
	struct iq_go_clock clock = three;
	struct iq_go_wait_time t;

	clock.num_gcs = 1;
	t = iq_go_clock_wait(&clock, 0);
	assert_false(t.has_min || t.has_max);
	clock.num_gcs = 0;
	t = iq_go_clock_wait(&clock, 5 * SECOND);
	assert_false(t.has_min || t.has_max);
}

static void unknown_end_gives_no_upper_bound(void **state iq_unused)
{
	struct iq_go_clock clock = three;
	struct iq_go_wait_time t;

	clock.has_high = false;
	t = iq_go_clock_wait(&clock, 20 * SECOND - 1000);
	assert_true(t.has_min);
	assert_false(t.has_max);
}

static void later_than_all_collections_says_nothing(void **state iq_unused)
{
	struct iq_go_wait_time t = iq_go_clock_wait(&three, 35 * SECOND);

	assert_false(t.has_min || t.has_max);
	t = iq_go_clock_wait(&three, INT64_MAX);
	assert_false(t.has_min || t.has_max);
	t = iq_go_clock_wait(&three, INT64_MIN);
	assert_false(t.has_min);
}

static void collections_close_to_one_another_widen_it(void **state iq_unused)
{
	struct iq_go_clock clock = three;
	struct iq_go_wait_time t;

	// Which of the two ended after W is within what the clock may err.
	clock.gcs[1].end = clock.gcs[0].end + 1000000;
	t = iq_go_clock_wait(&clock, clock.gcs[0].end - 1000);
	assert_true(t.has_min);
	assert_int_equal(t.min_ns, 10 * SECOND - RUN_ON);
	assert_false(t.has_max);
}

static void coroutines_leave_no_lower_bound(void **state iq_unused)
{
	struct iq_go_clock clock = three;
	struct iq_go_wait_time t;

	clock.has_coroutines = true;
	t = iq_go_clock_wait(&clock, 20 * SECOND - 1000);
	assert_false(t.has_min);
	assert_true(t.has_max);
	assert_int_equal(t.max_ns, 31 * SECOND);
}

/* A process whose table of function names has @name. */
static bool has_coroutines(const char *version, const char *name)
{
	struct iq_go_clock clock;
	struct go_process p;

	go_process_init(&p, version);
	memcpy(p.image.bytes + p.image.funcname, name, strlen(name));
	go_process_open(&p);
	iq_go_clock_read(&p.rt, &clock);
	go_process_close(&p);
	return clock.has_coroutines;
}

static void coroutines_are_known_by_their_code(void **state iq_unused)
{
	assert_true(has_coroutines("go1.26.8", "runtime.coroswitch_m"));
	assert_false(has_coroutines("go1.26.8", "runtime.coroswitch_x"));
	assert_false(has_coroutines("go1.20", "runtime.coroswitch_m"));
}

static void time_of_no_collection_says_nothing(void **state iq_unused)
{
	struct iq_go_wait_time t = iq_go_clock_wait(&three, 15 * SECOND);

	assert_false(t.has_min || t.has_max);
}

#define WALL (1795237862ll * SECOND)

/* A process whose last of @num collections ended 30 s after the clock's start,
 * the others 10 s apart; it last polled at 40 s. */
static void process_make(struct go_process *p, uint32_t num, int64_t mtime)
{
	const struct iq_go_layout *l;
	uint64_t stats = GO_PROCESS_BSS + 8192;
	uint64_t sched = GO_PROCESS_BSS + 1024;

	go_process_init(p, "go1.22.12");
	l = p->image.version->layout;
	go_process_field(p, stats, l->mstats_last_gc_unix, WALL);
	go_process_field(p, stats, l->mstats_last_gc_nanotime, 30 * SECOND);
	go_process_field(p, stats, l->mstats_numgc, num);
	for (uint32_t i = 0; i < num && i < IQ_GO_PAUSES; i++)
		go_process_word(p,
				stats + l->mstats_pause_end.offset +
					8 * ((num - 1 - i) % IQ_GO_PAUSES),
				(uint64_t)(WALL - i * 10 * SECOND / 100));
	go_process_field(p, sched, l->sched_lastpoll, 40 * SECOND);
	p->core_source.mtime_ns = mtime;
	go_process_open(p);
	p->rt.memstats_addr = stats;
	p->rt.sched_addr = sched;
}

static void end_lies_between_last_sign_and_file(void **state iq_unused)
{
	struct iq_go_clock clock;
	struct go_process p;

	process_make(&p, 3, WALL + 12 * SECOND);
	iq_go_clock_read(&p.rt, &clock);
	assert_true(clock.has_low && clock.has_high && clock.has_wall);
	assert_int_equal(clock.low, 40 * SECOND);
	assert_int_equal(clock.high, 42 * SECOND);
	assert_int_equal(clock.num_gcs, 3);
	assert_int_equal(clock.gcs[2].end, 30 * SECOND);
	assert_true(clock.gcs[0].end < clock.gcs[1].end);
	go_process_close(&p);
}

static void file_that_was_copied_says_nothing(void **state iq_unused)
{
	static const int64_t mtimes[] = { 0, WALL + 5 * SECOND,
					  WALL + 86400 * SECOND };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(mtimes); i++) {
		struct iq_go_clock clock;
		struct go_process p;

		process_make(&p, 3, mtimes[i]);
		iq_go_clock_read(&p.rt, &clock);
		assert_false(clock.has_high);
		go_process_close(&p);
	}
}

static void ring_keeps_the_last_ends(void **state iq_unused)
{
	struct iq_go_clock clock;
	struct go_process p;

	process_make(&p, 300, 0);
	iq_go_clock_read(&p.rt, &clock);
	assert_int_equal(clock.num_gcs, IQ_GO_PAUSES);
	for (size_t i = 1; i < IQ_GO_PAUSES; i++)
		assert_true(clock.gcs[i - 1].end < clock.gcs[i].end);
	go_process_close(&p);
}

/* Older than the ring's oldest, by far: seen by one that is forgotten. */
static struct iq_go_wait_time older_than_ring(struct iq_go_clock *clock)
{
	return iq_go_clock_wait(clock, clock->gcs[0].end - 3 * SECOND);
}

static void forgotten_collection_gives_a_lower_bound(void **state iq_unused)
{
	static const struct {
		uint32_t num, known;
		bool has_older;
	} cases[] = {
		{ 255, 255, false }, { 256, 256, false }, { 257, 256, true },
		{ 300, 256, true },  { 1000, 256, true },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(cases); i++) {
		struct iq_go_wait_time t;
		struct iq_go_clock clock;
		struct go_process p;

		process_make(&p, cases[i].num, 0);
		iq_go_clock_read(&p.rt, &clock);
		clock.has_coroutines = false;
		assert_int_equal(clock.num_gcs, cases[i].known);
		assert_int_equal(clock.has_older, cases[i].has_older);
		// The last ended at 30 s, each 0.1 s after the one before.
		assert_int_equal(clock.gcs[0].end,
				 30 * SECOND -
					 (cases[i].known - 1) * SECOND / 10);
		t = older_than_ring(&clock);
		assert_int_equal(t.has_min, cases[i].has_older);
		assert_false(t.has_max);
		if (t.has_min)
			assert_in_range(t.min_ns, 35 * SECOND, 36 * SECOND);
		// Within the ring all is as without older ones.
		t = iq_go_clock_wait(&clock, clock.gcs[200].end);
		assert_true(t.has_min);
		assert_int_equal(t.min_ns,
				 clock.low - clock.gcs[201].end - RUN_ON);
		go_process_close(&p);
	}
}

static void clock_set_forward_takes_off_the_leap(void **state iq_unused)
{
	struct iq_go_clock clock = three;
	struct iq_go_wait_time t;

	clock.has_older = true;
	clock.gcs[0].end = 2 * SECOND;
	t = iq_go_clock_wait(&clock, SECOND);
	// The oldest can have ended just before the second one did.
	assert_true(t.has_min);
	assert_in_range(t.min_ns, 19 * SECOND, 20 * SECOND);
	clock.has_coroutines = true;
	assert_false(iq_go_clock_wait(&clock, SECOND).has_min);
}

static void clock_that_was_set_back_says_nothing(void **state iq_unused)
{
	struct iq_go_clock clock;
	struct go_process p;

	process_make(&p, 3, 0);
	go_process_word(
		&p, p.rt.memstats_addr + p.rt.layout->mstats_pause_end.offset,
		(uint64_t)(WALL + SECOND));
	iq_go_clock_read(&p.rt, &clock);
	assert_int_equal(clock.num_gcs, 0);
	go_process_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seen_by_a_collection_is_at_least_since_then),
		cmocka_unit_test(not_seen_by_the_one_before_is_at_most),
		cmocka_unit_test(seen_by_the_one_that_runs_is_at_most_alone),
		cmocka_unit_test(never_seen_began_after_the_last_but_one),
		cmocka_unit_test(never_seen_after_one_collection_says_nothing),
		cmocka_unit_test(unknown_end_gives_no_upper_bound),
		cmocka_unit_test(later_than_all_collections_says_nothing),
		cmocka_unit_test(collections_close_to_one_another_widen_it),
		cmocka_unit_test(coroutines_leave_no_lower_bound),
		cmocka_unit_test(coroutines_are_known_by_their_code),
		cmocka_unit_test(time_of_no_collection_says_nothing),
		cmocka_unit_test(end_lies_between_last_sign_and_file),
		cmocka_unit_test(file_that_was_copied_says_nothing),
		cmocka_unit_test(ring_keeps_the_last_ends),
		cmocka_unit_test(forgotten_collection_gives_a_lower_bound),
		cmocka_unit_test(clock_set_forward_takes_off_the_leap),
		cmocka_unit_test(clock_that_was_set_back_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
