/* SPDX-License-Identifier: Apache-2.0 */
/* Which ends connections have in common: the server that they go to, the
 * listener that they came in by. */
#ifndef IQ_REPORTS_WAITS_ENDS_H
#define IQ_REPORTS_WAITS_ENDS_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "model/graph.h"
#include "model/object.h"

struct iq_waits_end;

struct iq_waits_ends {
	struct iq_waits_end *table; /* by address */
};

/* Counts the ends of all connections; entries are in @arena. */
struct iq_error *iq_waits_ends_count(struct iq_waits_ends *ends,
				     const struct iq_graph *graph,
				     struct iq_arena *arena) iq_must_check;
void iq_waits_ends_deinit(struct iq_waits_ends *ends);

/*
 * A hash of the end that makes @fd like others: its peer, for clients of one
 * server are the same; of those that came in, which have each a peer of its
 * own, our address, and then *@came_in_ret is 1.
 */
uint64_t iq_waits_ends_peer(const struct iq_waits_ends *ends,
			    const struct iq_fd_object *fd,
			    uint64_t *came_in_ret);

#endif
