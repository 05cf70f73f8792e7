/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that compare: snapshots with one another, waits with those that ended,
 * goroutines with who waits for them.
 */
#include "detect/detector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "facts-builder.h"
#include "joined.h"
#include "model/model.h"
#include "model/object.h"
#include "model/trace.h"

#define GOEXIT ";runtime.goexit asm.s:1"
#define PARK "runtime.gopark proc.go:1;"
#define ACCEPT                                                                 \
	PARK "internal/poll.(*FD).Accept fd_unix.go:613;"                      \
	     "net.(*TCPListener).Accept tcpsock.go:380;"                       \
	     "main.wait main.go:31" GOEXIT
#define ACCEPT_IN_HANDLER                                                      \
	PARK "internal/poll.(*FD).Accept fd_unix.go:613;"                      \
	     "net.(*TCPListener).Accept tcpsock.go:380;"                       \
	     "main.tunnel main.go:32;"                                         \
	     "net/http.HandlerFunc.ServeHTTP server.go:2322;"                  \
	     "net/http.(*conn).serve server.go:2073" GOEXIT
#define ACCEPT_NEXT PARK "internal/poll.runtime_Semacquire sema.go:76;" ACCEPT
#define READ                                                                   \
	PARK "internal/poll.(*FD).Read fd_unix.go:165;"                        \
	     "net.(*conn).Read net.go:196;main.answer main.go:50" GOEXIT
#define WRITE                                                                  \
	PARK "internal/poll.(*FD).Write fd_unix.go:390;"                       \
	     "net.(*conn).Write net.go:208;main.push main.go:60" GOEXIT
#define RELAY                                                                  \
	PARK "internal/poll.(*FD).Read fd_unix.go:165;"                        \
	     "io.copyBuffer io.go:429;main.tunnel main.go:70" GOEXIT
#define RECEIVE PARK "runtime.chanrecv1 chan.go:2;main.follow main.go:80" GOEXIT
#define SEND PARK "runtime.chansend1 chan.go:2;main.publish main.go:90" GOEXIT
#define SELECT PARK "runtime.selectgo select.go:2;main.ask main.go:95" GOEXIT
#define LOCK                                                                   \
	PARK "sync.(*Mutex).Lock mutex.go:46;main.transfer main.go:35" GOEXIT
#define SECOND 1000000000LL

static struct iq_facts *dump(void)
{
	return facts_new(IQ_WITNESS_DUMP, "dump");
}

/* @num goroutines from @id on, made by goroutine @parent or, if that is 0, each
 * by another one. */
static void add(struct iq_facts *facts, uint64_t id, uint64_t num,
		const char *state, const char *stack, uint64_t parent)
{
	for (uint64_t i = id; i < id + num; i++)
		facts_created(facts, facts_add(facts, i, state, stack),
			      parent ? parent : 1000 + i,
			      "main.make main.go:9");
}

static void add_waiting(struct iq_facts *facts, uint64_t id, uint64_t num,
			const char *state, const char *stack, uint64_t parent)
{
	size_t first = facts->goroutines.len;

	add(facts, id, num, state, stack, parent);
	for (size_t i = first; i < facts->goroutines.len; i++) {
		facts->goroutines.data[i].has_wait_min = true;
		facts->goroutines.data[i].wait_min_ns = SECOND;
	}
}

/* ---- listeners */

static void test_listeners_made_by_requests_are_leaked(void **state iq_unused)
{
	struct joined x = { .facts = { dump() } };
	const struct iq_finding *f;

	add(x.facts[0], 20, 12, "IO wait", ACCEPT, 0);
	joined_judge(&x);
	f = joined_found(&x, "leaked-listener");
	assert_non_null(f);
	assert_int_equal(f->count, 12);
	assert_int_equal(f->site->line, 31);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_SUSPECTED);
	// The note gives way.
	assert_null(joined_found(&x, "idle-listener"));
	joined_deinit(&x);
}

static void test_acceptors_that_one_started_are_a_pool(void **state iq_unused)
{
	struct joined x = { .facts = { dump() } };

	add(x.facts[0], 20, 12, "IO wait", ACCEPT, 1);
	joined_judge(&x);
	assert_null(joined_found(&x, "leaked-listener"));
	assert_int_equal(joined_found(&x, "idle-listener")->count, 12);
	assert_int_equal(x.model->verdict.word, IQ_VERDICT_CLEAN);
	joined_deinit(&x);
}

