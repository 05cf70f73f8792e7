/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap_masks_types.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/limits.h"

#define BUCKET_BITS 12

struct iq_go_type_masks {
	const struct iq_go_runtime *rt;
	atomic_uint num;
	atomic_ullong memory;
	/* Parts that masks may still be put together from, of all types. */
	atomic_llong budget;
	/* Only ever grow at their heads. */
	_Atomic(struct iq_go_type_mask *) buckets[1u << BUCKET_BITS];
};

struct iq_error *iq_go_type_masks_create(const struct iq_go_runtime *rt,
					 struct iq_go_type_masks **ret)
{
	struct iq_go_type_masks *types = calloc(1, sizeof(*types));

	if (!types)
		return &iq_enomem;
	types->rt = rt;
	types->budget = IQ_LIMIT_TYPE_PARTS_ALL;
	*ret = types;
	return NULL;
}

void iq_go_type_masks_destroy(struct iq_go_type_masks *types)
{
	if (!types)
		return;
	for (size_t i = 0; i < 1u << BUCKET_BITS; i++) {
		struct iq_go_type_mask *next;

		for (struct iq_go_type_mask *mask = types->buckets[i]; mask;
		     mask = next) {
			next = mask->next;
			free(mask);
		}
	}
	free(types);
}

uint64_t iq_go_type_masks_memory(const struct iq_go_type_masks *types)
{
	return sizeof(*types) + types->memory;
}

static void fill_tiles(struct iq_go_type_mask *mask)
{
	for (uint64_t i = 0; mask->words <= 64 && i < 128; i++) {
		uint64_t word = i % mask->words;

		if (word < mask->num_bits &&
		    mask->bits[word / 64] >> word % 64 & 1)
			mask->tiles[i / 64] |= 1ull << i % 64;
	}
}

static struct iq_go_type_mask *mask_create(struct iq_go_type_masks *types,
					   uint64_t addr, uint64_t size_max)
{
	struct iq_go_type_mask *mask;
	struct iq_go_scan_type type;
	uint64_t size, memory;

	if (!iq_go_scan_type_read(types->rt, addr, &type) ||
	    type.words > size_max / 8)
		return NULL;
	size = 8 * type.words;
	if (!iq_go_scan_type_skip_arrays(types->rt, &type) ||
	    type.ptr_words > IQ_LIMIT_TYPE_MASK_WORDS)
		return NULL;
	memory = sizeof(*mask) + (type.ptr_words / 64 + 2) * 8;
	mask = calloc(1, memory);
	if (!mask)
		return NULL;
	mask->addr = addr;
	mask->words = type.words;
	mask->size = size;
	mask->num_bits = type.ptr_words;
	if (!iq_go_scan_type_mask(types->rt, &type, &types->budget,
				  mask->bits)) {
		free(mask);
		return NULL;
	}
	fill_tiles(mask);
	types->memory += memory;
	return mask;
}

const struct iq_go_type_mask *
iq_go_type_masks_find(struct iq_go_type_masks *types, uint64_t addr,
		      uint64_t size_max)
{
	uint64_t hash = addr * 0x9e3779b97f4a7c15ull >> (64 - BUCKET_BITS);
	struct iq_go_type_mask *head = types->buckets[hash];
	struct iq_go_type_mask *mask;

	for (mask = head; mask; mask = mask->next) {
		if (mask->addr == addr)
			return mask->size <= size_max ? mask : NULL;
	}
	if (types->num >= IQ_LIMIT_TYPE_MASKS)
		return NULL;
	mask = mask_create(types, addr, size_max);
	if (!mask)
		return NULL;
	// Somebody else may have entered the same meanwhile: both are right.
	types->num++;
	mask->next = head;
	while (!atomic_compare_exchange_weak(&types->buckets[hash], &mask->next,
					     mask))
		;
	return mask;
}

uint64_t iq_go_type_mask_at(const struct iq_go_type_mask *mask, uint64_t start)
{
	uint64_t at = start < mask->words ? start : start % mask->words;
	uint64_t ret = 0;

	if (mask->words <= 64)
		return at ? mask->tiles[0] >> at | mask->tiles[1] << (64 - at) :
			    mask->tiles[0];
	for (uint64_t n = 0; n < 64;) {
		uint64_t take =
			mask->words - at < 64 - n ? mask->words - at : 64 - n;
		uint64_t word = at / 64;
		uint64_t bits = 0;

		if (at < mask->num_bits) {
			bits = mask->bits[word] >> at % 64;
			// The bits have a word of zeros behind them.
			if (at % 64)
				bits |= mask->bits[word + 1] << (64 - at % 64);
		}
		if (take < 64)
			bits &= (1ull << take) - 1;
		ret |= bits << n;
		n += take;
		at = 0;
	}
	return ret;
}
