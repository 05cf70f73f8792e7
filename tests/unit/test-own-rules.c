/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "detect/shape.h"
#include "joined.h"
#include "model/object.h"

#define READ                                                                   \
	"runtime.gopark proc.go:1;internal/poll.(*FD).Read fd_unix.go:3;"      \
	"main.query db.go:40;main.main main.go:9;runtime.goexit asm.s:1"
#define WORK "main.work work.go:7;runtime.goexit asm.s:1"

#define RULE                                                                   \
	"; a comment\n"                                                        \
	"[slow-peer]\n"                                                        \
	"class = deadlock\n"                                                   \
	"severity = error\n"                                                   \
	"summary = reads from one peer\n"                                      \
	"with = func=main.query\n"                                             \
	"without = id=9\n"                                                     \
	"group = peer\n"                                                       \
	"least = 2\n"                                                          \
	"title = {count} read from {peer} in\n"                                \
	"\t{site}\n"                                                           \
	"one = only one\n"                                                     \
	"ground = {busy.count} work in {busy.site}\n"                          \
	"busy.with = func=main.work\n"

static struct iq_str text_of(const char *text)
{
	return iq_str_of(text);
}

/* The error of @text, or NULL; what was added is dropped. */
static struct iq_error *parse(const char *text)
{
	struct iq_shapes shapes;
	struct iq_error *err;

	iq_shapes_init(&shapes);
	err = iq_shapes_parse_text(&shapes, "own.ini", text_of(text));
	if (err)
		assert_int_equal(shapes.list.len, 0);
	iq_shapes_deinit(&shapes);
	return err;
}

static void test_mistakes_have_a_line(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} list[] = {
		{ "x = 1\n", "own.ini:1: a key stands before" },
		{ "\n[a]\nfoo = 1\n", "own.ini:3: rules have no \"foo\"" },
		{ "[a]\nwith = foo=1\n", "own.ini:2: goroutines have no" },
		{ "[a]\nwith = func~(\n", "own.ini:2: \"(\" is no regular" },
		{ "[a]\nwith = finding=x\n", "own.ini:2: rules cannot ask" },
		{ "[a]\nwith = state=mutx\n",
		  "own.ini:2: state is never \"mutx\", only one of running, " },
		{ "[a]\nb.weighs = maybe\n", "own.ini:2: yes or no" },
		{ "[a]\nweighs = yes\n", "own.ini:2: rules have no" },
		{ "[a]\ngroup = id=1\n", "own.ini:2: only a key" },
		{ "[a]\nclass = bad\n", "own.ini:2: a class is" },
		{ "[a]\nseverity = bad\n", "own.ini:2: a severity is" },
		{ "[a]\nleast = -1\n", "own.ini:2: a number is wanted" },
		{ "[a]\nb.same = maybe\n", "own.ini:2: yes or no" },
		{ "[a]\nb.sum = 1\n", "own.ini:2: rules have no \"b.sum\"" },
		{ "[A]\nwith = id=1\n", "own.ini:2: an id has small letters" },
		{ "[nil-channel]\nwith = id=1\n", "there is a rule" },
		{ "[waiting-on-peer]\nwith = id=1\n", "there is a rule" },
		{ "[a]\nnonsense\n", "own.ini:2: neither" },
		{ "[a]\n[b]\nwith = id=1\n",
		  "own.ini:1: the rule has no keys" },
		{ "[a]\nwith = id\ntitle = x\nsummary = y\n[b]\n",
		  "own.ini:5: the rule has no keys" },
		{ "[a]\nsummary = x\ntitle = y\n", "own.ini:1: rule \"a\" has "
						   "no \"with\"" },
		{ "[a]\nwith = id\nsummary = y\n", "has no title" },
		{ "[a]\nwith = id\ntitle = y\n", "has no summary" },
		{ "[a]\nwith = id\ntitle = {x}\nsummary = y\n",
		  "goroutines have no \"x\"" },
		{ "[a]\nwith = id\ntitle = {id\nsummary = y\n",
		  "own.ini:3: no } ends" },
		{ "[a]\nb.least = 1\nwith = id\ntitle = t\nsummary = y\n",
		  "has no \"b.with\"" },
		{ "[a]\nwith = id\ntitle = t\nsummary = y\n[a]\nwith = id\n",
		  "own.ini:6: there is a rule \"a\"" },
		{ " [a]\n", "own.ini:1: [ begins a rule" },
	};

	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(list); i++) {
		struct iq_error *err = parse(list[i].text);

		assert_non_null(err);
		if (!strstr(err->text, list[i].says))
			print_error("%s: %s\n", list[i].text, err->text);
		assert_non_null(strstr(err->text, list[i].says));
		iq_error_destroy(err);
	}
}

