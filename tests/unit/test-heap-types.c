/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of the objects in the heaps of testdata/, by what the sources of the
 * cases make, and by what the runtime says elsewhere.
 */
#include "formats/go/heap_types.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// cmocka wants the four above.
#include <cmocka.h>

#include "formats/dwarf/variables.h"
#include "formats/go/heap_types_put.h"
#include "formats/reader.h"
#include "model/object.h"
#include "tests/programs.h"

extern const struct iq_reader iq_reader_elf_core;

struct capture {
	struct iq_source *core, *executable;
	struct iq_facts *facts;
	struct iq_heap_map *map;
	struct iq_heap_types *types;
};

static const char *testdata(void)
{
	const char *srcdir = getenv("srcdir");
	static char path[4096];

	snprintf(path, sizeof(path), "%s/testdata", srcdir ? srcdir : ".");
	return path;
}

/* Of "leaksend", "go1.26-default"; false if that capture is not here. */
static bool capture_open(struct capture *c, const char *name,
			 const char *flavour)
{
	const struct iq_source_options options = { 0 };
	struct iq_read_context context = {
		.num_executables = 1,
		.no_file_system = true,
	};
	char path[8192];

	*c = (struct capture){ 0 };
	snprintf(path, sizeof(path), "%s/%s/%s/core.zst", testdata(), name,
		 flavour);
	if (access(path, R_OK) != 0)
		return false;
	assert_null(iq_source_open(path, &options, &c->core));
	snprintf(path, sizeof(path), "%s/bin/%s/%s.zst", testdata(), flavour,
		 program_of_case(name));
	assert_null(iq_source_open(path, &options, &c->executable));
	context.executables = (const struct iq_source *const *)&c->executable;
	assert_null(iq_facts_create(&c->facts));
	assert_null(iq_reader_elf_core.read(&context, c->core, c->facts));
	iq_facts_finish(c->facts);
	assert_non_null(c->facts->heap);
	assert_null(c->facts->heap->load(c->facts->heap, &c->map));
	assert_null(c->facts->heap->types(c->facts->heap, c->map, &c->types));
	return true;
}

static void capture_close(struct capture *c)
{
	iq_heap_types_destroy(c->types);
	iq_heap_map_destroy(c->map);
	iq_facts_destroy(c->facts);
	iq_source_destroy(c->executable);
	iq_source_destroy(c->core);
}

/* The name of the type of the object that holds @addr; empty: none. */
static struct iq_str type_at(const struct capture *c, uint64_t addr)
{
	uint32_t slot = iq_heap_map_slot(c->map, addr);

	return slot == IQ_HEAP_NONE || !c->types->of[slot] ?
		       IQ_STR("") :
		       c->types->types[c->types->of[slot]].name;
}

static void assert_type(const struct capture *c, uint64_t addr,
			const char *wanted)
{
	struct iq_str name = type_at(c, addr);

	if (!iq_str_equal(name, iq_str_of(wanted)))
		fail_msg("0x%llx is \"%.*s\", not \"%s\"",
			 (unsigned long long)addr, (int)name.len, name.ptr,
			 wanted);
}

static const char *const flavours[] = {
	"go1.18-stripped", "go1.22-default", "go1.22-stripped",
	"go1.24-stripped", "go1.26-default", "go1.26-stripped",
	"go1.27-stripped",
};

/* How many channels of @elem somebody waits for; all are objects of it. */
static unsigned channels(const struct capture *c, const char *elem)
{
	char name[256];
	unsigned num = 0;

	snprintf(name, sizeof(name), "hchan %s", elem);
	for (size_t i = 0; i < c->facts->objects.len; i++) {
		const struct iq_object *object = c->facts->objects.data[i];

		if (object->kind != IQ_WAIT_CHAN ||
		    !iq_str_equal(object->chan.elem_type, iq_str_of(elem)))
			continue;
		assert_type(c, object->address, name);
		num++;
	}
	return num;
}

static void test_channels_know_what_they_carry(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(flavours); i++) {
		struct capture c;

		if (capture_open(&c, "leaksend", flavours[i])) {
			assert_int_equal(channels(&c, "leaksend.Quote"), 40);
			capture_close(&c);
			seen++;
		}
		if (capture_open(&c, "leakrecv", flavours[i])) {
			assert_int_equal(channels(&c, "leakrecv.Row"), 1);
			capture_close(&c);
			seen++;
		}
	}
	if (!seen)
		skip();
}

static void test_records_of_goroutines_are_known(void **state)
{
	struct capture c;

	(void)state;
	if (!capture_open(&c, "leaksend", "go1.26-default"))
		skip();
	for (size_t i = 0; i < c.facts->goroutines.len; i++)
		assert_type(&c, c.facts->goroutines.data[i].place, "runtime.g");
	capture_close(&c);
}

