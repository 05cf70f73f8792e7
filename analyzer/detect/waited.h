/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a wait is one that lasts, and not an answer on its way.
 */
#ifndef IQ_DETECT_WAITED_H
#define IQ_DETECT_WAITED_H

#include <stdbool.h>
#include <stddef.h>

#include "model/model.h"

/* It is known to have waited for less than 100 ms. */
bool iq_goroutine_is_young(const struct iq_model *model, size_t index);
/* A collection, a clock or a trace has seen it wait, and it is not young. */
bool iq_goroutine_has_waited(const struct iq_model *model, size_t index);
/*
 * A trace has seen it parked for most of its time, or another witness for
 * longer than peers that answer, or deadlines meant for them, usually take.
 */
bool iq_goroutine_waits_long(const struct iq_model *model, size_t index);
/* For how long it has waited for a lock at least, as a bound says or a trace
 * shows that has it in the same wait at the same place, whichever of the two was
 * later; negative if that is not known. */
int64_t iq_lock_waited(const struct iq_model *model, size_t index);
/* That is a second or more. */
bool iq_lock_wait_is_long(const struct iq_model *model, size_t index);
/* Nothing that can run refers to the lock that it waits for, and nobody who is
 * left is seen to have it: it was never given back. */
bool iq_lock_is_lost(const struct iq_model *model, size_t index);
/* It is known to have waited for a lock for less than a second. */
bool iq_lock_wait_is_short(const struct iq_model *model, size_t index);

#endif