static void test_what_is_no_text_is_refused(void **state)
{
	static const char bytes[] = "[a]\nwith = id\0=1\n";
	struct iq_shapes shapes;
	struct iq_error *err;

	(void)state;
	iq_shapes_init(&shapes);
	err = iq_shapes_parse_text(&shapes, "own.ini",
				   (struct iq_str){ bytes, sizeof(bytes) - 1 });
	assert_non_null(err);
	assert_string_equal(err->text,
			    "own.ini:2: this is no text: a byte is 0");
	iq_error_destroy(err);
	iq_shapes_deinit(&shapes);
}

static void test_long_lines_are_named(void **state)
{
	char text[1024] = "[a]\ntitle = ";
	struct iq_error *err;

	(void)state;
	memset(text + strlen(text), 'x', 500);
	err = parse(text);
	assert_non_null(err);
	assert_non_null(strstr(err->text, "own.ini:2: the line is longer"));
	iq_error_destroy(err);
}

static void test_many_rules_are_refused(void **state)
{
	struct iq_shapes shapes;
	struct iq_error *err = NULL;
	char text[128];

	(void)state;
	iq_shapes_init(&shapes);
	for (int i = 0; i <= IQ_LIMIT_RULES && !err; i++) {
		snprintf(text, sizeof(text),
			 "[a%d]\nwith = id\ntitle = t\nsummary = s\n", i);
		err = iq_shapes_parse_text(&shapes, "own.ini", text_of(text));
	}
	assert_non_null(err);
	assert_non_null(strstr(err->text, "more than 1024 rules"));
	iq_error_destroy(err);
	iq_shapes_deinit(&shapes);
}

/* Each byte changed, and each length: an answer or an error, nothing else. */
static void test_damage_is_survived(void **state)
{
	static const unsigned char bytes[] = { 0, '\n', '[', '{', '=', 0xff };
	char text[] = RULE;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		char before = text[i];

		for (size_t b = 0; b < sizeof(bytes); b++) {
			struct iq_shapes shapes;

			text[i] = (char)bytes[b];
			iq_shapes_init(&shapes);
			iq_error_destroy(iq_shapes_parse_text(
				&shapes, "own.ini",
				(struct iq_str){ text, sizeof(text) - 1 }));
			assert_true(shapes.list.len <= 2);
			iq_shapes_deinit(&shapes);
		}
		text[i] = '\0';
		iq_error_destroy(parse(text));
		text[i] = before;
	}
	assert_null(parse(text));
}

static void test_lines_may_end_as_elsewhere(void **state)
{
	(void)state;
	assert_null(parse("\xef\xbb\xbf[a]\r\nwith = id\r\n"
			  "title = t\r\nsummary = s"));
}

static void test_the_built_in_ones_are_listed_as_they_are(void **state)
{
	struct iq_shapes shapes;
	size_t rows = 0, first = 0;

	(void)state;
	iq_detectors(&first);
	iq_shapes_init(&shapes);
	assert_null(iq_shapes_builtin(&shapes));
	assert_true(shapes.list.len >= 9);
	for (; iq_detector_at(first + rows); rows++) {
		const struct iq_detector *row = iq_detector_at(first + rows);
		const struct iq_detector *d = &shapes.list.data[rows]->detector;

		assert_string_equal(row->id, d->id);
		assert_string_equal(row->summary, d->summary);
		assert_int_equal(row->class, d->class);
		assert_int_equal(row->severity, d->severity);
		assert_int_equal(row->yields, d->yields);
		assert_true(row->is_shape && d->is_shape);
	}
	assert_int_equal(rows, shapes.list.len);
	iq_shapes_deinit(&shapes);
}

