/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/others.h"

#include <stdlib.h>

#include "base/cleanup.h"

/* Where a goroutine stands that some finding is about. */
enum place { NOWHERE, IN_NOTE, IN_FINDING };

static void mark(uint8_t *places, enum place place, const uint32_t *list,
		 size_t num)
{
	for (size_t i = 0; i < num; i++) {
		if (places[list[i]] < place)
			places[list[i]] = (uint8_t)place;
	}
}

struct iq_error *iq_others_count(const struct iq_model *m,
				 struct iq_others *ret)
{
	iq_cleanup(iq_freep) uint8_t *places =
		calloc(m->num_goroutines + 1, sizeof(*places));
	struct iq_others others = { 0 };

	if (!places)
		return &iq_enomem;
	for (size_t i = 0; i < m->num_findings; i++) {
		const struct iq_finding *f = &m->findings[i];
		enum place place =
			f->severity == IQ_SEVERITY_NOTE ? IN_NOTE : IN_FINDING;

		mark(places, place, f->goroutines, f->num_goroutines);
		mark(places, place, f->victims, f->num_victims);
	}
	for (size_t i = 0; i < m->num_goroutines; i++) {
		const struct iq_goroutine *g = &m->goroutines[i];

		if (places[i] == IN_NOTE)
			others.noted += g->count;
		if (places[i] != NOWHERE || g->system)
			continue;
		if (g->class == IQ_CLASS_RUNNING)
			others.running += g->count;
		else if (g->class == IQ_CLASS_UNKNOWN_WAIT)
			others.unknown += g->count;
		else
			others.waiting += g->count;
		others.by_class[g->class] += g->count;
	}
	*ret = others;
	return NULL;
}

size_t iq_others_classes(const struct iq_others *others,
			 enum iq_wait_class *ret, size_t max)
{
	struct iq_others left = *others;
	size_t num = 0;

	for (; num < max; num++) {
		unsigned best = IQ_CLASS_CHAN_SEND;

		for (unsigned c = best + 1; c <= IQ_CLASS_SYSTEM; c++) {
			if (left.by_class[c] > left.by_class[best])
				best = c;
		}
		if (!left.by_class[best])
			break;
		left.by_class[best] = 0;
		ret[num] = (enum iq_wait_class)best;
	}
	return num;
}
