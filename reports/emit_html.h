/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for a page: the one place where names from the input become HTML. What
 * is escaped is right between tags and between double quotes alike.
 */
#ifndef IQ_REPORTS_EMIT_HTML_H
#define IQ_REPORTS_EMIT_HTML_H

#include <stdint.h>

#include "base/out.h"
#include "base/str.h"
#include "model/fact.h"

/* Bytes of one text that are shown; the middle of a longer one is left out. */
#define IQ_HTML_MAX_TEXT 4096

/*
 * @s with markup escaped, and with what iq_term_put() makes visible: control
 * characters, invalid UTF-8, marks that turn or hide text.
 */
void iq_html_text(struct iq_out *out, struct iq_str s);
/* The same of a text of our own. */
void iq_html_cstr(struct iq_out *out, const char *s);
/* "1,048,576" */
void iq_html_number(struct iq_out *out, uint64_t n);
/* "3 gaps", "1 gap": the noun with an s where it takes one. */
void iq_html_count(struct iq_out *out, uint64_t n, const char *noun);
/* "/src/shop/main.go:34", or "main.go:34"; nothing if the file is unknown. */
void iq_html_place(struct iq_out *out, const struct iq_frame *frame, bool path);
/* Function and place of a frame; "unknown" for NULL. */
void iq_html_frame(struct iq_out *out, const struct iq_frame *frame);

#endif
