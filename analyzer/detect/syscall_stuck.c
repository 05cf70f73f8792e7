/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/listener.h"
#include "detect/sift.h"

/* Calls that wait for long in a healthy service: for a child process, for
 * events, for a signal. Go: src/syscall, src/os, golang.org/x/sys/unix. */
static const char *const patient[] = {
	"syscall.wait4",	 "syscall.Wait4",
	"syscall.EpollWait",	 "golang.org/x/sys/unix.EpollWait",
	"os.(*Process).Wait",	 "os.(*Process).blockUntilWaitable",
	"os/signal.signal_recv",
};

static bool waits_as_designed(const struct iq_model *model, size_t index)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(patient); i++) {
		if (iq_goroutine_calls(model, index, patient[i]))
			return true;
	}
	return false;
}

static bool wanted(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	return g->class == IQ_CLASS_SYSCALL && g->has_wait_min &&
	       iq_goroutine_is_own(model, index) &&
	       !waits_as_designed(model, index) &&
	       !iq_goroutine_accepts_blocking(model, index);
}

static const struct iq_sift syscall_stuck_sift = {
	.wanted = wanted,
	.one = "goroutine is stuck in a system call made by",
	.many = "goroutines are stuck in a system call made by",
	.ground =
		"the call was already under way at a garbage collection and has not returned",
	.advice =
		"each such call holds a thread and cannot be cancelled: use a descriptor that the poller knows, or a deadline",
	.confidence = IQ_CONFIDENCE_SUSPECTED,
};

const struct iq_detector iq_detector_syscall_stuck = {
	.id = "syscall-stuck",
	.class = IQ_CLASS_BLOCKED,
	.severity = IQ_SEVERITY_WARNING,
	.summary = "a system call does not return",
	.needs = IQ_TELLS_STATES | IQ_TELLS_STACKS,
	.needs_text = "no witness knows states and stacks",
	.sift = &syscall_stuck_sift,
};
