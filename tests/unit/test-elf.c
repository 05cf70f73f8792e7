/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "elf-builder.h"
#include "formats/cursor.h"
#include "formats/elf/elf.h"
#include "formats/elf/note.h"

static const uint8_t gnu_id[] = { 0xab, 0xcd, 0x01, 0x23, 0x45 };
static const char go_id[] = "aaaa/bbbb/cccc/dddd";

static struct iq_elf *open_ok(const struct iq_source *source)
{
	struct iq_elf *elf = NULL;

	assert_null(iq_elf_open(source, &elf));
	return elf;
}

static void assert_refused(const struct iq_source *source, const char *text)
{
	struct iq_elf *elf = NULL;
	struct iq_error *err = iq_elf_open(source, &elf);

	assert_non_null(err);
	assert_non_null(strstr(err->text, text));
	assert_null(elf);
	iq_error_destroy(err);
}

static void assert_str(struct iq_str s, const char *expected)
{
	assert_int_equal(s.len, strlen(expected));
	assert_memory_equal(s.ptr, expected, s.len);
}

static void files_that_are_no_elf64_are_refused(void **state iq_unused)
{
	struct elf_builder b;
	struct iq_source s;

	elf_builder_init(&b, ET_EXEC);
	s = *elf_builder_finish(&b);
	s.size = 40;
	assert_refused(&s, "needs");
	s.size = b.size;
	b.bytes[EI_CLASS] = ELFCLASS32;
	assert_refused(&s, "64-bit");
	b.bytes[EI_CLASS] = ELFCLASS64;
	b.bytes[EI_DATA] = ELFDATA2MSB;
	assert_refused(&s, "little-endian");
	assert_false(iq_elf_is(&s, ET_EXEC));
	b.bytes[EI_DATA] = ELFDATA2LSB;
	assert_true(iq_elf_is(&s, ET_EXEC));
	assert_false(iq_elf_is(&s, ET_CORE));
	b.bytes[0] = 0;
	assert_refused(&s, "no ELF");
	elf_builder_deinit(&b);
}

static void segments_are_read_as_far_as_they_are_there(void **state iq_unused)
{
	struct elf_builder b;
	struct iq_source s;
	struct iq_elf *elf;
	size_t num;

	elf_builder_init(&b, ET_CORE);
	elf_builder_load(&b, PF_R, 0x1000, "abc", 3, 0x2000);
	elf_builder_load(&b, PF_R | PF_W, 0x8000, "defg", 4, 4);
	s = *elf_builder_finish(&b);
	elf = open_ok(&s);
	const struct iq_elf_segment *segments = iq_elf_segments(elf, &num);
	assert_int_equal(num, 2);
	assert_int_equal(segments[0].vaddr, 0x1000);
	assert_int_equal(segments[0].filesz, 3);
	assert_int_equal(segments[0].memsz, 0x2000);
	assert_int_equal(segments[1].flags, PF_R | PF_W);
	assert_int_equal(iq_elf_header(elf).promised_segments, 2);
	iq_elf_destroy(elf);

	s.size = 64 + 56 + 55;
	elf = open_ok(&s);
	iq_elf_segments(elf, &num);
	assert_int_equal(num, 1);
	assert_int_equal(iq_elf_header(elf).promised_segments, 2);
	iq_elf_destroy(elf);
	elf_builder_deinit(&b);
}

static void many_segments_are_counted_in_section_0(void **state iq_unused)
{
	Elf64_Shdr null = { .sh_info = 3 };
	uint16_t xnum = PN_XNUM;
	struct elf_builder b;
	struct iq_source s;
	struct iq_elf *elf;
	size_t num;

	elf_builder_init(&b, ET_CORE);
	for (uint64_t i = 0; i < 3; i++)
		elf_builder_load(&b, PF_R, 0x1000 * (i + 1), "abcd", 4, 4);
	elf_builder_load(&b, PF_R, 0x9000, &null, sizeof(null), sizeof(null));
	s = *elf_builder_finish(&b);
	// The last segment's bytes play section header 0.
	memcpy(b.bytes + 56, &xnum, 2);
	memcpy(b.bytes + 40, b.bytes + 64 + 3 * 56 + 8, 8);
	elf = open_ok(&s);
	iq_elf_segments(elf, &num);
	assert_int_equal(num, 3);
	iq_elf_destroy(elf);

	// Cut off: the table ends where the first segment's bytes begin.
	s.size = 2 * 4096 + 4;
	elf = open_ok(&s);
	iq_elf_segments(elf, &num);
	assert_true(num >= 4 && num <= (4096 - 64) / 56);
	assert_true(iq_elf_header(elf).promised_segments ==
		    IQ_ELF_SEGMENTS_LOST);
	iq_elf_destroy(elf);
	elf_builder_deinit(&b);
}

