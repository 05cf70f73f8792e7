/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/wait_json.h"

static void put_moment(struct iq_json *json, const char *key,
		       struct iq_moment_fact m)
{
	iq_json_maybe_i64(json, key, m.is_set, m.ns);
}

static void put_chan(struct iq_json *json, const struct iq_chan_object *c)
{
	iq_json_pair_text(json, "element_type", c->elem_type);
	iq_json_pair_u64(json, "element_bytes", c->elem_size);
	iq_json_pair_u64(json, "length", c->len);
	iq_json_pair_u64(json, "capacity", c->cap);
	iq_json_pair_bool(json, "closed", c->closed);
	iq_json_maybe_u64(json, "senders", c->has_queues, c->num_senders);
	iq_json_maybe_u64(json, "receivers", c->has_queues, c->num_receivers);
	if (!c->timer)
		return;
	iq_json_key(json, "timer");
	iq_json_object(json);
	put_moment(json, "when_ns", c->when);
	iq_json_pair_i64(json, "period_ns", c->period_ns);
	iq_json_object_end(json);
}

static void put_mutex(struct iq_json *json, const struct iq_mutex_object *m)
{
	iq_json_pair_bool(json, "locked", m->locked);
	iq_json_pair_bool(json, "woken", m->woken);
	iq_json_pair_bool(json, "starving", m->starving);
	iq_json_pair_u64(json, "counted_waiters", m->num_waiters);
}

static void put_rwmutex(struct iq_json *json, const struct iq_rwmutex_object *m)
{
	iq_json_pair_bool(json, "locked", m->writers.locked);
	iq_json_pair_u64(json, "counted_waiters", m->writers.num_waiters);
	iq_json_pair_bool(json, "writer_pending", m->pending);
	iq_json_pair_i64(json, "readers", m->num_readers);
	iq_json_pair_i64(json, "awaited_readers", m->num_awaited);
}

/* "none", "set", "expired", with its time where there is one. */
static void put_deadline(struct iq_json *json, const char *key,
			 const char *time_key, const struct iq_deadline *d)
{
	static const char *const words[] = {
		[IQ_DEADLINE_NONE] = "none",
		[IQ_DEADLINE_SET] = "set",
		[IQ_DEADLINE_EXPIRED] = "expired",
	};

	iq_json_key(json, key);
	if (d->kind == IQ_DEADLINE_UNKNOWN)
		iq_json_null(json);
	else
		iq_json_cstr(json, words[d->kind]);
	if (d->kind == IQ_DEADLINE_SET)
		iq_json_pair_i64(json, time_key, d->ns);
}

static void put_fd(struct iq_json *json, const struct iq_fd_object *fd)
{
	static const char *const kinds[] = {
		[IQ_FD_LISTENER] = "listener",
		[IQ_FD_CONNECTION] = "connection",
		[IQ_FD_PACKET] = "packet",
		[IQ_FD_FILE] = "file",
	};

	iq_json_maybe_i64(json, "fd", fd->has_fd, fd->fd);
	iq_json_key(json, "fd_kind");
	if (fd->kind == IQ_FD_UNKNOWN)
		iq_json_null(json);
	else
		iq_json_cstr(json, kinds[fd->kind]);
	if (fd->net.len)
		iq_json_pair_str(json, "network", fd->net);
	if (fd->local.len)
		iq_json_pair_str(json, "local", fd->local);
	if (fd->remote.len)
		iq_json_pair_str(json, "remote", fd->remote);
	if (fd->name.len)
		iq_json_pair_str(json, "name", fd->name);
	put_deadline(json, "read_deadline", "read_deadline_ns",
		     &fd->read_deadline);
	put_deadline(json, "write_deadline", "write_deadline_ns",
		     &fd->write_deadline);
	iq_json_pair_bool(json, "closing", fd->closing);
}

static void put_bubble(struct iq_json *json, const struct iq_bubble_object *b)
{
	iq_json_pair_u64(json, "bubble", b->id);
	iq_json_maybe_i64(json, "total", b->has_counts, b->total);
	iq_json_maybe_i64(json, "running", b->has_counts, b->running);
	put_moment(json, "now_ns", b->now);
}

