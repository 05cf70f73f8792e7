/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/find_scan.h"
#include "formats/go/heap.h"

/*
 * Finalizers and cleanups that wait to be run are kept in blocks outside of the
 * heap, all of them in one list. Where the list begins is found without
 * symbols: whatever looks like one counts. A stranger among them keeps too much
 * alive, which is harmless.
 */
struct queue {
	/* The variable that has the beginning of the list, and in how many of
	 * its bytes. */
	const char *symbol;
	uint32_t symbol_size;
	/* Offsets in a block: next of all blocks, number, entries. */
	struct iq_go_field link, num, entries;
	uint32_t block_size;
	uint32_t entry_size;
	/* The word of an entry that is a pointer to a function's closure. */
	uint32_t fn;
};

/* Go: src/runtime/mfinal.go, finblock (finBlock). */
static bool finalizers(const struct iq_go_layout *l, struct queue *ret)
{
	*ret = (struct queue){
		.symbol = "runtime.allfin",
		.symbol_size = 8,
		.link = l->finblock_alllink,
		.num = l->finblock_cnt,
		.entries = l->finblock_fin,
		.block_size = l->finblock_size,
		.entry_size = l->finalizer_size,
		.fn = l->finalizer_fn.offset,
	};
	return ret->block_size && ret->entry_size;
}

/* Go: src/runtime/mcleanup.go, cleanupBlock; 1.25 has *funcval as entries, later
 * versions cleanupFn {call, fn, arg}. */
static bool cleanups(const struct iq_go_layout *l, struct queue *ret)
{
	bool has_record = iq_go_has(l->special_cleanup_arg);

	*ret = (struct queue){
		.symbol = "runtime.gcCleanups",
		.symbol_size = 512,
		.link = l->cleanup_block_alllink,
		.num = l->cleanup_block_n,
		.entries = l->cleanup_block_cleanups,
		.block_size = l->cleanup_block_size,
		.entry_size = has_record ? 24 : 8,
		.fn = has_record ? 8 : 0,
	};
	return ret->block_size > 0;
}

/* Blocks of one list: each has a hundred entries or twenty. */
#define BLOCKS_MAX (1u << 20)
/*
 * The linker orders variables by size, so that pointers come first; what comes
 * last in noptrbss may be 32 MiB of scratch space.
 * Go: src/cmd/link/internal/ld/data.go, dodataSect.
 */
#define NOPTRBSS_SCANNED (1u << 20)

static bool is_readable(const struct iq_go_heap *heap, uint64_t addr)
{
	uint64_t byte;

	return iq_memory_uint(heap->rt->memory, addr, 1, &byte);
}

/*
 * The block at @addr, if it can be one: its entries begin with functions. Who
 * runs them clears an entry before it counts it off.
 */
static bool block_read(const struct iq_go_heap *heap,
		       const struct iq_heap_map *map, const struct queue *q,
		       uint64_t addr, struct iq_go_record *ret,
		       uint64_t *num_ret)
{
	uint64_t max = (q->block_size - q->entries.offset) / q->entry_size;
	uint64_t num;

	// The number first: most of what is asked for is no block.
	if (addr % 8 || iq_heap_map_span(map, addr) != IQ_HEAP_NONE ||
	    !iq_memory_uint(heap->rt->memory, addr + q->num.offset, q->num.size,
			    &num) ||
	    num > max ||
	    !iq_go_record_read(heap->rt->memory, addr, q->block_size, ret))
		return false;
	for (uint64_t i = 0; i < num; i++) {
		struct iq_go_field field = {
			.offset = q->entries.offset +
				  (uint32_t)i * q->entry_size + q->fn,
			.size = 8,
		};
		uint64_t fn = iq_go_record_uint(ret, field);

		if (fn && !is_readable(heap, fn))
			return false;
	}
	*num_ret = num;
	return true;
}

enum list_end {
	LIST_ENDS,   /* with nothing, or with what is no block */
	LIST_CIRCLE, /* it comes back to a block: no list, or a damaged one */
	LIST_LONG,
};

/* The blocks from @addr on, as far as they are some. */
static struct iq_error *add_list(const struct iq_go_heap *heap,
				 struct iq_heap_map *map, const struct queue *q,
				 uint64_t addr, unsigned *budget,
				 enum list_end *ret)
{
	uint64_t mark = 0;

	*ret = LIST_ENDS;
	for (unsigned n = 1; addr; n++) {
		struct iq_heap_range range = { .kind = IQ_ROOT_SPECIAL };
		struct iq_go_record block;
		uint64_t num;

		if (!block_read(heap, map, q, addr, &block, &num))
			return NULL;
		if (!*budget) {
			*ret = LIST_LONG;
			return NULL;
		}
		(*budget)--;
		range.addr = addr + q->entries.offset;
		range.len = num * q->entry_size;
		if (num && !iq_vec_push(&map->roots, range))
			return &iq_enomem;
		// Brent: a circle comes back to a mark that moves on.
		if ((n & (n - 1)) == 0)
			mark = addr;
		addr = iq_go_record_uint(&block, q->link);
		if (addr == mark) {
			*ret = LIST_CIRCLE;
			return NULL;
		}
	}
	return NULL;
}

/* From a variable that has a name. */
static struct iq_error *add_named(const struct iq_go_heap *heap,
				  struct iq_heap_map *map,
				  const struct queue *q, uint64_t addr)
{
	unsigned budget = BLOCKS_MAX;

	for (uint32_t i = 0; i < q->symbol_size; i += 8) {
		struct iq_error *err;
		enum list_end end;
		uint64_t value;

		if (!iq_memory_u64(heap->rt->memory, addr + i, &value))
			continue;
		err = add_list(heap, map, q, value, &budget, &end);
		if (err)
			return err;
		if (end != LIST_ENDS)
			iq_heap_map_lacks(map,
					  "the list of finalizers has no end");
	}
	return NULL;
}

/* From whatever variable it is: a circle is another structure. */
static struct iq_error *add_found(const struct iq_go_heap *heap,
				  struct iq_heap_map *map,
				  const struct queue *q)
{
	uint64_t noptrbss = heap->rt->program->modules[0].noptrbss;
	unsigned budget = BLOCKS_MAX;
	struct iq_go_words words;
	uint64_t addr, value;

	iq_go_words_all(heap->rt, &words);
	while (iq_go_words_next(&words, &addr, &value)) {
		struct iq_error *err;
		enum list_end end;

		if (words.area > 0 && addr - noptrbss >= NOPTRBSS_SCANNED)
			break;
		if (!value)
			continue;
		err = add_list(heap, map, q, value, &budget, &end);
		if (err)
			return err;
		if (end == LIST_LONG)
			iq_heap_map_lacks(map,
					  "the list of finalizers has no end");
	}
	return NULL;
}

static struct iq_error *add_queue(const struct iq_go_heap *heap,
				  struct iq_heap_map *map,
				  const struct queue *q)
{
	uint64_t addr;

	if (iq_go_program_symbol(heap->rt->program, q->symbol, &addr))
		return add_named(heap, map, q, addr);
	return add_found(heap, map, q);
}

struct iq_error *iq_go_heap_queues(const struct iq_go_heap *heap,
				   struct iq_heap_map *map)
{
	const struct iq_go_layout *l = heap->rt->layout;
	struct iq_error *err = NULL;
	struct queue q;

	if (finalizers(l, &q))
		err = add_queue(heap, map, &q);
	if (!err && cleanups(l, &q))
		err = add_queue(heap, map, &q);
	return err;
}
