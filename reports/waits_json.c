/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "waits" as JSON: the whole graph, goroutine by goroutine. The contract is
 * docs/schema/inquest.waits.1.json; it changes only by adding.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "reports/emit_json.h"
#include "reports/finding_json.h"
#include "reports/reached.h"
#include "reports/wait_json.h"
#include "reports/waits.h"

struct page {
	struct iq_json *json;
	const struct iq_model *model;
	const struct iq_graph *graph;
	uint64_t limit; /* 0: none */
	/* With --of: who and what belongs to it; NULL: all. */
	bool *goroutines;
	bool *nodes;
	/* By node: its index in "objects", or IQ_GRAPH_NONE. */
	uint32_t *numbers;
	bool truncated;
};

static void put_id(struct page *p, const char *key, uint32_t goroutine)
{
	const struct iq_goroutine *g = goroutine == IQ_GRAPH_NONE ?
					       NULL :
					       &p->model->goroutines[goroutine];

	iq_json_maybe_u64(p->json, key, g && g->has_id, g ? g->id : 0);
}

/* Whether the item after @done ones is left out. */
static bool is_over(struct page *p, size_t done)
{
	if (!p->limit || done < p->limit)
		return false;
	p->truncated = true;
	return true;
}

static void end_list(struct page *p, const char *key)
{
	iq_json_array_end(p->json);
	if (p->truncated)
		iq_json_pair_bool(p->json, key, true);
	p->truncated = false;
}

static void put_ids(struct page *p, const char *key, const char *truncated,
		    const uint32_t *list, size_t num)
{
	iq_json_key(p->json, key);
	iq_json_array(p->json);
	for (size_t i = 0; i < num && !is_over(p, i); i++) {
		const struct iq_goroutine *g = &p->model->goroutines[list[i]];

		if (g->has_id)
			iq_json_u64(p->json, g->id);
	}
	end_list(p, truncated);
}

static void put_op(struct page *p, enum iq_wait_op op)
{
	if (op != IQ_OP_UNKNOWN)
		iq_json_pair_cstr(p->json, "op", iq_wait_op_name(op));
}

/* ---- cycles */

static void put_object_number(struct page *p, uint32_t node)
{
	iq_json_maybe_u64(p->json, "object", p->numbers[node] != IQ_GRAPH_NONE,
			  p->numbers[node]);
}

static void put_step(struct page *p, const struct iq_cycle_step *step)
{
	iq_json_object(p->json);
	iq_json_cycle_step(p->json, p->model, step);
	put_object_number(p, step->node);
	iq_json_object_end(p->json);
}

static void put_cycle(struct page *p, size_t index)
{
	const struct iq_cycle *c = &p->graph->cycles[index];

	iq_json_object(p->json);
	iq_json_pair_u64(p->json, "id", index + 1);
	iq_json_pair_cstr(p->json, "kind", iq_cycle_kind_name(c->kind));
	iq_json_pair_bool(p->json, "ring", c->is_ring);
	iq_json_pair_bool(p->json, "mere", c->mere);
	put_ids(p, "goroutines", "goroutines_truncated", c->members,
		c->num_members);
	iq_json_key(p->json, "edges");
	iq_json_array(p->json);
	for (size_t i = 0; i < c->num_steps && !is_over(p, i); i++)
		put_step(p, &c->steps[i]);
	end_list(p, "edges_truncated");
	iq_json_object_end(p->json);
}

static bool wants(const struct page *p, const uint32_t *list, size_t num)
{
	for (size_t i = 0; p->goroutines && i < num; i++) {
		if (p->goroutines[list[i]])
			return true;
	}
	return !p->goroutines;
}

static void put_cycles(struct page *p)
{
	size_t done = 0;

	iq_json_key(p->json, "cycles");
	iq_json_array(p->json);
	for (size_t i = 0; i < p->graph->num_cycles && !is_over(p, done); i++) {
		const struct iq_cycle *c = &p->graph->cycles[i];

		if (!wants(p, c->members, c->num_members))
			continue;
		put_cycle(p, i);
		done++;
	}
	end_list(p, "cycles_truncated");
}