static void test_places_are_called_by_their_fields(void **state)
{
	const struct iq_go_heap *heap;
	struct iq_out out;
	struct capture c;
	uint32_t slot;

	(void)state;
	if (!capture_open(&c, "leaksend", "go1.26-default"))
		skip();
	heap = (const struct iq_go_heap *)c.facts->heap;
	slot = iq_heap_map_slot(c.map, c.facts->goroutines.data[0].place);
	assert_int_not_equal(slot, IQ_HEAP_NONE);
	iq_out_init_memory(&out);
	c.types->put_place(c.types, c.types->of[slot],
			   heap->rt->layout->g_sched_sp.offset, &out);
	iq_out_char(&out, '\0');
	assert_string_equal(out.buf, ".sched.sp");
	out.len = 0;
	// What no value has, and no type.
	c.types->put_place(c.types, c.types->of[slot], 1u << 20, &out);
	c.types->put_place(c.types, 0, 8, &out);
	c.types->put_place(c.types, UINT32_MAX, 8, &out);
	assert_int_equal(out.len, 0);
	iq_out_deinit(&out);
	capture_close(&c);
}

static void test_variables_have_names_where_they_were_kept(void **state)
{
	const struct iq_go_heap *heap;
	struct iq_out out;
	struct capture c;

	(void)state;
	if (!capture_open(&c, "leaksend", "go1.26-default"))
		skip();
	heap = (const struct iq_go_heap *)c.facts->heap;
	iq_out_init_memory(&out);
	assert_true(c.types->put_variable(c.types, heap->rt->allgs_addr, &out));
	assert_true(c.types->put_variable(
		c.types,
		heap->mheap_addr + heap->rt->layout->mheap_sweepgen.offset,
		&out));
	iq_out_char(&out, '\0');
	assert_string_equal(out.buf, "runtime.allgsruntime.mheap_.sweepgen");
	assert_false(c.types->put_variable(c.types, 0, &out));
	assert_false(c.types->put_variable(c.types, UINT64_MAX, &out));
	capture_close(&c);
	if (capture_open(&c, "leaksend", "go1.26-stripped")) {
		heap = (const struct iq_go_heap *)c.facts->heap;
		out.len = 0;
		assert_false(c.types->put_variable(c.types,
						   heap->rt->allgs_addr, &out));
		assert_int_equal(out.len, 0);
		capture_close(&c);
	}
	iq_out_deinit(&out);
}

/* The one of @name that lies apart, or not. */
static const struct iq_go_typed_variable *
variable_of(const struct capture *c, const char *name, bool is_apart)
{
	const struct iq_go_types *types = (const struct iq_go_types *)c->types;

	for (size_t i = 0; i < types->variables.all.len; i++) {
		const struct iq_go_typed_variable *v =
			&types->variables.all.data[i];

		if (v->is_apart == is_apart &&
		    iq_str_equal(v->name, iq_str_of(name)))
			return v;
	}
	return NULL;
}

/* "var store = &registry{...}": the struct has no name of its own. */
static void test_what_a_variable_refers_to_is_called_by_it(void **state)
{
	static const char name[] = "inquest.test/selflock.store";
	const struct iq_go_typed_variable *v, *apart;
	struct iq_out out;
	struct capture c;

	(void)state;
	if (!capture_open(&c, "selflock", "go1.26-default"))
		skip();
	v = variable_of(&c, name, false);
	apart = variable_of(&c, name, true);
	assert_non_null(v);
	assert_non_null(apart);
	assert_int_equal(v->size, 8);
	assert_int_equal(apart->size, 16);
	iq_out_init_memory(&out);
	assert_true(c.types->put_variable(c.types, v->addr, &out));
	iq_out_char(&out, ' ');
	assert_true(c.types->put_variable(c.types, apart->addr + 8, &out));
	iq_out_char(&out, '\0');
	assert_string_equal(out.buf, "inquest.test/selflock.store "
				     "inquest.test/selflock.store.counts");
	iq_out_deinit(&out);
	capture_close(&c);
}

static void test_unsafe_pointers_are_variables_as_well(void **state)
{
	const struct iq_go_typed_variable *v;
	struct capture c;

	(void)state;
	if (!capture_open(&c, "selflock", "go1.26-default"))
		skip();
	v = variable_of(&c, "runtime.cgoTraceback", false);
	assert_non_null(v);
	assert_int_equal(v->size, 8);
	capture_close(&c);
}

/* Go 1.27 has data before noptrdata. */
static void test_sections_of_variables_may_stand_in_any_order(void **state)
{
	const struct iq_go_module m = {
		.data = 0x1000,
		.edata = 0x1100,
		.noptrdata = 0x2000,
		.enoptrdata = 0x2100,
		.bss = 0x3000,
		.ebss = 0x3100,
		.noptrbss = 0x3100,
		.enoptrbss = 0x3200,
	};

	(void)state;
	assert_int_equal(iq_go_module_variables_end(&m, 0x1008), 0x1100);
	assert_int_equal(iq_go_module_variables_end(&m, 0x1100), 0);
	assert_int_equal(iq_go_module_variables_end(&m, 0x2000), 0x2100);
	assert_int_equal(iq_go_module_variables_end(&m, 0x30ff), 0x3100);
	assert_int_equal(iq_go_module_variables_end(&m, 0x3100), 0x3200);
	assert_int_equal(iq_go_module_variables_end(&m, 0x3200), 0);
}

