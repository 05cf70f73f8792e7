/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/wait_words.h"

#include <inttypes.h>

#include "reports/emit_term.h"
#include "reports/words.h"

void iq_wait_words_init(struct iq_wait_words *words, struct iq_out *out,
			bool utf8, const struct iq_facts *witness)
{
	*words = (struct iq_wait_words){
		.out = out,
		.utf8 = utf8,
		.has_now = witness->process.has_mono,
		.now_ns = witness->process.mono_ns,
	};
}

/* ---- static words */

const char *iq_wait_words_kind(enum iq_wait_kind kind)
{
	static const char *const names[] = {
		[IQ_WAIT_NONE] = "nothing",
		[IQ_WAIT_CHAN] = "chan",
		[IQ_WAIT_NIL_CHAN] = "a nil chan",
		[IQ_WAIT_SELECT] = "a select of nil or unknown chans",
		[IQ_WAIT_MUTEX] = "Mutex",
		[IQ_WAIT_RWMUTEX] = "RWMutex",
		[IQ_WAIT_WAITGROUP] = "WaitGroup",
		[IQ_WAIT_COND] = "Cond",
		[IQ_WAIT_SEMAPHORE] = "semaphore",
		[IQ_WAIT_TIMER] = "sleep",
		[IQ_WAIT_FD] = "I/O",
		[IQ_WAIT_SYSCALL] = "syscall",
		[IQ_WAIT_CGO] = "C call",
		[IQ_WAIT_COROUTINE] = "coroutine",
		[IQ_WAIT_BUBBLE] = "synctest bubble",
		[IQ_WAIT_RUNTIME] = "the runtime",
	};

	return (size_t)kind < IQ_ARRAY_SIZE(names) ? names[kind] : "unknown";
}

const char *iq_wait_words_op(enum iq_wait_kind kind, enum iq_wait_op op)
{
	switch (op) {
	case IQ_OP_SEND:
		return "to send on ";
	case IQ_OP_RECEIVE:
		return "to receive from ";
	case IQ_OP_LOCK:
		return kind == IQ_WAIT_RWMUTEX ? "to write-lock " : "to lock ";
	case IQ_OP_RLOCK:
		return "to read-lock ";
	default:
		return "";
	}
}

static const char *deferred(enum iq_wait_kind kind)
{
	switch (kind) {
	case IQ_WAIT_WAITGROUP:
		return "has deferred its Done";
	case IQ_WAIT_COND:
		return "has deferred its Signal";
	case IQ_WAIT_CHAN:
		return "has deferred its close";
	default:
		return "has deferred its Unlock";
	}
}

const char *iq_wait_words_ground(enum iq_wake_ground ground,
				 enum iq_wait_kind kind)
{
	switch (ground) {
	case IQ_WAKE_SHARES:
		return "shares it out";
	case IQ_WAKE_VIA:
		return "refers to what has it";
	case IQ_WAKE_CALLER:
	case IQ_WAKE_SITE:
		return "mentions it";
	case IQ_WAKE_DEFERS:
		return deferred(kind);
	case IQ_WAKE_RECORD:
		if (kind == IQ_WAIT_SEMAPHORE)
			return "reads or writes that file";
		return kind == IQ_WAIT_RWMUTEX ? "is to write next" :
						 "is its other side";
	}
	return "mentions it";
}

/* ---- pieces */

static void put_str(const struct iq_wait_words *w, struct iq_str s)
{
	iq_term_put(w->out, s, w->utf8);
}

/* "3 senders", "1 sender". */
static void put_count(const struct iq_wait_words *w, uint64_t n,
		      const char *one)
{
	char number[IQ_WORDS_SIZE];

	iq_out_printf(w->out, "%s %s%s", iq_words_number(number, n), one,
		      n == 1 ? "" : "s");
}

/* ", fires in <=3.2s", ", was to fire >=0.1s ago". The clock is the newest that
 * is known, so what lies ahead is no farther. */
static void put_when(const struct iq_wait_words *w, const char *ahead,
		     const char *past, int64_t ns)
{
	char time[IQ_WORDS_SIZE];

	// Clocks count up from 0: another number is none.
	if (!w->has_now || ns < 0 || w->now_ns < 0)
		return;
	if (ns > w->now_ns)
		iq_out_printf(w->out, ", %s in <=%s", ahead,
			      iq_words_duration(time, ns - w->now_ns));
	else
		iq_out_printf(w->out, ", %s >=%s ago", past,
			      iq_words_duration(time, w->now_ns - ns));
}

static void put_address(const struct iq_wait_words *w, bool has,
			uint64_t address)
{
	if (!has || w->many)
		return;
	iq_out_char(w->out, ' ');
	iq_out_hex(w->out, address);
}

/* ---- contents */

