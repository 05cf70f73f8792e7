/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One generation being worked on: the scheduler as its events describe it, and
 * what is counted on the way. Each generation is run from an empty state, for
 * it tells the state of everything that it mentions; whether that was right is
 * for the merge to say (check.h), which knows how the one before ended.
 */
#ifndef IQ_FORMATS_TRACE_RUN_H
#define IQ_FORMATS_TRACE_RUN_H

#include "formats/trace/events.h"
#include "formats/trace/file.h"
#include "formats/trace/map.h"
#include "formats/trace/tables.h"
#include "model/trace.h"

/* The goroutine or processor of a thread is not known yet. */
#define IQ_UNKNOWN (UINT32_MAX - 1)
/* A class of goroutines is the stack that they start with. */
#define IQ_CLASS_STACK 0x80000000u
/* Words for waits that no event gives. */
#define IQ_REASON_CREATED (UINT32_MAX - 1)

/* Go: src/internal/trace/tracev2/events.go, GoStatus, ProcStatus. */
enum iq_run_g_status {
	IQ_G_GONE,
	IQ_G_RUNNABLE,
	IQ_G_RUNNING,
	IQ_G_SYSCALL,
	IQ_G_WAITING,
	IQ_G_NUM,
};

enum iq_run_p_status {
	IQ_P_NONE,
	IQ_P_RUNNING,
	IQ_P_IDLE,
	IQ_P_SYSCALL,
	IQ_P_ABANDONED, /* in a syscall, of which thread is not known */
	IQ_P_NUM,
};

/* Why a goroutine is runnable. */
enum iq_run_why {
	IQ_WHY_OTHER,
	IQ_WHY_WOKEN,
	IQ_WHY_CREATED,
	IQ_WHY_STOPPED,
	IQ_WHY_NUM,
};

/* How a goroutine is mentioned first. */
enum iq_run_first {
	IQ_FIRST_STATUS,  /* it was there, in the state that it is said to be */
	IQ_FIRST_CARRIED, /* the same, known from the generation before */
	IQ_FIRST_CREATED,
};

enum iq_run_range_kind {
	IQ_RANGE_STW,
	IQ_RANGE_ASSIST,
	IQ_RANGE_SWEEP,
	IQ_RANGE_REGION, /* of the program itself */
	IQ_RANGE_MARK,	 /* the mark phase, of the process */
};

/* The first 128 bytes are what each event needs. */
struct iq_run_g {
	uint64_t id;
	int64_t since; /* the state's */
	uint64_t seq;
	uint8_t status;
	uint8_t why;
	uint8_t first; /* enum iq_run_first */
	uint8_t first_status;
	bool in_gen;	 /* seq is of this generation */
	bool first_open; /* the state it was found in has not ended */
	bool full_stack; /* stack is a status's */
	bool has_wake;
	uint32_t reason;  /* string, of the last change */
	uint32_t stack;	  /* of the last change */
	uint32_t site;	  /* of the wait it is in */
	uint32_t blocked; /* last used of its entries */
	uint32_t wake;	  /* last used of those that woke it */
	uint32_t waker;	  /* goroutine, or IQ_NONE */
	uint32_t m; /* thread it runs on or is in a syscall on, or IQ_NONE */
	/* Those that start alike, if that is known here; its own index or
	 * IQ_CLASS_STACK and a stack. */
	uint32_t class;
	int64_t ns[IQ_G_NUM];
	int64_t last_wake;
	uint64_t num_starts;
	uint64_t num_wakes;
	int64_t first_until;
	/* Ranges, 1 << kind, that began here; whose begin was before. */
	uint8_t begun, closed;
	bool system; /* a label says so */
	bool has_created, has_ended, has_first_ended;
	int64_t created, ended;
	int64_t first_ended; /* when the one that was carried went */
	uint32_t creator;    /* goroutine, or IQ_NONE */
	uint32_t creator_stack, start_stack;
	uint32_t root_stack;	/* first own stack that reaches the root */
	uint32_t first_blocked; /* chain of entries */
	uint32_t ranges, regions;
};

