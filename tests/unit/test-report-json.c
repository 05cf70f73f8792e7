/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of every report: valid, the same twice, unknown as null. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>
#include <yajl/yajl_tree.h>

#include "render.h"

static yajl_val parse(const char *text)
{
	char error[256];
	yajl_val tree = yajl_tree_parse(text, error, sizeof(error));

	if (!tree)
		print_error("%s\n", error);
	assert_non_null(tree);
	return tree;
}

static yajl_val at(yajl_val tree, const char *a, const char *b)
{
	const char *path[] = { a, b, NULL };

	return yajl_tree_get(tree, path, yajl_t_any);
}

static void test_the_report_is_one_object(void **state)
{
	struct render x;
	yajl_val tree;

	(void)state;
	render_shop(&x, 40);
	tree = parse(render_text(&x, "report", "json"));
	assert_string_equal(YAJL_GET_STRING(at(tree, "schema", NULL)),
			    "inquest.report/1");
	assert_int_equal(YAJL_GET_INTEGER(at(tree, "goroutines", "total")), 47);
	assert_int_equal(YAJL_GET_INTEGER(at(tree, "goroutines", "system")), 1);
	assert_true(YAJL_IS_NULL(at(tree, "process", "vcs_revision")));
	assert_true(YAJL_IS_NULL(at(tree, "process", "cgo")));
	assert_true(YAJL_IS_ARRAY(at(tree, "problems", NULL)));
	yajl_tree_free(tree);
	render_deinit(&x);
}

static void test_the_report_has_every_finding_and_id(void **state)
{
	struct render x;
	yajl_val tree, findings, ids;

	(void)state;
	render_shop(&x, 2000);
	tree = parse(render_text(&x, "report", "json"));
	findings = at(tree, "findings", NULL);
	assert_int_equal(YAJL_GET_ARRAY(findings)->len, x.model->num_findings);
	ids = at(YAJL_GET_ARRAY(findings)->values[0], "goroutines", NULL);
	assert_int_equal(YAJL_GET_ARRAY(ids)->len,
			 x.model->findings[0].num_goroutines);
	yajl_tree_free(tree);
	render_deinit(&x);
}

/* Parses each line; how many there are. */
static unsigned parse_lines(const char *text)
{
	char *copy = strdup(text);
	unsigned num = 0;
	char *save = NULL;

	assert_non_null(copy);
	for (char *line = strtok_r(copy, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		yajl_tree_free(parse(line));
		num++;
	}
	free(copy);
	return num;
}

static void test_every_goroutine_is_a_line(void **state)
{
	struct render x;

	(void)state;
	render_shop(&x, 40);
	assert_int_equal(parse_lines(render_text(&x, "goroutines", "json")),
			 47);
	x.options.limit = 7;
	assert_int_equal(parse_lines(render_text(&x, "goroutines", "json")), 7);
	render_deinit(&x);
}

static void test_bt_prints_the_line_of_goroutines(void **state)
{
	struct render x;
	const char *text;
	char *line;

	(void)state;
	render_shop(&x, 40);
	x.options.has_id = true;
	x.options.id = 7;
	line = strdup(render_text(&x, "bt", "json"));
	assert_non_null(line);
	assert_int_equal(parse_lines(line), 1);
	text = render_text(&x, "goroutines", "json");
	assert_non_null(strstr(text, line));
	free(line);
	x.options.id = 4711;
	assert_null(render_text(&x, "bt", "json"));
	render_deinit(&x);
}

static void test_what_is_waited_for_is_named(void **state)
{
	struct render x;
	yajl_val tree, wait;

	(void)state;
	render_shop(&x, 40);
	x.options.has_id = true;
	x.options.id = 42; // the first that waits for the lock
	tree = parse(render_text(&x, "bt", "json"));
	wait = YAJL_GET_ARRAY(at(tree, "waits_for", NULL))->values[0];
	assert_string_equal(YAJL_GET_STRING(at(wait, "kind", NULL)), "mutex");
	assert_string_equal(YAJL_GET_STRING(at(wait, "address", NULL)),
			    "0xc000200000");
	assert_int_equal(YAJL_GET_INTEGER(at(wait, "waiters", NULL)), 3);
	assert_true(YAJL_IS_NULL(at(tree, "waiting_ns", NULL)));
	assert_true(YAJL_IS_FALSE(at(tree, "waiting_exact", NULL)));
	yajl_tree_free(tree);
	render_deinit(&x);
}

static void test_groups_without_ids_have_a_count(void **state)
{
	struct render x = {
		.facts = { facts_new(IQ_WITNESS_PROFILE, "goroutine.pb.gz") },
		.num_facts = 1,
		.options = { .width = 80 },
	};
	struct iq_goroutine_fact *g;
	yajl_val tree;

	(void)state;
	g = facts_add(x.facts[0], 0, "waiting", "main.f main.go:3");
	g->has_id = false;
	g->count = 40;
	g->status = IQ_GSTATUS_UNKNOWN;
	g->wait_reason = IQ_STR("");
	render_join(&x);
	tree = parse(render_text(&x, "goroutines", "json"));
	assert_true(YAJL_IS_NULL(at(tree, "id", NULL)));
	assert_true(YAJL_IS_NULL(at(tree, "status", NULL)));
	assert_true(YAJL_IS_NULL(at(tree, "wait_reason", NULL)));
	assert_int_equal(YAJL_GET_INTEGER(at(tree, "count", NULL)), 40);
	yajl_tree_free(tree);
	render_deinit(&x);
}

static void test_twice_gives_the_same_bytes(void **state)
{
	static const char *const commands[] = { "report", "goroutines", "bt" };
	struct render a, b;

	(void)state;
	render_shop(&a, 40);
	render_shop(&b, 40);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(commands); i++) {
		assert_string_equal(render_text(&a, commands[i], "json"),
				    render_text(&b, commands[i], "json"));
		assert_string_equal(render_text(&a, commands[i], "text"),
				    render_text(&b, commands[i], "text"));
	}
	render_deinit(&a);
	render_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_report_is_one_object),
		cmocka_unit_test(test_the_report_has_every_finding_and_id),
		cmocka_unit_test(test_every_goroutine_is_a_line),
		cmocka_unit_test(test_bt_prints_the_line_of_goroutines),
		cmocka_unit_test(test_what_is_waited_for_is_named),
		cmocka_unit_test(test_groups_without_ids_have_a_count),
		cmocka_unit_test(test_twice_gives_the_same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
