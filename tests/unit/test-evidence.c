/* SPDX-License-Identifier: Apache-2.0 */
/* The cross-examination: what each witness says, and what that makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include <string.h>

#include "base/attr.h"
#include "detect/detector.h"
#include "facts-builder.h"
#include "model/evidence.h"
#include "model/verdict.h"

#define SECOND 1000000000ll
/* Nanotime and wall clock of the moment when the core was taken. */
#define CORE_MONO (100 * SECOND)
#define BOOT (1700000000 * SECOND)

#define PARK "runtime.gopark /go/src/runtime/proc.go:460;"
#define SEND                                                                   \
	PARK "runtime.chansend1 /go/src/runtime/chan.go:161;"                  \
	     "main.fetch.func1 /src/main.go:34;runtime.goexit /go/src/runtime/a.s:1"
#define WORK                                                                   \
	PARK "runtime.chanrecv1 /go/src/runtime/chan.go:506;"                  \
	     "main.work /src/main.go:50;runtime.goexit /go/src/runtime/a.s:1"
#define MADE "main.fetch /src/main.go:30"
#define FIRST 18
#define NUM 4

struct fixture {
	struct iq_facts *facts[4];
	size_t num;
	/* Memory shows that nothing can reach what they wait for. */
	bool unreachable;
	struct iq_model *model;
};

/* ---- building */

static struct iq_facts *add(struct fixture *x, struct iq_facts *facts)
{
	facts->process.go_version = IQ_STR("go1.26.8");
	x->facts[x->num++] = facts;
	return facts;
}

static void add_sender(struct iq_facts *facts, uint64_t id)
{
	facts_created(facts, facts_add(facts, id, "chan send", SEND), 1, MADE);
}

/* A core of a process that goes on, taken at CORE_MONO. */
static struct iq_facts *add_core(struct fixture *x, unsigned num)
{
	struct iq_facts *facts = add(x, facts_new(IQ_WITNESS_CORE, "core.7"));
	struct iq_process_fact *p = &facts->process;

	for (unsigned i = 0; i < num; i++)
		add_sender(facts, FIRST + i);
	p->build_id = IQ_STR("7f9fb76c");
	p->has_pid = true;
	p->pid = 7;
	p->end = IQ_END_NONE;
	p->has_mono = p->has_time = p->has_wall_offset = true;
	p->mono_ns = CORE_MONO;
	p->wall_offset_ns = BOOT;
	p->time_ns = BOOT + CORE_MONO;
	return facts;
}

/* Taken @after_ns later than the core. */
static struct iq_facts *add_profile(struct fixture *x,
				    enum iq_profile_type type, uint64_t count,
				    int64_t after_ns)
{
	struct iq_facts *facts =
		add(x, facts_new_profile("/tmp/goroutine.pb.gz", type));

	facts->process.build_id = IQ_STR("7f9fb76c");
	facts->process.has_time = true;
	facts->process.time_ns = BOOT + CORE_MONO + after_ns;
	if (count)
		facts_sampled(facts, count, SEND);
	facts_sampled(facts, 3, WORK);
	return facts;
}

/* Of one second, that begins @after_ns later than the core; the senders parked
 * half a second into it. */
static struct iq_facts *add_trace(struct fixture *x, unsigned num,
				  int64_t after_ns)
{
	int64_t start = CORE_MONO + after_ns;
	struct iq_facts *facts =
		add(x, facts_new_trace("trace.out", start, start + SECOND));

	for (unsigned i = 0; i < num; i++) {
		facts_traced(facts, FIRST + i, "chan send", SEND,
			     after_ns < 0 ? start + SECOND / 2 : 0);
		facts_created(
			facts,
			&facts->goroutines.data[facts->goroutines.len - 1], 1,
			MADE);
	}
	return facts;
}

/* What the test changes of goroutine @i of the trace. */
static struct iq_trace_goroutine *traced(struct iq_facts *facts, unsigned i)
{
	return (struct iq_trace_goroutine *)(uintptr_t)&facts->trace
		->goroutines[i];
}

