/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/listener.h"
#include "detect/sift.h"
#include "detect/waited.h"

static bool wanted(const struct iq_model *model, size_t index)
{
	return iq_goroutine_accepts_blocking(model, index) &&
	       iq_goroutine_has_waited(model, index);
}

static const struct iq_sift stuck_listener_sift = {
	.wanted = wanted,
	.one = "goroutine accepts on a blocking descriptor in",
	.many = "goroutines accept on blocking descriptors in",
	.ground =
		"it is in the system call itself, not in the poller: it holds a thread, and Close does not wake it",
	.advice =
		"do not call Fd() on the listener's File, which makes the listener blocking, too: use SyscallConn, or set it to non-blocking again",
	.confidence = IQ_CONFIDENCE_SUSPECTED,
};

const struct iq_detector iq_detector_stuck_listener = {
	.id = "stuck-listener",
	.class = IQ_CLASS_BLOCKED,
	.severity = IQ_SEVERITY_WARNING,
	.summary = "an accept holds a thread and cannot be ended",
	.needs = IQ_TELLS_STATES | IQ_TELLS_STACKS,
	.needs_text = "no witness knows states and stacks",
	.sift = &stuck_listener_sift,
};
