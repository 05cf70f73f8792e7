/* SPDX-License-Identifier: Apache-2.0 */
/* A finding in words: where, who made it, what each witness says, what to do. */
#include "reports/text.h"

#include <inttypes.h>

#include "model/signature.h"
#include "reports/cost_words.h"
#include "reports/finding_words.h"
#include "reports/goroutine_line.h"
#include "reports/scene_lines.h"
#include "reports/words.h"

/* Callers of the site that are named. */
#define MAX_CALLERS 2
#define MAX_CRASH_CALLERS 4
/* Lines of a title and of what a witness says, unless all is asked for. */
#define MAX_LINES 2
#define MAX_EVIDENCE_LINES 4
/* Witnesses that each have a line; of more, those that say something. */
#define MAX_EVIDENCE 8

static unsigned indent_of(const struct iq_finding *f)
{
	return f->id > 99 ? 5 : f->id > 9 ? 4 : 3;
}

/* "   made by   " */
static unsigned put_label(struct iq_text *text, unsigned indent,
			  struct iq_str label)
{
	iq_term_spaces(text->term, indent);
	iq_term_left(text->term, label, text->label_width);
	return indent + text->label_width;
}

static void put_line(struct iq_text *text, const struct iq_finding *f,
		     const char *label, struct iq_str clean)
{
	unsigned column;

	if (!clean.len)
		return;
	column = put_label(text, indent_of(f), iq_str_of(label));
	iq_term_wrap(text->term, clean, column, column);
	iq_out_char(text->term->out, '\n');
}

static unsigned max_lines(const struct iq_text *text)
{
	return text->options->all ? 0 : MAX_LINES;
}

/* The title, in at most so many lines. */
static struct iq_str short_title(struct iq_text *text,
				 const struct iq_finding *f, unsigned indent)
{
	struct iq_term *term = text->term;
	struct iq_str title = iq_term_clean(term, f->title);
	unsigned columns = MAX_LINES * term->width;

	while (max_lines(text) && columns > 16 && !term->failed &&
	       !iq_term_fits(term, title, indent, indent, MAX_LINES)) {
		title = iq_text_title(text, f, columns);
		columns -= 4;
	}
	return title;
}

static void put_title(struct iq_text *text, const struct iq_finding *f)
{
	struct iq_term *term = text->term;
	unsigned indent = indent_of(f);
	struct iq_str number = iq_term_textf(term, "%" PRIu32, f->id);

	iq_term_style(term, IQ_STYLE_BOLD);
	iq_term_left(term, number, indent);
	iq_term_wrap(term, short_title(text, f, indent), indent, indent);
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_out_char(term->out, '\n');
}

/* The next frame of the program's own code behind *@at; NULL: no more. */
static const struct iq_frame *next_caller(const struct iq_stack *stack,
					  const struct iq_signature *sig,
					  uint32_t *at)
{
	while (++*at < sig->end) {
		const struct iq_frame *frame = stack->frames[*at];

		if (!frame->foreign &&
		    !iq_function_is_runtime(frame->function) &&
		    !iq_package_is_std(iq_function_package(frame->function)))
			return frame;
	}
	return NULL;
}

/* Where the site stands in the stack: a crash's is below the panic. */
static uint32_t find_site(const struct iq_finding *f,
			  const struct iq_signature *sig)
{
	for (uint32_t i = sig->begin; i < sig->end; i++) {
		if (f->stack->frames[i] == f->site)
			return i;
	}
	return sig->site != UINT32_MAX ? sig->site : sig->begin;
}

/* Frames of the program's own code that lead to the site. */
static size_t find_callers(const struct iq_finding *f,
			   const struct iq_frame **ret)
{
	size_t max =
		f->class == IQ_CLASS_CRASH ? MAX_CRASH_CALLERS : MAX_CALLERS;
	struct iq_signature sig;
	size_t num = 0;
	uint32_t at;

	if (!f->stack)
		return 0;
	iq_signature_compute(f->stack, &sig);
	at = find_site(f, &sig);
	while (num < max && (ret[num] = next_caller(f->stack, &sig, &at)))
		num++;
	return num;
}

