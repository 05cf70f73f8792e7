/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report is made from the model and its findings alone. One file a format,
 * one row in reports.def.
 */
#ifndef IQ_REPORTS_REPORT_H
#define IQ_REPORTS_REPORT_H

#include "base/attr.h"
#include "base/error.h"
#include "base/out.h"
#include "model/filter.h"
#include "model/heap_survey.h"
#include "model/model.h"

/* "--with" a condition that holds, "--without" one that does not. */
struct iq_condition {
	const struct iq_filter *filter;
	bool without;
};

struct iq_report_options {
	unsigned width; /* columns, at least 40 */
	bool color;
	bool utf8; /* marks may be other than ASCII */
	bool all;  /* dead goroutines, all findings */
	/* Contents of memory: strings, variables. */
	bool show_values;
	/* At most so many findings or goroutines; 0: the format's default. */
	uint64_t limit;
	/* goroutines: NULL or "site", "func", "creator", "status", "reason",
	 * "stack", "label.K". */
	const char *group_by;
	/* goroutines: frames to show under each; 0 none. */
	unsigned frames;
	/* Lists of goroutines: those of which all of these hold. */
	const struct iq_condition *conditions;
	size_t num_conditions;
	/* Their order, a key alone; NULL: as the model has them. */
	const struct iq_filter *sort;
	bool descending;
	/* bt: one goroutine, or all. */
	bool has_id;
	uint64_t id;
	/* explain: the number of a finding, or digits of its fingerprint. */
	const char *finding;
	/* explain, waits --of: how what is waited for is still reached. */
	bool path;
	bool go_style;	/* bt --go: as the runtime prints them */
	bool by_thread; /* bt: threads instead of goroutines */
	bool unique;	/* bt: equal stacks once, with their goroutines */
	bool labels;
	bool runtime_frames; /* bt: frames that are hidden otherwise */
	/* trace: lists beside, or instead of, the summary. */
	bool trace_blocked;
	bool trace_goroutines;
	bool trace_tasks;
	/* profile: the sample type to show, by name or number; NULL: its own
	 * default. */
	const char *sample_index;
	/* Where a report without words of its own says what it lacks: one line,
	 * clean; NULL: nowhere. */
	char *note;
	size_t note_size;
	/* convert: "goroutine", "heap" …; NULL: goroutines. */
	const char *profile;
	bool per_goroutine; /* convert: a sample for each, with its id */
	bool top;	    /* profile: by function */
	bool stacks;	    /* profile: stack by stack */
	/* heap: what is asked of it. */
	struct iq_heap_query heap;
	/* Where files were looked for: commands to be copied name it again;
	 * NULL: where the core says. */
	const char *sysroot;
	const char *const *debug_dirs;
	size_t num_debug_dirs;
};

/* How far a case must have come for a report. */
enum iq_stage {
	/* The facts of model->witnesses, each for itself. */
	IQ_STAGE_READ,
	/* Goroutines, groups, process: all but what follows. */
	IQ_STAGE_JOINED,
	/* Findings, verdict, what is reachable: the rules have run. */
	IQ_STAGE_JUDGED,
	/* Why goroutines leaked, and what they keep in memory, too. */
	IQ_STAGE_COSTED,
	/* What was asked of the heaps: model->surveys. */
	IQ_STAGE_SURVEYED,
};

struct iq_report {
	/* "text": the word of --format, with the command it belongs to. */
	const char *command; /* "report", "goroutines", "bt", "trace" … */
	const char *format;  /* "text", "json" */
	const char *summary;
	enum iq_stage stage;
	struct iq_error *(*render)(const struct iq_model *model,
				   const struct iq_report_options *options,
				   struct iq_out *out);
};

const struct iq_report *const *iq_reports(size_t *num_ret);
/* NULL if there is none of that name. */
const struct iq_report *iq_report_find(const char *command, const char *format);

#endif
