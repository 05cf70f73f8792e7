/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a thread did when a signal interrupted it. The kernel saves that on the
 * alternate stack, together with the bounds of that very stack, which are
 * m.gsignal's: so the frames are found without unwinding, without tables and
 * whatever the handler is called.
 */
#ifndef IQ_GO_SIGNAL_FRAME_H
#define IQ_GO_SIGNAL_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/go/runtime.h"

struct iq_go_signal_frame {
	/* Where the kernel's struct ucontext is: iq_arch_signal_regs(). */
	uint64_t ucontext;
	/* All registers of it, in the order of NT_PRSTATUS. */
	uint64_t regs[IQ_CORE_MAX_REGS];
	/* The interrupted instruction and its stack. */
	uint64_t pc;
	uint64_t sp;
	/* Link register, where the architecture has one. */
	uint64_t lr;
	/* siginfo. */
	int32_t signo;
	int32_t code;
	/* Who sent it, if code is SI_USER or SI_TKILL. */
	int32_t pid;
	/* Where it faulted, if the signal is a fault. */
	uint64_t fault_addr;
};

/*
 * The signal frame that lies lowest at or above @sp on the signal stack of @m,
 * the one that interrupted last. False if there is none. *@next_ret is where
 * to look for the one that was interrupted by it.
 */
bool iq_go_signal_frame_find(const struct iq_go_runtime *rt,
			     const struct iq_go_m *m, uint64_t sp,
			     struct iq_go_signal_frame *ret,
			     uint64_t *next_ret);

/*
 * The frame of signal @signo, raised by a fault, on the stack of a thread that
 * is none of the runtime's and so has no signal stack; looked for from @sp on.
 */
bool iq_go_signal_frame_foreign(const struct iq_go_runtime *rt, uint64_t sp,
				int signo, struct iq_go_signal_frame *ret);

/* Whether @sp is on the signal stack of @m. */
bool iq_go_on_signal_stack(const struct iq_go_m *m, uint64_t sp);

#endif
