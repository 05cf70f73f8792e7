/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of the core's threads is which m of the runtime. The kernel's thread id
 * says so, unless the core was taken from outside the process's pid namespace;
 * then what the thread has in hand does: its g, in thread-local memory or in a
 * register, and the stack that it is on.
 */
#ifndef IQ_GO_THREAD_JOIN_H
#define IQ_GO_THREAD_JOIN_H

#include "base/error.h"
#include "formats/go/runtime.h"

/* Fills thread of each of rt->ms that has one. */
struct iq_error *iq_go_threads_join(struct iq_go_runtime *rt) iq_must_check;

#endif
