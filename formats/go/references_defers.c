/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/references_defers.h"

#include "formats/go/open_defers.h"
#include "formats/go/record.h"

struct iq_error *iq_go_open_defers(struct iq_go_live *live, size_t number,
				   struct iq_go_deferreds *ret)
{
	uint64_t data = iq_go_live_map(live, live->unwound->pcs.data[number])
				->open_defers;
	struct iq_go_deferred item = { .frame = (uint32_t)number };
	uint64_t varp = iq_go_live_varp(live, number);
	uint64_t begin = iq_go_live_begin(live, number);
	struct iq_go_open_slots slots = { 0 };

	if (!data || varp <= begin ||
	    !iq_go_open_slots_read(live->cache->rt, data, varp, varp - begin,
				   &slots))
		return NULL;
	for (unsigned i = 0; i < IQ_GO_OPEN_DEFERS_MAX; i++) {
		if (!(slots.bits >> i & 1) ||
		    !iq_go_live_word_at(live, slots.addrs[i], &item.closure) ||
		    !item.closure)
			continue;
		if (!iq_vec_push(&ret->items, item))
			return &iq_enomem;
	}
	return NULL;
}

size_t iq_go_defer_records(const struct iq_go_runtime *rt, uint64_t addr,
			   struct iq_go_defer_record *ret, size_t cap)
{
	const struct iq_go_layout *l = rt->layout;
	size_t num = 0;

	for (size_t n = 0; addr && n < cap; n++) {
		struct iq_go_defer_record *r = &ret[num];

		if (iq_go_field_read(rt->memory, addr, l->defer_fn,
				     &r->closure) &&
		    r->closure &&
		    iq_go_field_read(rt->memory, addr, l->defer_sp, &r->sp))
			num++;
		if (!iq_go_field_read(rt->memory, addr, l->defer_link, &addr))
			break;
	}
	return num;
}
