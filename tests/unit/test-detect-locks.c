/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rules say of locks: who holds them, and who stands behind whom.
 */
#include "detect/detector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "facts-builder.h"
#include "joined.h"
#include "model/graph.h"
#include "model/model.h"
#include "model/object.h"

#define GOEXIT ";runtime.goexit asm.s:1"
#define PARK "runtime.gopark proc.go:1;"
#define LOCK PARK "sync.(*Mutex).Lock mutex.go:46;"

static struct iq_goroutine_fact *add_waiter(struct iq_facts *facts, uint64_t id,
					    uint64_t lock, const char *stack)
{
	struct iq_goroutine_fact *g =
		facts_add(facts, id, "sync.Mutex.Lock", stack);

	facts_waits(facts, g, IQ_WAIT_MUTEX, lock);
	return g;
}

static void add_mention(struct iq_facts *facts, uint64_t lock,
			uint32_t goroutine, uint32_t frame)
{
	struct iq_reference_fact ref = {
		.object = lock,
		.goroutine = goroutine,
		.frame = frame,
	};

	assert_true(iq_vec_push(&facts->references, ref));
}

static void test_locks_in_a_circle_are_a_cycle(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };
	const struct iq_finding *f;

	(void)state;
	add_waiter(x.facts[0], 7, 0xa0, LOCK "main.transfer main.go:26" GOEXIT);
	add_waiter(x.facts[0], 8, 0xb0, LOCK "main.transfer main.go:26" GOEXIT);
	add_mention(x.facts[0], 0xb0, 0, 2);
	add_mention(x.facts[0], 0xa0, 1, 2);
	joined_judge(&x);
	f = joined_found(&x, "deadlock-cycle");
	assert_non_null(f);
	assert_int_equal(f->num_goroutines, 2);
	assert_int_equal(f->num_victims, 0);
	assert_null(joined_found(&x, "deadlock-self"));
	// They only mention the locks.
	assert_true(f->mere);
	assert_null(joined_found(&x, "lock-wait"));
	joined_deinit(&x);
}

static void test_circle_of_deferred_unlocks_has_its_queue(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };
	const struct iq_finding *f;

	(void)state;
	add_waiter(x.facts[0], 7, 0xa0, LOCK "main.transfer main.go:38" GOEXIT);
	add_waiter(x.facts[0], 8, 0xb0, LOCK "main.transfer main.go:38" GOEXIT);
	// It wants both, and its first one is another's.
	add_waiter(x.facts[0], 9, 0xc0, LOCK "main.transfer main.go:35" GOEXIT);
	add_waiter(x.facts[0], 10, 0xa0,
		   LOCK "main.transfer main.go:35" GOEXIT);
	add_mention(x.facts[0], 0xb0, 0, 2);
	add_mention(x.facts[0], 0xa0, 1, 2);
	add_mention(x.facts[0], 0xb0, 3, 2);
	add_mention(x.facts[0], 0xa0, 2, 2);
	x.facts[0]->references.data[0].unlocks = true;
	x.facts[0]->references.data[1].unlocks = true;
	joined_judge(&x);
	f = joined_found(&x, "deadlock-cycle");
	assert_non_null(f);
	assert_int_equal(f->num_goroutines, 2);
	assert_false(f->mere);
	assert_non_null(strstr(f->ground.ptr, "has deferred the Unlock of"));
	joined_deinit(&x);
}

static void test_second_lock_wanted_is_not_held(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };

	(void)state;
	add_waiter(x.facts[0], 7, 0xb0, LOCK "main.transfer main.go:38" GOEXIT);
	add_waiter(x.facts[0], 8, 0xa0, LOCK "main.transfer main.go:35" GOEXIT);
	add_mention(x.facts[0], 0xa0, 0, 2);
	add_mention(x.facts[0], 0xb0, 1, 2);
	x.facts[0]->references.data[0].unlocks = true;
	joined_judge(&x);
	assert_null(joined_found(&x, "deadlock-cycle"));
	// Who holds 0xb0 is not known: the locks may change hands.
	assert_null(joined_found(&x, "lock-wait"));
	joined_deinit(&x);
}

