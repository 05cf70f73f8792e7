/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which words of a stack its goroutine can still use, as the runtime's collector
 * tells: by the compiler's maps of pointers, where each frame has one. Goroutines
 * of equal stacks share a mask. Whatever is in doubt counts as a whole.
 */
#ifndef IQ_GO_HEAP_STACKS_H
#define IQ_GO_HEAP_STACKS_H

#include "base/error.h"
#include "formats/go/heap.h"
#include "formats/go/references_live.h"

/* What goroutines of one stack share. */
struct iq_go_heap_shape;

struct iq_go_heap_stacks {
	const struct iq_go_runtime *rt;
	struct iq_heap_map *map; /* holds the masks */
	struct iq_go_pc_cache cache;
	struct iq_go_live live;
	struct iq_go_unwound unwound;
	/* By index of the facts' stack. */
	struct iq_go_heap_shape **shapes;
	size_t num_shapes;
};

/* Zeroed, but for rt and map. */
struct iq_error *iq_go_heap_stacks_init(struct iq_go_heap_stacks *stacks)
	iq_must_check;
void iq_go_heap_stacks_deinit(struct iq_go_heap_stacks *stacks);

/*
 * Narrows @range, which is all of the stack that goroutine @index of the facts
 * has in use, to the words that count.
 */
struct iq_error *iq_go_heap_stacks_narrow(struct iq_go_heap_stacks *stacks,
					  size_t index,
					  struct iq_heap_range *range)
	iq_must_check;
/* Fetches from memory what narrowing the stack of goroutine @index needs. */
void iq_go_heap_stacks_fetch(const struct iq_go_heap_stacks *stacks,
			     size_t index);

#endif
