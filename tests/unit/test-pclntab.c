/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/elf/core.h"
#include "formats/go/moduledata.h"
#include "formats/go/pclntab.h"
#include "formats/go/program.h"
#include "go-image.h"

#define TEXT GO_IMAGE_TEXT

static const char *const versions[] = {
	"go1.18.10", "go1.20.14", "go1.22.12", "go1.26.8", "go1.27.2",
};

/* An image that is open. */
struct opened {
	struct go_image image;
	struct iq_go_module module;
	struct iq_pclntab *pcln;
};

static void open_image(struct opened *o)
{
	go_image_map(&o->image);
	assert_true(iq_go_moduledata_read(
		o->image.memory, o->image.version->layout,
		go_image_addr(&o->image, o->image.moduledata), &o->module));
	o->module.has_pclntab = true;
	o->module.has_funcdata = true;
	assert_null(iq_pclntab_create(o->image.memory, o->image.version,
				      &o->module, 1, &o->pcln));
}

static void close_image(struct opened *o)
{
	iq_pclntab_destroy(o->pcln);
	go_image_deinit(&o->image);
}

static void assert_str(struct iq_str s, const char *expected)
{
	if (s.len != strlen(expected) || memcmp(s.ptr, expected, s.len))
		fail_msg("\"%.*s\" is not \"%s\"", IQ_STR_ARG(s), expected);
}

static void assert_name(const struct opened *o, uint64_t pc, const char *name)
{
	struct iq_go_func func;
	struct iq_str s;

	assert_true(iq_pclntab_func(o->pcln, pc, &func));
	assert_true(iq_pclntab_name(o->pcln, &func, &s));
	assert_str(s, name);
}

static void functions_are_found_by_pc(void **state iq_unused)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(versions); i++) {
		struct iq_go_func func;
		struct opened o;

		go_image_init(&o.image, versions[i]);
		open_image(&o);
		assert_name(&o, TEXT, "main.main");
		assert_name(&o, TEXT + 0x3f, "main.main");
		assert_name(&o, TEXT + 0x40, "main.G[go.shape.string]");
		assert_name(&o, TEXT + 0x60, "runtime.goexit");
		assert_name(&o, TEXT + 0x6f, "runtime.goexit");
		assert_false(iq_pclntab_func(o.pcln, TEXT - 1, &func));
		assert_false(iq_pclntab_func(o.pcln, TEXT + 0x70, &func));
		assert_false(iq_pclntab_func(o.pcln, 0, &func));
		assert_false(iq_pclntab_func(o.pcln, UINT64_MAX, &func));
		assert_true(iq_pclntab_func(o.pcln, TEXT + 0x41, &func));
		assert_int_equal(func.entry, TEXT + 0x40);
		assert_int_equal(func.end, TEXT + 0x60);
		assert_ptr_equal(func.module, &o.module);
		assert_ptr_equal(iq_pclntab_module(o.pcln, TEXT), &o.module);
		assert_null(iq_pclntab_module(o.pcln, TEXT - 1));
		close_image(&o);
	}
}

static void values_change_with_pc(void **state iq_unused)
{
	struct iq_go_func func;
	struct opened o;
	int32_t value;

	go_image_init(&o.image, "go1.26.8");
	open_image(&o);
	assert_true(iq_pclntab_func(o.pcln, TEXT, &func));
	assert_true(iq_pclntab_spdelta(o.pcln, &func, TEXT + 3, &value));
	assert_int_equal(value, 0);
	assert_true(iq_pclntab_spdelta(o.pcln, &func, TEXT + 4, &value));
	assert_int_equal(value, 24);
	assert_true(iq_pclntab_spdelta(o.pcln, &func, TEXT + 0x3f, &value));
	assert_int_equal(value, 24);
	assert_false(iq_pclntab_spdelta(o.pcln, &func, TEXT + 0x40, &value));
	assert_false(iq_pclntab_spdelta(o.pcln, &func, TEXT - 1, &value));
	assert_true(iq_pclntab_pcdata(o.pcln, &func, 2, TEXT + 0x1f, &value));
	assert_int_equal(value, 0);
	assert_true(iq_pclntab_pcdata(o.pcln, &func, 2, TEXT + 0x20, &value));
	assert_int_equal(value, -1);
	assert_false(iq_pclntab_pcdata(o.pcln, &func, 0, TEXT, &value));
	assert_false(iq_pclntab_pcdata(o.pcln, &func, 3, TEXT, &value));
	close_image(&o);
}

