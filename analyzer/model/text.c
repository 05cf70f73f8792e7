/* SPDX-License-Identifier: Apache-2.0 */
#include "model/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "model/fact.h"

const char *iq_duration_words(char *buf, int64_t ns)
{
	uint64_t t = ns > 0 ? (uint64_t)ns : 0;
	uint64_t s = t / 1000000000;

	if (t < 1000)
		snprintf(buf, IQ_DURATION_SIZE, "%uns", (unsigned)t);
	else if (t < 1000000)
		snprintf(buf, IQ_DURATION_SIZE, "%uus", (unsigned)(t / 1000));
	else if (s < 1)
		snprintf(buf, IQ_DURATION_SIZE, "%ums",
			 (unsigned)(t / 1000000));
	else if (s < 60)
		snprintf(buf, IQ_DURATION_SIZE, "%u.%us", (unsigned)s,
			 (unsigned)(t / 100000000 % 10));
	else if (s < 3600)
		snprintf(buf, IQ_DURATION_SIZE, "%um%02us", (unsigned)(s / 60),
			 (unsigned)(s % 60));
	else if (s < 86400)
		snprintf(buf, IQ_DURATION_SIZE, "%uh%02um",
			 (unsigned)(s / 3600), (unsigned)(s / 60 % 60));
	else
		snprintf(buf, IQ_DURATION_SIZE, "%" PRIu64 "d%02uh", s / 86400,
			 (unsigned)(s / 3600 % 24));
	return buf;
}

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
