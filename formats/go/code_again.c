/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "formats/go/code.h"
#include "formats/go/code_flow.h"

/* Calls of one function from which the way is followed. */
#define WALKS_MAX 64
/* Instructions of a function in which locks are looked for. */
#define LOCK_STEPS_MAX 8192
/* What it costs to learn which inlined call one belongs to. */
#define PLACE_COST 64

#define CHANNEL_CALLS                                                          \
	(IQ_GO_DOES_SEND | IQ_GO_DOES_RECEIVE | IQ_GO_DOES_RECEIVE_OK |        \
	 IQ_GO_DOES_TRY_SEND | IQ_GO_DOES_TRY_RECEIVE)

enum likeness { UNLIKE, MAYBE, ALIKE };

/* Whether the loop over @step comes by the step @at. */
static bool loop_has(struct iq_go_flow *flow, uint32_t step, uint32_t at)
{
	iq_go_flow_clear(flow);
	iq_go_flow_stop(flow, step);
	iq_go_flow_walk(flow, step + 1);
	if (!iq_go_flow_reached(flow, at))
		return false;
	iq_go_flow_walk(flow, at);
	return iq_go_flow_reached(flow, step);
}

/* Whether the call @step of a loop has the same first argument each time. */
static enum likeness same_again(struct iq_go_flow *flow, uint32_t step)
{
	struct iq_go_origin o;

	iq_go_flow_origin(flow, step, 0, &o);
	switch (o.root) {
	case IQ_GO_ORIGIN_VARIABLE:
	case IQ_GO_ORIGIN_ENTRY:
		return ALIKE;
	case IQ_GO_ORIGIN_CALL:
		return loop_has(flow, step, (uint32_t)o.value) ? UNLIKE : ALIKE;
	default:
		return MAYBE;
	}
}

/* Whether the calls @a and @b have the same first argument. */
static enum likeness likeness_of(struct iq_go_flow *flow, uint32_t a,
				 uint32_t b)
{
	struct iq_go_origin x, y;

	iq_go_flow_origin(flow, a, 0, &x);
	iq_go_flow_origin(flow, b, 0, &y);
	if (x.root == IQ_GO_ORIGIN_UNKNOWN || x.root == IQ_GO_ORIGIN_SLOT ||
	    x.root != y.root || x.num_fields != y.num_fields)
		return MAYBE;
	if (x.root == IQ_GO_ORIGIN_VARIABLE)
		return MAYBE;
	if (x.value != y.value)
		return x.num_fields ? MAYBE : UNLIKE;
	for (unsigned i = 0; i < x.num_fields; i++) {
		if (x.fields[i] != y.fields[i])
			return UNLIKE;
	}
	return ALIKE;
}

/* Whether the call @s uses no channel but that which its first argument is, or
 * has. */
static struct iq_error *is_of_first(const struct iq_go_runtime *rt,
				    const struct iq_go_step *s, bool *ret)
{
	iq_cleanup(iq_go_flow_deinit) struct iq_go_flow flow = { .rt = NULL };
	struct iq_error *err;
	bool ok;

	*ret = s->does & CHANNEL_CALLS;
	if (*ret)
		return NULL;
	err = iq_go_flow_init(&flow, rt, s->callee);
	if (err)
		return err;
	ok = flow.steps.len;
	for (uint32_t i = 0; ok && i < flow.steps.len; i++) {
		struct iq_go_origin o;

		if (!(flow.steps.data[i].does & CHANNEL_CALLS))
			continue;
		iq_go_flow_origin(&flow, i, 0, &o);
		ok = o.root == IQ_GO_ORIGIN_ENTRY &&
		     o.value == rt->core->cpu->arguments[0];
	}
	*ret = ok;
	return NULL;
}

/* Steps that make the same call as @step and that it can follow; @known: its
 * first argument says which channel. */
static void others_find(struct iq_go_flow *flow, uint32_t step, bool known,
			struct iq_code_again *ret)
{
	const struct iq_go_step *s = &flow->steps.data[step];
	unsigned num = 0;

	for (uint32_t i = 0; i < flow->steps.len; i++) {
		enum likeness like;

		if (i == step || flow->steps.data[i].callee != s->callee)
			continue;
		if (num++ == WALKS_MAX) {
			ret->unsure = true;
			return;
		}
		like = known ? likeness_of(flow, step, i) : MAYBE;
		if (like == UNLIKE)
			continue;
		iq_go_flow_clear(flow);
		iq_go_flow_walk(flow, i + 1);
		if (!iq_go_flow_reached(flow, step))
			continue;
		if (like == MAYBE) {
			ret->unsure = true;
			continue;
		}
		ret->num_before++;
		ret->before_loops |= iq_go_flow_reached(flow, i);
		if (!ret->follows)
			ret->line = iq_go_flow_place(flow, i).line;
		ret->follows = true;
	}
}

/* What it means that @step comes again. */
static void loops_find(struct iq_go_flow *flow, uint32_t step, bool known,
		       struct iq_code_again *ret)
{
	const struct iq_go_step *s = &flow->steps.data[step];
	enum likeness like = MAYBE;

