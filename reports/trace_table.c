/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of "trace" as text, and the words in them. */
#include "reports/trace.h"

#include <inttypes.h>

#include "model/signature.h"
#include "model/wait.h"
#include "reports/goroutine_line.h"
#include "reports/words.h"

/* A cell's text, at most. */
#define MAX_CELL 24
/* Columns that the last one should have. */
#define MIN_LAST 20

/* ---- words */

static struct iq_str wait_words(struct iq_str reason,
				const struct iq_stack *stack)
{
	// "(before the trace)": the stack has to tell.
	bool is_known = reason.len && reason.ptr[0] != '(';
	struct iq_goroutine_fact fact = {
		.status = IQ_GSTATUS_WAITING,
		.wait_reason = is_known ? reason : IQ_STR(""),
		.stack = stack,
	};
	enum iq_wait_class class = iq_wait_class_of(&fact);

	if (class != IQ_CLASS_UNKNOWN_WAIT && class != IQ_CLASS_SYSTEM &&
	    class != IQ_CLASS_RUNNING)
		return iq_str_of(iq_wait_class_words(class));
	return is_known ? reason : IQ_STR("waiting");
}

struct iq_str iq_trace_words(enum iq_gstatus state, struct iq_str reason,
			     const struct iq_stack *stack)
{
	if (state == IQ_GSTATUS_WAITING)
		return wait_words(reason, stack);
	if (state == IQ_GSTATUS_DEAD)
		return IQ_STR("ended");
	return iq_str_of(iq_gstatus_name(state));
}

/*
 * The tracer's own goroutines start there, the runtime's in the runtime; but
 * so do the main goroutine and those of threads that C made.
 */
bool iq_trace_is_system_name(struct iq_str function)
{
	if (iq_str_equal(function, IQ_STR("runtime.main")) ||
	    iq_str_equal(function, IQ_STR("runtime.cgocallback")))
		return false;
	return iq_function_is_runtime(function) ||
	       iq_str_equal(iq_function_package(function),
			    IQ_STR("runtime/trace"));
}

static struct iq_trace_stack look_at(const struct iq_stack *stack)
{
	struct iq_trace_stack ret = { .site = NULL };
	struct iq_signature sig;
	const struct iq_frame *root;

	if (!stack->num_frames)
		return ret;
	iq_signature_compute(stack, &sig);
	root = stack->frames[stack->num_frames - 1];
	ret.system = !sig.own && iq_trace_is_system_name(root->function);
	if (sig.site < stack->num_frames)
		ret.site = stack->frames[sig.site];
	else
		ret.site = root;
	return ret;
}

const struct iq_trace_stack *iq_trace_stacks(struct iq_arena *arena,
					     const struct iq_facts *facts)
{
	struct iq_trace_stack *stacks =
		iq_arena_calloc(arena, facts->stacks.len + 1, sizeof(*stacks));

	for (size_t i = 0; stacks && i < facts->stacks.len; i++)
		stacks[i] = look_at(facts->stacks.data[i]);
	return stacks;
}

struct iq_trace_stack iq_trace_stack(const struct iq_trace_text *text,
				     const struct iq_stack *stack)
{
	return stack ? text->stacks[stack->index] :
		       (struct iq_trace_stack){ .site = NULL };
}

bool iq_trace_is_own(const struct iq_trace_text *text,
		     const struct iq_trace_goroutine *g)
{
	return !g->tracer && !iq_trace_is_system_name(g->name) &&
	       !iq_trace_stack(text, g->last_stack).system;
}

struct iq_str iq_trace_time(struct iq_term *term, int64_t ns)
{
	char buf[IQ_WORDS_SIZE];

	return iq_term_textf(term, "%s", iq_words_duration(buf, ns));
}

struct iq_str iq_trace_number(struct iq_term *term, uint64_t n)
{
	char buf[IQ_WORDS_SIZE];

	return iq_term_textf(term, "%s", iq_words_number(buf, n));
}

struct iq_str iq_trace_start(struct iq_term *term, struct iq_str name,
			     unsigned columns)
{
	struct iq_frame frame = { .function = name };

	return name.len ? iq_term_site(term, &frame, columns) :
			  IQ_STR("unknown");
}

struct iq_str iq_trace_moment(struct iq_term *term, int64_t from, int64_t ns)
{
	uint64_t us = ns > from ? ((uint64_t)ns - (uint64_t)from) / 1000 : 0;

	return iq_term_textf(term, "%" PRIu64 ".%06u", us / 1000000,
			     (unsigned)(us % 1000000));
}

/* ---- tables */

/* What a table needs while it is written. */
struct layout {
	unsigned widths[IQ_TRACE_COLUMNS];
	bool dropped[IQ_TRACE_COLUMNS];
	/* Columns before the last one. */
	unsigned used;
};

/*
 * Makes a row in a term of its own: what it takes is given back with each, for
 * there may be a million.
 */
static bool row_make(struct iq_trace_table *table, struct iq_term *term,
		     size_t index, struct iq_trace_row *row)
{
	*term = *table->text->term;
	iq_arena_init(&term->arena);
	*row = (struct iq_trace_row){ .site = NULL };
	return table->make(table, term, index, row);
}

static void row_end(struct iq_trace_table *table, struct iq_term *term)
{
	table->text->term->failed |= term->failed;
	iq_arena_deinit(&term->arena);
}

