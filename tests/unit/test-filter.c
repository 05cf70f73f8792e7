/* SPDX-License-Identifier: Apache-2.0 */
#include "model/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "joined.h"
#include "model/filter_key.h"
#include "model/graph.h"
#include "model/object.h"

#define READ                                                                    \
	"runtime.gopark proc.go:1;internal/poll.runtime_pollWait netpoll.go:2;" \
	"internal/poll.(*FD).Read fd_unix.go:3;main.query db.go:40;"            \
	"main.main main.go:9;runtime.goexit asm.s:1"
#define SEND                                                                   \
	"runtime.gopark proc.go:1;runtime.chansend1 chan.go:2;"                \
	"main.put main.go:34"

/* 1 reads from a peer, 2 sends on a full channel, 3 runs. */
static void make(struct joined *x)
{
	struct iq_facts *facts = facts_new(IQ_WITNESS_CORE, "/tmp/core.1");
	static const struct iq_object peer = {
		.kind = IQ_WAIT_FD,
		.is_read = true,
		.fd = {
			.kind = IQ_FD_CONNECTION,
			.has_fd = true,
			.fd = 7,
			.net = { "tcp", 3 },
			.remote = { "10.0.0.7:5432", 13 },
			.read_deadline = { .kind = IQ_DEADLINE_NONE },
		},
	};
	static const struct iq_object chan = {
		.kind = IQ_WAIT_CHAN,
		.address = 0xc000012340,
		.is_read = true,
		.chan = { .elem_type = { "int", 3 }, .len = 2, .cap = 2 },
	};
	static const struct iq_label label = { { "user", 4 }, { "ann", 3 } };
	struct iq_goroutine_fact *g;
	struct iq_wait *wait;

	g = facts_add(facts, 1, "IO wait", READ);
	facts_created(facts, g, 3, "main.main main.go:12");
	facts_waits(facts, g, IQ_WAIT_FD, 0x1000);
	wait = (struct iq_wait *)(uintptr_t)g->waits;
	wait->object = &peer;
	wait->op = IQ_OP_READ;
	g->has_wait_min = true;
	g->wait_min_ns = SECONDS(600);
	assert_null(iq_facts_labels(facts, &label, 1, &g->labels));
	g = facts_add(facts, 2, "chan send", SEND);
	facts_waits(facts, g, IQ_WAIT_CHAN, 0xc000012340);
	wait = (struct iq_wait *)(uintptr_t)g->waits;
	wait->object = &chan;
	wait->op = IQ_OP_SEND;
	g->has_wait_max = true;
	g->wait_max_ns = SECONDS(1);
	g = facts_add(facts, 3, "running", "main.spin main.go:70");
	g->locked = true;
	x->facts[0] = facts;
	joined_make(x);
	assert_int_equal(x->model->num_goroutines, 3);
}

/* Which of the three match, as a sum of 1, 2 and 4. */
static unsigned matches(const struct joined *x, const char *text)
{
	struct iq_filter *filter = NULL;
	struct iq_error *err = iq_filter_parse(text, &filter);
	unsigned ret = 0;

	if (err)
		print_error("%s: %s\n", text, err->text);
	assert_null(err);
	for (size_t i = 0; i < x->model->num_goroutines; i++)
		ret |= iq_filter_match(filter, x->model, i) ? 1u << i : 0;
	iq_filter_destroy(filter);
	return ret;
}

struct expectation {
	const char *text;
	unsigned matches;
};

static void expect(const struct expectation *list, size_t num)
{
	struct joined x = { 0 };

	make(&x);
	for (size_t i = 0; i < num; i++) {
		unsigned got = matches(&x, list[i].text);

		if (got != list[i].matches)
			print_error("%s\n", list[i].text);
		assert_int_equal(got, list[i].matches);
	}
	joined_deinit(&x);
}

static void test_texts_are_compared(void **state)
{
	static const struct expectation list[] = {
		{ "status=waiting", 3 },
		{ "status!=waiting", 4 },
		{ "reason=IO wait", 1 },
		{ "state=chan-send", 2 },
		{ "state=chan send", 2 },
		{ "func=main.query", 1 },
		{ "func~^internal/poll\\.", 1 },
		{ "func!~^runtime\\.", 4 },
		{ "file=db.go", 1 },
		{ "site=main.query db.go:40", 1 },
		{ "site=db.go:40", 1 },
		{ "site=main.query", 1 },
		{ "site~^main\\.(put|spin)", 6 },
		{ "leaf=main.put", 2 },
		{ "entry=main.main", 1 },
		{ "creator=main.main", 1 },
		{ "creator=main.go:12", 1 },
		{ "label.user=ann", 1 },
		{ "witness=core.1", 7 },
		{ "witness=core", 7 },
		{ "locked=yes", 4 },
		{ " status = running ", 4 },
	};

	(void)state;
	expect(list, IQ_ARRAY_SIZE(list));
}

