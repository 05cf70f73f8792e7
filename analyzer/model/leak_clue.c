/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/function.h"
#include "model/heap_walk.h"
#include "model/leak_clue.h"
#include "model/liveness.h"

/* Callers of the function that waits whose calls are looked at. */
#define FRAMES_MAX 4
/* Who could wake it: of those so many are looked at. */
#define WAKERS_MAX 64
/* Goroutines that are asked in turn for whom they wait. */
#define CHAIN_MAX 256
/* Frames in which locks are looked for. */
#define LOCK_FRAMES_MAX 32

static int compare_index(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return a < b ? -1 : a > b;
}

/* It is one of the finding's own. */
static bool is_member(const struct iq_finding *f, uint32_t index)
{
	return f->num_goroutines &&
	       bsearch(&index, f->goroutines, f->num_goroutines, sizeof(index),
		       compare_index) != NULL;
}

static bool is_stuck(const struct iq_model *model, uint32_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	return g->fact->leaked || g->reach == IQ_REACH_UNREACHABLE ||
	       model->graph->cycle_of[index] != IQ_GRAPH_NONE;
}

/* Whether the frame that shows @wake will do what the waiter needs. */
static struct iq_error *will_serve(const struct iq_leak_clue *clue,
				   const struct iq_wake *wake,
				   enum iq_wait_kind kind, enum iq_wait_op op,
				   bool *ret)
{
	const struct iq_facts *facts = clue->model->witnesses[clue->g->witness];
	struct iq_error *err;
	unsigned then;

	*ret = wake->ground >= IQ_WAKE_DEFERS || kind != IQ_WAIT_CHAN;
	if (*ret || !facts->code || !wake->frame || !wake->frame->has_pc)
		return NULL;
	err = facts->code->then(facts->code, wake->frame->pc, &then);
	if (err)
		return err;
	*ret = op == IQ_OP_SEND ? then & IQ_CODE_TAKES :
				  then & (IQ_CODE_SENDS | IQ_CODE_CLOSES);
	return NULL;
}

static struct iq_error *waker_find(struct iq_leak_clue *clue)
{
	const struct iq_graph *graph = clue->model->graph;
	uint32_t end = graph->first_edge[clue->index + 1];
	unsigned num = 0;
	struct iq_error *err;
	bool serves;

	for (uint32_t e = graph->first_edge[clue->index]; e < end; e++) {
		const struct iq_graph_node *node =
			&graph->nodes[graph->edges[e].node];

		for (size_t i = 0; i < node->num_wakers; i++) {
			const struct iq_wake *w = &node->wakers[i];

			if (num++ == WAKERS_MAX)
				return NULL;
			if (w->waits || w->ground == IQ_WAKE_SHARES ||
			    is_member(clue->finding, w->goroutine) ||
			    !is_stuck(clue->model, w->goroutine))
				continue;
			err = will_serve(clue, w, node->kind,
					 graph->edges[e].op, &serves);
			if (err)
				return err;
			if (!serves)
				continue;
			clue->waker = w;
			clue->waker_node = node;
			return NULL;
		}
	}
	return NULL;
}

struct chain {
	const struct iq_model *model;
	uint32_t members[CHAIN_MAX];
	size_t num;
	bool full;
};

static void chain_add(struct chain *c, uint32_t goroutine)
{
	for (size_t i = 0; i < c->num; i++) {
		if (c->members[i] == goroutine)
			return;
	}
	if (c->num == CHAIN_MAX)
		c->full = true;
	else
		c->members[c->num++] = goroutine;
}

static void wakers_add(struct chain *c, const struct iq_graph_node *node)
{
	for (size_t i = 0; i < node->num_wakers && !c->full; i++) {
		const struct iq_wake *w = &node->wakers[i];

		if (!w->waits && w->ground != IQ_WAKE_SHARES &&
		    is_stuck(c->model, w->goroutine))
			chain_add(c, w->goroutine);
	}
}