static void build_ids_come_from_segments(void **state iq_unused)
{
	struct elf_builder b;
	struct iq_elf *elf;

	elf_builder_init(&b, ET_EXEC);
	elf_builder_note(&b, "Go", 4, go_id, strlen(go_id));
	elf_builder_note(&b, "GNU", NT_GNU_BUILD_ID, gnu_id, sizeof(gnu_id));
	elf = open_ok(elf_builder_finish(&b));
	assert_str(iq_elf_build_id(elf), "abcd012345");
	assert_str(iq_elf_go_build_id(elf), go_id);
	assert_true(iq_elf_notes_whole(elf));
	assert_false(iq_elf_has_symbols(elf));
	iq_elf_destroy(elf);
	elf_builder_deinit(&b);
}

static void build_ids_come_from_sections(void **state iq_unused)
{
	struct elf_builder from, b;
	struct iq_elf *elf;

	elf_builder_init(&from, ET_EXEC);
	elf_builder_note(&from, "GNU", NT_GNU_BUILD_ID, gnu_id, sizeof(gnu_id));
	elf_builder_init(&b, ET_DYN);
	elf_builder_section(&b, ".note.gnu.build-id", SHT_NOTE, 0, from.notes,
			    from.notes_size);
	elf = open_ok(elf_builder_finish(&b));
	assert_str(iq_elf_build_id(elf), "abcd012345");
	assert_str(iq_elf_go_build_id(elf), "");
	iq_elf_destroy(elf);
	elf_builder_deinit(&b);
}

static void build_id_is_found_without_any_table(void **state iq_unused)
{
	struct elf_builder from, b;
	struct iq_elf *elf;

	// As in memory, where Go's segment of notes has its own alone.
	elf_builder_init(&from, ET_EXEC);
	elf_builder_note(&from, "Go", 4, go_id, strlen(go_id));
	elf_builder_note(&from, "GNU", NT_GNU_BUILD_ID, gnu_id, sizeof(gnu_id));
	elf_builder_init(&b, ET_EXEC);
	elf_builder_load(&b, PF_R, 0x400000, from.notes, from.notes_size,
			 from.notes_size);
	elf_builder_finish(&b);
	// Its segment's bytes begin with the second page.
	memmove(b.bytes + 256, b.bytes + 4096, from.notes_size);
	elf = open_ok(&b.source);
	assert_str(iq_elf_build_id(elf), "abcd012345");
	iq_elf_destroy(elf);
	elf_builder_deinit(&b);
}

static void notes_that_lie_end_the_notes(void **state iq_unused)
{
	struct elf_builder b;
	struct iq_elf *elf;
	uint32_t huge = UINT32_MAX;

	elf_builder_init(&b, ET_EXEC);
	elf_builder_note(&b, "Go", 4, go_id, strlen(go_id));
	size_t second = b.notes_size;
	elf_builder_note(&b, "GNU", NT_GNU_BUILD_ID, gnu_id, sizeof(gnu_id));
	memcpy(b.notes + second + 4, &huge, sizeof(huge));
	elf = open_ok(elf_builder_finish(&b));
	assert_str(iq_elf_go_build_id(elf), go_id);
	assert_str(iq_elf_build_id(elf), "");
	assert_false(iq_elf_notes_whole(elf));
	iq_elf_destroy(elf);
	elf_builder_deinit(&b);
}

