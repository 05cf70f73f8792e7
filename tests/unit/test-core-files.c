/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf-builder.h"
#include "formats/elf/core.h"

#define PAGE 4096
#define BASE UINT64_C(0x400000)
#define DATA (BASE + 2 * PAGE)
#define HEAP UINT64_C(0xc000000000)

struct opened {
	struct iq_facts *facts;
	struct iq_core *core;
};

static struct opened core_open_in(const struct iq_read_context *context,
				  const struct iq_source *source)
{
	struct opened o = { 0 };

	assert_null(iq_facts_create(&o.facts));
	assert_null(iq_core_open(context, source, o.facts, &o.core));
	return o;
}

static struct opened core_open(const struct iq_source *source,
			       const struct iq_source *const *files, size_t num,
			       const char *folder)
{
	const struct iq_read_context context = {
		.executables = files,
		.num_executables = num,
		.debug_dirs = &folder,
		.num_debug_dirs = folder ? 1 : 0,
		.no_file_system = !folder,
	};

	return core_open_in(&context, source);
}

static void core_close(struct opened *o)
{
	iq_facts_destroy(o->facts);
}

/* How many gaps have @part in their texts. */
static size_t count_gaps(const struct opened *o, const char *part)
{
	size_t n = 0;

	for (size_t i = 0; i < o->facts->gaps.len; i++) {
		struct iq_str text = o->facts->gaps.data[i].text;
		n += iq_str_search(text, iq_str_of(part)) < text.len;
	}
	return n;
}

/* A program of two segments, the build id being the bytes of @id. */
static const struct iq_source *program_build(struct elf_builder *b,
					     const char *id)
{
	static uint8_t page[PAGE];

	elf_builder_init(b, ET_EXEC);
	elf_builder_note(b, "GNU", NT_GNU_BUILD_ID, id, strlen(id));
	elf_builder_load_start(b, PF_R | PF_X, BASE, PAGE);
	elf_builder_load(b, PF_R | PF_W, DATA, page, PAGE, PAGE);
	return elf_builder_finish(b);
}

/* What objcopy --only-keep-debug makes of it: sections, and none of its code. */
static const struct iq_source *debug_build(struct elf_builder *b,
					   const char *id, Elf64_Sym *symbol)
{
	static const char names[] = "\0runtime.allgs";
	struct elf_builder notes;

	elf_builder_init(&notes, ET_EXEC);
	elf_builder_note(&notes, "GNU", NT_GNU_BUILD_ID, id, strlen(id));
	*symbol = (Elf64_Sym){ .st_name = 1, .st_value = 77, .st_shndx = 1 };
	elf_builder_init(b, ET_EXEC);
	elf_builder_section(b, ".strtab", SHT_STRTAB, 0, names, sizeof(names));
	Elf64_Shdr *table = elf_builder_section(b, ".symtab", SHT_SYMTAB, 0,
						symbol, sizeof(*symbol));
	table->sh_link = 1;
	table->sh_entsize = sizeof(*symbol);
	elf_builder_section(b, ".text", SHT_NOBITS, BASE, "", 0);
	elf_builder_section(b, ".note.gnu.build-id", SHT_NOTE, 0, notes.notes,
			    notes.notes_size);
	return elf_builder_finish(b);
}

/* A core of the program, whose first page is @header. */
static const struct iq_source *core_build(struct elf_builder *b,
					  const uint8_t *header, bool has_notes)
{
	const struct elf_builder_file files[] = {
		{ BASE, BASE + PAGE, 0, "/srv/server" },
		{ DATA, DATA + PAGE, 1, "/srv/server" },
	};
	const uint64_t auxv[][2] = { { AT_PHDR, BASE + 64 },
				     { AT_PHNUM, 3 },
				     { AT_ENTRY, 0 } };

	elf_builder_init(b, ET_CORE);
	if (has_notes) {
		elf_builder_thread(b, 77, SIGABRT, 1, 2);
		elf_builder_auxv(b, auxv, 3);
		elf_builder_files(b, files, 2);
	}
	elf_builder_load(b, PF_R | PF_X, BASE, header, PAGE, PAGE);
	elf_builder_load(b, PF_R | PF_W, DATA, NULL, 0, PAGE);
	return elf_builder_finish(b);
}

