/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The labels of one sample after the other. Their texts stay in the file; equal
 * ones that come soon again share their memory.
 */
#ifndef IQ_FORMATS_PPROF_LABELS_H
#define IQ_FORMATS_PPROF_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"
#include "formats/pprof/tables.h"

struct iq_pprof_labels {
	const struct iq_pprof_tables *tables;
	/* Of the current sample, sorted by key. */
	IQ_VEC(struct iq_label) items;
	/* Numbers of the current sample as text; items point in here. */
	IQ_VEC(char) text;
	uint64_t hash;
	/* The last ones that were kept, by hash. */
	struct iq_pprof_recent {
		uint64_t hash;
		const struct iq_labels *labels;
	} * recent;
	const struct iq_labels *none;
};

struct iq_error *iq_pprof_labels_init(struct iq_pprof_labels *labels,
				      const struct iq_pprof_tables *tables)
	iq_must_check;
void iq_pprof_labels_deinit(struct iq_pprof_labels *labels);

/* Makes the labels of @sample, which stands at @offset, the current ones. */
struct iq_error *iq_pprof_labels_take(struct iq_pprof_labels *labels,
				      const struct iq_pprof_sample *sample,
				      uint64_t offset) iq_must_check;

/* Whether the current ones have the same keys and values as @other. */
bool iq_pprof_labels_equal(const struct iq_pprof_labels *labels,
			   const struct iq_labels *other);

/* The current ones, in the facts' memory or in the file's. */
struct iq_error *iq_pprof_labels_keep(struct iq_pprof_labels *labels,
				      const struct iq_labels **ret)
	iq_must_check;

#endif