static void measure_row(const struct iq_trace_table *table,
			struct layout *layout, const struct iq_trace_row *row)
{
	for (unsigned i = 0; i + 1 < table->num_columns; i++) {
		unsigned width = iq_term_width(row->cells[i]);

		if (width > MAX_CELL)
			width = MAX_CELL;
		if (layout->widths[i] < width)
			layout->widths[i] = width;
	}
}

/* Leaves columns out until there is room for what the table is about. */
static void drop_columns(const struct iq_trace_table *table,
			 struct layout *layout)
{
	unsigned width = table->text->term->width;

	for (unsigned order = 1; order < IQ_TRACE_COLUMNS; order++) {
		for (unsigned i = 0; i + 1 < table->num_columns; i++) {
			if (layout->used + MIN_LAST <= width)
				return;
			if (table->columns[i].drop != order)
				continue;
			layout->dropped[i] = true;
			layout->used -= layout->widths[i] + 2;
		}
	}
}

/* Number of rows that are shown at all. */
static uint64_t measure(struct iq_trace_table *table, struct layout *layout)
{
	uint64_t most = table->limit ? table->limit : UINT64_MAX;
	uint64_t shown = 0;

	for (unsigned i = 0; i < table->num_columns; i++)
		layout->widths[i] =
			iq_term_width(iq_str_of(table->columns[i].title));
	for (size_t i = 0; i < table->num_rows; i++) {
		struct iq_trace_row row;
		struct iq_term term;

		if (row_make(table, &term, i, &row) && shown++ < most)
			measure_row(table, layout, &row);
		row_end(table, &term);
	}
	for (unsigned i = 0; i + 1 < table->num_columns; i++)
		layout->used += layout->widths[i] + 2;
	drop_columns(table, layout);
	return shown;
}

static unsigned last_room(const struct iq_trace_table *table,
			  const struct layout *layout)
{
	unsigned width = table->text->term->width;

	return width > layout->used + 8 ? width - layout->used : 8;
}

/* Writes cells with blanks between, none at the end of a line. */
struct line {
	struct iq_term *term;
	unsigned blanks;
};

static void put_blanks(struct line *line)
{
	iq_term_spaces(line->term, line->blanks);
	line->blanks = 0;
}

static void put_cell(struct line *line, const struct iq_trace_column *column,
		     struct iq_str clean, unsigned width)
{
	unsigned rest;

	clean = iq_term_cut(line->term, clean, width);
	rest = width - iq_term_width(clean);
	if (!column->left)
		line->blanks += rest;
	if (clean.len) {
		put_blanks(line);
		iq_out_str(line->term->out, clean);
	}
	line->blanks += column->left ? rest + 2 : 2;
}

static void put_last(struct line *line, struct iq_str clean)
{
	if (clean.len)
		put_blanks(line);
	iq_out_str(line->term->out, clean);
}

static void put_titles(struct iq_trace_table *table,
		       const struct layout *layout)
{
	struct iq_term *term = table->text->term;
	struct line line = { .term = term };
	unsigned last = table->num_columns - 1;

	iq_out_char(term->out, '\n');
	iq_term_style(term, IQ_STYLE_DIM);
	for (unsigned i = 0; i < last; i++) {
		if (!layout->dropped[i])
			put_cell(&line, &table->columns[i],
				 iq_str_of(table->columns[i].title),
				 layout->widths[i]);
	}
	put_last(&line, iq_str_of(table->columns[last].title));
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_out_char(term->out, '\n');
}

static void put_row(struct iq_trace_table *table, const struct layout *layout,
		    struct iq_term *term, const struct iq_trace_row *row)
{
	const struct iq_report_options *options = table->text->options;
	struct line line = { .term = term };
	unsigned last = table->num_columns - 1;
	unsigned room = last_room(table, layout);

	for (unsigned i = 0; i < last; i++) {
		if (!layout->dropped[i])
			put_cell(&line, &table->columns[i], row->cells[i],
				 layout->widths[i]);
	}
	put_last(&line, row->site ? iq_term_site(term, row->site, room) :
				    iq_term_cut(term, row->text, room));
	iq_out_char(term->out, '\n');
	if (options->frames && row->stack)
		iq_line_frames(term, term->out, row->stack, options->frames,
			       options->runtime_frames);
}

static void put_rest(struct iq_trace_table *table, uint64_t rest)
{
	struct iq_term *term = table->text->term;
	char buf[IQ_WORDS_SIZE];

	iq_term_wrap(term,
		     iq_term_textf(term, "and %s more %s%s",
				   iq_words_number(buf, rest), table->plural,
				   table->hint ? table->hint : ""),
		     0, 3);
	iq_out_char(term->out, '\n');
}

void iq_trace_table(struct iq_trace_table *table)
{
	struct layout layout = { .used = 0 };
	uint64_t shown = measure(table, &layout);
	uint64_t left = table->limit ? table->limit : UINT64_MAX;

	if (!shown)
		return;
	put_titles(table, &layout);
	for (size_t i = 0; i < table->num_rows && left; i++) {
		struct iq_trace_row row;
		struct iq_term term;

		if (row_make(table, &term, i, &row)) {
			put_row(table, &layout, &term, &row);
			left--;
		}
		row_end(table, &term);
		if (term.out->err)
			return;
	}
	if (table->limit && shown > table->limit)
		put_rest(table, shown - table->limit);
}
