/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/go/goroutine.h"
#include "formats/go/type.h"
#include "formats/go/wait_objects.h"
#include "formats/go/waits.h"
#include "go-process.h"

#define WILD UINT64_C(0x7f1234567000)

/* A process whose goroutines' facts are filled. */
struct waiting {
	struct go_process p;
	const struct iq_go_layout *l;
	struct iq_goroutine_fact facts[GO_PROCESS_GS];
};

static void begin(struct waiting *w, const char *version)
{
	memset(w, 0, sizeof(*w));
	go_process_init(&w->p, version);
	w->l = w->p.image.version->layout;
}

static void read_waits(struct waiting *w)
{
	go_process_allgs(&w->p);
	go_process_open(&w->p);
	w->p.rt.allgs_addr = GO_PROCESS_BSS + 64;
	w->p.rt.allp_addr = GO_PROCESS_BSS + 128;
	assert_null(iq_go_goroutines_read(&w->p.rt));
	for (size_t i = 0; i < w->p.rt.num_gs; i++) {
		const struct iq_go_g *g = &w->p.rt.gs[i];

		w->facts[i].status = (enum iq_gstatus)g->status;
		iq_go_wait_reason(w->p.rt.version, g->waitreason,
				  &w->facts[i].wait_reason);
	}
	assert_null(iq_go_waits_read(&w->p.rt, w->facts));
}

static uint64_t goroutine(struct waiting *w, const char *reason)
{
	return go_process_g(&w->p, w->p.num_gs + 1, IQ_GSTATUS_WAITING, reason);
}

static void field(struct waiting *w, uint64_t addr, struct iq_go_field f,
		  uint64_t value)
{
	go_process_field(&w->p, addr, f, value);
}

static uint64_t channel(struct waiting *w, uint64_t cap, uint64_t elem_size)
{
	uint64_t at = go_process_alloc(&w->p, w->l->hchan_size);

	field(w, at, w->l->hchan_dataqsiz, cap);
	field(w, at, w->l->hchan_elemsize, elem_size);
	field(w, at, w->l->hchan_elemtype, at);
	field(w, at, w->l->hchan_buf,
	      at + (cap ? w->l->hchan_size : w->l->hchan_buf.offset));
	return at;
}

static uint64_t sudog(struct waiting *w, uint64_t g, uint64_t channel)
{
	uint64_t at = go_process_alloc(&w->p, w->l->sudog_size);

	field(w, at, w->l->sudog_g, g);
	field(w, at, w->l->sudog_c, channel);
	field(w, g, w->l->g_waiting, at);
	return at;
}

/* Three that receive from the channel, in this order; their sudogs. */
static void receivers(struct waiting *w, uint64_t channel, uint64_t ret[3])
{
	for (size_t i = 0; i < 3; i++)
		ret[i] = sudog(w, goroutine(w, "chan receive"), channel);
	for (size_t i = 0; i < 2; i++) {
		field(w, ret[i], w->l->sudog_next, ret[i + 1]);
		field(w, ret[i + 1], w->l->sudog_prev, ret[i]);
	}
	field(w, channel, w->l->hchan_recvq_first, ret[0]);
	field(w, channel, w->l->hchan_recvq_last, ret[2]);
}

/* One that receives from the channel. */
static uint64_t receiver(struct waiting *w, uint64_t channel)
{
	uint64_t g = goroutine(w, "chan receive");
	uint64_t s = sudog(w, g, channel);

	field(w, channel, w->l->hchan_recvq_first, s);
	field(w, channel, w->l->hchan_recvq_last, s);
	return g;
}

static const struct iq_chan_object *chan_of(const struct waiting *w, size_t i)
{
	assert_int_equal(w->facts[i].num_waits, 1);
	assert_non_null(w->facts[i].waits->object);
	assert_int_equal(w->facts[i].waits->object->kind, IQ_WAIT_CHAN);
	assert_true(w->facts[i].waits->object->is_read);
	return &w->facts[i].waits->object->chan;
}

