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
#include <unistd.h>

#include "elf-builder.h"
#include "formats/elf/core.h"

#define PAGE 4096
#define BASE UINT64_C(0x400000)
/* Where the executable's read-only, then its writable segment stand. */
#define RODATA (BASE + 2 * PAGE)
#define DATA (BASE + 4 * PAGE)

static const char *const path = "/srv/bin/server";

/* A core as it is opened by the code under test. */
struct opened {
	struct iq_facts *facts;
	struct iq_core *core;
	struct iq_error *err;
};

static struct opened core_open(const struct iq_source *source,
			       const struct iq_source *executable,
			       const char *sysroot)
{
	struct opened o = { 0 };
	struct iq_read_context context = {
		.executables = &executable,
		.num_executables = executable ? 1 : 0,
		.sysroot = sysroot,
		.no_file_system = !sysroot,
	};

	assert_null(iq_facts_create(&o.facts));
	o.err = iq_core_open(&context, source, o.facts, &o.core);
	return o;
}

static void core_close(struct opened *o)
{
	iq_error_destroy(o->err);
	iq_facts_destroy(o->facts);
}

/* The text of the only gap of that code. */
static const char *gap_text(const struct opened *o, enum iq_gap_code code,
			    char *buf, size_t size)
{
	size_t found = 0;

	for (size_t i = 0; i < o->facts->gaps.len; i++) {
		const struct iq_gap *gap = &o->facts->gaps.data[i];
		if (gap->code != code)
			continue;
		found++;
		snprintf(buf, size, "%.*s", IQ_STR_ARG(gap->text));
	}
	assert_int_equal(found, 1);
	return buf;
}

static void assert_gap(const struct opened *o, enum iq_gap_code code,
		       const char *part)
{
	char buf[1024];

	if (!strstr(gap_text(o, code, buf, sizeof(buf)), part))
		fail_msg("\"%s\" is not in \"%s\"", part, buf);
}

static void assert_str(struct iq_str s, const char *expected)
{
	assert_int_equal(s.len, strlen(expected));
	assert_memory_equal(s.ptr, expected, s.len);
}

/* An executable: header and notes, a page of 'r', a page of 'd'. */
static const struct iq_source *executable_build(struct elf_builder *b,
						const char *id)
{
	static uint8_t pages[2][PAGE];

	memset(pages[0], 'r', PAGE);
	memset(pages[1], 'd', PAGE);
	elf_builder_init(b, ET_EXEC);
	b->entry = BASE + 0x100;
	if (id)
		elf_builder_note(b, "GNU", NT_GNU_BUILD_ID, id, strlen(id));
	elf_builder_load_start(b, PF_R | PF_X, BASE, PAGE);
	elf_builder_load(b, PF_R, RODATA, pages[0], PAGE, PAGE);
	elf_builder_load(b, PF_R | PF_W, DATA, pages[1], PAGE, PAGE);
	return elf_builder_finish(b);
}

/* The notes of a core of that executable. */
static void core_notes(struct elf_builder *b)
{
	const struct elf_builder_file files[] = {
		{ BASE, BASE + PAGE, 0, path },
		{ RODATA, RODATA + PAGE, 1, path },
		{ DATA, DATA + PAGE, 2, path },
	};
	const uint64_t auxv[][2] = {
		{ AT_PHDR, BASE + 64 },
		{ AT_PHNUM, 4 },
		{ AT_ENTRY, BASE + 0x100 },
	};

	elf_builder_init(b, ET_CORE);
	elf_builder_thread(b, 77, SIGABRT, 0x1234, 0x5678);
	elf_builder_prpsinfo(b, 77, "./server -x ");
	elf_builder_auxv(b, auxv, 3);
	elf_builder_files(b, files, 3);
}

/* The segments of that core; @header is the executable's first page, or NULL if
 * it is not dumped. */
static const struct iq_source *core_build(struct elf_builder *b,
					  const uint8_t *header)
{
	core_notes(b);
	elf_builder_load(b, PF_R | PF_X, BASE, header, header ? PAGE : 0, PAGE);
	elf_builder_load(b, PF_R, RODATA, NULL, 0, PAGE);
	elf_builder_load(b, PF_R | PF_W, DATA, NULL, 0, PAGE);
	return elf_builder_finish(b);
}

