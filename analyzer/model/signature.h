/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical form of a stack, the same whichever witness it came from: what
 * joins a sample without ids to a core's goroutine. Rules: plumbing frames of
 * the runtime are cut at the leaf, runtime.goexit and one wrapper at the root.
 */
#ifndef IQ_MODEL_SIGNATURE_H
#define IQ_MODEL_SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "model/fact.h"
#include "model/function.h"

struct iq_signature {
	/* What is left: stack->frames[begin .. end). */
	uint32_t begin, end;
	/* Equal in functions and lines / in functions only. */
	uint64_t strong, weak;
	/* First frame of the program's own code (neither the runtime's nor the
	 * standard library's), else the first that is not the runtime's;
	 * index into stack->frames, or UINT32_MAX. */
	uint32_t site;
	/* site is in the program's own code. */
	bool own;
	/* The witness cut the stack: compare the common leaf part only. */
	bool truncated;
	/* Nothing but the runtime's frames. */
	bool system;
};

void iq_signature_compute(const struct iq_stack *stack,
			  struct iq_signature *ret);

/* Whether @frame counts in a comparison: only some witnesses show wrappers,
 * frames of C, and the runtime's own between others. */
bool iq_signature_compares(const struct iq_signature *signature,
			   const struct iq_frame *frame);
/* Frames of the part from the leaf to the first hole that count. */
uint32_t iq_signature_leaf_depth(const struct iq_stack *stack,
				 const struct iq_signature *signature);
/*
 * For each of @depths, which ascend, what the strong key of a stack would be
 * that was cut after so many frames. How many of them the leaf part has; no
 * other of @ret is written.
 */
size_t iq_signature_prefixes(const struct iq_stack *stack,
			     const struct iq_signature *signature,
			     const uint32_t *depths, size_t num, uint64_t *ret);

/* Of a name with type arguments folded, "%2e", "·" and ".abi0" undone: equal for
 * what one function is called by different witnesses. */
uint64_t iq_function_hash(struct iq_str function);
bool iq_function_equal(struct iq_str a, struct iq_str b);

/*
 * The name as fingerprints and joins see it: type arguments folded to [...],
 * %2e undone, closure numbers as func*, .gowrapN, -fm, .deferwrapN cut.
 */
struct iq_error *iq_function_canonical(struct iq_arena *arena,
				       struct iq_str function,
				       bool fold_closures, struct iq_str *ret)
	iq_must_check;

#endif
