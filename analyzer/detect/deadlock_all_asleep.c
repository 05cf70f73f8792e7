/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/crash.h"

static struct iq_error *deadlock_all_asleep_run(const struct iq_model *model,
						struct iq_findings *findings)
{
	if (!iq_end_is_all_asleep(&model->process))
		return NULL;
	return iq_crash_add(&iq_detector_deadlock_all_asleep, model, findings);
}

const struct iq_detector iq_detector_deadlock_all_asleep = {
	.id = "deadlock-all-asleep",
	.class = IQ_CLASS_DEADLOCK,
	.severity = IQ_SEVERITY_ERROR,
	.summary = "the runtime found that no goroutine can run any more",
	.needs = IQ_TELLS_END,
	.needs_text = "no witness of how the process ended",
	.run = deadlock_all_asleep_run,
};
