/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trace as far as its generations were merged, in their order: who is in
 * which state since when, and the sums. One generation at a time is added, by
 * one thread at a time, and only here anything goes into the facts.
 */
#ifndef IQ_FORMATS_TRACE_WHOLE_H
#define IQ_FORMATS_TRACE_WHOLE_H

#include "formats/trace/run.h"
#include "model/fact.h"
#include "model/trace.h"

struct iq_whole_range {
	uint8_t kind;
	uint32_t next;
	int64_t begin;
	struct iq_str what;
};

struct iq_whole_region {
	uint64_t task;
	uint32_t next;
	struct iq_str name;
	int64_t begin;
};

struct iq_whole_g {
	/* last_*, since_start, num_*, waker … are kept up to date; the blocked
	 * list is added at the end. */
	struct iq_trace_goroutine out;
	uint8_t status; /* enum iq_run_g_status */
	uint8_t why;
	bool system; /* a label of the runtime says so */
	bool has_thread;
	uint64_t thread;
	/* Of the wait it is in, as it is counted. */
	struct iq_str reason;
	const struct iq_frame *entry;
	uint32_t blocked; /* chain */
	uint32_t num_blocked;
	uint32_t ranges, regions;
};

struct iq_whole_p {
	uint64_t id;
	uint8_t status;
	bool lost; /* stolen while it was not known from whom */
	uint32_t ranges;
};

struct iq_whole_m {
	uint64_t id;
	uint32_t g, p;
	bool told; /* by the generation that is being merged */
};

struct iq_whole_blocked {
	struct iq_trace_blocked out;
	uint32_t next;
};

struct iq_whole_total {
	uint8_t kind;
	struct iq_str name;
	uint64_t count;
	int64_t total, longest;
};

struct iq_whole_task {
	struct iq_trace_task out;
	bool active;
};

struct iq_trace_whole {
	struct iq_facts *facts;
	const struct iq_trace_file *file;
	bool nomem;
	bool started;
	/* Interned: the reason of what began earlier. */
	struct iq_str before;
	/* The first generation's start; the last time that Go's reader shows;
	 * the last event's. */
	int64_t start, last, end;
	uint64_t num_generations;
	uint64_t num_samples;
	/* Nothing more can be merged. */
	bool stopped;

	struct iq_trace_ids g_ids, p_ids, m_ids;
	IQ_VEC(struct iq_whole_g) gs;
	IQ_VEC(struct iq_whole_p) ps;
	IQ_VEC(struct iq_whole_m) ms;
	/* Threads and processors that an event or sample was shown with. */
	struct iq_trace_ids seen_ms, seen_ps;
	IQ_VEC(uint64_t) threads;
	uint64_t num_ps;
	/* Goroutines that may still be put into a run that is done again. */
	uint64_t patience;

	uint64_t kinds[IQ_EV_NUM];
	IQ_VEC(struct iq_whole_blocked) blocked;
	struct iq_trace_map blocked_map;
	IQ_VEC(struct iq_trace_site) sites;
	struct iq_trace_map site_map;
	IQ_VEC(struct iq_trace_wake) wakes;
	struct iq_trace_map name_pairs, wake_map;
	uint32_t num_name_pairs;
	struct iq_trace_spread latency[IQ_WHY_NUM];
	struct iq_trace_spread network, syscall;

	IQ_VEC(struct iq_whole_range) ranges;
	IQ_VEC(struct iq_whole_region) regions;
	uint32_t free_range, free_region;
	IQ_VEC(struct iq_whole_total) totals;
	struct iq_trace_map total_map;
	IQ_VEC(struct iq_trace_gc) gcs;
	enum iq_run_gc_state gc_state;
	uint64_t gc_seq;
	bool stop_open; /* the world, for mark termination */
	int64_t stop_begin;
	uint32_t stop_gc; /* the GC that ended in it, or IQ_NONE */
	IQ_VEC(struct iq_whole_task) tasks;
	struct iq_trace_ids task_ids;
	IQ_VEC(struct iq_trace_log) logs;
	IQ_VEC(struct iq_trace_span) spans;
	bool has_wanted;
	uint64_t wanted;
	bool spans_full;

	/* Of the generation that is being merged: what is interned. */
	IQ_VEC(const struct iq_stack *) run_stacks;
	IQ_VEC(struct iq_str) run_strings;
	IQ_VEC(uint32_t) run_gs;
};

void iq_trace_whole_init(struct iq_trace_whole *whole, struct iq_facts *facts,
			 const struct iq_trace_file *file);
void iq_trace_whole_deinit(struct iq_trace_whole *whole);

/*
 * Whether a speculative run went as it would have from the state that is known
 * now: check.c.
 */
bool iq_trace_whole_fits(const struct iq_trace_whole *whole,
			 const struct iq_trace_run *run);
/* Puts the known state into a run that is to be exact. False without memory. */
bool iq_trace_whole_load(const struct iq_trace_whole *whole,
			 struct iq_trace_run *run);
/* Adds a run, whole or as far as it went. False without memory. */
bool iq_trace_whole_merge(struct iq_trace_whole *whole,
			  struct iq_trace_run *run);
/* Ranges, the mark phase, regions, tasks and logs of a run: merge_user.c. */
bool iq_trace_merge_ranges(struct iq_trace_whole *whole,
			   const struct iq_trace_run *run);
bool iq_trace_merge_user(struct iq_trace_whole *whole,
			 struct iq_trace_run *run);

/* Ends what is open when the trace ends. False without memory. */
bool iq_trace_whole_close(struct iq_trace_whole *whole);

/* A string, a reason or a stack of the run as the facts have them. */
struct iq_str iq_trace_whole_string(struct iq_trace_whole *whole,
				    struct iq_str s);
struct iq_str iq_trace_whole_reason(struct iq_trace_whole *whole,
				    const struct iq_trace_run *run,
				    uint32_t reason);
const struct iq_stack *iq_trace_whole_stack(struct iq_trace_whole *whole,
					    const struct iq_trace_run *run,
					    uint32_t index);
/* Adds to the total of a range or region. */
bool iq_trace_whole_total(struct iq_trace_whole *whole, uint8_t kind,
			  struct iq_str name, uint64_t count, int64_t total,
			  int64_t longest);

/* The names and counts into facts->trace, the goroutines into the facts. */
struct iq_error *iq_trace_whole_facts(struct iq_trace_whole *whole)
	iq_must_check;

#endif
