/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "trace" as text: what is missing, the window that it shows, where goroutines
 * blocked, how long things took; or the lists that are asked for.
 */
#include "reports/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "reports/words.h"

/* Problems that are shown, unless all are asked for. */
#define MAX_PROBLEMS 5

/* ---- head */

/* "2026-11-21 07:55:02.123 UTC" */
static struct iq_str wall_words(struct iq_term *term, int64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	char text[32];
	struct tm tm;

	if (ns < 0 || !gmtime_r(&seconds, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		return IQ_STR("unknown");
	return iq_term_textf(term, "%s.%03u UTC", text,
			     (unsigned)(ns / 1000000 % 1000));
}

static void put_window(const struct iq_trace_text *text)
{
	const struct iq_trace *t = text->trace;
	struct iq_term *term = text->term;
	struct iq_str line;
	int64_t wall;

	if (iq_trace_wall(t, t->start_ns, &wall))
		line = iq_term_textf(term, "began %.*s",
				     IQ_STR_ARG(wall_words(term, wall)));
	else if (t->is_nanotime)
		line = iq_term_textf(
			term, "began %.*s s after boot; wall time unknown",
			IQ_STR_ARG(iq_trace_moment(term, 0, t->start_ns)));
	else
		line = IQ_STR("wall time unknown; its clock is its own");
	if (!t->from_start)
		line = iq_term_textf(term,
				     "%.*s; a window: it was recorded before "
				     "and is not kept",
				     IQ_STR_ARG(line));
	iq_term_wrap(term, line, 0, 3);
	iq_out_char(term->out, '\n');
}

static void put_identity(const struct iq_trace_text *text)
{
	const struct iq_trace *t = text->trace;
	struct iq_term *term = text->term;
	struct iq_str path = iq_str_basename(text->facts->witness.path);
	struct iq_str line = iq_term_textf(
		term, "%.*s  %.*s of Go %.*s's format, %.*s event%s, %s",
		IQ_STR_ARG(iq_term_clean(term, path)),
		IQ_STR_ARG(iq_trace_time(term, t->end_ns - t->start_ns)),
		IQ_STR_ARG(iq_term_clean(term, t->version)),
		IQ_STR_ARG(iq_trace_number(term, t->num_events)),
		t->num_events == 1 ? "" : "s",
		text->facts->witness.complete ? "whole" : "not whole");

	iq_term_style(term, IQ_STYLE_BOLD);
	iq_term_wrap(term, line, 0, 3);
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_out_char(term->out, '\n');
}

/* "at byte 0x1f40: ..." */
static struct iq_str problem_words(struct iq_term *term,
				   const struct iq_gap *gap)
{
	struct iq_str place = IQ_STR("");
	struct iq_str times = IQ_STR("");

	if (gap->has_offset)
		place = iq_term_textf(term, "byte 0x%" PRIx64 ": ",
				      gap->offset);
	if (gap->count > 1)
		times = iq_term_textf(term, " (%" PRIu64 " times)", gap->count);
	return iq_term_textf(term, "%.*s%.*s%.*s", IQ_STR_ARG(place),
			     IQ_STR_ARG(iq_term_clean(term, gap->text)),
			     IQ_STR_ARG(times));
}

static void put_problems(const struct iq_trace_text *text)
{
	const struct iq_facts *facts = text->facts;
	struct iq_term *term = text->term;
	size_t num = facts->gaps.len;
	size_t shown = num;

	if (!num)
		return;
	if (!text->options->all && shown > MAX_PROBLEMS)
		shown = MAX_PROBLEMS;
	iq_term_style(term, IQ_STYLE_WARN);
	iq_out_cstr(term->out, "INCOMPLETE");
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_out_cstr(term->out, "  ");
	iq_term_wrap(term,
		     IQ_STR("what follows is what could be read; figures are "
			    "of that part"),
		     12, 12);
	iq_out_char(term->out, '\n');
	for (size_t i = 0; i < shown; i++) {
		iq_out_cstr(term->out, "   ");
		iq_term_wrap(term, problem_words(term, &facts->gaps.data[i]), 3,
			     3);
		iq_out_char(term->out, '\n');
	}
	if (shown < num)
		iq_out_printf(term->out, "   and %zu more (--all)\n",
			      num - shown);
	iq_out_char(term->out, '\n');
}

/* ---- goroutines */

struct totals {
	uint64_t num, before, created, ended, own;
	uint64_t running, runnable, waiting, syscall;
};

static struct totals count_goroutines(const struct iq_trace_text *text)
{
	const struct iq_trace *t = text->trace;
	struct totals sum = { .num = t->num_goroutines };

	for (size_t i = 0; i < t->num_goroutines; i++) {
		const struct iq_trace_goroutine *g = &t->goroutines[i];

		sum.created += g->has_created;
		sum.before += !g->has_created;
		sum.ended += g->has_ended;
		if (!iq_trace_is_own(text, g))
			continue;
		sum.own++;
		sum.running += (uint64_t)g->running_ns;
		sum.runnable += (uint64_t)g->runnable_ns;
		sum.waiting += (uint64_t)g->waiting_ns;
		sum.syscall += (uint64_t)g->syscall_ns;
	}
	return sum;
}

static void put_population(const struct iq_trace_text *text,
			   const struct totals *sum)
{
	const struct iq_trace *t = text->trace;
	struct iq_term *term = text->term;
	char num[IQ_WORDS_SIZE], before[IQ_WORDS_SIZE], made[IQ_WORDS_SIZE],
		ended[IQ_WORDS_SIZE], left[IQ_WORDS_SIZE];

	iq_term_wrap(
		term,
		iq_term_textf(
			term,
			"%s goroutine%s: %s there before, %s created, %s ended, "
			"%s at the end; %" PRIu64 " the runtime's own; "
			"%" PRIu64 " thread%s, %" PRIu64 " processor%s",
			iq_words_number(num, sum->num),
			sum->num == 1 ? "" : "s",
			iq_words_number(before, sum->before),
			iq_words_number(made, sum->created),
			iq_words_number(ended, sum->ended),
			iq_words_number(left, sum->num - sum->ended),
			sum->num - sum->own, t->num_threads,
			t->num_threads == 1 ? "" : "s", t->num_procs,
			t->num_procs == 1 ? "" : "s"),
		0, 3);
	iq_out_char(term->out, '\n');
}

/* "running 1.2s (3%)" */
static struct iq_str share(struct iq_term *term, const char *name, uint64_t ns,
			   uint64_t all)
{
	unsigned percent =
		all ? (unsigned)((double)ns / (double)all * 100 + 0.5) : 0;
	int64_t time = ns > INT64_MAX ? INT64_MAX : (int64_t)ns;

	return iq_term_textf(term, "%s %.*s (%u%%)", name,
			     IQ_STR_ARG(iq_trace_time(term, time)), percent);
}

static void put_shares(const struct iq_trace_text *text,
		       const struct totals *sum)
{
	struct iq_term *term = text->term;
	uint64_t all =
		sum->running + sum->runnable + sum->waiting + sum->syscall;
	struct iq_str line = iq_term_textf(
		term, "the program's: %.*s, %.*s, %.*s, %.*s",
		IQ_STR_ARG(share(term, "running", sum->running, all)),
		IQ_STR_ARG(share(term, "runnable", sum->runnable, all)),
		IQ_STR_ARG(share(term, "in system calls", sum->syscall, all)),
		IQ_STR_ARG(share(term, "waiting", sum->waiting, all)));

	if (!sum->own)
		return;
	iq_term_wrap(term, line, 0, 3);
	iq_out_char(term->out, '\n');
}

/* ---- end */

static uint64_t count_open(const struct iq_trace *t)
{
	uint64_t num = 0;

	for (size_t i = 0; i < t->num_tasks; i++)
		num += !t->tasks[i].has_end;
	return num;
}

static void put_annotations(const struct iq_trace_text *text)
{
	const struct iq_trace *t = text->trace;
	struct iq_term *term = text->term;
	uint64_t regions = 0;

	for (size_t i = 0; i < t->num_regions; i++)
		regions += t->regions[i].count;
	if (!t->num_tasks && !regions && !t->num_logs)
		return;
	iq_out_char(term->out, '\n');
	iq_term_wrap(
		term,
		iq_term_textf(
			term,
			"the program's own: %.*s tasks (%.*s not ended), %.*s "
			"regions, %.*s logs (--tasks lists them)",
			IQ_STR_ARG(iq_trace_number(term, t->num_tasks)),
			IQ_STR_ARG(iq_trace_number(term, count_open(t))),
			IQ_STR_ARG(iq_trace_number(term, regions)),
			IQ_STR_ARG(iq_trace_number(term, t->num_logs))),
		0, 3);
	iq_out_char(term->out, '\n');
}

static struct iq_error *put_summary(const struct iq_trace_text *text)
{
	struct totals sum = count_goroutines(text);
	struct iq_error *err;

	put_population(text, &sum);
	put_shares(text, &sum);
	err = iq_trace_put_sites(text, false);
	if (err)
		return err;
	iq_trace_put_latency(text);
	iq_trace_put_ranges(text);
	err = iq_trace_put_wakes(text);
	if (err)
		return err;
	put_annotations(text);
	return NULL;
}

static struct iq_error *put_trace(const struct iq_trace_text *text)
{
	const struct iq_report_options *o = text->options;
	struct iq_error *err = NULL;

	put_problems(text);
	put_identity(text);
	put_window(text);
	if (text->trace->has_of) {
		iq_trace_put_life(text);
		return NULL;
	}
	if (!o->trace_blocked && !o->trace_goroutines && !o->trace_tasks)
		return put_summary(text);
	if (o->trace_blocked) {
		err = iq_trace_put_sites(text, true);
		iq_trace_put_blocked(text);
	}
	if (o->trace_goroutines)
		iq_trace_put_goroutines(text);
	if (o->trace_tasks)
		iq_trace_put_tasks(text);
	return err;
}

static struct iq_error *
trace_text_render(const struct iq_model *model,
		  const struct iq_report_options *options, struct iq_out *out)
{
	struct iq_error *err = iq_trace_check(model);
	struct iq_term term;
	size_t num = 0;

	if (err)
		return err;
	iq_term_init(&term, options, out);
	for (size_t i = 0; i < model->num_witnesses && !err; i++) {
		const struct iq_facts *facts = model->witnesses[i];
		struct iq_trace_text text = {
			.facts = facts,
			.trace = facts->trace,
			.options = options,
			.term = &term,
		};

		if (!facts->trace)
			continue;
		text.stacks = iq_trace_stacks(&term.arena, facts);
		if (num++)
			iq_out_char(out, '\n');
		err = text.stacks ? put_trace(&text) : &iq_enomem;
	}
	if (!err)
		err = iq_term_done(&term);
	iq_term_deinit(&term);
	return err;
}

const struct iq_report iq_report_trace_text = {
	.command = "trace",
	.format = "text",
	.summary = "what goroutines did, where they blocked, who woke them",
	.stage = IQ_STAGE_READ,
	.render = trace_text_render,
};
