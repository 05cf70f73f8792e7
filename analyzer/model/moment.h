/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When each witness saw the process, and what that proves: the order of two
 * witnesses, and whether a goroutine has run between them.
 */
#ifndef IQ_MODEL_MOMENT_H
#define IQ_MODEL_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/model.h"

/* A span of time on the clocks that the witness knows; a trace has a length. */
struct iq_moment {
	bool has_wall, has_mono;
	/* The newest time is a lower bound only (a core's newest clock). */
	bool is_bound;
	int64_t wall_first_ns, wall_last_ns;
	int64_t mono_first_ns, mono_last_ns;
};

enum iq_order {
	IQ_ORDER_UNKNOWN,
	IQ_ORDER_BEFORE, /* the first ended before the second began */
	IQ_ORDER_DURING, /* they overlap */
	IQ_ORDER_AFTER,
};

/* Sets model->moments and model->snapshots. */
struct iq_error *iq_moments_make(struct iq_model *model) iq_must_check;

/* How witness @a stands to witness @b in time. */
enum iq_order iq_moment_order(const struct iq_model *model, size_t a, size_t b);
/* Nanoseconds from the end of @a to the start of @b; false if not known. */
bool iq_moment_between(const struct iq_model *model, size_t a, size_t b,
		       int64_t *ret_ns);

enum iq_stay {
	IQ_STAY_UNKNOWN,    /* one of them lacks what it takes */
	IQ_STAY_CONSISTENT, /* the same wait at the same place; no proof */
	IQ_STAY_PROVEN,	    /* it has not run since the trace saw it park */
	IQ_STAY_MOVED,	    /* it ran, or ended, after the other saw it */
};

/*
 * Whether goroutine @index has stayed where trace @trace saw it until witness
 * @other (a core: proven by g.waitsince and the trace's collections; any other
 * one: by the order of the two).
 */
enum iq_stay iq_moment_stay(const struct iq_model *model, size_t index,
			    size_t trace, size_t other);

#endif
