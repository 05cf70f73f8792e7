/* SPDX-License-Identifier: Apache-2.0 */
/* "trace": the window, the places, the lists, one life; and its JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>
#include <yajl/yajl_tree.h>

#include "model/trace.h"
#include "render.h"

#define GO "/usr/local/go/src/"
#define SECOND INT64_C(1000000000)
#define HOSTILE "main.\x1b[31m\xe2\x80\xae\xff\n\"<b>&\\"

static const unsigned widths[] = { 40, 60, 80, 120, 200 };

/* What a trace is made of here; ends with the facts' arena. */
struct trace_parts {
	struct iq_trace trace;
	struct iq_trace_kind kinds[2];
	struct iq_trace_blocked blocked[2];
	struct iq_trace_goroutine goroutines[5];
	struct iq_trace_site sites[5];
	struct iq_trace_wake wakes[2];
	struct iq_trace_range ranges[1];
	struct iq_trace_task tasks[2];
	struct iq_trace_region regions[1];
	struct iq_trace_log logs[2];
	struct iq_trace_span spans[4];
};

static const struct iq_stack *stack_of(struct iq_facts *facts, const char *text)
{
	return facts_add(facts, 1000, "chan receive", text)->stack;
}

static void add_goroutines(struct iq_facts *facts, struct trace_parts *p)
{
	const struct iq_stack *worker =
		stack_of(facts, "runtime.chanrecv1 " GO "runtime/chan.go:509;"
				"main.worker /src/shop/main.go:79");

	p->blocked[0] = (struct iq_trace_blocked){ IQ_STR("(before the trace)"),
						   1, SECOND / 2, SECOND / 2 };
	p->blocked[1] = (struct iq_trace_blocked){ IQ_STR("chan receive"), 17,
						   SECOND / 10, SECOND / 20 };
	p->goroutines[0] = (struct iq_trace_goroutine){
		.id = 1,
		.name = IQ_STR("runtime.main"),
		.waiting_ns = SECOND,
		.last_state = IQ_GSTATUS_WAITING,
		.last_change_ns = 5 * SECOND,
		.since_start = true,
	};
	p->goroutines[1] = (struct iq_trace_goroutine){
		.id = 7,
		.name = IQ_STR("runtime.bgsweep"),
		.last_state = IQ_GSTATUS_WAITING,
		.last_change_ns = 5 * SECOND,
		.since_start = true,
	};
	p->goroutines[2] = (struct iq_trace_goroutine){
		.id = 18,
		.name = IQ_STR("main.worker"),
		.has_created = true,
		.created_ns = 5 * SECOND + 12345678,
		.has_creator = true,
		.creator = 1,
		.creator_stack =
			stack_of(facts, "main.main /src/shop/main.go:113"),
		.running_ns = SECOND / 5,
		.runnable_ns = SECOND / 10,
		.waiting_ns = SECOND / 10 * 6,
		.blocked = p->blocked,
		.num_blocked = 2,
		.last_state = IQ_GSTATUS_WAITING,
		.last_reason = IQ_STR("chan receive"),
		.last_change_ns = 5 * SECOND + SECOND / 4,
		.last_stack = worker,
		.num_wakes = 17,
	};
	p->goroutines[3] = (struct iq_trace_goroutine){
		.id = 19,
		.name = IQ_STR(HOSTILE),
		.has_created = true,
		.has_ended = true,
		.last_state = IQ_GSTATUS_DEAD,
		.ended_ns = 6 * SECOND,
		.last_change_ns = 6 * SECOND,
	};
	p->goroutines[4] = (struct iq_trace_goroutine){
		.id = 20,
		.name = IQ_STR("runtime/trace.Start.func1"),
		.last_state = IQ_GSTATUS_WAITING,
		.tracer = true,
	};
}

