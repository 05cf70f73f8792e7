/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of a text that went through a logger: prefixes of any shape (CRI,
 * journald, klog, compose), one line or one text to a JSON record, escapes,
 * colours, HTML. How it was wrapped is learned from the first line that has a
 * mark, a text that its reader is sure of; lines that are not wrapped so come
 * as they are.
 */
#ifndef IQ_FORMATS_TEXT_LINES_H
#define IQ_FORMATS_TEXT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "formats/cursor.h"
#include "formats/source.h"
#include "formats/text/escape.h"

/* Whether a file is text is told by its first so many bytes; in twice as many
 * a mark is found in any file. */
#define IQ_LINES_WINDOW 65536u
/* Longest mark behind them: a header's labels stand before its end. */
#define IQ_LINES_MARK 4096u
/* A record in a record in a line: no deeper. */
#define IQ_LINES_DEPTH 2
/* Longest prefix and longest name of a record's field. */
#define IQ_LINES_LEAD 256
/* So often is a mark looked for in one text: no more than its words need. */
#define IQ_LINES_TRIES 256

/* "goroutine 7 [running]:" for a goroutine dump. */
struct iq_lines_mark {
	/* Every mark starts with it. */
	struct iq_str needle;
	/* Length of the mark that @text starts with, or 0. */
	size_t (*match)(struct iq_str text);
	/* Whether the mark at @at in @text is another text's: nothing is
	 * learned from it. May be NULL. */
	bool (*quoted)(struct iq_str text, size_t at);
};

enum iq_lines_prefix {
	IQ_LINES_PREFIX_NONE,
	/* Learned from the line that comes again. */
	IQ_LINES_PREFIX_NEW,
	/* Seen on one line: the next one decides. */
	IQ_LINES_PREFIX_ONCE,
	IQ_LINES_PREFIX_ALWAYS,
};

/*
 * Level 0 is the file; others are the text of one record. How its lines are
 * wrapped is learned for each.
 */
struct iq_lines_level {
	struct iq_cursor cursor;
	struct iq_text_buf text;
	/* Start in text of a line whose end is in the next record. */
	size_t begun;
	/* The record held a whole text: nothing follows. */
	bool whole;
	/* Scratch of lines that are not views of the level's text. */
	struct iq_text_buf line;
	struct iq_text_buf partial;
	enum iq_lines_prefix prefix_state;
	size_t prefix_len;
	/* What stands before a record's text: "log":" or msg=" */
	size_t lead_len;
	/* Records end anywhere, lines end with their newline. */
	bool lead_joins;
	char prefix[IQ_LINES_LEAD];
	char lead[IQ_LINES_LEAD];
};

struct iq_lines {
	const struct iq_lines_mark *mark;
	struct iq_lines_level levels[IQ_LINES_DEPTH + 1];
	size_t depth;
	/* Offset in the file of the current line of level 0. */
	uint64_t offset;
	/* Last line that was given out; again: give it once more. */
	struct iq_str last;
	bool again;
	bool prefixed;
	bool has_escapes; /* of a terminal */
	bool is_html;
	bool nomem;
};

struct iq_line {
	struct iq_str text;
	/* Of its line in the file. */
	uint64_t offset;
	/* text is a view of the source, not of scratch that the next call
	 * overwrites. */
	bool stable;
	/* A prefix was taken off. */
	bool prefixed;
};

/* @mark and @source must outlive @lines. */
void iq_lines_init(struct iq_lines *lines, const struct iq_source *source,
		   const struct iq_lines_mark *mark);
void iq_lines_deinit(struct iq_lines *lines);

/* False at the end, and without memory (see nomem). */
bool iq_lines_next(struct iq_lines *lines, struct iq_line *ret);

/*
 * The last line was of no use as it came: if there is a mark inside it, learns
 * how it is wrapped, so that iq_lines_next() gives it again without.
 */
bool iq_lines_adopt(struct iq_lines *lines);
/* The first @len bytes of the last line, blanks, are a prefix from now on. */
void iq_lines_indent(struct iq_lines *lines, size_t len);
/* The prefix, if one was learned, is over. */
void iq_lines_unprefix(struct iq_lines *lines);

/* The first mark of a text: length, 0 if there is none. */
size_t iq_lines_find(const struct iq_source *source,
		     const struct iq_lines_mark *mark);

#endif