/* ---- root blockers */

static void put_blocker(struct page *p, const struct iq_blocker *b)
{
	iq_json_object(p->json);
	put_id(p, "goroutine", b->goroutine);
	iq_json_maybe_u64(p->json, "cycle", b->cycle != IQ_GRAPH_NONE,
			  (uint64_t)b->cycle + 1);
	iq_json_pair_bool(p->json, "goes_on", b->goes_on);
	put_ids(p, "behind", "behind_truncated", b->behind, b->num_behind);
	iq_json_key(p->json, "objects");
	iq_json_array(p->json);
	for (size_t i = 0; i < b->num_nodes && !is_over(p, i); i++) {
		if (p->numbers[b->nodes[i]] != IQ_GRAPH_NONE)
			iq_json_u64(p->json, p->numbers[b->nodes[i]]);
	}
	end_list(p, "objects_truncated");
	iq_json_object_end(p->json);
}

static void put_blockers(struct page *p)
{
	size_t done = 0;

	iq_json_key(p->json, "blockers");
	iq_json_array(p->json);
	for (size_t i = 0; i < p->graph->num_blockers && !is_over(p, done);
	     i++) {
		const struct iq_blocker *b = &p->graph->blockers[i];
		bool is_own = b->goroutine != IQ_GRAPH_NONE &&
			      wants(p, &b->goroutine, 1);

		if (!is_own && !wants(p, b->behind, b->num_behind))
			continue;
		put_blocker(p, b);
		done++;
	}
	end_list(p, "blockers_truncated");
}

/* ---- objects */

static void put_waiter(struct page *p, const struct iq_graph_node *node,
		       uint32_t goroutine)
{
	const struct iq_goroutine *g = &p->model->goroutines[goroutine];
	const char *ground = iq_wait_ground_words(g->wait_min_ground);

	iq_json_object(p->json);
	put_id(p, "goroutine", goroutine);
	put_op(p, iq_waits_op(p->graph, goroutine,
			      (uint32_t)(node - p->graph->nodes)));
	iq_json_maybe_i64(p->json, "wait_ns_min", g->has_wait_min,
			  g->wait_min_ns);
	iq_json_maybe_i64(p->json, "wait_ns_max", g->has_wait_max,
			  g->wait_max_ns);
	iq_json_pair_text(p->json, "wait_ground", iq_str_of(ground));
	iq_json_object_end(p->json);
}

static void put_waker(struct page *p, const struct iq_wake *wake)
{
	iq_json_object(p->json);
	put_id(p, "goroutine", wake->goroutine);
	iq_json_wake_ground(p->json, wake);
	iq_json_pair_bool(p->json, "waits", wake->waits);
	iq_json_object_end(p->json);
}

static void put_parties(struct page *p, const struct iq_graph_node *node)
{
	const struct iq_wake *holder = iq_waits_holder(node);

	iq_json_key(p->json, "waiters");
	iq_json_array(p->json);
	for (size_t i = 0; i < node->num_waiters && !is_over(p, i); i++)
		put_waiter(p, node, node->waiters[i]);
	end_list(p, "waiters_truncated");
	iq_json_key(p->json, "wakers");
	iq_json_array(p->json);
	for (size_t i = 0; i < node->num_wakers && !is_over(p, i); i++)
		put_waker(p, &node->wakers[i]);
	end_list(p, "wakers_truncated");
	put_id(p, "holder", holder ? holder->goroutine : IQ_GRAPH_NONE);
	put_id(p, "pending", node->pending);
	iq_json_pair_bool(p->json, "closed_world", node->closed_world);
}

static void put_object(struct page *p, const struct iq_graph_node *node)
{
	iq_json_object(p->json);
	iq_json_pair_cstr(p->json, "kind", iq_wait_kind_name(node->kind));
	iq_json_key(p->json, "address");
	iq_json_hex(p->json, node->address);
	iq_json_pair_u64(p->json, "witness", node->witness);
	if (node->object)
		iq_wait_json_contents(p->json, node->object);
	put_parties(p, node);
	iq_json_object_end(p->json);
}

