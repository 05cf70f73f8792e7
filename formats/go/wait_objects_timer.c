/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/clock.h"
#include "formats/go/wait_objects.h"

/* GOMAXPROCS can be no more by far. */
#define ALLP_MAX (1u << 16)
/* Timers of one process that are looked at: 100 bytes each. */
#define TIMERS_MAX (64u << 20)
/* sizeof(time.Time), what timers send. */
#define TIME_SIZE 24

/* The second word of an interface value: what a channel or a pointer is itself.
 * Go: src/runtime/time.go, timer.arg. */
static uint64_t arg_of(const struct iq_go_runtime *rt,
		       const struct iq_go_record *timer)
{
	struct iq_go_field data = rt->layout->timer_arg;

	if (data.size != 16)
		return 0;
	data.offset += 8;
	data.size = 8;
	return iq_go_record_uint(timer, data);
}

static bool record_read(const struct iq_go_runtime *rt, uint64_t addr,
			struct iq_go_record *ret)
{
	return addr && addr % 8 == 0 &&
	       iq_go_record_read(rt->memory, addr, rt->layout->timer_size, ret);
}

/*
 * When it fires next; unset: it does not. From 1.23 on the field is 0 of one
 * that is stopped; before, the status says so, and where the time is.
 * Go: src/runtime/time.go, timer.stop; deltimer and modtimer in 1.18 - 1.22.
 */
static struct iq_moment_fact when_of(const struct iq_go_runtime *rt,
				     const struct iq_go_record *timer)
{
	const struct iq_go_layout *l = rt->layout;
	const struct iq_go_constants *k = rt->version->constants;
	int64_t when = (int64_t)iq_go_record_uint(timer, l->timer_when);
	int64_t status = (int64_t)iq_go_record_uint(timer, l->timer_status);
	bool fires = true;

	if (iq_go_has(l->timer_status)) {
		bool moved = status == k->timer_modified_earlier ||
			     status == k->timer_modified_later;

		fires = moved || status == k->timer_waiting;
		if (moved)
			when = (int64_t)iq_go_record_uint(timer,
							  l->timer_nextwhen);
	}
	// One of centuries hence never fires: it is stopped as good as any.
	fires = fires && when > 0;
	return (struct iq_moment_fact){ fires, fires ? when : 0 };
}

static void timer_fill(const struct iq_go_runtime *rt,
		       const struct iq_go_record *timer,
		       struct iq_chan_object *ret)
{
	int64_t period =
		(int64_t)iq_go_record_uint(timer, rt->layout->timer_period);

	ret->timer = true;
	ret->when = when_of(rt, timer);
	ret->period_ns = period > 0 ? period : 0;
}

bool iq_go_wait_timer_read(const struct iq_go_runtime *rt, uint64_t timer,
			   uint64_t channel, struct iq_chan_object *ret)
{
	struct iq_go_record r;

	if (!record_read(rt, timer, &r) || arg_of(rt, &r) != channel)
		return false;
	timer_fill(rt, &r, ret);
	return true;
}

bool iq_go_wait_in_bubble(const struct iq_go_runtime *rt, uint64_t g)
{
	uint64_t bubble;

	return iq_go_field_read(rt->memory, g, rt->layout->g_bubble, &bubble) &&
	       bubble;
}

struct iq_error *iq_go_wait_sleep_read(struct iq_go_wait_reader *r, size_t i,
				       struct iq_wait *wait)
{
	const struct iq_go_runtime *rt = r->rt;
	uint64_t g = rt->gs[i].addr;
	struct iq_go_record timer;
	uint64_t addr;

	// What sleeps without a timer of its own is the runtime's scavenger.
	if (!iq_go_field_read(rt->memory, g, rt->layout->g_timer, &addr) ||
	    !addr || iq_go_wait_in_bubble(rt, g))
		return NULL;
	if (!record_read(rt, addr, &timer) || arg_of(rt, &timer) != g)
		return iq_go_wait_problem(
			r, i, addr,
			iq_go_wait_is_there(rt, addr, rt->layout->timer_size) ?
				"the timer that it sleeps by is none" :
				"the page of the timer that it sleeps by is not in the core");

	struct iq_moment_fact when = when_of(rt, &timer);

	wait->has_until = when.is_set;
	wait->until_ns = when.ns;
	return NULL;
}

