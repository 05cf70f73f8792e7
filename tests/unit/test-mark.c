/* SPDX-License-Identifier: Apache-2.0 */
#include "model/mark.h"

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

/* One span of 64-byte slots and one root word. */
struct fixture {
	struct heap_builder b;
	struct iq_heap_map *map;
	struct iq_mark *mark;
};

static struct iq_heap_span *init(struct fixture *x, uint32_t slots)
{
	*x = (struct fixture){ 0 };
	heap_builder_init(&x->b);
	heap_builder_root(&x->b, ROOT, 4);
	return heap_builder_span(&x->b, HEAP, SIZE, slots);
}

/* A reference: word @word of slot @from. */
static void refer(struct fixture *x, uint32_t from, unsigned word, uint32_t to)
{
	heap_builder_word(&x->b, SLOT(from) + 8ull * word, SLOT(to));
}

static void create(struct fixture *x)
{
	x->map = heap_builder_map(&x->b);
	assert_null(iq_mark_create(x->map, &x->mark));
}

static void reach(struct fixture *x)
{
	for (size_t i = 0; i < x->map->roots.len; i++)
		iq_mark_range(x->mark, &x->map->roots.data[i]);
	assert_null(iq_mark_reach(x->mark));
}

static bool is_marked(const struct fixture *x, uint32_t slot)
{
	return iq_mark_is_marked(x->mark, slot);
}

static void deinit(struct fixture *x)
{
	iq_mark_destroy(x->mark);
	iq_heap_map_destroy(x->map);
	heap_builder_deinit(&x->b);
}

static void test_what_is_referred_to_is_marked(void **state)
{
	struct fixture x;
	uint64_t addr;

	(void)state;
	init(&x, 128);
	heap_builder_word(&x.b, ROOT + 8, SLOT(3) + 17);
	refer(&x, 3, 7, 5);
	refer(&x, 5, 0, 6);
	refer(&x, 6, 0, 3);
	refer(&x, 9, 0, 10);
	create(&x);
	reach(&x);
	for (uint32_t i = 0; i < 128; i++)
		assert_int_equal(is_marked(&x, i), i == 3 || i == 5 || i == 6);
	assert_false(iq_mark_missed(x.mark, &addr));
	deinit(&x);
}

static void test_objects_without_pointers_are_not_followed(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, 128)->noscan = true;
	heap_builder_word(&x.b, ROOT, SLOT(1));
	refer(&x, 1, 0, 2);
	create(&x);
	reach(&x);
	assert_true(is_marked(&x, 1));
	assert_false(is_marked(&x, 2));
	deinit(&x);
}

static void test_opaque_objects_are_not_followed(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, 128);
	heap_builder_word(&x.b, ROOT, SLOT(1));
	refer(&x, 1, 0, 2);
	refer(&x, 2, 0, 3);
	assert_true(iq_vec_push(&x.b.hidden, SLOT(2) + 8));
	create(&x);
	reach(&x);
	assert_true(is_marked(&x, 1));
	assert_false(is_marked(&x, 3));
	deinit(&x);
}

static void test_disguised_words_are_no_references(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, 128);
	// Slots 1 and 2 look alike, but only the first belongs to slot 9.
	x.b.disguise = (struct iq_heap_disguise){ SIZE, 1, 1u << 4 };
	assert_true(iq_vec_push(&x.b.hidden, SLOT(9)));
	heap_builder_word(&x.b, ROOT, SLOT(1));
	heap_builder_word(&x.b, ROOT + 8, SLOT(2));
	refer(&x, 1, 1, 9);
	refer(&x, 1, 4, 10);
	refer(&x, 1, 5, 11);
	refer(&x, 2, 1, 8);
	refer(&x, 2, 4, 12);
	create(&x);
	reach(&x);
	assert_false(is_marked(&x, 10));
	assert_true(is_marked(&x, 11));
	assert_true(is_marked(&x, 12));
	deinit(&x);
}

static void test_masks_say_which_words_of_a_root_count(void **state)
{
	static const uint8_t mask[1] = { 0x04 };
	struct fixture x;

	(void)state;
	init(&x, 128);
	x.b.roots.data[0].mask = mask;
	for (uint32_t i = 0; i < 4; i++)
		heap_builder_word(&x.b, ROOT + 8 * i, SLOT(i));
	create(&x);
	reach(&x);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(is_marked(&x, i), i == 2);
	deinit(&x);
}

static void test_a_list_may_be_long(void **state)
{
	const uint32_t n = 1u << 20;
	struct fixture x;

	(void)state;
	init(&x, n);
	heap_builder_word(&x.b, ROOT, SLOT(0));
	for (uint32_t i = 0; i + 1 < n; i++)
		heap_builder_word(&x.b, SLOT(i), SLOT(i + 1));
	create(&x);
	reach(&x);
	for (uint32_t i = 0; i < n; i++)
		assert_true(is_marked(&x, i));
	deinit(&x);
}

