/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deferred calls that the compiler put into the function itself: a byte of its
 * frame has a bit for each that waits.
 */
#ifndef IQ_GO_OPEN_DEFERS_H
#define IQ_GO_OPEN_DEFERS_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/go/runtime.h"

/* Go: src/cmd/compile/internal/ssagen/ssa.go, maxOpenDefers. */
#define IQ_GO_OPEN_DEFERS_MAX 8

/* Where the closures of a frame's calls stand, by their bit. */
struct iq_go_open_slots {
	uint64_t bits;
	uint64_t addrs[IQ_GO_OPEN_DEFERS_MAX];
};

/*
 * By the function's information at @data. Variables end at @varp, and none
 * stands more than @size bytes below it. False if no call waits.
 */
bool iq_go_open_slots_read(const struct iq_go_runtime *rt, uint64_t data,
			   uint64_t varp, uint64_t size,
			   struct iq_go_open_slots *ret);

#endif
