/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The captures of testdata/: what nothing can wake any more there, by the
 * source of each case, and that nobody else is condemned.
 */
#include "formats/go/heap.h"

#include <glob.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// cmocka wants the four above.
#include <cmocka.h>

#include "formats/reader.h"
#include "model/liveness.h"
#include "model/model.h"
#include "tests/programs.h"

extern const struct iq_reader iq_reader_elf_core;

/* The goroutines of a case that are unreachable, all in one function. Locks
 * that housekeeping can reach are not here: lockheld's, selflock's. */
static const struct {
	const char *name;
	const char *function;
	unsigned num;
} cases[] = {
	{ "abba", "inquest.test/abba.transfer", 2 },
	{ "cgo", "inquest.test/cgo.handle", 1 },
	{ "cond", "inquest.test/cond.(*Queue).take", 5 },
	{ "fatal-asleep", "inquest.test/fatal-asleep.worker", 3 },
	{ "fatal-asleep", "inquest.test/fatal-asleep.Defect", 1 },
	{ "http", "inquest.test/http.(*api).export", 5 },
	{ "httpaccept", "inquest.test/httpaccept.(*service).publish", 4 },
	{ "httpaccept", "inquest.test/httpaccept.(*service).follow", 6 },
	{ "kinds", "main.sender", 1 },
	{ "kinds", "main.fullSender", 1 },
	{ "kinds", "main.receiver", 2 },
	{ "kinds", "main.ranger", 1 },
	{ "kinds", "main.nilSender", 1 },
	{ "kinds", "main.nilReceiver", 1 },
	{ "kinds", "main.emptySelect", 1 },
	{ "leakrecv", "inquest.test/leakrecv.(*Pool).worker", 8 },
	{ "leakselect", "inquest.test/leakselect.watch", 6 },
	{ "leaksend", "inquest.test/leaksend.fetchQuote.func1", 40 },
	{ "lockheld", "inquest.test/lockheld.(*Store).refresh", 1 },
	{ "lockheld", "inquest.test/lockheld.(*Config).reload", 1 },
	{ "nilchan", "inquest.test/nilchan.(*Subscriber).next", 3 },
	{ "nilchan", "inquest.test/nilchan.(*Publisher).publish", 2 },
	{ "nilchan", "inquest.test/nilchan.keepAlive", 1 },
	{ "waitgroup", "inquest.test/waitgroup.fanout", 2 },
};

struct capture {
	/* "leaksend", "go1.26-default", "core.zst" */
	struct iq_str name, flavour, file;
	struct iq_source *core;
	struct iq_source *executable;
	struct iq_facts *facts;
	struct iq_model *model;
};

static const char *testdata(void)
{
	const char *srcdir = getenv("srcdir");
	static char path[4096];

	snprintf(path, sizeof(path), "%s/testdata", srcdir ? srcdir : ".");
	return path;
}

static void capture_name(struct capture *c, const char *path)
{
	struct iq_str rest = iq_str_of(path + strlen(testdata()) + 1);
	size_t slash = iq_str_find(rest, '/');

	c->name = iq_str_sub(rest, 0, slash);
	rest = iq_str_sub(rest, slash + 1, rest.len);
	slash = iq_str_find(rest, '/');
	c->flavour = iq_str_sub(rest, 0, slash);
	c->file = iq_str_sub(rest, slash + 1, rest.len);
}

static void capture_open(struct capture *c, const char *path)
{
	const struct iq_source_options options = { 0 };
	const struct iq_facts *witnesses[1];
	struct iq_read_context context = {
		.num_executables = 1,
		.no_file_system = true,
	};
	char program[8192];

	*c = (struct capture){ 0 };
	capture_name(c, path);
	snprintf(program, sizeof(program), "%s/bin/%.*s/%s.zst", testdata(),
		 IQ_STR_ARG(c->flavour), program_of_case(c->name.ptr));
	assert_null(iq_source_open(path, &options, &c->core));
	assert_null(iq_source_open(program, &options, &c->executable));
	context.executables = (const struct iq_source *const *)&c->executable;
	assert_null(iq_facts_create(&c->facts));
	assert_null(iq_reader_elf_core.read(&context, c->core, c->facts));
	iq_facts_finish(c->facts);
	witnesses[0] = c->facts;
	assert_null(iq_model_create(witnesses, 1, &c->model));
	assert_null(iq_model_join(c->model));
	assert_null(iq_liveness_run(c->model, NULL));
}

static void capture_close(struct capture *c)
{
	iq_model_destroy(c->model);
	iq_facts_destroy(c->facts);
	iq_source_destroy(c->executable);
	iq_source_destroy(c->core);
}

