/* SPDX-License-Identifier: Apache-2.0 */
/* "profile": what is added up, what is said of it, what grew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>
#include <yajl/yajl_tree.h>

#include "model/profile.h"
#include "render.h"

#define GO "/usr/local/go/src/"
#define SEND                                                                   \
	"runtime.gopark " GO "runtime/proc.go:460;"                            \
	"runtime.chansend " GO "runtime/chan.go:283;"                          \
	"runtime.chansend1 " GO "runtime/chan.go:161;"                         \
	"main.fetchQuote.func1 /src/shop/main.go:34"
#define LOCK                                                                   \
	"runtime.gopark " GO "runtime/proc.go:460;"                            \
	"runtime.semacquire1 " GO "runtime/sema.go:192;"                       \
	"sync.(*Mutex).Lock " GO "sync/mutex.go:46;"                           \
	"example.com/a/very/long/path/internal/store.(*Store).Get "            \
	"/src/shop/store.go:58;main.main /src/shop/main.go:80"
#define RECURSE                                                                \
	"main.leaf /src/r.go:3;main.walk /src/r.go:9;main.walk /src/r.go:9;"   \
	"main.main /src/r.go:20"
// A name that would turn the terminal red and the text around.
#define HOSTILE "main.\x1b[31m\xe2\x80\xae\xff\n<b>& /src/\t.go:2"

#define MAX_TYPES 4
#define MAX_FILES 4

struct column {
	const char *type, *unit;
};

struct row {
	const char *stack;
	const char *labels[4]; /* key, value, key, value */
	int64_t values[MAX_TYPES];
};

struct test {
	struct render render;
	const struct iq_facts *witnesses[MAX_FILES];
	struct iq_model model;
};

static void test_init(struct test *t)
{
	*t = (struct test){ .render.options.width = 80 };
	t->model.witnesses = t->witnesses;
	t->render.model = &t->model;
}

static void test_deinit(struct test *t)
{
	// The model is the test's own.
	t->render.model = NULL;
	render_deinit(&t->render);
}

static void *zeros(struct iq_facts *facts, size_t num, size_t size)
{
	void *to = iq_arena_calloc(&facts->arena, num + 1, size);

	assert_non_null(to);
	return to;
}

static struct iq_sample sample_of(struct iq_facts *facts, const struct row *row)
{
	struct iq_label labels[2];
	struct iq_sample sample;
	size_t num = 0;

	for (; num < 2 && row->labels[2 * num]; num++) {
		labels[num].key = iq_str_of(row->labels[2 * num]);
		labels[num].value = iq_str_of(row->labels[2 * num + 1]);
	}
	sample.stack = facts_add(facts, 1, "running", row->stack)->stack->index;
	assert_null(iq_facts_labels(facts, labels, num, &sample.labels));
	return sample;
}

/* Adds a profile of @rows as a witness. */
static struct iq_profile *add(struct test *t, const char *path,
			      enum iq_profile_type type,
			      const struct column *types, size_t num_types,
			      const struct row *rows, size_t num)
{
	struct iq_facts *facts = facts_new(IQ_WITNESS_PROFILE, path);
	struct iq_profile *p = zeros(facts, 1, sizeof(*p));
	struct iq_sample *samples = zeros(facts, num, sizeof(*samples));
	int64_t *values = zeros(facts, num * num_types, sizeof(*values));
	int64_t *totals = zeros(facts, num_types, sizeof(*totals));
	struct iq_value_type *names = zeros(facts, num_types, sizeof(*names));

	*p = (struct iq_profile){
		.type = type,
		.types = names,
		.num_types = num_types,
		.default_type = num_types ? num_types - 1 : 0,
		.samples = samples,
		.num_samples = num,
		.values = values,
		.totals = totals,
		.num_read_samples = num,
	};
	for (size_t i = 0; i < num_types; i++) {
		names[i].type = iq_str_of(types[i].type);
		names[i].unit = iq_str_of(types[i].unit);
	}
	for (size_t i = 0; i < num; i++) {
		samples[i] = sample_of(facts, &rows[i]);
		for (size_t j = 0; j < num_types; j++) {
			values[i * num_types + j] = rows[i].values[j];
			totals[j] += rows[i].values[j];
		}
	}
	p->stacks = facts->stacks.data;
	p->num_stacks = facts->stacks.len;
	facts->profile = p;
	t->render.facts[t->render.num_facts++] = facts;
	t->witnesses[t->model.num_witnesses++] = facts;
	return p;
}

