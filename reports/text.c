/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "report" as text: verdict, identity, findings, the worst one in words, what
 * is missing, where next; on one screen wherever that is possible.
 */
#include "reports/text.h"

#include <inttypes.h>

#include "model/moment.h"
#include "model/verdict.h"
#include "reports/cost_words.h"
#include "reports/words.h"

/* Lines of the screen that the report should fit on. */
#define SCREEN_LINES 24
/* Findings that have a row, unless all are asked for. */
#define MAX_ROWS 10

const char *iq_text_kind_name(enum iq_witness_kind kind)
{
	static const char *const names[] = {
		[IQ_WITNESS_CORE] = "core",
		[IQ_WITNESS_PROFILE] = "profile",
		[IQ_WITNESS_TRACE] = "trace",
		[IQ_WITNESS_DUMP] = "dump",
		[IQ_WITNESS_EXECUTABLE] = "executable",
	};

	return names[kind];
}

struct iq_str iq_text_witness(struct iq_text *text, uint32_t witness)
{
	const struct iq_model *m = text->model;
	enum iq_witness_kind kind = m->witnesses[witness]->witness.kind;
	unsigned num = 0, own = 0;

	for (uint32_t i = 0; i < m->num_witnesses; i++) {
		if (m->witnesses[i]->witness.kind != kind)
			continue;
		num++;
		if (i <= witness)
			own++;
	}
	if (num == 1)
		return iq_str_of(iq_text_kind_name(kind));
	return iq_term_textf(text->term, "%s %u", iq_text_kind_name(kind), own);
}

enum iq_style iq_text_style(enum iq_verdict_word word)
{
	switch (word) {
	case IQ_VERDICT_CRASH:
	case IQ_VERDICT_DEADLOCK:
	case IQ_VERDICT_LEAK:
		return IQ_STYLE_BAD;
	case IQ_VERDICT_STUCK:
	case IQ_VERDICT_SUSPECT:
		return IQ_STYLE_WARN;
	case IQ_VERDICT_CLEAN:
		return IQ_STYLE_GOOD;
	case IQ_VERDICT_NONE:
		break;
	}
	return IQ_STYLE_BOLD;
}

/* ---- verdict */

/* Where " in main.process main.go:15, goroutine 6" begins, or the end. */
static size_t site_begin(struct iq_str title, const struct iq_frame *site)
{
	size_t at = title.len;

	if (!site || !site->function.len)
		return title.len;
	while (at-- > 0) {
		struct iq_str rest = iq_str_sub(title, at, title.len);

		if (iq_str_starts(rest, IQ_STR(" in ")) &&
		    iq_str_starts(iq_str_sub(rest, 4, rest.len),
				  site->function))
			return at;
	}
	return title.len;
}

/* Its end, with dots before it: of a site the line is the last. */
static struct iq_str cut_begin(struct iq_term *term, struct iq_str clean,
			       unsigned columns)
{
	struct iq_str dots = term->utf8 ? IQ_STR("…") : IQ_STR("...");
	struct iq_str end = clean;

	if (iq_term_width(clean) <= columns || iq_term_width(dots) >= columns)
		return clean;
	// No character is longer.
	if (end.len > 4 * (size_t)columns)
		end = iq_str_sub(end, end.len - 4 * (size_t)columns, end.len);
	while (end.len && (((unsigned char)end.ptr[0] & 0xc0) == 0x80 ||
			   iq_term_width(end) + iq_term_width(dots) > columns))
		end = iq_str_sub(end, 1, end.len);
	return iq_term_textf(term, "%.*s%.*s", IQ_STR_ARG(dots),
			     IQ_STR_ARG(end));
}

