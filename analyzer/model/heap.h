/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap of a witness that has memory: slots of equal size in spans, where
 * references to them can be, and what goroutines hold. A reader implements
 * struct iq_heap and fills a struct iq_heap_map when somebody asks; marking
 * works on the map alone. Where it is not known which words are pointers, every
 * word may be one: that can keep too much alive, never too little.
 */
#ifndef IQ_MODEL_HEAP_H
#define IQ_MODEL_HEAP_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/vec.h"

struct iq_coverage_heap;
struct iq_out;
struct iq_heap_map;
struct iq_heap_totals;
struct iq_heap_types;

/* What a reader leaves in facts->heap: cheap to make, immutable. */
struct iq_heap {
	/*
	 * Reads the tables. What cannot be read makes the map incomplete; an
	 * error only without memory. The caller destroys the map before the
	 * facts go.
	 */
	struct iq_error *(*load)(const struct iq_heap *heap,
				 struct iq_heap_map **ret);
	/* How much of it there is, by the tables alone; false if that is not
	 * known. NULL: it never is. */
	bool (*measure)(const struct iq_heap *heap,
			struct iq_coverage_heap *ret);
	/* What the process itself counted; false if that is not known. */
	bool (*totals)(const struct iq_heap *heap, struct iq_heap_totals *ret);
	/*
	 * The types of the objects of @map, which stays until the caller has
	 * destroyed them (model/heap_types.h). NULL: none can be known.
	 */
	struct iq_error *(*types)(const struct iq_heap *heap,
				  const struct iq_heap_map *map,
				  struct iq_heap_types **ret);
	/*
	 * The frame whose variables @addr, on the stack of the facts' goroutine
	 * @goroutine, is among: index into its stack's frames, UINT32_MAX where
	 * that is not known. NULL: it never is.
	 */
	uint32_t (*frame_of)(const struct iq_heap *heap, size_t goroutine,
			     uint64_t addr);
	/* Adds ".bss+0x1a0" for an address among the program's variables, nothing
	 * for another. NULL: they are not known. */
	void (*put_section)(const struct iq_heap *heap, uint64_t addr,
			    struct iq_out *out);
	/*
	 * Whose code uses one of @num variables, whose addresses ascend: sets
	 * @frames[i] to the innermost such frame of the facts' stack i, or
	 * UINT32_MAX. The runtime's own code does not count. NULL: that is not
	 * known.
	 */
	struct iq_error *(*users)(const struct iq_heap *heap,
				  const uint64_t *addrs, size_t num,
				  uint32_t *frames);
};

/* The process's own figures, as runtime.MemStats has them, at the moment of the
 * core. Go: src/runtime/mstats.go, readmemstats_m. */
struct iq_heap_totals {
	uint64_t heap_objects; /* allocated and not yet swept */
	uint64_t heap_alloc;   /* bytes of those, as size classes count them */
	uint64_t heap_inuse;   /* bytes of spans in use */
	uint64_t stack_inuse;
	/* Heap size at which the next collection ends; 0: not known. */
	uint64_t next_gc;
	uint64_t num_gc;
};

/* No span, no slot. */
#define IQ_HEAP_NONE UINT32_MAX

/* A run of slots of one size, each of which holds one object or none. */
struct iq_heap_span {
	uint64_t addr; /* of the first slot */
	uint64_t elem_size;
	/* The bytes of all slots; NULL where they are not in one piece. Filled
	 * by iq_heap_map_index(). */
	const uint8_t *bytes;
	/* Bit i: slot i is allocated. NULL: all are. Pinned. */
	const uint8_t *alloc_bits;
	/* The reader's own, for its struct iq_heap_pointers. */
	const void *pointers;
	/* Slots below this are allocated whatever their bits say. */
	uint32_t free_index;
	uint32_t num_slots;
	/* Number of the first slot among all spans' slots, and the factor by
	 * which to divide by elem_size. Filled by iq_heap_map_index(). */
	uint32_t first;
	uint32_t magic;
	/* Objects hold no references. */
	bool noscan;
	/* The reader's own: what @pointers is. */
	uint8_t pointers_as;
	/* Each object begins so many bytes behind the start of its slot: what
	 * is before it is the runtime's. */
	uint8_t lead;
};

