/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf/core_modules.h"

#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/vec.h"
#include "formats/elf/core_files.h"
#include "formats/elf/core_identity.h"
#include "formats/elf/core_place.h"

#define PAGE_SIZE UINT64_C(4096)
/* Segments of one file: linkers make a dozen; keeps rows × segments small. */
#define MAX_SEGMENTS 256

struct finder {
	const struct iq_read_context *context;
	struct iq_core *core;
	const struct iq_memory *dumped;
	struct iq_facts *facts;
	IQ_VEC(struct iq_core_module) modules;
	/* The user's files, opened; NULL where that failed. */
	struct iq_elf **candidates;
	/* Those that belong to a module, or of which it is said why not. */
	bool *used;
	/* Those that have debug information alone. */
	bool *is_debug;
};

static void finder_deinit(struct finder *f)
{
	for (size_t i = 0; f->candidates && i < f->context->num_executables;
	     i++)
		iq_elf_destroy(f->candidates[i]);
	free(f->candidates);
	free(f->used);
	free(f->is_debug);
}

static struct iq_error *candidates_open(struct finder *f)
{
	size_t num = f->context->num_executables;

	f->candidates = calloc(num + 1, sizeof(struct iq_elf *));
	f->used = calloc(num + 1, sizeof(*f->used));
	f->is_debug = calloc(num + 1, sizeof(*f->is_debug));
	if (!f->candidates || !f->used || !f->is_debug)
		return &iq_enomem;
	for (size_t i = 0; i < num; i++) {
		struct iq_error *err = iq_elf_open(f->context->executables[i],
						   &f->candidates[i]);
		if (err && err->code == IQ_ERROR_NOMEM)
			return err;
		// What is wrong with it is said by the reader of that file.
		iq_error_destroy(err);
		f->is_debug[i] = f->candidates[i] &&
				 !iq_elf_has_contents(f->candidates[i]);
	}
	return NULL;
}

static struct iq_str without_deleted(struct iq_str path)
{
	// Linux: fs/d_path.c, path_with_deleted().
	const struct iq_str deleted = IQ_STR(" (deleted)");

	if (iq_str_ends(path, deleted))
		path.len -= deleted.len;
	return path;
}

static int compare_files(const void *a, const void *b)
{
	const struct iq_core_file *x = *(const struct iq_core_file *const *)a;
	const struct iq_core_file *y = *(const struct iq_core_file *const *)b;
	int order = iq_str_compare(x->path, y->path);

	if (order)
		return order;
	return (x->start > y->start) - (x->start < y->start);
}