static void put_timer(const struct iq_wait_words *w,
		      const struct iq_chan_object *c)
{
	char time[IQ_WORDS_SIZE];

	if (c->period_ns)
		iq_out_printf(w->out, ", every %s",
			      iq_words_duration(time, c->period_ns));
	if (!c->when.is_set)
		iq_out_cstr(w->out, ", stopped");
	else if (c->in_bubble && (w->many || !c->bubble_now.is_set))
		return;
	else if (c->in_bubble && c->when.ns > c->bubble_now.ns)
		iq_out_printf(
			w->out, ", fires in %s of its bubble's clock",
			iq_words_duration(time, c->when.ns - c->bubble_now.ns));
	else if (c->in_bubble)
		iq_out_cstr(w->out, ", was to fire by its bubble's clock");
	else if (!w->many)
		put_when(w, "fires", "was to fire", c->when.ns);
}

static void put_chan(const struct iq_wait_words *w,
		     const struct iq_chan_object *c)
{
	if (c->timer) {
		put_timer(w, c);
		return;
	}
	if (!w->many || !c->cap)
		iq_out_printf(w->out, ", %" PRIu64 " of %" PRIu64, c->len,
			      c->cap);
	else
		iq_out_printf(w->out, ", room for %" PRIu64, c->cap);
	if (c->closed)
		iq_out_cstr(w->out, ", closed");
	if (!c->has_queues || w->many)
		return;
	if (c->num_senders) {
		iq_out_cstr(w->out, ", ");
		put_count(w, c->num_senders, "sender");
	}
	if (c->num_receivers) {
		iq_out_cstr(w->out, ", ");
		put_count(w, c->num_receivers, "receiver");
	}
}

/* ", 12 wait", ", one waits" */
static void put_waiting(const struct iq_wait_words *w, uint64_t n)
{
	char number[IQ_WORDS_SIZE];

	if (n == 1)
		iq_out_cstr(w->out, ", one waits");
	else
		iq_out_printf(w->out, ", %s wait", iq_words_number(number, n));
}

static void put_mutex(const struct iq_wait_words *w,
		      const struct iq_mutex_object *m)
{
	iq_out_cstr(w->out, m->locked ? ", locked" : ", not locked");
	if (m->num_waiters && !w->many)
		put_waiting(w, m->num_waiters);
	if (m->starving)
		iq_out_cstr(w->out, ", starving");
}

static void put_rwmutex(const struct iq_wait_words *w,
			const struct iq_rwmutex_object *m)
{
	if (m->pending && m->num_awaited > 0) {
		iq_out_cstr(w->out, ", a writer waits for ");
		put_count(w, (uint64_t)m->num_awaited, "reader");
	} else if (m->pending || m->writers.locked) {
		iq_out_cstr(w->out, ", locked by a writer");
	} else if (m->num_readers > 0) {
		iq_out_cstr(w->out, ", ");
		put_count(w, (uint64_t)m->num_readers, "reader");
	} else {
		iq_out_cstr(w->out, ", not locked");
	}
}

static void put_deadline(const struct iq_wait_words *w,
			 const struct iq_deadline *d)
{
	switch (d->kind) {
	case IQ_DEADLINE_NONE:
		iq_out_cstr(w->out, ", no deadline");
		break;
	case IQ_DEADLINE_SET:
		if (w->many || !w->has_now)
			iq_out_cstr(w->out, ", a deadline");
		else
			put_when(w, "deadline", "deadline", d->ns);
		break;
	case IQ_DEADLINE_EXPIRED:
		iq_out_cstr(w->out, ", deadline over");
		break;
	case IQ_DEADLINE_UNKNOWN:
		break;
	}
}

/* "127.0.0.1:80", "|0": what tells it from others. */
static struct iq_str fd_place(const struct iq_fd_object *fd)
{
	if (fd->kind == IQ_FD_LISTENER || fd->kind == IQ_FD_PACKET)
		return fd->local;
	if (fd->kind == IQ_FD_FILE)
		return fd->name;
	return fd->remote.len ? fd->remote : fd->local;
}

/* " (fd 7, no deadline)"; @d may be NULL. */
static void put_fd(const struct iq_wait_words *w, const struct iq_fd_object *fd,
		   const struct iq_deadline *d)
{
	if (!fd->has_fd)
		iq_out_cstr(w->out, " (fd");
	else
		iq_out_printf(w->out, " (fd %" PRId64, fd->fd);
	if (d)
		put_deadline(w, d);
	iq_out_cstr(w->out, fd->closing ? ", being closed)" : ")");
}