static const struct iq_finding *examine(struct fixture *x)
{
	for (size_t i = 0; i < x->num; i++)
		iq_facts_finish(x->facts[i]);
	assert_null(iq_model_create((const struct iq_facts *const *)x->facts,
				    x->num, &x->model));
	assert_null(iq_model_join(x->model));
	for (size_t i = 0; x->unreachable && i < x->model->num_goroutines; i++)
		x->model->goroutines[i].reach = IQ_REACH_UNREACHABLE;
	assert_null(iq_detectors_run(x->model));
	for (size_t i = 0; i < x->model->num_findings; i++) {
		if (!strcmp(x->model->findings[i].rule, "leaked-goroutine"))
			return &x->model->findings[i];
	}
	return NULL;
}

static void deinit(struct fixture *x)
{
	iq_model_destroy(x->model);
	for (size_t i = 0; i < x->num; i++)
		iq_facts_destroy(x->facts[i]);
}

/* ---- asking */

/* Texts of evidence are NUL-terminated or views of our own. */
static bool says(const struct iq_finding *f, size_t witness, const char *words)
{
	struct iq_str text = f->evidence[witness].text;

	if (iq_str_search(text, iq_str_of(words)) < text.len)
		return true;
	print_message("not \"%s\": %.*s\n", words, IQ_STR_ARG(text));
	return false;
}

static bool is(struct iq_str text, const char *words)
{
	if (iq_str_equal(text, iq_str_of(words)))
		return true;
	print_message("not \"%s\": %.*s\n", words, IQ_STR_ARG(text));
	return false;
}

/* ---- agreement */

static void three_kinds_agree_on_ids_and_frames(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;

	add_core(&x, NUM);
	add_profile(&x, IQ_PROFILE_GOROUTINE, NUM, -SECOND);
	add_trace(&x, NUM, -5 * SECOND);
	f = examine(&x);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_CORROBORATED);
	assert_int_equal(f->num_agreeing, 3);
	assert_true(is(f->sure, "the same ids in core and trace, the same "
				"frames in core, profile and trace"));
	assert_true(says(f, 1,
			 "the same stack, 4 times, goroutine.pb.gz "
			 "(main.fetch.func1 main.go:34)"));
	assert_true(says(f, 2,
			 "chan send: the same ids (18, 19, 20 and 1 more), "
			 "frames (main.fetch.func1 main.go:34) and creators"));
	assert_true(says(f, 2, "parked within its 1.0s, never woken"));
	assert_true(says(f, 2, "ends 4.0s before the core"));
	assert_true(says(f, 2, "made by goroutine 1 at main.fetch main.go:30"));
	deinit(&x);
}

static void what_waited_from_the_start_never_ran(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;

	add_core(&x, NUM);
	add_trace(&x, NUM, SECOND);
	f = examine(&x);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_CORROBORATED);
	assert_true(says(f, 1,
			 "parked before it began and not run in its "
			 "1.0s"));
	assert_true(says(f, 1, "begins 1.0s after the core"));
	deinit(&x);
}

static void collections_prove_that_nothing_ran_since(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;
	struct iq_facts *core = add_core(&x, NUM);
	struct iq_facts *trace = add_trace(&x, NUM, -5 * SECOND);
	int64_t park = CORE_MONO - 5 * SECOND + SECOND / 2;

	facts_collected(trace, park - 100, park - 50);
	facts_collected(trace, park + 50, park + 100);
	for (size_t i = 0; i < core->goroutines.len; i++) {
		core->goroutines.data[i].has_waitsince = true;
		core->goroutines.data[i].waitsince_ns = park - 51;
	}
	f = examine(&x);
	assert_true(says(f, 1, "have not run since: collections prove it"));
	deinit(&x);
}

static void a_trace_without_stacks_agrees_on_ids_alone(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;
	struct iq_facts *trace;

	add_core(&x, NUM);
	trace = add_trace(&x, NUM, -5 * SECOND);
	for (unsigned i = 0; i < NUM; i++) {
		trace->goroutines.data[i].stack = NULL;
		trace->goroutines.data[i].wait_reason = IQ_STR("");
		traced(trace, i)->last_stack = NULL;
	}
	f = examine(&x);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_CORROBORATED);
	assert_int_equal(f->evidence[1].matches, IQ_MATCH_IDS);
	assert_true(is(f->sure, "the same ids in core and trace"));
	assert_true(says(f, 1, "no stacks"));
	deinit(&x);
}

