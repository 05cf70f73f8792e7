/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An arena: memory that is taken piece by piece and given back all at once.
 * Facts, model, findings and their strings live in one.
 */
#ifndef IQ_BASE_ARENA_H
#define IQ_BASE_ARENA_H

#include <stddef.h>

struct iq_arena_block;

struct iq_arena {
	struct iq_arena_block *blocks;
	char *next;
	size_t left;
};

/* A zeroed struct is an empty arena. */
void iq_arena_init(struct iq_arena *arena);
void iq_arena_deinit(struct iq_arena *arena);

/* @size bytes, aligned to 16, not zeroed; NULL without memory. */
void *iq_arena_alloc(struct iq_arena *arena, size_t size);
/* @n elements of @size bytes, zeroed; NULL without memory or on overflow. */
void *iq_arena_calloc(struct iq_arena *arena, size_t n, size_t size);
/* Takes over everything that @from holds; @from is empty afterwards. */
void iq_arena_adopt(struct iq_arena *arena, struct iq_arena *from);

#endif
