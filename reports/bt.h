/* SPDX-License-Identifier: Apache-2.0 */
/* What the formats of "bt" share. */
#ifndef IQ_REPORTS_BT_H
#define IQ_REPORTS_BT_H

#include "base/attr.h"
#include "base/error.h"
#include "reports/blocks.h"
#include "reports/goroutine_select.h"
#include "reports/report.h"

/*
 * Which goroutines are asked for: model->goroutines[*@begin .. *@end). An id
 * that is not there is an error.
 */
struct iq_error *iq_bt_range(const struct iq_model *model,
			     const struct iq_report_options *options,
			     size_t *begin, size_t *end) iq_must_check;
/* The same, and of all only those of which the conditions hold, in the order
 * that is asked for, the limit's number at most. */
struct iq_error *iq_bt_select(const struct iq_model *model,
			      const struct iq_report_options *options,
			      struct iq_selection *ret) iq_must_check;

/* A text that is being made. */
struct iq_bt {
	const struct iq_model *model;
	const struct iq_report_options *options;
	struct iq_out *out;
	struct iq_blocks blocks;
	/* Some frame was left out. */
	bool hidden;
};

/* What a block is of: a stack is 0, others count on. */
enum { IQ_BT_STACK };

/* Frame by frame; @stack may be NULL. */
void iq_bt_stack_put(struct iq_bt *bt, const struct iq_stack *stack);
/* The function's name, and file and line, of one frame. */
void iq_bt_name_put(struct iq_bt *bt, struct iq_out *out,
		    const struct iq_frame *frame);
void iq_bt_place_put(struct iq_bt *bt, struct iq_out *out,
		     const struct iq_frame *frame);

/* The threads of all witnesses that know them, as text and as JSON. */
void iq_bt_threads_put(struct iq_bt *bt);
struct iq_error *iq_bt_threads_json(const struct iq_model *model,
				    const struct iq_report_options *options,
				    struct iq_out *out) iq_must_check;

/* Go's own form (debug=2), for "bt --go". */
struct iq_error *iq_bt_go_render(const struct iq_model *model,
				 const struct iq_report_options *options,
				 struct iq_out *out) iq_must_check;

#endif
