/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an execution trace says, aggregated by its reader: memory is that of
 * goroutines and distinct stacks, never of events. Times are the trace's own
 * clock in ns (v2 on Linux: nanotime, CLOCK_MONOTONIC).
 */
#ifndef IQ_MODEL_TRACE_H
#define IQ_MODEL_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "model/fact.h"

/* Encoded events of one kind: "GoBlock". */
struct iq_trace_kind {
	const char *name; /* static */
	uint64_t count;
};

/* Waits of one goroutine for one reason, as the event words it. */
struct iq_trace_blocked {
	struct iq_str reason; /* also "(before the trace)" */
	uint64_t count;
	int64_t total_ns;
	int64_t longest_ns;
};

/* How long things took: number, sum, longest. */
struct iq_trace_spread {
	uint64_t count;
	int64_t total_ns;
	int64_t longest_ns;
	/* Counts by power of two: [k] is 2^k <= ns < 2^(k+1). */
	uint64_t buckets[40];
};

struct iq_trace_goroutine {
	uint64_t id;
	/* Start function; empty if unknown. */
	struct iq_str name;
	/* Within the trace; else it was there before, and at the end. */
	bool has_created, has_ended;
	int64_t created_ns, ended_ns;
	bool has_creator;
	uint64_t creator;
	/* Where it was made; NULL if unknown. */
	const struct iq_stack *creator_stack;
	int64_t running_ns, runnable_ns, waiting_ns, syscall_ns;
	const struct iq_trace_blocked *blocked; /* by reason's text */
	uint32_t num_blocked;
	/* WAITING, RUNNABLE, RUNNING, SYSCALL, DEAD, or UNKNOWN. */
	enum iq_gstatus last_state;
	/* The event's words; empty if none. */
	struct iq_str last_reason;
	/* Start of the last state; the trace's start if that was before it. */
	int64_t last_change_ns;
	/* last_state began before the trace did. */
	bool since_start;
	/* Of the event that began the last state, or of its status; or NULL. */
	const struct iq_stack *last_stack;
	/* last_stack was taken from outside: it has the runtime's leaf frames. */
	bool last_stack_full;
	/* How often it was started, and woken from a wait. */
	uint64_t num_starts;
	uint64_t num_wakes;
	/* Who woke it last: no goroutine where has_waker is false (netpoll,
	 * timers). */
	bool has_last_wake, has_waker;
	int64_t last_wake_ns;
	uint64_t waker;
	/* The tracer's own: not of the program. */
	bool tracer;
};

/* Waits at one place for one reason, over all goroutines. */
struct iq_trace_site {
	struct iq_str reason;
	const struct iq_stack *stack; /* NULL if unknown */
	uint64_t count;
	uint64_t num_open; /* not over at the trace's end */
	int64_t total_ns;
	int64_t longest_ns;
};

/* Who wakes whom: wakes from one place of goroutines with one start function. */
struct iq_trace_wake {
	/* NULL: no goroutine did (netpoll, timers, the scheduler). */
	const struct iq_stack *stack;
	struct iq_str waker; /* start functions; empty if unknown */
	struct iq_str woken;
	uint64_t count;
};

struct iq_trace_range {
	struct iq_str
		name; /* "GC concurrent mark phase", "stop-the-world (…)" */
	uint64_t count;
	int64_t total_ns;
	int64_t longest_ns;
};

/* One GC whose times are known, for the proof that nothing moved. */
struct iq_trace_gc {
	/* GCBegin .. GCEnd; has_begin false if it ran when the trace began. */
	bool has_begin, has_end;
	int64_t begin_ns, end_ns;
	/* The stop of the world named "GC mark termination". */
	bool has_termination;
	int64_t termination_begin_ns, termination_end_ns;
};

struct iq_trace_task {
	uint64_t id;
	uint64_t parent; /* 0: none */
	struct iq_str name;
	bool has_start, has_end;
	int64_t start_ns, end_ns;
};

struct iq_trace_region {
	struct iq_str name;
	uint64_t count;
	int64_t total_ns;
};

struct iq_trace_log {
	bool has_goroutine;
	uint64_t goroutine;
	uint64_t task;
	struct iq_str category;
	struct iq_str message;
	int64_t time_ns;
};

/* A piece of the life of the one goroutine that was asked for. */
struct iq_trace_span {
	enum iq_gstatus state;
	struct iq_str reason;
	const struct iq_stack *stack;
	int64_t start_ns, end_ns;
	/* How it ended: who woke it. */
	bool has_waker;
	uint64_t waker;
	bool open; /* not over at the trace's end */
};

struct iq_trace {
	/* "1.26": of the header; the format, not the exact Go version. */
	struct iq_str version;
	/* The smallest time in a batch header of the first generation, and the
	 * last event's. */
	int64_t start_ns, end_ns;
	/* trace, monotonic and wall clock of one instant (1.25+). */
	bool has_wall;
	int64_t wall_mono_ns, wall_ns;
	/* The clock is nanotime: comparable with a core of the same boot. */
	bool is_nanotime;
	/* Begins with generation 1 (a trace from its start). */
	bool from_start;
	uint64_t num_events; /* as the JSON contract counts them */
	uint64_t num_generations;
	uint64_t num_threads, num_procs;
	uint64_t num_samples;		   /* CPU samples */
	const struct iq_trace_kind *kinds; /* by name */
	size_t num_kinds;
	const struct iq_trace_goroutine *goroutines; /* by id */
	size_t num_goroutines;
	/* Longest total first. */
	const struct iq_trace_site *sites;
	size_t num_sites;
	/* Largest count first. */
	const struct iq_trace_wake *wakes;
	size_t num_wakes;
	const struct iq_trace_range *ranges; /* by name */
	size_t num_ranges;
	const struct iq_trace_gc *gcs; /* in time */
	size_t num_gcs;
	const struct iq_trace_task *tasks; /* by id */
	size_t num_tasks;
	const struct iq_trace_region *regions; /* by name */
	size_t num_regions;
	const struct iq_trace_log *logs; /* in order */
	size_t num_logs;
	/* From a wake, a creation, a preemption or yield, to running. */
	struct iq_trace_spread wake_latency, create_latency, preempt_latency;
	/* Blocked on the network; in syscalls. */
	struct iq_trace_spread network, syscall;
	/* Only if one goroutine was asked for. */
	bool has_of;
	uint64_t of;
	const struct iq_trace_span *spans; /* in time */
	size_t num_spans;
};

/* The goroutine with @id, or NULL. */
const struct iq_trace_goroutine *iq_trace_find(const struct iq_trace *trace,
					       uint64_t id);

#endif