static const char *fd_kind(const struct iq_fd_object *fd)
{
	switch (fd->kind) {
	case IQ_FD_LISTENER:
		return "listener";
	case IQ_FD_CONNECTION:
		return "connection";
	case IQ_FD_PACKET:
		return "socket";
	case IQ_FD_FILE:
		return "file";
	case IQ_FD_UNKNOWN:
		break;
	}
	return "descriptor";
}

static void put_fd_object(const struct iq_wait_words *w,
			  const struct iq_fd_object *fd)
{
	struct iq_str place = fd_place(fd);

	iq_out_cstr(w->out, fd_kind(fd));
	if (w->many)
		return;
	if (place.len && fd->kind == IQ_FD_CONNECTION)
		iq_out_cstr(w->out, " to");
	if (place.len) {
		iq_out_char(w->out, ' ');
		put_str(w, place);
	}
	put_fd(w, fd,
	       fd->read_deadline.kind == fd->write_deadline.kind ?
		       &fd->read_deadline :
		       NULL);
}

/* "read 10.0.0.7:5432 (fd 7, no deadline)" */
static void put_io(const struct iq_wait_words *w, const struct iq_wait *wait)
{
	const struct iq_fd_object *fd = &wait->object->fd;
	bool writes = wait->op == IQ_OP_WRITE || wait->op == IQ_OP_CONNECT;
	struct iq_str place = fd_place(fd);

	iq_out_cstr(w->out, wait->op == IQ_OP_UNKNOWN ?
				    "I/O" :
				    iq_wait_op_name(wait->op));
	if (place.len) {
		iq_out_char(w->out, ' ');
		put_str(w, place);
	}
	put_fd(w, fd, writes ? &fd->write_deadline : &fd->read_deadline);
}

static void put_contents(const struct iq_wait_words *w,
			 const struct iq_object *o)
{
	switch (o->kind) {
	case IQ_WAIT_CHAN:
		put_chan(w, &o->chan);
		break;
	case IQ_WAIT_MUTEX:
		put_mutex(w, &o->mutex);
		break;
	case IQ_WAIT_RWMUTEX:
		put_rwmutex(w, &o->rwmutex);
		break;
	case IQ_WAIT_WAITGROUP:
		iq_out_printf(w->out, ", counter %" PRId64,
			      o->waitgroup.counter);
		break;
	case IQ_WAIT_COND:
		// Tickets wrap around, their difference does not.
		if (!w->many)
			put_waiting(w, o->cond.wait - o->cond.notify);
		break;
	case IQ_WAIT_COROUTINE:
		if (o->coroutine.has_goroutine && !w->many)
			iq_out_printf(w->out, " of goroutine %" PRIu64,
				      o->coroutine.goroutine);
		break;
	case IQ_WAIT_BUBBLE:
		if (o->bubble.has_counts)
			iq_out_printf(w->out,
				      ", %" PRId64 " of %" PRId64
				      " not durably blocked",
				      o->bubble.running, o->bubble.total);
		break;
	case IQ_WAIT_SEMAPHORE:
		iq_out_printf(w->out, ", value %" PRIu32, o->semaphore.value);
		break;
	default:
		break;
	}
}

/* ---- the whole */

static const char *chan_words(const struct iq_object *o)
{
	if (!o || !o->is_read || !o->chan.timer)
		return "chan";
	return o->chan.period_ns ? "Ticker's chan" : "Timer's chan";
}

void iq_wait_words_name(const struct iq_wait_words *w, enum iq_wait_kind kind,
			bool has_address, uint64_t address,
			const struct iq_object *o)
{
	bool read = o && o->is_read;

	if (kind == IQ_WAIT_FD && read) {
		put_fd_object(w, &o->fd);
		return;
	}
	if (kind == IQ_WAIT_CHAN) {
		iq_out_cstr(w->out, chan_words(o));
		if (read && o->chan.elem_type.len && !o->chan.timer) {
			iq_out_char(w->out, ' ');
			put_str(w, o->chan.elem_type);
		}
	} else if (kind == IQ_WAIT_SEMAPHORE && read && o->semaphore.what) {
		iq_out_printf(w->out, "semaphore of %s", o->semaphore.what);
		if (o->semaphore.has_fd && !w->many)
			iq_out_printf(w->out, " of fd %" PRId64,
				      o->semaphore.fd);
	} else {
		iq_out_cstr(w->out, iq_wait_words_kind(kind));
	}
	if (kind == IQ_WAIT_BUBBLE && read)
		iq_out_printf(w->out, " %" PRIu64, o->bubble.id);
	else
		put_address(w, has_address, address);
}

void iq_wait_words_object(const struct iq_wait_words *w, enum iq_wait_kind kind,
			  bool has_address, uint64_t address,
			  const struct iq_object *o)
{
	iq_wait_words_name(w, kind, has_address, address, o);
	if (o && o->is_read)
		put_contents(w, o);
}