static void add_places(struct iq_facts *facts, struct trace_parts *p)
{
	const struct iq_stack *wait =
		stack_of(facts, "runtime.chanrecv1 " GO "runtime/chan.go:509;"
				"main.worker /src/shop/main.go:79");
	const struct iq_stack *full =
		stack_of(facts, "runtime.gopark " GO "runtime/proc.go:460;"
				"runtime.chanrecv " GO "runtime/chan.go:600;"
				"runtime.chanrecv1 " GO "runtime/chan.go:509;"
				"main.worker /src/shop/main.go:79");
	const struct iq_stack *net =
		stack_of(facts, "internal/poll.(*FD).Read " GO
				"internal/poll/fd_unix.go:165;"
				"net.(*netFD).Read " GO "net/fd_posix.go:68;"
				"main.(*Client).fetch /src/shop/client.go:20");
	const struct iq_stack *sweep = stack_of(
		facts, "runtime.gopark " GO "runtime/proc.go:460;"
		       "runtime.bgsweep " GO "runtime/mgcsweep.go:278");

	p->sites[0] = (struct iq_trace_site){ IQ_STR("network"), net,	3, 0,
					      2 * SECOND,	 SECOND };
	p->sites[1] = (struct iq_trace_site){
		IQ_STR("(before the trace)"), full, 2, 2, 2 * SECOND, SECOND
	};
	p->sites[2] = (struct iq_trace_site){
		IQ_STR("chan receive"), wait, 40, 1, SECOND, SECOND / 20
	};
	p->sites[3] =
		(struct iq_trace_site){ IQ_STR("GC background sweeper wait"),
					sweep,
					5,
					1,
					SECOND,
					SECOND };
	p->sites[4] =
		(struct iq_trace_site){ IQ_STR("forever"), wait,      1, 1,
					SECOND / 2,	   SECOND / 2 };
	p->wakes[0] = (struct iq_trace_wake){
		stack_of(facts, "runtime.chansend1 " GO "runtime/chan.go:161;"
				"main.produce /src/shop/main.go:50"),
		IQ_STR("main.produce"), IQ_STR("main.worker"), 40
	};
	p->wakes[1] = (struct iq_trace_wake){ NULL, IQ_STR(""),
					      IQ_STR("main.worker"), 3 };
}

static void add_own(struct trace_parts *p)
{
	p->tasks[0] = (struct iq_trace_task){
		.id = 1,
		.name = IQ_STR("request"),
		.has_start = true,
		.has_end = true,
		.start_ns = 5 * SECOND,
		.end_ns = 6 * SECOND,
	};
	p->tasks[1] = (struct iq_trace_task){
		.id = 2,
		.parent = 1,
		.name = IQ_STR(HOSTILE),
		.has_start = true,
		.start_ns = 5 * SECOND + SECOND / 2,
	};
	p->regions[0] =
		(struct iq_trace_region){ IQ_STR("parse"), 4, SECOND / 4 };
	p->logs[0] = (struct iq_trace_log){ true,
					    18,
					    1,
					    IQ_STR("db"),
					    IQ_STR("slow query"),
					    5 * SECOND + 500000 };
	p->logs[1] = (struct iq_trace_log){ .category = IQ_STR(""),
					    .message = IQ_STR(HOSTILE),
					    .time_ns = 6 * SECOND };
	p->ranges[0] =
		(struct iq_trace_range){ IQ_STR("GC concurrent mark phase"), 2,
					 SECOND / 50, SECOND / 80 };
	p->kinds[0] = (struct iq_trace_kind){ "GoBlock", 41 };
	p->kinds[1] = (struct iq_trace_kind){ "GoUnblock", 40 };
}

static void set_arrays(struct trace_parts *p)
{
	struct iq_trace *t = &p->trace;

	t->kinds = p->kinds;
	t->num_kinds = IQ_ARRAY_SIZE(p->kinds);
	t->goroutines = p->goroutines;
	t->num_goroutines = IQ_ARRAY_SIZE(p->goroutines);
	t->sites = p->sites;
	t->num_sites = IQ_ARRAY_SIZE(p->sites);
	t->wakes = p->wakes;
	t->num_wakes = IQ_ARRAY_SIZE(p->wakes);
	t->ranges = p->ranges;
	t->num_ranges = IQ_ARRAY_SIZE(p->ranges);
	t->tasks = p->tasks;
	t->num_tasks = IQ_ARRAY_SIZE(p->tasks);
	t->regions = p->regions;
	t->num_regions = IQ_ARRAY_SIZE(p->regions);
	t->logs = p->logs;
	t->num_logs = IQ_ARRAY_SIZE(p->logs);
}

