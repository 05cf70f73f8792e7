/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buffered output. The first write error is kept and asked for once, at the
 * end; writing after an error does nothing.
 */
#ifndef IQ_BASE_OUT_H
#define IQ_BASE_OUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"

struct iq_out {
	int fd; /* -1: memory only */
	char *buf;
	size_t len;
	size_t cap;
	int err; /* errno of the first failure, 0 */
};

/* Writes to @fd, which stays the caller's. */
void iq_out_init(struct iq_out *out, int fd);
/* Collects in memory: the text is out->buf[0..len). */
void iq_out_init_memory(struct iq_out *out);
void iq_out_deinit(struct iq_out *out);

void iq_out_bytes(struct iq_out *out, const void *data, size_t len);
void iq_out_str(struct iq_out *out, struct iq_str s);
void iq_out_cstr(struct iq_out *out, const char *s);
void iq_out_char(struct iq_out *out, char c);
void iq_out_u64(struct iq_out *out, uint64_t v);
/* Lower-case hexadecimal with "0x". */
void iq_out_hex(struct iq_out *out, uint64_t v);
void iq_out_printf(struct iq_out *out, const char *fmt, ...) iq_printf(2, 3);

/* Writes what is buffered and gives the first error, if there was one. */
struct iq_error *iq_out_flush(struct iq_out *out) iq_must_check;

#endif