/* A thread's note of arm64: each register has its number. */
static void arm64_thread(struct elf_builder *b, uint32_t tid)
{
	uint8_t note[392] = { 0 };

	memcpy(note + 32, &tid, sizeof(tid));
	for (uint64_t i = 0; i < 34; i++) {
		uint64_t value = 0x1000 * tid + i;

		memcpy(note + 112 + 8 * i, &value, sizeof(value));
	}
	elf_builder_note(b, "CORE", NT_PRSTATUS, note, sizeof(note));
}

static void
notes_of_arm64_give_registers_and_local_memory(void **state iq_unused)
{
	const uint64_t tls[2] = { 0x7f0000, 0 };
	const struct iq_core_thread *t;
	struct elf_builder b;
	struct opened o;

	elf_builder_init(&b, ET_CORE);
	b.machine = EM_AARCH64;
	// Of no thread, of one, of another owner's.
	elf_builder_note(&b, "LINUX", NT_ARM_TLS, tls, 8);
	arm64_thread(&b, 1);
	elf_builder_note(&b, "LINUX", NT_ARM_TLS, tls, 16);
	arm64_thread(&b, 2);
	elf_builder_note(&b, "CORE", NT_ARM_TLS, tls, 8);
	o = core_open(elf_builder_finish(&b), NULL, NULL);
	assert_null(o.err);
	assert_string_equal(o.core->arch, "arm64");
	assert_int_equal(o.core->num_threads, 2);
	t = o.core->threads;
	assert_int_equal(t[0].regs[28], 0x1000 + 28);
	assert_int_equal(t[0].sp, 0x1000 + 31);
	assert_int_equal(t[0].pc, 0x1000 + 32);
	assert_true(t[0].has_tls);
	assert_int_equal(t[0].tls, 0x7f0000);
	assert_int_equal(t[1].pc, 0x2000 + 32);
	assert_false(t[1].has_tls);
	core_close(&o);
	elf_builder_deinit(&b);
}

static void thread_note_of_another_machine_is_a_gap(void **state iq_unused)
{
	char buf[256];
	struct elf_builder b;
	struct opened o;

	elf_builder_init(&b, ET_CORE);
	b.machine = EM_AARCH64;
	elf_builder_thread(&b, 12, SIGSEGV, 0x100, 0x200);
	o = core_open(elf_builder_finish(&b), NULL, NULL);
	assert_null(o.err);
	assert_int_equal(o.core->num_threads, 0);
	assert_non_null(strstr(gap_text(&o, IQ_GAP_DAMAGED, buf, sizeof(buf)),
			       "336 bytes, not 392 as on arm64"));
	core_close(&o);
	elf_builder_deinit(&b);
}

static void threads_are_listed_in_the_order_of_the_notes(void **state iq_unused)
{
	struct elf_builder b;
	struct opened o;

	elf_builder_init(&b, ET_CORE);
	elf_builder_thread(&b, 12, SIGSEGV, 0x100, 0x200);
	elf_builder_prpsinfo(&b, 10, "./server -port 80 ");
	elf_builder_siginfo(&b, SIGSEGV, SEGV_MAPERR, 0xdead);
	elf_builder_thread(&b, 10, SIGSEGV, 0x300, 0x400);
	o = core_open(elf_builder_finish(&b), NULL, NULL);
	assert_null(o.err);
	assert_string_equal(o.core->arch, "amd64");
	assert_int_equal(o.core->num_threads, 2);
	assert_int_equal(o.core->threads[0].tid, 12);
	assert_int_equal(o.core->threads[0].pc, 0x100);
	assert_int_equal(o.core->threads[0].sp, 0x200);
	assert_int_equal(o.core->threads[1].tid, 10);
	assert_int_equal(o.core->threads[1].regs[o.core->cpu->pc], 0x300);
	assert_true(o.core->has_pid);
	assert_int_equal(o.core->pid, 10);
	assert_str(o.core->command, "./server -port 80");
	assert_false(o.core->from_gcore);
	core_close(&o);
	elf_builder_deinit(&b);
}

