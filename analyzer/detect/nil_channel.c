/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sift.h"
#include "model/text.h"

static bool wanted(const struct iq_model *model, size_t index)
{
	enum iq_wait_class class = model->goroutines[index].class;

	return class == IQ_CLASS_NIL_SEND || class == IQ_CLASS_NIL_RECEIVE;
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
	f->ground = IQ_STR("the channel is nil: nothing can ever wake it");
	f->advice = IQ_STR("make the channel before it is used, or do not "
			   "start the goroutine without one");
	return iq_textf(
		arena, &f->title, "%llu %s for ever on a nil channel in %s",
		(unsigned long long)f->count,
		f->count == 1 ? "goroutine waits" : "goroutines wait", site);
}

static struct iq_error *nil_channel_run(const struct iq_model *model,
					struct iq_findings *findings)
{
	static const struct iq_sift sift = {
		.detector = &iq_detector_nil_channel,
		.wanted = wanted,
		.describe = describe,
	};

	return iq_sift_run(&sift, model, findings);
}

const struct iq_detector iq_detector_nil_channel = {
	.id = "nil-channel",
	.class = IQ_CLASS_LEAK,
	.severity = IQ_SEVERITY_ERROR,
	.summary = "a goroutine sends to or receives from a nil channel",
	.needs = IQ_TELLS_STATES,
	.needs_text = "no witness knows wait reasons",
	.run = nil_channel_run,
};
