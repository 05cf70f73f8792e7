/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "waits" as DOT, Graphviz's language: a node for the goroutines of a site and
 * for objects that are the same, so that a million goroutines are a picture.
 * Cycles have clusters of their own, goroutine by goroutine.
 * https://graphviz.org/doc/info/lang.html
 */
#include <inttypes.h>

#include "reports/emit_term.h"
#include "reports/wait_lines.h"
#include "reports/wait_words.h"
#include "reports/words.h"

/* Shapes of objects and cycles in the picture, unless all are asked for. */
#define MAX_SHAPES 60
#define MAX_CYCLES 40
/* Goroutines of one cycle. */
#define MAX_MEMBERS 60
/* Columns of a label. */
#define LABEL 60

struct picture {
	struct iq_waits *waits;
	struct iq_term *term;
	struct iq_out *out;
	struct iq_wait_lines lines;
	size_t max_shapes, max_cycles;
	/* Sites that have a node, by index. */
	bool *sites;
	/* Goroutines that stand there and in no cycle, by index. */
	uint64_t *counts;
	/* Goroutines of cycles that have one, objects of cycles that have one,
	 * and edges that stand, by index. */
	bool *members, *nodes, *edges;
};

/* In a double-quoted string: a quote ends it, a backslash begins an escape of
 * labels ("\N", "\l"). The text is clean of control characters. */
static void put_escaped(struct picture *p, struct iq_str clean)
{
	for (size_t i = 0; i < clean.len; i++) {
		if (clean.ptr[i] == '"' || clean.ptr[i] == '\\')
			iq_out_char(p->out, '\\');
		iq_out_char(p->out, clean.ptr[i]);
	}
}

static void put_label(struct picture *p, struct iq_str first,
		      struct iq_str second)
{
	iq_out_cstr(p->out, "label=\"");
	put_escaped(p, iq_term_cut(p->term, first, LABEL));
	if (second.len) {
		iq_out_cstr(p->out, "\\n");
		put_escaped(p, iq_term_cut(p->term, second, LABEL));
	}
	iq_out_char(p->out, '"');
}

/* ---- goroutines */

static void put_site(struct picture *p, uint32_t site)
{
	const struct iq_waits_site *s = &p->waits->sites.data[site];
	char number[IQ_WORDS_SIZE];

	if (p->sites[site])
		return;
	p->sites[site] = true;
	iq_out_printf(p->out, "\ts%" PRIu32 " [shape=box, ", site);
	put_label(p,
		  iq_term_textf(p->term, "%s %s",
				iq_words_number(number, p->counts[site]),
				iq_wait_class_words(s->class)),
		  iq_term_site(p->term, s->frame, LABEL));
	iq_out_cstr(p->out, "];\n");
}

static void put_member(struct picture *p, uint32_t goroutine)
{
	struct iq_str who = iq_wait_line_who(&p->lines, goroutine);

	iq_out_printf(p->out, "\t\tg%" PRIu32 " [shape=box, ", goroutine);
	put_label(p, who,
		  iq_str_of(iq_wait_class_words(
			  p->waits->model->goroutines[goroutine].class)));
	iq_out_cstr(p->out, "];\n");
}

/* ---- cycles */

static void put_object(struct picture *p, const char *prefix, uint32_t number,
		       struct iq_str label)
{
	iq_out_printf(p->out, "\t%s%" PRIu32 " [shape=ellipse, ", prefix,
		      number);
	put_label(p, label, IQ_STR(""));
	iq_out_cstr(p->out, "];\n");
}

static void put_wake(struct picture *p, const struct iq_graph_node *node,
		     const struct iq_wake *wake)
{
	const char *ground = iq_wait_words_ground(wake->ground, node->kind);
	bool holds = iq_waits_holds(node, wake);
	bool has =
		iq_graph_node_is_lock(node) || node->kind == IQ_WAIT_WAITGROUP;

	iq_out_cstr(p->out, holds ? " [" : " [style=dashed, ");
	put_label(p,
		  iq_term_textf(p->term, "%s%s",
				has && !holds ? "perhaps: " : "", ground),
		  IQ_STR(""));
	iq_out_cstr(p->out, "];\n");
}

