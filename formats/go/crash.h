/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the process ended: an unrecovered panic, a fatal error of the runtime, a
 * signal, somebody who wanted the dump, or not at all. The core's own signal is
 * SIGABRT in all but the last: the runtime kills itself with it.
 */
#ifndef IQ_GO_CRASH_H
#define IQ_GO_CRASH_H

#include "base/error.h"
#include "formats/go/runtime.h"
#include "formats/go/signal_frame.h"

/* Fills the end of rt->facts->process. */
struct iq_error *iq_go_crash_read(const struct iq_go_runtime *rt) iq_must_check;

/* Who ended the process. */
struct iq_go_crash {
	/* The thread that did; NULL if none of the runtime's. */
	const struct iq_go_m *m;
	/* It died in the handler of this signal. */
	bool has_frame;
	struct iq_go_signal_frame frame;
};
void iq_go_crash_find(const struct iq_go_runtime *rt, struct iq_go_crash *ret);

/* Whether the signal has the address of a fault. */
bool iq_go_crash_has_addr(const struct iq_go_signal_frame *frame);

/*
 * The g that the fault of dying thread @m was in: its goroutine's, or its g0
 * where the code that faulted ran on the system stack, as C does. Go up to 1.20
 * turns that into a panic, too, which then cannot be.
 * Go: src/runtime/signal_unix.go, sighandler and sigpanic.
 */
uint64_t iq_go_crash_fault_g(const struct iq_go_runtime *rt,
			     const struct iq_go_m *m);

/*
 * Signal, code and address of the fault that goroutine @g panicked for; false
 * if it did for none. The kernel has no address for some faults.
 */
bool iq_go_crash_fault(const struct iq_go_runtime *rt, uint64_t g,
		       int *signal_ret, int *code_ret, bool *has_addr_ret,
		       uint64_t *addr_ret);

#endif
