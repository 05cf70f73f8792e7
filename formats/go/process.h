/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Go program's build tells of the process: versions, module, flags.
 */
#ifndef IQ_GO_PROCESS_H
#define IQ_GO_PROCESS_H

#include "base/attr.h"
#include "base/error.h"
#include "formats/elf/elf.h"
#include "formats/go/program.h"
#include "model/fact.h"

/*
 * Sets what @info says in facts->process, and with @elf (which may be NULL) its
 * build ids and whether it has symbols. What is not known stays as it is.
 */
struct iq_error *iq_go_process_fill(struct iq_facts *facts,
				    const struct iq_go_buildinfo *info,
				    const struct iq_elf *elf) iq_must_check;

#endif