static void test_circle_of_mentions_wants_no_newcomer(void **state)
{
	for (int old = 0; old < 2; old++) {
		struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE,
							 "core") } };
		struct iq_goroutine_fact *g;

		(void)state;
		add_waiter(x.facts[0], 7, 0xa0,
			   LOCK "main.transfer main.go:26" GOEXIT);
		g = add_waiter(x.facts[0], 8, 0xb0,
			       LOCK "main.transfer main.go:26" GOEXIT);
		g->has_wait_max = true;
		g->wait_max_ns = old ? 4000000000 : 40000000;
		add_mention(x.facts[0], 0xb0, 0, 2);
		add_mention(x.facts[0], 0xa0, 1, 2);
		joined_judge(&x);
		assert_int_equal(joined_found(&x, "deadlock-cycle") != NULL,
				 old);
		joined_deinit(&x);
	}
}

/* Two that mention a lock each; a sleeper has the struct of one, if @open. */
static void circle_of_mentions(struct joined *x, bool open, int64_t waited)
{
	struct iq_goroutine_fact *g;

	*x = (struct joined){ .facts = { facts_new(IQ_WITNESS_CORE, "core") } };
	facts_add(x->facts[0], 5, "sleep", PARK "main.flush main.go:54" GOEXIT);
	for (uint64_t id = 7; id < 9; id++) {
		g = add_waiter(x->facts[0], id, id == 7 ? 0xa0 : 0xb0,
			       LOCK "main.transfer main.go:26" GOEXIT);
		g->has_wait_min = true;
		g->wait_min_ns = waited;
	}
	add_mention(x->facts[0], 0xb0, 1, 2);
	add_mention(x->facts[0], 0xa0, 2, 2);
	if (open) {
		add_mention(x->facts[0], 0xa0, 0, 1);
		x->facts[0]->references.data[2].via = 0x90;
	}
	joined_judge(x);
}

static void test_circle_of_mentions_wants_no_other_who_can_go_on(void **state)
{
	for (int open = 0; open < 2; open++) {
		struct joined x;

		(void)state;
		circle_of_mentions(&x, open, 2000000000);
		assert_int_equal(x.model->graph->num_cycles, !open);
		assert_int_equal(
			x.model->graph->nodes[0].holder == IQ_GRAPH_NONE, open);
		joined_deinit(&x);
	}
}

static void test_circle_of_mentions_has_to_last(void **state)
{
	struct joined x;

	(void)state;
	circle_of_mentions(&x, false, 20000000);
	assert_int_equal(x.model->graph->num_cycles, 0);
	joined_deinit(&x);
}

static void test_queue_for_one_lock_is_no_cycle(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };

	(void)state;
	for (uint64_t id = 7; id < 10; id++) {
		add_waiter(x.facts[0], id, 0xa0,
			   LOCK "main.get main.go:26" GOEXIT);
		add_mention(x.facts[0], 0xa0, (uint32_t)id - 7, 2);
	}
	facts_add(x.facts[0], 20, "running", "main.refresh main.go:9" GOEXIT);
	add_mention(x.facts[0], 0xa0, 3, 0);
	joined_judge(&x);
	assert_null(joined_found(&x, "deadlock-cycle"));
	assert_null(joined_found(&x, "deadlock-self"));
	// Who holds it runs: the wait passes.
	assert_null(joined_found(&x, "lock-wait"));
	joined_deinit(&x);
}

static void test_lock_mentioned_by_caller_is_held_by_itself(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };
	const struct iq_finding *f;

	(void)state;
	add_waiter(x.facts[0], 7, 0xa0,
		   LOCK "main.get main.go:26;main.update main.go:20" GOEXIT);
	add_mention(x.facts[0], 0xa0, 0, 3);
	joined_judge(&x);
	f = joined_found(&x, "deadlock-self");
	assert_non_null(f);
	assert_int_equal(f->site->line, 26);
	joined_deinit(&x);
}

static void test_wrapper_that_passes_a_lock_does_not_hold_it(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };

	(void)state;
	add_waiter(x.facts[0], 7, 0xa0,
		   LOCK "main.main.gowrap1 main.go:20" GOEXIT);
	add_mention(x.facts[0], 0xa0, 0, 2);
	joined_judge(&x);
	assert_null(joined_found(&x, "deadlock-self"));
	joined_deinit(&x);
}

