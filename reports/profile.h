/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the formats of "profile" share: the values of a profile, added up by
 * function (as profilers do) and by the place that a person would open.
 */
#ifndef IQ_REPORTS_PROFILE_H
#define IQ_REPORTS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/out.h"
#include "base/str.h"
#include "base/vec.h"
#include "model/model.h"
#include "model/profile.h"

/* Files without a profile are no answer: says why there is none. */
struct iq_error *iq_profile_missing(const struct iq_model *model) iq_must_check;

/* Sums may wrap, as those of other readers of the format do. */
int64_t iq_profile_add(int64_t a, int64_t b);
/* The number without its sign: of INT64_MIN, too. */
uint64_t iq_profile_size(int64_t v);
/* Values of a sample, one for each type. */
const int64_t *iq_profile_values(const struct iq_profile *profile,
				 size_t sample);

/*
 * What the samples of each distinct stack have together, whatever their labels:
 * sums[stack * num_types + type]; for free().
 */
struct iq_error *iq_profile_by_stack(const struct iq_profile *profile,
				     int64_t **sums_ret) iq_must_check;

/* ---- by function */

struct iq_top_row {
	/* The first frame of it that was met: its function or, without one,
	 * its module and pc are the row's name. */
	const struct iq_frame *frame;
	/* What stacks have that end in it, and that it is anywhere in: each
	 * stack once. One value for each type. */
	int64_t *flat;
	int64_t *cum;
};

struct iq_top {
	struct iq_arena arena;
	/* By size of flat, then of cum, of the type asked for; then by name. */
	struct iq_top_row **rows;
	size_t num_rows;
};

/* A zeroed struct may be deinitialised. */
struct iq_error *iq_top_init(struct iq_top *top,
			     const struct iq_profile *profile, size_t type)
	iq_must_check;
void iq_top_deinit(struct iq_top *top);

/* ---- by place */

/* Where stacks stand: their first frame of the program's own code. */
struct iq_place {
	/* NULL for a stack without frames. */
	const struct iq_frame *frame;
	/* What it does there: a wait class's words or the function that it
	 * called there, as far as stacks tell; else empty. Not clean. */
	struct iq_str state;
	/* One for each column. */
	int64_t *values;
};

struct iq_place_entry;

struct iq_places {
	struct iq_arena arena;
	size_t num_columns;
	IQ_VEC(struct iq_place *) rows;
	struct iq_place_entry *table;
	struct iq_out key;
};

void iq_places_init(struct iq_places *places, size_t num_columns);
void iq_places_deinit(struct iq_places *places);
/* The place of @stack, new with zeros or known. */
struct iq_error *iq_places_find(struct iq_places *places,
				const struct iq_stack *stack,
				struct iq_place **ret) iq_must_check;
/* By size of the column's value, then by name. */
void iq_places_sort(struct iq_places *places, size_t column);

#endif