/* An edge of a goroutine stands once, however many could wake it. */
static bool is_new_edge(struct picture *p, uint32_t goroutine, uint32_t node)
{
	const struct iq_graph *graph = p->waits->graph;

	for (uint32_t e = graph->first_edge[goroutine];
	     e < graph->first_edge[goroutine + 1]; e++) {
		if (graph->edges[e].node != node || p->edges[e])
			continue;
		p->edges[e] = true;
		return true;
	}
	return false;
}

/* Steps that are looked through for one that was told. */
#define MAX_TOLD 256

/* Another goroutine waits for the same from the same one. */
static bool is_told(const struct iq_cycle *c, size_t index)
{
	const struct iq_cycle_step *step = &c->steps[index];

	for (size_t i = 0; i < index && i < MAX_TOLD; i++) {
		if (c->steps[i].node == step->node &&
		    c->steps[i].wake->goroutine == step->wake->goroutine)
			return true;
	}
	return false;
}

static void put_step(struct picture *p, const struct iq_cycle *c, size_t index)
{
	const struct iq_cycle_step *step = &c->steps[index];
	const struct iq_graph_node *node = &p->waits->graph->nodes[step->node];

	if (!p->nodes[step->node])
		put_object(p, "\tn", step->node,
			   iq_wait_line_name(&p->lines, node));
	p->nodes[step->node] = true;
	if (is_new_edge(p, step->goroutine, step->node))
		iq_out_printf(p->out, "\t\tg%" PRIu32 " -> n%" PRIu32 ";\n",
			      step->goroutine, step->node);
	if (is_told(c, index))
		return;
	iq_out_printf(p->out, "\t\tn%" PRIu32 " -> g%" PRIu32, step->node,
		      step->wake->goroutine);
	put_wake(p, node, step->wake);
}

static void put_cycle(struct picture *p, size_t index)
{
	const struct iq_cycle *c = &p->waits->graph->cycles[index];

	iq_out_printf(p->out, "\tsubgraph cluster_%zu {\n\t\tcolor=red; ",
		      index + 1);
	put_label(p,
		  iq_term_textf(p->term, "cycle %zu: %s", index + 1,
				iq_cycle_kind_name(c->kind)),
		  IQ_STR(""));
	iq_out_cstr(p->out, ";\n");
	for (size_t i = 0; i < c->num_members; i++) {
		p->members[c->members[i]] = true;
		p->counts[iq_waits_site_of(p->waits, c->members[i])] -=
			p->waits->model->goroutines[c->members[i]].count;
		put_member(p, c->members[i]);
	}
	for (size_t i = 0; i < c->num_steps; i++)
		put_step(p, c, i);
	iq_out_cstr(p->out, "\t}\n");
}

static void put_cycles(struct picture *p)
{
	const struct iq_graph *graph = p->waits->graph;
	size_t done = 0, left = 0;

	for (size_t i = 0; i < graph->num_cycles; i++) {
		bool fits = p->lines.all ||
			    graph->cycles[i].num_members <= MAX_MEMBERS;

		if (done < p->max_cycles && fits) {
			put_cycle(p, i);
			done++;
		} else {
			left++;
		}
	}
	if (left)
		iq_out_printf(p->out,
			      "\t// %zu cycles more are left out (--all)\n",
			      left);
}

/* ---- objects */

/* The goroutines of @party that stand in no cycle: how many, and if there are
 * some their node. */
static uint64_t put_rest(struct picture *p, const struct iq_waits_party *party)
{
	uint64_t count = 0;

	for (size_t i = 0; i < party->num_goroutines; i++) {
		uint32_t g = party->goroutines[i];

		if (!p->members[g])
			count += p->waits->model->goroutines[g].count;
	}
	if (count)
		put_site(p, party->site);
	return count;
}

/* "n7" in a cycle, "o3" elsewhere. */
struct object_node {
	const char *prefix;
	uint32_t number;
};

