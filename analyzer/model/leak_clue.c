/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "model/function.h"
#include "model/leak_clue.h"

/* Callers of the function that waits whose calls are looked at. */
#define FRAMES_MAX 4
/* Who could wake it: of those so many are looked at. */
#define WAKERS_MAX 64

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
	if (!err && clue.code && clue.is_proven)
		err = code_ask(&clue);
	if (!err)
		*ret = clue;
	return err;
}
