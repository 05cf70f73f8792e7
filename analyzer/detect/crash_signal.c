/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/crash.h"

static struct iq_error *crash_signal_run(const struct iq_model *model,
					 struct iq_findings *findings)
{
	if (model->process.end != IQ_END_SIGNAL)
		return NULL;
	return iq_crash_add(&iq_detector_crash_signal, model, findings);
}

const struct iq_detector iq_detector_crash_signal = {
	.id = "crash-signal",
	.class = IQ_CLASS_CRASH,
	.severity = IQ_SEVERITY_ERROR,
	.summary = "a signal that is no panic ended the process",
	.needs = IQ_TELLS_END,
	.needs_text = "no witness of how the process ended",
	.run = crash_signal_run,
};
