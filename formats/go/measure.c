/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/measure.h"

#include "formats/dwarf/layout.h"

/* runtime.waitReason is one byte. Go: src/runtime/runtime2.go. */
#define MAX_WAIT_REASONS 256
/* The longest text has 40 bytes. */
#define MAX_WAIT_REASON_LEN 256

/* A row and all that it points at. */
struct measured {
	struct iq_go_version version;
	struct iq_dwarf_layout dwarf;
};

/* Copies the string at @addr; false if there is none that could be a text. */
static bool text_read(const struct iq_memory *memory, uint64_t addr,
		      struct iq_facts *facts, const char **ret)
{
	uint64_t ptr, len;
	char *text;

	if (!iq_memory_u64(memory, addr, &ptr) ||
	    !iq_memory_u64(memory, addr + 8, &len) || len > MAX_WAIT_REASON_LEN)
		return false;
	text = iq_arena_alloc(&facts->arena, (size_t)len + 1);
	if (!text || (len && !iq_memory_read(memory, ptr, (size_t)len, text)))
		return false;
	text[len] = '\0';
	*ret = text;
	return true;
}

/* The texts as the process has them; the one of 0 is empty. */
static bool wait_reasons_read(const struct iq_memory *memory, uint64_t addr,
			      uint32_t num, struct iq_facts *facts,
			      struct iq_go_version *version)
{
	const char **texts;

	if (num == 0 || num > MAX_WAIT_REASONS)
		return false;
	texts = iq_arena_calloc(&facts->arena, num, sizeof(*texts));
	if (!texts)
		return false;
	for (uint32_t i = 0; i < num; i++)
		if (!text_read(memory, addr + 16 * i, facts, &texts[i]))
			return false;
	if (texts[0][0] != '\0')
		return false;
	version->wait_reasons = texts;
	version->num_wait_reasons = num;
	return true;
}

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
	if (!wait_reasons_read(core->memory,
			       dwarf->wait_reasons_addr + file->bias,
			       dwarf->num_wait_reasons, facts, &m->version))
		iq_facts_gap(facts, IQ_GAP_LAYOUT,
			     "the texts of wait reasons cannot be read: those "
			     "of go1.%u.%u are assumed",
			     nearest->minor, nearest->patch);
	*ret = &m->version;
	return NULL;
}