static void funcdata_is_an_address_or_none(void **state iq_unused)
{
	struct iq_go_func func;
	struct opened o;
	uint64_t addr;

	go_image_init(&o.image, "go1.26.8");
	open_image(&o);
	assert_true(iq_pclntab_func(o.pcln, TEXT, &func));
	assert_true(iq_pclntab_funcdata(o.pcln, &func, 3, &addr));
	assert_int_equal(addr, o.module.gofunc + 16);
	assert_false(iq_pclntab_funcdata(o.pcln, &func, 0, &addr));
	assert_false(iq_pclntab_funcdata(o.pcln, &func, 4, &addr));
	close_image(&o);
}

static size_t calls_at(const struct opened *o, uint64_t pc,
		       struct iq_go_call *ret, size_t cap)
{
	struct iq_go_func func;

	assert_true(iq_pclntab_func(o->pcln, pc, &func));
	return iq_pclntab_calls(o->pcln, &func, pc, ret, cap);
}

static void inlined_calls_come_first(void **state iq_unused)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(versions); i++) {
		struct iq_go_call calls[4] = { 0 };
		struct opened o;

		go_image_init(&o.image, versions[i]);
		open_image(&o);
		assert_int_equal(calls_at(&o, TEXT + 0x18, calls, 4), 2);
		assert_str(calls[0].function, "main.inner");
		assert_str(calls[0].file, "/src/inner.go");
		assert_int_equal(calls[0].line, 5);
		assert_int_equal(calls[0].func_id, 3);
		assert_true(calls[0].inlined);
		assert_str(calls[1].function, "main.main");
		assert_str(calls[1].file, "/src/main.go");
		assert_int_equal(calls[1].line, 10);
		assert_false(calls[1].inlined);
		assert_int_equal(calls_at(&o, TEXT + 0x20, calls, 4), 1);
		assert_str(calls[0].function, "main.main");
		assert_int_equal(calls[0].line, 12);
		close_image(&o);
	}
}

/* As a core has it that lacks a page, which the executable gives. */
static void inline_trees_may_be_of_two_files(void **state iq_unused)
{
	struct iq_go_call calls[4] = { 0 };
	struct iq_memory_range range = { .state = IQ_MEMORY_PRESENT };
	struct iq_source second;
	struct opened o;
	size_t split;

	go_image_init(&o.image, "go1.26.8");
	go_image_map(&o.image);
	iq_memory_destroy(o.image.memory);
	// In the midst of the record.
	split = o.image.gofunc + 20;
	second = o.image.source;
	second.data += split;
	second.size -= split;
	assert_null(iq_memory_create(&o.image.memory));
	range.addr = GO_IMAGE_ADDR;
	range.len = split;
	range.source = &o.image.source;
	assert_null(iq_memory_add(o.image.memory, &range));
	range.addr += split;
	range.len = second.size;
	range.source = &second;
	assert_null(iq_memory_add(o.image.memory, &range));
	assert_null(iq_memory_finish(o.image.memory));
	assert_true(iq_go_moduledata_read(
		o.image.memory, o.image.version->layout,
		go_image_addr(&o.image, o.image.moduledata), &o.module));
	o.module.has_pclntab = true;
	o.module.has_funcdata = true;
	assert_null(iq_pclntab_create(o.image.memory, o.image.version,
				      &o.module, 1, &o.pcln));
	assert_int_equal(calls_at(&o, TEXT + 0x18, calls, 4), 2);
	assert_str(calls[0].function, "main.inner");
	assert_int_equal(calls[0].line, 5);
	close_image(&o);
}

static void function_without_tables_has_a_name_only(void **state iq_unused)
{
	struct iq_go_call call;
	struct iq_go_func func;
	struct opened o;
	int32_t value;

	go_image_init(&o.image, "go1.26.8");
	open_image(&o);
	assert_int_equal(calls_at(&o, TEXT + 0x64, &call, 1), 1);
	assert_str(call.function, "runtime.goexit");
	assert_int_equal(call.file.len, 0);
	assert_int_equal(call.line, 0);
	assert_true(iq_pclntab_func(o.pcln, TEXT + 0x64, &func));
	assert_false(iq_pclntab_spdelta(o.pcln, &func, TEXT + 0x64, &value));
	close_image(&o);
}

