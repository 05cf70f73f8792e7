/* SPDX-License-Identifier: Apache-2.0 */
#include "model/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "base/limits.h"
#include "heap-builder.h"

#define HEAP 0xc000000000ull

static void test_words_find_the_slot_that_holds_them(void **state)
{
	struct heap_builder b;
	struct iq_heap_map *map;

	(void)state;
	heap_builder_init(&b);
	heap_builder_span(&b, HEAP + 0x2000, 96, 85);
	heap_builder_span(&b, HEAP, 64, 128);
	map = heap_builder_map(&b);
	assert_int_equal(map->num_slots, 213);
	assert_int_equal(iq_heap_map_slot(map, HEAP), 0);
	assert_int_equal(iq_heap_map_slot(map, HEAP + 63), 0);
	assert_int_equal(iq_heap_map_slot(map, HEAP + 64), 1);
	assert_int_equal(iq_heap_map_slot(map, HEAP + 0x1fff), 127);
	assert_int_equal(iq_heap_map_slot(map, HEAP + 0x2000), 128);
	assert_int_equal(iq_heap_map_slot(map, HEAP + 0x2000 + 85 * 96 - 1),
			 212);
	assert_int_equal(iq_heap_map_span_of_slot(map, 127), 0);
	assert_int_equal(iq_heap_map_span_of_slot(map, 128), 1);
	assert_int_equal(iq_heap_map_span_of_slot(map, 213), IQ_HEAP_NONE);
	iq_heap_map_destroy(map);
	heap_builder_deinit(&b);
}

static void test_words_outside_of_slots_are_none(void **state)
{
	struct heap_builder b;
	struct iq_heap_map *map;

	(void)state;
	heap_builder_init(&b);
	// 32 bytes of the page are too few for a slot.
	heap_builder_span(&b, HEAP, 96, 85);
	map = heap_builder_map(&b);
	assert_int_equal(iq_heap_map_slot(map, HEAP - 1), IQ_HEAP_NONE);
	assert_int_equal(iq_heap_map_slot(map, HEAP + 85 * 96), IQ_HEAP_NONE);
	assert_int_equal(iq_heap_map_slot(map, HEAP + 0x2000), IQ_HEAP_NONE);
	assert_int_equal(iq_heap_map_slot(map, 0), IQ_HEAP_NONE);
	assert_int_equal(iq_heap_map_slot(map, UINT64_MAX), IQ_HEAP_NONE);
	iq_heap_map_destroy(map);
	heap_builder_deinit(&b);
}

