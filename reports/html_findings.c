/* SPDX-License-Identifier: Apache-2.0 */
/* Findings: all of them at a glance, then each with its evidence. */
#include "reports/html.h"

#include <inttypes.h>
#include <stdio.h>

#include "model/evidence.h"
#include "model/graph.h"
#include "reports/finding_words.h"
#include "reports/goroutine_line.h"
#include "reports/wait_words.h"
#include "reports/waits.h"
#include "reports/words.h"

/* Kinds of witness that have a column, if they are there. */
static bool has_kind(const struct iq_model *m, unsigned kind)
{
	for (size_t i = 0; i < m->num_witnesses; i++) {
		if (m->witnesses[i]->witness.kind == kind)
			return true;
	}
	return false;
}

static const char *severity_class(const struct iq_finding *f)
{
	if (f->confidence == IQ_CONFIDENCE_CONTRADICTED)
		return "disputed";
	return iq_severity_name(f->severity);
}

/* ---- at a glance */

static void put_overview_head(struct iq_html *html)
{
	struct iq_out *out = html->out;

	iq_out_cstr(out, "<table class=\"overview\">\n"
			 "<caption>The findings at a glance</caption>\n"
			 "<thead><tr><th scope=\"col\">#</th>"
			 "<th scope=\"col\" class=\"n\">Goroutines</th>"
			 "<th scope=\"col\" class=\"opt\">State</th>"
			 "<th scope=\"col\">Stuck in</th>"
			 "<th scope=\"col\" class=\"opt n\">Since</th>"
			 "<th scope=\"col\">Sure</th>");
	for (unsigned kind = 0; kind < IQ_WITNESS_EXECUTABLE; kind++) {
		if (!has_kind(html->model, kind))
			continue;
		iq_out_cstr(out, "<th scope=\"col\" class=\"opt m\">");
		iq_out_cstr(out,
			    iq_witness_kind_name((enum iq_witness_kind)kind));
		iq_out_cstr(out, "</th>");
	}
	iq_out_cstr(out, "</tr></thead>\n<tbody>\n");
}

static void put_mark(struct iq_out *out, enum iq_says mark)
{
	static const char *const signs[] = {
		[IQ_SAYS_CANNOT_KNOW] = "×",
		[IQ_SAYS_SILENT] = "·",
		[IQ_SAYS_SUPPORTS] = "✓",
		[IQ_SAYS_CONTRADICTS] = "!",
	};

	iq_out_cstr(out, "<span class=\"mark\" aria-hidden=\"true\">");
	iq_out_cstr(out, signs[mark]);
	iq_out_cstr(out, "</span> <span class=\"stance\">");
	iq_out_cstr(out, iq_says_words(mark));
	iq_out_cstr(out, "</span>");
}

static const char *mark_class(enum iq_says mark)
{
	static const char *const classes[] = {
		[IQ_SAYS_CANNOT_KNOW] = "blind",
		[IQ_SAYS_SILENT] = "silent",
		[IQ_SAYS_SUPPORTS] = "supports",
		[IQ_SAYS_CONTRADICTS] = "contradicts",
	};

	return classes[mark];
}

static void put_marks(struct iq_html *html, const struct iq_finding *f)
{
	for (unsigned kind = 0; kind < IQ_WITNESS_EXECUTABLE; kind++) {
		enum iq_says mark;

		if (!has_kind(html->model, kind))
			continue;
		mark = iq_says_of_kind(html->model, f,
				       (enum iq_witness_kind)kind);
		iq_out_cstr(html->out, "<td class=\"opt m ");
		iq_out_cstr(html->out, mark_class(mark));
		iq_out_cstr(html->out, "\">");
		put_mark(html->out, mark);
		iq_out_cstr(html->out, "</td>");
	}
}

static void put_since(struct iq_html *html, const struct iq_finding *f)
{
	bool exact = f->has_wait_min && f->has_wait_max &&
		     f->wait_min_ns == f->wait_max_ns;
	char buf[IQ_WORDS_SIZE];

	// Time has no meaning for what has ended the process.
	if (!iq_finding_is_end(f) || f->has_wait_min)
		iq_html_cstr(html->out, iq_words_since(buf, f->has_wait_min,
						       f->wait_min_ns, exact));
}

