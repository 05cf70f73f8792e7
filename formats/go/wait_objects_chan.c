/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/limits.h"
#include "formats/go/type.h"
#include "formats/go/wait_objects.h"

/* Sudogs of a queue that are looked through: those of one select, which has
 * the channel in few of its cases. */
#define QUEUE_MAX 64

static bool queue_has(const struct iq_go_runtime *rt, uint64_t first,
		      uint64_t sudog)
{
	for (unsigned n = 0; first && n < QUEUE_MAX; n++) {
		if (first == sudog)
			return true;
		if (!iq_go_field_read(rt->memory, first, rt->layout->sudog_next,
				      &first))
			return false;
	}
	return false;
}

/*
 * Whether @sudog sends or receives. Those who send and those who receive would
 * have met, so one queue is empty, unless one select is in both.
 */
static enum iq_wait_op direction_of(const struct iq_go_runtime *rt,
				    const struct iq_object *o, uint64_t sudog)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t sendq, recvq;

	if (o->chan.has_queues && !o->chan.num_senders)
		return IQ_OP_RECEIVE;
	if (o->chan.has_queues && !o->chan.num_receivers)
		return IQ_OP_SEND;
	if (!iq_go_field_read(rt->memory, o->address, l->hchan_sendq_first,
			      &sendq) ||
	    !iq_go_field_read(rt->memory, o->address, l->hchan_recvq_first,
			      &recvq))
		return IQ_OP_UNKNOWN;
	if (queue_has(rt, sendq, sudog))
		return IQ_OP_SEND;
	return queue_has(rt, recvq, sudog) ? IQ_OP_RECEIVE : IQ_OP_UNKNOWN;
}

/*
 * Whether this can be a channel. One without room for elements has its own
 * field for a buffer. Go: src/runtime/chan.go, makechan and raceaddr, 1.18 -
 * 1.27.
 */
#define ADDRESSES (1ull << 47)
/* Elements without a size need no memory; nobody counts to a trillion. */
#define CAPACITY_MAX (1ull << 40)

/*
 * Whether senders are as far ahead of receivers as there are elements: by one
 * they may differ while a thread is at it. What is not in the address space is
 * no buffer.
 */
static bool is_buffer(const struct iq_go_runtime *rt,
		      const struct iq_go_record *hchan, uint64_t cap,
		      uint64_t size)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t send = iq_go_record_uint(hchan, l->hchan_sendx);
	uint64_t ahead = (iq_go_record_uint(hchan, l->hchan_recvx) +
			  iq_go_record_uint(hchan, l->hchan_qcount)) %
			 cap;
	uint64_t off = ahead > send ? ahead - send : send - ahead;
	uint64_t last = iq_go_record_uint(hchan, l->hchan_buf) + cap * size - 1;

	return (off <= 1 || off == cap - 1) &&
	       (!size ||
		iq_memory_state(rt->memory, last) != IQ_MEMORY_UNMAPPED);
}

static bool is_channel(const struct iq_go_runtime *rt,
		       const struct iq_go_record *hchan)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t len = iq_go_record_uint(hchan, l->hchan_qcount);
	uint64_t cap = iq_go_record_uint(hchan, l->hchan_dataqsiz);
	uint64_t size = iq_go_record_uint(hchan, l->hchan_elemsize);
	uint64_t send = iq_go_record_uint(hchan, l->hchan_sendx);
	uint64_t recv = iq_go_record_uint(hchan, l->hchan_recvx);
	bool empty = cap == 0 || size == 0;
	bool own = iq_go_record_uint(hchan, l->hchan_buf) ==
		   hchan->addr + l->hchan_buf.offset;

	return len <= cap && cap < CAPACITY_MAX && own == empty &&
	       (empty || cap < ADDRESSES / size) &&
	       (cap ? send < cap && recv < cap &&
				is_buffer(rt, hchan, cap, size) :
		      !send && !recv) &&
	       iq_go_record_uint(hchan, l->hchan_elemtype) != 0 &&
	       iq_go_record_uint(hchan, l->hchan_closed) <= 1;
}

/*
 * How many sudogs of the channel at @hchan the queue from @sudog to @last has.
 * False unless each knows the one before it: who comes by a circle would know
 * two. Go: src/runtime/chan.go, waitq; enqueue and dequeue.
 */
