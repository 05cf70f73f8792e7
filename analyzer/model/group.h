/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goroutines that stand equal are one group: a million of them cost a report a
 * few hundred lines.
 */
#ifndef IQ_MODEL_GROUP_H
#define IQ_MODEL_GROUP_H

#include "base/error.h"
#include "model/model.h"

/* Sets model->groups and each goroutine's group. */
struct iq_error *iq_groups_make(struct iq_model *model) iq_must_check;

#endif
