/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What closures that are deferred do to the objects that others wait for:
 * "defer mu.Unlock()", "defer wg.Done()", "defer func() { close(ch) }()". Who has
 * deferred an Unlock has taken the lock.
 */
#ifndef IQ_GO_UNLOCKS_H
#define IQ_GO_UNLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/elf/arch.h"
#include "formats/go/pclntab.h"

#define IQ_GO_UNLOCKS_SLOTS 256

enum {
	/* Unlock or RUnlock of a lock that it does not take itself. */
	IQ_GO_DEED_UNLOCK = 1 << 0,
	IQ_GO_DEED_DONE = 1 << 1,
	/* Signal or Broadcast. */
	IQ_GO_DEED_SIGNAL = 1 << 2,
	IQ_GO_DEED_CLOSE = 1 << 3,
	/* The compiler made it for one deferred call: what it does it does to
	 * the first variable that it captured. */
	IQ_GO_DEED_WRAPPER = 1 << 4,
};

/* Answers are kept: goroutines share most of theirs. One thread owns it. */
struct iq_go_unlocks {
	struct {
		uint64_t pc; /* 0: the slot is free */
		unsigned deeds;
	} slots[IQ_GO_UNLOCKS_SLOTS];
};

/* What the function does that begins at @pc: IQ_GO_DEED_…; 0 if none does, or
 * nothing of that. */
unsigned iq_go_deeds(struct iq_go_unlocks *memo, const struct iq_arch *cpu,
		     const struct iq_memory *memory,
		     const struct iq_pclntab *pcln, uint64_t pc);

/* Whether a function begins at @pc that wraps a deferred Unlock or RUnlock. */
bool iq_go_unlocks(struct iq_go_unlocks *memo, const struct iq_arch *cpu,
		   const struct iq_memory *memory,
		   const struct iq_pclntab *pcln, uint64_t pc);

#endif