static int compare_modules(const void *a, const void *b)
{
	const struct iq_core_module *x = a;
	const struct iq_core_module *y = b;

	if (x->is_executable != y->is_executable)
		return x->is_executable ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

/*
 * The rows of one path: the module that begins where the file's beginning is
 * mapped, and goes on as long as its rows follow each other in the file, too.
 */
static bool module_of_rows(const struct finder *f,
			   const struct iq_core_file **rows, size_t num,
			   struct iq_core_module *ret)
{
	uint64_t phdr = f->core->auxv_phdr;
	const struct iq_core_file *prev = NULL;
	struct iq_core_module m = { .rows = rows, .num_rows = num };

	for (size_t i = 0; i < num; i++) {
		const struct iq_core_file *row = rows[i];
		if (f->core->has_phdr && phdr >= row->start && phdr < row->end)
			m.is_executable = true;
		if (!prev && row->offset)
			continue;
		if (!prev) {
			m.path = without_deleted(row->path);
			m.was_memfd = iq_str_starts(m.path, IQ_STR("/memfd:"));
			m.was_deleted = m.path.len < row->path.len;
			m.start = row->start;
			m.end = row->end;
		} else if (row->offset > prev->offset) {
			m.end = row->end;
		}
		prev = row;
	}
	if (!prev)
		return false;
	*ret = m;
	return true;
}

/* One module for each path of NT_FILE that is or may be an ELF file. */
static struct iq_error *modules_of_files(struct finder *f)
{
	size_t num = f->core->num_files;
	const struct iq_core_file **rows = calloc(num + 1, sizeof(*rows));

	if (!rows)
		return &iq_enomem;
	f->core->files_by_path = rows;
	for (size_t i = 0; i < num; i++)
		rows[i] = &f->core->files[i];
	qsort(rows, num, sizeof(struct iq_core_file *), compare_files);
	for (size_t i = 0, end; i < num; i = end) {
		struct iq_core_module m;
		uint32_t magic = 0;

		for (end = i + 1; end < num; end++) {
			if (!iq_str_equal(rows[end]->path, rows[i]->path))
				break;
		}
		if (!module_of_rows(f, rows + i, end - i, &m))
			continue;
		// A first page that was dumped and is no ELF header: a mapped
		// data file.
		if (iq_memory_u32(f->dumped, m.start, &magic) &&
		    memcmp(&magic, ELFMAG, SELFMAG))
			continue;
		if (f->modules.len >= IQ_LIMIT_MODULES) {
			iq_facts_gap(f->facts, IQ_GAP_LIMIT,
				     "more than %d mapped modules: the rest is "
				     "not looked at",
				     IQ_LIMIT_MODULES);
			break;
		}
		if (!iq_vec_push(&f->modules, m))
			return &iq_enomem;
	}
	return NULL;
}

static bool is_module_at(const struct finder *f, uint64_t start)
{
	for (size_t i = 0; i < f->modules.len; i++) {
		if (f->modules.data[i].start == start)
			return true;
	}
	return false;
}

/* A core without notes: what memory itself shows of the user's file @i. */
static struct iq_error *module_of_memory(struct finder *f, size_t i)
{
	const char *path = f->context->executables[i]->path;
	char quoted[IQ_STR_QUOTE_SIZE];
	struct iq_core_place place;
	struct iq_error *err = iq_core_place_find(f->core->elf, f->dumped,
						  f->candidates[i], &place);

	if (err)
		return err;
	if (place.match == IQ_CORE_UNKNOWN_FILE) {
		f->used[i] = true;
		iq_facts_gap(f->facts, IQ_GAP_MISSING,
			     "%s is not used: the core does not tell where it "
			     "was mapped",
			     iq_str_quote(iq_str_of(path), quoted));
		return NULL;
	}
	if (place.match == IQ_CORE_OTHER_FILE || is_module_at(f, place.start))
		return NULL;
	struct iq_core_module m = { .start = place.start, .end = place.start };
	return iq_vec_push(&f->modules, m) ? NULL : &iq_enomem;
}

static struct iq_error *text_set(struct finder *f, struct iq_str *field,
				 struct iq_str s)
{
	return iq_facts_string(f->facts, s, field);
}

static struct iq_error *ids_take(struct finder *f, struct iq_core_module *m,
				 const struct iq_elf *elf)
{
	struct iq_error *err = NULL;

	if (!m->build_id.len && iq_elf_build_id(elf).len)
		err = text_set(f, &m->build_id, iq_elf_build_id(elf));
	if (!err && !m->go_build_id.len && iq_elf_go_build_id(elf).len)
		err = text_set(f, &m->go_build_id, iq_elf_go_build_id(elf));
	return err;
}

/* Whether a linker made it: the kernel's own page of code (vDSO) has one loaded
 * segment, and is no file. */
static bool is_linked(const struct iq_elf *elf)
{
	const struct iq_elf_segment *s;
	unsigned loads = 0;
	size_t num;

	s = iq_elf_segments(elf, &num);
	for (size_t i = 0; i < num; i++)
		loads += s[i].type == PT_LOAD;
	return loads > 1;
}

/* The module whose header stands at @addr, if there is one. */
static struct iq_error *module_of_image(struct finder *f, uint64_t addr)
{
	iq_cleanup(iq_core_image_deinit) struct iq_core_image image = { 0 };
	struct iq_core_module m = { .start = addr, .end = addr };
	struct iq_error *err = iq_core_image_init(&image, f->dumped, addr);

	if (err || !image.elf || !is_linked(image.elf) ||
	    is_module_at(f, addr) || f->modules.len >= IQ_LIMIT_MODULES)
		return err;
	err = ids_take(f, &m, image.elf);
	if (err)
		return err;
	return iq_vec_push(&f->modules, m) ? NULL : &iq_enomem;
}

static bool is_same_build(const struct iq_core_module *a,
			  const struct iq_core_module *b)
{
	return (a->build_id.len && iq_str_equal(a->build_id, b->build_id)) ||
	       (!a->build_id.len && a->go_build_id.len &&
		iq_str_equal(a->go_build_id, b->go_build_id));
}

/* A program may have mapped its own file once more, to read it: which one runs
 * is not known, so of the modules from @first on none of such twins is left. */
static struct iq_error *twins_drop(struct finder *f, size_t first)
{
	struct iq_core_module *m = f->modules.data;
	size_t num = f->modules.len, left = first;
	iq_cleanup(iq_freep) bool *twin = calloc(num + 1, sizeof(*twin));

	if (!twin)
		return &iq_enomem;
	for (size_t i = first; i < num; i++) {
		for (size_t k = i + 1; k < num; k++) {
			if (is_same_build(&m[i], &m[k]))
				twin[i] = twin[k] = true;
		}
	}
	for (size_t i = first; i < num; i++) {
		if (!twin[i])
			m[left++] = m[i];
	}
	f->modules.len = left;
	return NULL;
}

/*
 * Modules that no note names, by the first page of each, which cores have by
 * default. Their build ids find the files, or say which to give.
 */
static struct iq_error *modules_of_images(struct finder *f)
{
	const struct iq_elf_segment *s;
	struct iq_error *err = NULL;
	size_t num, first = f->modules.len;
	unsigned looked_at = 0;

	s = iq_elf_segments(f->core->elf, &num);
	for (size_t i = 0; i < num && !err; i++) {
		uint32_t magic;

		if (s[i].type != PT_LOAD || (s[i].flags & PF_W))
			continue;
		if (looked_at++ == IQ_LIMIT_COVERAGE_RANGES)
			break;
		if (iq_memory_u32(f->dumped, s[i].vaddr, &magic) &&
		    !memcmp(&magic, ELFMAG, SELFMAG))
			err = module_of_image(f, s[i].vaddr);
	}
	return err ? err : twins_drop(f, first);
}

/*
 * A core without NT_FILE (emulators and some containers write such): the
 * executable alone is known, by its program headers.
 */
static struct iq_error *module_of_auxv(struct finder *f)
{
	struct iq_core_module m = {
		.path = without_deleted(f->core->execfn),
		.start = f->core->auxv_phdr & ~(PAGE_SIZE - 1),
		.is_executable = true,
	};

	m.end = m.start;
	if (!iq_vec_push(&f->modules, m))
		return &iq_enomem;
	return modules_of_images(f);
}

static struct iq_error *modules_of_memory(struct finder *f)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; i < f->context->num_executables && !err; i++) {
		if (f->candidates[i] && !f->is_debug[i])
			err = module_of_memory(f, i);
	}
	return err ? err : modules_of_images(f);
}

