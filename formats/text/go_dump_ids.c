/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/text/go_dump.h"

/* Where @id stands or would stand; there is a free place. */
static size_t ids_place(const struct iq_dump_ids *ids, uint64_t id)
{
	size_t mask = ids->ids.len - 1;
	// Ids are small and dense: spread them (Knuth's golden ratio).
	size_t at = (size_t)(id * 0x9e3779b97f4a7c15u >> 32) & mask;

	while (ids->ids.data[at] != 0 && ids->ids.data[at] != id)
		at = (at + 1) & mask;
	return at;
}

bool iq_dump_ids_find(const struct iq_dump_ids *ids, uint64_t id, uint32_t *ret)
{
	size_t at;

	if (ids->ids.len == 0)
		return false;
	at = ids_place(ids, id);
	if (ids->ids.data[at] != id)
		return false;
	*ret = ids->goroutines.data[at];
	return true;
}

/* Twice the places, or the first ones. */
static bool ids_grow(struct iq_dump_ids *ids)
{
	struct iq_dump_ids old = *ids;
	struct iq_dump_ids grown = { .num = old.num };
	size_t len = old.ids.len ? old.ids.len * 2 : 256;

	if (!iq_vec_reserve(&grown.ids, len) ||
	    !iq_vec_reserve(&grown.goroutines, len)) {
		iq_dump_ids_deinit(&grown);
		return false;
	}
	grown.ids.len = grown.goroutines.len = len;
	memset(grown.ids.data, 0, len * sizeof(*grown.ids.data));
	for (size_t i = 0; i < old.ids.len; i++) {
		if (old.ids.data[i] == 0)
			continue;
		size_t at = ids_place(&grown, old.ids.data[i]);

		grown.ids.data[at] = old.ids.data[i];
		grown.goroutines.data[at] = old.goroutines.data[i];
	}
	iq_dump_ids_deinit(&old);
	*ids = grown;
	return true;
}

struct iq_error *iq_dump_ids_add(struct iq_dump_ids *ids, uint64_t id,
				 uint32_t goroutine)
{
	size_t at;

	// Half of the places stay free, so that every search ends soon.
	if (ids->num * 2 >= ids->ids.len && !ids_grow(ids))
		return &iq_enomem;
	at = ids_place(ids, id);
	ids->ids.data[at] = id;
	ids->goroutines.data[at] = goroutine;
	ids->num++;
	return NULL;
}

void iq_dump_ids_clear(struct iq_dump_ids *ids)
{
	if (ids->ids.len)
		memset(ids->ids.data, 0, ids->ids.len * sizeof(*ids->ids.data));
	ids->num = 0;
}

void iq_dump_ids_deinit(struct iq_dump_ids *ids)
{
	iq_vec_deinit(&ids->ids);
	iq_vec_deinit(&ids->goroutines);
	ids->num = 0;
}
