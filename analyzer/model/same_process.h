/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the witnesses saw one process: build id, pid, clocks, addresses, and
 * the ids and creators of goroutines decide. Those that did not prove nothing.
 */
#ifndef IQ_MODEL_SAME_PROCESS_H
#define IQ_MODEL_SAME_PROCESS_H

#include "base/error.h"
#include "model/model.h"

/* Sets model->kinship, model->foreign, model->process and the gaps of the join;
 * wants signatures. */
struct iq_error *iq_same_process(struct iq_model *model) iq_must_check;

/* Whether @a knows more of a process than @b does (*@ret), or less; false where
 * they are alike. */
bool iq_witness_knows_more(const struct iq_facts *a, const struct iq_facts *b,
			   bool *ret);

#endif