/* Sorts, and says which one is the executable if the notes do not. */
static void modules_sort(struct finder *f)
{
	char quoted[IQ_STR_QUOTE_SIZE];
	struct iq_core_module *m = f->modules.data;

	if (!f->modules.len)
		return;
	qsort(m, f->modules.len, sizeof(*m), compare_modules);
	if (m[0].is_executable)
		return;
	// The kernel maps an executable below its libraries.
	m[0].is_executable = true;
	if (!m[0].path.len)
		return;
	iq_facts_gap(f->facts, IQ_GAP_MISSING,
		     "no auxiliary vector names the executable: %s is taken "
		     "for it, since it is mapped first",
		     iq_str_quote(m[0].path, quoted));
}

/* Where the rows of the executable are lost, its program headers still tell. */
static struct iq_error *modules_of_notes(struct finder *f)
{
	struct iq_error *err = f->core->num_files ? modules_of_files(f) : NULL;

	if (err || !f->core->has_phdr)
		return err;
	for (size_t i = 0; i < f->modules.len; i++) {
		if (f->modules.data[i].is_executable)
			return NULL;
	}
	return module_of_auxv(f);
}

static struct iq_core_traces traces_of(const struct finder *f,
				       const struct iq_core_module *m,
				       const struct iq_core_image *image)
{
	const struct iq_core *core = f->core;

	return (struct iq_core_traces){
		.dumped = f->dumped,
		.image = image,
		.has_auxv =
			m->is_executable && core->has_phdr && core->has_entry,
		.phdr = core->auxv_phdr,
		.phnum = core->auxv_phnum,
		.entry = core->auxv_entry,
		.start = m->start,
	};
}