/* ---- what they find */

struct found {
	struct joined x;
	struct iq_shapes shapes;
};

static const struct iq_object peers[] = {
	{ .kind = IQ_WAIT_FD, .is_read = true, .fd.remote = { "a:1", 3 } },
	{ .kind = IQ_WAIT_FD, .is_read = true, .fd.remote = { "b:1", 3 } },
};

static void add_reader(struct iq_facts *facts, uint64_t id, size_t peer)
{
	struct iq_goroutine_fact *g = facts_add(facts, id, "IO wait", READ);

	facts_waits(facts, g, IQ_WAIT_FD, 0x1000 + peer);
	((struct iq_wait *)(uintptr_t)g->waits)->object = &peers[peer];
}

/* Readers 1 to 3 of a, 4 of b, 9 of a; 20 and 21 work. */
static void find(struct found *f, const char *rules)
{
	struct iq_facts *facts = facts_new(IQ_WITNESS_CORE, "core");

	*f = (struct found){ 0 };
	for (uint64_t id = 1; id <= 3; id++)
		add_reader(facts, id, 0);
	add_reader(facts, 4, 1);
	add_reader(facts, 9, 0);
	facts_add(facts, 20, "running", WORK);
	facts_add(facts, 21, "runnable", WORK);
	f->x.facts[0] = facts;
	joined_make(&f->x);
	iq_shapes_init(&f->shapes);
	assert_null(
		iq_shapes_parse_text(&f->shapes, "own.ini", text_of(rules)));
	f->x.model->shapes = &f->shapes;
	assert_null(iq_detectors_run(f->x.model));
}

static const struct iq_finding *finding_of(const struct found *f,
					   const char *rule)
{
	const struct iq_finding *ret = NULL;

	for (size_t i = 0; i < f->x.model->num_findings; i++) {
		if (strcmp(f->x.model->findings[i].rule, rule) != 0)
			continue;
		assert_null(ret);
		ret = &f->x.model->findings[i];
	}
	return ret;
}

static void lose(struct found *f)
{
	joined_deinit(&f->x);
	iq_shapes_deinit(&f->shapes);
}

static void assert_text(struct iq_str text, const char *want)
{
	if (!iq_str_equal(text, text_of(want)))
		print_error("%.*s\n", IQ_STR_ARG(text));
	assert_true(iq_str_equal(text, text_of(want)));
}

static void test_a_rule_finds_groups(void **state)
{
	const struct iq_finding *finding;
	struct found f;

	(void)state;
	find(&f, RULE);
	finding = finding_of(&f, "slow-peer");
	assert_non_null(finding);
	assert_int_equal(finding->count, 3);
	assert_int_equal(finding->class, IQ_CLASS_DEADLOCK);
	assert_int_equal(finding->severity, IQ_SEVERITY_ERROR);
	assert_text(finding->title, "3 read from a:1 in main.query db.go:40");
	assert_text(finding->ground, "2 work in main.work work.go:7");
	assert_text(finding->key, "a:1");
	assert_true(finding->num_evidence > 0);
	lose(&f);
}

static void test_one_has_its_own_title(void **state)
{
	struct found f;

	(void)state;
	find(&f, "[a]\nwith = peer=b\ntitle = many\none = one of {peer}\n"
		 "summary = s\n");
	assert_text(finding_of(&f, "a")->title, "one of b:1");
	lose(&f);
}

#define HEAD "with = func=main.query\ntitle = t\nsummary = s\n"

