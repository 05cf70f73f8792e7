/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/dwarf/layout.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "formats/dwarf/child.h"
#include "formats/dwarf/dwarf.h"
#include "formats/dwarf/resolve.h"

static const struct iq_child_limits limits = {
	.memory = IQ_LIMIT_DWARF_MEMORY,
	.cpu_seconds = IQ_LIMIT_DWARF_CPU_SECONDS,
	.wall_seconds = IQ_LIMIT_DWARF_WALL_SECONDS,
};

/* What the child starts with. */
struct request {
	const struct iq_elf *elf;
	const struct iq_go_version *nearest;
};

/* In the child: nothing is given back, for it ends. */
static struct iq_error *layout_fill(void *ctx, void *record)
{
	const struct request *request = ctx;
	struct iq_dwarf_layout *layout = record;
	struct iq_dwarf_sections sections = { 0 };
	struct iq_dwarf *dwarf = NULL;
	struct iq_error *err;

	layout->layout = *request->nearest->layout;
	layout->func_ids = *request->nearest->func_ids;
	layout->constants = *request->nearest->constants;
	layout->tables = *request->nearest->tables;
	err = iq_dwarf_sections_read(request->elf, &sections);
	if (!err)
		err = iq_dwarf_open(&sections, &dwarf);
	if (!err)
		err = iq_dwarf_resolve(dwarf, layout);
	iq_dwarf_destroy(dwarf);
	iq_dwarf_sections_deinit(&sections);
	return err;
}

/* Every field of struct iq_go_layout. */
static const struct {
	const char *name;
	size_t offset;
} fields[] = {
#define IQ_GO_FIELD(name, type, path)                                          \
	{ #name, offsetof(struct iq_go_layout, name) },
#define IQ_GO_SIZE(name, type)
#include "formats/go/go_fields.def"
#undef IQ_GO_FIELD
#undef IQ_GO_SIZE
};

/* No field lies further into its struct than structs are large. */
static struct iq_error *fields_check(const struct iq_go_layout *layout)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(fields); i++) {
		struct iq_go_field f;

		memcpy(&f, (const char *)layout + fields[i].offset, sizeof(f));
		if (f.offset == IQ_GO_ABSENT && f.size == 0)
			continue;
		if (f.offset > IQ_LIMIT_STRUCT ||
		    f.size > IQ_LIMIT_STRUCT - f.offset)
			return iq_error_new(IQ_ERROR_LIMIT,
					    "%s is at %u and has %u bytes",
					    fields[i].name, f.offset, f.size);
	}
	return NULL;
}

/* What a reader cannot do without must be there, whatever the version. */
static struct iq_error *essential_check(const struct iq_go_layout *l)
{
	const struct {
		const char *name;
		struct iq_go_field field;
	} essential[] = {
		{ "g.goid", l->g_goid },
		{ "g.atomicstatus", l->g_atomicstatus },
		{ "g.stack.lo", l->g_stack_lo },
		{ "g.stack.hi", l->g_stack_hi },
		{ "g.sched.sp", l->g_sched_sp },
		{ "g.sched.pc", l->g_sched_pc },
		{ "g.m", l->g_m },
		{ "m.procid", l->m_procid },
		{ "m.g0", l->m_g0 },
		{ "m.curg", l->m_curg },
		{ "moduledata.pcHeader", l->moduledata_pc_header },
		{ "moduledata.ftab", l->moduledata_ftab },
		{ "moduledata.text", l->moduledata_text },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(essential); i++)
		if (essential[i].field.offset == IQ_GO_ABSENT ||
		    essential[i].field.size == 0)
			return iq_error_new(IQ_ERROR_FORMAT,
					    "it lacks the field %s",
					    essential[i].name);
	return NULL;
}

struct iq_error *iq_dwarf_layout_read(const struct iq_elf *executable,
				      const struct iq_go_version *nearest,
				      struct iq_dwarf_layout *ret)
{
	struct request request = { .elf = executable, .nearest = nearest };
	struct iq_dwarf_layout layout = { 0 };
	struct iq_error *err;

	if (!iq_dwarf_present(executable))
		return iq_error_new(IQ_ERROR_UNSUPPORTED,
				    "there is no debug information");
	err = iq_child_run(&limits, layout_fill, &request, &layout,
			   sizeof(layout));
	// The child read hostile bytes: what it says is no better than they.
	if (!err)
		err = fields_check(&layout.layout);
	if (!err)
		err = essential_check(&layout.layout);
	if (err)
		return iq_error_within(err,
				       "debug information could not be read");
	*ret = layout;
	return NULL;
}
