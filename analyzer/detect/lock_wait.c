/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "detect/sift.h"
#include "detect/waited.h"
#include "model/lock.h"
#include "model/text.h"

/* So many waiters of one lock are no passing contention where addresses are
 * unknown. */
#define SUSPICIOUS_WAITERS 2

static bool is_in_circle(const struct iq_model *model, size_t index)
{
	for (size_t i = 0; i < model->num_lock_cycles; i++) {
		const struct iq_lock_cycle *cycle = &model->lock_cycles[i];

		for (size_t j = 0; j < cycle->len; j++) {
			if (cycle->holders[j] == index)
				return true;
		}
	}
	return false;
}

static bool wanted(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	// Without frames nobody can be seen to hold or release anything.
	if (!g->fact->stack || !g->fact->stack->num_frames)
		return false;
	// Those in a circle have a finding of their own. Where that is only
	// suspected, a long wait is a finding for itself.
	return iq_wait_class_is_lock(g->class) && !g->system &&
	       !g->deadlocked &&
	       (!is_in_circle(model, index) ||
		iq_lock_wait_is_long(model, index));
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

/* The lock of the finding's first waiter; NULL if addresses are unknown. */
static const struct iq_lock *lock_of(const struct iq_model *model,
				     const struct iq_finding *f)
{
	uint32_t lock = model->goroutines[f->goroutines[0]].lock;

	return lock == IQ_NO_LOCK ? NULL : &model->locks[lock];
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
 * has waited long for the next lock, or whoever holds that one will not go on.
 * Where a chain of locks ends with an unknown holder and a wait that nobody saw
 * last, the locks most likely change hands.
 */
static bool is_stuck(const struct iq_model *model,
		     const struct iq_lock_mention *holder)
{
	for (size_t i = 0; i < IQ_LIMIT_LOCK_CYCLE && holder; i++) {
		const struct iq_goroutine *g =
			&model->goroutines[holder->goroutine];

		if (g->lock == IQ_NO_LOCK || g->deadlocked ||
		    iq_lock_wait_is_long(model, holder->goroutine))
			return true;
		if (iq_lock_passes(model, &model->locks[g->lock]))
			return false;
		holder = iq_lock_blocked_holder(model, &model->locks[g->lock]);
	}
	return false;
}

/*
 * Who holds the lock and can go on lets the wait pass, however long it takes.
 * Where nobody is seen to hold it and be blocked, something else must be wrong:
 * a second, or several that wait while nothing runs.
 */
static bool is_passing(const struct iq_model *model, const struct iq_finding *f,
		       const struct iq_lock *lock)
{
	const struct iq_lock_mention *holder;

	if (lock && iq_lock_passes(model, lock))
		return true;
	if (is_old(model, f))
		return false;
	holder = lock ? iq_lock_blocked_holder(model, lock) : NULL;
	if (holder && model->goroutines[holder->goroutine].deadlocked)
		return false;
	if (is_short(model, f))
		return true;
	if (holder)
		return !is_stuck(model, holder);
	return f->count < SUSPICIOUS_WAITERS || anything_runs(model);
}

static struct iq_error *ground(const struct iq_model *model,
			       struct iq_arena *arena,
			       const struct iq_lock *lock, struct iq_finding *f)
{
	const struct iq_lock_mention *holder;
	const struct iq_goroutine *g;
	const char *place;
	struct iq_error *err;

	if (!lock) {
		f->ground = IQ_STR("nothing that runs can be seen to release "
				   "the lock");
		return NULL;
	}
	holder = iq_lock_blocked_holder(model, lock);
	if (!holder) {
		f->ground =
			lock->num_holders ?
				IQ_STR("who holds the lock cannot be told") :
				IQ_STR("no goroutine whose frames mention "
				       "the lock is seen to hold it");
		return NULL;
	}
	g = &model->goroutines[holder->goroutine];
	err = iq_text_frame(arena, holder->frame, &place);
	if (err)
		return err;
	return iq_textf(arena, &f->ground,
			"goroutine %llu %s in %s and stands in %s",
			(unsigned long long)g->id,
			holder->hold == IQ_LOCK_HOLD_UNLOCKS ?
				"has deferred the Unlock" :
				"mentions the lock",
			place, iq_wait_class_words(g->class));
}

static struct iq_error *describe(const struct iq_model *model,
				 struct iq_arena *arena, struct iq_finding *f,
				 bool *drop_ret)
{
	const struct iq_lock *lock = lock_of(model, f);

	*drop_ret = is_passing(model, f, lock);
	return *drop_ret ? NULL : ground(model, arena, lock, f);
}

static const struct iq_sift lock_wait_sift = {
	.wanted = wanted,
	.one = "goroutine waits for a lock that nobody releases in",
	.many = "goroutines wait for a lock that nobody releases in",
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
