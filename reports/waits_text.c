/* SPDX-License-Identifier: Apache-2.0 */
/* "waits" as text: circles, who keeps others waiting, then all the rest. */
#include "reports/waits_text.h"

#include <inttypes.h>

#include "reports/cost_words.h"
#include "reports/goroutine_line.h"
#include "reports/wait_words.h"
#include "reports/words.h"

/* Of each, unless all are asked for. */
#define MAX_CYCLES 10
#define MAX_BLOCKERS 10
#define MAX_SHAPES 20
/* Edges of a cycle, sites of those behind a blocker. */
#define MAX_STEPS 12
#define MAX_BEHIND 4

static struct iq_str number_words(struct iq_waits_text *text, uint64_t n,
				  const char *one)
{
	char number[IQ_WORDS_SIZE];

	return iq_term_textf(text->term, "%s %s%s", iq_words_number(number, n),
			     one, n == 1 ? "" : "s");
}

static void put_left_out(struct iq_waits_text *text, size_t num,
			 const char *what)
{
	char number[IQ_WORDS_SIZE];

	if (num)
		iq_waits_put(text, 0, 2,
			     iq_term_textf(text->term,
					   "and %s more %s (--all lists them)",
					   iq_words_number(number, num), what));
}

/* ---- cycles */

/* The blocker that a cycle is, or NULL. */
static const struct iq_blocker *
blocker_of_cycle(const struct iq_waits_text *text, size_t index)
{
	uint32_t blocker = text->blocker_of_cycle ?
				   text->blocker_of_cycle[index] :
				   IQ_GRAPH_NONE;

	return blocker == IQ_GRAPH_NONE ?
		       NULL :
		       &text->waits->graph->blockers[blocker];
}

/* What to do, by the finding that @goroutine is in. */
static void put_fix(struct iq_waits_text *text, uint32_t goroutine)
{
	const struct iq_finding *f;

	if (!text->finding_of || text->finding_of[goroutine] == IQ_GRAPH_NONE)
		return;
	f = &text->waits->model->findings[text->finding_of[goroutine]];
	iq_waits_put(
		text, 3, 5,
		iq_term_textf(
			text->term, "fix: %.*s (inquest explain %" PRIu32 ")",
			IQ_STR_ARG(iq_term_clean(text->term, iq_cost_fix(f))),
			f->id));
}

/* "behind it: 12 in main.(*Store).Get main.go:58: 20 21 22 and 9 more" */
static struct iq_str behind_words(struct iq_waits_text *text,
				  const struct iq_waits_party *party)
{
	struct iq_str ids = iq_wait_line_ids(&text->lines, party->goroutines,
					     party->num_goroutines);
	struct iq_str who = iq_wait_line_party(&text->lines, party);

	return iq_term_textf(text->term, "behind it: %.*s%s%.*s",
			     IQ_STR_ARG(who), ids.len ? ": " : "",
			     IQ_STR_ARG(ids));
}

static void put_behind(struct iq_waits_text *text, const uint32_t *list,
		       size_t num)
{
	struct iq_waits_parties parties = { 0 };
	struct iq_error *err =
		iq_waits_by_site(text->waits, list, num, &parties);

	for (size_t i = 0; !err && i < parties.num; i++) {
		if (i == MAX_BEHIND && !text->options->all) {
			iq_waits_put(text, 3, 5,
				     iq_term_textf(
					     text->term, "behind it: %.*s more",
					     IQ_STR_ARG(number_words(
						     text, parties.num - i,
						     "site"))));
			break;
		}
		iq_waits_put(text, 3, 5, behind_words(text, &parties.items[i]));
	}
	text->term->failed |= err != NULL;
	iq_error_destroy(err);
}

