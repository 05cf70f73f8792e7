/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds small ELF files in memory: executables and cores, right ones and, by
 * the fields that may be set by hand, wrong ones.
 */
#ifndef IQ_TESTS_UNIT_ELF_BUILDER_H
#define IQ_TESTS_UNIT_ELF_BUILDER_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/source.h"

#define ELF_BUILDER_MAX 32

struct elf_builder_part {
	Elf64_Phdr segment;
	Elf64_Shdr section;
	const char *name; /* of the section; NULL for a segment */
	const void *data;
	size_t size;
	/* The segment begins with the file: header, notes, what follows. */
	bool from_start;
};

struct elf_builder {
	uint16_t type;
	uint16_t machine;
	uint64_t entry;
	/* Notes gathered by elf_builder_note(): one PT_NOTE, before the loads
	 * or, as gdb does, behind them. */
	uint8_t notes[8192];
	size_t notes_size;
	bool notes_last;
	struct elf_builder_part parts[ELF_BUILDER_MAX];
	size_t num_parts;
	/* The result: bytes, kept until elf_builder_deinit(). */
	uint8_t *bytes;
	size_t size;
	struct iq_source source;
};

void elf_builder_init(struct elf_builder *b, uint16_t type);
void elf_builder_deinit(struct elf_builder *b);

/*
 * A PT_LOAD with @size bytes of @data, which the caller keeps until finish; its
 * memory size is @memsz. The segment's fields may be changed until finish;
 * offsets are set there.
 */
Elf64_Phdr *elf_builder_load(struct elf_builder *b, uint32_t flags,
			     uint64_t vaddr, const void *data, size_t size,
			     uint64_t memsz);
/* A PT_LOAD of the file's first @size bytes, as linkers make for the first. */
Elf64_Phdr *elf_builder_load_start(struct elf_builder *b, uint32_t flags,
				   uint64_t vaddr, uint64_t size);
/* A section with bytes of its own. */
Elf64_Shdr *elf_builder_section(struct elf_builder *b, const char *name,
				uint32_t type, uint64_t addr, const void *data,
				size_t size);
void elf_builder_note(struct elf_builder *b, const char *owner, uint32_t type,
		      const void *desc, size_t size);

/* Notes of a core of amd64. */
void elf_builder_thread(struct elf_builder *b, uint32_t tid, uint16_t signal,
			uint64_t pc, uint64_t sp);
void elf_builder_siginfo(struct elf_builder *b, int signal, int code,
			 uint64_t addr);
void elf_builder_prpsinfo(struct elf_builder *b, uint32_t pid,
			  const char *args);
/* Pairs of type and value; AT_NULL is added. */
void elf_builder_auxv(struct elf_builder *b, const uint64_t (*pairs)[2],
		      size_t num);
struct elf_builder_file {
	uint64_t start, end, page; /* page: offset in pages of 4096 bytes */
	const char *path;
};
void elf_builder_files(struct elf_builder *b,
		       const struct elf_builder_file *files, size_t num);

/*
 * Lays everything out: header, program headers, notes, loads (each at an offset
 * that 4096 divides), sections, section headers. The source lives as long as
 * the builder.
 */
const struct iq_source *elf_builder_finish(struct elf_builder *b);

#endif
