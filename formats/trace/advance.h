/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one event does to the scheduler's state, and whether it may happen yet:
 * the rules of Go's own reader (src/internal/trace/order.go, 1.27), so that
 * both show the events of a trace in one order.
 */
#ifndef IQ_FORMATS_TRACE_ADVANCE_H
#define IQ_FORMATS_TRACE_ADVANCE_H

#include "base/attr.h"
#include "formats/trace/run.h"

enum iq_step {
	IQ_STEP_MORE, /* the event happened; there is another one */
	IQ_STEP_DONE, /* it was the thread's last */
	IQ_STEP_WAIT, /* it cannot happen before others do */
	IQ_STEP_STOP, /* run->end says why nothing goes on */
};

/*
 * Lets the events of whichever thread is first in the heap happen, one after
 * the other. IQ_STEP_MORE: a sample is due; IQ_STEP_DONE: nothing is left;
 * IQ_STEP_WAIT: the first thread has to wait.
 */
enum iq_step iq_trace_advance_first(struct iq_trace_run *run);
/* Lets one event of a thread happen, if it can. */
enum iq_step iq_trace_advance_one(struct iq_trace_run *run, uint32_t m);
/* Reads the thread's next event; false if there is none. */
bool iq_trace_next(struct iq_trace_run *run, struct iq_run_m *m);

/* For the events that are not most of a trace: rare.c, user.c. */
enum iq_step iq_trace_advance_rare(struct iq_trace_run *run, uint32_t m,
				   const uint64_t *args);
enum iq_step iq_trace_advance_user(struct iq_trace_run *run, uint32_t m,
				   const uint64_t *args);
/* One more open range. False without memory. */
bool iq_trace_range_open(struct iq_trace_run *run, uint32_t *ranges,
			 const struct iq_run_range *range);
enum iq_step iq_trace_advance_range(struct iq_trace_run *run, uint32_t m,
				    const uint64_t *args);

/* Where the thread's event stands in the file. */
uint64_t iq_trace_event_offset(const struct iq_trace_run *run,
			       const struct iq_run_m *m);
/* The event contradicts what is known: the order ends here. */
enum iq_step iq_trace_broken(struct iq_trace_run *run, const struct iq_run_m *m,
			     const char *fmt, ...) iq_printf(3, 4);
/* The thread's state of before the generation would have to be known. */
enum iq_step iq_trace_refuse(struct iq_trace_run *run);
enum iq_step iq_trace_nomem(struct iq_trace_run *run);

/* The index of an event's string or stack, 0 if it is not there. */
uint32_t iq_trace_string_missing(struct iq_trace_run *run,
				 const struct iq_run_m *m, uint64_t id);
uint32_t iq_trace_stack_missing(struct iq_trace_run *run,
				const struct iq_run_m *m, uint64_t id);

static inline uint32_t iq_trace_string(struct iq_trace_run *run,
				       const struct iq_run_m *m, uint64_t id)
{
	uint32_t index = iq_trace_ids_get(&run->tables.string_ids, id);

	if (index == IQ_NONE)
		return iq_trace_string_missing(run, m, id);
	return index;
}

static inline uint32_t iq_trace_stack(struct iq_trace_run *run,
				      const struct iq_run_m *m, uint64_t id)
{
	uint32_t index = iq_trace_ids_get(&run->tables.stack_ids, id);

	if (index == IQ_NONE)
		return iq_trace_stack_missing(run, m, id);
	return index;
}

/* Keeps a stack of the goroutine's own that may name its start function. */
static inline void iq_trace_root(struct iq_trace_run *run, struct iq_run_g *g,
				 uint32_t stack)
{
	if (!g->root_stack && stack &&
	    run->tables.stacks.data[stack].num_frames < IQ_TRACE_FRAMES_MAX)
		g->root_stack = stack;
}

/* The processor matters from here on. */
static inline void iq_trace_touch(const struct iq_trace_run *run,
				  struct iq_run_m *m)
{
	if (m->touched_p == UINT64_MAX)
		m->touched_p = run->num_shown;
}

/* Nothing was told of the thread: what is assumed is checked by the merge. */
static inline void iq_trace_assume_no_p(const struct iq_trace_run *run,
					struct iq_run_m *m)
{
	iq_trace_touch(run, m);
	if (m->p == IQ_UNKNOWN) {
		m->p = IQ_NONE;
		m->assumed_p = IQ_ASSUMED_NONE;
	}
}

static inline void iq_trace_assume_no_g(struct iq_run_m *m)
{
	if (m->g == IQ_UNKNOWN) {
		m->g = IQ_NONE;
		m->assumed_g = IQ_ASSUMED_NONE;
	}
}

/* The event needs a processor (and a goroutine): IQ_STEP_MORE if they are. */
enum iq_step iq_trace_lacks(struct iq_trace_run *run, const struct iq_run_m *m,
			    bool needs_g);

static inline bool iq_trace_has_p(const struct iq_run_m *m)
{
	return m->p < IQ_UNKNOWN;
}

static inline bool iq_trace_has_both(const struct iq_run_m *m)
{
	return m->p < IQ_UNKNOWN && m->g < IQ_UNKNOWN;
}

#endif
