/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "elf-builder.h"
#include "formats/dwarf/child.h"
#include "formats/dwarf/layout.h"
#include "scratch.h"

/* ---- the child */

static const struct iq_child_limits short_limits = {
	.memory = 256u << 20,
	.cpu_seconds = 10,
	.wall_seconds = 1,
};

static const struct iq_child_limits long_limits = {
	.memory = 256u << 20,
	.cpu_seconds = 10,
	.wall_seconds = 30,
};

struct record {
	int number;
	/* More than a pipe holds. */
	char bytes[1 << 17];
};

static struct record record;

static struct iq_error *run(const struct iq_child_limits *limits,
			    iq_child_fn *fn, void *ctx)
{
	memset(&record, 0, sizeof(record));
	return iq_child_run(limits, fn, ctx, &record, sizeof(record));
}

/* The error must say @text, and the record must be as it was. */
static void assert_fails(struct iq_error *err, const char *text)
{
	assert_non_null(err);
	if (!strstr(err->text, text))
		fail_msg("\"%s\" does not say \"%s\"", err->text, text);
	iq_error_destroy(err);
	assert_int_equal(record.number, 0);
}

static struct iq_error *answer(void *ctx, void *ret)
{
	struct record *r = ret;

	r->number = *(int *)ctx;
	memset(r->bytes, 'x', sizeof(r->bytes));
	return NULL;
}

static struct iq_error *complain(void *ctx iq_unused, void *ret)
{
	((struct record *)ret)->number = 1;
	return iq_error_new(IQ_ERROR_UNSUPPORTED, "no\033[31m such\n form");
}

static struct iq_error *crash(void *ctx iq_unused, void *ret)
{
	((struct record *)ret)->number = 1;
	raise(SIGSEGV);
	return NULL;
}

static struct iq_error *give_up(void *ctx iq_unused, void *ret iq_unused)
{
	_exit(3);
}

static struct iq_error *hang(void *ctx iq_unused, void *ret iq_unused)
{
	for (;;)
		pause();
	return NULL;
}

static struct iq_error *spin(void *ctx iq_unused, void *ret iq_unused)
{
	volatile unsigned i = 0;

	for (;;)
		i = i + 1;
	return NULL;
}

/* Answers half, and does not end. */
static struct iq_error *stutter(void *ctx iq_unused, void *ret iq_unused)
{
	if (write(3, "x", 1) != 1)
		_exit(1);
	return hang(NULL, NULL);
}

/* Closes its pipe, and does not end. */
static struct iq_error *hide(void *ctx iq_unused, void *ret iq_unused)
{
	close(3);
	return hang(NULL, NULL);
}

static struct iq_error *devour(void *ctx iq_unused, void *ret iq_unused)
{
	const size_t step = 16u << 20;

	for (size_t i = 0; i < (1u << 30) / step; i++)
		if (mmap(NULL, step, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
			return &iq_enomem;
	return NULL;
}

static struct iq_error *reach_out(void *ctx iq_unused, void *ret iq_unused)
{
	if (write(STDOUT_FILENO, "x", 1) >= 0 ||
	    write(STDERR_FILENO, "x", 1) >= 0 || dup(3) >= 0)
		return iq_error_new(IQ_ERROR_IO, "there is a way out");
	return NULL;
}

static void child_answers(void **state iq_unused)
{
	int number = 17;

	assert_null(run(&long_limits, answer, &number));
	assert_int_equal(record.number, 17);
	assert_int_equal(record.bytes[0], 'x');
	assert_int_equal(record.bytes[sizeof(record.bytes) - 1], 'x');
}

static void child_error_comes_back_clean(void **state iq_unused)
{
	struct iq_error *err = run(&long_limits, complain, NULL);

	assert_non_null(err);
	assert_int_equal(err->code, IQ_ERROR_UNSUPPORTED);
	assert_fails(err, "no?[31m such? form");
}

static void child_crash_is_an_error(void **state iq_unused)
{
	assert_fails(run(&long_limits, crash, NULL), "killed by SIGSEGV");
	assert_fails(run(&long_limits, give_up, NULL), "status 3");
}

static void child_that_never_ends_is_ended(void **state iq_unused)
{
	const struct iq_child_limits cpu = {
		.memory = 256u << 20,
		.cpu_seconds = 1,
		.wall_seconds = 30,
	};

	assert_fails(run(&short_limits, hang, NULL), "more than 1 seconds");
	assert_fails(run(&short_limits, stutter, NULL), "more than 1 seconds");
	assert_fails(run(&short_limits, hide, NULL), "more than 1 seconds");
	assert_fails(run(&cpu, spin, NULL), "processor time");
}

static void child_memory_is_limited(void **state iq_unused)
{
	assert_fails(run(&long_limits, devour, NULL), "too much memory");
}

static void child_has_no_files(void **state iq_unused)
{
	assert_null(run(&long_limits, reach_out, NULL));
}

static void count_signal(int sig iq_unused)
{
	record.number++;
}

static struct iq_error *signal_self(void *ctx iq_unused, void *ret iq_unused)
{
	raise(SIGUSR1);
	return NULL;
}

static void child_has_no_handlers_of_its_parent(void **state iq_unused)
{
	void (*old)(int) = signal(SIGUSR1, count_signal);

	assert_fails(run(&long_limits, signal_self, NULL), "killed by SIGUSR1");
	signal(SIGUSR1, old);
}

static atomic_bool churn_ends;

static void *churn(void *arg)
{
	while (!atomic_load(&churn_ends))
		free(malloc(1000));
	return arg;
}

static struct iq_error *allocate(void *ctx iq_unused, void *ret)
{
	for (int i = 0; i < 100; i++) {
		char *p = malloc(1000);

		if (!p)
			return &iq_enomem;
		free(p);
	}
	((struct record *)ret)->number = 1;
	return NULL;
}

static void child_of_many_threads_can_allocate(void **state iq_unused)
{
	pthread_t threads[3];

	atomic_store(&churn_ends, false);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, churn, NULL),
				 0);
	for (int i = 0; i < 20; i++)
		assert_null(run(&long_limits, allocate, NULL));
	atomic_store(&churn_ends, true);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(record.number, 1);
}

