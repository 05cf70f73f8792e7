/* SPDX-License-Identifier: Apache-2.0 */
/* The contract's "goroutines": one object a line, ordered by id. */
#include "reports/goroutine_select.h"
#include "reports/record.h"
#include "reports/report.h"

static struct iq_error *
goroutines_json_render(const struct iq_model *model,
		       const struct iq_report_options *options,
		       struct iq_out *out)
{
	iq_cleanup(iq_records_destroyp) struct iq_records *records = NULL;
	struct iq_selection selection;
	struct iq_error *err = iq_records_create(model, out, &records);
	size_t num;

	if (!err)
		err = iq_selection_init(model, options, true, &selection);
	if (err)
		return err;
	num = selection.num;
	if (options->limit && options->limit < num)
		num = (size_t)options->limit;
	for (size_t i = 0; i < num && !out->err; i++)
		iq_records_write(records, iq_selection_at(&selection, i));
	iq_selection_deinit(&selection);
	return iq_records_done(records);
}

const struct iq_report iq_report_goroutines_json = {
	.command = "goroutines",
	.format = "json",
	.summary = "one JSON object a goroutine and line",
	.stage = IQ_STAGE_JUDGED,
	.render = goroutines_json_render,
};
