/* SPDX-License-Identifier: Apache-2.0 */
/* "heap" as people and programs read it. */
#include "render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// cmocka wants those above.
#include <cmocka.h>

#include "model/heap_survey.h"

#define HOSTILE "main.\x1b[31mevil\xff<script>\"\n"

static const struct iq_heap_row rows[] = {
	{ { "main.node", 9 }, 0, { 262144, 16777216 }, { 40, 2560 } },
	{ { HOSTILE, sizeof(HOSTILE) - 1 }, 0, { 10, 640 }, { 0, 0 } },
	{ { NULL, 0 }, 64, { 1, 64 }, { 0, 0 } },
};

static const struct iq_heap_object biggest[] = {
	{ 0xc000100000, 1048576, { "[]main.node", 11 }, IQ_HEAP_LIVE },
	{ 0xc000200000, 65536, { NULL, 0 }, IQ_HEAP_GARBAGE },
};

static const struct iq_path_step steps[] = {
	{ 0xc000100000, 96, { "main.Pool", 9 }, 16, { ".jobs", 5 } },
	{ 0xc000200000, 112, { HOSTILE, sizeof(HOSTILE) - 1 }, 0, { NULL, 0 } },
};

static struct iq_heap_why whys[] = {
	{
		.addr = 0xc000200010,
		.kind = IQ_HEAP_OBJECT,
		.object = { 0xc000200000, 112, { NULL, 0 }, IQ_HEAP_LIVE },
		.goroutine = UINT32_MAX,
		.path = { .found = true,
			  .root = IQ_ROOT_VARIABLE,
			  .root_addr = 0x5c2a10,
			  .root_name = { "main.pool", 9 },
			  .goroutine = UINT32_MAX,
			  .frame = UINT32_MAX,
			  .steps = steps,
			  .num_steps = 2,
			  .num_skipped = 7,
			  .skipped_at = 1 },
	},
	{
		.addr = 0xc000300000,
		.kind = IQ_HEAP_OBJECT,
		.object = { 0xc000300000, 48, { NULL, 0 }, IQ_HEAP_GARBAGE },
		.goroutine = UINT32_MAX,
	},
	{ .addr = 0x10, .kind = IQ_HEAP_NOWHERE, .goroutine = UINT32_MAX },
};

static const struct iq_heap_referrer referrers[] = {
	{ .type = { "main.node", 9 },
	  .place = { ".next", 5 },
	  .goroutine = UINT32_MAX,
	  .references = 1024,
	  .first_addr = 0xc000100010 },
	{ .is_root = true,
	  .root = IQ_ROOT_VARIABLE,
	  .place = { HOSTILE, sizeof(HOSTILE) - 1 },
	  .goroutine = UINT32_MAX,
	  .references = 1 },
	{ .is_root = true,
	  .root = IQ_ROOT_STACK,
	  .goroutine = 0,
	  .leaked = true,
	  .references = 1 },
};

static struct iq_heap_survey survey_of_all(void)
{
	return (struct iq_heap_survey){
		.found = true,
		.num_spans = 6123,
		.allocated = { 262200, 16780000 },
		.live = { 262115, 16775360 },
		.leaked = { 40, 2560 },
		.garbage = { 45, 2080 },
		.free = { 1000, 64000 },
		.has_inuse = true,
		.inuse = 17000000,
		.has_totals = true,
		.totals = { 262198, 16779952, 17000000, 65536, 33554432, 3 },
		.judged = true,
		.leaked_goroutines = 40,
		.has_leaked_stacks = true,
		.leaked_stacks = 81920,
		.rows = rows,
		.num_rows = IQ_ARRAY_SIZE(rows),
		.biggest = biggest,
		.num_biggest = IQ_ARRAY_SIZE(biggest),
		.whys = whys,
		.num_whys = IQ_ARRAY_SIZE(whys),
		.who = { .known = true,
			 .live = { 100, 6400 },
			 .referrers = referrers,
			 .num_referrers = IQ_ARRAY_SIZE(referrers),
			 .num_references = 1026 },
	};
}

/* The shop with @survey as its heap. */
static void begin(struct render *x, const struct iq_heap_survey *survey,
		  enum iq_heap_view view)
{
	render_shop(x, 4);
	x->model->surveys = survey;
	x->model->num_surveys = 1;
	x->options.heap.view = view;
	x->options.heap.type = "main.node";
}

static void assert_clean(const char *text, unsigned width)
{
	assert_non_null(text);
	assert_true(longest_line(text) <= width);
	assert_null(strchr(text, 0x1b));
	assert_null(strstr(text, "\xff"));
}

