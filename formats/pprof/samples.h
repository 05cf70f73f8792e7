/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second walk over a profile: its samples. Those with equal stacks and equal
 * labels become one; what is kept is a stack once and the sums.
 */
#ifndef IQ_FORMATS_PPROF_SAMPLES_H
#define IQ_FORMATS_PPROF_SAMPLES_H

#include <stdint.h>

#include "base/vec.h"
#include "formats/pprof/kept.h"
#include "formats/pprof/labels.h"
#include "formats/pprof/slots.h"
#include "formats/pprof/tables.h"
#include "model/profile.h"

struct iq_pprof_samples {
	const struct iq_pprof_tables *tables;
	struct iq_facts *facts;
	size_t num_types;
	/* As they come, then ordered. */
	IQ_VEC(struct iq_sample) list;
	/* values[sample * num_types + type] */
	IQ_VEC(int64_t) values;
	/* Of each type; in the facts' memory. */
	int64_t *totals;
	uint64_t num_read;

	/* Of the walk alone. */
	struct iq_pprof_kept *kept;
	/* Of the current sample. */
	struct iq_pprof_labels labels;
	struct iq_slots by_content;
};

/* Reads all samples; broken ones are gaps. An error: no memory. */
struct iq_error *iq_pprof_samples_init(struct iq_pprof_samples *samples,
				       const struct iq_pprof_tables *tables,
				       struct iq_pprof_kept *kept)
	iq_must_check;
void iq_pprof_samples_deinit(struct iq_pprof_samples *samples);

/* Gives back what the walk alone needed. */
void iq_pprof_samples_trim(struct iq_pprof_samples *samples);

/* Puts those with the largest value of @type first; equal ones stay as they
 * came. */
struct iq_error *iq_pprof_samples_order(struct iq_pprof_samples *samples,
					size_t type) iq_must_check;

#endif
