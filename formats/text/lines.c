/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/text/lines.h"

#include "formats/text/lines_wrap.h"
#include "formats/text/scan.h"

static struct iq_lines_level *level_of(struct iq_lines *lines)
{
	return &lines->levels[lines->depth];
}

static struct iq_str prefix_of(const struct iq_lines_level *level)
{
	return (struct iq_str){ level->prefix, level->prefix_len };
}

static struct iq_str lead_of(const struct iq_lines_level *level)
{
	return (struct iq_str){ level->lead, level->lead_len };
}

/* Makes @text the text of the next level, or a part that begins there. */
static void level_push(struct iq_lines *lines, struct iq_str text, bool whole)
{
	bool joins = level_of(lines)->lead_joins;
	struct iq_lines_level *level = &lines->levels[lines->depth + 1];
	struct iq_text_buf *buf = &level->text;
	size_t len = whole ? 0 : buf->bytes.len - level->begun;

	// What was begun moves to the front, unless it stands there.
	if (level->begun && len)
		memmove(buf->bytes.data, buf->bytes.data + level->begun, len);
	buf->bytes.len = len;
	level->begun = 0;
	level->whole = whole;
	if (!iq_escape_undo(text, buf)) {
		lines->nomem = true;
		return;
	}
	struct iq_str all = iq_text_buf_str(buf);
	size_t end = all.len;

	if (!whole && joins) {
		size_t newline =
			iq_str_rfind(iq_str_sub(all, len, all.len), '\n');

		end = newline < all.len - len ? len + newline + 1 : 0;
	}
	level->begun = end;
	iq_cursor_init(&level->cursor, all.ptr, end, 0);
	lines->depth++;
}

/* The text of the record in @line whose field is the learned one. */
static bool record_text(const struct iq_lines *lines, struct iq_str line,
			struct iq_str *ret)
{
	struct iq_str lead = lead_of(&lines->levels[lines->depth]);
	size_t at;

	if (lead.len == 0 || lines->depth == IQ_LINES_DEPTH)
		return false;
	at = iq_str_search(line, lead);
	if (at == line.len)
		return false;
	line = iq_str_sub(line, at + lead.len, line.len);
	*ret = iq_str_sub(line, 0, iq_escape_end(line));
	return true;
}

/* Makes @line, which may be a part of @buf, all of it; false without memory. */
static bool buf_take(struct iq_text_buf *buf, struct iq_str line)
{
	const char *data = buf->bytes.data;

	if (data && line.ptr >= data && line.ptr < data + buf->bytes.cap) {
		memmove(buf->bytes.data, line.ptr, line.len);
		buf->bytes.len = line.len;
		return true;
	}
	buf->bytes.len = 0;
	return iq_text_buf_add(buf, line);
}

/* A line without colours, tags and entities; @line itself if it has none. */
static struct iq_str line_clean(struct iq_lines *lines, struct iq_str line)
{
	struct iq_text_buf *buf = &level_of(lines)->line;

	if (lines->has_escapes && iq_str_find(line, '\x1b') < line.len) {
		buf->bytes.len = 0;
		lines->nomem |= !iq_wrap_colours_cut(line, buf);
		line = iq_text_buf_str(buf);
	}
	if (!lines->is_html)
		return line;
	line = iq_wrap_tags_cut(line);
	if (iq_str_find(line, '&') < line.len) {
		// Entities are longer than what they stand for: in place.
		lines->nomem |= !buf_take(buf, line);
		iq_wrap_entities_undo(buf);
		line = iq_text_buf_str(buf);
	}
	return line;
}

/*
 * Takes the prefix off *@line. False if the line is the part of one (CRI: flag
 * P) that ends in a later line.
 */
