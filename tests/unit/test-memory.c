/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/memory.h"
#include "scratch.h"

#define PRESENT IQ_MEMORY_PRESENT
#define NOT_DUMPED IQ_MEMORY_NOT_DUMPED
#define CUT_OFF IQ_MEMORY_CUT_OFF

static uint8_t core_bytes[0x10000];
static uint8_t exe_bytes[0x10000];
static struct iq_source core = {
	.path = "core",
	.data = core_bytes,
	.size = sizeof(core_bytes),
};
static struct iq_source exe = {
	.path = "exe",
	.data = exe_bytes,
	.size = sizeof(exe_bytes),
};

static int setup(void **state iq_unused)
{
	for (size_t i = 0; i < sizeof(core_bytes); i++) {
		core_bytes[i] = (uint8_t)(i * 7 + (i >> 8));
		exe_bytes[i] = (uint8_t)(i * 13 + (i >> 8) + 1);
	}
	return 0;
}

static struct iq_memory *create(void)
{
	struct iq_memory *mem;

	assert_null(iq_memory_create(&mem));
	return mem;
}

static void add(struct iq_memory *mem, uint64_t addr, uint64_t len,
		enum iq_memory_state state, const struct iq_source *source,
		uint64_t offset)
{
	const struct iq_memory_range range = {
		.addr = addr,
		.len = len,
		.source = source,
		.offset = offset,
		.state = state,
		.prot = IQ_MEMORY_READ,
	};

	assert_null(iq_memory_add(mem, &range));
}

static void assert_add_fails(uint64_t addr, uint64_t len,
			     enum iq_memory_state state,
			     const struct iq_source *source, uint64_t offset,
			     const char *text)
{
	const struct iq_memory_range range = {
		.addr = addr,
		.len = len,
		.source = source,
		.offset = offset,
		.state = state,
	};
	struct iq_memory *mem = create();
	struct iq_error *err = iq_memory_add(mem, &range);

	assert_non_null(err);
	assert_string_equal(err->text, text);
	iq_error_destroy(err);
	iq_memory_destroy(mem);
}

static void assert_reads(const struct iq_memory *mem, uint64_t addr, size_t len,
			 const uint8_t *expected)
{
	uint8_t buf[0x4000];

	assert_true(len <= sizeof(buf));
	assert_true(iq_memory_read(mem, addr, len, buf));
	assert_memory_equal(buf, expected, len);
}

static void assert_no_read(const struct iq_memory *mem, uint64_t addr,
			   size_t len)
{
	uint8_t buf[0x4000];

	assert_true(len <= sizeof(buf));
	memset(buf, 0xa5, sizeof(buf));
	assert_false(iq_memory_read(mem, addr, len, buf));
	for (size_t i = 0; i < sizeof(buf); i++)
		assert_int_equal(buf[i], 0xa5);
}

static void nothing_is_unmapped(void **state iq_unused)
{
	struct iq_memory *mem = create();
	uint64_t v;
	size_t num;

	assert_int_equal(iq_memory_state(mem, 0), IQ_MEMORY_UNMAPPED);
	assert_null(iq_memory_finish(mem));
	assert_no_read(mem, 0, 1);
	assert_no_read(mem, UINT64_MAX, 1);
	assert_false(iq_memory_u64(mem, 0, &v));
	assert_null(iq_memory_window(mem, 0, &v));
	assert_null(iq_memory_find(mem, 0));
	iq_memory_ranges(mem, &num);
	assert_int_equal(num, 0);
	iq_memory_destroy(mem);
	iq_memory_destroy(NULL);
}

static void reads_are_whole_or_nothing(void **state iq_unused)
{
	struct iq_memory *mem = create();

	add(mem, 0x400000, 0x2000, PRESENT, &core, 0x1000);
	assert_null(iq_memory_finish(mem));
	assert_reads(mem, 0x400000, 0x2000, core_bytes + 0x1000);
	assert_reads(mem, 0x401234, 5, core_bytes + 0x2234);
	assert_reads(mem, 0x401fff, 1, core_bytes + 0x2fff);
	assert_reads(mem, 0x401fff, 0, core_bytes);
	assert_no_read(mem, 0x401fff, 2);
	assert_no_read(mem, 0x402000, 1);
	assert_no_read(mem, 0x3fffff, 2);
	assert_no_read(mem, UINT64_MAX, 2);
	assert_no_read(mem, 0x400000, 0x2001);
	iq_memory_destroy(mem);
}