static void a_dump_says_minutes_and_creator(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;
	struct iq_facts *dump;

	add_core(&x, NUM);
	dump = add(&x, facts_new(IQ_WITNESS_DUMP, "debug2.txt"));
	for (unsigned i = 0; i < NUM; i++)
		add_sender(dump, FIRST + i);
	for (unsigned i = 0; i < NUM; i++)
		dump->goroutines.data[i].minutes = 5 + i;
	f = examine(&x);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_CORROBORATED);
	assert_true(says(f, 1, "5 minutes by its headers"));
	assert_true(says(f, 1, "and creators"));
	deinit(&x);
}

static void
a_far_profile_of_an_unknown_process_is_quoted(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;

	add_core(&x, NUM);
	add_profile(&x, IQ_PROFILE_GOROUTINE, NUM, -90 * SECOND);
	f = examine(&x);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_SUSPECTED);
	assert_int_equal(f->evidence[1].weight, IQ_WEIGHT_NONE);
	assert_int_equal(f->num_agreeing, 1);
	assert_true(says(f, 1, "not counted: whether it saw this process"));
	assert_true(says(f, 1, "the same stack, 4 times"));
	deinit(&x);
}

static void a_profile_of_more_says_both_counts(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;

	add_core(&x, NUM);
	add_profile(&x, IQ_PROFILE_GOROUTINE, NUM + 5, SECOND);
	f = examine(&x);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_SUSPECTED);
	assert_true(says(f, 1, "the same stack, 9 times, goroutine.pb.gz"));
	assert_true(says(f, 1, "4 in the core"));
	deinit(&x);
}

static void contention_agrees_and_makes_nothing_surer(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;

	add_core(&x, NUM);
	add_profile(&x, IQ_PROFILE_BLOCK, NUM, SECOND);
	f = examine(&x);
	assert_int_equal(f->evidence[1].stance, IQ_STANCE_SUPPORTS);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_SUSPECTED);
	assert_true(says(f, 1, "contention at the same place: 4 waits"));
	deinit(&x);
}

static void a_heap_profile_cannot_know(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;

	add_core(&x, NUM);
	add_profile(&x, IQ_PROFILE_HEAP, NUM, SECOND);
	f = examine(&x);
	assert_int_equal(f->evidence[1].stance, IQ_STANCE_SILENT);
	assert_true(f->evidence[1].blind);
	deinit(&x);
}

/* ---- proof */

static void the_runtimes_mark_in_a_core_is_evidence(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;
	struct iq_facts *core = add_core(&x, NUM);

	for (unsigned i = 0; i < NUM; i++)
		core->goroutines.data[i].leaked = true;
	f = examine(&x);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_SUSPECTED);
	assert_false(says(f, 0, "proven: "));
	assert_true(says(f, 0, "the runtime marked them as leaked"));
	deinit(&x);
}

static void the_runtimes_mark_in_a_dump_is_a_proof(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;
	struct iq_facts *dump =
		add(&x, facts_new(IQ_WITNESS_DUMP, "debug2.txt"));

	for (unsigned i = 0; i < NUM; i++) {
		add_sender(dump, FIRST + i);
		dump->goroutines.data[i].leaked = true;
	}
	f = examine(&x);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_PROVEN);
	assert_true(says(f, 0, "proven: "));
	deinit(&x);
}

static void what_memory_shows_is_a_proof(void **state iq_unused)
{
	struct fixture x = { .unreachable = true };
	const struct iq_finding *f;

	add_core(&x, NUM);
	f = examine(&x);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_PROVEN);
	assert_true(says(f, 0, "proven: "));
	assert_int_equal(f->settle.len, 0);
	deinit(&x);
}

static void the_mark_of_some_proves_not_all(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;
	struct iq_facts *dump;

	add_core(&x, NUM);
	dump = add(&x, facts_new(IQ_WITNESS_DUMP, "debug2.txt"));
	for (unsigned i = 0; i < NUM; i++)
		add_sender(dump, FIRST + i);
	dump->goroutines.data[0].leaked = true;
	f = examine(&x);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_SUSPECTED);
	assert_true(says(f, 1, "the runtime marked 1 of 4 as leaked"));
	deinit(&x);
}

static void an_empty_leak_profile_is_an_answer(void **state iq_unused)
{
	struct fixture x = { 0 };

	add(&x, facts_new_profile("leak.pb.gz", IQ_PROFILE_GOROUTINELEAK));
	assert_null(examine(&x));
	assert_int_equal(x.model->verdict.word, IQ_VERDICT_CLEAN);
	assert_true(is(x.model->verdict.text,
		       "the runtime found no leaked goroutine; nothing else "
		       "was looked at"));
	deinit(&x);
}

