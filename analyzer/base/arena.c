/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

// Under AddressSanitizer what was not handed out is poisoned, and pieces stand
// apart, so that an overrun is found as it would be with malloc().
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define ARENA_GUARD 16
#else
#define ASAN_POISON_MEMORY_REGION(addr, size) ((void)(addr), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(addr, size) ((void)(addr), (void)(size))
#define ARENA_GUARD 0
#endif

#define ARENA_ALIGN 16
// Blocks double from the first to the last size: small arenas stay small, and
// large ones waste at most a quarter of a block at its end.
#define ARENA_BLOCK_FIRST ((size_t)4 << 10)
#define ARENA_BLOCK_LAST ((size_t)1 << 20)

struct iq_arena_block {
	struct iq_arena_block *next;
	/* Bytes of data[]. */
	size_t size;
	_Alignas(ARENA_ALIGN) char data[];
};

void iq_arena_init(struct iq_arena *arena)
{
	*arena = (struct iq_arena){ 0 };
}

void iq_arena_deinit(struct iq_arena *arena)
{
	struct iq_arena_block *block = arena->blocks;

	while (block) {
		struct iq_arena_block *next = block->next;

		ASAN_UNPOISON_MEMORY_REGION(block->data, block->size);
		free(block);
		block = next;
	}
	iq_arena_init(arena);
}

static struct iq_arena_block *block_create(size_t size)
{
	struct iq_arena_block *block = malloc(sizeof(*block) + size);

	if (!block)
		return NULL;
	block->next = NULL;
	block->size = size;
	ASAN_POISON_MEMORY_REGION(block->data, size);
	return block;
}

/* A block of its own for a large piece; the current block stays current. */
static void *arena_alloc_large(struct iq_arena *arena, size_t size)
{
	struct iq_arena_block *block = block_create(size);

	if (!block)
		return NULL;
	if (arena->blocks) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		arena->blocks = block;
		arena->next = block->data + size;
		arena->left = 0;
	}
	return block->data;
}

static size_t next_block_size(const struct iq_arena *arena)
{
	size_t size = arena->blocks ? arena->blocks->size : 0;

	if (size < ARENA_BLOCK_FIRST)
		return ARENA_BLOCK_FIRST;
	return size < ARENA_BLOCK_LAST / 2 ? size * 2 : ARENA_BLOCK_LAST;
}

/* A piece of @size, a multiple of ARENA_ALIGN, from a fresh block. */
static void *arena_alloc_slow(struct iq_arena *arena, size_t size)
{
	size_t block_size = next_block_size(arena);
	struct iq_arena_block *block;

	if (size > block_size / 4)
		return arena_alloc_large(arena, size);
	block = block_create(block_size);
	if (!block)
		return NULL;
	block->next = arena->blocks;
	arena->blocks = block;
	arena->next = block->data + size;
	arena->left = block_size - size;
	return block->data;
}

void *iq_arena_alloc(struct iq_arena *arena, size_t size)
{
	size_t rounded;
	void *piece;

	if (size > SIZE_MAX / 2)
		return NULL;
	rounded = (size + ARENA_GUARD + ARENA_ALIGN - 1) &
		  ~(size_t)(ARENA_ALIGN - 1);
	// Pieces of no bytes are distinct, as malloc's are in glibc.
	if (rounded == 0)
		rounded = ARENA_ALIGN;
	if (rounded <= arena->left) {
		piece = arena->next;
		arena->next += rounded;
		arena->left -= rounded;
	} else {
		piece = arena_alloc_slow(arena, rounded);
	}
	if (piece)
		ASAN_UNPOISON_MEMORY_REGION(piece, size);
	return piece;
}

void *iq_arena_calloc(struct iq_arena *arena, size_t n, size_t size)
{
	void *piece;

	if (size && n > SIZE_MAX / size)
		return NULL;
	piece = iq_arena_alloc(arena, n * size);
	if (piece)
		memset(piece, 0, n * size);
	return piece;
}

void iq_arena_adopt(struct iq_arena *arena, struct iq_arena *from)
{
	struct iq_arena_block *last = from->blocks;

	if (!last)
		return;
	if (!arena->blocks) {
		*arena = *from;
		iq_arena_init(from);
		return;
	}
	while (last->next)
		last = last->next;
	last->next = arena->blocks->next;
	arena->blocks->next = from->blocks;
	iq_arena_init(from);
}
