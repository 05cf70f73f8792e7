/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sift.h"
#include "model/text.h"

static bool wanted(const struct iq_model *model, size_t index)
{
	return model->goroutines[index].class == IQ_CLASS_IO &&
	       iq_goroutine_calls(model, index, "internal/poll.(*FD).Accept");
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
	f->ground = IQ_STR("an open listener in the poller waits for "
			   "connections");
	f->advice = IQ_STR("nothing: this is how a server waits");
	return iq_textf(arena, &f->title, "%llu idle %s in %s",
			(unsigned long long)f->count,
			f->count == 1 ? "listener" : "listeners", site);
}

static struct iq_error *idle_listener_run(const struct iq_model *model,
					  struct iq_findings *findings)
{
	static const struct iq_sift sift = {
		.detector = &iq_detector_idle_listener,
		.wanted = wanted,
		.describe = describe,
	};

	return iq_sift_run(&sift, model, findings);
}

const struct iq_detector iq_detector_idle_listener = {
	.id = "idle-listener",
	.class = IQ_CLASS_BLOCKED,
	.severity = IQ_SEVERITY_NOTE,
	.summary = "a listener waits for connections, as it should",
	.needs = IQ_TELLS_STATES | IQ_TELLS_STACKS,
	.needs_text = "no witness knows states and stacks",
	.run = idle_listener_run,
};
