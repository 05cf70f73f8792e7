/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks that goroutines wait for, and whose frames mention them. Go's locks
 * record no owner: who holds one is inferred, and said to be.
 */
#ifndef IQ_MODEL_LOCK_H
#define IQ_MODEL_LOCK_H

#include "base/error.h"
#include "model/model.h"

/* Sets model->locks and each goroutine's lock. */
struct iq_error *iq_locks_make(struct iq_model *model) iq_must_check;

#endif
