/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/go/goroutine.h"
#include "formats/go/waits.h"
#include "go-process.h"
#include "model/object.h"

/* A process of @version whose goroutines' facts are filled. */
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
	assert_null(iq_go_goroutines_read(&w->p.rt));
	for (size_t i = 0; i < w->p.rt.num_gs; i++) {
		const struct iq_go_g *g = &w->p.rt.gs[i];

		w->facts[i].status = (enum iq_gstatus)g->status;
		iq_go_wait_reason(w->p.rt.version, g->waitreason,
				  &w->facts[i].wait_reason);
	}
	assert_null(iq_go_waits_read(&w->p.rt, w->facts));
}

static uint64_t sudog(struct waiting *w, uint64_t g, uint64_t channel)
{
	uint64_t at = go_process_alloc(&w->p, w->l->sudog_size);

	go_process_field(&w->p, at, w->l->sudog_g, g);
	go_process_field(&w->p, at, w->l->sudog_c, channel);
	return at;
}

/* A waiter of the channel, alone in one of its queues. */
static uint64_t channel_waiter(struct waiting *w, uint64_t g, uint64_t channel,
			       bool sends)
{
	uint64_t at = sudog(w, g, channel);

	go_process_field(
		&w->p, channel,
		sends ? w->l->hchan_sendq_first : w->l->hchan_recvq_first, at);
	go_process_field(
		&w->p, channel,
		sends ? w->l->hchan_sendq_last : w->l->hchan_recvq_last, at);
	return at;
}

static uint64_t channel(struct waiting *w, uint64_t len, uint64_t cap)
{
	uint64_t at = go_process_alloc(&w->p, w->l->hchan_size);

	go_process_field(&w->p, at, w->l->hchan_qcount, len);
	go_process_field(&w->p, at, w->l->hchan_dataqsiz, cap);
	go_process_field(&w->p, at, w->l->hchan_elemsize, 8);
	go_process_field(&w->p, at, w->l->hchan_elemtype, at);
	go_process_field(
		&w->p, at, w->l->hchan_buf,
		at + (cap ? w->l->hchan_size : w->l->hchan_buf.offset));
	return at;
}

/* The timer of the channel, which says so itself (Go 1.23 and newer). */
static uint64_t timer(struct waiting *w, uint64_t channel, uint64_t when,
		      uint64_t period)
{
	uint64_t at = go_process_alloc(&w->p, w->l->timer_size);

	go_process_field(&w->p, channel, w->l->hchan_timer, at);
	go_process_field(&w->p, at, w->l->timer_when, when);
	go_process_field(&w->p, at, w->l->timer_period, period);
	go_process_word(&w->p, at + w->l->timer_arg.offset + 8, channel);
	return at;
}

static uint64_t goroutine(struct waiting *w, const char *reason)
{
	return go_process_g(&w->p, w->p.num_gs + 1, IQ_GSTATUS_WAITING, reason);
}

static void channel_is_read(void **state iq_unused)
{
	static const char *const versions[] = { "go1.18.10", "go1.22.12",
						"go1.24.11", "go1.26.8" };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(versions); i++) {
		struct waiting w;
		uint64_t g, c;

		begin(&w, versions[i]);
		g = goroutine(&w, "chan send");
		c = channel(&w, 3, 3);
		go_process_field(&w.p, g, w.l->g_waiting,
				 channel_waiter(&w, g, c, true));
		read_waits(&w);
		assert_int_equal(w.facts[0].num_waits, 1);
		const struct iq_wait *wait = &w.facts[0].waits[0];

		assert_int_equal(wait->kind, IQ_WAIT_CHAN);
		assert_int_equal(wait->op, IQ_OP_SEND);
		assert_true(wait->has_address);
		assert_int_equal(wait->address, c);
		assert_int_equal(w.p.facts->objects.len, 1);
		const struct iq_object *o = w.p.facts->objects.data[0];

		assert_ptr_equal(wait->object, o);
		assert_int_equal(o->kind, IQ_WAIT_CHAN);
		assert_int_equal(o->address, c);
		assert_true(o->is_read && o->chan.has_queues);
		assert_int_equal(o->chan.elem_size, 8);
		assert_int_equal(o->chan.len, 3);
		assert_int_equal(o->chan.cap, 3);
		assert_int_equal(o->chan.num_senders, 1);
		assert_int_equal(o->chan.num_receivers, 0);
		assert_false(o->chan.closed || o->chan.timer);
		assert_int_equal(w.p.facts->gaps.len, 0);
		go_process_close(&w.p);
	}
}

