/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/program.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "formats/go/locate.h"
#include "formats/go/moduledata.h"
#include "formats/go/process.h"
#include "formats/go/program_version.h"
#include "formats/go/runtimes.h"
#include "formats/go/symbols.h"

static void program_destroy(void *object)
{
	struct iq_go_program *program = object;

	iq_pclntab_destroy(program->pcln);
	iq_go_symbols_destroy(program->symbols);
	free(program->modules);
	free(program);
}

bool iq_go_program_symbol(const struct iq_go_program *program, const char *name,
			  uint64_t *ret)
{
	return iq_go_symbols_find(program->symbols, name, ret);
}

/* Where an ELF header says for which machine it is. */
#define E_MACHINE_AT 18

uint64_t iq_go_program_offset(const struct iq_go_program *program,
			      uint64_t addr)
{
	const struct iq_memory_range *r = iq_memory_find(program->memory, addr);

	return r ? r->offset + (addr - r->addr) : 0;
}

/* Any row of the core's architecture: what it needs is alike in all. */
static struct iq_error *any_version(const struct iq_core *core,
				    const struct iq_go_version **ret)
{
	size_t num;
	const struct iq_go_version *rows = iq_go_versions(&num);

	for (size_t i = num; core->arch && i-- > 0;) {
		if (strcmp(rows[i].arch, core->arch) == 0) {
			*ret = &rows[i];
			return NULL;
		}
	}
	if (core->arch)
		return iq_error_at(IQ_ERROR_UNSUPPORTED, E_MACHINE_AT,
				   "Go processes of %s cannot be read yet",
				   core->arch);
	return iq_error_at(IQ_ERROR_UNSUPPORTED, E_MACHINE_AT,
			   "Go processes of ELF machine %u cannot be read",
			   core->machine);
}

const struct iq_core_module *
iq_go_program_file(const struct iq_go_program *program, uint64_t addr)
{
	const struct iq_core *core = program->core;

	for (size_t i = 0; i < core->num_modules; i++) {
		if (addr >= core->modules[i].start &&
		    addr < core->modules[i].end)
			return &core->modules[i];
	}
	return NULL;
}

static enum iq_gap_code tables_gap_code(const struct iq_core *core,
					const struct iq_error *err)
{
	if (err->code == IQ_ERROR_FORMAT)
		return IQ_GAP_DAMAGED;
	return core->truncated ? IQ_GAP_TRUNCATED : IQ_GAP_MISSING;
}

static bool is_cut(const struct iq_elf *elf)
{
	return iq_elf_promised_end(elf) > iq_elf_source(elf)->size;
}

/* Says that functions of @m have no names, why, and what would help. */
static void names_missing(const struct iq_go_program *program,
			  struct iq_facts *facts, const struct iq_go_module *m,
			  const struct iq_error *err)
{
	char path[IQ_STR_QUOTE_SIZE], id[IQ_ELF_ID_TEXT_SIZE];
	const struct iq_core_module *file =
		iq_go_program_file(program, m->moduledata_addr);
	enum iq_gap_code code = tables_gap_code(program->core, err);

	iq_str_quote(m->path.len ? m->path : IQ_STR("the executable"), path);
	if (file && file->elf && is_cut(file->elf))
		iq_facts_gap_addr(
			facts, IQ_GAP_TRUNCATED, m->pclntab_addr,
			"functions of %s have no names and stacks cannot be "
			"unwound: the file ends at byte %" PRIu64
			", its headers promise %" PRIu64 ": copy it again",
			path, iq_elf_source(file->elf)->size,
			iq_elf_promised_end(file->elf));
	else if (!file || file->elf)
		iq_facts_gap_addr(facts, code, m->pclntab_addr,
				  "functions of %s have no names and stacks "
				  "cannot be unwound: %s",
				  path, err->text);
	else
		iq_facts_gap(
			facts, code,
			"functions of %s have no names and stacks cannot "
			"be unwound: %.*s; give the file with %s",
			path, IQ_STR_ARG(file->absent),
			iq_elf_id_text(file->build_id, file->go_build_id, id));
}

