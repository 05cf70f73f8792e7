/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* What iq_error_new() allocates: the text lies behind the error. */
struct error_block {
	struct iq_error err;
	char text[];
};

struct iq_error iq_enomem = {
	.code = IQ_ERROR_NOMEM,
	.text = "out of memory",
};

/* "@fmt", or "@fmt: @rest" if there is a @rest; NULL without memory. */
iq_printf(1, 0) static struct iq_error *error_format(const char *fmt,
						     va_list args,
						     const char *rest)
{
	const char *colon = rest ? ": " : "";
	struct error_block *block;
	va_list again;
	int head, tail;

	va_copy(again, args);
	head = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (!rest)
		rest = "";
	tail = snprintf(NULL, 0, "%s%s", colon, rest);
	if (head < 0 || tail < 0)
		return NULL;
	block = calloc(1, sizeof(*block) + (size_t)head + (size_t)tail + 1);
	if (!block)
		return NULL;
	vsnprintf(block->text, (size_t)head + 1, fmt, args);
	snprintf(block->text + head, (size_t)tail + 1, "%s%s", colon, rest);
	block->err.text = block->text;
	return &block->err;
}

struct iq_error *iq_error_new(enum iq_error_code code, const char *fmt, ...)
{
	struct iq_error *err;
	va_list args;

	va_start(args, fmt);
	err = error_format(fmt, args, NULL);
	va_end(args);
	if (!err)
		return &iq_enomem;
	err->code = code;
	return err;
}

struct iq_error *iq_error_at(enum iq_error_code code, uint64_t offset,
			     const char *fmt, ...)
{
	struct iq_error *err;
	va_list args;

	va_start(args, fmt);
	err = error_format(fmt, args, NULL);
	va_end(args);
	if (!err)
		return &iq_enomem;
	err->code = code;
	err->has_offset = true;
	err->offset = offset;
	return err;
}

struct iq_error *iq_error_within(struct iq_error *err, const char *fmt, ...)
{
	struct iq_error *outer;
	va_list args;

	if (!err || err == &iq_enomem)
		return err;
	va_start(args, fmt);
	outer = error_format(fmt, args, err->text);
	va_end(args);
	// Without memory for the prefix the cause alone says more than
	// "out of memory" would.
	if (!outer)
		return err;
	outer->code = err->code;
	outer->has_offset = err->has_offset;
	outer->offset = err->offset;
	iq_error_destroy(err);
	return outer;
}

void iq_error_destroy(struct iq_error *err)
{
	if (err != &iq_enomem)
		free(err);
}

void iq_error_destroyp(struct iq_error **err)
{
	iq_error_destroy(*err);
}