/* One that waits for the channel has a wait without an address, and a gap. */
static void assert_no_channel(struct waiting *w, uint64_t g, uint64_t c)
{
	go_process_field(&w->p, g, w->l->g_waiting,
			 channel_waiter(w, g, c, true));
	read_waits(w);
	assert_int_equal(w->facts[0].num_waits, 1);
	assert_false(w->facts[0].waits[0].has_address);
	assert_int_equal(w->p.facts->gaps.len, 1);
	go_process_close(&w->p);
}

static void zeros_and_stray_words_are_no_channel(void **state iq_unused)
{
	struct waiting w;
	uint64_t g, c;

	begin(&w, "go1.26.8");
	g = goroutine(&w, "chan send");
	assert_no_channel(&w, g, go_process_alloc(&w.p, w.l->hchan_size));

	begin(&w, "go1.26.8");
	g = goroutine(&w, "chan send");
	c = channel(&w, 0, 0);
	go_process_field(&w.p, c, w.l->hchan_closed, 0x41414141);
	assert_no_channel(&w, g, c);

	begin(&w, "go1.26.8");
	g = goroutine(&w, "chan send");
	c = channel(&w, 0, 0);
	go_process_field(&w.p, c, w.l->hchan_dataqsiz, 8);
	assert_no_channel(&w, g, c);

	begin(&w, "go1.26.8");
	g = goroutine(&w, "chan send");
	c = channel(&w, 1, 4);
	go_process_field(&w.p, c, w.l->hchan_sendx, 4);
	assert_no_channel(&w, g, c);

	// Three elements, of which none was sent.
	begin(&w, "go1.26.8");
	g = goroutine(&w, "chan send");
	assert_no_channel(&w, g, channel(&w, 3, 8));

	// A buffer that leaves the address space.
	begin(&w, "go1.26.8");
	g = goroutine(&w, "chan send");
	assert_no_channel(&w, g, channel(&w, 0, 1ull << 36));

	// More tokens than anybody counts.
	begin(&w, "go1.26.8");
	g = goroutine(&w, "chan send");
	c = channel(&w, 0, 0);
	go_process_field(&w.p, c, w.l->hchan_elemsize, 0);
	go_process_field(&w.p, c, w.l->hchan_dataqsiz, UINT64_MAX);
	assert_no_channel(&w, g, c);
}

static void select_has_a_wait_for_each_case(void **state iq_unused)
{
	struct waiting w;
	uint64_t g, a, b, first, second;

	begin(&w, "go1.26.8");
	g = goroutine(&w, "select");
	a = channel(&w, 0, 0);
	b = channel(&w, 0, 1);
	timer(&w, b, 5000, 70);
	first = channel_waiter(&w, g, a, true);
	second = channel_waiter(&w, g, b, false);
	go_process_field(&w.p, g, w.l->g_waiting, first);
	go_process_field(&w.p, first, w.l->sudog_waitlink, second);
	read_waits(&w);
	assert_int_equal(w.facts[0].num_waits, 2);
	assert_int_equal(w.facts[0].waits[0].op, IQ_OP_SEND);
	assert_false(w.facts[0].waits[0].object->chan.timer);
	assert_false(w.facts[0].waits[0].has_until);
	assert_int_equal(w.facts[0].waits[1].op, IQ_OP_RECEIVE);
	assert_int_equal(w.facts[0].waits[1].address, b);
	const struct iq_chan_object *c = &w.facts[0].waits[1].object->chan;

	assert_true(c->timer && c->when.is_set);
	assert_int_equal(c->when.ns, 5000);
	assert_int_equal(c->period_ns, 70);
	assert_true(w.facts[0].waits[1].has_until);
	assert_int_equal(w.facts[0].waits[1].until_ns, 5000);
	go_process_close(&w.p);
}