static bool queue_length(const struct iq_go_runtime *rt, uint64_t hchan,
			 uint64_t sudog, uint64_t last, uint64_t *ret)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t before = 0;
	uint64_t n = 0;

	while (sudog && n < IQ_LIMIT_WAITERS) {
		struct iq_go_record r;

		if (sudog % 8 ||
		    !iq_go_record_read(rt->memory, sudog, l->sudog_size, &r) ||
		    iq_go_record_uint(&r, l->sudog_prev) != before ||
		    iq_go_record_uint(&r, l->sudog_c) != hchan)
			return false;
		n++;
		before = sudog;
		sudog = iq_go_record_uint(&r, l->sudog_next);
	}
	*ret = n;
	return !sudog && before == last;
}

static struct iq_error *queues_fill(struct iq_go_wait_reader *r,
				    const struct iq_go_record *hchan,
				    struct iq_object *o)
{
	const struct iq_go_layout *l = r->rt->layout;
	uint64_t send, receive;

	if (!queue_length(r->rt, hchan->addr,
			  iq_go_record_uint(hchan, l->hchan_sendq_first),
			  iq_go_record_uint(hchan, l->hchan_sendq_last),
			  &send) ||
	    !queue_length(r->rt, hchan->addr,
			  iq_go_record_uint(hchan, l->hchan_recvq_first),
			  iq_go_record_uint(hchan, l->hchan_recvq_last),
			  &receive))
		return iq_go_wait_object_problem(
			r, o, hchan->addr,
			"a queue of a channel is broken: how many wait in it is not known");
	o->chan.has_queues = true;
	o->chan.num_senders = send;
	o->chan.num_receivers = receive;
	return NULL;
}

static struct iq_error *type_name(struct iq_go_wait_reader *r, uint64_t addr,
				  uint64_t size, struct iq_str *ret,
				  bool *is_other_ret)
{
	// A size has 16 bits: other sizes of one type are told apart.
	uint64_t key = addr ^ size << 48;
	const struct iq_str *known = NULL;
	struct iq_go_type type;
	struct iq_str *name;
	char *text;

	if (r->types.slots)
		known = (const struct iq_str *)(uintptr_t)iq_go_word_set_object(
			&r->types, key);
	if (known) {
		*ret = *known;
		return NULL;
	}
	if (!iq_go_type_read(r->rt, addr, &type))
		return NULL;
	*is_other_ret = type.size != size;
	if (*is_other_ret)
		return NULL;
	text = iq_arena_alloc(&r->arena, type.name_len + 1);
	name = iq_arena_alloc(&r->arena, sizeof(*name));
	if (!text || !name)
		return &iq_enomem;
	memcpy(text, type.name, type.name_len);
	*name = (struct iq_str){ text, type.name_len };
	*ret = *name;
	return iq_go_word_set_add(&r->types, key, (uint64_t)(uintptr_t)name) ?
		       NULL :
		       &iq_enomem;
}

/* From 1.25 on the channel has its bubble, before only that it is in one. */
static void bubble_fill(const struct iq_go_runtime *rt,
			const struct iq_go_record *hchan,
			struct iq_chan_object *ret)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t bubble, now;

	if (!iq_go_has(l->hchan_bubble))
		return;
	bubble = iq_go_record_uint(hchan, l->hchan_bubble);
	ret->in_bubble = bubble != 0;
	if (!bubble || l->hchan_bubble.size != sizeof(bubble) ||
	    !iq_go_has(l->bubble_now) ||
	    !iq_go_field_read(rt->memory, bubble, l->bubble_now, &now))
		return;
	ret->bubble_now =
		(struct iq_moment_fact){ (int64_t)now > 0, (int64_t)now };
}

static struct iq_error *timer_fill(struct iq_go_wait_reader *r,
				   const struct iq_go_record *hchan,
				   struct iq_object *o)
{
	uint64_t timer = iq_go_record_uint(hchan, r->rt->layout->hchan_timer);

	if (!timer)
		return NULL;
	bubble_fill(r->rt, hchan, &o->chan);
	if (iq_go_wait_timer_read(r->rt, timer, o->address, &o->chan)) {
		// Its one place for an element is not to be seen: len() and
		// cap() are 0. Go: src/runtime/chan.go, chanlen and chancap.
		o->chan.len = 0;
		o->chan.cap = 0;
		return NULL;
	}
	return iq_go_wait_object_problem(
		r, o, timer,
		iq_go_wait_is_there(r->rt, timer, r->rt->layout->timer_size) ?
			"the timer of a channel is none" :
			"the page of a channel's timer is not in the core");
}

/*
 * Whether those in the queues can be there: who sends waits for room, who
 * receives for elements, and nobody when it is closed, but for the moment in
 * which somebody changes that. Go: src/runtime/chan.go, hchan; its last field
 * is the lock.
 */
