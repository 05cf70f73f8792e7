/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of "trace": goroutines, what waits at the end, tasks. */
#include "reports/trace.h"

#include <inttypes.h>

/* ---- goroutines */

static struct iq_str now_words(struct iq_term *term,
			       const struct iq_trace_goroutine *g)
{
	return iq_term_clean(term, iq_trace_words(g->last_state, g->last_reason,
						  g->last_stack));
}

static bool make_goroutine(struct iq_trace_table *table, struct iq_term *term,
			   size_t index, struct iq_trace_row *row)
{
	const struct iq_trace_goroutine *g =
		(const struct iq_trace_goroutine *)table->rows + index;

	if (!table->text->options->all && !iq_trace_is_own(table->text, g))
		return false;
	row->cells[0] = iq_term_textf(term, "%" PRIu64, g->id);
	row->cells[1] = iq_trace_time(term, g->running_ns);
	row->cells[2] = iq_trace_time(term, g->runnable_ns);
	row->cells[3] = iq_trace_time(term, g->waiting_ns);
	row->cells[4] = iq_trace_time(term, g->syscall_ns);
	row->cells[5] = now_words(term, g);
	row->text = iq_trace_start(term, g->name, term->width);
	row->stack = g->last_stack;
	return true;
}

void iq_trace_put_goroutines(const struct iq_trace_text *text)
{
	static const struct iq_trace_column columns[] = {
		{ .title = "id" },
		{ .title = "running", .drop = 4 },
		{ .title = "runnable", .drop = 1 },
		{ .title = "waiting" },
		{ .title = "syscall", .drop = 2 },
		{ .title = "at the end", .left = true, .drop = 3 },
		{ .title = "started as" },
	};
	struct iq_trace_table table = {
		.text = text,
		.columns = columns,
		.num_columns = IQ_ARRAY_SIZE(columns),
		.make = make_goroutine,
		.rows = text->trace->goroutines,
		.num_rows = text->trace->num_goroutines,
		.limit = text->options->limit,
		.plural = "goroutines",
	};

	iq_trace_table(&table);
}

/* ---- what waits at the end */

/* "0.7s", ">=0.7s" of what was so when the trace began. */
static struct iq_str since(const struct iq_trace_text *text,
			   struct iq_term *term,
			   const struct iq_trace_goroutine *g)
{
	struct iq_str time =
		iq_trace_time(term, text->trace->end_ns - g->last_change_ns);

	return iq_term_textf(term, "%s%.*s", g->since_start ? ">=" : "",
			     IQ_STR_ARG(time));
}

static bool make_blocked(struct iq_trace_table *table, struct iq_term *term,
			 size_t index, struct iq_trace_row *row)
{
	const struct iq_trace_goroutine *g =
		(const struct iq_trace_goroutine *)table->rows + index;

	if (g->last_state != IQ_GSTATUS_WAITING &&
	    g->last_state != IQ_GSTATUS_SYSCALL)
		return false;
	if (!table->text->options->all && !iq_trace_is_own(table->text, g))
		return false;
	row->cells[0] = iq_term_textf(term, "%" PRIu64, g->id);
	row->cells[1] = since(table->text, term, g);
	row->cells[2] = now_words(term, g);
	row->site = iq_trace_stack(table->text, g->last_stack).site;
	row->text = iq_trace_start(term, g->name, term->width);
	row->stack = g->last_stack;
	return true;
}

void iq_trace_put_blocked(const struct iq_trace_text *text)
{
	static const struct iq_trace_column columns[] = {
		{ .title = "id" },
		{ .title = "since" },
		{ .title = "waits at the end", .left = true, .drop = 1 },
		{ .title = "in" },
	};
	struct iq_trace_table table = {
		.text = text,
		.columns = columns,
		.num_columns = IQ_ARRAY_SIZE(columns),
		.make = make_blocked,
		.rows = text->trace->goroutines,
		.num_rows = text->trace->num_goroutines,
		.limit = text->options->limit,
		.plural = "goroutines",
	};

	iq_trace_table(&table);
}

