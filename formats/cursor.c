/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/cursor.h"

#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void iq_cursor_init(struct iq_cursor *c, const void *data, uint64_t size,
		    uint64_t base)
{
	*c = (struct iq_cursor){
		.data = data,
		.size = size,
		.base = base,
		.word_size = 8,
	};
}

/* Bytes behind the current position, whether or not there is an error. */
static uint64_t remaining(const struct iq_cursor *c)
{
	return c->pos < c->size ? c->size - c->pos : 0;
}

uint64_t iq_cursor_left(const struct iq_cursor *c)
{
	return c->err ? 0 : remaining(c);
}

uint64_t iq_cursor_offset(const struct iq_cursor *c)
{
	return c->base + c->pos;
}

bool iq_cursor_ok(const struct iq_cursor *c)
{
	return !c->err;
}

/* The next byte; NULL where there are none at all. */
static const uint8_t *here(const struct iq_cursor *c)
{
	return c->data ? c->data + c->pos : NULL;
}

/*
 * Takes over @err, for @c and all that it is a part of. If one of these has an
 * error already, that was the first and stays.
 */
static void cursor_fail(struct iq_cursor *c, struct iq_error *err)
{
	struct iq_cursor *failed = c;

	while (failed && !failed->err)
		failed = failed->parent;
	if (failed) {
		iq_error_destroy(err);
		err = failed->err;
	}
	for (struct iq_cursor *at = c; at != failed; at = at->parent)
		at->err = err;
}

/* Whether @len bytes are there; if not, and without an error yet, fails. */
static bool cursor_has(struct iq_cursor *c, uint64_t len, const char *what)
{
	if (c->err)
		return false;
	if (len <= remaining(c))
		return true;
	cursor_fail(c, iq_error_at(IQ_ERROR_TRUNCATED, iq_cursor_offset(c),
				   "%s needs %" PRIu64 " bytes, %" PRIu64
				   " are left",
				   what, len, remaining(c)));
	return false;
}

/* The next @len bytes, or NULL after an error; moves on. */
static const uint8_t *cursor_take(struct iq_cursor *c, uint64_t len,
				  const char *what)
{
	const uint8_t *at;

	if (!cursor_has(c, len, what))
		return NULL;
	at = here(c);
	c->pos += len;
	return at;
}

uint8_t iq_cursor_u8(struct iq_cursor *c, const char *what)
{
	const uint8_t *p = cursor_take(c, 1, what);

	return p ? *p : 0;
}

uint16_t iq_cursor_u16(struct iq_cursor *c, const char *what)
{
	const uint8_t *p = cursor_take(c, 2, what);

	if (!p)
		return 0;
	return (uint16_t)(c->big_endian ? p[0] << 8 | p[1] : p[1] << 8 | p[0]);
}

uint32_t iq_cursor_u32(struct iq_cursor *c, const char *what)
{
	const uint8_t *p = cursor_take(c, 4, what);
	uint32_t v;

	if (!p)
		return 0;
	memcpy(&v, p, sizeof(v));
	return c->big_endian ? be32toh(v) : le32toh(v);
}

uint64_t iq_cursor_u64(struct iq_cursor *c, const char *what)
{
	const uint8_t *p = cursor_take(c, 8, what);
	uint64_t v;

	if (!p)
		return 0;
	memcpy(&v, p, sizeof(v));
	return c->big_endian ? be64toh(v) : le64toh(v);
}

uint64_t iq_cursor_word(struct iq_cursor *c, const char *what)
{
	if (c->word_size == 8)
		return iq_cursor_u64(c, what);
	if (c->word_size == 4)
		return iq_cursor_u32(c, what);
	iq_cursor_fail(c, "word size is %u, not 4 or 8", c->word_size);
	return 0;
}

// LEB128: DWARF Debugging Information Format 5, section 7.6. Ten groups of
// seven bits hold 64 bits, the last one only the uppermost.
uint64_t iq_cursor_uleb128_any(struct iq_cursor *c, const char *what)
{
	uint64_t left = iq_cursor_left(c);
	const uint8_t *p = here(c);
	uint64_t v = 0;

	if (c->err)
		return 0;
	for (unsigned i = 0; i < 10; i++) {
		if (i >= left) {
			cursor_fail(c, iq_error_at(IQ_ERROR_TRUNCATED,
						   iq_cursor_offset(c),
						   "%s is cut off after %u "
						   "bytes of a varint",
						   what, i));
			return 0;
		}
		if (i == 9 && (p[i] & 0x7f) > 1)
			break;
		v |= (uint64_t)(p[i] & 0x7f) << (7 * i);
		if (p[i] < 0x80) {
			c->pos += i + 1;
			return v;
		}
	}
	if (p[9] & 0x80)
		iq_cursor_fail(c, "%s is a varint of more than 10 bytes", what);
	else
		iq_cursor_fail(c, "%s is a varint of more than 64 bits", what);
	return 0;
}