static bool may_wait(const struct iq_go_runtime *rt, const struct iq_object *o,
		     uint64_t len, uint64_t cap)
{
	const struct iq_chan_object *c = &o->chan;
	uint64_t lock;

	if (!c->has_queues ||
	    !iq_memory_u64(rt->memory,
			   o->address + rt->layout->hchan_size - sizeof(lock),
			   &lock) ||
	    lock)
		return true;
	return !(c->closed && (c->num_senders || c->num_receivers)) &&
	       !(c->num_senders && len < cap) && !(c->num_receivers && len);
}

static struct iq_error *not_read(struct iq_go_wait_reader *r,
				 struct iq_object *o, const char *text)
{
	o->is_read = false;
	o->chan = (struct iq_chan_object){ .has_queues = false };
	return iq_go_wait_object_problem(r, o, o->address, text);
}

static struct iq_error *channel_fill(struct iq_go_wait_reader *r,
				     const struct iq_go_record *hchan,
				     struct iq_object *o)
{
	const struct iq_go_layout *l = r->rt->layout;
	bool is_other = false;
	struct iq_error *err;

	o->is_read = true;
	o->chan.elem_size = iq_go_record_uint(hchan, l->hchan_elemsize);
	o->chan.len = iq_go_record_uint(hchan, l->hchan_qcount);
	o->chan.cap = iq_go_record_uint(hchan, l->hchan_dataqsiz);
	o->chan.closed = iq_go_record_uint(hchan, l->hchan_closed) != 0;
	err = type_name(r, iq_go_record_uint(hchan, l->hchan_elemtype),
			o->chan.elem_size, &o->chan.elem_type, &is_other);
	if (!err && is_other)
		return not_read(
			r, o,
			"the elements of a channel have not the size of their type");
	if (!err)
		err = queues_fill(r, hchan, o);
	if (err)
		return err;
	if (!may_wait(r->rt, o, o->chan.len, o->chan.cap))
		return not_read(
			r, o,
			"nobody can wait for a channel in the state of this one");
	return timer_fill(r, hchan, o);
}

/* Whether nobody but @sudog waits for it. */
static bool is_lone(const struct iq_go_layout *l,
		    const struct iq_go_record *hchan, uint64_t sudog)
{
	uint64_t send = iq_go_record_uint(hchan, l->hchan_sendq_first);
	uint64_t receive = iq_go_record_uint(hchan, l->hchan_recvq_first);

	return (send == sudog && !receive &&
		iq_go_record_uint(hchan, l->hchan_sendq_last) == sudog) ||
	       (receive == sudog && !send &&
		iq_go_record_uint(hchan, l->hchan_recvq_last) == sudog);
}

/* The channel at @addr, which @sudog waits for; NULL if there cannot be one. */
static struct iq_error *channel_get(struct iq_go_wait_reader *r, uint64_t addr,
				    uint64_t sudog,
				    const struct iq_object **ret)
{
	struct iq_go_record hchan;
	struct iq_object *o = iq_go_wait_object_find(r, IQ_WAIT_CHAN, addr);
	struct iq_error *err;
	bool is_new;

	*ret = o;
	if (o)
		return NULL;
	if (addr % 8 ||
	    !iq_go_record_read(r->rt->memory, addr, r->rt->layout->hchan_size,
			       &hchan) ||
	    !is_channel(r->rt, &hchan))
		return NULL;
	err = is_lone(r->rt->layout, &hchan, sudog) ?
		      iq_go_wait_object_lone(r, IQ_WAIT_CHAN, addr, &o) :
		      iq_go_wait_object(r, IQ_WAIT_CHAN, addr, &o, &is_new);
	if (!err)
		err = channel_fill(r, &hchan, o);
	*ret = err ? NULL : o;
	return err;
}

/* A list of channels that cannot be read to its end: there is one more, and
 * nobody knows which. */
static struct iq_error *broken(struct iq_go_wait_reader *r, size_t i,
			       uint64_t addr, enum iq_wait_op op,
			       const char *text)
{
	struct iq_wait wait = { .kind = IQ_WAIT_CHAN, .op = op };

	if (!iq_vec_push(&r->waits, wait))
		return &iq_enomem;
	return iq_go_wait_problem(r, i, addr, text);
}

/*
 * Whether @sudog is in a queue of the channel, as far as that is known. Who
 * took it out and has not woken its goroutine yet has told that goroutine.
 * Go: src/runtime/chan.go, send, recv and closechan: g.param.
 */