static void a_leak_profile_of_the_build_only_agrees(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;

	add_core(&x, NUM);
	add_profile(&x, IQ_PROFILE_GOROUTINELEAK, NUM, SECOND);
	f = examine(&x);
	assert_int_equal(x.model->kinship[1], IQ_KINSHIP_BUILD);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_CORROBORATED);
	assert_true(says(f, 1, "the runtime itself found 4 of 4 leaked"));
	deinit(&x);
}

static void a_leak_profile_of_the_process_proves(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;
	struct iq_facts *leaks;

	add_core(&x, NUM);
	leaks = add_profile(&x, IQ_PROFILE_GOROUTINELEAK, NUM, SECOND);
	leaks->process.has_pid = true;
	leaks->process.pid = 7;
	f = examine(&x);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_PROVEN);
	assert_true(says(f, 1, "proven: the runtime itself found 4 of 4"));
	deinit(&x);
}

static void a_leak_profile_that_is_silent_denies_nothing(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;

	add_core(&x, NUM);
	add_profile(&x, IQ_PROFILE_GOROUTINELEAK, 0, SECOND);
	f = examine(&x);
	assert_int_equal(f->evidence[1].stance, IQ_STANCE_SILENT);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_SUSPECTED);
	deinit(&x);
}

static void an_assumed_layout_is_said(void **state iq_unused)
{
	struct fixture x = { .unreachable = true };
	const struct iq_finding *f;
	struct iq_facts *core = add_core(&x, NUM);

	iq_facts_gap(core, IQ_GAP_LAYOUT, "layout of go1.27 assumed");
	f = examine(&x);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_SUSPECTED);
	assert_true(says(f, 0, "no proof: the runtime's layout was assumed"));
	deinit(&x);
}

/* ---- contradiction */

static void what_a_trace_saw_run_later_is_withdrawn(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;
	struct iq_facts *trace;

	add_core(&x, NUM);
	trace = add_trace(&x, NUM, SECOND);
	for (unsigned i = 0; i < NUM; i++) {
		struct iq_trace_goroutine *g = traced(trace, i);

		g->has_ended = true;
		g->ended_ns = CORE_MONO + SECOND + SECOND / 5;
		g->last_state = IQ_GSTATUS_DEAD;
	}
	f = examine(&x);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_CONTRADICTED);
	assert_int_equal(f->evidence[1].stance, IQ_STANCE_CONTRADICTS);
	assert_true(says(f, 1, "all 4 had gone on"));
	assert_true(says(f, 1, "goroutine 18 ended 1.2s after the core"));
	assert_int_equal(x.model->verdict.word, IQ_VERDICT_CLEAN);
	assert_true(iq_str_search(x.model->verdict.text, IQ_STR("withdrawn")) <
		    x.model->verdict.text.len);
	deinit(&x);
}

static void a_moment_that_is_not_exact_gives_no_time(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;
	struct iq_facts *trace;

	add_core(&x, NUM)->process.time_ns += SECOND / 2;
	trace = add_trace(&x, NUM, SECOND);
	for (unsigned i = 0; i < NUM; i++) {
		traced(trace, i)->has_last_wake = true;
		traced(trace, i)->last_wake_ns =
			traced(trace, i)->last_change_ns =
				CORE_MONO + SECOND + SECOND / 5;
		traced(trace, i)->since_start = false;
		traced(trace, i)->num_starts = 1;
	}
	f = examine(&x);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_CONTRADICTED);
	assert_true(says(f, 1, "goroutine 18 was woken 200ms into the trace"));
	deinit(&x);
}

static void those_that_went_on_are_not_counted(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;
	struct iq_facts *trace;

	add_core(&x, NUM);
	trace = add_trace(&x, NUM, SECOND);
	traced(trace, 0)->has_ended = true;
	traced(trace, 0)->ended_ns = CORE_MONO + SECOND + SECOND / 5;
	traced(trace, 0)->last_state = IQ_GSTATUS_DEAD;
	f = examine(&x);
	assert_int_equal(f->count, NUM - 1);
	assert_int_equal(f->num_gone, 1);
	assert_int_equal(x.model->goroutines[f->gone[0]].id, FIRST);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_CORROBORATED);
	assert_true(says(f, 1, "1 more had gone on"));
	assert_true(iq_str_starts(f->title, IQ_STR("3 goroutines are")));
	deinit(&x);
}

