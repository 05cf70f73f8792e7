/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "formats/go/wait_objects.h"

/* Bytes at the bottom of a coroutine's stack that hold the frame of corostart,
 * which has deferred coroexit(c). Go: src/runtime/coro.go. */
#define BOTTOM 512

/* Number of the reason "coroutine"; false if this version has none. */
static bool reason_number(const struct iq_go_runtime *rt, unsigned *ret)
{
	for (unsigned i = 0; i < rt->version->num_wait_reasons; i++) {
		struct iq_str reason;

		if (iq_go_wait_reason(rt->version, i, &reason) &&
		    iq_str_equal(reason, IQ_STR("coroutine"))) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool is_parked(const struct iq_go_g *g, unsigned reason)
{
	return g->status == IQ_GSTATUS_WAITING && g->waitreason == reason;
}

/* The coroutine at @addr, if there is one in which a goroutine is parked. */
static bool coroutine_read(const struct iq_go_runtime *rt, uint64_t addr,
			   unsigned reason, struct iq_go_coroutine *ret)
{
	const struct iq_go_layout *l = rt->layout;
	const struct iq_go_g *g;
	struct iq_go_record coro;
	struct iq_go_func f;
	uint64_t pc;

	if (!addr || addr % 8 ||
	    !iq_go_record_read(rt->memory, addr, l->coro_size, &coro))
		return false;
	g = iq_go_runtime_g(rt, iq_go_record_uint(&coro, l->coro_gp));
	if (!g || !is_parked(g, reason) ||
	    !iq_memory_u64(rt->memory, iq_go_record_uint(&coro, l->coro_f),
			   &pc) ||
	    !iq_pclntab_func(rt->program->pcln, pc, &f) || f.entry != pc)
		return false;
	ret->parked = g->addr;
	ret->addr = addr;
	return true;
}

/* That which @body runs the function of: before it begins its g has the
 * coroutine's address, afterwards its first frame. */
static bool coroutine_of(const struct iq_go_runtime *rt,
			 const struct iq_go_g *body, unsigned reason,
			 struct iq_go_coroutine *ret)
{
	uint64_t end = body->stack_hi - BOTTOM;

	if (iq_go_field_read(rt->memory, body->addr, rt->layout->g_coroarg,
			     &ret->addr) &&
	    coroutine_read(rt, ret->addr, reason, ret))
		return true;
	// From the bottom on: further up may be coroutines that it uses.
	for (uint64_t addr = body->stack_hi;
	     addr > end && addr > body->sched_sp; addr -= 8) {
		uint64_t word;

		if (!iq_memory_u64(rt->memory, addr - 8, &word))
			return false;
		if ((word < body->stack_lo || word >= body->stack_hi) &&
		    coroutine_read(rt, word, reason, ret))
			return true;
	}
	return false;
}

static int compare_coroutines(const void *a, const void *b)
{
	const struct iq_go_coroutine *x = a;
	const struct iq_go_coroutine *y = b;

	if (x->parked != y->parked)
		return x->parked < y->parked ? -1 : 1;
	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* Whether goroutines that start at @pc are coroutines; most start where the
 * one before them does: *@last and *@is_last keep the answer. */
static bool is_body(const struct iq_go_runtime *rt, uint64_t pc, uint64_t *last,
		    bool *is_last)
{
	struct iq_go_func f;

	if (pc != *last) {
		*last = pc;
		*is_last = rt->version->func_ids->corostart >= 0 &&
			   iq_pclntab_func(rt->program->pcln, pc, &f) &&
			   f.func_id == rt->version->func_ids->corostart;
	}
	return *is_last;
}

struct iq_error *iq_go_wait_coroutines_read(const struct iq_go_runtime *rt,
					    struct iq_go_wait_tables *tables)
{
	uint64_t last = 0;
	bool is_last = false;
	bool any = false;
	unsigned reason;

	if (!rt->layout->coro_size || !reason_number(rt, &reason))
		return NULL;
	for (size_t i = 0; i < rt->num_gs && !any; i++)
		any = is_parked(&rt->gs[i], reason);
	for (size_t i = 0; i < rt->num_gs && any; i++) {
		const struct iq_go_g *g = &rt->gs[i];
		struct iq_go_coroutine c = {
			.body = g->addr,
			.body_goid = g->goid,
		};

		if (is_body(rt, g->startpc, &last, &is_last) &&
		    coroutine_of(rt, g, reason, &c) &&
		    !iq_vec_push(&tables->coroutines, c))
			return &iq_enomem;
	}
	if (tables->coroutines.len)
		qsort(tables->coroutines.data, tables->coroutines.len,
		      sizeof(*tables->coroutines.data), compare_coroutines);
	return NULL;
}

static const struct iq_go_coroutine *
find(const struct iq_go_wait_tables *tables, uint64_t parked)
{
	size_t lo = 0;
	size_t hi = tables->coroutines.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (tables->coroutines.data[mid].parked < parked)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < tables->coroutines.len &&
			       tables->coroutines.data[lo].parked == parked ?
		       &tables->coroutines.data[lo] :
		       NULL;
}

struct iq_error *iq_go_wait_coroutine_read(struct iq_go_wait_reader *r,
					   size_t i, struct iq_wait *wait)
{
	const struct iq_go_g *g = &r->rt->gs[i];
	const struct iq_go_coroutine *c = find(r->tables, g->addr);
	struct iq_object *o;
	struct iq_error *err;
	bool is_new;

	if (!c)
		return iq_go_wait_problem(
			r, i, g->addr,
			"the coroutine that it waits for was not found");
	err = iq_go_wait_object(r, IQ_WAIT_COROUTINE, c->addr, &o, &is_new);
	if (err)
		return err;
	o->is_read = true;
	// Who will switch to the coroutine's own function is not recorded.
	o->coroutine.has_goroutine = c->body != g->addr;
	o->coroutine.goroutine = o->coroutine.has_goroutine ? c->body_goid : 0;
	wait->has_address = true;
	wait->address = c->addr;
	wait->object = o;
	return NULL;
}

/* False if it cannot be a bubble. Go: src/runtime/synctest.go. */
static bool bubble_fill(const struct iq_go_runtime *rt,
			const struct iq_go_record *bubble,
			struct iq_bubble_object *ret)
{
	const struct iq_go_layout *l = rt->layout;
	const struct iq_go_g *root =
		iq_go_runtime_g(rt, iq_go_record_uint(bubble, l->bubble_root));
	int64_t now = (int64_t)iq_go_record_uint(bubble, l->bubble_now);

	if (!root)
		return false;
	// What tracebacks call it: a number of its own from 1.25 on.
	ret->id = iq_go_has(l->bubble_id) ?
			  iq_go_record_uint(bubble, l->bubble_id) :
			  root->goid;
	ret->total = (int64_t)iq_go_record_uint(bubble, l->bubble_total);
	ret->running = (int64_t)iq_go_record_uint(bubble, l->bubble_running);
	if (ret->total < 0 || ret->running < 0 || ret->running > ret->total ||
	    (uint64_t)ret->total > iq_go_wait_max(rt) || now <= 0)
		return false;
	ret->has_counts = true;
	ret->now = (struct iq_moment_fact){ true, now };
	return true;
}

struct iq_error *iq_go_wait_bubble_read(struct iq_go_wait_reader *r, size_t i,
					struct iq_wait *wait)
{
	const struct iq_go_runtime *rt = r->rt;
	struct iq_bubble_object bubble = { 0 };
	struct iq_go_record record;
	struct iq_object *o;
	struct iq_error *err;
	uint64_t addr;
	bool is_new;

	if (!iq_go_field_read(rt->memory, rt->gs[i].addr, rt->layout->g_bubble,
			      &addr))
		return NULL;
	if (!iq_go_record_read(rt->memory, addr, rt->layout->bubble_size,
			       &record) ||
	    !bubble_fill(rt, &record, &bubble))
		return iq_go_wait_problem(
			r, i, addr,
			iq_go_wait_is_there(rt, addr, rt->layout->bubble_size) ?
				"the bubble that it waits for is none" :
				"the page of the bubble that it waits for is not in the core");
	err = iq_go_wait_object(r, IQ_WAIT_BUBBLE, addr, &o, &is_new);
	if (err)
		return err;
	o->is_read = true;
	o->bubble = bubble;
	wait->has_address = true;
	wait->address = addr;
	wait->object = o;
	return NULL;
}
