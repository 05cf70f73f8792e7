/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <stdint.h>

#include "base/arena.h"

// What a quoted text holds of its source at most: see IQ_STR_QUOTE_SIZE.
#define QUOTE_MAX 64

struct iq_str iq_str_of(const char *cstr)
{
	return (struct iq_str){ .ptr = cstr, .len = cstr ? strlen(cstr) : 0 };
}

/* memcmp() that allows NULL where there are no bytes. */
static int bytes_compare(const char *a, const char *b, size_t len)
{
	return len ? memcmp(a, b, len) : 0;
}

bool iq_str_equal(struct iq_str a, struct iq_str b)
{
	return a.len == b.len && !bytes_compare(a.ptr, b.ptr, a.len);
}

int iq_str_compare(struct iq_str a, struct iq_str b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = bytes_compare(a.ptr, b.ptr, common);

	if (order)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

bool iq_str_starts(struct iq_str s, struct iq_str prefix)
{
	return s.len >= prefix.len &&
	       !bytes_compare(s.ptr, prefix.ptr, prefix.len);
}

bool iq_str_ends(struct iq_str s, struct iq_str suffix)
{
	if (s.len < suffix.len)
		return false;
	return iq_str_equal(iq_str_sub(s, s.len - suffix.len, suffix.len),
			    suffix);
}

size_t iq_str_find(struct iq_str s, char c)
{
	const char *at = s.len ? memchr(s.ptr, c, s.len) : NULL;

	return at ? (size_t)(at - s.ptr) : s.len;
}

size_t iq_str_rfind(struct iq_str s, char c)
{
	const char *at = s.len ? memrchr(s.ptr, c, s.len) : NULL;

	return at ? (size_t)(at - s.ptr) : s.len;
}

size_t iq_str_search(struct iq_str s, struct iq_str needle)
{
	const char *at;

	if (needle.len == 0)
		return 0;
	if (s.len < needle.len)
		return s.len;
	at = memmem(s.ptr, s.len, needle.ptr, needle.len);
	return at ? (size_t)(at - s.ptr) : s.len;
}

struct iq_str iq_str_sub(struct iq_str s, size_t begin, size_t len)
{
	if (begin > s.len)
		begin = s.len;
	if (len > s.len - begin)
		len = s.len - begin;
	// An empty view may have no pointer to add to.
	if (begin > 0)
		s.ptr += begin;
	s.len = len;
	return s;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct iq_str iq_str_trim(struct iq_str s)
{
	size_t begin = 0;
	size_t end = s.len;

	while (begin < end && is_space(s.ptr[begin]))
		begin++;
	while (end > begin && is_space(s.ptr[end - 1]))
		end--;
	return iq_str_sub(s, begin, end - begin);
}

struct iq_str iq_str_basename(struct iq_str path)
{
	size_t begin = path.len;

	while (begin > 0 && path.ptr[begin - 1] != '/' &&
	       path.ptr[begin - 1] != '\\')
		begin--;
	return iq_str_sub(path, begin, path.len - begin);
}

bool iq_str_dup(struct iq_arena *arena, struct iq_str s, struct iq_str *ret)
{
	char *copy = iq_arena_alloc(arena, s.len);

	if (!copy)
		return false;
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	*ret = (struct iq_str){ .ptr = copy, .len = s.len };
	return true;
}

/*
 * The length of the UTF-8 sequence at @p, which has @left bytes, or 0 if it is
 * none or a control character.
 */
// The Unicode Standard 15, table 3-7: well-formed UTF-8 byte sequences.
static size_t printable_length(const uint8_t *p, size_t left)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t len;

	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7f;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xc2 || p[0] == 0xe0)
		low = 0xa0; // U+0080..U+009F are controls, below is overlong
	else if (p[0] == 0xed)
		high = 0x9f; // surrogates
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (left < len || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

static char *quote_byte(char *out, uint8_t byte)
{
	static const char digits[] = "0123456789abcdef";

	*out++ = '\\';
	*out++ = 'x';
	*out++ = digits[byte >> 4];
	*out++ = digits[byte & 15];
	return out;
}

const char *iq_str_quote(struct iq_str s, char *buf)
{
	const uint8_t *in = (const uint8_t *)s.ptr;
	size_t at = 0, len;
	char *out = buf;

	*out++ = '"';
	while (at < s.len && at < QUOTE_MAX) {
		len = printable_length(in + at, s.len - at);
		if (len == 0) {
			out = quote_byte(out, in[at++]);
			continue;
		}
		if (at + len > QUOTE_MAX)
			break;
		if (in[at] == '"' || in[at] == '\\')
			*out++ = '\\';
		memcpy(out, in + at, len);
		out += len;
		at += len;
	}
	*out++ = '"';
	if (at < s.len)
		out = stpcpy(out, "...");
	*out = '\0';
	return buf;
}
