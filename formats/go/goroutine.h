/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goroutines as runtime.allgs lists them: each g is read once, whole, and the
 * fields that anybody needs are kept.
 */
#ifndef IQ_GO_GOROUTINE_H
#define IQ_GO_GOROUTINE_H

#include "base/error.h"
#include "formats/go/runtime.h"

enum iq_go_g_state {
	IQ_GO_G_LIVE,
	/* Dead, idle, or waiting on an extra thread for a callback from C. */
	IQ_GO_G_UNUSED,
	IQ_GO_G_UNREADABLE,
	/* Its fields cannot be those of a g. */
	IQ_GO_G_ABSURD,
};

/* The g at @addr; written unless it is unreadable. */
enum iq_go_g_state iq_go_g_read(const struct iq_go_runtime *rt, uint64_t addr,
				struct iq_go_g *ret);

/* Fills rt->gs from rt->allgs_addr; what is damaged becomes gaps. */
struct iq_error *iq_go_goroutines_read(struct iq_go_runtime *rt) iq_must_check;

#endif