static void put_objects(struct page *p)
{
	iq_json_key(p->json, "objects");
	iq_json_array(p->json);
	for (size_t i = 0; i < p->graph->num_nodes; i++) {
		if (p->numbers[i] != IQ_GRAPH_NONE)
			put_object(p, &p->graph->nodes[i]);
	}
	for (size_t i = 0; i < p->graph->num_nodes && p->limit; i++) {
		if (p->numbers[i] == IQ_GRAPH_NONE &&
		    (!p->nodes || p->nodes[i]))
			p->truncated = true;
	}
	end_list(p, "objects_truncated");
}

/* ---- without an object that others have */

static void put_other(struct page *p, uint32_t goroutine)
{
	const struct iq_goroutine *g = &p->model->goroutines[goroutine];
	const char *ground = iq_wait_ground_words(g->wait_min_ground);

	iq_json_object(p->json);
	put_id(p, "goroutine", goroutine);
	iq_json_pair_u64(p->json, "count", g->count);
	iq_json_pair_text(p->json, "wait_reason", g->fact->wait_reason);
	iq_json_key(p->json, "waits_for");
	iq_json_array(p->json);
	for (size_t i = 0; i < g->fact->num_waits && !is_over(p, i); i++)
		iq_wait_json(p->json, &g->fact->waits[i], 1);
	end_list(p, "waits_for_truncated");
	iq_json_maybe_i64(p->json, "wait_ns_min", g->has_wait_min,
			  g->wait_min_ns);
	iq_json_maybe_i64(p->json, "wait_ns_max", g->has_wait_max,
			  g->wait_max_ns);
	iq_json_pair_text(p->json, "wait_ground", iq_str_of(ground));
	iq_json_object_end(p->json);
}

static void put_others(struct page *p)
{
	const struct iq_graph *graph = p->graph;
	size_t done = 0;

	iq_json_key(p->json, "others");
	iq_json_array(p->json);
	for (uint32_t i = 0; i < p->model->num_goroutines; i++) {
		if (graph->first_edge[i] != graph->first_edge[i + 1] ||
		    p->model->goroutines[i].class == IQ_CLASS_RUNNING ||
		    !wants(p, &i, 1))
			continue;
		if (is_over(p, done++))
			break;
		put_other(p, i);
	}
	end_list(p, "others_truncated");
}

/* ---- the whole */

/* Numbers the objects that are shown. */
static struct iq_error *number_objects(struct page *p)
{
	uint32_t next = 0;

	p->numbers = calloc(p->graph->num_nodes + 1, sizeof(*p->numbers));
	if (!p->numbers)
		return &iq_enomem;
	for (size_t i = 0; i < p->graph->num_nodes; i++) {
		bool shown = (!p->nodes || p->nodes[i]) &&
			     (!p->limit || next < p->limit);

		p->numbers[i] = shown ? next++ : IQ_GRAPH_NONE;
	}
	return NULL;
}

static void mark_goroutine(struct page *p, uint32_t goroutine)
{
	p->goroutines[goroutine] = true;
	for (uint32_t e = p->graph->first_edge[goroutine];
	     e < p->graph->first_edge[goroutine + 1]; e++)
		p->nodes[p->graph->edges[e].node] = true;
}

/* With --of: who it waits for, however far, and who waits for it. */
static struct iq_error *mark_chain(struct page *p, struct iq_waits *waits,
				   const struct iq_report_options *options)
{
	const uint32_t *behind;
	uint32_t asked, at;
	size_t num;
	struct iq_error *err = iq_waits_asked(p->model, options, &asked);

	if (err)
		return err;
	p->goroutines = calloc(p->model->num_goroutines + 1, sizeof(bool));
	p->nodes = calloc(p->graph->num_nodes + 1, sizeof(bool));
	if (!p->goroutines || !p->nodes)
		return &iq_enomem;
	for (at = asked; at != IQ_GRAPH_NONE && !p->goroutines[at];
	     at = p->graph->next[at])
		mark_goroutine(p, at);
	err = iq_waits_behind(waits, asked, &behind, &num);
	for (size_t i = 0; !err && i < num; i++)
		mark_goroutine(p, behind[i]);
	put_id(p, "of", asked);
	return err;
}

