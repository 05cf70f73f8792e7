/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of names, and the entries of debug information that have them.
 */
#ifndef IQ_DWARF_NAMES_H
#define IQ_DWARF_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "formats/dwarf/dwarf.h"

enum iq_dwarf_space {
	IQ_DWARF_TYPES,
	IQ_DWARF_VARIABLES,
	IQ_DWARF_CONSTANTS,
};

struct iq_dwarf_name {
	enum iq_dwarf_space space;
	struct iq_str text; /* with the package: "runtime.g" */
	bool found;
	uint64_t entry;
};

/* A zeroed struct is an empty set. */
struct iq_dwarf_names {
	struct iq_arena arena;
	/* Sorted once iq_dwarf_names_look_up() has run. */
	IQ_VEC(struct iq_dwarf_name) all;
	/* Whether any constant was there, wanted or not. */
	bool any_constant;
};

void iq_dwarf_names_deinit(struct iq_dwarf_names *names);

/* Texts of the .def files, which stay the caller's: "var x" is the variable x,
 * a constant without a package is internal/abi's or the runtime's. False
 * without memory. */
bool iq_dwarf_names_want_type(struct iq_dwarf_names *names, struct iq_str text);
bool iq_dwarf_names_want_constant(struct iq_dwarf_names *names,
				  struct iq_str text);

/* Looks for all of them; no more can be wanted afterwards. */
struct iq_error *iq_dwarf_names_look_up(struct iq_dwarf_names *names,
					struct iq_dwarf *dwarf) iq_must_check;

/* The entry of a name that was wanted and found, or NULL. */
const struct iq_dwarf_name *
iq_dwarf_names_type(const struct iq_dwarf_names *names, struct iq_str text);
const struct iq_dwarf_name *
iq_dwarf_names_constant(const struct iq_dwarf_names *names, struct iq_str text);

#endif
