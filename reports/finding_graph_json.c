/* SPDX-License-Identifier: Apache-2.0 */
/* What the wait-for graph says of a finding. */
#include "reports/finding_json.h"

#include "model/object.h"
#include "reports/wait_json.h"
#include "reports/waits.h"

static void put_id(struct iq_json *json, const char *key,
		   const struct iq_model *model, uint32_t goroutine)
{
	const struct iq_goroutine *g = goroutine == IQ_GRAPH_NONE ?
					       NULL :
					       &model->goroutines[goroutine];

	iq_json_maybe_u64(json, key, g && g->has_id, g ? g->id : 0);
}

void iq_json_wake_ground(struct iq_json *json, const struct iq_wake *wake)
{
	iq_json_pair_cstr(json, "ground", iq_wake_ground_name(wake->ground));
	iq_json_key(json, "frame");
	iq_json_frame(json, wake->frame);
	iq_json_key(json, "via");
	if (wake->ground == IQ_WAKE_VIA)
		iq_json_hex(json, wake->via);
	else
		iq_json_null(json);
}

void iq_json_cycle_step(struct iq_json *json, const struct iq_model *model,
			const struct iq_cycle_step *step)
{
	const struct iq_graph *graph = model->graph;
	const struct iq_graph_node *node = &graph->nodes[step->node];
	enum iq_wait_op op = iq_waits_op(graph, step->goroutine, step->node);

	put_id(json, "from", model, step->goroutine);
	put_id(json, "to", model, step->wake->goroutine);
	if (op != IQ_OP_UNKNOWN)
		iq_json_pair_cstr(json, "op", iq_wait_op_name(op));
	iq_json_pair_cstr(json, "kind", iq_wait_kind_name(node->kind));
	iq_json_key(json, "address");
	iq_json_hex(json, node->address);
	iq_json_wake_ground(json, step->wake);
}

static uint64_t waiters_of(const struct iq_graph *graph,
			   const struct iq_wait *wait)
{
	uint32_t node =
		wait->has_address ?
			iq_graph_node_find(graph, wait->kind, wait->address) :
			IQ_GRAPH_NONE;

	return node == IQ_GRAPH_NONE ? 0 : graph->nodes[node].num_waiters;
}

static void put_waits_for(struct iq_json *json, const struct iq_model *model,
			  const struct iq_goroutine *g)
{
	for (uint32_t i = 0; i < g->fact->num_waits; i++)
		iq_wait_json(json, &g->fact->waits[i],
			     waiters_of(model->graph, &g->fact->waits[i]));
}

static void put_cycle(struct iq_json *json, const struct iq_model *model,
		      uint32_t index)
{
	const struct iq_cycle *c = &model->graph->cycles[index];

	iq_json_object(json);
	iq_json_pair_u64(json, "id", (uint64_t)index + 1);
	iq_json_pair_cstr(json, "kind", iq_cycle_kind_name(c->kind));
	iq_json_pair_bool(json, "mere", c->mere);
	iq_json_key(json, "edges");
	iq_json_array(json);
	for (size_t i = 0; i < c->num_steps; i++) {
		iq_json_object(json);
		iq_json_cycle_step(json, model, &c->steps[i]);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
	iq_json_object_end(json);
}

/* Who keeps @goroutine waiting: a goroutine, or a cycle. */
static void put_blocker(struct iq_json *json, const struct iq_model *model,
			uint32_t goroutine)
{
	const struct iq_graph *graph = model->graph;
	uint32_t index = goroutine == IQ_GRAPH_NONE ?
				 IQ_GRAPH_NONE :
				 graph->blocker_of[goroutine];
	const struct iq_blocker *b;

	iq_json_key(json, "behind");
	if (index == IQ_GRAPH_NONE) {
		iq_json_null(json);
		return;
	}
	b = &graph->blockers[index];
	iq_json_object(json);
	put_id(json, "goroutine", model, b->goroutine);
	iq_json_maybe_u64(json, "cycle", b->cycle != IQ_GRAPH_NONE,
			  (uint64_t)b->cycle + 1);
	iq_json_pair_bool(json, "goes_on", b->goes_on);
	iq_json_object_end(json);
}

void iq_finding_json_graph(struct iq_json *json, const struct iq_model *model,
			   const struct iq_finding *f)
{
	uint32_t first = f->num_goroutines && model->graph ? f->goroutines[0] :
							     IQ_GRAPH_NONE;
	uint32_t cycle = first == IQ_GRAPH_NONE ? IQ_GRAPH_NONE :
						  model->graph->cycle_of[first];

	iq_json_key(json, "waits_for");
	iq_json_array(json);
	if (first != IQ_GRAPH_NONE)
		put_waits_for(json, model, &model->goroutines[first]);
	iq_json_array_end(json);
	iq_json_key(json, "cycle");
	if (cycle == IQ_GRAPH_NONE)
		iq_json_null(json);
	else
		put_cycle(json, model, cycle);
	put_blocker(json, model, first);
}