static void put_problems(struct page *p)
{
	const struct iq_model *m = p->model;
	bool complete = !m->num_gaps;

	for (size_t i = 0; i < m->num_witnesses; i++)
		complete &= m->witnesses[i]->witness.complete;
	iq_json_pair_bool(p->json, "complete", complete);
}

static void put_fds(struct page *p)
{
	const struct iq_process_fact *process = &p->model->process;

	iq_json_maybe_i64(p->json, "highest_fd", process->has_highest_fd,
			  process->highest_fd);
	iq_json_maybe_u64(p->json, "fd_limit", process->has_fd_limit,
			  process->fd_limit);
}

static struct iq_error *put_all(struct page *p)
{
	struct iq_error *err = number_objects(p);

	if (err)
		return err;
	put_cycles(p);
	put_blockers(p);
	put_objects(p);
	put_others(p);
	put_fds(p);
	iq_json_object_end(p->json);
	return NULL;
}

/* The case's own problems, then those of its witnesses. */
static struct iq_error *put_gaps(struct page *p)
{
	IQ_VEC(struct iq_gap) gaps = { 0 };
	const struct iq_model *m = p->model;
	bool good = true;

	for (size_t i = 0; i < m->num_gaps && good; i++)
		good = iq_vec_push(&gaps, m->gaps[i]);
	for (size_t w = 0; w < m->num_witnesses && good; w++) {
		const struct iq_facts *facts = m->witnesses[w];

		for (size_t i = 0; i < facts->gaps.len && good; i++)
			good = iq_vec_push(&gaps, facts->gaps.data[i]);
	}
	if (good) {
		iq_json_key(p->json, "problems");
		iq_json_problems(p->json, gaps.data, gaps.len);
	}
	iq_vec_deinit(&gaps);
	return good ? NULL : &iq_enomem;
}

static struct iq_error *put_reached(struct page *p,
				    const struct iq_report_options *options)
{
	uint32_t asked;
	struct iq_error *err = iq_waits_asked(p->model, options, &asked);

	return err ? err : iq_reached_json(p->json, p->model, asked);
}

static struct iq_error *render(struct page *p, struct iq_waits *waits,
			       const struct iq_report_options *options)
{
	struct iq_error *err;

	iq_json_object(p->json);
	iq_json_pair_cstr(p->json, "schema", "inquest.waits/1");
	put_problems(p);
	err = put_gaps(p);
	if (!err && options->has_id)
		err = mark_chain(p, waits, options);
	if (!err && options->has_id && options->path)
		err = put_reached(p, options);
	return err ? err : put_all(p);
}

static struct iq_error *
waits_json_render(const struct iq_model *model,
		  const struct iq_report_options *options, struct iq_out *out)
{
	iq_cleanup(iq_json_destroyp) struct iq_json *json = NULL;
	struct page page = {
		.model = model,
		.graph = model->graph,
		.limit = options->limit,
	};
	struct iq_waits waits;
	struct iq_error *err = iq_waits_make(&waits, model);

	if (!err)
		err = iq_json_create(out, &json);
	page.json = json;
	if (!err)
		err = render(&page, &waits, options);
	if (!err)
		iq_out_char(out, '\n');
	free(page.goroutines);
	free(page.nodes);
	free(page.numbers);
	iq_waits_deinit(&waits);
	return err ? err : iq_json_done(json);
}

const struct iq_report iq_report_waits_json = {
	.command = "waits",
	.format = "json",
	.summary = "one JSON object with the whole graph",
	.stage = IQ_STAGE_JUDGED,
	.render = waits_json_render,
};
