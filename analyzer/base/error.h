/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: a code, a text and, where a reader made them, the byte offset or
 * the address at which the input is wrong. NULL is success.
 */
#ifndef IQ_BASE_ERROR_H
#define IQ_BASE_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

enum iq_error_code {
	IQ_ERROR_NOMEM,
	/* The operating system refused: open, read, write. */
	IQ_ERROR_IO,
	/* The bytes are not what the format says. */
	IQ_ERROR_FORMAT,
	/* The input ends, or a page is missing, where more was promised. */
	IQ_ERROR_TRUNCATED,
	/* A limit of base/limits.h was reached. */
	IQ_ERROR_LIMIT,
	/* Recognised, but this build or this version cannot read it. */
	IQ_ERROR_UNSUPPORTED,
	/* The caller asked for something that does not exist. */
	IQ_ERROR_USAGE,
};

struct iq_error {
	enum iq_error_code code;
	bool has_offset;
	/* Byte offset in the file, valid if has_offset. */
	uint64_t offset;
	/* NUL-terminated, lower case, no full stop. */
	const char *text;
};

/* Out of memory: static, so that reporting it needs no memory. */
extern struct iq_error iq_enomem;

/* A new error; &iq_enomem if even that fails. The caller owns it. */
struct iq_error *iq_error_new(enum iq_error_code code, const char *fmt, ...)
	iq_printf(2, 3) iq_must_check;

/* The same with the offset in the file where the input is wrong. */
struct iq_error *iq_error_at(enum iq_error_code code, uint64_t offset,
			     const char *fmt, ...) iq_printf(3, 4)
	iq_must_check;

/* Takes @err and gives it back with "prefix: " before its text. */
struct iq_error *iq_error_within(struct iq_error *err, const char *fmt, ...)
	iq_printf(2, 3) iq_must_check;

/* Frees @err; NULL and &iq_enomem are allowed. */
void iq_error_destroy(struct iq_error *err);

/* For iq_cleanup(). */
void iq_error_destroyp(struct iq_error **err);

#endif