static void a_later_profile_without_the_stack_withdraws(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;

	add_core(&x, NUM);
	add_profile(&x, IQ_PROFILE_GOROUTINE, 0, 5 * SECOND);
	f = examine(&x);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_CONTRADICTED);
	assert_true(says(f, 1,
			 "does not have the stack any more, 5.0s after "
			 "the core"));
	deinit(&x);
}

static void a_later_profile_with_fewer_weakens(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;

	add_core(&x, NUM);
	add_profile(&x, IQ_PROFILE_GOROUTINE, 1, 5 * SECOND);
	f = examine(&x);
	assert_int_equal(f->evidence[1].stance, IQ_STANCE_CONTRADICTS);
	assert_false(f->evidence[1].refutes);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_SUSPECTED);
	assert_true(says(f, 1,
			 "the same stack, once, 5.0s after the core, "
			 "which has 4"));
	deinit(&x);
}

static void
an_earlier_profile_without_the_stack_is_silent(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;

	add_core(&x, NUM);
	add_profile(&x, IQ_PROFILE_GOROUTINE, 0, -5 * SECOND);
	f = examine(&x);
	assert_int_equal(f->evidence[1].stance, IQ_STANCE_SILENT);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_SUSPECTED);
	assert_true(says(f, 1, "5.0s before the core"));
	deinit(&x);
}

static void a_profile_of_unknown_time_denies_nothing(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;

	add_core(&x, NUM);
	add_profile(&x, IQ_PROFILE_GOROUTINE, 0, 0)->process.has_time = false;
	f = examine(&x);
	assert_int_equal(f->evidence[1].stance, IQ_STANCE_SILENT);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_SUSPECTED);
	deinit(&x);
}

/* ---- who proves nothing */

static void another_build_proves_nothing(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;

	add_core(&x, NUM);
	add_profile(&x, IQ_PROFILE_GOROUTINE, NUM, SECOND)->process.build_id =
		IQ_STR("00000000");
	f = examine(&x);
	assert_int_equal(f->evidence[1].stance, IQ_STANCE_SILENT);
	assert_true(f->evidence[1].blind);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_SUSPECTED);
	assert_true(says(f, 1, "proves nothing"));
	assert_true(says(f, 1, "it is of another build"));
	assert_true(says(f, 1, "there 4 stand at the same function"));
	deinit(&x);
}

static void an_unknown_process_makes_nothing_surer(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;

	add_core(&x, NUM);
	add_profile(&x, IQ_PROFILE_GOROUTINE, NUM, SECOND)->process.build_id =
		IQ_STR("");
	f = examine(&x);
	assert_int_equal(x.model->kinship[1], IQ_KINSHIP_UNKNOWN);
	assert_int_equal(f->evidence[1].stance, IQ_STANCE_SUPPORTS);
	assert_int_equal(f->evidence[1].weight, IQ_WEIGHT_NONE);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_SUSPECTED);
	assert_true(says(f, 1, "not counted"));
	deinit(&x);
}

static void what_was_lost_is_named(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;

	add_core(&x, NUM);
	iq_facts_gap(add_profile(&x, IQ_PROFILE_GOROUTINE, 0, SECOND),
		     IQ_GAP_TRUNCATED, "the file ends in a sample");
	f = examine(&x);
	assert_int_equal(f->evidence[1].stance, IQ_STANCE_SILENT);
	assert_true(f->evidence[1].blind);
	assert_true(says(f, 1, "cannot know: the file ends in a sample"));
	deinit(&x);
}

/* ---- what would settle it */

static void a_suspicion_asks_for_what_is_missing(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;

	add_core(&x, NUM);
	f = examine(&x);
	assert_true(f->settle.len > 0);
	assert_true(is(f->collect,
		       "curl -o trace.out "
		       "'http://HOST/debug/pprof/trace?seconds=5'"));
	assert_true(is(f->again, "inquest report core.7 trace.out"));
	deinit(&x);
}