static void put_site(struct iq_html *html, const struct iq_finding *f)
{
	if (f->site || f->count)
		iq_html_frame(html->out, f->site);
	else
		iq_out_cstr(html->out, "the whole process");
}

static void put_count(struct iq_html *html, const struct iq_finding *f)
{
	uint64_t victims = iq_finding_victims(html->model, f);

	if (!f->count) {
		iq_out_cstr(html->out, "-");
		return;
	}
	iq_html_number(html->out, f->count);
	if (!victims)
		return;
	iq_out_cstr(html->out, " +&nbsp;");
	iq_html_number(html->out, victims);
}

static void put_overview_row(struct iq_html *html, size_t index)
{
	const struct iq_finding *f = html->findings[index];
	struct iq_out *out = html->out;
	char sure[IQ_WORDS_SIZE];

	iq_out_cstr(out, "<tr class=\"");
	iq_out_cstr(out, severity_class(f));
	iq_out_cstr(out, "\"><th scope=\"row\"><a href=\"#");
	iq_html_finding_anchor(html, index);
	iq_out_cstr(out, "\" aria-label=\"Finding ");
	iq_out_u64(out, f->id);
	iq_out_cstr(out, "\">");
	iq_out_u64(out, f->id);
	iq_out_cstr(out, "</a></th><td class=\"n\">");
	put_count(html, f);
	iq_out_cstr(out, "</td><td class=\"opt\">");
	iq_html_text(out, iq_finding_state(html->model, f));
	iq_out_cstr(out, "</td><td>");
	put_site(html, f);
	iq_out_cstr(out, "</td><td class=\"opt n\">");
	put_since(html, f);
	iq_out_cstr(out, "</td><td>");
	iq_out_cstr(out, iq_finding_sure(sure, html->model, f));
	iq_out_cstr(out, "</td>");
	put_marks(html, f);
	iq_out_cstr(out, "</tr>\n");
}

static void put_overview(struct iq_html *html, size_t num)
{
	if (num < 2)
		return;
	put_overview_head(html);
	for (size_t i = 0; i < num; i++)
		put_overview_row(html, i);
	iq_out_cstr(html->out, "</tbody></table>\n");
}

/* ---- one finding */

static void put_title(struct iq_html *html, size_t index)
{
	const struct iq_finding *f = html->findings[index];
	struct iq_out *out = html->out;
	char sure[IQ_WORDS_SIZE];

	iq_out_cstr(out, "<h3><a class=\"item\" href=\"#");
	iq_html_finding_anchor(html, index);
	iq_out_cstr(out, "\">");
	iq_out_u64(out, f->id);
	iq_out_cstr(out, "</a> ");
	iq_html_text(out, f->title);
	iq_out_cstr(out, "</h3>\n<p class=\"tags\"><span class=\"tag sev\">");
	iq_out_cstr(out, iq_severity_name(f->severity));
	iq_out_cstr(out, "</span> <span class=\"tag sure\">");
	iq_out_cstr(out, iq_finding_sure(sure, html->model, f));
	iq_out_cstr(out, "</span> <code>");
	iq_html_cstr(out, f->rule);
	iq_out_cstr(out, "</code> <span class=\"id\" title=\"");
	iq_html_cstr(out, f->fingerprint);
	iq_out_cstr(out, "\">");
	iq_html_text(out, iq_str_sub(iq_str_of(f->fingerprint), 0, 8));
	iq_out_cstr(out, "</span></p>\n");
}

static void row_begin(struct iq_html *html, const char *name)
{
	iq_out_cstr(html->out, "<div><dt>");
	iq_out_cstr(html->out, name);
	iq_out_cstr(html->out, "</dt> <dd>");
}

static void row_end(struct iq_html *html)
{
	iq_out_cstr(html->out, "</dd></div>\n");
}

