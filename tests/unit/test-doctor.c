/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The damage report: what cores have is counted right, what is missing has a
 * name and a cure, and nothing is advised that is of no use.
 */
#include "reports/doctor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// cmocka wants the four above.
#include <cmocka.h>

#include "formats/elf/core_coverage.h"
#include "formats/go/coverage.h"
#include "formats/reader.h"
#include "model/liveness.h"
#include "render.h"

extern const struct iq_reader iq_reader_elf_core;

/* ---- memory by its ranges */

#define PAGE UINT64_C(4096)

static struct iq_memory *memory_of(const struct iq_memory_range *ranges,
				   size_t num)
{
	struct iq_memory *mem;

	assert_null(iq_memory_create(&mem));
	for (size_t i = 0; i < num; i++)
		assert_null(iq_memory_add(mem, &ranges[i]));
	assert_null(iq_memory_finish(mem));
	return mem;
}

static void test_present_bytes_are_counted_across_holes(void **state)
{
	static const uint8_t bytes[2 * 4096];
	const struct iq_source source = { .data = bytes,
					  .size = sizeof(bytes) };
	const struct iq_memory_range ranges[] = {
		{ .addr = 0x10000,
		  .len = PAGE,
		  .source = &source,
		  .state = IQ_MEMORY_PRESENT },
		{ .addr = 0x11000, .len = PAGE, .state = IQ_MEMORY_CUT_OFF },
		{ .addr = 0x14000,
		  .len = PAGE,
		  .source = &source,
		  .offset = PAGE,
		  .state = IQ_MEMORY_PRESENT },
	};
	struct iq_memory *mem = memory_of(ranges, IQ_ARRAY_SIZE(ranges));

	(void)state;
	assert_int_equal(iq_memory_present(mem, 0x10000, 5 * PAGE), 2 * PAGE);
	assert_int_equal(iq_memory_present(mem, 0x10800, PAGE), 0x800);
	assert_int_equal(iq_memory_present(mem, 0x12000, PAGE), 0);
	assert_int_equal(iq_memory_present(mem, 0x10000, 0), 0);
	// To the end of the address space and not beyond.
	assert_int_equal(iq_memory_present(mem, 0x14800, UINT64_MAX), 0x800);
	assert_int_equal(iq_memory_lack(mem, 0x10000, PAGE), IQ_MEMORY_PRESENT);
	assert_int_equal(iq_memory_lack(mem, 0x10ff8, 16), IQ_MEMORY_CUT_OFF);
	assert_int_equal(iq_memory_lack(mem, 0x14ff8, 16), IQ_MEMORY_UNMAPPED);
	iq_memory_destroy(mem);
}

/* ---- build settings */

static void test_settings_are_those_of_the_go_command(void **state)
{
	const struct iq_go_buildinfo info = {
		.version = IQ_STR("go1.26.8"),
		.modinfo = IQ_STR("path\texample.com/shop/cmd/shop\n"
				  "mod\texample.com/shop\tv1.2.3\th1:x=\n"
				  "dep\texample.com/a\tv0.1.0\th1:y=\n"
				  "dep\texample.com/b\tv0.2.0\n"
				  "build\t-ldflags=\"-s -w\"\n"
				  "build\tvcs.revision=1234abcd\n"
				  "build\tbroken\n"),
	};
	struct iq_coverage c = { 0 };
	struct iq_facts *facts;

	(void)state;
	assert_null(iq_facts_create(&facts));
	assert_null(iq_go_coverage_settings(facts, &info, &c));
	assert_int_equal(c.num_settings, 3);
	assert_true(iq_str_equal(iq_coverage_setting_find(&c, "-ldflags"),
				 IQ_STR("\"-s -w\"")));
	assert_true(iq_str_equal(iq_coverage_setting_find(&c, "vcs.revision"),
				 IQ_STR("1234abcd")));
	assert_int_equal(iq_coverage_setting_find(&c, "GOOS").len, 0);
	assert_true(iq_str_equal(c.module_version, IQ_STR("v1.2.3")));
	assert_true(iq_str_equal(c.main_package,
				 IQ_STR("example.com/shop/cmd/shop")));
	assert_int_equal(c.num_deps, 2);
	iq_facts_destroy(facts);
}

/* ---- a real core, whole, cut, and without its executable */

struct capture {
	struct iq_source *core, *executable;
	struct iq_source cut;
	struct iq_facts *facts;
	const struct iq_facts *witnesses[1];
	struct iq_model *model;
	const struct iq_coverage *coverage;
	struct iq_doctor doctor;
};

