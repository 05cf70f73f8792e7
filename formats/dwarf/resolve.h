/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of formats/go/go_fields.def and its like, looked up in debug
 * information. Runs in the child process: see formats/dwarf/layout.c.
 */
#ifndef IQ_DWARF_RESOLVE_H
#define IQ_DWARF_RESOLVE_H

#include "base/attr.h"
#include "base/error.h"
#include "formats/dwarf/dwarf.h"
#include "formats/dwarf/layout.h"

/*
 * Overwrites in @layout, which holds the nearest row, all that @dwarf tells.
 * An error leaves it half written.
 */
struct iq_error *iq_dwarf_resolve(struct iq_dwarf *dwarf,
				  struct iq_dwarf_layout *layout) iq_must_check;

#endif