/* Whether @other waits for the goroutine @index, or may. */
static bool waits_back(const struct iq_model *model, uint32_t other,
		       uint32_t index)
{
	const struct iq_graph *graph = model->graph;
	struct chain c = { .model = model };

	chain_add(&c, other);
	for (size_t i = 0; i < c.num && !c.full; i++) {
		uint32_t g = c.members[i];

		if (g == index)
			return true;
		for (uint32_t e = graph->first_edge[g];
		     e < graph->first_edge[g + 1]; e++)
			wakers_add(&c, &graph->nodes[graph->edges[e].node]);
	}
	return c.full;
}

/* The innermost of the calls that are inlined at frame @i, the runtime's own
 * left out. */
static const struct iq_frame *innermost(const struct iq_stack *stack,
					uint32_t i)
{
	while (i && stack->frames[i - 1]->inlined &&
	       stack->frames[i - 1]->pc == stack->frames[i]->pc &&
	       !iq_function_is_runtime(stack->frames[i - 1]->function))
		i--;
	return stack->frames[i];
}

/* The call by which it waits, and the calls that lead there: the innermost one
 * that its function made before. */
static struct iq_error *again_find(struct iq_leak_clue *clue)
{
	const struct iq_stack *stack = clue->g->fact->stack;
	struct iq_error *err;
	unsigned num = 0;
	bool is_found = false;

	for (uint32_t i = 0; stack && i < stack->num_frames; i++) {
		const struct iq_frame *f = stack->frames[i];
		struct iq_code_again again;

		// Of inlined calls the function has the call.
		if (f->inlined || f->foreign || !f->has_pc || f->pc_exact ||
		    iq_function_is_runtime(f->function))
			continue;
		if (num++ == FRAMES_MAX) {
			clue->again_outside = true;
			return NULL;
		}
		err = clue->code->again(clue->code, f->pc, &again);
		if (err)
			return err;
		if (is_found || !again.is_known) {
			clue->again_outside |= !again.is_known || again.loops ||
					       again.follows || again.unsure;
			if (!again.is_known)
				return NULL;
			continue;
		}
		if (!clue->has_again || again.loops || again.follows ||
		    again.unsure) {
			clue->has_again = true;
			clue->again = again;
			clue->again_frame = innermost(stack, i);
		}
		is_found = again.loops || again.follows || again.unsure;
	}
	return NULL;
}

static struct iq_error *code_ask(struct iq_leak_clue *clue)
{
	const struct iq_frame *by = clue->g->fact->created_by;
	struct iq_error *err = again_find(clue);

	if (!err && by && by->has_pc)
		err = clue->code->taking(clue->code, by->pc, &clue->taking);
	return err;
}

struct iq_error *iq_leak_clue_make(const struct iq_model *model,
				   const struct iq_finding *finding,
				   struct iq_arena *arena, uint32_t index,
				   struct iq_leak_clue *ret)
{
	const struct iq_goroutine *g = &model->goroutines[index];
	struct iq_leak_clue clue = {
		.model = model,
		.finding = finding,
		.arena = arena,
		.index = index,
		.g = g,
		.code = model->witnesses[g->witness]->code,
		.in_cycle = model->graph->cycle_of[index] != IQ_GRAPH_NONE,
		.is_proven =
			g->fact->leaked || g->reach == IQ_REACH_UNREACHABLE,
	};
	struct iq_error *err;

	if (g->fact->num_waits == 1) {
		clue.wait = &g->fact->waits[0];
		if (clue.wait->object && clue.wait->object->is_read)
			clue.object = clue.wait->object;
	}
	err = waker_find(&clue);
	clue.waits_back = !err && clue.waker &&
			  waits_back(model, clue.waker->goroutine, index);
	if (!err && clue.code && clue.is_proven)
		err = code_ask(&clue);
	if (!err)
		*ret = clue;
	return err;
}

/* ---- which locks it has taken */