static void fault_address_is_known_for_faults_only(void **state iq_unused)
{
	const struct {
		int signal, code;
		bool has_addr;
	} rows[] = {
		{ SIGSEGV, SEGV_MAPERR, true },
		{ SIGBUS, BUS_ADRERR, true },
		// Not canonical: the processor does not say which address.
		{ SIGSEGV, SI_KERNEL, false },
		{ SIGSEGV, SI_USER, false },
		{ SIGABRT, SI_TKILL, false },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++) {
		struct elf_builder b;
		struct opened o;

		elf_builder_init(&b, ET_CORE);
		elf_builder_thread(&b, 1, (uint16_t)rows[i].signal, 0, 0);
		elf_builder_siginfo(&b, rows[i].signal, rows[i].code, 0xdead);
		o = core_open(elf_builder_finish(&b), NULL, NULL);
		assert_null(o.err);
		assert_true(o.core->has_signal);
		assert_int_equal(o.core->signal, rows[i].signal);
		assert_int_equal(o.core->signal_code, rows[i].code);
		assert_int_equal(o.core->has_fault_addr, rows[i].has_addr);
		if (rows[i].has_addr)
			assert_int_equal(o.core->fault_addr, 0xdead);
		core_close(&o);
		elf_builder_deinit(&b);
	}
}

static void gcore_of_a_living_process_has_no_signal(void **state iq_unused)
{
	struct elf_builder b;
	struct opened o;

	elf_builder_init(&b, ET_CORE);
	b.notes_last = true;
	elf_builder_prpsinfo(&b, 10, "./server");
	elf_builder_thread(&b, 10, 0, 1, 2);
	elf_builder_siginfo(&b, SIGSTOP, SI_KERNEL, 0);
	elf_builder_note(&b, "GDB", 0xff000000, "<target/>", 9);
	elf_builder_load(&b, PF_R, 0x1000, "a", 1, 1);
	o = core_open(elf_builder_finish(&b), NULL, NULL);
	assert_null(o.err);
	assert_true(o.core->from_gcore);
	assert_false(o.core->has_signal);
	assert_int_equal(o.core->num_threads, 1);
	core_close(&o);
	elf_builder_deinit(&b);
}

static void what_was_not_dumped_is_not_zero(void **state iq_unused)
{
	struct elf_builder b;
	struct opened o;
	uint8_t byte;

	elf_builder_init(&b, ET_CORE);
	elf_builder_load(&b, PF_R, 0x10000, "abcd", 4, 0x1000);
	o = core_open(elf_builder_finish(&b), NULL, NULL);
	assert_null(o.err);
	assert_true(iq_memory_read(o.core->memory, 0x10003, 1, &byte));
	assert_int_equal(byte, 'd');
	assert_false(iq_memory_read(o.core->memory, 0x10004, 1, &byte));
	assert_int_equal(iq_memory_state(o.core->memory, 0x10004),
			 IQ_MEMORY_NOT_DUMPED);
	assert_int_equal(iq_memory_state(o.core->memory, 0x11000),
			 IQ_MEMORY_UNMAPPED);
	core_close(&o);
	elf_builder_deinit(&b);
}

static void truncated_core_says_what_is_missing(void **state iq_unused)
{
	static uint8_t page[2 * PAGE];
	struct elf_builder b;
	struct iq_source s;
	struct opened o;
	uint8_t byte;

	elf_builder_init(&b, ET_CORE);
	elf_builder_thread(&b, 1, SIGABRT, 0, 0);
	elf_builder_load(&b, PF_R, 0x10000, page, sizeof(page), sizeof(page));
	elf_builder_load(&b, PF_R, 0x20000, page, sizeof(page), sizeof(page));
	s = *elf_builder_finish(&b);
	s.size -= 3 * PAGE + 100;
	o = core_open(&s, NULL, NULL);
	assert_null(o.err);
	assert_true(o.core->truncated);
	assert_int_equal(o.core->num_threads, 1);
	assert_gap(&o, IQ_GAP_TRUNCATED, "12388 bytes of memory in 2 segments");
	assert_int_equal(o.facts->gaps.data[0].offset, s.size);
	assert_true(iq_memory_read(o.core->memory, 0x10000, 1, &byte));
	assert_int_equal(iq_memory_state(o.core->memory, 0x10000 + PAGE),
			 IQ_MEMORY_CUT_OFF);
	assert_int_equal(iq_memory_state(o.core->memory, 0x20000),
			 IQ_MEMORY_CUT_OFF);
	core_close(&o);
	elf_builder_deinit(&b);
}

