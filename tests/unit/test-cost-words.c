/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/cost_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// cmocka wants the first three above.
#include <cmocka.h>

#include "reports/cost_text.h"
#include "reports/html.h"

#define HOSTILE "main.\x1b[31m<script>alert(1)</script>"

static const struct iq_leak_cause_class early_return = {
	.id = "early-return",
	.summary = "who would receive has gone another way out",
	.fix = "give the channel room for what is sent",
};

struct fixture {
	struct iq_goroutine goroutines[3];
	struct iq_retained_goroutine each[3];
	struct iq_retained_kind kinds[2];
	struct iq_retainer retainers[1];
	uint32_t members[3];
	struct iq_finding findings[2];
	struct iq_model model;
	struct iq_out out;
};

/* Three goroutines with stacks of 2 KiB that keep 60 KiB through one object. */
static void init(struct fixture *x)
{
	struct iq_finding *f = &x->findings[0];

	*x = (struct fixture){ .model = { .num_goroutines = 3 } };
	for (uint32_t i = 0; i < 3; i++) {
		x->goroutines[i].id = 18 + i;
		x->goroutines[i].has_id = true;
		x->members[i] = i;
		x->each[i].goroutine = i;
		x->each[i].stack_bytes = 2048;
	}
	x->each[0].objects = 3;
	x->each[0].heap_bytes = 60 << 10;
	x->kinds[0].type = IQ_STR("main.job");
	x->kinds[0].num = 1;
	x->kinds[0].objects = 3;
	x->kinds[0].bytes = 60 << 10;
	x->retainers[0].address = 0xc000012340;
	x->retainers[0].objects = 3;
	x->retainers[0].bytes = 60 << 10;
	f->id = 1;
	f->rule = "leaked-goroutine";
	f->goroutines = x->members;
	f->num_goroutines = 3;
	f->has_retained = true;
	f->retained.bytes = 66 << 10;
	f->retained.objects = 3;
	f->retained.heap_bytes = 60 << 10;
	f->retained.stack_bytes = 6 << 10;
	f->retained.kinds = x->kinds;
	f->retained.num_kinds = 1;
	f->retained.retainers = x->retainers;
	f->retained.num_retainers = 1;
	f->retained.goroutines = x->each;
	f->retained.num_goroutines = 3;
	f->retained.each_min = 2048;
	f->retained.each_max = 62 << 10;
	x->model.goroutines = x->goroutines;
	x->model.findings = x->findings;
	x->model.num_findings = 1;
	iq_out_init_memory(&x->out);
}

static void assert_says(struct fixture *x, const char *expected)
{
	iq_out_char(&x->out, '\0');
	assert_int_equal(x->out.err, 0);
	assert_string_equal(x->out.buf, expected);
	iq_out_deinit(&x->out);
}

static bool has(const struct fixture *x, const char *what)
{
	struct iq_str all = { x->out.buf, x->out.len };

	return iq_str_search(all, iq_str_of(what)) < all.len;
}

static void test_what_they_keep_names_sum_part_and_type(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	iq_cost_keeps(&x.out, &x.findings[0]);
	assert_says(&x, "66.0 KiB in 3 objects, 6.0 KiB of it stacks; "
			"each alone 2.0 KiB to 62.0 KiB; "
			"60.0 KiB of it through one main.job");
}

static void test_what_is_not_known_is_not_said(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	x.findings[0].has_retained = false;
	iq_cost_keeps(&x.out, &x.findings[0]);
	iq_cost_why(&x.out, &x.findings[0]);
	iq_cost_total(&x.out, &x.model);
	assert_says(&x, "");
}

static void test_stacks_alone_have_no_objects(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	x.findings[0].num_goroutines = 1;
	x.findings[0].retained.bytes = 2048;
	x.findings[0].retained.stack_bytes = 2048;
	x.findings[0].retained.objects = 0;
	x.findings[0].retained.num_kinds = 0;
	iq_cost_keeps(&x.out, &x.findings[0]);
	assert_says(&x, "2.0 KiB: its stack");
}

