/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for a terminal: the one place where names from the input are made
 * harmless, shortened and measured. A "clean" text has been through
 * iq_term_clean(), or is one of our own.
 */
#ifndef IQ_REPORTS_EMIT_TERM_H
#define IQ_REPORTS_EMIT_TERM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/out.h"
#include "base/str.h"
#include "model/fact.h"
#include "reports/report.h"

enum iq_style {
	IQ_STYLE_PLAIN,
	IQ_STYLE_BAD,  /* a defect */
	IQ_STYLE_WARN, /* perhaps one */
	IQ_STYLE_GOOD,
	IQ_STYLE_BOLD,
	IQ_STYLE_DIM,
};

struct iq_term {
	struct iq_out *out;
	unsigned width;
	bool color;
	bool utf8;
	/* Clean texts live here as long as the term. */
	struct iq_arena arena;
	/* Without memory: what was made since is empty. */
	bool failed;
};

void iq_term_init(struct iq_term *term, const struct iq_report_options *options,
		  struct iq_out *out);
void iq_term_deinit(struct iq_term *term);
/* The error that was kept, if there was one. */
struct iq_error *iq_term_done(const struct iq_term *term) iq_must_check;

/*
 * @s without control characters, invalid UTF-8 and marks that turn or hide
 * text: these become \xNN, \u202e, \n. Without utf8 all but ASCII does.
 */
struct iq_str iq_term_clean(struct iq_term *term, struct iq_str s);
/* The same, written to @out at once. */
void iq_term_put(struct iq_out *out, struct iq_str s, bool utf8);
/* printf; every argument must be clean. */
struct iq_str iq_term_textf(struct iq_term *term, const char *fmt, ...)
	iq_printf(2, 3);

/* Columns of a clean text. */
unsigned iq_term_width(struct iq_str clean);
/* At most @columns of it, the rest as an ellipsis at the end. */
struct iq_str iq_term_cut(struct iq_term *term, struct iq_str clean,
			  unsigned columns);

/*
 * "main.(*Store).Get main.go:58" of a frame in at most @columns: package paths
 * are shortened from the left, then type arguments, then the name. "unknown"
 * for NULL.
 */
struct iq_str iq_term_site(struct iq_term *term, const struct iq_frame *frame,
			   unsigned columns);
/* What it cannot be shortened below without cutting the name itself. */
unsigned iq_term_site_min(struct iq_term *term, const struct iq_frame *frame);
/* Columns of the sites and of the creators of a table. */
struct iq_term_columns {
	/* What they want, and what they can be shortened to: the maxima that
	 * iq_term_wish() has seen. Without creators these are 0. */
	unsigned site_full, site_least;
	unsigned creator_full, creator_least;
	/* What they get from iq_term_divide(); 0: the column is left out. */
	unsigned site, creator;
};

/* @creator may be NULL. */
void iq_term_wish(struct iq_term *term, struct iq_term_columns *columns,
		  const struct iq_frame *site, const struct iq_frame *creator);
/* Divides @room; two blanks stand between. */
void iq_term_divide(struct iq_term_columns *columns, unsigned room);
/* The function's name alone, and "path/file.go:58". */
struct iq_str iq_term_function(struct iq_term *term,
			       const struct iq_frame *frame);
struct iq_str iq_term_place(struct iq_term *term, const struct iq_frame *frame);

void iq_term_spaces(struct iq_term *term, unsigned num);
/* A cell of @columns, which the text must fit into. */
void iq_term_left(struct iq_term *term, struct iq_str clean, unsigned columns);
void iq_term_right(struct iq_term *term, struct iq_str clean, unsigned columns);
void iq_term_style(struct iq_term *term, enum iq_style style);
/*
 * Words from @column on, further lines indented by @indent; gives the column
 * after the last. Ends no line.
 */
unsigned iq_term_wrap(struct iq_term *term, struct iq_str clean,
		      unsigned column, unsigned indent);
/* Whether that is so many lines at most. */
bool iq_term_fits(struct iq_term *term, struct iq_str clean, unsigned column,
		  unsigned indent, unsigned lines);
/* The same in at most @lines lines, the rest as an ellipsis; 0: no limit. */
unsigned iq_term_wrap_lines(struct iq_term *term, struct iq_str clean,
			    unsigned column, unsigned indent, unsigned lines);

#endif