static void notes_that_are_cut_off_leave_the_rest(void **state iq_unused)
{
	struct elf_builder b;
	struct iq_source s;
	struct opened o;

	elf_builder_init(&b, ET_CORE);
	elf_builder_thread(&b, 1, SIGABRT, 0, 0);
	elf_builder_thread(&b, 2, SIGABRT, 0, 0);
	s = *elf_builder_finish(&b);
	s.size -= 10;
	o = core_open(&s, NULL, NULL);
	assert_null(o.err);
	assert_int_equal(o.core->num_threads, 1);
	assert_gap(&o, IQ_GAP_TRUNCATED,
		   "the core ends 10 bytes before its notes do");
	core_close(&o);

	s.size = 64 + 56;
	o = core_open(&s, NULL, NULL);
	assert_null(o.err);
	assert_int_equal(o.core->num_threads, 0);
	assert_gap(&o, IQ_GAP_TRUNCATED, "before its notes do");
	core_close(&o);
	elf_builder_deinit(&b);
}

static void broken_notes_are_gaps_one_by_one(void **state iq_unused)
{
	const uint64_t lying_files[] = { UINT64_MAX, 4096, 1, 2, 3 };
	struct elf_builder b;
	struct opened o;

	elf_builder_init(&b, ET_CORE);
	elf_builder_note(&b, "CORE", NT_PRSTATUS, "short", 5);
	elf_builder_note(&b, "CORE", NT_FILE, lying_files, sizeof(lying_files));
	elf_builder_note(&b, "CORE", NT_PRPSINFO, "short", 5);
	elf_builder_thread(&b, 3, SIGABRT, 0, 0);
	o = core_open(elf_builder_finish(&b), NULL, NULL);
	assert_null(o.err);
	assert_int_equal(o.core->num_threads, 1);
	assert_int_equal(o.core->num_files, 0);
	assert_false(o.core->has_pid);
	assert_int_equal(o.facts->gaps.len, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(o.facts->gaps.data[i].code, IQ_GAP_DAMAGED);
		assert_true(o.facts->gaps.data[i].has_offset);
	}
	core_close(&o);
	elf_builder_deinit(&b);
}

static void segments_that_wrap_are_left_out(void **state iq_unused)
{
	struct elf_builder b;
	struct opened o;

	elf_builder_init(&b, ET_CORE);
	elf_builder_load(&b, PF_R, UINT64_MAX - 10, "abcd", 4, 100);
	elf_builder_load(&b, PF_R, 0x1000, "abcd", 4, 4);
	o = core_open(elf_builder_finish(&b), NULL, NULL);
	assert_null(o.err);
	assert_gap(&o, IQ_GAP_DAMAGED, "segment 0 does not fit");
	assert_int_equal(iq_memory_state(o.core->memory, 0x1000),
			 IQ_MEMORY_PRESENT);
	core_close(&o);
	elf_builder_deinit(&b);
}

static void foreign_machine_is_one_clear_gap(void **state iq_unused)
{
	struct elf_builder b;
	struct opened o;

	elf_builder_init(&b, ET_CORE);
	b.machine = EM_RISCV;
	elf_builder_thread(&b, 3, SIGABRT, 0, 0);
	o = core_open(elf_builder_finish(&b), NULL, NULL);
	assert_null(o.err);
	assert_null(o.core->arch);
	assert_gap(&o, IQ_GAP_UNSUPPORTED, "ELF machine 243");
	core_close(&o);
	elf_builder_deinit(&b);
}

static void files_that_are_no_cores_are_refused(void **state iq_unused)
{
	struct elf_builder b;
	struct opened o;

	o = core_open(executable_build(&b, "id"), NULL, NULL);
	assert_non_null(o.err);
	assert_non_null(strstr(o.err->text, "ELF type is 2"));
	core_close(&o);
	elf_builder_deinit(&b);
}

static void assert_rodata(const struct opened *o, bool there)
{
	uint8_t bytes[PAGE];

	assert_int_equal(iq_memory_read(o->core->memory, RODATA, PAGE, bytes),
			 there);
	if (there)
		assert_int_equal(bytes[PAGE - 1], 'r');
}

