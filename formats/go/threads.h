/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads of the core as facts: whose they are, and what they do that is no
 * goroutine's.
 */
#ifndef IQ_GO_THREADS_H
#define IQ_GO_THREADS_H

#include "base/error.h"
#include "formats/go/c_stack.h"
#include "formats/go/runtime.h"

/*
 * Fills facts->threads in the order of the core, which begins with the one that
 * was dumped first. One that runs a goroutine has that one's stack, of @stacks.
 */
struct iq_error *iq_go_threads_fill(const struct iq_go_runtime *rt,
				    struct iq_c_walker *walker,
				    const struct iq_stack *const *stacks)
	iq_must_check;

#endif
