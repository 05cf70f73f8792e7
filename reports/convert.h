/* SPDX-License-Identifier: Apache-2.0 */
/* Exports: what a case has, for tools of others. */
#ifndef IQ_REPORTS_CONVERT_H
#define IQ_REPORTS_CONVERT_H

#include "reports/pprof_out.h"
#include "reports/report.h"

/* Executable, build and time of @witness, as a profile says them first. */
void iq_convert_head(const struct iq_facts *witness, struct iq_pprof_head *ret);
/* Where it comes from, as a comment. */
struct iq_error *iq_convert_origin(const struct iq_facts *witness,
				   struct iq_pprof_out *p) iq_must_check;

/* convert_goroutines.c: a profile of goroutines, as the runtime makes it, with
 * labels that say what each waits for. */
struct iq_error *iq_convert_goroutines(const struct iq_model *model,
				       const struct iq_report_options *options,
				       struct iq_out *out) iq_must_check;

#endif
