/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap.h"

#include <inttypes.h>

/*
 * Processors (p) hold buffers in which the collector left the addresses that it
 * met last. They are numbers to it, and to nobody references: a p is opaque, and
 * the rest of it counts as a root, for all of them are in use for ever.
 * Go: src/runtime/mwbbuf.go, wbBuf; mgcwork.go, gcWork.
 */

/* GOMAXPROCS can be no more by far. */
#define ALLP_MAX (1u << 16)

static struct iq_error *add_part(struct iq_heap_map *map, uint64_t p,
				 uint32_t begin, uint32_t end)
{
	struct iq_heap_range range = {
		.addr = p + begin,
		.len = (end - begin) & ~7u,
	};
	struct iq_error *err;

	if (begin >= end)
		return NULL;
	err = iq_go_heap_own_words(map, NULL, &range);
	if (err)
		return err;
	return iq_vec_push(&map->roots, range) ? NULL : &iq_enomem;
}

static struct iq_error *add_processor(const struct iq_go_heap *heap,
				      struct iq_heap_map *map, uint64_t p)
{
	const struct iq_go_layout *l = heap->rt->layout;
	struct iq_go_field a = l->p_gcw;
	struct iq_go_field b = l->p_wb_buf;
	struct iq_error *err;

	if (iq_heap_map_slot(map, p) == IQ_HEAP_NONE)
		return NULL;
	iq_heap_map_hide(map, p);
	if (a.offset > b.offset) {
		a = l->p_wb_buf;
		b = l->p_gcw;
	}
	err = add_part(map, p, 0, a.offset);
	if (!err)
		err = add_part(map, p, a.offset + a.size, b.offset);
	return err ? err : add_part(map, p, b.offset + b.size, l->p_size);
}

bool iq_go_heap_processor(const struct iq_go_heap *heap, uint64_t index,
			  uint64_t *ret)
{
	const struct iq_go_runtime *rt = heap->rt;
	uint64_t array, len;

	return rt->allp_addr &&
	       iq_go_slice_read(rt->memory, rt->allp_addr, &array, &len) &&
	       index < len && index < ALLP_MAX &&
	       iq_memory_u64(rt->memory, array + 8 * index, ret);
}

/* Who has a processor is at work, and must be among the threads. */
static void check_thread(const struct iq_go_heap *heap, struct iq_heap_map *map,
			 uint64_t p)
{
	uint64_t m;

	if (!iq_go_field_read(heap->rt->memory, p, heap->rt->layout->p_m, &m) ||
	    (m && !iq_go_runtime_m(heap->rt, m)))
		iq_heap_map_lacks(map,
				  "the thread of processor 0x%" PRIx64
				  " is not known",
				  p);
}

struct iq_error *iq_go_heap_processors(const struct iq_go_heap *heap,
				       struct iq_heap_map *map)
{
	const struct iq_go_layout *l = heap->rt->layout;
	struct iq_error *err = NULL;
	uint64_t p, i;

	for (i = 0; !err && iq_go_heap_processor(heap, i, &p); i++) {
		check_thread(heap, map, p);
		if (iq_go_has(l->p_gcw) && iq_go_has(l->p_wb_buf))
			err = add_processor(heap, map, p);
	}
	if (!i)
		iq_heap_map_lacks(map, "the processors are not known");
	return err;
}