static struct trace_parts *parts_of(struct iq_facts *facts)
{
	struct trace_parts *p = iq_arena_calloc(&facts->arena, 1, sizeof(*p));

	assert_non_null(p);
	p->trace = (struct iq_trace){
		.version = IQ_STR("1.26"),
		.start_ns = 5 * SECOND,
		.end_ns = 6 * SECOND,
		.is_nanotime = true,
		.from_start = true,
		.num_events = 52113,
		.num_generations = 1,
		.num_threads = 9,
		.num_procs = 2,
	};
	// 99 of 100 below 2^23 ns.
	p->trace.wake_latency = (struct iq_trace_spread){
		.count = 200,
		.total_ns = SECOND,
		.longest_ns = 20000000,
		.buckets = { [22] = 198, [24] = 2 },
	};
	add_goroutines(facts, p);
	add_places(facts, p);
	add_own(p);
	set_arrays(p);
	return p;
}

static struct trace_parts *add_trace(struct render *x, const char *path)
{
	struct iq_facts *facts = facts_new(IQ_WITNESS_TRACE, path);
	struct trace_parts *p = parts_of(facts);

	facts->trace = &p->trace;
	facts->witness.format = IQ_STR("go-trace-v2");
	x->facts[x->num_facts++] = facts;
	return p;
}

/* The case of what @x holds: only read, as the command's reports want it. */
static void read_case(struct render *x)
{
	assert_null(iq_model_create((const struct iq_facts *const *)x->facts,
				    x->num_facts, &x->model));
}

static struct trace_parts *setup(struct render *x)
{
	struct trace_parts *p;

	*x = (struct render){ .options = { .width = 80 } };
	p = add_trace(x, "/tmp/trace.out");
	read_case(x);
	return p;
}

static void ask_for(struct render *x, struct trace_parts *p, uint64_t id)
{
	const struct iq_stack *send = stack_of(
		x->facts[0], "runtime.chansend1 " GO "runtime/chan.go:161;"
			     "main.worker /src/shop/main.go:81");

	p->trace.has_of = true;
	p->trace.of = id;
	p->spans[0] = (struct iq_trace_span){
		.state = IQ_GSTATUS_RUNNABLE,
		.start_ns = 5 * SECOND + 12345678,
		.end_ns = 5 * SECOND + 13345678,
	};
	p->spans[1] = (struct iq_trace_span){
		.state = IQ_GSTATUS_WAITING,
		.reason = IQ_STR("chan send"),
		.stack = send,
		.start_ns = 5 * SECOND + 13345678,
		.end_ns = 5 * SECOND + 90000000,
		.has_waker = true,
		.waker = 42,
	};
	p->spans[2] = (struct iq_trace_span){
		.state = IQ_GSTATUS_WAITING,
		.reason = IQ_STR("sleep"),
		.start_ns = 5 * SECOND + 90000000,
		.end_ns = 5 * SECOND + SECOND / 4,
	};
	p->spans[3] = (struct iq_trace_span){
		.state = IQ_GSTATUS_WAITING,
		.reason = IQ_STR("chan receive"),
		.start_ns = 5 * SECOND + SECOND / 4,
		.end_ns = 6 * SECOND,
		.open = true,
	};
	p->trace.spans = p->spans;
	p->trace.num_spans = IQ_ARRAY_SIZE(p->spans);
}

static const char *text_of(struct render *x)
{
	const char *text = render_text(x, "trace", "text");

	assert_non_null(text);
	return text;
}

