/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's own tables of functions, frame sizes, files, lines and inlined
 * calls: pclntab of one Go module, read from the memory of the process.
 * Immutable after opening, so usable from many threads.
 */
#ifndef IQ_GO_PCLNTAB_H
#define IQ_GO_PCLNTAB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "formats/go/go_versions.h"
#include "formats/memory.h"

/* abi.FuncFlag. Go: src/internal/abi/symtab.go */
enum {
	IQ_FUNC_TOPFRAME = 1,
	IQ_FUNC_SPWRITE = 2,
	IQ_FUNC_ASM = 4,
};

/* One Go module of the process: what moduledata says. Addresses. */
struct iq_go_module {
	uint64_t moduledata_addr;
	uint64_t pclntab_addr; /* the pcHeader */
	uint64_t text, etext, minpc, maxpc;
	uint64_t funcnametab, funcnametab_len;
	uint64_t cutab, cutab_len; /* len in entries of 4 bytes */
	uint64_t filetab, filetab_len;
	uint64_t pctab, pctab_len;
	uint64_t pclntable, pclntable_len;
	uint64_t ftab, ftab_len; /* len in entries of 8 bytes */
	uint64_t noptrdata, enoptrdata, data, edata;
	uint64_t bss, ebss, noptrbss, enoptrbss;
	uint64_t types, etypes, rodata, gofunc;
	/* gcdatamask, gcbssmask: number of bits and address; 0 bits where the
	 * layout does not fit. */
	uint64_t gcdata_nbits, gcdata_mask, gcbss_nbits, gcbss_mask;
	uint64_t next;
	/* Path of the file that holds it; may be empty. */
	struct iq_str path;
	/* Functions can be named (pclntab is readable). */
	bool has_pclntab;
	/* gofunc is readable: inline trees, stack maps. */
	bool has_funcdata;
};

/*
 * Where the section ends in which a variable of a package may be at @addr; 0: in
 * none. Their order is the linker's: Go 1.27 has data before noptrdata.
 */
static inline uint64_t iq_go_module_variables_end(const struct iq_go_module *m,
						  uint64_t addr)
{
	if (addr >= m->noptrdata && addr < m->enoptrdata)
		return m->enoptrdata;
	if (addr >= m->data && addr < m->edata)
		return m->edata;
	if (addr >= m->bss && addr < m->ebss)
		return m->ebss;
	return addr >= m->noptrbss && addr < m->enoptrbss ? m->enoptrbss : 0;
}

/* Whether a variable of a package may be at @addr. */
static inline bool iq_go_module_has_variable(const struct iq_go_module *m,
					     uint64_t addr)
{
	return iq_go_module_variables_end(m, addr) != 0;
}

struct iq_go_func {
	const struct iq_go_module *module;
	uint64_t entry;
	uint64_t end;	    /* entry of the next function */
	uint64_t func_addr; /* of the _func record */
	uint32_t name_off;
	uint32_t pcsp, pcfile, pcln, npcdata, cu_offset;
	uint8_t func_id, flag, nfuncdata;
	int32_t start_line; /* 0 if the version has none */
};

struct iq_pclntab;

/*
 * Whether the tables of @module can be used: all readable, functions sorted.
 * NULL, or an error that says which one is not, and why.
 */
struct iq_error *iq_pclntab_check(const struct iq_memory *memory,
				  const struct iq_go_version *version,
				  const struct iq_go_module *module)
	iq_must_check;

/*
 * A view of all modules. @version gives shapes; modules with a table that
 * cannot be read are kept and name nothing. The arrays stay the caller's.
 */
struct iq_error *iq_pclntab_create(const struct iq_memory *memory,
				   const struct iq_go_version *version,
				   const struct iq_go_module *modules,
				   size_t num_modules, struct iq_pclntab **ret)
	iq_must_check;
void iq_pclntab_destroy(struct iq_pclntab *pcln);

/* The function that holds @pc; false if @pc is in no Go text. */
bool iq_pclntab_func(const struct iq_pclntab *pcln, uint64_t pc,
		     struct iq_go_func *ret);
/*
 * Its name as a view into the tables, as the linker wrote it; false if
 * unreadable. From 1.21 on type arguments are in it: iq_go_name_print().
 */
bool iq_pclntab_name(const struct iq_pclntab *pcln,
		     const struct iq_go_func *func, struct iq_str *ret);
/* Value of the pcsp table at @pc: bytes that the frame has pushed. */
bool iq_pclntab_spdelta(const struct iq_pclntab *pcln,
			const struct iq_go_func *func, uint64_t pc,
			int32_t *ret);
/* Value of PCDATA @table at @pc; false if the function has none. */
bool iq_pclntab_pcdata(const struct iq_pclntab *pcln,
		       const struct iq_go_func *func, unsigned table,
		       uint64_t pc, int32_t *ret);
/* The same, and the first pc behind @pc that has another value, or the end. */
bool iq_pclntab_pcdata_range(const struct iq_pclntab *pcln,
			     const struct iq_go_func *func, unsigned table,
			     uint64_t pc, int32_t *ret, uint64_t *end_ret);
/* Address of FUNCDATA @index; false if there is none. */
bool iq_pclntab_funcdata(const struct iq_pclntab *pcln,
			 const struct iq_go_func *func, unsigned index,
			 uint64_t *ret);

/*
 * @name as the runtime prints it and as profiles have it: type arguments as
 * "[...]". @name itself, or a text in @buf, which holds IQ_LIMIT_NAME bytes or
 * as much as the caller likes: a longer name stays as it is.
 */
struct iq_str iq_go_name_print(struct iq_str name, char *buf, size_t size);

/* The module whose text holds @pc, readable tables or not; NULL if none. */
const struct iq_go_module *iq_pclntab_module(const struct iq_pclntab *pcln,
					     uint64_t pc);

/* One logical call at a pc. */
struct iq_go_call {
	struct iq_str function; /* as iq_pclntab_name() gives it */
	struct iq_str file;	/* empty if unknown */
	uint32_t line;		/* 0 if unknown */
	uint8_t func_id;
	bool inlined;
};

/*
 * The calls at @pc, innermost first, the physical function last; at most
 * @cap. Where an inlined call is known to be there but its record cannot be
 * read, or @cap is too small, the physical function stands alone and without a
 * line. @pc is the lookup pc: the caller has already taken 1 off a return
 * address. The number of calls; 0 if @func cannot be named.
 */
size_t iq_pclntab_calls(const struct iq_pclntab *pcln,
			const struct iq_go_func *func, uint64_t pc,
			struct iq_go_call *ret, size_t cap);

#endif
