/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C frames of goroutines: of calls that they are in, in front of their own
 * frames, and of callbacks, between the Go code that called C and the Go code
 * that C called, or below all of it in threads that C has made.
 */
#ifndef IQ_GO_CGO_H
#define IQ_GO_CGO_H

#include "base/error.h"
#include "formats/go/c_stack.h"
#include "formats/go/runtime.h"

/*
 * Puts them into @stacks, as iq_go_stacks_read() gave them. What cannot be
 * found becomes gaps, and a frame that says that C code is missing there.
 */
struct iq_error *iq_go_cgo_join(const struct iq_go_runtime *rt,
				struct iq_c_walker *walker,
				const struct iq_stack **stacks) iq_must_check;

#endif
