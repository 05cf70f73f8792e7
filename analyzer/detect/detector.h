/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A detector is a question to the model; its answers are findings. One file a
 * rule, one row in detectors.def.
 */
#ifndef IQ_DETECT_DETECTOR_H
#define IQ_DETECT_DETECTOR_H

#include "base/attr.h"
#include "base/error.h"
#include "model/finding.h"
#include "model/model.h"

/* Where a detector puts what it found. */
struct iq_findings {
	struct iq_arena *arena; /* the model's */
	IQ_VEC(struct iq_finding) list;
};

struct iq_detector {
	/* Documented, stable, never reused. */
	const char *id;
	enum iq_class class;
	enum iq_severity severity;
	/* One line: what it finds. */
	const char *summary;
	/* IQ_TELLS_* that some witness must be able to tell. */
	unsigned needs;
	/* IQ_TELLS_* of which one does as well, or 0. */
	unsigned instead;
	/* Why it is not run where these are missing. */
	const char *needs_text;
	/* Rests on number and age, unless it is an error: gives way to another
	 * rule that has the same goroutines, among its like to the one whose
	 * row comes first. */
	bool yields;
	/* Gives way where traces show that such waits end at its place all the
	 * time; one that yields, too, does so only while it yields. */
	bool passes;
	/* A note of it becomes a warning where goroutines of which others claim
	 * something stand behind its own. */
	bool leads;
	/* It is data (detect/shape.h) and has neither of the following; where it
	 * yields, too, it does so only to rules that do not. */
	bool is_shape;
	/* One of the two: a question to each goroutine, or to the model. */
	const struct iq_sift *sift;
	struct iq_error *(*run)(const struct iq_model *model,
				struct iq_findings *findings);
};

#define IQ_DETECTOR(x) extern const struct iq_detector iq_detector_##x;
#include "detect/detectors.def"
#undef IQ_DETECTOR

/* Why a rule that is data is not run. */
#define IQ_SHAPE_NEEDS_TEXT "no witness tells what its conditions ask for"

const struct iq_detector *const *iq_detectors(size_t *num_ret);
/* All that are built in, by index, those that are data last; NULL past them. */
const struct iq_detector *iq_detector_at(size_t index);
/* The rule of that id, the case's own ones included; or NULL. Its row is
 * larger than that of one that comes before it. */
const struct iq_detector *iq_detector_find(const struct iq_model *model,
					   const char *id, size_t *row_ret);

/*
 * Runs all detectors, collects evidence, sorts, numbers, and sets
 * model->findings, not_run and verdict.
 */
struct iq_error *iq_detectors_run(struct iq_model *model) iq_must_check;

#endif
