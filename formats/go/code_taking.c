/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "formats/go/code.h"
#include "formats/go/code_flow.h"

/* Calls that are followed into functions of the same package. */
#define DEPTH_MAX 2
/* Functions that are read for one question. */
#define FUNCTIONS_MAX 64
/* selectgo's. Go: src/runtime/select.go. */
#define ARGUMENT_NUM_RECEIVES 4
/* Instructions before a go statement in which its function is named. */
#define NEAR_START 96

struct question {
	const struct iq_go_code_reader *reader;
	unsigned num_functions;
};

/* One function in which somebody may take. */
struct taker {
	struct question *question;
	struct iq_go_flow *flow;
	uint32_t from; /* behind the call at hand, or the first one */
	bool makes;    /* channels */
	/* A call gave it the channel: the word of the frame that has it, or
	 * IQ_GO_NO_SLOT. */
	int64_t given;
	bool is_given;
};

/* "main" of "main.(*T).f", of the table's name. */
static struct iq_str package_of(struct iq_str name)
{
	struct iq_str head = iq_str_sub(name, 0, iq_str_find(name, '['));
	size_t slash = iq_str_rfind(head, '/');
	size_t begin = slash < head.len ? slash + 1 : 0;
	struct iq_str rest = iq_str_sub(head, begin, head.len);

	return iq_str_sub(head, 0, begin + iq_str_find(rest, '.'));
}

/* Without steps where the function cannot be followed. */
static struct iq_error *flow_open(struct question *q, uint64_t pc,
				  struct iq_go_flow *ret)
{
	*ret = (struct iq_go_flow){ .rt = q->reader->rt };
	if (q->num_functions++ >= FUNCTIONS_MAX)
		return NULL;
	return iq_go_flow_init(ret, q->reader->rt, pc);
}

/* Whether the call at @s is of a function of the same package. */
static bool is_near(const struct iq_go_flow *flow, const struct iq_go_step *s)
{
	const struct iq_pclntab *pcln = flow->rt->program->pcln;
	struct iq_go_func func;
	struct iq_str name;

	return s->callee && s->callee != flow->func.entry &&
	       iq_pclntab_func(pcln, s->callee, &func) &&
	       iq_pclntab_name(pcln, &func, &name) &&
	       iq_str_equal(package_of(name), package_of(flow->name));
}

/* ---- who else sends */

static struct iq_error *may_send(struct question *q, uint64_t entry,
				 unsigned depth, bool *ret)
{
	iq_cleanup(iq_go_flow_deinit) struct iq_go_flow flow = { .rt = NULL };
	struct iq_error *err = flow_open(q, entry, &flow);

	// What cannot be read may.
	*ret = !flow.steps.len;
	for (size_t i = 0; i < flow.steps.len && !err && !*ret; i++) {
		const struct iq_go_step *s = &flow.steps.data[i];

		if (s->does &
		    (IQ_GO_DOES_SEND | IQ_GO_DOES_SELECT | IQ_GO_DOES_TRY_SEND))
			*ret = true;
		else if (s->is_call && depth < DEPTH_MAX && is_near(&flow, s))
			err = may_send(q, s->callee, depth + 1, ret);
	}
	return err;
}

/* The function that the go statement at @step starts: its closure's code is
 * named shortly before; 0: not known. */
static uint64_t started(const struct iq_go_flow *flow, uint32_t step)
{
	const struct iq_go_runtime *rt = flow->rt;
	const struct iq_arch *cpu = rt->core->cpu;

	for (uint32_t n = 0; n < NEAR_START && step--; n++) {
		const struct iq_go_step *s = &flow->steps.data[step];
		uint64_t pc = flow->func.entry + s->offset, len, addr;
		const uint8_t *code = iq_memory_window(rt->memory, pc, &len);
		struct iq_arch_place place;
		struct iq_go_func func;

		if (s->does & IQ_GO_DOES_START)
			break;
		if (!code || !cpu->names(code, (size_t)len, pc, &place) ||
		    place.loads)
			continue;
		addr = place.addr;
		if (!iq_pclntab_func(rt->program->pcln, addr, &func) &&
		    !iq_memory_u64(rt->memory, place.addr, &addr))
			continue;
		if (iq_pclntab_func(rt->program->pcln, addr, &func) &&
		    func.entry == addr)
			return addr;
	}
	return 0;
}

