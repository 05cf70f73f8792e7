/* SPDX-License-Identifier: Apache-2.0 */
/* "heap" as text: how much there is, of what, and what was asked of it. */
#include <inttypes.h>
#include <stdio.h>

#include "reports/heap.h"
#include "reports/profile_text.h"
#include "reports/words.h"

/* Rows of types unless more are asked for. */
#define MAX_TYPES 20

/* Columns of the totals: what, objects, size. */
#define WHAT_COLUMNS 12
#define OBJECTS_COLUMNS 13
#define SIZE_COLUMNS 12
/* What words beside them need at least. */
#define MIN_WORDS 24

struct iq_error *iq_heap_check(const struct iq_model *model,
			       const struct iq_report_options *options)
{
	const struct iq_heap_survey *list = model->surveys;
	char quoted[IQ_STR_QUOTE_SIZE], like[IQ_STR_QUOTE_SIZE];
	struct iq_str likes = { 0 };
	bool found = false, refers = false;

	if (!model->num_surveys)
		return iq_error_new(IQ_ERROR_FORMAT,
				    "none of the files is a core; nothing else "
				    "has the heap");
	if (options->heap.view != IQ_HEAP_WHO)
		return NULL;
	for (size_t i = 0; i < model->num_surveys; i++) {
		if (list[i].who.known)
			return NULL;
		found |= list[i].found;
		refers |= list[i].who.has_pointers;
		if (!likes.len && list[i].who.num_likes)
			likes = list[i].who.likes[0];
	}
	// Where there is no heap the report says so.
	if (!found)
		return NULL;
	iq_str_quote(iq_str_of(options->heap.type), quoted);
	if (refers)
		return iq_error_new(
			IQ_ERROR_USAGE,
			"no object is certainly of type %s: what pointers to "
			"it refer to is one, or what begins with it, and is "
			"listed by its size",
			quoted);
	if (likes.len)
		return iq_error_new(IQ_ERROR_USAGE,
				    "no object is known to be of type %s; is "
				    "it %s?",
				    quoted, iq_str_quote(likes, like));
	return iq_error_new(IQ_ERROR_USAGE,
			    "no object is known to be of type %s; \"inquest "
			    "heap types\" lists the types",
			    quoted);
}

const char *iq_heap_bytes(char *buf, uint64_t bytes)
{
	return iq_profile_quantity(
		buf, bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes,
		IQ_STR("bytes"));
}

struct iq_str iq_heap_type_words(struct iq_term *term, struct iq_str type,
				 uint64_t size)
{
	char bytes[IQ_QUANTITY_SIZE];

	if (type.len)
		return iq_term_clean(term, type);
	return iq_term_textf(term, "unknown, %s", iq_heap_bytes(bytes, size));
}

size_t iq_heap_shown(const struct iq_report_options *options, size_t num,
		     size_t standard)
{
	if (options->limit)
		return options->limit < num ? (size_t)options->limit : num;
	return options->all || num < standard ? num : standard;
}

/* ---- totals */

static void put_words(struct iq_heap_text *text, unsigned column,
		      struct iq_str words)
{
	if (!words.len || text->term->width < column + MIN_WORDS)
		return;
	iq_out_cstr(text->term->out, "  ");
	iq_term_wrap(text->term, words, column + 2, column + 2);
}

/* A line of the totals; UINT64_MAX objects: none are counted. */
static void put_row(struct iq_heap_text *text, const char *what,
		    uint64_t objects, uint64_t bytes, struct iq_str words)
{
	struct iq_term *term = text->term;
	char number[IQ_WORDS_SIZE], size[IQ_QUANTITY_SIZE];

	iq_out_cstr(term->out, "  ");
	iq_term_left(term, iq_str_of(what), WHAT_COLUMNS);
	if (objects == UINT64_MAX)
		iq_term_spaces(term, OBJECTS_COLUMNS);
	else
		iq_term_right(term, iq_str_of(iq_words_number(number, objects)),
			      OBJECTS_COLUMNS);
	iq_term_right(term, iq_str_of(iq_heap_bytes(size, bytes)),
		      SIZE_COLUMNS);
	put_words(text, 2 + WHAT_COLUMNS + OBJECTS_COLUMNS + SIZE_COLUMNS,
		  words);
	iq_out_char(term->out, '\n');
}

static void put_sum(struct iq_heap_text *text, const char *what,
		    struct iq_heap_sum sum, struct iq_str words)
{
	put_row(text, what, sum.objects, sum.bytes, words);
}

/* Why it is not known what leaked goroutines hold. */
static struct iq_str lacking_words(struct iq_heap_text *text)
{
	const struct iq_heap_survey *s = text->survey;
	char number[IQ_WORDS_SIZE];
	struct iq_str lacks = iq_term_clean(text->term, s->leaked_lacks);

