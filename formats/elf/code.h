/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine code of a dead process, module by module: executable, shared
 * objects, the kernel's vDSO. Whose code an address is, what the function is
 * called, and where the unwind tables stand. Names are read when one is asked.
 */
#ifndef IQ_ELF_CODE_H
#define IQ_ELF_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "formats/elf/core.h"
#include "formats/elf/core_identity.h"
#include "formats/elf/functions.h"

struct iq_code_module {
	struct iq_str path; /* "[vdso]" for the kernel's */
	/* Its file, or its image in memory; NULL if neither is there. */
	const struct iq_elf *elf;
	uint64_t bias;
	uint64_t start, end;
	/* .eh_frame as the process sees it; NULL if it is not there. */
	const uint8_t *eh_frame;
	uint64_t eh_frame_len;
	uint64_t eh_frame_addr;
	/* Read when they were asked for first. */
	bool has_functions;
	struct iq_elf_functions functions;
};

struct iq_code {
	const struct iq_core *core;
	struct iq_code_module *modules; /* sorted by start */
	size_t num_modules;
	struct iq_core_image vdso;
	/* Headers as the core has them, of modules without a file; one for each
	 * of core->modules. */
	struct iq_core_image *images;
};

/* @core outlives @ret. */
struct iq_error *iq_code_init(struct iq_code *code, const struct iq_core *core)
	iq_must_check;
void iq_code_deinit(struct iq_code *code);

/* Index of the module that holds @addr; false if none does. */
bool iq_code_module_find(const struct iq_code *code, uint64_t addr,
			 size_t *ret);
/* Whether code can be at @addr: the memory there is executable. */
bool iq_code_is_executable(const struct iq_code *code, uint64_t addr);
/*
 * The name of the function that holds @addr of @module, and where it begins in
 * the process. *@name_ret is empty if it has none.
 */
struct iq_error *iq_code_function(struct iq_code *code, size_t module,
				  uint64_t addr, struct iq_str *name_ret,
				  uint64_t *entry_ret) iq_must_check;

#endif