static void test_waiters_stand_behind_the_holder(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core"),
				       facts_new(IQ_WITNESS_DUMP, "dump") } };
	const struct iq_finding *f;

	(void)state;
	for (size_t w = 0; w < 2; w++) {
		facts_add(x.facts[w], 5, "chan receive (nil chan)",
			  PARK "main.refresh main.go:54" GOEXIT);
		for (uint64_t id = 7; id < 10; id++)
			add_waiter(x.facts[w], id, 0xa0,
				   LOCK "main.get main.go:26" GOEXIT);
	}
	add_mention(x.facts[0], 0xa0, 0, 1);
	joined_judge(&x);
	f = joined_found(&x, "nil-channel");
	assert_int_equal(f->num_victims, 3);
	assert_int_equal(f->victims_site->line, 26);
	// The root stands before its victims.
	assert_int_equal(f->id, 1);
	assert_non_null(joined_found(&x, "lock-wait"));
	joined_deinit(&x);
}

static void test_victims_are_counted_through_chains(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };
	const struct iq_finding *root, *queue;

	(void)state;
	facts_add(x.facts[0], 5, "chan receive (nil chan)",
		  PARK "main.refresh main.go:54" GOEXIT);
	add_waiter(x.facts[0], 7, 0xa0, LOCK "main.both main.go:26" GOEXIT);
	for (uint64_t id = 8; id < 10; id++)
		add_waiter(x.facts[0], id, 0xb0,
			   LOCK "main.get main.go:36" GOEXIT);
	add_mention(x.facts[0], 0xa0, 0, 1);
	add_mention(x.facts[0], 0xb0, 1, 2);
	x.facts[0]->references.data[0].unlocks = true;
	x.facts[0]->references.data[1].unlocks = true;
	joined_judge(&x);
	root = joined_found(&x, "nil-channel");
	assert_int_equal(root->num_victims, 3);
	queue = joined_found(&x, "lock-wait");
	assert_non_null(queue);
	assert_int_equal(queue->num_victims, 2);
	assert_true(root->id < queue->id);
	joined_deinit(&x);
}

static void test_a_wait_for_its_own_done_is_a_deadlock(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };
	struct iq_goroutine_fact *g;

	(void)state;
	g = facts_add(x.facts[0], 7, "sync.WaitGroup.Wait",
		      PARK "sync.(*WaitGroup).Wait wg.go:1;"
			   "main.close main.go:26;main.serve main.go:9" GOEXIT);
	facts_waits(x.facts[0], g, IQ_WAIT_WAITGROUP, 0xa0);
	add_mention(x.facts[0], 0xa0, 0, 3);
	x.facts[0]->references.data[0].wakes = true;
	joined_judge(&x);
	assert_non_null(joined_found(&x, "deadlock-self"));
	assert_string_equal(joined_found(&x, "deadlock-self")->ground.ptr,
			    "main.serve main.go:9 has deferred the Done that "
			    "it waits for");
	joined_deinit(&x);
}

static void test_a_convoy_is_a_note_until_it_lasts(void **state)
{
	for (int old = 0; old < 2; old++) {
		struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE,
							 "core") } };
		const struct iq_finding *f;

		(void)state;
		facts_add(x.facts[0], 5, "sleep",
			  PARK "main.refresh main.go:54" GOEXIT);
		for (uint64_t id = 7; id < 11; id++) {
			struct iq_goroutine_fact *g =
				add_waiter(x.facts[0], id, 0xa0,
					   LOCK "main.get main.go:26" GOEXIT);

			g->has_wait_min = true;
			g->wait_min_ns = old ? 20000000000 : 2000000000;
		}
		add_mention(x.facts[0], 0xa0, 0, 1);
		x.facts[0]->references.data[0].unlocks = true;
		joined_judge(&x);
		f = joined_found(&x, "lock-convoy");
		assert_non_null(f);
		assert_int_equal(f->num_victims, 4);
		assert_int_equal(f->severity,
				 old ? IQ_SEVERITY_WARNING : IQ_SEVERITY_NOTE);
		assert_null(joined_found(&x, "lock-wait"));
		joined_deinit(&x);
	}
}