static void test_an_unknown_type_is_told_by_its_size(void **state)
{
	struct fixture x;
	const struct iq_retained_kind kind = { .size = 64,
					       .num = 1200,
					       .objects = 1200 };

	(void)state;
	init(&x);
	iq_cost_kind(&x.out, &kind);
	assert_says(&x, "1,200 objects of 64 B whose type is not known");
}

static void test_the_total_names_who_keeps_most_and_what_is_shared(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	x.findings[1] = x.findings[0];
	x.findings[1].id = 2;
	x.findings[1].retained.bytes = 1 << 20;
	x.model.num_findings = 2;
	x.model.retained = (struct iq_retained_total){
		.known = true,
		.goroutines = 6,
		.bytes = (1 << 20) + (70 << 10),
		.objects = 9,
		.stack_bytes = 12 << 10,
		.shared_bytes = 4 << 10,
		.shared_objects = 1,
	};
	iq_cost_total(&x.out, &x.model);
	assert_says(&x, "6 leaked goroutines keep 1.0 MiB in 9 objects, "
			"12.0 KiB of it stacks; 1.0 MiB of it is kept by "
			"finding 2; 4.0 KiB by several findings at once");
}

static void test_the_total_says_why_it_is_not_known(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	x.model.retained.lacks = IQ_STR("memory at 0x40 is not in the core");
	iq_cost_total(&x.out, &x.model);
	assert_says(&x, "what leaked goroutines keep is not known: memory at "
			"0x40 is not in the core");
}

static void test_a_cause_mends_more_than_a_kind_of_wait(void **state)
{
	struct fixture x;
	struct iq_finding *f = &x.findings[0];

	(void)state;
	init(&x);
	f->advice = IQ_STR("select on ctx.Done() as well");
	assert_true(iq_str_equal(iq_cost_fix(f), f->advice));
	f->cause.class = &early_return;
	f->cause.shown_by = IQ_STR("main.get main.go:4 has returned");
	assert_true(iq_str_equal(iq_cost_fix(f), iq_str_of(early_return.fix)));
	iq_cost_why(&x.out, f);
	assert_says(&x, "who would receive has gone another way out; "
			"main.get main.go:4 has returned");
	// A rule that knows more says more.
	f->rule = "deadlock-cycle";
	assert_true(iq_str_equal(iq_cost_fix(f), f->advice));
}

static void test_names_of_types_are_escaped(void **state)
{
	struct iq_report_options options = { .width = 80 };
	struct fixture x;
	struct iq_html html = { .model = &x.model, .out = &x.out };
	struct iq_term term;

	(void)state;
	init(&x);
	x.kinds[0].type = x.retainers[0].type = IQ_STR(HOSTILE);
	iq_html_keeps(&html, &x.findings[0]);
	iq_html_kinds(&html, &x.findings[0]);
	assert_true(has(&x, "&lt;script&gt;"));
	assert_false(has(&x, "<script>"));
	assert_false(has(&x, "\x1b"));
	iq_out_deinit(&x.out);

	iq_out_init_memory(&x.out);
	iq_term_init(&term, &options, &x.out);
	iq_cost_put(&term, &x.model, &x.findings[0]);
	assert_null(iq_term_done(&term));
	assert_true(has(&x, "<script>"));
	assert_false(has(&x, "\x1b"));
	iq_term_deinit(&term);
	iq_out_deinit(&x.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_they_keep_names_sum_part_and_type),
		cmocka_unit_test(test_what_is_not_known_is_not_said),
		cmocka_unit_test(test_stacks_alone_have_no_objects),
		cmocka_unit_test(test_an_unknown_type_is_told_by_its_size),
		cmocka_unit_test(
			test_the_total_names_who_keeps_most_and_what_is_shared),
		cmocka_unit_test(test_the_total_says_why_it_is_not_known),
		cmocka_unit_test(test_a_cause_mends_more_than_a_kind_of_wait),
		cmocka_unit_test(test_names_of_types_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
