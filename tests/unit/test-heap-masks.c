/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Masks of objects in each generation's own format, made by hand, and every kind
 * of damage that can be noticed: then each word may be a pointer.
 */
#include "formats/go/heap_masks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "formats/go/type.h"

#define HEAP UINT64_C(0xc000000000)
#define HEAP_SIZE (1u << 20)
#define TYPES UINT64_C(0x500000)
#define RECORDS UINT64_C(0x700000)
#define MHEAP UINT64_C(0x800000)
/* The index of the arenas, so far below that entries begin at INDEX. */
#define INDEX UINT64_C(0x20000000)
#define ARENA UINT64_C(0x30000000)
#define PAGE 8192
#define ALL (~UINT64_C(0))

enum { IN_HEAP, IN_TYPES, IN_RECORDS, IN_MHEAP, IN_INDEX, IN_ARENA, REGIONS };

struct fixture {
	struct iq_source sources[REGIONS];
	uint64_t addrs[REGIONS];
	struct iq_memory *memory;
	struct iq_go_program program;
	struct iq_go_runtime rt;
	struct iq_go_heap heap;
	struct iq_heap_map *map;
	uint64_t record; /* the next one */
	bool lacks_arena;
};

static void region(struct fixture *x, size_t i, uint64_t addr, size_t size)
{
	uint8_t *bytes = calloc(1, size);

	assert_non_null(bytes);
	x->addrs[i] = addr;
	x->sources[i] = (struct iq_source){ .data = bytes, .size = size };
}

static void put(struct fixture *x, uint64_t addr, uint64_t value, size_t size)
{
	for (size_t i = 0; i < REGIONS; i++) {
		uint64_t offset = addr - x->addrs[i];

		if (addr < x->addrs[i] || offset >= x->sources[i].size)
			continue;
		for (size_t n = 0; n < size; n++, value >>= 8)
			((uint8_t *)(uintptr_t)x->sources[i].data)[offset + n] =
				(uint8_t)value;
		return;
	}
	fail_msg("no memory at 0x%llx", (unsigned long long)addr);
}

static void word(struct fixture *x, uint64_t addr, uint64_t value)
{
	put(x, addr, value, 8);
}

static void field(struct fixture *x, uint64_t addr, struct iq_go_field f,
		  uint64_t value)
{
	if (iq_go_has(f))
		put(x, addr + f.offset, value, f.size);
}

static const struct iq_go_layout *layout(const struct fixture *x)
{
	return x->rt.layout;
}

static void init(struct fixture *x, const char *version)
{
	bool exact;

	*x = (struct fixture){ .record = RECORDS };
	x->program.go_version = iq_str_of(version);
	x->program.version =
		iq_go_version_find(x->program.go_version, "amd64", &exact);
	x->rt.program = &x->program;
	x->rt.version = x->program.version;
	x->rt.layout = x->rt.version->layout;
	x->heap.rt = &x->rt;
	x->heap.mheap_addr = MHEAP;
	region(x, IN_HEAP, HEAP, HEAP_SIZE);
	region(x, IN_TYPES, TYPES, 65536);
	region(x, IN_RECORDS, RECORDS, 65536);
	region(x, IN_MHEAP, MHEAP, layout(x)->mheap_size);
	region(x, IN_INDEX, INDEX, 64);
	region(x, IN_ARENA, ARENA, layout(x)->heap_arena_size + 64);
	if (iq_go_has(layout(x)->heap_arena_bitmap)) {
		int64_t base = x->rt.version->constants->arena_base_offset;
		uint64_t index = (HEAP - (uint64_t)base) >> 26;

		field(x, MHEAP, layout(x)->mheap_arenas, 0);
		word(x, MHEAP + layout(x)->mheap_arenas.offset,
		     INDEX - 8 * index);
		word(x, INDEX, ARENA);
	}
}

/* An mspan at @page of the heap. */
static uint64_t span(struct fixture *x, uint64_t page, uint64_t pages,
		     uint64_t size, uint64_t num, unsigned class)
{
	const struct iq_go_layout *l = layout(x);
	uint64_t addr = x->record;

	x->record += 512;
	field(x, addr, l->mspan_start_addr, HEAP + PAGE * page);
	field(x, addr, l->mspan_npages, pages);
	field(x, addr, l->mspan_nelems, num);
	field(x, addr, l->mspan_freeindex, num);
	field(x, addr, l->mspan_elemsize, size);
	field(x, addr, l->mspan_spanclass, class);
	if (iq_go_has(l->heap_arena_spans)) {
		for (uint64_t i = 0; i < pages; i++)
			word(x,
			     ARENA + l->heap_arena_spans.offset +
				     8 * (page + i),
			     addr);
	}
	return addr;
}