static void select_may_be_in_both_queues(void **state iq_unused)
{
	struct waiting w;
	uint64_t g, c, first, second;

	begin(&w, "go1.22.12");
	g = goroutine(&w, "select");
	c = channel(&w, 0, 0);
	first = channel_waiter(&w, g, c, true);
	second = channel_waiter(&w, g, c, false);
	go_process_field(&w.p, g, w.l->g_waiting, second);
	go_process_field(&w.p, second, w.l->sudog_waitlink, first);
	read_waits(&w);
	assert_int_equal(w.facts[0].num_waits, 2);
	assert_int_equal(w.facts[0].waits[0].op, IQ_OP_RECEIVE);
	assert_int_equal(w.facts[0].waits[1].op, IQ_OP_SEND);
	go_process_close(&w.p);
}

static void nothing_to_wait_for_has_no_address(void **state iq_unused)
{
	struct waiting w;

	begin(&w, "go1.26.8");
	goroutine(&w, "chan receive (nil chan)");
	goroutine(&w, "chan send (nil chan)");
	goroutine(&w, "select (no cases)");
	goroutine(&w, "sleep");
	goroutine(&w, "finalizer wait");
	read_waits(&w);
	assert_int_equal(w.facts[0].waits[0].kind, IQ_WAIT_NIL_CHAN);
	assert_int_equal(w.facts[0].waits[0].op, IQ_OP_RECEIVE);
	assert_int_equal(w.facts[1].waits[0].op, IQ_OP_SEND);
	assert_int_equal(w.facts[2].waits[0].kind, IQ_WAIT_SELECT);
	assert_int_equal(w.facts[3].waits[0].kind, IQ_WAIT_TIMER);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(w.facts[i].num_waits, 1);
		assert_false(w.facts[i].waits[0].has_address);
	}
	assert_int_equal(w.facts[4].num_waits, 1);
	assert_int_equal(w.facts[4].waits[0].kind, IQ_WAIT_RUNTIME);
	assert_int_equal(w.p.facts->objects.len, 0);
	go_process_close(&w.p);
}

static void assert_sync(const struct iq_goroutine_fact *fact,
			enum iq_wait_kind kind, uint64_t address, uint64_t sema)
{
	assert_int_equal(fact->num_waits, 1);
	assert_int_equal(fact->waits[0].kind, kind);
	assert_true(fact->waits[0].has_address);
	assert_int_equal(fact->waits[0].address, address);
	assert_true(fact->waits[0].has_sema);
	assert_int_equal(fact->waits[0].sema_addr, sema);
}

static void sync_object_is_in_the_sudog_since_1_26(void **state iq_unused)
{
	static const struct {
		const char *reason;
		enum iq_wait_kind kind;
		uint64_t offset;
	} rows[] = {
		{ "sync.Mutex.Lock", IQ_WAIT_MUTEX, 4 },
		{ "sync.RWMutex.Lock", IQ_WAIT_RWMUTEX, 8 },
		{ "sync.RWMutex.RLock", IQ_WAIT_RWMUTEX, 12 },
		{ "sync.WaitGroup.Wait", IQ_WAIT_WAITGROUP, 8 },
		{ "sync.Cond.Wait", IQ_WAIT_COND, 16 },
	};
	struct waiting w;
	uint64_t object;

	begin(&w, "go1.26.8");
	object = go_process_alloc(&w.p, 64);
	// Something that each of them can be.
	go_process_put(&w.p, object, 1, 4);
	go_process_put(&w.p, object + 16, 1, 4);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++) {
		uint64_t g = goroutine(&w, rows[i].reason);
		uint64_t s = sudog(&w, g, 0);

		go_process_field(&w.p, s, w.l->sudog_elem,
				 object + rows[i].offset);
		go_process_field(&w.p, g, w.l->g_waiting, s);
		// The list goes on with other goroutines'.
		go_process_field(&w.p, s, w.l->sudog_waitlink, object);
	}
	read_waits(&w);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++)
		assert_sync(&w.facts[i], rows[i].kind, object,
			    object + rows[i].offset);
	assert_int_equal(w.p.facts->gaps.len, 0);
	go_process_close(&w.p);
}