/* The line of the text that has @word, in @buf. */
static const char *line_with(const char *text, const char *word, char *buf,
			     size_t size)
{
	const char *at = strstr(text, word);
	size_t len;

	assert_non_null(at);
	while (at > text && at[-1] != '\n')
		at--;
	len = strcspn(at, "\n");
	assert_true(len < size);
	memcpy(buf, at, len);
	buf[len] = '\0';
	return buf;
}

static void test_the_window_comes_first(void **state)
{
	struct render x;
	struct trace_parts *p = setup(&x);
	const char *text;

	(void)state;
	text = text_of(&x);
	assert_int_equal(
		strncmp(text, "trace.out  1.0s of Go 1.26's format, ", 37), 0);
	assert_non_null(strstr(text, "52,113 events, whole\n"));
	assert_non_null(strstr(text, "began 5.000000 s after boot"));
	p->trace.has_wall = true;
	p->trace.wall_mono_ns = 5 * SECOND + SECOND / 2;
	p->trace.wall_ns = INT64_C(1795245302623000000);
	assert_non_null(
		strstr(text_of(&x), "began 2026-11-21 07:15:02.123 UTC\n"));
	p->trace.from_start = false;
	assert_non_null(strstr(text_of(&x), "a window"));
	render_deinit(&x);
}

static void test_damage_is_told_before_all(void **state)
{
	struct render x;
	const char *text;

	(void)state;
	setup(&x);
	iq_facts_gap_offset(x.facts[0], IQ_GAP_TRUNCATED, 0x1f40,
			    "the last generation ends within a batch");
	x.facts[0]->witness.complete = false;
	text = text_of(&x);
	assert_int_equal(strncmp(text, "INCOMPLETE  ", 12), 0);
	assert_non_null(strstr(text, "   byte 0x1f40: the last generation ends "
				     "within a batch\n"));
	assert_non_null(strstr(text, "52,113 events, not whole\n"));
	render_deinit(&x);
}

static void test_a_place_is_the_programs_own_line(void **state)
{
	struct render x;
	char line[256];

	(void)state;
	setup(&x);
	line_with(text_of(&x), "main.(*Client).fetch client.go:20", line,
		  sizeof(line));
	assert_non_null(strstr(line, "IO wait"));
	assert_null(strstr(x.out.buf, "internal/poll"));
	render_deinit(&x);
}

static void test_waits_at_one_line_are_one_place(void **state)
{
	struct render x;
	char line[256];

	(void)state;
	setup(&x);
	// 40 that the trace saw begin, 2 that began before: at least 1 s.
	line_with(text_of(&x), " chan receive ", line, sizeof(line));
	assert_string_equal(line, "   42      3   3.0s   >=1.0s  chan receive "
				  " main.worker main.go:79");
	render_deinit(&x);
}

static void test_waiting_forever_on_a_channel_is_a_nil_one(void **state)
{
	struct render x;

	(void)state;
	setup(&x);
	assert_non_null(strstr(text_of(&x), "receive nil"));
	render_deinit(&x);
}

static void test_the_runtimes_own_is_left_out_unless_all(void **state)
{
	struct render x;

	(void)state;
	setup(&x);
	assert_null(strstr(text_of(&x), "bgsweep"));
	x.options.trace_goroutines = true;
	assert_null(strstr(text_of(&x), "bgsweep"));
	assert_null(strstr(x.out.buf, "runtime/trace"));
	assert_non_null(strstr(x.out.buf, "runtime.main"));
	x.options.all = true;
	assert_non_null(strstr(text_of(&x), "bgsweep"));
	x.options.trace_goroutines = false;
	assert_non_null(strstr(text_of(&x), "bgsweep"));
	render_deinit(&x);
}

static void test_what_waits_at_the_end_is_listed_with_its_time(void **state)
{
	struct render x;
	char line[256];

	(void)state;
	setup(&x);
	x.options.trace_blocked = true;
	line_with(text_of(&x), "18   750ms", line, sizeof(line));
	assert_string_equal(
		line, "18   750ms  chan receive      main.worker main.go:79");
	line_with(x.out.buf, " 1  >=1.0s", line, sizeof(line));
	// What ended does not wait.
	assert_null(strstr(x.out.buf, "\n19 "));
	render_deinit(&x);
}