static struct iq_error *starts_count(struct question *q,
				     struct iq_go_flow *flow, uint32_t own,
				     struct iq_code_taking *ret)
{
	ret->starts = 1;
	for (uint32_t i = 0; i < flow->steps.len; i++) {
		struct iq_error *err;
		uint64_t entry;
		bool sends = true;

		if (i == own || !(flow->steps.data[i].does & IQ_GO_DOES_START))
			continue;
		entry = started(flow, i);
		err = entry ? may_send(q, entry, 0, &sends) : NULL;
		if (err)
			return err;
		ret->starts += sends;
	}
	// The next one of a loop that makes a channel each time is of another.
	iq_go_flow_clear(flow);
	for (uint32_t i = 0; i < flow->steps.len; i++) {
		if (flow->steps.data[i].does & IQ_GO_DOES_MAKE)
			iq_go_flow_stop(flow, i);
	}
	iq_go_flow_walk(flow, own + 1);
	ret->starts_more = iq_go_flow_reached(flow, own);
	return NULL;
}

/* ---- who takes */

static bool makes(const struct iq_go_flow *flow)
{
	for (uint32_t i = 0; i < flow->steps.len; i++) {
		if (flow->steps.data[i].does & IQ_GO_DOES_MAKE)
			return true;
	}
	return false;
}

/* Whether the word @slot of the frame is read by what was reached. */
static bool is_read(const struct iq_go_flow *flow, int64_t slot)
{
	for (uint32_t i = 0; i < flow->steps.len; i++) {
		const struct iq_arch_step *s = &flow->steps.data[i].step;

		if (iq_go_flow_reached(flow, i) &&
		    s->move == IQ_ARCH_MOVE_LOAD && s->value == slot)
			return true;
	}
	return false;
}

/* Channels that the select at @step receives from; -1: not known. */
static int64_t num_receives(struct iq_go_flow *flow, uint32_t step)
{
	struct iq_go_origin o;

	iq_go_flow_origin(flow, step, ARGUMENT_NUM_RECEIVES, &o);
	return o.root == IQ_GO_ORIGIN_NUMBER ? o.value : -1;
}

/* Whether the call at @step may take from the channel in question. */
static bool may_be_it(const struct taker *t, uint32_t step)
{
	const struct iq_go_step *s = &t->flow->steps.data[step];
	struct iq_go_origin o;

	if (s->does & IQ_GO_DOES_SELECT) {
		if (!num_receives(t->flow, step))
			return false;
		return !t->is_given || (t->given != IQ_GO_NO_SLOT &&
					is_read(t->flow, t->given));
	}
	iq_go_flow_origin(t->flow, step, 0, &o);
	if (t->is_given)
		return o.root == IQ_GO_ORIGIN_CALL && !o.num_fields &&
		       (uint32_t)o.value + 1 == t->from;
	// What nothing refers to is in no package variable.
	if (o.root == IQ_GO_ORIGIN_VARIABLE)
		return false;
	// What another call gave is none of those that the function made.
	return o.root != IQ_GO_ORIGIN_CALL || o.num_fields || !t->makes ||
	       t->flow->steps.data[o.value].does & IQ_GO_DOES_MAKE;
}

static void take_add(const struct taker *t, uint32_t step,
		     struct iq_code_taking *ret)
{
	unsigned does = t->flow->steps.data[step].does;
	int64_t cases;

	if (does & IQ_GO_DOES_TRY_RECEIVE)
		ret->tries++;
	if (does & (IQ_GO_DOES_RECEIVE | IQ_GO_DOES_RECEIVE_OK))
		ret->receives++;
	if (does & IQ_GO_DOES_SELECT) {
		cases = num_receives(t->flow, step);
		ret->num_cases =
			cases > 0 && !ret->selects ? (uint32_t)cases : 0;
		ret->selects++;
	}
	if (!ret->place.line)
		ret->place = iq_go_flow_place(t->flow, step);
}

