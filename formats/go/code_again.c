/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "formats/go/code.h"
#include "formats/go/code_flow.h"

#define CHANNEL_CALLS                                                          \
	(IQ_GO_DOES_SEND | IQ_GO_DOES_RECEIVE | IQ_GO_DOES_RECEIVE_OK |        \
	 IQ_GO_DOES_TRY_SEND | IQ_GO_DOES_TRY_RECEIVE)

/* The word of the frame with the channel of @step; NONE: not known. */
static int64_t channel_of(const struct iq_go_flow *flow, uint32_t step)
{
	return flow->steps.data[step].does & CHANNEL_CALLS ?
		       iq_go_flow_argument(flow, step) :
		       IQ_GO_NO_SLOT;
}

/* Whether the channel is another one when the loop comes to @step again. */
static bool is_renewed(struct iq_go_flow *flow, uint32_t step)
{
	int64_t slot = channel_of(flow, step);

	if (slot == IQ_GO_NO_SLOT)
		return false;
	for (uint32_t i = 0; i < flow->steps.len; i++) {
		const struct iq_go_step *s = &flow->steps.data[i];

		if (s->step.move != IQ_ARCH_MOVE_STORE || s->step.value != slot)
			continue;
		iq_go_flow_clear(flow);
		iq_go_flow_stop(flow, step);
		iq_go_flow_walk(flow, step + 1);
		if (!iq_go_flow_reached(flow, i))
			continue;
		iq_go_flow_walk(flow, i);
		if (iq_go_flow_reached(flow, step))
			return true;
	}
	return false;
}

/* Whether step @i makes the same call as @step, for all that is known. */
static bool is_alike(const struct iq_go_flow *flow, uint32_t step, uint32_t i)
{
	const struct iq_go_step *a = &flow->steps.data[step];
	const struct iq_go_step *b = &flow->steps.data[i];
	int64_t one, other;

	if (i == step || !b->is_call || b->callee != a->callee)
		return false;
	one = channel_of(flow, step);
	other = channel_of(flow, i);
	return one == other || one == IQ_GO_NO_SLOT || other == IQ_GO_NO_SLOT;
}

static void others_find(struct iq_go_flow *flow, uint32_t step,
			struct iq_code_again *ret)
{
	bool any = false;

	for (uint32_t i = 0; i < flow->steps.len; i++) {
		if (!is_alike(flow, step, i))
			continue;
		iq_go_flow_clear(flow);
		iq_go_flow_walk(flow, i + 1);
		if (!iq_go_flow_reached(flow, step))
			continue;
		if (!ret->follows)
			ret->line = iq_go_flow_place(flow, i).line;
		ret->follows = true;
		any = true;
	}
	if (!any)
		return;
	iq_go_flow_clear(flow);
	for (uint32_t i = 0; i < flow->steps.len; i++) {
		if (is_alike(flow, step, i))
			iq_go_flow_stop(flow, i);
	}
	iq_go_flow_walk(flow, 0);
	ret->always = !iq_go_flow_reached(flow, step);
}

/* Whether a call that is not known, or one of a Done, can come before @step. */
static bool may_be_given(struct iq_go_flow *flow, uint32_t step)
{
	const struct iq_pclntab *pcln = flow->rt->program->pcln;

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
		iq_go_flow_walk(flow, i + 1);
		if (iq_go_flow_reached(flow, step))
			return true;
	}
	return false;
}

bool iq_go_code_again(const struct iq_code_facts *code, uint64_t pc,
		      struct iq_code_again *ret)
{
	const struct iq_go_code_reader *reader =
		(const struct iq_go_code_reader *)code;
	iq_cleanup(iq_go_flow_deinit) struct iq_go_flow flow = { .rt = NULL };
	uint32_t step;

	*ret = (struct iq_code_again){ .line = 0 };
	if (!iq_go_flow_init(&flow, reader->rt, pc - 1))
		return false;
	step = iq_go_flow_call(&flow, pc);
	if (step == IQ_GO_FLOW_NONE || !flow.steps.data[step].callee)
		return false;
	ret->can_end = flow.steps.data[step].does & IQ_GO_DOES_RECEIVE_OK;
	if (iq_go_flow_walk(&flow, step + 1).stray)
		return false;
	ret->loops =
		iq_go_flow_reached(&flow, step) && !is_renewed(&flow, step);
	ret->line = iq_go_flow_place(&flow, step).line;
	ret->may_be_given = may_be_given(&flow, step);
	others_find(&flow, step, ret);
	return true;
}

unsigned iq_go_code_then(const struct iq_code_facts *code, uint64_t pc)
{
	const struct iq_go_code_reader *reader =
		(const struct iq_go_code_reader *)code;
	iq_cleanup(iq_go_flow_deinit) struct iq_go_flow flow = { .rt = NULL };
	unsigned does = 0;
	uint32_t step;

	if (!iq_go_flow_init(&flow, reader->rt, pc - 1))
		return 0;
	step = iq_go_flow_call(&flow, pc);
	if (step == IQ_GO_FLOW_NONE)
		return 0;
	iq_go_flow_walk(&flow, step + 1);
	for (uint32_t i = 0; i < flow.steps.len; i++) {
		if (iq_go_flow_reached(&flow, i))
			does |= flow.steps.data[i].does;
	}
	return (does & (IQ_GO_DOES_SEND | IQ_GO_DOES_SELECT |
			IQ_GO_DOES_TRY_SEND) ?
			IQ_CODE_SENDS :
			0u) |
	       (does & IQ_GO_DOES_TAKE ? IQ_CODE_TAKES : 0u) |
	       (does & IQ_GO_DOES_CLOSE ? IQ_CODE_CLOSES : 0u);
}
