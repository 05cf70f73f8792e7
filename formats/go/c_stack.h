/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks of threads, frames of C and of the runtime's system stacks together,
 * from registers outwards: C by call frame information, Go by the runtime's
 * tables, through the frames that the kernel makes for signals. A thread's walk
 * ends where C's thread or the runtime's scheduler began, or where C was called
 * by a goroutine, whose own stack goes on elsewhere.
 */
#ifndef IQ_GO_C_STACK_H
#define IQ_GO_C_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vec.h"
#include "formats/dwarf/cfi.h"
#include "formats/elf/code.h"
#include "formats/go/runtime.h"
#include "formats/go/symbolize.h"

struct iq_c_frame {
	uint64_t pc;
	/* pc is an interrupted instruction, not a return address. */
	bool exact;
	/* In Go code, the runtime's own. */
	bool is_go;
	/* What interrupted the next frame: the kernel's return from a signal. */
	bool is_signal;
	/* Found by a frame pointer, where no table tells. */
	bool guessed;
};

enum iq_c_end {
	/* Where the thread, or the runtime's scheduler, began. */
	IQ_C_END_BOTTOM,
	/* C that a goroutine called: asmcgocall is the next frame. */
	IQ_C_END_CALLED,
	/* The stack of a goroutine, whose code was interrupted. */
	IQ_C_END_GOROUTINE,
	/* No table, and no frame pointer that could be one. */
	IQ_C_END_NO_TABLE,
	IQ_C_END_UNKNOWN_RULE,
	IQ_C_END_MISSING,
	/* What should be a return address is none. */
	IQ_C_END_NO_CALL,
	IQ_C_END_LIMIT,
};

/* "no unwind table has its next pc": clean text for a gap. */
const char *iq_c_end_text(enum iq_c_end end);

/* A zeroed struct is empty. */
struct iq_c_stack {
	IQ_VEC(struct iq_c_frame) frames;
	enum iq_c_end end;
	/* Where it ended. */
	uint64_t end_sp;
};

void iq_c_stack_deinit(struct iq_c_stack *stack);

struct iq_c_walker;

/* @rt and @sym outlive the result. */
struct iq_error *iq_c_walker_create(const struct iq_go_runtime *rt,
				    struct iq_go_symbolizer *sym,
				    struct iq_c_walker **ret) iq_must_check;
void iq_c_walker_destroy(struct iq_c_walker *walker);

/* Replaces @ret by the stack of @thread, from its registers on, as far as that
 * is not the stack of @g, which may be NULL. */
struct iq_error *iq_c_walk_thread(struct iq_c_walker *walker,
				  const struct iq_core_thread *thread,
				  const struct iq_go_g *g,
				  struct iq_c_stack *ret) iq_must_check;
/*
 * The same from a frame of runtime.cgocallback on, which C code called: @sp is
 * where it begins on the system stack, @pc any return address in it. The frame
 * itself is left out, and so is crosscall2, which called it. No frames if it is
 * none.
 */
struct iq_error *iq_c_walk_callback(struct iq_c_walker *walker, uint64_t pc,
				    uint64_t sp, struct iq_c_stack *ret)
	iq_must_check;

/* Frames as facts keep them. A zeroed struct is empty. */
struct iq_c_frames {
	IQ_VEC(const struct iq_frame *) all;
};
void iq_c_frames_deinit(struct iq_c_frames *frames);
/* Adds @frame to @ret: several where calls were inlined. */
struct iq_error *iq_c_frame_name(struct iq_c_walker *walker,
				 const struct iq_c_frame *frame,
				 struct iq_c_frames *ret) iq_must_check;

#endif