/* ---- what the program traced itself */

static bool make_task(struct iq_trace_table *table, struct iq_term *term,
		      size_t index, struct iq_trace_row *row)
{
	const struct iq_trace_task *t =
		(const struct iq_trace_task *)table->rows + index;
	const struct iq_trace *trace = table->text->trace;
	int64_t start = t->has_start ? t->start_ns : trace->start_ns;
	int64_t end = t->has_end ? t->end_ns : trace->end_ns;
	struct iq_str time = iq_trace_time(term, end - start);

	row->cells[0] = iq_term_textf(term, "%" PRIu64, t->id);
	row->cells[1] = t->parent ? iq_term_textf(term, "%" PRIu64, t->parent) :
				    IQ_STR("-");
	row->cells[2] = iq_term_textf(
		term, "%s%.*s",
		t->has_start && t->has_end ? "" : ">=", IQ_STR_ARG(time));
	row->cells[3] = t->has_end ? IQ_STR("done") : IQ_STR("open");
	row->text = t->name.len ? iq_term_clean(term, t->name) :
				  IQ_STR("unknown: it began before the trace");
	return true;
}

static bool make_region(struct iq_trace_table *table, struct iq_term *term,
			size_t index, struct iq_trace_row *row)
{
	const struct iq_trace_region *r =
		(const struct iq_trace_region *)table->rows + index;

	row->cells[0] = iq_trace_number(term, r->count);
	row->cells[1] = iq_trace_time(term, r->total_ns);
	row->text = iq_term_clean(term, r->name);
	return true;
}

static bool make_log(struct iq_trace_table *table, struct iq_term *term,
		     size_t index, struct iq_trace_row *row)
{
	const struct iq_trace_log *l =
		(const struct iq_trace_log *)table->rows + index;
	struct iq_str category = iq_term_clean(term, l->category);
	struct iq_str message = iq_term_clean(term, l->message);

	row->cells[0] =
		iq_trace_moment(term, table->text->trace->start_ns, l->time_ns);
	row->cells[1] = l->has_goroutine ?
				iq_term_textf(term, "%" PRIu64, l->goroutine) :
				IQ_STR("-");
	row->cells[2] = l->task ? iq_term_textf(term, "%" PRIu64, l->task) :
				  IQ_STR("-");
	row->text =
		iq_term_textf(term, "%.*s%s%.*s", IQ_STR_ARG(category),
			      category.len ? ": " : "", IQ_STR_ARG(message));
	return true;
}

void iq_trace_put_tasks(const struct iq_trace_text *text)
{
	static const struct iq_trace_column tasks[] = {
		{ .title = "task" },
		{ .title = "parent", .drop = 1 },
		{ .title = "took" },
		{ .title = "state", .left = true, .drop = 2 },
		{ .title = "name" },
	};
	static const struct iq_trace_column regions[] = {
		{ .title = "n" },
		{ .title = "total" },
		{ .title = "region" },
	};
	static const struct iq_trace_column logs[] = {
		{ .title = "at" },
		{ .title = "goroutine", .drop = 2 },
		{ .title = "task", .drop = 1 },
		{ .title = "log" },
	};
	struct iq_trace_table table = {
		.text = text,
		.columns = tasks,
		.num_columns = IQ_ARRAY_SIZE(tasks),
		.make = make_task,
		.rows = text->trace->tasks,
		.num_rows = text->trace->num_tasks,
		.limit = text->options->limit,
		.plural = "tasks",
	};

	iq_trace_table(&table);
	table.columns = regions;
	table.num_columns = IQ_ARRAY_SIZE(regions);
	table.make = make_region;
	table.rows = text->trace->regions;
	table.num_rows = text->trace->num_regions;
	table.plural = "regions";
	iq_trace_table(&table);
	table.columns = logs;
	table.num_columns = IQ_ARRAY_SIZE(logs);
	table.make = make_log;
	table.rows = text->trace->logs;
	table.num_rows = text->trace->num_logs;
	table.plural = "logs";
	iq_trace_table(&table);
}