static void numbers_are_little_endian(void **state iq_unused)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	const struct iq_source source = { .data = bytes, .size = 9 };
	struct iq_memory *mem = create();
	uint64_t v = 77;
	uint32_t w = 77;

	add(mem, 0x1000, 9, PRESENT, &source, 0);
	assert_null(iq_memory_finish(mem));
	assert_true(iq_memory_u64(mem, 0x1001, &v));
	assert_int_equal(v, 0x0908070605040302);
	assert_true(iq_memory_u32(mem, 0x1005, &w));
	assert_int_equal(w, 0x09080706);
	assert_true(iq_memory_uint(mem, 0x1008, 1, &v));
	assert_int_equal(v, 9);
	assert_true(iq_memory_uint(mem, 0x1007, 2, &v));
	assert_int_equal(v, 0x0908);
	assert_true(iq_memory_uint(mem, 0x1000, 4, &v));
	assert_int_equal(v, 0x04030201);
	assert_true(iq_memory_uint(mem, 0x1000, 8, &v));
	assert_int_equal(v, 0x0807060504030201);
	assert_false(iq_memory_u64(mem, 0x1002, &v));
	assert_false(iq_memory_uint(mem, 0x1008, 2, &v));
	assert_false(iq_memory_u32(mem, 0x1006, &w));
	assert_int_equal(v, 0x0807060504030201);
	assert_int_equal(w, 0x09080706);
	iq_memory_destroy(mem);
}

static void reads_cross_ranges(void **state iq_unused)
{
	struct iq_memory *mem = create();
	uint8_t expected[0x3000];
	uint64_t v, w;

	// In any order; other bytes of the file, another file, a hole.
	add(mem, 0x2000, 0x1000, PRESENT, &exe, 0x500);
	add(mem, 0x1000, 0x1000, PRESENT, &core, 0x3000);
	add(mem, 0x3000, 0x1000, PRESENT, &core, 0x1000);
	add(mem, 0x5000, 0x1000, PRESENT, &core, 0);
	assert_null(iq_memory_finish(mem));
	memcpy(expected, core_bytes + 0x3000, 0x1000);
	memcpy(expected + 0x1000, exe_bytes + 0x500, 0x1000);
	memcpy(expected + 0x2000, core_bytes + 0x1000, 0x1000);
	assert_reads(mem, 0x1000, 0x3000, expected);
	assert_reads(mem, 0x1ffc, 8, expected + 0xffc);
	assert_true(iq_memory_u64(mem, 0x1ffc, &v));
	memcpy(&w, expected + 0xffc, 8);
	assert_int_equal(v, w);
	assert_no_read(mem, 0x1000, 0x3001);
	assert_no_read(mem, 0x3fff, 0x1002);
	iq_memory_destroy(mem);
}

static void ranges_that_continue_are_joined(void **state iq_unused)
{
	struct iq_memory *mem = create();
	const struct iq_memory_range *ranges;
	const struct iq_memory_range writable = {
		.addr = 0x3000,
		.len = 0x1000,
		.source = &core,
		.offset = 0x2000,
		.state = PRESENT,
		.prot = IQ_MEMORY_READ | IQ_MEMORY_WRITE,
	};
	uint64_t len;
	size_t num;

	add(mem, 0x1000, 0x1000, PRESENT, &core, 0);
	add(mem, 0x2000, 0x1000, PRESENT, &core, 0x1000);
	assert_null(iq_memory_add(mem, &writable));
	add(mem, 0x4000, 0x1000, PRESENT, &core, 0x5000);
	add(mem, 0x5000, 0x1000, NOT_DUMPED, NULL, 0);
	add(mem, 0x6000, 0x1000, NOT_DUMPED, NULL, 0);
	assert_null(iq_memory_finish(mem));
	ranges = iq_memory_ranges(mem, &num);
	assert_int_equal(num, 4);
	assert_int_equal(ranges[0].len, 0x2000);
	assert_int_equal(ranges[1].prot, IQ_MEMORY_READ | IQ_MEMORY_WRITE);
	assert_int_equal(ranges[2].addr, 0x4000);
	assert_int_equal(ranges[3].len, 0x2000);
	assert_null(ranges[3].source);
	// A window does not care about protection.
	assert_ptr_equal(iq_memory_window(mem, 0x1800, &len),
			 core_bytes + 0x800);
	assert_int_equal(len, 0x2800);
	assert_ptr_equal(iq_memory_window(mem, 0x4fff, &len),
			 core_bytes + 0x5fff);
	assert_int_equal(len, 1);
	assert_null(iq_memory_window(mem, 0x5000, &len));
	assert_ptr_equal(iq_memory_find(mem, 0x3fff), &ranges[1]);
	assert_ptr_equal(iq_memory_find(mem, 0x6fff), &ranges[3]);
	assert_null(iq_memory_find(mem, 0x7000));
	iq_memory_destroy(mem);
}

