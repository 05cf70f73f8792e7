/* SPDX-License-Identifier: Apache-2.0 */
#include "model/object.h"

const struct iq_object *iq_facts_object(const struct iq_facts *facts,
					enum iq_wait_kind kind,
					uint64_t address)
{
	size_t lo = 0, hi = facts->objects.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct iq_object *o = facts->objects.data[mid];

		if (o->kind < kind || (o->kind == kind && o->address < address))
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == facts->objects.len || facts->objects.data[lo]->kind != kind ||
	    facts->objects.data[lo]->address != address)
		return NULL;
	return facts->objects.data[lo];
}
