/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the text report: the first screen that a person sees at three in
 * the morning.
 */
#ifndef IQ_REPORTS_TEXT_H
#define IQ_REPORTS_TEXT_H

#include "reports/emit_term.h"
#include "reports/report.h"

/* Kinds of witness that have a column in the matrix, in its order. */
#define IQ_TEXT_NUM_KINDS 4

struct iq_text {
	const struct iq_model *model;
	const struct iq_report_options *options;
	struct iq_term *term;
	/* Findings that are listed: no notes, unless all are asked for. */
	const struct iq_finding **listed;
	size_t num_listed;
	/* Those of them that have a row. */
	size_t num_rows;
	/* The table has no room for times. */
	bool no_since;
	/* Kinds that are there. */
	bool kinds[IQ_TEXT_NUM_KINDS];
	/* Columns before what a line of a finding says. */
	unsigned label_width;
};

/* Which findings are listed, which kinds there are, how wide labels are. */
struct iq_error *iq_text_choose(struct iq_text *text) iq_must_check;

/* "core", "profile" … */
const char *iq_text_kind_name(enum iq_witness_kind kind);
/* "core", and "core 2" where there are several. */
struct iq_str iq_text_witness(struct iq_text *text, uint32_t witness);
enum iq_style iq_text_style(enum iq_verdict_word word);

/* The finding's title, clean, in at most @columns: the site it names is kept. */
struct iq_str iq_text_title(struct iq_text *text,
			    const struct iq_finding *finding, unsigned columns);
/* Who is not used, and who is against what: before anything else. */
void iq_text_disputes(struct iq_text *text);
/* The findings' table. */
void iq_text_table(struct iq_text *text);
/* One finding in words; @brief: title and advice only. */
void iq_text_finding(struct iq_text *text, const struct iq_finding *finding,
		     bool brief);
/* What is no finding, what is missing, what was not run, where to go next. */
struct iq_error *iq_text_rest(struct iq_text *text) iq_must_check;

#endif
