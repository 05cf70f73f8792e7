/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/emit_term.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "reports/utf8.h"

void iq_term_init(struct iq_term *term, const struct iq_report_options *options,
		  struct iq_out *out)
{
	*term = (struct iq_term){
		.out = out,
		.width = options->width < 40 ? 40 : options->width,
		.color = options->color,
		.utf8 = options->utf8,
	};
	iq_arena_init(&term->arena);
}

void iq_term_deinit(struct iq_term *term)
{
	iq_arena_deinit(&term->arena);
}

struct iq_error *iq_term_done(const struct iq_term *term)
{
	return term->failed ? &iq_enomem : NULL;
}

/* ---- harmless text */

/*
 * Turns the order of text around, breaks lines or takes no room.
 * The Unicode Standard 15, 23.2 and 23.3; UAX #9, section 2.
 */
static bool is_deceptive(uint32_t c)
{
	return (c >= 0x80 && c < 0xa0) || c == 0xad || c == 0x61c ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

static void put_escape(struct iq_out *out, const uint8_t *at, size_t len,
		       uint32_t c)
{
	if (len == 0)
		iq_out_printf(out, "\\x%02x", *at);
	else if (c == '\n')
		iq_out_cstr(out, "\\n");
	else if (c == '\t')
		iq_out_cstr(out, "\\t");
	else if (c < 0x100)
		iq_out_printf(out, "\\x%02x", c);
	else
		iq_out_printf(out, c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
}

void iq_term_put(struct iq_out *out, struct iq_str s, bool utf8)
{
	size_t done = 0;
	size_t at = 0;

	while (at < s.len) {
		const uint8_t *p = (const uint8_t *)s.ptr + at;

		if (*p >= 0x20 && *p < 0x7f) {
			at++;
			continue;
		}

		uint32_t c = 0;
		size_t len = iq_utf8_decode(iq_str_sub(s, at, s.len - at), &c);

		if (utf8 && len && c >= 0x80 && !is_deceptive(c)) {
			at += len;
			continue;
		}
		iq_out_str(out, iq_str_sub(s, done, at - done));
		put_escape(out, p, len, c);
		at += len ? len : 1;
		done = at;
	}
	iq_out_str(out, iq_str_sub(s, done, at - done));
}

static bool is_clean(struct iq_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < 0x20 || s.ptr[i] >= 0x7f)
			return false;
	}
	return true;
}

/* What @text holds, in the arena. */
static struct iq_str term_keep(struct iq_term *term, const struct iq_out *text)
{
	struct iq_str ret = { 0 };

	if (text->err ||
	    !iq_str_dup(&term->arena,
			(struct iq_str){ .ptr = text->buf, .len = text->len },
			&ret))
		term->failed = true;
	return ret;
}

struct iq_str iq_term_clean(struct iq_term *term, struct iq_str s)
{
	struct iq_out text;
	struct iq_str ret;

	if (is_clean(s))
		return s;
	iq_out_init_memory(&text);
	iq_term_put(&text, s, term->utf8);
	ret = term_keep(term, &text);
	iq_out_deinit(&text);
	return ret;
}

struct iq_str iq_term_textf(struct iq_term *term, const char *fmt, ...)
{
	struct iq_str ret = { 0 };
	va_list args;
	char *text;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	text = len < 0 ? NULL : iq_arena_alloc(&term->arena, (size_t)len + 1);
	if (!text) {
		term->failed = true;
		return ret;
	}
	va_start(args, fmt);
	vsnprintf(text, (size_t)len + 1, fmt, args);
	va_end(args);
	ret.ptr = text;
	ret.len = (size_t)len;
	return ret;
}

/* ---- measured text */

unsigned iq_term_width(struct iq_str clean)
{
	unsigned columns = 0;

	for (size_t i = 0; i < clean.len; i++)
		columns += ((uint8_t)clean.ptr[i] & 0xc0) != 0x80;
	return columns;
}

/* The first @columns of @clean. */
static struct iq_str head(struct iq_str clean, unsigned columns)
{
	size_t i = 0;

	for (; i < clean.len; i++) {
		if (((uint8_t)clean.ptr[i] & 0xc0) != 0x80 && columns-- == 0)
			break;
	}
	return iq_str_sub(clean, 0, i);
}

static struct iq_str ellipsis(const struct iq_term *term)
{
	return term->utf8 ? IQ_STR("\xe2\x80\xa6") : IQ_STR("...");
}

struct iq_str iq_term_cut(struct iq_term *term, struct iq_str clean,
			  unsigned columns)
{
	unsigned dots = term->utf8 ? 1 : 3;
	struct iq_str begin;

	if (iq_term_width(clean) <= columns)
		return clean;
	if (columns <= dots)
		return head(clean, columns);
	begin = head(clean, columns - dots);
	return iq_term_textf(term, "%.*s%.*s", IQ_STR_ARG(begin),
			     IQ_STR_ARG(ellipsis(term)));
}

