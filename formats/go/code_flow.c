/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/code_flow.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of a function that is followed; a longer one may do anything. */
#define FUNCTION_MAX (1u << 16)
#define CALLS_MAX 16
/* Instructions before and behind a call that are looked at for what is passed. */
#define NEAR 24
/* Steps and places that are looked at in one function: a long one that
 * compilers make takes some 100,000. */
#define LOOKS_MAX (1u << 23)

struct deed {
	const char *name;
	unsigned does;
};

/* Go: src/cmd/compile/internal/typecheck/_builtin/runtime.go. */
static const struct deed deeds[] = {
	{ "runtime.chansend1", IQ_GO_DOES_SEND },
	{ "runtime.chanrecv1", IQ_GO_DOES_RECEIVE },
	{ "runtime.chanrecv2", IQ_GO_DOES_RECEIVE_OK },
	{ "runtime.selectgo", IQ_GO_DOES_SELECT },
	{ "runtime.selectnbsend", IQ_GO_DOES_TRY_SEND },
	{ "runtime.selectnbrecv", IQ_GO_DOES_TRY_RECEIVE },
	{ "runtime.newproc", IQ_GO_DOES_START },
	{ "runtime.closechan", IQ_GO_DOES_CLOSE },
	{ "runtime.makechan", IQ_GO_DOES_MAKE },
	{ "runtime.makechan64", IQ_GO_DOES_MAKE },
	{ "runtime.Goexit", IQ_GO_DOES_LEAVE },
	{ "testing.(*common).FailNow", IQ_GO_DOES_LEAVE },
	{ "testing.(*common).Fatal", IQ_GO_DOES_LEAVE },
	{ "testing.(*common).Fatalf", IQ_GO_DOES_LEAVE },
	{ "testing.(*common).Skip", IQ_GO_DOES_LEAVE },
	{ "testing.(*common).Skipf", IQ_GO_DOES_LEAVE },
	{ "testing.(*common).SkipNow", IQ_GO_DOES_LEAVE },
	{ "runtime.gopanic", IQ_GO_DOES_STOP },
	{ "runtime.block", IQ_GO_DOES_STOP },
	{ "runtime.throw", IQ_GO_DOES_STOP },
	{ "runtime.fatal", IQ_GO_DOES_STOP },
	{ "os.Exit", IQ_GO_DOES_STOP },
	{ "log.Fatal", IQ_GO_DOES_STOP },
	{ "log.Fatalf", IQ_GO_DOES_STOP },
	{ "log.Fatalln", IQ_GO_DOES_STOP },
	{ "time.After", IQ_GO_DOES_TIMEOUT },
	{ "time.NewTimer", IQ_GO_DOES_TIMEOUT },
	{ "time.AfterFunc", IQ_GO_DOES_TIMEOUT },
	{ "time.Tick", IQ_GO_DOES_TIMEOUT },
	{ "time.NewTicker", IQ_GO_DOES_TIMEOUT },
	{ "context.WithTimeout", IQ_GO_DOES_TIMEOUT },
	{ "context.WithTimeoutCause", IQ_GO_DOES_TIMEOUT },
	{ "context.WithDeadline", IQ_GO_DOES_TIMEOUT },
	{ "context.WithDeadlineCause", IQ_GO_DOES_TIMEOUT },
};

static unsigned does_of(struct iq_str name)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(deeds); i++) {
		if (iq_str_equal(name, iq_str_of(deeds[i].name)))
			return deeds[i].does;
	}
	// panicIndex, panicdivide, goPanicSliceB and their like.
	return iq_str_starts(name, IQ_STR("runtime.panic")) ||
			       iq_str_starts(name, IQ_STR("runtime.goPanic")) ?
		       IQ_GO_DOES_STOP :
		       0;
}

/* What the call at @s does by its own name, and by those that were inlined
 * around it. */
static void call_read(const struct iq_go_flow *flow, struct iq_go_step *s,
		      uint64_t target)
{
	const struct iq_pclntab *pcln = flow->rt->program->pcln;
	struct iq_go_call calls[CALLS_MAX];
	struct iq_go_func func;
	struct iq_str name;
	size_t num;

	if (iq_pclntab_func(pcln, target, &func) && func.entry == target &&
	    iq_pclntab_name(pcln, &func, &name)) {
		s->callee = target;
		s->does = does_of(name);
	}
	num = iq_pclntab_calls(pcln, &flow->func, flow->func.entry + s->offset,
			       calls, CALLS_MAX);
	for (size_t i = 0; i + 1 < num; i++)
		s->does |= does_of(calls[i].function) & IQ_GO_DOES_TIMEOUT;
}

