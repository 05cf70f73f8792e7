/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/wait_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// cmocka wants those above.
#include <cmocka.h>

#define SECOND 1000000000ll
#define NOW (1000 * SECOND)

/* What is said of @wait at NOW. */
static void says(const struct iq_wait *wait, const char *want)
{
	struct iq_wait_words words = {
		.utf8 = true, .full = true, .has_now = true, .now_ns = NOW
	};
	struct iq_out out;

	iq_out_init_memory(&out);
	words.out = &out;
	iq_wait_words_does(&words, wait);
	iq_out_char(&out, '\0');
	assert_int_equal(out.err, 0);
	assert_string_equal(out.buf, want);
	iq_out_deinit(&out);
}

static struct iq_wait on(const struct iq_object *object, enum iq_wait_op op)
{
	return (struct iq_wait){
		.kind = object->kind,
		.op = op,
		.has_address = true,
		.address = 0xc000000010,
		.object = object,
	};
}

static void test_channels_say_what_they_hold_and_who_waits(void **state)
{
	struct iq_object o = {
		.kind = IQ_WAIT_CHAN,
		.is_read = true,
		.chan = { .elem_type = IQ_STR("main.quote"),
			  .has_queues = true,
			  .num_senders = 3 },
	};
	struct iq_wait wait = on(&o, IQ_OP_SEND);

	(void)state;
	says(&wait, "waits to send on chan main.quote 0xc000000010, 0 of 0, 3 "
		    "senders");
	o.chan.cap = o.chan.len = 4;
	o.chan.closed = true;
	o.chan.has_queues = false;
	says(&wait, "waits to send on chan main.quote 0xc000000010, 4 of 4, "
		    "closed");
	o.is_read = false;
	says(&wait, "waits to send on chan 0xc000000010");
}

static void test_timers_say_when_they_fire(void **state)
{
	struct iq_object o = {
		.kind = IQ_WAIT_CHAN,
		.is_read = true,
		.chan = { .timer = true,
			  .when = { .is_set = true, .ns = NOW + 3 * SECOND } },
	};
	struct iq_wait wait = on(&o, IQ_OP_RECEIVE);

	(void)state;
	says(&wait, "waits to receive from Timer's chan 0xc000000010, fires in "
		    "<=3.0s");
	o.chan.period_ns = SECOND;
	o.chan.when.ns = NOW - SECOND;
	says(&wait, "waits to receive from Ticker's chan 0xc000000010, every "
		    "1.0s, was to fire >=1.0s ago");
	o.chan.when.is_set = false;
	o.chan.period_ns = 0;
	says(&wait, "waits to receive from Timer's chan 0xc000000010, stopped");
}

static void test_locks_say_who_has_them(void **state)
{
	struct iq_object mutex = {
		.kind = IQ_WAIT_MUTEX,
		.is_read = true,
		.mutex = { .locked = true, .num_waiters = 12 },
	};
	struct iq_object rw = {
		.kind = IQ_WAIT_RWMUTEX,
		.is_read = true,
		.rwmutex = { .pending = true,
			     .num_readers = 3,
			     .num_awaited = 2 },
	};
	struct iq_wait wait = on(&mutex, IQ_OP_LOCK);

	(void)state;
	says(&wait, "waits to lock Mutex 0xc000000010, locked, 12 wait");
	mutex.mutex = (struct iq_mutex_object){ .starving = true };
	says(&wait, "waits to lock Mutex 0xc000000010, not locked, starving");
	wait = on(&rw, IQ_OP_RLOCK);
	says(&wait, "waits to read-lock RWMutex 0xc000000010, a writer waits "
		    "for 2 readers");
	rw.rwmutex.num_awaited = 0;
	says(&wait,
	     "waits to read-lock RWMutex 0xc000000010, locked by a writer");
	rw.rwmutex.pending = false;
	wait.op = IQ_OP_LOCK;
	says(&wait, "waits to write-lock RWMutex 0xc000000010, 3 readers");
}

static void test_groups_and_conditions_say_their_counts(void **state)
{
	struct iq_object group = {
		.kind = IQ_WAIT_WAITGROUP,
		.is_read = true,
		.waitgroup = { .counter = -2 },
	};
	// Tickets have wrapped around.
	struct iq_object cond = {
		.kind = IQ_WAIT_COND,
		.is_read = true,
		.cond = { .wait = 1, .notify = UINT32_MAX },
	};
	struct iq_wait wait = on(&group, IQ_OP_WAIT);

	(void)state;
	says(&wait, "waits for WaitGroup 0xc000000010, counter -2");
	wait = on(&cond, IQ_OP_WAIT);
	says(&wait, "waits for Cond 0xc000000010, 2 wait");
}

