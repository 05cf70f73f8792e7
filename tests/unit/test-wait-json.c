/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reports/wait_json.h"

static void assert_json(const struct iq_wait *wait, const char *want)
{
	struct iq_json *json;
	struct iq_out out;

	iq_out_init_memory(&out);
	assert_null(iq_json_create(&out, &json));
	iq_wait_json(json, wait, 3);
	assert_null(iq_json_done(json));
	iq_out_char(&out, '\0');
	assert_string_equal(out.buf, want);
	iq_json_destroy(json);
	iq_out_deinit(&out);
}

/* One that waits for @o. */
static struct iq_wait wait_of(const struct iq_object *o, enum iq_wait_op op)
{
	return (struct iq_wait){
		.kind = o->kind,
		.op = op,
		.has_address = true,
		.address = o->address,
		.object = o,
	};
}

static void assert_object(const struct iq_object *o, enum iq_wait_op op,
			  const char *want)
{
	struct iq_wait wait = wait_of(o, op);

	assert_json(&wait, want);
}

static void timers_channel_says_when(void **state iq_unused)
{
	struct iq_object o = {
		.kind = IQ_WAIT_CHAN,
		.is_read = true,
		.address = 0x40,
		.chan = {
			.elem_type = IQ_STR("time.Time"),
			.elem_size = 24,
			.has_queues = true,
			.num_receivers = 3,
			.timer = true,
			.when = { true, 5000 },
			.period_ns = 70,
		},
	};
	struct iq_wait wait = wait_of(&o, IQ_OP_RECEIVE);

	wait.has_until = true;
	wait.until_ns = 5000;
	assert_json(
		&wait,
		"{\"kind\":\"chan\",\"op\":\"receive\",\"address\":\"0x40\",\"element_type\":\"time.Time\",\"element_bytes\":24,\"length\":0,\"capacity\":0,\"closed\":false,\"senders\":0,\"receivers\":3,\"timer\":{\"when_ns\":5000,\"period_ns\":70},\"until_ns\":5000,\"waiters\":3}");
}

static void unknown_of_a_channel_is_null(void **state iq_unused)
{
	struct iq_object o = {
		.kind = IQ_WAIT_CHAN,
		.is_read = true,
		.address = 0x40,
		.chan = { .elem_size = 8, .len = 1, .cap = 2, .closed = true },
	};

	assert_object(
		&o, IQ_OP_SEND,
		"{\"kind\":\"chan\",\"op\":\"send\",\"address\":\"0x40\",\"element_type\":null,\"element_bytes\":8,\"length\":1,\"capacity\":2,\"closed\":true,\"senders\":null,\"receivers\":null,\"waiters\":3}");
}

static void object_that_was_not_read_is_a_place(void **state iq_unused)
{
	struct iq_object o = { .kind = IQ_WAIT_MUTEX, .address = 0x40 };

	assert_object(
		&o, IQ_OP_LOCK,
		"{\"kind\":\"mutex\",\"op\":\"lock\",\"address\":\"0x40\",\"waiters\":3}");
}

static void locks_show_their_counts(void **state iq_unused)
{
	struct iq_object o = {
		.kind = IQ_WAIT_RWMUTEX,
		.is_read = true,
		.address = 0x40,
		.rwmutex = {
			.writers = { .locked = true, .num_waiters = 1 },
			.pending = true,
			.num_readers = 2,
			.num_awaited = 1,
		},
	};

	assert_object(
		&o, IQ_OP_LOCK,
		"{\"kind\":\"rwmutex\",\"op\":\"lock\",\"address\":\"0x40\",\"locked\":true,\"counted_waiters\":1,\"writer_pending\":true,\"readers\":2,\"awaited_readers\":1,\"waiters\":3}");
	o = (struct iq_object){
		.kind = IQ_WAIT_WAITGROUP,
		.is_read = true,
		.address = 0x40,
		.waitgroup = { .counter = -1, .num_waiters = 2 },
	};
	assert_object(
		&o, IQ_OP_WAIT,
		"{\"kind\":\"waitgroup\",\"op\":\"wait\",\"address\":\"0x40\",\"counter\":-1,\"counted_waiters\":2,\"waiters\":3}");
}

static void descriptor_has_its_deadline_twice(void **state iq_unused)
{
	struct iq_object o = {
		.kind = IQ_WAIT_FD,
		.is_read = true,
		.address = 0x40,
		.fd = {
			.kind = IQ_FD_CONNECTION,
			.has_fd = true,
			.fd = 7,
			.net = IQ_STR("unix"),
			.remote = IQ_STR("@\"\n"),
			.read_deadline = { IQ_DEADLINE_SET, 9000 },
			.write_deadline = { IQ_DEADLINE_EXPIRED, 0 },
		},
	};
	struct iq_wait wait = wait_of(&o, IQ_OP_READ);

	wait.has_until = true;
	wait.until_ns = 9000;
	assert_json(
		&wait,
		"{\"kind\":\"fd\",\"op\":\"read\",\"address\":\"0x40\",\"fd\":7,\"fd_kind\":\"connection\",\"network\":\"unix\",\"remote\":\"@\\\"\\n\",\"read_deadline\":\"set\",\"read_deadline_ns\":9000,\"write_deadline\":\"expired\",\"closing\":false,\"deadline_ns\":9000,\"until_ns\":9000,\"waiters\":3}");
}

static void call_into_c_has_its_system_call(void **state iq_unused)
{
	struct iq_syscall_fact call = {
		.has_number = true,
		.number = 0,
		.name = "read",
		.num_args = 2,
		.args = { 3, UINT64_MAX },
		.has_fd = true,
		.fd = 3,
		.has_result = true,
		.result = -4,
	};
	struct iq_cgo_fact c = { 0x80, IQ_STR("getaddrinfo") };
	struct iq_wait wait = {
		.kind = IQ_WAIT_CGO,
		.syscall = &call,
		.cgo = &c,
	};

	assert_json(
		&wait,
		"{\"kind\":\"cgo\",\"function\":\"getaddrinfo\",\"pc\":\"0x80\",\"number\":0,\"syscall\":\"read\",\"arguments\":[\"0x3\",\"0xffffffffffffffff\"],\"fd\":3,\"result\":-4}");
}

static void coroutine_may_have_nobody(void **state iq_unused)
{
	struct iq_object o = {
		.kind = IQ_WAIT_COROUTINE,
		.is_read = true,
		.address = 0x40,
	};

	assert_object(
		&o, IQ_OP_WAIT,
		"{\"kind\":\"coroutine\",\"op\":\"wait\",\"address\":\"0x40\",\"goroutine\":null,\"waiters\":3}");
	o.coroutine.has_goroutine = true;
	o.coroutine.goroutine = 18;
	assert_object(
		&o, IQ_OP_WAIT,
		"{\"kind\":\"coroutine\",\"op\":\"wait\",\"address\":\"0x40\",\"goroutine\":18,\"waiters\":3}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_channel_says_when),
		cmocka_unit_test(unknown_of_a_channel_is_null),
		cmocka_unit_test(object_that_was_not_read_is_a_place),
		cmocka_unit_test(locks_show_their_counts),
		cmocka_unit_test(descriptor_has_its_deadline_twice),
		cmocka_unit_test(call_into_c_has_its_system_call),
		cmocka_unit_test(coroutine_may_have_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