static void all_who_wait_share_the_object(void **state iq_unused)
{
	struct waiting w;
	uint64_t c, s[3];

	begin(&w, "go1.22.12");
	c = channel(&w, 0, 8);
	receivers(&w, c, s);
	read_waits(&w);
	assert_int_equal(w.p.facts->objects.len, 1);
	for (size_t i = 0; i < 3; i++)
		assert_ptr_equal(w.facts[i].waits->object,
				 w.p.facts->objects.data[0]);
	assert_ptr_equal(iq_facts_object(w.p.facts, IQ_WAIT_CHAN, c),
			 w.p.facts->objects.data[0]);
	assert_true(chan_of(&w, 0)->has_queues);
	assert_int_equal(chan_of(&w, 0)->num_receivers, 3);
	assert_int_equal(chan_of(&w, 0)->num_senders, 0);
	assert_int_equal(w.p.facts->gaps.len, 0);
	go_process_close(&w.p);
}

/* Whose queue is broken: the rest of the channel is known, and one gap says so,
 * however many wait. */
static void assert_broken_queue(struct waiting *w)
{
	read_waits(w);
	assert_false(chan_of(w, 0)->has_queues);
	assert_int_equal(chan_of(w, 0)->elem_size, 8);
	assert_int_equal(w->p.facts->gaps.len, 1);
	go_process_close(&w->p);
}

static void broken_queue_is_a_gap(void **state iq_unused)
{
	struct waiting w;
	uint64_t c, s[3];

	// A circle.
	begin(&w, "go1.26.8");
	receivers(&w, channel(&w, 0, 8), s);
	field(&w, s[2], w.l->sudog_next, s[0]);
	assert_broken_queue(&w);
	// Of one.
	begin(&w, "go1.26.8");
	receivers(&w, channel(&w, 0, 8), s);
	field(&w, s[0], w.l->sudog_next, s[0]);
	field(&w, s[0], w.l->sudog_prev, s[0]);
	assert_broken_queue(&w);
	// A wild pointer.
	begin(&w, "go1.26.8");
	receivers(&w, channel(&w, 0, 8), s);
	field(&w, s[1], w.l->sudog_next, WILD);
	assert_broken_queue(&w);
	// Into another channel's.
	begin(&w, "go1.26.8");
	c = channel(&w, 0, 8);
	receivers(&w, c, s);
	field(&w, s[1], w.l->sudog_c, c + 8);
	field(&w, s[1], w.l->sudog_g, c);
	read_waits(&w);
	assert_false(chan_of(&w, 0)->has_queues);
	go_process_close(&w.p);
	// Cut short.
	begin(&w, "go1.26.8");
	receivers(&w, channel(&w, 0, 8), s);
	field(&w, s[1], w.l->sudog_next, 0);
	assert_broken_queue(&w);
}

/* "*main.T" of the size, as the linker writes it: with a star to share. */
static uint64_t type(struct waiting *w, const char *name, uint64_t size)
{
	const struct iq_go_constants *k = w->p.image.version->constants;
	uint64_t at = go_process_alloc(&w->p, w->l->type_header_size);
	uint64_t text = go_process_alloc(&w->p, strlen(name) + 3);

	go_process_put(&w->p, text + 1, strlen(name) + 1, 1);
	go_process_text(&w->p, text + 2, "*");
	go_process_text(&w->p, text + 3, name);
	field(w, at, w->l->type_size, size);
	field(w, at, w->l->type_kind, IQ_GO_KIND_STRUCT);
	field(w, at, w->l->type_tflag, (uint64_t)k->tflag_extra_star);
	field(w, at, w->l->type_str, text - GO_PROCESS_HEAP);
	return at;
}

static void assert_text(struct iq_str s, const char *text)
{
	assert_int_equal(s.len, strlen(text));
	assert_memory_equal(s.ptr, text, s.len);
}

static void sudog_in_no_queue_has_no_channel(void **state iq_unused)
{
	struct waiting w;
	uint64_t c;

	begin(&w, "go1.26.8");
	c = channel(&w, 0, 8);
	receiver(&w, c);
	// Another's channel.
	sudog(&w, goroutine(&w, "chan receive"), c);
	read_waits(&w);
	assert_false(w.facts[1].waits->has_address);
	assert_int_equal(w.p.facts->gaps.len, 1);
	go_process_close(&w.p);
}

