/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sift.h"

static bool wanted(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	// An empty select has a rule of its own.
	return g->class != IQ_CLASS_EMPTY_SELECT &&
	       iq_wait_is_hopeless(g->fact, g->class);
}

static const struct iq_sift nil_channel_sift = {
	.wanted = wanted,
	.one = "goroutine waits for ever on a nil channel in",
	.many = "goroutines wait for ever on a nil channel in",
	.ground = "the channel is nil: nothing can ever wake it",
	.advice =
		"make the channel before it is used, or do not start the goroutine without one",
	.confidence = IQ_CONFIDENCE_PROVEN,
};

const struct iq_detector iq_detector_nil_channel = {
	.id = "nil-channel",
	.class = IQ_CLASS_LEAK,
	.severity = IQ_SEVERITY_ERROR,
	.summary = "a goroutine sends to or receives from a nil channel",
	.needs = IQ_TELLS_STATES,
	.needs_text = "no witness knows wait reasons",
	.sift = &nil_channel_sift,
};