static void first_range_wins_and_bytes_win_over_none(void **state iq_unused)
{
	struct iq_memory *mem = create();

	add(mem, 0x1000, 0x3000, NOT_DUMPED, NULL, 0);
	add(mem, 0x2000, 0x1000, PRESENT, &core, 0);
	add(mem, 0x0000, 0x8000, PRESENT, &exe, 0);
	add(mem, 0x9000, 0x1000, CUT_OFF, NULL, 0);
	add(mem, 0x9800, 0x1000, NOT_DUMPED, NULL, 0);
	assert_null(iq_memory_finish(mem));
	assert_reads(mem, 0x0000, 0x2000, exe_bytes);
	assert_reads(mem, 0x2000, 0x1000, core_bytes);
	assert_reads(mem, 0x3000, 0x4000, exe_bytes + 0x3000);
	assert_int_equal(iq_memory_state(mem, 0x1000), PRESENT);
	assert_int_equal(iq_memory_state(mem, 0x8000), IQ_MEMORY_UNMAPPED);
	assert_int_equal(iq_memory_state(mem, 0x97ff), CUT_OFF);
	assert_int_equal(iq_memory_state(mem, 0x9800), CUT_OFF);
	assert_int_equal(iq_memory_state(mem, 0xa000), NOT_DUMPED);
	assert_int_equal(iq_memory_state(mem, 0xa7ff), NOT_DUMPED);
	assert_int_equal(iq_memory_state(mem, 0xa800), IQ_MEMORY_UNMAPPED);
	assert_no_read(mem, 0x9000, 1);
	iq_memory_destroy(mem);
}

static void ranges_that_lie_are_refused(void **state iq_unused)
{
	assert_add_fails(UINT64_MAX - 1, 2, NOT_DUMPED, NULL, 0,
			 "0x2 bytes at 0xfffffffffffffffe do not fit into 64 "
			 "bits of addresses");
	assert_add_fails(0, 0x10001, PRESENT, &core, 0,
			 "0x10001 bytes of 0x0 are past the end of the file");
	assert_add_fails(0, 1, PRESENT, &core, 0x10000,
			 "0x1 bytes of 0x0 are past the end of the file");
	assert_add_fails(0x1000, UINT64_MAX - 0x1000, PRESENT, &core, 0x10,
			 "0xffffffffffffefff bytes of 0x1000 are past the end "
			 "of the file");
	assert_add_fails(0, 1, PRESENT, &core, UINT64_MAX,
			 "0x1 bytes of 0x0 are past the end of the file");
	assert_add_fails(0, 1, PRESENT, NULL, 0,
			 "0x1 bytes of 0x0 are past the end of the file");
	assert_add_fails(0, 1, IQ_MEMORY_FAULTED, &core, 0,
			 "memory is present, not dumped or cut off");
}

static void ranges_without_bytes_are_nothing(void **state iq_unused)
{
	struct iq_memory *mem = create();
	size_t num;

	add(mem, 0x1000, 0, PRESENT, &core, 0x10000);
	add(mem, 0x1000, 0, NOT_DUMPED, NULL, 0);
	assert_null(iq_memory_finish(mem));
	iq_memory_ranges(mem, &num);
	assert_int_equal(num, 0);
	iq_memory_destroy(mem);
}

#define UNITS 64
#define UNIT 16

/* What the ranges say of one unit of addresses, worked out the slow way. */
struct truth {
	enum iq_memory_state state;
	const uint8_t *bytes;
};

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