/* Puts waiters of two semaphores into the table at @table: two of the first,
 * one of the second, in one treap. */
static void table_make(struct waiting *w, uint64_t table, uint64_t a,
		       uint64_t b)
{
	const struct iq_go_version *v = w->p.image.version;
	uint64_t stride = v->tables->sematable_stride;
	uint64_t root = table + (a >> 3) % 251 * stride;
	uint64_t s[3];

	for (size_t i = 0; i < 3; i++) {
		s[i] = sudog(w, goroutine(w, "sync.Mutex.Lock"), 0);
		go_process_field(&w->p, s[i], w->l->sudog_elem, i < 2 ? a : b);
	}
	go_process_field(&w->p, s[0], w->l->sudog_waitlink, s[1]);
	go_process_field(&w->p, s[0], w->l->sudog_next, s[2]);
	go_process_field(&w->p, s[2], w->l->sudog_parent, s[0]);
	go_process_field(&w->p, root, w->l->sema_root_treap, s[0]);
}

static void sync_object_is_in_the_table_before_1_26(void **state iq_unused)
{
	struct waiting w;
	uint64_t table = GO_PROCESS_BSS + 4096;
	uint64_t a, b;

	begin(&w, "go1.22.12");
	a = go_process_alloc(&w.p, 251 * 8 + 16);
	// The same root for both.
	b = a + 251 * 8;
	go_process_put(&w.p, a, 2 << 3 | 1, 4);
	go_process_put(&w.p, b, 1 << 3 | 1, 4);
	table_make(&w, table, a + 4, b + 4);
	read_waits(&w);
	assert_int_equal(w.p.rt.semtable_addr, table);
	assert_sync(&w.facts[0], IQ_WAIT_MUTEX, a, a + 4);
	assert_sync(&w.facts[1], IQ_WAIT_MUTEX, a, a + 4);
	assert_sync(&w.facts[2], IQ_WAIT_MUTEX, b, b + 4);
	assert_int_equal(w.p.facts->gaps.len, 0);
	go_process_close(&w.p);
}

static void table_that_is_not_found_is_a_gap(void **state iq_unused)
{
	struct waiting w;

	begin(&w, "go1.22.12");
	goroutine(&w, "sync.Mutex.Lock");
	read_waits(&w);
	assert_int_equal(w.facts[0].num_waits, 1);
	assert_int_equal(w.facts[0].waits[0].kind, IQ_WAIT_MUTEX);
	assert_false(w.facts[0].waits[0].has_address);
	assert_int_equal(w.p.facts->gaps.len, 1);
	go_process_close(&w.p);
}

static void cond_is_found_from_a_stack_before_1_26(void **state iq_unused)
{
	struct waiting w;
	uint64_t cond, list, s[2], g[2];

	begin(&w, "go1.22.12");
	cond = go_process_alloc(&w.p, 64);
	list = cond + 16;
	for (size_t i = 0; i < 2; i++) {
		g[i] = goroutine(&w, "sync.Cond.Wait");
		s[i] = sudog(&w, g[i], 0);
	}
	go_process_field(&w.p, list, w.l->notify_list_head, s[0]);
	go_process_field(&w.p, list, w.l->notify_list_tail, s[1]);
	go_process_field(&w.p, s[0], w.l->sudog_next, s[1]);
	// Only the second one's stack has the address.
	go_process_word(&w.p, go_process_sp(&w.p, g[1]) + 8, list);
	read_waits(&w);
	assert_sync(&w.facts[0], IQ_WAIT_COND, cond, list);
	assert_sync(&w.facts[1], IQ_WAIT_COND, cond, list);
	go_process_close(&w.p);
}

