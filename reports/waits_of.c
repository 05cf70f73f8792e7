/* SPDX-License-Identifier: Apache-2.0 */
/* "waits --of ID": one goroutine, who it waits for, who waits for it. */
#include "reports/waits_text.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "reports/reached.h"
#include "reports/wait_words.h"
#include "reports/words.h"

/* Goroutines of a chain that are told, sites of those behind. */
#define MAX_CHAIN 16
#define MAX_BEHIND 12

/* "   since >=5.1s (a collection saw it wait)" */
static void put_since(struct iq_waits_text *text, uint32_t goroutine)
{
	const struct iq_goroutine *g =
		&text->waits->model->goroutines[goroutine];
	struct iq_out out;
	struct iq_str words;

	if (g->class == IQ_CLASS_RUNNING)
		return;
	iq_out_init_memory(&out);
	iq_out_cstr(&out, "since ");
	iq_wait_words_since(&out, g);
	text->term->failed |= out.err != 0;
	words = iq_term_textf(text->term, "%.*s", (int)out.len, out.buf);
	iq_out_deinit(&out);
	iq_waits_put(text, 3, 5, words);
}

/* An edge before @edge leads to the same object: another case of a select. */
static bool is_told(const struct iq_graph *graph, uint32_t first, uint32_t edge)
{
	for (uint32_t e = first; e < edge; e++) {
		if (graph->edges[e].node == graph->edges[edge].node)
			return true;
	}
	return false;
}

/* Objects of their own are shapes of one. */
struct iq_error *iq_waits_put_nodes(struct iq_waits_text *text,
				    uint32_t goroutine)
{
	const struct iq_graph *graph = text->waits->graph;
	struct iq_error *err = NULL;

	for (uint32_t e = graph->first_edge[goroutine];
	     e < graph->first_edge[goroutine + 1] && !err; e++) {
		if (is_told(graph, graph->first_edge[goroutine], e))
			continue;

		struct iq_waits_shape shape = {
			.nodes = &graph->edges[e].node,
			.num_nodes = 1,
			.num_waiters =
				graph->nodes[graph->edges[e].node].num_waiters,
		};

		err = iq_waits_put_shape(text, &shape);
	}
	return err;
}

/* One of the chain: what it does, and why the one before waits for it. */
static void put_link(struct iq_waits_text *text, uint32_t goroutine)
{
	struct iq_str does = iq_wait_line_does(&text->lines, goroutine);

	iq_waits_put(text, 3, 5,
		     iq_term_textf(text->term, "%.*s %.*s",
				   IQ_STR_ARG(iq_wait_line_who(&text->lines,
							       goroutine)),
				   IQ_STR_ARG(does)));
}

/* Who it waits for, one after the other. */
void iq_waits_put_chain(struct iq_waits_text *text, uint32_t goroutine)
{
	const struct iq_graph *graph = text->waits->graph;
	size_t max = text->options->all ? SIZE_MAX : MAX_CHAIN, num = 0;
	uint32_t cycle = graph->cycle_of[goroutine];
	uint32_t at = graph->next[goroutine];

	if (at == IQ_GRAPH_NONE && cycle == IQ_GRAPH_NONE)
		return;
	iq_out_char(text->term->out, '\n');
	iq_waits_put(text, 0, 2, IQ_STR("the way to who keeps it waiting"));
	// A goroutine of a cycle ends it: the cycle tells the rest.
	for (; at != IQ_GRAPH_NONE && cycle == IQ_GRAPH_NONE && num < max;
	     at = graph->next[at], num++) {
		put_link(text, at);
		cycle = graph->cycle_of[at];
	}
	if (cycle != IQ_GRAPH_NONE)
		iq_waits_put_cycle(text, cycle);
	else if (at != IQ_GRAPH_NONE)
		iq_waits_put(text, 3, 5, IQ_STR("and more (--all lists them)"));
}

static struct iq_error *put_behind(struct iq_waits_text *text,
				   uint32_t goroutine)
{
	const uint32_t *behind;
	size_t num;
	char number[IQ_WORDS_SIZE];
	struct iq_error *err =
		iq_waits_behind(text->waits, goroutine, &behind, &num);

	if (err)
		return err;
	iq_out_char(text->term->out, '\n');
	if (!num) {
		iq_waits_put(text, 0, 2, IQ_STR("nobody waits for it"));
		return NULL;
	}
	iq_waits_put(text, 0, 2,
		     iq_term_textf(text->term,
				   "%s wait%s for it, over whatever lies "
				   "between",
				   iq_words_number(number, num),
				   num == 1 ? "s" : ""));
	return iq_waits_put_sites(text, behind, num, MAX_BEHIND);
}

struct iq_error *iq_waits_put_of(struct iq_waits_text *text)
{
	uint32_t asked;
	struct iq_error *err =
		iq_waits_asked(text->waits->model, text->options, &asked);

	if (err)
		return err;
	iq_waits_put(
		text, 0, 3,
		iq_term_textf(
			text->term, "goroutine %.*s %.*s",
			IQ_STR_ARG(iq_wait_line_who(&text->lines, asked)),
			IQ_STR_ARG(iq_wait_line_does(&text->lines, asked))));
	put_since(text, asked);
	err = iq_waits_put_nodes(text, asked);
	if (err)
		return err;
	iq_waits_put_chain(text, asked);
	err = put_behind(text, asked);
	return !err && text->options->path ?
		       iq_reached_put(&text->lines, asked) :
		       err;
}
