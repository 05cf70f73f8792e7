/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the formats of "trace" share, and the parts of its text: the trace alone
 * is looked at, without what other witnesses say.
 */
#ifndef IQ_REPORTS_TRACE_H
#define IQ_REPORTS_TRACE_H

#include "base/attr.h"
#include "base/error.h"
#include "model/trace.h"
#include "reports/emit_term.h"
#include "reports/report.h"

/*
 * Whether there is a trace to show, and in one of them the goroutine that is
 * asked for; the error says what is missing.
 */
struct iq_error *iq_trace_check(const struct iq_model *model) iq_must_check;

/* The wall clock at @ns of the trace's own; false if it is not known. */
bool iq_trace_wall(const struct iq_trace *trace, int64_t ns, int64_t *ret);

/* ---- text */

/* What is asked of a stack again and again. */
struct iq_trace_stack {
	/* The frame to name: the program's own, else the first that is not the
	 * runtime's, else the outermost; or NULL. */
	const struct iq_frame *site;
	/* Of the runtime's own goroutines or of the tracer's. */
	bool system;
};

struct iq_trace_text {
	const struct iq_facts *facts;
	const struct iq_trace *trace;
	const struct iq_report_options *options;
	struct iq_term *term;
	/* By stack->index. */
	const struct iq_trace_stack *stacks;
};

/*
 * "Mutex.Lock", "chan receive": what a wait is, in the words people know; the
 * event's own where these say more. Not clean.
 */
struct iq_str iq_trace_words(enum iq_gstatus state, struct iq_str reason,
			     const struct iq_stack *stack);
/* NULL is a stack without frames. */
struct iq_trace_stack iq_trace_stack(const struct iq_trace_text *text,
				     const struct iq_stack *stack);
/* A goroutine of the program, neither the runtime's nor the tracer's. */
bool iq_trace_is_own(const struct iq_trace_text *text,
		     const struct iq_trace_goroutine *g);
/* A start function of the runtime's own goroutines or of the tracer's. */
bool iq_trace_is_system_name(struct iq_str function);
/* All stacks of @facts, in @arena; NULL without memory. */
const struct iq_trace_stack *iq_trace_stacks(struct iq_arena *arena,
					     const struct iq_facts *facts);

/* A table: cells as wide as the widest, the last one as the terminal allows. */
#define IQ_TRACE_COLUMNS 8

struct iq_trace_column {
	const char *title;
	bool left;
	/* Where the last column has no room: 1 goes first, 0 stays. */
	unsigned char drop;
};

struct iq_trace_row {
	/* Clean. Those of the columns but the last. */
	struct iq_str cells[IQ_TRACE_COLUMNS];
	/* The last one: a frame or, if it is NULL, a clean text. */
	const struct iq_frame *site;
	struct iq_str text;
	/* Frames to show below, or NULL. */
	const struct iq_stack *stack;
};

struct iq_trace_table {
	const struct iq_trace_text *text;
	const struct iq_trace_column *columns;
	unsigned num_columns;
	/* Makes a row with texts that live in @term; false: none is shown. */
	bool (*make)(struct iq_trace_table *table, struct iq_term *term,
		     size_t index, struct iq_trace_row *row);
	const void *rows;
	size_t num_rows;
	/* At most so many are shown, 0: all. Says how many are not. */
	uint64_t limit;
	/* What the rows are called where some are left out: "places". */
	const char *plural;
	/* How the rest can be seen. */
	const char *hint;
};

/* Writes it after a blank line; nothing without rows. */
void iq_trace_table(struct iq_trace_table *table);
/* "5.1s" in @term. */
struct iq_str iq_trace_time(struct iq_term *term, int64_t ns);
/* "1,024" in @term. */
struct iq_str iq_trace_number(struct iq_term *term, uint64_t n);

/* "0.012345" in @term: seconds after @from. */
struct iq_str iq_trace_moment(struct iq_term *term, int64_t from, int64_t ns);
/* A start function in at most @columns, or "unknown". */
struct iq_str iq_trace_start(struct iq_term *term, struct iq_str name,
			     unsigned columns);

/* Where goroutines blocked; @all: no limit. */
struct iq_error *iq_trace_put_sites(const struct iq_trace_text *text, bool all)
	iq_must_check;
/* Who wakes whom. */
struct iq_error *iq_trace_put_wakes(const struct iq_trace_text *text)
	iq_must_check;
/* Those that wait at the end. */
void iq_trace_put_blocked(const struct iq_trace_text *text);
void iq_trace_put_goroutines(const struct iq_trace_text *text);
/* Tasks, regions and logs of the program. */
void iq_trace_put_tasks(const struct iq_trace_text *text);
void iq_trace_put_latency(const struct iq_trace_text *text);
void iq_trace_put_ranges(const struct iq_trace_text *text);
/* The life of the one that is asked for. */
void iq_trace_put_life(const struct iq_trace_text *text);

#endif
