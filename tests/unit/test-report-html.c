/* SPDX-License-Identifier: Apache-2.0 */
/* The HTML report: whatever a process calls its functions, the page is ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include <sha2.h>
#include <string.h>

#include "render.h"
#include "reports/emit_html.h"
#include "reports/html.h"
#include "reports/html_assets.h"
#include "reports/utf8.h"

#define GOEXIT ";runtime.goexit /go/src/runtime/asm_amd64.s:1693"
#define PARK "runtime.gopark /go/src/runtime/proc.go:460;"

static const char *page_of(struct render *x)
{
	const char *page = render_text(x, "report", "html");

	assert_non_null(page);
	return page;
}

static size_t count(const char *page, const char *what)
{
	size_t num = 0;

	for (; (page = strstr(page, what)); page += strlen(what))
		num++;
	return num;
}

/* A case of one core that the test has filled. */
static void join_core(struct render *x, struct iq_facts *facts)
{
	*x = (struct render){ .options = { .width = 80 } };
	x->facts[0] = facts;
	x->num_facts = 1;
	render_join(x);
}

static void assert_utf8(const char *page)
{
	struct iq_str rest = iq_str_of(page);

	while (rest.len) {
		uint32_t c;
		size_t len = iq_utf8_decode(rest, &c);

		assert_int_not_equal(len, 0);
		assert_true(c >= 0x20 || c == '\n' || c == '\t');
		rest = iq_str_sub(rest, len, rest.len);
	}
}

/* ---- what stands where */

static void test_the_verdict_comes_first(void **state)
{
	struct render x;
	const char *page, *head, *word;

	(void)state;
	render_shop(&x, 40);
	page = page_of(&x);
	head = strstr(page, "<h1>");
	assert_non_null(head);
	word = strstr(head, iq_verdict_word_name(x.model->verdict.word));
	assert_non_null(word);
	assert_true(word < strstr(page, "<main"));
	assert_true(strstr(page, "/usr/bin/shop") == NULL);
	assert_non_null(strstr(page, "<dt>Program</dt> <dd>shop</dd>"));
	render_deinit(&x);
}

static void test_each_witness_has_its_word_on_each_finding(void **state)
{
	struct render x;
	const char *page;

	(void)state;
	render_shop(&x, 40);
	page = page_of(&x);
	assert_int_equal(count(page, "<table class=\"evidence\">"),
			 x.model->num_findings);
	assert_int_equal(
		count(page, "<span class=\"file\">crash.txt</span></span></th>"
			    "<td class=\"m\">"),
		x.model->num_findings);
	render_deinit(&x);
}

static void test_a_witness_of_another_process_is_said_first(void **state)
{
	struct render x;
	const char *page, *notice;

	(void)state;
	render_shop(&x, 40);
	// The same once more, with a file of another build.
	x.facts[1]->process.build_id = IQ_STR("00112233445566778899");
	iq_model_destroy(x.model);
	render_join(&x);
	page = page_of(&x);
	assert_true(x.model->foreign[1]);
	notice = strstr(page, "<strong>not used</strong>");
	assert_non_null(notice);
	assert_true(notice < strstr(page, "<main"));
	render_deinit(&x);
}

static void test_gaps_are_named(void **state)
{
	struct render x;
	const char *page, *notice;

	(void)state;
	render_shop(&x, 40);
	page = page_of(&x);
	notice = strstr(page, "is <strong>incomplete</strong>");
	assert_non_null(notice);
	assert_true(notice < strstr(page, "<main"));
	assert_non_null(strstr(page, "2 pages of the heap are not in the core"
				     " <span class=\"at\">at address "
				     "0xc000100000</span>"));
	render_deinit(&x);
}