static void executable_of_the_same_build_fills_pages(void **state iq_unused)
{
	struct elf_builder exe, b;
	struct opened o;

	executable_build(&exe, "0123456789");
	o = core_open(core_build(&b, exe.bytes), &exe.source, NULL);
	assert_null(o.err);
	assert_int_equal(o.facts->gaps.len, 0);
	assert_int_equal(o.core->num_modules, 1);
	const struct iq_core_module *m = &o.core->modules[0];
	assert_non_null(m->elf);
	assert_true(m->verified);
	assert_true(m->is_executable);
	assert_str(m->path, path);
	assert_str(m->build_id, "30313233343536373839");
	assert_int_equal(m->bias, 0);
	assert_int_equal(m->start, BASE);
	assert_int_equal(m->end, DATA + PAGE);
	assert_rodata(&o, true);
	// What the process may have written is not what the file has.
	assert_int_equal(iq_memory_state(o.core->memory, DATA),
			 IQ_MEMORY_NOT_DUMPED);
	core_close(&o);
	elf_builder_deinit(&b);
	elf_builder_deinit(&exe);
}

static void executable_of_another_build_is_not_used(void **state iq_unused)
{
	struct elf_builder exe, other, b;
	struct opened o;

	executable_build(&exe, "aaaa");
	executable_build(&other, "bbbb");
	o = core_open(core_build(&b, exe.bytes), &other.source, NULL);
	assert_null(o.err);
	assert_null(o.core->modules[0].elf);
	assert_int_equal(o.facts->gaps.len, 1);
	assert_gap(&o, IQ_GAP_MISMATCH, "build id 61616161");
	assert_gap(&o, IQ_GAP_MISMATCH, "build id 62626262");
	assert_rodata(&o, false);
	assert_str(o.core->modules[0].build_id, "61616161");
	core_close(&o);
	elf_builder_deinit(&b);
	elf_builder_deinit(&other);
	elf_builder_deinit(&exe);
}

static void headers_are_compared_where_no_build_id_is(void **state iq_unused)
{
	struct elf_builder exe, b;
	struct opened o;

	executable_build(&exe, NULL);
	// Without a note segment there are three program headers.
	core_build(&b, exe.bytes);
	for (size_t i = 0; i + 8 <= b.notes_size; i += 4) {
		const uint64_t phnum[2] = { AT_PHNUM, 4 };
		const uint64_t right[2] = { AT_PHNUM, 3 };
		if (!memcmp(b.notes + i, phnum, sizeof(phnum)))
			memcpy(b.notes + i, right, sizeof(right));
	}
	elf_builder_deinit(&b);
	b.bytes = NULL;
	b.size = 0;
	elf_builder_finish(&b);
	o = core_open(&b.source, &exe.source, NULL);
	assert_null(o.err);
	assert_true(o.core->modules[0].verified);
	assert_rodata(&o, true);
	core_close(&o);

	// Another entry point: another program.
	exe.bytes[24] ^= 1;
	o = core_open(&b.source, &exe.source, NULL);
	assert_null(o.err);
	assert_null(o.core->modules[0].elf);
	assert_gap(&o, IQ_GAP_MISMATCH, "no build id");
	core_close(&o);
	elf_builder_deinit(&b);
	elf_builder_deinit(&exe);
}

static void
executable_that_nothing_tells_is_not_verified(void **state iq_unused)
{
	struct elf_builder exe, b;
	struct opened o;

	executable_build(&exe, "aaaa");
	o = core_open(core_build(&b, NULL), &exe.source, NULL);
	assert_null(o.err);
	assert_non_null(o.core->modules[0].elf);
	assert_false(o.core->modules[0].verified);
	assert_gap(&o, IQ_GAP_MISMATCH, "is not verified");
	assert_rodata(&o, true);
	core_close(&o);
	elf_builder_deinit(&b);
	elf_builder_deinit(&exe);
}

static void names_outlive_the_bytes_of_the_file(void **state iq_unused)
{
	char file[] = "/tmp/inquest-test-XXXXXX";
	struct iq_source *source;
	struct elf_builder exe, b;
	struct opened o;
	int fd = mkstemp(file);

	assert_true(fd >= 0);
	executable_build(&exe, "aaaa");
	core_build(&b, exe.bytes);
	assert_int_equal(write(fd, b.bytes, b.size), b.size);
	assert_null(iq_source_open(file, NULL, &source));
	o = core_open(source, NULL, NULL);
	assert_null(o.err);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_str(o.core->modules[0].path, path);
	assert_str(o.core->command, "./server -x");
	core_close(&o);

	// Before it was looked at, too: nothing there is a name then.
	iq_source_destroy(source);
	assert_int_equal(pwrite(fd, b.bytes, b.size, 0), b.size);
	assert_null(iq_source_open(file, NULL, &source));
	assert_int_equal(ftruncate(fd, 0), 0);
	o = core_open(source, NULL, NULL);
	assert_non_null(o.err);
	core_close(&o);
	iq_source_destroy(source);
	close(fd);
	unlink(file);
	elf_builder_deinit(&b);
	elf_builder_deinit(&exe);
}