static void test_what_weighs_makes_more_than_a_note(void **state)
{
	static const struct {
		const char *keys;
		enum iq_severity severity;
		const char *ground;
	} list[] = {
		{ "ground = g\no.with = func=main.idle\no.weighs = yes\n"
		  "o.ground = {o.count} idle\n",
		  IQ_SEVERITY_NOTE, "g" },
		{ "ground = g\no.with = func=main.work\no.weighs = yes\n"
		  "o.ground = {o.count} work\n",
		  IQ_SEVERITY_WARNING, "g; 2 work" },
		// One of those that weigh is enough.
		{ "o.with = func=main.idle\no.weighs = yes\n"
		  "u.with = func=main.work\nu.weighs = yes\n"
		  "u.ground = {u.count} work\n",
		  IQ_SEVERITY_WARNING, "2 work" },
	};

	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(list); i++) {
		const struct iq_finding *finding;
		char rules[512];
		struct found f;

		snprintf(rules, sizeof(rules), "[w]\n" HEAD "%s", list[i].keys);
		find(&f, rules);
		finding = finding_of(&f, "w");
		assert_non_null(finding);
		assert_int_equal(finding->severity, list[i].severity);
		assert_true(iq_str_equal(finding->ground,
					 iq_str_of(list[i].ground)));
		lose(&f);
	}
}

static void test_others_decide(void **state)
{
	static const struct {
		const char *id;
		const char *keys;
		bool found;
	} list[] = {
		// 5 readers, 2 who work.
		{ "a1", "least = 5\n", true },
		{ "a2", "least = 6\n", false },
		{ "a3", "most = 4\n", false },
		{ "b1", "o.with = func=main.work\no.least = 2\n", true },
		{ "b2", "o.with = func=main.work\no.least = 3\n", false },
		{ "b3", "o.with = func=main.work\no.most = 1\n", false },
		{ "c1", "o.with = func=main.work\no.times = 2\n", true },
		{ "c2", "o.with = func=main.work\no.times = 3\n", false },
		{ "d1", "o.with = func=main.work\no.beyond = 3\n", true },
		{ "d2", "o.with = func=main.work\no.beyond = 4\n", false },
		{ "d3", "o.with = func=main.idle\no.times = 9\n", true },
		// Of each peer: a has 4 of 4, b none.
		{ "e1",
		  "group = peer\no.with = id<4\no.same = yes\no.least = 3\n",
		  true },
		{ "e2",
		  "group = peer\no.with = id=4\no.same = yes\no.least = 1\n"
		  "least = 2\n",
		  false },
	};

	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(list); i++) {
		char rules[512];
		struct found f;

		snprintf(rules, sizeof(rules), "[%s]\n" HEAD "%s", list[i].id,
			 list[i].keys);
		find(&f, rules);
		if (!!finding_of(&f, list[i].id) != list[i].found)
			print_error("%s\n", rules);
		assert_int_equal(!!finding_of(&f, list[i].id), list[i].found);
		lose(&f);
	}
}

static void test_what_no_witness_tells_is_not_run(void **state)
{
	struct iq_facts *facts = facts_new(IQ_WITNESS_PROFILE, "p");
	struct iq_shapes shapes;
	struct joined x = { .facts = { facts } };
	bool told = false;

	(void)state;
	facts_add(facts, 1, "IO wait", READ);
	facts->witness.tells = IQ_TELLS_STACKS;
	joined_make(&x);
	iq_shapes_init(&shapes);
	assert_null(iq_shapes_parse_text(
		&shapes, "own.ini",
		text_of("[a]\nwith = peer=a\ntitle = t\nsummary = s\n")));
	x.model->shapes = &shapes;
	assert_null(iq_detectors_run(x.model));
	for (size_t i = 0; i < x.model->num_not_run; i++)
		told |= !strcmp(x.model->not_run[i].rule, "a");
	assert_true(told);
	joined_deinit(&x);
	iq_shapes_deinit(&shapes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mistakes_have_a_line),
		cmocka_unit_test(test_what_is_no_text_is_refused),
		cmocka_unit_test(test_long_lines_are_named),
		cmocka_unit_test(test_many_rules_are_refused),
		cmocka_unit_test(test_damage_is_survived),
		cmocka_unit_test(test_lines_may_end_as_elsewhere),
		cmocka_unit_test(test_the_built_in_ones_are_listed_as_they_are),
		cmocka_unit_test(test_a_rule_finds_groups),
		cmocka_unit_test(test_one_has_its_own_title),
		cmocka_unit_test(test_what_weighs_makes_more_than_a_note),
		cmocka_unit_test(test_others_decide),
		cmocka_unit_test(test_what_no_witness_tells_is_not_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
