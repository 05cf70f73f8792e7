/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of "heap": types, the biggest objects, what findings keep. */
#include <inttypes.h>

#include "reports/goroutine_line.h"
#include "reports/heap.h"
#include "reports/profile_text.h"
#include "reports/words.h"

/* Of the biggest objects, unless more are asked for. */
#define MAX_BIGGEST 10
/* Findings, and what keeps most of one, if it is worth a line. */
#define MAX_FINDINGS 10
#define MAX_RETAINERS 3
#define MIN_RETAINED 1024

#define NUMBER_COLUMNS 13
#define SIZE_COLUMNS 12
#define SHARE_COLUMNS 8
#define ADDRESS_COLUMNS 16
/* From so many columns on there is a share of the whole. */
#define WIDE 60
/* What a function and its line need at least. */
#define MIN_SITE 12

static void put_title(struct iq_heap_text *text, const char *title)
{
	iq_out_char(text->term->out, '\n');
	iq_out_cstr(text->term->out, title);
	iq_out_char(text->term->out, '\n');
}

static void put_number(struct iq_heap_text *text, uint64_t n)
{
	char number[IQ_WORDS_SIZE];

	iq_term_right(text->term, iq_str_of(iq_words_number(number, n)),
		      NUMBER_COLUMNS);
}

static void put_bytes(struct iq_heap_text *text, uint64_t n)
{
	char size[IQ_QUANTITY_SIZE];

	iq_term_right(text->term, iq_str_of(iq_heap_bytes(size, n)),
		      SIZE_COLUMNS);
}

/* The last cell of a line, which begins at @column. */
static void put_rest(struct iq_heap_text *text, unsigned column,
		     struct iq_str clean)
{
	unsigned room = text->term->width > column + 2 ?
				text->term->width - column - 2 :
				1;

	iq_out_cstr(text->term->out, "  ");
	iq_out_str(text->term->out, iq_term_cut(text->term, clean, room));
	iq_out_char(text->term->out, '\n');
}

/* ---- types */

/* Narrow lines have room for what is most asked for. */
static bool has_share(const struct iq_heap_text *text)
{
	return text->term->width >=
	       WIDE + (text->has_leaked ? SIZE_COLUMNS : 0);
}

static bool has_leaked(const struct iq_heap_text *text)
{
	return text->has_leaked && text->term->width >= WIDE;
}

static void put_types_head(struct iq_heap_text *text)
{
	struct iq_term *term = text->term;

	iq_out_char(term->out, '\n');
	iq_term_style(term, IQ_STYLE_DIM);
	iq_term_right(term, IQ_STR("objects"), NUMBER_COLUMNS);
	iq_term_right(term, IQ_STR("size"), SIZE_COLUMNS);
	if (has_share(text))
		iq_term_right(term, IQ_STR("share"), SHARE_COLUMNS);
	if (has_leaked(text))
		iq_term_right(term, IQ_STR("leaked"), SIZE_COLUMNS);
	iq_out_cstr(term->out, "  type");
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_out_char(term->out, '\n');
}

static void put_type(struct iq_heap_text *text, const struct iq_heap_row *row,
		     struct iq_str words)
{
	const struct iq_heap_survey *s = text->survey;
	struct iq_term *term = text->term;
	unsigned column = NUMBER_COLUMNS + SIZE_COLUMNS;
	char share[IQ_QUANTITY_SIZE];

	put_number(text, row->all.objects);
	put_bytes(text, row->all.bytes);
	iq_profile_percent(share,
			   row->all.bytes > INT64_MAX ? INT64_MAX :
							(int64_t)row->all.bytes,
			   s->live.bytes + s->leaked.bytes);
	if (has_share(text)) {
		column += SHARE_COLUMNS;
		iq_term_right(term, iq_str_of(share), SHARE_COLUMNS);
	}
	if (has_leaked(text)) {
		column += SIZE_COLUMNS;
		if (row->leaked.objects)
			put_bytes(text, row->leaked.bytes);
		else
			iq_term_right(term, IQ_STR("-"), SIZE_COLUMNS);
	}
	put_rest(text, column, words);
}