static struct iq_source *testdata_open(const char *name)
{
	const struct iq_source_options options = { 0 };
	const char *srcdir = getenv("srcdir");
	struct iq_source *source;
	char path[4096];

	snprintf(path, sizeof(path), "%s/testdata/%s", srcdir ? srcdir : ".",
		 name);
	// The captures are not in the tarball.
	if (access(path, R_OK) != 0)
		skip();
	assert_null(iq_source_open(path, &options, &source));
	return source;
}

/* @percent of the bytes of a core; with its executable or not. */
static void capture_open(struct capture *c, unsigned percent, bool executable)
{
	struct iq_read_context context = { .no_file_system = true };

	*c = (struct capture){ 0 };
	c->core = testdata_open("leaksend/go1.26-stripped/core.zst");
	c->executable = testdata_open("bin/go1.26-stripped/cases.zst");
	c->cut = *c->core;
	c->cut.size = c->core->size / 100 * percent;
	if (percent == 100)
		c->cut.size = c->core->size;
	context.executables = (const struct iq_source *const *)&c->executable;
	context.num_executables = executable;
	assert_null(iq_facts_create(&c->facts));
	c->facts->witness.path = IQ_STR("core.20362");
	c->facts->witness.complete = true;
	iq_error_destroy(iq_reader_elf_core.read(&context, &c->cut, c->facts));
	iq_facts_finish(c->facts);
	c->facts->witness.complete = !c->facts->gaps.len;
	c->witnesses[0] = c->facts;
	assert_null(iq_model_create(c->witnesses, 1, &c->model));
	assert_null(iq_model_join(c->model));
	assert_null(iq_liveness_run(c->model, NULL));
	c->coverage = c->facts->coverage;
	assert_non_null(c->coverage);
	assert_null(iq_doctor_init(&c->doctor, c->model));
}

static void capture_close(struct capture *c)
{
	iq_doctor_deinit(&c->doctor);
	iq_model_destroy(c->model);
	iq_facts_destroy(c->facts);
	iq_source_destroy(c->executable);
	iq_source_destroy(c->core);
}

static const struct iq_doctor_advice *advice(const struct iq_doctor *d,
					     const char *id)
{
	for (size_t i = 0; i < d->advice.len; i++) {
		if (!strcmp(d->advice.data[i].row->id, id))
			return &d->advice.data[i];
	}
	return NULL;
}

static bool loses(const struct iq_doctor *d, const char *what, const char *how)
{
	for (size_t i = 0; i < d->losses.len; i++) {
		if (iq_str_equal(d->losses.data[i].what, iq_str_of(what)) &&
		    !strcmp(d->losses.data[i].how, how))
			return true;
	}
	return false;
}

static void test_a_whole_core_lacks_nothing(void **state)
{
	const struct iq_coverage_module *exe;
	const struct iq_coverage *c;
	struct capture x;

	(void)state;
	capture_open(&x, 100, true);
	c = x.coverage;
	assert_int_equal(iq_coverage_missing(c->file), 0);
	assert_int_equal(c->goroutines.total, x.facts->goroutines.len);
	assert_int_equal(c->goroutines.present, c->goroutines.total);
	assert_int_equal(c->num_losses, 0);
	assert_int_equal(c->left_out_anonymous, 0);
	assert_int_equal(c->layout, IQ_LAYOUT_TABLE);
	assert_true(c->num_threads > 0);
	assert_int_equal(iq_coverage_missing(c->threads), 0);
	assert_true(c->stacks.total > 0);
	assert_int_equal(iq_coverage_missing(c->stacks), 0);
	exe = iq_coverage_executable(c);
	assert_non_null(exe);
	assert_int_equal(exe->state, IQ_MODULE_VERIFIED);
	assert_true(exe->is_go && exe->has_pclntab && !exe->pclntab_in_core);
	assert_false(exe->has_symbols || exe->has_dwarf);
	assert_true(x.doctor.heaps[0].known);
	assert_int_equal(iq_coverage_missing(x.doctor.heaps[0].size.memory), 0);
	assert_true(x.doctor.heaps[0].size.memory.total > 0);
	assert_int_equal(x.doctor.losses.len, 0);
	assert_null(advice(&x.doctor, "find-executable"));
	assert_null(advice(&x.doctor, "core-limit"));
	assert_null(advice(&x.doctor, "core-filter"));
	assert_non_null(advice(&x.doctor, "keep-symbols"));
	capture_close(&x);
}

