/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sift.h"
#include "model/lock.h"
#include "model/text.h"

/* So many waiters of one lock are no passing contention where addresses are
 * unknown. */
#define SUSPICIOUS_WAITERS 2
/* A lock is held for microseconds; the runtime itself calls a waiter starving
 * after one millisecond. Go: src/sync/mutex.go, starvationThresholdNs. */
#define SUSPICIOUS_WAIT_NS 1000000000

static bool is_lock_class(enum iq_wait_class class)
{
	return class == IQ_CLASS_MUTEX || class == IQ_CLASS_RWMUTEX_R ||
	       class == IQ_CLASS_RWMUTEX_W;
}

static bool wanted(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	// Those in a circle have a finding of their own.
	return is_lock_class(g->class) && !g->system && !g->deadlocked;
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

static bool is_old(const struct iq_finding *f)
{
	return f->has_wait_min && f->wait_min_ns >= SUSPICIOUS_WAIT_NS;
}

/*
 * Who holds the lock and can go on lets the wait pass, however long it takes.
 * Where nobody is seen to hold it and be blocked, something else must be wrong:
 * a second, or several that wait while nothing runs.
 */
static bool is_passing(const struct iq_model *model, const struct iq_finding *f,
		       const struct iq_lock *lock)
{
	if (lock && iq_lock_passes(model, lock))
		return true;
	if (is_old(f) || (lock && iq_lock_blocked_holder(model, lock)))
		return false;
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
	.sift = &lock_wait_sift,
};
