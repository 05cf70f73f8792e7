/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/text/escape.h"

#include <stdint.h>

#include "formats/text/scan.h"

void iq_text_buf_deinit(struct iq_text_buf *buf)
{
	iq_vec_deinit(&buf->bytes);
}

struct iq_str iq_text_buf_str(const struct iq_text_buf *buf)
{
	return (struct iq_str){ buf->bytes.data, buf->bytes.len };
}

bool iq_text_buf_add(struct iq_text_buf *buf, struct iq_str s)
{
	if (s.len == 0)
		return true;
	if (!iq_vec_reserve(&buf->bytes, s.len))
		return false;
	memcpy(buf->bytes.data + buf->bytes.len, s.ptr, s.len);
	buf->bytes.len += s.len;
	return true;
}

size_t iq_escape_end(struct iq_str s)
{
	size_t i = 0;

	while (i < s.len && s.ptr[i] != '"')
		i += s.ptr[i] == '\\' ? 2 : 1;
	return i < s.len ? i : s.len;
}

/* Appends @rune as UTF-8; what is none becomes U+FFFD. */
static bool rune_add(uint32_t rune, struct iq_text_buf *buf)
{
	char c[4];
	size_t len;

	if (rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000))
		rune = 0xfffd;
	if (rune < 0x80) {
		c[0] = (char)rune;
		len = 1;
	} else if (rune < 0x800) {
		c[0] = (char)(0xc0 | rune >> 6);
		c[1] = (char)(0x80 | (rune & 0x3f));
		len = 2;
	} else if (rune < 0x10000) {
		c[0] = (char)(0xe0 | rune >> 12);
		c[1] = (char)(0x80 | (rune >> 6 & 0x3f));
		c[2] = (char)(0x80 | (rune & 0x3f));
		len = 3;
	} else {
		c[0] = (char)(0xf0 | rune >> 18);
		c[1] = (char)(0x80 | (rune >> 12 & 0x3f));
		c[2] = (char)(0x80 | (rune >> 6 & 0x3f));
		c[3] = (char)(0x80 | (rune & 0x3f));
		len = 4;
	}
	return iq_text_buf_add(buf, (struct iq_str){ c, len });
}

/* @num hexadecimal digits of @s from @pos. */
static bool hex_at(struct iq_str s, size_t pos, size_t num, uint32_t *ret)
{
	uint32_t value = 0;

	if (pos > s.len || num > s.len - pos)
		return false;
	for (size_t i = 0; i < num; i++) {
		unsigned digit = iq_hex_digit(s.ptr[pos + i]);

		if (digit == 16)
			return false;
		value = value << 4 | digit;
	}
	*ret = value;
	return true;
}

/* The rune that the escape at @s, which starts with a backslash, stands for;
 * how many bytes it takes, 0 if it is none. */
static size_t escape_rune(struct iq_str s, uint32_t *ret)
{
	static const char from[] = "nrt\"\\/bf", to[] = "\n\r\t\"\\/\b\f";
	uint32_t low;

	if (s.len < 2)
		return 0;
	for (size_t i = 0; i + 1 < sizeof(from); i++) {
		if (s.ptr[1] == from[i]) {
			*ret = (uint32_t)to[i];
			return 2;
		}
	}
	if (s.ptr[1] == 'x' && hex_at(s, 2, 2, ret))
		return 4;
	if (s.ptr[1] == 'U' && hex_at(s, 2, 8, ret))
		return 10;
	if (s.ptr[1] != 'u' || !hex_at(s, 2, 4, ret))
		return 0;
	// JSON writes what does not fit into 16 bits as two halves (RFC 8259).
	if (*ret >> 10 != 0xd800 >> 10 || s.len < 12 || s.ptr[6] != '\\' ||
	    s.ptr[7] != 'u' || !hex_at(s, 8, 4, &low) ||
	    low >> 10 != 0xdc00 >> 10)
		return 6;
	*ret = 0x10000 + ((*ret & 0x3ff) << 10) + (low & 0x3ff);
	return 12;
}

bool iq_escape_undo(struct iq_str s, struct iq_text_buf *buf)
{
	uint32_t rune = 0;

	while (s.len) {
		size_t plain = iq_str_find(s, '\\');
		size_t len;

		if (!iq_text_buf_add(buf, iq_str_sub(s, 0, plain)))
			return false;
		s = iq_str_sub(s, plain, s.len);
		if (s.len == 0)
			break;
		len = escape_rune(s, &rune);
		if (len ? !rune_add(rune, buf) :
			  !iq_text_buf_add(buf, iq_str_sub(s, 0, 1)))
			return false;
		s = iq_str_sub(s, len ? len : 1, s.len);
	}
	return true;
}
