/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which goroutines a list has, and in what order: "--with", "--without",
 * "--sort".
 */
#ifndef IQ_REPORTS_GOROUTINE_SELECT_H
#define IQ_REPORTS_GOROUTINE_SELECT_H

#include "model/model.h"
#include "reports/report.h"

struct iq_selection {
	/* Indexes into model->goroutines; NULL: all of them, in its order. */
	uint32_t *order;
	size_t num;
	/* How many goroutines these are, and of how many. */
	uint64_t count, total;
	/* There were conditions. */
	bool is_filtered;
};

/* All conditions hold for goroutine @index, and it is to be listed at all: the
 * runtime's own only with @system. */
bool iq_goroutine_is_selected(const struct iq_model *model,
			      const struct iq_report_options *options,
			      size_t index, bool system);

/* The runtime's own are among them with @system. */
struct iq_error *iq_selection_init(const struct iq_model *model,
				   const struct iq_report_options *options,
				   bool system, struct iq_selection *ret)
	iq_must_check;
void iq_selection_deinit(struct iq_selection *selection);

/* The index of the goroutine at @place, which is less than num. */
size_t iq_selection_at(const struct iq_selection *selection, size_t place);

/* "12 of 59 are listed" as a line, where there were conditions. */
void iq_selection_tell(const struct iq_selection *selection,
		       struct iq_out *out);

#endif
