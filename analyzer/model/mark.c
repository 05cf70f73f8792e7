/* SPDX-License-Identifier: Apache-2.0 */
#include "model/mark.h"

#include <stdlib.h>

#include "base/vec.h"

/* Objects that wait to be looked through: 1 MiB, enough for any structure that
 * is not made to be wide. */
#define STACK_SIZE (1u << 17)
/* Objects that are fetched from memory while others are looked through. */
#define AHEAD 8
/* Bytes of a range that are fetched before it is looked through. */
#define FETCHED 512
#define CACHE_LINE 64
/* What is missing is missing by pages. */
#define PAGE_BYTES 4096

struct item {
	uint32_t span;
	uint32_t slot; /* within the span */
};

/* Side by side, for who marks a slot asks for both. */
struct bits {
	uint64_t marked;
	uint64_t watched;
};

struct iq_mark {
	const struct iq_heap_map *map;
	struct bits *bits;
	struct item *stack;
	size_t depth;
	/* Bit i: slot i is marked and did not fit on the stack; NULL: none. */
	uint64_t *pending;
	uint32_t num_pending;
	IQ_VEC(uint32_t) seen;
	size_t seen_at;
	/* Bytes of [window_addr, window_addr + window_len), the last that were
	 * asked for: stacks lie side by side. */
	const uint8_t *window;
	uint64_t window_addr;
	uint64_t window_len;
	bool missed;
	uint64_t missed_addr;
	bool no_memory;
};

struct iq_error *iq_mark_create(const struct iq_heap_map *map,
				struct iq_mark **ret)
{
	size_t words = map->num_slots / 64 + 1;
	struct iq_mark *mark = calloc(1, sizeof(*mark));

	if (!mark)
		return &iq_enomem;
	mark->map = map;
	mark->bits = calloc(words, sizeof(*mark->bits));
	mark->stack = calloc(STACK_SIZE, sizeof(*mark->stack));
	if (!mark->bits || !mark->stack) {
		iq_mark_destroy(mark);
		return &iq_enomem;
	}
	// Opaque objects are never looked through: marked, but not pushed.
	for (size_t i = 0; i < words; i++)
		mark->bits[i].marked = map->opaque[i];
	*ret = mark;
	return NULL;
}

void iq_mark_destroy(struct iq_mark *mark)
{
	if (!mark)
		return;
	free(mark->bits);
	free(mark->stack);
	free(mark->pending);
	iq_vec_deinit(&mark->seen);
	free(mark);
}

uint64_t iq_mark_memory(const struct iq_mark *mark)
{
	uint64_t words = mark->map->num_slots / 64 + 1;

	return sizeof(*mark) + words * sizeof(*mark->bits) +
	       STACK_SIZE * sizeof(*mark->stack) +
	       (mark->pending ? words * sizeof(*mark->pending) : 0) +
	       mark->seen.cap * sizeof(*mark->seen.data);
}

void iq_mark_watch(struct iq_mark *mark, uint32_t slot)
{
	mark->bits[slot / 64].watched |= 1ull << slot % 64;
}

bool iq_mark_is_marked(const struct iq_mark *mark, uint32_t slot)
{
	return mark->bits[slot / 64].marked >> slot % 64 & 1;
}

bool iq_mark_missed(const struct iq_mark *mark, uint64_t *addr_ret)
{
	if (mark->missed)
		*addr_ret = mark->missed_addr;
	return mark->missed;
}

bool iq_mark_next_seen(struct iq_mark *mark, uint32_t *ret)
{
	if (mark->seen_at == mark->seen.len)
		return false;
	*ret = mark->seen.data[mark->seen_at++];
	return true;
}

static void miss(struct iq_mark *mark, uint64_t addr)
{
	if (!mark->missed)
		mark->missed_addr = addr;
	mark->missed = true;
}

/* Puts a slot off that does not fit on the stack. */
static void put_off(struct iq_mark *mark, uint32_t slot)
{
	if (!mark->pending)
		mark->pending = calloc(mark->map->num_slots / 64 + 1,
				       sizeof(*mark->pending));
	if (!mark->pending) {
		mark->no_memory = true;
		return;
	}
	mark->pending[slot / 64] |= 1ull << slot % 64;
	mark->num_pending++;
}

static inline const uint8_t *item_bytes(const struct iq_heap_span *span,
					uint32_t slot)
{
	return span->bytes ? span->bytes + slot * span->elem_size : NULL;
}

