/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose stacks mention the mutexes, RWMutexes and WaitGroups that somebody waits
 * for. Go records no owner of a lock; a goroutine that will unlock it must still
 * have its address, and most often has it on its stack.
 */
#ifndef IQ_GO_REFERENCES_H
#define IQ_GO_REFERENCES_H

#include "base/error.h"
#include "formats/go/runtime.h"

/*
 * Adds to facts->references. The facts of rt->gs begin at facts->goroutines[
 * @first], in their order, with stacks and waits.
 */
struct iq_error *iq_go_references_read(struct iq_go_runtime *rt, size_t first)
	iq_must_check;

/*
 * Adds whose stacks mention one of @num addresses to @ret, whoever waits for
 * them. As above otherwise; ordered by goroutine.
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