static void element_has_the_name_of_its_type(void **state iq_unused)
{
	struct waiting w;
	uint64_t t, c[3];

	begin(&w, "go1.26.8");
	t = type(&w, "main.Job", 16);
	for (size_t i = 0; i < 3; i++) {
		// The last is of another size than its type.
		c[i] = channel(&w, 0, i < 2 ? 16 : 24);
		field(&w, c[i], w.l->hchan_elemtype, t);
		receiver(&w, c[i]);
	}
	read_waits(&w);
	assert_text(chan_of(&w, 0)->elem_type, "main.Job");
	assert_int_equal(chan_of(&w, 0)->elem_size, 16);
	// Written once.
	assert_ptr_equal(chan_of(&w, 1)->elem_type.ptr,
			 chan_of(&w, 0)->elem_type.ptr);
	assert_false(w.facts[2].waits->object->is_read);
	assert_int_equal(w.p.facts->gaps.len, 1);
	go_process_close(&w.p);
}

/* A timer whose argument is @arg. */
static uint64_t timer(struct waiting *w, uint64_t arg, uint64_t when)
{
	uint64_t at = go_process_alloc(&w->p, w->l->timer_size);

	field(w, at, w->l->timer_when, when);
	go_process_word(&w->p, at + w->l->timer_arg.offset + 8, arg);
	return at;
}

static void stopped_timer_has_no_time(void **state iq_unused)
{
	struct waiting w;
	uint64_t c;

	begin(&w, "go1.24.11");
	c = channel(&w, 1, 24);
	field(&w, c, w.l->hchan_timer, timer(&w, c, 0));
	receiver(&w, c);
	read_waits(&w);
	assert_true(chan_of(&w, 0)->timer);
	assert_false(chan_of(&w, 0)->when.is_set);
	assert_false(w.facts[0].waits->has_until);
	// What len() and cap() say.
	assert_int_equal(chan_of(&w, 0)->cap, 0);
	go_process_close(&w.p);
}

static void timer_of_another_is_a_gap(void **state iq_unused)
{
	struct waiting w;
	uint64_t c;

	begin(&w, "go1.24.11");
	c = channel(&w, 1, 24);
	field(&w, c, w.l->hchan_timer, timer(&w, c + 8, 5000));
	receiver(&w, c);
	c = channel(&w, 1, 24);
	field(&w, c, w.l->hchan_timer, WILD);
	receiver(&w, c);
	read_waits(&w);
	for (size_t i = 0; i < 2; i++) {
		assert_false(chan_of(&w, i)->timer);
		assert_false(w.facts[i].waits->has_until);
	}
	assert_int_equal(w.p.facts->gaps.len, 2);
	go_process_close(&w.p);
}

static void bubbles_clock_ends_no_wait(void **state iq_unused)
{
	struct waiting w;
	uint64_t c, g, bubble;

	begin(&w, "go1.26.8");
	bubble = go_process_alloc(&w.p, 8);
	c = channel(&w, 1, 24);
	field(&w, c, w.l->hchan_timer, timer(&w, c, 5000));
	field(&w, receiver(&w, c), w.l->g_bubble, bubble);
	g = goroutine(&w, "sleep");
	field(&w, g, w.l->g_timer, timer(&w, g, 6000));
	field(&w, g, w.l->g_bubble, bubble);
	read_waits(&w);
	assert_int_equal(chan_of(&w, 0)->when.ns, 5000);
	assert_false(w.facts[0].waits->has_until);
	assert_int_equal(w.facts[1].waits->kind, IQ_WAIT_TIMER);
	assert_false(w.facts[1].waits->has_until);
	go_process_close(&w.p);
}