#define ADD(t, path, type, types, rows)                                        \
	add(t, path, type, types, IQ_ARRAY_SIZE(types), rows,                  \
	    IQ_ARRAY_SIZE(rows))

static const struct column count[] = {
	{ "goroutine", "count" },
};
static const struct column space[] = {
	{ "inuse_objects", "count" },
	{ "inuse_space", "bytes" },
};
static const struct row shop[] = {
	{ SEND, { 0 }, { 30 } },
	{ SEND, { "route", "/quote" }, { 10 } },
	{ LOCK, { "route", "/quote", "user", "ann" }, { 2 } },
	{ LOCK, { "route", "/buy" }, { 9 } },
	{ HOSTILE, { "k\x1b[0m", "v\n" }, { 1 } },
};

static const char *text_of(struct test *t)
{
	const char *text = render_text(&t->render, "profile", "text");

	assert_non_null(text);
	return text;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		print_error("no \"%s\" in:\n%s", part, text);
	assert_non_null(strstr(text, part));
}

static void assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		print_error("\"%s\" in:\n%s", part, text);
	assert_null(strstr(text, part));
}

/* ---- JSON */

static yajl_val json_of(struct test *t)
{
	const char *text = render_text(&t->render, "profile", "json");
	char error[256];
	yajl_val tree;

	assert_non_null(text);
	tree = yajl_tree_parse(text, error, sizeof(error));
	if (!tree)
		print_error("%s\n%s\n", error, text);
	assert_non_null(tree);
	return tree;
}

static yajl_val at(yajl_val tree, const char *key)
{
	const char *path[] = { key, NULL };

	return yajl_tree_get(tree, path, yajl_t_any);
}

static yajl_val nth(yajl_val tree, const char *key, size_t i)
{
	yajl_val list = at(tree, key);

	assert_true(YAJL_IS_ARRAY(list));
	assert_true(i < YAJL_GET_ARRAY(list)->len);
	return YAJL_GET_ARRAY(list)->values[i];
}

static void test_json_has_every_sample_and_its_labels(void **state)
{
	struct test t;
	yajl_val tree, stack;

	(void)state;
	test_init(&t);
	ADD(&t, "goroutine.pb.gz", IQ_PROFILE_GOROUTINE, count, shop);
	tree = json_of(&t);
	assert_string_equal(YAJL_GET_STRING(at(tree, "schema")),
			    "inquest.profile/1");
	assert_string_equal(YAJL_GET_STRING(at(tree, "profile_type")),
			    "goroutine");
	assert_int_equal(
		YAJL_GET_INTEGER(at(nth(tree, "sample_types", 0), "total")),
		52);
	assert_int_equal(YAJL_GET_ARRAY(at(tree, "stacks"))->len, 5);
	stack = nth(tree, "stacks", 2);
	assert_int_equal(YAJL_GET_INTEGER(nth(stack, "values", 0)), 2);
	assert_string_equal(YAJL_GET_STRING(at(at(stack, "labels"), "user")),
			    "ann");
	assert_int_equal(YAJL_GET_ARRAY(at(stack, "frames"))->len, 5);
	yajl_tree_free(tree);
	test_deinit(&t);
}

static void test_json_leaves_the_unknown_unknown(void **state)
{
	struct test t;
	yajl_val tree;

	(void)state;
	test_init(&t);
	ADD(&t, "goroutine.pb.gz", IQ_PROFILE_GOROUTINE, count, shop);
	tree = json_of(&t);
	assert_true(YAJL_IS_NULL(at(tree, "time_ns")));
	assert_true(YAJL_IS_NULL(at(tree, "duration_ns")));
	assert_true(YAJL_IS_NULL(at(tree, "period")));
	assert_true(YAJL_IS_NULL(at(tree, "build_id")));
	assert_int_equal(YAJL_GET_ARRAY(at(tree, "problems"))->len, 0);
	yajl_tree_free(tree);
	test_deinit(&t);
}

