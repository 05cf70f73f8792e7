/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the stack of a goroutine begins: what the runtime saved in g, or, for
 * one that runs, what its thread's registers or signal frames say.
 */
#ifndef IQ_GO_STACK_START_H
#define IQ_GO_STACK_START_H

#include <stdbool.h>

#include "formats/go/runtime.h"
#include "formats/go/unwind.h"

enum iq_go_start_state {
	IQ_GO_START_FOUND,
	/* It runs, and its thread is not in the core. */
	IQ_GO_START_NO_THREAD,
	/* It runs, and its thread is on no stack that leads to it. */
	IQ_GO_START_ELSEWHERE,
};

enum iq_go_start_state iq_go_stack_start(const struct iq_go_runtime *rt,
					 const struct iq_go_g *g,
					 struct iq_go_unwind_start *ret);

#endif