static void put_waiters(struct picture *p, struct object_node object,
			const struct iq_waits_parties *waiters)
{
	char number[IQ_WORDS_SIZE];

	for (size_t i = 0; i < waiters->num; i++) {
		const struct iq_waits_party *party = &waiters->items[i];
		uint64_t count = put_rest(p, party);

		if (count) {
			iq_out_printf(
				p->out, "\ts%" PRIu32 " -> %s%" PRIu32 " [",
				party->site, object.prefix, object.number);
			put_label(p,
				  iq_term_textf(p->term, "%s %s",
						iq_words_number(number, count),
						iq_wait_op_name(party->op)),
				  IQ_STR(""));
			iq_out_cstr(p->out, "];\n");
		}
		// Who is in a cycle has a node, and its edges to the cycle's.
		for (size_t k = 0; k < party->num_goroutines; k++) {
			uint32_t g = party->goroutines[k];

			if (p->members[g] && object.prefix[0] == 'o')
				iq_out_printf(p->out,
					      "\tg%" PRIu32 " -> o%" PRIu32
					      ";\n",
					      g, object.number);
		}
	}
}

/* Who merely shares it out is told where nobody else is seen. */
static bool is_needed(const struct iq_waits_parties *wakers, size_t index)
{
	return wakers->items[index].wake->ground != IQ_WAKE_SHARES ||
	       wakers->items[0].wake->ground == IQ_WAKE_SHARES;
}

static void put_wakers(struct picture *p, uint32_t object,
		       const struct iq_graph_node *node,
		       const struct iq_waits_parties *wakers)
{
	size_t num = iq_waits_is_free(node) ? 0 : wakers->num;

	// Who has it explains it: others may just want it.
	if (iq_graph_node_is_lock(node) && iq_waits_holder(node) &&
	    iq_waits_readers(node) < 2)
		num = 1;
	for (size_t i = 0; i < num; i++) {
		const struct iq_waits_party *party = &wakers->items[i];

		if (!is_needed(wakers, i))
			continue;
		if (put_rest(p, party)) {
			iq_out_printf(p->out, "\to%" PRIu32 " -> s%" PRIu32,
				      object, party->site);
			put_wake(p, node, party->wake);
		}
		for (size_t k = 0; k < party->num_goroutines; k++) {
			if (!p->members[party->goroutines[k]])
				continue;
			iq_out_printf(p->out, "\to%" PRIu32 " -> g%" PRIu32,
				      object, party->goroutines[k]);
			put_wake(p, node, party->wake);
		}
	}
}

/* The victims of a cycle's object: all else of it stands in its cluster. */
static struct iq_error *put_victims(struct picture *p, uint32_t node)
{
	struct iq_waits_shape one = { .nodes = &node, .num_nodes = 1 };
	struct object_node object = { .prefix = "n", .number = node };
	struct iq_waits_parties waiters = { 0 };
	struct iq_error *err = iq_waits_waiters(p->waits, &one, &waiters);

	if (!err)
		put_waiters(p, object, &waiters);
	return err;
}

static struct iq_error *put_shape(struct picture *p, size_t index,
				  const struct iq_waits_shape *shape)
{
	struct object_node object = { .prefix = "o",
				      .number = (uint32_t)index };
	const struct iq_graph_node *node =
		&p->waits->graph->nodes[shape->nodes[0]];
	bool many = shape->num_nodes > 1;
	struct iq_waits_parties waiters = { 0 }, wakers = { 0 };
	struct iq_error *err = iq_waits_waiters(p->waits, shape, &waiters);
	struct iq_str label = iq_wait_line_object(&p->lines, node, many);
	char number[IQ_WORDS_SIZE];

	if (!err)
		err = iq_waits_wakers(p->waits, shape, &wakers);
	if (err)
		return err;
	if (many)
		label = iq_term_textf(p->term, "%s times %.*s",
				      iq_words_number(number, shape->num_nodes),
				      IQ_STR_ARG(label));
	put_object(p, "o", object.number, label);
	put_waiters(p, object, &waiters);
	put_wakers(p, object.number, node, &wakers);
	return NULL;
}