void iq_waits_put_cycle(struct iq_waits_text *text, size_t index)
{
	const struct iq_graph *graph = text->waits->graph;
	const struct iq_cycle *c = &graph->cycles[index];
	const struct iq_blocker *b = blocker_of_cycle(text, index);
	size_t shown = c->num_steps;

	if (!text->options->all && shown > MAX_STEPS)
		shown = MAX_STEPS;
	iq_term_style(text->term, IQ_STYLE_BAD);
	iq_waits_put(
		text, 0, 3,
		iq_term_textf(text->term, "cycle %zu  %.*s", index + 1,
			      IQ_STR_ARG(iq_wait_line_cycle(&text->lines, c))));
	iq_term_style(text->term, IQ_STYLE_PLAIN);
	for (size_t i = 0; i < shown; i++)
		iq_waits_put(text, 3, 5,
			     iq_wait_line_step(&text->lines, &c->steps[i]));
	if (shown < c->num_steps)
		iq_waits_put(
			text, 3, 5,
			iq_term_textf(
				text->term, "and %.*s more (--all lists them)",
				IQ_STR_ARG(number_words(
					text, c->num_steps - shown, "edge"))));
	if (b)
		put_behind(text, b->behind, b->num_behind);
	put_fix(text, c->members[0]);
}

static void put_cycles(struct iq_waits_text *text)
{
	size_t num = text->waits->graph->num_cycles;
	size_t shown = num < text->max_cycles ? num : text->max_cycles;

	for (size_t i = 0; i < shown; i++) {
		iq_out_char(text->term->out, '\n');
		iq_waits_put_cycle(text, i);
	}
	put_left_out(text, num - shown, "cycles");
}

/* ---- root blockers */

static uint64_t count_of(const struct iq_waits_text *text, const uint32_t *list,
			 size_t num)
{
	uint64_t count = 0;

	for (size_t i = 0; i < num; i++)
		count += text->waits->model->goroutines[list[i]].count;
	return count;
}

/* What the blocker has that others want, and what shows that. */
static void put_grip(struct iq_waits_text *text, const struct iq_blocker *b)
{
	const struct iq_graph *graph = text->waits->graph;
	size_t shown = b->num_nodes;

	if (!text->options->all && shown > MAX_BEHIND)
		shown = MAX_BEHIND;
	for (size_t i = 0; i < shown; i++) {
		const struct iq_graph_node *node = &graph->nodes[b->nodes[i]];
		const struct iq_wake *wake = NULL;
		struct iq_waits_party party = { .num_goroutines = 1 };

		for (size_t k = 0; k < node->num_wakers && !wake; k++) {
			if (node->wakers[k].goroutine == b->goroutine)
				wake = &node->wakers[k];
		}
		if (!wake)
			continue;
		party.wake = wake;
		party.goroutines = &wake->goroutine;
		party.count = 1;
		iq_waits_put(text, 3, 5,
			     iq_term_textf(text->term, "%.*s: %.*s",
					   IQ_STR_ARG(iq_wait_line_object(
						   &text->lines, node, false)),
					   IQ_STR_ARG(iq_wait_line_waker(
						   &text->lines, node, &party,
						   true))));
	}
	if (shown < b->num_nodes)
		iq_waits_put(text, 3, 5,
			     iq_term_textf(text->term, "and %.*s more",
					   IQ_STR_ARG(number_words(
						   text, b->num_nodes - shown,
						   "object"))));
}

/* Of what a blocker waits for itself: nobody is seen who could end it. */
static void put_nobody(struct iq_waits_text *text, const struct iq_blocker *b)
{
	const struct iq_graph *graph = text->waits->graph;

	for (uint32_t e = graph->first_edge[b->goroutine];
	     e < graph->first_edge[b->goroutine + 1]; e++) {
		const struct iq_graph_node *node =
			&graph->nodes[graph->edges[e].node];
		bool other = false;

		for (size_t k = 0; k < node->num_wakers; k++)
			other |= node->wakers[k].goroutine != b->goroutine;
		if (iq_waits_readers(node))
			iq_waits_put(text, 3, 5,
				     iq_wait_line_readers(&text->lines, node));
		else if (!other || node->closed_world)
			iq_waits_put(text, 3, 5,
				     iq_wait_line_nobody(&text->lines, node));
	}
}

/* It waits for a channel that those behind it may serve. */
static void put_no_cycle(struct iq_waits_text *text, uint32_t goroutine)
{
	const struct iq_graph *graph = text->waits->graph;

	for (uint32_t e = graph->first_edge[goroutine];
	     e < graph->first_edge[goroutine + 1]; e++) {
		const struct iq_graph_node *node =
			&graph->nodes[graph->edges[e].node];

		if (!iq_waits_may_be_cycle(text->waits, node))
			continue;
		iq_waits_put(text, 3, 5,
			     iq_wait_line_no_cycle(&text->lines, node));
		return;
	}
}