/* What a reference that is in no object stands in. */
enum iq_root_kind {
	IQ_ROOT_RUNTIME,   /* records of its own: processors, threads, queues */
	IQ_ROOT_VARIABLE,  /* of a package */
	IQ_ROOT_STACK,	   /* of a goroutine */
	IQ_ROOT_GOROUTINE, /* its record: deferred calls, labels, timers */
	IQ_ROOT_REGISTERS,
	IQ_ROOT_SPECIAL, /* finalizer, cleanup, weak pointer of an object */
	IQ_ROOT_FOREIGN, /* memory of C code */
};

/* Which of them an IQ_ROOT_SPECIAL is. */
enum iq_special_kind {
	IQ_SPECIAL_UNKNOWN,
	IQ_SPECIAL_FINALIZER,
	IQ_SPECIAL_CLEANUP,
	IQ_SPECIAL_WEAK,
};

/* A root that was read already. */
struct iq_heap_word {
	uint64_t word;
	uint64_t addr; /* where it stood; 0: in no memory */
	enum iq_root_kind kind;
	/* Index + 1 into facts->goroutines: who runs on the thread whose
	 * registers these are; 0: nobody, or it is not known. */
	uint32_t holder;
	/* Of IQ_ROOT_SPECIAL, and the object that has it. */
	enum iq_special_kind special;
	uint64_t object;
};

/* Words that may be references: roots, stacks. */
struct iq_heap_range {
	uint64_t addr;
	uint64_t len;
	/* Bit i: word i may be one. NULL: each may. Pinned. */
	const uint8_t *mask;
	/* What of it is not in memory held no reference. */
	bool optional;
	enum iq_root_kind kind;
	/* As in struct iq_heap_word; of what no struct iq_heap_holder has. */
	uint32_t holder;
	/* The range is the object that has it. */
	enum iq_special_kind special;
};

static inline bool iq_heap_range_has(const struct iq_heap_range *range,
				     uint64_t addr)
{
	return addr - range->addr < range->len;
}

/* What one goroutine holds as long as it can run; a length of 0: nothing. A map
 * keeps it shorter, as struct iq_heap_held. */
struct iq_heap_holder {
	struct iq_heap_range stack;
	/* The record of the goroutine itself. */
	struct iq_heap_range self;
	/* Registers that were saved elsewhere. */
	struct iq_heap_range registers;
	/* All of the stack, what is not in use too; 0: not known. */
	uint64_t stack_bytes;
	/*
	 * Why its stack, and what it waits for, may have been misread: "its
	 * stack ..."; NULL: they were not. Static. Who may wait for something
	 * else counts as one that can run, and of neither is anything proven.
	 */
	const char *stack_doubt, *wait_doubt;
	/* Pages of its stack were lost: if it can run, nobody knows what it
	 * holds. */
	bool stack_lost;
};

/*
 * A struct iq_heap_holder as a map keeps it: there may be a million. What all
 * have alike is the map's, and a holder that does not fit stays apart. Stacks and
 * records lie near the heap: words from map->near on tell where.
 */
struct iq_heap_held {
	uint32_t stack;
	uint32_t self; /* 0: nothing; its length and mask are map->self's */
	uint32_t stack_words;
	/* Index + 1 into the map's; 0: none. */
	uint32_t stack_mask;
	uint8_t stack_doubt : 4;
	uint8_t wait_doubt : 4;
	/* All of the stack takes 2 to the power of as many bytes; 0: not known. */
	uint8_t whole_shift;
	bool stack_lost;
	bool apart; /* the rest means nothing: it is among map->apart */
};

struct iq_heap_apart {
	size_t index;
	struct iq_heap_holder holder;
};

/* Different texts of doubts that a map keeps; who has another stays apart. */
#define IQ_HEAP_DOUBTS 4

/*
 * Objects whose word @key refers to an opaque object: the words in @hidden are
 * no references. The runtime's record of a waiter (sudog) refers to what is
 * waited for, which keeps nothing alive. elem_size 0: there are none.
 */
struct iq_heap_disguise {
	uint64_t elem_size;
	uint32_t key;	 /* index of the word */
	uint64_t hidden; /* bit i: word i */
};

/* How a map reads memory: the bytes at an address and how many follow. */
struct iq_heap_memory {
	const void *ctx;
	const uint8_t *(*window)(const void *ctx, uint64_t addr,
				 uint64_t *len_ret);
	/* Whether any byte that was read was not really there. */
	bool (*faulted)(const void *ctx);
};

