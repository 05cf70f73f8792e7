/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cross-examination: each witness is asked about each finding, and answers
 * with a fact, for it, against it, or why it has none. The answers are weighed
 * by the rules of model/confidence.h; docs/evidence.md is the manual.
 */
#ifndef IQ_MODEL_EVIDENCE_H
#define IQ_MODEL_EVIDENCE_H

#include "base/error.h"
#include "model/model.h"

/* Sets evidence, confidence, sure and, for a suspicion, settle of @finding. */
struct iq_error *iq_evidence_collect(const struct iq_model *model,
				     struct iq_arena *arena,
				     struct iq_finding *finding) iq_must_check;

/*
 * A witness later than the goroutine's own saw it go on: it ran, ended, or stood
 * elsewhere. Rules do not count such a goroutine
 * among the others of its finding.
 */
bool iq_evidence_gone(const struct iq_model *model, size_t goroutine);
/* The same, asked of one witness. */
bool iq_evidence_gone_in(const struct iq_model *model, size_t goroutine,
			 size_t witness);

/* "core", "profile", "trace", "dump", "executable". Static. */
const char *iq_witness_kind_name(enum iq_witness_kind kind);

#endif
