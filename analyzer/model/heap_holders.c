/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "model/heap.h"

/* So many masks are compared before one is listed anew: goroutines that stand
 * at the same place often follow each other. */
#define MASKS_COMPARED 32

/* Stacks and records of goroutines lie among the heap's spans, some of them below
 * the first one that has objects. */
#define BELOW (16ull << 30)

struct iq_error *iq_heap_map_make_holders(struct iq_heap_map *map, size_t num)
{
	map->held = calloc(num + 1, sizeof(*map->held));
	if (!map->held)
		return &iq_enomem;
	map->num_holders = num;
	map->near = map->low > BELOW ? map->low - BELOW : 0;
	return NULL;
}

/* Number of words, if @bytes are a number of them that is kept. */
static bool count_words(uint64_t bytes, uint32_t *ret)
{
	*ret = (uint32_t)(bytes / 8);
	return bytes % 8 == 0 && bytes / 8 <= UINT32_MAX;
}

/* Stacks are powers of two. Go: src/runtime/stack.go, stackalloc. */
static bool fill_whole(uint64_t bytes, uint8_t *ret)
{
	*ret = bytes ? (uint8_t)__builtin_ctzll(bytes) : 0;
	return !bytes || (*ret && bytes == 1ull << *ret);
}

/* Its index + 1; 0 for NULL, and -1 if there is no room. */
static int number_doubt(struct iq_heap_map *map, const char *doubt)
{
	if (!doubt)
		return 0;
	for (int i = 0; i < IQ_HEAP_DOUBTS; i++) {
		if (!map->doubts[i])
			map->doubts[i] = doubt;
		if (map->doubts[i] == doubt)
			return i + 1;
	}
	return -1;
}

static bool is_same_self(const struct iq_heap_range *a,
			 const struct iq_heap_range *b)
{
	if (a->len != b->len || !a->mask != !b->mask)
		return false;
	return !a->mask || a->mask == b->mask ||
	       !memcmp(a->mask, b->mask, (a->len / 8 + 7) / 8);
}

static bool fill_self(struct iq_heap_map *map, const struct iq_heap_range *self,
		      uint32_t *ret)
{
	*ret = 0;
	if (!self->len)
		return true;
	if (self->kind != IQ_ROOT_GOROUTINE || self->optional ||
	    !count_words(self->addr - map->near, ret) || !*ret)
		return false;
	if (!map->self.len)
		map->self = *self;
	return is_same_self(&map->self, self);
}

/* False without memory. */
static bool number_mask(struct iq_heap_map *map, const uint8_t *mask,
			uint32_t *ret)
{
	size_t num = map->stack_masks.len;

	*ret = 0;
	if (!mask)
		return true;
	for (size_t i = num; i && num - i < MASKS_COMPARED; i--) {
		*ret = (uint32_t)i;
		if (map->stack_masks.data[i - 1] == mask)
			return true;
	}
	*ret = (uint32_t)num + 1;
	return iq_vec_push(&map->stack_masks, mask);
}

/* False if @holder does not fit. Its mask is left to the caller. */
static bool fill(struct iq_heap_map *map, const struct iq_heap_holder *holder,
		 struct iq_heap_held *ret)
{
	const struct iq_heap_range *stack = &holder->stack;
	int stack_doubt = number_doubt(map, holder->stack_doubt);
	int wait_doubt = number_doubt(map, holder->wait_doubt);

	ret->stack_doubt = (uint8_t)(stack_doubt & 15);
	ret->wait_doubt = (uint8_t)(wait_doubt & 15);
	ret->stack_lost = holder->stack_lost;
	return stack_doubt >= 0 && wait_doubt >= 0 &&
	       stack->kind == IQ_ROOT_STACK && !stack->optional &&
	       !holder->registers.len &&
	       count_words(stack->addr - map->near, &ret->stack) &&
	       ret->stack && count_words(stack->len, &ret->stack_words) &&
	       fill_whole(holder->stack_bytes, &ret->whole_shift) &&
	       fill_self(map, &holder->self, &ret->self);
}

struct iq_error *iq_heap_map_hold(struct iq_heap_map *map, size_t index,
				  const struct iq_heap_holder *holder)
{
	struct iq_heap_apart apart = { index, *holder };
	struct iq_heap_held *held = &map->held[index];

	held->apart = !fill(map, holder, held);
	if (held->apart ?
		    !iq_vec_push(&map->apart, apart) :
		    !number_mask(map, holder->stack.mask, &held->stack_mask))
		return &iq_enomem;
	return NULL;
}

const struct iq_heap_holder *iq_heap_map_apart(const struct iq_heap_map *map,
					       size_t index)
{
	size_t lo = 0;
	size_t hi = map->apart.len;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (map->apart.data[mid].index <= index)
			lo = mid;
		else
			hi = mid;
	}
	return &map->apart.data[lo].holder;
}

uint64_t iq_heap_map_holders_memory(const struct iq_heap_map *map)
{
	return map->num_holders * sizeof(*map->held) +
	       map->stack_masks.cap * sizeof(*map->stack_masks.data) +
	       map->apart.cap * sizeof(*map->apart.data);
}