static void test_a_function_counts_once_in_a_stack(void **state)
{
	static const struct row rows[] = {
		{ RECURSE, { 0 }, { 1, -100 } },
		{ "main.walk /src/r.go:7;main.main /src/r.go:20",
		  { 0 },
		  { 1, 40 } },
	};
	struct test t;
	yajl_val tree, row;

	(void)state;
	test_init(&t);
	ADD(&t, "heap.pb.gz", IQ_PROFILE_HEAP, space, rows);
	tree = json_of(&t);
	// By size of what ends in it: a difference may be negative.
	row = nth(tree, "top", 0);
	assert_string_equal(YAJL_GET_STRING(at(row, "function")), "main.leaf");
	assert_int_equal(YAJL_GET_INTEGER(nth(row, "flat", 1)), -100);
	row = nth(tree, "top", 1);
	assert_string_equal(YAJL_GET_STRING(at(row, "function")), "main.walk");
	assert_int_equal(YAJL_GET_INTEGER(nth(row, "flat", 0)), 1);
	assert_int_equal(YAJL_GET_INTEGER(nth(row, "flat", 1)), 40);
	assert_int_equal(YAJL_GET_INTEGER(nth(row, "cum", 0)), 2);
	assert_int_equal(YAJL_GET_INTEGER(nth(row, "cum", 1)), -60);
	row = nth(tree, "top", 2);
	assert_string_equal(YAJL_GET_STRING(at(row, "function")), "main.main");
	assert_int_equal(YAJL_GET_INTEGER(nth(row, "flat", 1)), 0);
	yajl_tree_free(tree);
	test_deinit(&t);
}

static void test_a_label_with_several_values_is_a_list(void **state)
{
	static const struct row rows[] = {
		{ SEND, { "k", "b", "k", "a" }, { 1 } },
	};
	struct test t;
	yajl_val tree, labels;

	(void)state;
	test_init(&t);
	ADD(&t, "goroutine.pb.gz", IQ_PROFILE_GOROUTINE, count, rows);
	tree = json_of(&t);
	labels = at(nth(tree, "stacks", 0), "labels");
	assert_string_equal(YAJL_GET_STRING(nth(labels, "k", 0)), "a");
	assert_string_equal(YAJL_GET_STRING(nth(labels, "k", 1)), "b");
	yajl_tree_free(tree);
	test_deinit(&t);
}

static void test_each_profile_is_a_line(void **state)
{
	struct test t;

	(void)state;
	test_init(&t);
	ADD(&t, "a.pb.gz", IQ_PROFILE_GOROUTINE, count, shop);
	ADD(&t, "b.pb.gz", IQ_PROFILE_GOROUTINE, count, shop);
	assert_int_equal(count_lines(render_text(&t.render, "profile", "json")),
			 2);
	test_deinit(&t);
}

/* A stack of addresses alone, as stripped programs have. */
static void add_unnamed(struct test *t)
{
	static const struct row rows[] = { { SEND, { 0 }, { 7 } } };
	struct iq_profile *p =
		ADD(t, "cpu.pb.gz", IQ_PROFILE_OTHER, count, rows);
	struct iq_frame frames[] = {
		{ .module = IQ_STR("/lib/libc.so.6"),
		  .has_pc = true,
		  .pc = 0x7f12 },
		{ .has_pc = true, .pc = 0x401000 },
	};
	struct iq_stack shape = { .num_frames = 2, .complete = true };
	struct iq_facts *facts = t->render.facts[0];
	const struct iq_stack **stack = zeros(facts, 1, sizeof(*stack));

	assert_null(iq_facts_stack_of(facts, frames, &shape, stack));
	p->stacks = stack;
	p->num_stacks = 1;
}

static void test_a_frame_without_function_is_its_address(void **state)
{
	struct test t;
	yajl_val tree, row;
	const char *text;

	(void)state;
	test_init(&t);
	add_unnamed(&t);
	tree = json_of(&t);
	row = nth(tree, "top", 0);
	assert_true(YAJL_IS_NULL(at(row, "function")));
	assert_string_equal(YAJL_GET_STRING(at(row, "pc")), "0x7f12");
	assert_string_equal(YAJL_GET_STRING(at(row, "module")),
			    "/lib/libc.so.6");
	assert_int_equal(YAJL_GET_ARRAY(at(tree, "top"))->len, 2);
	yajl_tree_free(tree);
	text = text_of(&t);
	assert_has(text, "libc.so.6 0x7f12\n");
	assert_has(text, "unknown 0x401000\n");
	test_deinit(&t);
}

/* ---- text */