static inline void mark_word(struct iq_mark *mark, uint64_t word)
{
	const struct iq_heap_map *map = mark->map;
	const struct iq_heap_span *span;
	struct bits *bits;
	uint64_t slot, bit;
	uint32_t i, number;

	if (word - map->low >= map->size)
		return;
	i = iq_heap_map_span(map, word);
	if (i == IQ_HEAP_NONE)
		return;
	span = &map->spans.data[i];
	slot = iq_heap_divide(span, word - span->addr);
	number = span->first + (uint32_t)slot;
	bits = &mark->bits[number / 64];
	bit = 1ull << number % 64;
	if (bits->marked & bit || !iq_heap_allocated(span, slot))
		return;
	bits->marked |= bit;
	if (bits->watched & bit && !iq_vec_push(&mark->seen, number))
		mark->no_memory = true;
	if (span->noscan)
		return;
	if (mark->depth == STACK_SIZE) {
		put_off(mark, number);
		return;
	}
	mark->stack[mark->depth++] = (struct item){ i, (uint32_t)slot };
}

static inline void scan_bytes(struct iq_mark *mark, const uint8_t *bytes,
			      uint64_t len)
{
	for (uint64_t i = 0; i + 8 <= len; i += 8)
		mark_word(mark, iq_heap_word_of(bytes + i));
}

/* The words of an object whose bits are set in @mask. */
static inline void scan_words(struct iq_mark *mark, const uint8_t *bytes,
			      uint64_t words)
{
	for (; words; words &= words - 1)
		mark_word(mark,
			  iq_heap_word_of(bytes + 8 * __builtin_ctzll(words)));
}

static bool is_opaque(const struct iq_heap_map *map, uint64_t addr)
{
	uint32_t slot = iq_heap_map_slot(map, addr);

	return slot != IQ_HEAP_NONE &&
	       (map->opaque[slot / 64] >> slot % 64 & 1);
}

/* Bits of the words of an object that its disguise hides. */
static uint64_t hidden_words(const struct iq_heap_map *map,
			     const uint8_t *bytes)
{
	const struct iq_heap_disguise *d = &map->disguise;

	return is_opaque(map, iq_heap_word_of(bytes + 8 * d->key)) ? d->hidden :
								     0;
}

/* The word at @addr, whose bytes may lie in two pieces; false if not there. */
static bool read_split(const struct iq_heap_memory *memory, uint64_t addr,
		       uint8_t *dst)
{
	for (uint64_t i = 0; i < 8; i++) {
		uint64_t have;
		const uint8_t *byte =
			memory->window(memory->ctx, addr + i, &have);

		if (!byte)
			return false;
		dst[i] = *byte;
	}
	return true;
}

/*
 * Words that are not in one piece, or not all there. The first one that is
 * missed ends it: no more will be concluded then.
 */
static void scan_pieces(struct iq_mark *mark, const struct iq_heap_range *range)
{
	const struct iq_heap_memory *memory = &mark->map->memory;
	uint64_t n;

	for (uint64_t at = 0; at < range->len; at += n) {
		uint64_t left = range->len - at;
		uint64_t have = 0;
		uint8_t word[8];
		const uint8_t *bytes =
			memory->window(memory->ctx, range->addr + at, &have);

		n = (have < left ? have : left) & ~7ull;
		if (bytes && n) {
			scan_bytes(mark, bytes, n);
			continue;
		}
		n = 8;
		if (left >= 8 && read_split(memory, range->addr + at, word)) {
			mark_word(mark, iq_heap_word_of(word));
			continue;
		}
		if (!range->optional) {
			miss(mark, range->addr + at);
			return;
		}
		n = PAGE_BYTES - (range->addr + at) % PAGE_BYTES;
	}
}

/*
 * An object whose bytes are not in one piece, or not all there: what is missed
 * counts only where a pointer would be. No disguised one is larger than a page,
 * and hiding nothing keeps more alive.
 */
static void scan_split(struct iq_mark *mark, const struct iq_heap_span *span,
		       uint32_t slot)
{
	const struct iq_heap_memory *memory = &mark->map->memory;
	uint64_t addr = span->addr + slot * span->elem_size;

	for (uint64_t block = 0; 64 * block < span->elem_size / 8; block++) {
		uint64_t words =
			iq_heap_pointer_mask(mark->map, span, slot, block);
		uint64_t at = addr + 512 * block;
		uint64_t have = 0;
		const uint8_t *bytes = memory->window(memory->ctx, at, &have);

		for (; words; words &= words - 1) {
			uint64_t i = 8ull * (unsigned)__builtin_ctzll(words);
			uint8_t word[8];

			if (bytes && have >= i + 8) {
				mark_word(mark, iq_heap_word_of(bytes + i));
			} else if (read_split(memory, at + i, word)) {
				mark_word(mark, iq_heap_word_of(word));
			} else {
				// The first one ends it: nothing will be
				// concluded.
				miss(mark, at + i);
				return;
			}
		}
	}
}

