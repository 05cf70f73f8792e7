/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The case's one-line answer, from its findings alone.
 */
#ifndef IQ_MODEL_VERDICT_H
#define IQ_MODEL_VERDICT_H

#include "base/error.h"
#include "model/model.h"

/* Sets model->verdict; the findings are in their final order. */
struct iq_error *iq_verdict_make(struct iq_model *model) iq_must_check;

#endif
