/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Most rules ask one question of each goroutine. The sift asks it and makes one
 * finding for each kind and site.
 */
#ifndef IQ_DETECT_SIFT_H
#define IQ_DETECT_SIFT_H

#include "detect/detector.h"

struct iq_sift {
	/* Whether goroutine @index is one that the rule is about. */
	bool (*wanted)(const struct iq_model *model, size_t index);
	/* The title: "COUNT one SITE" or "COUNT many SITE". */
	const char *one;
	const char *many;
	/* What every finding of the rule has; NULL: empty. */
	const char *ground;
	const char *advice;
	const char *settle;
	/* The command for it; NULL: the one that takes another profile. */
	const char *collect;
	enum iq_confidence confidence;
	/*
	 * What else a finding needs, or NULL; its goroutines, site, bounds and
	 * the texts above are set. *@drop_ret true: no finding.
	 */
	struct iq_error *(*describe)(const struct iq_model *model,
				     struct iq_arena *arena,
				     struct iq_finding *finding,
				     bool *drop_ret);
};

/* Runs the sift of @detector. */
struct iq_error *iq_sift_run(const struct iq_detector *detector,
			     const struct iq_model *model,
			     struct iq_findings *findings) iq_must_check;

/*
 * A finding of @detector over @goroutines (ascending indexes, copied): site,
 * stack, creator, bounds and kind are taken from them.
 */
struct iq_error *iq_finding_init(const struct iq_detector *detector,
				 const struct iq_model *model,
				 struct iq_arena *arena,
				 const uint32_t *goroutines, size_t num,
				 struct iq_finding *ret) iq_must_check;

/*
 * The same, less those of them that a later witness saw go on: these are gone.
 * If all are, the finding has them all, and the evidence withdraws it.
 */
struct iq_error *iq_finding_of(const struct iq_detector *detector,
			       const struct iq_model *model,
			       struct iq_arena *arena,
			       const uint32_t *goroutines, size_t num,
			       struct iq_finding *ret) iq_must_check;

/* Where @finding stands, in words: its site, else who made its goroutines. */
struct iq_error *iq_finding_place(struct iq_arena *arena,
				  const struct iq_finding *finding,
				  const char **ret) iq_must_check;

/* Adds a complete finding. */
struct iq_error *iq_findings_add(struct iq_findings *findings,
				 const struct iq_finding *finding)
	iq_must_check;

/* Signature of goroutine @index in the witness that knows most; or NULL. */
const struct iq_signature *
iq_model_goroutine_signature(const struct iq_model *model, size_t index);

/* Its stack passes through the program's own code. */
bool iq_goroutine_is_own(const struct iq_model *model, size_t index);
/* Any frame is one of @function. */
bool iq_stack_calls(const struct iq_stack *stack, const char *function);
bool iq_goroutine_calls(const struct iq_model *model, size_t index,
			const char *function);

#endif
