/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C function that a goroutine has called and that has not returned.
 */
#ifndef IQ_GO_CGO_WAIT_H
#define IQ_GO_CGO_WAIT_H

#include "base/arena.h"
#include "base/error.h"
#include "formats/go/runtime.h"
#include "model/object.h"

/*
 * If @g, in status syscall and with @stack (or NULL), is in a call into C, sets
 * wait->kind to CGO and wait->cgo, in @arena, to what it called: its name as cgo
 * gave it to the Go function that calls it, else of C's outermost frame; its
 * address, which is that of cgo's stub, 0 if unknown. Leaves @wait alone
 * otherwise. wait->cgo stays NULL where nobody knows what was called.
 */
struct iq_error *iq_go_cgo_wait_read(const struct iq_go_runtime *rt,
				     const struct iq_go_g *g,
				     const struct iq_stack *stack,
				     struct iq_arena *arena,
				     struct iq_wait *wait) iq_must_check;

#endif
