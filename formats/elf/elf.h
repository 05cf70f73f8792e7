/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ELF file (executable, shared object, core) as inquest sees it: headers,
 * segments, sections, symbols and build ids. libelf stays inside elf.c.
 */
#ifndef IQ_ELF_ELF_H
#define IQ_ELF_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "formats/source.h"

struct iq_elf;

/* The number of program headers stood where the file is cut off. */
#define IQ_ELF_SEGMENTS_LOST UINT64_MAX

struct iq_elf_header {
	uint16_t type;	  /* ET_CORE, ET_EXEC, ET_DYN */
	uint16_t machine; /* EM_X86_64 … */
	uint64_t entry;
	uint64_t phoff;
	/* Program headers that are in the file, and how many it promises. */
	size_t num_segments;
	uint64_t promised_segments;
};

struct iq_elf_segment {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t vaddr;
	uint64_t filesz;
	uint64_t memsz;
	uint64_t align;
};

struct iq_elf_section {
	struct iq_str name;
	uint32_t type;
	uint64_t flags;
	uint64_t addr;
	uint64_t offset;
	uint64_t size;
	uint64_t align;
};

/* Whether the bytes are an ELF64 little-endian file of type @type. */
bool iq_elf_is(const struct iq_source *source, uint16_t type);

/*
 * @source outlives the result. Only the ELF header must be whole; what else is
 * cut off or wrong is absent.
 */
struct iq_error *iq_elf_open(const struct iq_source *source,
			     struct iq_elf **ret) iq_must_check;
void iq_elf_destroy(struct iq_elf *elf);

const struct iq_source *iq_elf_source(const struct iq_elf *elf);
struct iq_elf_header iq_elf_header(const struct iq_elf *elf);
/* Where the file would end by its headers: the segments' bytes and the table of
 * section headers. */
uint64_t iq_elf_promised_end(const struct iq_elf *elf);
/* Program headers as they stand in the file: unchecked values. */
const struct iq_elf_segment *iq_elf_segments(const struct iq_elf *elf,
					     size_t *num_ret);
/* False if there is none of that name (or no section headers at all). */
bool iq_elf_section_find(const struct iq_elf *elf, const char *name,
			 struct iq_elf_section *ret);
/* Value of a symbol of .symtab (unbiased); false if there is none. */
bool iq_elf_symbol_find(const struct iq_elf *elf, const char *name,
			uint64_t *ret);
bool iq_elf_has_symbols(const struct iq_elf *elf);
/*
 * Calls @fn for each defined symbol whose name starts with @prefix, in the order
 * of the table, until it returns false. Names live as long as the source.
 */
typedef bool iq_elf_symbol_fn(void *ctx, struct iq_str name, uint64_t value);
void iq_elf_symbols(const struct iq_elf *elf, struct iq_str prefix,
		    iq_elf_symbol_fn *fn, void *ctx);

/*
 * GNU build id in lower-case hex and Go build id; empty if there is none. Both
 * live as long as @elf.
 */
struct iq_str iq_elf_build_id(const struct iq_elf *elf);
struct iq_str iq_elf_go_build_id(const struct iq_elf *elf);
/*
 * "build id 49834b78…", "Go build id …" or "no build id", for messages: clean
 * text in @buf, which has IQ_ELF_ID_TEXT_SIZE bytes.
 */
#define IQ_ELF_ID_TEXT_SIZE (IQ_STR_QUOTE_SIZE + 32)
const char *iq_elf_id_text(struct iq_str build_id, struct iq_str go_build_id,
			   char *buf);
/* Every note segment was there, so that an empty build id means "none". */
bool iq_elf_notes_whole(const struct iq_elf *elf);

/*
 * Lends @elf the symbols and the debug information of its separate debug file,
 * as far as it has none. @debug becomes @elf's own, its source does not.
 */
void iq_elf_set_debug(struct iq_elf *elf, struct iq_elf *debug);
/* The file of both whose .debug_* sections count: @elf if it has any. */
const struct iq_elf *iq_elf_debug(const struct iq_elf *elf);
/* Name and CRC of the separate debug file in .gnu_debuglink, clean text; false
 * if there is none. */
bool iq_elf_debuglink(const struct iq_elf *elf, struct iq_str *name_ret,
		      uint32_t *crc_ret);

/* False for a file of debug information, whose code and data are left out. */
bool iq_elf_has_contents(const struct iq_elf *elf);

/* Bytes at a virtual address of the file's own segments, at most what one
 * segment has; NULL if none. */
const uint8_t *iq_elf_at(const struct iq_elf *elf, uint64_t vaddr,
			 uint64_t *len_ret);

#endif
