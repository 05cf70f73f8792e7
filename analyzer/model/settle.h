/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What would settle a suspicion: the witness that the case lacks, the command
 * that collects it, and the one that reads it together with the rest.
 */
#ifndef IQ_MODEL_SETTLE_H
#define IQ_MODEL_SETTLE_H

#include "base/error.h"
#include "model/model.h"

/*
 * Sets settle, collect and again of a finding that is suspected and no note;
 * what its rule says itself stays, and asks for another profile if it has no
 * command. Others lose theirs: they are settled.
 */
struct iq_error *iq_settle_make(const struct iq_model *model,
				struct iq_arena *arena,
				struct iq_finding *finding) iq_must_check;

#endif