static bool prefix_cut(struct iq_lines *lines, struct iq_str *line)
{
	struct iq_lines_level *level = level_of(lines);
	struct iq_text_buf *partial = &level->partial;
	struct iq_str text;
	bool is_partial = false;

	lines->prefixed = iq_wrap_prefix_match(prefix_of(level), *line, &text,
					       &is_partial);
	if (!lines->prefixed) {
		if (level->prefix_state != IQ_LINES_PREFIX_ALWAYS)
			level->prefix_state = IQ_LINES_PREFIX_NONE;
		return true;
	}
	if (level->prefix_state == IQ_LINES_PREFIX_NEW)
		level->prefix_state = IQ_LINES_PREFIX_ONCE;
	else
		level->prefix_state = IQ_LINES_PREFIX_ALWAYS;
	if (partial->bytes.len || is_partial) {
		lines->nomem |= !iq_text_buf_add(partial, text);
		if (is_partial)
			return false;
		level->line.bytes.len = 0;
		lines->nomem |= !iq_text_buf_add(&level->line,
						 iq_text_buf_str(partial));
		partial->bytes.len = 0;
		text = iq_text_buf_str(&level->line);
	}
	*line = text;
	return true;
}

/* Whether @line is to be given out; else it became a level or a part. */
static bool line_unwrap(struct iq_lines *lines, struct iq_str *line)
{
	struct iq_str text;

	lines->prefixed = false;
	if (level_of(lines)->prefix_state != IQ_LINES_PREFIX_NONE &&
	    !prefix_cut(lines, line))
		return false;
	if (record_text(lines, *line, &text)) {
		level_push(lines, text, false);
		return false;
	}
	return true;
}

/* At the end of a level: false if there is no line any more. */
static bool level_pop(struct iq_lines *lines, struct iq_str *ret, bool *done)
{
	struct iq_lines_level *level = &lines->levels[lines->depth];

	*done = false;
	if (lines->depth == 0) {
		// The last record of a file may lack its newline.
		level = &lines->levels[1];
		struct iq_str rest = iq_text_buf_str(&level->text);

		rest = iq_str_sub(rest, level->begun, rest.len);
		level->begun = level->text.bytes.len;
		*ret = rest;
		*done = rest.len == 0;
		return true;
	}
	lines->depth--;
	// A record that held a whole text ends what stands in it.
	*ret = IQ_STR("");
	return level->whole;
}

static bool line_take(struct iq_lines *lines, struct iq_str *ret)
{
	while (!lines->nomem) {
		struct iq_cursor *c = &lines->levels[lines->depth].cursor;
		bool done;

		if (lines->again) {
			lines->again = false;
			*ret = lines->last;
		} else {
			if (lines->depth == 0)
				lines->offset = iq_cursor_offset(c);
			if (!iq_cursor_line(c, ret)) {
				if (level_pop(lines, ret, &done))
					return !done;
				continue;
			}
			*ret = line_clean(lines, *ret);
		}
		if (line_unwrap(lines, ret))
			return !lines->nomem;
	}
	return false;
}

bool iq_lines_next(struct iq_lines *lines, struct iq_line *ret)
{
	struct iq_str text;

	if (!line_take(lines, &text))
		return false;
	const struct iq_cursor *file = &lines->levels[0].cursor;

	lines->last = text;
	ret->text = text;
	ret->offset = lines->offset;
	ret->stable = lines->depth == 0 &&
		      text.ptr >= (const char *)file->data &&
		      text.ptr <= (const char *)file->data + file->size;
	ret->prefixed = lines->prefixed;
	return true;
}

static bool lead_learn(struct iq_lines_level *level, struct iq_str lead,
		       bool joins)
{
	if (lead.len == 0 || lead.len > sizeof(level->lead))
		return false;
	memcpy(level->lead, lead.ptr, lead.len);
	level->lead_len = lead.len;
	level->lead_joins = joins;
	return true;
}

static bool prefix_learn(struct iq_lines_level *level, struct iq_str prefix)
{
	// One that ends in a letter would take the text's first word along.
	if (prefix.len == 0 || prefix.len > sizeof(level->prefix) ||
	    iq_is_alnum(prefix.ptr[prefix.len - 1]))
		return false;
	memcpy(level->prefix, prefix.ptr, prefix.len);
	level->prefix_len = prefix.len;
	level->prefix_state = IQ_LINES_PREFIX_NEW;
	return true;
}

/*
 * Learns from @line, which has a mark of @len bytes at @at. Gives the text of
 * the record if it holds more lines than the mark's, else an empty one.
 */
