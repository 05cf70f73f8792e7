/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/finding_words.h"

#include <stdio.h>
#include <string.h>

#include "model/graph.h"
#include "reports/goroutine_line.h"
#include "reports/waits.h"
#include "reports/words.h"

/* ---- what the witnesses say */

enum iq_says iq_says_of(const struct iq_model *model iq_unused,
			const struct iq_evidence *e)
{
	if (e->stance == IQ_STANCE_SUPPORTS)
		return IQ_SAYS_SUPPORTS;
	if (e->stance == IQ_STANCE_CONTRADICTS)
		return IQ_SAYS_CONTRADICTS;
	if (e->blind)
		return IQ_SAYS_CANNOT_KNOW;
	return IQ_SAYS_SILENT;
}

enum iq_says iq_says_of_kind(const struct iq_model *model,
			     const struct iq_finding *f,
			     enum iq_witness_kind kind)
{
	enum iq_says mark = IQ_SAYS_CANNOT_KNOW;

	for (size_t i = 0; i < f->num_evidence; i++) {
		const struct iq_evidence *e = &f->evidence[i];
		enum iq_says own = iq_says_of(model, e);

		if (model->witnesses[e->witness]->witness.kind == kind &&
		    own > mark)
			mark = own;
	}
	return mark;
}

static const struct {
	const char *words;
	char mark;
} marks[] = {
	[IQ_SAYS_CANNOT_KNOW] = { "cannot know", 'x' },
	[IQ_SAYS_SILENT] = { "silent", '.' },
	[IQ_SAYS_SUPPORTS] = { "supports", '+' },
	[IQ_SAYS_CONTRADICTS] = { "contradicts", '!' },
};

char iq_says_char(enum iq_says mark)
{
	return marks[mark].mark;
}

const char *iq_says_words(enum iq_says mark)
{
	return marks[mark].words;
}

/* A later witness is against it. */
static bool is_disputed(const struct iq_finding *f)
{
	for (size_t i = 0; i < f->num_evidence; i++) {
		if (f->evidence[i].stance == IQ_STANCE_CONTRADICTS)
			return true;
	}
	return false;
}

const char *iq_finding_sure(char *buf, const struct iq_model *model iq_unused,
			    const struct iq_finding *f)
{
	switch (f->confidence) {
	case IQ_CONFIDENCE_PROVEN:
		return strcpy(buf, "proven");
	case IQ_CONFIDENCE_CONTRADICTED:
		return strcpy(buf, "disputed");
	case IQ_CONFIDENCE_CORROBORATED:
		snprintf(buf, IQ_WORDS_SIZE, "%u agree", f->num_agreeing);
		return buf;
	case IQ_CONFIDENCE_SUSPECTED:
		break;
	}
	if (is_disputed(f))
		return strcpy(buf, "disputed");
	return strcpy(buf, f->num_agreeing > 1 ? "not sure" : "1 witness");
}

/* ---- what it is about */

bool iq_finding_is_end(const struct iq_finding *f)
{
	return f->class == IQ_CLASS_CRASH || !f->num_goroutines;
}

static struct iq_str end_words(const struct iq_process_fact *process)
{
	switch (process->end) {
	case IQ_END_PANIC:
		return IQ_STR("panic");
	case IQ_END_FATAL:
		return IQ_STR("fatal error");
	case IQ_END_SIGNAL:
		return process->signal;
	default:
		return IQ_STR("");
	}
}

struct iq_str iq_finding_state(const struct iq_model *model,
			       const struct iq_finding *f)
{
	struct iq_str state = f->wait_reason;

	if (iq_finding_is_end(f)) {
		state = end_words(&model->process);
	} else if (f->num_goroutines) {
		const struct iq_goroutine *g =
			&model->goroutines[f->goroutines[0]];

		state = iq_line_state(g->fact, g->class);
	}
	if (!state.len)
		state = iq_str_of(f->kind ? f->kind : "unknown");
	return state;
}