static void test_values_of_arguments_are_not_shown(void **state)
{
	struct iq_facts *facts = facts_new(IQ_WITNESS_CORE, "core.1");
	struct iq_frame frame = {
		.function = IQ_STR("main.login"),
		.file = IQ_STR("/src/main.go"),
		.line = 3,
		.args = IQ_STR("0x736563726574, 0x6"),
	};
	struct iq_stack stack = { .num_frames = 1, .complete = true };
	struct render x;

	(void)state;
	facts_add(facts, 1, "chan send", PARK "main.main /src/main.go:9");
	assert_null(iq_facts_stack_of(facts, &frame, &stack,
				      &facts->goroutines.data[0].stack));
	join_core(&x, facts);
	assert_non_null(strstr(page_of(&x), "main.login"));
	assert_null(strstr(page_of(&x), "736563726574"));
	render_deinit(&x);
}

/* ---- hostile names */

static const char *const hostile[] = {
	"main.<script>alert(1)</script>",
	"main.--></style></title><!--",
	"main.\"onmouseover='x'",
	"main.\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae\xef\xbb\xbf",
	"main.\xff\xc0\x80\xed\xa0\x80\x1b[31m",
	"main.&ltb&#x6ajavascript:",
};

static struct iq_facts *hostile_facts(void)
{
	struct iq_facts *facts =
		facts_new(IQ_WITNESS_CORE, "<img src=x>\xff.core");
	struct iq_label label = {
		.key = IQ_STR("\"><svg onload=x>"),
		.value = IQ_STR("\xe2\x80\xaetxt.\xf0\x9f"),
	};
	struct iq_goroutine_fact *g;
	char stack[256];

	facts->process.go_version = IQ_STR("go1.26<b>");
	facts->process.executable = IQ_STR("/bin/</title><script>x");
	facts->process.vcs_revision = IQ_STR("'\"><i>");
	for (uint64_t i = 0; i < IQ_ARRAY_SIZE(hostile); i++) {
		snprintf(stack, sizeof(stack),
			 PARK "%s /src/<&'\">.go:3" GOEXIT, hostile[i]);
		g = facts_add(facts, i + 1, "chan <send>", stack);
		facts_created(facts, g, 1, "main.<u> /src/<u>.go:1");
		facts_waits(facts, g, IQ_WAIT_CHAN, 0xc000100000 + i * 96);
		assert_null(iq_facts_labels(facts, &label, 1, &g->labels));
	}
	iq_facts_gap(facts, IQ_GAP_DAMAGED, "a name is <b>\"%s\"</b>", "x");
	return facts;
}

static void test_names_do_not_become_markup(void **state)
{
	static const char *const bad[] = {
		"<script>alert", "<img",	 "<svg",	 "<i>",
		"<u>",		 "<b>",		 "-->",		 "\x1b",
		"\xff",		 "\xe2\x80\xa8", "\xe2\x80\xae", "<send>",
	};
	struct render x;
	const char *page;

	(void)state;
	join_core(&x, hostile_facts());
	x.options.all = true;
	page = page_of(&x);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(bad); i++)
		assert_null(strstr(page, bad[i]));
	assert_int_equal(count(page, "<script"), 1);
	assert_int_equal(count(page, "</script"), 1);
	assert_int_equal(count(page, "</style"), 1);
	assert_int_equal(count(page, "</title"), 1);
	assert_utf8(page);
	render_deinit(&x);
}

static void test_names_can_still_be_read(void **state)
{
	struct render x;
	const char *page;

	(void)state;
	join_core(&x, hostile_facts());
	page = page_of(&x);
	assert_non_null(
		strstr(page, "main.&lt;script&gt;alert(1)&lt;/script&gt;"));
	assert_non_null(strstr(page, "main.\\u2028\\u2029\\u202e\\ufeff"));
	assert_non_null(
		strstr(page, "main.\\xff\\xc0\\x80\\xed\\xa0\\x80\\x1b[31m"));
	assert_non_null(strstr(page, "main.&amp;ltb&amp;#x6ajavascript:"));
	assert_non_null(strstr(page, "&lt;&amp;&#39;&quot;&gt;.go:3"));
	render_deinit(&x);
}