/* Whether a timer may be behind the channel that does not know of one. */
static bool may_be_timers(const struct iq_object *o)
{
	return o->kind == IQ_WAIT_CHAN && o->is_read && !o->chan.timer &&
	       o->chan.elem_size == TIME_SIZE && o->chan.cap == 1 &&
	       (!o->chan.elem_type.len ||
		iq_str_equal(o->chan.elem_type, IQ_STR("time.Time")));
}

static bool has_candidates(const struct iq_facts *facts)
{
	for (size_t i = 0; i < facts->objects.len; i++) {
		if (facts->objects.data[i]->kind > IQ_WAIT_CHAN)
			break;
		if (may_be_timers(facts->objects.data[i]))
			return true;
	}
	return false;
}

/*
 * What package time made the timer for is its argument: a channel, which is
 * nobody else's. Go: src/time/sleep.go, NewTimer; src/time/tick.go.
 */
static bool timer_match(const struct iq_go_runtime *rt, uint64_t addr)
{
	struct iq_go_record timer;
	struct iq_object *o;

	if (!record_read(rt, addr, &timer))
		return false;
	// The readers' own memory, of which nobody else knows yet.
	o = (struct iq_object *)iq_facts_object(rt->facts, IQ_WAIT_CHAN,
						arg_of(rt, &timer));
	if (!o || !may_be_timers(o))
		return false;
	timer_fill(rt, &timer, &o->chan);
	return true;
}

/* The heap of one processor: pointers, or {timer, when} from 1.23 on. Whether
 * any is a channel's. */
static bool timers_of(const struct iq_go_runtime *rt, uint64_t p,
		      uint64_t *budget)
{
	const struct iq_go_layout *l = rt->layout;
	bool pairs = iq_go_has(l->timer_when_timer);
	uint64_t stride = pairs ? l->timer_when_size : 8;
	uint64_t first = pairs ? l->timer_when_timer.offset : 0;
	uint64_t data, len, addr;
	bool any = false;

	if (!iq_go_has(l->p_timers) ||
	    !iq_go_slice_read(rt->memory, p + l->p_timers.offset, &data, &len))
		return false;
	for (uint64_t i = 0; i < len && *budget; i++, (*budget)--) {
		if (!iq_memory_u64(rt->memory, data + i * stride + first,
				   &addr))
			break;
		any |= timer_match(rt, addr);
	}
	return any;
}

void iq_go_wait_until(const struct iq_go_runtime *rt, uint64_t g,
		      struct iq_wait *wait)
{
	const struct iq_object *o = wait->object;

	if (wait->kind != IQ_WAIT_CHAN || wait->op != IQ_OP_RECEIVE || !o ||
	    !o->chan.when.is_set || iq_go_wait_in_bubble(rt, g))
		return;
	wait->has_until = true;
	wait->until_ns = o->chan.when.ns;
}

/* Who receives from a timer's channel goes on when it fires. */
static void until_fill(const struct iq_go_runtime *rt,
		       struct iq_goroutine_fact *goroutines)
{
	for (size_t i = 0; i < rt->num_gs; i++) {
		// The readers' own memory, of which nobody else knows yet.
		struct iq_wait *waits = (struct iq_wait *)goroutines[i].waits;

		for (uint32_t k = 0; k < goroutines[i].num_waits; k++)
			iq_go_wait_until(rt, rt->gs[i].addr, &waits[k]);
	}
}

void iq_go_wait_timers_find(const struct iq_go_runtime *rt,
			    struct iq_goroutine_fact *goroutines)
{
	uint64_t budget = TIMERS_MAX;
	bool any = false;
	uint64_t array, len, p;

	if (!rt->allp_addr || !has_candidates(rt->facts) ||
	    !iq_go_slice_read(rt->memory, rt->allp_addr, &array, &len))
		return;
	for (uint64_t i = 0; i < len && i < ALLP_MAX; i++) {
		if (iq_memory_u64(rt->memory, array + 8 * i, &p))
			any |= timers_of(rt, p, &budget);
	}
	if (any)
		until_fill(rt, goroutines);
	if (!budget)
		iq_facts_gap(
			rt->facts, IQ_GAP_LIMIT,
			"there are more timers than are looked at: which channels are timers' is not all known");
}
