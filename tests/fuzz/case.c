/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "detect/detector.h"
#include "model/graph.h"
#include "model/leak_cause.h"
#include "model/liveness.h"
#include "model/retained.h"
#include "reports/report.h"
#include "tests/fuzz/fuzz.h"

/* Questions to the heap: addresses are those of the biggest objects. */
#define ADDRESSES 4

static void render(const struct iq_model *model, const struct iq_report *report,
		   const struct iq_report_options *options)
{
	struct iq_out out;

	iq_out_init_memory(&out);
	iq_error_destroy(report->render(model, options, &out));
	iq_out_deinit(&out);
}

static void render_heap(struct iq_model *model,
			struct iq_report_options *options)
{
	static const char *const formats[] = { "text", "json" };
	struct iq_error *err = iq_heap_survey_make(model, &options->heap);

	for (size_t i = 0; i < IQ_ARRAY_SIZE(formats) && !err; i++)
		render(model, iq_report_find("heap", formats[i]), options);
	iq_error_destroy(err);
}

/* All that can be asked of the heap: "why" and "who" of what it is full of. */
static void render_heaps(struct iq_model *model,
			 const struct iq_report_options *base)
{
	struct iq_report_options options = *base;
	uint64_t addrs[ADDRESSES] = { 0xc000000000 };
	char type[256] = "string";
	size_t num = 1;

	options.heap = (struct iq_heap_query){ .view = IQ_HEAP_TOTALS };
	render_heap(model, &options);
	if (model->num_surveys) {
		const struct iq_heap_survey *s = &model->surveys[0];

		for (; num < ADDRESSES && num <= s->num_biggest; num++)
			addrs[num] = s->biggest[num - 1].addr;
		if (s->num_rows && s->rows[0].type.len &&
		    s->rows[0].type.len < sizeof(type)) {
			memset(type, 0, sizeof(type));
			memcpy(type, s->rows[0].type.ptr, s->rows[0].type.len);
		}
	}
	options.heap.addrs = addrs;
	options.heap.num_addrs = num;
	options.heap.type = type;
	for (unsigned v = IQ_HEAP_TYPES; v <= IQ_HEAP_WHO; v++) {
		options.heap.view = (enum iq_heap_view)v;
		render_heap(model, &options);
	}
}

static void render_all(struct iq_model *model)
{
	static const char *const profiles[] = { "goroutine", "heap", "allocs",
						"block", "mutex" };
	struct iq_report_options options = {
		.width = 80,
		.all = true,
		.frames = 3,
		.finding = "1",
		.path = true,
	};
	const struct iq_report *const *reports;
	size_t num;

	render_heaps(model, &options);
	reports = iq_reports(&num);
	for (size_t i = 0; i < num; i++) {
		if (strcmp(reports[i]->command, "heap") != 0)
			render(model, reports[i], &options);
	}
	for (size_t i = 0; i < IQ_ARRAY_SIZE(profiles); i++) {
		options.profile = profiles[i];
		options.per_goroutine = i % 2;
		render(model, iq_report_find("convert", "pprof"), &options);
	}
}

void fuzz_case(struct iq_facts *facts)
{
	const struct iq_facts *witnesses[] = { facts };
	struct iq_model *model = NULL;
	struct iq_error *err = iq_model_create(witnesses, 1, &model);

	if (!err)
		err = iq_model_join(model);
	if (!err)
		err = iq_facts_refer(facts);
	if (!err)
		err = iq_liveness_run(model, NULL);
	if (!err)
		err = iq_graph_make(model);
	if (!err)
		err = iq_detectors_run(model);
	if (!err)
		err = iq_leak_causes_find(model);
	if (!err)
		err = iq_retained_run(model);
	if (!err)
		render_all(model);
	// What a file says is never an error here: it was read.
	if (err && err != &iq_enomem)
		abort();
	iq_error_destroy(err);
	iq_model_destroy(model);
}