/* The outer function's own line is not known where the inlined call is not. */
static void assert_outer_alone(const struct opened *o, size_t cap)
{
	struct iq_go_call calls[8];

	assert_int_equal(calls_at(o, TEXT + 0x18, calls, cap), 1);
	assert_str(calls[0].function, "main.main");
	assert_int_equal(calls[0].file.len, 0);
	assert_int_equal(calls[0].line, 0);
	assert_false(calls[0].inlined);
}

static void unreadable_inline_trees_cost_the_line(void **state iq_unused)
{
	const struct iq_go_layout *l;
	struct opened o;

	go_image_init(&o.image, "go1.26.8");
	l = o.image.version->layout;
	open_image(&o);
	assert_outer_alone(&o, 1);
	close_image(&o);

	// The tree far behind its module.
	go_image_init(&o.image, "go1.26.8");
	go_image_put(&o.image, o.image.func[0] + l->func_size + 12 + 12,
		     0x7fffffff, 4);
	open_image(&o);
	assert_outer_alone(&o, 8);
	close_image(&o);

	// A name past the end.
	go_image_init(&o.image, "go1.26.8");
	go_image_put(&o.image,
		     o.image.gofunc + 16 + l->inlined_call_name_off.offset,
		     100000, 4);
	open_image(&o);
	assert_outer_alone(&o, 8);
	close_image(&o);
}

static void circle_of_inlined_calls_ends(void **state iq_unused)
{
	const struct iq_go_layout *l;
	struct iq_go_call calls[1024];
	struct opened o;

	go_image_init(&o.image, "go1.26.8");
	l = o.image.version->layout;
	go_image_put(&o.image,
		     o.image.gofunc + 16 + l->inlined_call_parent_pc.offset,
		     0x18, 4);
	open_image(&o);
	assert_int_equal(calls_at(&o, TEXT + 0x18, calls, 1024), 1);
	assert_str(calls[0].function, "main.main");
	close_image(&o);
}

static void assert_unusable(struct go_image *image, const char *text)
{
	struct iq_go_module m;
	struct iq_pclntab *pcln;
	struct iq_go_func func;

	go_image_map(image);
	assert_true(iq_go_moduledata_read(
		image->memory, image->version->layout,
		go_image_addr(image, image->moduledata), &m));
	struct iq_error *err =
		iq_pclntab_check(image->memory, image->version, &m);
	assert_non_null(err);
	if (!strstr(err->text, text))
		fail_msg("\"%s\" is not in \"%s\"", text, err->text);
	iq_error_destroy(err);
	m.has_pclntab = true;
	assert_null(
		iq_pclntab_create(image->memory, image->version, &m, 1, &pcln));
	assert_false(iq_pclntab_func(pcln, TEXT, &func));
	assert_ptr_equal(iq_pclntab_module(pcln, TEXT), &m);
	iq_pclntab_destroy(pcln);
	go_image_deinit(image);
}

static void tables_that_lie_are_not_used(void **state iq_unused)
{
	struct iq_go_field field;
	struct go_image image;

	go_image_init(&image, "go1.26.8");
	go_image_put(&image, image.ftab + 8, 0x80, 4);
	assert_unusable(&image, "not sorted at entry 1");

	go_image_init(&image, "go1.26.8");
	field = image.version->layout->moduledata_ftab;
	for (size_t i = 8; i <= 16; i += 8)
		go_image_put(&image, image.moduledata + field.offset + i,
			     100000, 8);
	assert_unusable(&image, "the table of functions at");

	go_image_init(&image, "go1.26.8");
	field = image.version->layout->moduledata_pctab;
	for (size_t i = 8; i <= 16; i += 8)
		go_image_put(&image, image.moduledata + field.offset + i,
			     GO_IMAGE_SIZE, 8);
	assert_unusable(&image, "is not mapped");

	go_image_init(&image, "go1.26.8");
	field = image.version->layout->pc_header_min_lc;
	go_image_put(&image, image.header + field.offset, 3, 1);
	assert_unusable(&image, "quantum is 3");
}

