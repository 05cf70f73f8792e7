/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the runtime printed last: it keeps 512 bytes of it, so that a core tells
 * why a fatal error ended the process.
 */
#ifndef IQ_GO_BACKLOG_H
#define IQ_GO_BACKLOG_H

#include "base/error.h"
#include "base/str.h"
#include "formats/go/runtime.h"

/* What stands after the last "fatal error: ", in the facts; empty if there is
 * none. */
struct iq_error *iq_go_backlog_fatal(const struct iq_go_runtime *rt,
				     struct iq_str *ret) iq_must_check;

/* All that it still has, clean, in the facts; empty if it was not found. */
struct iq_error *iq_go_backlog_text(const struct iq_go_runtime *rt,
				    struct iq_str *ret) iq_must_check;

#endif
