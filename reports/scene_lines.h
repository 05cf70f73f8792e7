/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scene of a crash as labelled lines, in the order in which a person needs
 * them: what every report for people shows. Texts are not clean.
 */
#ifndef IQ_REPORTS_SCENE_LINES_H
#define IQ_REPORTS_SCENE_LINES_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/vec.h"
#include "model/crash.h"
#include "reports/report.h"

struct iq_scene_line {
	/* "signal"; empty where it goes on with the line before. */
	const char *label;
	struct iq_str text;
	/* All of it where the text leaves something out; else empty. */
	struct iq_str whole;
};

struct iq_scene_lines {
	const struct iq_model *model;
	const struct iq_report_options *options;
	struct iq_arena *arena;
	/* What it means, and the signal: before the place. */
	IQ_VEC(struct iq_scene_line) head;
	/* Thread, panics, deferred calls, objects, last words: behind it. */
	IQ_VEC(struct iq_scene_line) rest;
	/* The line that is being made leaves nothing, or did leave something
	 * out. */
	bool whole, cut;
	/* Some value is left out that --show-values shows. */
	bool has_secrets;
};

/* Lines of @crash; the texts live in @arena. */
struct iq_error *iq_scene_lines_make(const struct iq_model *model,
				     const struct iq_report_options *options,
				     const struct iq_crash *crash,
				     struct iq_arena *arena,
				     struct iq_scene_lines *ret) iq_must_check;
/* The registers as one more of the rest. */
struct iq_error *iq_scene_lines_registers(struct iq_scene_lines *lines,
					  const struct iq_scene *scene)
	iq_must_check;
/* Not segments, nor the kernel's own note of a system call. */
bool iq_scene_register_is_shown(const struct iq_scene_register *reg);
void iq_scene_lines_deinit(struct iq_scene_lines *lines);

#endif
