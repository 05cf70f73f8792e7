/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a core's Go programs begin: their first moduledata and their build
 * information, with or without the files that were mapped.
 */
#ifndef IQ_GO_LOCATE_H
#define IQ_GO_LOCATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "formats/elf/core.h"
#include "formats/go/go_versions.h"
#include "formats/go/program.h"

/* Addresses of moduledata, the executable's first. */
struct iq_go_places {
	uint64_t *addrs;
	size_t num;
	size_t cap;
};

/*
 * One place for each file that has Go code in it. An error if there is none;
 * its text says whether that could be the core's fault.
 */
struct iq_error *iq_go_places_find(const struct iq_core *core,
				   const struct iq_go_layout *layout,
				   struct iq_go_places *ret) iq_must_check;
void iq_go_places_deinit(struct iq_go_places *places);

/*
 * The build information of @file, in memory or in the file itself; of anything
 * writable if @file is NULL. False if there is none.
 */
bool iq_go_buildinfo_locate(const struct iq_core *core,
			    const struct iq_core_module *file,
			    struct iq_go_buildinfo *ret);

/* That of an executable, from its own bytes. */
bool iq_go_buildinfo_of_elf(const struct iq_elf *elf,
			    struct iq_go_buildinfo *ret);

#endif
