/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where goroutines blocked and who woke them, by the place that a person would
 * open: a trace tells stacks apart, of which many lead to one line.
 */
#include "reports/trace.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "model/frame.h"

/* Rows of the summary. */
#define MAX_SITES 10
#define MAX_WAKES 6

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* ---- where they blocked */

struct place {
	struct iq_str words;
	const struct iq_frame *frame; /* NULL if unknown */
	const struct iq_stack *stack; /* the one with the longest total */
	uint64_t count;
	uint64_t num_open;
	int64_t total_ns;
	int64_t longest_ns;
	/* The longest may have been longer: its begin or end is not there. */
	bool at_least;
	/* In the trace's order. */
	size_t rank;
	bool system;
};

static int by_place(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;
	int order = iq_str_compare(a->words, b->words);

	if (!order)
		order = iq_frame_compare(a->frame, b->frame);
	return order ? order : compare_u64(a->rank, b->rank);
}

static int by_total(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;

	if (a->total_ns != b->total_ns)
		return a->total_ns < b->total_ns ? 1 : -1;
	return by_place(pa, pb);
}

static void place_add(struct place *to, const struct place *from)
{
	to->count += from->count;
	to->num_open += from->num_open;
	// Hostile times may be anything.
	if (__builtin_add_overflow(to->total_ns, from->total_ns, &to->total_ns))
		to->total_ns = INT64_MAX;
	if (from->longest_ns > to->longest_ns) {
		to->longest_ns = from->longest_ns;
		to->at_least = from->at_least;
	}
	to->system &= from->system;
}

static size_t merge_places(struct place *places, size_t num)
{
	size_t kept = 0;

	qsort(places, num, sizeof(*places), by_place);
	for (size_t i = 0; i < num; i++) {
		struct place *last = kept ? &places[kept - 1] : NULL;

		if (last && iq_str_equal(last->words, places[i].words) &&
		    !iq_frame_compare(last->frame, places[i].frame))
			place_add(last, &places[i]);
		else
			places[kept++] = places[i];
	}
	qsort(places, kept, sizeof(*places), by_total);
	return kept;
}

static struct place place_of(const struct iq_trace_text *text,
			     const struct iq_trace_site *site, size_t rank)
{
	struct iq_trace_stack stack = iq_trace_stack(text, site->stack);

	return (struct place){
		.words = iq_trace_words(IQ_GSTATUS_WAITING, site->reason,
					site->stack),
		.frame = stack.site,
		.stack = site->stack,
		.count = site->count,
		.num_open = site->num_open,
		.total_ns = site->total_ns,
		.longest_ns = site->longest_ns,
		.at_least = site->num_open ||
			    iq_str_equal(site->reason,
					 IQ_STR("(before the trace)")),
		.rank = rank,
		.system = stack.system,
	};
}

static bool make_place(struct iq_trace_table *table, struct iq_term *term,
		       size_t index, struct iq_trace_row *row)
{
	const struct place *p = (const struct place *)table->rows + index;
	struct iq_str longest = iq_trace_time(term, p->longest_ns);

	if (!p->frame || (p->system && !table->text->options->all))
		return false;
	row->cells[0] = iq_trace_number(term, p->count);
	row->cells[1] =
		p->num_open ? iq_trace_number(term, p->num_open) : IQ_STR("-");
	row->cells[2] = iq_trace_time(term, p->total_ns);
	row->cells[3] = iq_term_textf(term, "%s%.*s", p->at_least ? ">=" : "",
				      IQ_STR_ARG(longest));
	row->cells[4] = iq_term_clean(term, p->words);
	row->site = p->frame;
	row->stack = p->stack;
	return true;
}

/* Goroutines that woke up early in the trace, and coroutines. */
static void put_unknown(const struct iq_trace_text *text,
			const struct place *places, size_t num)
{
	struct place sum = { .count = 0 };
	struct iq_term *term = text->term;

	for (size_t i = 0; i < num; i++) {
		if (!places[i].frame)
			place_add(&sum, &places[i]);
	}
	if (!sum.count)
		return;
	iq_term_wrap(
		term,
		iq_term_textf(
			term,
			"without a stack in the trace: %.*s wait%s, %.*s in "
			"all, %.*s still",
			IQ_STR_ARG(iq_trace_number(term, sum.count)),
			sum.count == 1 ? "" : "s",
			IQ_STR_ARG(iq_trace_time(term, sum.total_ns)),
			IQ_STR_ARG(iq_trace_number(term, sum.num_open))),
		0, 3);
	iq_out_char(term->out, '\n');
}