struct iq_str iq_text_title(struct iq_text *text, const struct iq_finding *f,
			    unsigned columns)
{
	struct iq_term *term = text->term;
	struct iq_str title = f->title;
	size_t at = site_begin(title, f->site);
	struct iq_str tail =
		iq_term_clean(term, iq_str_sub(title, at, title.len));
	struct iq_str head = iq_term_clean(term, iq_str_sub(title, 0, at));
	unsigned words = iq_term_width(head);
	struct iq_str in = IQ_STR(" in ");

	if (words + iq_term_width(tail) <= columns || !tail.len || columns < 16)
		return iq_term_cut(term, iq_term_clean(term, title), columns);
	// Words say less than the site: this much of them is enough.
	if (words > columns / 4)
		words = columns / 4;
	if (words + iq_term_width(tail) > columns) {
		tail = cut_begin(term, iq_str_sub(tail, in.len, tail.len),
				 columns - words - (unsigned)in.len);
		tail = iq_term_textf(term, "%.*s%.*s", IQ_STR_ARG(in),
				     IQ_STR_ARG(tail));
	}
	if (iq_term_width(tail) >= columns)
		return iq_term_cut(term, iq_term_clean(term, title), columns);
	return iq_term_textf(
		term, "%.*s%.*s",
		IQ_STR_ARG(
			iq_term_cut(term, head, columns - iq_term_width(tail))),
		IQ_STR_ARG(tail));
}

/*
 * A title that is longer than two lines stands in one, with what follows it: it
 * is told again with the finding. What only the verdict says is told whole.
 */
static struct iq_str one_line(struct iq_text *text, struct iq_str words,
			      unsigned column)
{
	const struct iq_model *m = text->model;
	struct iq_term *term = text->term;
	struct iq_str whole = iq_term_clean(term, words);
	unsigned columns = term->width - column;

	if (iq_term_fits(term, whole, column, column, 2))
		return whole;
	for (size_t i = 0; i < m->num_findings; i++) {
		const struct iq_finding *f = &m->findings[i];
		struct iq_str title, after;

		if (!f->title.len || !iq_str_starts(words, f->title))
			continue;
		after = iq_term_clean(
			term, iq_str_sub(words, f->title.len, words.len));
		if (iq_term_width(after) * 2 > columns)
			break;
		title = iq_text_title(text, f, columns - iq_term_width(after));
		return iq_term_textf(term, "%.*s%.*s", IQ_STR_ARG(title),
				     IQ_STR_ARG(after));
	}
	return whole;
}

static void put_word(struct iq_text *text, enum iq_verdict_word word,
		     struct iq_str words)
{
	struct iq_str name = iq_str_of(iq_verdict_word_name(word));
	unsigned column = iq_term_width(name) + 2;

	iq_term_style(text->term, iq_text_style(word));
	iq_out_str(text->term->out, name);
	iq_term_style(text->term, IQ_STYLE_PLAIN);
	iq_out_cstr(text->term->out, "  ");
	iq_term_wrap(text->term, one_line(text, words, column), column, column);
	iq_out_char(text->term->out, '\n');
}

/* Under a crash: the worst of the others, with its first finding. */
static void put_also(struct iq_text *text)
{
	const struct iq_verdict *v = &text->model->verdict;

	if (v->word != IQ_VERDICT_CRASH || !v->num_also)
		return;
	for (size_t i = 0; i < text->model->num_findings; i++) {
		const struct iq_finding *f = &text->model->findings[i];

		if (iq_finding_word(f) != v->also[0])
			continue;
		put_word(text, v->also[0], f->title);
		return;
	}
}

/* ---- identity */

struct line {
	struct iq_text *text;
	unsigned column;
};

/* A part of the line, on the next one if there is no room. */
static void put_part(struct line *line, struct iq_str part)
{
	struct iq_term *term = line->text->term;
	unsigned columns;

	if (!part.len)
		return;
	part = iq_term_cut(term, part, term->width);
	columns = iq_term_width(part);
	if (line->column && line->column + 2 + columns > term->width) {
		iq_out_char(term->out, '\n');
		line->column = 0;
	} else if (line->column) {
		iq_out_cstr(term->out, "  ");
		line->column += 2;
	}
	iq_out_str(term->out, part);
	line->column += columns;
}

/* "core + 2 dumps + executable" */
static struct iq_str witness_list(struct iq_text *text)
{
	const struct iq_model *m = text->model;
	struct iq_str list = IQ_STR("");

	for (unsigned kind = 0; kind <= IQ_WITNESS_EXECUTABLE; kind++) {
		const char *name =
			iq_text_kind_name((enum iq_witness_kind)kind);
		const char *plus = list.len ? " + " : "";
		size_t num = 0;

		for (size_t i = 0; i < m->num_witnesses; i++)
			num += m->witnesses[i]->witness.kind == kind &&
			       !m->foreign[i];
		if (num == 1)
			list = iq_term_textf(text->term, "%.*s%s%s",
					     IQ_STR_ARG(list), plus, name);
		else if (num)
			list = iq_term_textf(text->term, "%.*s%s%zu %ss",
					     IQ_STR_ARG(list), plus, num, name);
	}
	return list;
}

