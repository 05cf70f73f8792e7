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

/*
 * A span of time on the clocks that the witness knows. A trace and a profile of
 * a time have a length; a core or a text is of one instant somewhere in its
 * span, which a trace can bound by goroutines that began and ended in it.
 */
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
	IQ_ORDER_DURING, /* they overlap, or are of one instant */
	IQ_ORDER_AFTER,
};

/* Sets model->moments and model->snapshots; wants kinship. */
struct iq_error *iq_moments_make(struct iq_model *model) iq_must_check;
/* Adds a gap for each core that was taken before a trace of its process began;
 * wants moments. */
struct iq_error *iq_moment_warn(struct iq_model *model) iq_must_check;

/*
 * How witness @a stands to witness @b in time: by a clock that both have, by
 * their order in one file, or because one of them is the process's end.
 */
enum iq_order iq_moment_order(const struct iq_model *model, size_t a, size_t b);
/*
 * Nanoseconds from the end of @a to the start of @b, at least so many where @b
 * is a core; false if not known, or if @b began earlier.
 */
bool iq_moment_between(const struct iq_model *model, size_t a, size_t b,
		       int64_t *ret_ns);

/* A moment on the clock of a trace. */
struct iq_instant {
	int64_t first_ns, last_ns;
	bool is_bound; /* last_ns is a lower bound only */
};

/* When witness @other is of, on the clock of @trace; false if not known. */
bool iq_moment_on_clock(const struct iq_model *model, size_t trace,
			size_t other, struct iq_instant *ret);

enum iq_stay {
	IQ_STAY_UNKNOWN,    /* one of them lacks what it takes */
	IQ_STAY_CONSISTENT, /* the same wait at the same place; no proof */
	IQ_STAY_PROVEN,	    /* it has not run since the trace saw it park */
	IQ_STAY_MOVED,	    /* it ran, or ended, after the other saw it */
};

/*
 * Whether goroutine @index has stayed where trace @trace saw it until witness
 * @other (a core: proven by g.waitsince and the trace's collections; any other
 * one: by the order of the two). Wants populations and goroutines.
 */
enum iq_stay iq_moment_stay(const struct iq_model *model, size_t index,
			    size_t trace, size_t other);
/*
 * Whether a trace saw goroutine @id run or end after the moment of @other,
 * which may be a witness without ids.
 */
bool iq_moment_ran_after(const struct iq_model *model, size_t trace,
			 uint64_t id, size_t other);

/* What is known of how long a goroutine has waited. */
struct iq_waited {
	bool has_min, has_max;
	int64_t min_ns, max_ns;
};

/*
 * How long goroutine @id has waited at the moment of @other, if it has stayed
 * where @trace saw it. Nothing for what did not wait at the trace's end.
 */
struct iq_waited iq_moment_waited(const struct iq_model *model, size_t trace,
				  uint64_t id, size_t other);

#endif