static void without_mapped_files_program_headers_serve(void **state iq_unused)
{
	const uint64_t bias = 0x555500000000;
	const uint64_t auxv[][2] = {
		{ AT_PHDR, bias + BASE + 64 },
		{ AT_PHNUM, 4 },
		{ AT_ENTRY, bias + BASE + 0x100 },
		{ AT_EXECFN, 0x7000 },
	};
	struct elf_builder exe, b;
	struct opened o;
	uint8_t byte;

	executable_build(&exe, "aaaa");
	elf_builder_init(&b, ET_CORE);
	elf_builder_thread(&b, 77, SIGABRT, 0x1234, 0x5678);
	elf_builder_auxv(&b, auxv, 4);
	elf_builder_load(&b, PF_R, bias + BASE, exe.bytes, PAGE, PAGE);
	elf_builder_load(&b, PF_R | PF_W, 0x7000, "./server", 9, 9);
	o = core_open(elf_builder_finish(&b), &exe.source, NULL);
	assert_null(o.err);
	assert_int_equal(o.core->num_modules, 1);
	assert_str(o.core->execfn, "./server");
	assert_int_equal(o.core->modules[0].bias, bias);
	assert_true(o.core->modules[0].verified);
	assert_true(iq_memory_read(o.core->memory, bias + RODATA, 1, &byte));
	assert_int_equal(byte, 'r');
	core_close(&o);
	elf_builder_deinit(&b);
	elf_builder_deinit(&exe);
}

/* A core without notes whose segments at @at[] begin with @header. */
static const struct iq_source *bare_core_build(struct elf_builder *b,
					       const uint8_t *header,
					       const uint64_t *at, size_t num)
{
	elf_builder_init(b, ET_CORE);
	for (size_t i = 0; i < num; i++)
		elf_builder_load(b, PF_R, at[i], header, PAGE, PAGE);
	elf_builder_load(b, PF_R | PF_W, 0x7000, "stack", 6, 6);
	return elf_builder_finish(b);
}

static void without_notes_memory_shows_a_fixed_program(void **state iq_unused)
{
	const uint64_t at[] = { BASE };
	struct elf_builder exe, other, b;
	struct opened o;

	executable_build(&exe, "aaaa");
	executable_build(&other, "bbbb");
	bare_core_build(&b, exe.bytes, at, 1);
	o = core_open(&b.source, &exe.source, NULL);
	assert_null(o.err);
	assert_int_equal(o.core->num_modules, 1);
	assert_true(o.core->modules[0].is_executable);
	assert_true(o.core->modules[0].verified);
	assert_int_equal(o.core->modules[0].bias, 0);
	assert_rodata(&o, true);
	core_close(&o);

	o = core_open(&b.source, &other.source, NULL);
	assert_null(o.err);
	assert_int_equal(o.core->num_modules, 1);
	assert_null(o.core->modules[0].elf);
	assert_str(o.core->modules[0].build_id, "61616161");
	assert_gap(&o, IQ_GAP_MISMATCH, "build id 61616161");
	assert_gap(&o, IQ_GAP_MISMATCH, "build id 62626262");
	assert_gap(&o, IQ_GAP_MISMATCH, "is not used");
	assert_rodata(&o, false);
	core_close(&o);
	elf_builder_deinit(&b);

	// Nothing to compare with.
	bare_core_build(&b, NULL, NULL, 0);
	o = core_open(&b.source, &exe.source, NULL);
	assert_null(o.err);
	assert_int_equal(o.core->num_modules, 0);
	assert_gap(&o, IQ_GAP_MISSING, "where it was mapped");
	core_close(&o);
	elf_builder_deinit(&b);
	elf_builder_deinit(&other);
	elf_builder_deinit(&exe);
}