static void test_acceptors_of_unknown_makers_are_a_pool(void **state iq_unused)
{
	struct joined x = { .facts = { facts_new_profile(
				    "1", IQ_PROFILE_GOROUTINE) } };

	facts_sampled(x.facts[0], 20, ACCEPT);
	joined_judge(&x);
	assert_null(joined_found(&x, "leaked-listener"));
	assert_int_equal(x.model->verdict.word, IQ_VERDICT_CLEAN);
	joined_deinit(&x);
}

static void test_handlers_that_accept_are_leaked(void **state iq_unused)
{
	struct joined x = { .facts = { dump() } };
	const struct iq_finding *f;

	// The server has made them all.
	add(x.facts[0], 20, 12, "IO wait", ACCEPT_IN_HANDLER, 7);
	add(x.facts[0], 40, 1, "IO wait", ACCEPT, 1);
	joined_judge(&x);
	f = joined_found(&x, "leaked-listener");
	assert_non_null(f);
	assert_int_equal(f->count, 12);
	assert_non_null(strstr(f->advice.ptr, "SetDeadline"));
	assert_int_equal(joined_found(&x, "idle-listener")->count, 1);
	joined_deinit(&x);
}

static void test_a_few_acceptors_are_no_leak(void **state iq_unused)
{
	struct joined x = { .facts = { dump() } };

	add(x.facts[0], 20, 9, "IO wait", ACCEPT, 0);
	joined_judge(&x);
	assert_null(joined_found(&x, "leaked-listener"));
	joined_deinit(&x);
}

static void test_acceptors_of_a_busy_server_are_young(void **state iq_unused)
{
	struct joined x = { .facts = { dump() } };

	add(x.facts[0], 20, 12, "IO wait", ACCEPT, 0);
	for (size_t i = 0; i < 12; i++) {
		x.facts[0]->goroutines.data[i].has_wait_max = true;
		x.facts[0]->goroutines.data[i].wait_max_ns = SECOND / 20;
	}
	joined_judge(&x);
	assert_null(joined_found(&x, "leaked-listener"));
	joined_deinit(&x);
}

static void
test_accept_loops_that_become_more_are_leaked(void **state iq_unused)
{
	struct joined x = { .facts = { dump(), dump(), dump() } };
	const struct iq_finding *f;

	// One is in the poller, the others wait until it has done.
	for (unsigned i = 0; i < 3; i++) {
		add(x.facts[i], 20, 1, "IO wait", ACCEPT, 1);
		add(x.facts[i], 21, 2 + 3 * i, "semacquire", ACCEPT_NEXT, 1);
	}
	joined_judge(&x);
	f = joined_found(&x, "leaked-listener");
	assert_non_null(f);
	assert_int_equal(f->count, 9);
	assert_non_null(strstr(f->ground.ptr, "3, 6, 9 in 3 dumps"));
	assert_null(joined_found(&x, "growing-goroutines"));
	joined_deinit(&x);
}

#define SYSCALL                                                                \
	"syscall.accept4 sys.go:9;internal/poll.(*FD).Accept fd_unix.go:611;"  \
	"net.(*TCPListener).Accept tcpsock.go:380;main.wait main.go:31" GOEXIT

static void test_accept_in_the_system_call_is_stuck(void **state iq_unused)
{
	struct joined x = { .facts = { dump() } };

	add_waiting(x.facts[0], 20, 1, "syscall", SYSCALL, 1);
	joined_judge(&x);
	assert_int_equal(joined_found(&x, "stuck-listener")->count, 1);
	assert_null(joined_found(&x, "syscall-stuck"));
	assert_null(joined_found(&x, "idle-listener"));
	joined_deinit(&x);
}

static void
test_accept_that_was_just_called_is_not_stuck(void **state iq_unused)
{
	struct joined x = { .facts = { dump() } };

	add(x.facts[0], 20, 1, "syscall", SYSCALL, 1);
	joined_judge(&x);
	assert_int_equal(x.model->num_findings, 0);
	joined_deinit(&x);
}

/* ---- peers */

static void
test_readers_that_are_awaited_wait_for_a_peer(void **state iq_unused)
{
	struct joined x = { .facts = { dump() } };
	const struct iq_finding *f;

	add(x.facts[0], 11, 1, "chan receive", RECEIVE, 1);
	add_waiting(x.facts[0], 20, 3, "IO wait", READ, 11);
	joined_judge(&x);
	f = joined_found(&x, "network-wait");
	assert_non_null(f);
	assert_int_equal(f->count, 3);
	assert_int_equal(f->class, IQ_CLASS_BLOCKED);
	assert_int_equal(f->num_victims, 1);
	assert_int_equal(x.model->goroutines[f->victims[0]].id, 11);
	joined_deinit(&x);
}

