/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sift.h"
#include "model/text.h"

static bool wanted(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	return g->class == IQ_CLASS_CGO && g->has_wait_min &&
	       iq_goroutine_is_own(model, index);
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
	f->ground = IQ_STR("the call was already under way at a garbage "
			   "collection and has not returned");
	f->advice = IQ_STR("each such call holds a thread: give the C function "
			   "a timeout");
	f->settle =
		IQ_STR("gdb's \"thread apply all bt\" on the core shows the "
		       "C side");
	return iq_textf(arena, &f->title, "%llu %s in C code called by %s",
			(unsigned long long)f->count,
			f->count == 1 ? "goroutine is stuck" :
					"goroutines are stuck",
			site);
}

static struct iq_error *cgo_stuck_run(const struct iq_model *model,
				      struct iq_findings *findings)
{
	static const struct iq_sift sift = {
		.detector = &iq_detector_cgo_stuck,
		.wanted = wanted,
		.describe = describe,
	};

	return iq_sift_run(&sift, model, findings);
}

const struct iq_detector iq_detector_cgo_stuck = {
	.id = "cgo-stuck",
	.class = IQ_CLASS_BLOCKED,
	.severity = IQ_SEVERITY_WARNING,
	.summary = "a call into C does not return",
	.needs = IQ_TELLS_STATES | IQ_TELLS_STACKS,
	.needs_text = "no witness knows states and stacks",
	.run = cgo_stuck_run,
};
