/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wait-for graph while it is made: what its parts need of each other and
 * nobody else needs of them.
 */
#ifndef IQ_MODEL_GRAPH_DRAFT_H
#define IQ_MODEL_GRAPH_DRAFT_H

#include "base/error.h"
#include "model/graph.h"

struct iq_graph_place {
	uint32_t node;
	uint32_t waker; /* index into the node's wakers */
};

struct iq_graph_draft {
	struct iq_model *model;
	/* In the model's arena, and the arrays of it that are still written. */
	struct iq_graph *graph;
	struct iq_graph_node *nodes;
	struct iq_graph_edge *edges;
	uint32_t *cycle_of;
	/* Finds nodes by their address: node + 1 by hash, and the next of the
	 * same hash by node. */
	uint32_t *heads;
	size_t num_heads;
	uint32_t *chain;
	/* By goroutine: nothing that can run reaches what it waits for. */
	bool *closed;
	/* Where goroutine i stands among wakers: places[first_place[i]] up to
	 * places[first_place[i + 1]]. */
	uint32_t *first_place;
	struct iq_graph_place *places;
};

void iq_graph_draft_deinit(struct iq_graph_draft *draft);

/* Nodes, edges and waiters. */
struct iq_error *iq_graph_build(struct iq_graph_draft *draft) iq_must_check;
/*
 * Nodes that may be at @address, of any kind and witness: start with @after
 * IQ_GRAPH_NONE, then give the last result. IQ_GRAPH_NONE: there is no more.
 */
uint32_t iq_graph_draft_at(const struct iq_graph_draft *draft, uint64_t address,
			   uint32_t after);

/* Who could wake the waiters, by the facts' references and objects. */
struct iq_error *iq_graph_find_wakers(struct iq_graph_draft *draft)
	iq_must_check;

/* Cycles, and who is in them. */
struct iq_error *iq_graph_find_cycles(struct iq_graph_draft *draft)
	iq_must_check;

/* Who stands behind whom. */
struct iq_error *iq_graph_find_blockers(struct iq_graph_draft *draft)
	iq_must_check;

/*
 * Waiters of one node wait for the same, but where a writer of a RWMutex has
 * announced itself: it waits for the readers, all others wait for it.
 */
#define IQ_GRAPH_SIDES 2

static inline unsigned iq_graph_side_of(const struct iq_graph_node *node,
					uint32_t goroutine)
{
	return node->pending != IQ_GRAPH_NONE && node->pending != goroutine;
}

/* What lets a side's waiters go on. */
enum iq_graph_way {
	/* Anything may: who could wake them is not known. */
	IQ_WAY_FREE,
	/* One of those who count, going on. */
	IQ_WAY_ANY,
	/* All of those who count, going on: readers, a WaitGroup's children. */
	IQ_WAY_ALL,
	/* Whoever reaches the object: the heap has to tell. */
	IQ_WAY_OPEN,
};

/* How a side's waiters are woken, and by whom of the node's wakers. */
struct iq_graph_side {
	enum iq_graph_way way;
	/* More than mentions show it. */
	bool mere;
	/* Who counts: those of a ground from low to high, ... */
	enum iq_wake_ground low, high;
	/* ... also if they wait for the node, ... */
	bool with_waiting;
	/* ... only if they wait for a lock, ... */
	bool only_locked;
	/* ... or this one alone, unless IQ_GRAPH_NONE. */
	uint32_t only;
};

void iq_graph_side_make(const struct iq_model *model,
			const struct iq_graph *graph,
			const struct iq_graph_node *node, unsigned side,
			struct iq_graph_side *ret);
bool iq_graph_side_counts(const struct iq_graph *graph,
			  const struct iq_graph_side *side,
			  const struct iq_wake *wake);

/* What a goroutine that waits for an open side needs to go on. */
enum iq_graph_world {
	/* Nothing: anybody may come. */
	IQ_WORLD_OPEN,
	/* One of those who are seen to have the object: the most that can be
	 * stuck. */
	IQ_WORLD_SEEN,
	/* Somebody who reaches it in the heap. */
	IQ_WORLD_HEAP,
};

/* Who cannot go on unless others of them do. */
struct iq_graph_stuck {
	struct iq_graph_draft *draft;
	/* Mentions of a lock are believed. */
	bool mere;
	enum iq_graph_world world;
	struct iq_graph_side *sides; /* two for each node */
	uint32_t *left;		     /* by side: who has to go on yet */
	uint32_t *num_counting;	     /* by side */
	bool *on;		     /* by goroutine */
	uint32_t *work;		     /* goroutines that go on, all of them */
	size_t num_work, done;
	struct iq_closure **closures; /* by witness; NULL: no heap */
};

void iq_graph_stuck_deinit(struct iq_graph_stuck *stuck);
/* From @mere and @world on. */
struct iq_error *iq_graph_stuck_make(struct iq_graph_stuck *stuck)
	iq_must_check;

/* Something beside other goroutines may let it go on: it runs, a timer is set,
 * what it waits for is not known. */
bool iq_graph_goes_on(const struct iq_model *model,
		      const struct iq_graph *graph, uint32_t goroutine);

#endif