/* "at least 2.8s", "2.7s to 5.0s": what is known, and no more. */
static void put_time(struct iq_html *html, const struct iq_finding *f)
{
	char min[IQ_WORDS_SIZE], max[IQ_WORDS_SIZE];
	bool exact = f->has_wait_max && f->wait_max_ns == f->wait_min_ns;

	if (!f->has_wait_min)
		return;
	row_begin(html, "For");
	iq_out_cstr(html->out, f->has_wait_max ? "" : "at least ");
	iq_out_cstr(html->out, iq_words_duration(min, f->wait_min_ns));
	if (f->has_wait_max && !exact) {
		iq_out_cstr(html->out, " to ");
		iq_out_cstr(html->out, iq_words_duration(max, f->wait_max_ns));
	}
	row_end(html);
}

static void put_victims(struct iq_html *html, const struct iq_finding *f)
{
	uint64_t victims = iq_finding_victims(html->model, f);

	if (!victims)
		return;
	row_begin(html, "Holds up");
	iq_html_count(html->out, victims, "goroutine");
	if (!iq_finding_victims_alike(html->model, f)) {
		iq_out_cstr(html->out, " in several places");
		row_end(html);
		return;
	}
	iq_out_cstr(html->out, " in ");
	iq_html_frame(html->out, f->victims_site);
	if (!iq_finding_holds_lock(html->model, f))
		iq_out_cstr(html->out, ", which cannot go on before");
	else
		iq_out_cstr(html->out,
			    iq_finding_may_hold(html->model, f) ?
				    ", waiting for the lock it may hold" :
				    ", waiting for the lock it holds");
	row_end(html);
}

static void put_labels(struct iq_html *html, const struct iq_labels *labels)
{
	if (!labels)
		return;
	row_begin(html, "Labels");
	for (size_t i = 0; i < labels->num; i++) {
		iq_out_cstr(html->out, i ? " <code>" : "<code>");
		iq_html_text(html->out, labels->items[i].key);
		iq_out_char(html->out, '=');
		iq_html_text(html->out, labels->items[i].value);
		iq_out_cstr(html->out, "</code>");
	}
	row_end(html);
}

/* Objects of a select that are told. */
#define MAX_WAITS 3

/* What the first of them waits for, and how. */
static void put_waits(struct iq_html *html, const struct iq_goroutine *g)
{
	struct iq_wait_words words;
	struct iq_out text;

	if (!g->fact->num_waits || g->fact->waits->kind == IQ_WAIT_NONE ||
	    g->fact->waits->kind == IQ_WAIT_RUNTIME)
		return;
	iq_out_init_memory(&text);
	iq_wait_words_init(&words, &text, true,
			   html->model->witnesses[g->witness]);
	for (uint32_t i = 0; i < g->fact->num_waits && i < MAX_WAITS; i++) {
		iq_out_cstr(&text, i ? "; " : "it ");
		iq_wait_words_does(&words, &g->fact->waits[i]);
	}
	if (g->fact->num_waits > MAX_WAITS)
		iq_out_printf(&text, "; and %" PRIu32 " more",
			      g->fact->num_waits - MAX_WAITS);
	row_begin(html, "Waits");
	iq_html_text(html->out, (struct iq_str){ text.buf, text.len });
	row_end(html);
	iq_out_deinit(&text);
}

/* Goroutines on the way to who keeps one waiting that are looked at. */
#define MAX_WAY 64

/* More than a mention shows that @at waits for @next. */
static bool is_sure_step(const struct iq_graph *graph, uint32_t at,
			 uint32_t next)
{
	for (uint32_t e = graph->first_edge[at]; e < graph->first_edge[at + 1];
	     e++) {
		const struct iq_graph_node *node =
			&graph->nodes[graph->edges[e].node];

		for (size_t i = 0; i < node->num_wakers; i++) {
			if (node->wakers[i].goroutine == next &&
			    iq_waits_holds(node, &node->wakers[i]))
				return true;
		}
	}
	return false;
}

