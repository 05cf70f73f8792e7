/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "detect/sift.h"
#include "detect/waited.h"
#include "model/graph.h"
#include "model/text.h"

/* So many waiters of one lock are no passing contention where addresses are
 * unknown. */
#define SUSPICIOUS_WAITERS 2
/* Locks that are held one over the other; a circle of them is no chain. */
#define CHAIN_MAX 16

static bool wanted(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	// Without frames nobody can be seen to hold or release anything.
	if (!g->fact->stack || !g->fact->stack->num_frames)
		return false;
	// Those in a circle have a finding of their own, and so have leaks.
	return iq_wait_class_is_lock(g->class) && !g->system &&
	       model->graph->cycle_of[index] == IQ_GRAPH_NONE &&
	       !iq_lock_is_lost(model, index);
}

/* Goroutines of the program that can run, whoever they are. */
static bool anything_runs(const struct iq_model *model)
{
	for (size_t i = 0; i < model->num_goroutines; i++) {
		const struct iq_goroutine *g = &model->goroutines[i];

		if (!g->system && iq_wait_class_can_go_on(g->class) &&
		    iq_goroutine_is_own(model, i))
			return true;
	}
	return false;
}

/* The lock that it waits for; NULL if its address is unknown. */
static const struct iq_graph_node *lock_of(const struct iq_model *model,
					   uint32_t goroutine)
{
	uint32_t lock = iq_graph_lock_of(model->graph, goroutine);

	return lock == IQ_GRAPH_NONE ? NULL : &model->graph->nodes[lock];
}

/* All of them have only just begun to wait. */
static bool is_short(const struct iq_model *model, const struct iq_finding *f)
{
	for (size_t i = 0; i < f->num_goroutines; i++) {
		if (!iq_lock_wait_is_short(model, f->goroutines[i]))
			return false;
	}
	return true;
}

/* Something is known of how long one has waited, and it is not long. */
static bool is_not_old(const struct iq_model *model, const struct iq_finding *f)
{
	for (size_t i = 0; i < f->num_goroutines; i++) {
		if (iq_lock_waited(model, f->goroutines[i]) >= 0)
			return true;
	}
	return false;
}

static bool is_old(const struct iq_model *model, const struct iq_finding *f)
{
	for (size_t i = 0; i < f->num_goroutines; i++) {
		if (!iq_lock_wait_is_long(model, f->goroutines[i]))
			return false;
	}
	return f->num_goroutines > 0;
}

/*
 * Whether the blocked @holder of a lock will not go on: it is in a deadlock,
 * has waited long, nobody is seen who could wake it, or whoever holds the next
 * lock will not go on.
 * Where a chain of locks ends with an unknown holder and a wait that nobody saw
 * last, the locks most likely change hands.
 */
static bool is_stuck(const struct iq_model *model, const struct iq_wake *holder)
{
	for (size_t i = 0; i < CHAIN_MAX && holder; i++) {
		const struct iq_graph_node *lock =
			lock_of(model, holder->goroutine);

		if (iq_lock_wait_is_long(model, holder->goroutine) ||
		    iq_graph_is_deadlocked(model->graph, holder->goroutine))
			return true;
		// Memory shows that somebody can still wake it.
		if (!lock)
			return model->goroutines[holder->goroutine].reach !=
			       IQ_REACH_LIVE;
		if (iq_graph_passes(model, lock))
			return false;
		holder = iq_graph_blocked_holder(model, lock);
	}
	return false;
}

/*
 * Who holds the lock and can go on lets the wait pass, however long it takes.
 * Where nobody is seen to hold it and be blocked, something else must be wrong:
 * a second, or several that wait while nothing runs.
 */
static bool is_passing(const struct iq_model *model, const struct iq_finding *f,
		       const struct iq_graph_node *lock)
{
	const struct iq_wake *holder;

	if (lock && iq_graph_passes(model, lock))
		return true;
	if (is_old(model, f))
		return false;
	holder = lock ? iq_graph_blocked_holder(model, lock) : NULL;
	if (holder && iq_graph_is_deadlocked(model->graph, holder->goroutine))
		return false;
	// A mention is not enough where time does not speak for it.
	if (is_short(model, f) ||
	    (is_not_old(model, f) &&
	     (!holder || holder->ground < IQ_WAKE_DEFERS)))
		return true;
	if (holder)
		return !is_stuck(model, holder);
	return f->count < SUSPICIOUS_WAITERS || anything_runs(model);
}

/* "; goroutine 9 stands at the end of the queue, in …" where that is another
 * than who holds the lock itself. */
