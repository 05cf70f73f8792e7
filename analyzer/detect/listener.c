/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/listener.h"

#include "detect/sift.h"

/* Go: src/internal/poll/fd_unix.go, src/syscall, golang.org/x/sys/unix. */
static const char *const system_calls[] = {
	"syscall.accept",
	"syscall.accept4",
	"syscall.Accept",
	"syscall.Accept4",
	"golang.org/x/sys/unix.accept",
	"golang.org/x/sys/unix.accept4",
	"golang.org/x/sys/unix.Accept",
	"golang.org/x/sys/unix.Accept4",
};

bool iq_stack_accepts(const struct iq_stack *stack)
{
	return iq_stack_calls(stack, "internal/poll.(*FD).Accept");
}

bool iq_goroutine_accepts_blocking(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	if (g->class != IQ_CLASS_SYSCALL)
		return false;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(system_calls); i++) {
		if (iq_stack_calls(g->fact->stack, system_calls[i]))
			return true;
	}
	// A trace's stack of a system call may begin above it.
	return iq_stack_accepts(g->fact->stack);
}