static void test_latency_is_bounded_by_a_power_of_two(void **state)
{
	struct render x;
	char line[256];

	(void)state;
	setup(&x);
	line_with(text_of(&x), "from woken to running", line, sizeof(line));
	assert_string_equal(line, "200   1.0s   5ms        8ms     20ms  from "
				  "woken to running");
	assert_null(strstr(x.out.buf, "from preempted to running"));
	render_deinit(&x);
}

static void test_who_wakes_whom(void **state)
{
	struct render x;
	char line[256];

	(void)state;
	setup(&x);
	line_with(text_of(&x), "main.produce main.go:50", line, sizeof(line));
	assert_non_null(strstr(line, "40  main.worker"));
	line_with(x.out.buf, "no goroutine", line, sizeof(line));
	assert_non_null(strstr(line, " 3  main.worker"));
	render_deinit(&x);
}

static void test_tasks_and_logs_are_listed(void **state)
{
	struct render x;
	char line[256];

	(void)state;
	setup(&x);
	assert_non_null(strstr(text_of(&x), "2 tasks (1 not ended), 4 regions, "
					    "2 logs"));
	x.options.trace_tasks = true;
	line_with(text_of(&x), "request", line, sizeof(line));
	assert_non_null(strstr(line, "1.0s  done"));
	line_with(x.out.buf, ">=500ms  open", line, sizeof(line));
	line_with(x.out.buf, "db: slow query", line, sizeof(line));
	assert_non_null(strstr(line, "0.000500"));
	render_deinit(&x);
}

static void test_a_life_is_told_span_by_span(void **state)
{
	struct render x;
	struct trace_parts *p = setup(&x);
	char line[256];
	const char *text;

	(void)state;
	ask_for(&x, p, 18);
	text = text_of(&x);
	assert_non_null(strstr(text, "\ngoroutine 18  main.worker\n"));
	assert_non_null(strstr(text, "created at 0.012345 by goroutine 1\n"
				     "  in main.main main.go:113\n"));
	line_with(text, "chan send", line, sizeof(line));
	assert_non_null(strstr(line, "0.013345"));
	assert_non_null(strstr(line, "42  main.worker main.go:81"));
	line_with(text, "sleep", line, sizeof(line));
	assert_non_null(strstr(line, "none"));
	line_with(text, ">=750ms", line, sizeof(line));
	assert_non_null(strstr(line, "chan receive"));
	render_deinit(&x);
}

static void test_an_unknown_goroutine_is_an_error(void **state)
{
	const struct iq_report *report = iq_report_find("trace", "text");
	struct render x;
	struct trace_parts *p = setup(&x);
	struct iq_error *err;

	(void)state;
	ask_for(&x, p, 4711);
	iq_out_init_memory(&x.out);
	err = report->render(x.model, &x.options, &x.out);
	assert_non_null(err);
	assert_int_equal(err->code, IQ_ERROR_USAGE);
	assert_string_equal(err->text, "there is no goroutine 4711: 5 are in "
				       "the trace, the last is 20");
	iq_error_destroy(err);
	assert_int_equal(x.out.len, 0);
	assert_null(render_text(&x, "trace", "json"));
	render_deinit(&x);
}

