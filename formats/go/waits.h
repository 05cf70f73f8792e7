/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each goroutine waits for: channels from its sudogs, sync objects from
 * their semaphores, the rest from wait reason and frames.
 */
#ifndef IQ_GO_WAITS_H
#define IQ_GO_WAITS_H

#include "base/error.h"
#include "formats/go/runtime.h"

/*
 * Sets waits and num_waits of @goroutines, which are those of rt->gs, in their
 * order and with their stacks. What is damaged becomes gaps.
 */
struct iq_error *iq_go_waits_read(struct iq_go_runtime *rt,
				  struct iq_goroutine_fact *goroutines)
	iq_must_check;

#endif
