/* SPDX-License-Identifier: Apache-2.0 */
/* "waits" and "explain": the wait-for graph as people and programs read it. */
#include "render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// cmocka wants those above.
#include <cmocka.h>

#include "model/object.h"

#define LOCK(name)                                                             \
	"runtime.gopark proc.go:1;sync.(*Mutex).Lock mutex.go:2;main." name    \
	" main.go:30;runtime.goexit asm.s:1"
#define SEND(name)                                                             \
	"runtime.gopark proc.go:1;runtime.chansend1 chan.go:2;main." name      \
	" main.go:40;runtime.goexit asm.s:1"

static void begin(struct render *x)
{
	*x = (struct render){
		.facts = { facts_new(IQ_WITNESS_CORE, "core.7") },
		.num_facts = 1,
		.options = { .width = 80 },
	};
}

/* The goroutine of index @goroutine has deferred the Unlock of @lock where it
 * stands. */
static void unlocks(struct render *x, uint32_t goroutine, uint64_t lock)
{
	struct iq_reference_fact ref = {
		.object = lock,
		.goroutine = goroutine,
		.frame = 2,
		.unlocks = true,
	};

	assert_true(iq_vec_push(&x->facts[0]->references, ref));
}

static void locks(struct render *x, uint64_t id, const char *stack,
		  uint64_t lock)
{
	facts_waits(x->facts[0],
		    facts_add(x->facts[0], id, "sync.Mutex.Lock", stack),
		    IQ_WAIT_MUTEX, lock);
}

/* 5 and 6 have each other's lock; @num others want the lock of 5. */
static void transfer(struct render *x, unsigned num)
{
	begin(x);
	locks(x, 5, LOCK("transfer"), 0xc000000020);
	locks(x, 6, LOCK("transfer"), 0xc000000010);
	for (unsigned i = 0; i < num; i++)
		locks(x, 7 + i, LOCK("audit"), 0xc000000010);
	unlocks(x, 0, 0xc000000010);
	unlocks(x, 1, 0xc000000020);
	render_join(x);
}

/* Line breaks and indents are one blank. */
static const char *flat(char *buf, size_t size, const char *text)
{
	size_t len = 0;

	for (; *text && len + 1 < size; text++) {
		bool blank = *text == ' ' || *text == '\n';

		if (!blank || (len && buf[len - 1] != ' '))
			buf[len++] = blank ? ' ' : *text;
	}
	buf[len] = '\0';
	return buf;
}

static void test_each_edge_of_a_cycle_has_its_evidence(void **state)
{
	char buf[4096];
	struct render x;

	(void)state;
	transfer(&x, 0);
	flat(buf, sizeof(buf), render_text(&x, "waits", "text"));
	assert_non_null(strstr(
		buf, "5 main.transfer main.go:30 waits for Mutex 0xc000000020, "
		     "held by 6, which has deferred its Unlock where it "
		     "stands"));
	assert_non_null(strstr(
		buf, "6 main.transfer main.go:30 waits for Mutex 0xc000000010, "
		     "held by 5, which has deferred its Unlock where it "
		     "stands"));
	render_deinit(&x);
}

static void test_who_stands_behind_a_cycle_is_counted(void **state)
{
	struct render x;

	(void)state;
	transfer(&x, 12);
	assert_non_null(strstr(render_text(&x, "waits", "text"),
			       "behind it: 12 in main.audit main.go:30: 7 8"));
	render_deinit(&x);
}

static void test_one_goroutine_is_followed_to_its_cycle(void **state)
{
	struct render x;

	(void)state;
	transfer(&x, 2);
	x.options.has_id = true;
	x.options.id = 8;
	assert_non_null(
		strstr(render_text(&x, "waits", "text"), "goroutine 8 main."));
	assert_non_null(strstr(x.out.buf, "cycle 1"));
	assert_non_null(strstr(x.out.buf, "nobody waits for it"));
	x.options.id = 5;
	assert_non_null(
		strstr(render_text(&x, "waits", "text"), "3 wait for it"));
	x.options.id = 4711;
	assert_null(render_text(&x, "waits", "text"));
	assert_null(render_text(&x, "waits", "json"));
	render_deinit(&x);
}

