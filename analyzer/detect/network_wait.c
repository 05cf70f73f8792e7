/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/compare.h"
#include "detect/listener.h"
#include "detect/network.h"
#include "detect/sift.h"
#include "detect/waited.h"
#include "model/object.h"
#include "model/text.h"

/* Who receives from a channel waits for one answer, or passes data between two
 * connections, which may be idle: so many at one place are no coincidence. */
#define MANY_RECEIVERS 3
/* Peers that a text lists one by one. */
#define MAX_LISTED 4
/* The goroutine of main. Go: src/runtime/proc.go, schedinit. */
#define MAIN_GOID 1

/*
 * Who started it stands in a wait that only its end can finish: its WaitGroup,
 * or a channel without an alternative. A select may have a time limit, and who
 * ranges over a channel (chanrecv2) takes what comes from a connection, which
 * may be idle.
 */
static const struct iq_goroutine *awaiting(const struct iq_model *model,
					   const struct iq_goroutine *g,
					   size_t *index_ret)
{
	const struct iq_goroutine *parent;

	if (!g->fact->has_parent || g->fact->parent == MAIN_GOID ||
	    !iq_model_goroutine(model, g->fact->parent, index_ret))
		return NULL;
	parent = &model->goroutines[*index_ret];
	return parent->class == IQ_CLASS_WAITGROUP ||
			       (parent->class == IQ_CLASS_CHAN_RECEIVE &&
				iq_stack_calls(parent->fact->stack,
					       "runtime.chanrecv1")) ?
		       parent :
		       NULL;
}

static bool writes(const struct iq_stack *stack)
{
	return iq_stack_calls(stack, "internal/poll.(*FD).Write") ||
	       iq_stack_calls(stack, "internal/poll.(*FD).Writev");
}

/* The body of an answer, read to its end: no stream of events. */
static bool reads_answer(const struct iq_stack *stack)
{
	return iq_stack_calls(stack, "net/http.(*bodyEOFSignal).Read") &&
	       (iq_stack_calls(stack, "io.copyBuffer") ||
		iq_stack_calls(stack, "io.ReadAll") ||
		iq_stack_calls(stack, "io.ReadAtLeast"));
}

/* It passes on whatever comes: a tunnel may be idle for days. */
static bool relays(const struct iq_stack *stack)
{
	return iq_stack_calls(stack, "io.copyBuffer") &&
	       (!reads_answer(stack) || iq_stack_handles_request(stack));
}

/* A handler that serves messages for as long as its client is there. */
static bool is_websocket(const struct iq_stack *stack)
{
	for (uint32_t i = 0; i < stack->num_frames; i++) {
		struct iq_str f = stack->frames[i]->function;

		if (f.len && memmem(f.ptr, f.len, "websocket", 9))
			return true;
	}
	return false;
}

/* It waits for the peer itself, on behalf of who called it. */
static bool is_caller(const struct iq_stack *stack)
{
	return writes(stack) || reads_answer(stack) ||
	       iq_stack_handles_request(stack);
}

/*
 * The function that a closure is written in, which started it if anybody did:
 * "main.gather" of "main.gather.func1". Empty if the first frame is none.
 */
static struct iq_str enclosing(const struct iq_stack *stack)
{
	struct iq_str f = IQ_STR("");
	const char *end;

	for (uint32_t i = stack->num_frames; i > 0 && !f.len; i--) {
		if (!iq_str_equal(stack->frames[i - 1]->function,
				  IQ_STR("runtime.goexit")))
			f = stack->frames[i - 1]->function;
	}
	end = f.len ? memmem(f.ptr, f.len, ".func", 5) : NULL;
	f.len = end && (size_t)(end - f.ptr) + 5 < f.len && end[5] >= '1' &&
				end[5] <= '9' ?
			(size_t)(end - f.ptr) :
			0;
	return f;
}

static bool wanted(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];
	const struct iq_stack *stack = g->fact->stack;
	size_t parent;

	return g->class == IQ_CLASS_IO &&
	       iq_goroutine_waits_long(model, index) &&
	       iq_goroutine_is_own(model, index) && !iq_stack_accepts(stack) &&
	       !iq_goroutine_is_keep_alive(model, index) && !relays(stack) &&
	       !is_websocket(stack) &&
	       (is_caller(stack) || awaiting(model, g, &parent) ||
		(!g->fact->has_parent && enclosing(stack).len));
}

