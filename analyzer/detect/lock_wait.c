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
	return is_lock_class(g->class) && !g->fact->system && !g->deadlocked;
}

/*
 * A candidate for the holder is on its way to the Unlock. Who sleeps or waits
 * for I/O may hold it, too, but less likely than who is blocked.
 */
static bool has_running_holder(const struct iq_model *model,
			       const struct iq_lock *lock)
{
	bool patient = false, blocked = false;

	for (size_t i = 0; i < lock->num_holders; i++) {
		enum iq_wait_class class =
			model->goroutines[lock->holders[i].goroutine].class;

		if (class == IQ_CLASS_RUNNING)
			return true;
		if (iq_wait_class_can_go_on(class))
			patient = true;
		else
			blocked = true;
	}
	return patient && !blocked;
}

/* Goroutines of the program that can run, whoever they are. */
static bool anything_runs(const struct iq_model *model)
{
	for (size_t i = 0; i < model->num_goroutines; i++) {
		const struct iq_goroutine *g = &model->goroutines[i];

		if (!g->fact->system && iq_wait_class_can_go_on(g->class) &&
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

static bool is_passing(const struct iq_model *model, const struct iq_finding *f,
		       const struct iq_lock *lock)
{
	if (is_old(f))
		return false;
	if (lock)
		return has_running_holder(model, lock);
	return f->count < SUSPICIOUS_WAITERS || anything_runs(model);
}

static struct iq_error *ground(const struct iq_model *model,
			       struct iq_arena *arena,
			       const struct iq_lock *lock, struct iq_finding *f)
{
	const struct iq_lock_mention *holder;
	const char *place;
	struct iq_error *err;

	if (!lock) {
		f->ground = IQ_STR("nothing that runs can be seen to release "
				   "the lock");
		return NULL;
	}
	if (!lock->num_holders) {
		f->ground = IQ_STR("no other goroutine's frames mention the "
				   "lock: whoever took it has left without "
				   "Unlock, or waits for it");
		return NULL;
	}
	holder = iq_lock_blocked_holder(model, lock);
	if (!holder)
		holder = &lock->holders[0];
	err = iq_text_frame(arena, holder->frame, &place);
	if (err)
		return err;
	return iq_textf(
		arena, &f->ground,
		"goroutine %llu mentions the lock in %s and stands in %s",
		(unsigned long long)model->goroutines[holder->goroutine].id,
		place,
		iq_wait_class_words(
			model->goroutines[holder->goroutine].class));
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
