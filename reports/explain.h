/* SPDX-License-Identifier: Apache-2.0 */
/* What the formats of "explain" share: which finding is asked for. */
#ifndef IQ_REPORTS_EXPLAIN_H
#define IQ_REPORTS_EXPLAIN_H

#include "base/error.h"
#include "model/model.h"

/*
 * The finding of that number, or of the fingerprint that begins so: 8 digits at
 * least. The error says which there are.
 */
struct iq_error *iq_explain_find(const struct iq_model *model,
				 const char *asked,
				 const struct iq_finding **ret) iq_must_check;

/*
 * The first goroutine of a finding that nothing proves, of which memory shows
 * that something still reaches what it waits for; false if there is none.
 */
bool iq_explain_open(const struct iq_model *model,
		     const struct iq_finding *finding, uint32_t *ret);

#endif
