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
/* Locks that one closure is seen to unlock. */
#define IQ_GO_UNLOCKED_MAX 4

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
		/* Of what the addresses of the locks are computed that it
		 * unlocks, as far as that is known. */
		unsigned num;
		struct iq_arch_origin locks[IQ_GO_UNLOCKED_MAX];
	} slots[IQ_GO_UNLOCKS_SLOTS];
	/* Functions that defer. */
	struct {
		uint64_t entry;
		/* The first one that unlocks something. */
		uint32_t line;
	} functions[IQ_GO_UNLOCKS_SLOTS];
};

/* What the function does that begins at @pc: IQ_GO_DEED_…; 0 if none does, or
 * nothing of that. */
unsigned iq_go_deeds(struct iq_go_unlocks *memo, const struct iq_arch *cpu,
		     const struct iq_memory *memory,
		     const struct iq_pclntab *pcln, uint64_t pc);

/* The locks that the closure at @addr unlocks for sure: how many. */
unsigned iq_go_unlocked(struct iq_go_unlocks *memo, const struct iq_arch *cpu,
			const struct iq_memory *memory,
			const struct iq_pclntab *pcln, uint64_t addr,
			uint64_t ret[IQ_GO_UNLOCKED_MAX]);

/* Whether the function that holds @pc has come by a line that unlocks something
 * itself: that it has deferred an Unlock does not prove then that it holds the
 * lock. @pc is where a call returns to. */
bool iq_go_gives_back(struct iq_go_unlocks *memo, const struct iq_arch *cpu,
		      const struct iq_memory *memory,
		      const struct iq_pclntab *pcln, uint64_t pc);

/* Whether a function begins at @pc that wraps a deferred Unlock or RUnlock. */
bool iq_go_unlocks(struct iq_go_unlocks *memo, const struct iq_arch *cpu,
		   const struct iq_memory *memory,
		   const struct iq_pclntab *pcln, uint64_t pc);

#endif