/* Says that the core names the functions of @m, but not what was inlined. */
static void inlining_missing(const struct iq_go_program *program,
			     struct iq_facts *facts,
			     const struct iq_go_module *m)
{
	char path[IQ_STR_QUOTE_SIZE], id[IQ_ELF_ID_TEXT_SIZE];
	const struct iq_core_module *file =
		iq_go_program_file(program, m->moduledata_addr);

	iq_str_quote(m->path.len ? m->path : IQ_STR("the executable"), path);
	if (!file || file->elf)
		iq_facts_gap_addr(facts, IQ_GAP_MISSING, m->gofunc,
				  "inlined calls of %s cannot be told from the "
				  "functions that they were inlined into: "
				  "their trees are unreadable",
				  path);
	else
		iq_facts_gap(
			facts, IQ_GAP_MISSING,
			"inlined calls of %s cannot be told from the "
			"functions that they were inlined into: the core "
			"has no trees of them, and %.*s; give the file "
			"with %s",
			path, IQ_STR_ARG(file->absent),
			iq_elf_id_text(file->build_id, file->go_build_id, id));
}

/* Sets what can be done with the tables of @m. */
static struct iq_error *tables_check(struct iq_go_program *program,
				     struct iq_facts *facts,
				     struct iq_go_module *m)
{
	const struct iq_core_module *file;
	bool readable;
	uint8_t byte;
	struct iq_error *err;

	file = iq_go_program_file(program, m->moduledata_addr);
	if (!file)
		file = iq_go_program_file(program, m->text);
	if (file)
		m->path = file->path;
	err = iq_go_moduledata_check(program->memory, program->version, m,
				     &readable);
	if (!err)
		err = iq_pclntab_check(program->memory, program->version, m);
	if (err && err->code == IQ_ERROR_NOMEM)
		return err;
	m->has_pclntab = !err;
	if (err)
		names_missing(program, facts, m, err);
	iq_error_destroy(err);
	m->has_funcdata =
		m->has_pclntab && m->gofunc &&
		iq_memory_read(program->memory, m->gofunc, sizeof(byte), &byte);
	if (m->has_pclntab && !m->has_funcdata)
		inlining_missing(program, facts, m);
	return NULL;
}

static bool known_module(const struct iq_go_module *modules, size_t num,
			 uint64_t addr)
{
	for (size_t i = 0; i < num; i++) {
		if (modules[i].moduledata_addr == addr)
			return true;
	}
	return false;
}

/* Every module of every root: moduledata leads to the next one. */
static struct iq_error *modules_read(struct iq_go_program *program,
				     struct iq_facts *facts,
				     const struct iq_go_places *places)
{
	const struct iq_go_layout *layout = program->version->layout;
	IQ_VEC(struct iq_go_module) modules = { 0 };
	struct iq_error *err = NULL;

	for (size_t i = 0; i < places->num && !err; i++) {
		uint64_t addr = places->addrs[i];
		if (i && !known_module(modules.data, modules.len, addr))
			iq_go_runtime_other(program, facts, addr);
		while (addr && !err &&
		       !known_module(modules.data, modules.len, addr)) {
			struct iq_go_module m;
			if (modules.len == IQ_LIMIT_MODULES) {
				iq_facts_gap(facts, IQ_GAP_LIMIT,
					     "more than %d Go modules",
					     IQ_LIMIT_MODULES);
				break;
			}
			if (!iq_go_moduledata_read(program->memory, layout,
						   addr, &m)) {
				iq_facts_gap_addr(facts, IQ_GAP_DAMAGED, addr,
						  "no moduledata here, where "
						  "another one says it is");
				break;
			}
			// Masks in the wrong place would hide pointers.
			if (!iq_go_moduledata_fits(program->memory, layout, &m))
				m.gcdata_nbits = m.gcbss_nbits = 0;
			err = tables_check(program, facts, &m);
			if (!err && !iq_vec_push(&modules, m))
				err = &iq_enomem;
			addr = m.next;
		}
	}
	program->modules = modules.data;
	program->num_modules = modules.len;
	if (!err && !modules.len)
		err = iq_error_at(
			IQ_ERROR_FORMAT,
			iq_go_program_offset(program, places->addrs[0]),
			"moduledata cannot be read");
	return err;
}

