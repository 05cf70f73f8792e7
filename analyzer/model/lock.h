/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks that goroutines wait for, and whose frames mention them. Go's locks
 * record no owner: who holds one is inferred, and said to be.
 */
#ifndef IQ_MODEL_LOCK_H
#define IQ_MODEL_LOCK_H

#include "base/error.h"
#include "model/model.h"

/*
 * The waiter that seems to hold @lock itself: it alone has deferred its Unlock,
 * or it is the only one whose callers mention the lock and nobody else does
 * more than share it; or NULL.
 */
const struct iq_lock_mention *iq_lock_self(const struct iq_lock *lock);

/* What the best mention of those who do not wait for the lock says. */
enum iq_lock_hold iq_lock_best_hold(const struct iq_lock *lock);

/*
 * Who mentions the lock and waits for another goroutine: the one that would
 * explain the queue, of those whose mention says most. The lock's self if it
 * has one. NULL if there is none, or more than one.
 */
const struct iq_lock_mention *
iq_lock_blocked_holder(const struct iq_model *model,
		       const struct iq_lock *lock);

/* Who may hold the lock can go on, and so will the waiters: of those whose
 * mention says most, one can, and none is blocked unless another runs. */
bool iq_lock_passes(const struct iq_model *model, const struct iq_lock *lock);

/* Sets model->locks, lock_cycles and each goroutine's lock and deadlocked. */
struct iq_error *iq_locks_make(struct iq_model *model) iq_must_check;

#endif
