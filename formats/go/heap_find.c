/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/find_scan.h"
#include "formats/go/heap.h"

/* Elements of allspans that are looked at before it is believed, and how many
 * it has at least: no process starts with less. */
#define SPANS_PROBE 64
#define SPANS_MIN 20
/* Go: src/runtime/malloc.go, pageSize; mheap.go, mSpanState. */
#define PAGE_SIZE 8192
#define SPAN_STATE_MAX 2
#define SPAN_IN_USE 1
#define PAGES_MAX (1ull << 35)

/* Whether an mspan can be at @addr; counts those that are in use. */
static bool is_span(const struct iq_go_runtime *rt, uint64_t addr,
		    unsigned *in_use)
{
	const struct iq_go_layout *l = rt->layout;
	struct iq_go_record r;
	uint64_t state, pages, size, num;

	if (!addr || addr % 8 ||
	    !iq_go_record_read(rt->memory, addr, l->mspan_size, &r))
		return false;
	state = iq_go_record_uint(&r, l->mspan_state);
	pages = iq_go_record_uint(&r, l->mspan_npages);
	if (state > SPAN_STATE_MAX || pages >= PAGES_MAX ||
	    iq_go_record_uint(&r, l->mspan_start_addr) % PAGE_SIZE)
		return false;
	if (state != SPAN_IN_USE)
		return true;
	size = iq_go_record_uint(&r, l->mspan_elemsize);
	num = iq_go_record_uint(&r, l->mspan_nelems);
	(*in_use)++;
	return pages && size && num && num <= pages * PAGE_SIZE / size &&
	       iq_go_record_uint(&r, l->mspan_start_addr);
}

/* Whether the slice at @addr is mheap_.allspans. */
static bool is_allspans(const struct iq_go_runtime *rt, uint64_t addr)
{
	uint64_t array, len;
	unsigned in_use = 0;

	if (!iq_go_slice_read(rt->memory, addr, &array, &len) ||
	    len < SPANS_MIN)
		return false;
	for (uint64_t i = 0; i < len && i < SPANS_PROBE; i++) {
		uint64_t span;

		if (!iq_memory_u64(rt->memory, array + 8 * i, &span) ||
		    !is_span(rt, span, &in_use))
			return false;
	}
	return in_use > 0;
}

bool iq_go_heap_is(const struct iq_go_runtime *rt, uint64_t mheap_addr)
{
	uint32_t offset = rt->layout->mheap_allspans.offset;

	return mheap_addr && offset != IQ_GO_ABSENT &&
	       mheap_addr <= UINT64_MAX - offset &&
	       is_allspans(rt, mheap_addr + offset);
}

uint64_t iq_go_heap_find(const struct iq_go_runtime *rt)
{
	uint32_t offset = rt->layout->mheap_allspans.offset;
	struct iq_go_words words;
	uint64_t addr, value;

	if (offset == IQ_GO_ABSENT)
		return 0;
	if (iq_go_program_symbol(rt->program, "runtime.mheap_", &addr) &&
	    iq_memory_u64(rt->memory, addr + offset, &value))
		return addr;
	iq_go_words_all(rt, &words);
	while (iq_go_words_next(&words, &addr, &value)) {
		if (value && value % 8 == 0 && addr >= offset &&
		    is_allspans(rt, addr))
			return addr - offset;
	}
	return 0;
}
