/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a profile is of: its sample types say it, or its stacks where two kinds
 * have the same types.
 */
#ifndef IQ_FORMATS_PPROF_KIND_H
#define IQ_FORMATS_PPROF_KIND_H

#include <stdbool.h>
#include <stddef.h>

#include "model/profile.h"

/* From types, period and default alone: a contention profile is a block one
 * until its stacks have been seen. */
enum iq_profile_type iq_pprof_kind(const struct iq_profile *profile,
				   struct iq_str default_type);

/*
 * Whether a leaf is of a mutex profile, where it is who lets others in; that of
 * a block profile is what waited.
 */
bool iq_pprof_unlocks(struct iq_str leaf);

/* What a contention profile is of: so many stacks have a leaf with a name, and
 * so many of them unlock. */
enum iq_profile_type iq_pprof_contention(size_t num_named, size_t num_unlocks);

#endif
