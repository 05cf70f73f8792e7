/* SPDX-License-Identifier: Apache-2.0 */
#include "heap-builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// cmocka wants the first three above.
#include <cmocka.h>

static const uint8_t *window(const void *ctx, uint64_t addr, uint64_t *len_ret)
{
	const struct heap_builder *b = ctx;

	for (size_t i = 0; i < b->num_regions; i++) {
		uint64_t offset = addr - b->regions[i].addr;

		if (addr < b->regions[i].addr || offset >= b->regions[i].len)
			continue;
		*len_ret = b->regions[i].len - offset;
		return b->regions[i].bytes + offset;
	}
	return NULL;
}

static bool faulted(const void *ctx)
{
	return ((const struct heap_builder *)ctx)->faulted;
}

static struct iq_error *load(const struct iq_heap *heap,
			     struct iq_heap_map **ret)
{
	struct heap_builder *b = (struct heap_builder *)heap;

	b->num_loads++;
	*ret = heap_builder_map(b);
	return NULL;
}

void heap_builder_init(struct heap_builder *b)
{
	*b = (struct heap_builder){ .heap = { .load = load } };
}

void heap_builder_deinit(struct heap_builder *b)
{
	for (size_t i = 0; i < b->num_regions; i++)
		free(b->regions[i].bytes);
	iq_vec_deinit(&b->spans);
	iq_vec_deinit(&b->roots);
	iq_vec_deinit(&b->root_words);
	iq_vec_deinit(&b->holders);
	iq_vec_deinit(&b->hidden);
}

void heap_builder_memory(struct heap_builder *b, uint64_t addr, uint64_t len)
{
	uint8_t *bytes = calloc(1, len);

	assert_non_null(bytes);
	assert_true(b->num_regions < HEAP_BUILDER_REGIONS);
	b->regions[b->num_regions].addr = addr;
	b->regions[b->num_regions].len = len;
	b->regions[b->num_regions++].bytes = bytes;
}

void heap_builder_word(struct heap_builder *b, uint64_t addr, uint64_t word)
{
	for (int i = 0; i < 8; i++, word >>= 8) {
		uint64_t have;
		uint8_t *byte = (uint8_t *)(uintptr_t)window(
			b, addr + (uint64_t)i, &have);

		assert_non_null(byte);
		*byte = (uint8_t)word;
	}
}

struct iq_heap_span *heap_builder_span(struct heap_builder *b, uint64_t addr,
				       uint64_t elem_size, uint32_t num_slots)
{
	struct iq_heap_span span = {
		.addr = addr,
		.elem_size = elem_size,
		.num_slots = num_slots,
		.free_index = num_slots,
	};

	heap_builder_memory(b, addr, elem_size * num_slots);
	assert_true(iq_vec_push(&b->spans, span));
	return &b->spans.data[b->spans.len - 1];
}

void heap_builder_root(struct heap_builder *b, uint64_t addr, uint64_t num)
{
	struct iq_heap_range range = { .addr = addr, .len = 8 * num };

	heap_builder_memory(b, addr, 8 * num);
	assert_true(iq_vec_push(&b->roots, range));
}

void heap_builder_stack(struct heap_builder *b, uint64_t addr, uint64_t num)
{
	struct iq_heap_holder holder = {
		.stack = { .addr = addr,
			   .len = 8 * num,
			   .kind = IQ_ROOT_STACK },
	};

	heap_builder_memory(b, addr, 8 * num);
	assert_true(iq_vec_push(&b->holders, holder));
}

struct iq_heap_map *heap_builder_map(struct heap_builder *b)
{
	struct iq_heap_memory memory = { b, window, faulted };
	struct iq_heap_map *map;

	assert_null(iq_heap_map_create(&memory, &map));
	for (size_t i = 0; i < b->spans.len; i++)
		assert_true(iq_vec_push(&map->spans, b->spans.data[i]));
	map->disguise = b->disguise;
	map->pointers = b->pointers;
	assert_null(iq_heap_map_index(map));
	for (size_t i = 0; i < b->hidden.len; i++)
		iq_heap_map_hide(map, b->hidden.data[i]);
	for (size_t i = 0; i < b->roots.len; i++)
		assert_true(iq_vec_push(&map->roots, b->roots.data[i]));
	for (size_t i = 0; i < b->root_words.len; i++)
		assert_true(
			iq_vec_push(&map->root_words, b->root_words.data[i]));
	assert_null(iq_heap_map_make_holders(map, b->holders.len));
	for (size_t i = 0; i < b->holders.len; i++)
		assert_null(iq_heap_map_hold(map, i, &b->holders.data[i]));
	if (b->lacks)
		iq_heap_map_lacks(map, "%s", b->lacks);
	return map;
}
