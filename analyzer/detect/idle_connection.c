/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/network.h"
#include "detect/sift.h"

static bool wanted(const struct iq_model *model, size_t index)
{
	return iq_goroutine_is_keep_alive(model, index);
}

static const struct iq_sift idle_connection_sift = {
	.wanted = wanted,
	.one = "idle connection in",
	.many = "idle connections in",
	.ground = "kept-alive connections wait for the next request",
	.advice = "nothing, unless their number grows",
	.confidence = IQ_CONFIDENCE_SUSPECTED,
};

const struct iq_detector iq_detector_idle_connection = {
	.id = "idle-connection",
	.class = IQ_CLASS_BLOCKED,
	.severity = IQ_SEVERITY_NOTE,
	.yields = true,
	.summary = "a connection that is kept alive waits for its peer",
	.needs = IQ_TELLS_STATES | IQ_TELLS_STACKS,
	.needs_text = "no witness knows states and stacks",
	.sift = &idle_connection_sift,
};