	// A select names its channels anew each time.
	if (s->does & IQ_GO_DOES_SELECT)
		like = ALIKE;
	else if (known)
		like = same_again(flow, step);
	ret->loops = like == ALIKE;
	ret->unsure = like == MAYBE;
}

static void always_find(struct iq_go_flow *flow, uint32_t step,
			struct iq_code_again *ret)
{
	if (!ret->follows || ret->unsure)
		return;
	iq_go_flow_clear(flow);
	for (uint32_t i = 0; i < flow->steps.len; i++) {
		if (i != step &&
		    flow->steps.data[i].callee ==
			    flow->steps.data[step].callee &&
		    likeness_of(flow, step, i) == ALIKE)
			iq_go_flow_stop(flow, i);
	}
	iq_go_flow_walk(flow, 0);
	ret->always = !iq_go_flow_reached(flow, step);
}

/* Whether a call that is not known, or one of a Done, can come before @step. */
static bool may_be_given(struct iq_go_flow *flow, uint32_t step)
{
	const struct iq_pclntab *pcln = flow->rt->program->pcln;
	unsigned num = 0;

	iq_go_flow_clear(flow);
	for (uint32_t i = 0; i < flow->steps.len; i++) {
		const struct iq_go_step *s = &flow->steps.data[i];
		struct iq_go_func func;
		struct iq_str name;

		if (!s->is_call || i == step)
			continue;
		if (s->callee && iq_pclntab_func(pcln, s->callee, &func) &&
		    iq_pclntab_name(pcln, &func, &name) &&
		    !iq_str_ends(name, IQ_STR(").Done")))
			continue;
		if (num++ == WALKS_MAX)
			return true;
		iq_go_flow_walk(flow, i + 1);
		if (iq_go_flow_reached(flow, step))
			return true;
	}
	return false;
}

struct iq_error *iq_go_code_again(const struct iq_code_facts *code, uint64_t pc,
				  struct iq_code_again *ret)
{
	const struct iq_go_code_reader *reader =
		(const struct iq_go_code_reader *)code;
	iq_cleanup(iq_go_flow_deinit) struct iq_go_flow flow = { .rt = NULL };
	struct iq_code_again again = { .is_known = true };
	struct iq_error *err = iq_go_flow_init(&flow, reader->rt, pc - 1);
	bool known = false;
	uint32_t step;

	*ret = (struct iq_code_again){ .is_known = false };
	if (err)
		return err;
	step = iq_go_flow_call(&flow, pc);
	if (step == IQ_GO_FLOW_NONE || !flow.steps.data[step].callee)
		return NULL;
	again.can_end = flow.steps.data[step].does & IQ_GO_DOES_RECEIVE_OK;
	if (iq_go_flow_walk(&flow, step + 1).stray)
		return NULL;
	err = is_of_first(reader->rt, &flow.steps.data[step], &known);
	if (err)
		return err;
	if (iq_go_flow_reached(&flow, step))
		loops_find(&flow, step, known, &again);
	again.line = iq_go_flow_place(&flow, step).line;
	again.may_be_given = may_be_given(&flow, step);
	others_find(&flow, step, known, &again);
	always_find(&flow, step, &again);
	if (!flow.is_cut)
		*ret = again;
	return NULL;
}

struct iq_error *iq_go_code_then(const struct iq_code_facts *code, uint64_t pc,
				 unsigned *ret)
{
	const struct iq_go_code_reader *reader =
		(const struct iq_go_code_reader *)code;
	iq_cleanup(iq_go_flow_deinit) struct iq_go_flow flow = { .rt = NULL };
	struct iq_error *err = iq_go_flow_init(&flow, reader->rt, pc - 1);
	unsigned does = 0;
	uint32_t step;

	*ret = 0;
	if (err)
		return err;
	step = iq_go_flow_call(&flow, pc);
	if (step == IQ_GO_FLOW_NONE)
		return NULL;
	iq_go_flow_walk(&flow, step + 1);
	for (uint32_t i = 0; i < flow.steps.len; i++) {
		if (iq_go_flow_reached(&flow, i))
			does |= flow.steps.data[i].does;
	}
	if (does & (IQ_GO_DOES_SEND | IQ_GO_DOES_SELECT | IQ_GO_DOES_TRY_SEND))
		*ret |= IQ_CODE_SENDS;
	if (does & IQ_GO_DOES_TAKE)
		*ret |= IQ_CODE_TAKES;
	if (does & IQ_GO_DOES_CLOSE)
		*ret |= IQ_CODE_CLOSES;
	return NULL;
}

/* ---- locks */

enum lock_deed { LOCK_NOTHING, LOCK_TAKES, LOCK_GIVES };

