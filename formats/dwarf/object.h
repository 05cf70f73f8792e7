/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections that were read elsewhere, handed to libdwarf. Whatever is done with
 * it runs in a child process (formats/dwarf/child.h).
 */
#ifndef IQ_DWARF_OBJECT_H
#define IQ_DWARF_OBJECT_H

#include "base/attr.h"
#include "base/error.h"
#include "formats/dwarf/sections.h"

struct Dwarf_Debug_s; /* libdwarf's */
struct iq_dwarf_object;

/* @sections outlive the result. */
struct iq_error *iq_dwarf_object_open(const struct iq_dwarf_sections *sections,
				      struct iq_dwarf_object **ret)
	iq_must_check;
/* May be NULL. */
void iq_dwarf_object_close(struct iq_dwarf_object *object);

/* As libdwarf's functions take it. */
struct Dwarf_Debug_s *
iq_dwarf_object_debug(const struct iq_dwarf_object *object);

#endif