static void test_objects_are_compared(void **state)
{
	static const struct expectation list[] = {
		{ "kind=fd", 1 },
		{ "op=send", 2 },
		{ "address=0xc000012340", 2 },
		{ "address~^0xc0", 2 },
		{ "object=chan 0xc000012340", 2 },
		{ "element=int", 2 },
		{ "full=yes", 2 },
		{ "length>1", 2 },
		{ "capacity<2", 0 },
		{ "peer=10.0.0.7:5432", 1 },
		{ "peer=10.0.0.7", 1 },
		{ "peer!=10.0.0.8", 1 },
		{ "fd=7", 1 },
		{ "network=tcp", 1 },
		{ "deadline=none", 1 },
		{ "timer=no", 2 },
	};

	(void)state;
	expect(list, IQ_ARRAY_SIZE(list));
}

static void test_numbers_and_times_are_ordered(void **state)
{
	static const struct expectation list[] = {
		{ "id>1", 6 },
		{ "id<2", 1 },
		{ "id=3", 4 },
		{ "id!=3", 3 },
		{ "id~^[12]$", 3 },
		{ "since>5m", 1 },
		{ "since>10m", 0 },
		{ "since>9m59s", 1 },
		{ "since>0.1h3m", 1 },
		// At most a second is known of the second alone.
		{ "since<1500ms", 2 },
		{ "since<1h", 2 },
		{ "since", 3 },
	};

	(void)state;
	expect(list, IQ_ARRAY_SIZE(list));
}

static void test_what_is_unknown_matches_nothing(void **state)
{
	static const struct expectation list[] = {
		{ "label.user!=bob", 1 }, { "label.user!~bob", 1 },
		{ "label.none", 0 },	  { "peer", 1 },
		{ "creator!=main.x", 1 }, { "thread!=1", 0 },
		{ "behind", 0 },	  { "cycle", 0 },
		{ "finding!=x", 0 },	  { "local=", 0 },
	};

	(void)state;
	expect(list, IQ_ARRAY_SIZE(list));
}

static void test_an_address_has_a_host_in_brackets(void **state)
{
	struct joined x = { 0 };
	static const struct iq_object peer = {
		.kind = IQ_WAIT_FD,
		.is_read = true,
		.fd.remote = { "[::1]:80", 8 },
	};
	struct iq_goroutine_fact *g;

	(void)state;
	x.facts[0] = facts_new(IQ_WITNESS_CORE, "core");
	g = facts_add(x.facts[0], 1, "IO wait", READ);
	facts_waits(x.facts[0], g, IQ_WAIT_FD, 1);
	((struct iq_wait *)(uintptr_t)g->waits)->object = &peer;
	joined_make(&x);
	assert_int_equal(matches(&x, "peer=[::1]:80"), 1);
	assert_int_equal(matches(&x, "peer=::1"), 1);
	joined_deinit(&x);
}

static void test_the_graph_is_asked(void **state)
{
	static const uint32_t members[] = { 0, 1 };
	static const struct iq_cycle cycle = { .members = members,
					       .num_members = 2 };
	static const struct iq_blocker blocker = { .cycle = 0,
						   .goroutine = IQ_GRAPH_NONE };
	static const uint32_t blocker_of[] = { IQ_GRAPH_NONE, IQ_GRAPH_NONE,
					       0 };
	static const uint32_t cycle_of[] = { 0, 0, IQ_GRAPH_NONE };
	static const struct iq_graph graph = {
		.cycles = &cycle,
		.num_cycles = 1,
		.blockers = &blocker,
		.num_blockers = 1,
		.blocker_of = blocker_of,
		.cycle_of = cycle_of,
	};
	struct joined x = { 0 };

	(void)state;
	make(&x);
	x.model->graph = &graph;
	assert_int_equal(matches(&x, "cycle=1"), 3);
	assert_int_equal(matches(&x, "behind=1"), 4);
	assert_int_equal(matches(&x, "behind=2"), 4);
	assert_int_equal(matches(&x, "behind"), 4);
	x.model->graph = NULL;
	joined_deinit(&x);
}

