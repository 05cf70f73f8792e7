/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf/note.h"

/* The bytes that bring @len up to @align, as far as the input has them. */
static void skip_padding(struct iq_cursor *c, uint64_t len, uint64_t align)
{
	uint64_t pad = (align - len % align) % align;
	uint64_t left = iq_cursor_left(c);

	// The last note of a segment may end without its padding.
	iq_cursor_skip(c, pad < left ? pad : left, "note padding");
}

bool iq_elf_note_next(struct iq_cursor *c, uint64_t align,
		      struct iq_elf_note *ret)
{
	struct iq_elf_note note = { 0 };

	if (!iq_cursor_ok(c) || iq_cursor_left(c) == 0)
		return false;
	// gABI, "Note Section": 4 bytes, also in ELF64; 8 only where p_align is
	// 8 (Linux: .note.gnu.property). gdb writes p_align 1 for cores.
	align = align == 8 ? 8 : 4;
	uint64_t name_size = iq_cursor_u32(c, "note name size");
	uint64_t desc_size = iq_cursor_u32(c, "note size");
	note.type = iq_cursor_u32(c, "note type");
	note.name = iq_cursor_bytes(c, name_size, "note name");
	skip_padding(c, 12 + name_size, align);
	note.offset = iq_cursor_offset(c);
	note.desc = iq_cursor_bytes(c, desc_size, "note");
	skip_padding(c, desc_size, align);
	if (!iq_cursor_ok(c))
		return false;
	while (note.name.len && !note.name.ptr[note.name.len - 1])
		note.name.len--;
	*ret = note;
	return true;
}
