/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Circles of locks: goroutines that each mention the lock which the one before
 * waits for.
 */
#ifndef IQ_MODEL_LOCK_CYCLE_H
#define IQ_MODEL_LOCK_CYCLE_H

#include "base/error.h"
#include "model/model.h"

/* Sets model->lock_cycles and marks their goroutines. */
struct iq_error *iq_lock_cycles_make(struct iq_model *model) iq_must_check;

#endif