static bool wrap_learn(struct iq_lines_level *level, struct iq_str line,
		       size_t at, size_t len, struct iq_str *whole_ret)
{
	struct iq_str rest = iq_str_sub(line, at + len, line.len);
	size_t open = iq_wrap_quote_before(line, at);
	size_t brace = iq_str_search(line, IQ_STR("{\""));
	struct iq_str lead = iq_wrap_lead(line, open);
	struct iq_str text =
		iq_str_sub(line, open < at ? open + 1 : at, line.len);
	size_t newline = 0;

	*whole_ret = IQ_STR("");
	text = iq_str_sub(text, 0, iq_escape_end(text));
	if (iq_str_starts(rest, IQ_STR("\\r\\n")))
		newline = 4;
	else if (iq_str_starts(rest, IQ_STR("\\n")))
		newline = 2;
	rest = iq_str_sub(rest, newline, rest.len);
	// What is escaped twice is in a record in a record: one at a time.
	bool nested = !newline && iq_str_starts(rest, IQ_STR("\\"));

	if (!newline && !nested && !iq_str_starts(rest, IQ_STR("\"")))
		return prefix_learn(level, iq_str_sub(line, 0, at));
	if (brace <= open)
		prefix_learn(level, iq_str_sub(line, 0, brace));
	// One line, or one inner record, to a record from now on.
	if (nested || iq_str_starts(rest, IQ_STR("\"")))
		return lead_learn(level, lead,
				  iq_str_ends(text, IQ_STR("\\n")));
	*whole_ret = text;
	return newline > 0;
}

/* Where in @line a mark stands; its length, 0 if there is none. */
static size_t mark_find(const struct iq_lines_mark *mark, struct iq_str line,
			size_t *at_ret)
{
	size_t from = 0;

	for (int i = 0; i < IQ_LINES_TRIES && from < line.len; i++) {
		struct iq_str rest = iq_str_sub(line, from, line.len);
		size_t at = iq_str_search(rest, mark->needle);
		size_t len;

		if (at == rest.len)
			return 0;
		len = mark->match(iq_str_sub(rest, at, rest.len));
		if (len) {
			*at_ret = from + at;
			return len;
		}
		from += at + mark->needle.len;
	}
	return 0;
}

bool iq_lines_adopt(struct iq_lines *lines)
{
	struct iq_str whole;
	size_t at = 0;
	size_t len = mark_find(lines->mark, lines->last, &at);

	if (len == 0 || at == 0)
		return false;
	if (!wrap_learn(level_of(lines), lines->last, at, len, &whole)) {
		// Behind a text that lacks its newline: this line only.
		lines->last = iq_str_sub(lines->last, at, lines->last.len);
		lines->again = true;
		return true;
	}
	if (whole.len == 0) {
		lines->again = true;
		return true;
	}
	if (lines->depth == IQ_LINES_DEPTH)
		return false;
	level_push(lines, whole, true);
	return true;
}

void iq_lines_indent(struct iq_lines *lines, size_t len)
{
	struct iq_lines_level *level = level_of(lines);

	if (prefix_learn(level, iq_str_sub(lines->last, 0, len)))
		level->prefix_state = IQ_LINES_PREFIX_ALWAYS;
}

void iq_lines_unprefix(struct iq_lines *lines)
{
	level_of(lines)->prefix_state = IQ_LINES_PREFIX_NONE;
}

/* Back to the file's beginning, with all that was learned. */
static void lines_rewind(struct iq_lines *lines, uint64_t begin)
{
	for (size_t i = 0; i <= IQ_LINES_DEPTH; i++) {
		struct iq_lines_level *level = &lines->levels[i];

		level->text.bytes.len = 0;
		level->partial.bytes.len = 0;
		level->begun = 0;
		// The line of the mark and the one behind it agree.
		if (level->prefix_state == IQ_LINES_PREFIX_ONCE)
			level->prefix_state = IQ_LINES_PREFIX_ALWAYS;
	}
	lines->depth = 0;
	lines->again = false;
	iq_cursor_seek(&lines->levels[0].cursor, begin, "first line");
}

/* Control characters that no log has; an escape begins a terminal's colour. */
static bool is_binary(struct iq_str window)
{
	size_t num = 0;

	for (size_t i = 0; i < window.len; i++) {
		unsigned char c = (unsigned char)window.ptr[i];

		num += c < '\t' || (c > '\r' && c < ' ' && c != '\x1b');
	}
	return num > window.len / 64;
}