/* The goroutine at @index reads from @peer. */
static void reads_from(struct iq_facts *facts, size_t index,
		       const struct iq_object *peer)
{
	struct iq_goroutine_fact *g = &facts->goroutines.data[index];

	facts_waits(facts, g, IQ_WAIT_FD, peer->address);
	((struct iq_wait *)(uintptr_t)g->waits)->object = peer;
}

static void test_peers_are_named(void **state iq_unused)
{
	static const struct iq_object peers[] = {
		{ .kind = IQ_WAIT_FD,
		  .is_read = true,
		  .address = 0x1000,
		  .fd = { .remote = { "10.0.0.7:5432", 13 } } },
		{ .kind = IQ_WAIT_FD,
		  .is_read = true,
		  .address = 0x2000,
		  .fd = { .remote = { "10.0.0.8:5432", 13 } } },
	};

	// Known of none, of two, of all with one peer, of all with two.
	for (unsigned known = 0; known < 4; known++) {
		static const char *const says[] = {
			"for a silent peer in", "for a silent peer in",
			"for the silent peer 10.0.0.7:5432 in",
			"for 2 silent peers in"
		};
		struct joined x = { .facts = { dump() } };
		const struct iq_finding *f;

		add(x.facts[0], 11, 1, "chan receive", RECEIVE, 1);
		add_waiting(x.facts[0], 20, 3, "IO wait", READ, 11);
		for (size_t i = 1; i <= 3 && known; i++) {
			if (known > 1 || i < 3)
				reads_from(x.facts[0], i,
					   &peers[known == 3 && i == 2]);
		}
		joined_judge(&x);
		f = joined_found(&x, "network-wait");
		assert_non_null(f);
		assert_non_null(strstr(f->title.ptr, says[known]));
		assert_int_equal(
			!!strstr(f->ground.ptr, "peers: 10.0.0.7:5432"),
			known == 1 || known == 3);
		joined_deinit(&x);
	}
}

static void
test_readers_that_nobody_must_wait_for_are_idle(void **state iq_unused)
{
	struct joined x = { .facts = { dump() } };

	add(x.facts[0], 11, 1, "select", SELECT, 1);
	add(x.facts[0], 12, 1, "chan receive", RECEIVE, 1);
	// Who made them has a time limit, is gone, or is main.
	add_waiting(x.facts[0], 20, 5, "IO wait", READ, 11);
	add_waiting(x.facts[0], 30, 5, "IO wait", READ, 0);
	add_waiting(x.facts[0], 40, 5, "IO wait", READ, 1);
	// A tunnel, and too few.
	add_waiting(x.facts[0], 50, 5, "IO wait", RELAY, 12);
	add_waiting(x.facts[0], 60, 2, "IO wait", READ, 12);
	joined_judge(&x);
	assert_null(joined_found(&x, "network-wait"));
	joined_deinit(&x);
}

static void
test_who_ranges_over_lines_serves_an_idle_peer(void **state iq_unused)
{
	struct joined x = { .facts = { dump() } };

	for (uint64_t i = 0; i < 5; i++) {
		add(x.facts[0], 11 + i, 1, "chan receive",
		    PARK "runtime.chanrecv2 chan.go:2;main.serve "
			 "main.go:81" GOEXIT,
		    1);
		add_waiting(x.facts[0], 20 + i, 1, "IO wait", READ, 11 + i);
	}
	joined_judge(&x);
	assert_null(joined_found(&x, "network-wait"));
	joined_deinit(&x);
}

static void test_an_answer_on_its_way_is_no_finding(void **state iq_unused)
{
	struct joined x = { .facts = { dump() } };

	add(x.facts[0], 11, 1, "sync.WaitGroup.Wait",
	    PARK "sync.(*WaitGroup).Wait wg.go:1;main.all main.go:99" GOEXIT,
	    1);
	add(x.facts[0], 20, 5, "IO wait", READ, 11);
	joined_judge(&x);
	assert_null(joined_found(&x, "network-wait"));
	joined_deinit(&x);
}