static void test_holders_are_what_was_held(void **state)
{
	static const uint8_t masks[40] = { 0 };
	static const char *const doubts[] = { "a", "b", "c", "d", "e" };
	struct iq_heap_holder holders[1000] = { 0 };
	struct heap_builder b;
	struct iq_heap_map *map;
	size_t apart = 0;

	(void)state;
	heap_builder_init(&b);
	heap_builder_span(&b, HEAP, 64, 128);
	map = heap_builder_map(&b);
	free(map->held);
	assert_null(iq_heap_map_make_holders(map, 1000));
	for (size_t i = 0; i < 1000; i++) {
		struct iq_heap_holder *h = &holders[i];

		h->stack = (struct iq_heap_range){ .addr = HEAP + 0x800 * i,
						   .len = 8 * (i % 200),
						   .mask = &masks[i % 40],
						   .kind = IQ_ROOT_STACK };
		h->self.kind = IQ_ROOT_GOROUTINE;
		h->registers.kind = IQ_ROOT_REGISTERS;
		h->stack_bytes = 0x800;
		h->stack_lost = i % 7 == 0;
		h->wait_doubt = i % 5 ? NULL : doubts[i / 5 % 5];
		if (i % 3) {
			h->self.addr = HEAP + 400 * i;
			h->self.len = i % 11 ? 400 : 408;
		}
		if (i % 13 == 0) {
			h->registers.addr = HEAP + i;
			h->registers.len = 512;
		}
		if (i % 17 == 0)
			h->stack_bytes = 0xc00;
		if (i % 19 == 0)
			h->stack.len += 4;
		if (i % 23 == 0)
			h->stack.addr = HEAP + (32ull << 30);
		apart += i % 23 == 0 || i % 13 == 0 || i % 17 == 0 ||
			 i % 19 == 0 || (i % 3 && i % 11 == 0) ||
			 i / 5 % 5 * !(i % 5) == 4;
		if (i != 500)
			assert_null(iq_heap_map_hold(map, i, h));
	}
	assert_int_equal(map->apart.len, apart);
	holders[500] = (struct iq_heap_holder){ 0 };
	for (size_t i = 0; i < 1000; i++) {
		struct iq_heap_holder h = iq_heap_map_holder(map, i);

		assert_int_equal(h.stack.len, holders[i].stack.len);
		assert_int_equal(h.stack.addr, holders[i].stack.addr);
		assert_ptr_equal(h.stack.mask, holders[i].stack.mask);
		assert_int_equal(h.self.len, holders[i].self.len);
		assert_int_equal(h.self.addr, holders[i].self.addr);
		assert_int_equal(h.registers.len, holders[i].registers.len);
		assert_int_equal(h.registers.addr, holders[i].registers.addr);
		assert_int_equal(h.stack_bytes, holders[i].stack_bytes);
		assert_int_equal(h.stack_lost, holders[i].stack_lost);
		assert_ptr_equal(h.wait_doubt, holders[i].wait_doubt);
		assert_null(h.stack_doubt);
	}
	iq_heap_map_destroy(map);
	heap_builder_deinit(&b);
}

static void test_free_slots_are_no_objects(void **state)
{
	// Slots 5 and 8 are allocated, and what is below freeindex.
	const uint8_t bits[16] = { 0x20, 0x01 };
	struct heap_builder b;
	struct iq_heap_map *map;
	struct iq_heap_span *span;

	(void)state;
	heap_builder_init(&b);
	span = heap_builder_span(&b, HEAP, 64, 128);
	span->alloc_bits = bits;
	span->free_index = 3;
	map = heap_builder_map(&b);
	assert_int_equal(iq_heap_map_slot(map, HEAP + 2 * 64), 2);
	assert_int_equal(iq_heap_map_slot(map, HEAP + 3 * 64), IQ_HEAP_NONE);
	assert_int_equal(iq_heap_map_slot(map, HEAP + 5 * 64), 5);
	assert_int_equal(iq_heap_map_slot(map, HEAP + 8 * 64), 8);
	assert_int_equal(iq_heap_map_slot(map, HEAP + 9 * 64), IQ_HEAP_NONE);
	iq_heap_map_destroy(map);
	heap_builder_deinit(&b);
}

static void test_an_empty_heap_has_nothing(void **state)
{
	struct heap_builder b;
	struct iq_heap_map *map;

	(void)state;
	heap_builder_init(&b);
	map = heap_builder_map(&b);
	assert_int_equal(iq_heap_map_slot(map, HEAP), IQ_HEAP_NONE);
	assert_int_equal(iq_heap_map_slot(map, 0), IQ_HEAP_NONE);
	assert_int_equal(map->incomplete[0], 0);
	iq_heap_map_destroy(map);
	heap_builder_deinit(&b);
}

/* A map over spans that have no memory. */
static struct iq_heap_map *map_of(struct heap_builder *b,
				  const struct iq_heap_span *spans, size_t num)
{
	heap_builder_init(b);
	for (size_t i = 0; i < num; i++)
		assert_true(iq_vec_push(&b->spans, spans[i]));
	return heap_builder_map(b);
}