static void functions_past_the_end_are_none(void **state iq_unused)
{
	const struct iq_go_layout *l;
	struct iq_go_call calls[4];
	struct iq_go_func func;
	struct opened o;
	struct iq_str s;
	uint64_t addr;
	int32_t value;

	// The record of main.main far behind pclntable.
	go_image_init(&o.image, "go1.26.8");
	l = o.image.version->layout;
	go_image_put(&o.image, o.image.ftab + 4, 0xfffffff0, 4);
	open_image(&o);
	assert_false(iq_pclntab_func(o.pcln, TEXT, &func));
	assert_true(iq_pclntab_func(o.pcln, TEXT + 0x40, &func));
	close_image(&o);

	// All its offsets too large, and its arrays.
	go_image_init(&o.image, "go1.26.8");
	for (size_t at = 4; at < l->func_func_id.offset; at += 4)
		go_image_put(&o.image, o.image.func[0] + at, 0xfffffff0, 4);
	go_image_put(&o.image, o.image.func[0] + l->func_nfuncdata.offset, 255,
		     1);
	open_image(&o);
	assert_true(iq_pclntab_func(o.pcln, TEXT, &func));
	assert_false(iq_pclntab_name(o.pcln, &func, &s));
	assert_int_equal(iq_pclntab_calls(o.pcln, &func, TEXT, calls, 4), 0);
	assert_false(iq_pclntab_spdelta(o.pcln, &func, TEXT, &value));
	assert_false(
		iq_pclntab_pcdata(o.pcln, &func, 0xffffff00, TEXT, &value));
	assert_false(iq_pclntab_funcdata(o.pcln, &func, 254, &addr));
	close_image(&o);
}

static void value_tables_without_an_end_are_none(void **state iq_unused)
{
	struct iq_go_func func;
	struct opened o;
	int32_t value;

	for (int broken = 0; broken < 3; broken++) {
		go_image_init(&o.image, "go1.26.8");
		uint8_t *pc = o.image.bytes + o.image.pc + 1;
		size_t size = o.image.ftab - o.image.pc - 1;
		// Varints that do not end; steps that do not advance; an end
		// before the first pc.
		memset(pc, broken == 0 ? 0x80 : broken == 1 ? 2 : 0, size);
		for (size_t i = 1; broken == 1 && i < size; i += 2)
			pc[i] = 0;
		open_image(&o);
		assert_true(iq_pclntab_func(o.pcln, TEXT, &func));
		assert_false(
			iq_pclntab_spdelta(o.pcln, &func, TEXT + 8, &value));
		close_image(&o);
	}
}

static void any_flipped_byte_is_survived(void **state iq_unused)
{
	struct iq_go_call calls[16];
	struct iq_go_func func;
	struct iq_str s;
	struct opened o;
	int32_t value;

	for (size_t i = 0; i < 0x600; i++) {
		go_image_init(&o.image, "go1.26.8");
		if (i >= o.image.used)
			break;
		// moduledata itself has its own test.
		if (i >= o.image.moduledata && i < o.image.header)
			continue;
		o.image.bytes[i] ^= 0xff;
		open_image(&o);
		for (uint64_t pc = TEXT; pc < TEXT + 0x70; pc += 5) {
			if (!iq_pclntab_func(o.pcln, pc, &func))
				continue;
			iq_pclntab_name(o.pcln, &func, &s);
			iq_pclntab_spdelta(o.pcln, &func, pc, &value);
			iq_pclntab_calls(o.pcln, &func, pc, calls, 16);
		}
		close_image(&o);
	}
}

static void modules_are_told_apart_by_pc(void **state iq_unused)
{
	struct iq_go_module modules[3];
	struct iq_pclntab *pcln;
	struct iq_go_func func;
	struct opened o;

	go_image_init(&o.image, "go1.26.8");
	open_image(&o);
	for (size_t i = 0; i < 3; i++) {
		uint64_t moved = 0x100000 * (2 - i);
		modules[i] = o.module;
		modules[i].text += moved;
		modules[i].minpc += moved;
		modules[i].maxpc += moved;
	}
	modules[1].has_pclntab = false;
	assert_null(iq_pclntab_create(o.image.memory, o.image.version, modules,
				      3, &pcln));
	assert_true(iq_pclntab_func(pcln, TEXT, &func));
	assert_ptr_equal(func.module, &modules[2]);
	assert_true(iq_pclntab_func(pcln, TEXT + 0x200000, &func));
	assert_ptr_equal(func.module, &modules[0]);
	assert_false(iq_pclntab_func(pcln, TEXT + 0x100000, &func));
	assert_ptr_equal(iq_pclntab_module(pcln, TEXT + 0x100000), &modules[1]);
	iq_pclntab_destroy(pcln);
	close_image(&o);
}

static void assert_printed(const char *name, const char *expected)
{
	char buf[64];

	assert_str(iq_go_name_print(iq_str_of(name), buf, sizeof(buf)),
		   expected);
}

