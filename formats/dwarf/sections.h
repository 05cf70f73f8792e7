/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The debug sections of an executable, inflated: Go 1.18 compresses them as
 * .zdebug_*, later versions with SHF_COMPRESSED.
 */
#ifndef IQ_DWARF_SECTIONS_H
#define IQ_DWARF_SECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "formats/elf/elf.h"

#define IQ_DWARF_MAX_SECTIONS 8

struct iq_dwarf_section {
	const char *name; /* ".debug_info", whatever the file calls it */
	const uint8_t *data;
	uint64_t size;
	/* Where it is in memory, for sections of code; else 0. */
	uint64_t addr;
	/* What data points into if it was compressed. */
	uint8_t *inflated;
};

struct iq_dwarf_sections {
	struct iq_dwarf_section all[IQ_DWARF_MAX_SECTIONS];
	size_t num;
};

/* Whether the file has debug information, readable or not. */
bool iq_dwarf_present(const struct iq_elf *elf);

/*
 * What is needed of types and variables: all that is there. An error if a
 * section leaves the file or cannot be inflated. @elf outlives the result.
 */
struct iq_error *iq_dwarf_sections_read(const struct iq_elf *elf,
					struct iq_dwarf_sections *ret)
	iq_must_check;
/* Adds the section @name if it is there, the same way; @name is kept. */
struct iq_error *iq_dwarf_sections_add(struct iq_dwarf_sections *sections,
				       const struct iq_elf *elf,
				       const char *name) iq_must_check;
void iq_dwarf_sections_deinit(struct iq_dwarf_sections *sections);

#endif