/* Addresses that the segments of @elf cover at @bias. */
static void span_take(struct iq_core_module *m, const struct iq_elf *elf)
{
	const struct iq_elf_segment *s;
	uint64_t low = UINT64_MAX, high = 0;
	size_t num;

	s = iq_elf_segments(elf, &num);
	for (size_t i = 0; i < num; i++) {
		if (s[i].type != PT_LOAD ||
		    s[i].memsz > UINT64_MAX - s[i].vaddr)
			continue;
		if (s[i].vaddr < low)
			low = s[i].vaddr;
		if (s[i].vaddr + s[i].memsz > high)
			high = s[i].vaddr + s[i].memsz;
	}
	if (low >= high)
		return;
	uint64_t start = (low + m->bias) & ~(PAGE_SIZE - 1);
	uint64_t end = high + m->bias;
	if (start < end) {
		m->start = start;
		m->end = end;
	}
}

/* @m is the file @source, as sure as @match says. */
static struct iq_error *module_take(struct finder *f, struct iq_core_module *m,
				    const struct iq_core_traces *traces,
				    const struct iq_source *source,
				    enum iq_core_match match)
{
	struct iq_error *err = iq_elf_open(source, &m->elf);

	if (err)
		return err;
	m->verified = match == IQ_CORE_SAME_FILE;
	iq_core_bias(traces, m->elf, &m->bias);
	span_take(m, m->elf);
	return ids_take(f, m, m->elf);
}

/* A file of the user's that fits, the surest one first. */
static struct iq_error *module_from_user(struct finder *f,
					 struct iq_core_module *m,
					 const struct iq_core_traces *traces)
{
	enum iq_core_match best = IQ_CORE_OTHER_FILE;
	size_t which = 0;

	for (size_t i = 0; i < f->context->num_executables; i++) {
		if (!f->candidates[i] || f->is_debug[i])
			continue;
		enum iq_core_match match =
			iq_core_compare(traces, f->candidates[i]);
		if (match > best) {
			best = match;
			which = i;
		}
	}
	if (best == IQ_CORE_OTHER_FILE ||
	    (best == IQ_CORE_UNKNOWN_FILE && !m->is_executable))
		return NULL;
	f->used[which] = true;
	return module_take(f, m, traces, f->context->executables[which], best);
}

/* A file of this system, where the user has given none. */
static struct iq_error *module_from_disk(struct finder *f,
					 struct iq_core_module *m,
					 const struct iq_core_traces *traces)
{
	enum iq_core_match match;
	struct iq_error *err;

	err = iq_core_file_find(f->context, f->core, traces, f->facts, m,
				&match);
	if (err || !m->opened)
		return err;
	return module_take(f, m, traces, m->opened, match);
}