static bool is_lock_code(struct iq_str function)
{
	struct iq_str package = iq_function_package(function);

	return iq_str_equal(package, IQ_STR("sync")) ||
	       iq_str_equal(package, IQ_STR("internal/sync"));
}

const struct iq_frame *iq_leak_site(const struct iq_stack *stack)
{
	for (uint32_t i = 0; stack && i < stack->num_frames; i++) {
		if (!iq_function_is_runtime(stack->frames[i]->function) &&
		    !is_lock_code(stack->frames[i]->function))
			return stack->frames[i];
	}
	return NULL;
}

struct iq_error *iq_leak_locks(const struct iq_leak_clue *clue,
			       const struct iq_stack *stack,
			       enum iq_code_held *ret)
{
	enum iq_code_held held;
	struct iq_error *err;
	unsigned num = 0;

	*ret = IQ_CODE_HELD_UNKNOWN;
	if (!clue->code || !clue->code->held || !stack)
		return NULL;
	for (uint32_t i = 0; i < stack->num_frames; i++) {
		const struct iq_frame *f = stack->frames[i];

		if (f->inlined || f->foreign ||
		    iq_function_is_runtime(f->function) ||
		    is_lock_code(f->function))
			continue;
		if (num++ == LOCK_FRAMES_MAX || !f->has_pc || f->pc_exact)
			return NULL;
		err = clue->code->held(clue->code, f->pc, &held);
		if (err || held == IQ_CODE_HELD_UNKNOWN)
			return err;
		if (held == IQ_CODE_HELD_NONE)
			continue;
		// Of a caller's call it is not known which one it takes.
		*ret = num == 1 ? held : IQ_CODE_HELD_MAYBE;
		return NULL;
	}
	*ret = num ? IQ_CODE_HELD_NONE : IQ_CODE_HELD_UNKNOWN;
	return NULL;
}

/* ---- who else refers to what it waits for */

/* Objects on ways back to the waited-for one; more are not followed. */
#define BACK_MAX 1024

/* Who cannot run and refers to it, going back from it. */
struct search {
	const struct iq_leak_clue *clue;
	const struct iq_wait *wait;
	const struct iq_path_reverse *reverse;
	uint32_t slots[BACK_MAX];
	size_t num;
	bool found;
};

/* Whether the facts' goroutine waits for the same, as one of several or alone. */
static bool waits_too(const struct iq_goroutine_fact *fact,
		      const struct iq_wait *wait)
{
	for (uint32_t i = 0; i < fact->num_waits; i++) {
		if (fact->waits[i].has_address &&
		    fact->waits[i].address == wait->address)
			return true;
	}
	return false;
}

/* Whether the code of @stack may do behind its places what the channel's waiter
 * needs. */
static struct iq_error *may_serve(const struct search *s,
				  const struct iq_stack *stack, bool *ret)
{
	const struct iq_code_facts *code = s->clue->code;
	unsigned needs = s->wait->op == IQ_OP_SEND ?
				 IQ_CODE_TAKES :
				 IQ_CODE_SENDS | IQ_CODE_CLOSES;
	struct iq_error *err;
	unsigned then;

	*ret = true;
	if (!code || !stack || !stack->complete)
		return NULL;
	for (uint32_t i = 0; i < stack->num_frames; i++) {
		const struct iq_frame *f = stack->frames[i];

		if (f->inlined || iq_function_is_runtime(f->function))
			continue;
		if (!f->has_pc || f->foreign)
			return NULL;
		err = code->then(code, f->pc, &then);
		if (err || then & needs)
			return err;
	}
	*ret = false;
	return NULL;
}

/* It waits for the end of the goroutine at hand, and does nothing for it then:
 * who waits for the workers of a pool has all of the pool. */
