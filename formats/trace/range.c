/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges of time: stops of the world and mark assists of a goroutine, sweeps of
 * a processor, the mark phase of the process.
 */
#include "formats/trace/advance.h"

#include <inttypes.h>

#include "formats/trace/tally.h"

#define MARK_TERMINATION IQ_STR("GC mark termination")

/* The open ranges of a goroutine or processor. */
struct owner {
	uint32_t index;
	uint32_t *ranges;
	uint8_t *begun, *closed;
};

static struct owner owner_g(struct iq_trace_run *run, uint32_t index)
{
	struct iq_run_g *g = &run->gs.data[index];

	return (struct owner){ index, &g->ranges, &g->begun, &g->closed };
}

static struct owner owner_p(struct iq_trace_run *run, uint32_t index)
{
	struct iq_run_p *p = &run->ps.data[index];

	return (struct owner){ index, &p->ranges, &p->begun, &p->closed };
}

bool iq_trace_range_open(struct iq_trace_run *run, uint32_t *ranges,
			 const struct iq_run_range *range)
{
	uint32_t at = run->free_range;
	struct iq_run_range fresh = *range;

	fresh.next = *ranges;
	if (at != IQ_NONE) {
		run->free_range = run->ranges.data[at].next;
		run->ranges.data[at] = fresh;
	} else {
		if (!iq_vec_push(&run->ranges, fresh))
			return false;
		at = (uint32_t)run->ranges.len - 1;
	}
	*ranges = at;
	return true;
}

/* The link to the last of its kind that began; kinds are few. NULL if there is
 * none, or none among so many. */
static uint32_t *range_find(struct iq_trace_run *run, const struct owner *owner,
			    enum iq_run_range_kind kind,
			    const struct iq_str *what)
{
	uint32_t *link = owner->ranges;

	for (unsigned n = 0; *link != IQ_NONE && n < 16; n++) {
		struct iq_run_range *range = &run->ranges.data[*link];

		if (range->kind == kind &&
		    (!what || iq_str_equal(range->what, *what)))
			return link;
		link = &range->next;
	}
	return NULL;
}

static bool gc_push(struct iq_trace_run *run, enum iq_run_gc_kind kind,
		    uint64_t seq, int64_t time)
{
	struct iq_run_gc gc = { .kind = kind, .seq = seq, .time = time };

	return iq_vec_push(&run->gcs, gc);
}

static enum iq_step range_begin(struct iq_trace_run *run, struct iq_run_m *m,
				struct owner owner, enum iq_run_range_kind kind,
				struct iq_str what)
{
	struct iq_run_range range = { .kind = (uint8_t)kind, .what = what };

	if (range_find(run, &owner, kind, &what))
		return iq_trace_broken(run, m, "it has begun before");
	range.begin = iq_tally_show(run, m->time);
	*owner.begun |= (uint8_t)(1u << kind);
	if (kind == IQ_RANGE_STW && iq_str_equal(what, MARK_TERMINATION) &&
	    !gc_push(run, IQ_GC_STOP_BEGIN, 0, range.begin))
		return iq_trace_nomem(run);
	return iq_trace_range_open(run, owner.ranges, &range) ?
		       IQ_STEP_MORE :
		       iq_trace_nomem(run);
}

/* It was open when the generation began. */
static enum iq_step range_active(struct iq_trace_run *run, struct iq_run_m *m,
				 struct owner owner,
				 enum iq_run_range_kind kind)
{
	struct iq_run_range range = { .kind = (uint8_t)kind, .carried = true };
	bool open = range_find(run, &owner, kind, NULL) != NULL;

	if (run->mode == IQ_RUN_EXACT ? !open : open)
		return iq_trace_broken(
			run, m, open ? "it is told twice" : "it has not begun");
	iq_tally_show(run, m->time);
	if (run->mode == IQ_RUN_EXACT)
		return IQ_STEP_MORE;
	range.begin = run->start;
	range.carried = run->mode == IQ_RUN_SPECULATIVE;
	return iq_trace_range_open(run, owner.ranges, &range) ?
		       IQ_STEP_MORE :
		       iq_trace_nomem(run);
}

/* The end of what began in an earlier generation: once, what else of its kind
 * ends began here. */
static enum iq_step carried_end(struct iq_trace_run *run, struct iq_run_m *m,
				const struct owner *owner,
				enum iq_run_range_kind kind)
{
	uint8_t bit = (uint8_t)(1u << kind);
	struct iq_run_range_end end = {
		.kind = (uint8_t)kind,
		.owner = owner->index,
	};

	if (run->mode != IQ_RUN_SPECULATIVE ||
	    (*owner->begun | *owner->closed) & bit)
		return iq_trace_broken(run, m, "it has not begun");
	end.time = iq_tally_show(run, m->time);
	*owner->closed |= bit;
	return iq_vec_push(&run->range_ends, end) ? IQ_STEP_MORE :
						    iq_trace_nomem(run);
}

static enum iq_step range_end(struct iq_trace_run *run, struct iq_run_m *m,
			      struct owner owner, enum iq_run_range_kind kind)
{
	uint32_t *link = range_find(run, &owner, kind, NULL);
	struct iq_run_range *range;
	uint32_t at;
	int64_t time;
	bool ok = true;