static void put_blocker(struct iq_waits_text *text, const struct iq_blocker *b)
{
	struct iq_wait_lines *l = &text->lines;
	uint64_t behind = count_of(text, b->behind, b->num_behind);
	enum iq_wait_ground ground;
	struct iq_str since = iq_wait_line_since(l, &b->goroutine, 1, &ground);
	const char *words = iq_wait_ground_words(ground);
	char number[IQ_WORDS_SIZE];

	iq_out_char(text->term->out, '\n');
	iq_term_style(text->term, b->goes_on ? IQ_STYLE_WARN : IQ_STYLE_BAD);
	iq_waits_put(
		text, 0, 3,
		iq_term_textf(text->term, "%s behind %.*s",
			      iq_words_number(number, behind),
			      IQ_STR_ARG(iq_wait_line_who(l, b->goroutine))));
	iq_term_style(text->term, IQ_STYLE_PLAIN);
	iq_waits_put(
		text, 3, 5,
		iq_term_textf(text->term, "it %.*s",
			      IQ_STR_ARG(iq_wait_line_does(l, b->goroutine))));
	put_nobody(text, b);
	if (b->goes_on)
		iq_waits_put(text, 3, 5,
			     IQ_STR("it can go on by itself: those behind it "
				    "are a convoy"));
	else if (!iq_str_equal(since, IQ_STR("unknown")))
		iq_waits_put(text, 3, 5,
			     iq_term_textf(text->term, "since %.*s%s%s%s",
					   IQ_STR_ARG(since),
					   words[0] ? " (" : "", words,
					   words[0] ? ")" : ""));
	put_grip(text, b);
	put_behind(text, b->behind, b->num_behind);
	put_no_cycle(text, b->goroutine);
	put_fix(text, b->goroutine);
}

static void put_blockers(struct iq_waits_text *text)
{
	const struct iq_graph *graph = text->waits->graph;
	size_t shown = 0, left = 0;

	for (size_t i = 0; i < graph->num_blockers; i++) {
		// A cycle has said itself who is behind it.
		if (graph->blockers[i].goroutine == IQ_GRAPH_NONE)
			continue;
		if (shown < text->max_blockers) {
			put_blocker(text, &graph->blockers[i]);
			shown++;
		} else {
			left++;
		}
	}
	put_left_out(text, left, "root blockers");
}

/* ---- objects */

/* Who is in a cycle, keeps others waiting or stands behind one who does. */
static struct iq_error *mark_told(struct iq_waits_text *text)
{
	const struct iq_graph *graph = text->waits->graph;
	size_t num = text->waits->model->num_goroutines;

	text->told = iq_arena_calloc(&text->waits->arena, num + 1,
				     sizeof(*text->told));
	if (!text->told)
		return &iq_enomem;
	for (size_t i = 0; i < num; i++)
		text->told[i] = graph->cycle_of[i] != IQ_GRAPH_NONE ||
				graph->blocker_of[i] != IQ_GRAPH_NONE;
	for (size_t i = 0; i < graph->num_blockers; i++) {
		if (graph->blockers[i].goroutine != IQ_GRAPH_NONE)
			text->told[graph->blockers[i].goroutine] = true;
	}
	return NULL;
}

/* What to do about each goroutine, and which cycles keep others waiting. */
static struct iq_error *mark_fixes(struct iq_waits_text *text)
{
	const struct iq_graph *graph = text->waits->graph;
	const struct iq_model *m = text->waits->model;

