/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/program.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "formats/dwarf/sections.h"
#include "formats/go/locate.h"
#include "formats/go/measure.h"
#include "formats/go/moduledata.h"
#include "formats/go/process.h"
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

/* Offset in its file of what is at @addr; 0 if it is nowhere. */
static uint64_t offset_of(const struct iq_go_program *program, uint64_t addr)
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

/* The version by the text that the linker left in a variable. */
static bool build_version(const struct iq_go_program *program,
			  struct iq_str *ret)
{
	const uint64_t max = 256;
	uint64_t addr, ptr, len, there;

	if (!iq_go_program_symbol(program, "runtime.buildVersion", &addr) ||
	    !iq_memory_u64(program->memory, addr, &ptr) ||
	    !iq_memory_u64(program->memory, addr + 8, &len) || len > max)
		return false;
	ret->ptr = (const char *)iq_memory_window(program->memory, ptr, &there);
	ret->len = (size_t)len;
	return ret->ptr && len <= there;
}

/* Whether the moduledata at @addr looks right with the layout of @row. */
static bool row_fits(const struct iq_go_program *program,
		     const struct iq_go_version *row, uint64_t addr)
{
	struct iq_go_module m;
	uint32_t magic;

	if (!iq_go_moduledata_read(program->memory, row->layout, addr, &m) ||
	    !iq_go_moduledata_fits(program->memory, row->layout, &m))
		return false;
	return !iq_go_moduledata_magic(program->memory, &m, &magic) ||
	       magic == row->tables->pclntab_magic;
}

/* The newest row that fits, where no text tells the version. */
static const struct iq_go_version *
version_by_shape(const struct iq_go_program *program, uint64_t addr)
{
	size_t num;
	const struct iq_go_version *rows = iq_go_versions(&num);

	for (size_t i = num; i-- > 0;) {
		if (strcmp(rows[i].arch, program->core->arch) == 0 &&
		    row_fits(program, &rows[i], addr))
			return &rows[i];
	}
	return NULL;
}

static const struct iq_core_module *file_of(const struct iq_core *core,
					    uint64_t addr)
{
	for (size_t i = 0; i < core->num_modules; i++) {
		if (addr >= core->modules[i].start &&
		    addr < core->modules[i].end)
			return &core->modules[i];
	}
	return NULL;
}

/* Says that a row is taken which may be wrong, and why the executable did not
 * tell a better one. */
static void version_assume(struct iq_go_program *program,
			   struct iq_facts *facts, const char *why)
{
	char quoted[IQ_STR_QUOTE_SIZE];
	const struct iq_go_version *v = program->version;

	if (program->go_version.len)
		iq_facts_gap(
			facts, IQ_GAP_LAYOUT,
			"the runtime's layout of %s was not measured: that "
			"of go1.%u.%u is assumed; %s",
			iq_str_quote(program->go_version, quoted), v->minor,
			v->patch, why);
	else
		iq_facts_gap(facts, IQ_GAP_LAYOUT,
			     "the Go version is not told by build information: "
			     "go1.%u, the newest whose tables have this shape, "
			     "is assumed; %s",
			     v->minor, why);
}

static bool row_agrees(const struct iq_go_version *row, unsigned number,
		       const char *text)
{
	return number < row->num_wait_reasons &&
	       strcmp(row->wait_reasons[number], text) == 0;
}

/*
 * The version was guessed: of wait reasons, which are numbered anew in many,
 * those remain that all versions share which it can be.
 */
static struct iq_error *wait_reasons_doubt(struct iq_go_program *program,
					   struct iq_facts *facts,
					   uint64_t addr)
{
	struct iq_go_version *v = iq_arena_calloc(&facts->arena, 1, sizeof(*v));
	size_t num_rows;
	const struct iq_go_version *rows = iq_go_versions(&num_rows);
	const char **texts;

	if (!v)
		return &iq_enomem;
	*v = *program->version;
	texts = iq_arena_calloc(&facts->arena, v->num_wait_reasons,
				sizeof(*texts));
	if (!texts)
		return &iq_enomem;
	memcpy(texts, v->wait_reasons, v->num_wait_reasons * sizeof(*texts));
	for (size_t i = 0; i < num_rows; i++) {
		if (strcmp(rows[i].arch, v->arch) != 0 ||
		    !row_fits(program, &rows[i], addr))
			continue;
		for (unsigned k = 0; k < v->num_wait_reasons; k++) {
			if (texts[k] && !row_agrees(&rows[i], k, texts[k]))
				texts[k] = NULL;
		}
	}
	v->wait_reasons = texts;
	program->version = v;
	return NULL;
}

/*
 * The version is not in the table: measures the executable that ran, and keeps
 * the nearest row only where that cannot be done.
 */
static struct iq_error *version_adapt(struct iq_go_program *program,
				      struct iq_facts *facts, uint64_t addr)
{
	const struct iq_core_module *file = file_of(program->core, addr);
	struct iq_error *err;

