/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bitmaps of arenas. Up to 1.19 a byte has four words: in its lower half which
 * are pointers, in its upper half up to where the object has any. Then one bit a
 * word; what is behind an object's last pointer is zero, so that noMorePtrs,
 * which only saves time, is not needed.
 * Go: src/runtime/mbitmap.go, heapBitsForAddr, 1.18 and 1.20.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "formats/go/heap_masks.h"

#define ARENA_SHIFT IQ_HEAP_CHUNK_SHIFT
#define ARENA_BYTES (1ull << ARENA_SHIFT)
/* Bytes of memory that 64 bits stand for. */
#define GROUP_BYTES 512
/* Objects of size classes are no larger; such slots are used again and again,
 * and bits behind an object's end may be left from another one.
 * Go: src/runtime/sizeclasses.go, _MaxSmallSize. */
#define SMALL_MAX 32768
/* One bitmap's size, up to 1.19 and from 1.20 on. */
#define BITMAP_BYTES_1_18 (ARENA_BYTES / 32)
#define BITMAP_BYTES_1_20 (ARENA_BYTES / 64)

void iq_go_arenas_open(const struct iq_go_heap *heap, struct iq_go_arenas *ret)
{
	const struct iq_go_layout *l = heap->rt->layout;
	const struct iq_go_constants *k = heap->rt->version->constants;
	uint64_t size = l->heap_arena_bitmap.size;

	*ret = (struct iq_go_arenas){
		.memory = heap->rt->memory,
		.base_offset = (uint64_t)k->arena_base_offset,
		.bitmap_offset = l->heap_arena_bitmap.offset,
		.spans_offset = l->heap_arena_spans.offset,
		.has_scan_bits = size == BITMAP_BYTES_1_18,
		.last_index = UINT64_MAX,
	};
	if (!iq_go_has(l->heap_arena_bitmap) ||
	    !iq_go_has(l->heap_arena_spans) || !iq_go_has(l->mheap_arenas) ||
	    (!ret->has_scan_bits && size != BITMAP_BYTES_1_20) ||
	    k->heap_arena_bytes != (int64_t)ARENA_BYTES ||
	    k->arena_l1_bits != 0 || k->arena_base_offset == IQ_GO_NO_CONSTANT)
		return;
	if (!iq_memory_u64(ret->memory,
			   heap->mheap_addr + l->mheap_arenas.offset,
			   &ret->array))
		ret->array = 0;
}

void iq_go_arenas_deinit(struct iq_go_arenas *arenas)
{
	free(arenas->bitmaps);
}

/* Address of the heapArena of @addr; 0: none. */
static uint64_t arena_at(const struct iq_go_arenas *a, uint64_t addr)
{
	uint64_t index = (addr - a->base_offset) >> ARENA_SHIFT;
	uint64_t arena;

	return a->array && iq_memory_u64(a->memory, a->array + 8 * index,
					 &arena) ?
		       arena :
		       0;
}

bool iq_go_arenas_has(struct iq_go_arenas *a, uint64_t record_addr,
		      const struct iq_heap_span *span)
{
	uint64_t index = span->addr >> ARENA_SHIFT;
	uint64_t page = span->addr % ARENA_BYTES >> IQ_HEAP_PAGE_SHIFT;
	uint64_t owner;

	if (index != a->last_index) {
		a->last = arena_at(a, span->addr);
		a->last_index = index;
	}
	return a->last &&
	       iq_memory_u64(a->memory, a->last + a->spans_offset + 8 * page,
			     &owner) &&
	       owner == record_addr;
}

static void find_bitmap(const struct iq_go_arenas *a, uint64_t addr,
			struct iq_go_bitmap *ret)
{
	uint64_t arena = arena_at(a, addr);

	if (!arena)
		return;
	ret->addr = arena + a->bitmap_offset;
	ret->bytes = iq_memory_window(a->memory, ret->addr, &ret->have);
	if (!ret->bytes)
		ret->have = 0;
}

struct iq_error *iq_go_arenas_find(struct iq_go_arenas *a,
				   const struct iq_heap_map *map)
{
	a->bitmaps = calloc(map->num_chunks + 1, sizeof(*a->bitmaps));
	if (!a->bitmaps)
		return &iq_enomem;
	a->low = map->low;
	a->num_bitmaps = map->num_chunks;
	for (size_t i = 0; i < map->spans.len; i++) {
		const struct iq_heap_span *span = &map->spans.data[i];
		uint64_t first = (span->addr - a->low) >> ARENA_SHIFT;
		uint64_t len = span->elem_size * span->num_slots;
		uint64_t last = (span->addr + len - 1 - a->low) >> ARENA_SHIFT;

		if (span->pointers_as != IQ_GO_MASKS_ARENA)
			continue;
		for (uint64_t n = first; n <= last; n++) {
			if (!a->bitmaps[n].addr)
				find_bitmap(a, a->low + (n << ARENA_SHIFT),
					    &a->bitmaps[n]);
		}
	}
	return NULL;
}

/* Bits of 64 words: pointers, and up to where there are any. */
struct bits {
	uint64_t pointers;
	uint64_t more;
};