/* More at once than the stack holds, some behind what was looked at already. */
static void test_an_array_may_be_wide(void **state)
{
	const uint32_t n = 1u << 18;
	const uint64_t array = HEAP + 0x40000000;
	struct fixture x;

	(void)state;
	init(&x, 2 * n);
	heap_builder_span(&x.b, array, 8ull * n, 1);
	heap_builder_word(&x.b, ROOT, array);
	for (uint32_t i = 0; i < n; i++) {
		heap_builder_word(&x.b, array + 8ull * i, SLOT(n + i));
		heap_builder_word(&x.b, SLOT(n + i), SLOT(i));
	}
	create(&x);
	reach(&x);
	for (uint32_t i = 0; i < 2 * n; i++)
		assert_true(is_marked(&x, i));
	deinit(&x);
}

static void test_watched_slots_are_told_once(void **state)
{
	struct fixture x;
	uint32_t slot;

	(void)state;
	init(&x, 128);
	heap_builder_word(&x.b, ROOT, SLOT(1));
	refer(&x, 1, 0, 2);
	refer(&x, 2, 0, 1);
	create(&x);
	iq_mark_watch(x.mark, 2);
	iq_mark_watch(x.mark, 3);
	reach(&x);
	assert_true(iq_mark_next_seen(x.mark, &slot));
	assert_int_equal(slot, 2);
	assert_false(iq_mark_next_seen(x.mark, &slot));
	reach(&x);
	assert_false(iq_mark_next_seen(x.mark, &slot));
	deinit(&x);
}

/* Words 1 and 3 of each object, and of those behind the first 64 the third. */
static uint64_t some_words(const void *ctx, const struct iq_heap_span *span,
			   uint32_t slot, uint64_t block)
{
	(void)ctx;
	(void)span;
	(void)slot;
	return block ? 0x4 : 0xa;
}

static void test_words_that_are_no_pointers_keep_nothing_alive(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, 128);
	x.b.pointers.mask = some_words;
	heap_builder_word(&x.b, ROOT, SLOT(1));
	for (unsigned i = 0; i < 8; i++)
		refer(&x, 1, i, 10 + i);
	create(&x);
	reach(&x);
	for (uint32_t i = 10; i < 18; i++)
		assert_int_equal(is_marked(&x, i), i == 11 || i == 13);
	deinit(&x);
}

static void test_masks_go_on_behind_64_words(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, 128);
	heap_builder_span(&x.b, HEAP + 0x10000, 1024, 8);
	x.b.pointers.mask = some_words;
	heap_builder_word(&x.b, ROOT, HEAP + 0x10000 + 1024);
	heap_builder_word(&x.b, HEAP + 0x10000 + 1024 + 8 * 65, SLOT(1));
	heap_builder_word(&x.b, HEAP + 0x10000 + 1024 + 8 * 66, SLOT(2));
	// The next object's.
	heap_builder_word(&x.b, HEAP + 0x10000 + 2048 + 8, SLOT(3));
	create(&x);
	reach(&x);
	assert_false(is_marked(&x, 1));
	assert_true(is_marked(&x, 2));
	assert_false(is_marked(&x, 3));
	deinit(&x);
}

static void test_disguised_words_may_be_no_pointers_either(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, 128);
	x.b.disguise = (struct iq_heap_disguise){ SIZE, 0, 1u << 3 };
	x.b.pointers.mask = some_words;
	assert_true(iq_vec_push(&x.b.hidden, SLOT(9)));
	heap_builder_word(&x.b, ROOT, SLOT(1));
	refer(&x, 1, 0, 9);
	refer(&x, 1, 1, 10);
	refer(&x, 1, 3, 11);
	refer(&x, 1, 5, 12);
	create(&x);
	reach(&x);
	assert_true(is_marked(&x, 10));
	assert_false(is_marked(&x, 11));
	assert_false(is_marked(&x, 12));
	deinit(&x);
}

/* A span of which the second page is not there. */
static void half_a_span(struct fixture *x)
{
	struct iq_heap_span span = { .addr = HEAP,
				     .elem_size = 0x1800,
				     .num_slots = 2,
				     .free_index = 2 };

	*x = (struct fixture){ 0 };
	heap_builder_init(&x->b);
	heap_builder_root(&x->b, ROOT, 4);
	heap_builder_memory(&x->b, HEAP, 0x2000);
	assert_true(iq_vec_push(&x->b.spans, span));
}

static void test_missing_words_are_told(void **state)
{
	struct fixture x;
	uint64_t addr;

	(void)state;
	half_a_span(&x);
	heap_builder_word(&x.b, ROOT, HEAP + 0x1800);
	create(&x);
	reach(&x);
	assert_true(iq_mark_missed(x.mark, &addr));
	assert_int_equal(addr, HEAP + 0x2000);
	deinit(&x);
}

static void test_missing_words_of_what_is_not_reached_do_not_count(void **state)
{
	struct fixture x;
	uint64_t addr;

	(void)state;
	half_a_span(&x);
	heap_builder_word(&x.b, ROOT, HEAP + 8);
	create(&x);
	reach(&x);
	assert_true(is_marked(&x, 0));
	assert_false(iq_mark_missed(x.mark, &addr));
	deinit(&x);
}

