/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/crash.h"

static struct iq_error *crash_panic_run(const struct iq_model *model,
					struct iq_findings *findings)
{
	if (model->process.end != IQ_END_PANIC)
		return NULL;
	return iq_crash_add(&iq_detector_crash_panic, model, findings);
}

const struct iq_detector iq_detector_crash_panic = {
	.id = "crash-panic",
	.class = IQ_CLASS_CRASH,
	.severity = IQ_SEVERITY_ERROR,
	.summary = "a panic that nobody recovered ended the process",
	.needs = IQ_TELLS_END,
	.needs_text = "no witness of how the process ended",
	.run = crash_panic_run,
};
