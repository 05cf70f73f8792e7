/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which closures the compiler made for "defer mu.Unlock()". One that stands in
 * a frame with the lock beside it is a lock that the frame's function has taken.
 */
#ifndef IQ_GO_UNLOCKS_H
#define IQ_GO_UNLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/elf/arch.h"
#include "formats/go/pclntab.h"

#define IQ_GO_UNLOCKS_SLOTS 64

/* Answers are kept: goroutines share most of theirs. One thread owns it. */
struct iq_go_unlocks {
	struct {
		uint64_t pc; /* 0: the slot is free */
		bool unlocks;
	} slots[IQ_GO_UNLOCKS_SLOTS];
};

/* Whether a function begins at @pc that wraps a deferred Unlock or RUnlock. */
bool iq_go_unlocks(struct iq_go_unlocks *memo, const struct iq_arch *cpu,
		   const struct iq_memory *memory,
		   const struct iq_pclntab *pcln, uint64_t pc);

#endif