static void test_many_spans_of_a_chunk_are_found_by_page(void **state)
{
	struct iq_heap_span spans[40] = { 0 };
	struct heap_builder b;
	struct iq_heap_map *map;

	(void)state;
	// Every third page, and a large one across the next chunk.
	for (uint32_t i = 0; i < 39; i++)
		spans[i] = (struct iq_heap_span){ .addr = HEAP + i * 0x6000,
						  .elem_size = 1024,
						  .num_slots = 8 };
	spans[39] = (struct iq_heap_span){ .addr = HEAP + 0x3000000,
					   .elem_size = 0x8000000,
					   .num_slots = 1 };
	map = map_of(&b, spans, 40);
	assert_non_null(map->chunks[0].pages);
	assert_null(map->chunks[1].pages);
	for (uint32_t i = 0; i < 39; i++) {
		uint64_t addr = HEAP + i * 0x6000;

		assert_int_equal(iq_heap_map_slot(map, addr + 1024), 8 * i + 1);
		assert_int_equal(iq_heap_map_slot(map, addr + 0x2000),
				 IQ_HEAP_NONE);
	}
	assert_int_equal(iq_heap_map_slot(map, HEAP + 0x3000000), 39 * 8);
	assert_int_equal(iq_heap_map_slot(map, HEAP + 0x7000000), 39 * 8);
	assert_int_equal(iq_heap_map_slot(map, HEAP + 0xafffff8), 39 * 8);
	assert_int_equal(iq_heap_map_slot(map, HEAP + 0xb000000), IQ_HEAP_NONE);
	iq_heap_map_destroy(map);
	heap_builder_deinit(&b);
}

static void test_spans_that_cannot_be_leave_a_gap(void **state)
{
	static const struct iq_heap_span bad[] = {
		{ .addr = HEAP, .elem_size = 0, .num_slots = 8 },
		{ .addr = HEAP, .elem_size = 12, .num_slots = 8 },
		{ .addr = HEAP, .elem_size = 64, .num_slots = 0 },
		{ .addr = HEAP + 64, .elem_size = 64, .num_slots = 8 },
		{ .addr = 0, .elem_size = 64, .num_slots = 8 },
		{ .addr = 1ull << 48, .elem_size = 64, .num_slots = 8 },
		{ .addr = HEAP, .elem_size = 1ull << 62, .num_slots = 8 },
	};

	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(bad); i++) {
		struct heap_builder b;
		struct iq_heap_map *map = map_of(&b, &bad[i], 1);

		assert_int_equal(map->spans.len, 0);
		assert_int_not_equal(map->incomplete[0], 0);
		iq_heap_map_destroy(map);
		heap_builder_deinit(&b);
	}
}

static void test_spans_that_overlap_leave_a_gap(void **state)
{
	static const struct iq_heap_span spans[] = {
		{ .addr = HEAP, .elem_size = 0x4000, .num_slots = 1 },
		{ .addr = HEAP + 0x2000, .elem_size = 64, .num_slots = 128 },
		{ .addr = HEAP + 0x4000, .elem_size = 64, .num_slots = 128 },
	};
	struct heap_builder b;
	struct iq_heap_map *map = map_of(&b, spans, IQ_ARRAY_SIZE(spans));

	(void)state;
	assert_int_equal(map->spans.len, 2);
	assert_int_not_equal(map->incomplete[0], 0);
	assert_int_equal(iq_heap_map_slot(map, HEAP + 0x2000), 0);
	assert_int_equal(iq_heap_map_slot(map, HEAP + 0x4000), 1);
	iq_heap_map_destroy(map);
	heap_builder_deinit(&b);
}

static void test_more_slots_than_numbers_leave_a_gap(void **state)
{
	static const struct iq_heap_span spans[] = {
		{ .addr = HEAP, .elem_size = 8, .num_slots = 1u << 16 },
		{ .addr = HEAP + (1ull << 40),
		  .elem_size = 8,
		  .num_slots = IQ_LIMIT_HEAP_SLOTS },
	};
	struct heap_builder b;
	struct iq_heap_map *map = map_of(&b, spans, IQ_ARRAY_SIZE(spans));

	(void)state;
	assert_int_equal(map->num_slots, 1u << 16);
	assert_int_not_equal(map->incomplete[0], 0);
	iq_heap_map_destroy(map);
	heap_builder_deinit(&b);
}