static bool calls(const struct iq_goroutine *g, const char *function)
{
	const struct iq_stack *stack = g->fact->stack;

	for (uint32_t i = 0; stack && i < stack->num_frames; i++) {
		if (iq_str_equal(stack->frames[i]->function,
				 iq_str_of(function)))
			return true;
	}
	return false;
}

static unsigned count(const struct capture *c, const char *function)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->model->num_goroutines; i++) {
		const struct iq_goroutine *g = &c->model->goroutines[i];

		n += g->reach == IQ_REACH_UNREACHABLE &&
		     (!function || calls(g, function));
	}
	return n;
}

static void check(const struct capture *c)
{
	unsigned expected = 0;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(cases); i++) {
		if (!iq_str_equal(c->name, iq_str_of(cases[i].name)))
			continue;
		expected += cases[i].num;
		if (count(c, cases[i].function) != cases[i].num)
			fail_msg("%.*s/%.*s: %u of %u are unreachable in %s",
				 IQ_STR_ARG(c->name), IQ_STR_ARG(c->flavour),
				 count(c, cases[i].function), cases[i].num,
				 cases[i].function);
	}
	if (count(c, NULL) != expected)
		fail_msg("%.*s/%.*s/%.*s: %u are unreachable, not %u",
			 IQ_STR_ARG(c->name), IQ_STR_ARG(c->flavour),
			 IQ_STR_ARG(c->file), count(c, NULL), expected);
	if (c->model->num_gaps)
		fail_msg("%.*s/%.*s: %.*s", IQ_STR_ARG(c->name),
			 IQ_STR_ARG(c->flavour),
			 IQ_STR_ARG(c->model->gaps[0].text));
}

/* Whether the program has written what is true of it beside its @core. */
static bool is_telling(const char *core)
{
	static const char *const files[] = { "want.zst", "truth.zst" };
	char path[8192];

	for (size_t i = 0; i < IQ_ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%.*s/%s",
			 (int)(strrchr(core, '/') - core), core, files[i]);
		if (access(path, R_OK) == 0)
			return true;
	}
	return false;
}

static void check_all(const char *file)
{
	char pattern[8192];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*/go1*/%s", testdata(), file);
	if (glob(pattern, 0, NULL, &found) != 0)
		skip();
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct capture c;

		// These have no executable beside them, or tell themselves:
		// tests/oracle/waits.py and leaks.py hold it against them.
		if (strstr(found.gl_pathv[i], "/modes/") ||
		    strstr(found.gl_pathv[i], "/sampled/") ||
		    is_telling(found.gl_pathv[i]))
			continue;
		capture_open(&c, found.gl_pathv[i]);
		check(&c);
		capture_close(&c);
	}
	globfree(&found);
}

static void test_kernels_cores_condemn_who_is_lost_and_nobody_else(void **state)
{
	(void)state;
	check_all("core.zst");
}

static void test_gcores_condemn_who_is_lost_and_nobody_else(void **state)
{
	(void)state;
	check_all("gcore.zst");
}

static void open_case(struct capture *c, const char *name)
{
	char path[8192];

	snprintf(path, sizeof(path), "%s/%s/core.zst", testdata(), name);
	if (access(path, R_OK) != 0)
		skip();
	capture_open(c, path);
}

static void test_every_goroutine_is_an_object_and_holds_its_stack(void **state)
{
	struct iq_heap_map *map;
	struct capture c;
	unsigned gs = 0;

	(void)state;
	open_case(&c, "leaksend/go1.26-default");
	assert_true(c.facts->witness.tells & IQ_TELLS_HEAP);
	assert_null(c.facts->heap->load(c.facts->heap, &map));
	assert_int_equal(map->incomplete[0], 0);
	assert_int_equal(map->num_holders, c.facts->goroutines.len);
	for (size_t i = 0; i < c.facts->goroutines.len; i++) {
		const struct iq_goroutine_fact *fact =
			&c.facts->goroutines.data[i];
		uint32_t slot = iq_heap_map_slot(map, fact->place);

		assert_int_not_equal(slot, IQ_HEAP_NONE);
		gs += (unsigned)(map->opaque[slot / 64] >> slot % 64 & 1);
		assert_int_equal(iq_heap_map_holder(map, i).self.addr,
				 fact->place);
		assert_true(iq_heap_map_holder(map, i).stack.len > 0);
	}
	assert_int_equal(gs, c.facts->goroutines.len);
	iq_heap_map_destroy(map);
	capture_close(&c);
}

