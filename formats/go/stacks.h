/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stacks of all goroutines: unwound in parallel to program counters, each
 * worker keeping the distinct ones it met, then symbolized once for each
 * distinct stack in the order of goroutine ids, so that the result does not
 * depend on who unwound what.
 */
#ifndef IQ_GO_STACKS_H
#define IQ_GO_STACKS_H

#include "base/error.h"
#include "formats/go/runtime.h"
#include "formats/go/symbolize.h"

/*
 * Sets @ret[i], which is rt->num_gs long, to the stack of rt->gs[i]; NULL where
 * there is none. What could not be unwound becomes gaps.
 */
struct iq_error *iq_go_stacks_read(const struct iq_go_runtime *rt,
				   struct iq_go_symbolizer *sym,
				   const struct iq_stack **ret) iq_must_check;

#endif