static const uint8_t *window(const void *ctx, uint64_t addr, uint64_t *len_ret)
{
	return iq_memory_window(ctx, addr, len_ret);
}

static bool faulted(const void *ctx)
{
	(void)ctx;
	return false;
}

static void read_span(struct fixture *x, uint64_t addr)
{
	const struct iq_go_layout *l = layout(x);
	struct iq_go_record r;
	struct iq_heap_span s = { 0 };

	assert_true(iq_go_record_read(x->memory, addr, l->mspan_size, &r));
	s.addr = iq_go_record_uint(&r, l->mspan_start_addr);
	s.elem_size = iq_go_record_uint(&r, l->mspan_elemsize);
	s.num_slots = (uint32_t)iq_go_record_uint(&r, l->mspan_nelems);
	s.free_index = s.num_slots;
	s.noscan = iq_go_record_uint(&r, l->mspan_spanclass) & 1;
	iq_go_heap_masks_span(x->map, &r, &s);
	assert_true(iq_vec_push(&x->map->spans, s));
}

/* The map of all spans. */
static void load(struct fixture *x)
{
	struct iq_heap_memory memory = { .window = window, .faulted = faulted };

	assert_null(iq_memory_create(&x->memory));
	for (size_t i = 0; i < REGIONS; i++) {
		const struct iq_memory_range range = {
			.addr = x->addrs[i],
			.len = x->sources[i].size,
			.source = &x->sources[i],
			.state = IQ_MEMORY_PRESENT,
		};

		if (i != IN_ARENA || !x->lacks_arena)
			assert_null(iq_memory_add(x->memory, &range));
	}
	assert_null(iq_memory_finish(x->memory));
	x->rt.memory = x->memory;
	memory.ctx = x->memory;
	assert_null(iq_heap_map_create(&memory, &x->map));
	assert_null(iq_go_heap_masks_open(&x->heap, x->map));
	for (uint64_t addr = RECORDS; addr < x->record; addr += 512)
		read_span(x, addr);
	assert_null(iq_heap_map_index(x->map));
	assert_null(iq_go_heap_masks_close(x->map));
}

static void deinit(struct fixture *x)
{
	iq_heap_map_destroy(x->map);
	iq_memory_destroy(x->memory);
	for (size_t i = 0; i < REGIONS; i++)
		free((void *)(uintptr_t)x->sources[i].data);
}

/* The mask of 64 words of an object of the @index-th span by address. */
static uint64_t mask(const struct fixture *x, size_t index, uint32_t slot,
		     uint64_t block)
{
	return iq_heap_pointer_mask(x->map, &x->map->spans.data[index], slot,
				    block);
}

static uint64_t words(unsigned num)
{
	return num < 64 ? (UINT64_C(1) << num) - 1 : ALL;
}

/* A type of @size bytes whose mask of @bits is at @addr + 128. */
static void type(struct fixture *x, uint64_t addr, uint64_t size,
		 unsigned ptr_words, uint64_t bits)
{
	const struct iq_go_layout *l = layout(x);

	field(x, addr, l->type_size, size);
	field(x, addr, l->type_ptr_bytes, 8ull * ptr_words);
	field(x, addr, l->type_kind, IQ_GO_KIND_STRUCT);
	field(x, addr, l->type_gc_data, addr + 128);
	word(x, addr + 128, bits);
}

/* Bits of the words of an object in the bitmap of its span. */
static void bits(struct fixture *x, uint64_t bitmap, uint64_t at,
		 uint64_t value, unsigned num)
{
	for (unsigned i = 0; i < num; i++) {
		uint64_t bit = at + i;
		uint64_t addr = bitmap + bit / 8;
		const uint8_t *byte = x->sources[IN_HEAP].data + (addr - HEAP);

		put(x, addr, *byte | (value >> i & 1) << bit % 8, 1);
	}
}