/* Whoever runs while a signal ends the process has the registers. */
static void test_registers_and_specials_are_told_whose_they_are(void **state)
{
	size_t registers = 0, specials = 0;
	struct iq_heap_map *map;
	struct capture c;

	(void)state;
	open_case(&c, "panic-nil/go1.26-default");
	assert_null(c.facts->heap->load(c.facts->heap, &map));
	for (size_t i = 0; i < map->root_words.len; i++) {
		const struct iq_heap_word *w = &map->root_words.data[i];

		registers += w->kind == IQ_ROOT_REGISTERS && w->holder;
		assert_true(w->holder <= map->num_holders);
		if (w->kind != IQ_ROOT_SPECIAL)
			continue;
		specials++;
		assert_int_not_equal(w->special, IQ_SPECIAL_UNKNOWN);
		assert_int_not_equal(iq_heap_map_slot(map, w->object),
				     IQ_HEAP_NONE);
	}
	assert_true(registers > 0);
	assert_true(specials > 0);
	iq_heap_map_destroy(map);
	capture_close(&c);
}

static void test_what_the_process_counted_is_what_its_spans_have(void **state)
{
	struct iq_heap_totals totals;
	struct iq_go_heap_counts counts;
	struct capture c;
	uint64_t objects = 0;

	(void)state;
	open_case(&c, "leaksend/go1.26-stripped");
	assert_true(iq_go_heap_count((const struct iq_go_heap *)c.facts->heap,
				     &counts));
	for (unsigned i = 0; i < IQ_GO_HEAP_SIZE_CLASSES; i++) {
		assert_int_equal(counts.classes[i].counted,
				 counts.classes[i].there);
		objects += counts.classes[i].there;
	}
	assert_int_equal(counts.contradicts, 0);
	assert_int_equal(counts.in_heap, counts.pages * 8192);
	assert_true(c.facts->heap->totals(c.facts->heap, &totals));
	assert_int_equal(totals.heap_objects, objects);
	assert_true(totals.heap_alloc > 0);
	assert_true(totals.heap_alloc < totals.heap_inuse);
	capture_close(&c);
}

/* Of parked goroutines fewer words count than their stacks have. */
static void test_parked_stacks_have_masks(void **state)
{
	struct iq_heap_map *map;
	struct capture c;
	size_t parked = 0;

	(void)state;
	open_case(&c, "leaksend/go1.26-default");
	assert_null(c.facts->heap->load(c.facts->heap, &map));
	for (size_t i = 0; i < c.facts->goroutines.len; i++) {
		struct iq_heap_range stack = iq_heap_map_holder(map, i).stack;
		uint64_t words = 0;

		if (c.facts->goroutines.data[i].status != IQ_GSTATUS_WAITING ||
		    !c.facts->goroutines.data[i].num_waits)
			continue;
		parked++;
		assert_non_null(stack.mask);
		for (uint64_t k = 0; k < stack.len / 8; k++)
			words += stack.mask[k / 8] >> k % 8 & 1;
		assert_true(words < stack.len / 8);
	}
	assert_true(parked > 40);
	iq_heap_map_destroy(map);
	capture_close(&c);
}

/* Spans whose objects begin behind a header. */
static unsigned num_with_headers(const char *name)
{
	struct iq_heap_map *map;
	struct capture c;
	unsigned num = 0;

	open_case(&c, name);
	assert_null(c.facts->heap->load(c.facts->heap, &map));
	for (size_t i = 0; i < map->spans.len; i++) {
		const struct iq_heap_span *span = &map->spans.data[i];

		if (!span->lead)
			continue;
		assert_false(span->noscan);
		assert_true(span->elem_size > 512);
		num++;
	}
	iq_heap_map_destroy(map);
	capture_close(&c);
	return num;
}

static void test_larger_objects_have_headers_from_1_22_on(void **state)
{
	(void)state;
	assert_true(num_with_headers("leaksend/go1.26-default") > 0);
	assert_int_equal(num_with_headers("leaks/go1.20-stripped"), 0);
}

static uint64_t word_at(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return le64toh(word);
}

static void put_word(uint8_t *bytes, uint64_t word)
{
	word = htole64(word);
	memcpy(bytes, &word, sizeof(word));
}

/* Makes the records of @span in a core of Go 1.18 - 1.21 claim @num objects. */
static unsigned claim_slots(uint8_t *bytes, uint64_t size,
			    const struct iq_heap_span *span, uint64_t num)
{
	unsigned found = 0;

	// Go: src/runtime/mheap.go, mspan: startAddr, npages, manualFreeList,
	// freeindex, nelems.
	for (uint64_t at = 0; at + 40 <= size; at += 8) {
		if (word_at(bytes + at) != span->addr ||
		    word_at(bytes + at + 32) != span->num_slots)
			continue;
		put_word(bytes + at + 8, num * span->elem_size / 8192 + 1);
		put_word(bytes + at + 32, num);
		found++;
	}
	return found;
}

