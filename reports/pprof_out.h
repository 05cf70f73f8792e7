/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile in the format of pprof, written sample by sample: locations,
 * functions and strings are kept until the end, each once.
 * Source: github.com/google/pprof, proto/profile.proto; what Go's runtime makes
 * of it: src/runtime/pprof/proto.go.
 */
#ifndef IQ_REPORTS_PPROF_OUT_H
#define IQ_REPORTS_PPROF_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/out.h"
#include "base/str.h"
#include "model/fact.h"
#include "model/profile.h"

/* Columns of values that a profile can have here. */
#define IQ_PPROF_OUT_VALUES 8

struct iq_pprof_out;

/* What stands before the samples; texts need not outlive the call. */
struct iq_pprof_head {
	const struct iq_value_type *types;
	size_t num_types;
	struct iq_str default_type; /* empty: the last */
	struct iq_value_type period_type;
	int64_t period;	 /* 0: not known */
	int64_t time_ns; /* since 1970; 0: not known */
	/* Frames of compilers' wrappers are left out. */
	bool hides_wrappers;
	/* Of the program; empty: not known. */
	struct iq_str executable;
	struct iq_str build_id;
};

/* A label has a text, or a number where that is empty. */
struct iq_pprof_out_label {
	struct iq_str key;
	struct iq_str text;
	int64_t number;
	struct iq_str unit; /* of a number; may be empty */
};

/* @out outlives it. */
struct iq_error *iq_pprof_out_create(struct iq_out *out,
				     const struct iq_pprof_head *head,
				     struct iq_pprof_out **ret) iq_must_check;
void iq_pprof_out_destroy(struct iq_pprof_out *p);

/*
 * @values are as many as the head has types. @frames, innermost first, outlive
 * @p: a frame is known by its address. Without any the sample has no stack.
 */
struct iq_error *iq_pprof_out_sample(struct iq_pprof_out *p,
				     const struct iq_frame *const *frames,
				     size_t num_frames, const int64_t *values,
				     const struct iq_pprof_out_label *labels,
				     size_t num_labels) iq_must_check;
/* A sentence about the profile as a whole. */
struct iq_error *iq_pprof_out_comment(struct iq_pprof_out *p,
				      struct iq_str text) iq_must_check;
/* Writes what was kept. */
struct iq_error *iq_pprof_out_finish(struct iq_pprof_out *p) iq_must_check;

#endif
