/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sift.h"

static bool wanted(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	return g->class == IQ_CLASS_CGO && g->has_wait_min &&
	       iq_goroutine_is_own(model, index);
}

static const struct iq_sift cgo_stuck_sift = {
	.wanted = wanted,
	.one = "goroutine is stuck in C code called by",
	.many = "goroutines are stuck in C code called by",
	.ground =
		"the call was already under way at a garbage collection and has not returned",
	.advice =
		"each such call holds a thread: give the C function a timeout",
	.settle = "a debugger shows the C side",
	.collect = "gdb -batch -ex 'thread apply all bt' EXECUTABLE CORE",
	.confidence = IQ_CONFIDENCE_SUSPECTED,
};

const struct iq_detector iq_detector_cgo_stuck = {
	.id = "cgo-stuck",
	.class = IQ_CLASS_BLOCKED,
	.severity = IQ_SEVERITY_WARNING,
	.summary = "a call into C does not return",
	.needs = IQ_TELLS_STATES | IQ_TELLS_STACKS,
	.needs_text = "no witness knows states and stacks",
	.sift = &cgo_stuck_sift,
};