/* Which words of an object are pointers, as the runtime's collector knows. */
struct iq_heap_pointers {
	const void *ctx;
	/*
	 * Bits of the words [64 * @block, 64 * @block + 64) of the object in
	 * @slot of @span, which is not noscan: all of them where it is not
	 * known. Bits behind the object's end mean nothing. Threads may ask at
	 * the same time. NULL: it is known of none.
	 */
	uint64_t (*mask)(const void *ctx, const struct iq_heap_span *span,
			 uint32_t slot, uint64_t block);
	/* Frees @ctx with the map; NULL: it is not the map's. */
	void (*destroy)(const void *ctx);
	/* Bytes that @ctx takes; NULL: none. */
	uint64_t (*memory)(const void *ctx);
};

struct iq_heap_map {
	struct iq_heap_memory memory;
	struct iq_heap_pointers pointers;
	/* Ordered by address, no two overlap, once indexed. */
	IQ_VEC(struct iq_heap_span) spans;
	uint32_t num_slots;
	IQ_VEC(struct iq_heap_range) roots;
	IQ_VEC(struct iq_heap_word) root_words;
	/* Where masks of ranges may lie that no file has. */
	struct iq_arena arena;
	/* By index into facts->goroutines; iq_heap_map_holder() expands them. */
	struct iq_heap_held *held;
	size_t num_holders;
	uint64_t near;
	/* The first holder's record that was one: its address means nothing. */
	struct iq_heap_range self;
	IQ_VEC(const uint8_t *) stack_masks;
	const char *doubts[IQ_HEAP_DOUBTS];
	/* Those that do not fit, ordered by index. */
	IQ_VEC(struct iq_heap_apart) apart;
	/* Bit i: slot i is never followed (the records of goroutines). */
	uint64_t *opaque;
	struct iq_heap_disguise disguise;
	/* Why references may be missing; empty: none are, as far as the tables
	 * can tell. Clean text. */
	char incomplete[160];
	/* From the lowest span's first byte to the highest one's end. */
	uint64_t low;
	uint64_t size;
	struct iq_heap_chunk *chunks;
	size_t num_chunks;
};

struct iq_error *iq_heap_map_create(const struct iq_heap_memory *memory,
				    struct iq_heap_map **ret) iq_must_check;
void iq_heap_map_destroy(struct iq_heap_map *map);

/* Notes why references may be missing; the first reason stays. */
void iq_heap_map_lacks(struct iq_heap_map *map, const char *fmt, ...)
	iq_printf(2, 3);

/*
 * After all spans are there, before anything is looked up: orders them, numbers
 * their slots, drops what is impossible or overlaps (the map is incomplete
 * then).
 */
struct iq_error *iq_heap_map_index(struct iq_heap_map *map) iq_must_check;

/* Bytes that the map takes, what its reader keeps for it and all. */
uint64_t iq_heap_map_memory(const struct iq_heap_map *map);

/* Index of the span that holds @addr, or IQ_HEAP_NONE. */
static inline uint32_t iq_heap_map_span(const struct iq_heap_map *map,
					uint64_t addr);
/*
 * Number of the allocated slot that holds @addr, anywhere in it, or
 * IQ_HEAP_NONE: free slots and other memory are no objects.
 */
uint32_t iq_heap_map_slot(const struct iq_heap_map *map, uint64_t addr);
/* Index of the span that slot number @slot belongs to. */
uint32_t iq_heap_map_span_of_slot(const struct iq_heap_map *map, uint32_t slot);
/* The slot that holds @addr becomes opaque, if there is one. */
void iq_heap_map_hide(struct iq_heap_map *map, uint64_t addr);

/* heap_holders.c: room for @num holders, which hold nothing. Called once, after
 * iq_heap_map_index(). */
struct iq_error *iq_heap_map_make_holders(struct iq_heap_map *map, size_t num)
	iq_must_check;
/* Sets holder @index, below num_holders; once each, the lowest first. */
struct iq_error *iq_heap_map_hold(struct iq_heap_map *map, size_t index,
				  const struct iq_heap_holder *holder)
	iq_must_check;
/* Holder @index, below num_holders. What it points to is the map's. */
static inline struct iq_heap_holder
iq_heap_map_holder(const struct iq_heap_map *map, size_t index);
/* The same of one that stays apart. */
const struct iq_heap_holder *iq_heap_map_apart(const struct iq_heap_map *map,
					       size_t index);
/* Bytes that all holders take. */
uint64_t iq_heap_map_holders_memory(const struct iq_heap_map *map);

// The fast path of marking, hence here.

/* The word that eight bytes of the process are. */
static inline uint64_t iq_heap_word_of(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return le64toh(word);
}

