/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/sampled.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "base/arena.h"
#include "go-process.h"

#define BUCKETS 3
#define BLOCK_SIZE 64

/* A process whose bss has the head of a list of buckets, each with the stack
 * main.G called by main.main. */
struct fixture {
	struct go_process p;
	uint64_t buckets[BUCKETS];
	struct iq_arena arena;
	const struct iq_sampled *sampled;
};

static const struct iq_go_layout *layout_of(const struct fixture *x)
{
	return x->p.image.version->layout;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h += v;
	h += h << 10;
	return h ^ h >> 6;
}

/* As src/runtime/mprof.go, stkbucket has it. */
static uint64_t hash_of(const uint64_t *stack, unsigned num, uint64_t size)
{
	uint64_t h = 0;

	for (unsigned i = 0; i < num; i++)
		h = mix(h, stack[i]);
	h = mix(h, size);
	h += h << 3;
	return h ^ h >> 11;
}

static uint64_t bucket_put(struct fixture *x, enum iq_go_bucket_type type,
			   uint64_t next, uint64_t size)
{
	const struct iq_go_layout *l = layout_of(x);
	const uint64_t stack[] = { GO_PROCESS_PC_G, GO_PROCESS_PC_MAIN };
	uint64_t addr = go_process_alloc(&x->p, 512);

	go_process_field(&x->p, addr, l->bucket_allnext, next);
	go_process_field(&x->p, addr, l->bucket_typ, type);
	go_process_field(&x->p, addr, l->bucket_block_size, size);
	go_process_field(&x->p, addr, l->bucket_nstk, 2);
	go_process_field(&x->p, addr, l->bucket_hash, hash_of(stack, 2, size));
	for (unsigned i = 0; i < 2; i++)
		go_process_put(&x->p, addr + l->bucket_size + 8 * i, stack[i],
			       8);
	return addr;
}

static uint64_t record_of(const struct fixture *x, uint64_t bucket)
{
	return bucket + layout_of(x)->bucket_size + 16;
}

/* Published: @allocs and @frees. */
static void count(struct fixture *x, uint64_t bucket, uint64_t allocs,
		  uint64_t frees)
{
	const struct iq_go_layout *l = layout_of(x);
	uint64_t cycle = record_of(x, bucket) + l->mem_record_active.offset;

	go_process_field(&x->p, cycle, l->mem_record_cycle_allocs, allocs);
	go_process_field(&x->p, cycle, l->mem_record_cycle_frees, frees);
}

static void init(struct fixture *x, const char *version,
		 enum iq_go_bucket_type type)
{
	uint64_t next = 0;

	memset(x, 0, sizeof(*x));
	go_process_init(&x->p, version);
	for (unsigned i = 0; i < BUCKETS; i++) {
		uint64_t size =
			type == IQ_GO_BUCKET_MEMORY ? BLOCK_SIZE * (i + 1) : 0;

		next = bucket_put(x, type, next, size);
		x->buckets[i] = next;
	}
	go_process_put(&x->p, GO_PROCESS_BSS + 1024, next, 8);
	iq_arena_init(&x->arena);
}

static struct iq_sampled_table *read_table(struct fixture *x,
					   enum iq_profile_type type)
{
	struct iq_sampled_table *t;

	go_process_open(&x->p);
	assert_null(iq_go_sampled_open(&x->p.rt, &x->sampled));
	assert_null(x->sampled->read(x->sampled, type, &x->arena, &t));
	return t;
}

static void deinit(struct fixture *x)
{
	iq_arena_deinit(&x->arena);
	go_process_close(&x->p);
}

static bool lacks(const struct iq_sampled_table *t, const char *words)
{
	return iq_str_search(t->lacks, iq_str_of(words)) < t->lacks.len;
}