struct iq_run_p {
	uint64_t id;
	uint64_t seq;
	uint8_t status;
	uint8_t first_status;
	bool in_gen;
	uint8_t begun, closed;
	/* Events before the first steal; UINT64_MAX if none. */
	uint64_t stolen_at;
	uint32_t ranges;
};

/* What was assumed of a thread that the generation before may know. */
enum iq_run_assumed {
	IQ_ASSUMED_NOTHING,
	IQ_ASSUMED_NONE, /* it has no goroutine (processor) */
	IQ_ASSUMED_THIS,
	IQ_ASSUMED_THIS_OR_NEW, /* or the thread is not known */
};

struct iq_run_m {
	uint64_t id;
	/* The next event: its type, its time as it is written, where its
	 * numbers after the time stand. */
	int64_t time;
	const uint8_t *pos, *end;
	uint8_t kind;
	bool known; /* an event of it was tried, or it was told of */
	bool seen;  /* an event of it was shown */
	uint8_t assumed_g, assumed_p;
	uint32_t g, p;		    /* index, IQ_NONE or IQ_UNKNOWN */
	int64_t last;		    /* time of the last event that was read */
	uint32_t batch, last_batch; /* of the run's chain */
	const uint8_t *event;	    /* its first byte */
	uint64_t assumed_id;	    /* of the goroutine */
	/* Events before its processor mattered; UINT64_MAX if it did not. */
	uint64_t touched_p;
};

struct iq_run_blocked {
	uint32_t reason;
	uint32_t next;
	uint64_t count;
	int64_t total, longest;
};

struct iq_run_site {
	uint32_t reason, stack;
	uint64_t count;
	int64_t total, longest;
};

struct iq_run_wake {
	uint32_t stack;
	uint32_t waker; /* class or IQ_NONE */
	uint32_t woken;
	uint64_t count;
};

/* An open range of a goroutine or processor. */
struct iq_run_range {
	uint8_t kind;
	bool carried; /* when it began is not known here */
	uint32_t next;
	int64_t begin;
	struct iq_str what; /* of a stop of the world */
};

/* An end whose begin was not in this generation. */
struct iq_run_range_end {
	uint8_t kind;
	uint32_t owner; /* goroutine or processor */
	int64_t time;
};

struct iq_run_total {
	uint8_t kind;	    /* enum iq_run_range_kind */
	struct iq_str name; /* of a stop of the world or a region */
	uint64_t count;
	int64_t total, longest;
};

/* What the mark phase is told by: few, so each is kept. */
enum iq_run_gc_kind {
	IQ_GC_ACTIVE,
	IQ_GC_BEGIN,
	IQ_GC_END,
	IQ_GC_STOP_BEGIN, /* the stop of the world for mark termination */
	IQ_GC_STOP_END,
};

struct iq_run_gc {
	enum iq_run_gc_kind kind;
	uint64_t seq;
	int64_t time;
};

struct iq_run_region {
	uint64_t task;
	uint32_t next;
	struct iq_str name;
	int64_t begin;
};

struct iq_run_region_end {
	uint32_t g;
	uint64_t task;
	struct iq_str name;
	int64_t time;
	uint64_t offset;
};

struct iq_run_task {
	uint64_t id, parent;
	struct iq_str name;
	bool begins;
	int64_t time;
	uint64_t offset;
};

struct iq_run_log {
	uint32_t g;
	uint64_t task;
	struct iq_str category, message;
	int64_t time;
};

struct iq_run_span {
	uint8_t status;
	bool carried; /* when it began is not known here */
	bool has_waker;
	uint64_t waker;
	uint32_t reason, stack;
	int64_t begin, end;
};

struct iq_run_item {
	int64_t time;
	uint32_t m;
};

enum iq_run_mode {
	IQ_RUN_INITIAL,	    /* the trace begins: what is told is so */
	IQ_RUN_SPECULATIVE, /* what is told is to be checked */
	IQ_RUN_EXACT,	    /* the state before it was put in */
};