static struct iq_error *add_root(const struct iq_model *model,
				 struct iq_arena *arena, uint32_t holder,
				 struct iq_finding *f)
{
	const struct iq_graph *graph = model->graph;
	uint32_t at = graph->blocker_of[f->goroutines[0]];
	const struct iq_goroutine *g;

	if (at == IQ_GRAPH_NONE || graph->blocker_of[holder] != at)
		return NULL;
	if (graph->blockers[at].cycle != IQ_GRAPH_NONE)
		return iq_textf(arena, &f->ground,
				"%.*s; at the end of the queue goroutines "
				"wait for each other",
				IQ_STR_ARG(f->ground));
	g = &model->goroutines[graph->blockers[at].goroutine];
	return iq_textf(arena, &f->ground,
			"%.*s; goroutine %" PRIu64
			" at the end of the queue stands in %s",
			IQ_STR_ARG(f->ground), g->id,
			iq_wait_class_words(g->class));
}

static struct iq_error *ground(const struct iq_model *model,
			       struct iq_arena *arena,
			       const struct iq_graph_node *lock,
			       struct iq_finding *f)
{
	const struct iq_wake *holder;
	const struct iq_goroutine *g;
	const char *place;
	struct iq_error *err;

	if (!lock) {
		f->ground = IQ_STR("nothing that runs can be seen to release "
				   "the lock");
		return NULL;
	}
	holder = iq_graph_blocked_holder(model, lock);
	if (!holder) {
		f->ground =
			lock->num_wakers ?
				IQ_STR("who holds the lock cannot be told") :
				IQ_STR("no goroutine whose frames mention "
				       "the lock is seen to hold it");
		return NULL;
	}
	g = &model->goroutines[holder->goroutine];
	err = iq_text_frame(arena, holder->frame, &place);
	if (!err)
		err = iq_textf(arena, &f->ground,
			       "goroutine %" PRIu64
			       " %s in %s and stands in %s",
			       g->id,
			       holder->ground == IQ_WAKE_DEFERS ?
				       "has deferred the Unlock" :
				       "mentions the lock",
			       place, iq_wait_class_words(g->class));
	return err ? err : add_root(model, arena, holder->goroutine, f);
}

/* "2 goroutines wait for a lock of goroutine 7 in main.f main.go:3" */
static struct iq_error *name_holder(const struct iq_model *model,
				    struct iq_arena *arena,
				    const struct iq_wake *holder,
				    struct iq_finding *f)
{
	const char *site;
	struct iq_error *err = iq_finding_place(arena, f, &site);

	if (err)
		return err;
	return iq_textf(
		arena, &f->title,
		"%" PRIu64 " %s for a lock that goroutine %" PRIu64 " %s in %s",
		f->count, f->count == 1 ? "goroutine waits" : "goroutines wait",
		model->goroutines[holder->goroutine].id,
		holder->ground == IQ_WAKE_DEFERS ? "holds" : "seems to hold",
		site);
}

static struct iq_error *describe(const struct iq_model *model,
				 struct iq_arena *arena, struct iq_finding *f,
				 bool *drop_ret)
{
	const struct iq_graph_node *lock = lock_of(model, f->goroutines[0]);
	const struct iq_wake *holder =
		lock ? iq_graph_blocked_holder(model, lock) : NULL;
	struct iq_error *err;

	*drop_ret = is_passing(model, f, lock);
	if (*drop_ret)
		return NULL;
	// The same waits in a text say nothing of who has the lock.
	f->mere = lock && (!holder || holder->ground < IQ_WAKE_DEFERS);
	err = ground(model, arena, lock, f);
	return err || !holder ? err : name_holder(model, arena, holder, f);
}

static const struct iq_sift lock_wait_sift = {
	.wanted = wanted,
	.one = "goroutine waits for a lock that nobody is seen to release in",
	.many = "goroutines wait for a lock that nobody is seen to release in",
	.advice =
		"find who holds the lock and what it waits for: do not hold a lock over a channel, a call or I/O",
	.confidence = IQ_CONFIDENCE_SUSPECTED,
	.describe = describe,
};

const struct iq_detector iq_detector_lock_wait = {
	.id = "lock-wait",
	.class = IQ_CLASS_BLOCKED,
	.severity = IQ_SEVERITY_WARNING,
	.summary =
		"goroutines wait for a Mutex or RWMutex that is not released",
	.needs = IQ_TELLS_STACKS,
	.needs_text = "no witness knows stacks",
	.passes = true,
	.sift = &lock_wait_sift,
};