static void
test_a_convoy_with_victims_that_have_findings_is_their_root(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };

	(void)state;
	facts_add(x.facts[0], 5, "sleep",
		  PARK "main.refresh main.go:54" GOEXIT);
	for (uint64_t id = 7; id < 12; id++) {
		struct iq_goroutine_fact *g =
			add_waiter(x.facts[0], id, id == 7 ? 0xa0 : 0xb0,
				   id == 7 ? LOCK "main.fill main.go:9" GOEXIT :
					     LOCK "main.get main.go:26" GOEXIT);

		g->has_wait_min = true;
		g->wait_min_ns = 2000000000;
	}
	add_mention(x.facts[0], 0xa0, 0, 1);
	add_mention(x.facts[0], 0xb0, 1, 2);
	x.facts[0]->references.data[0].unlocks = true;
	x.facts[0]->references.data[1].unlocks = true;
	joined_judge(&x);
	assert_non_null(joined_found(&x, "lock-wait"));
	assert_non_null(strstr(joined_found(&x, "lock-wait")->title.ptr,
			       "a lock that goroutine 7 holds"));
	assert_int_equal(joined_found(&x, "lock-convoy")->severity,
			 IQ_SEVERITY_WARNING);
	assert_int_equal(joined_found(&x, "lock-convoy")->id, 1);
	joined_deinit(&x);
}

static void test_who_shares_a_lock_out_is_not_its_holder(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };
	const struct iq_finding *f;

	(void)state;
	facts_add(x.facts[0], 1, "sync.WaitGroup.Wait",
		  PARK "main.main main.go:52" GOEXIT);
	facts_add(x.facts[0], 5, "chan receive",
		  PARK "main.refresh main.go:22" GOEXIT);
	for (uint64_t id = 7; id < 10; id++)
		add_waiter(x.facts[0], id, 0xa0,
			   LOCK "main.get main.go:26" GOEXIT);
	add_mention(x.facts[0], 0xa0, 0, 1);
	add_mention(x.facts[0], 0xa0, 1, 1);
	joined_judge(&x);
	f = joined_found(&x, "lock-wait");
	assert_non_null(f);
	assert_string_equal(f->ground.ptr,
			    "goroutine 5 mentions the lock in main.refresh "
			    "main.go:22 and stands in chan receive");
	joined_deinit(&x);
}

static void test_creator_of_waiters_is_not_named(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };
	const struct iq_finding *f;

	(void)state;
	facts_add(x.facts[0], 5, "chan receive",
		  PARK "main.serve main.go:22" GOEXIT);
	for (uint64_t id = 7; id < 10; id++)
		facts_created(x.facts[0],
			      add_waiter(x.facts[0], id, 0xa0,
					 LOCK "main.get main.go:26" GOEXIT),
			      5, "main.serve main.go:20");
	add_mention(x.facts[0], 0xa0, 0, 1);
	joined_judge(&x);
	f = joined_found(&x, "lock-wait");
	assert_non_null(f);
	assert_string_equal(f->ground.ptr, "who holds the lock cannot be told");
	joined_deinit(&x);
}

static void test_deferred_unlock_outweighs_other_mentions(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };

	(void)state;
	facts_add(x.facts[0], 5, "chan receive",
		  PARK "main.watch main.go:22" GOEXIT);
	facts_add(x.facts[0], 6, "IO wait",
		  PARK "main.query main.go:27;main.load main.go:41" GOEXIT);
	for (uint64_t id = 7; id < 10; id++)
		add_waiter(x.facts[0], id, 0xa0,
			   LOCK "main.get main.go:26" GOEXIT)
			->wait_min_ns = 2000000000;
	add_mention(x.facts[0], 0xa0, 0, 1);
	add_mention(x.facts[0], 0xa0, 1, 2);
	x.facts[0]->references.data[1].unlocks = true;
	for (size_t i = 2; i < 5; i++)
		x.facts[0]->goroutines.data[i].has_wait_min = true;
	joined_judge(&x);
	// Its holder waits for I/O: the wait passes, however old.
	assert_null(joined_found(&x, "lock-wait"));
	joined_deinit(&x);
}

