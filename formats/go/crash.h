/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the process ended: an unrecovered panic, a fatal error of the runtime, a
 * signal, somebody who wanted the dump, or not at all. The core's own signal is
 * SIGABRT in all but the last: the runtime kills itself with it.
 */
#ifndef IQ_GO_CRASH_H
#define IQ_GO_CRASH_H

#include "base/error.h"
#include "formats/go/runtime.h"

/* Fills the end of rt->facts->process. */
struct iq_error *iq_go_crash_read(const struct iq_go_runtime *rt) iq_must_check;

#endif
