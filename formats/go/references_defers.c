/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/references_defers.h"

#include "formats/go/record.h"

/* A byte of bits says which of them wait.
 * Go: src/cmd/compile/internal/ssagen/ssa.go, maxOpenDefers. */
#define OPEN_MAX 8

/* Go: src/runtime/symtab.go, readvarint. */
static bool varint(const struct iq_memory *mem, uint64_t *addr, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift <= 28; shift += 7) {
		uint64_t byte;

		if (!iq_memory_uint(mem, (*addr)++, 1, &byte))
			return false;
		value |= (byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

/* Where the closures of a frame's calls stand, by their bit. */
struct slots {
	uint64_t bits;
	uint64_t addrs[OPEN_MAX];
};

/*
 * Until 1.21 each call has a slot of its own, then they are an array.
 * Go: src/runtime/panic.go, runOpenDeferFrame; initOpenCodedDefers.
 */
static bool slots_read(struct iq_go_live *live, size_t number, uint64_t data,
		       struct slots *ret)
{
	const struct iq_go_runtime *rt = live->cache->rt;
	uint64_t varp = iq_go_live_varp(live, number);
	uint64_t size = varp - iq_go_live_begin(live, number);
	uint64_t at, num;

	if (!varint(rt->memory, &data, &at) || !at || at > size ||
	    !iq_memory_uint(rt->memory, varp - at, 1, &ret->bits) ||
	    !ret->bits || !varint(rt->memory, &data, &at))
		return false;
	if (!iq_go_has(rt->layout->defer_open_defer)) {
		for (uint64_t i = 0; i < OPEN_MAX; i++)
			ret->addrs[i] = varp - at + 8 * i;
		return at && at <= size;
	}
	num = at;
	if (!num || num > OPEN_MAX || ret->bits >> num)
		return false;
	while (num--) {
		if (!varint(rt->memory, &data, &at) || !at || at > size)
			return false;
		ret->addrs[num] = varp - at;
	}
	return true;
}

struct iq_error *iq_go_open_defers(struct iq_go_live *live, size_t number,
				   struct iq_go_deferreds *ret)
{
	uint64_t data = iq_go_live_map(live, live->unwound->pcs.data[number])
				->open_defers;
	struct iq_go_deferred item = { .frame = (uint32_t)number };
	struct slots slots = { 0 };

	if (!data ||
	    iq_go_live_varp(live, number) <= iq_go_live_begin(live, number) ||
	    !slots_read(live, number, data, &slots))
		return NULL;
	for (unsigned i = 0; i < OPEN_MAX; i++) {
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
