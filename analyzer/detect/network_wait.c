/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/network.h"
#include "detect/sift.h"
#include "model/text.h"

/* Who started it stands in a wait that only its end can finish. */
static bool is_awaited(const struct iq_model *model,
		       const struct iq_goroutine *g)
{
	size_t parent;

	return g->fact->has_parent &&
	       iq_model_goroutine(model, g->fact->parent, &parent) &&
	       model->goroutines[parent].class == IQ_CLASS_WAITGROUP;
}

static bool wanted(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	return g->class == IQ_CLASS_IO && iq_goroutine_is_own(model, index) &&
	       !iq_goroutine_calls(model, index,
				   "internal/poll.(*FD).Accept") &&
	       !iq_goroutine_is_keep_alive(model, index) &&
	       is_awaited(model, g);
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
	f->ground = IQ_STR("no data has come, and the goroutine that started "
			   "them waits until they end");
	f->advice = IQ_STR("set a deadline on the connection "
			   "(SetReadDeadline), or pass a context that can "
			   "cancel the read");
	f->settle = IQ_STR("a second dump a minute later shows whether they "
			   "still wait");
	return iq_textf(arena, &f->title, "%llu %s for a silent peer in %s",
			(unsigned long long)f->count,
			f->count == 1 ? "goroutine waits" : "goroutines wait",
			site);
}

static struct iq_error *network_wait_run(const struct iq_model *model,
					 struct iq_findings *findings)
{
	static const struct iq_sift sift = {
		.detector = &iq_detector_network_wait,
		.wanted = wanted,
		.describe = describe,
	};

	return iq_sift_run(&sift, model, findings);
}

const struct iq_detector iq_detector_network_wait = {
	.id = "network-wait",
	.class = IQ_CLASS_BLOCKED,
	.severity = IQ_SEVERITY_WARNING,
	.summary = "goroutines wait for a peer, and another waits for them",
	.needs = IQ_TELLS_STATES | IQ_TELLS_STACKS | IQ_TELLS_CREATORS,
	.needs_text = "no witness knows states, stacks and creators",
	.run = network_wait_run,
};
