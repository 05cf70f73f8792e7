/* SPDX-License-Identifier: Apache-2.0 */
/* What the formats of "bt" share. */
#ifndef IQ_REPORTS_BT_H
#define IQ_REPORTS_BT_H

#include "base/attr.h"
#include "base/error.h"
#include "reports/report.h"

/*
 * Which goroutines are asked for: model->goroutines[*@begin .. *@end). An id
 * that is not there is an error.
 */
struct iq_error *iq_bt_range(const struct iq_model *model,
			     const struct iq_report_options *options,
			     size_t *begin, size_t *end) iq_must_check;

/* Go's own form (debug=2), for "bt --go". */
struct iq_error *iq_bt_go_render(const struct iq_model *model,
				 const struct iq_report_options *options,
				 struct iq_out *out) iq_must_check;

#endif
