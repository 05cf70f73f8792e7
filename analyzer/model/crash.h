/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why and where the process ended, worked out from what all witnesses say: the
 * runtime's words, the frames of the goroutine that ended it, and the scene of
 * the witness that shows one.
 */
#ifndef IQ_MODEL_CRASH_H
#define IQ_MODEL_CRASH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "model/model.h"
#include "model/scene.h"

struct iq_crash {
	enum iq_cause cause;
	/* The runtime's words for it, one line: of the panic that began it all.
	 * Empty if unknown. */
	struct iq_str text;
	/* The place to open: the first frame of the program's own code below
	 * the panic or the fault; NULL if unknown. */
	const struct iq_frame *site;
	/* The stack that it is in, and where it stands there; NULL. */
	const struct iq_stack *stack;
	bool has_goroutine;
	uint64_t goroutine;
	/* Only named: the main goroutine of a process in which all sleep, or the
	 * first of the others where it is gone. */
	bool is_main;
	/* Of the witness that shows most of it; NULL if none does. */
	const struct iq_scene *scene;
	/* The library's function that the program called and that panicked, where
	 * that is the cause; NULL: the runtime did, or unknown. */
	const struct iq_frame *raiser;
	/* All sleep, and the main goroutine is not among them: only
	 * runtime.Goexit ends it alone. */
	bool main_left;
	/* What was recovered and then raised again, with other words or the
	 * same: the panic that did so first; NULL if none did. */
	const struct iq_scene_panic *again;
	/* The signal was sent by somebody; no instruction caused it. */
	bool sent;
};

/* Whether the process ended by its own fault, and then how. */
bool iq_crash_find(const struct iq_model *model, struct iq_crash *ret);

/* "nil dereference", "index out of range [5] with length 3", "panic: oops":
 * how a title begins; may hold text from the input. */
struct iq_error *iq_crash_words(const struct iq_model *model,
				const struct iq_crash *crash,
				struct iq_arena *arena, struct iq_str *ret)
	iq_must_check;

/* One sentence of this very crash, and where @objects is set the object that it
 * is about and who else refers to it; may hold text from the input. */
struct iq_error *iq_crash_explain(const struct iq_model *model,
				  const struct iq_crash *crash, bool objects,
				  struct iq_arena *arena, struct iq_str *ret)
	iq_must_check;

/* What to do where the words of the cause do not fit all of its crashes; NULL:
 * they do. */
const char *iq_crash_special_advice(const struct iq_model *model,
				    const struct iq_crash *crash);

#endif
