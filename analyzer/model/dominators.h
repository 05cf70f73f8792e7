/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dominators of a graph: what each way from the root to a node leads through.
 * Without the immediate dominator of a node nothing of it could be reached.
 */
#ifndef IQ_MODEL_DOMINATORS_H
#define IQ_MODEL_DOMINATORS_H

#include <stdint.h>

#include "base/error.h"

/* A graph by its edges: those of node i are targets[first[i] .. first[i + 1]). */
struct iq_digraph {
	uint32_t num_nodes;
	const uint32_t *first; /* num_nodes + 1 of them, ascending */
	const uint32_t *targets;
};

/* No node: what cannot be reached has no dominator. */
#define IQ_DOMINATORS_NONE UINT32_MAX

/*
 * Sets dominator[i] for each node; the root's is itself. order[0 .. *num_ret)
 * are the nodes that can be reached, each behind its dominator. Both have room
 * for num_nodes. Takes little more than in proportion to the edges, and no
 * recursion.
 */
struct iq_error *iq_dominators_find(const struct iq_digraph *graph,
				    uint32_t root, uint32_t *dominator,
				    uint32_t *order, uint32_t *num_ret)
	iq_must_check;

#endif