static void
test_closures_have_what_they_captured_behind_the_function(void **state)
{
	struct iq_dwarf_variables tables;
	struct iq_elf *elf;
	struct capture c;

	(void)state;
	// From Go 1.23 on debug information has it.
	if (!capture_open(&c, "leaksend", "go1.26-default"))
		skip();
	assert_null(iq_elf_open(c.executable, &elf));
	assert_null(iq_dwarf_variables_read(elf, &tables));
	assert_true(tables.num_variables > 100);
	assert_true(tables.num_closures > 10);
	for (size_t i = 0; i < tables.num_closures; i++) {
		const struct iq_dwarf_closure *closure = &tables.closures[i];

		assert_true(closure->num_fields > 0);
		for (uint32_t k = 0; k < closure->num_fields; k++)
			assert_true(tables.fields[closure->first_field + k]
					    .offset >= 8);
	}
	iq_dwarf_variables_deinit(&tables);
	iq_elf_destroy(elf);
	capture_close(&c);
}

/* No value is larger than its object, no number beyond the list. */
static void check_sizes(const struct capture *c)
{
	for (uint32_t i = 0; i < c->map->spans.len; i++) {
		const struct iq_heap_span *span = &c->map->spans.data[i];

		for (uint32_t k = 0; k < span->num_slots; k++) {
			uint32_t type = c->types->of[span->first + k];

			assert_in_range(type, 0, c->types->num_types - 1);
			if (!type)
				continue;
			assert_true(iq_heap_allocated(span, k));
			assert_true(c->types->types[type].size <=
				    span->elem_size);
			assert_int_not_equal(c->types->types[type].name.len, 0);
		}
	}
}

static void test_types_are_no_larger_than_objects(void **state)
{
	static const char *const names[] = { "http", "kinds", "cond",
					     "leaksend" };
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(names); i++) {
		for (size_t k = 0; k < IQ_ARRAY_SIZE(flavours); k++) {
			struct capture c;

			if (!capture_open(&c, names[i], flavours[k]))
				continue;
			check_sizes(&c);
			capture_close(&c);
			seen++;
		}
	}
	if (!seen)
		skip();
}

static void test_the_same_heap_has_the_same_types(void **state)
{
	struct iq_heap_types *again;
	struct capture c;

	(void)state;
	if (!capture_open(&c, "leaksend", "go1.26-default"))
		skip();
	assert_null(c.facts->heap->types(c.facts->heap, c.map, &again));
	assert_int_equal(again->num_types, c.types->num_types);
	assert_memory_equal(again->of, c.types->of,
			    c.map->num_slots * sizeof(*again->of));
	iq_heap_types_destroy(again);
	capture_close(&c);
}

static void test_slots_are_as_large_as_size_classes(void **state)
{
	struct iq_go_layout layout = { 0 };
	const struct iq_go_runtime rt = { .layout = &layout };

	(void)state;
	layout.mspan_large_type.offset = IQ_GO_ABSENT;
	assert_int_equal(iq_go_slot_size(&rt, 1, true), 8);
	assert_int_equal(iq_go_slot_size(&rt, 33, true), 48);
	assert_int_equal(iq_go_slot_size(&rt, 1024, true), 1024);
	assert_int_equal(iq_go_slot_size(&rt, 32768, true), 32768);
	assert_int_equal(iq_go_slot_size(&rt, 32769, true), 40960);
	assert_int_equal(iq_go_slot_size(&rt, UINT64_MAX, true), 0);
	// With a word in front of those that have pointers.
	layout.mspan_large_type.offset = 0;
	assert_int_equal(iq_go_slot_size(&rt, 512, true), 512);
	assert_int_equal(iq_go_slot_size(&rt, 1024, true), 1152);
	assert_int_equal(iq_go_slot_size(&rt, 1024, false), 1024);
	assert_int_equal(iq_go_slot_size(&rt, 32760, true), 32768);
	assert_int_equal(iq_go_slot_size(&rt, 32761, true), 32768);
	assert_int_equal(iq_go_slot_size(&rt, 32769, true), 40960);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_channels_know_what_they_carry),
		cmocka_unit_test(test_records_of_goroutines_are_known),
		cmocka_unit_test(test_places_are_called_by_their_fields),
		cmocka_unit_test(
			test_variables_have_names_where_they_were_kept),
		cmocka_unit_test(
			test_closures_have_what_they_captured_behind_the_function),
		cmocka_unit_test(
			test_what_a_variable_refers_to_is_called_by_it),
		cmocka_unit_test(test_unsafe_pointers_are_variables_as_well),
		cmocka_unit_test(
			test_sections_of_variables_may_stand_in_any_order),
		cmocka_unit_test(test_types_are_no_larger_than_objects),
		cmocka_unit_test(test_the_same_heap_has_the_same_types),
		cmocka_unit_test(test_slots_are_as_large_as_size_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