static void test_mistakes_are_named(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} list[] = {
		{ "", "is no condition" },
		{ "=x", "is no condition" },
		{ "status!waiting", "is no condition" },
		{ "statis=waiting", "did you mean \"status\"?" },
		{ "colour=red", "goroutines have no \"colour\"" },
		{ "label.=x", "goroutines have no" },
		{ "id=one", "id wants a number" },
		{ "id=", "id wants a number" },
		{ "id=0x", "id wants a number" },
		{ "id=99999999999999999999", "id wants a number" },
		{ "since>5", "since wants a time" },
		{ "since>", "since wants a time" },
		{ "since>5 minutes", "since wants a time" },
		{ "since>99999999999d", "since wants a time" },
		{ "since~5m", "is a time" },
		{ "site>3", "is no number" },
		{ "locked=maybe", "yes or no" },
		{ "func~(", "is no regular expression" },
		{ "state=mutx",
		  "state is never \"mutx\", only one of running" },
		{ "status!=wait", "status is never \"wait\"" },
		{ "kind=channel", "only one of none, chan, nil-chan" },
		{ "op=accpet", "accept, read, write, connect" },
		{ "deadline=no", "none, set, expired" },
		{ "timer=yes", "no, once, ticker" },
	};

	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(list); i++) {
		struct iq_filter *filter = NULL;
		struct iq_error *err = iq_filter_parse(list[i].text, &filter);

		assert_non_null(err);
		assert_null(filter);
		assert_int_equal(err->code, IQ_ERROR_USAGE);
		if (!strstr(err->text, list[i].says))
			print_error("%s: %s\n", list[i].text, err->text);
		assert_non_null(strstr(err->text, list[i].says));
		iq_error_destroy(err);
	}
}

static void test_a_long_expression_is_refused(void **state)
{
	struct iq_filter *filter = NULL;
	struct iq_error *err;
	char text[4096];

	(void)state;
	memset(text, '(', sizeof(text));
	memcpy(text, "func~", 5);
	text[sizeof(text) - 1] = '\0';
	err = iq_filter_parse(text, &filter);
	assert_non_null(err);
	assert_non_null(strstr(err->text, "longer than"));
	iq_error_destroy(err);
}

static void test_keys_are_ordered_and_explained(void **state)
{
	const char *name, *help, *before = "";
	size_t num = 0;

	(void)state;
	for (; iq_filter_key_at(num, &name, &help); num++) {
		assert_true(strcmp(before, name) < 0);
		assert_true(strlen(help) > 0);
		assert_non_null(iq_filter_key_row(num)->put);
		before = name;
	}
	assert_true(num > 30);
}

static void count_text(void *ctx, struct iq_str text)
{
	(void)text;
	++*(unsigned *)ctx;
}

static void test_a_value_is_listed_once(void **state)
{
	struct joined x = { 0 };
	struct iq_filter *filter;
	unsigned num = 0;
	uint64_t number;

	(void)state;
	make(&x);
	assert_null(iq_filter_parse("peer", &filter));
	assert_true(iq_filter_is_bare(filter));
	assert_false(iq_filter_is_number(filter));
	iq_filter_each(filter, x.model, 0, count_text, &num);
	assert_int_equal(num, 1);
	iq_filter_destroy(filter);
	assert_null(iq_filter_parse("since", &filter));
	assert_true(iq_filter_number(filter, x.model, 0, &number));
	assert_int_equal(number, SECONDS(600));
	// At most a second: no least time is known.
	assert_false(iq_filter_number(filter, x.model, 1, &number));
	iq_filter_destroy(filter);
	joined_deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_are_compared),
		cmocka_unit_test(test_objects_are_compared),
		cmocka_unit_test(test_numbers_and_times_are_ordered),
		cmocka_unit_test(test_what_is_unknown_matches_nothing),
		cmocka_unit_test(test_an_address_has_a_host_in_brackets),
		cmocka_unit_test(test_the_graph_is_asked),
		cmocka_unit_test(test_mistakes_are_named),
		cmocka_unit_test(test_a_long_expression_is_refused),
		cmocka_unit_test(test_keys_are_ordered_and_explained),
		cmocka_unit_test(test_a_value_is_listed_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
