/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cross-examination: what each witness says for or against a finding, and
 * what that makes of its confidence.
 */
#ifndef IQ_MODEL_EVIDENCE_H
#define IQ_MODEL_EVIDENCE_H

#include "base/error.h"
#include "model/model.h"

/*
 * Sets evidence and confidence of @finding. Rules: what memory proves stays
 * proven; two kinds of witness that support it make it corroborated; one that
 * saw its goroutines go on afterwards makes it contradicted.
 */
struct iq_error *iq_evidence_collect(const struct iq_model *model,
				     struct iq_arena *arena,
				     struct iq_finding *finding) iq_must_check;

/* "core", "profile", "trace", "dump", "executable". Static. */
const char *iq_witness_kind_name(enum iq_witness_kind kind);

#endif
