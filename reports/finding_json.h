/* SPDX-License-Identifier: Apache-2.0 */
/* A finding as JSON: the same in "report" and in "explain". */
#ifndef IQ_REPORTS_FINDING_JSON_H
#define IQ_REPORTS_FINDING_JSON_H

#include "model/graph.h"
#include "model/model.h"
#include "reports/emit_json.h"

/* An object of its own; lists of ids have at most @limit, 0: all. */
void iq_finding_json(struct iq_json *json, const struct iq_model *model,
		     const struct iq_finding *finding, uint64_t limit);

/* The keys of the wait-for graph, to the finding's object that is open: what its
 * first goroutine waits for, the cycle that it is in, who keeps it waiting. */
void iq_finding_json_graph(struct iq_json *json, const struct iq_model *model,
			   const struct iq_finding *finding);

/* The keys of what it keeps in memory, and of why it leaked. */
void iq_finding_json_cost(struct iq_json *json, const struct iq_model *model,
			  const struct iq_finding *finding);
/* "leaked": what all findings' goroutines keep together; null: none that is
 * proven to leak. */
void iq_json_leaked(struct iq_json *json, const struct iq_model *model);

/* The keys of an edge of a cycle, to the object that is open. */
void iq_json_cycle_step(struct iq_json *json, const struct iq_model *model,
			const struct iq_cycle_step *step);
/* "ground", "frame", "via". */
void iq_json_wake_ground(struct iq_json *json, const struct iq_wake *wake);

#endif
