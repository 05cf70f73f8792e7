/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/network.h"
#include "detect/sift.h"

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

static const struct iq_sift network_wait_sift = {
	.wanted = wanted,
	.one = "goroutine waits for a silent peer in",
	.many = "goroutines wait for a silent peer in",
	.ground =
		"no data has come, and the goroutine that started them waits until they end",
	.advice =
		"set a deadline on the connection (SetReadDeadline), or pass a context that can cancel the read",
	.settle = "a second dump a minute later shows whether they still wait",
	.confidence = IQ_CONFIDENCE_SUSPECTED,
};

const struct iq_detector iq_detector_network_wait = {
	.id = "network-wait",
	.class = IQ_CLASS_BLOCKED,
	.severity = IQ_SEVERITY_WARNING,
	.summary = "goroutines wait for a peer, and another waits for them",
	.needs = IQ_TELLS_STATES | IQ_TELLS_STACKS | IQ_TELLS_CREATORS,
	.needs_text = "no witness knows states, stacks and creators",
	.sift = &network_wait_sift,
};