/* Whether it is one of the finding's own; these are ascending. */
static bool is_member(const struct iq_finding *f, uint32_t goroutine)
{
	size_t low = 0, high = f->num_goroutines;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (f->goroutines[mid] == goroutine)
			return true;
		if (f->goroutines[mid] < goroutine)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

uint64_t iq_finding_victims(const struct iq_model *model,
			    const struct iq_finding *f)
{
	uint64_t count = 0;

	for (size_t i = 0; i < f->num_victims; i++) {
		uint32_t g = f->victims[i];

		// Those in a circle wait for each other.
		if (!is_member(f, g))
			count += model->goroutines[g].count;
	}
	return count;
}

static bool same_place(const struct iq_frame *a, const struct iq_frame *b)
{
	return a == b || (a && b && a->function.len && a->line == b->line &&
			  iq_str_equal(a->function, b->function) &&
			  iq_str_equal(a->file, b->file));
}

bool iq_finding_victims_alike(const struct iq_model *model,
			      const struct iq_finding *f)
{
	const struct iq_goroutine *first = NULL;

	for (size_t i = 0; i < f->num_victims; i++) {
		const struct iq_goroutine *g =
			&model->goroutines[f->victims[i]];

		if (is_member(f, f->victims[i]))
			continue;
		if (!first)
			first = g;
		if (g->class != first->class ||
		    (g->group != first->group &&
		     !same_place(iq_line_site(model, g),
				 iq_line_site(model, first))))
			return false;
	}
	return first;
}

bool iq_finding_holds_lock(const struct iq_model *model,
			   const struct iq_finding *f)
{
	enum iq_wait_class class;

	if (!f->num_victims)
		return false;
	class = model->goroutines[f->victims[0]].class;
	return class == IQ_CLASS_MUTEX || class == IQ_CLASS_RWMUTEX_R ||
	       class == IQ_CLASS_RWMUTEX_W;
}

const struct iq_labels *iq_finding_labels(const struct iq_model *model,
					  const struct iq_finding *f)
{
	const struct iq_labels *labels = NULL;

	for (size_t i = 0; i < f->num_goroutines; i++) {
		const struct iq_goroutine *g =
			&model->goroutines[f->goroutines[i]];

		if (!g->fact->labels || !g->fact->labels->num ||
		    (labels && g->fact->labels != labels))
			return NULL;
		labels = g->fact->labels;
	}
	return labels;
}

const struct iq_cycle *iq_finding_cycle(const struct iq_model *model,
					const struct iq_finding *f)
{
	const struct iq_graph *graph = model->graph;
	const struct iq_cycle *c;
	uint32_t index;

	if (!graph || f->num_goroutines < 2)
		return NULL;
	index = graph->cycle_of[f->goroutines[0]];
	if (index == IQ_GRAPH_NONE)
		return NULL;
	c = &graph->cycles[index];
	for (size_t i = 0; i < f->num_goroutines; i++) {
		if (graph->cycle_of[f->goroutines[i]] != index)
			return NULL;
	}
	return c->num_members > 1 ? c : NULL;
}

/* Victims that are asked. */
#define MAX_ASKED 64

/* One of the finding's is known to have what @victim waits for. */
static bool has_from_it(const struct iq_graph *graph,
			const struct iq_finding *f, uint32_t victim)
{
	for (uint32_t e = graph->first_edge[victim];
	     e < graph->first_edge[victim + 1]; e++) {
		const struct iq_graph_node *node =
			&graph->nodes[graph->edges[e].node];

		for (size_t i = 0; i < node->num_wakers; i++) {
			if (iq_waits_holds(node, &node->wakers[i]) &&
			    is_member(f, node->wakers[i].goroutine))
				return true;
		}
	}
	return false;
}

bool iq_finding_may_hold(const struct iq_model *model,
			 const struct iq_finding *f)
{
	if (!model->graph)
		return false;
	for (size_t i = 0; i < f->num_victims && i < MAX_ASKED; i++) {
		if (has_from_it(model->graph, f, f->victims[i]))
			return false;
	}
	return f->num_victims > 0;
}