static void test_missing_words_that_are_no_pointers_do_not_count(void **state)
{
	struct fixture x;
	uint64_t addr;

	(void)state;
	half_a_span(&x);
	// The object's first 2 KiB are there, with words 1 and 3; of the blocks
	// behind them only the third word counts, and it is not there.
	x.b.pointers.mask = some_words;
	heap_builder_word(&x.b, ROOT, HEAP + 0x1800);
	heap_builder_word(&x.b, HEAP + 0x1800 + 8, HEAP);
	create(&x);
	reach(&x);
	assert_true(is_marked(&x, 0));
	assert_true(iq_mark_missed(x.mark, &addr));
	assert_int_equal(addr, HEAP + 0x2000 + 16);
	deinit(&x);
}

/* Pointers are in the first 64 words alone. */
static uint64_t first_word(const void *ctx, const struct iq_heap_span *span,
			   uint32_t slot, uint64_t block)
{
	(void)ctx;
	(void)span;
	(void)slot;
	return !block;
}

static void test_no_pointers_in_what_is_missing_are_not_missed(void **state)
{
	struct fixture x;
	uint64_t addr;

	(void)state;
	half_a_span(&x);
	x.b.pointers.mask = first_word;
	heap_builder_word(&x.b, ROOT, HEAP + 0x1800);
	heap_builder_word(&x.b, HEAP + 0x1800, HEAP);
	create(&x);
	reach(&x);
	assert_true(is_marked(&x, 0));
	assert_false(iq_mark_missed(x.mark, &addr));
	deinit(&x);
}

static void test_memory_grows_with_the_slots(void **state)
{
	struct fixture x, y;

	(void)state;
	init(&x, 128);
	create(&x);
	init(&y, 128 * 64);
	create(&y);
	// Two bits for each slot, and one in the map.
	assert_int_equal(iq_mark_memory(y.mark) - iq_mark_memory(x.mark),
			 63 * 128 * 2 / 8);
	assert_true(iq_heap_map_memory(y.map) >=
		    iq_heap_map_memory(x.map) + 63 * 16);
	deinit(&x);
	deinit(&y);
}

static void test_optional_words_may_be_missing(void **state)
{
	struct fixture x;
	uint64_t addr;

	(void)state;
	init(&x, 128);
	// The root begins three pages before its memory.
	heap_builder_word(&x.b, ROOT, SLOT(7));
	x.b.roots.data[0].addr -= 0x3000;
	x.b.roots.data[0].len += 0x3000;
	x.b.roots.data[0].optional = true;
	create(&x);
	reach(&x);
	assert_true(is_marked(&x, 7));
	assert_false(iq_mark_missed(x.mark, &addr));
	deinit(&x);
}

static void test_words_across_two_pieces_are_read(void **state)
{
	struct iq_heap_range range = { .addr = ROOT + 0x1000, .len = 24 };
	struct fixture x;
	uint64_t addr;

	(void)state;
	init(&x, 128);
	heap_builder_memory(&x.b, ROOT + 0x1000, 12);
	heap_builder_memory(&x.b, ROOT + 0x100c, 12);
	heap_builder_word(&x.b, ROOT + 0x1008, SLOT(7));
	heap_builder_word(&x.b, ROOT + 0x1010, SLOT(8));
	create(&x);
	iq_mark_range(x.mark, &range);
	assert_null(iq_mark_reach(x.mark));
	assert_true(is_marked(&x, 7));
	assert_true(is_marked(&x, 8));
	assert_false(iq_mark_missed(x.mark, &addr));
	deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_referred_to_is_marked),
		cmocka_unit_test(
			test_objects_without_pointers_are_not_followed),
		cmocka_unit_test(test_opaque_objects_are_not_followed),
		cmocka_unit_test(test_disguised_words_are_no_references),
		cmocka_unit_test(test_masks_say_which_words_of_a_root_count),
		cmocka_unit_test(test_a_list_may_be_long),
		cmocka_unit_test(test_an_array_may_be_wide),
		cmocka_unit_test(test_watched_slots_are_told_once),
		cmocka_unit_test(test_missing_words_are_told),
		cmocka_unit_test(
			test_missing_words_of_what_is_not_reached_do_not_count),
		cmocka_unit_test(
			test_words_that_are_no_pointers_keep_nothing_alive),
		cmocka_unit_test(test_masks_go_on_behind_64_words),
		cmocka_unit_test(
			test_disguised_words_may_be_no_pointers_either),
		cmocka_unit_test(
			test_missing_words_that_are_no_pointers_do_not_count),
		cmocka_unit_test(
			test_no_pointers_in_what_is_missing_are_not_missed),
		cmocka_unit_test(test_memory_grows_with_the_slots),
		cmocka_unit_test(test_optional_words_may_be_missing),
		cmocka_unit_test(test_words_across_two_pieces_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
