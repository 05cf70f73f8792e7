/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What loggers put around a line, one function a kind.
 */
#ifndef IQ_FORMATS_TEXT_LINES_WRAP_H
#define IQ_FORMATS_TEXT_LINES_WRAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "formats/text/escape.h"

/*
 * Whether @line starts with a prefix of the shape of @prefix: runs of letters
 * and digits may differ, all else is equal. *@ret is the rest; *@partial_ret
 * says that it goes on in the next line (CRI's flag P).
 */
bool iq_wrap_prefix_match(struct iq_str prefix, struct iq_str line,
			  struct iq_str *ret, bool *partial_ret);

/* Index of the '"' that opens the string in which @at stands, or @at. */
size_t iq_wrap_quote_before(struct iq_str line, size_t at);
/* The field's name, separator and opening quote at @open: "log":" or msg=" */
struct iq_str iq_wrap_lead(struct iq_str line, size_t open);

/* Appends @line without its terminal escapes; false without memory. */
bool iq_wrap_colours_cut(struct iq_str line, struct iq_text_buf *buf);
/* @line without the tags that it starts with: "<html><pre>". */
struct iq_str iq_wrap_tags_cut(struct iq_str line);
/* &lt; &gt; &amp; &quot; &#34; &#39; &#43; in place. */
void iq_wrap_entities_undo(struct iq_text_buf *buf);

#endif