void iq_heap_put_types(struct iq_heap_text *text, size_t standard)
{
	const struct iq_heap_survey *s = text->survey;
	size_t num = iq_heap_shown(text->options, s->num_rows, standard);
	struct iq_heap_row rest = { 0 };
	char number[IQ_WORDS_SIZE];

	put_types_head(text);
	for (size_t i = 0; i < num; i++)
		put_type(text, &s->rows[i],
			 iq_heap_type_words(text->term, s->rows[i].type,
					    s->rows[i].size));
	for (size_t i = num; i < s->num_rows; i++) {
		rest.all.objects += s->rows[i].all.objects;
		rest.all.bytes += s->rows[i].all.bytes;
		rest.leaked.objects += s->rows[i].leaked.objects;
		rest.leaked.bytes += s->rows[i].leaked.bytes;
	}
	if (num < s->num_rows)
		put_type(text, &rest,
			 iq_term_textf(
				 text->term, "%s more (heap types)",
				 iq_words_number(number, s->num_rows - num)));
}

/* ---- the biggest */

void iq_heap_put_biggest(struct iq_heap_text *text)
{
	const struct iq_heap_survey *s = text->survey;
	size_t num = iq_heap_shown(text->options, s->num_biggest, MAX_BIGGEST);
	struct iq_term *term = text->term;

	if (!num)
		return;
	put_title(text, "the biggest objects");
	for (size_t i = 0; i < num; i++) {
		const struct iq_heap_object *o = &s->biggest[i];
		struct iq_str type = o->type.len ?
					     iq_term_clean(term, o->type) :
					     IQ_STR("unknown");
		bool marked = o->state != IQ_HEAP_LIVE;

		put_bytes(text, o->size);
		iq_out_cstr(term->out, "  ");
		iq_term_left(term, iq_term_textf(term, "0x%" PRIx64, o->addr),
			     ADDRESS_COLUMNS - 2);
		if (marked)
			type = iq_term_textf(
				term, "%.*s (%s)", IQ_STR_ARG(type),
				s->lacks.len ? "not reached" :
					       iq_heap_state_name(o->state));
		put_rest(text, SIZE_COLUMNS + ADDRESS_COLUMNS, type);
	}
}

/* ---- what findings keep */

static void put_retainer(struct iq_heap_text *text, const struct iq_retainer *r)
{
	struct iq_term *term = text->term;
	struct iq_str type =
		r->type.len ? iq_term_clean(term, r->type) : IQ_STR("unknown");
	char number[IQ_WORDS_SIZE];

	put_bytes(text, r->bytes);
	iq_out_cstr(term->out, "  by ");
	iq_term_left(term, iq_term_textf(term, "0x%" PRIx64, r->address),
		     ADDRESS_COLUMNS - 2);
	put_rest(text, SIZE_COLUMNS + 5 + ADDRESS_COLUMNS - 2,
		 iq_term_textf(term, "%.*s, %s object%s", IQ_STR_ARG(type),
			       iq_words_number(number, r->objects),
			       r->objects == 1 ? "" : "s"));
}

static void put_finding(struct iq_heap_text *text, const struct iq_finding *f)
{
	const struct iq_retained *r = &f->retained;
	struct iq_term *term = text->term;
	char heap[IQ_QUANTITY_SIZE], stacks[IQ_QUANTITY_SIZE];
	char count[IQ_WORDS_SIZE], objects[IQ_WORDS_SIZE];
	struct iq_str words;
	unsigned column;

	iq_term_style(term, IQ_STYLE_BOLD);
	put_bytes(text, r->bytes);
	iq_term_style(term, IQ_STYLE_PLAIN);
	words = iq_term_textf(term, "finding %" PRIu32 ", %s in ", f->id,
			      iq_words_number(count, f->count));
	column = SIZE_COLUMNS + 2 + iq_term_width(words);
	words = iq_term_textf(
		term, "%.*s%.*s", IQ_STR_ARG(words),
		IQ_STR_ARG(iq_term_site(term, f->site,
					term->width > column + MIN_SITE ?
						term->width - column :
						MIN_SITE)));
	put_rest(text, SIZE_COLUMNS, words);
	iq_term_spaces(term, SIZE_COLUMNS + 2);
	iq_term_wrap(term,
		     iq_term_textf(term, "%s object%s of %s, stacks %s",
				   iq_words_number(objects, r->objects),
				   r->objects == 1 ? "" : "s",
				   iq_heap_bytes(heap, r->heap_bytes),
				   iq_heap_bytes(stacks, r->stack_bytes)),
		     SIZE_COLUMNS + 2, SIZE_COLUMNS + 2);
	iq_out_char(term->out, '\n');
	for (size_t i = 0; i < r->num_retainers; i++) {
		if (text->options->all ||
		    (i < MAX_RETAINERS &&
		     r->retainers[i].bytes >= MIN_RETAINED))
			put_retainer(text, &r->retainers[i]);
	}
}