static void test_the_middle_of_a_very_long_name_is_left_out(void **state)
{
	struct iq_out out;
	struct iq_str name = { .len = 3 << 20 };
	char *bytes = malloc(name.len);
	const char *text;

	(void)state;
	assert_non_null(bytes);
	// Three bytes each, so that cuts fall into code points.
	for (size_t i = 0; i < name.len; i++)
		bytes[i] = "\xe4\xb8\x96"[i % 3];
	name.ptr = bytes;
	iq_out_init_memory(&out);
	iq_html_text(&out, name);
	iq_out_char(&out, '\0');
	text = out.buf;
	assert_true(strlen(text) < IQ_HTML_MAX_TEXT + 64);
	assert_non_null(strstr(text, " [… 3,141,"));
	assert_null(strstr(text, "\\x"));
	assert_utf8(text);
	iq_out_deinit(&out);
	free(bytes);
}

static void test_every_link_has_its_target(void **state)
{
	struct render x;
	const char *page;

	(void)state;
	render_shop(&x, 40);
	x.options.all = true;
	page = page_of(&x);
	for (const char *at = page; (at = strstr(at, "href=\"")); at++) {
		char id[64] = "id=\"";
		size_t len = strcspn(at + 6, "\"");

		if (!strncmp(at + 6, "data:,", 6))
			continue;
		assert_int_equal(at[6], '#');
		assert_true(len > 1 && len < 48);
		memcpy(id + 4, at + 7, len);
		assert_int_equal(count(page, id), 1);
	}
	render_deinit(&x);
}

static void test_no_element_brings_its_own_script_or_style(void **state)
{
	struct render x;
	const char *page;

	(void)state;
	join_core(&x, hostile_facts());
	page = strstr(page_of(&x), "<body");
	assert_non_null(page);
	// The script of the page itself may have these words.
	*strstr((char *)(uintptr_t)page, "<script") = '\0';
	for (const char *at = page; (at = strchr(at, '<')); at++) {
		size_t len = strcspn(at, ">");

		for (size_t i = 0; i + 3 < len; i++) {
			assert_true(strncmp(at + i, " on", 3) != 0);
			assert_true(i + 6 > len ||
				    strncmp(at + i, " style", 6) != 0);
		}
	}
	render_deinit(&x);
}

/* ---- the policy */

/* The SHA-256 of what stands between @begin and @end, in base64. */
static void hash_between(const char *page, const char *begin, const char *end,
			 char *ret)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *from = strstr(page, begin) + strlen(begin);
	uint8_t sum[SHA256_DIGEST_LENGTH + 1] = { 0 };
	SHA2_CTX ctx;

	SHA256Init(&ctx);
	SHA256Update(&ctx, (const uint8_t *)from,
		     (size_t)(strstr(from, end) - from));
	SHA256Final(sum, &ctx);
	for (size_t i = 0; i < sizeof(sum); i += 3) {
		uint32_t three = (uint32_t)sum[i] << 16 |
				 (uint32_t)sum[i + 1] << 8 | sum[i + 2];

		for (int shift = 18; shift >= 0; shift -= 6)
			*ret++ = digits[three >> shift & 63];
	}
	ret[-1] = '=';
	*ret = '\0';
}

static void test_the_policy_allows_our_own_script_alone(void **state)
{
	struct render x;
	char sum[64], policy[96];
	const char *page;

	(void)state;
	render_shop(&x, 2);
	page = page_of(&x);
	hash_between(page, "<script>", "</script>", sum);
	assert_string_equal(sum, iq_html_script_hash);
	snprintf(policy, sizeof(policy), "script-src 'sha256-%s';", sum);
	assert_non_null(strstr(page, policy));
	hash_between(page, "<style>", "</style>", sum);
	assert_string_equal(sum, iq_html_style_hash);
	snprintf(policy, sizeof(policy), "style-src 'sha256-%s';", sum);
	assert_non_null(strstr(page, policy));
	assert_true(strstr(page, "Content-Security-Policy") <
		    strstr(page, "<title>"));
	render_deinit(&x);
}

/* ---- size */