/* Three symbols: an undefined one, one of ours, one of the runtime. */
static void add_symbols(struct elf_builder *b, Elf64_Sym *symbols)
{
	static const char names[] = "\0undefined\0main.x\0runtime.allgs";

	memset(symbols, 0, 4 * sizeof(*symbols));
	symbols[1] = (Elf64_Sym){ .st_name = 1, .st_value = 1 };
	symbols[2] =
		(Elf64_Sym){ .st_name = 11, .st_value = 0x1000, .st_shndx = 1 };
	symbols[3] =
		(Elf64_Sym){ .st_name = 18, .st_value = 0x2000, .st_shndx = 1 };
	elf_builder_section(b, ".strtab", SHT_STRTAB, 0, names, sizeof(names));
	Elf64_Shdr *s = elf_builder_section(b, ".symtab", SHT_SYMTAB, 0,
					    symbols, 4 * sizeof(*symbols));
	s->sh_link = 1;
	s->sh_entsize = sizeof(*symbols);
}

static void symbols_are_found_by_name(void **state iq_unused)
{
	Elf64_Sym symbols[4];
	struct elf_builder b;
	struct iq_elf *elf;
	uint64_t value;

	elf_builder_init(&b, ET_EXEC);
	add_symbols(&b, symbols);
	elf = open_ok(elf_builder_finish(&b));
	assert_true(iq_elf_has_symbols(elf));
	assert_true(iq_elf_symbol_find(elf, "runtime.allgs", &value));
	assert_int_equal(value, 0x2000);
	assert_true(iq_elf_symbol_find(elf, "main.x", &value));
	assert_int_equal(value, 0x1000);
	assert_false(iq_elf_symbol_find(elf, "undefined", &value));
	assert_false(iq_elf_symbol_find(elf, "main", &value));
	iq_elf_destroy(elf);
	elf_builder_deinit(&b);
}

static void symbols_out_of_the_file_are_none(void **state iq_unused)
{
	Elf64_Sym symbols[4];
	struct elf_builder b;
	struct iq_elf *elf;
	uint64_t value;

	for (int broken = 0; broken < 3; broken++) {
		elf_builder_init(&b, ET_EXEC);
		add_symbols(&b, symbols);
		Elf64_Shdr *strings = &b.parts[0].section;
		Elf64_Shdr *table = &b.parts[1].section;
		if (broken == 0)
			strings->sh_offset = UINT64_MAX - 8;
		else if (broken == 1)
			table->sh_size = UINT64_MAX / 2;
		else
			table->sh_link = 77;
		elf = open_ok(elf_builder_finish(&b));
		assert_false(iq_elf_symbol_find(elf, "main.x", &value));
		iq_elf_destroy(elf);
		elf_builder_deinit(&b);
	}
}

static void debug_file_has_the_symbols_that_are_missing(void **state iq_unused)
{
	Elf64_Sym symbols[4];
	struct elf_builder stripped, debug;
	struct iq_elf *elf;
	uint64_t value;

	elf_builder_init(&stripped, ET_EXEC);
	elf_builder_init(&debug, ET_EXEC);
	add_symbols(&debug, symbols);
	elf_builder_section(&debug, ".debug_info", SHT_PROGBITS, 0, "x", 1);
	elf = open_ok(elf_builder_finish(&stripped));
	assert_ptr_equal(iq_elf_debug(elf), elf);
	iq_elf_set_debug(elf, open_ok(elf_builder_finish(&debug)));
	assert_true(iq_elf_has_symbols(elf));
	assert_true(iq_elf_symbol_find(elf, "runtime.allgs", &value));
	assert_int_equal(value, 0x2000);
	assert_ptr_equal(iq_elf_source(iq_elf_debug(elf)), &debug.source);
	iq_elf_destroy(elf);
	elf_builder_deinit(&debug);
	elf_builder_deinit(&stripped);
}