/* ---- frames */

struct iq_str iq_term_function(struct iq_term *term,
			       const struct iq_frame *frame)
{
	if (frame && frame->function.len)
		return iq_term_clean(term, frame->function);
	if (frame && frame->has_pc)
		return iq_term_textf(term, "pc 0x%" PRIx64, frame->pc);
	return IQ_STR("unknown");
}

static struct iq_str with_line(struct iq_term *term, struct iq_str file,
			       const struct iq_frame *frame)
{
	file = iq_term_clean(term, file);
	if (!frame->line)
		return file;
	return iq_term_textf(term, "%.*s:%u", IQ_STR_ARG(file), frame->line);
}

struct iq_str iq_term_place(struct iq_term *term, const struct iq_frame *frame)
{
	if (!frame || !frame->file.len)
		return IQ_STR("");
	return with_line(term, frame->file, frame);
}

/* " main.go:58", or nothing. */
static struct iq_str short_place(struct iq_term *term,
				 const struct iq_frame *frame)
{
	struct iq_str place;

	if (!frame || !frame->file.len)
		return IQ_STR("");
	place = with_line(term, iq_str_basename(frame->file), frame);
	return iq_term_textf(term, " %.*s", IQ_STR_ARG(place));
}

/* Where the package's path ends: after the last slash before "(" or "[". */
static size_t path_end(struct iq_str name)
{
	size_t end = iq_str_find(name, '[');
	size_t paren = iq_str_find(name, '(');
	struct iq_str path = iq_str_sub(name, 0, paren < end ? paren : end);
	size_t slash = iq_str_rfind(path, '/');

	return slash < path.len ? slash + 1 : 0;
}

/* @name with what stands in the outermost brackets as "...". */
static struct iq_str fold_types(struct iq_term *term, struct iq_str name)
{
	size_t open = iq_str_find(name, '[');
	size_t close = iq_str_rfind(name, ']');

	if (close >= name.len || close <= open + 4)
		return name;
	return iq_term_textf(term, "%.*s[...]%.*s", (int)open, name.ptr,
			     IQ_STR_ARG(iq_str_sub(name, close + 1, name.len)));
}

/* @name without so many leading path elements that it fits, at most all. */
static struct iq_str shorten_path(struct iq_term *term, struct iq_str name,
				  unsigned columns)
{
	unsigned mark = (term->utf8 ? 1 : 3) + 1;
	size_t end = path_end(name);
	size_t from = 0;

	if (iq_term_width(name) <= columns || !end)
		return name;
	while (from < end) {
		size_t slash =
			iq_str_find(iq_str_sub(name, from, end - from), '/');

		from += slash + 1;
		if (mark + iq_term_width(iq_str_sub(name, from, name.len)) <=
		    columns)
			break;
	}
	return iq_term_textf(term, "%.*s/%.*s", IQ_STR_ARG(ellipsis(term)),
			     IQ_STR_ARG(iq_str_sub(name, from, name.len)));
}

unsigned iq_term_site_min(struct iq_term *term, const struct iq_frame *frame)
{
	struct iq_str name = iq_term_function(term, frame);

	name = fold_types(term, shorten_path(term, name, 0));
	return iq_term_width(name) + iq_term_width(short_place(term, frame));
}

