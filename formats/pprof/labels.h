/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The labels of one sample. They are not kept, as a million samples may have a
 * million different ones: who wants them again reads them again.
 */
#ifndef IQ_FORMATS_PPROF_LABELS_H
#define IQ_FORMATS_PPROF_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"
#include "formats/pprof/message.h"
#include "formats/pprof/strings.h"
#include "model/fact.h"

struct iq_pprof_labels {
	const struct iq_pprof_strings *strings;
	/* Sorted by key; texts are views of the file or of text. */
	IQ_VEC(struct iq_label) items;
	/* Numbers as text. */
	IQ_VEC(char) text;
	uint64_t hash;
};

/* A struct with strings alone has no labels yet. */
void iq_pprof_labels_deinit(struct iq_pprof_labels *labels);

/* The labels of @sample, which stands at @offset; @facts are told what is wrong
 * with them, unless NULL. */
struct iq_error *iq_pprof_labels_take(struct iq_pprof_labels *labels,
				      const struct iq_pprof_sample *sample,
				      uint64_t offset, struct iq_facts *facts)
	iq_must_check;

/* Whether both have the same keys and values. */
bool iq_pprof_labels_equal(const struct iq_pprof_labels *a,
			   const struct iq_pprof_labels *b);

#endif
