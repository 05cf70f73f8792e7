/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row for a runtime that the table does not have, made from the debug
 * information of the executable that the process ran.
 */
#ifndef IQ_GO_MEASURE_H
#define IQ_GO_MEASURE_H

#include "base/attr.h"
#include "base/error.h"
#include "formats/elf/core.h"
#include "formats/go/go_versions.h"
#include "model/fact.h"

/*
 * The row of the process that ran @file, whose nearest relative in the table is
 * @nearest: that keeps its number and what debug information cannot tell. Wait
 * reasons come from the process's memory; where they cannot be read, a gap says
 * that those of @nearest are taken. Lives as long as @facts. An error if there
 * is no debug information, or none that can be read.
 */
struct iq_error *iq_go_version_measure(const struct iq_core *core,
				       const struct iq_core_module *file,
				       const struct iq_go_version *nearest,
				       struct iq_facts *facts,
				       const struct iq_go_version **ret)
	iq_must_check;

#endif