static void test_many_equal_goroutines_cost_a_line(void **state)
{
	struct iq_facts *facts = facts_new(IQ_WITNESS_CORE, "core.1");
	struct iq_goroutine_fact one;
	struct render x;
	const char *page;

	(void)state;
	one = *facts_add(facts, 1, "chan receive",
			 PARK "main.worker /src/main.go:3" GOEXIT);
	for (one.id = 2; one.id <= 100000; one.id++)
		assert_true(iq_vec_push(&facts->goroutines, one));
	join_core(&x, facts);
	page = page_of(&x);
	assert_true(strlen(page) < 65536);
	assert_non_null(strstr(page, "data-count=\"100000\""));
	assert_non_null(strstr(page, "19, 20 and 99,980 more"));
	render_deinit(&x);
}

static void test_stacks_without_room_are_counted(void **state)
{
	struct iq_facts *facts = facts_new(IQ_WITNESS_CORE, "core.1");
	struct render x;
	const char *page;
	char stack[128];

	(void)state;
	for (unsigned i = 1; i <= 2000; i++) {
		snprintf(stack, sizeof(stack),
			 PARK "main.f%u /src/main.go:%u" GOEXIT, i, i);
		facts_add(facts, i, "sleep", stack);
	}
	join_core(&x, facts);
	page = page_of(&x);
	assert_int_equal(count(page, "data-count="), IQ_HTML_MAX_GROUPS);
	assert_non_null(strstr(page, "And 1,500 more stacks of 1,500 gorout"));
	x.options.limit = 7;
	assert_int_equal(count(page_of(&x), "data-count="), 7);
	x.options.limit = 0;
	x.options.all = true;
	assert_int_equal(count(page_of(&x), "data-count="), 2000);
	render_deinit(&x);
}

static void test_the_middle_of_a_recursion_is_left_out(void **state)
{
	enum { DEPTH = 5000 };
	struct iq_facts *facts = facts_new(IQ_WITNESS_CORE, "core.1");
	struct iq_stack stack = { .num_frames = DEPTH, .complete = true };
	struct iq_frame *frames = calloc(DEPTH, sizeof(*frames));
	struct render x;
	const char *page;

	(void)state;
	assert_non_null(frames);
	for (unsigned i = 0; i < DEPTH; i++)
		frames[i] = (struct iq_frame){
			.function = IQ_STR("main.down"),
			.file = IQ_STR("/src/main.go"),
			.line = 4,
		};
	facts_add(facts, 1, "running", "main.down /src/main.go:4");
	assert_null(iq_facts_stack_of(facts, frames, &stack,
				      &facts->goroutines.data[0].stack));
	join_core(&x, facts);
	page = page_of(&x);
	assert_int_equal(count(page, "<li value="), IQ_HTML_MAX_FRAMES);
	assert_int_equal(count(page, "<li class=\"gap\">4,900 frames not"), 1);
	// The place to look at is one, not each of them.
	assert_int_equal(count(page, "class=\"here\""), 1);
	render_deinit(&x);
	free(frames);
}

static void test_the_same_case_gives_the_same_page(void **state)
{
	struct render x;
	char *first;

	(void)state;
	render_shop(&x, 40);
	first = strdup(page_of(&x));
	render_deinit(&x);
	render_shop(&x, 40);
	assert_string_equal(page_of(&x), first);
	render_deinit(&x);
	free(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_verdict_comes_first),
		cmocka_unit_test(
			test_each_witness_has_its_word_on_each_finding),
		cmocka_unit_test(
			test_a_witness_of_another_process_is_said_first),
		cmocka_unit_test(test_gaps_are_named),
		cmocka_unit_test(test_values_of_arguments_are_not_shown),
		cmocka_unit_test(test_names_do_not_become_markup),
		cmocka_unit_test(test_names_can_still_be_read),
		cmocka_unit_test(
			test_the_middle_of_a_very_long_name_is_left_out),
		cmocka_unit_test(test_every_link_has_its_target),
		cmocka_unit_test(
			test_no_element_brings_its_own_script_or_style),
		cmocka_unit_test(test_the_policy_allows_our_own_script_alone),
		cmocka_unit_test(test_many_equal_goroutines_cost_a_line),
		cmocka_unit_test(test_stacks_without_room_are_counted),
		cmocka_unit_test(test_the_middle_of_a_recursion_is_left_out),
		cmocka_unit_test(test_the_same_case_gives_the_same_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