static void damaged_lists_are_gaps(void **state iq_unused)
{
	struct waiting w;
	uint64_t g, c, s;

	begin(&w, "go1.26.8");
	// A circle; another goroutine's; no channel; nowhere.
	g = goroutine(&w, "select");
	c = channel(&w, 0, 0);
	s = channel_waiter(&w, g, c, true);
	go_process_field(&w.p, g, w.l->g_waiting, s);
	go_process_field(&w.p, s, w.l->sudog_waitlink, s);
	go_process_field(&w.p, goroutine(&w, "chan send"), w.l->g_waiting, s);
	g = goroutine(&w, "chan send");
	go_process_field(&w.p, g, w.l->g_waiting, sudog(&w, g, UINT64_MAX - 7));
	g = goroutine(&w, "chan send");
	go_process_field(&w.p, g, w.l->g_waiting, UINT64_MAX - 7);
	read_waits(&w);
	assert_int_equal(w.p.facts->gaps.len, 4);
	for (size_t i = 0; i < 4; i++) {
		uint32_t last = w.facts[i].num_waits - 1;

		// One more, and nobody knows which.
		assert_int_equal(last, i == 0);
		assert_int_equal(w.facts[i].waits[last].kind, IQ_WAIT_CHAN);
		assert_false(w.facts[i].waits[last].has_address);
	}
	go_process_close(&w.p);
}

/* A select that knows its channels in another order than that of their
 * addresses, and a receiver that would have two. */
static void list_in_no_order_is_a_gap(void **state iq_unused)
{
	struct waiting w;
	uint64_t g, c[2], s[2];

	begin(&w, "go1.26.8");
	c[0] = channel(&w, 0, 0);
	c[1] = channel(&w, 0, 0);
	g = goroutine(&w, "select");
	for (size_t i = 0; i < 2; i++)
		s[i] = channel_waiter(&w, g, c[i], false);
	go_process_field(&w.p, g, w.l->g_waiting, s[1]);
	go_process_field(&w.p, s[1], w.l->sudog_waitlink, s[0]);
	c[0] = channel(&w, 0, 0);
	c[1] = channel(&w, 0, 0);
	g = goroutine(&w, "chan receive");
	for (size_t i = 0; i < 2; i++)
		s[i] = channel_waiter(&w, g, c[i], false);
	go_process_field(&w.p, g, w.l->g_waiting, s[0]);
	go_process_field(&w.p, s[0], w.l->sudog_waitlink, s[1]);
	read_waits(&w);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(w.facts[i].num_waits, 2);
		assert_true(w.facts[i].waits[0].has_address);
		assert_false(w.facts[i].waits[1].has_address);
	}
	assert_int_equal(w.p.facts->gaps.len, 2);
	go_process_close(&w.p);
}

static void system_call_is_a_wait(void **state iq_unused)
{
	struct waiting w;

	begin(&w, "go1.26.8");
	go_process_g(&w.p, 1, IQ_GSTATUS_SYSCALL, "");
	go_process_g(&w.p, 2, IQ_GSTATUS_RUNNABLE, "");
	read_waits(&w);
	assert_int_equal(w.facts[0].num_waits, 1);
	assert_int_equal(w.facts[0].waits[0].kind, IQ_WAIT_SYSCALL);
	assert_int_equal(w.facts[1].num_waits, 0);
	go_process_close(&w.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(channel_is_read),
		cmocka_unit_test(zeros_and_stray_words_are_no_channel),
		cmocka_unit_test(select_has_a_wait_for_each_case),
		cmocka_unit_test(select_may_be_in_both_queues),
		cmocka_unit_test(nothing_to_wait_for_has_no_address),
		cmocka_unit_test(sync_object_is_in_the_sudog_since_1_26),
		cmocka_unit_test(sync_object_is_in_the_table_before_1_26),
		cmocka_unit_test(table_that_is_not_found_is_a_gap),
		cmocka_unit_test(cond_is_found_from_a_stack_before_1_26),
		cmocka_unit_test(damaged_lists_are_gaps),
		cmocka_unit_test(list_in_no_order_is_a_gap),
		cmocka_unit_test(system_call_is_a_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
