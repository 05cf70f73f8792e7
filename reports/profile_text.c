/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "profile" as text: what a profile is, and where most of it is; of several of
 * one type, what grew.
 */
#include "reports/profile_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "reports/words.h"

/* ---- which column */

static struct iq_error *no_such_type(const struct iq_profile_text *text)
{
	const struct iq_profile *p = text->profile;
	const char *wanted = text->options->sample_index;
	char quoted[IQ_STR_QUOTE_SIZE], name[IQ_STR_QUOTE_SIZE];
	struct iq_out list;
	struct iq_error *err;

	iq_out_init_memory(&list);
	for (size_t i = 0; i < p->num_types && i < 8; i++) {
		iq_out_cstr(&list, i ? ", " : "");
		iq_out_cstr(&list, iq_str_quote(p->types[i].type, name));
	}
	err = iq_error_new(IQ_ERROR_USAGE,
			   "there is no sample type %s in the %s profile, "
			   "only %.*s",
			   iq_str_quote(iq_str_of(wanted), quoted),
			   iq_profile_type_name(p->type), (int)list.len,
			   list.len ? list.buf : "");
	iq_out_deinit(&list);
	return err;
}

/* By name, or by number as it stands in the file. */
static struct iq_error *choose_type(struct iq_profile_text *text)
{
	const struct iq_profile *p = text->profile;
	const char *wanted = text->options->sample_index;
	char *end;
	unsigned long n;

	text->type = p->default_type;
	if (!wanted || !p->num_types)
		return NULL;
	for (size_t i = 0; i < p->num_types; i++) {
		if (!iq_str_equal(p->types[i].type, iq_str_of(wanted)))
			continue;
		text->type = i;
		return NULL;
	}
	n = strtoul(wanted, &end, 10);
	if (end == wanted || *end || n >= p->num_types)
		return no_such_type(text);
	text->type = n;
	return NULL;
}

static struct iq_error *prepare(struct iq_profile_text *text,
				const struct iq_facts *facts)
{
	const struct iq_profile *p = facts->profile;
	struct iq_error *err;

	text->facts = facts;
	text->profile = p;
	err = choose_type(text);
	if (err || !p->num_types)
		return err;
	for (size_t i = 0; i < p->num_samples; i++)
		text->whole +=
			iq_profile_size(iq_profile_values(p, i)[text->type]);
	return NULL;
}

/* ---- what it is */

/* A line of parts, two blanks between, that breaks between them alone. */
struct line {
	struct iq_term *term;
	unsigned column;
};

static void put_part(struct line *line, struct iq_str clean)
{
	struct iq_term *term = line->term;
	struct iq_str part = iq_term_cut(term, clean, term->width - 2);
	unsigned width = iq_term_width(part);

	if (!part.len)
		return;
	if (line->column && line->column + 2 + width > term->width) {
		iq_out_char(term->out, '\n');
		line->column = 0;
	}
	iq_out_cstr(term->out, "  ");
	iq_out_str(term->out, part);
	line->column += 2 + width;
}

static void put_period(struct line *line, const struct iq_profile *p)
{
	char words[IQ_QUANTITY_SIZE];
	struct iq_str type = iq_term_clean(line->term, p->period_type.type);

	// One of one is all of them: nothing was sampled.
	if (!p->has_period || p->period <= 1)
		return;
	iq_profile_quantity(words, p->period, p->period_type.unit);
	put_part(line, iq_term_textf(line->term, "a sample per %s%s%.*s", words,
				     type.len ? " of " : "", IQ_STR_ARG(type)));
}

static void put_origin(struct iq_profile_text *text)
{
	const struct iq_process_fact *process = &text->facts->process;
	const struct iq_profile *p = text->profile;
	struct iq_term *term = text->term;
	struct line line = { .term = term };
	char words[IQ_QUANTITY_SIZE];

	put_part(&line,
		 iq_term_clean(term, iq_str_basename(process->executable)));
	if (process->build_id.len) {
		struct iq_str id = iq_str_sub(process->build_id, 0, 8);

		put_part(&line,
			 iq_term_textf(term, "build %.*s",
				       IQ_STR_ARG(iq_term_clean(term, id))));
	}
	if (process->has_time)
		put_part(&line,
			 iq_term_textf(
				 term, "%s",
				 iq_profile_time(words, process->time_ns)));
	if (p->has_duration)
		put_part(&line, iq_term_textf(term, "over %s",
					      iq_words_duration(
						      words, p->duration_ns)));
	put_period(&line, p);
	if (line.column)
		iq_out_char(term->out, '\n');
}

