/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only way to read bytes. A cursor keeps its first error: after it, reads
 * give 0 and do not move, so that a record reads as a list of fields and is
 * asked once, by iq_cursor_done().
 */
#ifndef IQ_FORMATS_CURSOR_H
#define IQ_FORMATS_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"

struct iq_cursor {
	const uint8_t *data;
	uint64_t size;
	uint64_t pos;
	/* Added to pos in errors: where data[0] stands in the file. */
	uint64_t base;
	bool big_endian;
	/* Bytes of a word as iq_cursor_word() reads it: 4 or 8. */
	uint8_t word_size;
	/* The first error, until iq_cursor_done() gives it away. */
	struct iq_error *err;
	/* The child's errors go to its parent, too: one error, which whoever is
	 * asked first gives away for both. */
	struct iq_cursor *parent;
};

/* Little-endian, words of 8 bytes; change the fields for others. */
void iq_cursor_init(struct iq_cursor *c, const void *data, uint64_t size,
		    uint64_t base);

/* Bytes that can still be read: 0 after an error, which so ends loops. */
uint64_t iq_cursor_left(const struct iq_cursor *c);
/* Offset in the file of the next byte. */
uint64_t iq_cursor_offset(const struct iq_cursor *c);
bool iq_cursor_ok(const struct iq_cursor *c);

/*
 * Reads; the byte order is the cursor's. @what names the field in errors:
 * "pclntab magic".
 */
uint8_t iq_cursor_u8(struct iq_cursor *c, const char *what);
uint16_t iq_cursor_u16(struct iq_cursor *c, const char *what);
uint32_t iq_cursor_u32(struct iq_cursor *c, const char *what);
uint64_t iq_cursor_u64(struct iq_cursor *c, const char *what);
uint64_t iq_cursor_word(struct iq_cursor *c, const char *what);
/* Unsigned LEB128 of at most ten bytes; too long, cut off and overflowing are
 * three errors. */
static inline uint64_t iq_cursor_uleb128(struct iq_cursor *c, const char *what);
/* @len bytes as a view. */
struct iq_str iq_cursor_bytes(struct iq_cursor *c, uint64_t len,
			      const char *what);
/* Up to and including the next NUL; the view is without it. */
struct iq_str iq_cursor_cstr(struct iq_cursor *c, const char *what);
/* The next line without "\\n" and "\\r\\n"; false at the end. No error. */
bool iq_cursor_line(struct iq_cursor *c, struct iq_str *ret);

void iq_cursor_skip(struct iq_cursor *c, uint64_t len, const char *what);
/* On to the next multiple of @to, counted from data[0]. */
void iq_cursor_align(struct iq_cursor *c, uint64_t to, const char *what);
/* To data[@pos]; data[size] is allowed. */
void iq_cursor_seek(struct iq_cursor *c, uint64_t pos, const char *what);

/*
 * A child over the next @len bytes, which @c skips. It cannot leave them, has
 * @c's byte order and word size, and must not outlive @c.
 */
void iq_cursor_sub(struct iq_cursor *c, uint64_t len, const char *what,
		   struct iq_cursor *ret);

/* Sets the error, at the current offset, unless there is one. */
void iq_cursor_fail(struct iq_cursor *c, const char *fmt, ...) iq_printf(2, 3);

/*
 * The error, which becomes the caller's, or NULL. The cursor and its parents
 * are without error afterwards and stand where they stopped: who asks a child
 * can report it as a gap and go on behind it in the parent. Children stay
 * failed.
 */
struct iq_error *iq_cursor_done(struct iq_cursor *c) iq_must_check;

/* For iq_cursor_uleb128(): any length, any error. */
uint64_t iq_cursor_uleb128_any(struct iq_cursor *c, const char *what);

// Traces and profiles are varints of one byte for the most part.
static inline uint64_t iq_cursor_uleb128(struct iq_cursor *c, const char *what)
{
	if (!c->err && c->pos < c->size && c->data[c->pos] < 0x80)
		return c->data[c->pos++];
	return iq_cursor_uleb128_any(c, what);
}

#endif