struct iq_str iq_cursor_bytes(struct iq_cursor *c, uint64_t len,
			      const char *what)
{
	const uint8_t *p = cursor_take(c, len, what);

	if (!p)
		return (struct iq_str){ 0 };
	return (struct iq_str){ .ptr = (const char *)p, .len = (size_t)len };
}

struct iq_str iq_cursor_cstr(struct iq_cursor *c, const char *what)
{
	uint64_t left = iq_cursor_left(c);
	const uint8_t *begin = here(c);
	const uint8_t *end = left ? memchr(begin, 0, (size_t)left) : NULL;
	struct iq_str s;

	if (c->err)
		return (struct iq_str){ 0 };
	if (!end) {
		cursor_fail(
			c, iq_error_at(IQ_ERROR_TRUNCATED, iq_cursor_offset(c),
				       "%s has no end within %" PRIu64 " bytes",
				       what, left));
		return (struct iq_str){ 0 };
	}
	s.ptr = (const char *)begin;
	s.len = (size_t)(end - begin);
	c->pos += s.len + 1;
	return s;
}

bool iq_cursor_line(struct iq_cursor *c, struct iq_str *ret)
{
	uint64_t left = iq_cursor_left(c);
	const char *begin = (const char *)here(c);
	const char *end;
	size_t len;

	if (left == 0)
		return false;
	end = memchr(begin, '\n', (size_t)left);
	len = end ? (size_t)(end - begin) : (size_t)left;
	c->pos += end ? len + 1 : len;
	if (end && len > 0 && begin[len - 1] == '\r')
		len--;
	*ret = (struct iq_str){ .ptr = begin, .len = len };
	return true;
}

void iq_cursor_skip(struct iq_cursor *c, uint64_t len, const char *what)
{
	cursor_take(c, len, what);
}

void iq_cursor_align(struct iq_cursor *c, uint64_t to, const char *what)
{
	uint64_t over;

	assert(to > 0);
	over = c->pos % to;
	if (over)
		iq_cursor_skip(c, to - over, what);
}

void iq_cursor_seek(struct iq_cursor *c, uint64_t pos, const char *what)
{
	if (c->err)
		return;
	if (pos <= c->size) {
		c->pos = pos;
		return;
	}
	cursor_fail(c, iq_error_at(IQ_ERROR_TRUNCATED, iq_cursor_offset(c),
				   "%s is at %" PRIu64 ", past the end at "
				   "%" PRIu64,
				   what, pos, c->size));
}

void iq_cursor_sub(struct iq_cursor *c, uint64_t len, const char *what,
		   struct iq_cursor *ret)
{
	uint64_t base = iq_cursor_offset(c);
	const uint8_t *p = cursor_take(c, len, what);
	struct iq_cursor child;

	iq_cursor_init(&child, p, p ? len : 0, base);
	child.big_endian = c->big_endian;
	child.word_size = c->word_size;
	child.err = c->err;
	child.parent = c;
	*ret = child;
}

void iq_cursor_fail(struct iq_cursor *c, const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	int len;

	if (c->err)
		return;
	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0) {
		cursor_fail(c, &iq_enomem);
		return;
	}
	cursor_fail(c, iq_error_at(IQ_ERROR_FORMAT, iq_cursor_offset(c), "%s",
				   text));
	free(text);
}

/* A child whose error its parent has given away already. */
static bool was_given(const struct iq_cursor *c)
{
	return c->err && c->parent && c->parent->err != c->err;
}

struct iq_error *iq_cursor_done(struct iq_cursor *c)
{
	struct iq_error *err = c->err;

	if (was_given(c)) {
		c->err = NULL;
		return iq_error_at(IQ_ERROR_FORMAT, iq_cursor_offset(c),
				   "the record around this is damaged");
	}
	for (struct iq_cursor *at = c; err && at && at->err == err;
	     at = at->parent)
		at->err = NULL;
	return err;
}
