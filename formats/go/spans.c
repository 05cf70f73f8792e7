/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/record.h"
#include "formats/go/scene.h"

/* Entries of the table of arenas. Go: src/runtime/malloc.go: 48 bits of
 * address, in arenas of 64 MiB. */
#define ARENAS (1u << 22)

bool iq_go_span_find(const struct iq_go_runtime *rt, uint64_t mheap_addr,
		     uint64_t addr, struct iq_go_span *ret)
{
	const struct iq_go_constants *k = rt->version->constants;
	const struct iq_go_layout *l = rt->layout;
	uint64_t bytes = (uint64_t)k->heap_arena_bytes;
	uint64_t page = (uint64_t)k->page_size;
	uint64_t offset, table, arena, span, pages;
	struct iq_go_record r;

	if (!mheap_addr || k->heap_arena_bytes <= 0 || k->page_size <= 0 ||
	    k->arena_l1_bits > 0 || !iq_go_has(l->mheap_arenas) ||
	    !iq_go_has(l->heap_arena_spans))
		return false;
	offset = k->arena_base_offset == IQ_GO_NO_CONSTANT ?
			 0 :
			 (uint64_t)k->arena_base_offset;
	// The offset is subtracted; it wraps.
	offset = addr - offset;
	if (offset / bytes >= ARENAS ||
	    !iq_memory_u64(rt->memory, mheap_addr + l->mheap_arenas.offset,
			   &table) ||
	    !iq_memory_u64(rt->memory, table + 8 * (offset / bytes), &arena) ||
	    !arena ||
	    !iq_memory_u64(rt->memory,
			   arena + l->heap_arena_spans.offset +
				   8 * (offset % bytes / page),
			   &span) ||
	    !iq_go_record_read(rt->memory, span, l->mspan_size, &r))
		return false;
	*ret = (struct iq_go_span){
		.addr = span,
		.start = iq_go_record_uint(&r, l->mspan_start_addr),
		.elem_size = iq_go_record_uint(&r, l->mspan_elemsize),
		.state = iq_go_record_uint(&r, l->mspan_state),
		.noscan = iq_go_record_uint(&r, l->mspan_spanclass) & 1,
	};
	if (iq_go_has(l->mspan_large_type))
		ret->large_type = iq_go_record_uint(&r, l->mspan_large_type);
	pages = iq_go_record_uint(&r, l->mspan_npages);
	if (!pages || pages > UINT64_MAX / page)
		return false;
	ret->end = ret->start + pages * page;
	return addr >= ret->start && addr < ret->end;
}
