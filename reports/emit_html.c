/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/emit_html.h"

#include "reports/emit_term.h"
#include "reports/words.h"

/* How much of the end of a long text is kept: where names differ. */
#define KEPT_END 512

static const char *entity_of(char c)
{
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Markup is ASCII, so no code point is cut where a run ends. */
static void put_escaped(struct iq_out *out, struct iq_str s)
{
	size_t done = 0;

	for (size_t at = 0; at < s.len; at++) {
		const char *entity = entity_of(s.ptr[at]);

		if (!entity)
			continue;
		iq_term_put(out, iq_str_sub(s, done, at - done), true);
		iq_out_cstr(out, entity);
		done = at + 1;
	}
	iq_term_put(out, iq_str_sub(s, done, s.len), true);
}

/* The first byte of a code point at or before @at. */
static size_t code_point(struct iq_str s, size_t at)
{
	for (unsigned i = 0; i < 3 && at && (s.ptr[at] & 0xc0) == 0x80; i++)
		at--;
	return at;
}

void iq_html_text(struct iq_out *out, struct iq_str s)
{
	size_t begin, end;

	if (s.len <= IQ_HTML_MAX_TEXT) {
		put_escaped(out, s);
		return;
	}
	begin = code_point(s, IQ_HTML_MAX_TEXT - KEPT_END);
	end = code_point(s, s.len - KEPT_END);
	put_escaped(out, iq_str_sub(s, 0, begin));
	iq_out_cstr(out, " [… ");
	iq_html_count(out, end - begin, "byte");
	iq_out_cstr(out, " …] ");
	put_escaped(out, iq_str_sub(s, end, s.len));
}

void iq_html_cstr(struct iq_out *out, const char *s)
{
	put_escaped(out, iq_str_of(s));
}

void iq_html_number(struct iq_out *out, uint64_t n)
{
	char buf[IQ_WORDS_SIZE];

	iq_out_cstr(out, iq_words_number(buf, n));
}

void iq_html_count(struct iq_out *out, uint64_t n, const char *noun)
{
	iq_html_number(out, n);
	iq_out_char(out, ' ');
	iq_out_cstr(out, noun);
	if (n != 1)
		iq_out_char(out, 's');
}

void iq_html_place(struct iq_out *out, const struct iq_frame *frame, bool path)
{
	if (!frame->file.len)
		return;
	iq_out_cstr(out, "<span class=\"at\">");
	iq_html_text(out, path ? frame->file : iq_str_basename(frame->file));
	if (frame->line) {
		iq_out_char(out, ':');
		iq_out_u64(out, frame->line);
	}
	iq_out_cstr(out, "</span>");
}

void iq_html_frame(struct iq_out *out, const struct iq_frame *frame)
{
	if (!frame) {
		iq_out_cstr(out, "<span class=\"unknown\">unknown</span>");
		return;
	}
	iq_out_cstr(out, "<code>");
	if (frame->function.len)
		iq_html_text(out, frame->function);
	else
		iq_out_cstr(out, "unknown");
	iq_out_cstr(out, "</code> ");
	iq_html_place(out, frame, false);
}
