/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a profile is of: its sample types say it, or its stacks where two kinds
 * have the same types.
 */
#ifndef IQ_FORMATS_PPROF_KIND_H
#define IQ_FORMATS_PPROF_KIND_H

#include "model/profile.h"

/* From types, period and default alone: a contention profile is a block one
 * until iq_pprof_contention() has seen its stacks. */
enum iq_profile_type iq_pprof_kind(const struct iq_profile *profile,
				   struct iq_str default_type);

/* A contention profile: of those who unlocked, or of those who waited. */
enum iq_profile_type iq_pprof_contention(const struct iq_profile *profile);

#endif
