/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/labels.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/map.h"

/*
 * map[string]string, the same in every version whose labels are one.
 * Go: src/runtime/map.go, hmap and bmap, 1.18 - 1.23.
 */
#define HMAP_B 9
#define HMAP_BUCKETS 16
#define HMAP_OLDBUCKETS 24
#define BUCKET_CELLS 8
#define STRING_SIZE 16
#define BUCKET_KEYS BUCKET_CELLS
#define BUCKET_VALUES (BUCKET_KEYS + BUCKET_CELLS * STRING_SIZE)
#define BUCKET_OVERFLOW (BUCKET_VALUES + BUCKET_CELLS * STRING_SIZE)
#define BUCKET_SIZE (BUCKET_OVERFLOW + 8)
/* Values of tophash: below MIN a cell has no entry, and the first cell of a
 * bucket that moved says so. */
#define TOPHASH_EMPTY_ONE 1
#define TOPHASH_MIN 5
/* More buckets than labels can fill. */
#define B_MAX 10
/* Buckets that all sets together may have, and bytes of text beside the core's
 * size: sets share what they are made of, in garbage all of it. */
#define BUCKETS_MAX (16u << 20)
#define TEXT_MAX (256u << 20)

struct set {
	UT_hash_handle hh;
	uint64_t addr;
	const struct iq_labels *labels;
};

struct iq_go_label_reader {
	const struct iq_go_runtime *rt;
	struct iq_arena arena;
	struct set *sets;
	/* Scratch for one set; its texts are in text. */
	IQ_VEC(struct iq_label) items;
	struct iq_arena text;
	/* What may still be read. */
	uint64_t buckets_left;
	uint64_t text_left;
};

struct iq_error *iq_go_label_reader_create(const struct iq_go_runtime *rt,
					   struct iq_go_label_reader **ret)
{
	struct iq_go_label_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return &iq_enomem;
	reader->rt = rt;
	iq_arena_init(&reader->arena);
	iq_arena_init(&reader->text);
	reader->buckets_left = BUCKETS_MAX;
	reader->text_left = rt->core->source->size + TEXT_MAX;
	*ret = reader;
	return NULL;
}

void iq_go_label_reader_destroy(struct iq_go_label_reader *reader)
{
	if (!reader)
		return;
	HASH_CLEAR(hh, reader->sets);
	iq_vec_deinit(&reader->items);
	iq_arena_deinit(&reader->text);
	iq_arena_deinit(&reader->arena);
	free(reader);
}

enum outcome { READ, UNREADABLE, MISSING, NO_MEMORY };

static enum outcome read_string(struct iq_go_label_reader *reader,
				uint64_t addr, struct iq_str *ret)
{
	const struct iq_memory *mem = reader->rt->memory;
	uint64_t ptr, len;
	char *text;

	if (!iq_memory_u64(mem, addr, &ptr) ||
	    !iq_memory_u64(mem, addr + 8, &len) || len > IQ_LIMIT_NAME ||
	    len > reader->text_left)
		return UNREADABLE;
	*ret = IQ_STR("");
	if (!len)
		return READ;
	reader->text_left -= len;
	text = iq_arena_alloc(&reader->text, len);
	if (!text)
		return NO_MEMORY;
	// No text begins or ends so, unless its page was lost to zeros.
	if (!iq_memory_read(mem, ptr, len, text) || !text[0] || !text[len - 1])
		return MISSING;
	*ret = (struct iq_str){ text, len };
	return READ;
}

static enum outcome read_label(struct iq_go_label_reader *reader, uint64_t key,
			       uint64_t value)
{
	struct iq_label item;
	enum outcome outcome;

	if (reader->items.len >= IQ_LIMIT_LABELS)
		return UNREADABLE;
	outcome = read_string(reader, key, &item.key);
	if (outcome == READ)
		outcome = item.key.len ?
				  read_string(reader, value, &item.value) :
				  UNREADABLE;
	if (outcome == READ && !iq_vec_push(&reader->items, item))
		outcome = NO_MEMORY;
	return outcome;
}

/* 1.24+: *label.Set, whose only field is a slice of pairs of strings. */
static enum outcome read_list(struct iq_go_label_reader *reader, uint64_t addr)
{
	enum outcome outcome = READ;
	uint64_t data, len;

	if (!iq_go_slice_read(reader->rt->memory, addr, &data, &len) ||
	    len > IQ_LIMIT_LABELS)
		return UNREADABLE;
	for (uint64_t i = 0; i < len && outcome == READ; i++, data += 32)
		outcome = read_label(reader, data, data + STRING_SIZE);
	return outcome;
}