static void test_bits_stand_at_the_end_of_spans(void **state)
{
	struct fixture x;
	uint64_t bitmap = HEAP + PAGE - 128;

	(void)state;
	init(&x, "go1.22.12");
	// 48 bytes are 6 words: slot 10 begins at bit 60, in two words.
	span(&x, 0, 1, 48, (PAGE - 128) / 48, 8);
	bits(&x, bitmap, 60, 0x2d, 6);
	bits(&x, bitmap, 66, 0x01, 6);
	load(&x);
	assert_int_equal(mask(&x, 0, 10, 0), 0x2d);
	assert_int_equal(mask(&x, 0, 11, 0), 0x01);
	// No pointers in an object that has some: a hole, or not yet made.
	assert_int_equal(mask(&x, 0, 12, 0), words(6));
	deinit(&x);
}

static void test_mark_bits_may_follow(void **state)
{
	struct fixture x;
	uint64_t bitmap = HEAP + PAGE - 256;

	(void)state;
	init(&x, "go1.26.8");
	span(&x, 0, 1, 48, (PAGE - 256) / 48, 8);
	span(&x, 1, 1, 48, (PAGE - 256) / 48, 8);
	span(&x, 2, 1, 8, (PAGE - 128) / 8, 2);
	bits(&x, bitmap, 60, 0x2d, 6);
	bits(&x, bitmap + PAGE, 60, 0x2d, 6);
	bits(&x, HEAP + 3 * PAGE - 128, 5, 1, 1);
	put(&x, HEAP + PAGE - 1, 8, 1);
	load(&x);
	assert_int_equal(mask(&x, 0, 10, 0), 0x2d);
	// The last byte of the second is not its class.
	assert_int_equal(mask(&x, 1, 10, 0), words(6));
	assert_int_equal(mask(&x, 2, 5, 0), 1);
	deinit(&x);
}

static void test_the_experiment_of_1_25_is_seen(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, "go1.25.3 X:greenteagc");
	span(&x, 0, 1, 48, (PAGE - 256) / 48, 8);
	bits(&x, HEAP + PAGE - 256, 60, 0x2d, 6);
	put(&x, HEAP + PAGE - 1, 8, 1);
	load(&x);
	assert_int_equal(mask(&x, 0, 10, 0), 0x2d);
	deinit(&x);
}

static void test_spans_that_contradict_each_other_tell_nothing(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, "go1.26.8");
	span(&x, 0, 1, 48, (PAGE - 256) / 48, 8);
	span(&x, 1, 1, 48, (PAGE - 128) / 48, 8);
	bits(&x, HEAP + PAGE - 256, 60, 0x2d, 6);
	bits(&x, HEAP + 2 * PAGE - 128, 60, 0x2d, 6);
	put(&x, HEAP + PAGE - 1, 8, 1);
	load(&x);
	assert_int_equal(mask(&x, 0, 10, 0), words(6));
	assert_int_equal(mask(&x, 1, 10, 0), words(6));
	deinit(&x);
}

static void test_spans_without_room_for_bits_have_none(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, "go1.22.12");
	span(&x, 0, 1, 16, PAGE / 16, 4);
	bits(&x, HEAP + PAGE - 128, 0, 1, 1);
	load(&x);
	assert_int_equal(mask(&x, 0, 0, 0), 3);
	deinit(&x);
}

/* Spans of one format, so that it is known. */
static void plain(struct fixture *x)
{
	span(x, 120, 1, 48, (PAGE - 128) / 48, 8);
}

static void test_headers_are_types_that_are_tiled(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, "go1.24.13");
	plain(&x);
	type(&x, TYPES, 24, 2, 0x2);
	type(&x, TYPES + 512, 1016, 1, 0x1);
	type(&x, TYPES + 1024, 1024, 1, 0x1);
	type(&x, TYPES + 1536, 24, 2, 0x1);
	span(&x, 0, 1, 1024, 8, 70);
	word(&x, HEAP, TYPES);
	word(&x, HEAP + 1024, TYPES + 512);
	word(&x, HEAP + 2 * 1024, TYPES + 1024);
	word(&x, HEAP + 3 * 1024, TYPES + 1536);
	word(&x, HEAP + 4 * 1024, HEAP + 512);
	word(&x, HEAP + 5 * 1024, UINT64_C(0x1234567890));
	load(&x);
	for (unsigned i = 0; i < 128; i++)
		assert_int_equal(mask(&x, 0, 0, i / 64) >> i % 64 & 1,
				 i >= 1 && (i - 1) % 3 == 1);
	assert_int_equal(mask(&x, 0, 1, 0), 2);
	assert_int_equal(mask(&x, 0, 1, 1), 0);
	// Larger than the object; no pointer at the mask's end; no type; not
	// there; none at all.
	for (uint32_t slot = 2; slot < 7; slot++) {
		assert_int_equal(mask(&x, 0, slot, 0), ALL);
		assert_int_equal(mask(&x, 0, slot, 1), ALL);
	}
	deinit(&x);
}