static void put_semaphore(struct iq_json *json,
			  const struct iq_semaphore_object *s)
{
	iq_json_pair_u64(json, "value", s->value);
	iq_json_key(json, "what");
	if (s->what)
		iq_json_cstr(json, s->what);
	else
		iq_json_null(json);
	if (s->has_fd)
		iq_json_pair_i64(json, "fd", s->fd);
}

void iq_wait_json_contents(struct iq_json *json, const struct iq_object *o)
{
	if (!o->is_read)
		return;
	switch (o->kind) {
	case IQ_WAIT_CHAN:
		put_chan(json, &o->chan);
		break;
	case IQ_WAIT_MUTEX:
		put_mutex(json, &o->mutex);
		break;
	case IQ_WAIT_RWMUTEX:
		put_rwmutex(json, &o->rwmutex);
		break;
	case IQ_WAIT_WAITGROUP:
		iq_json_pair_i64(json, "counter", o->waitgroup.counter);
		iq_json_pair_u64(json, "counted_waiters",
				 o->waitgroup.num_waiters);
		break;
	case IQ_WAIT_COND:
		iq_json_pair_u64(json, "wait", o->cond.wait);
		iq_json_pair_u64(json, "notify", o->cond.notify);
		break;
	case IQ_WAIT_FD:
		put_fd(json, &o->fd);
		break;
	case IQ_WAIT_COROUTINE:
		iq_json_maybe_u64(json, "goroutine", o->coroutine.has_goroutine,
				  o->coroutine.goroutine);
		break;
	case IQ_WAIT_BUBBLE:
		put_bubble(json, &o->bubble);
		break;
	case IQ_WAIT_SEMAPHORE:
		put_semaphore(json, &o->semaphore);
		break;
	default:
		break;
	}
}

static void put_syscall(struct iq_json *json, const struct iq_syscall_fact *s)
{
	iq_json_maybe_i64(json, "number", s->has_number, s->number);
	iq_json_key(json, "syscall");
	if (s->name)
		iq_json_cstr(json, s->name);
	else
		iq_json_null(json);
	iq_json_key(json, "arguments");
	iq_json_array(json);
	for (unsigned i = 0; i < s->num_args; i++)
		iq_json_hex(json, s->args[i]);
	iq_json_array_end(json);
	if (s->has_fd)
		iq_json_pair_i64(json, "fd", s->fd);
	if (s->has_result)
		iq_json_pair_i64(json, "result", s->result);
}

/* What is the goroutine's own, and not the object's. */
static void put_own(struct iq_json *json, const struct iq_wait *wait)
{
	if (wait->cgo) {
		iq_json_pair_text(json, "function", wait->cgo->function);
		iq_json_key(json, "pc");
		iq_json_hex(json, wait->cgo->pc);
	}
	if (wait->syscall)
		put_syscall(json, wait->syscall);
	if (!wait->has_until)
		return;
	if (wait->kind == IQ_WAIT_FD)
		iq_json_pair_i64(json, "deadline_ns", wait->until_ns);
	iq_json_pair_i64(json, "until_ns", wait->until_ns);
}

void iq_wait_json(struct iq_json *json, const struct iq_wait *wait,
		  uint64_t num_waiters)
{
	iq_json_object(json);
	iq_json_pair_cstr(json, "kind", iq_wait_kind_name(wait->kind));
	if (wait->op != IQ_OP_UNKNOWN)
		iq_json_pair_cstr(json, "op", iq_wait_op_name(wait->op));
	if (wait->has_address) {
		iq_json_key(json, "address");
		iq_json_hex(json, wait->address);
	}
	if (wait->object)
		iq_wait_json_contents(json, wait->object);
	put_own(json, wait);
	if (wait->has_address)
		iq_json_pair_u64(json, "waiters", num_waiters);
	iq_json_object_end(json);
}