static void test_goroutines_are_counted_where_they_stand(void **state)
{
	struct test t;
	const char *text;

	(void)state;
	test_init(&t);
	ADD(&t, "goroutine.pb.gz", IQ_PROFILE_GOROUTINE, count, shop);
	text = text_of(&t);
	assert_has(text, "goroutine profile  goroutine.pb.gz\n");
	assert_has(text, "52 goroutines in 3 stacks\n");
	assert_has(text, "40   76.9%  chan send   main.fetchQuote.func1 "
			 "main.go:34\n");
	assert_has(text, "11   21.2%  Mutex.Lock  ");
	assert_has(text, "(*Store).Get store.go:58\n");
	assert_has_not(text, "gopark");
	test_deinit(&t);
}

static void test_memory_is_counted_by_function(void **state)
{
	static const struct row rows[] = {
		{ RECURSE, { "bytes", "512" }, { 3, 3 << 20 } },
		{ "main.other /src/r.go:30;main.main /src/r.go:21",
		  { 0 },
		  { 1, 1 << 20 } },
	};
	struct test t;
	const char *text;

	(void)state;
	test_init(&t);
	ADD(&t, "heap.pb.gz", IQ_PROFILE_HEAP, space, rows);
	text = text_of(&t);
	assert_has(text, "inuse_objects 4  inuse_space 4.0 MiB  in 2 stacks\n");
	assert_has(text, "3.0 MiB   75.0%  3.0 MiB   75.0%  main.leaf\n");
	assert_has(text, "    0 B    0.0%  4.0 MiB  100.0%  main.main\n");
	t.render.options.sample_index = "inuse_objects";
	assert_has(text_of(&t), "   1   25.0%    1   25.0%  main.other\n");
	t.render.options.sample_index = "0";
	assert_has(text_of(&t), "   1   25.0%    1   25.0%  main.other\n");
	test_deinit(&t);
}

static void test_an_unknown_sample_type_is_an_error(void **state)
{
	const struct iq_report *report = iq_report_find("profile", "text");
	static const char *const wrong[] = { "inuse", "1", "-1", "", "0x" };
	struct test t;

	(void)state;
	test_init(&t);
	ADD(&t, "goroutine.pb.gz", IQ_PROFILE_GOROUTINE, count, shop);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(wrong); i++) {
		struct iq_error *err;

		t.render.options.sample_index = wrong[i];
		iq_out_init_memory(&t.render.out);
		err = report->render(&t.model, &t.render.options,
				     &t.render.out);
		assert_non_null(err);
		assert_int_equal(err->code, IQ_ERROR_USAGE);
		assert_non_null(strstr(err->text, "\"goroutine\""));
		iq_error_destroy(err);
		iq_out_deinit(&t.render.out);
	}
	test_deinit(&t);
}

static void test_stacks_are_shown_whatever_their_labels(void **state)
{
	struct test t;
	const char *text;

	(void)state;
	test_init(&t);
	t.render.options.stacks = true;
	ADD(&t, "goroutine.pb.gz", IQ_PROFILE_GOROUTINE, count, shop);
	text = text_of(&t);
	assert_has(text, "40   76.9%  chan send\n"
			 "        main.fetchQuote.func1 main.go:34\n");
	assert_has(text, "Mutex.Lock\n"
			 "        sync.(*Mutex).Lock mutex.go:46\n");
	assert_has_not(text, "gopark");
	t.render.options.runtime_frames = true;
	assert_has(text_of(&t),
		   "chan send\n        runtime.gopark proc.go:460\n");
	test_deinit(&t);
}

static void test_labels_are_counted_by_key_and_value(void **state)
{
	struct test t;
	const char *text, *quote, *buy;

	(void)state;
	test_init(&t);
	t.render.options.labels = true;
	ADD(&t, "goroutine.pb.gz", IQ_PROFILE_GOROUTINE, count, shop);
	text = text_of(&t);
	quote = strstr(text, "12   23.1%  /quote\n");
	buy = strstr(text, " 9   17.3%  /buy\n");
	assert_non_null(quote);
	assert_non_null(buy);
	assert_true(quote < buy);
	assert_has(text, " 2    3.8%  ann\n");
	test_deinit(&t);
}

