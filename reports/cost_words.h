/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why goroutines leaked, what mends it, and what they keep in memory, in the
 * same words in every report for people. Not clean: it may hold names of types.
 */
#ifndef IQ_REPORTS_COST_WORDS_H
#define IQ_REPORTS_COST_WORDS_H

#include "base/out.h"
#include "model/model.h"

/* "48.7 KiB in 503 objects, 4.0 KiB of it its stack; 46.1 KiB of it through one
 * main.table". Nothing if it is not known. */
void iq_cost_keeps(struct iq_out *out, const struct iq_finding *finding);
/* "one main.table", "40 hchan int", "3 objects of 64 B whose type is not known". */
void iq_cost_kind(struct iq_out *out, const struct iq_retained_kind *kind);
/* "23 leaked goroutines keep 737.8 KiB in 810 objects". Nothing where one
 * finding says it all; why it is not known. */
void iq_cost_total(struct iq_out *out, const struct iq_model *model);
/* "the channel is nil: …: `ch` is set nowhere". Nothing if it is not known. */
void iq_cost_why(struct iq_out *out, const struct iq_finding *finding);
/* What mends it: the rule's advice, or that of the cause where the rule has a
 * general one. May be empty. */
struct iq_str iq_cost_fix(const struct iq_finding *finding);

#endif