/* The heap of timers of the only processor. */
static void timers(struct waiting *w, const uint64_t *timers, size_t num)
{
	uint64_t p = go_process_alloc(&w->p, w->l->p_size);
	uint64_t array = go_process_alloc(&w->p, 8 * num);
	uint64_t slice = p + w->l->p_timers.offset;
	uint64_t allp = GO_PROCESS_BSS + 128;
	uint64_t ps = go_process_alloc(&w->p, 8);

	for (size_t i = 0; i < num; i++)
		go_process_word(&w->p, array + 8 * i, timers[i]);
	go_process_slice(&w->p, slice, array, num);
	go_process_word(&w->p, slice + 16, num);
	go_process_word(&w->p, ps, p);
	go_process_slice(&w->p, allp, ps, 1);
	go_process_word(&w->p, allp + 16, 1);
}

static void timer_names_its_channel_before_1_23(void **state iq_unused)
{
	struct waiting w;
	const struct iq_go_constants *k;
	uint64_t c[4], t[5];

	begin(&w, "go1.22.12");
	k = w.p.image.version->constants;
	for (size_t i = 0; i < 4; i++) {
		c[i] = channel(&w, 1, 24);
		receiver(&w, c[i]);
		t[i] = timer(&w, c[i], 5000);
		field(&w, t[i], w.l->timer_nextwhen, 7000);
	}
	t[4] = WILD;
	field(&w, t[0], w.l->timer_status, (uint64_t)k->timer_waiting);
	field(&w, t[1], w.l->timer_status, (uint64_t)k->timer_modified_later);
	field(&w, t[1], w.l->timer_period, 30);
	// Deleted; the last is in no heap.
	field(&w, t[2], w.l->timer_status, 3);
	t[3] = t[4];
	timers(&w, t, 5);
	read_waits(&w);
	assert_int_equal(chan_of(&w, 0)->when.ns, 5000);
	assert_int_equal(w.facts[0].waits->until_ns, 5000);
	assert_int_equal(chan_of(&w, 1)->when.ns, 7000);
	assert_int_equal(chan_of(&w, 1)->period_ns, 30);
	assert_true(chan_of(&w, 2)->timer);
	assert_false(chan_of(&w, 2)->when.is_set);
	assert_false(w.facts[2].waits->has_until);
	assert_false(chan_of(&w, 3)->timer);
	go_process_close(&w.p);
}

static void sleep_ends_when_its_timer_fires(void **state iq_unused)
{
	static const char *const versions[] = { "go1.18.10", "go1.22.12",
						"go1.26.8" };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(versions); i++) {
		struct waiting w;
		uint64_t g, t;

		begin(&w, versions[i]);
		g = goroutine(&w, "sleep");
		t = timer(&w, g, 5000);
		if (iq_go_has(w.l->timer_status))
			field(&w, t, w.l->timer_status, 1);
		field(&w, g, w.l->g_timer, t);
		g = goroutine(&w, "sleep");
		field(&w, g, w.l->g_timer, t);
		g = goroutine(&w, "sleep");
		field(&w, g, w.l->g_timer, WILD);
		goroutine(&w, "sleep");
		read_waits(&w);
		assert_true(w.facts[0].waits->has_until);
		assert_int_equal(w.facts[0].waits->until_ns, 5000);
		// Another's; none; nobody's.
		for (size_t k = 1; k < 4; k++)
			assert_false(w.facts[k].waits->has_until);
		assert_int_equal(w.p.facts->gaps.len, 2);
		go_process_close(&w.p);
	}
}

/* One that waits for the word, by its sudog (1.26) or by the table. */
static void waits_on(struct waiting *w, const char *reason, uint64_t word)
{
	const struct iq_go_version *v = w->p.image.version;
	uint64_t g = goroutine(w, reason);
	uint64_t s = sudog(w, g, 0);
	uint64_t root = GO_PROCESS_BSS + 4096 +
			(word >> 3) % 251 * v->tables->sematable_stride;

	field(w, s, w->l->sudog_elem, word);
	if (v->tables->sudog_two_words)
		return;
	field(w, g, w->l->g_waiting, 0);
	field(w, root, w->l->sema_root_treap, s);
}