static void test_equal_objects_are_counted(void **state)
{
	struct render x;

	(void)state;
	render_shop(&x, 40);
	assert_non_null(
		strstr(render_text(&x, "waits", "text"), "40 times chan\n"));
	assert_non_null(strstr(x.out.buf, "and 32 more"));
	// Nobody gets a line of its own.
	assert_true(count_lines(x.out.buf) < 30);
	assert_non_null(
		strstr(render_text(&x, "waits", "dot"), "40 times chan\""));
	render_deinit(&x);
}

static void test_no_line_is_longer_than_the_terminal(void **state)
{
	static const unsigned widths[] = { 40, 80, 120 };
	struct render x;

	(void)state;
	render_shop(&x, 40);
	x.options.finding = "1";
	for (size_t i = 0; i < IQ_ARRAY_SIZE(widths); i++) {
		x.options.width = widths[i];
		assert_true(longest_line(render_text(&x, "waits", "text")) <=
			    widths[i]);
	}
	render_deinit(&x);
}

/* 5 stands in a channel and mentions the lock that @num others want. */
static void watch(struct render *x, unsigned num)
{
	struct iq_reference_fact ref = {
		.object = 0xc000000010,
		.goroutine = 0,
		.frame = 2,
	};

	begin(x);
	facts_waits(x->facts[0],
		    facts_add(x->facts[0], 5, "chan send", SEND("watch")),
		    IQ_WAIT_CHAN, 0xc000000090);
	for (unsigned i = 0; i < num; i++)
		locks(x, 7 + i, LOCK("audit"), 0xc000000010);
	assert_true(iq_vec_push(&x->facts[0]->references, ref));
	render_join(x);
}

static void test_who_mentions_a_lock_holds_it_only_perhaps(void **state)
{
	static const char *const formats[] = { "text", "dot" };
	char buf[4096];
	struct render x;

	(void)state;
	watch(&x, 3);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(formats); i++) {
		flat(buf, sizeof(buf), render_text(&x, "waits", formats[i]));
		assert_non_null(strstr(buf, "perhaps"));
		assert_null(strstr(buf, ": held by"));
	}
	assert_null(strstr(render_text(&x, "waits", "json"), "\"holder\":5"));
	render_deinit(&x);
}

static void test_a_cycle_stands_once_in_a_picture(void **state)
{
	struct render x;
	const char *dot;

	(void)state;
	transfer(&x, 2);
	dot = strstr(render_text(&x, "waits", "dot"), "Mutex 0xc000000010");
	assert_non_null(dot);
	assert_null(strstr(dot + 1, "Mutex 0xc000000010"));
	// The victims, and none of the cycle.
	assert_non_null(strstr(x.out.buf, "2 Mutex.Lock"));
	assert_null(strstr(x.out.buf, "2 Mutex.Lock\\nmain.transfer"));
	render_deinit(&x);
}

static void test_a_cycle_has_the_stack_of_each(void **state)
{
	struct render x;

	(void)state;
	transfer(&x, 0);
	x.options.finding = "1";
	assert_non_null(strstr(render_text(&x, "explain", "text"),
			       "the stack of goroutine 5"));
	assert_non_null(strstr(x.out.buf, "the stack of goroutine 6"));
	render_deinit(&x);
}

/* A channel of an element type whose name is @name. */
static void hostile(struct render *x, const char *name)
{
	struct iq_goroutine_fact *fact;
	struct iq_object *object;
	struct iq_wait *wait;

	begin(x);
	fact = facts_add(x->facts[0], 5, "chan send", SEND("\"]\\evil"));
	facts_waits(x->facts[0], fact, IQ_WAIT_CHAN, 0xc000000010);
	object = iq_arena_calloc(&x->facts[0]->arena, 1, sizeof(*object));
	assert_non_null(object);
	object->kind = IQ_WAIT_CHAN;
	object->address = 0xc000000010;
	object->is_read = true;
	object->chan.elem_type = iq_str_of(name);
	wait = (struct iq_wait *)fact->waits;
	wait->object = object;
	assert_true(iq_vec_push(&x->facts[0]->objects,
				(const struct iq_object *)object));
	render_join(x);
}

static void test_names_cannot_command_the_terminal(void **state)
{
	static const char *const formats[] = { "text", "dot" };
	struct render x;

	(void)state;
	hostile(&x, "\x1b[31m\xe2\x80\xae\"\n\xff\t");
	for (size_t i = 0; i < IQ_ARRAY_SIZE(formats); i++) {
		const char *text = render_text(&x, "waits", formats[i]);

		assert_non_null(strstr(text, "x1b[31m"));
		assert_null(strchr(text, '\x1b'));
		assert_null(strstr(text, "\xe2\x80\xae"));
	}
	render_deinit(&x);
}