static void without_notes_a_header_shows_where_it_is(void **state iq_unused)
{
	const uint64_t bias = 0x555500000000;
	const uint64_t at[] = { bias + BASE, 2 * bias };
	struct elf_builder exe, b;
	struct opened o;
	uint8_t byte;

	executable_build(&exe, "aaaa");
	exe.bytes[offsetof(Elf64_Ehdr, e_type)] = ET_DYN;
	bare_core_build(&b, exe.bytes, at, 1);
	o = core_open(&b.source, &exe.source, NULL);
	assert_null(o.err);
	assert_int_equal(o.core->num_modules, 1);
	assert_true(o.core->modules[0].is_executable);
	assert_int_equal(o.core->modules[0].bias, bias);
	assert_true(iq_memory_read(o.core->memory, bias + RODATA, 1, &byte));
	core_close(&o);
	elf_builder_deinit(&b);

	// Mapped twice: which one runs is not known.
	bare_core_build(&b, exe.bytes, at, 2);
	o = core_open(&b.source, &exe.source, NULL);
	assert_null(o.err);
	assert_int_equal(o.core->num_modules, 0);
	assert_gap(&o, IQ_GAP_MISSING, "where it was mapped");
	core_close(&o);
	elf_builder_deinit(&b);
	elf_builder_deinit(&exe);
}

static void cut_and_flipped_cores_are_survived(void **state iq_unused)
{
	struct elf_builder exe, b;
	struct opened o;

	executable_build(&exe, "aaaa");
	core_build(&b, exe.bytes);
	for (size_t size = 0; size < b.size; size += size < 1600 ? 7 : 511) {
		uint8_t *copy = malloc(size + !size);
		struct iq_source s = { .path = "cut",
				       .data = copy,
				       .size = size };
		assert_non_null(copy);
		memcpy(copy, b.bytes, size);
		o = core_open(&s, &exe.source, NULL);
		core_close(&o);
		free(copy);
	}
	for (size_t i = 0; i < 1600; i++) {
		b.bytes[i] ^= 0xff;
		o = core_open(&b.source, &exe.source, NULL);
		core_close(&o);
		b.bytes[i] ^= 0xff;
	}
	elf_builder_deinit(&b);
	elf_builder_deinit(&exe);
}

static void signals_have_names(void **state iq_unused)
{
	assert_string_equal(iq_core_signal_name(SIGSEGV), "SIGSEGV");
	assert_string_equal(iq_core_signal_name(SIGABRT), "SIGABRT");
	assert_string_equal(iq_core_signal_name(SIGSYS), "SIGSYS");
	assert_null(iq_core_signal_name(0));
	assert_null(iq_core_signal_name(-1));
	assert_null(iq_core_signal_name(64));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_are_listed_in_the_order_of_the_notes),
		cmocka_unit_test(
			notes_of_arm64_give_registers_and_local_memory),
		cmocka_unit_test(thread_note_of_another_machine_is_a_gap),
		cmocka_unit_test(fault_address_is_known_for_faults_only),
		cmocka_unit_test(gcore_of_a_living_process_has_no_signal),
		cmocka_unit_test(what_was_not_dumped_is_not_zero),
		cmocka_unit_test(truncated_core_says_what_is_missing),
		cmocka_unit_test(notes_that_are_cut_off_leave_the_rest),
		cmocka_unit_test(broken_notes_are_gaps_one_by_one),
		cmocka_unit_test(segments_that_wrap_are_left_out),
		cmocka_unit_test(foreign_machine_is_one_clear_gap),
		cmocka_unit_test(files_that_are_no_cores_are_refused),
		cmocka_unit_test(executable_of_the_same_build_fills_pages),
		cmocka_unit_test(executable_of_another_build_is_not_used),
		cmocka_unit_test(headers_are_compared_where_no_build_id_is),
		cmocka_unit_test(executable_that_nothing_tells_is_not_verified),
		cmocka_unit_test(names_outlive_the_bytes_of_the_file),
		cmocka_unit_test(without_mapped_files_program_headers_serve),
		cmocka_unit_test(without_notes_memory_shows_a_fixed_program),
		cmocka_unit_test(without_notes_a_header_shows_where_it_is),
		cmocka_unit_test(cut_and_flipped_cores_are_survived),
		cmocka_unit_test(signals_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