static const struct iq_object *object_of(const struct waiting *w, size_t i,
					 enum iq_wait_kind kind)
{
	assert_int_equal(w->facts[i].num_waits, 1);
	assert_int_equal(w->facts[i].waits->kind, kind);
	assert_non_null(w->facts[i].waits->object);
	assert_int_equal(w->facts[i].waits->object->kind, kind);
	return w->facts[i].waits->object;
}

static void locks_tell_their_state(void **state iq_unused)
{
	static const char *const versions[] = { "go1.24.11", "go1.26.8" };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(versions); i++) {
		struct waiting w;
		uint64_t at;

		begin(&w, versions[i]);
		at = go_process_alloc(&w.p, 64);
		// A mutex with two waiters that starves; a RWMutex whose
		// writer waits for one of two readers; a WaitGroup of 3.
		go_process_put(&w.p, at, 2 << 3 | 4 | 1, 4);
		waits_on(&w, "sync.Mutex.Lock", at + 4);
		go_process_put(&w.p, at + 8, 1, 4);
		go_process_put(&w.p, at + 24, (uint32_t)(2 - (1 << 30)), 4);
		go_process_put(&w.p, at + 28, 1, 4);
		waits_on(&w, "sync.RWMutex.Lock", at + 16);
		go_process_word(&w.p, at + 40, 3ull << 32 | 1u << 31 | 2);
		waits_on(&w, "sync.WaitGroup.Wait", at + 48);
		read_waits(&w);

		const struct iq_object *m = object_of(&w, 0, IQ_WAIT_MUTEX);
		const struct iq_object *rw = object_of(&w, 1, IQ_WAIT_RWMUTEX);
		const struct iq_object *wg =
			object_of(&w, 2, IQ_WAIT_WAITGROUP);

		assert_int_equal(m->address, at);
		assert_true(m->is_read && m->mutex.locked && m->mutex.starving);
		assert_false(m->mutex.woken);
		assert_int_equal(m->mutex.num_waiters, 2);
		assert_true(rw->is_read && rw->rwmutex.writers.locked &&
			    rw->rwmutex.pending);
		assert_int_equal(rw->rwmutex.num_readers, 2);
		assert_int_equal(rw->rwmutex.num_awaited, 1);
		assert_int_equal(wg->waitgroup.counter, 3);
		assert_int_equal(wg->waitgroup.num_waiters, 2);
		assert_int_equal(w.p.facts->gaps.len, 0);
		go_process_close(&w.p);
	}
}

static void cond_has_its_tickets(void **state iq_unused)
{
	struct waiting w;
	uint64_t at;

	begin(&w, "go1.26.8");
	at = go_process_alloc(&w.p, 64);
	go_process_put(&w.p, at + 16, 0, 4);
	go_process_put(&w.p, at + 20, UINT32_MAX, 4);
	waits_on(&w, "sync.Cond.Wait", at + 16);
	read_waits(&w);
	// Numbers of tickets begin anew.
	assert_int_equal(object_of(&w, 0, IQ_WAIT_COND)->cond.wait, 0);
	assert_int_equal(object_of(&w, 0, IQ_WAIT_COND)->cond.notify,
			 UINT32_MAX);
	go_process_close(&w.p);
}

static void absurd_state_is_a_gap_and_no_value(void **state iq_unused)
{
	struct waiting w;
	uint64_t at[4];

	begin(&w, "go1.26.8");
	for (size_t i = 0; i < 4; i++)
		at[i] = go_process_alloc(&w.p, 64);
	go_process_put(&w.p, at[0], 0x41414141, 4);
	waits_on(&w, "sync.Mutex.Lock", at[0] + 4);
	go_process_put(&w.p, at[1] + 16, 0x41414141, 4);
	waits_on(&w, "sync.RWMutex.RLock", at[1] + 12);
	go_process_word(&w.p, at[2], 0x4141414141414141);
	waits_on(&w, "sync.WaitGroup.Wait", at[2] + 8);
	go_process_word(&w.p, at[3] + 16, 0x41414141);
	waits_on(&w, "sync.Cond.Wait", at[3] + 16);
	read_waits(&w);
	assert_int_equal(w.p.facts->objects.len, 4);
	for (size_t i = 0; i < 4; i++) {
		// Where it is is known.
		assert_true(w.facts[i].waits->has_address);
		assert_int_equal(w.facts[i].waits->address, at[i]);
		assert_false(w.facts[i].waits->object->is_read);
	}
	assert_int_equal(w.p.facts->gaps.len, 4);
	go_process_close(&w.p);
}