static struct iq_error *taking_from(struct taker *t, unsigned depth,
				    struct iq_code_taking *ret);

/* What the function does that is called at @step, into *@ret. */
static struct iq_error *helper_takes(const struct taker *t, uint32_t step,
				     unsigned depth, struct iq_code_taking *ret)
{
	iq_cleanup(iq_go_flow_deinit) struct iq_go_flow flow = { .rt = NULL };
	struct taker inner = { .question = t->question, .flow = &flow };
	struct iq_error *err;

	if (depth >= DEPTH_MAX || !is_near(t->flow, &t->flow->steps.data[step]))
		return NULL;
	err = flow_open(t->question, t->flow->steps.data[step].callee, &flow);
	return err ? err : taking_from(&inner, depth + 1, ret);
}

static void merge(const struct iq_code_taking *from, struct iq_code_taking *to)
{
	to->is_known = true;
	if (!to->place.line)
		to->place = from->place;
	to->num_cases = to->selects ? 0 : from->num_cases;
	to->receives += from->receives;
	to->selects += from->selects;
	to->tries += from->tries;
	to->loops |= from->loops;
	to->follows |= from->follows;
	to->has_timeout |= from->has_timeout;
}

/* Notes the calls by which helpers take as what stops a walk, if they always
 * do. */
static struct iq_error *helpers_find(struct taker *t, unsigned depth,
				     struct iq_code_taking *ret)
{
	size_t size = (t->flow->steps.len / 64 + 1) * sizeof(uint64_t);
	iq_cleanup(iq_freep) uint64_t *reached = malloc(size);
	struct iq_error *err = NULL;

	if (!reached)
		return &iq_enomem;
	memcpy(reached, t->flow->reached, size);
	for (uint32_t i = 0; i < t->flow->steps.len && !err; i++) {
		struct iq_code_taking inner = { .is_known = false };

		if (!(reached[i / 64] >> i % 64 & 1) ||
		    !t->flow->steps.data[i].is_call)
			continue;
		err = helper_takes(t, i, depth, &inner);
		if (err || !inner.is_known)
			continue;
		merge(&inner, ret);
		ret->skips |= inner.skips;
		iq_go_flow_stop(t->flow, i);
	}
	return err;
}

static void own_find(const struct taker *t, struct iq_code_taking *ret)
{
	for (uint32_t i = 0; i < t->flow->steps.len; i++) {
		if (!iq_go_flow_reached(t->flow, i) ||
		    !(t->flow->steps.data[i].does & IQ_GO_DOES_TAKE) ||
		    !may_be_it(t, i))
			continue;
		ret->is_known = true;
		take_add(t, i, ret);
		iq_go_flow_stop(t->flow, i);
	}
}

/* What stops a walk and takes, and is no other channel's beginning. */
static bool is_place(const struct taker *t, uint32_t step)
{
	const struct iq_go_flow *flow = t->flow;

	return flow->stops[step / 64] >> step % 64 & 1 &&
	       !(flow->steps.data[step].does & IQ_GO_DOES_MAKE) &&
	       step + 1 != t->from;
}

/* Whether a place that takes comes again, and whether another one can follow,
 * before the channel is another one. */
static void next_find(struct taker *t, struct iq_code_taking *ret)
{
	struct iq_go_flow *flow = t->flow;
	size_t words = flow->steps.len / 64 + 1;

	// What stops a walk now are the places; all further ones stop, too.
	for (uint32_t i = 0; i < flow->steps.len; i++) {
		if (!is_place(t, i))
			continue;
		iq_go_flow_walk(flow, i + 1);
		for (size_t w = 0; w < words; w++) {
			uint64_t hits = flow->reached[w] & flow->stops[w];

			for (; hits; hits &= hits - 1) {
				uint32_t at = (uint32_t)(w * 64) +
					      (uint32_t)__builtin_ctzll(hits);

				ret->loops |= at == i;
				ret->follows |= at != i && is_place(t, at);
			}
		}
	}
}