static struct iq_error *is_behind(const struct search *s,
				  const struct iq_goroutine_fact *fact,
				  bool *ret)
{
	const struct iq_graph *graph = s->clue->model->graph;
	const struct iq_graph_node *node;
	struct iq_error *err;
	uint32_t index;
	bool serves;

	*ret = false;
	if (s->wait->kind != IQ_WAIT_CHAN || fact->num_waits != 1 ||
	    fact->waits[0].kind != IQ_WAIT_WAITGROUP)
		return NULL;
	index = iq_graph_node_find(graph, IQ_WAIT_WAITGROUP,
				   fact->waits[0].address);
	if (index == IQ_GRAPH_NONE)
		return NULL;
	node = &graph->nodes[index];
	for (size_t i = 0; i < node->num_wakers && i < WAKERS_MAX; i++) {
		if (node->wakers[i].goroutine != s->clue->index ||
		    node->wakers[i].ground != IQ_WAKE_DEFERS)
			continue;
		err = may_serve(s, fact->stack, &serves);
		*ret = !err && !serves;
		return err;
	}
	return NULL;
}

static struct iq_error *look_at_holder(struct search *s,
				       const struct iq_facts *facts, size_t i)
{
	const struct iq_goroutine_fact *fact;
	struct iq_error *err;
	bool behind;

	if (i >= facts->goroutines.len)
		return NULL;
	fact = &facts->goroutines.data[i];
	if (waits_too(fact, s->wait))
		return NULL;
	err = is_behind(s, fact, &behind);
	if (!err && !behind)
		s->found = true;
	return err;
}

/* Of more than are followed it is not known who is behind them. */
static void slot_add(struct search *s, uint32_t slot)
{
	for (size_t i = 0; i < s->num; i++) {
		if (s->slots[i] == slot)
			return;
	}
	if (s->num == BACK_MAX)
		s->found = true;
	else
		s->slots[s->num++] = slot;
}

static struct iq_error *go_back(struct search *s, const struct iq_facts *facts)
{
	uint32_t num_slots = s->reverse->map->num_slots;
	struct iq_error *err = NULL;

	for (size_t at = 0; at < s->num && !s->found && !err; at++) {
		size_t num;
		const uint32_t *sources =
			iq_path_reverse_of(s->reverse, s->slots[at], &num);

		for (size_t i = 0; i < num && !s->found && !err; i++) {
			if (sources[i] < num_slots)
				slot_add(s, sources[i]);
			else
				err = look_at_holder(s, facts,
						     sources[i] - num_slots);
		}
	}
	return err;
}

/* The references among those that are stuck of the proof. */
static struct iq_error *stuck_make(struct iq_leak_stuck *stuck,
				   const struct iq_proof *proof)
{
	struct iq_error *err;

	if (stuck->proof == proof)
		return NULL;
	iq_path_reverse_deinit(&stuck->reverse);
	stuck->reverse = (struct iq_path_reverse){ 0 };
	stuck->proof = NULL;
	err = iq_path_reverse_of_stuck(&stuck->reverse, proof);
	if (!err)
		stuck->proof = proof;
	return err;
}

struct iq_error *iq_leak_held(const struct iq_leak_clue *clue,
			      const struct iq_wait *wait, bool *ret)
{
	const struct iq_facts *facts = clue->model->witnesses[clue->g->witness];
	const struct iq_proof *proof =
		iq_proof_of(clue->model, clue->g->witness);
	struct search s = { .clue = clue, .wait = wait };
	struct iq_error *err;
	uint32_t target;

	// Without a heap frames alone say who refers to what.
	*ret = facts->heap != NULL;
	if (!proof || proof->lacks[0])
		return NULL;
	target = iq_heap_slot_of_wait(proof->map, wait);
	if (target == IQ_HEAP_NONE || iq_mark_is_marked(proof->mark, target))
		return NULL;
	err = stuck_make(clue->stuck, proof);
	if (err)
		return err;
	s.reverse = &clue->stuck->reverse;
	slot_add(&s, target);
	err = go_back(&s, facts);
	*ret = s.found;
	return err;
}