static void test_totals_stand_beside_what_the_process_counted(void **state)
{
	struct iq_heap_survey survey = survey_of_all();
	struct render x;
	const char *text;

	(void)state;
	begin(&x, &survey, IQ_HEAP_TOTALS);
	text = render_text(&x, "heap", "text");
	assert_clean(text, 80);
	assert_non_null(strstr(text, "262,155"));
	assert_non_null(strstr(text, "16.0 MiB"));
	assert_non_null(strstr(text, "by 40 leaked"));
	assert_non_null(strstr(text, "262,198 objects (2 fewer)"));
	assert_non_null(strstr(text, "16,779,952 bytes (48"));
	assert_non_null(strstr(text, "in use (the same)"));
	assert_non_null(strstr(text, "unknown, 64 B"));
	assert_non_null(strstr(text, "unknown (garbage)"));
	render_deinit(&x);
}

static void test_equal_counts_are_said_once(void **state)
{
	struct iq_heap_survey survey = survey_of_all();
	struct render x;
	const char *text;

	(void)state;
	survey.totals.heap_objects = survey.allocated.objects;
	survey.totals.heap_alloc = survey.allocated.bytes;
	begin(&x, &survey, IQ_HEAP_TOTALS);
	text = render_text(&x, "heap", "text");
	assert_non_null(text);
	assert_non_null(strstr(text, "counted the same"));
	assert_null(strstr(text, "fewer"));
	render_deinit(&x);
}

static void test_every_view_fits_narrow_lines(void **state)
{
	struct iq_heap_survey survey = survey_of_all();
	struct render x;

	(void)state;
	begin(&x, &survey, IQ_HEAP_TOTALS);
	for (unsigned width = 60; width <= 120; width += 20) {
		x.options.width = width;
		for (int v = IQ_HEAP_TOTALS; v <= IQ_HEAP_WHO; v++) {
			x.options.heap.view = (enum iq_heap_view)v;
			assert_clean(render_text(&x, "heap", "text"), width);
		}
	}
	render_deinit(&x);
}

static void test_a_limit_leaves_out_rows_and_adds_them_up(void **state)
{
	struct iq_heap_survey survey = survey_of_all();
	struct render x;
	const char *text;

	(void)state;
	begin(&x, &survey, IQ_HEAP_TYPES);
	x.options.limit = 1;
	text = render_text(&x, "heap", "text");
	assert_non_null(text);
	assert_non_null(strstr(text, "main.node"));
	assert_null(strstr(text, "unknown"));
	assert_non_null(strstr(text, "704 B"));
	assert_non_null(strstr(text, "2 more"));
	text = render_text(&x, "heap", "json");
	assert_non_null(text);
	assert_non_null(strstr(text, "\"types_truncated\":true"));
	render_deinit(&x);
}

static void test_a_way_is_told_from_its_root_on(void **state)
{
	struct iq_heap_survey survey = survey_of_all();
	struct render x;
	const char *text, *root, *first, *more, *last;

	(void)state;
	begin(&x, &survey, IQ_HEAP_WHY);
	text = render_text(&x, "heap", "text");
	assert_clean(text, 80);
	root = strstr(text, "the variable main.pool");
	first = strstr(text, "-> main.Pool");
	more = strstr(text, "and 7 more on the way");
	last = strstr(text, "-> main.\\x1b");
	assert_true(root && first && more && last);
	assert_true(root < first && first < more && more < last);
	assert_non_null(strstr(text, ".jobs"));
	assert_non_null(strstr(text, "0xc000200010 is +16 in it"));
	assert_non_null(strstr(text, "it is garbage"));
	assert_non_null(strstr(text, "0x10 is no memory"));
	text = render_text(&x, "heap", "json");
	assert_non_null(strstr(text, "\"schema\":\"inquest.heap-why/1\""));
	assert_non_null(strstr(text, "\"skipped\":7,\"skipped_at\":1"));
	assert_non_null(strstr(text, "\"path\":null"));
	render_deinit(&x);
}

static void test_referrers_are_told_by_place(void **state)
{
	struct iq_heap_survey survey = survey_of_all();
	struct render x;
	const char *text;

	(void)state;
	begin(&x, &survey, IQ_HEAP_WHO);
	text = render_text(&x, "heap", "text");
	assert_clean(text, 80);
	assert_non_null(strstr(text, "100 objects of main.node"));
	assert_non_null(strstr(text, "1,024  main.node.next"));
	assert_non_null(strstr(text, "1  leaked stacks in main."));
	text = render_text(&x, "heap", "json");
	assert_non_null(strstr(text, "\"references\":1026"));
	render_deinit(&x);
}

