/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that are data: goroutines of which conditions hold, so many at one
 * peer, place or object, beside others. The built-in ones stand in shapes.ini;
 * files of the same form add more.
 */
#ifndef IQ_DETECT_SHAPE_H
#define IQ_DETECT_SHAPE_H

#include "base/arena.h"
#include "base/limits.h"
#include "base/vec.h"
#include "detect/detector.h"
#include "model/filter.h"

/* A piece of a text: letters, how many a selection has, or its values. */
struct iq_shape_part {
	struct iq_str letters;
	bool is_count;
	const struct iq_filter *values;
	size_t selection;
};

struct iq_shape_text {
	const struct iq_shape_part *parts;
	size_t num;
};

struct iq_shape_condition {
	const struct iq_filter *filter;
	bool without;
};

/* Goroutines that a rule looks for: its own ones, or others beside them. */
struct iq_shape_selection {
	const char *name; /* "" of the rule's own ones */
	struct iq_shape_condition conditions[IQ_LIMIT_CONDITIONS];
	size_t num_conditions;
	/* Of others: only those with the same group. */
	bool same;
	/* There are so many of them. */
	uint64_t least, most;
	/* The rule's own ones are so many times as many, and so many more. */
	uint64_t times, beyond;
	bool has_beyond;
	/* Of others: where there is none of them, nor of another one that
	 * weighs, the finding is a note. */
	bool weighs;
	/* Of others: where there are some, the ground says this, too. */
	struct iq_shape_text ground;
};

struct iq_shape {
	struct iq_detector detector; /* id, class, severity, summary, needs */
	unsigned line;
	struct iq_shape_selection *selections;
	size_t num_selections;
	const struct iq_filter *group; /* NULL: all are one */
	struct iq_shape_text title, one, ground, advice, settle;
};

struct iq_shapes {
	struct iq_arena arena;
	IQ_VEC(struct iq_shape *) list;
	IQ_VEC(struct iq_filter *) filters; /* to be freed */
};

void iq_shapes_init(struct iq_shapes *shapes);
void iq_shapes_deinit(struct iq_shapes *shapes);

/* Hands out a line without its newline; false past the last. */
typedef bool (*iq_shapes_line)(void *ctx, struct iq_str *ret);

/*
 * Adds the rules of a file, called @name in errors, which have its line. If one
 * is wrong, none of them is added.
 */
struct iq_error *iq_shapes_parse(struct iq_shapes *shapes, const char *name,
				 iq_shapes_line line, void *ctx) iq_must_check;
/* The same of text that may be anything. */
struct iq_error *iq_shapes_parse_text(struct iq_shapes *shapes,
				      const char *name, struct iq_str text)
	iq_must_check;
/* The built-in ones. */
struct iq_error *iq_shapes_builtin(struct iq_shapes *shapes) iq_must_check;

/* Runs one rule. */
struct iq_error *iq_shape_run(const struct iq_shape *shape,
			      const struct iq_model *model,
			      struct iq_findings *findings) iq_must_check;

#endif