static void test_large_objects_have_their_span_s_type(void **state)
{
	struct fixture x;
	uint64_t record;

	(void)state;
	init(&x, "go1.26.8");
	span(&x, 120, 1, 48, (PAGE - 256) / 48, 8);
	type(&x, TYPES, 8 * 100, 67, UINT64_C(1) << 63);
	word(&x, TYPES + 136, 4);
	record = span(&x, 0, 8, 8 * PAGE, 1, 0);
	field(&x, record, layout(&x)->mspan_large_type, TYPES);
	span(&x, 8, 8, 8 * PAGE, 1, 0);
	load(&x);
	for (unsigned i = 0; i < 1024; i++)
		assert_int_equal(mask(&x, 0, 0, i / 64) >> i % 64 & 1,
				 i % 100 == 63 || i % 100 == 66);
	// Just being made: it has no type yet.
	assert_int_equal(mask(&x, 1, 0, 0), ALL);
	deinit(&x);
}

/* A type of 200 KiB whose mask is made when it is needed: a number, an array of
 * 12,799 structs of {pointer, number}, a pointer. */
static void on_demand(struct fixture *x)
{
	const struct iq_go_layout *l = layout(x);
	uint64_t s = TYPES, array = TYPES + 512, elem = TYPES + 1024;
	uint64_t fields = TYPES + 1536;
	uint64_t flag =
		(uint64_t)x->rt.version->constants->tflag_gc_mask_on_demand;

	type(x, elem, 16, 1, 1);
	type(x, array, 16ull * 12799, 2 * 12798 + 1, 0);
	field(x, array, l->type_kind, IQ_GO_KIND_ARRAY);
	field(x, array, l->type_tflag, flag);
	field(x, array, l->array_type_elem, elem);
	field(x, array, l->array_type_len, 12799);
	type(x, s, 25600 * 8, 25600, 0);
	field(x, s, l->type_tflag, flag);
	word(x, s + l->struct_type_fields.offset, fields);
	word(x, s + l->struct_type_fields.offset + 8, 2);
	word(x, s + l->struct_type_fields.offset + 16, 2);
	field(x, fields, l->struct_field_type, array);
	field(x, fields, l->struct_field_offset, 8);
	fields += l->struct_field_size;
	field(x, fields, l->struct_field_type, TYPES + 2048);
	field(x, fields, l->struct_field_offset, 8 * 25599);
	type(x, TYPES + 2048, 8, 1, 1);
}

static void test_masks_on_demand_are_made_of_the_type(void **state)
{
	struct fixture x;
	uint64_t record;

	(void)state;
	init(&x, "go1.24.13");
	plain(&x);
	on_demand(&x);
	record = span(&x, 0, 25, 25 * PAGE, 1, 0);
	field(&x, record, layout(&x)->mspan_large_type, TYPES);
	record = span(&x, 32, 25, 25 * PAGE, 1, 0);
	field(&x, record, layout(&x)->mspan_large_type, TYPES + 512);
	load(&x);
	for (unsigned i = 0; i < 25600; i++) {
		assert_int_equal(mask(&x, 0, 0, i / 64) >> i % 64 & 1,
				 i % 2 || i == 25599);
		assert_int_equal(mask(&x, 1, 0, i / 64) >> i % 64 & 1,
				 i % 2 == 0);
	}
	deinit(&x);
}