/* One bucket and those that it overflows into. */
static enum outcome read_bucket(struct iq_go_label_reader *reader,
				uint64_t addr, bool old)
{
	const struct iq_memory *mem = reader->rt->memory;
	enum outcome outcome = READ;
	uint8_t tophash[BUCKET_CELLS];

	for (unsigned n = 0; addr && n < IQ_LIMIT_LABELS; n++) {
		if (!reader->buckets_left ||
		    !iq_memory_read(mem, addr, sizeof(tophash), tophash))
			return UNREADABLE;
		reader->buckets_left--;
		// Evacuated: its entries are in a new bucket.
		if (old && tophash[0] > TOPHASH_EMPTY_ONE &&
		    tophash[0] < TOPHASH_MIN)
			return READ;
		for (unsigned i = 0; i < BUCKET_CELLS && outcome == READ; i++) {
			uint64_t cell = addr + i * STRING_SIZE;

			if (tophash[i] >= TOPHASH_MIN)
				outcome = read_label(reader, cell + BUCKET_KEYS,
						     cell + BUCKET_VALUES);
		}
		if (outcome != READ)
			return outcome;
		if (!iq_memory_u64(mem, addr + BUCKET_OVERFLOW, &addr))
			return UNREADABLE;
	}
	return addr ? UNREADABLE : READ;
}

/* @addr: the map, whose array of 2^@b buckets is at field @field. */
static enum outcome read_buckets(struct iq_go_label_reader *reader,
				 uint64_t addr, uint64_t b, uint64_t field)
{
	enum outcome outcome = READ;
	uint64_t buckets;

	if (!iq_memory_u64(reader->rt->memory, addr + field, &buckets))
		return UNREADABLE;
	if (!buckets)
		return READ;
	for (uint64_t i = 0; i < 1ull << b && outcome == READ; i++)
		outcome = read_bucket(reader, buckets + i * BUCKET_SIZE,
				      field == HMAP_OLDBUCKETS);
	return outcome;
}

/* Up to 1.23: *labelMap, a pointer to a map, which is a pointer to hmap. */
static enum outcome read_map(struct iq_go_label_reader *reader, uint64_t addr)
{
	const struct iq_memory *mem = reader->rt->memory;
	enum outcome outcome;
	uint64_t map, count, b, old_b;

	if (!iq_memory_u64(mem, addr, &map))
		return UNREADABLE;
	if (!map)
		return READ;
	if (!iq_memory_u64(mem, map, &count) || count > IQ_LIMIT_LABELS ||
	    !iq_memory_uint(mem, map + HMAP_B, 1, &b) || b > B_MAX)
		return UNREADABLE;
	// A map that grows to the same size has as many old buckets; labels are
	// never deleted, so theirs doubles.
	old_b = b ? b - 1 : 0;
	outcome = read_buckets(reader, map, b, HMAP_BUCKETS);
	if (outcome == READ)
		outcome = read_buckets(reader, map, old_b, HMAP_OLDBUCKETS);
	if (outcome == READ && reader->items.len != count)
		outcome = UNREADABLE;
	return outcome;
}

static struct iq_error *read_set(struct iq_go_label_reader *reader,
				 struct set *set)
{
	struct iq_facts *facts = reader->rt->facts;
	enum outcome outcome = READ;
	struct iq_error *err = NULL;

	reader->items.len = 0;
	if (set->addr)
		outcome = reader->rt->version->tables->labels_are_list ?
				  read_list(reader, set->addr) :
				  read_map(reader, set->addr);
	if (outcome == READ)
		err = iq_facts_labels(facts, reader->items.data,
				      reader->items.len, &set->labels);
	else if (outcome == NO_MEMORY)
		err = &iq_enomem;
	else if (outcome == MISSING)
		iq_facts_gap_addr(
			facts, IQ_GAP_MISSING, set->addr,
			"the texts of a goroutine's labels are not in the core");
	else
		iq_facts_gap_addr(facts, IQ_GAP_DAMAGED, set->addr,
				  "labels of a goroutine are unreadable");
	iq_arena_deinit(&reader->text);
	return err;
}

struct iq_error *iq_go_labels_read(struct iq_go_label_reader *reader,
				   uint64_t addr, const struct iq_labels **ret)
{
	bool iq_map_failed = false;
	struct set *set;

	HASH_FIND(hh, reader->sets, &addr, sizeof(addr), set);
	if (set) {
		*ret = set->labels;
		return NULL;
	}
	set = iq_arena_calloc(&reader->arena, 1, sizeof(*set));
	if (!set)
		return &iq_enomem;
	set->addr = addr;

	struct iq_error *err = read_set(reader, set);
	if (err)
		return err;
	HASH_ADD(hh, reader->sets, addr, sizeof(addr), set);
	if (iq_map_failed)
		return &iq_enomem;
	*ret = set->labels;
	return NULL;
}