/* All sizes are tried: Go's classes and any that a broken core may claim. */
static void test_offsets_are_divided_exactly(void **state)
{
	(void)state;
	for (uint64_t size = 8; size <= 32768 + 8; size += 8) {
		struct iq_heap_span span = {
			.elem_size = size,
			.magic = UINT32_MAX / (uint32_t)size + 1,
		};

		for (uint64_t i = 0; i < 64; i++) {
			uint64_t far = (UINT32_MAX / size - i) * size;

			assert_int_equal(iq_heap_divide(&span, i * size), i);
			assert_int_equal(
				iq_heap_divide(&span, i * size + size - 1), i);
			assert_int_equal(iq_heap_divide(&span, far),
					 far / size);
			assert_int_equal(iq_heap_divide(&span, far - 1),
					 (far - 1) / size);
		}
	}
}

static void count_call(const void *ctx)
{
	++*(unsigned *)(uintptr_t)ctx;
}

static uint64_t a_kilobyte(const void *ctx)
{
	(void)ctx;
	return 1024;
}

static void test_what_tells_pointers_is_the_map_s(void **state)
{
	struct heap_builder b;
	struct iq_heap_map *map;
	unsigned calls = 0;
	uint64_t memory;

	(void)state;
	heap_builder_init(&b);
	heap_builder_span(&b, 0xc000000000, 64, 128);
	map = heap_builder_map(&b);
	memory = iq_heap_map_memory(map);
	map->pointers = (struct iq_heap_pointers){
		.ctx = &calls,
		.destroy = count_call,
		.memory = a_kilobyte,
	};
	assert_int_equal(iq_heap_map_memory(map), memory + 1024);
	iq_heap_map_destroy(map);
	assert_int_equal(calls, 1);
	heap_builder_deinit(&b);
}

static uint64_t all_words(const void *ctx, const struct iq_heap_span *span,
			  uint32_t slot, uint64_t block)
{
	(void)ctx;
	(void)span;
	(void)slot;
	(void)block;
	return ~0ull;
}

static void test_no_word_behind_an_object_is_a_pointer(void **state)
{
	struct heap_builder b;
	struct iq_heap_map *map;

	(void)state;
	heap_builder_init(&b);
	heap_builder_span(&b, 0xc000000000, 576, 14);
	map = heap_builder_map(&b);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(
			iq_heap_pointer_mask(map, &map->spans.data[0], 3, 0),
			~0ull);
		assert_int_equal(
			iq_heap_pointer_mask(map, &map->spans.data[0], 3, 1),
			0xff);
		map->pointers.mask = all_words;
	}
	iq_heap_map_destroy(map);
	heap_builder_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_find_the_slot_that_holds_them),
		cmocka_unit_test(test_words_outside_of_slots_are_none),
		cmocka_unit_test(test_holders_are_what_was_held),
		cmocka_unit_test(test_free_slots_are_no_objects),
		cmocka_unit_test(test_an_empty_heap_has_nothing),
		cmocka_unit_test(test_many_spans_of_a_chunk_are_found_by_page),
		cmocka_unit_test(test_spans_that_cannot_be_leave_a_gap),
		cmocka_unit_test(test_spans_that_overlap_leave_a_gap),
		cmocka_unit_test(test_more_slots_than_numbers_leave_a_gap),
		cmocka_unit_test(test_offsets_are_divided_exactly),
		cmocka_unit_test(test_what_tells_pointers_is_the_map_s),
		cmocka_unit_test(test_no_word_behind_an_object_is_a_pointer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