	text->finding_of =
		iq_arena_calloc(&text->waits->arena, m->num_goroutines + 1,
				sizeof(*text->finding_of));
	text->blocker_of_cycle =
		iq_arena_calloc(&text->waits->arena, graph->num_cycles + 1,
				sizeof(*text->blocker_of_cycle));
	if (!text->finding_of || !text->blocker_of_cycle)
		return &iq_enomem;
	for (size_t i = 0; i < m->num_goroutines; i++)
		text->finding_of[i] = IQ_GRAPH_NONE;
	for (size_t i = 0; i < graph->num_cycles; i++)
		text->blocker_of_cycle[i] = IQ_GRAPH_NONE;
	for (uint32_t i = 0; i < graph->num_blockers; i++) {
		if (graph->blockers[i].cycle != IQ_GRAPH_NONE)
			text->blocker_of_cycle[graph->blockers[i].cycle] = i;
	}
	// The first one is the worst: it is written last.
	for (size_t i = m->num_findings; i-- > 0;) {
		const struct iq_finding *f = &m->findings[i];

		for (size_t k = 0; iq_cost_fix(f).len && k < f->num_goroutines;
		     k++)
			text->finding_of[f->goroutines[k]] = (uint32_t)i;
	}
	return NULL;
}

/* Nobody asks about it, or cycles and root blockers have told of all who wait
 * for it. */
static bool is_told(const struct iq_waits_text *text,
		    const struct iq_waits_shape *shape)
{
	const struct iq_graph *graph = text->waits->graph;

	if (text->options->all || shape->benign)
		return !text->options->all;
	for (size_t i = 0; i < shape->num_nodes; i++) {
		const struct iq_graph_node *node =
			&graph->nodes[shape->nodes[i]];

		for (size_t k = 0; k < node->num_waiters; k++) {
			if (!text->told[node->waiters[k]])
				return false;
		}
	}
	return true;
}

static struct iq_error *put_objects(struct iq_waits_text *text)
{
	const struct iq_waits *w = text->waits;
	size_t shown = 0, left = 0;
	struct iq_error *err = NULL;

	for (size_t i = 0; i < w->num_shapes && !err; i++) {
		if (is_told(text, &w->shapes[i]))
			continue;
		if (shown >= text->max_shapes) {
			left++;
			continue;
		}
		if (!shown++) {
			iq_out_char(text->term->out, '\n');
			iq_waits_put(text, 0, 2,
				     iq_str_of(text->options->all ?
						       "what is waited for" :
						       "what else is waited "
						       "for"));
		}
		err = iq_waits_put_shape(text, &w->shapes[i]);
	}
	put_left_out(text, left, "kinds of objects");
	return err;
}

/* ---- the whole */

/* "90 goroutines: 41 in 19 cycles, 43 behind 7 root blockers" */
static void put_heading(struct iq_waits_text *text)
{
	const struct iq_model *m = text->waits->model;
	const struct iq_graph *graph = text->waits->graph;
	uint64_t in_cycles = 0, behind = 0;
	struct iq_term *term = text->term;
	struct iq_str line = iq_line_none(term, m);
	char number[IQ_WORDS_SIZE];

	for (size_t i = 0; i < m->num_goroutines; i++) {
		if (graph->cycle_of[i] != IQ_GRAPH_NONE)
			in_cycles += m->goroutines[i].count;
		if (graph->blocker_of[i] != IQ_GRAPH_NONE)
			behind += m->goroutines[i].count;
	}
	if (!line.len)
		line = number_words(text, m->num_total, "goroutine");
	if (in_cycles)
		line = iq_term_textf(
			term, "%.*s: %s in %.*s", IQ_STR_ARG(line),
			iq_words_number(number, in_cycles),
			IQ_STR_ARG(number_words(text, graph->num_cycles,
						"cycle")));
	else
		line = iq_term_textf(term, "%.*s: no cycles", IQ_STR_ARG(line));
	if (behind)
		line = iq_term_textf(
			term, "%.*s, %s behind %.*s", IQ_STR_ARG(line),
			iq_words_number(number, behind),
			IQ_STR_ARG(number_words(text, graph->num_blockers,
						"root blocker")));
	else
		line = iq_term_textf(term, "%.*s, no root blockers",
				     IQ_STR_ARG(line));
	iq_waits_put(text, 0, 2, line);
	line = iq_line_incomplete(term, m);
	if (line.len)
		iq_waits_put(text, 0, 2, line);
	if (!(m->tells & IQ_TELLS_WAITS))
		iq_waits_put(text, 0, 2,
			     IQ_STR("no witness here knows what they wait for: "
				    "a core does"));
}