static void
test_a_writer_waits_for_a_peer_that_does_not_read(void **state iq_unused)
{
	struct joined x = { .facts = { dump() } };
	const struct iq_finding *f;

	add(x.facts[0], 11, 1, "chan receive", RECEIVE, 1);
	add_waiting(x.facts[0], 20, 1, "IO wait", WRITE, 11);
	joined_judge(&x);
	f = joined_found(&x, "network-wait");
	assert_non_null(f);
	assert_non_null(strstr(f->title.ptr, "does not read"));
	joined_deinit(&x);
}

/* ---- growth */

static struct iq_facts *profile(const char *path, uint64_t count,
				const char *stack)
{
	struct iq_facts *facts = facts_new_profile(path, IQ_PROFILE_GOROUTINE);

	if (count)
		facts_sampled(facts, count, stack);
	return facts;
}

static void test_a_stack_that_grows_is_a_leak(void **state iq_unused)
{
	struct joined x = { .facts = { profile("1", 10, RECEIVE),
				       profile("2", 20, RECEIVE),
				       profile("3", 30, RECEIVE) } };
	const struct iq_finding *f;

	joined_judge(&x);
	f = joined_found(&x, "growing-goroutines");
	assert_non_null(f);
	assert_int_equal(f->count, 30);
	assert_int_equal(f->severity, IQ_SEVERITY_WARNING);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_SUSPECTED);
	assert_int_equal(f->site->line, 80);
	assert_non_null(strstr(f->ground.ptr, "10, 20, 30 in 3 profiles"));
	joined_deinit(&x);
}

static void test_two_profiles_give_a_note(void **state iq_unused)
{
	struct joined x = { .facts = { profile("1", 10, RECEIVE),
				       profile("2", 40, RECEIVE) } };
	const struct iq_finding *f;

	joined_judge(&x);
	f = joined_found(&x, "growing-goroutines");
	assert_non_null(f);
	assert_int_equal(f->severity, IQ_SEVERITY_NOTE);
	assert_int_equal(x.model->verdict.word, IQ_VERDICT_CLEAN);
	joined_deinit(&x);
}

static void test_a_burst_and_a_full_pool_give_nothing(void **state iq_unused)
{
	const uint64_t burst[] = { 5, 120, 5 }, pool[] = { 24, 24, 24 };
	struct joined x = { 0 };

	for (size_t i = 0; i < 3; i++) {
		x.facts[i] = profile("p", burst[i], RECEIVE);
		facts_sampled(x.facts[i], pool[i], SELECT);
	}
	joined_judge(&x);
	assert_int_equal(x.model->num_findings, 0);
	joined_deinit(&x);
}

static void test_other_goroutines_each_time_are_traffic(void **state iq_unused)
{
	struct joined x = { .facts = { dump(), dump(), dump() } };
	const struct iq_finding *f;

	for (unsigned i = 0; i < 3; i++) {
		add(x.facts[i], 1, 30, "select", SELECT, 1);
		add(x.facts[i], 100 + 100 * i, 10 * (i + 1), "chan receive",
		    RECEIVE, 1);
	}
	joined_judge(&x);
	f = joined_found(&x, "growing-goroutines");
	assert_non_null(f);
	assert_int_equal(f->severity, IQ_SEVERITY_NOTE);
	joined_deinit(&x);
}

static void test_connections_that_become_more_are_a_note(void **state iq_unused)
{
	struct joined x = { 0 };
	const struct iq_finding *f;

	for (unsigned i = 0; i < 3; i++)
		x.facts[i] = profile(
			"p", 10 * (i + 1),
			PARK
			"internal/poll.runtime_pollWait netpoll.go:345;"
			"bufio.(*Reader).Peek bufio.go:148;"
			"net/http.(*persistConn).readLoop transport.go:2205" GOEXIT);
	joined_judge(&x);
	f = joined_found(&x, "growing-goroutines");
	assert_non_null(f);
	assert_int_equal(f->severity, IQ_SEVERITY_NOTE);
	joined_deinit(&x);
}

static void test_growth_outranks_a_number(void **state iq_unused)
{
	struct joined x = { .facts = { profile("1", 10, SEND),
				       profile("2", 20, SEND),
				       profile("3", 30, SEND) } };

	joined_judge(&x);
	assert_non_null(joined_found(&x, "growing-goroutines"));
	assert_null(joined_found(&x, "leaked-goroutine"));
	joined_deinit(&x);
}

