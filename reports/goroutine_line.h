/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the goroutine lists print of one: its state in the words people know,
 * the frame it is stuck in, the frames worth showing.
 */
#ifndef IQ_REPORTS_GOROUTINE_LINE_H
#define IQ_REPORTS_GOROUTINE_LINE_H

#include "model/model.h"
#include "reports/emit_term.h"

/* "chan send", "Mutex.Lock", "running"; the runtime's words where these say
 * more. Not clean. */
struct iq_str iq_line_state(const struct iq_goroutine_fact *fact,
			    enum iq_wait_class class);

/* The frame to name: the program's own, else the first; NULL without one. */
const struct iq_frame *iq_line_site(const struct iq_model *model,
				    const struct iq_goroutine *goroutine);

/*
 * "--frames N": writes @num frames of @stack, one a line, indented, without
 * the runtime's plumbing unless @runtime.
 */
void iq_line_frames(struct iq_term *term, struct iq_out *out,
		    const struct iq_stack *stack, unsigned num, bool runtime);

/* " k=v k2=v2" */
void iq_line_labels(const struct iq_term *term, struct iq_out *out,
		    const struct iq_labels *labels);

/* "67 goroutines, 8 of them the runtime's own (not listed; see --all)". */
void iq_line_heading(struct iq_term *term, const struct iq_model *model,
		     const struct iq_report_options *options);

/* "none could be read: the core ends at …", where something is missing and not
 * one is known; empty otherwise. */
struct iq_str iq_line_none(struct iq_term *term, const struct iq_model *model);

/*
 * "the list is incomplete: the core ends at …": the worst that keeps goroutines
 * from being listed, where some are; empty if none is known.
 */
struct iq_str iq_line_incomplete(struct iq_term *term,
				 const struct iq_model *model);

/* "goroutines -g": groups by options->group_by. */
struct iq_error *
iq_goroutine_groups_render(const struct iq_model *model,
			   const struct iq_report_options *options,
			   struct iq_term *term) iq_must_check;

#endif