/* ---- sections */

static struct iq_error *sections_of(struct elf_builder *b,
				    struct iq_dwarf_sections *ret)
{
	struct iq_elf *elf = NULL;
	struct iq_error *err = iq_elf_open(elf_builder_finish(b), &elf);

	assert_null(err);
	err = iq_dwarf_sections_read(elf, ret);
	iq_elf_destroy(elf);
	return err;
}

#define TEXT "the quick brown fox jumps over the lazy dog, the lazy dog"

/* @head and then TEXT, deflated. */
static size_t compressed(const void *head, size_t head_len, uint8_t *ret,
			 size_t room)
{
	uLongf len = room - head_len;

	memcpy(ret, head, head_len);
	assert_int_equal(compress(ret + head_len, &len, (const Bytef *)TEXT,
				  sizeof(TEXT)),
			 Z_OK);
	return head_len + len;
}

static void assert_inflates(const char *name, uint64_t flags, const void *head,
			    size_t head_len)
{
	struct iq_dwarf_sections s = { 0 };
	struct elf_builder b;
	uint8_t bytes[256];
	size_t len = compressed(head, head_len, bytes, sizeof(bytes));

	elf_builder_init(&b, ET_EXEC);
	elf_builder_section(&b, name, SHT_PROGBITS, 0, bytes, len)->sh_flags =
		flags;
	assert_null(sections_of(&b, &s));
	assert_int_equal(s.num, 1);
	assert_string_equal(s.all[0].name, ".debug_info");
	assert_int_equal(s.all[0].size, sizeof(TEXT));
	assert_memory_equal(s.all[0].data, TEXT, sizeof(TEXT));
	iq_dwarf_sections_deinit(&s);
	elf_builder_deinit(&b);
}

/* Go: src/cmd/link/internal/ld/data.go, compressSyms(), of 1.18 and 1.19. */
static void both_forms_of_compression_are_inflated(void **state iq_unused)
{
	const Elf64_Chdr chdr = { .ch_type = ELFCOMPRESS_ZLIB,
				  .ch_size = sizeof(TEXT),
				  .ch_addralign = 1 };
	const uint8_t gnu[12] = { 'Z', 'L', 'I', 'B', [11] = sizeof(TEXT) };

	assert_inflates(".debug_info", SHF_COMPRESSED, &chdr, sizeof(chdr));
	assert_inflates(".zdebug_info", 0, gnu, sizeof(gnu));
}

