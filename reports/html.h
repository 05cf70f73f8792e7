/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the HTML report: a page that is read without its script, and
 * without its style. Whatever comes from the input goes through emit_html.h.
 */
#ifndef IQ_REPORTS_HTML_H
#define IQ_REPORTS_HTML_H

#include "base/arena.h"
#include "reports/emit_html.h"
#include "reports/others.h"
#include "reports/report.h"

/* The page grows with what it says, never with the number of goroutines: how
 * much of each it shows unless all is asked for. */
#define IQ_HTML_MAX_FINDINGS 100
#define IQ_HTML_MAX_GROUPS 500
#define IQ_HTML_MAX_GAPS 20
#define IQ_HTML_MAX_NOTICES 10
/* Always: a stack of a million frames is one of a recursion. */
#define IQ_HTML_MAX_FRAMES 100
#define IQ_HTML_MAX_IDS 20

struct iq_html {
	const struct iq_model *model;
	const struct iq_report_options *options;
	struct iq_out *out;
	/* What lives as long as the page is written. */
	struct iq_arena arena;
	/* Findings that have an article: those that claim a defect, then notes,
	 * each in the model's order. */
	const struct iq_finding **findings;
	size_t num_findings;
	size_t num_notes; /* at the end of findings */
	/* Such as there was no room for, and their goroutines. */
	size_t num_left_out;
	uint64_t left_out_count;
	/* finding_of[goroutine]: the first finding about it, index into
	 * findings, or IQ_HTML_NO_FINDING. */
	uint32_t *finding_of;
	/* Which of several with one fingerprint, from 0; as findings. */
	const uint32_t *finding_ordinals;
	/* The same of groups and signatures; as model->groups. */
	const uint32_t *group_ordinals;
};

#define IQ_HTML_NO_FINDING UINT32_MAX

/* Chooses what is shown and gives it its anchors. */
struct iq_error *iq_html_choose(struct iq_html *html) iq_must_check;

/* Verdict, identity, what to know before reading on. */
void iq_html_head(struct iq_html *html);
struct iq_error *iq_html_findings(struct iq_html *html) iq_must_check;
/* The scene of the crash, if there was one. */
struct iq_error *iq_html_scene(struct iq_html *html) iq_must_check;
void iq_html_groups(struct iq_html *html);
/* Witnesses, what is missing, what was not looked for. */
void iq_html_witnesses(struct iq_html *html);

/* Why they leaked and what mends it, a paragraph; nothing where neither is
 * known. */
void iq_html_cause(struct iq_html *html, const struct iq_finding *finding);
/* What they keep in memory, in words; and by the types of what leads to it, a table. */
void iq_html_keeps(struct iq_html *html, const struct iq_finding *finding);
void iq_html_kinds(struct iq_html *html, const struct iq_finding *finding);
/* The same of all findings together; nothing where one says it. */
void iq_html_cost_total(struct iq_html *html);

/* The anchor of a finding, by index: "f/FINGERPRINT"; of a group. */
void iq_html_finding_anchor(struct iq_html *html, size_t index);
void iq_html_group_anchor(struct iq_html *html, size_t index);
/*
 * The stack, innermost frame first, the runtime's plumbing at its ends folded
 * away; @site is marked, @created_by stands below, both may be NULL.
 */
void iq_html_stack(struct iq_html *html, const struct iq_stack *stack,
		   const struct iq_frame *site,
		   const struct iq_frame *created_by);
/* "18, 19, 20 and 37 more" of indexes into model->goroutines. */
void iq_html_ids(struct iq_html *html, const uint32_t *list, size_t num);
/* A command to copy, with the files of the case: "inquest bt 18 core.1". */
void iq_html_command(struct iq_html *html, const char *command);
/* The witness's file, and which of its kind it is where there are several. */
void iq_html_witness_name(struct iq_html *html, size_t witness);

#endif