static bool is_surely_held(const struct iq_graph *graph, uint32_t goroutine)
{
	uint32_t at = goroutine;
	size_t num = 0;

	for (; graph->next[at] != IQ_GRAPH_NONE && num < MAX_WAY; num++) {
		if (!is_sure_step(graph, at, graph->next[at]))
			return false;
		at = graph->next[at];
	}
	return num > 0 && num < MAX_WAY;
}

/* Who keeps it waiting, over whatever lies between. */
static void put_blocker(struct iq_html *html, uint32_t goroutine)
{
	const struct iq_graph *graph = html->model->graph;
	uint32_t index = graph ? graph->blocker_of[goroutine] : IQ_GRAPH_NONE;
	uint32_t blocker = index == IQ_GRAPH_NONE ?
				   IQ_GRAPH_NONE :
				   graph->blockers[index].goroutine;

	if (blocker == IQ_GRAPH_NONE)
		return;
	row_begin(html, is_surely_held(graph, goroutine) ?
				"Held up by" :
				"Perhaps held up by");
	iq_out_cstr(html->out, "goroutine ");
	iq_out_u64(html->out, html->model->goroutines[blocker].id);
	iq_out_cstr(html->out, " in ");
	iq_html_frame(
		html->out,
		iq_line_site(html->model, &html->model->goroutines[blocker]));
	row_end(html);
}

static void put_facts(struct iq_html *html, const struct iq_finding *f)
{
	iq_out_cstr(html->out, "<dl class=\"facts\">\n");
	row_begin(html, iq_finding_is_end(f) ? "Where" : "Stuck in");
	put_site(html, f);
	row_end(html);
	if (!iq_finding_is_end(f)) {
		row_begin(html, "State");
		iq_html_text(html->out, iq_finding_state(html->model, f));
		row_end(html);
	}
	if (f->created_by) {
		row_begin(html, "Created by");
		iq_html_frame(html->out, f->created_by);
		row_end(html);
	}
	put_time(html, f);
	if (f->num_goroutines && !iq_finding_is_end(f)) {
		put_waits(html, &html->model->goroutines[f->goroutines[0]]);
		put_blocker(html, f->goroutines[0]);
	}
	put_victims(html, f);
	put_labels(html, iq_finding_labels(html->model, f));
	if (f->has_retained) {
		row_begin(html, "Keeps in memory");
		iq_html_keeps(html, f);
		row_end(html);
	}
	if (f->num_goroutines) {
		row_begin(html,
			  f->num_goroutines == 1 ? "Goroutine" : "Goroutines");
		iq_html_ids(html, f->goroutines, f->num_goroutines);
		row_end(html);
	}
	iq_out_cstr(html->out, "</dl>\n");
}

static void put_evidence_row(struct iq_html *html, const struct iq_evidence *e)
{
	enum iq_says mark = iq_says_of(html->model, e);
	struct iq_out *out = html->out;

	iq_out_cstr(out, "<tr class=\"");
	iq_out_cstr(out, mark_class(mark));
	iq_out_cstr(out, "\"><th scope=\"row\">");
	iq_html_witness_name(html, e->witness);
	iq_out_cstr(out, "</th><td class=\"m\">");
	put_mark(out, mark);
	iq_out_cstr(out, "</td><td>");
	iq_html_text(out, e->text);
	iq_out_cstr(out, "</td></tr>\n");
}

static void put_evidence(struct iq_html *html, const struct iq_finding *f)
{
	iq_out_cstr(html->out, "<table class=\"evidence\">\n"
			       "<caption>What each witness says</caption>\n"
			       "<thead><tr><th scope=\"col\">Witness</th>"
			       "<th scope=\"col\">It</th>"
			       "<th scope=\"col\">because</th></tr></thead>\n"
			       "<tbody>\n");
	for (size_t i = 0; i < f->num_evidence; i++) {
		const struct iq_evidence *e = &f->evidence[i];

		// An executable says nothing of goroutines.
		if (html->model->witnesses[e->witness]->witness.kind !=
			    IQ_WITNESS_EXECUTABLE ||
		    e->stance != IQ_STANCE_SILENT)
			put_evidence_row(html, e);
	}
	iq_out_cstr(html->out, "</tbody></table>\n");
	if (!f->sure.len)
		return;
	iq_out_cstr(html->out, "<p class=\"why\">");
	iq_html_cstr(html->out, iq_confidence_name(f->confidence));
	iq_out_cstr(html->out, ": ");
	iq_html_text(html->out, f->sure);
	iq_out_cstr(html->out, "</p>\n");
}