/* "syscall futex(0xc000080148, 0x80, 0x0) on fd 7, returned -110" */
static void put_syscall(const struct iq_wait_words *w,
			const struct iq_syscall_fact *s)
{
	iq_out_cstr(w->out, "syscall");
	if (s && s->name)
		iq_out_printf(w->out, " %s", s->name);
	else if (s && s->has_number)
		iq_out_printf(w->out, " %" PRId64, s->number);
	if (!s)
		return;
	if (w->full && s->num_args) {
		for (unsigned i = 0; i < s->num_args && i < 6; i++) {
			iq_out_cstr(w->out, i ? ", " : "(");
			iq_out_hex(w->out, s->args[i]);
		}
		iq_out_char(w->out, ')');
	}
	if (s->has_fd)
		iq_out_printf(w->out, " on fd %" PRId64, s->fd);
	if (s->has_result)
		iq_out_printf(w->out, ", returned %" PRId64, s->result);
}

/* cgo's stub is "_cgo_0123456789ab_Cfunc_NAME".
 * Go: src/cmd/cgo/out.go, writeOutputFunc. */
static struct iq_str c_function(struct iq_str function)
{
	struct iq_str mark = IQ_STR("_Cfunc_");
	size_t at = iq_str_search(function, mark);

	if (!iq_str_starts(function, IQ_STR("_cgo_")) || at == function.len)
		return function;
	return iq_str_sub(function, at + mark.len, function.len);
}

static void put_cgo(const struct iq_wait_words *w, const struct iq_wait *wait)
{
	iq_out_cstr(w->out, "C call");
	if (wait->cgo && wait->cgo->function.len) {
		iq_out_char(w->out, ' ');
		put_str(w, c_function(wait->cgo->function));
	} else if (wait->cgo && wait->cgo->pc) {
		iq_out_cstr(w->out, " at ");
		iq_out_hex(w->out, wait->cgo->pc);
	}
	if (!wait->syscall)
		return;
	iq_out_cstr(w->out, ", in ");
	put_syscall(w, wait->syscall);
}

void iq_wait_words_wait(const struct iq_wait_words *w,
			const struct iq_wait *wait)
{
	switch (wait->kind) {
	case IQ_WAIT_TIMER:
		iq_out_cstr(w->out, "sleep");
		if (wait->has_until && !w->many)
			put_when(w, "wakes", "was to wake", wait->until_ns);
		return;
	case IQ_WAIT_FD:
		if (wait->object && wait->object->is_read) {
			put_io(w, wait);
			return;
		}
		break;
	case IQ_WAIT_SYSCALL:
		put_syscall(w, wait->syscall);
		return;
	case IQ_WAIT_CGO:
		put_cgo(w, wait);
		return;
	default:
		break;
	}
	iq_out_cstr(w->out, iq_wait_words_op(wait->kind, wait->op));
	iq_wait_words_object(w, wait->kind, wait->has_address, wait->address,
			     wait->object);
}

void iq_wait_words_does(const struct iq_wait_words *words,
			const struct iq_wait *wait)
{
	const char *verb = "waits for ";

	if (iq_wait_words_op(wait->kind, wait->op)[0])
		verb = "waits ";
	else if (wait->kind == IQ_WAIT_SYSCALL || wait->kind == IQ_WAIT_CGO ||
		 wait->kind == IQ_WAIT_TIMER)
		verb = "is in ";
	else if (wait->kind == IQ_WAIT_FD && wait->op != IQ_OP_UNKNOWN &&
		 wait->object && wait->object->is_read)
		verb = "waits to ";
	iq_out_cstr(words->out, verb);
	iq_wait_words_wait(words, wait);
}

/* ---- since when */

static void put_ground(struct iq_out *out, enum iq_wait_ground ground)
{
	const char *words = iq_wait_ground_words(ground);

	if (words[0])
		iq_out_printf(out, " (%s)", words);
}

void iq_wait_words_since(struct iq_out *out, const struct iq_goroutine *g)
{
	bool min = g->has_wait_min, max = g->has_wait_max;
	char time[IQ_WORDS_SIZE];

	if (!min && !max) {
		iq_out_cstr(out, "unknown");
		return;
	}
	if (min && max && g->wait_min_ns == g->wait_max_ns) {
		iq_out_cstr(out, iq_words_duration(time, g->wait_min_ns));
		put_ground(out, g->wait_min_ground);
		return;
	}
	if (min) {
		iq_out_cstr(out,
			    iq_words_since(time, true, g->wait_min_ns, false));
		put_ground(out, g->wait_min_ground);
	}
	if (max) {
		iq_out_printf(out, "%s<=%s", min ? ", " : "",
			      iq_words_duration(time, g->wait_max_ns));
		put_ground(out, g->wait_max_ground);
	}
}
