/* SPDX-License-Identifier: Apache-2.0 */
#include "model/text.h"

#include <stdarg.h>
#include <stdio.h>

#include "model/fact.h"

struct iq_error *iq_textf(struct iq_arena *arena, struct iq_str *ret,
			  const char *fmt, ...)
{
	va_list args, again;
	int len;

	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	char *text = len < 0 ? NULL : iq_arena_alloc(arena, (size_t)len + 1);
	if (text)
		(void)vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	if (!text)
		return &iq_enomem;
	*ret = (struct iq_str){ text, (size_t)len };
	return NULL;
}

struct iq_error *iq_text_frame(struct iq_arena *arena,
			       const struct iq_frame *frame, const char **ret)
{
	struct iq_str text = IQ_STR("unknown");
	struct iq_error *err = NULL;

	if (frame && frame->file.len && frame->line)
		err = iq_textf(arena, &text, "%.*s %.*s:%u",
			       IQ_STR_ARG(frame->function),
			       IQ_STR_ARG(iq_str_basename(frame->file)),
			       frame->line);
	else if (frame)
		err = iq_textf(arena, &text, "%.*s",
			       IQ_STR_ARG(frame->function));
	if (!err)
		*ret = text.ptr;
	return err;
}
