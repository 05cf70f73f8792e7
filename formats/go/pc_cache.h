/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What unwinding needs to know about a program counter and depends on nothing
 * else, worked out once: goroutines share most of theirs. One thread owns a
 * cache.
 */
#ifndef IQ_GO_PC_CACHE_H
#define IQ_GO_PC_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "formats/elf/arch.h"
#include "formats/go/runtime.h"

/* What the unwinder must know about one pc. */
struct iq_go_pc {
	uint64_t pc; /* 0: the slot is free */
	uint64_t entry;
	int32_t spdelta;
	unsigned flags; /* IQ_GO_PC_… */
};

enum {
	/* In a function of a Go module. */
	IQ_GO_PC_KNOWN = 1 << 0,
	/* The function has no table of frame sizes: not Go's. */
	IQ_GO_PC_EXTERNAL = 1 << 1,
	IQ_GO_PC_HAS_SPDELTA = 1 << 2,
	/* Outermost function of a stack. */
	IQ_GO_PC_TOP = 1 << 3,
	/* Changes its stack pointer in ways that no table knows. */
	IQ_GO_PC_SPWRITE = 1 << 4,
	/* Called by the signal handler: its caller did not call. */
	IQ_GO_PC_INJECTED = 1 << 5,
	/* A call stands before pc, or it could not be looked at. */
	IQ_GO_PC_CALLED = 1 << 6,
	/* The function pushes its return address by hand. */
	IQ_GO_PC_PUSHES = 1 << 7,
};

#define IQ_GO_PC_CACHE_SLOTS 8192

struct iq_go_pc_cache {
	const struct iq_go_runtime *rt;
	const struct iq_arch *cpu;
	struct iq_go_pc *slots;
};

struct iq_error *iq_go_pc_cache_init(struct iq_go_pc_cache *cache,
				     const struct iq_go_runtime *rt)
	iq_must_check;
void iq_go_pc_cache_deinit(struct iq_go_pc_cache *cache);
/* Valid until the next call. */
const struct iq_go_pc *iq_go_pc_cache_get(struct iq_go_pc_cache *cache,
					  uint64_t pc);

#endif