static void finds_heap_in_stripped(void **state)
{
	const char *const versions[] = { "go1.18.10", "go1.23.12", "go1.27.4" };
	(void)state;

	for (unsigned v = 0; v < IQ_ARRAY_SIZE(versions); v++) {
		struct iq_sampled_table *t;
		struct fixture x;

		init(&x, versions[v], IQ_GO_BUCKET_MEMORY);
		for (unsigned i = 0; i < BUCKETS; i++)
			count(&x, x.buckets[i], 10 + i, 4);
		t = read_table(&x, IQ_PROFILE_HEAP);
		assert_non_null(t);
		assert_int_equal(t->num_records, BUCKETS);
		// The newest first.
		assert_int_equal(t->records[0].block_size, 3 * BLOCK_SIZE);
		assert_int_equal(t->records[0].values[0], 12);
		assert_int_equal(t->records[0].values[1], 12 * 3 * BLOCK_SIZE);
		assert_int_equal(t->records[2].values[2], 6);
		assert_int_equal(t->records[2].values[3], 6 * BLOCK_SIZE);
		assert_int_equal(t->records[0].num_frames, 2);
		assert_true(iq_str_equal(t->records[0].frames[0]->function,
					 IQ_STR("main.G[...]")));
		// Nothing says how they were sampled.
		assert_false(t->has_period);
		assert_true(lacks(t, "MemProfileRate"));
		deinit(&x);
	}
}

static void knows_bucket_by_hash(void **state)
{
	struct iq_go_bucket bucket = { 0 };
	struct fixture x;
	(void)state;

	init(&x, "go1.26.8", IQ_GO_BUCKET_MEMORY);
	go_process_field(&x.p, x.buckets[1], layout_of(&x)->bucket_hash, 4711);
	go_process_open(&x.p);
	assert_true(iq_go_bucket_read(&x.p.rt, x.buckets[0], &bucket));
	assert_false(iq_go_bucket_read(&x.p.rt, x.buckets[1], &bucket));
	assert_false(iq_go_bucket_read(&x.p.rt, 0x10, &bucket));
	iq_go_bucket_deinit(&bucket);
	deinit(&x);
}

static void ends_in_circle(void **state)
{
	struct iq_sampled_table *t;
	struct fixture x;
	(void)state;

	init(&x, "go1.26.8", IQ_GO_BUCKET_MEMORY);
	for (unsigned i = 0; i < BUCKETS; i++)
		count(&x, x.buckets[i], 1, 0);
	go_process_field(&x.p, x.buckets[0], layout_of(&x)->bucket_allnext,
			 x.buckets[BUCKETS - 1]);
	t = read_table(&x, IQ_PROFILE_HEAP);
	assert_non_null(t);
	assert_true(t->num_records >= BUCKETS);
	assert_true(t->num_records < 10 * BUCKETS);
	deinit(&x);
}

static void leaves_impossible_counts_out(void **state)
{
	struct iq_sampled_table *t;
	struct fixture x;
	(void)state;

	init(&x, "go1.26.8", IQ_GO_BUCKET_MEMORY);
	count(&x, x.buckets[0], 5, 1);
	count(&x, x.buckets[1], 1, 7);
	count(&x, x.buckets[2], UINT64_MAX, 0);
	t = read_table(&x, IQ_PROFILE_HEAP);
	assert_non_null(t);
	assert_int_equal(t->num_records, 1);
	assert_int_equal(t->records[0].block_size, BLOCK_SIZE);
	assert_true(lacks(t, "make no sense"));
	deinit(&x);
}

static void leaves_sums_beyond_all_numbers_out(void **state)
{
	struct iq_sampled_table *t;
	struct fixture x;
	(void)state;

	init(&x, "go1.26.8", IQ_GO_BUCKET_MEMORY);
	count(&x, x.buckets[0], 1, 0);
	count(&x, x.buckets[1], INT64_MAX / 2, 1);
	t = read_table(&x, IQ_PROFILE_HEAP);
	assert_int_equal(t->num_records, 1);
	assert_true(lacks(t, "make no sense"));
	deinit(&x);
}