	return iq_term_textf(text->term, "by %s leaked goroutine%s: %.*s",
			     iq_words_number(number, s->leaked_goroutines),
			     s->leaked_goroutines == 1 ? "" : "s",
			     IQ_STR_ARG(lacks));
}

static struct iq_str leaked_words(struct iq_heap_text *text)
{
	const struct iq_heap_survey *s = text->survey;
	char number[IQ_WORDS_SIZE], size[IQ_QUANTITY_SIZE];
	struct iq_str words = iq_term_textf(
		text->term, "of it, by %s leaked goroutine%s alone",
		iq_words_number(number, s->leaked_goroutines),
		s->leaked_goroutines == 1 ? "" : "s");

	if (!s->has_leaked_stacks)
		return words;
	return iq_term_textf(text->term, "%.*s; stacks: %s more",
			     IQ_STR_ARG(words),
			     iq_heap_bytes(size, s->leaked_stacks));
}

/* Why it is not known what is leaked; empty: it is. */
static struct iq_str unjudged_words(struct iq_heap_text *text)
{
	const struct iq_heap_survey *s = text->survey;
	char number[IQ_WORDS_SIZE];

	if (!s->judged)
		return s->lacks.len ?
			       IQ_STR("the heap is not whole") :
			       IQ_STR("its goroutines are judged by another "
				      "file");
	if (!s->doubted_goroutines)
		return IQ_STR("");
	return iq_term_textf(text->term, "of %s%s goroutine%s: %s",
			     iq_words_number(number, s->doubted_goroutines),
			     s->leaked_goroutines ? " more" : "",
			     s->doubted_goroutines == 1 ? "" : "s", s->doubt);
}

static void put_unknown(struct iq_heap_text *text, struct iq_str words)
{
	if (!words.len)
		return;
	iq_out_cstr(text->term->out, "    leaked");
	iq_term_right(text->term, IQ_STR("unknown"),
		      WHAT_COLUMNS - 8 + OBJECTS_COLUMNS);
	iq_term_spaces(text->term, SIZE_COLUMNS);
	put_words(text, 2 + WHAT_COLUMNS + OBJECTS_COLUMNS + SIZE_COLUMNS,
		  words);
	iq_out_char(text->term->out, '\n');
}

static void put_sums(struct iq_heap_text *text)
{
	const struct iq_heap_survey *s = text->survey;
	struct iq_heap_sum live = { s->live.objects + s->leaked.objects,
				    s->live.bytes + s->leaked.bytes };
	char number[IQ_WORDS_SIZE];

	put_sum(text, "live", live, IQ_STR(""));
	if (s->leaked_lacks.len)
		put_unknown(text, lacking_words(text));
	else if (s->leaked_goroutines)
		put_sum(text, "  leaked", s->leaked, leaked_words(text));
	put_unknown(text, unjudged_words(text));
	put_sum(text, s->lacks.len ? "not reached" : "garbage", s->garbage,
		s->lacks.len ? IQ_STR("by what is there") :
			       IQ_STR("not yet collected or swept"));
	put_sum(text, "allocated", s->allocated, IQ_STR(""));
	put_sum(text, "free", s->free, IQ_STR("slots of spans in use"));
	if (s->has_inuse)
		put_row(text, "in use", UINT64_MAX, s->inuse,
			iq_term_textf(text->term, "%s span%s",
				      iq_words_number(number, s->num_spans),
				      s->num_spans == 1 ? "" : "s"));
	if (s->has_totals)
		put_row(text, "stacks", UINT64_MAX, s->totals.stack_inuse,
			IQ_STR(""));
	if (s->has_totals && s->totals.next_gc)
		put_row(text, "next GC at", UINT64_MAX, s->totals.next_gc,
			iq_term_textf(text->term, "after %s collection%s",
				      iq_words_number(number, s->totals.num_gc),
				      s->totals.num_gc == 1 ? "" : "s"));
}

/* "the same", "2 fewer", "48 more" than what was found. */
static struct iq_str difference(struct iq_term *term, uint64_t counted,
				uint64_t found)
{
	char number[IQ_WORDS_SIZE];

	if (counted == found)
		return IQ_STR("the same");
	return iq_term_textf(term, "%s %s",
			     iq_words_number(number, counted > found ?
							     counted - found :
							     found - counted),
			     counted > found ? "more" : "fewer");
}

