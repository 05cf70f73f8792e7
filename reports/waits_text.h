/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of "waits" as text. */
#ifndef IQ_REPORTS_WAITS_TEXT_H
#define IQ_REPORTS_WAITS_TEXT_H

#include "reports/wait_lines.h"

struct iq_waits_text {
	struct iq_waits *waits;
	struct iq_term *term;
	const struct iq_report_options *options;
	struct iq_wait_lines lines;
	/* At most so many of each; SIZE_MAX: all. */
	size_t max_cycles, max_blockers, max_shapes;
	/* By goroutine: what it waits for was told before the objects are. */
	bool *told;
	/* By goroutine: index of the first finding that it is in, or
	 * IQ_GRAPH_NONE; NULL: it is not told. */
	uint32_t *finding_of;
	/* By cycle: the blocker that it is; NULL, or IQ_GRAPH_NONE. */
	uint32_t *blocker_of_cycle;
};

/* @words from @column on, wrapped, and a newline; the line is empty up to
 * @begin. */
void iq_waits_put(struct iq_waits_text *text, unsigned begin, unsigned indent,
		  struct iq_str words);
/* The objects of @shape: what they are, who waits, who could wake them. */
struct iq_error *iq_waits_put_shape(struct iq_waits_text *text,
				    const struct iq_waits_shape *shape)
	iq_must_check;
/* A cycle with all its edges. */
void iq_waits_put_cycle(struct iq_waits_text *text, size_t index);
/* Goroutines by site, a line each, at most @max lines. */
struct iq_error *iq_waits_put_sites(struct iq_waits_text *text,
				    const uint32_t *goroutines, size_t num,
				    size_t max) iq_must_check;
/* What no other goroutine can end: sleeps, system calls, nil channels; and what
 * is not known. */
struct iq_error *iq_waits_put_alone(struct iq_waits_text *text) iq_must_check;

/* All that @goroutine waits for, then the way to who keeps it waiting. */
struct iq_error *iq_waits_put_nodes(struct iq_waits_text *text,
				    uint32_t goroutine) iq_must_check;
void iq_waits_put_chain(struct iq_waits_text *text, uint32_t goroutine);

/* "waits --of ID". */
struct iq_error *iq_waits_put_of(struct iq_waits_text *text) iq_must_check;

#endif
