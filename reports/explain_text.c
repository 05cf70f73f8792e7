/* SPDX-License-Identifier: Apache-2.0 */
/* "explain" as text: one finding with all that is known of it. */
#include "reports/explain.h"

#include <inttypes.h>
#include <stdio.h>

#include "reports/bt.h"
#include "reports/cost_text.h"
#include "reports/finding_words.h"
#include "reports/reached.h"
#include "reports/text.h"
#include "reports/wait_words.h"
#include "reports/waits_text.h"
#include "reports/words.h"

struct page {
	const struct iq_model *model;
	const struct iq_finding *finding;
	const struct iq_report_options *options;
	struct iq_term *term;
	struct iq_waits waits;
	struct iq_waits_text text;
};

static void put_heading(struct page *p, const char *words)
{
	iq_out_char(p->term->out, '\n');
	iq_term_style(p->term, IQ_STYLE_BOLD);
	iq_out_cstr(p->term->out, words);
	iq_term_style(p->term, IQ_STYLE_PLAIN);
	iq_out_char(p->term->out, '\n');
}

/* ---- what the report says, in full */

static struct iq_error *put_finding(struct page *p)
{
	struct iq_report_options options = *p->options;
	struct iq_text text = {
		.model = p->model,
		.options = &options,
		.term = p->term,
		.no_since = true,
	};
	struct iq_error *err;

	options.all = true;
	err = iq_text_choose(&text);
	if (!err)
		iq_text_finding(&text, p->finding, false);
	return err;
}

static void put_line(struct page *p, const char *label, struct iq_str words)
{
	if (!words.len)
		return;
	iq_term_spaces(p->term, 3);
	iq_term_left(p->term, iq_str_of(label), 10);
	iq_term_wrap(p->term, words, 13, 13);
	iq_out_char(p->term->out, '\n');
}

/* A witness's own words may end with it. */
static bool says_ground(const struct iq_finding *f)
{
	for (size_t i = 0; i < f->num_evidence; i++) {
		if (iq_str_search(f->evidence[i].text, f->ground) <
		    f->evidence[i].text.len)
			return true;
	}
	return false;
}

/* How sure it is and why, and which rule says so. */
static void put_rule(struct page *p)
{
	const struct iq_finding *f = p->finding;
	struct iq_term *term = p->term;

	put_line(p, "rule",
		 iq_term_textf(term,
			       "%s (%s, %s); \"inquest rules %s\" says more",
			       f->rule, iq_class_name(f->class),
			       iq_severity_name(f->severity), f->rule));
	put_line(p, "sure",
		 iq_term_textf(term, "%s%s%.*s",
			       iq_confidence_name(f->confidence),
			       f->sure.len ? ": " : "",
			       IQ_STR_ARG(iq_term_clean(term, f->sure))));
	if (!says_ground(f))
		put_line(p, "ground", iq_term_clean(term, f->ground));
	if (f->cause.class)
		put_line(p, "cause", iq_str_of(f->cause.class->id));
	put_line(p, "known as", iq_str_of(f->fingerprint));
}

/* ---- goroutines */

static void put_since(struct page *p, uint32_t goroutine)
{
	const struct iq_goroutine *g = &p->model->goroutines[goroutine];
	struct iq_out out;

	if (g->class == IQ_CLASS_RUNNING || iq_finding_is_end(p->finding))
		return;
	iq_out_init_memory(&out);
	iq_wait_words_since(&out, g);
	p->term->failed |= out.err != 0;
	put_line(p, "since",
		 iq_term_textf(p->term, "%.*s", (int)out.len, out.buf));
	iq_out_deinit(&out);
}

static struct iq_error *put_goroutines(struct page *p)
{
	const struct iq_finding *f = p->finding;

	if (!f->num_goroutines)
		return NULL;
	put_line(p, "ids",
		 iq_wait_line_ids(&p->text.lines, f->goroutines,
				  f->num_goroutines));
	if (f->num_gone)
		put_line(
			p, "gone on",
			iq_wait_line_ids(&p->text.lines, f->gone, f->num_gone));
	put_since(p, f->goroutines[0]);
	return NULL;
}

/* Who waits for whom shows in no single stack. */
static void put_cycle_stacks(struct page *p, struct iq_bt *bt,
			     const struct iq_cycle *c)
{
	size_t shown = c->num_members;
	char number[IQ_WORDS_SIZE];

	if (!p->options->all && shown > IQ_FINDING_STACKS)
		shown = IQ_FINDING_STACKS;
	for (size_t i = 0; i < shown; i++) {
		const struct iq_goroutine *g =
			&p->model->goroutines[c->members[i]];
		char head[64];

		snprintf(head, sizeof(head), "the stack of goroutine %" PRIu64,
			 g->id);
		put_heading(p, head);
		iq_bt_stack_put(bt, g->fact->stack);
	}
	if (shown < c->num_members)
		iq_out_printf(p->term->out,
			      "\nand %s more of the cycle (--all shows "
			      "their stacks)\n",
			      iq_words_number(number, c->num_members - shown));
}

