/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/crash.h"

static struct iq_error *crash_fatal_error_run(const struct iq_model *model,
					      struct iq_findings *findings)
{
	if (model->process.end != IQ_END_FATAL ||
	    iq_end_is_all_asleep(&model->process))
		return NULL;
	return iq_crash_add(&iq_detector_crash_fatal_error, model, findings);
}

const struct iq_detector iq_detector_crash_fatal_error = {
	.id = "crash-fatal-error",
	.class = IQ_CLASS_CRASH,
	.severity = IQ_SEVERITY_ERROR,
	.summary = "the runtime stopped the process with a fatal error",
	.needs = IQ_TELLS_END,
	.needs_text = "no witness of how the process ended",
	.run = crash_fatal_error_run,
};
