/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/waited.h"

#include "model/graph.h"
#include "model/moment.h"
#include "model/trace.h"

/* What networks and disks answer within, also over the world. */
#define YOUNG_NS 100000000
/* What is known to have come lately and waits for less may have a deadline. */
#define LONG_NS 200000000
/* A lock is held for microseconds; the runtime itself calls a waiter starving
 * after one millisecond. Go: src/sync/mutex.go, starvationThresholdNs. */
#define LOCK_SHORT_NS 1000000000

bool iq_goroutine_is_young(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	if (g->has_wait_max && g->wait_max_ns < YOUNG_NS)
		return true;
	return g->fact->wait_exact && g->fact->has_wait_min &&
	       g->fact->wait_min_ns < YOUNG_NS;
}

bool iq_lock_is_lost(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];
	uint32_t lock = iq_graph_lock_of(model->graph, (uint32_t)index);

	return lock != IQ_GRAPH_NONE && iq_wait_class_is_lock(g->class) &&
	       (g->fact->leaked || g->reach == IQ_REACH_UNREACHABLE) &&
	       !iq_graph_is_unlocked(&model->graph->nodes[lock]) &&
	       model->graph->nodes[lock].holder == IQ_GRAPH_NONE &&
	       !iq_graph_blocked_holder(model, &model->graph->nodes[lock]);
}

bool iq_lock_wait_is_short(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	if (g->has_wait_min && g->wait_min_ns >= LOCK_SHORT_NS)
		return false;
	return (g->has_wait_max && g->wait_max_ns < LOCK_SHORT_NS) ||
	       (g->fact->wait_exact && g->fact->has_wait_min);
}

/* A system call has no time of waiting; a trace has seen it begin. */
static bool was_traced(const struct iq_model *m, size_t index, size_t witness)
{
	const struct iq_goroutine *g = &m->goroutines[index];
	const struct iq_trace *trace = m->witnesses[witness]->trace;
	const struct iq_trace_goroutine *t;

	if (!trace || m->foreign[witness] || !g->has_id)
		return false;
	t = iq_trace_find(trace, g->id);
	return t && t->last_state == g->fact->status &&
	       trace->end_ns - t->last_change_ns >= YOUNG_NS &&
	       (g->witness == witness ||
		iq_moment_stay(m, index, witness, g->witness) != IQ_STAY_MOVED);
}

bool iq_goroutine_has_waited(const struct iq_model *model, size_t index)
{
	if (model->goroutines[index].has_wait_min)
		return !iq_goroutine_is_young(model, index);
	for (size_t w = 0; w < model->num_witnesses; w++) {
		if (was_traced(model, index, w))
			return true;
	}
	return false;
}

/* False if the trace does not have it waiting at its end. */
static bool parked(const struct iq_trace *trace, uint64_t id, int64_t *ret)
{
	const struct iq_trace_goroutine *t = iq_trace_find(trace, id);
	int64_t since;

	if (!t || t->last_state != IQ_GSTATUS_WAITING)
		return false;
	since = t->since_start ? trace->start_ns : t->last_change_ns;
	return !__builtin_sub_overflow(trace->end_ns, since, ret);
}

bool iq_goroutine_waits_long(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];
	int64_t waited, window;

	if (iq_goroutine_is_young(model, index))
		return false;
	for (size_t w = 0; w < model->num_witnesses && g->has_id; w++) {
		const struct iq_trace *trace = model->witnesses[w]->trace;

		if (!trace || model->foreign[w] ||
		    !parked(trace, g->id, &waited) ||
		    __builtin_sub_overflow(trace->end_ns, trace->start_ns,
					   &window))
			continue;
		if (waited >= YOUNG_NS && waited >= window / 2 &&
		    (g->witness == w ||
		     iq_moment_stay(model, index, w, g->witness) !=
			     IQ_STAY_MOVED))
			return true;
		if (g->witness == w)
			return false;
	}
	// A bound from above: a collection before did not see it wait.
	return g->has_wait_min &&
	       (!g->has_wait_max || g->wait_min_ns >= LONG_NS);
}

int64_t iq_lock_waited(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];
	int64_t ret = g->has_wait_min ? g->wait_min_ns : -1, waited;

	for (size_t w = 0; w < model->num_witnesses && g->has_id; w++) {
		const struct iq_trace *trace = model->witnesses[w]->trace;
		enum iq_stay stay;

		if (!trace || model->foreign[w] || g->witness == w ||
		    !parked(trace, g->id, &waited) || waited <= ret)
			continue;
		stay = iq_moment_stay(model, index, w, g->witness);
		if (stay == IQ_STAY_PROVEN || stay == IQ_STAY_CONSISTENT)
			ret = waited;
	}
	return ret;
}

bool iq_lock_wait_is_long(const struct iq_model *model, size_t index)
{
	return iq_lock_waited(model, index) >= LOCK_SHORT_NS;
}