static void test_a_type_that_is_not_there_is_an_error(void **state)
{
	struct iq_heap_survey survey = survey_of_all();
	struct render x;

	(void)state;
	survey.who = (struct iq_heap_who){ .known = false };
	begin(&x, &survey, IQ_HEAP_WHO);
	assert_null(render_text(&x, "heap", "text"));
	assert_null(render_text(&x, "heap", "json"));
	render_deinit(&x);
}

static void test_a_heap_that_is_not_there_has_no_types(void **state)
{
	struct iq_heap_survey survey = { .lacks = { "not found", 9 } };
	struct render x;
	const char *text;

	(void)state;
	begin(&x, &survey, IQ_HEAP_WHO);
	text = render_text(&x, "heap", "text");
	assert_non_null(text);
	assert_non_null(strstr(text, "nothing can be counted: not found"));
	render_deinit(&x);
}

static void test_sums_of_what_is_missing_are_unknown(void **state)
{
	struct iq_heap_survey survey = survey_of_all();
	struct render x;
	const char *text;

	(void)state;
	survey.leaked_lacks = IQ_STR("a page is not in the core");
	survey.lacks = survey.leaked_lacks;
	begin(&x, &survey, IQ_HEAP_TOTALS);
	text = render_text(&x, "heap", "text");
	assert_non_null(text);
	assert_non_null(strstr(text, "leaked          unknown"));
	text = render_text(&x, "heap", "json");
	assert_non_null(strstr(text, "\"retained_bytes\":null"));
	assert_non_null(strstr(text, "\"leaked\":{\"goroutines\":40"));
	x.options.heap.view = IQ_HEAP_RETAINED;
	x.model->num_findings = 0;
	x.model->retained.lacks = survey.leaked_lacks;
	text = render_text(&x, "heap", "text");
	assert_non_null(strstr(text, "keep is not known: a page"));
	assert_null(strstr(text, "proven"));
	render_deinit(&x);
}

static void test_what_is_missing_makes_garbage_unknown(void **state)
{
	struct iq_heap_survey survey = survey_of_all();
	struct render x;
	const char *text;

	(void)state;
	survey.lacks = IQ_STR("12 pages are not in the core");
	survey.judged = false;
	survey.leaked_goroutines = 0;
	survey.leaked = (struct iq_heap_sum){ 0, 0 };
	begin(&x, &survey, IQ_HEAP_TOTALS);
	text = render_text(&x, "heap", "text");
	assert_clean(text, 80);
	assert_non_null(strstr(text, "12 pages are not in the core"));
	assert_non_null(strstr(text, "at least"));
	assert_non_null(strstr(text, "not reached"));
	assert_non_null(strstr(text, "the heap is not whole"));
	assert_null(strstr(text, "garbage"));
	text = render_text(&x, "heap", "json");
	assert_non_null(strstr(text, "\"complete\":false"));
	assert_non_null(strstr(text, "\"garbage_objects\":null"));
	assert_non_null(strstr(text, "\"leaked\":{\"goroutines\":null"));
	assert_non_null(strstr(text, "\"unreached_objects\":45"));
	render_deinit(&x);
}

static void test_a_core_without_a_heap_has_no_numbers(void **state)
{
	struct iq_heap_survey survey = { .lacks = { "not found", 9 } };
	struct render x;
	const char *text;

	(void)state;
	begin(&x, &survey, IQ_HEAP_TOTALS);
	text = render_text(&x, "heap", "text");
	assert_non_null(text);
	assert_non_null(strstr(text, "nothing can be counted: not found"));
	text = render_text(&x, "heap", "json");
	assert_non_null(strstr(text, "\"live_objects\":null"));
	assert_non_null(strstr(text, "\"counted\":null"));
	x.model->num_surveys = 0;
	assert_null(render_text(&x, "heap", "text"));
	render_deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_totals_stand_beside_what_the_process_counted),
		cmocka_unit_test(test_equal_counts_are_said_once),
		cmocka_unit_test(test_every_view_fits_narrow_lines),
		cmocka_unit_test(test_a_limit_leaves_out_rows_and_adds_them_up),
		cmocka_unit_test(test_a_way_is_told_from_its_root_on),
		cmocka_unit_test(test_referrers_are_told_by_place),
		cmocka_unit_test(test_a_type_that_is_not_there_is_an_error),
		cmocka_unit_test(test_a_heap_that_is_not_there_has_no_types),
		cmocka_unit_test(test_sums_of_what_is_missing_are_unknown),
		cmocka_unit_test(test_what_is_missing_makes_garbage_unknown),
		cmocka_unit_test(test_a_core_without_a_heap_has_no_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