/* "51 goroutines in 14 stacks" */
static void put_goroutines(struct line *line,
			   const struct iq_profile_text *text)
{
	char total[IQ_QUANTITY_SIZE], stacks[IQ_WORDS_SIZE];
	const struct iq_profile *p = text->profile;
	bool one = p->totals[0] == 1;
	size_t num = p->num_stacks;

	put_part(line,
		 iq_term_textf(line->term, "%s %sgoroutine%s in %s stack%s",
			       iq_profile_quantity(total, p->totals[0],
						   IQ_STR("count")),
			       p->type == IQ_PROFILE_GOROUTINELEAK ? "leaked " :
								     "",
			       one ? "" : "s", iq_words_number(stacks, num),
			       num == 1 ? "" : "s"));
}

/* Types that are listed; profiles have four at most. */
#define MAX_TYPES 16

static void put_types(struct line *line, const struct iq_profile *p)
{
	struct iq_term *term = line->term;
	char words[IQ_QUANTITY_SIZE];

	for (size_t i = 0; i < p->num_types && i < MAX_TYPES; i++) {
		struct iq_str type = iq_term_clean(term, p->types[i].type);

		if (!type.len)
			type = IQ_STR("unnamed");
		iq_profile_quantity(words, p->totals[i], p->types[i].unit);
		put_part(line, iq_term_textf(term, "%.*s %s", IQ_STR_ARG(type),
					     words));
	}
	if (p->num_types > MAX_TYPES)
		put_part(line, iq_term_textf(term, "and %zu more types",
					     p->num_types - MAX_TYPES));
}

static void put_totals(struct iq_profile_text *text)
{
	const struct iq_profile *p = text->profile;
	struct iq_term *term = text->term;
	struct line line = { .term = term };
	size_t num = p->num_stacks;
	char words[IQ_WORDS_SIZE];

	if (p->num_types == 1 && (p->type == IQ_PROFILE_GOROUTINE ||
				  p->type == IQ_PROFILE_GOROUTINELEAK)) {
		put_goroutines(&line, text);
	} else {
		put_types(&line, p);
		put_part(&line, iq_term_textf(term, "in %s stack%s",
					      iq_words_number(words, num),
					      num == 1 ? "" : "s"));
	}
	iq_out_char(term->out, '\n');
}

static void put_gap(struct iq_term *term, const struct iq_gap *gap)
{
	struct iq_str words = iq_term_clean(term, gap->text);
	unsigned column;

	iq_out_cstr(term->out, "  ");
	iq_out_cstr(term->out, iq_gap_code_name(gap->code));
	iq_out_cstr(term->out, ": ");
	column = 4 + iq_term_width(iq_str_of(iq_gap_code_name(gap->code)));
	if (gap->has_offset)
		words = iq_term_textf(term, "%.*s (at byte %" PRIu64 ")",
				      IQ_STR_ARG(words), gap->offset);
	if (gap->count > 1)
		words = iq_term_textf(term, "%.*s (%" PRIu64 " times)",
				      IQ_STR_ARG(words), gap->count);
	iq_term_wrap(term, words, column, 4);
	iq_out_char(term->out, '\n');
}

/* Gaps that are listed unless all are asked for. */
#define MAX_GAPS 5

static void put_gaps(struct iq_profile_text *text)
{
	size_t num = text->facts->gaps.len;
	size_t shown = num > MAX_GAPS && !text->options->all ? MAX_GAPS : num;

	for (size_t i = 0; i < shown; i++)
		put_gap(text->term, &text->facts->gaps.data[i]);
	if (shown < num)
		iq_out_printf(text->term->out,
			      "  and %zu more problems (--all)\n", num - shown);
}

static void put_head(struct iq_profile_text *text)
{
	struct iq_term *term = text->term;
	struct iq_str path = iq_profile_path(term, text->facts->witness.path,
					     term->width - 24);

	iq_term_style(term, IQ_STYLE_BOLD);
	iq_out_printf(term->out, "%s profile",
		      iq_profile_type_name(text->profile->type));
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_out_cstr(term->out, "  ");
	iq_out_str(term->out, path);
	iq_out_char(term->out, '\n');
	put_origin(text);
	put_totals(text);
	put_gaps(text);
}

/* ---- one, or several */

static bool has_view(const struct iq_report_options *options)
{
	return options->top || options->stacks || options->labels;
}

static struct iq_error *put_profile(struct iq_profile_text *text)
{
	const struct iq_report_options *o = text->options;
	bool places = iq_profile_is_of_places(text->profile->type);
	struct iq_error *err = NULL;

