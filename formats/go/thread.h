/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads: the runtime's m's, joined with the core's threads.
 */
#ifndef IQ_GO_THREAD_H
#define IQ_GO_THREAD_H

#include "base/error.h"
#include "formats/go/runtime.h"

/* Whether an m can be at @addr: its g0 refers back to it. */
bool iq_go_m_is(const struct iq_go_runtime *rt, uint64_t addr);
/* How many m's the list that begins with @addr has, as far as *@budget steps
 * lead, which are taken off it. */
size_t iq_go_m_count(const struct iq_go_runtime *rt, uint64_t addr,
		     size_t *budget);

/* Fills rt->ms from rt->allm_addr; what is damaged becomes gaps. */
struct iq_error *iq_go_threads_read(struct iq_go_runtime *rt) iq_must_check;

#endif