static void delays_without_clock_are_ticks(void **state)
{
	const double contentions = 3;
	struct iq_sampled_table *t;
	struct fixture x;
	uint64_t bits;
	(void)state;

	init(&x, "go1.26.8", IQ_GO_BUCKET_MUTEX);
	memcpy(&bits, &contentions, sizeof(bits));
	for (unsigned i = 0; i < BUCKETS; i++) {
		const struct iq_go_layout *l = layout_of(&x);
		uint64_t record = record_of(&x, x.buckets[i]);

		go_process_field(&x.p, record, l->block_record_count, bits);
		go_process_field(&x.p, record, l->block_record_cycles, 9000);
	}
	t = read_table(&x, IQ_PROFILE_MUTEX);
	assert_non_null(t);
	assert_int_equal(t->num_records, BUCKETS);
	assert_int_equal(t->records[0].values[0], 3);
	assert_int_equal(t->records[0].values[1], 9000);
	assert_true(iq_str_equal(t->types[1].unit, IQ_STR("ticks")));
	assert_true(lacks(t, "clock"));
	deinit(&x);
}

/* What is published may stand in the part that is not there. */
static void takes_no_cycle_of_a_cut_list(void **state)
{
	struct iq_sampled_table *t;
	struct fixture x;
	(void)state;

	init(&x, "go1.26.8", IQ_GO_BUCKET_MEMORY);
	for (unsigned i = 0; i < BUCKETS; i++) {
		const struct iq_go_layout *l = layout_of(&x);

		go_process_field(&x.p,
				 record_of(&x, x.buckets[i]) +
					 l->mem_record_future.offset,
				 l->mem_record_cycle_allocs, 5);
	}
	go_process_field(&x.p, x.buckets[0], layout_of(&x)->bucket_allnext,
			 0x10);
	t = read_table(&x, IQ_PROFILE_HEAP);
	assert_non_null(t);
	assert_true(t->is_cut);
	assert_int_equal(t->num_records, 0);
	deinit(&x);
}

/* The first word of some stacks says how the rest was made. */
static void leaves_marks_of_the_runtime_out(void **state)
{
	const struct iq_go_layout *l;
	struct iq_sampled_table *t;
	uint64_t stack[2] = { UINT64_MAX, GO_PROCESS_PC_G };
	const double contentions = 1;
	struct fixture x;
	uint64_t bits;
	(void)state;

	init(&x, "go1.24.13", IQ_GO_BUCKET_MUTEX);
	l = layout_of(&x);
	memcpy(&bits, &contentions, sizeof(bits));
	for (unsigned i = 0; i < BUCKETS; i++)
		go_process_field(&x.p, record_of(&x, x.buckets[i]),
				 l->block_record_count, bits);
	go_process_put(&x.p, x.buckets[2] + l->bucket_size, stack[0], 8);
	go_process_put(&x.p, x.buckets[2] + l->bucket_size + 8, stack[1], 8);
	go_process_field(&x.p, x.buckets[2], l->bucket_hash,
			 hash_of(stack, 2, 0));
	t = read_table(&x, IQ_PROFILE_MUTEX);
	assert_non_null(t);
	assert_int_equal(t->num_records, BUCKETS);
	assert_int_equal(t->records[0].num_frames, 1);
	assert_true(iq_str_equal(t->records[0].frames[0]->function,
				 IQ_STR("main.G[...]")));
	deinit(&x);
}

static void tells_empty_from_absent(void **state)
{
	struct iq_sampled_table *t;
	struct fixture x;
	(void)state;

	init(&x, "go1.26.8", IQ_GO_BUCKET_MEMORY);
	t = read_table(&x, IQ_PROFILE_BLOCK);
	assert_non_null(t);
	assert_int_equal(t->num_records, 0);
	assert_null(x.sampled->read(x.sampled, IQ_PROFILE_CPU, &x.arena, &t));
	assert_null(t);
	deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_heap_in_stripped),
		cmocka_unit_test(knows_bucket_by_hash),
		cmocka_unit_test(ends_in_circle),
		cmocka_unit_test(leaves_impossible_counts_out),
		cmocka_unit_test(leaves_sums_beyond_all_numbers_out),
		cmocka_unit_test(delays_without_clock_are_ticks),
		cmocka_unit_test(takes_no_cycle_of_a_cut_list),
		cmocka_unit_test(leaves_marks_of_the_runtime_out),
		cmocka_unit_test(tells_empty_from_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
