/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unwinding of Go stacks by the runtime's own tables, as the runtime does it in
 * src/runtime/traceback.go.
 */
#ifndef IQ_GO_UNWIND_H
#define IQ_GO_UNWIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vec.h"
#include "formats/go/pc_cache.h"

/* Where an unwinding begins. */
struct iq_go_unwind_start {
	uint64_t pc;
	uint64_t sp;
	uint64_t lr; /* 0: none, or saved on the stack */
	/* The stack: [lo, hi). */
	uint64_t lo;
	uint64_t hi;
	/* pc is the next instruction to run, not a return address. */
	bool exact;
	/* Saved on entry to a system call. */
	bool syscall;
};

enum iq_go_unwind_end {
	IQ_GO_UNWIND_COMPLETE,
	/* The next pc is in no Go function. */
	IQ_GO_UNWIND_NOT_GO,
	/* No call stands before the next pc: it is no return address. */
	IQ_GO_UNWIND_NO_CALL,
	/* The stack is not in the core there. */
	IQ_GO_UNWIND_MISSING,
	/* The frame leaves the stack. */
	IQ_GO_UNWIND_OUTSIDE,
	/* The function's frame size is unreadable. */
	IQ_GO_UNWIND_NO_TABLE,
	/* The function changes its stack pointer. */
	IQ_GO_UNWIND_SPWRITE,
	IQ_GO_UNWIND_LIMIT,
};

/* A stack as program counters, innermost first. */
struct iq_go_unwound {
	IQ_VEC(uint64_t) pcs;
	/* Frame i's end: it covers [fps[i - 1], fps[i]), the first one begins
	 * at sp. Filled if has_fps. */
	IQ_VEC(uint64_t) fps;
	bool has_fps;
	/* Where the first frame begins. */
	uint64_t sp;
	/* pcs[0] is exact. */
	bool exact;
	enum iq_go_unwind_end end;
	/* Where it ended, if it is not complete. */
	uint64_t end_addr;
};

void iq_go_unwound_deinit(struct iq_go_unwound *unwound);

/* Replaces the contents of @ret. Fails only without memory. */
struct iq_error *iq_go_unwind(struct iq_go_pc_cache *cache,
			      const struct iq_go_unwind_start *start,
			      struct iq_go_unwound *ret) iq_must_check;

/* "its return address is in no Go function": clean text for a gap. */
const char *iq_go_unwind_end_text(enum iq_go_unwind_end end);

#endif