static void test_a_cut_core_says_how_much_is_gone(void **state)
{
	const struct iq_coverage *c;
	const struct iq_doctor_advice *a;
	struct capture x;
	char number[32];

	(void)state;
	capture_open(&x, 50, true);
	c = x.coverage;
	assert_int_equal(c->file.total, x.core->size);
	assert_int_equal(c->file.present, x.cut.size);
	assert_true(iq_coverage_missing(c->segments) > 0);
	assert_non_null(advice(&x.doctor, "core-limit"));
	assert_null(advice(&x.doctor, "core-filter"));
	a = advice(&x.doctor, "copy-again");
	assert_non_null(a);
	snprintf(number, sizeof(number), "%zu", (size_t)x.core->size);
	assert_true(iq_str_search(a->text, iq_str_of(number)) < a->text.len);
	assert_true(loses(&x.doctor, "leaked-goroutine", "no proof"));
	capture_close(&x);
}

static void test_every_cut_adds_up(void **state)
{
	(void)state;
	for (unsigned percent = 1; percent < 100; percent += 7) {
		const struct iq_coverage *c;
		struct capture x;
		uint64_t lost = 0;

		capture_open(&x, percent, true);
		c = x.coverage;
		assert_true(c->segments.present <= c->segments.total);
		assert_true(c->stacks.present <= c->stacks.total);
		for (size_t i = 0; i < c->num_losses; i++) {
			lost += c->losses[i].count;
			assert_true(c->losses[i].num_ids > 0);
			assert_true(c->losses[i].num_ids <= c->losses[i].count);
		}
		assert_int_equal(c->goroutines.present + lost,
				 c->goroutines.total);
		assert_non_null(advice(&x.doctor, "copy-again"));
		assert_true(x.doctor.losses.len > 0);
		capture_close(&x);
	}
}

static void test_without_its_executable_stacks_are_gone(void **state)
{
	const struct iq_doctor_advice *a;
	const struct iq_coverage *c;
	struct capture x;

	(void)state;
	capture_open(&x, 100, false);
	c = x.coverage;
	assert_int_equal(c->goroutines.present, 0);
	assert_int_equal(c->num_losses, 1);
	assert_int_equal(c->losses[0].why, IQ_STACK_LOSS_TABLES);
	assert_int_equal(c->losses[0].count, c->goroutines.total);
	assert_true(c->left_out > 0);
	// What was built is in the core all the same.
	assert_true(c->num_settings > 0);
	a = advice(&x.doctor, "find-executable");
	assert_non_null(a);
	assert_true(a->num_commands >= 1);
	assert_true(iq_str_starts(a->commands[0],
				  IQ_STR("inquest report core.20362 --exe")));
	assert_true(
		loses(&x.doctor, "stacks, places of findings", "not known"));
	assert_null(advice(&x.doctor, "find-executable-inlining"));
	capture_close(&x);
}

/* ---- cases made by hand */

static void case_add(struct render *x, struct iq_facts *facts)
{
	if (!x->num_facts) {
		*x = (struct render){ .options = { .width = 80 } };
		iq_out_init_memory(&x->out);
	}
	x->facts[x->num_facts++] = facts;
}

/* What doctor says of a case of @facts alone, until render_deinit(). */
static const char *doctor_text(struct render *x, struct iq_facts *facts)
{
	const char *text;

	case_add(x, facts);
	render_join(x);
	text = render_text(x, "doctor", "text");
	assert_non_null(text);
	return text;
}

static struct iq_facts *core_of(const struct iq_coverage *coverage)
{
	struct iq_facts *facts = facts_new(IQ_WITNESS_CORE, "core.1");

	facts_add(facts, 7, "chan receive", "main.wait /src/main.go:3");
	facts->coverage = coverage;
	return facts;
}

static void test_whose_stacks_are_gone_is_said(void **state)
{
	static const uint64_t ids[] = { 3, 5, 6, 7, 8, 19, 20 };
	static const struct iq_coverage_loss losses[] = {
		{ .why = IQ_STACK_LOSS_CUT_OFF,
		  .count = 40,
		  .ids = ids,
		  .num_ids = IQ_ARRAY_SIZE(ids) },
	};
	static const struct iq_coverage coverage = {
		.writer = { "the kernel", 10 },
		.file = { 4096, 1024 },
		.has_notes = true,
		.notes_whole = true,
		.num_threads = 2,
		.has_runtime = true,
		.has_funcdata = true,
		.layout = IQ_LAYOUT_TABLE,
		.goroutines = { 41, 1 },
		.losses = losses,
		.num_losses = 1,
	};
	struct render x = { 0 };
	const char *text;

	(void)state;
	text = doctor_text(&x, core_of(&coverage));
	assert_non_null(strstr(text, "no stack: 3, 5-8, 19, 20 and 33 more: "
				     "the core ends before it"));
	assert_non_null(strstr(text, "41, 1 with a whole stack"));
	assert_non_null(strstr(text, "stacks: not known: 40 of 41 goroutines"));
	render_deinit(&x);
}