static void test_one_waiter_without_a_holder_must_be_old(void **state)
{
	for (int old = 0; old < 2; old++) {
		struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE,
							 "core") } };
		struct iq_goroutine_fact *g = add_waiter(
			x.facts[0], 7, 0xa0, LOCK "main.get main.go:26" GOEXIT);

		(void)state;
		g->has_wait_min = true;
		g->wait_min_ns = old ? 2000000000 : 2000000;
		joined_judge(&x);
		assert_int_equal(joined_found(&x, "lock-wait") != NULL, old);
		joined_deinit(&x);
	}
}

static void test_main_that_sleeps_hides_no_self_deadlock(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };

	(void)state;
	facts_add(x.facts[0], 1, "sleep", PARK "main.main main.go:80" GOEXIT);
	add_waiter(x.facts[0], 7, 0xa0,
		   LOCK "main.inner main.go:31;main.relock main.go:28" GOEXIT);
	add_mention(x.facts[0], 0xa0, 0, 1);
	add_mention(x.facts[0], 0xa0, 1, 3);
	joined_judge(&x);
	assert_non_null(joined_found(&x, "deadlock-self"));
	joined_deinit(&x);
}

static void test_holder_that_sleeps_is_no_self_deadlock(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };

	(void)state;
	facts_add(x.facts[0], 5, "sleep", PARK "main.load main.go:80" GOEXIT);
	add_waiter(x.facts[0], 7, 0xa0,
		   LOCK "main.get main.go:31;main.handle main.go:28" GOEXIT);
	add_mention(x.facts[0], 0xa0, 0, 1);
	add_mention(x.facts[0], 0xa0, 1, 3);
	joined_judge(&x);
	assert_null(joined_found(&x, "deadlock-self"));
	joined_deinit(&x);
}

static void test_self_with_deferred_unlock_stands_out_of_a_queue(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };
	const struct iq_finding *f;

	(void)state;
	for (uint64_t id = 7; id < 10; id++) {
		add_waiter(x.facts[0], id, 0xa0,
			   LOCK
			   "main.get main.go:31;main.handle main.go:28" GOEXIT);
		add_mention(x.facts[0], 0xa0, (uint32_t)id - 7, 3);
	}
	x.facts[0]->references.data[1].unlocks = true;
	joined_judge(&x);
	f = joined_found(&x, "deadlock-self");
	assert_non_null(f);
	assert_int_equal(x.model->goroutines[f->goroutines[0]].id, 8);
	joined_deinit(&x);
}

/* Two that have deferred the Unlock of what the other waits for. */
static void add_circle(struct iq_facts *facts)
{
	add_waiter(facts, 7, 0xa0, LOCK "main.transfer main.go:38" GOEXIT);
	add_waiter(facts, 8, 0xb0, LOCK "main.transfer main.go:38" GOEXIT);
	add_mention(facts, 0xb0, 0, 2);
	add_mention(facts, 0xa0, 1, 2);
	facts->references.data[0].unlocks = true;
	facts->references.data[1].unlocks = true;
}

static void test_a_lock_that_memory_shows_free_closes_no_circle(void **state)
{
	for (int locked = 0; locked < 2; locked++) {
		struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE,
							 "core") } };
		struct iq_object object = {
			.kind = IQ_WAIT_MUTEX,
			.address = 0xa0,
			.is_read = true,
			.mutex = { .locked = locked },
		};

		(void)state;
		add_circle(x.facts[0]);
		((struct iq_wait *)x.facts[0]->goroutines.data[0].waits)
			->object = &object;
		joined_judge(&x);
		assert_int_equal(joined_found(&x, "deadlock-cycle") != NULL,
				 locked);
		joined_deinit(&x);
	}
}

static void test_who_runs_and_mentions_a_lock_opens_the_circle(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };

	(void)state;
	add_circle(x.facts[0]);
	facts_add(x.facts[0], 9, "running", "main.count main.go:9" GOEXIT);
	add_mention(x.facts[0], 0xa0, 2, 0);
	joined_judge(&x);
	assert_null(joined_found(&x, "deadlock-cycle"));
	joined_deinit(&x);
}

