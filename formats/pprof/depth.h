/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which stacks of a profile end because their writer stops there. No profile
 * says how deep it goes: the stacks themselves tell.
 */
#ifndef IQ_FORMATS_PPROF_DEPTH_H
#define IQ_FORMATS_PPROF_DEPTH_H

#include <stdbool.h>
#include <stdint.h>

#include "model/fact.h"
#include "model/profile.h"

/*
 * How deep a profile of @type goes, the deepest stack of which has @frames frames
 * and of which one has @pcs pcs at least; 0 if that is not known.
 */
uint32_t iq_pprof_depth(enum iq_profile_type type, uint32_t frames,
			uint32_t pcs);

/* Sets what @stack says of its end; @whole: we left nothing out. */
void iq_pprof_depth_mark(struct iq_stack *stack, uint32_t depth, bool whole);

#endif
