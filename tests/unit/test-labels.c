/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/go/labels.h"
#include "go-process.h"

/* Strings at @addr: pointer and length. */
static void string_put(struct go_process *p, uint64_t addr, const char *text)
{
	uint64_t bytes = go_process_alloc(p, strlen(text) + 1);

	go_process_text(p, bytes, text);
	go_process_slice(p, addr, bytes, strlen(text));
}

static const struct iq_labels *read_labels(struct go_process *p, uint64_t addr)
{
	const struct iq_labels *labels = NULL;
	struct iq_go_label_reader *reader;

	go_process_open(p);
	assert_null(iq_go_label_reader_create(&p->rt, &reader));
	assert_null(iq_go_labels_read(reader, addr, &labels));
	iq_go_label_reader_destroy(reader);
	return labels;
}

static void assert_label(const struct iq_labels *labels, size_t i,
			 const char *key, const char *value)
{
	assert_true(i < labels->num);
	assert_true(iq_str_equal(labels->items[i].key, iq_str_of(key)));
	assert_true(iq_str_equal(labels->items[i].value, iq_str_of(value)));
}

/* A list of @num labels, whose keys go down. */
static uint64_t list_make(struct go_process *p, uint64_t num)
{
	uint64_t set = go_process_alloc(p, 24);
	uint64_t items = go_process_alloc(p, 32 * num);

	for (uint64_t i = 0; i < num; i++) {
		char key[2] = { (char)('a' + num - i - 1), 0 };

		string_put(p, items + 32 * i, key);
		string_put(p, items + 32 * i + 16, i ? "v" : "");
	}
	go_process_slice(p, set, items, num);
	go_process_word(p, set + 16, num);
	return set;
}

static void list_is_read_since_1_24(void **state iq_unused)
{
	const struct iq_labels *labels;
	struct go_process p;

	go_process_init(&p, "go1.26.8");
	labels = read_labels(&p, list_make(&p, 3));
	assert_non_null(labels);
	assert_int_equal(labels->num, 3);
	assert_label(labels, 0, "a", "v");
	assert_label(labels, 2, "c", "");
	go_process_close(&p);
}

static void no_labels_are_known_to_be_none(void **state iq_unused)
{
	const struct iq_labels *labels;
	struct go_process p;

	go_process_init(&p, "go1.26.8");
	labels = read_labels(&p, 0);
	assert_non_null(labels);
	assert_int_equal(labels->num, 0);
	go_process_close(&p);
}

static void list_that_is_too_long_is_a_gap(void **state iq_unused)
{
	struct go_process p;
	uint64_t set;

	go_process_init(&p, "go1.26.8");
	set = list_make(&p, 1);
	go_process_word(&p, set + 8, UINT64_MAX);
	go_process_word(&p, set + 16, UINT64_MAX);
	assert_null(read_labels(&p, set));
	assert_int_equal(p.facts->gaps.len, 1);
	assert_int_equal(p.facts->gaps.data[0].addr, set);
	go_process_close(&p);
}

static void text_that_is_not_there_is_a_gap(void **state iq_unused)
{
	struct go_process p;
	uint64_t set;

	go_process_init(&p, "go1.26.8");
	set = list_make(&p, 1);
	go_process_slice(&p, set, GO_PROCESS_HEAP + GO_PROCESS_HEAP_SIZE - 16,
			 1);
	assert_null(read_labels(&p, set));
	assert_int_equal(p.facts->gaps.len, 1);
	go_process_close(&p);
}

#define BUCKET_SIZE 272

/* A label in the cell of a bucket. */
static void cell_put(struct go_process *p, uint64_t bucket, unsigned cell,
		     const char *key, const char *value)
{
	go_process_put(p, bucket + cell, 200, 1);
	string_put(p, bucket + 8 + 16 * cell, key);
	string_put(p, bucket + 136 + 16 * cell, value);
}

/* A map with 2^@b buckets; the pointer to the pointer to it. */
static uint64_t map_make(struct go_process *p, uint64_t count, unsigned b,
			 uint64_t *buckets_ret)
{
	uint64_t map = go_process_alloc(p, 48);
	uint64_t pointer = go_process_alloc(p, 8);

	*buckets_ret = go_process_alloc(p, (uint64_t)BUCKET_SIZE << b);
	go_process_word(p, pointer, map);
	go_process_word(p, map, count);
	go_process_put(p, map + 9, b, 1);
	go_process_word(p, map + 16, *buckets_ret);
	return pointer;
}

static void map_is_read_with_its_overflow(void **state iq_unused)
{
	const struct iq_labels *labels;
	struct go_process p;
	uint64_t buckets, more, addr;

	go_process_init(&p, "go1.22.12");
	addr = map_make(&p, 3, 1, &buckets);
	more = go_process_alloc(&p, BUCKET_SIZE);
	cell_put(&p, buckets, 7, "b", "2");
	cell_put(&p, buckets + BUCKET_SIZE, 0, "a", "1");
	cell_put(&p, more, 3, "c", "3");
	go_process_word(&p, buckets + BUCKET_SIZE - 8, more);
	labels = read_labels(&p, addr);
	assert_non_null(labels);
	assert_int_equal(labels->num, 3);
	assert_label(labels, 0, "a", "1");
	assert_label(labels, 1, "b", "2");
	assert_label(labels, 2, "c", "3");
	go_process_close(&p);
}

static void map_that_grows_is_read_from_both(void **state iq_unused)
{
	const struct iq_labels *labels;
	struct go_process p;
	uint64_t buckets, old, addr;

	go_process_init(&p, "go1.22.12");
	addr = map_make(&p, 2, 2, &buckets);
	old = go_process_alloc(&p, 2 * BUCKET_SIZE);
	cell_put(&p, buckets, 0, "a", "1");
	// The first old bucket has moved, the second one has not.
	cell_put(&p, old, 1, "a", "1");
	go_process_put(&p, old, 2, 1);
	cell_put(&p, old + BUCKET_SIZE, 0, "b", "2");
	go_process_word(&p, addr - 48 + 24, old);
	labels = read_labels(&p, addr);
	assert_non_null(labels);
	assert_int_equal(labels->num, 2);
	assert_label(labels, 1, "b", "2");
	go_process_close(&p);
}

static void bucket_that_overflows_into_itself_is_a_gap(void **state iq_unused)
{
	struct go_process p;
	uint64_t buckets, addr;

	go_process_init(&p, "go1.22.12");
	addr = map_make(&p, 1, 0, &buckets);
	go_process_word(&p, buckets + BUCKET_SIZE - 8, buckets);
	assert_null(read_labels(&p, addr));
	assert_int_equal(p.facts->gaps.len, 1);
	go_process_close(&p);
}

static void map_with_another_count_is_a_gap(void **state iq_unused)
{
	struct go_process p;
	uint64_t buckets, addr;

	go_process_init(&p, "go1.22.12");
	addr = map_make(&p, 2, 0, &buckets);
	cell_put(&p, buckets, 0, "a", "1");
	assert_null(read_labels(&p, addr));
	assert_int_equal(p.facts->gaps.len, 1);
	go_process_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_is_read_since_1_24),
		cmocka_unit_test(no_labels_are_known_to_be_none),
		cmocka_unit_test(list_that_is_too_long_is_a_gap),
		cmocka_unit_test(text_that_is_not_there_is_a_gap),
		cmocka_unit_test(map_is_read_with_its_overflow),
		cmocka_unit_test(map_that_grows_is_read_from_both),
		cmocka_unit_test(bucket_that_overflows_into_itself_is_a_gap),
		cmocka_unit_test(map_with_another_count_is_a_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
