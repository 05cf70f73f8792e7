/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value of a panic as the runtime prints it when nobody recovers: its
 * message. Errors have become strings by then; a value of another type of the
 * program is printed as its address, and nothing of it is read.
 */
#ifndef IQ_GO_PANIC_VALUE_H
#define IQ_GO_PANIC_VALUE_H

#include "base/error.h"
#include "base/str.h"
#include "formats/go/runtime.h"

/*
 * The first line of the message of the interface value at @addr, in the facts.
 * Empty if it cannot be known: then *@why_ret says why, else it is NULL.
 */
struct iq_error *iq_go_panic_value(const struct iq_go_runtime *rt,
				   uint64_t addr, struct iq_str *ret,
				   const char **why_ret) iq_must_check;
/* The same, with all its lines, and clean. */
struct iq_error *iq_go_panic_text(const struct iq_go_runtime *rt, uint64_t addr,
				  struct iq_str *ret, const char **why_ret)
	iq_must_check;

#endif
