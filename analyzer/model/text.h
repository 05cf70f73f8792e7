/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sentences of findings and gaps, printed into an arena.
 */
#ifndef IQ_MODEL_TEXT_H
#define IQ_MODEL_TEXT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"

struct iq_frame;

#define IQ_DURATION_SIZE 32

/* "5.1s", "12m30s", "3h05m", "4d07h"; rounded down, so that "at least" holds.
 * Writes IQ_DURATION_SIZE bytes at most to @buf and returns it. */
const char *iq_duration_words(char *buf, int64_t ns);

/* printf into @arena. */
struct iq_error *iq_textf(struct iq_arena *arena, struct iq_str *ret,
			  const char *fmt, ...) iq_printf(3, 4) iq_must_check;

/*
 * "main.(*Store).Get main.go:58" as a NUL-terminated text in @arena, "unknown"
 * for NULL. Bytes are the input's: emitters escape them.
 */
struct iq_error *iq_text_frame(struct iq_arena *arena,
			       const struct iq_frame *frame, const char **ret)
	iq_must_check;

#endif
