/* SPDX-License-Identifier: Apache-2.0 */
#include "model/heap_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "heap-builder.h"

#define HEAP 0xc000000000ull
#define ROOT 0x600000ull
#define SIZE 64
#define SLOT(i) (HEAP + (uint64_t)(i)*SIZE)
#define WIDE (HEAP + 0x10000)
#define MAX 16

struct fixture {
	struct heap_builder b;
	struct iq_heap_map *map;
	struct iq_heap_reference seen[MAX];
	size_t num;
	/* Ends the walk after so many; 0: never. */
	size_t end_after;
};

static bool see(void *ctx, const struct iq_heap_reference *ref)
{
	struct fixture *x = ctx;

	assert_true(x->num < MAX);
	x->seen[x->num++] = *ref;
	return x->num != x->end_after;
}

/* 128 slots of 64 bytes, four of 1 KiB, four root words. */
static void init(struct fixture *x)
{
	*x = (struct fixture){ 0 };
	heap_builder_init(&x->b);
	heap_builder_root(&x->b, ROOT, 4);
	heap_builder_span(&x->b, HEAP, SIZE, 128);
	heap_builder_span(&x->b, WIDE, 1024, 4);
}

static void deinit(struct fixture *x)
{
	iq_heap_map_destroy(x->map);
	heap_builder_deinit(&x->b);
}

static bool walk(struct fixture *x, uint64_t addr)
{
	uint32_t slot;

	if (!x->map)
		x->map = heap_builder_map(&x->b);
	slot = iq_heap_map_slot(x->map, addr);
	x->num = 0;
	return iq_heap_walk_object(x->map, slot, see, x);
}

static void test_references_come_in_the_order_of_words(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	heap_builder_word(&x.b, SLOT(1) + 8, SLOT(7));
	heap_builder_word(&x.b, SLOT(1) + 16, 12345);
	heap_builder_word(&x.b, SLOT(1) + 40, SLOT(3) + 5);
	assert_true(walk(&x, SLOT(1)));
	assert_int_equal(x.num, 2);
	assert_int_equal(x.seen[0].offset, 8);
	assert_int_equal(x.seen[0].slot, 7);
	assert_int_equal(x.seen[1].offset, 40);
	assert_int_equal(x.seen[1].slot, 3);
	assert_int_equal(x.seen[1].word, SLOT(3) + 5);
	deinit(&x);
}

static void test_a_visitor_ends_the_walk(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	for (unsigned i = 0; i < 8; i++)
		heap_builder_word(&x.b, SLOT(1) + 8 * i, SLOT(i));
	x.end_after = 3;
	assert_false(walk(&x, SLOT(1)));
	assert_int_equal(x.num, 3);
	deinit(&x);
}

/* Word 1, and word 2 of each block behind the first. */
static uint64_t some_words(const void *ctx, const struct iq_heap_span *span,
			   uint32_t slot, uint64_t block)
{
	(void)ctx;
	(void)span;
	(void)slot;
	return block ? 4 : 2;
}

static void test_words_that_are_no_pointers_are_no_references(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	x.b.pointers.mask = some_words;
	for (unsigned i = 0; i < 128; i++)
		heap_builder_word(&x.b, WIDE + 8 * i, SLOT(i));
	assert_true(walk(&x, WIDE));
	assert_int_equal(x.num, 2);
	assert_int_equal(x.seen[0].slot, 1);
	assert_int_equal(x.seen[1].slot, 66);
	assert_int_equal(x.seen[1].offset, 8 * 66);
	deinit(&x);
}

static void
test_opaque_objects_and_those_without_pointers_have_none(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	x.b.spans.data[1].noscan = true;
	heap_builder_word(&x.b, WIDE, SLOT(1));
	heap_builder_word(&x.b, SLOT(9), SLOT(1));
	assert_true(iq_vec_push(&x.b.hidden, SLOT(9)));
	assert_true(walk(&x, WIDE));
	assert_int_equal(x.num, 0);
	assert_true(walk(&x, SLOT(9)));
	assert_int_equal(x.num, 0);
	deinit(&x);
}

static void test_disguised_words_are_left_out(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	x.b.disguise = (struct iq_heap_disguise){ SIZE, 1, 1u << 4 };
	assert_true(iq_vec_push(&x.b.hidden, SLOT(9)));
	heap_builder_word(&x.b, SLOT(1) + 8, SLOT(9));
	heap_builder_word(&x.b, SLOT(1) + 32, SLOT(10));
	heap_builder_word(&x.b, SLOT(1) + 40, SLOT(11));
	heap_builder_word(&x.b, SLOT(2) + 8, SLOT(8));
	heap_builder_word(&x.b, SLOT(2) + 32, SLOT(12));
	assert_true(walk(&x, SLOT(1)));
	assert_int_equal(x.num, 2);
	assert_int_equal(x.seen[0].slot, 9);
	assert_int_equal(x.seen[1].slot, 11);
	assert_true(walk(&x, SLOT(2)));
	assert_int_equal(x.num, 2);
	assert_int_equal(x.seen[1].slot, 12);
	deinit(&x);
}

static void test_masks_of_ranges_count(void **state)
{
	static const uint8_t mask[1] = { 0x0a };
	struct iq_heap_range range = { .addr = ROOT, .len = 32, .mask = mask };
	struct fixture x;

	(void)state;
	init(&x);
	for (unsigned i = 0; i < 4; i++)
		heap_builder_word(&x.b, ROOT + 8 * i, SLOT(i));
	x.map = heap_builder_map(&x.b);
	assert_true(iq_heap_walk_range(x.map, &range, see, &x));
	assert_int_equal(x.num, 2);
	assert_int_equal(x.seen[0].slot, 1);
	assert_int_equal(x.seen[1].slot, 3);
	deinit(&x);
}

static void test_what_is_missing_has_no_references(void **state)
{
	// Two pages before the root are not there, nor is what is behind it.
	struct iq_heap_range range = { .addr = ROOT - 0x2000, .len = 0x3000 };
	struct fixture x;

	(void)state;
	init(&x);
	heap_builder_word(&x.b, ROOT + 24, SLOT(5));
	x.map = heap_builder_map(&x.b);
	assert_true(iq_heap_walk_range(x.map, &range, see, &x));
	assert_int_equal(x.num, 1);
	assert_int_equal(x.seen[0].offset, 0x2018);
	assert_int_equal(x.seen[0].slot, 5);
	deinit(&x);
}

static void test_slots_know_where_they_are(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	x.map = heap_builder_map(&x.b);
	assert_int_equal(iq_heap_slot_addr(x.map, 127), SLOT(127));
	assert_int_equal(iq_heap_slot_size(x.map, 127), SIZE);
	assert_int_equal(iq_heap_slot_addr(x.map, 130), WIDE + 2048);
	assert_int_equal(iq_heap_slot_size(x.map, 130), 1024);
	deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_references_come_in_the_order_of_words),
		cmocka_unit_test(test_a_visitor_ends_the_walk),
		cmocka_unit_test(
			test_words_that_are_no_pointers_are_no_references),
		cmocka_unit_test(
			test_opaque_objects_and_those_without_pointers_have_none),
		cmocka_unit_test(test_disguised_words_are_left_out),
		cmocka_unit_test(test_masks_of_ranges_count),
		cmocka_unit_test(test_what_is_missing_has_no_references),
		cmocka_unit_test(test_slots_know_where_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
