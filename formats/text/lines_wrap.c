/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/text/lines_wrap.h"

#include "formats/text/scan.h"

static size_t alnum_run(struct iq_str s, size_t from)
{
	while (from < s.len && iq_is_alnum(s.ptr[from]))
		from++;
	return from;
}

static size_t blank_run(struct iq_str s, size_t from)
{
	while (from < s.len && s.ptr[from] == ' ')
		from++;
	return from;
}

/* " P " before the text: the CRI's mark of a part. Only that prefix, whose
 * last word is F elsewhere, ends in a single letter. */
static bool is_cri_partial(struct iq_str prefix, struct iq_str head)
{
	return iq_str_ends(prefix, IQ_STR(" F ")) &&
	       iq_str_ends(head, IQ_STR(" P "));
}

/*
 * Takes blanks of @prefix at *@i off @line at *@j: as many as there are at the
 * prefix's end, where the text may start with its own; else any number.
 */
static bool blanks_match(struct iq_str prefix, size_t *i, struct iq_str line,
			 size_t *j)
{
	size_t want = blank_run(prefix, *i) - *i;
	size_t have = blank_run(line, *j) - *j;

	*i += want;
	if (*i < prefix.len) {
		*j += have;
		return have > 0;
	}
	// An empty line's blanks may have been trimmed.
	if (*j + have == line.len && have < want)
		want = have;
	*j += want;
	return have >= want;
}

bool iq_wrap_prefix_match(struct iq_str prefix, struct iq_str line,
			  struct iq_str *ret, bool *partial_ret)
{
	size_t i = 0, j = 0;

	while (i < prefix.len) {
		if (prefix.ptr[i] == ' ') {
			if (!blanks_match(prefix, &i, line, &j))
				return false;
		} else if (j == line.len) {
			return false;
		} else if (iq_is_alnum(prefix.ptr[i])) {
			if (!iq_is_alnum(line.ptr[j]))
				return false;
			i = alnum_run(prefix, i);
			j = alnum_run(line, j);
		} else {
			if (prefix.ptr[i] != line.ptr[j])
				return false;
			i++;
			j++;
		}
	}
	*ret = iq_str_sub(line, j, line.len);
	*partial_ret = is_cri_partial(prefix, iq_str_sub(line, 0, j));
	return true;
}

size_t iq_wrap_quote_before(struct iq_str line, size_t at)
{
	size_t i = at;

	while (i > 0) {
		size_t slashes = 0;

		i--;
		if (line.ptr[i] != '"')
			continue;
		while (slashes < i && line.ptr[i - 1 - slashes] == '\\')
			slashes++;
		if (slashes % 2 == 0)
			return i;
	}
	return at;
}

struct iq_str iq_wrap_lead(struct iq_str line, size_t open)
{
	size_t i = open;

	if (open >= line.len || line.ptr[open] != '"')
		return IQ_STR("");
	while (i > 0 && line.ptr[i - 1] == ' ')
		i--;
	if (i == 0 || (line.ptr[i - 1] != ':' && line.ptr[i - 1] != '='))
		return IQ_STR("");
	i--;
	while (i > 0 && line.ptr[i - 1] == ' ')
		i--;
	if (i > 0 && line.ptr[i - 1] == '"') {
		size_t quote = iq_str_rfind(iq_str_sub(line, 0, i - 1), '"');

		if (quote == i - 1)
			return IQ_STR("");
		i = quote;
	} else {
		while (i > 0 &&
		       (iq_is_alnum(line.ptr[i - 1]) ||
			line.ptr[i - 1] == '_' || line.ptr[i - 1] == '.' ||
			line.ptr[i - 1] == '-'))
			i--;
	}
	return iq_str_sub(line, i, open + 1 - i);
}

/* The length of the escape sequence that @s starts with (ECMA-48, 5.4). */
static size_t escape_len(struct iq_str s)
{
	size_t i = 2;

	if (s.len < 2 || s.ptr[1] != '[')
		return 1;
	while (i < s.len && (s.ptr[i] < '@' || s.ptr[i] > '~'))
		i++;
	return i < s.len ? i + 1 : i;
}

bool iq_wrap_colours_cut(struct iq_str line, struct iq_text_buf *buf)
{
	while (line.len) {
		size_t plain = iq_str_find(line, '\x1b');

		if (!iq_text_buf_add(buf, iq_str_sub(line, 0, plain)))
			return false;
		line = iq_str_sub(line, plain, line.len);
		if (line.len)
			line = iq_str_sub(line, escape_len(line), line.len);
	}
	return true;
}

struct iq_str iq_wrap_tags_cut(struct iq_str line)
{
	while (line.len > 2 && line.ptr[0] == '<' &&
	       (iq_is_alnum(line.ptr[1]) || line.ptr[1] == '/')) {
		size_t end = iq_str_find(line, '>');

		if (end == line.len)
			break;
		line = iq_str_sub(line, end + 1, line.len);
	}
	return line;
}

/* The character that the entity at @s is; its length, 0 if it is none. */
static size_t entity_of(struct iq_str s, char *ret)
{
	// clang-format off
	static const struct {
		struct iq_str name;
		char c;
	} rows[] = {
		{ { "&lt;", 4 }, '<' },
		{ { "&gt;", 4 }, '>' },
		{ { "&amp;", 5 }, '&' },
		{ { "&quot;", 6 }, '"' },
		{ { "&#34;", 5 }, '"' },
		{ { "&#39;", 5 }, '\'' },
		{ { "&#43;", 5 }, '+' },
	};
	// clang-format on

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (iq_str_starts(s, rows[i].name)) {
			*ret = rows[i].c;
			return rows[i].name.len;
		}
	}
	return 0;
}

void iq_wrap_entities_undo(struct iq_text_buf *buf)
{
	struct iq_str s = iq_text_buf_str(buf);
	size_t to = 0;

	for (size_t i = 0; i < s.len;) {
		char c = s.ptr[i];
		size_t len = 0;

		if (c == '&')
			len = entity_of(iq_str_sub(s, i, s.len), &c);
		buf->bytes.data[to++] = c;
		i += len ? len : 1;
	}
	buf->bytes.len = to;
}
