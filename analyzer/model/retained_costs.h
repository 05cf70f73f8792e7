/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose goroutines they are, and what the dominators say of them: between the
 * findings of a witness (model/retained.c) and a graph without findings
 * (model/retained_graph.h).
 */
#ifndef IQ_MODEL_RETAINED_COSTS_H
#define IQ_MODEL_RETAINED_COSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vec.h"
#include "model/finding.h"
#include "model/retained_graph.h"

/* Findings that share goroutines with others and are told apart at once: rules
 * that claim the same goroutines are few. */
#define IQ_RETAINED_OVERLAPS 63

/* No number. */
#define IQ_RETAINED_NONE UINT32_MAX

/* A finding whose goroutines can never run. */
struct iq_retained_cost {
	struct iq_finding *finding;
	/* Others have some of its goroutines, too. */
	bool overlaps;
	/* If so, bit of the masks; IQ_RETAINED_NONE: there are too many. */
	uint32_t bit;
};

/* Goroutines that the same findings have: those of the set @before, and one
 * more. Set 0 has those that no finding has. */
struct iq_retained_set {
	uint32_t before;
	uint32_t cost; /* index; IQ_RETAINED_NONE: none */
	/* While the goroutines of a cost are assigned: where they go. */
	uint32_t next, next_cost;
};

struct iq_retained_costs {
	const struct iq_model *model;
	uint32_t witness;
	IQ_VEC(struct iq_retained_cost) list;
	IQ_VEC(struct iq_retained_set) sets;
	/* By index into the facts' goroutines: the set, IQ_RETAINED_NONE if it
	 * can run; the model's goroutine; the node. */
	uint32_t *set_of;
	uint32_t *model_of;
	uint32_t *node_of;
	uint32_t num_goroutines;
	/* Who is what in the graph: model/retained_graph.h. */
	uint32_t *first;
	uint32_t *holders;
	struct iq_retained_graph graph;
	/* By node: what it dominates, itself among it. */
	uint32_t *dominator;
	uint32_t *order;
	uint32_t num_order;
	uint32_t *objects;
	uint64_t *bytes;
	/* By node: bit 0, each way to it begins in a goroutine of some finding;
	 * bit i, in one of that cost. NULL: all have bit 0, none another. */
	uint64_t *masks;
};

void iq_retained_costs_deinit(struct iq_retained_costs *costs);

/* Which goroutines are whose; an empty list: there is nothing to count. */
struct iq_error *iq_retained_costs_assign(struct iq_retained_costs *costs,
					  struct iq_model *model,
					  uint32_t witness) iq_must_check;
/* Graph, dominators, sums, masks; graph.lacks says why there are none. */
struct iq_error *iq_retained_costs_sum(struct iq_retained_costs *costs)
	iq_must_check;

#endif
