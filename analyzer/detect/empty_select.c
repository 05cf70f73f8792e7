/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sift.h"
#include "model/text.h"

static bool wanted(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	// main in select {} keeps the process alive: by design.
	return g->class == IQ_CLASS_EMPTY_SELECT &&
	       !(g->has_id && g->id == 1) &&
	       !iq_goroutine_calls(model, index, "runtime.main");
}

static struct iq_error *describe(const struct iq_model *model,
				 struct iq_arena *arena, struct iq_finding *f,
				 bool *drop_ret)
{
	const char *site;
	struct iq_error *err = iq_text_frame(arena, f->site, &site);

	(void)model;
	(void)drop_ret;
	if (err)
		return err;
	f->confidence = IQ_CONFIDENCE_PROVEN;
	f->ground = IQ_STR("a select without cases: nothing can ever wake it");
	f->advice = IQ_STR("end the goroutine instead, or wait for something "
			   "that can come");
	return iq_textf(arena, &f->title, "%llu %s for ever in select {} in %s",
			(unsigned long long)f->count,
			f->count == 1 ? "goroutine waits" : "goroutines wait",
			site);
}

static struct iq_error *empty_select_run(const struct iq_model *model,
					 struct iq_findings *findings)
{
	static const struct iq_sift sift = {
		.detector = &iq_detector_empty_select,
		.wanted = wanted,
		.describe = describe,
	};

	return iq_sift_run(&sift, model, findings);
}

const struct iq_detector iq_detector_empty_select = {
	.id = "empty-select",
	.class = IQ_CLASS_LEAK,
	.severity = IQ_SEVERITY_ERROR,
	.summary = "a goroutine other than main waits in select {}",
	.needs = IQ_TELLS_STATES,
	.needs_text = "no witness knows wait reasons",
	.run = empty_select_run,
};