/* The process's own figures beside ours. */
static void put_counted(struct iq_heap_text *text)
{
	const struct iq_heap_survey *s = text->survey;
	const struct iq_heap_totals *t = &s->totals;
	struct iq_term *term = text->term;
	char objects[IQ_WORDS_SIZE], bytes[IQ_WORDS_SIZE], inuse[IQ_WORDS_SIZE];
	bool same = t->heap_objects == s->allocated.objects &&
		    t->heap_alloc == s->allocated.bytes &&
		    (!s->has_inuse || t->heap_inuse == s->inuse);
	struct iq_str line;

	iq_words_number(objects, t->heap_objects);
	iq_words_number(bytes, t->heap_alloc);
	iq_words_number(inuse, t->heap_inuse);
	if (same)
		line = iq_term_textf(
			term,
			"the process itself counted the same: %s objects, %s "
			"bytes, %s in use",
			objects, bytes, inuse);
	else
		line = iq_term_textf(
			term,
			"the process itself counted %s objects (%.*s), %s "
			"bytes (%.*s), %s in use (%.*s): %s",
			objects,
			IQ_STR_ARG(difference(term, t->heap_objects,
					      s->allocated.objects)),
			bytes,
			IQ_STR_ARG(difference(term, t->heap_alloc,
					      s->allocated.bytes)),
			inuse,
			IQ_STR_ARG(difference(term, t->heap_inuse, s->inuse)),
			s->lacks.len ? "part of the heap is not in the core" :
				       "it was allocating or sweeping when the "
				       "core was taken");
	iq_out_cstr(term->out, "\n  ");
	iq_term_wrap(term, line, 2, 4);
	iq_out_char(term->out, '\n');
}

void iq_heap_put_totals(struct iq_heap_text *text)
{
	struct iq_term *term = text->term;

	iq_out_char(term->out, '\n');
	iq_term_style(term, IQ_STYLE_DIM);
	iq_term_spaces(term, 2 + WHAT_COLUMNS);
	iq_term_right(term, IQ_STR("objects"), OBJECTS_COLUMNS);
	iq_term_right(term, IQ_STR("size"), SIZE_COLUMNS);
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_out_char(term->out, '\n');
	put_sums(text);
	if (text->survey->has_totals)
		put_counted(text);
}

/* ---- the whole */

static void put_head(struct iq_heap_text *text)
{
	const struct iq_facts *facts =
		text->model->witnesses[text->survey->witness];
	struct iq_term *term = text->term;

	iq_term_style(term, IQ_STYLE_BOLD);
	iq_out_cstr(term->out, "heap");
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_out_cstr(term->out, "  ");
	iq_out_str(term->out, iq_profile_path(term, facts->witness.path,
					      term->width - 24));
	if (facts->process.go_version.len) {
		iq_out_cstr(term->out, "  ");
		iq_out_str(term->out,
			   iq_term_cut(term,
				       iq_term_clean(term,
						     facts->process.go_version),
				       16));
	}
	iq_out_char(term->out, '\n');
	if (!text->survey->lacks.len)
		return;
	iq_term_style(term, IQ_STYLE_WARN);
	iq_term_wrap(
		term,
		iq_term_textf(
			term, "incomplete, %s: %.*s",
			text->survey->found ? "all counts are \"at least\"" :
					      "nothing can be counted",
			IQ_STR_ARG(iq_term_clean(term, text->survey->lacks))),
		0, 2);
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_out_char(term->out, '\n');
}

static void put_survey(struct iq_heap_text *text)
{
	put_head(text);
	if (!text->survey->found)
		return;
	switch (text->options->heap.view) {
	case IQ_HEAP_TOTALS:
		iq_heap_put_totals(text);
		iq_heap_put_types(text, MAX_TYPES);
		iq_heap_put_biggest(text);
		break;
	case IQ_HEAP_TYPES:
		iq_heap_put_types(text, SIZE_MAX);
		break;
	case IQ_HEAP_RETAINED:
		iq_heap_put_retained(text);
		break;
	case IQ_HEAP_WHY:
		iq_heap_put_whys(text);
		break;
	case IQ_HEAP_WHO:
		iq_heap_put_who(text);
		break;
	}
}

static struct iq_error *
heap_text_render(const struct iq_model *model,
		 const struct iq_report_options *options, struct iq_out *out)
{
	struct iq_error *err = iq_heap_check(model, options);
	struct iq_term term;

	iq_term_init(&term, options, out);
	for (size_t i = 0; i < model->num_surveys && !err; i++) {
		struct iq_heap_text text = {
			.model = model,
			.options = options,
			.term = &term,
			.survey = &model->surveys[i],
			.has_leaked = model->surveys[i].leaked.objects > 0,
		};

		if (i)
			iq_out_char(out, '\n');
		put_survey(&text);
	}
	if (!err)
		err = iq_term_done(&term);
	iq_term_deinit(&term);
	return err;
}

const struct iq_report iq_report_heap_text = {
	.command = "heap",
	.format = "text",
	.summary = "what memory is used for, and what keeps it",
	.stage = IQ_STAGE_SURVEYED,
	.render = heap_text_render,
};
