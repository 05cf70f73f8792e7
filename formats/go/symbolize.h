/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From program counters to frames with names, files and lines, inlined calls
 * expanded. Each pc is worked out once.
 */
#ifndef IQ_GO_SYMBOLIZE_H
#define IQ_GO_SYMBOLIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "formats/go/runtime.h"

/* The calls at one pc as facts keep them, innermost first; frames[num - 1] is
 * the function's. */
struct iq_go_frames {
	const struct iq_frame *const *frames;
	uint32_t num;
	/* The function is sigpanic, asyncPreempt and the like: who "called" it
	 * was interrupted. Texts and profiles of Go up to 1.20 have the line of
	 * the byte before, but for sigpanic's.
	 * Go: src/runtime/traceback.go, unwindTrap; up to 1.20, waspanic. */
	bool injected;
};

struct iq_go_symbolizer;

struct iq_error *iq_go_symbolizer_create(const struct iq_go_runtime *rt,
					 struct iq_go_symbolizer **ret)
	iq_must_check;
void iq_go_symbolizer_destroy(struct iq_go_symbolizer *sym);

/*
 * The calls at @pc: @exact if it is the next instruction to run, else it is a
 * return address. No frames if it is in no Go function. Lives as long as @sym.
 */
struct iq_error *iq_go_symbolize(struct iq_go_symbolizer *sym, uint64_t pc,
				 bool exact, const struct iq_go_frames **ret)
	iq_must_check;

/* The frame of the function that begins at @pc, as facts keep it; NULL if there
 * is none. */
struct iq_error *iq_go_symbolize_entry(struct iq_go_symbolizer *sym,
				       uint64_t pc, const struct iq_frame **ret)
	iq_must_check;

/* The frame of the go statement that returned to @pc, under the name of the
 * function that the code is in, as the runtime prints it; without a name where
 * the tables of that code are not here. */
struct iq_error *iq_go_symbolize_creator(struct iq_go_symbolizer *sym,
					 uint64_t pc,
					 const struct iq_frame **ret)
	iq_must_check;

#endif