static void link_to_a_debug_file_is_read(void **state iq_unused)
{
	static const char good[] = "app.debug\0\0\0\x78\x56\x34\x12";
	static const char *const bad[] = { "", "app.debug",
					   "a\x1b[31m\0\0\x78\x56\x34\x12" };
	static const size_t sizes[] = { 1, 10, 12 };
	struct elf_builder b;
	struct iq_elf *elf;
	struct iq_str name;
	uint32_t crc;

	elf_builder_init(&b, ET_EXEC);
	elf_builder_section(&b, ".gnu_debuglink", SHT_PROGBITS, 0, good,
			    sizeof(good) - 1);
	elf = open_ok(elf_builder_finish(&b));
	assert_true(iq_elf_debuglink(elf, &name, &crc));
	assert_str(name, "app.debug");
	assert_int_equal(crc, 0x12345678);
	iq_elf_destroy(elf);
	elf_builder_deinit(&b);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(bad); i++) {
		elf_builder_init(&b, ET_EXEC);
		elf_builder_section(&b, ".gnu_debuglink", SHT_PROGBITS, 0,
				    bad[i], sizes[i]);
		elf = open_ok(elf_builder_finish(&b));
		assert_false(iq_elf_debuglink(elf, &name, &crc));
		iq_elf_destroy(elf);
		elf_builder_deinit(&b);
	}
}

static void addresses_lead_to_bytes(void **state iq_unused)
{
	struct elf_builder b;
	struct iq_source s;
	struct iq_elf *elf;
	uint64_t len;

	elf_builder_init(&b, ET_EXEC);
	elf_builder_load(&b, PF_R, 0x10000, "abcdef", 6, 0x1000);
	s = *elf_builder_finish(&b);
	elf = open_ok(&s);
	const uint8_t *p = iq_elf_at(elf, 0x10002, &len);
	assert_non_null(p);
	assert_int_equal(len, 4);
	assert_memory_equal(p, "cdef", 4);
	assert_null(iq_elf_at(elf, 0x10006, &len));
	assert_null(iq_elf_at(elf, 0xffff, &len));
	iq_elf_destroy(elf);

	s.size -= 2;
	elf = open_ok(&s);
	assert_non_null(iq_elf_at(elf, 0x10002, &len));
	assert_int_equal(len, 2);
	assert_null(iq_elf_at(elf, 0x10004, &len));
	iq_elf_destroy(elf);
	elf_builder_deinit(&b);
}

static void files_of_debug_information_have_no_contents(void **state iq_unused)
{
	struct elf_builder b;
	struct iq_elf *elf;

	elf_builder_init(&b, ET_EXEC);
	Elf64_Shdr *text = elf_builder_section(&b, ".text", SHT_PROGBITS,
					       0x1000, "abc", 3);
	elf = open_ok(elf_builder_finish(&b));
	assert_true(iq_elf_has_contents(elf));
	iq_elf_destroy(elf);
	elf_builder_deinit(&b);

	elf_builder_init(&b, ET_EXEC);
	text = elf_builder_section(&b, ".text", SHT_NOBITS, 0x1000, "abc", 3);
	assert_non_null(text);
	elf = open_ok(elf_builder_finish(&b));
	assert_false(iq_elf_has_contents(elf));
	iq_elf_destroy(elf);
	elf_builder_deinit(&b);
}

/* Asks everything; what it answers is not looked at. */
static void ask_all(const struct iq_source *source)
{
	struct iq_elf_section section;
	struct iq_elf *elf = NULL;
	uint64_t value;
	struct iq_error *err = iq_elf_open(source, &elf);

	iq_error_destroy(err);
	if (!elf)
		return;
	iq_elf_symbol_find(elf, "runtime.allgs", &value);
	iq_elf_symbol_find(elf, "none", &value);
	iq_elf_section_find(elf, ".text", &section);
	iq_elf_at(elf, 0x1000, &value);
	iq_elf_destroy(elf);
}

static void damage_is_survived(void **state iq_unused)
{
	Elf64_Sym symbols[4];
	struct elf_builder b;
	struct iq_source s;

	elf_builder_init(&b, ET_EXEC);
	elf_builder_note(&b, "Go", 4, go_id, strlen(go_id));
	elf_builder_load(&b, PF_R, 0x1000, "abcdef", 6, 0x1000);
	add_symbols(&b, symbols);
	s = *elf_builder_finish(&b);
	for (size_t i = 0; i < s.size; i++) {
		// Nothing but padding stands between here and the load.
		if (i == 512)
			i = 4096;
		for (int k = 0; k < 3; k++) {
			uint8_t was = b.bytes[i];
			b.bytes[i] = k == 0 ? 0xff : k == 1 ? 0 : was ^ 0x80;
			ask_all(&s);
			b.bytes[i] = was;
		}
	}
	for (uint64_t size = b.size; size-- > 0;) {
		if (size == 4095)
			size = 512;
		// An exact copy, so that the sanitizer sees each byte too far.
		uint8_t *copy = malloc(size + !size);
		assert_non_null(copy);
		memcpy(copy, b.bytes, size);
		s.data = copy;
		s.size = size;
		ask_all(&s);
		free(copy);
	}
	elf_builder_deinit(&b);
}

