/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the witnesses saw one process: build id, pid, and the ids and
 * creators of goroutines decide. Those that did not prove nothing.
 */
#ifndef IQ_MODEL_SAME_PROCESS_H
#define IQ_MODEL_SAME_PROCESS_H

#include "base/error.h"
#include "model/model.h"

/* Sets model->foreign, model->process and the gaps of the join. */
struct iq_error *iq_same_process(struct iq_model *model) iq_must_check;

#endif
