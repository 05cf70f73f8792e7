/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stddef.h>

#include "base/attr.h"
#include "formats/elf/core.h"

/*
 * Numbers that amd64 and arm64 share. Linux: include/uapi/asm-generic/signal.h.
 * Written out, since the core may come from another system than this one.
 */
static const char *const names[] = {
	NULL,	   "SIGHUP",  "SIGINT",	   "SIGQUIT", "SIGILL",	   "SIGTRAP",
	"SIGABRT", "SIGBUS",  "SIGFPE",	   "SIGKILL", "SIGUSR1",   "SIGSEGV",
	"SIGUSR2", "SIGPIPE", "SIGALRM",   "SIGTERM", "SIGSTKFLT", "SIGCHLD",
	"SIGCONT", "SIGSTOP", "SIGTSTP",   "SIGTTIN", "SIGTTOU",   "SIGURG",
	"SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH",  "SIGIO",
	"SIGPWR",  "SIGSYS",
};

const char *iq_core_signal_name(int signal)
{
	if (signal < 0 || (size_t)signal >= IQ_ARRAY_SIZE(names))
		return NULL;
	return names[signal];
}