/* A debug file of the user's, or one of this system. */
static struct iq_error *module_debug(struct finder *f, struct iq_core_module *m)
{
	for (size_t i = 0; i < f->context->num_executables; i++) {
		struct iq_elf *debug = f->candidates[i];

		if (!debug || !f->is_debug[i] ||
		    !iq_core_debug_fits(m->elf, debug))
			continue;
		f->used[i] = true;
		f->candidates[i] = NULL;
		iq_elf_set_debug(m->elf, debug);
		return text_set(f, &m->debug_path,
				iq_str_of(f->context->executables[i]->path));
	}
	return iq_core_debug_find(f->context, f->core, f->facts, m);
}

static struct iq_error *module_find(struct finder *f, struct iq_core_module *m)
{
	char quoted[IQ_STR_QUOTE_SIZE];
	iq_cleanup(iq_core_image_deinit) struct iq_core_image image = { 0 };
	struct iq_error *err;

	err = iq_core_image_init(&image, f->dumped, m->start);
	if (err)
		return err;
	struct iq_core_traces traces = traces_of(f, m, &image);
	if (image.elf) {
		iq_core_bias(&traces, image.elf, &m->bias);
		span_take(m, image.elf);
		err = ids_take(f, m, image.elf);
	}
	if (!err)
		err = module_from_user(f, m, &traces);
	if (!err && !m->elf)
		err = module_from_disk(f, m, &traces);
	if (!err && m->elf && m->verified)
		err = module_debug(f, m);
	if (err || !m->elf)
		return err;
	m->absent = (struct iq_str){ 0 };
	if (!m->verified)
		iq_facts_gap(
			f->facts, IQ_GAP_MISMATCH,
			"%s is not verified: the core holds no build id, "
			"header or build information to compare it with",
			iq_str_quote(iq_str_of(iq_elf_source(m->elf)->path),
				     quoted));
	return NULL;
}

/* The user's debug files that are of no file of this core. */
static void debug_mismatches_report(struct finder *f)
{
	static const struct iq_core_module none;
	const struct iq_core_module *m =
		f->modules.len ? f->modules.data : &none;
	char path[IQ_STR_QUOTE_SIZE];
	char theirs[IQ_ELF_ID_TEXT_SIZE], ours[IQ_ELF_ID_TEXT_SIZE];

	iq_elf_id_text(m->build_id, m->go_build_id, ours);
	for (size_t i = 0; i < f->context->num_executables; i++) {
		const struct iq_elf *elf = f->candidates[i];
		bool waits;

		if (!elf || f->used[i] || !f->is_debug[i])
			continue;
		waits = !m->elf &&
			iq_str_equal(m->build_id, iq_elf_build_id(elf));
		iq_elf_id_text(iq_elf_build_id(elf), iq_elf_go_build_id(elf),
			       theirs);
		iq_str_quote(iq_str_of(f->context->executables[i]->path), path);
		if (waits && m->build_id.len)
			iq_facts_gap(f->facts, IQ_GAP_MISSING,
				     "%s is the debug information of this "
				     "program and has no code: give the file "
				     "that ran, stripped or not, as well",
				     path);
		else
			iq_facts_gap(f->facts, IQ_GAP_MISMATCH,
				     "%s is debug information (%s) of no file "
				     "of this core (%s) that was found, and is "
				     "not used",
				     path, theirs, ours);
	}
}

/* The user's files that are not of this core, where none is its executable. */
static void mismatches_report(struct finder *f)
{
	static const struct iq_core_module none;
	const struct iq_core_module *m =
		f->modules.len ? f->modules.data : &none;
	char path[IQ_STR_QUOTE_SIZE];
	char theirs[IQ_ELF_ID_TEXT_SIZE], ours[IQ_ELF_ID_TEXT_SIZE];

	debug_mismatches_report(f);
	if (m->elf && !m->opened)
		return;
	iq_elf_id_text(m->build_id, m->go_build_id, ours);
	for (size_t i = 0; i < f->context->num_executables; i++) {
		const struct iq_elf *elf = f->candidates[i];
		if (!elf || f->used[i] || f->is_debug[i])
			continue;
		iq_elf_id_text(iq_elf_build_id(elf), iq_elf_go_build_id(elf),
			       theirs);
		iq_facts_gap(
			f->facts, IQ_GAP_MISMATCH,
			"%s (%s) is not the program of this core (%s) and "
			"is not used%s",
			iq_str_quote(
				iq_str_of(f->context->executables[i]->path),
				path),
			theirs, ours,
			m->elf ? ": the file that the core names is" : "");
	}
}