/* What stands behind a finding's goroutines. */
struct behind {
	uint32_t *list;
	size_t num;
	/* All of them receive from a channel. */
	bool receive;
};

static struct iq_error *find_known(const struct iq_model *model,
				   struct iq_arena *arena,
				   const struct iq_finding *f,
				   struct behind *ret)
{
	uint32_t *list =
		iq_arena_calloc(arena, f->num_goroutines, sizeof(*list));
	size_t num = 0, index;

	if (!list)
		return &iq_enomem;
	*ret = (struct behind){ .list = list, .receive = true };
	for (size_t i = 0; i < f->num_goroutines; i++) {
		const struct iq_goroutine *parent = awaiting(
			model, &model->goroutines[f->goroutines[i]], &index);

		if (!parent)
			continue;
		list[num++] = (uint32_t)index;
		if (parent->class != IQ_CLASS_CHAN_RECEIVE)
			ret->receive = false;
	}
	qsort(list, num, sizeof(*list), iq_compare_u32);
	for (size_t i = 0; i < num; i++) {
		if (!ret->num || list[ret->num - 1] != list[i])
			list[ret->num++] = list[i];
	}
	return NULL;
}

/*
 * Where no witness knows the creators: who stands in the WaitGroup of the
 * function that the closure is written in. Fewer than there are goroutines:
 * else each may be the handler of one connection.
 */
static void find_by_name(const struct iq_model *model,
			 const struct iq_finding *f, struct behind *ret)
{
	struct iq_str name = enclosing(f->stack);

	for (size_t i = 0; name.len && i < model->num_goroutines; i++) {
		const struct iq_signature *sig;
		const struct iq_stack *stack = model->goroutines[i].fact->stack;

		if (model->goroutines[i].class != IQ_CLASS_WAITGROUP)
			continue;
		sig = iq_model_goroutine_signature(model, i);
		if (!sig || sig->site == UINT32_MAX ||
		    !iq_str_equal(stack->frames[sig->site]->function, name))
			continue;
		ret->receive = false;
		if (ret->num < f->num_goroutines)
			ret->list[ret->num++] = (uint32_t)i;
	}
}

/* ---- whom they wait for */

struct peers {
	struct iq_str *list; /* each once */
	size_t num;
	/* All of the finding's goroutines are known to wait for one of them. */
	bool all;
};

static struct iq_str peer_of(const struct iq_goroutine_fact *fact)
{
	const struct iq_object *object =
		fact->num_waits ? fact->waits[0].object : NULL;

	return object && object->is_read && object->kind == IQ_WAIT_FD ?
		       object->fd.remote :
		       IQ_STR("");
}

static int compare_strs(const void *pa, const void *pb)
{
	const struct iq_str *a = pa;
	const struct iq_str *b = pb;

	return iq_str_compare(*a, *b);
}

static struct iq_error *find_peers(const struct iq_model *model,
				   struct iq_arena *arena,
				   const struct iq_finding *f,
				   struct peers *ret)
{
	struct iq_str *list =
		iq_arena_calloc(arena, f->num_goroutines, sizeof(*list));
	size_t num = 0;

	if (!list)
		return &iq_enomem;
	for (size_t i = 0; i < f->num_goroutines; i++) {
		list[num] = peer_of(model->goroutines[f->goroutines[i]].fact);
		num += list[num].len > 0;
	}
	*ret = (struct peers){ .list = list, .all = num == f->num_goroutines };
	qsort(list, num, sizeof(*list), compare_strs);
	for (size_t i = 0; i < num; i++) {
		if (!ret->num || !iq_str_equal(list[ret->num - 1], list[i]))
			list[ret->num++] = list[i];
	}
	return NULL;
}

/* "the silent peer 10.0.0.7:5432", "3 silent peers", "a silent peer". */
static struct iq_error *name_peers(struct iq_arena *arena,
				   const struct peers *peers, bool writers,
				   struct iq_str *ret)
{
	const char *which = writers ? "" : "silent ";

