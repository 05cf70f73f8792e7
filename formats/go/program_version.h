/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which row of the table a process is read with: by its version where that was
 * measured, by the executable's debug information, else the row that agrees
 * best with what the process itself holds.
 */
#ifndef IQ_GO_PROGRAM_VERSION_H
#define IQ_GO_PROGRAM_VERSION_H

#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "formats/go/program.h"
#include "model/fact.h"

/*
 * Sets go_version, version and its flags of @program, whose first moduledata is
 * at @addr. What is assumed, and what of the process agrees with it or does not,
 * becomes a gap. An error if there is no row to read it with.
 */
struct iq_error *iq_go_program_version_find(struct iq_go_program *program,
					    struct iq_facts *facts,
					    uint64_t addr) iq_must_check;

#endif
