/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goroutines that can never run still hold: the objects of a heap that only
 * they reach, and who refers to whom.
 */
#ifndef IQ_MODEL_RETAINED_GRAPH_H
#define IQ_MODEL_RETAINED_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vec.h"
#include "model/dominators.h"
#include "model/liveness.h"

/* The goroutines, in sets: those of set s are
 * holders[first[s] .. first[s + 1]), indexes into the map's holders and into the
 * facts' goroutines. */
struct iq_retained_sets {
	uint32_t num;
	const uint32_t *first;
	const uint32_t *holders;
};

/* Nodes: 0 is above all; then come the sets, the goroutines in their order, the
 * objects in the order in which they are met. */
struct iq_retained_graph {
	uint32_t num_sets;
	uint32_t num_goroutines;
	/* Slots of the objects, and their bytes. */
	IQ_VEC(uint32_t) slots;
	IQ_VEC(uint64_t) sizes;
	IQ_VEC(uint32_t) first;
	IQ_VEC(uint32_t) targets;
	/* Why it is not whole, which makes it useless; empty: it is. Clean
	 * text. */
	char lacks[160];
};

struct iq_error *iq_retained_graph_make(const struct iq_proof *proof,
					const struct iq_facts *facts,
					const struct iq_retained_sets *sets,
					struct iq_retained_graph *ret)
	iq_must_check;
void iq_retained_graph_deinit(struct iq_retained_graph *graph);

static inline uint32_t
iq_retained_graph_first_object(const struct iq_retained_graph *graph)
{
	return 1 + graph->num_sets + graph->num_goroutines;
}

#endif
