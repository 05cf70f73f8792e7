/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/network.h"
#include "detect/sift.h"
#include "model/text.h"

static bool wanted(const struct iq_model *model, size_t index)
{
	return iq_goroutine_is_keep_alive(model, index);
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
	f->ground = IQ_STR("kept-alive connections wait for the next request");
	f->advice = IQ_STR("nothing, unless their number grows");
	return iq_textf(arena, &f->title, "%llu idle %s in %s",
			(unsigned long long)f->count,
			f->count == 1 ? "connection" : "connections", site);
}

static struct iq_error *idle_connection_run(const struct iq_model *model,
					    struct iq_findings *findings)
{
	static const struct iq_sift sift = {
		.detector = &iq_detector_idle_connection,
		.wanted = wanted,
		.describe = describe,
	};

	return iq_sift_run(&sift, model, findings);
}

const struct iq_detector iq_detector_idle_connection = {
	.id = "idle-connection",
	.class = IQ_CLASS_BLOCKED,
	.severity = IQ_SEVERITY_NOTE,
	.summary = "a connection that is kept alive waits for its peer",
	.needs = IQ_TELLS_STATES | IQ_TELLS_STACKS,
	.needs_text = "no witness knows states and stacks",
	.run = idle_connection_run,
};
