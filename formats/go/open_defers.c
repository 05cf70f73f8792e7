/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/open_defers.h"

#include "formats/go/record.h"

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

/*
 * Until 1.21 each call has a slot of its own, then they are an array.
 * Go: src/runtime/panic.go, runOpenDeferFrame; initOpenCodedDefers.
 */
bool iq_go_open_slots_read(const struct iq_go_runtime *rt, uint64_t data,
			   uint64_t varp, uint64_t size,
			   struct iq_go_open_slots *ret)
{
	const struct iq_memory *mem = rt->memory;
	uint64_t at, num;

	if (!varint(mem, &data, &at) || !at || at > size ||
	    !iq_memory_uint(mem, varp - at, 1, &ret->bits) || !ret->bits ||
	    !varint(mem, &data, &at))
		return false;
	if (!iq_go_has(rt->layout->defer_open_defer)) {
		for (uint64_t i = 0; i < IQ_GO_OPEN_DEFERS_MAX; i++)
			ret->addrs[i] = varp - at + 8 * i;
		return at && at <= size;
	}
	num = at;
	if (!num || num > IQ_GO_OPEN_DEFERS_MAX || ret->bits >> num)
		return false;
	while (num--) {
		if (!varint(mem, &data, &at) || !at || at > size)
			return false;
		ret->addrs[num] = varp - at;
	}
	return true;
}