static void id_texts_are_clean(void **state iq_unused)
{
	char buf[IQ_ELF_ID_TEXT_SIZE];

	assert_string_equal(iq_elf_id_text(IQ_STR("abcd"), IQ_STR("x"), buf),
			    "build id abcd");
	assert_string_equal(iq_elf_id_text(IQ_STR(""), IQ_STR("a_-/Z"), buf),
			    "Go build id a_-/Z");
	assert_string_equal(iq_elf_id_text(IQ_STR(""), IQ_STR("a\n"), buf),
			    "Go build id \"a\\x0a\"");
	assert_string_equal(iq_elf_id_text(IQ_STR(""), IQ_STR(""), buf),
			    "no build id");
}

static void notes_are_padded_to_4_or_8(void **state iq_unused)
{
	static const uint8_t of_8[] = {
		4,   0, 0, 0, 4, 0, 0, 0, 5,   0,   0,	 0, 'G', 'N',
		'U', 0, 1, 2, 3, 4, 0, 0, 0,   0,   4,	 0, 0,	 0,
		1,   0, 0, 0, 6, 0, 0, 0, 'G', 'N', 'U', 0, 9,
	};
	struct iq_elf_note note;
	struct iq_cursor c;

	iq_cursor_init(&c, of_8, sizeof(of_8), 100);
	assert_true(iq_elf_note_next(&c, 8, &note));
	assert_str(note.name, "GNU");
	assert_int_equal(note.type, 5);
	assert_int_equal(note.offset, 116);
	assert_true(iq_elf_note_next(&c, 8, &note));
	assert_int_equal(note.type, 6);
	assert_int_equal(note.desc.ptr[0], 9);
	assert_false(iq_elf_note_next(&c, 8, &note));
	assert_null(iq_cursor_done(&c));
}

static void end_that_headers_promise_shows_a_cut(void **state iq_unused)
{
	struct elf_builder b;
	struct iq_source s;
	struct iq_elf *elf;
	uint64_t whole;

	elf_builder_init(&b, ET_EXEC);
	elf_builder_load(&b, PF_R, 0x1000, "abc", 3, 0x2000);
	s = *elf_builder_finish(&b);
	whole = s.size;
	elf = open_ok(&s);
	assert_true(iq_elf_promised_end(elf) <= whole);
	iq_elf_destroy(elf);
	s.size = 64 + 56 + 1;
	elf = open_ok(&s);
	assert_true(iq_elf_promised_end(elf) > s.size);
	iq_elf_destroy(elf);
	elf_builder_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_that_are_no_elf64_are_refused),
		cmocka_unit_test(segments_are_read_as_far_as_they_are_there),
		cmocka_unit_test(end_that_headers_promise_shows_a_cut),
		cmocka_unit_test(many_segments_are_counted_in_section_0),
		cmocka_unit_test(build_ids_come_from_segments),
		cmocka_unit_test(build_ids_come_from_sections),
		cmocka_unit_test(build_id_is_found_without_any_table),
		cmocka_unit_test(notes_that_lie_end_the_notes),
		cmocka_unit_test(symbols_are_found_by_name),
		cmocka_unit_test(symbols_out_of_the_file_are_none),
		cmocka_unit_test(debug_file_has_the_symbols_that_are_missing),
		cmocka_unit_test(link_to_a_debug_file_is_read),
		cmocka_unit_test(addresses_lead_to_bytes),
		cmocka_unit_test(files_of_debug_information_have_no_contents),
		cmocka_unit_test(damage_is_survived),
		cmocka_unit_test(id_texts_are_clean),
		cmocka_unit_test(notes_are_padded_to_4_or_8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