static void test_memory_left_out_asks_for_the_filter(void **state)
{
	static const struct iq_coverage coverage = {
		.writer = { "the kernel", 10 },
		.file = { 4096, 4096 },
		.left_out = 8192,
		.left_out_anonymous = 8192,
		.has_notes = true,
		.notes_whole = true,
		.has_file_notes = true,
		.num_threads = 2,
	};
	struct render x = { 0 };
	const char *text;

	(void)state;
	text = doctor_text(&x, core_of(&coverage));
	assert_non_null(strstr(text, "8.0 KiB of heap, stacks"));
	assert_non_null(strstr(
		text, "\n      echo 0x3f > /proc/PID/coredump_filter\n"));
	assert_null(strstr(text, "ulimit"));
	render_deinit(&x);
}

static void test_a_notes_less_core_is_not_called_alive(void **state)
{
	static const struct iq_coverage coverage = {
		.writer = { "an unknown writer", 17 },
		.file = { 4096, 2048 },
		.has_runtime = true,
		.layout = IQ_LAYOUT_TABLE,
	};
	struct render x = { 0 };
	struct iq_facts *facts = core_of(&coverage);
	const char *text;

	(void)state;
	facts->process.end = IQ_END_NONE;
	text = doctor_text(&x, facts);
	assert_null(strstr(text, "alive"));
	assert_non_null(strstr(text, "Let gcore end"));
	render_deinit(&x);
}

static void test_what_a_profile_cannot_know_is_said(void **state)
{
	struct iq_facts *facts =
		facts_new_profile("goroutine.pb.gz", IQ_PROFILE_GOROUTINE);
	struct render x = { 0 };
	const char *text;

	(void)state;
	facts_sampled(facts, 12, "main.wait /src/main.go:3");
	text = doctor_text(&x, facts);
	assert_non_null(strstr(text, "cannot     ids, states, creators"));
	assert_non_null(strstr(text, "gcore -o core PID"));
	assert_non_null(strstr(text, "later.pb.gz"));
	render_deinit(&x);
}

/* Symbols stand at the end of a file: it may not have been stripped. */
static void test_a_cut_executable_is_not_called_stripped(void **state)
{
	static struct iq_coverage_module module = {
		.path = { "/srv/shop", 9 },
		.is_executable = true,
		.is_go = true,
		.has_pclntab = true,
		.state = IQ_MODULE_VERIFIED,
	};
	static const struct iq_coverage coverage = {
		.has_notes = true,
		.notes_whole = true,
		.num_threads = 1,
		.has_runtime = true,
		.modules = &module,
		.num_modules = 1,
	};
	struct iq_doctor doctor;

	(void)state;
	for (unsigned cut = 0; cut < 2; cut++) {
		struct render x = { 0 };

		module.is_cut = cut;
		case_add(&x, core_of(&coverage));
		render_join(&x);
		assert_null(iq_doctor_init(&doctor, x.model));
		assert_int_equal(!advice(&doctor, "keep-symbols"), cut);
		assert_int_equal(!advice(&doctor, "copy-executable"), !cut);
		iq_doctor_deinit(&doctor);
		assert_non_null(strstr(render_text(&x, "doctor", "json"),
				       cut ? "\"has_symbols\":null" :
					     "\"has_symbols\":false"));
		render_deinit(&x);
	}
}

/* Sixteen of them would leave no room for another. */
static void test_equal_problems_are_told_once(void **state)
{
	struct iq_facts *facts = facts_new(IQ_WITNESS_DUMP, "dump");
	struct render x = { 0 };
	const char *text, *first;

	(void)state;
	facts_add(facts, 7, "chan receive", "main.wait /src/main.go:3");
	for (unsigned i = 0; i < 3; i++)
		iq_facts_gap_addr(facts, IQ_GAP_DAMAGED, 0xc000100000 + i,
				  "a bad stack");
	iq_facts_gap_addr(facts, IQ_GAP_DAMAGED, 0xc000200000, "another one");
	text = doctor_text(&x, facts);
	first = strstr(text, "at 0xc000100000: a bad stack (3 times)\n");
	assert_non_null(first);
	assert_null(strstr(strchr(first, '('), "a bad stack"));
	assert_non_null(strstr(text, "at 0xc000200000: another one\n"));
	render_deinit(&x);
}

