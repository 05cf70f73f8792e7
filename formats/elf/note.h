/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF notes: records of an owner, a type and bytes, in files and cores alike.
 */
#ifndef IQ_ELF_NOTE_H
#define IQ_ELF_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "formats/cursor.h"

struct iq_elf_note {
	/* The owner without its NUL: "CORE", "GNU", "Go". */
	struct iq_str name;
	uint32_t type;
	struct iq_str desc;
	/* Offset in the file of the bytes of desc. */
	uint64_t offset;
};

/*
 * Reads one note. @align is the segment's p_align: 8 is taken for 8, all else
 * for 4. False at the end and where a note is cut off or lies about its size;
 * the cursor has the error then.
 */
bool iq_elf_note_next(struct iq_cursor *c, uint64_t align,
		      struct iq_elf_note *ret);

#endif
