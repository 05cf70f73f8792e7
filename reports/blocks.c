/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/blocks.h"

#include "base/map.h"

/* What is kept at most; where every stack is another, keeping is of no use. */
#define BLOCKS_MAX ((size_t)64 << 20)

struct iq_block {
	UT_hash_handle hh;
	struct iq_block_key key;
	struct iq_str text;
};

void iq_blocks_init(struct iq_blocks *blocks)
{
	*blocks = (struct iq_blocks){ 0 };
	iq_arena_init(&blocks->arena);
	iq_out_init_memory(&blocks->making);
}

void iq_blocks_deinit(struct iq_blocks *blocks)
{
	HASH_CLEAR(hh, blocks->table);
	iq_arena_deinit(&blocks->arena);
	iq_out_deinit(&blocks->making);
}

struct iq_error *iq_blocks_done(const struct iq_blocks *blocks)
{
	return blocks->failed ? &iq_enomem : NULL;
}

bool iq_blocks_copy(struct iq_blocks *blocks, struct iq_block_key key,
		    struct iq_out *out)
{
	struct iq_block *block;

	HASH_FIND(hh, blocks->table, &key, sizeof(key), block);
	if (!block)
		return false;
	iq_out_str(out, block->text);
	return true;
}

struct iq_out *iq_blocks_begin(struct iq_blocks *blocks)
{
	blocks->making.len = 0;
	return &blocks->making;
}

static void block_keep(struct iq_blocks *blocks, struct iq_block_key key,
		       struct iq_str text)
{
	struct iq_block *block =
		iq_arena_calloc(&blocks->arena, 1, sizeof(*block));
	bool iq_map_failed = false;

	if (!block || !iq_str_dup(&blocks->arena, text, &block->text)) {
		blocks->failed = true;
		return;
	}
	block->key = key;
	HASH_ADD(hh, blocks->table, key, sizeof(block->key), block);
	if (iq_map_failed)
		blocks->failed = true;
	blocks->kept += sizeof(*block) + text.len;
}

void iq_blocks_end(struct iq_blocks *blocks, struct iq_block_key key,
		   struct iq_out *out)
{
	struct iq_str text = {
		.ptr = blocks->making.buf,
		.len = blocks->making.len,
	};

	if (blocks->making.err)
		blocks->failed = true;
	iq_out_str(out, text);
	if (blocks->kept < BLOCKS_MAX && text.len < BLOCKS_MAX)
		block_keep(blocks, key, text);
}