/* Zeros are what a debugger writes where it cannot read. */
static void state_that_nobody_can_wait_in_is_a_gap(void **state iq_unused)
{
	static const struct {
		const char *reason;
		unsigned word;
		bool is_read;
	} rows[] = {
		{ "sync.Mutex.Lock", 4, false },
		{ "sync.RWMutex.RLock", 12, false },
		{ "sync.Cond.Wait", 16, false },
		// The last Done is about to wake it.
		{ "sync.WaitGroup.Wait", 8, true },
	};
	uint64_t at[IQ_ARRAY_SIZE(rows)];
	struct waiting w;

	begin(&w, "go1.26.8");
	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++) {
		at[i] = go_process_alloc(&w.p, 64);
		go_process_word(&w.p, at[i] + 56, 1);
		waits_on(&w, rows[i].reason, at[i] + rows[i].word);
	}
	read_waits(&w);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++) {
		assert_int_equal(w.facts[i].waits->address, at[i]);
		assert_int_equal(w.facts[i].waits->object->is_read,
				 rows[i].is_read);
	}
	assert_int_equal(w.p.facts->gaps.len, 3);
	go_process_close(&w.p);
}

static void wild_lock_is_a_gap_and_no_address(void **state iq_unused)
{
	struct waiting w;

	begin(&w, "go1.26.8");
	waits_on(&w, "sync.Mutex.Lock", WILD + 4);
	waits_on(&w, "semacquire", GO_PROCESS_HEAP + 33);
	read_waits(&w);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(w.facts[i].num_waits, 1);
		assert_false(w.facts[i].waits->has_address);
		assert_null(w.facts[i].waits->object);
	}
	assert_int_equal(w.p.facts->objects.len, 0);
	assert_int_equal(w.p.facts->gaps.len, 2);
	go_process_close(&w.p);
}

static void semaphore_is_named_by_who_waits(void **state iq_unused)
{
	static const struct iq_frame frame = {
		.function = { "internal/poll.(*fdMutex).rwlock", 31 },
	};
	static const struct iq_frame *const frames[] = { &frame };
	static const struct iq_stack stack = {
		.frames = frames,
		.num_frames = 1,
	};
	struct waiting w;
	uint64_t at;

	begin(&w, "go1.26.8");
	at = go_process_alloc(&w.p, 16);
	go_process_put(&w.p, at, 7, 4);
	waits_on(&w, "semacquire", at);
	w.facts[0].stack = &stack;
	waits_on(&w, "semacquire", at + 8);
	read_waits(&w);

	const struct iq_object *o = object_of(&w, 0, IQ_WAIT_SEMAPHORE);

	assert_int_equal(o->semaphore.value, 7);
	assert_string_equal(o->semaphore.what, "poll.fdMutex");
	assert_null(object_of(&w, 1, IQ_WAIT_SEMAPHORE)->semaphore.what);
	go_process_close(&w.p);
}

/* A coroutine in which @parked is, whose function @body runs. */
static uint64_t coroutine(struct waiting *w, uint64_t parked, uint64_t body)
{
	uint64_t at = go_process_alloc(&w->p, w->l->coro_size);
	uint64_t f = go_process_alloc(&w->p, 8);
	uint64_t hi = body - GO_PROCESS_HEAP + w->l->g_stack_hi.offset;

	memcpy(&hi, w->p.heap + hi, sizeof(hi));
	go_process_word(&w->p, f, GO_IMAGE_TEXT);
	field(w, at, w->l->coro_gp, parked);
	field(w, at, w->l->coro_f, f);
	go_process_word(&w->p, hi - 32, at);
	return at;
}