static void debug_file_lends_its_symbols(void **state iq_unused)
{
	struct elf_builder program, debug, b;
	Elf64_Sym symbol;
	uint64_t value;

	program_build(&program, "aaaa");
	debug_build(&debug, "aaaa", &symbol);
	core_build(&b, program.bytes, true);
	const struct iq_source *files[] = { &debug.source, &program.source };
	struct opened o = core_open(&b.source, files, 2, NULL);
	const struct iq_core_module *m = &o.core->modules[0];

	assert_non_null(m->elf);
	assert_ptr_equal(iq_elf_source(m->elf), &program.source);
	assert_true(m->verified);
	assert_true(iq_elf_symbol_find(m->elf, "runtime.allgs", &value));
	assert_int_equal(value, 77);
	assert_int_equal(o.facts->gaps.len, 0);
	core_close(&o);
	elf_builder_deinit(&b);
	elf_builder_deinit(&debug);
	elf_builder_deinit(&program);
}

static void debug_file_of_another_build_is_not_used(void **state iq_unused)
{
	struct elf_builder program, debug, b;
	Elf64_Sym symbol;

	program_build(&program, "aaaa");
	debug_build(&debug, "bbbb", &symbol);
	core_build(&b, program.bytes, true);
	const struct iq_source *files[] = { &debug.source, &program.source };
	struct opened o = core_open(&b.source, files, 2, NULL);

	assert_true(o.core->modules[0].verified);
	assert_false(iq_elf_has_symbols(o.core->modules[0].elf));
	assert_int_equal(o.facts->gaps.len, 1);
	assert_int_equal(count_gaps(&o, "build id 62626262"), 1);
	assert_int_equal(count_gaps(&o, "build id 61616161"), 1);
	core_close(&o);
	elf_builder_deinit(&b);
	elf_builder_deinit(&debug);
	elf_builder_deinit(&program);
}

static void debug_file_alone_is_no_program(void **state iq_unused)
{
	struct elf_builder program, debug, b;
	Elf64_Sym symbol;

	program_build(&program, "aaaa");
	debug_build(&debug, "aaaa", &symbol);
	core_build(&b, program.bytes, true);
	const struct iq_source *files[] = { &debug.source };
	struct opened o = core_open(&b.source, files, 1, NULL);

	assert_null(o.core->modules[0].elf);
	assert_int_equal(o.facts->gaps.len, 1);
	assert_int_equal(count_gaps(&o, "has no code"), 1);
	core_close(&o);
	elf_builder_deinit(&b);
	elf_builder_deinit(&debug);
	elf_builder_deinit(&program);
}

static void write_file(const char *path, const struct elf_builder *b)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(b->bytes, 1, b->size, f), b->size);
	fclose(f);
}

static void folder_of_programs_is_searched_by_id(void **state iq_unused)
{
	char folder[] = "/tmp/inquest-test-XXXXXX";
	char any[64], other[64];
	struct elf_builder program, wrong, b;
	struct opened o;

	assert_non_null(mkdtemp(folder));
	snprintf(any, sizeof(any), "%s/release-17", folder);
	snprintf(other, sizeof(other), "%s/server", folder);
	program_build(&program, "aaaa");
	program_build(&wrong, "bbbb");
	core_build(&b, program.bytes, true);

	// Only one of another build is there, and it has the name.
	write_file(other, &wrong);
	o = core_open(&b.source, NULL, 0, folder);
	assert_null(o.core->modules[0].elf);
	assert_true(o.core->modules[0].mismatch);
	assert_true(iq_str_equal(o.core->modules[0].tried, iq_str_of(other)));
	core_close(&o);

	write_file(any, &program);
	o = core_open(&b.source, NULL, 0, folder);
	assert_non_null(o.core->modules[0].elf);
	assert_true(o.core->modules[0].verified);
	assert_string_equal(o.core->modules[0].opened->path, any);
	core_close(&o);

	unlink(any);
	unlink(other);
	assert_int_equal(rmdir(folder), 0);
	elf_builder_deinit(&b);
	elf_builder_deinit(&wrong);
	elf_builder_deinit(&program);
}

