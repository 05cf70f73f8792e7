/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a program was mapped, in a core whose notes do not say: gdb writes them
 * last, so that a core that is cut off has none.
 */
#ifndef IQ_ELF_CORE_PLACE_H
#define IQ_ELF_CORE_PLACE_H

#include "base/attr.h"
#include "base/error.h"
#include "formats/elf/core_identity.h"
#include "formats/elf/elf.h"
#include "formats/memory.h"

struct iq_core_place {
	/* IQ_CORE_UNKNOWN_FILE: the core does not tell whether and where. */
	enum iq_core_match match;
	/* Address of its first byte, if it is the same file. */
	uint64_t start;
};

/*
 * Looks for @elf in @dumped, the memory of @core. A program that is linked to
 * fixed addresses can be at these alone, any other one at the beginning of a
 * segment, if its header was dumped. Only lack of memory is an error.
 */
struct iq_error *iq_core_place_find(const struct iq_elf *core,
				    const struct iq_memory *dumped,
				    const struct iq_elf *elf,
				    struct iq_core_place *ret) iq_must_check;

#endif