/* Labels that all goroutines of the finding share. */
static void put_labels(struct iq_text *text, const struct iq_finding *f)
{
	const struct iq_labels *labels = iq_finding_labels(text->model, f);
	struct iq_out line;

	if (!labels)
		return;
	iq_out_init_memory(&line);
	iq_line_labels(text->term, &line, labels);
	put_line(text, f, "labels",
		 iq_str_trim((struct iq_str){ line.buf, line.len }));
	iq_out_deinit(&line);
}

/*
 * What the table could not say of the time: "for 2.7s to 5.0s", or all of it if
 * there was no room for its column.
 */
static struct iq_str how_long(struct iq_text *text, const struct iq_finding *f)
{
	bool range = f->has_wait_min && f->has_wait_max &&
		     f->wait_max_ns > f->wait_min_ns;
	bool exact = f->has_wait_max && !range;
	char min[IQ_WORDS_SIZE], max[IQ_WORDS_SIZE];

	if (!f->has_wait_min || !(range || text->no_since))
		return IQ_STR("");
	if (!range)
		return iq_term_textf(
			text->term, "for %s",
			iq_words_since(min, true, f->wait_min_ns, exact));
	return iq_term_textf(text->term, "for %s to %s",
			     iq_words_duration(min, f->wait_min_ns),
			     iq_words_duration(max, f->wait_max_ns));
}

/* A line that grows as long as there is room. */
struct origin {
	struct iq_text *text;
	const struct iq_finding *finding;
	const char *label;
	struct iq_str line;
};

static void origin_end(struct origin *o)
{
	put_line(o->text, o->finding, o->label, o->line);
	o->line = IQ_STR("");
}

/* Adds "label words", or begins a line with it. */
static void origin_add(struct origin *o, const char *label, struct iq_str words)
{
	struct iq_term *term = o->text->term;
	unsigned room =
		term->width - indent_of(o->finding) - o->text->label_width;
	struct iq_str both;

	if (!words.len)
		return;
	both = iq_term_textf(term, "%.*s   %s%s%.*s", IQ_STR_ARG(o->line),
			     label, label[0] ? " " : "", IQ_STR_ARG(words));
	if (o->line.len && iq_term_width(both) <= room) {
		o->line = both;
		return;
	}
	origin_end(o);
	o->label = label[0] ? label : "waits";
	o->line = words;
}

static void put_origin(struct iq_text *text, const struct iq_finding *f)
{
	const struct iq_frame *callers[MAX_CRASH_CALLERS];
	size_t num = find_callers(f, callers);
	struct iq_term *term = text->term;
	unsigned room = term->width - indent_of(f) - text->label_width;
	struct origin o = { .text = text, .finding = f };

	origin_add(&o, "at", iq_term_place(term, f->site));
	for (size_t i = 0; i < num; i++) {
		origin_end(&o);
		origin_add(&o, "from", iq_term_site(term, callers[i], room));
	}
	if (num)
		origin_end(&o);
	if (f->created_by)
		origin_add(&o, "made by",
			   iq_term_site(term, f->created_by, room));
	origin_add(&o, "", how_long(text, f));
	origin_end(&o);
	put_labels(text, f);
}

static enum iq_style mark_style(char mark)
{
	return mark == '!' ? IQ_STYLE_BAD :
	       mark == '+' ? IQ_STYLE_BOLD :
			     IQ_STYLE_DIM;
}

static void put_evidence(struct iq_text *text, const struct iq_finding *f,
			 const struct iq_evidence *e)
{
	struct iq_term *term = text->term;
	char mark = iq_says_char(iq_says_of(text->model, e));
	struct iq_str label = iq_text_witness(text, e->witness);
	unsigned indent = indent_of(f);
	unsigned column = indent + text->label_width;

	iq_term_spaces(term, indent);
	iq_term_left(term, iq_term_cut(term, label, text->label_width - 3),
		     text->label_width - 3);
	iq_term_style(term, mark_style(mark));
	iq_out_char(term->out, mark);
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_out_cstr(term->out, "  ");
	iq_term_wrap_lines(term, iq_term_clean(term, e->text), column, column,
			   text->options->all ? 0 : MAX_EVIDENCE_LINES);
	iq_out_char(term->out, '\n');
}

/* What the witnesses of one kind say; *@shown_ret counts lines, the rest is
 * how many had none. */
static size_t put_kind(struct iq_text *text, const struct iq_finding *f,
		       enum iq_witness_kind kind, size_t *shown_ret)
{
	bool brief = f->num_evidence > MAX_EVIDENCE && !text->options->all;
	size_t left = 0;

