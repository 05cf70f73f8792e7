/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose stacks mention what somebody waits for: channels, locks, WaitGroups,
 * Conds. Go records no owner of a lock, and nobody who will send to a channel;
 * but who does must still have its address, or that of an object that has it,
 * and most often has it on the stack.
 */
#ifndef IQ_GO_REFERENCES_H
#define IQ_GO_REFERENCES_H

#include "base/error.h"
#include "formats/go/runtime.h"

/*
 * Adds to facts->references, ordered by goroutine, object and frame, the
 * strongest mentions of each goroutine and object: what frames can still use. A
 * channel, a Cond or a WaitGroup that a goroutine waits for itself is left out,
 * unless it has deferred what would wake it; so is a Mutex that is only a part of
 * what its frames refer to. The facts of rt->gs begin at facts->goroutines[
 * @first], in their order, with stacks and waits.
 */
struct iq_error *iq_go_references_read(struct iq_go_runtime *rt, size_t first)
	iq_must_check;

/*
 * Adds whose stacks mention one of @num addresses to @ret, whoever waits for
 * them, and also where a call left them that has returned. As above otherwise.
 */
struct iq_go_references {
	IQ_VEC(struct iq_reference_fact) found;
};
struct iq_error *iq_go_references_of(struct iq_go_runtime *rt, size_t first,
				     const uint64_t *addrs, size_t num,
				     struct iq_go_references *ret)
	iq_must_check;
void iq_go_references_deinit(struct iq_go_references *references);

#endif
