/* SPDX-License-Identifier: Apache-2.0 */
/* How long things took in a trace, and what the runtime itself did. */
#include "reports/trace.h"

struct spread_row {
	const char *name;
	const struct iq_trace_spread *spread;
};

/* What 99 of 100 are below: a power of two, for these are counted. */
static int64_t below(const struct iq_trace_spread *spread)
{
	uint64_t want = spread->count - spread->count / 100;
	uint64_t seen = 0;

	for (unsigned i = 0; i + 1 < IQ_ARRAY_SIZE(spread->buckets); i++) {
		int64_t end = (int64_t)2 << i;

		seen += spread->buckets[i];
		if (seen >= want && end <= spread->longest_ns)
			return end;
	}
	return spread->longest_ns;
}

static bool make_spread(struct iq_trace_table *table, struct iq_term *term,
			size_t index, struct iq_trace_row *row)
{
	const struct spread_row *r =
		(const struct spread_row *)table->rows + index;
	const struct iq_trace_spread *s = r->spread;

	if (!s->count)
		return false;
	row->cells[0] = iq_trace_number(term, s->count);
	row->cells[1] = iq_trace_time(term, s->total_ns);
	row->cells[2] = iq_trace_time(term, s->total_ns / (int64_t)s->count);
	row->cells[3] = iq_trace_time(term, below(s));
	row->cells[4] = iq_trace_time(term, s->longest_ns);
	row->text = iq_str_of(r->name);
	return true;
}

void iq_trace_put_latency(const struct iq_trace_text *text)
{
	static const struct iq_trace_column columns[] = {
		{ .title = "n" },
		{ .title = "total", .drop = 3 },
		{ .title = "mean", .drop = 1 },
		{ .title = "99% below", .drop = 2 },
		{ .title = "longest" },
		{ .title = "how long it took" },
	};
	const struct iq_trace *t = text->trace;
	const struct spread_row rows[] = {
		{ "from woken to running", &t->wake_latency },
		{ "from created to running", &t->create_latency },
		{ "from preempted to running", &t->preempt_latency },
		{ "wait for the network", &t->network },
		{ "system call", &t->syscall },
	};
	struct iq_trace_table table = {
		.text = text,
		.columns = columns,
		.num_columns = IQ_ARRAY_SIZE(columns),
		.make = make_spread,
		.rows = rows,
		.num_rows = IQ_ARRAY_SIZE(rows),
	};

	iq_trace_table(&table);
}

static bool make_range(struct iq_trace_table *table, struct iq_term *term,
		       size_t index, struct iq_trace_row *row)
{
	const struct iq_trace_range *r =
		(const struct iq_trace_range *)table->rows + index;

	row->cells[0] = iq_trace_number(term, r->count);
	row->cells[1] = iq_trace_time(term, r->total_ns);
	row->cells[2] = iq_trace_time(term, r->longest_ns);
	row->text = iq_term_clean(term, r->name);
	return true;
}

void iq_trace_put_ranges(const struct iq_trace_text *text)
{
	static const struct iq_trace_column columns[] = {
		{ .title = "n" },
		{ .title = "total" },
		{ .title = "longest" },
		{ .title = "the runtime did" },
	};
	struct iq_trace_table table = {
		.text = text,
		.columns = columns,
		.num_columns = IQ_ARRAY_SIZE(columns),
		.make = make_range,
		.rows = text->trace->ranges,
		.num_rows = text->trace->num_ranges,
	};

	iq_trace_table(&table);
}
