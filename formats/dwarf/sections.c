/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/dwarf/sections.h"

#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/cursor.h"
#include "formats/source_codec.h"

/* What stands behind ".debug_" or ".zdebug_". Lines, ranges and places of
 * variables are left where they are: they are the larger part. */
static const char *const names[] = {
	".debug_abbrev",   ".debug_addr", ".debug_info",
	".debug_line_str", ".debug_str",  ".debug_str_offsets",
};

_Static_assert(IQ_ARRAY_SIZE(names) <= IQ_DWARF_MAX_SECTIONS,
	       "no room for the sections");

/* Finds ".debug_x" or else ".zdebug_x"; one that has bytes in the file. */
static bool section_find(const struct iq_elf *elf, const char *name,
			 bool *gnu_ret, struct iq_elf_section *ret)
{
	char other[32];

	snprintf(other, sizeof(other), ".z%s", name + 1);
	*gnu_ret = false;
	if (!iq_elf_section_find(elf, name, ret)) {
		*gnu_ret = true;
		if (!iq_elf_section_find(elf, other, ret))
			return false;
	}
	return ret->type != SHT_NOBITS;
}

bool iq_dwarf_present(const struct iq_elf *elf)
{
	struct iq_elf_section section;
	bool gnu;

	elf = iq_elf_debug(elf);
	return section_find(elf, ".debug_info", &gnu, &section) &&
	       section_find(elf, ".debug_abbrev", &gnu, &section);
}

/* gABI, chapter 4, "Compressed Section": Elf64_Chdr. */
static uint64_t chdr_read(struct iq_cursor *c)
{
	uint32_t type = iq_cursor_u32(c, "compression type");

	iq_cursor_skip(c, 4, "compression header");
	uint64_t size = iq_cursor_u64(c, "inflated size");
	iq_cursor_skip(c, 8, "inflated alignment");
	if (type != ELFCOMPRESS_ZLIB)
		iq_cursor_fail(c, "compression type is %" PRIu32 ", not zlib",
			       type);
	return size;
}

/* "ZLIB" and the size with its highest byte first.
 * Go: src/cmd/link/internal/ld/data.go of 1.18, compressSyms(). */
static uint64_t gnu_header_read(struct iq_cursor *c)
{
	struct iq_str magic = iq_cursor_bytes(c, 4, "compression magic");

	if (magic.len == 4 && !iq_str_equal(magic, IQ_STR("ZLIB")))
		iq_cursor_fail(c, "compression magic is not ZLIB");
	c->big_endian = true;
	return iq_cursor_u64(c, "inflated size");
}

static struct iq_error *section_inflate(struct iq_cursor *c, uint64_t size,
					struct iq_dwarf_section *section)
{
	struct iq_str in;

	// deflate makes 1032 bytes of one at most: zlib, "Maximum Compression
	// Factor", zlib_tech.html.
	if (size / 1032 > iq_cursor_left(c))
		iq_cursor_fail(c,
			       "inflated size is %" PRIu64
			       ", more than %" PRIu64 " bytes can be",
			       size, iq_cursor_left(c));
	in = iq_cursor_bytes(c, iq_cursor_left(c), "compressed bytes");

	struct iq_error *err = iq_cursor_done(c);
	if (err)
		return err;
	section->inflated = malloc(size ? (size_t)size : 1);
	if (!section->inflated)
		return &iq_enomem;
	if (!iq_zlib_inflate((const uint8_t *)in.ptr, in.len, section->inflated,
			     (size_t)size))
		return iq_error_at(IQ_ERROR_FORMAT, c->base,
				   "its compressed bytes are damaged");
	section->data = section->inflated;
	section->size = size;
	return NULL;
}

static struct iq_error *section_read(const struct iq_source *source,
				     const struct iq_elf_section *s, bool gnu,
				     struct iq_dwarf_section *section)
{
	struct iq_cursor whole, c;
	uint64_t size;

	iq_cursor_init(&whole, source->data, source->size, 0);
	iq_cursor_seek(&whole, s->offset, "section");
	iq_cursor_sub(&whole, s->size, "section", &c);
	if (!gnu && !(s->flags & SHF_COMPRESSED)) {
		section->data = c.data;
		section->size = c.size;
		return iq_cursor_done(&whole);
	}
	size = gnu ? gnu_header_read(&c) : chdr_read(&c);
	return section_inflate(&c, size, section);
}

struct iq_error *iq_dwarf_sections_add(struct iq_dwarf_sections *sections,
				       const struct iq_elf *elf,
				       const char *name)
{
	struct iq_dwarf_section *at = &sections->all[sections->num];
	struct iq_elf_section s;
	struct iq_error *err;
	bool gnu;

	if (sections->num == IQ_DWARF_MAX_SECTIONS ||
	    !section_find(elf, name, &gnu, &s))
		return NULL;
	sections->num++;
	at->name = name;
	err = section_read(iq_elf_source(elf), &s, gnu, at);
	return err ? iq_error_within(err, "%s", name) : NULL;
}

struct iq_error *iq_dwarf_sections_read(const struct iq_elf *elf,
					struct iq_dwarf_sections *ret)
{
	struct iq_dwarf_sections sections = { 0 };

	elf = iq_elf_debug(elf);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(names); i++) {
		struct iq_error *err =
			iq_dwarf_sections_add(&sections, elf, names[i]);

		if (err) {
			iq_dwarf_sections_deinit(&sections);
			return err;
		}
	}
	*ret = sections;
	return NULL;
}

void iq_dwarf_sections_deinit(struct iq_dwarf_sections *sections)
{
	for (size_t i = 0; i < sections->num; i++)
		free(sections->all[i].inflated);
	*sections = (struct iq_dwarf_sections){ 0 };
}
