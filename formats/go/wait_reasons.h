/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime.waitReasonStrings as the process itself has it: an array of strings
 * among the data of the runtime's module, which every core holds. It is known by
 * the lengths of its texts, even where the texts are not in the core, and proves
 * which numbers the reasons have.
 */
#ifndef IQ_GO_WAIT_REASONS_H
#define IQ_GO_WAIT_REASONS_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/go/go_versions.h"
#include "formats/go/pclntab.h"
#include "formats/memory.h"
#include "model/fact.h"

/* Whether @module's data has all wait reasons of @row in their order; its
 * address then. Texts that can be read are compared, too. */
bool iq_go_wait_reasons_find(const struct iq_memory *memory,
			     const struct iq_go_module *module,
			     const struct iq_go_version *row, uint64_t *ret);

/*
 * The array of a version that is not in the table: it begins as that of @row
 * does, by lengths and texts. Sets texts and number of *@version, copied into
 * @facts; false if there is no such array or a text is not in the core.
 */
bool iq_go_wait_reasons_read(const struct iq_memory *memory,
			     const struct iq_go_module *module,
			     const struct iq_go_version *row,
			     struct iq_facts *facts,
			     struct iq_go_version *version);

/* Copies @num texts from @addr; false if one cannot be read. */
bool iq_go_wait_reasons_copy(const struct iq_memory *memory, uint64_t addr,
			     uint32_t num, struct iq_facts *facts,
			     struct iq_go_version *version);

#endif
