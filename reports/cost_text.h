/* SPDX-License-Identifier: Apache-2.0 */
/* What a finding's goroutines keep in memory: a section of "explain". */
#ifndef IQ_REPORTS_COST_TEXT_H
#define IQ_REPORTS_COST_TEXT_H

#include "model/model.h"
#include "reports/emit_term.h"

/* With its headings; nothing where it is not known, or where it is the stacks
 * alone. */
void iq_cost_put(struct iq_term *term, const struct iq_model *model,
		 const struct iq_finding *finding);

#endif