/* main.G, where goroutines begin here, is what starts coroutines. */
static void begin_coroutines(struct waiting *w)
{
	begin(w, "go1.26.8");
	go_image_put(&w->p.image,
		     w->p.image.func[1] + w->l->func_func_id.offset,
		     (uint64_t)w->p.image.version->func_ids->corostart, 1);
}

static void coroutine_has_another_side(void **state iq_unused)
{
	struct waiting w;
	uint64_t caller, body, idle, c[2];

	begin_coroutines(&w);
	caller = goroutine(&w, "coroutine");
	body = goroutine(&w, "chan receive");
	idle = goroutine(&w, "coroutine");
	c[0] = coroutine(&w, caller, body);
	c[1] = coroutine(&w, idle, idle);
	read_waits(&w);
	assert_int_equal(w.facts[0].waits->address, c[0]);
	assert_true(
		object_of(&w, 0, IQ_WAIT_COROUTINE)->coroutine.has_goroutine);
	assert_int_equal(
		object_of(&w, 0, IQ_WAIT_COROUTINE)->coroutine.goroutine, 2);
	assert_int_equal(w.facts[2].waits->address, c[1]);
	assert_false(
		object_of(&w, 2, IQ_WAIT_COROUTINE)->coroutine.has_goroutine);
	go_process_close(&w.p);
}

static void coroutine_that_is_not_found_is_a_gap(void **state iq_unused)
{
	struct waiting w;
	uint64_t caller, body;

	begin_coroutines(&w);
	caller = goroutine(&w, "coroutine");
	body = goroutine(&w, "chan receive");
	// Its function is nowhere.
	field(&w, coroutine(&w, caller, body), w.l->coro_f, WILD);
	read_waits(&w);
	assert_int_equal(w.facts[0].waits->kind, IQ_WAIT_COROUTINE);
	assert_false(w.facts[0].waits->has_address);
	assert_int_equal(w.p.facts->gaps.len, 1);
	go_process_close(&w.p);
}

/* A bubble of three of which one runs. */
static uint64_t bubble(struct waiting *w, uint64_t root)
{
	uint64_t at = go_process_alloc(&w->p, w->l->bubble_size);

	field(w, at, w->l->bubble_id, 7);
	field(w, at, w->l->bubble_root, root);
	field(w, at, w->l->bubble_now, 946684800000000000);
	field(w, at, w->l->bubble_total, 3);
	field(w, at, w->l->bubble_running, 1);
	return at;
}

static void bubble_counts_its_goroutines(void **state iq_unused)
{
	struct waiting w;
	uint64_t root, waiter, b;

	begin(&w, "go1.26.8");
	root = goroutine(&w, "synctest.Run");
	waiter = goroutine(&w, "synctest.Wait");
	b = bubble(&w, root);
	field(&w, root, w.l->g_bubble, b);
	field(&w, waiter, w.l->g_bubble, b);
	read_waits(&w);

	const struct iq_object *o = object_of(&w, 1, IQ_WAIT_BUBBLE);

	assert_ptr_equal(o, object_of(&w, 0, IQ_WAIT_BUBBLE));
	assert_int_equal(o->address, b);
	assert_int_equal(o->bubble.id, 7);
	assert_true(o->bubble.has_counts && o->bubble.now.is_set);
	assert_int_equal(o->bubble.total, 3);
	assert_int_equal(o->bubble.running, 1);
	go_process_close(&w.p);
}

static void bubble_that_is_none_is_a_gap(void **state iq_unused)
{
	struct waiting w;
	uint64_t root, b;

	begin(&w, "go1.26.8");
	root = goroutine(&w, "synctest.Run");
	b = bubble(&w, root);
	field(&w, b, w.l->bubble_running, 4);
	field(&w, root, w.l->g_bubble, b);
	field(&w, goroutine(&w, "synctest.Wait"), w.l->g_bubble, WILD);
	read_waits(&w);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(w.facts[i].waits->kind, IQ_WAIT_BUBBLE);
		assert_false(w.facts[i].waits->has_address);
	}
	assert_int_equal(w.p.facts->gaps.len, 2);
	go_process_close(&w.p);
}