/* Whether the program calls C: its own variable, else a function that only the
 * package runtime/cgo brings in. */
static enum iq_tristate cgo_of(const struct iq_go_program *program)
{
	const struct iq_go_module *m = &program->modules[0];
	uint64_t addr, len;
	uint8_t iscgo;

	if (iq_go_program_symbol(program, "runtime.iscgo", &addr) &&
	    iq_memory_read(program->memory, addr, 1, &iscgo) && iscgo <= 1)
		return iscgo ? IQ_YES : IQ_NO;
	if (!m->has_pclntab)
		return IQ_UNKNOWN;
	// Go: src/runtime/cgo/callbacks.go, kept by cgo_export_static.
	const struct iq_str name = IQ_STR("runtime._cgo_panic_internal");
	const uint8_t *names =
		iq_memory_window(program->memory, m->funcnametab, &len);
	if (!names || len < m->funcnametab_len)
		return IQ_UNKNOWN;
	return memmem(names, m->funcnametab_len, name.ptr, name.len) ? IQ_YES :
								       IQ_NO;
}

static struct iq_error *process_fill(struct iq_go_program *program,
				     const struct iq_core_module *file,
				     struct iq_facts *facts)
{
	const struct iq_core *core = program->core;
	struct iq_process_fact *p = &facts->process;
	const char *signal = iq_core_signal_name(core->signal);
	struct iq_str path = core->execfn;
	struct iq_error *err;

	err = iq_go_process_fill(facts, &program->buildinfo,
				 file && file->verified ? file->elf : NULL);
	if (err)
		return err;
	p->go_version = program->go_version;
	p->arch = iq_str_of(core->arch);
	if (core->num_modules && core->modules[0].path.len)
		path = core->modules[0].path;
	p->executable = path;
	if (file && !p->build_id.len)
		p->build_id = file->build_id;
	if (file && !p->go_build_id.len)
		p->go_build_id = file->go_build_id;
	p->has_pid = core->has_pid;
	p->pid = core->pid;
	if (core->has_signal && signal)
		p->signal = iq_str_of(signal);
	p->has_fault_addr = core->has_fault_addr;
	p->fault_addr = core->fault_addr;
	enum iq_tristate cgo = cgo_of(program);
	if (cgo != IQ_UNKNOWN)
		p->cgo = cgo;
	return NULL;
}

static struct iq_error *program_read(struct iq_go_program *program,
				     struct iq_facts *facts)
{
	const struct iq_core *core = program->core;
	const struct iq_go_version *any = NULL;
	const struct iq_core_module *file;
	struct iq_go_places places = { 0 };
	struct iq_error *err = any_version(core, &any);

	if (!err)
		err = iq_go_places_find(core, any->layout, &places);
	if (err)
		goto out;
	iq_go_places_prefer(core, any->layout, &places);
	file = iq_go_program_file(program, places.addrs[0]);
	if (file && file->verified && iq_elf_has_symbols(file->elf))
		err = iq_go_symbols_create(file->elf, file->bias,
					   &program->symbols);
	iq_go_buildinfo_locate(core, file, &program->buildinfo);
	if (!err)
		err = iq_go_program_version_find(program, facts,
						 places.addrs[0]);
	if (!err)
		err = modules_read(program, facts, &places);
	if (!err)
		err = iq_pclntab_create(program->memory, program->version,
					program->modules, program->num_modules,
					&program->pcln);
	if (!err)
		err = process_fill(program, file, facts);
out:
	iq_go_places_deinit(&places);
	return err;
}

struct iq_error *iq_go_program_open(const struct iq_core *core,
				    struct iq_facts *facts,
				    struct iq_go_program **ret)
{
	struct iq_go_program *program = calloc(1, sizeof(*program));
	struct iq_error *err;

	if (!program)
		return &iq_enomem;
	program->core = core;
	program->memory = core->memory;
	err = iq_facts_own(facts, program_destroy, program);
	if (err)
		return err;
	err = program_read(program, facts);
	if (!err)
		*ret = program;
	return err;
}
