/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system call that a goroutine is in: by the arguments that package syscall
 * keeps on the goroutine's stack, and by the registers of its thread, where they
 * are those that the kernel got.
 */
#ifndef IQ_GO_SYSCALL_WAIT_H
#define IQ_GO_SYSCALL_WAIT_H

#include "base/arena.h"
#include "base/error.h"
#include "formats/go/runtime.h"
#include "formats/go/wait_objects.h"
#include "model/object.h"

/*
 * Sets wait->syscall for @g, which is in status syscall: of kind SYSCALL, or CGO,
 * then what C code has called. In @arena; left NULL where nothing is sure.
 */
struct iq_error *iq_go_syscall_wait_read(const struct iq_go_runtime *rt,
					 const struct iq_go_g *g,
					 struct iq_arena *arena,
					 struct iq_wait *wait) iq_must_check;

/* For goroutine @i in status syscall, whose @wait is of kind SYSCALL: that, and
 * what iq_go_cgo_wait_read() finds before. */
struct iq_error *iq_go_wait_syscall_read(struct iq_go_wait_reader *r, size_t i,
					 struct iq_wait *wait) iq_must_check;

#endif
