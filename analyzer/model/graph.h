/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wait-for graph: goroutine -> what it waits for -> who could wake it.
 * Made once by iq_graph_make(), in memory proportional to its edges; const for
 * detectors and reports. Nobody is named without a ground: Go's locks and
 * channels record no owner, so most edges are inferred and say from what.
 */
#ifndef IQ_MODEL_GRAPH_H
#define IQ_MODEL_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/finding.h"
#include "model/model.h"
#include "model/object.h"

#define IQ_GRAPH_NONE UINT32_MAX

/* Why a goroutine is believed to be able to wake who waits; weakest first. */
enum iq_wake_ground {
	/* It shares the object out: main.main, or who started a waiter. */
	IQ_WAKE_SHARES,
	/* A live frame refers to an object in the heap that has the address. */
	IQ_WAKE_VIA,
	/* A live frame has the address: in a caller of the function that the
	 * goroutine stands in. */
	IQ_WAKE_CALLER,
	/* In the function that it stands in. */
	IQ_WAKE_SITE,
	/* A frame has deferred the Unlock, Done, Signal or close. */
	IQ_WAKE_DEFERS,
	/* The runtime's own record: a coroutine's other side, a bubble's. */
	IQ_WAKE_RECORD,
};

/* "shares", "defers" …: as the JSON contract spells them. Static. */
const char *iq_wake_ground_name(enum iq_wake_ground ground);
/* "has deferred the Unlock of", "mentions" …; static, without a subject; the
 * object follows. */
const char *iq_wake_ground_words(enum iq_wake_ground ground,
				 enum iq_wait_kind kind);

/* An edge object -> goroutine. */
struct iq_wake {
	uint32_t goroutine; /* index into model->goroutines */
	enum iq_wake_ground ground;
	/* It waits for the object, too: a lock that it seems to hold itself, a
	 * WaitGroup whose Done is its own, the writer that readers wait for. */
	bool waits;
	/* The frame that shows it; NULL for IQ_WAKE_RECORD. */
	const struct iq_frame *frame;
	/* Of IQ_WAKE_VIA: the object in between. */
	uint64_t via;
};

/* Something that goroutines wait for. */
struct iq_graph_node {
	enum iq_wait_kind kind;
	uint64_t address;
	/* NULL where a witness knows no more than the address. */
	const struct iq_object *object;
	/* The witness that has it: index into model->witnesses. */
	uint32_t witness;
	/* Indexes into model->goroutines, ascending, each once. */
	const uint32_t *waiters;
	size_t num_waiters;
	/* Who could wake them, each goroutine once: the best ground first, then
	 * by goroutine. One that waits for the same itself is here only if
	 * something beside that wait shows that it has it (iq_wake.waits). */
	const struct iq_wake *wakers;
	size_t num_wakers;
	/* Index into wakers: the one that is believed to hold a lock, or whose
	 * end a WaitGroup waits for: the only one with the best ground, as
	 * iq_graph_is_holder() has it. Else IQ_GRAPH_NONE. */
	uint32_t holder;
	/* Of a RWMutex: the goroutine that writes next and waits for its readers
	 * to leave; all other waiters wait for it. Else IQ_GRAPH_NONE. */
	uint32_t pending;
	/* Nobody else can wake some of them: nothing that can run reaches what
	 * they wait for, as far as locks are held by who seems to hold them. */
	bool closed_world;
};

/* An edge goroutine -> object. */
struct iq_graph_edge {
	uint32_t node;
	enum iq_wait_op op;
};

enum iq_cycle_kind {
	IQ_CYCLE_SELF,	    /* a lock that it holds itself */
	IQ_CYCLE_LOCKS,	    /* AB-BA and longer */
	IQ_CYCLE_RWMUTEX,   /* a writer between two RLocks of one reader */
	IQ_CYCLE_CHANNELS,  /* a ring of channels */
	IQ_CYCLE_WAITGROUP, /* it waits for its own child, or for itself */
	IQ_CYCLE_MIXED,	    /* a lock held over a channel, a Cond … */
};

/* "locks", "lock and channel": static. */
const char *iq_cycle_kind_name(enum iq_cycle_kind kind);

/* @goroutine waits for @node, which only @wake's goroutine could give. */
struct iq_cycle_step {
	uint32_t goroutine;
	uint32_t node;
	const struct iq_wake *wake;
};

/*
 * Goroutines that wait for each other, and for nobody else. All edges between
 * them: in the order of the ring from the smallest goroutine on, then the rest.
 */
