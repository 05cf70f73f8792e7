/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/attr.h"

static void pieces_are_aligned_and_apart(void **state iq_unused)
{
	struct iq_arena arena = { 0 };
	uint8_t *pieces[500];

	for (size_t i = 0; i < IQ_ARRAY_SIZE(pieces); i++) {
		pieces[i] = iq_arena_alloc(&arena, i);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % 16, 0);
		memset(pieces[i], (int)i & 0xff, i);
	}
	for (size_t i = 0; i < IQ_ARRAY_SIZE(pieces); i++)
		for (size_t k = 0; k < i; k++)
			assert_int_equal(pieces[i][k], i & 0xff);
	iq_arena_deinit(&arena);
}

static void pieces_of_no_bytes_are_distinct(void **state iq_unused)
{
	struct iq_arena arena;
	void *a, *b;

	iq_arena_init(&arena);
	a = iq_arena_alloc(&arena, 0);
	b = iq_arena_alloc(&arena, 0);
	assert_non_null(a);
	assert_non_null(b);
	assert_ptr_not_equal(a, b);
	iq_arena_deinit(&arena);
}

static void large_pieces_leave_the_block_in_use(void **state iq_unused)
{
	struct iq_arena arena = { 0 };
	char *small = iq_arena_alloc(&arena, 16);
	const char *next = arena.next;
	char *large = iq_arena_alloc(&arena, 5 << 20);

	assert_non_null(small);
	assert_non_null(large);
	memset(large, 1, 5 << 20);
	assert_ptr_equal(iq_arena_alloc(&arena, 16), next);
	iq_arena_deinit(&arena);
}

static void calloc_gives_zeros(void **state iq_unused)
{
	struct iq_arena arena = { 0 };

	for (int round = 0; round < 100; round++) {
		uint8_t *piece = iq_arena_calloc(&arena, 7, 33);

		assert_non_null(piece);
		for (size_t i = 0; i < 7 * 33; i++)
			assert_int_equal(piece[i], 0);
		memset(piece, 0xff, 7 * 33);
	}
	iq_arena_deinit(&arena);
}

static void sizes_that_overflow_are_refused(void **state iq_unused)
{
	struct iq_arena arena = { 0 };

	assert_null(iq_arena_calloc(&arena, SIZE_MAX, 2));
	assert_null(iq_arena_calloc(&arena, SIZE_MAX / 2 + 2, 2));
	assert_null(iq_arena_alloc(&arena, SIZE_MAX));
	assert_null(iq_arena_alloc(&arena, SIZE_MAX - 15));
	assert_non_null(iq_arena_calloc(&arena, 0, SIZE_MAX));
	assert_non_null(iq_arena_calloc(&arena, SIZE_MAX, 0));
	iq_arena_deinit(&arena);
}

static void adopted_pieces_live_on(void **state iq_unused)
{
	struct iq_arena arena = { 0 }, from = { 0 };
	char *a = iq_arena_alloc(&arena, 10);
	char *b = iq_arena_alloc(&from, 10);
	char *large = iq_arena_alloc(&from, 1 << 20);

	strcpy(a, "a");
	strcpy(b, "b");
	strcpy(large, "large");
	iq_arena_adopt(&arena, &from);
	assert_null(from.blocks);
	iq_arena_deinit(&from);
	assert_string_equal(a, "a");
	assert_string_equal(b, "b");
	assert_string_equal(large, "large");
	assert_non_null(iq_arena_alloc(&arena, 10));
	iq_arena_deinit(&arena);
}

static void adopting_works_with_empty_arenas(void **state iq_unused)
{
	struct iq_arena arena = { 0 }, from = { 0 };
	char *b;

	iq_arena_adopt(&arena, &from);
	assert_null(arena.blocks);
	b = iq_arena_alloc(&from, 10);
	strcpy(b, "b");
	iq_arena_adopt(&arena, &from);
	iq_arena_adopt(&arena, &from);
	assert_string_equal(b, "b");
	// What was adopted and what is new must not overlap.
	memset(iq_arena_alloc(&arena, 100), 0xff, 100);
	memset(iq_arena_alloc(&from, 100), 0xff, 100);
	assert_string_equal(b, "b");
	iq_arena_deinit(&from);
	iq_arena_deinit(&arena);
}

static void deinit_leaves_an_empty_arena(void **state iq_unused)
{
	struct iq_arena arena = { 0 };

	iq_arena_deinit(&arena);
	assert_non_null(iq_arena_alloc(&arena, 1));
	iq_arena_deinit(&arena);
	iq_arena_deinit(&arena);
	assert_non_null(iq_arena_alloc(&arena, 1));
	iq_arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_aligned_and_apart),
		cmocka_unit_test(pieces_of_no_bytes_are_distinct),
		cmocka_unit_test(large_pieces_leave_the_block_in_use),
		cmocka_unit_test(calloc_gives_zeros),
		cmocka_unit_test(sizes_that_overflow_are_refused),
		cmocka_unit_test(adopted_pieces_live_on),
		cmocka_unit_test(adopting_works_with_empty_arenas),
		cmocka_unit_test(deinit_leaves_an_empty_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