/* With @keep bytes of the section alone; 0: with all. */
static void assert_not_inflated(const Elf64_Chdr *chdr, size_t keep,
				const char *text)
{
	struct iq_dwarf_sections s = { 0 };
	struct elf_builder b;
	uint8_t bytes[256];
	size_t len = compressed(chdr, sizeof(*chdr), bytes, sizeof(bytes));
	struct iq_error *err;

	elf_builder_init(&b, ET_EXEC);
	elf_builder_section(&b, ".debug_info", SHT_PROGBITS, 0, bytes,
			    keep ? keep : len)
		->sh_flags = SHF_COMPRESSED;
	err = sections_of(&b, &s);
	assert_non_null(err);
	if (!strstr(err->text, text))
		fail_msg("\"%s\" does not say \"%s\"", err->text, text);
	assert_true(err->has_offset);
	assert_int_equal(s.num, 0);
	iq_error_destroy(err);
	elf_builder_deinit(&b);
}

static void what_cannot_be_inflated_is_refused(void **state iq_unused)
{
	Elf64_Chdr chdr = { .ch_type = ELFCOMPRESS_ZLIB,
			    .ch_size = sizeof(TEXT) };

	assert_not_inflated(&chdr, sizeof(chdr) + 5, "damaged");
	assert_not_inflated(&chdr, sizeof(chdr) - 1, "needs");
	chdr.ch_size++;
	assert_not_inflated(&chdr, 0, "damaged");
	chdr.ch_size = 1ull << 40;
	assert_not_inflated(&chdr, 0, "more than");
	chdr.ch_size = UINT64_MAX;
	assert_not_inflated(&chdr, 0, "more than");
	chdr.ch_type = 2;
	assert_not_inflated(&chdr, 0, "compression type is 2");
}

static void section_past_the_end_is_refused(void **state iq_unused)
{
	struct iq_dwarf_sections s = { 0 };
	struct elf_builder b;
	struct iq_elf *elf = NULL;
	struct iq_error *err;
	Elf64_Ehdr ehdr;

	elf_builder_init(&b, ET_EXEC);
	elf_builder_section(&b, ".debug_info", SHT_PROGBITS, 0, TEXT,
			    sizeof(TEXT));
	elf_builder_finish(&b);
	memcpy(&ehdr, b.bytes, sizeof(ehdr));
	for (size_t i = 0; i < ehdr.e_shnum; i++) {
		Elf64_Shdr shdr;
		uint8_t *at = b.bytes + ehdr.e_shoff + i * sizeof(shdr);

		memcpy(&shdr, at, sizeof(shdr));
		if (shdr.sh_type == SHT_PROGBITS)
			shdr.sh_size = b.size;
		memcpy(at, &shdr, sizeof(shdr));
	}
	assert_null(iq_elf_open(&b.source, &elf));
	err = iq_dwarf_sections_read(elf, &s);
	assert_non_null(err);
	assert_non_null(strstr(err->text, ".debug_info"));
	iq_error_destroy(err);
	iq_elf_destroy(elf);
	elf_builder_deinit(&b);
}

/* ---- layouts */

/* Every number that is measured, where it is, and how many bytes it has. */
struct member {
	const char *name;
	size_t offset;
	size_t size;
};

static const struct member members[] = {
#define MEMBER(part, name)                                                     \
	{ #name, offsetof(struct iq_dwarf_layout, part.name),                  \
	  sizeof(((struct iq_dwarf_layout *)0)->part.name) },
#define IQ_GO_FIELD(name, type, path) MEMBER(layout, name)
#define IQ_GO_SIZE(name, type) MEMBER(layout, name)
#include "formats/go/go_fields.def"
#undef IQ_GO_FIELD
#undef IQ_GO_SIZE
#define IQ_GO_FUNC_ID(name, constant) MEMBER(func_ids, name)
#include "formats/go/go_func_ids.def"
#undef IQ_GO_FUNC_ID
#define IQ_GO_CONSTANT(name, constant) MEMBER(constants, name)
#include "formats/go/go_constants.def"
#undef IQ_GO_CONSTANT
#undef MEMBER
};

/* A row whose every number is wrong: what is right afterwards was measured. */
struct wrong_row {
	struct iq_go_version version;
	struct iq_dwarf_layout all;
};

static void wrong_row_init(struct wrong_row *w, const struct iq_go_version *row)
{
	const uint32_t number = 0x5a5a;
	uint32_t *at = (uint32_t *)&w->all.layout;

	memset(w, 0, sizeof(*w));
	for (size_t i = 0; i < sizeof(w->all.layout) / sizeof(*at); i++)
		memcpy(at + i, &number, sizeof(number));
	memset(&w->all.func_ids, 0x5a, sizeof(w->all.func_ids));
	memset(&w->all.constants, 0x5a, sizeof(w->all.constants));
	w->version = *row;
	w->version.layout = &w->all.layout;
	w->version.func_ids = &w->all.func_ids;
	w->version.constants = &w->all.constants;
	w->version.tables = &w->all.tables;
}