	if (!file || !file->verified || !iq_dwarf_present(file->elf)) {
		version_assume(program, facts,
			       "the executable with its debug information "
			       "would tell");
		return program->go_version.len ?
			       NULL :
			       wait_reasons_doubt(program, facts, addr);
	}
	err = iq_go_version_measure(program->core, file, program->version,
				    facts, &program->version);
	if (!err || err->code == IQ_ERROR_NOMEM)
		return err;
	version_assume(program, facts, err->text);
	iq_error_destroy(err);
	return program->go_version.len ?
		       NULL :
		       wait_reasons_doubt(program, facts, addr);
}

/* The row for the process, whose first moduledata is at @addr. */
static struct iq_error *version_find(struct iq_go_program *program,
				     struct iq_facts *facts, uint64_t addr)
{
	char quoted[IQ_STR_QUOTE_SIZE];
	struct iq_str text = program->buildinfo.version;
	unsigned minor, patch;

	if (!text.len && !build_version(program, &text))
		text = (struct iq_str){ 0 };
	program->go_version = text;
	if (iq_go_version_parse(text, &minor, &patch))
		program->version = iq_go_version_find(text, program->core->arch,
						      &program->version_exact);
	else
		program->version = version_by_shape(program, addr);
	if (!program->version && text.len)
		return iq_error_at(IQ_ERROR_UNSUPPORTED,
				   offset_of(program, addr),
				   "the runtime of %s is not one that can be "
				   "read: go1.18 is the oldest",
				   iq_str_quote(text, quoted));
	if (!program->version)
		return iq_error_at(
			IQ_ERROR_UNSUPPORTED, offset_of(program, addr),
			"the Go version is unknown and the runtime's "
			"tables have no known shape");
	struct iq_error *err = NULL;
	if (!program->version_exact)
		err = version_adapt(program, facts, addr);
	if (!err && !row_fits(program, program->version, addr))
		iq_facts_gap_addr(facts, IQ_GAP_LAYOUT, addr,
				  "moduledata has not the shape of %s: what "
				  "is read from the runtime may be wrong",
				  iq_str_quote(text, quoted));
	return err;
}

static enum iq_gap_code tables_gap_code(const struct iq_core *core,
					const struct iq_error *err)
{
	if (err->code == IQ_ERROR_FORMAT)
		return IQ_GAP_DAMAGED;
	return core->truncated ? IQ_GAP_TRUNCATED : IQ_GAP_MISSING;
}

/* Says that functions of @m have no names, why, and what would help. */
static void names_missing(const struct iq_go_program *program,
			  struct iq_facts *facts, const struct iq_go_module *m,
			  const struct iq_error *err)
{
	char path[IQ_STR_QUOTE_SIZE], id[IQ_ELF_ID_TEXT_SIZE];
	const struct iq_core_module *file =
		file_of(program->core, m->moduledata_addr);
	enum iq_gap_code code = tables_gap_code(program->core, err);

	iq_str_quote(m->path.len ? m->path : IQ_STR("the executable"), path);
	if (!file || file->elf)
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

/* Sets what can be done with the tables of @m. */
static struct iq_error *tables_check(struct iq_go_program *program,
				     struct iq_facts *facts,
				     struct iq_go_module *m)
{
	const struct iq_core_module *file;
	bool readable;
	uint8_t byte;
	struct iq_error *err;

	file = file_of(program->core, m->moduledata_addr);
	if (!file)
		file = file_of(program->core, m->text);
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
		iq_facts_gap_addr(facts, IQ_GAP_MISSING, m->gofunc,
				  "inlined calls cannot be told from the "
				  "functions that they were inlined into: the "
				  "core has no inline trees and the executable "
				  "is not here");
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

/* A library with Go code that the runtime's chain of modules does not lead to:
 * two such libraries in one process have two runtimes. */
static void other_runtime(const struct iq_go_program *program,
			  struct iq_facts *facts, uint64_t addr)
{
	char path[IQ_STR_QUOTE_SIZE];
	const struct iq_core_module *file = file_of(program->core, addr);

	iq_facts_gap_addr(facts, IQ_GAP_UNSUPPORTED, addr,
			  "%s has a Go runtime of its own, whose goroutines "
			  "are not read",
			  iq_str_quote(file ? file->path : IQ_STR(""), path));
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
			other_runtime(program, facts, addr);
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
		err = iq_error_at(IQ_ERROR_FORMAT,
				  offset_of(program, places->addrs[0]),
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
	file = file_of(core, places.addrs[0]);
	if (file && file->verified && iq_elf_has_symbols(file->elf))
		err = iq_go_symbols_create(file->elf, file->bias,
					   &program->symbols);
	iq_go_buildinfo_locate(core, file, &program->buildinfo);
	if (!err)
		err = version_find(program, facts, places.addrs[0]);
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
