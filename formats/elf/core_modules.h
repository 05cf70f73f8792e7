/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The executable and the shared objects of a core: which files they are, where
 * they were mapped, and what of their bytes fills the gaps of the core.
 */
#ifndef IQ_ELF_CORE_MODULES_H
#define IQ_ELF_CORE_MODULES_H

#include "base/attr.h"
#include "base/error.h"
#include "formats/elf/core.h"
#include "formats/memory.h"
#include "formats/reader.h"

/*
 * Fills core->modules from the notes and from @dumped, the memory that the core
 * itself has. Files that do not belong to it become gaps of @facts.
 */
struct iq_error *iq_core_modules_find(const struct iq_read_context *context,
				      struct iq_core *core,
				      const struct iq_memory *dumped,
				      struct iq_facts *facts) iq_must_check;

/* Adds the modules' read-only pages to @memory, which has the core's. */
struct iq_error *iq_core_modules_map(const struct iq_core *core,
				     struct iq_memory *memory) iq_must_check;

#endif
