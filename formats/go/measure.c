/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/measure.h"

#include "formats/dwarf/layout.h"
#include "formats/go/wait_reasons.h"

/* A row and all that it points at. */
struct measured {
	struct iq_go_version version;
	struct iq_dwarf_layout dwarf;
};

struct iq_error *iq_go_version_measure(const struct iq_core *core,
				       const struct iq_core_module *file,
				       const struct iq_go_version *nearest,
				       struct iq_facts *facts,
				       const struct iq_go_version **ret)
{
	struct measured *m = iq_arena_calloc(&facts->arena, 1, sizeof(*m));
	struct iq_dwarf_layout *dwarf;
	struct iq_error *err;

	if (!m)
		return &iq_enomem;
	dwarf = &m->dwarf;
	err = iq_dwarf_layout_read(file->elf, nearest, dwarf);
	if (err)
		return err;
	m->version = *nearest;
	m->version.layout = &dwarf->layout;
	m->version.func_ids = &dwarf->func_ids;
	m->version.constants = &dwarf->constants;
	m->version.tables = &dwarf->tables;
	if (!iq_go_wait_reasons_copy(
		    core->memory, dwarf->wait_reasons_addr + file->bias,
		    dwarf->num_wait_reasons, facts, &m->version))
		iq_facts_gap(facts, IQ_GAP_LAYOUT,
			     "the texts of wait reasons cannot be read: those "
			     "of go1.%u.%u are assumed",
			     nearest->minor, nearest->patch);
	*ret = &m->version;
	return NULL;
}
