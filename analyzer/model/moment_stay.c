/* SPDX-License-Identifier: Apache-2.0 */
#include "model/moment.h"

#include "model/population.h"
#include "model/trace.h"

/* What the trace says of goroutine @id; NULL where its times are of no use. */
static const struct iq_trace_goroutine *traced(const struct iq_model *m,
					       size_t trace, uint64_t id)
{
	const struct iq_trace *t = m->witnesses[trace]->trace;

	return t && t->is_nanotime && !m->foreign[trace] ?
		       iq_trace_find(t, id) :
		       NULL;
}

static bool is_parked(enum iq_gstatus status)
{
	return status == IQ_GSTATUS_WAITING || status == IQ_GSTATUS_LEAKED ||
	       status == IQ_GSTATUS_SYSCALL;
}

/* It changed its state after @time, or ran from then on. */
static bool changed_after(const struct iq_trace *trace,
			  const struct iq_trace_goroutine *g, int64_t time)
{
	if (g->has_ended)
		return g->ended_ns > time;
	if (!g->since_start && g->last_change_ns > time)
		return true;
	return g->last_state == IQ_GSTATUS_RUNNING && trace->end_ns > time;
}

bool iq_moment_ran_after(const struct iq_model *model, size_t trace,
			 uint64_t id, size_t other)
{
	const struct iq_trace_goroutine *g = traced(model, trace, id);
	struct iq_instant at;

	// What began later is another one than the witness saw.
	return g && iq_moment_order(model, trace, other) != IQ_ORDER_BEFORE &&
	       iq_moment_on_clock(model, trace, other, &at) && !at.is_bound &&
	       !(g->has_created && g->created_ns > at.last_ns) &&
	       changed_after(model->witnesses[trace]->trace, g, at.last_ns);
}

static int64_t termination_of(const struct iq_trace_gc *gc)
{
	if (gc->has_termination)
		return gc->termination_begin_ns;
	return gc->has_end ? gc->end_ns : gc->begin_ns;
}

/* The collection whose mark termination @time lies in. */
static bool find_collection(const struct iq_trace *trace, int64_t time,
			    size_t *ret)
{
	size_t low = 0, high = trace->num_gcs;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (termination_of(&trace->gcs[mid]) <= time)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || !trace->gcs[low - 1].has_termination ||
	    time > trace->gcs[low - 1].termination_end_ns)
		return false;
	*ret = low - 1;
	return true;
}

/*
 * g.waitsince of a later core: a collection's scan sets it to the beginning of
 * the mark termination of the collection before, where it is 0, and running
 * clears it, but for a switch of coroutines. So if that scan was within the
 * trace, and after the goroutine parked, it has not run since.
 * Go: src/runtime/mgcmark.go, markroot; src/runtime/proc.go, execute.
 */
static bool is_proven(const struct iq_trace *trace,
		      const struct iq_trace_goroutine *g, int64_t waitsince)
{
	int64_t since = g->since_start ? trace->start_ns : g->last_change_ns;
	const struct iq_trace_gc *scan;
	size_t before;

	if (!find_collection(trace, waitsince, &before) ||
	    before + 1 == trace->num_gcs)
		return false;
	scan = &trace->gcs[before + 1];
	return scan->has_begin && scan->has_end && scan->begin_ns >= since;
}

/* Both show the same wait at the same place, as far as both can. */
static bool same_wait(const struct iq_model *m, size_t a,
		      const struct iq_goroutine_fact *x, size_t b,
		      const struct iq_goroutine_fact *y)
{
	const struct iq_population *p = iq_population_of(m, a, x);

	return p && p == iq_population_of(m, b, y);
}

/* No clock is needed: ids are not used again, so whoever has it, and is not
 * known to be later, is of a moment before its end. */
static bool ended_after(const struct iq_model *m, size_t trace,
			const struct iq_trace_goroutine *g,
			const struct iq_goroutine_fact *fact, size_t other)
{
	return fact && g->has_ended &&
	       iq_moment_order(m, trace, other) != IQ_ORDER_BEFORE;
}

enum iq_stay iq_moment_stay(const struct iq_model *model, size_t index,
			    size_t trace, size_t other)
{
	const struct iq_goroutine *goroutine = &model->goroutines[index];
	const struct iq_goroutine_fact *before =
		iq_model_fact(model, index, trace);
	const struct iq_goroutine_fact *after =
		iq_model_fact(model, index, other);
	const struct iq_trace_goroutine *g;

	if (!goroutine->has_id || model->foreign[other])
		return IQ_STAY_UNKNOWN;
	g = traced(model, trace, goroutine->id);
	if (!g)
		return IQ_STAY_UNKNOWN;
	if (iq_moment_ran_after(model, trace, goroutine->id, other) ||
	    ended_after(model, trace, g, after, other))
		return IQ_STAY_MOVED;
	if (!after || !is_parked(after->status) || !is_parked(g->last_state))
		return IQ_STAY_UNKNOWN;
	if (after->has_waitsince &&
	    !model->witnesses[other]->process.has_coroutines &&
	    is_proven(model->witnesses[trace]->trace, g, after->waitsince_ns))
		return IQ_STAY_PROVEN;
	return before && same_wait(model, trace, before, other, after) ?
		       IQ_STAY_CONSISTENT :
		       IQ_STAY_UNKNOWN;
}

struct iq_waited iq_moment_waited(const struct iq_model *model, size_t trace,
				  uint64_t id, size_t other)
{
	const struct iq_trace_goroutine *g = traced(model, trace, id);
	const struct iq_trace *t = model->witnesses[trace]->trace;
	struct iq_waited ret = { 0 };
	struct iq_instant at;
	int64_t since;

	if (!g || !is_parked(g->last_state))
		return ret;
	since = g->since_start ? t->start_ns : g->last_change_ns;
	if (!iq_moment_on_clock(model, trace, other, &at))
		at = (struct iq_instant){ .first_ns = since, .is_bound = true };
	// The clock that a core wrote down last may stand before the trace's end.
	if (iq_moment_order(model, trace, other) == IQ_ORDER_BEFORE &&
	    at.first_ns < t->end_ns)
		at.first_ns = t->end_ns;
	ret.has_min = at.first_ns > since &&
		      !__builtin_sub_overflow(at.first_ns, since, &ret.min_ns);
	ret.has_max = !g->since_start && !at.is_bound && at.last_ns >= since &&
		      !__builtin_sub_overflow(at.last_ns, since, &ret.max_ns);
	return ret;
}