static uint64_t load(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return le64toh(word);
}

/* The lower halves of eight bytes, one behind the other. */
static uint64_t lower_halves(uint64_t x)
{
	x &= 0x0f0f0f0f0f0f0f0full;
	x = (x | x >> 4) & 0x00ff00ff00ff00ffull;
	x = (x | x >> 8) & 0x0000ffff0000ffffull;
	return (x | x >> 16) & 0xffffffffull;
}

/* The bytes of a bitmap from @offset on, or NULL. */
static const uint8_t *bitmap_bytes(const struct iq_go_arenas *a,
				   const struct iq_go_bitmap *bitmap,
				   uint64_t offset, uint64_t len)
{
	uint64_t have;
	const uint8_t *bytes;

	if (offset < bitmap->have && len <= bitmap->have - offset)
		return bitmap->bytes + offset;
	if (!bitmap->addr)
		return NULL;
	bytes = iq_memory_window(a->memory, bitmap->addr + offset, &have);
	return bytes && have >= len ? bytes : NULL;
}

/*
 * The bits in @mask of the 64 words at @addr, which is a multiple of their
 * size: all of them where they are in no page, or in one that is all zeros.
 */
static struct bits group_at(const struct iq_go_arenas *a, uint64_t addr,
			    uint64_t mask)
{
	const struct iq_go_bitmap *bitmap =
		&a->bitmaps[(addr - a->low) >> ARENA_SHIFT];
	uint64_t unit = a->has_scan_bits ? 32 : 64;
	uint64_t offset = addr % ARENA_BYTES / unit;
	const uint8_t *bytes =
		bitmap_bytes(a, bitmap, offset, GROUP_BYTES / unit);
	struct bits bits = { .more = mask };

	if (!bytes)
		return (struct bits){ mask, mask };
	bits.pointers = load(bytes);
	if (a->has_scan_bits) {
		uint64_t x = bits.pointers;
		uint64_t y = load(bytes + 8);

		bits.pointers = lower_halves(x) | lower_halves(y) << 32;
		bits.more =
			(lower_halves(x >> 4) | lower_halves(y >> 4) << 32) &
			mask;
	}
	bits.pointers &= mask;
	if (!bits.pointers &&
	    iq_go_heap_masks_hole(a->memory, bitmap->addr + offset))
		return (struct bits){ mask, mask };
	return bits;
}

static uint64_t first_words(uint64_t num)
{
	return num >= 64 ? ~0ull : (1ull << num) - 1;
}

/* The bits of @num words at @addr, at most 64. */
static struct bits bits_at(const struct iq_go_arenas *a, uint64_t addr,
			   uint64_t num)
{
	uint64_t at = addr & ~(GROUP_BYTES - 1ull);
	unsigned skip = (unsigned)((addr - at) / 8);
	uint64_t mask = first_words(num);
	struct bits bits = group_at(a, at, mask << skip);
	struct bits rest;

	bits.pointers >>= skip;
	bits.more >>= skip;
	if (skip + num <= 64)
		return bits;
	rest = group_at(a, at + GROUP_BYTES, mask >> (64 - skip));
	bits.pointers |= rest.pointers << (64 - skip);
	bits.more |= rest.more << (64 - skip);
	return bits;
}

/* What the bits of an object say of one of its blocks, those before it too. */
struct object {
	const struct iq_go_arenas *arenas;
	uint64_t addr;
	uint64_t words;
};

static struct bits block_bits(const struct object *o, uint64_t block)
{
	uint64_t left = o->words - 64 * block;

	return bits_at(o->arenas, o->addr + GROUP_BYTES * block,
		       left < 64 ? left : 64);
}

/* Whether no bits of the object say that it has any pointer. */
static bool is_empty(const struct object *o)
{
	for (uint64_t block = 0; 64 * block < o->words; block++) {
		if (block_bits(o, block).pointers)
			return false;
	}
	return true;
}

/* Whether the object has no pointers from some word before @block on. */
static bool ends_before(const struct object *o, uint64_t block)
{
	for (uint64_t i = 0; i < block; i++) {
		if (~block_bits(o, i).more)
			return true;
	}
	return false;
}

uint64_t iq_go_arenas_mask(const struct iq_go_arenas *a,
			   const struct iq_heap_span *span, uint32_t slot,
			   uint64_t block)
{
	const struct object o = {
		.arenas = a,
		.addr = span->addr + slot * span->elem_size,
		.words = span->elem_size / 8,
	};
	bool small = span->elem_size <= SMALL_MAX;
	struct bits bits = block_bits(&o, block);

	if (a->has_scan_bits) {
		// No object with pointers has none from its first word on.
		if (!(block_bits(&o, 0).more & 1))
			return ~0ull;
		if (small && ends_before(&o, block))
			return 0;
		if (~bits.more)
			bits.pointers &=
				(1ull << __builtin_ctzll(~bits.more)) - 1;
		return bits.pointers;
	}
	return bits.pointers || !small || !is_empty(&o) ? bits.pointers : ~0ull;
}