	for (size_t i = 0; i < f->num_evidence; i++) {
		const struct iq_evidence *e = &f->evidence[i];
		bool against = e->stance == IQ_STANCE_CONTRADICTS;
		bool says = e->stance != IQ_STANCE_SILENT;

		if (text->model->witnesses[e->witness]->witness.kind != kind)
			continue;
		if (brief && !against &&
		    (!says || *shown_ret >= MAX_EVIDENCE)) {
			left++;
			continue;
		}
		put_evidence(text, f, e);
		++*shown_ret;
	}
	return left;
}

/* In the order of the matrix; an executable says nothing of goroutines. */
static void put_witnesses(struct iq_text *text, const struct iq_finding *f)
{
	size_t shown = 0, left = 0;

	for (unsigned kind = 0; kind < IQ_TEXT_NUM_KINDS; kind++)
		left += put_kind(text, f, (enum iq_witness_kind)kind, &shown);
	if (left)
		put_line(text, f, "others",
			 iq_term_textf(text->term,
				       "%zu more witnesses are not shown "
				       "(--all shows them)",
				       left));
}

/* Why it is as sure as the table says, where that takes more than one. */
static void put_sure(struct iq_text *text, const struct iq_finding *f)
{
	if (f->confidence == IQ_CONFIDENCE_CORROBORATED)
		put_line(text, f, "agree", iq_term_clean(text->term, f->sure));
}

/* What would settle it, and the commands to copy. */
static void put_settle(struct iq_text *text, const struct iq_finding *f)
{
	struct iq_term *term = text->term;

	put_line(text, f, "settle", iq_term_clean(term, f->settle));
	put_line(text, f, "", iq_term_clean(term, f->collect));
	put_line(text, f, "", iq_term_clean(term, f->again));
}

static void put_scene_lines(struct iq_text *text, const struct iq_finding *f,
			    const struct iq_scene_line *lines, size_t num)
{
	for (size_t i = 0; i < num; i++)
		put_line(text, f, lines[i].label,
			 iq_term_clean(text->term, lines[i].text));
}

/* The place; of how the process ended the whole scene around it. */
static void put_where(struct iq_text *text, const struct iq_finding *f)
{
	struct iq_scene_lines lines = { 0 };
	struct iq_error *err = NULL;
	struct iq_crash crash;

	if (iq_finding_is_end(f) && iq_crash_find(text->model, &crash)) {
		err = iq_scene_lines_make(text->model, text->options, &crash,
					  &text->term->arena, &lines);
		if (!err && text->options->all && crash.scene)
			err = iq_scene_lines_registers(&lines, crash.scene);
	}
	text->term->failed |= err != NULL;
	iq_error_destroy(err);
	put_scene_lines(text, f, lines.head.data, lines.head.len);
	put_origin(text, f);
	put_scene_lines(text, f, lines.rest.data, lines.rest.len);
	iq_scene_lines_deinit(&lines);
}

/* What @put writes of the finding, in a few lines unless all is asked for. */
static void
put_words(struct iq_text *text, const struct iq_finding *f, const char *label,
	  void (*put)(struct iq_out *out, const struct iq_finding *finding))
{
	struct iq_term *term = text->term;
	struct iq_out out;
	unsigned column;

	iq_out_init_memory(&out);
	put(&out, f);
	term->failed |= out.err != 0;
	if (out.len) {
		column = put_label(text, indent_of(f), iq_str_of(label));
		iq_term_wrap_lines(
			term,
			iq_term_clean(term,
				      (struct iq_str){ out.buf, out.len }),
			column, column,
			text->options->all ? 0 : MAX_EVIDENCE_LINES);
		iq_out_char(term->out, '\n');
	}
	iq_out_deinit(&out);
}

void iq_text_finding(struct iq_text *text, const struct iq_finding *finding,
		     bool brief)
{
	struct iq_term *term = text->term;

	put_title(text, finding);
	if (!brief) {
		put_where(text, finding);
		put_sure(text, finding);
		put_witnesses(text, finding);
		put_words(text, finding, "why", iq_cost_why);
		put_words(text, finding, "keeps", iq_cost_keeps);
	}
	put_line(text, finding, "fix",
		 iq_term_clean(term, iq_cost_fix(finding)));
	if (!brief)
		put_settle(text, finding);
}