	if (!link)
		return carried_end(run, m, &owner, kind);
	at = *link;
	range = &run->ranges.data[at];
	*link = range->next;
	range->next = run->free_range;
	run->free_range = at;
	if (range->carried)
		return carried_end(run, m, &owner, kind);
	time = iq_tally_show(run, m->time);
	if (kind == IQ_RANGE_STW && iq_str_equal(range->what, MARK_TERMINATION))
		ok = gc_push(run, IQ_GC_STOP_END, 0, time);
	return ok && iq_tally_total(run, kind, range->what,
				    iq_trace_time_sub(time, range->begin)) ?
		       IQ_STEP_MORE :
		       iq_trace_nomem(run);
}

/* The mark phase: its numbers are in order over all generations. */
static enum iq_step gc_event(struct iq_trace_run *run, struct iq_run_m *m,
			     uint64_t seq)
{
	bool ends = m->kind == IQ_EV_GCEnd;
	bool active = m->kind == IQ_EV_GCActive;
	bool first = run->gc_state == IQ_GC_UNKNOWN && !ends;
	enum iq_run_gc_kind kind = ends	  ? IQ_GC_END :
				   active ? IQ_GC_ACTIVE :
					    IQ_GC_BEGIN;

	// In the first generation nothing precedes; in others what did is known
	// to the merge.
	if (active && run->mode == IQ_RUN_INITIAL && !first)
		return iq_trace_broken(run, m, "it is told too late");
	if (active && run->mode == IQ_RUN_EXACT)
		first = false;
	if (first && run->mode == IQ_RUN_SPECULATIVE && !iq_trace_has_both(m))
		return iq_trace_refuse(run);
	if (!first) {
		if (seq != run->gc_seq + 1)
			return IQ_STEP_WAIT;
		if ((run->gc_state == IQ_GC_ON) != (ends || active))
			return iq_trace_broken(run, m, "a GC is %s",
					       run->gc_state == IQ_GC_ON ?
						       "running" :
						       "not running");
		if (!iq_trace_has_both(m))
			return iq_trace_lacks(run, m, true);
	}
	run->gc_seq = seq;
	run->gc_state = ends ? IQ_GC_OFF : IQ_GC_ON;
	return gc_push(run, kind, seq, iq_tally_show(run, m->time)) ?
		       IQ_STEP_MORE :
		       iq_trace_nomem(run);
}

static enum iq_step sweep_event(struct iq_trace_run *run, struct iq_run_m *m,
				const uint64_t *args)
{
	uint32_t p = m->p;

	if (m->kind == IQ_EV_GCSweepActive) {
		p = iq_trace_ids_get(&run->p_ids, args[0]);
		if (p == IQ_NONE)
			return iq_trace_broken(
				run, m, "processor %" PRIu64 " is not there",
				args[0]);
		return range_active(run, m, owner_p(run, p), IQ_RANGE_SWEEP);
	}
	if (!iq_trace_has_p(m))
		return iq_trace_lacks(run, m, false);
	if (m->kind == IQ_EV_GCSweepEnd)
		return range_end(run, m, owner_p(run, p), IQ_RANGE_SWEEP);
	iq_trace_stack(run, m, args[0]);
	return range_begin(run, m, owner_p(run, p), IQ_RANGE_SWEEP, IQ_STR(""));
}

static enum iq_step assist_active(struct iq_trace_run *run, struct iq_run_m *m,
				  uint64_t id)
{
	uint32_t g = iq_trace_ids_get(&run->g_ids, id);

	if (g == IQ_NONE || run->gs.data[g].status == IQ_G_GONE)
		return iq_trace_broken(
			run, m, "goroutine %" PRIu64 " is not there", id);
	return range_active(run, m, owner_g(run, g), IQ_RANGE_ASSIST);
}

enum iq_step iq_trace_advance_range(struct iq_trace_run *run, uint32_t mi,
				    const uint64_t *args)
{
	struct iq_run_m *m = &run->ms.data[mi];
	struct iq_str what;

	switch (m->kind) {
	case IQ_EV_GCActive:
	case IQ_EV_GCBegin:
	case IQ_EV_GCEnd:
		return gc_event(run, m, args[0]);
	case IQ_EV_GCSweepActive:
	case IQ_EV_GCSweepBegin:
	case IQ_EV_GCSweepEnd:
		return sweep_event(run, m, args);
	case IQ_EV_GCMarkAssistActive:
		return assist_active(run, m, args[0]);
	default:
		break;
	}
	if (!iq_trace_has_both(m))
		return iq_trace_lacks(run, m, true);
	switch (m->kind) {
	case IQ_EV_STWBegin:
		what = run->tables.strings
			       .data[iq_trace_string(run, m, args[0])];
		iq_trace_stack(run, m, args[1]);
		return range_begin(run, m, owner_g(run, m->g), IQ_RANGE_STW,
				   what);
	case IQ_EV_STWEnd:
		return range_end(run, m, owner_g(run, m->g), IQ_RANGE_STW);
	case IQ_EV_GCMarkAssistBegin:
		iq_trace_stack(run, m, args[0]);
		return range_begin(run, m, owner_g(run, m->g), IQ_RANGE_ASSIST,
				   IQ_STR(""));
	default:
		return range_end(run, m, owner_g(run, m->g), IQ_RANGE_ASSIST);
	}
}
