/* SPDX-License-Identifier: Apache-2.0 */
/* "trace --of ID": the life of one goroutine, span by span. */
#include "reports/trace.h"

#include <inttypes.h>

#include "reports/words.h"

static struct iq_str waker(struct iq_term *term,
			   const struct iq_trace_span *span)
{
	if (span->has_waker)
		return iq_term_textf(term, "%" PRIu64, span->waker);
	if (span->state != IQ_GSTATUS_WAITING)
		return IQ_STR("");
	return span->open ? IQ_STR("-") : IQ_STR("none");
}

static bool make_span(struct iq_trace_table *table, struct iq_term *term,
		      size_t index, struct iq_trace_row *row)
{
	const struct iq_trace_span *s =
		(const struct iq_trace_span *)table->rows + index;
	struct iq_str words = iq_trace_words(s->state, s->reason, s->stack);
	struct iq_str time = iq_trace_time(term, s->end_ns - s->start_ns);
	struct iq_str before = IQ_STR("");

	if (s->open ||
	    (index == 0 && s->start_ns == table->text->trace->start_ns))
		before = IQ_STR(">=");
	row->cells[0] = iq_trace_moment(term, table->text->trace->start_ns,
					s->start_ns);
	row->cells[1] = iq_term_textf(term, "%.*s%.*s", IQ_STR_ARG(before),
				      IQ_STR_ARG(time));
	row->cells[2] = iq_term_clean(term, words);
	row->cells[3] = waker(term, s);
	row->site = iq_trace_stack(table->text, s->stack).site;
	// Why it stopped, where the state alone does not say.
	if (!row->site && s->state != IQ_GSTATUS_WAITING)
		row->text = iq_term_clean(term, s->reason);
	row->stack = s->stack;
	return true;
}

static void put_origin(const struct iq_trace_text *text,
		       const struct iq_trace_goroutine *g)
{
	struct iq_term *term = text->term;
	const struct iq_frame *site =
		iq_trace_stack(text, g->creator_stack).site;

	if (!g->has_created) {
		iq_out_cstr(term->out, "  was there before the trace began\n");
		return;
	}
	iq_out_cstr(term->out, "  created at ");
	iq_out_str(term->out,
		   iq_trace_moment(term, text->trace->start_ns, g->created_ns));
	if (g->has_creator)
		iq_out_printf(term->out, " by goroutine %" PRIu64, g->creator);
	if (site) {
		iq_out_cstr(term->out, "\n  in ");
		iq_out_str(term->out,
			   iq_term_site(term, site, term->width - 5));
	}
	iq_out_char(term->out, '\n');
}

static void put_states(const struct iq_trace_text *text,
		       const struct iq_trace_goroutine *g)
{
	char run[IQ_WORDS_SIZE], able[IQ_WORDS_SIZE], wait[IQ_WORDS_SIZE],
		call[IQ_WORDS_SIZE], wakes[IQ_WORDS_SIZE];
	struct iq_term *term = text->term;

	iq_out_cstr(term->out, "  ");
	iq_term_wrap(
		term,
		iq_term_textf(
			term,
			"running %s, runnable %s, waiting %s, in system calls "
			"%s; woken %s times%s",
			iq_words_duration(run, g->running_ns),
			iq_words_duration(able, g->runnable_ns),
			iq_words_duration(wait, g->waiting_ns),
			iq_words_duration(call, g->syscall_ns),
			iq_words_number(wakes, g->num_wakes),
			g->has_ended ? ", ended" : ""),
		2, 2);
	iq_out_char(term->out, '\n');
}

void iq_trace_put_life(const struct iq_trace_text *text)
{
	static const struct iq_trace_column columns[] = {
		{ .title = "at", .drop = 2 },
		{ .title = "for" },
		{ .title = "state", .left = true },
		{ .title = "woken by", .drop = 1 },
		{ .title = "in" },
	};
	const struct iq_trace *t = text->trace;
	const struct iq_trace_goroutine *g = iq_trace_find(t, t->of);
	struct iq_trace_table table = {
		.text = text,
		.columns = columns,
		.num_columns = IQ_ARRAY_SIZE(columns),
		.make = make_span,
		.rows = t->spans,
		.num_rows = t->num_spans,
		.limit = text->options->limit,
		.plural = "spans",
	};
	struct iq_term *term = text->term;

	if (!g)
		return;
	iq_out_printf(term->out, "\ngoroutine %" PRIu64 "  ", g->id);
	iq_out_str(term->out, iq_trace_start(term, g->name, term->width - 32));
	iq_out_char(term->out, '\n');
	put_origin(text, g);
	put_states(text, g);
	iq_trace_table(&table);
}
