/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of a case, by name: one table for inquest_set().
 */
#ifndef IQ_OPTIONS_H
#define IQ_OPTIONS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"
#include "detect/shape.h"
#include "formats/reader.h"
#include "reports/report.h"

struct iq_options {
	unsigned threads; /* 0: one for each CPU */
	struct iq_read_context read;
	struct iq_report_options report;
	IQ_VEC(struct iq_filter *) filters; /* to be freed */
	struct iq_shapes shapes;	    /* the user's own rules */
	struct iq_arena arena;		    /* copies of texts */
};

void iq_options_init(struct iq_options *options);
void iq_options_deinit(struct iq_options *options);

/* Sets @name to @value; an error for an unknown name or a bad value. */
struct iq_error *iq_options_set(struct iq_options *options, const char *name,
				const char *value) iq_must_check;

#endif