static void add_random(struct iq_memory *mem, struct truth *truth,
		       unsigned *seed)
{
	unsigned begin = next_random(seed) % UNITS;
	unsigned len = next_random(seed) % (UNITS - begin) + 1;
	unsigned offset = next_random(seed) % 4 ? begin : 3;
	const struct iq_source *source = next_random(seed) % 2 ? &core : &exe;
	enum iq_memory_state state = next_random(seed) % 3 ? PRESENT :
				     next_random(seed) % 2 ? NOT_DUMPED :
							     CUT_OFF;

	add(mem, begin * UNIT, len * UNIT, state, source, offset * UNIT);
	for (unsigned i = begin; i < begin + len; i++) {
		struct truth *t = &truth[i];

		if (t->state == PRESENT ||
		    (t->state != IQ_MEMORY_UNMAPPED && state != PRESENT))
			continue;
		t->state = state;
		t->bytes = state == PRESENT ?
				   source->data + (offset + i - begin) * UNIT :
				   NULL;
	}
}

static void assert_truth(const struct iq_memory *mem, const struct truth *truth)
{
	const struct iq_memory_range *ranges;
	size_t num;

	for (unsigned i = 0; i < UNITS; i++) {
		assert_int_equal(iq_memory_state(mem, i * UNIT + 3),
				 truth[i].state);
		if (truth[i].bytes)
			assert_reads(mem, i * UNIT, UNIT, truth[i].bytes);
		else
			assert_no_read(mem, i * UNIT, UNIT);
	}
	ranges = iq_memory_ranges(mem, &num);
	for (size_t i = 1; i < num; i++)
		assert_true(ranges[i - 1].addr + ranges[i - 1].len <=
			    ranges[i].addr);
}

static void overlaps_resolve_as_one_by_one(void **state iq_unused)
{
	unsigned seed = 1;

	for (int round = 0; round < 300; round++) {
		struct truth truth[UNITS] = { 0 };
		struct iq_memory *mem = create();
		unsigned n = next_random(&seed) % 20 + 1;

		for (unsigned i = 0; i < n; i++)
			add_random(mem, truth, &seed);
		assert_null(iq_memory_finish(mem));
		assert_truth(mem, truth);
		iq_memory_destroy(mem);
	}
}

static void cut_file_is_refused_and_no_crash(void **state iq_unused)
{
	static uint8_t bytes[0x10000];
	char path[SCRATCH_PATH_SIZE];
	struct iq_source *source;
	struct iq_memory *mem = create();
	uint64_t v = 5, len;

	scratch_noise(bytes, sizeof(bytes));
	scratch_file(path, bytes, sizeof(bytes));
	assert_null(iq_source_open(path, NULL, &source));
	add(mem, 0x10000, 0x10000, PRESENT, source, 0);
	assert_null(iq_memory_finish(mem));
	assert_reads(mem, 0x18000, 0x1000, bytes + 0x8000);
	assert_int_equal(truncate(path, 0x4000), 0);
	assert_no_read(mem, 0x13ffc, 8);
	assert_no_read(mem, 0x13000, 0x2000);
	assert_false(iq_memory_u64(mem, 0x18000, &v));
	assert_false(iq_memory_uint(mem, 0x1a000, 4, &v));
	assert_int_equal(v, 5);
	assert_int_equal(iq_memory_state(mem, 0x1c000), IQ_MEMORY_FAULTED);
	assert_null(iq_memory_window(mem, 0x1d000, &len));
	// A scan finds zeros, and is told.
	assert_ptr_equal(iq_memory_window(mem, 0x12000, &len),
			 source->data + 0x2000);
	assert_int_equal(len, 0xe000);
	assert_false(iq_memory_faulted(mem, 0x12000, 0x2000));
	assert_true(iq_memory_faulted(mem, 0x12000, 0xe000));
	// The rest is read as before.
	assert_reads(mem, 0x10000, 0x4000, bytes);
	assert_int_equal(iq_memory_state(mem, 0x13fff), PRESENT);
	iq_memory_destroy(mem);
	iq_source_destroy(source);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_unmapped),
		cmocka_unit_test(reads_are_whole_or_nothing),
		cmocka_unit_test(numbers_are_little_endian),
		cmocka_unit_test(reads_cross_ranges),
		cmocka_unit_test(ranges_that_continue_are_joined),
		cmocka_unit_test(first_range_wins_and_bytes_win_over_none),
		cmocka_unit_test(ranges_that_lie_are_refused),
		cmocka_unit_test(ranges_without_bytes_are_nothing),
		cmocka_unit_test(overlaps_resolve_as_one_by_one),
		cmocka_unit_test(cut_file_is_refused_and_no_crash),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