struct iq_error *iq_core_modules_find(const struct iq_read_context *context,
				      struct iq_core *core,
				      const struct iq_memory *dumped,
				      struct iq_facts *facts)
{
	iq_cleanup(finder_deinit) struct finder f = {
		.context = context,
		.core = core,
		.dumped = dumped,
		.facts = facts,
	};
	struct iq_error *err = candidates_open(&f);

	if (!err)
		err = core->num_files || core->has_phdr ? modules_of_notes(&f) :
							  modules_of_memory(&f);
	if (!err)
		modules_sort(&f);
	for (size_t i = 0; i < f.modules.len && !err; i++)
		err = module_find(&f, &f.modules.data[i]);
	core->modules = f.modules.data;
	core->num_modules = f.modules.len;
	if (!err)
		mismatches_report(&f);
	return err;
}

static struct iq_error *pages_add(struct iq_memory *memory,
				  const struct iq_source *source, uint64_t addr,
				  uint64_t offset, uint64_t len, uint32_t flags)
{
	struct iq_memory_range range = {
		.addr = addr,
		.source = source,
		.offset = offset,
		.state = IQ_MEMORY_PRESENT,
		.prot = flags & (PF_R | PF_W | PF_X),
	};

	if (offset >= source->size)
		return NULL;
	uint64_t left = source->size - offset;
	range.len = len < left ? len : left;
	if (range.len > UINT64_MAX - addr)
		return NULL;
	return iq_memory_add(memory, &range);
}

/* The part of a file's mapped row that is the segment @s of the module. */
static struct iq_error *row_map(const struct iq_core_module *m,
				const struct iq_elf_segment *s,
				const struct iq_core_file *row,
				struct iq_memory *memory)
{
	uint64_t start = (s->vaddr + m->bias) & ~(PAGE_SIZE - 1);
	uint64_t end = s->vaddr + m->bias + s->filesz;
	uint64_t offset = s->offset & ~(PAGE_SIZE - 1);

	end = (end + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	// Another part of the file may have been mapped there since.
	if (end <= start || row->start - start != row->offset - offset)
		return NULL;
	if (start < row->start) {
		offset += row->start - start;
		start = row->start;
	}
	if (end > row->end)
		end = row->end;
	if (start >= end)
		return NULL;
	return pages_add(memory, iq_elf_source(m->elf), start, offset,
			 end - start, s->flags);
}

/*
 * Only segments that cannot be written: what a process may have changed is not
 * the file's any more. (The kernel dumps such a segment whole once one page of
 * it was written.)
 */
static struct iq_error *segment_map(const struct iq_core *core,
				    const struct iq_core_module *m,
				    const struct iq_elf_segment *s,
				    struct iq_memory *memory)
{
	struct iq_error *err = NULL;

	if (s->type != PT_LOAD || (s->flags & PF_W))
		return NULL;
	if (!core->num_files)
		return pages_add(memory, iq_elf_source(m->elf),
				 s->vaddr + m->bias, s->offset, s->filesz,
				 s->flags);
	for (size_t i = 0; i < m->num_rows && !err; i++)
		err = row_map(m, s, m->rows[i], memory);
	return err;
}

struct iq_error *iq_core_modules_map(const struct iq_core *core,
				     struct iq_memory *memory)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; i < core->num_modules && !err; i++) {
		const struct iq_core_module *m = &core->modules[i];
		const struct iq_elf_segment *s;
		size_t num;
		if (!m->elf)
			continue;
		s = iq_elf_segments(m->elf, &num);
		for (size_t k = 0; k < num && k < MAX_SEGMENTS && !err; k++)
			err = segment_map(core, m, &s[k], memory);
	}
	return err;
}