static struct iq_source *fixture_open(const char *name)
{
	const char *srcdir = getenv("srcdir");
	struct iq_source *source = NULL;
	struct iq_error *err;
	char path[4096];

	snprintf(path, sizeof(path), "%s/testdata/bin/%s",
		 srcdir ? srcdir : ".", name);
	if (access(path, R_OK))
		skip();
	err = iq_source_open(path, NULL, &source);
	if (err) {
		print_message("%s\n", err->text);
		iq_error_destroy(err);
		skip();
	}
	return source;
}

static const struct iq_go_version *row_of(const char *version)
{
	bool exact;
	const struct iq_go_version *row =
		iq_go_version_find(iq_str_of(version), "amd64", &exact);

	assert_non_null(row);
	assert_true(exact);
	return row;
}

static void tables_compare(const struct iq_dwarf_layout *got,
			   const struct iq_go_version *row)
{
	const struct iq_go_tables *t = row->tables;

	assert_int_equal(got->tables.inline_size, t->inline_size);
	assert_int_equal(got->tables.labels_are_list, t->labels_are_list);
	assert_int_equal(got->tables.sudog_two_words, t->sudog_two_words);
	assert_int_equal(got->tables.sematable_stride, t->sematable_stride);
	assert_int_equal(got->num_wait_reasons, row->num_wait_reasons);
	assert_true(got->wait_reasons_addr != 0);
}

/* Each number is the row's, but for types that the program does not have. */
static void assert_equals_row(const char *fixture, const char *version,
			      size_t min_measured)
{
	struct iq_source *source = fixture_open(fixture);
	const struct iq_go_version *row = row_of(version);
	struct iq_dwarf_layout got, want = { .layout = *row->layout,
					     .func_ids = *row->func_ids,
					     .constants = *row->constants };
	struct wrong_row wrong;
	struct iq_elf *elf = NULL;
	struct iq_error *err;
	size_t measured = 0;

	wrong_row_init(&wrong, row);
	assert_null(iq_elf_open(source, &elf));
	err = iq_dwarf_layout_read(elf, &wrong.version, &got);
	if (err)
		fail_msg("%s", err->text);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(members); i++) {
		const struct member *m = &members[i];
		const char *at = (const char *)&got + m->offset;

		if (!memcmp(at, (char *)&wrong.all + m->offset, m->size))
			continue;
		measured++;
		if (memcmp(at, (char *)&want + m->offset, m->size))
			fail_msg("%s is not as in the row of %s", m->name,
				 version);
	}
	assert_true(measured >= min_measured);
	tables_compare(&got, row);
	iq_elf_destroy(elf);
	iq_source_destroy(source);
}

static void layout_of_go1_22_equals_its_row(void **state iq_unused)
{
	assert_equals_row("go1.22-default/cases.zst", "go1.22.12", 590);
}

static void layout_of_go1_26_equals_its_row(void **state iq_unused)
{
	assert_equals_row("go1.26-default/cases.zst", "go1.26.8", 620);
}

static void program_without_debug_information_is_told(void **state iq_unused)
{
	struct iq_source *source = fixture_open("go1.26-stripped/cases.zst");
	struct iq_elf *elf = NULL;
	struct iq_dwarf_layout layout;
	struct iq_error *err;

	assert_null(iq_elf_open(source, &elf));
	assert_false(iq_dwarf_present(elf));
	err = iq_dwarf_layout_read(elf, row_of("go1.26.8"), &layout);
	assert_non_null(err);
	assert_non_null(strstr(err->text, "no debug information"));
	iq_error_destroy(err);
	iq_elf_destroy(elf);
	iq_source_destroy(source);
}

/* ---- hostile debug information */

struct victim {
	struct iq_source *source;
	struct iq_elf *elf;
	struct iq_dwarf_sections sections;
};

static void victim_init(struct victim *v)
{
	memset(v, 0, sizeof(*v));
	v->source = fixture_open("go1.22-default/cases.zst");
	assert_null(iq_elf_open(v->source, &v->elf));
	assert_null(iq_dwarf_sections_read(v->elf, &v->sections));
}

static void victim_deinit(struct victim *v)
{
	iq_dwarf_sections_deinit(&v->sections);
	iq_elf_destroy(v->elf);
	iq_source_destroy(v->source);
}

static const struct iq_dwarf_section *section_of(const struct victim *v,
						 const char *name)
{
	for (size_t i = 0; i < v->sections.num; i++)
		if (!strcmp(v->sections.all[i].name, name))
			return &v->sections.all[i];
	fail_msg("no section %s", name);
	return NULL;
}