/* Pages by which spans begin and end. Go: src/runtime/malloc.go, pageSize. */
#define IQ_HEAP_PAGE_SHIFT 13
/* Bytes and pages of one chunk of the index: 64 MiB. */
#define IQ_HEAP_CHUNK_SHIFT 26
#define IQ_HEAP_CHUNK_PAGES (1u << (IQ_HEAP_CHUNK_SHIFT - IQ_HEAP_PAGE_SHIFT))

struct iq_heap_chunk {
	/* The first span that ends behind the chunk's start. */
	uint32_t first;
	/* Span + 1 by page, 0: none. NULL: few spans, to be searched. */
	uint32_t *pages;
};

/* Which slot of @span holds the byte @offset; beyond num_slots: none. */
static inline uint64_t iq_heap_divide(const struct iq_heap_span *span,
				      uint64_t offset)
{
	uint64_t i;

	// Exact for offsets and sizes of Go's size classes; the test makes it
	// exact for all. Go: src/runtime/mbitmap.go, divideByElemSize.
	if (offset > UINT32_MAX)
		return offset / span->elem_size;
	i = offset * span->magic >> 32;
	if (offset - i * span->elem_size < span->elem_size)
		return i;
	return offset / span->elem_size;
}

/* Which of the words from 64 * @block on of the object in @slot of @span are
 * pointers; none behind its end. */
static inline uint64_t iq_heap_pointer_mask(const struct iq_heap_map *map,
					    const struct iq_heap_span *span,
					    uint32_t slot, uint64_t block)
{
	const struct iq_heap_pointers *p = &map->pointers;
	uint64_t left = span->elem_size / 8 - 64 * block;
	uint64_t mask = p->mask ? p->mask(p->ctx, span, slot, block) : ~0ull;

	return left >= 64 ? mask : mask & ((1ull << left) - 1);
}

/* Where the object in slot @index of @span begins. */
static inline uint64_t iq_heap_span_object(const struct iq_heap_span *span,
					   uint32_t index)
{
	return span->addr + index * span->elem_size + span->lead;
}

static inline bool iq_heap_allocated(const struct iq_heap_span *span,
				     uint64_t slot)
{
	return slot < span->free_index || !span->alloc_bits ||
	       (span->alloc_bits[slot / 8] >> slot % 8 & 1);
}

/* The span that holds @addr among those from @first on, or IQ_HEAP_NONE. */
uint32_t iq_heap_map_search(const struct iq_heap_map *map, uint32_t first,
			    uint64_t addr);

static inline uint32_t iq_heap_map_span(const struct iq_heap_map *map,
					uint64_t addr)
{
	uint64_t offset = addr - map->low;
	const struct iq_heap_chunk *chunk;
	const struct iq_heap_span *span;
	uint32_t i;

	if (offset >= map->size)
		return IQ_HEAP_NONE;
	chunk = &map->chunks[offset >> IQ_HEAP_CHUNK_SHIFT];
	if (!chunk->pages)
		return iq_heap_map_search(map, chunk->first, addr);
	i = chunk->pages[offset >> IQ_HEAP_PAGE_SHIFT &
			 (IQ_HEAP_CHUNK_PAGES - 1)];
	if (!i)
		return IQ_HEAP_NONE;
	// The last bytes of a span may be too few for a slot.
	span = &map->spans.data[i - 1];
	return addr - span->addr < span->elem_size * span->num_slots ?
		       i - 1 :
		       IQ_HEAP_NONE;
}

static inline struct iq_heap_holder
iq_heap_map_holder(const struct iq_heap_map *map, size_t index)
{
	const struct iq_heap_held *held = &map->held[index];
	struct iq_heap_holder ret = {
		.stack = { .len = 8ull * held->stack_words,
			   .kind = IQ_ROOT_STACK },
		.self = { .kind = IQ_ROOT_GOROUTINE },
		.registers = { .kind = IQ_ROOT_REGISTERS },
		.stack_lost = held->stack_lost,
	};

	if (held->apart)
		return *iq_heap_map_apart(map, index);
	if (held->stack)
		ret.stack.addr = map->near + 8ull * held->stack;
	if (held->whole_shift)
		ret.stack_bytes = 1ull << held->whole_shift;
	if (held->self) {
		ret.self = map->self;
		ret.self.addr = map->near + 8ull * held->self;
	}
	if (held->stack_mask)
		ret.stack.mask = map->stack_masks.data[held->stack_mask - 1];
	if (held->stack_doubt)
		ret.stack_doubt = map->doubts[held->stack_doubt - 1];
	if (held->wait_doubt)
		ret.wait_doubt = map->doubts[held->wait_doubt - 1];
	return ret;
}

#endif
