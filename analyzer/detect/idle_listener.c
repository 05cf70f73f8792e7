/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/listener.h"
#include "detect/network.h"
#include "detect/sift.h"

static bool wanted(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	// A request that waits in Accept is no server's listener.
	return g->class == IQ_CLASS_IO && iq_stack_accepts(g->fact->stack) &&
	       !iq_stack_handles_request(g->fact->stack);
}

static const struct iq_sift idle_listener_sift = {
	.wanted = wanted,
	.one = "idle listener in",
	.many = "idle listeners in",
	.ground = "an open listener in the poller waits for connections",
	.advice = "nothing: this is how a server waits",
	.confidence = IQ_CONFIDENCE_SUSPECTED,
};

const struct iq_detector iq_detector_idle_listener = {
	.id = "idle-listener",
	.class = IQ_CLASS_BLOCKED,
	.severity = IQ_SEVERITY_NOTE,
	.yields = true,
	.summary = "a listener waits for connections, as it should",
	.needs = IQ_TELLS_STATES | IQ_TELLS_STACKS,
	.needs_text = "no witness knows states and stacks",
	.sift = &idle_listener_sift,
};
