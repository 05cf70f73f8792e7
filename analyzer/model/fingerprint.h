/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a finding is called across runs: stable over lines, ids, addresses,
 * counts, builds, Go versions and which witness saw it.
 */
#ifndef IQ_MODEL_FINGERPRINT_H
#define IQ_MODEL_FINGERPRINT_H

#include "base/error.h"
#include "model/finding.h"

/* Sets finding->fingerprint; @arena is scratch. */
struct iq_error *iq_fingerprint_make(struct iq_arena *arena,
				     struct iq_finding *finding) iq_must_check;

#endif