/* "sync.(*Mutex).Lock", "internal/sync.(*Mutex).lockSlow" and their like. */
static enum lock_deed lock_deed(struct iq_str name)
{
	static const char *const takes[] = {
		"sync.(*Mutex).Lock",	   "sync.(*Mutex).lockSlow",
		"sync.(*Mutex).TryLock",   "sync.(*RWMutex).Lock",
		"sync.(*RWMutex).RLock",   "sync.(*RWMutex).TryLock",
		"sync.(*RWMutex).TryRLock"
	};
	static const char *const gives[] = { "sync.(*Mutex).Unlock",
					     "sync.(*Mutex).unlockSlow",
					     "sync.(*RWMutex).Unlock",
					     "sync.(*RWMutex).RUnlock",
					     "sync.(*RWMutex).rUnlockSlow" };

	if (iq_str_starts(name, IQ_STR("internal/")))
		name = iq_str_sub(name, 9, name.len);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(takes); i++) {
		if (iq_str_equal(name, iq_str_of(takes[i])))
			return LOCK_TAKES;
	}
	for (size_t i = 0; i < IQ_ARRAY_SIZE(gives); i++) {
		if (iq_str_equal(name, iq_str_of(gives[i])))
			return LOCK_GIVES;
	}
	return LOCK_NOTHING;
}

/* By the inlined call that the step belongs to, and by the one that it makes. */
static enum lock_deed step_deed(const struct iq_go_flow *flow, uint32_t step)
{
	const struct iq_pclntab *pcln = flow->rt->program->pcln;
	enum lock_deed deed = lock_deed(iq_go_flow_place(flow, step).function);
	struct iq_go_func func;
	struct iq_str name;

	if (deed == LOCK_NOTHING && flow->steps.data[step].callee &&
	    iq_pclntab_func(pcln, flow->steps.data[step].callee, &func) &&
	    iq_pclntab_name(pcln, &func, &name))
		deed = lock_deed(name);
	return deed;
}

/* The calls that take locks, as bits; NULL: there are none. A lock that is free
 * is taken without a call, and the ways meet behind it. */
static struct iq_error *locks_find(struct iq_go_flow *flow, uint64_t **ret)
{
	for (uint32_t i = 0; i < flow->steps.len; i++) {
		if (!flow->steps.data[i].is_call)
			continue;
		if (!iq_go_flow_spend(flow, PLACE_COST))
			return NULL;
		if (step_deed(flow, i) != LOCK_TAKES)
			continue;
		if (!*ret)
			*ret = calloc(flow->steps.len / 64 + 1, sizeof(**ret));
		if (!*ret)
			return &iq_enomem;
		(*ret)[i / 64] |= 1ull << i % 64;
	}
	return NULL;
}

/* What gives back stops walks from now on: it may do so without a call. */
static void unlocks_stop(struct iq_go_flow *flow)
{
	iq_go_flow_clear(flow);
	for (uint32_t i = 0; i < flow->steps.len; i++) {
		if (!iq_go_flow_spend(flow, PLACE_COST))
			return;
		if (step_deed(flow, i) == LOCK_GIVES)
			iq_go_flow_stop(flow, i);
	}
}

static enum iq_code_held held_at(struct iq_go_flow *flow, uint32_t step,
				 const uint64_t *locks)
{
	bool takes = locks[step / 64] >> step % 64 & 1;
	enum iq_code_held held = IQ_CODE_HELD_NONE;

	unlocks_stop(flow);
	for (uint32_t i = 0; i < flow->steps.len && !flow->is_cut; i++) {
		if (!(locks[i / 64] >> i % 64 & 1))
			continue;
		iq_go_flow_walk(flow, i + 1);
		if (!iq_go_flow_reached(flow, step))
			continue;
		if (held == IQ_CODE_HELD_NONE)
			held = IQ_CODE_HELD_MAYBE;
		// In a loop it may be another one each time.
		if (takes && i != step &&
		    flow->steps.data[i].callee ==
			    flow->steps.data[step].callee &&
		    likeness_of(flow, i, step) == ALIKE)
			held = IQ_CODE_HELD_SAME;
	}
	return flow->is_cut ? IQ_CODE_HELD_UNKNOWN : held;
}

struct iq_error *iq_go_code_held(const struct iq_code_facts *code, uint64_t pc,
				 enum iq_code_held *ret)
{
	const struct iq_go_code_reader *reader =
		(const struct iq_go_code_reader *)code;
	iq_cleanup(iq_go_flow_deinit) struct iq_go_flow flow = { .rt = NULL };
	iq_cleanup(iq_freep) uint64_t *locks = NULL;
	struct iq_error *err = iq_go_flow_init(&flow, reader->rt, pc - 1);
	uint32_t step;

	*ret = IQ_CODE_HELD_UNKNOWN;
	if (err)
		return err;
	step = iq_go_flow_call(&flow, pc);
	if (step == IQ_GO_FLOW_NONE || flow.steps.len > LOCK_STEPS_MAX ||
	    iq_go_flow_walk(&flow, 0).stray)
		return NULL;
	err = locks_find(&flow, &locks);
	if (!err && !flow.is_cut)
		*ret = locks ? held_at(&flow, step, locks) : IQ_CODE_HELD_NONE;
	return err;
}
