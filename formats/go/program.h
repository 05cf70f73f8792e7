/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the Go program of a core is: build information, modules, version row.
 */
#ifndef IQ_GO_PROGRAM_H
#define IQ_GO_PROGRAM_H

#include "base/error.h"
#include "formats/elf/core.h"
#include "formats/go/go_versions.h"
#include "formats/go/pclntab.h"
#include "model/fact.h"

/* Go: src/debug/buildinfo/buildinfo.go; the inline form of 1.18 and newer. */
struct iq_go_buildinfo {
	struct iq_str version; /* "go1.26.8" */
	struct iq_str modinfo; /* without its sentinels */
};

/*
 * Looks through bytes of an executable's or core's data segment, of which the
 * first stands at an address that 16 divides. Views into @data.
 */
bool iq_go_buildinfo_find(const uint8_t *data, uint64_t len,
			  struct iq_go_buildinfo *ret);
/* A "build\tKEY=VALUE" line of modinfo, or the path of "mod"; false if none. */
bool iq_go_buildinfo_setting(struct iq_str modinfo, const char *key,
			     struct iq_str *ret);
bool iq_go_buildinfo_module(struct iq_str modinfo, struct iq_str *ret);

struct iq_go_symbols;

struct iq_go_program {
	const struct iq_core *core;
	const struct iq_memory *memory;
	struct iq_str go_version;
	const struct iq_go_version *version;
	/* The row was measured for this very version. */
	bool version_exact;
	/* The row is the executable's own, from its debug information. */
	bool version_measured;
	struct iq_go_module *modules; /* [0] is the runtime's own */
	size_t num_modules;	      /* 1 or more */
	struct iq_pclntab *pcln;
	/* Empty texts if there is none. */
	struct iq_go_buildinfo buildinfo;
	/* NULL without a verified executable that has any. */
	struct iq_go_symbols *symbols;
};

/*
 * Finds everything; fills facts->process with versions, module, build ids and
 * flags, gaps for what is missing. An error if @core is no Go process that can
 * be read at all. Lives as long as @facts.
 */
struct iq_error *iq_go_program_open(const struct iq_core *core,
				    struct iq_facts *facts,
				    struct iq_go_program **ret) iq_must_check;

/* The file that was mapped at @addr; NULL if it is not known. */
const struct iq_core_module *
iq_go_program_file(const struct iq_go_program *program, uint64_t addr);
/* Offset in its file of what is at @addr; 0 if it is nowhere. */
uint64_t iq_go_program_offset(const struct iq_go_program *program,
			      uint64_t addr);

/*
 * Address of a package variable of the runtime in the process ("runtime.allgs"),
 * by the symbol table of a verified executable; false if it has none.
 */
bool iq_go_program_symbol(const struct iq_go_program *program, const char *name,
			  uint64_t *ret);

#endif
