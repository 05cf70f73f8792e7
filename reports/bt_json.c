/* SPDX-License-Identifier: Apache-2.0 */
/* "bt" as JSON: the records of "goroutines", of those that are asked for. */
#include "reports/bt.h"

#include <inttypes.h>
#include <stdlib.h>

#include "reports/record.h"

/* "it has 1 to 118". */
static struct iq_error *no_such_goroutine(const struct iq_model *model,
					  uint64_t id)
{
	size_t num = 0;

	// Those with ids come first, by id.
	while (num < model->num_goroutines && model->goroutines[num].has_id)
		num++;
	if (num == 0)
		return iq_error_new(IQ_ERROR_USAGE,
				    "there is no goroutine %" PRIu64
				    ": no witness of this case knows ids",
				    id);
	return iq_error_new(IQ_ERROR_USAGE,
			    "there is no goroutine %" PRIu64
			    ": %zu are known, the last is %" PRIu64,
			    id, num, model->goroutines[num - 1].id);
}

struct iq_error *iq_bt_range(const struct iq_model *model,
			     const struct iq_report_options *options,
			     size_t *begin, size_t *end)
{
	size_t index = 0;

	if (!options->has_id) {
		*begin = 0;
		*end = model->num_goroutines;
		if (options->limit && options->limit < *end)
			*end = (size_t)options->limit;
		return NULL;
	}
	if (!iq_model_goroutine(model, options->id, &index))
		return no_such_goroutine(model, options->id);
	*begin = index;
	*end = index + 1;
	return NULL;
}

struct iq_error *iq_bt_select(const struct iq_model *model,
			      const struct iq_report_options *options,
			      struct iq_selection *ret)
{
	size_t begin, end;
	struct iq_error *err;

	if (!options->has_id) {
		err = iq_selection_init(model, options, true, ret);
		if (!err && options->limit && options->limit < ret->num)
			ret->num = (size_t)options->limit;
		return err;
	}
	err = iq_bt_range(model, options, &begin, &end);
	if (err)
		return err;
	*ret = (struct iq_selection){
		.order = calloc(1, sizeof(*ret->order)),
		.num = end - begin,
	};
	if (!ret->order)
		return &iq_enomem;
	ret->order[0] = (uint32_t)begin;
	return NULL;
}

static struct iq_error *bt_json_render(const struct iq_model *model,
				       const struct iq_report_options *options,
				       struct iq_out *out)
{
	iq_cleanup(iq_records_destroyp) struct iq_records *records = NULL;
	struct iq_selection selection = { 0 };
	struct iq_error *err;

	if (options->by_thread)
		return iq_bt_threads_json(model, options, out);
	err = iq_records_create(model, out, &records);
	if (!err)
		err = iq_bt_select(model, options, &selection);
	if (err)
		return err;
	for (size_t i = 0; i < selection.num && !out->err; i++)
		iq_records_write(records, iq_selection_at(&selection, i));
	iq_selection_deinit(&selection);
	return iq_records_done(records);
}

const struct iq_report iq_report_bt_json = {
	.command = "bt",
	.format = "json",
	.summary = "one JSON object a goroutine and line",
	.stage = IQ_STAGE_JUDGED,
	.render = bt_json_render,
};
