/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the formats of "waits" share: the wait-for graph with goroutines taken
 * together by the site that they stand in, and objects by what they are and by
 * who waits for them, so that a million goroutines are a few lines.
 */
#ifndef IQ_REPORTS_WAITS_H
#define IQ_REPORTS_WAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/vec.h"
#include "model/graph.h"
#include "model/model.h"
#include "reports/report.h"

/* Where goroutines stand, in the order of their first goroutine. */
struct iq_waits_site {
	const struct iq_frame *frame; /* NULL: unknown */
	enum iq_wait_class class;
	bool system;
};

/* Goroutines of one site that wait for objects, or could wake who does. */
struct iq_waits_party {
	uint32_t site;
	/* Of those who wait. */
	enum iq_wait_op op;
	/* Of those who could wake: the first one's, and each one's ground. */
	const struct iq_wake *wake;
	/* Indexes into model->goroutines, ascending, each once. */
	const uint32_t *goroutines;
	size_t num_goroutines;
	/* How many goroutines that is. */
	uint64_t count;
};

struct iq_waits_parties {
	const struct iq_waits_party *items;
	size_t num;
};

/* Objects that are the same but for their place, ascending. */
struct iq_waits_shape {
	const uint32_t *nodes; /* indexes into graph->nodes */
	size_t num_nodes;
	uint64_t num_waiters;
	/* Nobody asks about them: the runtime's own, time that will pass,
	 * connections that may come. */
	bool benign;
};

struct iq_waits {
	const struct iq_model *model;
	const struct iq_graph *graph;
	struct iq_arena arena;
	IQ_VEC(struct iq_waits_site) sites;
	/* By model->groups: index into sites. */
	uint32_t *site_of_group;
	/* Most waiters first, then by their first node. */
	struct iq_waits_shape *shapes;
	size_t num_shapes;
	uint32_t *shape_of; /* by node */
};

struct iq_error *iq_waits_make(struct iq_waits *waits,
			       const struct iq_model *model) iq_must_check;
void iq_waits_deinit(struct iq_waits *waits);

/* How many of a list are shown: --limit, all with --all, else @standard. */
size_t iq_waits_limit(const struct iq_report_options *options, size_t standard);

/* How @goroutine waits for @node; unknown if a select does so in two ways. */
enum iq_wait_op iq_waits_op(const struct iq_graph *graph, uint32_t goroutine,
			    uint32_t node);

/* Memory shows a lock that nobody has: it was given back, and who waits has not
 * taken it yet. */
bool iq_waits_is_free(const struct iq_graph_node *node);
/* Of a RWMutex whose writer waits for them: how many readers must go on. */
uint64_t iq_waits_readers(const struct iq_graph_node *node);
/* More than a mention shows that @wake has what @node's waiters want; of several
 * who may, not this one. */
bool iq_waits_holds(const struct iq_graph_node *node,
		    const struct iq_wake *wake);
/* Who has it, or NULL. */
const struct iq_wake *iq_waits_holder(const struct iq_graph_node *node);
/* All who could wake the waiters wait for one another, and no cycle is claimed:
 * a package variable reaches the channel, so others may serve it. */
bool iq_waits_may_be_cycle(const struct iq_waits *waits,
			   const struct iq_graph_node *node);

uint32_t iq_waits_site_of(const struct iq_waits *waits, uint32_t goroutine);

/* Who waits for the objects of @shape, the largest first; and who could wake
 * them, the best ground first. In the arena. */
struct iq_error *iq_waits_waiters(struct iq_waits *waits,
				  const struct iq_waits_shape *shape,
				  struct iq_waits_parties *ret) iq_must_check;
struct iq_error *iq_waits_wakers(struct iq_waits *waits,
				 const struct iq_waits_shape *shape,
				 struct iq_waits_parties *ret) iq_must_check;
/* @goroutines by site, the largest first. */
struct iq_error *iq_waits_by_site(struct iq_waits *waits,
				  const uint32_t *goroutines, size_t num,
				  struct iq_waits_parties *ret) iq_must_check;

/* Who waits for @goroutine, over however many others: ascending, without it. */
struct iq_error *iq_waits_behind(struct iq_waits *waits, uint32_t goroutine,
				 const uint32_t **ret, size_t *num_ret)
	iq_must_check;

/* The goroutine that --of names, or an error that says which there are. */
struct iq_error *iq_waits_asked(const struct iq_model *model,
				const struct iq_report_options *options,
				uint32_t *ret) iq_must_check;

#endif
