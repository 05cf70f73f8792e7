/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the runtime's fields are by an executable's own debug information: what
 * formats/go/go_versions.h has a row for, measured in the program itself. For
 * versions that are newer than the table, and for changed runtimes.
 */
#ifndef IQ_DWARF_LAYOUT_H
#define IQ_DWARF_LAYOUT_H

#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "formats/dwarf/sections.h"
#include "formats/elf/elf.h"
#include "formats/go/go_versions.h"

struct iq_dwarf_layout {
	struct iq_go_layout layout;
	struct iq_go_func_ids func_ids;
	struct iq_go_constants constants;
	struct iq_go_tables tables;
	/* The texts of wait reasons: an array of strings, its address as linked
	 * and the number of them; both 0 if unknown. */
	uint64_t wait_reasons_addr;
	uint32_t num_wait_reasons;
};

/*
 * Reads the debug information of @executable in a child process. What the
 * program has no type for is taken from @nearest: it has no values of it,
 * either. An error if there is no debug information (iq_dwarf_present()), if it
 * cannot be read, or lacks what every runtime has.
 */
struct iq_error *iq_dwarf_layout_read(const struct iq_elf *executable,
				      const struct iq_go_version *nearest,
				      struct iq_dwarf_layout *ret)
	iq_must_check;

#endif