static void put_settle(struct iq_html *html, const struct iq_finding *f)
{
	struct iq_out *out = html->out;

	if (!f->settle.len)
		return;
	iq_out_cstr(out, "<div class=\"settle\"><p><strong>What would settle "
			 "it:</strong> ");
	iq_html_text(out, f->settle);
	iq_out_cstr(out, "</p>\n");
	if (f->collect.len) {
		iq_out_cstr(out, "<p><code class=\"cmd\">");
		iq_html_text(out, f->collect);
		iq_out_cstr(out, "</code></p>\n");
	}
	if (f->again.len) {
		iq_out_cstr(out, "<p><code class=\"cmd\">");
		iq_html_text(out, f->again);
		iq_out_cstr(out, "</code></p>\n");
	}
	iq_out_cstr(out, "</div>\n");
}

/* Where to look closer: the finding in full, and the rule. */
static void put_closer(struct iq_html *html, const struct iq_finding *f)
{
	char command[64];

	iq_out_cstr(html->out, "<p class=\"closer\">Look closer: ");
	snprintf(command, sizeof(command), "inquest explain %" PRIu32, f->id);
	iq_html_command(html, command);
	iq_out_cstr(html->out, " ");
	iq_out_cstr(html->out, "<code class=\"cmd\">inquest rules ");
	iq_html_cstr(html->out, f->rule);
	iq_out_cstr(html->out, "</code></p>\n");
}

static void put_cycle_stacks(struct iq_html *html, const struct iq_cycle *c)
{
	struct iq_out *out = html->out;
	size_t shown = c->num_members;

	if (shown > IQ_FINDING_STACKS)
		shown = IQ_FINDING_STACKS;
	for (size_t i = 0; i < shown; i++) {
		const struct iq_goroutine *g =
			&html->model->goroutines[c->members[i]];

		iq_out_printf(out,
			      "<h4>The stack of goroutine %" PRIu64 "</h4>\n",
			      g->id);
		iq_html_stack(html, g->fact->stack,
			      iq_line_site(html->model, g),
			      g->fact->created_by);
	}
	if (shown < c->num_members) {
		iq_out_cstr(out, "<p class=\"more\">And ");
		iq_html_count(out, c->num_members - shown, "more goroutine");
		iq_out_cstr(out, " of the cycle.</p>\n");
	}
}

/* Of a cycle each one's: who waits for whom shows in no single stack. */
static void put_stacks(struct iq_html *html, const struct iq_finding *f)
{
	const struct iq_cycle *c = iq_finding_cycle(html->model, f);

	if (c) {
		put_cycle_stacks(html, c);
		return;
	}
	iq_out_cstr(html->out, "<h4>The stack</h4>\n");
	iq_html_stack(html, f->stack, f->site, f->created_by);
}

static struct iq_error *put_finding(struct iq_html *html, size_t index)
{
	const struct iq_finding *f = html->findings[index];
	struct iq_out *out = html->out;
	struct iq_error *err;

	iq_out_cstr(out, "<article class=\"finding ");
	iq_out_cstr(out, severity_class(f));
	iq_out_cstr(out, "\" id=\"");
	iq_html_finding_anchor(html, index);
	iq_out_cstr(out, "\">\n");
	put_title(html, index);
	iq_html_cause(html, f);
	put_facts(html, f);
	iq_html_kinds(html, f);
	err = iq_finding_is_end(f) ? iq_html_scene(html) : NULL;
	if (err)
		return err;
	put_evidence(html, f);
	put_stacks(html, f);
	put_settle(html, f);
	put_closer(html, f);
	iq_out_cstr(out, "</article>\n");
	return NULL;
}

/* ---- all of them */