static void test_hostile_names_reach_no_command(void **state)
{
	static const struct iq_coverage_module module = {
		.path = { "/srv/$(reboot);x", 16 },
		.why = { "no such program file is here", 28 },
		.build_id = { "00ff\x1b[31m", 9 },
		.is_executable = true,
		.is_go = true,
	};
	static const struct iq_coverage coverage = {
		.writer = { "the kernel", 10 },
		.has_notes = true,
		.notes_whole = true,
		.num_threads = 1,
		.has_runtime = true,
		.modules = &module,
		.num_modules = 1,
	};
	struct iq_facts *facts = core_of(&coverage);
	struct iq_doctor doctor;
	struct render x = { 0 };

	(void)state;
	facts->witness.path = IQ_STR("core;rm -rf .");
	case_add(&x, facts);
	render_join(&x);
	assert_null(iq_doctor_init(&doctor, x.model));
	assert_non_null(advice(&doctor, "find-executable"));
	assert_int_equal(advice(&doctor, "find-executable")->num_commands, 0);
	for (size_t i = 0; i < doctor.advice.len; i++) {
		for (size_t k = 0; k < doctor.advice.data[i].num_commands; k++)
			assert_true(
				iq_str_search(doctor.advice.data[i].commands[k],
					      IQ_STR("reboot")) >=
				doctor.advice.data[i].commands[k].len);
	}
	iq_doctor_deinit(&doctor);
	assert_null(strchr(render_text(&x, "doctor", "text"), '\x1b'));
	render_deinit(&x);
}

static void test_no_line_of_words_is_longer_than_the_terminal(void **state)
{
	static const unsigned widths[] = { 60, 80, 120 };
	struct render x;

	(void)state;
	render_shop(&x, 40);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(widths); i++) {
		const char *line;

		x.options.width = widths[i];
		line = render_text(&x, "doctor", "text");
		assert_non_null(line);
		for (const char *end; (end = strchr(line, '\n'));
		     line = end + 1) {
			// Commands are never broken.
			if (!strncmp(line, "      ", 6) && line[6] != ' ')
				continue;
			assert_true((size_t)(end - line) <= widths[i]);
		}
	}
	render_deinit(&x);
}

/* ---- the table */

static void test_rows_are_unique_and_ordered(void **state)
{
	size_t num;
	const struct iq_doctor_row *rows = iq_doctor_rows(&num);

	(void)state;
	for (size_t i = 0; i < num; i++) {
		assert_non_null(rows[i].applies);
		assert_true(strlen(rows[i].text) > 20);
		assert_true(!i || rows[i].when >= rows[i - 1].when);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(rows[i].id, rows[k].id);
		// Commands fit behind their margin on 80 columns.
		for (size_t k = 0; k < IQ_DOCTOR_COMMANDS; k++) {
			if (rows[i].commands[k])
				assert_true(strlen(rows[i].commands[k]) <= 74);
		}
	}
}

static void test_rows_are_in_the_manual(void **state)
{
	const char *srcdir = getenv("srcdir");
	static char page[65536];
	char path[4096], wanted[128];
	size_t num, len;
	const struct iq_doctor_row *rows = iq_doctor_rows(&num);
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/docs/man/inquest-doctor.1",
		 srcdir ? srcdir : ".");
	f = fopen(path, "re");
	assert_non_null(f);
	len = fread(page, 1, sizeof(page) - 1, f);
	fclose(f);
	page[len] = '\0';
	for (size_t i = 0; i < num; i++) {
		snprintf(wanted, sizeof(wanted), ".Ql %s", rows[i].id);
		assert_non_null(strstr(page, wanted));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_present_bytes_are_counted_across_holes),
		cmocka_unit_test(test_settings_are_those_of_the_go_command),
		cmocka_unit_test(test_a_whole_core_lacks_nothing),
		cmocka_unit_test(test_a_cut_core_says_how_much_is_gone),
		cmocka_unit_test(test_every_cut_adds_up),
		cmocka_unit_test(test_without_its_executable_stacks_are_gone),
		cmocka_unit_test(test_whose_stacks_are_gone_is_said),
		cmocka_unit_test(test_memory_left_out_asks_for_the_filter),
		cmocka_unit_test(test_a_notes_less_core_is_not_called_alive),
		cmocka_unit_test(test_what_a_profile_cannot_know_is_said),
		cmocka_unit_test(test_a_cut_executable_is_not_called_stripped),
		cmocka_unit_test(test_equal_problems_are_told_once),
		cmocka_unit_test(test_hostile_names_reach_no_command),
		cmocka_unit_test(
			test_no_line_of_words_is_longer_than_the_terminal),
		cmocka_unit_test(test_rows_are_unique_and_ordered),
		cmocka_unit_test(test_rows_are_in_the_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
