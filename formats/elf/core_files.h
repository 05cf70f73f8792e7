/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a module, and its separate debug file, among those of this
 * system: the first one that is verified, and why there is none.
 */
#ifndef IQ_ELF_CORE_FILES_H
#define IQ_ELF_CORE_FILES_H

#include "base/attr.h"
#include "base/error.h"
#include "formats/elf/core.h"
#include "formats/elf/core_identity.h"
#include "formats/reader.h"
#include "model/fact.h"

/*
 * Sets m->opened and how sure it is, or m->absent and what was tried. Only lack
 * of memory is an error.
 */
struct iq_error *iq_core_file_find(const struct iq_read_context *context,
				   const struct iq_core *core,
				   const struct iq_core_traces *traces,
				   struct iq_facts *facts,
				   struct iq_core_module *m,
				   enum iq_core_match *ret) iq_must_check;

/* Gives m->elf, which is verified, its debug file if it needs and finds one. */
struct iq_error *iq_core_debug_find(const struct iq_read_context *context,
				    const struct iq_core *core,
				    struct iq_facts *facts,
				    struct iq_core_module *m) iq_must_check;
/* Whether @debug is of the same build as @elf by its build ids. */
bool iq_core_debug_fits(const struct iq_elf *elf, const struct iq_elf *debug);

#endif