static unsigned max_u(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static unsigned min_u(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Columns of a name before its line, if it is not shorter. */
#define NAME_MIN 12

struct iq_str iq_term_site(struct iq_term *term, const struct iq_frame *frame,
			   unsigned columns)
{
	struct iq_str name = iq_term_function(term, frame);
	struct iq_str place = short_place(term, frame);
	unsigned tail = iq_term_width(place);
	unsigned room;

	// The line is worth more than the name's end, as long as there is
	// room for both.
	if (tail + min_u(NAME_MIN, iq_term_site_min(term, frame) - tail) >
	    columns) {
		place = IQ_STR("");
		tail = 0;
	}
	room = columns - tail;
	name = shorten_path(term, name, room);
	if (iq_term_width(name) > room)
		name = fold_types(term, name);
	name = iq_term_cut(term, name, room);
	return iq_term_textf(term, "%.*s%.*s", IQ_STR_ARG(name),
			     IQ_STR_ARG(place));
}

/* A creator with less is not worth its column. */
#define CREATOR_MIN 16

/* Columns of the whole name, as far as a line can hold it. */
static unsigned site_full(struct iq_term *term, const struct iq_frame *frame)
{
	return iq_term_width(iq_term_site(term, frame, term->width));
}

void iq_term_wish(struct iq_term *term, struct iq_term_columns *columns,
		  const struct iq_frame *site, const struct iq_frame *creator)
{
	columns->site_full = max_u(columns->site_full, site_full(term, site));
	columns->site_least =
		max_u(columns->site_least, iq_term_site_min(term, site));
	if (!creator)
		return;
	columns->creator_full =
		max_u(columns->creator_full, site_full(term, creator));
	columns->creator_least =
		max_u(columns->creator_least, iq_term_site_min(term, creator));
}

void iq_term_divide(struct iq_term_columns *columns, unsigned room)
{
	unsigned site = min_u(columns->site_full, columns->site_least);
	unsigned creator = min_u(columns->creator_full, columns->creator_least);

	columns->site = min_u(columns->site_full, room);
	columns->creator = columns->creator_full;
	if (!columns->creator ||
	    columns->site_full + 2 + columns->creator_full <= room)
		return;
	// Shortened, both; what is then left is the site's.
	columns->creator = 0;
	if (room < 2 * CREATOR_MIN)
		return;
	if (site + 2 + creator > room)
		creator = room - 2 - min_u(site, room * 3 / 5);
	if (creator < min_u(CREATOR_MIN, columns->creator_full))
		return;
	columns->creator = creator;
	columns->site = min_u(columns->site_full, room - 2 - creator);
}

/* ---- lines */

void iq_term_spaces(struct iq_term *term, unsigned num)
{
	static const char blank[] = "                                ";

	while (num > 0) {
		unsigned n = num < sizeof(blank) - 1 ? num : sizeof(blank) - 1;

		iq_out_bytes(term->out, blank, n);
		num -= n;
	}
}

void iq_term_left(struct iq_term *term, struct iq_str clean, unsigned columns)
{
	unsigned own = iq_term_width(clean);

	iq_out_str(term->out, clean);
	if (own < columns)
		iq_term_spaces(term, columns - own);
}

void iq_term_right(struct iq_term *term, struct iq_str clean, unsigned columns)
{
	unsigned own = iq_term_width(clean);

	if (own < columns)
		iq_term_spaces(term, columns - own);
	iq_out_str(term->out, clean);
}

void iq_term_style(struct iq_term *term, enum iq_style style)
{
	static const char *const codes[] = {
		[IQ_STYLE_PLAIN] = "\x1b[0m",	[IQ_STYLE_BAD] = "\x1b[1;31m",
		[IQ_STYLE_WARN] = "\x1b[1;33m", [IQ_STYLE_GOOD] = "\x1b[1;32m",
		[IQ_STYLE_BOLD] = "\x1b[1m",	[IQ_STYLE_DIM] = "\x1b[2m",
	};

	if (term->color)
		iq_out_cstr(term->out, codes[style]);
}

/* One word, in pieces where it is longer than a line. */
static unsigned put_word(struct iq_term *term, struct iq_str word,
			 unsigned column, unsigned indent)
{
	unsigned columns = iq_term_width(word);

	while (columns > term->width - column) {
		struct iq_str part = head(word, term->width - column);

		iq_out_str(term->out, part);
		iq_out_char(term->out, '\n');
		iq_term_spaces(term, indent);
		word = iq_str_sub(word, part.len, word.len);
		columns = iq_term_width(word);
		column = indent;
	}
	iq_out_str(term->out, word);
	return column + columns;
}

unsigned iq_term_wrap(struct iq_term *term, struct iq_str clean,
		      unsigned column, unsigned indent)
{
	bool first = true;

	if (indent > term->width / 2)
		indent = term->width / 2;
	if (column >= term->width)
		column = term->width - 1;
	while (clean.len) {
		size_t space = iq_str_find(clean, ' ');
		struct iq_str word = iq_str_sub(clean, 0, space);
		unsigned need = iq_term_width(word) + !first;

		clean = iq_str_sub(clean, space + 1, clean.len);
		if (!first && need > term->width - column) {
			iq_out_char(term->out, '\n');
			iq_term_spaces(term, indent);
			column = indent;
		} else if (!first) {
			iq_out_char(term->out, ' ');
			column++;
		}
		column = put_word(term, word, column, indent);
		first = false;
	}
	return column;
}

bool iq_term_fits(struct iq_term *term, struct iq_str clean, unsigned column,
		  unsigned indent, unsigned lines)
{
	struct iq_out *out = term->out;
	struct iq_out trial;
	size_t num = 1;

	iq_out_init_memory(&trial);
	term->out = &trial;
	iq_term_wrap(term, clean, column, indent);
	term->out = out;
	for (size_t i = 0; i < trial.len; i++)
		num += trial.buf[i] == '\n';
	iq_out_deinit(&trial);
	return num <= lines;
}

unsigned iq_term_wrap_lines(struct iq_term *term, struct iq_str clean,
			    unsigned column, unsigned indent, unsigned lines)
{
	struct iq_str text = clean;
	unsigned columns = lines * term->width;

	// No text of more columns has room; what words leave empty at the ends
	// of lines is found by trying.
	if (lines)
		text = iq_term_cut(term, clean, columns);
	while (lines && columns > 8 && !term->failed &&
	       !iq_term_fits(term, text, column, indent, lines)) {
		columns -= 4;
		text = iq_term_cut(term, clean, columns);
	}
	return iq_term_wrap(term, text, column, indent);
}
