/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a value came from, back through registers and words of the frame on all
 * ways that lead to a place: an answer is given only if all ways agree.
 */
#include "formats/go/code_flow.h"

/* Places that are looked at on the way back. */
#define WAYS_MAX 1024

/* What has to be followed: the register, or the word of the frame, as it is
 * before the step. */
struct need {
	uint32_t step;
	bool is_slot;
	int64_t where; /* the register's number, or the word's distance */
	unsigned num_fields;
	int64_t fields[IQ_GO_ORIGIN_FIELDS];
};

struct search {
	struct iq_go_flow *flow;
	struct need needs[WAYS_MAX];
	size_t num, done;
	bool any, failed;
	struct iq_go_origin found;
};

static void need_add(struct search *s, const struct need *from, uint32_t step,
		     bool is_slot, int64_t where)
{
	struct need n = *from;

	n.step = step;
	n.is_slot = is_slot;
	n.where = where;
	if (!iq_go_flow_spend(s->flow, s->num)) {
		s->failed = true;
		return;
	}
	for (size_t i = 0; i < s->num; i++) {
		const struct need *known = &s->needs[i];

		if (known->step == step && known->is_slot == is_slot &&
		    known->where == where && known->num_fields == n.num_fields)
			return;
	}
	if (s->num == WAYS_MAX)
		s->failed = true;
	else
		s->needs[s->num++] = n;
}

static bool is_equal(const struct iq_go_origin *a, const struct iq_go_origin *b)
{
	if (a->root != b->root || a->value != b->value ||
	    a->num_fields != b->num_fields)
		return false;
	for (unsigned i = 0; i < a->num_fields; i++) {
		if (a->fields[i] != b->fields[i])
			return false;
	}
	return true;
}

static void root_add(struct search *s, const struct need *n,
		     enum iq_go_origin_root root, int64_t value)
{
	struct iq_go_origin o = {
		.root = root,
		.value = value,
		.num_fields = n->num_fields,
	};

	for (unsigned i = 0; i < n->num_fields; i++)
		o.fields[i] = n->fields[i];
	if (s->any && !is_equal(&o, &s->found))
		s->failed = true;
	s->found = o;
	s->any = true;
}

/* Whether the step at @at reads a package variable. */
static bool reads_variable(const struct iq_go_flow *flow, uint32_t at)
{
	const struct iq_arch *cpu = flow->rt->core->cpu;
	struct iq_arch_place place;
	uint64_t len;

	// Some machines need an instruction more for the address.
	for (unsigned back = 0; back < 2 && back <= at; back++) {
		uint64_t pc =
			flow->func.entry + flow->steps.data[at - back].offset;
		const uint8_t *code =
			iq_memory_window(flow->rt->memory, pc, &len);

		if ((!back || cpu->pc_align > 1) && code &&
		    cpu->names(code, (size_t)len, pc, &place))
			return place.loads;
	}
	return false;
}

/* The step at @at writes the register of @need. */
static void written(struct search *s, const struct need *n, uint32_t at)
{
	const struct iq_arch_step *step = &s->flow->steps.data[at].step;
	struct need next = *n;

	if (step->move == IQ_ARCH_MOVE_LOAD) {
		need_add(s, n, at, true, step->value);
	} else if (step->move == IQ_ARCH_MOVE_COPY) {
		need_add(s, n, at, false, step->base);
	} else if (step->move == IQ_ARCH_MOVE_NUMBER) {
		root_add(s, n, IQ_GO_ORIGIN_NUMBER, step->value);
	} else if (reads_variable(s->flow, at)) {
		root_add(s, n, IQ_GO_ORIGIN_VARIABLE, 0);
	} else if (step->move == IQ_ARCH_MOVE_FIELD &&
		   n->num_fields < IQ_GO_ORIGIN_FIELDS) {
		next.fields[next.num_fields++] = step->value;
		need_add(s, &next, at, false, step->base);
	} else {
		s->failed = true;
	}
}

/* A call keeps no register, and gives back its first result in the one of the
 * first argument. */
static void call_result(struct search *s, const struct need *n, uint32_t at)
{
	if (n->where == s->flow->rt->core->cpu->arguments[0])
		root_add(s, n, IQ_GO_ORIGIN_CALL, at);
	else
		s->failed = true;
}

/* One step back from @need on the way that comes from @at. */
static void look_at(struct search *s, const struct need *n, uint32_t at)
{
	const struct iq_go_step *step = &s->flow->steps.data[at];
	bool is_store = step->step.move == IQ_ARCH_MOVE_STORE;

	if (n->is_slot && is_store && step->step.value == n->where)
		need_add(s, n, at, false, step->step.reg);
	else if (!n->is_slot && step->is_call)
		call_result(s, n, at);
	else if (!n->is_slot && !is_store && step->step.reg == n->where &&
		 step->step.move != IQ_ARCH_MOVE_NONE)
		written(s, n, at);
	else
		need_add(s, n, at, n->is_slot, n->where);
}

static bool falls_through(const struct iq_go_step *s)
{
	return s->step.kind == IQ_ARCH_STEP_ON ||
	       s->step.kind == IQ_ARCH_STEP_BRANCH;
}

static void look_back(struct search *s, const struct need *n)
{
	const struct iq_go_flow *flow = s->flow;
	const struct iq_go_jump *jumps;
	size_t num;

	// After it has got more stack a function begins once more.
	if (!n->step) {
		root_add(s, n,
			 n->is_slot ? IQ_GO_ORIGIN_SLOT : IQ_GO_ORIGIN_ENTRY,
			 n->where);
		return;
	}
	if (falls_through(&flow->steps.data[n->step - 1]))
		look_at(s, n, n->step - 1);
	jumps = iq_go_flow_jumps(flow, n->step, &num);
	for (size_t i = 0; i < num && !s->failed; i++)
		look_at(s, n, jumps[i].from);
}

void iq_go_flow_origin(struct iq_go_flow *flow, uint32_t step,
		       unsigned argument, struct iq_go_origin *ret)
{
	struct search s = { .flow = flow };
	const struct need first = { .num_fields = 0 };

	need_add(&s, &first, step, false,
		 flow->rt->core->cpu->arguments[argument]);
	while (s.done < s.num && !s.failed) {
		const struct need n = s.needs[s.done++];

		look_back(&s, &n);
	}
	*ret = (struct iq_go_origin){ .root = IQ_GO_ORIGIN_UNKNOWN };
	if (s.any && !s.failed)
		*ret = s.found;
}