static void where_all_is_there_time_is_missing(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;
	struct iq_facts *core = add_core(&x, NUM);

	add_trace(&x, 0, -5 * SECOND);
	add_profile(&x, IQ_PROFILE_GOROUTINE, 0, -SECOND);
	// An id that both have.
	facts_created(core, facts_add(core, 5, "chan receive", WORK), 1, MADE);
	facts_traced(x.facts[1], 5, "chan receive", WORK, 0);
	facts_created(x.facts[1], &x.facts[1]->goroutines.data[0], 1, MADE);
	f = examine(&x);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_SUSPECTED);
	assert_true(is(f->again, "inquest report core.7 trace.out "
				 "/tmp/goroutine.pb.gz later.pb.gz"));
	deinit(&x);
}

static void a_new_runtime_is_asked_for_its_proof(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;

	add_core(&x, NUM)->process.go_version = IQ_STR("go1.27.0");
	f = examine(&x);
	assert_true(is(f->collect, "curl -o leak.pb.gz "
				   "http://HOST/debug/pprof/goroutineleak"));
	deinit(&x);
}

static void a_dump_asks_for_a_core_of_its_process(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;
	struct iq_facts *dump =
		add(&x, facts_new(IQ_WITNESS_DUMP, "debug2.txt"));

	for (unsigned i = 0; i < NUM; i++)
		add_sender(dump, FIRST + i);
	dump->process.end = IQ_END_NONE;
	f = examine(&x);
	assert_true(is(f->collect, "gcore PID"));
	assert_true(is(f->again, "inquest report debug2.txt core.PID"));
	deinit(&x);
}

static void a_process_that_ended_is_asked_next_time(void **state iq_unused)
{
	struct fixture x = { 0 };
	const struct iq_finding *f;

	add_core(&x, NUM)->process.end = IQ_END_OPERATOR;
	f = examine(&x);
	assert_true(iq_str_starts(f->settle, IQ_STR("next time")));
	assert_true(is(f->again, "inquest report trace.out"));
	deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_kinds_agree_on_ids_and_frames),
		cmocka_unit_test(what_waited_from_the_start_never_ran),
		cmocka_unit_test(collections_prove_that_nothing_ran_since),
		cmocka_unit_test(a_trace_without_stacks_agrees_on_ids_alone),
		cmocka_unit_test(a_dump_says_minutes_and_creator),
		cmocka_unit_test(a_far_profile_of_an_unknown_process_is_quoted),
		cmocka_unit_test(a_profile_of_more_says_both_counts),
		cmocka_unit_test(contention_agrees_and_makes_nothing_surer),
		cmocka_unit_test(a_heap_profile_cannot_know),
		cmocka_unit_test(the_runtimes_mark_in_a_core_is_evidence),
		cmocka_unit_test(the_runtimes_mark_in_a_dump_is_a_proof),
		cmocka_unit_test(what_memory_shows_is_a_proof),
		cmocka_unit_test(the_mark_of_some_proves_not_all),
		cmocka_unit_test(an_empty_leak_profile_is_an_answer),
		cmocka_unit_test(a_leak_profile_of_the_build_only_agrees),
		cmocka_unit_test(a_leak_profile_of_the_process_proves),
		cmocka_unit_test(a_leak_profile_that_is_silent_denies_nothing),
		cmocka_unit_test(an_assumed_layout_is_said),
		cmocka_unit_test(what_a_trace_saw_run_later_is_withdrawn),
		cmocka_unit_test(a_moment_that_is_not_exact_gives_no_time),
		cmocka_unit_test(those_that_went_on_are_not_counted),
		cmocka_unit_test(a_later_profile_without_the_stack_withdraws),
		cmocka_unit_test(a_later_profile_with_fewer_weakens),
		cmocka_unit_test(
			an_earlier_profile_without_the_stack_is_silent),
		cmocka_unit_test(a_profile_of_unknown_time_denies_nothing),
		cmocka_unit_test(another_build_proves_nothing),
		cmocka_unit_test(an_unknown_process_makes_nothing_surer),
		cmocka_unit_test(what_was_lost_is_named),
		cmocka_unit_test(a_suspicion_asks_for_what_is_missing),
		cmocka_unit_test(where_all_is_there_time_is_missing),
		cmocka_unit_test(a_new_runtime_is_asked_for_its_proof),
		cmocka_unit_test(a_dump_asks_for_a_core_of_its_process),
		cmocka_unit_test(a_process_that_ended_is_asked_next_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
