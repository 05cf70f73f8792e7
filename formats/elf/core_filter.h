/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel left out of a core because /proc/PID/coredump_filter said so.
 */
#ifndef IQ_ELF_CORE_FILTER_H
#define IQ_ELF_CORE_FILTER_H

#include "formats/elf/core.h"
#include "model/fact.h"

/*
 * Says in a gap of @facts that the process's own memory (heap, stacks, data of
 * the runtime) is not in the core at all, and which bit would have kept it. What
 * files make up for, and single mappings that the process itself excluded
 * (MADV_DONTDUMP), is no gap.
 */
void iq_core_filter_report(const struct iq_core *core, struct iq_facts *facts);

#endif
