/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system call that a goroutine is in: by the registers of its thread, where
 * they are those that the kernel got, else by the arguments that package
 * syscall keeps on the goroutine's stack.
 */
#ifndef IQ_GO_SYSCALL_WAIT_H
#define IQ_GO_SYSCALL_WAIT_H

#include "base/arena.h"
#include "base/error.h"
#include "formats/go/runtime.h"
#include "model/object.h"

/*
 * Sets wait->syscall for @g, which is in status syscall and has @stack (or
 * NULL): of kind SYSCALL or CGO, in the latter what C code has called. In
 * @arena; NULL where nothing is sure.
 */
struct iq_error *iq_go_syscall_wait_read(const struct iq_go_runtime *rt,
					 const struct iq_go_g *g,
					 const struct iq_stack *stack,
					 struct iq_arena *arena,
					 struct iq_wait *wait) iq_must_check;

#endif
