/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moduledata: the record by which the runtime knows the code, data and tables of
 * one Go module. It is found by its shape where no symbol names it.
 */
#ifndef IQ_GO_MODULEDATA_H
#define IQ_GO_MODULEDATA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "formats/go/go_versions.h"
#include "formats/go/pclntab.h"
#include "formats/memory.h"

/*
 * The first address in [@start, @end) at which what is in @memory has the shape
 * of a moduledata. The part that is looked at is alike in all versions, so that
 * any version's layout serves.
 */
bool iq_go_moduledata_find(const struct iq_memory *memory,
			   const struct iq_go_layout *layout, uint64_t start,
			   uint64_t end, uint64_t *ret);

/*
 * Reads the one at @addr. False if it is not readable or has not the shape.
 * Path and flags of *@ret stay unset.
 */
bool iq_go_moduledata_read(const struct iq_memory *memory,
			   const struct iq_go_layout *layout, uint64_t addr,
			   struct iq_go_module *ret);

/*
 * Whether the part that moves between versions makes sense in @layout's place:
 * bit masks no longer than the data they describe, a successor that is one.
 */
bool iq_go_moduledata_fits(const struct iq_memory *memory,
			   const struct iq_go_layout *layout,
			   const struct iq_go_module *module);

/*
 * The pcHeader that @module names, against its magic and the offsets of its
 * tables. NULL if it is right, also if it cannot be read (*@readable_ret is
 * false then).
 */
struct iq_error *iq_go_moduledata_check(const struct iq_memory *memory,
					const struct iq_go_version *version,
					const struct iq_go_module *module,
					bool *readable_ret) iq_must_check;

/* The pcHeader's magic; false if it cannot be read. */
bool iq_go_moduledata_magic(const struct iq_memory *memory,
			    const struct iq_go_module *module, uint32_t *ret);

#endif