static void put_not_listed(struct iq_waits_text *text)
{
	const struct iq_waits *w = text->waits;
	uint64_t system = 0, benign = 0;
	char a[IQ_WORDS_SIZE], b[IQ_WORDS_SIZE];

	if (text->options->all)
		return;
	for (size_t i = 0; i < w->num_shapes; i++) {
		const struct iq_graph_node *node =
			&w->graph->nodes[w->shapes[i].nodes[0]];

		if (!w->shapes[i].benign)
			continue;
		if (!w->model->goroutines[node->waiters[0]].system)
			benign += w->shapes[i].num_waiters;
	}
	system = w->model->num_system;
	if (!benign && !system)
		return;
	iq_out_char(text->term->out, '\n');
	iq_waits_put(
		text, 0, 2,
		iq_term_textf(text->term,
			      "not listed: %s of the runtime's own, %s "
			      "that wait for timers or for connections to "
			      "come (--all lists them)",
			      iq_words_number(a, system),
			      benign ? iq_words_number(b, benign) : "none"));
}

/* "next: inquest explain 3 (all of it); inquest waits --dot (a picture)". */
static void put_next(struct iq_waits_text *text)
{
	const struct iq_graph *graph = text->waits->graph;
	uint32_t finding = IQ_GRAPH_NONE;

	if (!graph->num_cycles && !graph->num_blockers)
		return;
	for (size_t i = 0; i < text->waits->model->num_goroutines; i++) {
		bool told = graph->cycle_of[i] != IQ_GRAPH_NONE;

		// The first finding is the worst.
		if (told && text->finding_of[i] < finding)
			finding = text->finding_of[i];
	}
	for (size_t i = 0; i < graph->num_blockers && finding == IQ_GRAPH_NONE;
	     i++) {
		if (graph->blockers[i].goroutine != IQ_GRAPH_NONE)
			finding =
				text->finding_of[graph->blockers[i].goroutine];
	}
	iq_out_char(text->term->out, '\n');
	if (finding == IQ_GRAPH_NONE)
		iq_waits_put(text, 0, 6,
			     IQ_STR("next: inquest waits --dot (a picture)"));
	else
		iq_waits_put(text, 0, 6,
			     iq_term_textf(
				     text->term,
				     "next: inquest explain %" PRIu32
				     " (all of it); inquest waits --dot (a "
				     "picture)",
				     text->waits->model->findings[finding].id));
}

static struct iq_error *put_page(struct iq_waits_text *text)
{
	struct iq_error *err;

	if (text->options->has_id)
		return iq_waits_put_of(text);
	err = mark_fixes(text);
	if (err)
		return err;
	put_heading(text);
	put_cycles(text);
	put_blockers(text);
	err = mark_told(text);
	if (!err)
		err = put_objects(text);
	if (!err)
		err = iq_waits_put_alone(text);
	if (!err) {
		put_not_listed(text);
		put_next(text);
	}
	return err;
}

static struct iq_error *
waits_text_render(const struct iq_model *model,
		  const struct iq_report_options *options, struct iq_out *out)
{
	struct iq_waits waits;
	struct iq_term term;
	struct iq_waits_text text = {
		.waits = &waits,
		.term = &term,
		.options = options,
		.lines = { .waits = &waits,
			   .term = &term,
			   .all = options->all },
		.max_cycles = iq_waits_limit(options, MAX_CYCLES),
		.max_blockers = iq_waits_limit(options, MAX_BLOCKERS),
		.max_shapes = iq_waits_limit(options, MAX_SHAPES),
	};
	struct iq_error *err = iq_waits_make(&waits, model);

	iq_term_init(&term, options, out);
	if (!err)
		err = put_page(&text);
	if (!err)
		err = iq_term_done(&term);
	iq_term_deinit(&term);
	iq_waits_deinit(&waits);
	return err;
}

const struct iq_report iq_report_waits_text = {
	.command = "waits",
	.format = "text",
	.summary = "circles, who keeps others waiting, what is waited for",
	.stage = IQ_STAGE_JUDGED,
	.render = waits_text_render,
};