static bool is_queued(const struct iq_go_runtime *rt, const struct iq_object *o,
		      const struct iq_go_record *sudog, uint64_t g)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t prev = iq_go_record_uint(sudog, l->sudog_prev);
	uint64_t send, receive, param;

	if (!o->is_read || !o->chan.has_queues)
		return true;
	if (iq_go_field_read(rt->memory, g, l->g_param, &param) &&
	    param == sudog->addr)
		return true;
	if (prev)
		return iq_go_field_read(rt->memory, prev, l->sudog_next,
					&send) &&
		       send == sudog->addr;
	return !iq_go_field_read(rt->memory, o->address, l->hchan_sendq_first,
				 &send) ||
	       !iq_go_field_read(rt->memory, o->address, l->hchan_recvq_first,
				 &receive) ||
	       send == sudog->addr || receive == sudog->addr;
}

/* The channel of @sudog to r->waits; *@done_ret: the list is broken there. */
static struct iq_error *case_read(struct iq_go_wait_reader *r, size_t i,
				  const struct iq_go_record *sudog,
				  enum iq_wait_op op, bool *done_ret)
{
	const struct iq_go_layout *l = r->rt->layout;
	struct iq_wait wait = {
		.kind = IQ_WAIT_CHAN,
		.op = op,
		.has_address = true,
		.address = iq_go_record_uint(sudog, l->sudog_c),
	};
	struct iq_error *err =
		channel_get(r, wait.address, sudog->addr, &wait.object);

	if (err)
		return err;
	if (wait.object &&
	    !is_queued(r->rt, wait.object, sudog, r->rt->gs[i].addr)) {
		*done_ret = true;
		return broken(
			r, i, wait.address, op,
			"it is in no queue of the channel that it would wait for");
	}
	*done_ret = !wait.object;
	if (!wait.object)
		return broken(
			r, i, wait.address, op,
			iq_go_wait_is_there(r->rt, wait.address,
					    l->hchan_size) ?
				"it waits for a channel that is none" :
				"the page of the channel that it waits for is not in the core");
	if (op == IQ_OP_UNKNOWN)
		wait.op = direction_of(r->rt, wait.object, sudog->addr);
	iq_go_wait_until(r->rt, r->rt->gs[i].addr, &wait);
	return iq_vec_push(&r->waits, wait) ? NULL : &iq_enomem;
}

/*
 * Where in the list of a goroutine's sudogs a walk is. A select has them in the
 * order of their channels' addresses, in which it locks; who does no select has
 * one. Go: src/runtime/select.go, selectgo; chan.go, chansend and chanrecv.
 */
struct walk {
	unsigned num;
	uint64_t channel; /* of the last one */
	/* Brent's: of several cases of one channel. */
	uint64_t mark;
	unsigned num_same;
};

/* Whether @sudog, which is at @addr, may come next. */
static bool comes_next(struct walk *walk, const struct iq_go_layout *l,
		       const struct iq_go_record *sudog, enum iq_wait_op op)
{
	uint64_t channel = iq_go_record_uint(sudog, l->sudog_c);

	if (channel < walk->channel ||
	    (walk->num && (op != IQ_OP_UNKNOWN || sudog->addr == walk->mark)))
		return false;
	walk->num_same = channel == walk->channel ? walk->num_same + 1 : 1;
	walk->channel = channel;
	walk->num++;
	if ((walk->num_same & (walk->num_same - 1)) == 0)
		walk->mark = sudog->addr;
	return true;
}

struct iq_error *iq_go_wait_channels_read(struct iq_go_wait_reader *r, size_t i,
					  enum iq_wait_op op)
{
	const struct iq_go_runtime *rt = r->rt;
	const struct iq_go_g *g = &rt->gs[i];
	uint64_t addr = g->waiting;
	struct walk walk = { 0 };

	while (addr && walk.num < IQ_LIMIT_SUDOGS) {
		struct iq_go_record sudog;
		struct iq_error *err;
		bool done = false;

		if (!iq_go_record_read(rt->memory, addr, rt->layout->sudog_size,
				       &sudog) ||
		    iq_go_record_uint(&sudog, rt->layout->sudog_g) != g->addr)
			return broken(
				r, i, addr, op,
				iq_go_wait_is_there(rt, addr,
						    rt->layout->sudog_size) ?
					"what it waits for is not its own" :
					"what it waits for is not known: the page of its sudog is not in the core");
		if (!comes_next(&walk, rt->layout, &sudog, op))
			return broken(
				r, i, addr, op,
				"what it waits for is in no order of a select");
		err = case_read(r, i, &sudog, op, &done);
		if (err || done)
			return err;
		addr = iq_go_record_uint(&sudog, rt->layout->sudog_waitlink);
	}
	return addr ? broken(r, i, addr, op, "it waits for too much") : NULL;
}