	put_head(text);
	if (!text->profile->num_types || !text->profile->num_samples) {
		iq_out_cstr(text->term->out, "\nthere are no samples in it\n");
		return NULL;
	}
	if (!has_view(o))
		return places ? iq_profile_place_view(text) :
				iq_profile_top_view(text);
	if (o->top)
		err = iq_profile_top_view(text);
	if (!err && o->stacks)
		err = iq_profile_stack_view(text);
	if (!err && o->labels)
		err = iq_profile_label_view(text);
	return err;
}

static bool comparable(const struct iq_profile_text *a,
		       const struct iq_profile_text *b)
{
	const struct iq_value_type *x, *y;

	if (a->profile->type != b->profile->type || !a->profile->num_types ||
	    !b->profile->num_types)
		return false;
	x = &a->profile->types[a->type];
	y = &b->profile->types[b->type];
	return iq_str_equal(x->type, y->type) && iq_str_equal(x->unit, y->unit);
}

/* Moves what is comparable with the first to the front, in order; how many. */
static size_t gather(struct iq_profile_text *texts, size_t num)
{
	size_t front = 1;

	for (size_t i = 1; i < num; i++) {
		struct iq_profile_text text = texts[i];

		if (!comparable(&texts[0], &text))
			continue;
		for (size_t j = i; j > front; j--)
			texts[j] = texts[j - 1];
		texts[front++] = text;
	}
	return front;
}

static int64_t time_of(const struct iq_profile_text *text)
{
	return text->facts->process.time_ns;
}

/* By time, where all have one; equal ones stay as they were given. */
static void sort_by_time(struct iq_profile_text *texts, size_t num)
{
	for (size_t i = 0; i < num; i++) {
		if (!texts[i].facts->process.has_time)
			return;
	}
	for (size_t i = 1; i < num; i++) {
		struct iq_profile_text text = texts[i];
		size_t at = i;

		for (; at && time_of(&texts[at - 1]) > time_of(&text); at--)
			texts[at] = texts[at - 1];
		texts[at] = text;
	}
}

static struct iq_error *put_all(struct iq_profile_text *texts, size_t num)
{
	struct iq_error *err = NULL;
	size_t group;

	for (size_t i = 0; i < num && !err; i += group) {
		if (i)
			iq_out_char(texts[i].term->out, '\n');
		group = has_view(texts[i].options) ? 1 :
						     gather(texts + i, num - i);
		if (group == 1) {
			err = put_profile(&texts[i]);
			continue;
		}
		sort_by_time(texts + i, group);
		err = iq_profile_growth_view(texts + i, group);
	}
	return err;
}

/* Files that hold no profile are not silently left out. */
static void put_others(struct iq_term *term, const struct iq_model *model)
{
	for (size_t i = 0; i < model->num_witnesses; i++) {
		const struct iq_facts *f = model->witnesses[i];

		if (f->profile)
			continue;
		iq_out_cstr(term->out, "\nnot a profile: ");
		iq_out_str(term->out, iq_profile_path(term, f->witness.path,
						      term->width - 16));
		iq_out_char(term->out, '\n');
		if (f->witness.kind == IQ_WITNESS_PROFILE && f->gaps.len)
			put_gap(term, &f->gaps.data[0]);
	}
}

static struct iq_error *render(const struct iq_model *model,
			       const struct iq_report_options *options,
			       struct iq_term *term,
			       struct iq_profile_text *texts)
{
	struct iq_error *err = NULL;
	size_t num = 0;

	for (size_t i = 0; i < model->num_witnesses && !err; i++) {
		if (!model->witnesses[i]->profile)
			continue;
		texts[num].options = options;
		texts[num].term = term;
		err = prepare(&texts[num++], model->witnesses[i]);
	}
	if (!err && !num)
		err = iq_profile_missing(model);
	if (!err)
		err = put_all(texts, num);
	if (!err)
		put_others(term, model);
	return err ? err : iq_term_done(term);
}

static struct iq_error *
profile_text_render(const struct iq_model *model,
		    const struct iq_report_options *options, struct iq_out *out)
{
	struct iq_profile_text *texts =
		calloc(model->num_witnesses + 1, sizeof(*texts));
	struct iq_error *err;
	struct iq_term term;

	if (!texts)
		return &iq_enomem;
	iq_term_init(&term, options, out);
	err = render(model, options, &term, texts);
	iq_term_deinit(&term);
	free(texts);
	return err;
}

const struct iq_report iq_report_profile_text = {
	.command = "profile",
	.format = "text",
	.summary = "where most of a profile is, and what grew",
	.stage = IQ_STAGE_READ,
	.render = profile_text_render,
};