static void test_a_mask_that_was_made_already_is_taken(void **state)
{
	struct fixture x;
	uint64_t record;

	(void)state;
	init(&x, "go1.24.13");
	plain(&x);
	on_demand(&x);
	word(&x, TYPES + 128, TYPES + 8192);
	for (unsigned i = 0; i < 400; i++)
		word(&x, TYPES + 8192 + 8 * i, i == 399 ? ALL : i + 1);
	record = span(&x, 0, 25, 25 * PAGE, 1, 0);
	field(&x, record, layout(&x)->mspan_large_type, TYPES);
	load(&x);
	assert_int_equal(mask(&x, 0, 0, 0), 1);
	assert_int_equal(mask(&x, 0, 0, 398), 399);
	deinit(&x);
}

static void test_types_that_contain_themselves_have_no_mask(void **state)
{
	struct fixture x;
	uint64_t record;

	(void)state;
	init(&x, "go1.24.13");
	plain(&x);
	on_demand(&x);
	field(&x, TYPES + 1536, layout(&x)->struct_field_type, TYPES);
	record = span(&x, 0, 25, 25 * PAGE, 1, 0);
	field(&x, record, layout(&x)->mspan_large_type, TYPES);
	load(&x);
	assert_int_equal(mask(&x, 0, 0, 0), ALL);
	deinit(&x);
}

/* The bits of 64 words in a bitmap of one bit a word. */
static void arena_bits(struct fixture *x, uint64_t addr, uint64_t value)
{
	word(x,
	     ARENA + layout(x)->heap_arena_bitmap.offset + (addr - HEAP) / 64,
	     value);
}

static void test_arenas_have_a_bit_a_word(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, "go1.20.14");
	span(&x, 0, 1, 48, PAGE / 48, 8);
	arena_bits(&x, HEAP, UINT64_C(0xd) << 60);
	arena_bits(&x, HEAP + 512, 0x2);
	load(&x);
	assert_int_equal(mask(&x, 0, 10, 0), 0x2d);
	// A page of the bitmap that has something, but nothing of this one.
	assert_int_equal(mask(&x, 0, 20, 0), words(6));
	deinit(&x);
}

static void test_bits_of_many_words_go_on(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, "go1.21.13");
	span(&x, 0, 2, 1024, 16, 70);
	arena_bits(&x, HEAP + 1024, 0);
	arena_bits(&x, HEAP + 1024 + 512, 0x5);
	load(&x);
	assert_int_equal(mask(&x, 0, 1, 0), 0);
	assert_int_equal(mask(&x, 0, 1, 1), 5);
	deinit(&x);
}

/* The byte of four words in a bitmap of 1.18. */
static void arena_byte(struct fixture *x, uint64_t addr, unsigned value)
{
	put(x, ARENA + layout(x)->heap_arena_bitmap.offset + (addr - HEAP) / 32,
	    value, 1);
}

static void test_bits_end_where_no_more_are(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, "go1.18.10");
	span(&x, 0, 1, 64, PAGE / 64, 10);
	// Words 0, 2 and 5 are pointers; there are more up to word 5. What is
	// behind is left from another object.
	arena_byte(&x, HEAP + 64, 0xf5);
	arena_byte(&x, HEAP + 96, 0x3e);
	// Nothing at all.
	arena_byte(&x, HEAP + 128, 0x0f);
	load(&x);
	assert_int_equal(mask(&x, 0, 1, 0), 0x25);
	assert_int_equal(mask(&x, 0, 2, 0), words(8));
	deinit(&x);
}

static void test_what_ends_before_a_block_is_not_in_it(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, "go1.19.13");
	span(&x, 0, 2, 1024, 16, 70);
	for (unsigned i = 0; i < 8; i++)
		arena_byte(&x, HEAP + 32 * i, 0xf1);
	arena_byte(&x, HEAP + 32 * 8, 0x10);
	// Left from another one.
	for (unsigned i = 16; i < 32; i++)
		arena_byte(&x, HEAP + 32 * i, 0xff);
	load(&x);
	assert_int_equal(mask(&x, 0, 0, 0), 0x11111111);
	assert_int_equal(mask(&x, 0, 0, 1), 0);
	deinit(&x);
}