/* Whether each string of @dot ends in its line. */
static bool strings_end(const char *dot)
{
	bool inside = false;

	for (; *dot; dot++) {
		if (inside && *dot == '\\' && dot[1])
			dot++;
		else if (*dot == '"')
			inside = !inside;
		else if (*dot == '\n' && inside)
			return false;
	}
	return !inside;
}

static void test_names_end_no_string_of_a_picture(void **state)
{
	struct render x;
	const char *dot;

	(void)state;
	hostile(&x, "struct { A int \"json:\\\"a\\\"\" }");
	dot = render_text(&x, "waits", "dot");
	assert_true(strings_end(dot));
	assert_non_null(strstr(dot, "json:"));
	assert_non_null(strstr(dot, "\\\"]\\\\evil"));
	render_deinit(&x);
}

static void test_a_limit_says_what_it_left_out(void **state)
{
	struct render x;

	(void)state;
	render_shop(&x, 40);
	assert_null(
		strstr(render_text(&x, "waits", "json"), "_truncated\":true"));
	x.options.limit = 3;
	assert_non_null(strstr(render_text(&x, "waits", "json"),
			       "\"objects_truncated\":true"));
	render_deinit(&x);
}

static void test_a_finding_is_found_by_number_and_fingerprint(void **state)
{
	char prefix[9] = "";
	struct render x;

	(void)state;
	transfer(&x, 3);
	x.options.finding = "1";
	assert_non_null(
		strstr(render_text(&x, "explain", "text"), "deadlock-cycle"));
	assert_non_null(strstr(x.out.buf, "held by 6, which"));
	memcpy(prefix, x.model->findings[0].fingerprint, 8);
	x.options.finding = prefix;
	assert_non_null(
		strstr(render_text(&x, "explain", "json"), "\"cycle\":{"));
	render_deinit(&x);
}

static void test_what_is_no_finding_is_an_error(void **state)
{
	static const char *const asked[] = { "99", "ffffffffff", "abc", "" };
	struct render x;

	(void)state;
	transfer(&x, 0);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(asked); i++) {
		x.options.finding = asked[i];
		assert_null(render_text(&x, "explain", "text"));
		assert_null(render_text(&x, "explain", "json"));
	}
	render_deinit(&x);
}

/* Two fingerprints that begin with the same eight digits. */
static void test_an_ambiguous_fingerprint_is_an_error(void **state)
{
	struct iq_finding *findings;
	char prefix[9] = "";
	struct render x;

	(void)state;
	begin(&x);
	locks(&x, 5, LOCK("own"), 0xc000000020);
	locks(&x, 6, LOCK("other"), 0xc000000010);
	unlocks(&x, 0, 0xc000000020);
	unlocks(&x, 1, 0xc000000010);
	render_join(&x);
	assert_int_equal(x.model->num_findings, 2);
	findings = (struct iq_finding *)x.model->findings;
	memcpy(prefix, findings[0].fingerprint, 8);
	memcpy(findings[1].fingerprint, prefix, 8);
	x.options.finding = prefix;
	assert_null(render_text(&x, "explain", "text"));
	x.options.finding = findings[0].fingerprint;
	assert_non_null(render_text(&x, "explain", "text"));
	render_deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_edge_of_a_cycle_has_its_evidence),
		cmocka_unit_test(test_who_stands_behind_a_cycle_is_counted),
		cmocka_unit_test(
			test_who_mentions_a_lock_holds_it_only_perhaps),
		cmocka_unit_test(test_a_cycle_stands_once_in_a_picture),
		cmocka_unit_test(test_a_cycle_has_the_stack_of_each),
		cmocka_unit_test(test_one_goroutine_is_followed_to_its_cycle),
		cmocka_unit_test(test_equal_objects_are_counted),
		cmocka_unit_test(test_no_line_is_longer_than_the_terminal),
		cmocka_unit_test(test_names_cannot_command_the_terminal),
		cmocka_unit_test(test_names_end_no_string_of_a_picture),
		cmocka_unit_test(test_a_limit_says_what_it_left_out),
		cmocka_unit_test(
			test_a_finding_is_found_by_number_and_fingerprint),
		cmocka_unit_test(test_what_is_no_finding_is_an_error),
		cmocka_unit_test(test_an_ambiguous_fingerprint_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