static void put_left_out(struct iq_html *html)
{
	struct iq_out *out = html->out;

	if (!html->num_left_out)
		return;
	iq_out_cstr(out, "<p class=\"more\">And ");
	iq_html_count(out, html->num_left_out, "more finding");
	iq_out_cstr(out, ", about ");
	iq_html_count(out, html->left_out_count, "goroutine");
	iq_out_cstr(out, ", for which this page has no room: ");
	iq_html_command(html, "inquest report --all");
	iq_out_cstr(out, "</p>\n");
}

static struct iq_error *put_notes(struct iq_html *html)
{
	struct iq_out *out = html->out;
	struct iq_error *err = NULL;

	if (!html->num_notes)
		return NULL;
	iq_out_cstr(out, "<details class=\"notes\"><summary>");
	iq_html_count(out, html->num_notes, "note");
	iq_out_cstr(out, ": nothing wrong is claimed</summary>\n");
	for (size_t i = html->num_findings - html->num_notes;
	     i < html->num_findings && !err; i++)
		err = put_finding(html, i);
	iq_out_cstr(out, "</details>\n");
	return err;
}

/* Kinds of wait that are named. */
#define MAX_CLASSES 6

static void put_classes(struct iq_html *html, const struct iq_others *others)
{
	enum iq_wait_class classes[MAX_CLASSES];
	size_t num = iq_others_classes(others, classes, MAX_CLASSES);

	for (size_t i = 0; i < num; i++) {
		iq_out_cstr(html->out, i ? ", " : " (");
		iq_html_number(html->out, others->by_class[classes[i]]);
		iq_out_char(html->out, ' ');
		iq_html_cstr(html->out, iq_wait_class_words(classes[i]));
	}
	iq_out_cstr(html->out, num ? ")" : "");
}

static void put_other(struct iq_html *html, uint64_t num, const char *one,
		      const char *many, const struct iq_others *classes)
{
	if (!num)
		return;
	iq_out_cstr(html->out, "<li>");
	iq_html_number(html->out, num);
	iq_out_char(html->out, ' ');
	iq_out_cstr(html->out, num == 1 ? one : many);
	if (classes)
		put_classes(html, classes);
	iq_out_cstr(html->out, "</li>\n");
}

/* So that nobody has to ask whether these were seen. */
static void put_others(struct iq_html *html, const struct iq_others *others)
{
	iq_out_cstr(html->out,
		    "<h3>The other goroutines</h3>\n<ul class=\"others\">\n");
	put_other(html, others->noted, "waits as it should: see the notes",
		  "wait as they should: see the notes", NULL);
	put_other(html, others->waiting, "waits without a sign of trouble",
		  "wait without a sign of trouble", others);
	put_other(html, others->running, "can run", "can run", NULL);
	put_other(html, others->unknown, "of unknown state", "of unknown state",
		  NULL);
	put_other(html, html->model->num_system, "is the runtime's own",
		  "are the runtime's own", NULL);
	iq_out_cstr(html->out, "</ul>\n");
}

struct iq_error *iq_html_findings(struct iq_html *html)
{
	size_t num = html->num_findings - html->num_notes;
	struct iq_others others;
	struct iq_error *err = iq_others_count(html->model, &others);

	if (err)
		return err;
	iq_out_cstr(html->out, "<section aria-labelledby=\"findings\">\n"
			       "<h2 id=\"findings\">Findings</h2>\n");
	if (!html->model->num_goroutines)
		iq_out_cstr(html->out,
			    "<p>There is nothing to judge: a core or "
			    "a dump of the process has its "
			    "goroutines.</p>\n");
	else if (!num)
		iq_out_cstr(html->out, "<p>None that claims a defect.</p>\n");
	put_overview(html, num);
	iq_html_cost_total(html);
	for (size_t i = 0; i < num && !err; i++)
		err = put_finding(html, i);
	if (!err)
		err = put_notes(html);
	put_left_out(html);
	if (html->model->num_goroutines)
		put_others(html, &others);
	iq_out_cstr(html->out, "</section>\n");
	return err;
}