static void test_a_hole_in_a_bitmap_makes_all_words_pointers(void **state)
{
	static const char *const versions[] = { "go1.18.10", "go1.20.14" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint64_t covers = i ? 262144 : 131072;
		struct fixture x;

		init(&x, versions[i]);
		// One object over three pages of the bitmap, the second of
		// which has nothing.
		span(&x, 0, 96, 96ull * PAGE, 1, 0);
		for (uint64_t at = 0; at < 96 * PAGE; at += 512) {
			if (at / covers == 1)
				continue;
			if (i)
				arena_bits(&x, HEAP + at, 1);
			else
				for (unsigned n = 0; n < 16; n++)
					arena_byte(&x, HEAP + at + 32 * n,
						   0xf1);
		}
		load(&x);
		assert_int_equal(mask(&x, 0, 0, covers / 512 - 1) & 0xf, 1);
		assert_int_equal(mask(&x, 0, 0, covers / 512), ALL);
		assert_int_equal(mask(&x, 0, 0, 2 * covers / 512 - 1), ALL);
		assert_int_equal(mask(&x, 0, 0, 2 * covers / 512) & 0xf, 1);
		deinit(&x);
	}
}

static void test_a_span_that_its_arena_does_not_know_has_no_mask(void **state)
{
	struct fixture x;
	uint64_t owner;

	(void)state;
	init(&x, "go1.20.14");
	span(&x, 0, 1, 48, PAGE / 48, 8);
	owner = ARENA + layout(&x)->heap_arena_spans.offset;
	word(&x, owner, RECORDS + 512);
	arena_bits(&x, HEAP, 1);
	load(&x);
	assert_int_equal(mask(&x, 0, 0, 0), words(6));
	deinit(&x);
}

static void
test_a_bitmap_that_is_not_there_makes_all_words_pointers(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, "go1.20.14");
	span(&x, 0, 1, 48, PAGE / 48, 8);
	x.lacks_arena = true;
	load(&x);
	assert_int_equal(mask(&x, 0, 0, 0), words(6));
	deinit(&x);
}

static void test_arenas_of_the_user_have_no_masks(void **state)
{
	struct fixture x;
	uint64_t record;

	(void)state;
	init(&x, "go1.22.12");
	plain(&x);
	type(&x, TYPES, 24, 2, 0x2);
	record = span(&x, 0, 8, 8 * PAGE, 1, 0);
	field(&x, record, layout(&x)->mspan_large_type, TYPES);
	field(&x, record, layout(&x)->mspan_is_user_arena_chunk, 1);
	load(&x);
	assert_int_equal(mask(&x, 0, 0, 0), ALL);
	deinit(&x);
}

static void test_a_runtime_of_the_future_tells_nothing(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, "go1.99.0");
	span(&x, 0, 1, 48, (PAGE - 256) / 48, 8);
	bits(&x, HEAP + PAGE - 256, 60, 0x2d, 6);
	put(&x, HEAP + PAGE - 1, 8, 1);
	load(&x);
	assert_int_equal(mask(&x, 0, 10, 0), words(6));
	deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bits_stand_at_the_end_of_spans),
		cmocka_unit_test(test_mark_bits_may_follow),
		cmocka_unit_test(test_the_experiment_of_1_25_is_seen),
		cmocka_unit_test(
			test_spans_that_contradict_each_other_tell_nothing),
		cmocka_unit_test(test_spans_without_room_for_bits_have_none),
		cmocka_unit_test(test_headers_are_types_that_are_tiled),
		cmocka_unit_test(test_large_objects_have_their_span_s_type),
		cmocka_unit_test(test_masks_on_demand_are_made_of_the_type),
		cmocka_unit_test(test_a_mask_that_was_made_already_is_taken),
		cmocka_unit_test(
			test_types_that_contain_themselves_have_no_mask),
		cmocka_unit_test(test_arenas_have_a_bit_a_word),
		cmocka_unit_test(test_bits_of_many_words_go_on),
		cmocka_unit_test(test_bits_end_where_no_more_are),
		cmocka_unit_test(test_what_ends_before_a_block_is_not_in_it),
		cmocka_unit_test(
			test_a_hole_in_a_bitmap_makes_all_words_pointers),
		cmocka_unit_test(
			test_a_span_that_its_arena_does_not_know_has_no_mask),
		cmocka_unit_test(
			test_a_bitmap_that_is_not_there_makes_all_words_pointers),
		cmocka_unit_test(test_arenas_of_the_user_have_no_masks),
		cmocka_unit_test(test_a_runtime_of_the_future_tells_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