static void test_what_is_no_trace_is_an_error(void **state)
{
	const struct iq_report *report = iq_report_find("trace", "json");
	struct render x = { .options = { .width = 80 }, .num_facts = 2 };
	struct iq_error *err;

	(void)state;
	x.facts[0] = facts_new(IQ_WITNESS_DUMP, "dump.txt");
	x.facts[1] = facts_new(IQ_WITNESS_TRACE, "trace.out");
	read_case(&x);
	iq_out_init_memory(&x.out);
	err = report->render(x.model, &x.options, &x.out);
	assert_non_null(err);
	assert_string_equal(err->text,
			    "none of the files is an execution trace");
	iq_error_destroy(err);
	iq_facts_gap(x.facts[1], IQ_GAP_UNSUPPORTED,
		     "the format of Go 1.10 is not read");
	err = report->render(x.model, &x.options, &x.out);
	assert_non_null(err);
	assert_string_equal(err->text,
			    "nothing of \"trace.out\" can be read: the format "
			    "of Go 1.10 is not read");
	iq_error_destroy(err);
	render_deinit(&x);
}

static void set_view(struct render *x, struct trace_parts *p, unsigned view)
{
	x->options.trace_blocked = view == 1 || view == 4;
	x->options.trace_goroutines = view == 2;
	x->options.trace_tasks = view == 3 || view == 4;
	p->trace.has_of = view == 5;
}

static void test_no_line_is_longer_than_the_terminal(void **state)
{
	struct render x;
	struct trace_parts *p = setup(&x);

	(void)state;
	ask_for(&x, p, 18);
	for (size_t i = 0; i < 12 * IQ_ARRAY_SIZE(widths); i++) {
		x.options.width = widths[i / 12];
		x.options.all = i & 1;
		x.options.utf8 = i & 1;
		x.options.frames = i & 1 ? 3 : 0;
		set_view(&x, p, (unsigned)(i / 2 % 6));
		assert_true(longest_line(text_of(&x)) <= x.options.width);
	}
	render_deinit(&x);
}

static void test_names_cannot_command_the_terminal(void **state)
{
	struct render x;
	struct trace_parts *p = setup(&x);

	(void)state;
	ask_for(&x, p, 19);
	x.options.all = true;
	x.facts[0]->witness.path = IQ_STR("a\x1b[31m");
	for (unsigned view = 0; view < 6; view++) {
		const char *text;

		set_view(&x, p, view);
		text = text_of(&x);
		assert_null(strchr(text, '\x1b'));
		assert_null(strstr(text, "\xe2\x80\xae"));
	}
	render_deinit(&x);
}

static void test_a_limit_says_what_is_left_out(void **state)
{
	struct render x;

	(void)state;
	setup(&x);
	x.options.trace_goroutines = true;
	x.options.limit = 1;
	assert_non_null(strstr(text_of(&x), "\nand 2 more goroutines\n"));
	render_deinit(&x);
}

/* ---- JSON */

static yajl_val parse(const char *text)
{
	char error[256];
	yajl_val tree;

	assert_non_null(text);
	tree = yajl_tree_parse(text, error, sizeof(error));
	if (!tree)
		print_error("%s\n", error);
	assert_non_null(tree);
	return tree;
}

static yajl_val at(yajl_val tree, const char *key)
{
	const char *path[] = { key, NULL };

	return yajl_tree_get(tree, path, yajl_t_any);
}

static yajl_val item(yajl_val tree, const char *key, size_t index)
{
	yajl_val array = at(tree, key);

	assert_true(YAJL_IS_ARRAY(array));
	assert_true(index < YAJL_GET_ARRAY(array)->len);
	return YAJL_GET_ARRAY(array)->values[index];
}

static void test_json_has_the_figures(void **state)
{
	struct render x;
	yajl_val tree, g;

	(void)state;
	setup(&x);
	tree = parse(render_text(&x, "trace", "json"));
	assert_string_equal(YAJL_GET_STRING(at(tree, "schema")),
			    "inquest.trace/1");
	assert_int_equal(YAJL_GET_INTEGER(at(tree, "events")), 52113);
	assert_int_equal(
		YAJL_GET_INTEGER(at(at(tree, "event_kinds"), "GoBlock")), 41);
	assert_int_equal(YAJL_GET_INTEGER(at(tree, "goroutines_seen")), 5);
	g = item(tree, "goroutines", 2);
	assert_int_equal(YAJL_GET_INTEGER(at(g, "creator")), 1);
	assert_string_equal(YAJL_GET_STRING(at(g, "last_state")), "waiting");
	assert_int_equal(YAJL_GET_INTEGER(at(item(g, "blocked", 1), "count")),
			 17);
	assert_null(at(tree, "of"));
	yajl_tree_free(tree);
	render_deinit(&x);
}

