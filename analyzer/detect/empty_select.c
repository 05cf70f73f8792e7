/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sift.h"

static bool wanted(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	// main in select {} keeps the process alive: by design.
	return g->class == IQ_CLASS_EMPTY_SELECT &&
	       !(g->has_id && g->id == 1) &&
	       !iq_goroutine_calls(model, index, "runtime.main");
}

static const struct iq_sift empty_select_sift = {
	.wanted = wanted,
	.one = "goroutine waits for ever in select {} in",
	.many = "goroutines wait for ever in select {} in",
	.ground = "a select without cases: nothing can ever wake it",
	.advice =
		"end the goroutine instead, or wait for something that can come",
	.confidence = IQ_CONFIDENCE_PROVEN,
};

const struct iq_detector iq_detector_empty_select = {
	.id = "empty-select",
	.class = IQ_CLASS_LEAK,
	.severity = IQ_SEVERITY_ERROR,
	.summary = "a goroutine other than main waits in select {}",
	.needs = IQ_TELLS_STATES,
	.needs_text = "no witness knows wait reasons",
	.sift = &empty_select_sift,
};