struct iq_cycle {
	enum iq_cycle_kind kind;
	const struct iq_cycle_step *steps;
	size_t num_steps;
	/* A ring: each step's goroutine is the one that the step before names. */
	bool is_ring;
	/* An edge is only a mention: it may want the object and not have it. */
	bool mere;
	/* Its goroutines, ascending. */
	const uint32_t *members;
	size_t num_members;
};

/* Who keeps others waiting and waits for nobody who is kept waiting. */
struct iq_blocker {
	/* One of the two: index into graph->cycles, or a goroutine. */
	uint32_t cycle;	    /* IQ_GRAPH_NONE: a goroutine */
	uint32_t goroutine; /* IQ_GRAPH_NONE: a cycle */
	/* Nodes over which others wait for it directly, ascending. */
	const uint32_t *nodes;
	size_t num_nodes;
	/* Who goes on if it does: all behind it, however far, ascending. A
	 * goroutine is behind one blocker only. */
	const uint32_t *behind;
	size_t num_behind;
	/* It can go on by itself: those behind it are a convoy. */
	bool goes_on;
};

struct iq_graph {
	/* Ordered by kind, address, witness. What is waited for as a Mutex and
	 * as a RWMutex at one address is one RWMutex, ordered as a Mutex. */
	const struct iq_graph_node *nodes;
	size_t num_nodes;
	/* Goroutine i's edges are edges[first_edge[i]] up to
	 * edges[first_edge[i + 1]]. */
	const uint32_t *first_edge;
	const struct iq_graph_edge *edges;
	size_t num_edges;
	const struct iq_cycle *cycles;
	size_t num_cycles;
	/* Most behind it first, then cycles, then by goroutine. */
	const struct iq_blocker *blockers;
	size_t num_blockers;
	/* By goroutine: the blocker that it is behind, or IQ_GRAPH_NONE. */
	const uint32_t *blocker_of;
	/* By goroutine: the cycle that it is in, or IQ_GRAPH_NONE. */
	const uint32_t *cycle_of;
	/* By goroutine: the one that it waits for, as far as there is but one,
	 * or IQ_GRAPH_NONE: the way to its blocker. */
	const uint32_t *next;
};

/*
 * Sets model->graph. The facts' references have been asked for, and what is
 * reachable is known (model/liveness.h) or unknown.
 */
struct iq_error *iq_graph_make(struct iq_model *model) iq_must_check;

/* Index of the node, of the first witness that has it, or IQ_GRAPH_NONE. */
uint32_t iq_graph_node_find(const struct iq_graph *graph,
			    enum iq_wait_kind kind, uint64_t address);

/* It is a Mutex or a RWMutex. */
bool iq_graph_node_is_lock(const struct iq_graph_node *node);
/* The lock that @goroutine waits for: index of the node, or IQ_GRAPH_NONE. */
uint32_t iq_graph_lock_of(const struct iq_graph *graph, uint32_t goroutine);

/* Memory shows that nobody has the lock: it changes hands just now. */
bool iq_graph_is_unlocked(const struct iq_graph_node *node);
/*
 * Whether @wake, the only one of those whose ground is best, may be called the
 * holder of the lock @node: the lock is taken, no writer waits for several
 * readers, and either more than a mention shows it, or nobody else who can go on
 * has to do with the lock.
 */
bool iq_graph_is_holder(const struct iq_model *model,
			const struct iq_graph_node *node,
			const struct iq_wake *wake);

/* It is in a cycle that more than mentions show, or waits for a lock that it
 * seems to hold itself. */
bool iq_graph_is_deadlocked(const struct iq_graph *graph, uint32_t goroutine);

/*
 * The waiter that seems to hold the lock @node itself: it alone has deferred its
 * Unlock, or it is the only one whose callers mention the lock and nobody else
 * does more than share it; or NULL.
 */
const struct iq_wake *iq_graph_self(const struct iq_graph_node *node);

/*
 * Who mentions the lock @node and waits for another goroutine: the one that would
 * explain the queue, of those whose mention says most. The lock's self if it has
 * one. NULL if there is none, or more than one.
 */
const struct iq_wake *iq_graph_blocked_holder(const struct iq_model *model,
					      const struct iq_graph_node *node);

/* Who may hold the lock @node can go on, and so will the waiters: of those whose
 * mention says most, one can, and none is blocked unless another runs. */
bool iq_graph_passes(const struct iq_model *model,
		     const struct iq_graph_node *node);

#endif