static struct iq_error *put_stack(struct page *p)
{
	const struct iq_cycle *c = iq_finding_cycle(p->model, p->finding);
	struct iq_bt bt = {
		.model = p->model,
		.options = p->options,
		.out = p->term->out,
	};
	struct iq_error *err;

	if (!p->finding->stack)
		return NULL;
	iq_blocks_init(&bt.blocks);
	if (c) {
		put_cycle_stacks(p, &bt, c);
	} else {
		put_heading(p, p->finding->num_goroutines > 1 ?
				       "the stack of the first of them" :
				       "the stack");
		iq_bt_stack_put(&bt, p->finding->stack);
	}
	err = iq_blocks_done(&bt.blocks);
	iq_blocks_deinit(&bt.blocks);
	return err;
}

/* ---- what it waits for, and who for it */

static struct iq_error *put_waits(struct page *p)
{
	const struct iq_finding *f = p->finding;
	struct iq_error *err;

	if (!f->num_goroutines || iq_finding_is_end(f))
		return NULL;
	put_heading(p, f->num_goroutines > 1 ? "what the first of them waits "
					       "for, and who could wake it" :
					       "what it waits for, and who "
					       "could wake it");
	if (p->waits.graph->first_edge[f->goroutines[0]] ==
	    p->waits.graph->first_edge[f->goroutines[0] + 1])
		iq_waits_put(
			&p->text, 2, 4,
			iq_term_textf(
				p->term, "%.*s %.*s",
				IQ_STR_ARG(iq_wait_line_who(&p->text.lines,
							    f->goroutines[0])),
				IQ_STR_ARG(iq_wait_line_does(
					&p->text.lines, f->goroutines[0]))));
	err = iq_waits_put_nodes(&p->text, f->goroutines[0]);
	if (!err)
		iq_waits_put_chain(&p->text, f->goroutines[0]);
	return err;
}

static struct iq_error *put_behind(struct page *p)
{
	const struct iq_finding *f = p->finding;

	if (!f->num_victims)
		return NULL;
	put_heading(p, "who goes on if it does");
	return iq_waits_put_sites(&p->text, f->victims, f->num_victims, 12);
}

/* Unasked where nothing is proven: what keeps the proof from it. */
static struct iq_error *put_reached(struct page *p)
{
	const struct iq_finding *f = p->finding;
	uint32_t goroutine;

	if (!f->num_goroutines || iq_finding_is_end(f))
		return NULL;
	if (!iq_explain_open(p->model, f, &goroutine)) {
		if (!p->options->path)
			return NULL;
		goroutine = f->goroutines[0];
	}
	return iq_reached_put(&p->text.lines, goroutine);
}

static struct iq_error *put_page(struct page *p)
{
	struct iq_error *err = put_finding(p);

	if (err)
		return err;
	put_rule(p);
	err = put_goroutines(p);
	if (!err)
		err = put_waits(p);
	if (!err)
		err = put_reached(p);
	if (!err)
		err = put_behind(p);
	if (err)
		return err;
	iq_cost_put(p->term, p->model, p->finding);
	return put_stack(p);
}

static struct iq_error *
explain_text_render(const struct iq_model *model,
		    const struct iq_report_options *options, struct iq_out *out)
{
	struct page page = { .model = model, .options = options };
	struct iq_term term;
	struct iq_error *err =
		iq_explain_find(model, options->finding, &page.finding);

	if (err)
		return err;
	iq_term_init(&term, options, out);
	err = iq_waits_make(&page.waits, model);
	page.term = &term;
	page.text = (struct iq_waits_text){
		.waits = &page.waits,
		.term = &term,
		.options = options,
		.lines = { .waits = &page.waits,
			   .term = &term,
			   .all = options->all },
	};
	if (!err)
		err = put_page(&page);
	if (!err)
		err = iq_term_done(&term);
	iq_term_deinit(&term);
	iq_waits_deinit(&page.waits);
	return err;
}

const struct iq_report iq_report_explain_text = {
	.command = "explain",
	.format = "text",
	.summary = "one finding with all that is known of it",
	.stage = IQ_STAGE_COSTED,
	.render = explain_text_render,
};
