/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots of one process in the order of time, and how many goroutines each of
 * them had at one place.
 */
#ifndef IQ_DETECT_SERIES_H
#define IQ_DETECT_SERIES_H

#include "detect/trend.h"
#include "model/model.h"
#include "model/population.h"

struct iq_series {
	/* Indexes into model->witnesses, the oldest first. */
	uint32_t witnesses[IQ_TREND_MAX];
	size_t num;
	/* "profiles", "dumps", "cores", "snapshots" of several kinds. */
	const char *words;
};

/*
 * The longest series of one kind of witness; of several kinds if that is too
 * short and their order is known. Empty if there are less than two.
 */
void iq_series_choose(const struct iq_model *model, struct iq_series *ret);

/* Goroutines at one place: what is counted together. */
struct iq_place {
	const struct iq_frame *site;
	/* In the program's own code. */
	bool own;
	enum iq_wait_class class;
	/* Of the first population there. */
	const struct iq_stack *stack;
	/* Indexes into model->populations. */
	const uint32_t *populations;
	size_t num_populations;
	/* counts[i] of series->witnesses[i]. */
	uint64_t counts[IQ_TREND_MAX];
};

/* Calls @visit for each place of @series; stops at an error. */
struct iq_error *iq_series_each(
	const struct iq_model *model, const struct iq_series *series,
	struct iq_error *(*visit)(void *ctx, const struct iq_place *place),
	void *ctx) iq_must_check;

/* "10, 20, 30"; with many, the first, "…" and the last ones. */
struct iq_error *iq_series_words(struct iq_arena *arena, const uint64_t *counts,
				 size_t num, struct iq_str *ret) iq_must_check;

#endif