static void
test_what_the_runtime_condemns_does_not_give_way(void **state iq_unused)
{
	struct joined x = { .facts = { dump(), dump(), dump() } };

	for (unsigned i = 0; i < 3; i++)
		add(x.facts[i], 20, 10 * (i + 1), "chan send", SEND, 1);
	for (size_t i = 0; i < x.facts[2]->goroutines.len; i++)
		x.facts[2]->goroutines.data[i].leaked = true;
	joined_judge(&x);
	assert_int_equal(joined_found(&x, "leaked-goroutine")->severity,
			 IQ_SEVERITY_ERROR);
	assert_null(joined_found(&x, "growing-goroutines"));
	joined_deinit(&x);
}

/* ---- wakes */

/* A trace of six seconds in which @served waits at @stack ended, each after a
 * millisecond, and that of goroutine 20 began after @since seconds. */
static struct iq_facts *trace(const char *state, const char *stack,
			      uint64_t served, int64_t since)
{
	struct iq_facts *facts =
		facts_new_trace("trace", 10 * SECOND, 16 * SECOND);
	const struct iq_trace_goroutine *g =
		facts_traced(facts, 20, state, stack, (10 + since) * SECOND);
	struct iq_trace_site *site =
		iq_arena_calloc(&facts->arena, 1, sizeof(*site));
	// Made by facts_new_trace(), which knows it as no const.
	struct iq_trace *t = (struct iq_trace *)(uintptr_t)facts->trace;

	assert_non_null(site);
	*site = (struct iq_trace_site){
		.reason = g->last_reason,
		.stack = g->last_stack,
		.count = served + 1,
		.num_open = 1,
		.total_ns = (int64_t)served * 1000000 + (6 - since) * SECOND,
		.longest_ns = (6 - since) * SECOND,
	};
	t->sites = site;
	t->num_sites = 1;
	return facts;
}

static void test_who_is_passed_over_was_never_woken(void **state iq_unused)
{
	struct joined x = { .facts = { trace("chan send", SEND, 500, 1) } };
	const struct iq_finding *f;

	joined_judge(&x);
	f = joined_found(&x, "never-woken");
	assert_non_null(f);
	assert_int_equal(f->count, 1);
	assert_int_equal(f->severity, IQ_SEVERITY_WARNING);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_SUSPECTED);
	assert_non_null(strstr(f->ground.ptr, "500 waits"));
	assert_non_null(strstr(f->ground.ptr, "1.0 ms"));
	joined_deinit(&x);
}

static void test_a_core_that_has_it_there_agrees(void **state iq_unused)
{
	struct joined x = {
		.facts = { facts_new(IQ_WITNESS_CORE, "core"),
			   trace("chan send", SEND, 500, 1) },
	};
	const struct iq_finding *f;

	add(x.facts[0], 20, 1, "chan send", SEND, 1);
	joined_judge(&x);
	f = joined_found(&x, "never-woken");
	assert_non_null(f);
	assert_int_equal(f->confidence, IQ_CONFIDENCE_CORROBORATED);
	assert_int_equal(x.model->verdict.word, IQ_VERDICT_STUCK);
	joined_deinit(&x);
}

static void test_who_may_wait_for_what_is_rare_is_a_note(void **state iq_unused)
{
	struct joined x = { .facts = {
				    trace("chan receive", RECEIVE, 500, 1) } };

	joined_judge(&x);
	assert_int_equal(joined_found(&x, "never-woken")->severity,
			 IQ_SEVERITY_NOTE);
	joined_deinit(&x);
}

static void test_a_queue_is_served_in_time(void **state iq_unused)
{
	const struct {
		const char *state;
		const char *stack;
		uint64_t served;
		int64_t since;
	} quiet[] = {
		// Nobody else was served.
		{ "chan send", SEND, 3, 1 },
		// Less than half of the trace.
		{ "chan send", SEND, 500, 4 },
		// A select may have a time limit.
		{ "select", SELECT, 500, 1 },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(quiet); i++) {
		struct joined x = {
			.facts = { trace(quiet[i].state, quiet[i].stack,
					 quiet[i].served, quiet[i].since) },
		};

		joined_judge(&x);
		assert_null(joined_found(&x, "never-woken"));
		joined_deinit(&x);
	}
}

static void test_senders_that_are_served_are_no_leak(void **state iq_unused)
{
	struct joined x = { .facts = { profile("p", 20, SEND),
				       trace("chan send", SEND, 500, 5) } };
	struct joined alone = { .facts = { profile("p", 20, SEND) } };

	joined_judge(&x);
	assert_null(joined_found(&x, "leaked-goroutine"));
	joined_deinit(&x);
	joined_judge(&alone);
	assert_non_null(joined_found(&alone, "leaked-goroutine"));
	joined_deinit(&alone);
}

