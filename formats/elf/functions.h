/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions that an executable or shared object names in its symbol table,
 * or, where it is stripped, in the table of the dynamic linker: by address.
 */
#ifndef IQ_ELF_FUNCTIONS_H
#define IQ_ELF_FUNCTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "formats/elf/elf.h"

struct iq_elf_function {
	uint64_t addr; /* as linked */
	uint64_t size; /* 0 if it is not said */
	struct iq_str name;
};

/* A zeroed struct is empty. */
struct iq_elf_functions {
	/* By address; of several names of one, the plainest. */
	IQ_VEC(struct iq_elf_function) all;
};

/* Names live as long as the source of @elf. What is damaged is left out; only
 * lack of memory is an error. */
struct iq_error *iq_elf_functions_read(const struct iq_elf *elf,
				       struct iq_elf_functions *ret)
	iq_must_check;
void iq_elf_functions_deinit(struct iq_elf_functions *functions);

/* The function that holds @addr (as linked), or NULL. */
const struct iq_elf_function *
iq_elf_functions_find(const struct iq_elf_functions *functions, uint64_t addr);

#endif