static inline void scan_item(struct iq_mark *mark, const struct item *item)
{
	const struct iq_heap_map *map = mark->map;
	const struct iq_heap_span *span = &map->spans.data[item->span];
	const uint8_t *bytes = item_bytes(span, item->slot);
	uint64_t words;

	if (!bytes) {
		scan_split(mark, span, item->slot);
		return;
	}
	words = iq_heap_pointer_mask(map, span, item->slot, 0);
	if (span->elem_size == map->disguise.elem_size)
		words &= ~hidden_words(map, bytes);
	scan_words(mark, bytes, words);
	for (uint64_t block = 1; 64 * block < span->elem_size / 8; block++)
		scan_words(mark, bytes + 512 * block,
			   iq_heap_pointer_mask(map, span, item->slot, block));
}

/* Looks through what is on the stack. Each object goes through a queue first
 * in which its bytes come from memory, while others are looked through. */
static void empty_stack(struct iq_mark *mark)
{
	struct item queue[AHEAD];
	unsigned head = 0;
	unsigned len = 0;

	while (mark->depth || len) {
		while (mark->depth && len < AHEAD) {
			struct item item = mark->stack[--mark->depth];
			const uint8_t *bytes = item_bytes(
				&mark->map->spans.data[item.span], item.slot);

			if (bytes)
				__builtin_prefetch(bytes);
			queue[(head + len++) % AHEAD] = item;
		}
		scan_item(mark, &queue[head]);
		head = (head + 1) % AHEAD;
		len--;
	}
}

static void scan_pending_word(struct iq_mark *mark, size_t i)
{
	const struct iq_heap_map *map = mark->map;

	while (mark->pending[i]) {
		unsigned bit = (unsigned)__builtin_ctzll(mark->pending[i]);
		uint32_t number = (uint32_t)(i * 64 + bit);
		struct item item;

		item.span = iq_heap_map_span_of_slot(map, number);
		item.slot = number - map->spans.data[item.span].first;
		mark->pending[i] &= mark->pending[i] - 1;
		mark->num_pending--;
		scan_item(mark, &item);
		empty_stack(mark);
	}
}

struct iq_error *iq_mark_reach(struct iq_mark *mark)
{
	empty_stack(mark);
	// A pass leaves something only if more than a whole stack was found
	// behind it: passes are few.
	while (mark->num_pending) {
		for (size_t i = 0; i <= mark->map->num_slots / 64; i++)
			scan_pending_word(mark, i);
	}
	return mark->no_memory ? &iq_enomem : NULL;
}

/* The words of @bytes that the mask allows, from word @first on. */
static void scan_masked(struct iq_mark *mark, const uint8_t *bytes,
			uint64_t num, const uint8_t *mask)
{
	for (uint64_t i = 0; i < num; i++) {
		if (i % 8 == 0 && !mask[i / 8])
			i += 7;
		else if (mask[i / 8] >> i % 8 & 1)
			mark_word(mark, iq_heap_word_of(bytes + 8 * i));
	}
}

/* The bytes at @addr if @len of them are in one piece. */
static const uint8_t *find_bytes(struct iq_mark *mark, uint64_t addr,
				 uint64_t len)
{
	const struct iq_heap_memory *memory = &mark->map->memory;
	uint64_t offset = addr - mark->window_addr;

	if (offset >= mark->window_len || len > mark->window_len - offset) {
		uint64_t have = 0;
		const uint8_t *bytes = memory->window(memory->ctx, addr, &have);

		if (!bytes || have < len)
			return NULL;
		mark->window = bytes;
		mark->window_addr = addr;
		mark->window_len = have;
		offset = 0;
	}
	return mark->window + offset;
}

void iq_mark_fetch(struct iq_mark *mark, const struct iq_heap_range *range)
{
	uint64_t len = range->len < FETCHED ? range->len : FETCHED;
	const uint8_t *bytes =
		range->len ? find_bytes(mark, range->addr, range->len) : NULL;

	for (uint64_t i = 0; bytes && i < len; i += CACHE_LINE)
		__builtin_prefetch(bytes + i);
}

void iq_mark_range(struct iq_mark *mark, const struct iq_heap_range *range)
{
	const uint8_t *bytes;

	if (!range->len)
		return;
	bytes = find_bytes(mark, range->addr, range->len);
	if (bytes && range->mask)
		scan_masked(mark, bytes, range->len / 8, range->mask);
	else if (bytes)
		scan_bytes(mark, bytes, range->len);
	else
		scan_pieces(mark, range);
	// Room for the next one.
	if (mark->depth > STACK_SIZE / 2)
		empty_stack(mark);
}

void iq_mark_words(struct iq_mark *mark, const struct iq_heap_word *words,
		   size_t num)
{
	for (size_t i = 0; i < num; i++)
		mark_word(mark, words[i].word);
}
