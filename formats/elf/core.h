/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A core file: its notes, and the memory of the process as core, executable
 * and shared objects together still have it.
 */
#ifndef IQ_ELF_CORE_H
#define IQ_ELF_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "formats/elf/arch.h"
#include "formats/elf/elf.h"
#include "formats/memory.h"
#include "formats/reader.h"

struct iq_core_thread {
	uint64_t tid;
	int signal;			 /* cursig, 0 if none */
	uint64_t regs[IQ_CORE_MAX_REGS]; /* as cpu->regs lists them */
	uint64_t pc;
	uint64_t sp;
	/* Base of its thread-local memory. */
	bool has_tls;
	uint64_t tls;
	/* Words of its vector registers that may be addresses. */
	const uint64_t *vectors;
	uint32_t num_vectors;
	/* Where the note stands in the file. */
	uint64_t offset;
};

/* A row of NT_FILE. */
struct iq_core_file {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /* in bytes */
	struct iq_str path;
};

/* An executable or shared object of the process, if it was found. */
struct iq_core_module {
	/* As the process saw it, without " (deleted)"; empty if unknown. */
	struct iq_str path;
	/* NULL if the file was not found or does not belong to this core. */
	struct iq_elf *elf;
	/* The file of elf, where no input of the user was it. */
	struct iq_source *opened;
	/* Its separate debug file, which elf has taken up, and where no input
	 * of the user was it, the file. */
	struct iq_str debug_path;
	struct iq_source *debug;
	/* Why elf is NULL: "no such program file is here" …; empty if it is
	 * there. */
	struct iq_str absent;
	/* Of the best file that was tried in vain: path and build id in hex, or
	 * Go build id; empty if there was none. */
	struct iq_str tried;
	struct iq_str tried_id;
	/* It was of another build, not of one that cannot be told. */
	bool mismatch;
	/* The process's file had been deleted or replaced when the core was
	 * taken; it was run from memory (memfd). */
	bool was_deleted, was_memfd;
	/* From the process's memory, else from the verified file; empty if
	 * unknown. The GNU build id is in hex. */
	struct iq_str build_id;
	struct iq_str go_build_id;
	/* Added to the file's addresses. */
	uint64_t bias;
	/* Addresses that the module covers in the process. */
	uint64_t start;
	uint64_t end;
	/* Its rows of NT_FILE, by address; none without NT_FILE. */
	const struct iq_core_file **rows;
	size_t num_rows;
	bool is_executable; /* the main one */
	/* elf is the file that the process ran: by its build id or, where there
	 * is none to compare, by headers and build information. */
	bool verified;
};

struct iq_core {
	const struct iq_source *source;
	struct iq_elf *elf;
	uint16_t machine;
	const struct iq_arch *cpu; /* NULL: nobody knows the machine */
	const char *arch;	   /* its name: "amd64"; or NULL */
	struct iq_memory *memory;
	struct iq_core_thread
		*threads; /* as in the file: the first one dumped */
	size_t num_threads;
	struct iq_core_file *files; /* as in the file */
	size_t num_files;
	const struct iq_core_file **files_by_path; /* sorted by path, address */
	/* [0] is the executable if it is known (is_executable). */
	struct iq_core_module *modules;
	size_t num_modules; /* 0: no auxv, no NT_FILE, no way to tell */
	bool has_pid;
	int64_t pid;
	struct iq_str command; /* NT_PRPSINFO's arguments */
	/* What ended the process; a gcore of a running one has none. */
	bool has_signal;
	int signal;
	bool has_signal_code;
	int signal_code; /* si_code */
	bool has_fault_addr;
	uint64_t fault_addr;
	bool has_phdr, has_entry;
	uint64_t auxv_phdr, auxv_phnum, auxv_entry, auxv_base, auxv_execfn;
	uint64_t auxv_vdso;   /* its ELF header; 0 if unknown */
	struct iq_str execfn; /* path from memory; empty if unreadable */
	bool from_gcore;      /* written by gdb (a "GDB" note or the order) */
	/* The file ends before its last segment does. */
	bool truncated;
};

/* "SIGSEGV" for 11; NULL for a number that has no name. */
const char *iq_core_signal_name(int signal);

/*
 * Opens @source. What is damaged or missing becomes gaps of @facts, whose arena
 * holds the texts; an error only if not even the headers can be read. The core
 * and what it opened die with @facts (iq_facts_own).
 */
struct iq_error *iq_core_open(const struct iq_read_context *context,
			      const struct iq_source *source,
			      struct iq_facts *facts, struct iq_core **ret)
	iq_must_check;

#endif