/* ---- locks */

/* A dump, and a trace that has its waiter parked since second @since and saw
 * @served waits there end. */
static void check_lock(uint64_t served, int64_t since, const char *dumped,
		       bool is_finding)
{
	struct joined x = {
		.facts = { dump(),
			   trace("sync.Mutex.Lock", LOCK, served, since) },
	};

	add(x.facts[0], 20, 1, dumped, dumped[0] == 's' ? LOCK : RECEIVE, 1);
	// Something runs: the dump alone is no sign.
	facts_add(x.facts[0], 30, "running", "main.work main.go:99" GOEXIT);
	joined_judge(&x);
	assert_int_equal(joined_found(&x, "lock-wait") != NULL, is_finding);
	joined_deinit(&x);
}

static void test_a_wait_that_a_trace_saw_counts_for_a_dump(void **s iq_unused)
{
	check_lock(0, 1, "sync.Mutex.Lock", true);
	// Parked as the trace ended; elsewhere in the dump.
	check_lock(0, 6, "sync.Mutex.Lock", false);
	check_lock(0, 1, "chan receive", false);
}

static void test_locks_that_change_hands_are_no_finding(void **state iq_unused)
{
	check_lock(2000, 6, "sync.Mutex.Lock", false);
	// It has waited so much longer than the others.
	check_lock(2000, 1, "sync.Mutex.Lock", true);
}

static void test_without_a_trace_wakes_are_not_run(void **state iq_unused)
{
	struct joined x = { .facts = { dump() } };
	bool not_run = false;

	add(x.facts[0], 20, 1, "select", SELECT, 1);
	joined_judge(&x);
	for (size_t i = 0; i < x.model->num_not_run; i++)
		not_run |= !strcmp(x.model->not_run[i].rule, "never-woken");
	assert_true(not_run);
	joined_deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listeners_made_by_requests_are_leaked),
		cmocka_unit_test(test_acceptors_that_one_started_are_a_pool),
		cmocka_unit_test(test_acceptors_of_unknown_makers_are_a_pool),
		cmocka_unit_test(test_handlers_that_accept_are_leaked),
		cmocka_unit_test(test_a_few_acceptors_are_no_leak),
		cmocka_unit_test(test_acceptors_of_a_busy_server_are_young),
		cmocka_unit_test(test_accept_loops_that_become_more_are_leaked),
		cmocka_unit_test(test_accept_in_the_system_call_is_stuck),
		cmocka_unit_test(test_accept_that_was_just_called_is_not_stuck),
		cmocka_unit_test(test_readers_that_are_awaited_wait_for_a_peer),
		cmocka_unit_test(test_peers_are_named),
		cmocka_unit_test(
			test_readers_that_nobody_must_wait_for_are_idle),
		cmocka_unit_test(
			test_who_ranges_over_lines_serves_an_idle_peer),
		cmocka_unit_test(test_an_answer_on_its_way_is_no_finding),
		cmocka_unit_test(
			test_a_writer_waits_for_a_peer_that_does_not_read),
		cmocka_unit_test(test_a_stack_that_grows_is_a_leak),
		cmocka_unit_test(test_two_profiles_give_a_note),
		cmocka_unit_test(test_a_burst_and_a_full_pool_give_nothing),
		cmocka_unit_test(test_other_goroutines_each_time_are_traffic),
		cmocka_unit_test(test_connections_that_become_more_are_a_note),
		cmocka_unit_test(test_growth_outranks_a_number),
		cmocka_unit_test(
			test_what_the_runtime_condemns_does_not_give_way),
		cmocka_unit_test(test_who_is_passed_over_was_never_woken),
		cmocka_unit_test(test_a_core_that_has_it_there_agrees),
		cmocka_unit_test(test_who_may_wait_for_what_is_rare_is_a_note),
		cmocka_unit_test(test_a_queue_is_served_in_time),
		cmocka_unit_test(test_senders_that_are_served_are_no_leak),
		cmocka_unit_test(
			test_a_wait_that_a_trace_saw_counts_for_a_dump),
		cmocka_unit_test(test_locks_that_change_hands_are_no_finding),
		cmocka_unit_test(test_without_a_trace_wakes_are_not_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
