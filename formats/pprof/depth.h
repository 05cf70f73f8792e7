/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which stacks of a profile end because their writer stops there. No profile
 * says how deep it goes: the stacks themselves tell.
 */
#ifndef IQ_FORMATS_PPROF_DEPTH_H
#define IQ_FORMATS_PPROF_DEPTH_H

#include <stdint.h>

#include "model/fact.h"
#include "model/profile.h"

/*
 * Marks the stacks of @facts that reach the depth of a profile of @type as
 * elided, and gives that depth; 0 if it is not known, and nothing is marked.
 * @facts are a profile's, whose reader made all stacks.
 */
uint32_t iq_pprof_depth(struct iq_facts *facts, enum iq_profile_type type);

#endif
