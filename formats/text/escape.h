/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Undoing backslash escapes: those of JSON, of Go's printquoted() and of
 * logfmt are one language here. What is no escape stays as it is.
 */
#ifndef IQ_FORMATS_TEXT_ESCAPE_H
#define IQ_FORMATS_TEXT_ESCAPE_H

#include <stdbool.h>

#include "base/str.h"
#include "base/vec.h"

struct iq_text_buf {
	IQ_VEC(char) bytes;
};

void iq_text_buf_deinit(struct iq_text_buf *buf);
struct iq_str iq_text_buf_str(const struct iq_text_buf *buf);
/* Appends; false without memory. */
bool iq_text_buf_add(struct iq_text_buf *buf, struct iq_str s);

/* Index of the first '"' of @s that no backslash escapes, or s.len. */
size_t iq_escape_end(struct iq_str s);
/* Appends @s without its escapes; false without memory. */
bool iq_escape_undo(struct iq_str s, struct iq_text_buf *buf);

#endif
