/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stays of a profile's reader as long as the facts: how to read stacks and
 * labels again.
 */
#ifndef IQ_FORMATS_PPROF_KEPT_H
#define IQ_FORMATS_PPROF_KEPT_H

#include "formats/pprof/labels.h"
#include "formats/pprof/stacks.h"
#include "formats/pprof/strings.h"
#include "model/profile.h"

struct iq_pprof_kept {
	struct iq_facts *facts;
	struct iq_pprof_strings strings;
	struct iq_pprof_stacks stacks;
	struct iq_pprof_scratch *scratch;
	/* Of the sample that was asked for last. */
	struct iq_pprof_labels labels;
	struct iq_labels ret;
};

/* Lives as long as @facts. */
struct iq_error *iq_pprof_kept_create(const struct iq_source *source,
				      struct iq_facts *facts,
				      struct iq_pprof_kept **ret) iq_must_check;

/* For samples without labels. */
#define IQ_PPROF_NO_LABELS UINT64_MAX

/* Makes the labels of the sample at @place kept->labels; none if it is not there
 * any more. */
struct iq_error *iq_pprof_kept_labels(struct iq_pprof_kept *kept,
				      uint64_t place) iq_must_check;

/* Its object is a struct iq_pprof_kept. */
extern const struct iq_profile_reader iq_pprof_kept_reader;

#endif