/* Its sections inflated, so that damage reaches libdwarf, and cut. */
static void victim_build(const struct victim *v, const char *cut, uint64_t len,
			 struct elf_builder *b)
{
	elf_builder_init(b, ET_EXEC);
	for (size_t i = 0; i < v->sections.num; i++) {
		const struct iq_dwarf_section *s = &v->sections.all[i];
		bool is_cut = !strcmp(s->name, cut);

		elf_builder_section(b, s->name, SHT_PROGBITS, 0, s->data,
				    (size_t)(is_cut ? len : s->size));
	}
	elf_builder_finish(b);
}

/* An answer, whatever it is; whether it is one without an error. */
static bool victim_read(const struct elf_builder *b)
{
	const struct iq_go_version *row = row_of("go1.22.12");
	struct iq_dwarf_layout layout;
	struct iq_elf *elf = NULL;
	struct iq_error *err;
	bool ok;

	assert_null(iq_elf_open(&b->source, &elf));
	err = iq_dwarf_layout_read(elf, row, &layout);
	ok = !err;
	if (err)
		assert_true(strlen(err->text) > 0);
	iq_error_destroy(err);
	iq_elf_destroy(elf);
	return ok;
}

static uint8_t *bytes_of(struct elf_builder *b, const char *name, uint64_t *len)
{
	struct iq_elf_section s;
	struct iq_elf *elf = NULL;

	assert_null(iq_elf_open(&b->source, &elf));
	assert_true(iq_elf_section_find(elf, name, &s));
	iq_elf_destroy(elf);
	*len = s.size;
	return b->bytes + s.offset;
}

/* Flips one bit at each of @num places of a section. */
static size_t flip_all(struct elf_builder *b, const char *name, size_t num)
{
	uint64_t len;
	uint8_t *bytes = bytes_of(b, name, &len);
	uint64_t noise[256];
	size_t failed = 0;

	assert_true(num <= IQ_ARRAY_SIZE(noise));
	scratch_noise(noise, sizeof(noise));
	for (size_t i = 0; i < num; i++) {
		uint64_t place = noise[i] / 8 % len;
		uint8_t bit = (uint8_t)(1u << noise[i] % 8);

		bytes[place] ^= bit;
		failed += !victim_read(b);
		bytes[place] ^= bit;
	}
	return failed;
}

static void flipped_bits_never_harm_the_parent(void **state iq_unused)
{
	struct victim v;
	struct elf_builder b;

	victim_init(&v);
	victim_build(&v, "", 0, &b);
	assert_true(victim_read(&b));
	// The format of all entries, and the entries.
	assert_true(flip_all(&b, ".debug_abbrev", 80) > 0);
	flip_all(&b, ".debug_info", 80);
	assert_true(victim_read(&b));
	elf_builder_deinit(&b);
	victim_deinit(&v);
}

static void cut_sections_never_harm_the_parent(void **state iq_unused)
{
	static const char *const names[] = { ".debug_abbrev", ".debug_info" };
	struct victim v;
	struct elf_builder b;

	victim_init(&v);
	for (size_t n = 0; n < IQ_ARRAY_SIZE(names); n++) {
		uint64_t size = section_of(&v, names[n])->size;

		for (uint64_t i = 1; i <= 20; i++) {
			victim_build(&v, names[n], size * i / 21 - i, &b);
			assert_false(victim_read(&b));
			elf_builder_deinit(&b);
		}
	}
	victim_deinit(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(child_answers),
		cmocka_unit_test(child_error_comes_back_clean),
		cmocka_unit_test(child_crash_is_an_error),
		cmocka_unit_test(child_that_never_ends_is_ended),
		cmocka_unit_test(child_memory_is_limited),
		cmocka_unit_test(child_has_no_files),
		cmocka_unit_test(child_has_no_handlers_of_its_parent),
		cmocka_unit_test(child_of_many_threads_can_allocate),
		cmocka_unit_test(both_forms_of_compression_are_inflated),
		cmocka_unit_test(what_cannot_be_inflated_is_refused),
		cmocka_unit_test(section_past_the_end_is_refused),
		cmocka_unit_test(layout_of_go1_22_equals_its_row),
		cmocka_unit_test(layout_of_go1_26_equals_its_row),
		cmocka_unit_test(program_without_debug_information_is_told),
		cmocka_unit_test(flipped_bits_never_harm_the_parent),
		cmocka_unit_test(cut_sections_never_harm_the_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