static void test_connections_say_their_peer_and_deadline(void **state)
{
	struct iq_object o = {
		.kind = IQ_WAIT_FD,
		.is_read = true,
		.fd = { .kind = IQ_FD_CONNECTION,
			.has_fd = true,
			.fd = 7,
			.local = IQ_STR("10.0.0.1:4000"),
			.remote = IQ_STR("10.0.0.7:5432"),
			.read_deadline = { .kind = IQ_DEADLINE_NONE },
			.write_deadline = { .kind = IQ_DEADLINE_SET,
					    .ns = NOW + SECOND } },
	};
	struct iq_wait wait = on(&o, IQ_OP_READ);

	(void)state;
	says(&wait, "waits to read 10.0.0.7:5432 (fd 7, no deadline)");
	wait.op = IQ_OP_WRITE;
	says(&wait, "waits to write 10.0.0.7:5432 (fd 7, deadline in <=1.0s)");
	o.fd.kind = IQ_FD_LISTENER;
	o.fd.read_deadline.kind = IQ_DEADLINE_EXPIRED;
	o.fd.closing = true;
	wait.op = IQ_OP_ACCEPT;
	says(&wait, "waits to accept 10.0.0.1:4000 (fd 7, deadline over, being "
		    "closed)");
}

static void test_calls_say_their_arguments(void **state)
{
	struct iq_syscall_fact call = {
		.has_number = true,
		.number = 202,
		.name = "futex",
		.num_args = 2,
		.args = { 0xc000000148, 0x80 },
		.has_result = true,
		.result = -110,
	};
	struct iq_cgo_fact cgo = {
		.function = IQ_STR("_cgo_0123456789ab_Cfunc_getaddrinfo"),
	};
	struct iq_wait wait = { .kind = IQ_WAIT_SYSCALL, .syscall = &call };

	(void)state;
	says(&wait, "is in syscall futex(0xc000000148, 0x80), returned -110");
	call = (struct iq_syscall_fact){ .has_number = true, .number = 999 };
	says(&wait, "is in syscall 999");
	wait.syscall = NULL;
	says(&wait, "is in syscall");
	wait = (struct iq_wait){ .kind = IQ_WAIT_CGO, .cgo = &cgo };
	says(&wait, "is in C call getaddrinfo");
	cgo.function = IQ_STR("_cgo_panic");
	says(&wait, "is in C call _cgo_panic");
	wait.cgo = NULL;
	says(&wait, "is in C call");
}

static void test_sleeps_say_when_they_end(void **state)
{
	struct iq_wait wait = {
		.kind = IQ_WAIT_TIMER,
		.has_until = true,
		.until_ns = NOW + 3200000000,
	};

	(void)state;
	says(&wait, "is in sleep, wakes in <=3.2s");
	wait.has_until = false;
	says(&wait, "is in sleep");
}

/* A name may be anything; the clock of the largest number, too. */
static void test_hostile_facts_are_said_harmlessly(void **state)
{
	struct iq_object o = {
		.kind = IQ_WAIT_CHAN,
		.is_read = true,
		.chan = { .elem_type = IQ_STR("\x1b[2J\n") },
	};
	struct iq_wait wait = on(&o, IQ_OP_SEND);

	(void)state;
	says(&wait, "waits to send on chan \\x1b[2J\\n 0xc000000010, 0 of 0");
	wait = (struct iq_wait){ .kind = IQ_WAIT_TIMER,
				 .has_until = true,
				 .until_ns = INT64_MIN };
	says(&wait, "is in sleep");
	wait.until_ns = -1;
	says(&wait, "is in sleep");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_channels_say_what_they_hold_and_who_waits),
		cmocka_unit_test(test_timers_say_when_they_fire),
		cmocka_unit_test(test_locks_say_who_has_them),
		cmocka_unit_test(test_groups_and_conditions_say_their_counts),
		cmocka_unit_test(test_connections_say_their_peer_and_deadline),
		cmocka_unit_test(test_calls_say_their_arguments),
		cmocka_unit_test(test_sleeps_say_when_they_end),
		cmocka_unit_test(test_hostile_facts_are_said_harmlessly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