static void type_arguments_are_printed_as_dots(void **state iq_unused)
{
	char small[4];

	assert_printed("main.main", "main.main");
	assert_printed("main.G[go.shape.string]", "main.G[...]");
	assert_printed("main.(*T[go.shape.[]int]).F.func1",
		       "main.(*T[...]).F.func1");
	assert_printed("main.G[...]", "main.G[...]");
	assert_printed("main.]odd[", "main.]odd[");
	assert_printed("", "");
	assert_str(iq_go_name_print(IQ_STR("x[go.shape.int]"), small,
				    sizeof(small)),
		   "x[go.shape.int]");
}

/* A capture with symbols: what the linker's other table says. */
struct oracle {
	const struct iq_go_program *program;
	uint64_t bias;
	size_t compared, different;
};

static bool oracle_compare(void *ctx, struct iq_str name, uint64_t value)
{
	struct oracle *oracle = ctx;
	const struct iq_pclntab *pcln = oracle->program->pcln;
	struct iq_go_func func;
	struct iq_str s;

	if (!iq_pclntab_module(pcln, value + oracle->bias))
		return true;
	// Markers within a function, and the ABI that a symbol was made for.
	if (iq_str_ends(name, IQ_STR(".abi0")))
		name.len -= strlen(".abi0");
	if (iq_str_equal(name, IQ_STR("runtime.text")))
		return true;
	oracle->compared++;
	if (!iq_pclntab_func(pcln, value + oracle->bias, &func) ||
	    func.entry != value + oracle->bias ||
	    !iq_pclntab_name(pcln, &func, &s) || !iq_str_equal(s, name)) {
		oracle->different++;
		print_message("%.*s\n", IQ_STR_ARG(name));
	}
	return true;
}

static struct iq_source *fixture_open(const char *name)
{
	const char *root = getenv("srcdir");
	struct iq_source *source = NULL;
	char path[1024];

	snprintf(path, sizeof(path), "%s/testdata/%s", root ? root : ".", name);
	if (access(path, R_OK))
		return NULL;
	struct iq_error *err = iq_source_open(path, NULL, &source);
	iq_error_destroy(err);
	return source;
}

static void names_equal_the_symbol_table(void **state iq_unused)
{
	struct iq_source *core = fixture_open("zoo/go1.26-default/core.zst");
	struct iq_source *exe = fixture_open("bin/go1.26-default/cases.zst");
	const struct iq_source *const executables[] = { exe };
	const struct iq_read_context context = {
		.executables = executables,
		.num_executables = 1,
		.no_file_system = true,
	};
	struct iq_go_program *program = NULL;
	struct iq_core *opened = NULL;
	struct iq_facts *facts = NULL;
	struct oracle oracle = { 0 };

	if (!core || !exe) {
		iq_source_destroy(core);
		iq_source_destroy(exe);
		skip();
	}
	assert_null(iq_facts_create(&facts));
	assert_null(iq_core_open(&context, core, facts, &opened));
	assert_null(iq_go_program_open(opened, facts, &program));
	assert_int_equal(facts->gaps.len, 0);
	assert_true(program->version_exact);
	oracle.program = program;
	oracle.bias = opened->modules[0].bias;
	iq_elf_symbols(opened->modules[0].elf, IQ_STR("runtime."),
		       oracle_compare, &oracle);
	iq_elf_symbols(opened->modules[0].elf, IQ_STR("main."), oracle_compare,
		       &oracle);
	assert_true(oracle.compared > 1000);
	assert_int_equal(oracle.different, 0);
	iq_facts_destroy(facts);
	iq_source_destroy(core);
	iq_source_destroy(exe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_found_by_pc),
		cmocka_unit_test(values_change_with_pc),
		cmocka_unit_test(funcdata_is_an_address_or_none),
		cmocka_unit_test(inlined_calls_come_first),
		cmocka_unit_test(inline_trees_may_be_of_two_files),
		cmocka_unit_test(function_without_tables_has_a_name_only),
		cmocka_unit_test(unreadable_inline_trees_cost_the_line),
		cmocka_unit_test(circle_of_inlined_calls_ends),
		cmocka_unit_test(tables_that_lie_are_not_used),
		cmocka_unit_test(functions_past_the_end_are_none),
		cmocka_unit_test(value_tables_without_an_end_are_none),
		cmocka_unit_test(any_flipped_byte_is_survived),
		cmocka_unit_test(modules_are_told_apart_by_pc),
		cmocka_unit_test(type_arguments_are_printed_as_dots),
		cmocka_unit_test(names_equal_the_symbol_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
