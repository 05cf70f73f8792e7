/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf/core_coverage.h"

#include <elf.h>

#include "base/limits.h"

/* ---- memory, by its ranges alone */

/* Index of the first range that ends behind @addr. */
static size_t first_range(const struct iq_memory_range *ranges, size_t num,
			  uint64_t addr)
{
	size_t lo = 0, hi = num;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (ranges[mid].addr + (ranges[mid].len - 1) < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The last address of [addr, addr+len), which may end with the address space. */
static uint64_t last_of(uint64_t addr, uint64_t len)
{
	return len - 1 > UINT64_MAX - addr ? UINT64_MAX : addr + (len - 1);
}

/* How many bytes of @range lie in [addr, last]. */
static uint64_t overlap(const struct iq_memory_range *range, uint64_t addr,
			uint64_t last)
{
	uint64_t begin = range->addr > addr ? range->addr : addr;
	uint64_t end = last_of(range->addr, range->len);

	end = end < last ? end : last;
	return begin <= end ? end - begin + 1 : 0;
}

uint64_t iq_memory_present(const struct iq_memory *memory, uint64_t addr,
			   uint64_t len)
{
	size_t num;
	const struct iq_memory_range *ranges = iq_memory_ranges(memory, &num);
	uint64_t last, sum = 0;

	if (!len)
		return 0;
	last = last_of(addr, len);
	for (size_t i = first_range(ranges, num, addr);
	     i < num && ranges[i].addr <= last; i++) {
		if (ranges[i].state == IQ_MEMORY_PRESENT)
			sum += overlap(&ranges[i], addr, last);
	}
	return sum;
}

enum iq_memory_state iq_memory_lack(const struct iq_memory *memory,
				    uint64_t addr, uint64_t len)
{
	size_t num;
	const struct iq_memory_range *ranges = iq_memory_ranges(memory, &num);
	uint64_t last;

	if (!len)
		return IQ_MEMORY_PRESENT;
	last = last_of(addr, len);
	for (size_t i = first_range(ranges, num, addr);; i++) {
		if (i >= num || ranges[i].addr > addr)
			return IQ_MEMORY_UNMAPPED;
		if (ranges[i].state != IQ_MEMORY_PRESENT)
			return ranges[i].state;
		if (last_of(ranges[i].addr, ranges[i].len) >= last)
			return IQ_MEMORY_PRESENT;
		addr = ranges[i].addr + ranges[i].len;
	}
}

/* ---- the file */

static void add_clamped(uint64_t *sum, uint64_t n)
{
	if (__builtin_add_overflow(*sum, n, sum))
		*sum = UINT64_MAX;
}

static void file_fill(const struct iq_core *core, struct iq_coverage *c)
{
	struct iq_elf_header h = iq_elf_header(core->elf);
	uint64_t size = core->source->size;
	const struct iq_elf_segment *s;
	size_t num;

	s = iq_elf_segments(core->elf, &num);
	c->headers.present = num;
	c->headers.total = h.promised_segments == IQ_ELF_SEGMENTS_LOST ?
				   num :
				   h.promised_segments;
	c->file.total = c->file.present = size;
	c->notes_whole = true;
	for (size_t i = 0; i < num; i++) {
		uint64_t left = s[i].offset < size ? size - s[i].offset : 0;
		uint64_t end;

		if (__builtin_add_overflow(s[i].offset, s[i].filesz, &end))
			continue;
		if (s[i].filesz && end > c->file.total)
			c->file.total = end;
		if (s[i].type == PT_NOTE) {
			c->has_notes |= left > 0;
			c->notes_whole &= s[i].filesz <= left;
		} else if (s[i].type == PT_LOAD) {
			add_clamped(&c->segments.total, s[i].filesz);
			add_clamped(&c->segments.present,
				    s[i].filesz < left ? s[i].filesz : left);
		}
	}
}

/* Gdb leaves its name; the kernel writes NT_SIGINFO and NT_FILE since 3.7, both
 * of which emulators do without, and no NT_FILE of 4 MiB and more.
 * Linux: fs/binfmt_elf.c, fill_note_info(), fill_files_note(). */
static struct iq_str writer_of(const struct iq_core *core)
{
	if (core->from_gcore)
		return IQ_STR("gdb (gcore)");
	if (core->has_signal_code)
		return IQ_STR("the kernel");
	if (core->num_threads && core->has_phdr && !core->num_files &&
	    !core->has_signal_code)
		return IQ_STR("an emulator or sandbox, by its notes");
	return IQ_STR("an unknown writer");
}

/* ---- modules and files */

void iq_elf_coverage(const struct iq_elf *elf, struct iq_coverage_module *ret)
{
	static const char *const pclntab[] = {
		".gopclntab",
		".data.rel.ro.gopclntab",
	};
	struct iq_elf_section s;

	ret->has_symbols = iq_elf_has_symbols(elf);
	ret->has_sections = iq_elf_section_find(elf, ".text", &s);
	ret->has_dwarf =
		iq_elf_section_find(iq_elf_debug(elf), ".debug_info", &s) ||
		iq_elf_section_find(iq_elf_debug(elf), ".zdebug_info", &s);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(pclntab); i++)
		ret->has_pclntab |= iq_elf_section_find(elf, pclntab[i], &s);
	ret->is_go |= ret->has_pclntab;
	ret->is_cut = iq_elf_has_contents(elf) &&
		      iq_elf_promised_end(elf) > iq_elf_source(elf)->size;
}

static enum iq_module_state state_of(const struct iq_core_module *m)
{
	if (m->elf)
		return m->verified ? IQ_MODULE_VERIFIED : IQ_MODULE_UNVERIFIED;
	return m->mismatch ? IQ_MODULE_MISMATCH : IQ_MODULE_ABSENT;
}

static void module_fill(const struct iq_core *core,
			const struct iq_core_module *m,
			struct iq_coverage_module *ret)
{
	*ret = (struct iq_coverage_module){
		.path = m->path,
		.file = m->tried,
		.why = m->absent,
		.debug = m->debug_path,
		.build_id = m->build_id,
		.go_build_id = m->go_build_id,
		.file_build_id = m->tried_id,
		.state = state_of(m),
		.is_executable = m->is_executable,
		.was_deleted = m->was_deleted,
		.was_memfd = m->was_memfd,
	};
	if (m->elf) {
		ret->file = iq_str_of(iq_elf_source(m->elf)->path);
		iq_elf_coverage(m->elf, ret);
	}
	for (size_t i = 0; i < m->num_rows; i++) {
		const struct iq_core_file *row = m->rows[i];
		uint64_t len = row->end - row->start;

		add_clamped(&ret->memory.total, len);
		add_clamped(&ret->memory.present,
			    iq_memory_present(core->memory, row->start, len));
	}
}

static struct iq_error *modules_fill(const struct iq_core *core,
				     struct iq_arena *arena,
				     struct iq_coverage *c)
{
	struct iq_coverage_module *list =
		iq_arena_calloc(arena, core->num_modules + 1, sizeof(*list));

	if (!list)
		return &iq_enomem;
	for (size_t i = 0; i < core->num_modules; i++) {
		module_fill(core, &core->modules[i], &list[i]);
		c->left_out += iq_coverage_missing(list[i].memory);
	}
	c->modules = list;
	c->num_modules = core->num_modules;
	return NULL;
}

static bool is_module_row(const struct iq_core *core,
			  const struct iq_core_file **rows)
{
	for (size_t i = 0; i < core->num_modules; i++) {
		if (core->modules[i].rows == rows)
			return true;
	}
	return false;
}

/* The rows of one path that no module has. */
static struct iq_coverage_file data_file(const struct iq_core *core,
					 const struct iq_core_file **rows,
					 size_t num)
{
	struct iq_coverage_file f = { .path = rows[0]->path };

	for (size_t i = 0; i < num; i++) {
		uint64_t len = rows[i]->end - rows[i]->start;

		add_clamped(&f.memory.total, len);
		add_clamped(
			&f.memory.present,
			iq_memory_present(core->memory, rows[i]->start, len));
	}
	return f;
}

static struct iq_error *files_fill(const struct iq_core *core,
				   struct iq_arena *arena,
				   struct iq_coverage *c)
{
	const struct iq_core_file **rows = core->files_by_path;
	size_t num = rows ? core->num_files : 0;
	struct iq_coverage_file *list =
		iq_arena_calloc(arena, num + 1, sizeof(*list));

	if (!list)
		return &iq_enomem;
	c->files = list;
	for (size_t i = 0, end; i < num; i = end) {
		struct iq_coverage_file f;

		for (end = i + 1; end < num; end++) {
			if (!iq_str_equal(rows[end]->path, rows[i]->path))
				break;
		}
		if (is_module_row(core, rows + i))
			continue;
		f = data_file(core, rows + i, end - i);
		if (!iq_coverage_missing(f.memory))
			continue;
		list[c->num_files++] = f;
		c->left_out += iq_coverage_missing(f.memory);
	}
	return NULL;
}

/* How many bytes of @range the files of NT_FILE cover. */
static uint64_t of_files(const struct iq_core *core,
			 const struct iq_memory_range *range)
{
	uint64_t last = last_of(range->addr, range->len);
	uint64_t sum = 0;

	for (size_t i = 0; i < core->num_files; i++) {
		const struct iq_core_file *f = &core->files[i];
		const struct iq_memory_range row = {
			.addr = f->start,
			.len = f->end - f->start,
		};

		if (row.len && row.addr <= last)
			sum += overlap(&row, range->addr, last);
	}
	return sum < range->len ? sum : range->len;
}

/*
 * Memory of no file that the writer left out. What nobody could touch (the
 * runtime's reservations) held nothing; nor is what is only read and of no file
 * the program's, but the kernel's.
 */
static void anonymous_fill(const struct iq_core *core, struct iq_coverage *c)
{
	size_t num, looked_at = 0;
	const struct iq_memory_range *ranges =
		iq_memory_ranges(core->memory, &num);

	for (size_t i = 0; i < num; i++) {
		if (ranges[i].state != IQ_MEMORY_NOT_DUMPED ||
		    !(ranges[i].prot & IQ_MEMORY_WRITE))
			continue;
		// Ranges times files: a bound for what only damage can make.
		if (looked_at++ == IQ_LIMIT_COVERAGE_RANGES)
			break;
		add_clamped(&c->left_out_anonymous,
			    ranges[i].len - of_files(core, &ranges[i]));
	}
	add_clamped(&c->left_out, c->left_out_anonymous);
}

struct iq_error *iq_core_coverage(const struct iq_core *core,
				  struct iq_facts *facts,
				  struct iq_coverage **ret)
{
	struct iq_coverage *c = iq_arena_calloc(&facts->arena, 1, sizeof(*c));
	struct iq_error *err;

	if (!c)
		return &iq_enomem;
	file_fill(core, c);
	c->writer = writer_of(core);
	c->has_auxv = core->has_phdr || core->has_entry;
	c->has_file_notes = core->num_files > 0;
	c->num_threads = core->num_threads;
	err = modules_fill(core, &facts->arena, c);
	if (!err)
		err = files_fill(core, &facts->arena, c);
	if (err)
		return err;
	anonymous_fill(core, c);
	facts->coverage = c;
	*ret = c;
	return NULL;
}