static void
test_a_span_has_no_more_objects_than_the_file_has_room_for(void **state)
{
	struct iq_read_context context = { .no_file_system = true };
	struct capture lying = { 0 };
	struct iq_heap_map *map;
	struct capture c;
	uint8_t *bytes;

	(void)state;
	open_case(&c, "leaks/go1.20-stripped");
	assert_null(c.facts->heap->load(c.facts->heap, &map));
	bytes = malloc(c.core->size);
	assert_non_null(bytes);
	memcpy(bytes, c.core->data, c.core->size);
	// The last one, behind which nothing can overlap.
	assert_int_equal(claim_slots(bytes, c.core->size,
				     &map->spans.data[map->spans.len - 1],
				     1u << 31),
			 1);
	iq_heap_map_destroy(map);
	assert_null(iq_source_open_buffer("lying", bytes, c.core->size, NULL,
					  &lying.core));
	context.executables = (const struct iq_source *const *)&c.executable;
	context.num_executables = 1;
	assert_null(iq_facts_create(&lying.facts));
	assert_null(iq_reader_elf_core.read(&context, lying.core, lying.facts));
	assert_null(lying.facts->heap->load(lying.facts->heap, &map));
	assert_non_null(strstr(map->incomplete, "more objects than"));
	assert_true(map->num_slots < c.core->size / 8);
	iq_heap_map_destroy(map);
	capture_close(&lying);
	capture_close(&c);
	free(bytes);
}

static void
test_a_core_without_the_list_of_spans_says_what_it_lacks(void **state)
{
	struct iq_read_context context = { .no_file_system = true };
	struct capture cut = { 0 };
	struct iq_heap_map *map;
	struct capture c;
	bool found = true;

	(void)state;
	open_case(&c, "zoo/go1.26-stripped");
	for (uint64_t i = 23; found && i > 12; i--) {
		assert_null(iq_source_open_buffer("cut", c.core->data,
						  c.core->size * i / 24, NULL,
						  &cut.core));
		assert_null(iq_facts_create(&cut.facts));
		iq_error_destroy(
			iq_reader_elf_core.read(&context, cut.core, cut.facts));
		assert_non_null(cut.facts->heap);
		assert_null(cut.facts->heap->load(cut.facts->heap, &map));
		found = map->spans.len > 0;
		if (!found)
			assert_non_null(
				strstr(map->incomplete,
				       "mheap_.allspans and its spans; "));
		iq_heap_map_destroy(map);
		capture_close(&cut);
		cut = (struct capture){ 0 };
	}
	assert_false(found);
	capture_close(&c);
}

static void test_a_core_that_is_cut_off_condemns_nobody(void **state)
{
	struct iq_read_context context = { .no_file_system = true };
	struct capture c;

	(void)state;
	open_case(&c, "zoo/go1.26-stripped");
	for (uint64_t i = 0; i < 24; i++) {
		struct capture cut = { .name = c.name };
		const struct iq_facts *witnesses[1];

		assert_null(iq_source_open_buffer("cut", c.core->data,
						  c.core->size * i / 24, NULL,
						  &cut.core));
		assert_null(iq_facts_create(&cut.facts));
		witnesses[0] = cut.facts;
		iq_error_destroy(
			iq_reader_elf_core.read(&context, cut.core, cut.facts));
		iq_facts_finish(cut.facts);
		assert_null(iq_model_create(witnesses, 1, &cut.model));
		assert_null(iq_model_join(cut.model));
		assert_null(iq_liveness_run(cut.model, NULL));
		assert_int_equal(count(&cut, NULL), 0);
		capture_close(&cut);
	}
	capture_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_kernels_cores_condemn_who_is_lost_and_nobody_else),
		cmocka_unit_test(
			test_gcores_condemn_who_is_lost_and_nobody_else),
		cmocka_unit_test(
			test_every_goroutine_is_an_object_and_holds_its_stack),
		cmocka_unit_test(
			test_registers_and_specials_are_told_whose_they_are),
		cmocka_unit_test(
			test_what_the_process_counted_is_what_its_spans_have),
		cmocka_unit_test(test_parked_stacks_have_masks),
		cmocka_unit_test(test_larger_objects_have_headers_from_1_22_on),
		cmocka_unit_test(
			test_a_span_has_no_more_objects_than_the_file_has_room_for),
		cmocka_unit_test(
			test_a_core_without_the_list_of_spans_says_what_it_lacks),
		cmocka_unit_test(test_a_core_that_is_cut_off_condemns_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
