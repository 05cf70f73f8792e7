/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of a report that are rendered once and copied often: what a hundred
 * thousand goroutines with a hundred stacks cost is the copying alone.
 */
#ifndef IQ_REPORTS_BLOCKS_H
#define IQ_REPORTS_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/out.h"
#include "base/str.h"

struct iq_block;

struct iq_blocks {
	struct iq_block *table;
	struct iq_arena arena;
	/* Where the piece that is being made is written to. */
	struct iq_out making;
	/* Bytes that are kept. */
	size_t kept;
	bool failed;
};

void iq_blocks_init(struct iq_blocks *blocks);
void iq_blocks_deinit(struct iq_blocks *blocks);
/* The failure that was kept, if there was one. */
struct iq_error *iq_blocks_done(const struct iq_blocks *blocks) iq_must_check;

/*
 * What a piece is of: an object that the model holds, and a number that tells
 * apart different pieces of the same object.
 */
struct iq_block_key {
	const void *object;
	uint64_t what;
};

/* Writes the piece to @out if it is kept. */
bool iq_blocks_copy(struct iq_blocks *blocks, struct iq_block_key key,
		    struct iq_out *out);
/*
 * Else: begins to make it, in the writer that is returned; iq_blocks_end()
 * writes it to @out and keeps it, if there is room.
 */
struct iq_out *iq_blocks_begin(struct iq_blocks *blocks);
void iq_blocks_end(struct iq_blocks *blocks, struct iq_block_key key,
		   struct iq_out *out);

#endif
