/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/pool.h"

#define ITEMS 100003

struct work {
	struct iq_pool *pool;
	/* How often each item was worked on. */
	uint8_t *seen;
	/* By worker. */
	size_t done[64];
	size_t fail_from;
};

static struct iq_error *count_items(void *ctx, unsigned worker, size_t begin,
				    size_t end)
{
	struct work *w = ctx;

	for (size_t i = begin; i < end; i++)
		w->seen[i]++;
	// Without a lock: a worker runs on one thread at a time.
	w->done[worker] += end - begin;
	return NULL;
}

static void assert_all_seen_once(struct work *w, size_t n)
{
	size_t done = 0;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(w->seen[i], 1);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(w->done); i++)
		done += w->done[i];
	assert_int_equal(done, n);
}

static void run_count(unsigned num_threads, size_t n, size_t chunk)
{
	struct work w = { .seen = calloc(n + 1, 1) };

	assert_null(iq_pool_create(num_threads, &w.pool));
	assert_null(iq_pool_run(w.pool, n, chunk, count_items, &w));
	assert_all_seen_once(&w, n);
	iq_pool_destroy(w.pool);
	free(w.seen);
}

static void every_item_is_done_once(void **state iq_unused)
{
	run_count(4, ITEMS, 1);
	run_count(4, ITEMS, 1000);
	run_count(3, ITEMS, ITEMS);
	run_count(3, ITEMS, SIZE_MAX);
	run_count(1, ITEMS, 10);
	run_count(0, ITEMS, 7);
}

static void no_items_and_no_chunk_are_allowed(void **state iq_unused)
{
	run_count(4, 0, 10);
	run_count(4, 10, 0);
	run_count(4, 1, 1);
}

static void pool_can_be_used_again(void **state iq_unused)
{
	struct iq_pool *pool;

	assert_null(iq_pool_create(4, &pool));
	for (int round = 0; round < 200; round++) {
		struct work w = { .seen = calloc(100, 1) };

		assert_null(iq_pool_run(pool, 100, 3, count_items, &w));
		assert_all_seen_once(&w, 100);
		free(w.seen);
	}
	iq_pool_destroy(pool);
}

static void no_pool_is_a_pool_of_one(void **state iq_unused)
{
	struct work w = { .seen = calloc(ITEMS, 1) };

	assert_int_equal(iq_pool_num_workers(NULL), 1);
	assert_null(iq_pool_run(NULL, ITEMS, 10, count_items, &w));
	assert_all_seen_once(&w, ITEMS);
	assert_int_equal(w.done[0], ITEMS);
	iq_pool_destroy(NULL);
	free(w.seen);
}

static void pool_has_the_workers_asked_for(void **state iq_unused)
{
	struct iq_pool *pool;

	assert_null(iq_pool_create(3, &pool));
	assert_int_equal(iq_pool_num_workers(pool), 3);
	iq_pool_destroy(pool);
	assert_null(iq_pool_create(0, &pool));
	assert_true(iq_pool_num_workers(pool) >= 1);
	iq_pool_destroy(pool);
}

static struct iq_error *fail_some(void *ctx, unsigned worker iq_unused,
				  size_t begin, size_t end)
{
	struct work *w = ctx;

	if (end <= w->fail_from)
		return NULL;
	return iq_error_at(IQ_ERROR_FORMAT, begin, "chunk at %zu", begin);
}

static void error_is_that_of_the_lowest_chunk(void **state iq_unused)
{
	struct work w = { .fail_from = 505 };

	assert_null(iq_pool_create(4, &w.pool));
	for (int round = 0; round < 300; round++) {
		struct iq_error *err =
			iq_pool_run(w.pool, 2000, 10, fail_some, &w);

		assert_non_null(err);
		assert_int_equal(err->offset, 500);
		iq_error_destroy(err);
	}
	iq_pool_destroy(w.pool);
}

static struct iq_error *fail_with_no_memory(void *ctx iq_unused,
					    unsigned worker iq_unused,
					    size_t begin iq_unused,
					    size_t end iq_unused)
{
	return &iq_enomem;
}

static void no_memory_is_returned_as_it_is(void **state iq_unused)
{
	struct iq_pool *pool;

	assert_null(iq_pool_create(4, &pool));
	assert_ptr_equal(iq_pool_run(pool, 100, 1, fail_with_no_memory, NULL),
			 &iq_enomem);
	assert_ptr_equal(iq_pool_run(NULL, 100, 1, fail_with_no_memory, NULL),
			 &iq_enomem);
	iq_pool_destroy(pool);
}

static struct iq_error *run_again(void *ctx, unsigned worker iq_unused,
				  size_t begin, size_t end)
{
	struct work *outer = ctx;

	for (size_t i = begin; i < end; i++) {
		struct work inner = { .seen = calloc(50, 1) };
		struct iq_error *err =
			iq_pool_run(outer->pool, 50, 7, count_items, &inner);

		if (err)
			return err;
		if (inner.done[0] == 50)
			outer->seen[i]++;
		free(inner.seen);
	}
	return NULL;
}

static void run_inside_a_run_is_done_by_its_caller(void **state iq_unused)
{
	struct work w = { .seen = calloc(200, 1) };

	assert_null(iq_pool_create(4, &w.pool));
	assert_null(iq_pool_run(w.pool, 200, 1, run_again, &w));
	for (size_t i = 0; i < 200; i++)
		assert_int_equal(w.seen[i], 1);
	iq_pool_destroy(w.pool);
	free(w.seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_item_is_done_once),
		cmocka_unit_test(no_items_and_no_chunk_are_allowed),
		cmocka_unit_test(pool_can_be_used_again),
		cmocka_unit_test(no_pool_is_a_pool_of_one),
		cmocka_unit_test(pool_has_the_workers_asked_for),
		cmocka_unit_test(error_is_that_of_the_lowest_chunk),
		cmocka_unit_test(no_memory_is_returned_as_it_is),
		cmocka_unit_test(run_inside_a_run_is_done_by_its_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