/* The objects of @shape that stand in no cycle: in *@ret. */
static struct iq_error *split_shape(struct picture *p,
				    const struct iq_waits_shape *shape,
				    struct iq_waits_shape *ret)
{
	uint32_t *nodes = iq_arena_calloc(&p->waits->arena, shape->num_nodes,
					  sizeof(*nodes));
	struct iq_error *err = NULL;

	if (!nodes)
		return &iq_enomem;
	*ret = (struct iq_waits_shape){ .nodes = nodes };
	for (size_t i = 0; i < shape->num_nodes && !err; i++) {
		if (p->nodes[shape->nodes[i]])
			err = put_victims(p, shape->nodes[i]);
		else
			nodes[ret->num_nodes++] = shape->nodes[i];
	}
	return err;
}

static struct iq_error *put_shapes(struct picture *p)
{
	struct iq_error *err = NULL;
	size_t done = 0, left = 0;

	for (size_t i = 0; i < p->waits->num_shapes && !err; i++) {
		const struct iq_waits_shape *shape = &p->waits->shapes[i];
		struct iq_waits_shape rest;

		if (shape->benign && !p->lines.all)
			continue;
		err = split_shape(p, shape, &rest);
		if (err || !rest.num_nodes)
			continue;
		if (done++ < p->max_shapes)
			err = put_shape(p, i, &rest);
		else
			left++;
	}
	if (left)
		iq_out_printf(p->out,
			      "\t// %zu kinds of objects more are left out "
			      "(--all)\n",
			      left);
	return err;
}

static struct iq_error *put_picture(struct picture *p)
{
	size_t num = p->waits->model->num_goroutines;
	struct iq_error *err;

	p->sites = iq_arena_calloc(&p->waits->arena, p->waits->sites.len + 1,
				   sizeof(*p->sites));
	p->members =
		iq_arena_calloc(&p->waits->arena, num + 1, sizeof(*p->members));
	p->counts = iq_arena_calloc(&p->waits->arena, p->waits->sites.len + 1,
				    sizeof(*p->counts));
	p->nodes = iq_arena_calloc(&p->waits->arena,
				   p->waits->graph->num_nodes + 1,
				   sizeof(*p->nodes));
	p->edges = iq_arena_calloc(&p->waits->arena,
				   p->waits->graph->num_edges + 1,
				   sizeof(*p->edges));
	if (!p->sites || !p->members || !p->counts || !p->nodes || !p->edges)
		return &iq_enomem;
	for (size_t i = 0; i < p->waits->model->num_groups; i++)
		p->counts[p->waits->site_of_group[i]] +=
			p->waits->model->groups[i].count;
	iq_out_cstr(p->out, "digraph waits {\n\trankdir=LR;\n"
			    "\tfontname=\"sans-serif\";\n"
			    "\tnode [fontname=\"sans-serif\"];\n"
			    "\tedge [fontname=\"sans-serif\"];\n");
	put_cycles(p);
	err = put_shapes(p);
	iq_out_cstr(p->out, "}\n");
	return err;
}

static struct iq_error *
waits_dot_render(const struct iq_model *model,
		 const struct iq_report_options *options, struct iq_out *out)
{
	struct iq_waits waits;
	struct iq_term term;
	struct picture picture = {
		.waits = &waits,
		.term = &term,
		.out = out,
		.lines = { .waits = &waits,
			   .term = &term,
			   .all = options->all },
		.max_shapes = iq_waits_limit(options, MAX_SHAPES),
		.max_cycles = iq_waits_limit(options, MAX_CYCLES),
	};
	struct iq_error *err;

	// Graphviz reads UTF-8, whatever the locale is.
	iq_term_init(&term, options, out);
	term.utf8 = true;
	err = iq_waits_make(&waits, model);
	if (!err)
		err = put_picture(&picture);
	if (!err)
		err = iq_term_done(&term);
	iq_term_deinit(&term);
	iq_waits_deinit(&waits);
	return err;
}

const struct iq_report iq_report_waits_dot = {
	.command = "waits",
	.format = "dot",
	.summary = "a picture for Graphviz",
	.stage = IQ_STAGE_JUDGED,
	.render = waits_dot_render,
};