	if (peers->all && peers->num == 1)
		return iq_textf(arena, ret, "the %speer %.*s%s", which,
				IQ_STR_ARG(peers->list[0]),
				writers ? ", which does not read," : "");
	if (peers->all && peers->num > 1)
		return iq_textf(arena, ret, "%zu %speers%s", peers->num, which,
				writers ? " that do not read" : "");
	return iq_textf(arena, ret, "a %speer%s", which,
			writers ? " that does not read" : "");
}

/* What the title does not name: one of several, or of unknown ones. */
static struct iq_error *list_peers(struct iq_arena *arena,
				   const struct peers *peers,
				   struct iq_finding *f)
{
	struct iq_error *err = NULL;

	if (!peers->num || (peers->all && peers->num == 1))
		return NULL;
	for (size_t i = 0; i < peers->num && i < MAX_LISTED && !err; i++)
		err = iq_textf(
			arena, &f->ground, "%.*s%s%.*s", IQ_STR_ARG(f->ground),
			i ? ", " : "; peers: ", IQ_STR_ARG(peers->list[i]));
	if (!err && peers->num > MAX_LISTED)
		err = iq_textf(arena, &f->ground, "%.*s and %zu more",
			       IQ_STR_ARG(f->ground), peers->num - MAX_LISTED);
	return err;
}

static struct iq_error *set_title(const struct iq_model *model,
				  struct iq_arena *arena, struct iq_finding *f)
{
	struct peers peers;
	const char *site;
	struct iq_str whom;
	struct iq_error *err = iq_finding_place(arena, f, &site);

	if (!err)
		err = find_peers(model, arena, f, &peers);
	if (!err)
		err = name_peers(arena, &peers, writes(f->stack), &whom);
	if (!err)
		err = iq_textf(arena, &f->title,
			       "%" PRIu64 " %s for %.*s in %s", f->count,
			       f->count == 1 ? "goroutine waits" :
					       "goroutines wait",
			       IQ_STR_ARG(whom), site);
	return err ? err : list_peers(arena, &peers, f);
}

static void describe_writers(struct iq_finding *f)
{
	f->advice = IQ_STR("set a deadline on the connection "
			   "(SetWriteDeadline), and drop a peer that does not "
			   "keep up");
	f->ground = f->num_victims ?
			    IQ_STR("the peer does not read, and the goroutine "
				   "that started them waits until they end") :
			    IQ_STR("the peer does not read, and its buffers "
				   "are full");
}

static struct iq_error *describe(const struct iq_model *model,
				 struct iq_arena *arena, struct iq_finding *f,
				 bool *drop_ret)
{
	struct behind behind;
	struct iq_error *err = find_known(model, arena, f, &behind);

	if (err)
		return err;
	if (!behind.num)
		find_by_name(model, f, &behind);
	f->victims = behind.list;
	f->num_victims = behind.num;
	if (writes(f->stack)) {
		describe_writers(f);
		return set_title(model, arena, f);
	}
	if (is_caller(f->stack)) {
		if (!f->num_victims)
			f->ground = IQ_STR("no data has come, and a request or "
					   "a call waits for it");
		return set_title(model, arena, f);
	}
	// One for each is how a connection is served, which may be idle.
	*drop_ret = !behind.num || (behind.receive ? f->count < MANY_RECEIVERS :
						     behind.num >= f->count);
	return *drop_ret ? NULL : set_title(model, arena, f);
}

static const struct iq_sift network_wait_sift = {
	.wanted = wanted,
	.one = "goroutine waits for a silent peer in",
	.many = "goroutines wait for a silent peer in",
	.ground =
		"no data has come, and the goroutine that started them waits until they end",
	.advice =
		"set a deadline on the connection (SetReadDeadline), or pass a context that can cancel the read",
	.settle = "a second dump a minute later shows whether they still wait",
	.confidence = IQ_CONFIDENCE_SUSPECTED,
	.describe = describe,
};

const struct iq_detector iq_detector_network_wait = {
	.id = "network-wait",
	.class = IQ_CLASS_BLOCKED,
	.severity = IQ_SEVERITY_WARNING,
	.summary = "goroutines wait for a peer, and another waits for them",
	.needs = IQ_TELLS_STATES | IQ_TELLS_STACKS | IQ_TELLS_CREATORS,
	.needs_text = "no witness knows states, stacks and creators",
	.passes = true,
	.sift = &network_wait_sift,
};
