/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "explain" as JSON: the finding as "report" has it, with all its goroutines and
 * the objects that they wait for. The contract is
 * docs/schema/inquest.explain.1.json; it changes only by adding.
 */
#include "reports/explain.h"

#include "base/cleanup.h"
#include "reports/emit_json.h"
#include "reports/finding_json.h"
#include "reports/reached.h"
#include "reports/wait_json.h"
#include "reports/waits.h"

static void put_id(struct iq_json *json, const struct iq_model *model,
		   uint32_t goroutine)
{
	const struct iq_goroutine *g = &model->goroutines[goroutine];

	iq_json_maybe_u64(json, "goroutine", g->has_id, g->id);
}

static void put_wakers(struct iq_json *json, const struct iq_model *model,
		       const struct iq_graph_node *node)
{
	iq_json_key(json, "wakers");
	iq_json_array(json);
	for (size_t i = 0; i < node->num_wakers; i++) {
		iq_json_object(json);
		put_id(json, model, node->wakers[i].goroutine);
		iq_json_wake_ground(json, &node->wakers[i]);
		iq_json_pair_bool(json, "waits", node->wakers[i].waits);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

/* What the first goroutine waits for, with who could wake it. */
static void put_objects(struct iq_json *json, const struct iq_model *model,
			uint32_t goroutine)
{
	const struct iq_graph *graph = model->graph;

	for (uint32_t e = graph->first_edge[goroutine];
	     e < graph->first_edge[goroutine + 1]; e++) {
		const struct iq_graph_node *node =
			&graph->nodes[graph->edges[e].node];

		iq_json_object(json);
		iq_json_pair_cstr(json, "kind", iq_wait_kind_name(node->kind));
		iq_json_key(json, "address");
		iq_json_hex(json, node->address);
		if (node->object)
			iq_wait_json_contents(json, node->object);
		iq_json_pair_u64(json, "waiters", node->num_waiters);
		put_wakers(json, model, node);
		iq_json_pair_bool(json, "closed_world", node->closed_world);
		iq_json_object_end(json);
	}
}

/* Those on the way to who keeps it waiting, from the first one on. */
static void put_chain(struct iq_json *json, const struct iq_model *model,
		      uint32_t goroutine)
{
	const struct iq_graph *graph = model->graph;
	size_t num = 0;

	// In a circle each is met once: no more than there are.
	for (uint32_t at = graph->next[goroutine];
	     at != IQ_GRAPH_NONE && at != goroutine &&
	     num < model->num_goroutines;
	     at = graph->next[at], num++) {
		const struct iq_goroutine *g = &model->goroutines[at];

		if (g->has_id)
			iq_json_u64(json, g->id);
		if (graph->cycle_of[at] != IQ_GRAPH_NONE)
			break;
	}
}

static struct iq_error *put_reached(struct iq_json *json,
				    const struct iq_model *model,
				    const struct iq_finding *f,
				    const struct iq_report_options *options)
{
	uint32_t goroutine;

	if (!f->num_goroutines)
		return NULL;
	if (!iq_explain_open(model, f, &goroutine)) {
		if (!options->path)
			return NULL;
		goroutine = f->goroutines[0];
	}
	return iq_reached_json(json, model, goroutine);
}

static struct iq_error *
explain_json_render(const struct iq_model *model,
		    const struct iq_report_options *options, struct iq_out *out)
{
	iq_cleanup(iq_json_destroyp) struct iq_json *json = NULL;
	const struct iq_finding *f = NULL;
	struct iq_error *err = iq_explain_find(model, options->finding, &f);

	if (!err)
		err = iq_json_create(out, &json);
	if (err)
		return err;
	iq_json_object(json);
	iq_json_pair_cstr(json, "schema", "inquest.explain/1");
	iq_json_key(json, "finding");
	iq_finding_json(json, model, f, options->limit);
	iq_json_key(json, "objects");
	iq_json_array(json);
	if (f->num_goroutines)
		put_objects(json, model, f->goroutines[0]);
	iq_json_array_end(json);
	iq_json_key(json, "chain");
	iq_json_array(json);
	if (f->num_goroutines)
		put_chain(json, model, f->goroutines[0]);
	iq_json_array_end(json);
	err = put_reached(json, model, f, options);
	iq_json_object_end(json);
	iq_out_char(out, '\n');
	return err ? err : iq_json_done(json);
}

const struct iq_report iq_report_explain_json = {
	.command = "explain",
	.format = "json",
	.summary = "one JSON object, for scripts",
	.stage = IQ_STAGE_COSTED,
	.render = explain_json_render,
};