/* What became of it. */
enum iq_run_end {
	IQ_RUN_WHOLE,
	IQ_RUN_BROKEN,	/* error says where the order ends */
	IQ_RUN_REFUSED, /* speculation does not do */
};

struct iq_trace_run {
	const struct iq_trace_file *file;
	const struct iq_trace_generation *generation;
	enum iq_run_mode mode;
	enum iq_run_end end;
	struct iq_error *error; /* of a broken one */
	bool damaged;		/* a thread's events end too early */
	bool nomem;
	struct iq_trace_tables tables;
	/* The last shown time; the generation's start, which Go's reader shows;
	 * the last event's, or the start. */
	int64_t last, start, last_event;
	uint64_t num_shown;
	uint64_t num_samples;

	struct iq_trace_ids g_ids, p_ids, m_ids;
	IQ_VEC(struct iq_run_g) gs;
	IQ_VEC(struct iq_run_p) ps;
	IQ_VEC(struct iq_run_m) ms;
	/* Next batch of the same thread, by number in the generation. */
	IQ_VEC(uint32_t) chain;
	/* The threads that have an event, a heap by its time. */
	IQ_VEC(struct iq_run_item) heap;
	size_t next_sample;
	/* Attempts in vain that are left. */
	uint64_t patience;

	uint64_t kinds[IQ_EV_NUM];
	IQ_VEC(struct iq_run_blocked) blocked;
	struct iq_trace_map blocked_map;
	IQ_VEC(struct iq_run_site) sites;
	struct iq_trace_map site_map;
	IQ_VEC(uint32_t) site_of_stack;
	IQ_VEC(struct iq_run_wake) wakes;
	struct iq_trace_map wake_map;
	struct iq_trace_spread latency[IQ_WHY_NUM];
	struct iq_trace_spread network, syscall;
	uint32_t network_reason; /* string, or IQ_NONE */

	IQ_VEC(struct iq_run_range) ranges;
	uint32_t free_range;
	IQ_VEC(struct iq_run_range_end) range_ends;
	IQ_VEC(struct iq_run_gc) gcs;
	enum iq_run_gc_state { IQ_GC_UNKNOWN, IQ_GC_OFF, IQ_GC_ON } gc_state;
	uint64_t gc_seq;
	IQ_VEC(struct iq_run_region) regions;
	uint32_t free_region;
	IQ_VEC(struct iq_run_region_end) region_ends;
	IQ_VEC(struct iq_run_total) totals;
	struct iq_trace_map total_map;
	IQ_VEC(struct iq_run_task) tasks;
	IQ_VEC(struct iq_run_log) logs;
	/* Threads and processors that samples alone name. */
	IQ_VEC(uint64_t) sample_ms;
	IQ_VEC(uint64_t) sample_ps;

	/* The goroutine whose spans are wanted. */
	bool has_wanted;
	uint64_t wanted_id;
	uint32_t wanted; /* its index, or IQ_NONE */
	IQ_VEC(struct iq_run_span) spans;
	bool spans_full;
};

void iq_trace_run_deinit(struct iq_trace_run *run);

/*
 * Forgets the last generation and reads the tables of @generation; times begin
 * after @last. False without memory.
 */
bool iq_trace_run_begin(struct iq_trace_run *run,
			const struct iq_trace_file *file,
			const struct iq_trace_generation *generation,
			enum iq_run_mode mode, int64_t last);
/* The same without reading the tables again. */
bool iq_trace_run_restart(struct iq_trace_run *run, enum iq_run_mode mode,
			  int64_t last);

/* The goroutine, processor, thread with @id; IQ_NONE without memory. */
uint32_t iq_trace_run_g(struct iq_trace_run *run, uint64_t id);
uint32_t iq_trace_run_p(struct iq_trace_run *run, uint64_t id);
uint32_t iq_trace_run_m(struct iq_trace_run *run, uint64_t id);

/* Puts all events in order and counts; run->end says how it went. */
void iq_trace_run_order(struct iq_trace_run *run);

#endif
