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

#endif