/* Two readers, each with the same object and one of its own. */
static void readers_share_what_both_found(void **state iq_unused)
{
	struct iq_go_wait_reader readers[2] = { 0 };
	struct iq_goroutine_fact facts[2] = { 0 };
	struct iq_wait waits[2] = { 0 };
	struct iq_go_runtime rt = { .num_gs = 2 };
	struct iq_object *o;
	bool is_new;

	assert_null(iq_facts_create(&rt.facts));
	for (size_t i = 0; i < 2; i++) {
		readers[i].rt = &rt;
		readers[i].goroutines = facts;
		assert_null(iq_go_wait_object_lone(&readers[i], IQ_WAIT_MUTEX,
						   64 - 16 * i, &o));
		assert_null(iq_go_wait_object(&readers[i], IQ_WAIT_CHAN, 4096,
					      &o, &is_new));
		assert_true(is_new);
		assert_null(iq_go_wait_object_problem(&readers[i], o, 8, "x"));
		waits[i] = (struct iq_wait){
			.kind = IQ_WAIT_CHAN,
			.has_address = true,
			.address = 4096,
			.object = o,
		};
		facts[i].waits = &waits[i];
		facts[i].num_waits = 1;
	}
	assert_null(iq_go_wait_objects_share(&rt, readers, 2));
	assert_int_equal(rt.facts->objects.len, 3);
	assert_int_equal(rt.facts->objects.data[0]->kind, IQ_WAIT_CHAN);
	assert_int_equal(rt.facts->objects.data[1]->address, 48);
	assert_int_equal(rt.facts->objects.data[2]->address, 64);
	for (size_t i = 0; i < 2; i++)
		assert_ptr_equal(waits[i].object, rt.facts->objects.data[0]);
	assert_int_equal(rt.facts->gaps.len, 1);
	assert_int_equal(rt.facts->gaps.data[0].count, 1);
	for (size_t i = 0; i < 2; i++)
		iq_go_wait_reader_deinit(&readers[i]);
	iq_facts_destroy(rt.facts);
}

static void select_of_nil_channels_is_in_no_queue(void **state iq_unused)
{
	struct waiting w;

	begin(&w, "go1.26.8");
	goroutine(&w, "select");
	read_waits(&w);
	assert_int_equal(w.facts[0].num_waits, 1);
	assert_int_equal(w.facts[0].waits->kind, IQ_WAIT_SELECT);
	assert_int_equal(w.p.facts->gaps.len, 0);
	go_process_close(&w.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_who_wait_share_the_object),
		cmocka_unit_test(broken_queue_is_a_gap),
		cmocka_unit_test(sudog_in_no_queue_has_no_channel),
		cmocka_unit_test(element_has_the_name_of_its_type),
		cmocka_unit_test(stopped_timer_has_no_time),
		cmocka_unit_test(timer_of_another_is_a_gap),
		cmocka_unit_test(bubbles_clock_ends_no_wait),
		cmocka_unit_test(timer_names_its_channel_before_1_23),
		cmocka_unit_test(sleep_ends_when_its_timer_fires),
		cmocka_unit_test(locks_tell_their_state),
		cmocka_unit_test(cond_has_its_tickets),
		cmocka_unit_test(absurd_state_is_a_gap_and_no_value),
		cmocka_unit_test(state_that_nobody_can_wait_in_is_a_gap),
		cmocka_unit_test(wild_lock_is_a_gap_and_no_address),
		cmocka_unit_test(semaphore_is_named_by_who_waits),
		cmocka_unit_test(coroutine_has_another_side),
		cmocka_unit_test(coroutine_that_is_not_found_is_a_gap),
		cmocka_unit_test(bubble_counts_its_goroutines),
		cmocka_unit_test(bubble_that_is_none_is_a_gap),
		cmocka_unit_test(readers_share_what_both_found),
		cmocka_unit_test(select_of_nil_channels_is_in_no_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