/* "core 4.6s after trace": the last witness and the one before it. */
static struct iq_str time_order(struct iq_text *text)
{
	const struct iq_model *m = text->model;
	char words[IQ_WORDS_SIZE];

	for (size_t i = m->num_snapshots; i-- > 1;) {
		size_t last = m->snapshots[i], first = m->snapshots[i - 1];
		int64_t ns;

		if (iq_moment_order(m, last, first) != IQ_ORDER_AFTER ||
		    !iq_moment_between(m, first, last, &ns))
			continue;
		return iq_term_textf(
			text->term, "%.*s %s after %.*s",
			IQ_STR_ARG(iq_text_witness(text, (uint32_t)last)),
			iq_words_duration(words, ns),
			IQ_STR_ARG(iq_text_witness(text, (uint32_t)first)));
	}
	return IQ_STR("");
}

static struct iq_str how_it_ended(struct iq_text *text)
{
	const struct iq_process_fact *p = &text->model->process;

	if (p->has_fault_addr && p->end != IQ_END_NONE &&
	    p->end != IQ_END_OPERATOR && p->signal.len)
		return iq_term_textf(
			text->term, "%.*s %s 0x%" PRIx64,
			IQ_STR_ARG(iq_term_clean(text->term, p->signal)),
			iq_words_fault(p->signal), p->fault_addr);
	if (p->end == IQ_END_NONE)
		return IQ_STR("taken alive");
	if (p->end != IQ_END_OPERATOR)
		return IQ_STR("");
	if (!p->signal.len)
		return IQ_STR("ended from outside");
	return iq_term_textf(text->term, "%.*s from outside",
			     IQ_STR_ARG(iq_term_clean(text->term, p->signal)));
}

static struct iq_str program_name(struct iq_text *text)
{
	const struct iq_process_fact *p = &text->model->process;
	struct iq_str name = p->executable.len ? p->executable : p->module;

	// Nobody knows: the file is what the reader knows.
	if (!name.len && text->model->num_witnesses)
		name = text->model->witnesses[0]->witness.path;
	return iq_term_clean(text->term, iq_str_basename(name));
}

static void put_identity(struct iq_text *text)
{
	const struct iq_process_fact *p = &text->model->process;
	struct line line = { .text = text };
	struct iq_term *term = text->term;
	struct iq_str go = iq_term_clean(term, p->go_version);
	struct iq_str arch = iq_term_clean(term, p->arch);

	put_part(&line, program_name(text));
	put_part(&line, iq_term_textf(term, "%.*s%s%.*s", IQ_STR_ARG(go),
				      go.len && arch.len ? " " : "",
				      IQ_STR_ARG(arch)));
	if (p->has_pid)
		put_part(&line, iq_term_textf(term, "pid %" PRId64, p->pid));
	if (p->build_id.len)
		put_part(&line,
			 iq_term_textf(term, "build %.*s",
				       IQ_STR_ARG(iq_term_clean(
					       term, iq_str_sub(p->build_id, 0,
								8)))));
	put_part(&line, witness_list(text));
	put_part(&line, time_order(text));
	put_part(&line, how_it_ended(text));
	if (line.column)
		iq_out_char(term->out, '\n');
}

/* ---- the whole */

/* As wide as the longest label, its mark and three blanks need. */
static void choose_label_width(struct iq_text *text)
{
	const struct iq_model *m = text->model;

	text->label_width = 10;
	for (uint32_t w = 0; w < m->num_witnesses; w++) {
		unsigned need = iq_term_width(iq_text_witness(text, w)) + 4;

		if (m->witnesses[w]->witness.kind < IQ_TEXT_NUM_KINDS &&
		    need > text->label_width)
			text->label_width = need;
	}
}

struct iq_error *iq_text_choose(struct iq_text *text)
{
	const struct iq_model *m = text->model;
	const struct iq_report_options *o = text->options;
	uint64_t rows = o->limit ? o->limit : o->all ? UINT64_MAX : MAX_ROWS;

