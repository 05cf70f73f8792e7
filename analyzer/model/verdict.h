/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The case's one-line answer, from its findings alone.
 */
#ifndef IQ_MODEL_VERDICT_H
#define IQ_MODEL_VERDICT_H

#include "base/error.h"
#include "model/model.h"

/* The word that @finding earns; IQ_VERDICT_NONE if it earns none. */
enum iq_verdict_word iq_finding_word(const struct iq_finding *finding);

/* Sets model->verdict; the findings are in their final order. */
struct iq_error *iq_verdict_make(struct iq_model *model) iq_must_check;

#endif