/* "defer mu.Unlock()", and an Unlock and a Lock below it: or a loop over it. */
static void test_a_function_that_locks_again_may_have_unlocked(void **state)
{
	for (int others = 0; others < 2; others++) {
		struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE,
							 "core") } };

		(void)state;
		add_waiter(x.facts[0], 7, 0xa0,
			   LOCK "main.serve main.go:38" GOEXIT);
		add_mention(x.facts[0], 0xa0, 0, 2);
		x.facts[0]->references.data[0].unlocks = true;
		if (others) {
			facts_add(x.facts[0], 9, "sleep",
				  PARK "main.count main.go:9" GOEXIT);
			add_mention(x.facts[0], 0xa0, 1, 1);
		}
		joined_judge(&x);
		assert_int_equal(joined_found(&x, "deadlock-self") != NULL,
				 !others);
		joined_deinit(&x);
	}
}

/* What is surer, or worse, stands first; but not before what keeps it. */
static void test_a_root_stands_before_surer_victims(void **state)
{
	struct joined x = { .facts = { facts_new(IQ_WITNESS_CORE, "core") } };
	const struct iq_finding *root, *behind;
	struct iq_goroutine_fact *g;
	size_t index;

	(void)state;
	g = facts_add(x.facts[0], 5, "chan send",
		      PARK "runtime.chansend1 chan.go:1;"
			   "main.child main.go:54" GOEXIT);
	g->has_wait_min = true;
	g->wait_min_ns = 70000000000;
	add_mention(x.facts[0], 0xa0, 0, 2);
	x.facts[0]->references.data[0].wakes = true;
	g = facts_add(x.facts[0], 7, "sync.WaitGroup.Wait",
		      PARK "sync.(*WaitGroup).Wait wg.go:1;"
			   "main.parent main.go:26" GOEXIT);
	facts_waits(x.facts[0], g, IQ_WAIT_WAITGROUP, 0xa0);
	joined_make(&x);
	assert_true(iq_model_goroutine(x.model, 7, &index));
	x.model->goroutines[index].reach = IQ_REACH_UNREACHABLE;
	assert_null(iq_detectors_run(x.model));
	assert_int_equal(x.model->num_findings, 2);
	root = &x.model->findings[0];
	behind = &x.model->findings[1];
	assert_true(root->confidence < behind->confidence);
	assert_int_equal(root->site->line, 54);
	assert_int_equal(root->num_victims, 1);
	assert_int_equal(behind->site->line, 26);
	joined_deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_locks_in_a_circle_are_a_cycle),
		cmocka_unit_test(test_circle_of_deferred_unlocks_has_its_queue),
		cmocka_unit_test(test_second_lock_wanted_is_not_held),
		cmocka_unit_test(test_circle_of_mentions_wants_no_newcomer),
		cmocka_unit_test(
			test_circle_of_mentions_wants_no_other_who_can_go_on),
		cmocka_unit_test(test_circle_of_mentions_has_to_last),
		cmocka_unit_test(test_queue_for_one_lock_is_no_cycle),
		cmocka_unit_test(
			test_lock_mentioned_by_caller_is_held_by_itself),
		cmocka_unit_test(
			test_wrapper_that_passes_a_lock_does_not_hold_it),
		cmocka_unit_test(test_waiters_stand_behind_the_holder),
		cmocka_unit_test(test_victims_are_counted_through_chains),
		cmocka_unit_test(test_a_wait_for_its_own_done_is_a_deadlock),
		cmocka_unit_test(test_a_convoy_is_a_note_until_it_lasts),
		cmocka_unit_test(
			test_a_convoy_with_victims_that_have_findings_is_their_root),
		cmocka_unit_test(test_who_shares_a_lock_out_is_not_its_holder),
		cmocka_unit_test(test_creator_of_waiters_is_not_named),
		cmocka_unit_test(test_deferred_unlock_outweighs_other_mentions),
		cmocka_unit_test(test_one_waiter_without_a_holder_must_be_old),
		cmocka_unit_test(test_main_that_sleeps_hides_no_self_deadlock),
		cmocka_unit_test(test_holder_that_sleeps_is_no_self_deadlock),
		cmocka_unit_test(
			test_self_with_deferred_unlock_stands_out_of_a_queue),
		cmocka_unit_test(
			test_a_lock_that_memory_shows_free_closes_no_circle),
		cmocka_unit_test(
			test_who_runs_and_mentions_a_lock_opens_the_circle),
		cmocka_unit_test(
			test_a_function_that_locks_again_may_have_unlocked),
		cmocka_unit_test(test_a_root_stands_before_surer_victims),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