/*
 * The first mark of a file; its length, 0 if there is none. Logs are larger
 * than any window, so all of a text is searched; a binary file's beginning.
 */
static size_t first_find(const struct iq_lines_mark *mark, struct iq_str text,
			 size_t *at_ret)
{
	size_t len = mark_find(mark, iq_str_sub(text, 0, 2 * IQ_LINES_WINDOW),
			       at_ret);
	size_t from = 0;

	if (len || is_binary(iq_str_sub(text, 0, IQ_LINES_WINDOW)))
		return len;
	while (from < text.len) {
		struct iq_str rest = iq_str_sub(text, from, text.len);
		size_t at = iq_str_search(rest, mark->needle);

		if (at == rest.len)
			return 0;
		// A mark is short: no line is gone through once a word.
		len = mark->match(iq_str_sub(rest, at, IQ_LINES_MARK));
		if (len) {
			*at_ret = from + at;
			return len;
		}
		from += at + mark->needle.len;
	}
	return 0;
}

/* The same for a mark that is the text's own. */
static bool first_unquoted(const struct iq_lines_mark *mark, struct iq_str text,
			   size_t *at_ret)
{
	size_t from = 0;

	for (int i = 0; i < IQ_LINES_TRIES; i++) {
		size_t at = 0;
		size_t len =
			first_find(mark, iq_str_sub(text, from, text.len), &at);

		if (!len)
			return false;
		*at_ret = from + at;
		if (!mark->quoted || !mark->quoted(text, *at_ret))
			return true;
		from += at + len;
	}
	return false;
}

/*
 * What the first mark shows, which lines before it need, too: reads its line
 * and the one behind it, as if they were the first.
 */
static void first_learn(struct iq_lines *lines, struct iq_str text)
{
	struct iq_cursor *c = &lines->levels[0].cursor;
	uint64_t begin = c->pos;
	struct iq_line line;
	size_t at = 0;

	if (!first_unquoted(lines->mark, text, &at))
		return;
	size_t newline = iq_str_rfind(iq_str_sub(text, 0, at), '\n');

	iq_cursor_seek(c, newline < at ? newline + 1 : begin, "mark");
	for (size_t i = 0; i <= IQ_LINES_DEPTH; i++) {
		if (!iq_lines_next(lines, &line) ||
		    lines->mark->match(line.text) || !iq_lines_adopt(lines) ||
		    !lines->again)
			break;
	}
	if (!lines->again) {
		lines->depth = 0;
		iq_lines_next(lines, &line);
	}
	lines_rewind(lines, begin);
}

static struct iq_str source_text(const struct iq_source *source)
{
	return (struct iq_str){ (const char *)source->data,
				(size_t)source->size };
}

void iq_lines_init(struct iq_lines *lines, const struct iq_source *source,
		   const struct iq_lines_mark *mark)
{
	struct iq_str text = source_text(source);
	struct iq_str window = iq_str_sub(text, 0, IQ_LINES_WINDOW);
	struct iq_cursor *c = &lines->levels[0].cursor;

	*lines = (struct iq_lines){ .mark = mark };
	iq_cursor_init(c, source->data, source->size, 0);
	lines->has_escapes = iq_str_find(text, '\x1b') < text.len;
	lines->is_html = iq_str_search(window, IQ_STR("<pre")) < window.len ||
			 iq_str_search(window, IQ_STR("<html")) < window.len;
	if (iq_str_starts(text, IQ_STR("\xef\xbb\xbf")))
		iq_cursor_skip(c, 3, "byte order mark");
	first_learn(lines, text);
}

void iq_lines_deinit(struct iq_lines *lines)
{
	for (size_t i = 0; i <= IQ_LINES_DEPTH; i++) {
		iq_text_buf_deinit(&lines->levels[i].text);
		iq_text_buf_deinit(&lines->levels[i].line);
		iq_text_buf_deinit(&lines->levels[i].partial);
	}
}

size_t iq_lines_find(const struct iq_source *source,
		     const struct iq_lines_mark *mark)
{
	struct iq_str text = source_text(source);
	size_t at;

	// Binary formats have a zero early: ELF, traces.
	if (iq_str_find(iq_str_sub(text, 0, 16), '\0') <
	    iq_str_sub(text, 0, 16).len)
		return 0;
	return first_find(mark, text, &at);
}