static void executable_is_found_where_the_core_says(void **state iq_unused)
{
	char root[] = "/tmp/inquest-test-XXXXXX";
	const struct iq_read_context context = { .sysroot = root };
	struct elf_builder program, other, b;
	char file[128], srv[64], expected[256];
	const struct iq_core_module *m;
	struct opened o;

	assert_non_null(mkdtemp(root));
	snprintf(srv, sizeof(srv), "%s/srv", root);
	snprintf(file, sizeof(file), "%s/srv/server", root);
	snprintf(expected, sizeof(expected),
		 "\"%s\" is of another build (build id 62626262)", file);
	assert_int_equal(mkdir(srv, 0700), 0);
	program_build(&program, "aaaa");
	program_build(&other, "bbbb");
	core_build(&b, program.bytes, true);

	o = core_open_in(&context, &b.source);
	m = &o.core->modules[0];
	assert_null(m->elf);
	assert_true(iq_str_equal(m->absent,
				 IQ_STR("no such program file is here")));
	core_close(&o);

	write_file(file, &other);
	o = core_open_in(&context, &b.source);
	m = &o.core->modules[0];
	assert_null(m->elf);
	assert_true(iq_str_equal(m->absent, iq_str_of(expected)));
	assert_true(iq_str_equal(m->tried_id, IQ_STR("62626262")));
	assert_true(m->mismatch);
	core_close(&o);

	write_file(file, &program);
	o = core_open_in(&context, &b.source);
	m = &o.core->modules[0];
	assert_true(m->verified);
	assert_int_equal(m->absent.len, 0);
	core_close(&o);

	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(srv), 0);
	assert_int_equal(rmdir(root), 0);
	elf_builder_deinit(&b);
	elf_builder_deinit(&other);
	elf_builder_deinit(&program);
}

static void module_is_known_by_its_first_page(void **state iq_unused)
{
	struct elf_builder program, b;
	struct opened o;

	program_build(&program, "aaaa");
	core_build(&b, program.bytes, false);
	o = core_open(&b.source, NULL, 0, NULL);
	assert_int_equal(o.core->num_modules, 1);
	assert_true(o.core->modules[0].is_executable);
	assert_true(
		iq_str_equal(o.core->modules[0].build_id, IQ_STR("61616161")));
	assert_int_equal(o.core->modules[0].start, BASE);
	assert_int_equal(o.core->modules[0].end, DATA + PAGE);
	core_close(&o);
	elf_builder_deinit(&b);
	elf_builder_deinit(&program);
}

static void memory_that_a_filter_left_out_is_named(void **state iq_unused)
{
	struct elf_builder b;
	struct opened o;

	elf_builder_init(&b, ET_CORE);
	elf_builder_thread(&b, 77, SIGABRT, 1, 2);
	elf_builder_load(&b, PF_R | PF_W, DATA, NULL, 0, PAGE);
	elf_builder_load(&b, PF_R | PF_W, HEAP, NULL, 0, 64 << 20);
	o = core_open(elf_builder_finish(&b), NULL, 0, NULL);
	assert_int_equal(count_gaps(&o, "65 MiB"), 1);
	assert_int_equal(count_gaps(&o, "bit 0 (0x1)"), 1);
	core_close(&o);
	elf_builder_deinit(&b);
}

static void mapping_that_the_program_excluded_is_no_gap(void **state iq_unused)
{
	static uint8_t page[PAGE];
	struct elf_builder b;
	struct opened o;

	elf_builder_init(&b, ET_CORE);
	elf_builder_thread(&b, 77, SIGABRT, 1, 2);
	elf_builder_load(&b, PF_R | PF_W, DATA, page, PAGE, PAGE);
	elf_builder_load(&b, PF_R | PF_W, HEAP, NULL, 0, 64 << 20);
	o = core_open(elf_builder_finish(&b), NULL, 0, NULL);
	assert_int_equal(o.facts->gaps.len, 0);
	core_close(&o);
	elf_builder_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(debug_file_lends_its_symbols),
		cmocka_unit_test(debug_file_of_another_build_is_not_used),
		cmocka_unit_test(debug_file_alone_is_no_program),
		cmocka_unit_test(folder_of_programs_is_searched_by_id),
		cmocka_unit_test(executable_is_found_where_the_core_says),
		cmocka_unit_test(module_is_known_by_its_first_page),
		cmocka_unit_test(memory_that_a_filter_left_out_is_named),
		cmocka_unit_test(mapping_that_the_program_excluded_is_no_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
