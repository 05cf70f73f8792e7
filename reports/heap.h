/* SPDX-License-Identifier: Apache-2.0 */
/* What the formats of "heap" share. */
#ifndef IQ_REPORTS_HEAP_H
#define IQ_REPORTS_HEAP_H

#include "base/attr.h"
#include "base/error.h"
#include "model/heap_survey.h"
#include "model/model.h"
#include "reports/emit_term.h"
#include "reports/report.h"

/* One core on its way to the terminal. */
struct iq_heap_text {
	const struct iq_model *model;
	const struct iq_report_options *options;
	struct iq_term *term;
	const struct iq_heap_survey *survey;
	/* With leaked ones among them, a column says how much. */
	bool has_leaked;
};

/* An error where no witness is a core, or nothing is known of the type that is
 * asked for in any of them. */
struct iq_error *iq_heap_check(const struct iq_model *model,
			       const struct iq_report_options *options)
	iq_must_check;

/* "1.0 MiB" in @buf of IQ_QUANTITY_SIZE bytes. */
const char *iq_heap_bytes(char *buf, uint64_t bytes);
/* "main.node", or "unknown, 64 B" for an object of @size; clean. */
struct iq_str iq_heap_type_words(struct iq_term *term, struct iq_str type,
				 uint64_t size);
/* How many of @num rows are shown, of @standard unless more are asked for. */
size_t iq_heap_shown(const struct iq_report_options *options, size_t num,
		     size_t standard);

/* The parts of the text. */
void iq_heap_put_totals(struct iq_heap_text *text);
void iq_heap_put_types(struct iq_heap_text *text, size_t standard);
void iq_heap_put_biggest(struct iq_heap_text *text);
void iq_heap_put_retained(struct iq_heap_text *text);
void iq_heap_put_whys(struct iq_heap_text *text);
void iq_heap_put_who(struct iq_heap_text *text);

#endif