static void test_growth_is_told_in_the_order_of_time(void **state)
{
	static const struct row later[] = {
		{ SEND, { 0 }, { 109 } },
		{ LOCK, { 0 }, { 11 } },
		{ RECURSE, { 0 }, { 3 } },
	};
	struct test t;
	const char *text;

	(void)state;
	test_init(&t);
	ADD(&t, "last.pb.gz", IQ_PROFILE_GOROUTINE, count, later);
	ADD(&t, "first.pb.gz", IQ_PROFILE_GOROUTINE, count, shop);
	for (size_t i = 0; i < 2; i++) {
		t.render.facts[i]->process.has_time = true;
		t.render.facts[i]->process.time_ns =
			1700000000000000000 + (i ? 0 : 90000000000);
	}
	text = text_of(&t);
	assert_has(text, "2 goroutine profiles");
	assert_has(text, "52  first.pb.gz  2023-11-14 22:13:20 UTC\n");
	assert_has(text, "123  last.pb.gz  +1m30s\n");
	assert_has(text, "40     109     +69  chan send  main.fetchQuote");
	assert_has(text, " 0       3      +3  -          main.leaf r.go:3\n");
	assert_has(text, " 1       0      -1  ");
	assert_has_not(text, "(*Store).Get");
	assert_has(text, "unchanged: 11 in 1 place\n");
	test_deinit(&t);
}

static void test_other_types_are_not_compared(void **state)
{
	static const struct row rows[] = { { RECURSE, { 0 }, { 1, 2048 } } };
	struct test t;
	const char *text;

	(void)state;
	test_init(&t);
	ADD(&t, "heap.pb.gz", IQ_PROFILE_HEAP, space, rows);
	ADD(&t, "goroutine.pb.gz", IQ_PROFILE_GOROUTINE, count, shop);
	text = text_of(&t);
	assert_has(text, "heap profile  heap.pb.gz\n");
	assert_has(text, "goroutine profile  goroutine.pb.gz\n");
	assert_has_not(text, "profiles");
	test_deinit(&t);
}

static void test_damage_and_other_files_are_named(void **state)
{
	struct test t;
	const char *text;

	(void)state;
	test_init(&t);
	ADD(&t, "goroutine.pb.gz", IQ_PROFILE_GOROUTINE, count, shop);
	iq_facts_gap_offset(t.render.facts[0], IQ_GAP_TRUNCATED, 812,
			    "the last sample is cut off");
	t.render.facts[1] = facts_new(IQ_WITNESS_CORE, "core.7");
	t.witnesses[1] = t.render.facts[1];
	t.render.num_facts = t.model.num_witnesses = 2;
	text = text_of(&t);
	assert_has(text, "truncated: the last sample is cut off (at byte 812)");
	assert_has(text, "not a profile: core.7\n");
	test_deinit(&t);
}

static void test_no_profile_is_an_error(void **state)
{
	struct test t;

	(void)state;
	test_init(&t);
	t.render.facts[0] = facts_new(IQ_WITNESS_CORE, "core.7");
	t.witnesses[0] = t.render.facts[0];
	t.render.num_facts = t.model.num_witnesses = 1;
	assert_null(render_text(&t.render, "profile", "text"));
	assert_null(render_text(&t.render, "profile", "json"));
	test_deinit(&t);
}

static void test_a_type_without_values_says_so(void **state)
{
	static const struct row rows[] = { { RECURSE, { 0 }, { 3, 0 } } };
	struct test t;
	const char *text;

	(void)state;
	test_init(&t);
	ADD(&t, "heap.pb.gz", IQ_PROFILE_HEAP, space, rows);
	text = text_of(&t);
	assert_has(text, "inuse_objects 3  inuse_space 0 B");
	assert_has(text, "all values are 0");
	t.render.options.sample_index = "inuse_objects";
	assert_has_not(text_of(&t), "all values are 0");
	test_deinit(&t);
}

static void test_repeated_frames_are_one_line(void **state)
{
	static const struct row rows[] = { { RECURSE, { 0 }, { 3, 1 } } };
	struct test t;

	(void)state;
	test_init(&t);
	t.render.options.stacks = true;
	ADD(&t, "heap.pb.gz", IQ_PROFILE_HEAP, space, rows);
	assert_has(text_of(&t), "        main.leaf r.go:3\n"
				"        main.walk r.go:9 (2 times)\n"
				"        main.main r.go:20\n");
	test_deinit(&t);
}