static void rest_find(struct taker *t, struct iq_code_taking *ret)
{
	struct iq_go_flow *flow = t->flow;

	for (uint32_t i = 0; i < flow->steps.len; i++) {
		unsigned does = flow->steps.data[i].does;

		ret->has_timeout |= (does & IQ_GO_DOES_TIMEOUT) != 0;
		ret->sends |= does & (IQ_GO_DOES_SEND | IQ_GO_DOES_TRY_SEND) &&
			      may_be_it(t, i);
	}
	for (uint32_t i = 0; i < flow->steps.len; i++) {
		if (flow->steps.data[i].does & IQ_GO_DOES_MAKE)
			iq_go_flow_stop(flow, i);
	}
	if (t->from)
		iq_go_flow_stop(flow, t->from - 1);
	next_find(t, ret);
}

/* What the function does from t->from on, by itself or by those it calls. */
static struct iq_error *taking_from(struct taker *t, unsigned depth,
				    struct iq_code_taking *ret)
{
	struct iq_code_taking taking = { .is_known = false };
	struct iq_error *err = NULL;

	if (!t->flow->steps.len)
		return NULL;
	iq_go_flow_clear(t->flow);
	if (iq_go_flow_walk(t->flow, t->from).stray)
		return NULL;
	own_find(t, &taking);
	if (!taking.is_known && !t->is_given)
		err = helpers_find(t, depth, &taking);
	if (err || !taking.is_known)
		return err;
	taking.skips |= iq_go_flow_walk(t->flow, t->from).leaves;
	rest_find(t, &taking);
	if (!t->flow->is_cut)
		*ret = taking;
	return NULL;
}

/* The function gave the channel to the only one that calls it. */
static struct iq_error *caller_takes(struct question *q,
				     const struct iq_go_flow *flow,
				     struct iq_code_taking *ret)
{
	iq_cleanup(iq_go_flow_deinit) struct iq_go_flow outer = { .rt = NULL };
	struct taker t = { .question = q, .flow = &outer, .is_given = true };
	struct iq_error *err;
	uint64_t pc;
	uint32_t step;

	err = iq_go_code_caller(q->reader, flow->func.entry, &pc);
	if (!err && pc)
		err = flow_open(q, pc - 1, &outer);
	if (err)
		return err;
	step = iq_go_flow_call(&outer, pc);
	if (step == IQ_GO_FLOW_NONE)
		return NULL;
	t.given = iq_go_flow_result(&outer, step);
	t.from = step + 1;
	return taking_from(&t, 0, ret);
}

/* Names as the runtime prints them. */
static struct iq_error *place_print(const struct iq_go_runtime *rt,
				    struct iq_frame *place)
{
	char buf[IQ_LIMIT_NAME];

	return iq_facts_string(
		rt->facts, iq_go_name_print(place->function, buf, sizeof(buf)),
		&place->function);
}

struct iq_error *iq_go_code_taking(const struct iq_code_facts *code,
				   uint64_t pc, struct iq_code_taking *ret)
{
	struct question q = {
		.reader = (const struct iq_go_code_reader *)code,
	};
	iq_cleanup(iq_go_flow_deinit) struct iq_go_flow flow = { .rt = NULL };
	struct taker t = { .question = &q, .flow = &flow };
	struct iq_code_taking taking = { .is_known = false };
	struct iq_error *err = flow_open(&q, pc - 1, &flow);
	uint32_t step;

	*ret = (struct iq_code_taking){ .is_known = false };
	if (err)
		return err;
	step = iq_go_flow_call(&flow, pc);
	if (step == IQ_GO_FLOW_NONE)
		return NULL;
	t.from = step + 1;
	t.makes = makes(&flow);
	err = taking_from(&t, 0, &taking);
	if (!err && !taking.is_known)
		err = caller_takes(&q, &flow, &taking);
	if (err || !taking.is_known)
		return err;
	err = starts_count(&q, &flow, step, &taking);
	if (err || flow.is_cut || q.num_functions > FUNCTIONS_MAX)
		return err;
	err = place_print(q.reader->rt, &taking.place);
	if (!err)
		*ret = taking;
	return err;
}