	text->listed = iq_arena_calloc(&text->term->arena, m->num_findings + 1,
				       sizeof(*text->listed));
	if (!text->listed)
		return &iq_enomem;
	for (size_t i = 0; i < m->num_findings; i++) {
		if (o->all || m->findings[i].severity != IQ_SEVERITY_NOTE)
			text->listed[text->num_listed++] = &m->findings[i];
	}
	text->num_rows =
		text->num_listed < rows ? text->num_listed : (size_t)rows;
	for (size_t i = 0; i < m->num_witnesses; i++) {
		enum iq_witness_kind kind = m->witnesses[i]->witness.kind;

		if (kind < IQ_TEXT_NUM_KINDS)
			text->kinds[kind] = true;
	}
	choose_label_width(text);
	return NULL;
}

static size_t count_lines(const struct iq_out *out)
{
	size_t num = 0;

	for (size_t i = 0; i < out->len; i++)
		num += out->buf[i] == '\n';
	return num;
}

/*
 * The other findings: all of them where all are asked for, else briefly as
 * many as fit on the screen.
 */
static struct iq_error *put_other_findings(struct iq_text *text, size_t *left)
{
	struct iq_out *out = text->term->out;
	struct iq_out piece;
	struct iq_error *err = NULL;

	for (size_t i = 1; i < text->num_rows && !err; i++) {
		size_t lines;

		iq_out_init_memory(&piece);
		text->term->out = &piece;
		iq_text_finding(text, text->listed[i], !text->options->all);
		text->term->out = out;
		lines = count_lines(&piece) + text->options->all;
		err = iq_out_flush(&piece);
		if (!err && (text->options->all || lines <= *left)) {
			if (text->options->all)
				iq_out_char(out, '\n');
			iq_out_bytes(out, piece.buf, piece.len);
			*left -= lines < *left ? lines : *left;
		} else {
			i = text->num_rows;
		}
		iq_out_deinit(&piece);
	}
	return err;
}

/* What leaks cost together. */
static void put_total(struct iq_text *text)
{
	struct iq_out words;

	iq_out_init_memory(&words);
	iq_cost_total(&words, text->model);
	text->term->failed |= words.err != 0;
	if (words.len) {
		iq_out_char(text->term->out, '\n');
		iq_term_wrap(
			text->term,
			iq_term_clean(text->term,
				      (struct iq_str){ words.buf, words.len }),
			0, 3);
		iq_out_char(text->term->out, '\n');
	}
	iq_out_deinit(&words);
}

static struct iq_error *put_report(struct iq_text *text, struct iq_out *head,
				   struct iq_out *tail)
{
	struct iq_error *err;
	size_t used, left;

	text->term->out = tail;
	iq_out_char(tail, '\n');
	err = iq_text_rest(text);
	if (err)
		return err;
	text->term->out = head;
	put_word(text, text->model->verdict.word, text->model->verdict.text);
	put_also(text);
	iq_text_disputes(text);
	put_identity(text);
	iq_text_table(text);
	put_total(text);
	if (text->num_rows) {
		iq_out_char(head, '\n');
		iq_text_finding(text, text->listed[0], false);
	}
	used = count_lines(head) + count_lines(tail);
	left = used < SCREEN_LINES ? SCREEN_LINES - used : 0;
	err = put_other_findings(text, &left);
	return err;
}

static struct iq_error *text_render(const struct iq_model *model,
				    const struct iq_report_options *options,
				    struct iq_out *out)
{
	struct iq_term term;
	struct iq_text text = {
		.model = model,
		.options = options,
		.term = &term,
	};
	struct iq_out head, tail;
	struct iq_error *err;

	iq_out_init_memory(&head);
	iq_out_init_memory(&tail);
	iq_term_init(&term, options, &head);
	err = iq_text_choose(&text);
	if (!err)
		err = put_report(&text, &head, &tail);
	if (!err)
		err = iq_out_flush(&head);
	if (!err)
		err = iq_out_flush(&tail);
	if (!err)
		err = iq_term_done(&term);
	if (!err) {
		iq_out_bytes(out, head.buf, head.len);
		iq_out_bytes(out, tail.buf, tail.len);
	}
	iq_term_deinit(&term);
	iq_out_deinit(&tail);
	iq_out_deinit(&head);
	return err;
}

const struct iq_report iq_report_text = {
	.command = "report",
	.format = "text",
	.summary = "verdict and findings for people",
	.stage = IQ_STAGE_COSTED,
	.render = text_render,
};