static void test_json_says_null_for_what_is_unknown(void **state)
{
	struct render x;
	struct trace_parts *p = setup(&x);
	yajl_val tree, g;

	(void)state;
	p->goroutines[0].name = IQ_STR("");
	tree = parse(render_text(&x, "trace", "json"));
	g = item(tree, "goroutines", 0);
	assert_true(YAJL_IS_NULL(at(g, "name")));
	assert_true(YAJL_IS_NULL(at(g, "created_ns")));
	assert_true(YAJL_IS_NULL(at(g, "creator")));
	assert_true(YAJL_IS_NULL(at(g, "last_reason")));
	assert_true(YAJL_IS_NULL(at(tree, "start_wall_ns")));
	assert_true(YAJL_IS_NULL(at(item(tree, "tasks", 1), "end_ns")));
	assert_true(YAJL_IS_NULL(at(item(tree, "logs", 1), "goroutine")));
	yajl_tree_free(tree);
	render_deinit(&x);
}

static void test_json_has_the_life(void **state)
{
	struct render x;
	struct trace_parts *p = setup(&x);
	yajl_val tree, span;

	(void)state;
	ask_for(&x, p, 18);
	tree = parse(render_text(&x, "trace", "json"));
	span = item(at(tree, "of"), "spans", 1);
	assert_string_equal(YAJL_GET_STRING(at(span, "reason")), "chan send");
	assert_int_equal(YAJL_GET_INTEGER(at(span, "waker")), 42);
	assert_true(YAJL_IS_ARRAY(at(span, "frames")));
	assert_true(YAJL_IS_TRUE(at(item(at(tree, "of"), "spans", 3), "open")));
	yajl_tree_free(tree);
	render_deinit(&x);
}

static void test_each_trace_has_a_line(void **state)
{
	struct render x = { .options = { .width = 80 } };
	const char *text;

	(void)state;
	add_trace(&x, "a.trace");
	x.facts[x.num_facts++] = facts_new(IQ_WITNESS_DUMP, "dump.txt");
	add_trace(&x, "b.trace");
	read_case(&x);
	text = render_text(&x, "trace", "json");
	assert_non_null(text);
	assert_int_equal(count_lines(text), 2);
	text = text_of(&x);
	assert_non_null(strstr(text, "\n\nb.trace  "));
	render_deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_window_comes_first),
		cmocka_unit_test(test_damage_is_told_before_all),
		cmocka_unit_test(test_a_place_is_the_programs_own_line),
		cmocka_unit_test(test_waits_at_one_line_are_one_place),
		cmocka_unit_test(
			test_waiting_forever_on_a_channel_is_a_nil_one),
		cmocka_unit_test(test_the_runtimes_own_is_left_out_unless_all),
		cmocka_unit_test(
			test_what_waits_at_the_end_is_listed_with_its_time),
		cmocka_unit_test(test_latency_is_bounded_by_a_power_of_two),
		cmocka_unit_test(test_who_wakes_whom),
		cmocka_unit_test(test_tasks_and_logs_are_listed),
		cmocka_unit_test(test_a_life_is_told_span_by_span),
		cmocka_unit_test(test_an_unknown_goroutine_is_an_error),
		cmocka_unit_test(test_what_is_no_trace_is_an_error),
		cmocka_unit_test(test_no_line_is_longer_than_the_terminal),
		cmocka_unit_test(test_names_cannot_command_the_terminal),
		cmocka_unit_test(test_a_limit_says_what_is_left_out),
		cmocka_unit_test(test_json_has_the_figures),
		cmocka_unit_test(test_json_says_null_for_what_is_unknown),
		cmocka_unit_test(test_json_has_the_life),
		cmocka_unit_test(test_each_trace_has_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