/* Index of the finding that keeps most of those after @last; they are few. */
static size_t next_finding(const struct iq_model *m, size_t last)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < m->num_findings; i++) {
		uint64_t bytes = m->findings[i].retained.bytes;

		if (!m->findings[i].has_retained || i == last)
			continue;
		if (last != SIZE_MAX &&
		    (bytes > m->findings[last].retained.bytes ||
		     (bytes == m->findings[last].retained.bytes && i < last)))
			continue;
		if (best == SIZE_MAX ||
		    bytes > m->findings[best].retained.bytes)
			best = i;
	}
	return best;
}

static void put_paragraph(struct iq_heap_text *text, struct iq_str clean)
{
	iq_term_wrap(text->term, clean, 0, 2);
	iq_out_cstr(text->term->out, "\n\n");
}

/* "51 leaked goroutines keep 1.0 MiB: 200 objects of 0.9 MiB, stacks …" */
static void put_together(struct iq_heap_text *text)
{
	const struct iq_retained_total *t = &text->model->retained;
	struct iq_term *term = text->term;
	char count[IQ_WORDS_SIZE], objects[IQ_WORDS_SIZE];
	char all[IQ_QUANTITY_SIZE], heap[IQ_QUANTITY_SIZE];
	char stacks[IQ_QUANTITY_SIZE], shared[IQ_QUANTITY_SIZE];
	struct iq_str words;

	if (t->lacks.len)
		put_paragraph(
			text,
			iq_term_textf(
				term,
				"what leaked goroutines keep is not "
				"known: %.*s",
				IQ_STR_ARG(iq_term_clean(term, t->lacks))));
	if (!t->known)
		return;
	words = iq_term_textf(
		term,
		"%s leaked goroutine%s keep%s %s: %s object%s "
		"of %s, stacks %s",
		iq_words_number(count, t->goroutines),
		t->goroutines == 1 ? "" : "s", t->goroutines == 1 ? "s" : "",
		iq_heap_bytes(all, t->bytes),
		iq_words_number(objects, t->objects),
		t->objects == 1 ? "" : "s", iq_heap_bytes(heap, t->heap_bytes),
		iq_heap_bytes(stacks, t->stack_bytes));
	if (t->shared_objects)
		words = iq_term_textf(term,
				      "%.*s; %s of it is kept by several "
				      "findings and is of none",
				      IQ_STR_ARG(words),
				      iq_heap_bytes(shared, t->shared_bytes));
	put_paragraph(text, words);
}

/* Why no finding is listed, unless the sum of all has told it. */
static struct iq_str nobody_words(struct iq_heap_text *text)
{
	const struct iq_heap_survey *s = text->survey;
	char number[IQ_WORDS_SIZE];

	if (text->model->retained.lacks.len)
		return IQ_STR("");
	if (!s->leaked_goroutines)
		return IQ_STR("no goroutine is proven to stay blocked: nothing "
			      "is kept by one alone");
	return iq_term_textf(
		text->term,
		"%s goroutine%s proven to stay blocked, and no finding is of "
		"such ones alone",
		iq_words_number(number, s->leaked_goroutines),
		s->leaked_goroutines == 1 ? " is" : "s are");
}

void iq_heap_put_retained(struct iq_heap_text *text)
{
	const struct iq_model *m = text->model;
	size_t max = iq_heap_shown(text->options, SIZE_MAX, MAX_FINDINGS);
	size_t shown = 0, left = 0;
	struct iq_str words;

	iq_out_char(text->term->out, '\n');
	put_together(text);
	for (size_t i = next_finding(m, SIZE_MAX); i != SIZE_MAX;
	     i = next_finding(m, i)) {
		if (shown >= max)
			left++;
		else
			put_finding(text, &m->findings[i]);
		shown++;
	}
	if (left)
		iq_out_printf(text->term->out,
			      "and %zu more finding%s (--all)\n", left,
			      left == 1 ? "" : "s");
	if (shown)
		return;
	words = nobody_words(text);
	if (!words.len)
		return;
	iq_term_wrap(text->term, words, 0, 2);
	iq_out_char(text->term->out, '\n');
}