struct iq_error *iq_trace_put_sites(const struct iq_trace_text *text, bool all)
{
	static const struct iq_trace_column columns[] = {
		{ .title = "waits" },
		{ .title = "still", .drop = 3 },
		{ .title = "total", .drop = 1 },
		{ .title = "longest", .drop = 2 },
		{ .title = "waits for", .left = true, .drop = 4 },
		{ .title = "in" },
	};
	const struct iq_trace *t = text->trace;
	struct iq_trace_table table = {
		.text = text,
		.columns = columns,
		.num_columns = IQ_ARRAY_SIZE(columns),
		.make = make_place,
		.limit = text->options->limit,
		.plural = "places",
		.hint = all ? NULL : " (--blocked lists them)",
	};
	iq_cleanup(iq_freep) struct place *places =
		calloc(t->num_sites + 1, sizeof(*places));

	if (!places)
		return &iq_enomem;
	for (size_t i = 0; i < t->num_sites; i++)
		places[i] = place_of(text, &t->sites[i], i);
	table.rows = places;
	table.num_rows = merge_places(places, t->num_sites);
	if (!table.limit && !all && !text->options->all)
		table.limit = MAX_SITES;
	iq_trace_table(&table);
	put_unknown(text, places, table.num_rows);
	return NULL;
}

/* ---- who wakes whom */

struct wake {
	const struct iq_frame *frame;
	bool nobody;
	struct iq_str woken;
	uint64_t count;
};

static int compare_wakes(const struct wake *a, const struct wake *b)
{
	int order = iq_str_compare(a->woken, b->woken);

	if (!order)
		order = a->nobody - b->nobody;
	return order ? order : iq_frame_compare(a->frame, b->frame);
}

static int by_waker(const void *a, const void *b)
{
	return compare_wakes(a, b);
}

static int by_count(const void *pa, const void *pb)
{
	const struct wake *a = pa, *b = pb;
	int order = compare_u64(b->count, a->count);

	return order ? order : compare_wakes(a, b);
}

static size_t merge_wakes(struct wake *wakes, size_t num)
{
	size_t kept = 0;

	qsort(wakes, num, sizeof(*wakes), by_waker);
	for (size_t i = 0; i < num; i++) {
		if (kept && !compare_wakes(&wakes[kept - 1], &wakes[i]))
			wakes[kept - 1].count += wakes[i].count;
		else
			wakes[kept++] = wakes[i];
	}
	qsort(wakes, kept, sizeof(*wakes), by_count);
	return kept;
}

static bool make_wake(struct iq_trace_table *table, struct iq_term *term,
		      size_t index, struct iq_trace_row *row)
{
	const struct wake *w = (const struct wake *)table->rows + index;
	struct iq_frame woken = { .function = w->woken };

	row->cells[0] = iq_trace_number(term, w->count);
	row->cells[1] = w->woken.len ? iq_term_site(term, &woken, 24) :
				       IQ_STR("unknown");
	row->site = w->frame;
	row->text = w->nobody ?
			    IQ_STR("no goroutine: network, timer, scheduler") :
			    IQ_STR("unknown");
	return true;
}

/* The runtime's own work among itself is no news. */
static bool is_system_wake(const struct iq_trace_text *text,
			   const struct iq_trace_wake *wake)
{
	return iq_trace_is_system_name(wake->woken) ||
	       iq_trace_stack(text, wake->stack).system;
}

struct iq_error *iq_trace_put_wakes(const struct iq_trace_text *text)
{
	static const struct iq_trace_column columns[] = {
		{ .title = "wakes" },
		{ .title = "of", .left = true, .drop = 1 },
		{ .title = "by" },
	};
	const struct iq_trace *t = text->trace;
	struct iq_trace_table table = {
		.text = text,
		.columns = columns,
		.num_columns = IQ_ARRAY_SIZE(columns),
		.make = make_wake,
		.limit = text->options->limit,
		.plural = "pairs",
		.hint = " (--all lists them)",
	};
	iq_cleanup(iq_freep) struct wake *wakes =
		calloc(t->num_wakes + 1, sizeof(*wakes));
	size_t num = 0;

	if (!wakes)
		return &iq_enomem;
	for (size_t i = 0; i < t->num_wakes; i++) {
		const struct iq_trace_wake *w = &t->wakes[i];

		if (!text->options->all && is_system_wake(text, w))
			continue;
		wakes[num++] = (struct wake){
			.frame = iq_trace_stack(text, w->stack).site,
			.nobody = !w->stack,
			.woken = w->woken,
			.count = w->count,
		};
	}
	table.rows = wakes;
	table.num_rows = merge_wakes(wakes, num);
	if (!table.limit && !text->options->all)
		table.limit = MAX_WAKES;
	iq_trace_table(&table);
	return NULL;
}