static void test_places_do_not_depend_on_the_build(void **state)
{
	static const struct row old[] = {
		{ "main.(*box[...]).take /src/main.go:20", { 0 }, { 3 } },
	};
	static const struct row new[] = {
		{ "main.(*box[go.shape.string]).take main.go:20",
		  { 0 },
		  { 3 } },
	};
	struct test t;
	const char *text;

	(void)state;
	test_init(&t);
	ADD(&t, "old.pb.gz", IQ_PROFILE_GOROUTINE, count, old);
	ADD(&t, "new.pb.gz", IQ_PROFILE_GOROUTINE, count, new);
	t.render.facts[0]->process.build_id = IQ_STR("aa");
	t.render.facts[1]->process.build_id = IQ_STR("bb");
	text = text_of(&t);
	assert_has(text, "nothing changed\nunchanged: 3 in 1 place\n");
	assert_has(text, "they are of several builds\n");
	test_deinit(&t);
}

static void test_an_empty_profile_says_so(void **state)
{
	struct test t;
	yajl_val tree;

	(void)state;
	test_init(&t);
	add(&t, "empty.pb.gz", IQ_PROFILE_OTHER, count, 0, shop, 0);
	assert_has(text_of(&t), "no samples");
	tree = json_of(&t);
	assert_int_equal(YAJL_GET_ARRAY(at(tree, "stacks"))->len, 0);
	assert_int_equal(YAJL_GET_ARRAY(at(tree, "top"))->len, 0);
	assert_true(YAJL_IS_NULL(at(tree, "default_sample_type")));
	yajl_tree_free(tree);
	test_deinit(&t);
}

/* One profile with all views, or several. */
static void check_widths(bool views, size_t num_profiles)
{
	static const unsigned widths[] = { 40, 60, 80, 120 };
	struct test t;

	test_init(&t);
	for (size_t i = 0; i < num_profiles; i++) {
		ADD(&t, "a/long/path/to/the/files/goroutine.pb.gz",
		    IQ_PROFILE_GOROUTINE, count, shop);
		t.render.facts[i]->process.has_time = true;
		t.render.facts[i]->process.time_ns = (int64_t)i;
	}
	// The last has less.
	((int64_t *)t.witnesses[0]->profile->values)[4] = 1000000;
	t.render.options.top = views;
	t.render.options.stacks = views;
	t.render.options.labels = views;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(widths); i++) {
		const char *text;

		t.render.options.width = widths[i];
		text = text_of(&t);
		if (longest_line(text) > widths[i])
			print_error("%s", text);
		assert_true(longest_line(text) <= widths[i]);
		assert_null(strchr(text, '\x1b'));
		assert_has_not(text, "\xe2\x80\xae");
	}
	test_deinit(&t);
}

static void test_no_line_is_wider_than_asked_for(void **state)
{
	(void)state;
	check_widths(false, 1);
	check_widths(true, 1);
	check_widths(false, 3);
}

static void test_rows_are_limited_and_the_rest_counted(void **state)
{
	struct test t;
	const char *text;

	(void)state;
	test_init(&t);
	t.render.options.limit = 1;
	ADD(&t, "goroutine.pb.gz", IQ_PROFILE_GOROUTINE, count, shop);
	text = text_of(&t);
	assert_has(text, "and 2 more places (--all)\n");
	assert_has_not(text, "Mutex.Lock");
	test_deinit(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_has_every_sample_and_its_labels),
		cmocka_unit_test(test_json_leaves_the_unknown_unknown),
		cmocka_unit_test(test_a_function_counts_once_in_a_stack),
		cmocka_unit_test(test_a_label_with_several_values_is_a_list),
		cmocka_unit_test(test_each_profile_is_a_line),
		cmocka_unit_test(test_a_frame_without_function_is_its_address),
		cmocka_unit_test(test_goroutines_are_counted_where_they_stand),
		cmocka_unit_test(test_memory_is_counted_by_function),
		cmocka_unit_test(test_an_unknown_sample_type_is_an_error),
		cmocka_unit_test(test_stacks_are_shown_whatever_their_labels),
		cmocka_unit_test(test_labels_are_counted_by_key_and_value),
		cmocka_unit_test(test_growth_is_told_in_the_order_of_time),
		cmocka_unit_test(test_other_types_are_not_compared),
		cmocka_unit_test(test_damage_and_other_files_are_named),
		cmocka_unit_test(test_no_profile_is_an_error),
		cmocka_unit_test(test_an_empty_profile_says_so),
		cmocka_unit_test(test_a_type_without_values_says_so),
		cmocka_unit_test(test_repeated_frames_are_one_line),
		cmocka_unit_test(test_places_do_not_depend_on_the_build),
		cmocka_unit_test(test_no_line_is_wider_than_asked_for),
		cmocka_unit_test(test_rows_are_limited_and_the_rest_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
