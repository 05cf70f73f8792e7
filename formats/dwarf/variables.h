/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The variables of Go's packages and their types, as debug information has them,
 * in tables. It is read in a child process; the tables are checked.
 */
#ifndef IQ_DWARF_VARIABLES_H
#define IQ_DWARF_VARIABLES_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "formats/elf/elf.h"

#define IQ_DWARF_NO_TYPE UINT32_MAX

/* A piece of the texts. */
struct iq_dwarf_text {
	uint32_t offset;
	uint32_t len;
};

struct iq_dwarf_variable {
	uint64_t addr; /* as linked */
	struct iq_dwarf_text name;
	uint32_t type;
	uint32_t unused;
};

/* One that the runtime has a descriptor of is not taken apart. */
struct iq_dwarf_table_type {
	uint64_t size;
	uint64_t len;	  /* of an array */
	uint64_t runtime; /* as in struct iq_dwarf_type; 0: none */
	struct iq_dwarf_text name;
	uint32_t go_kind;
	uint32_t elem; /* IQ_DWARF_NO_TYPE: none */
	uint32_t first_field;
	uint32_t num_fields;
};

struct iq_dwarf_field {
	uint64_t offset;
	struct iq_dwarf_text name;
	uint32_t type;
	uint32_t unused;
};

/* A closure and what it has captured, by its place behind the function. */
struct iq_dwarf_closure {
	struct iq_dwarf_text name; /* of the function */
	uint32_t first_field;
	uint32_t num_fields;
};

struct iq_dwarf_variables {
	void *data; /* what the others point into */
	const struct iq_dwarf_variable *variables;
	const struct iq_dwarf_table_type *types;
	const struct iq_dwarf_field *fields;
	const struct iq_dwarf_closure *closures;
	const char *texts;
	size_t num_variables, num_types, num_fields, num_closures;
};

/* Reads @executable, which has debug information (iq_dwarf_present()). */
struct iq_error *iq_dwarf_variables_read(const struct iq_elf *executable,
					 struct iq_dwarf_variables *ret)
	iq_must_check;
void iq_dwarf_variables_deinit(struct iq_dwarf_variables *variables);

struct iq_str iq_dwarf_text(const struct iq_dwarf_variables *variables,
			    struct iq_dwarf_text text);

#endif
