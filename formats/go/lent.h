/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signal that hits a thread of C: the runtime's handler borrows an m there,
 * and with it a g that has run nothing of the program. It is no goroutine.
 */
#ifndef IQ_GO_LENT_H
#define IQ_GO_LENT_H

#include "base/error.h"
#include "formats/go/c_stack.h"
#include "formats/go/runtime.h"

/* Marks such an m as lent, and takes its g out of rt->gs. */
struct iq_error *iq_go_lent_drop(struct iq_go_runtime *rt,
				 struct iq_c_walker *walker) iq_must_check;

#endif