static struct iq_error *steps_read(struct iq_go_flow *flow)
{
	const struct iq_arch *cpu = flow->rt->core->cpu;
	uint64_t entry = flow->func.entry;
	uint64_t size = flow->func.end - entry;
	uint64_t len;
	const uint8_t *code = iq_memory_window(flow->rt->memory, entry, &len);

	if (!code || len < size || size > FUNCTION_MAX || !cpu->step)
		return NULL;
	for (uint64_t at = 0; at < size;) {
		struct iq_go_step s = { .offset = (uint32_t)at };
		uint64_t target;

		if (!cpu->step(code + at, (size_t)(size - at), entry + at,
			       &s.step))
			break;
		s.is_call = s.step.kind == IQ_ARCH_STEP_ON &&
			    cpu->is_call(code + at + s.step.len, s.step.len);
		if (s.is_call &&
		    cpu->call_target(code + at, (size_t)(size - at), entry + at,
				     &target))
			call_read(flow, &s, target);
		if (!iq_vec_push(&flow->steps, s))
			return &iq_enomem;
		at += s.step.len;
	}
	return NULL;
}

/* The step at @offset, or NONE. */
static uint32_t step_at(const struct iq_go_flow *flow, uint64_t offset)
{
	size_t lo = 0, hi = flow->steps.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (flow->steps.data[mid].offset < offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < flow->steps.len && flow->steps.data[lo].offset == offset ?
		       (uint32_t)lo :
		       IQ_GO_FLOW_NONE;
}

static bool is_jump(const struct iq_go_step *s)
{
	return s->step.kind == IQ_ARCH_STEP_BRANCH ||
	       s->step.kind == IQ_ARCH_STEP_JUMP;
}

static int compare_jumps(const void *pa, const void *pb)
{
	const struct iq_go_jump *a = pa;
	const struct iq_go_jump *b = pb;

	if (a->to != b->to)
		return a->to < b->to ? -1 : 1;
	return a->from < b->from ? -1 : a->from > b->from;
}

/* Where each step leads. */
static struct iq_error *jumps_find(struct iq_go_flow *flow)
{
	for (uint32_t i = 0; i < flow->steps.len; i++) {
		struct iq_go_step *s = &flow->steps.data[i];
		struct iq_go_jump jump = { .from = i };

		s->next = IQ_GO_FLOW_NONE;
		if (!is_jump(s))
			continue;
		s->next = step_at(flow, s->step.target - flow->func.entry);
		jump.to = s->next;
		if (!iq_vec_push(&flow->jumps, jump))
			return &iq_enomem;
	}
	if (flow->jumps.len)
		qsort(flow->jumps.data, flow->jumps.len,
		      sizeof(*flow->jumps.data), compare_jumps);
	return NULL;
}

struct iq_error *iq_go_flow_init(struct iq_go_flow *flow,
				 const struct iq_go_runtime *rt, uint64_t pc)
{
	struct iq_error *err;
	size_t words;

	*flow = (struct iq_go_flow){ .rt = rt, .left = LOOKS_MAX };
	if (!iq_pclntab_func(rt->program->pcln, pc, &flow->func) ||
	    !iq_pclntab_name(rt->program->pcln, &flow->func, &flow->name))
		return NULL;
	err = steps_read(flow);
	if (!err)
		err = jumps_find(flow);
	if (err || !flow->steps.len)
		return err;
	words = flow->steps.len / 64 + 1;
	flow->reached = calloc(words, sizeof(*flow->reached));
	flow->stops = calloc(words, sizeof(*flow->stops));
	flow->work = calloc(flow->steps.len, sizeof(*flow->work));
	return flow->reached && flow->stops && flow->work ? NULL : &iq_enomem;
}

void iq_go_flow_deinit(struct iq_go_flow *flow)
{
	iq_vec_deinit(&flow->steps);
	iq_vec_deinit(&flow->jumps);
	free(flow->reached);
	free(flow->stops);
	free(flow->work);
}

const struct iq_go_jump *iq_go_flow_jumps(const struct iq_go_flow *flow,
					  uint32_t step, size_t *num_ret)
{
	size_t lo = 0, hi = flow->jumps.len, end;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (flow->jumps.data[mid].to < step)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (end = lo;
	     end < flow->jumps.len && flow->jumps.data[end].to == step;)
		end++;
	*num_ret = end - lo;
	return end > lo ? &flow->jumps.data[lo] : NULL;
}

bool iq_go_flow_spend(struct iq_go_flow *flow, size_t amount)
{
	if (amount > flow->left)
		flow->is_cut = true;
	if (flow->is_cut)
		return false;
	flow->left -= (uint32_t)amount;
	return true;
}

uint32_t iq_go_flow_call(const struct iq_go_flow *flow, uint64_t pc)
{
	for (uint32_t i = 0; i < flow->steps.len; i++) {
		const struct iq_go_step *s = &flow->steps.data[i];

		if (s->is_call &&
		    flow->func.entry + s->offset + s->step.len == pc)
			return i;
	}
	return IQ_GO_FLOW_NONE;
}

void iq_go_flow_clear(struct iq_go_flow *flow)
{
	memset(flow->stops, 0,
	       (flow->steps.len / 64 + 1) * sizeof(*flow->stops));
}

struct walk {
	struct iq_go_flow *flow;
	size_t num;
	struct iq_go_way way;
};

static void come_to(struct walk *w, uint64_t step)
{
	struct iq_go_flow *flow = w->flow;

	if (step >= flow->steps.len) {
		w->way.stray = true;
		return;
	}
	if (flow->reached[step / 64] >> step % 64 & 1)
		return;
	flow->reached[step / 64] |= 1ull << step % 64;
	flow->work[w->num++] = (uint32_t)step;
}

static void go_on(struct walk *w, uint32_t step)
{
	const struct iq_go_step *s = &w->flow->steps.data[step];

	if (w->flow->stops[step / 64] >> step % 64 & 1)
		return;
	switch (s->step.kind) {
	case IQ_ARCH_STEP_BRANCH:
	case IQ_ARCH_STEP_JUMP:
		// A jump to another function takes this one's place.
		if (s->next == IQ_GO_FLOW_NONE)
			w->way.stray = true;
		else
			come_to(w, s->next);
		break;
	case IQ_ARCH_STEP_RETURN:
		w->way.leaves = true;
		return;
	case IQ_ARCH_STEP_STRAY:
		w->way.stray = true;
		return;
	case IQ_ARCH_STEP_TRAP:
		return;
	case IQ_ARCH_STEP_ON:
		break;
	}
	w->way.leaves |= (s->does & IQ_GO_DOES_LEAVE) != 0;
	if (s->step.kind != IQ_ARCH_STEP_JUMP &&
	    !(s->does & (IQ_GO_DOES_STOP | IQ_GO_DOES_LEAVE)))
		come_to(w, (uint64_t)step + 1);
}

struct iq_go_way iq_go_flow_walk(struct iq_go_flow *flow, uint32_t from)
{
	struct walk w = { .flow = flow };

	memset(flow->reached, 0,
	       (flow->steps.len / 64 + 1) * sizeof(*flow->reached));
	come_to(&w, from);
	while (w.num && iq_go_flow_spend(flow, 1))
		go_on(&w, flow->work[--w.num]);
	w.way.stray |= flow->is_cut;
	return w.way;
}

int64_t iq_go_flow_result(const struct iq_go_flow *flow, uint32_t step)
{
	uint8_t reg = flow->rt->core->cpu->arguments[0];

	for (uint32_t n = 0; n < NEAR && ++step < flow->steps.len; n++) {
		const struct iq_go_step *s = &flow->steps.data[step];

		if (s->is_call || s->step.kind != IQ_ARCH_STEP_ON)
			break;
		if (s->step.reg != reg || s->step.move == IQ_ARCH_MOVE_NONE)
			continue;
		return s->step.move == IQ_ARCH_MOVE_STORE ? s->step.value :
							    IQ_GO_NO_SLOT;
	}
	return IQ_GO_NO_SLOT;
}

struct iq_frame iq_go_flow_place(const struct iq_go_flow *flow, uint32_t step)
{
	struct iq_go_call calls[CALLS_MAX];
	size_t num = iq_pclntab_calls(flow->rt->program->pcln, &flow->func,
				      flow->func.entry +
					      flow->steps.data[step].offset,
				      calls, CALLS_MAX);

	if (!num)
		return (struct iq_frame){ .function = flow->name };
	return (struct iq_frame){
		.function = calls[0].function,
		.file = calls[0].file,
		.line = calls[0].line,
	};
}
