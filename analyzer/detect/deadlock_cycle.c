/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sift.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "model/graph.h"
#include "model/text.h"

/* What a kind of cycle is called, and what helps. */
struct words {
	const char *title;
	const char *advice;
};

static const struct words kinds[] = {
	[IQ_CYCLE_LOCKS] = {
		"wait for each other's locks",
		"take the locks in one order everywhere, for example by id or "
		"address",
	},
	[IQ_CYCLE_RWMUTEX] = {
		"wait for each other over a RWMutex that is read twice",
		"do not take a read lock that the caller has: a writer that "
		"comes in between stops both",
	},
	[IQ_CYCLE_CHANNELS] = {
		"wait for each other over channels",
		"let one side of the ring give way: a buffer, a select with "
		"another case, or a close by who sends",
	},
	[IQ_CYCLE_WAITGROUP] = {
		"wait for each other over a WaitGroup",
		"give back what the goroutines that are waited for need before "
		"Wait is called",
	},
	[IQ_CYCLE_MIXED] = {
		"wait for each other over a lock and something else",
		"do not hold a lock over a channel operation or a Wait",
	},
};

/* Who reads waits to write: there is no way from the one to the other. */
static const struct words upgrade = {
	"wait for each other over a RWMutex that they read and want to write",
	"give the read lock back before Lock, and look again at what was read: "
	"a RWMutex that is read cannot be taken for writing",
};

/* A reader that the writer of the same RWMutex waits for wants to write, too. */
static bool is_upgrade(const struct iq_model *m, const struct iq_cycle *cycle)
{
	for (size_t i = 0; i < cycle->num_steps; i++) {
		const struct iq_cycle_step *step = &cycle->steps[i];
		const struct iq_graph *g = m->graph;
		uint32_t reader = step->wake->goroutine;

		if (step->goroutine == g->nodes[step->node].pending &&
		    step->wake->ground != IQ_WAKE_RECORD &&
		    iq_graph_lock_of(g, reader) == step->node &&
		    g->edges[g->first_edge[reader]].op == IQ_OP_LOCK)
			return true;
	}
	return false;
}

static const struct words *words_of(const struct iq_model *m,
				    const struct iq_cycle *cycle)
{
	return cycle->kind == IQ_CYCLE_RWMUTEX && is_upgrade(m, cycle) ?
		       &upgrade :
		       &kinds[cycle->kind];
}

/* ---- the ground */

/* "Mutex 0xc000012345" */
static struct iq_error *object_words(struct iq_arena *arena,
				     const struct iq_graph_node *node,
				     struct iq_str *ret)
{
	static const char *const names[] = {
		[IQ_WAIT_CHAN] = "channel ",
		[IQ_WAIT_MUTEX] = "Mutex ",
		[IQ_WAIT_RWMUTEX] = "RWMutex ",
		[IQ_WAIT_WAITGROUP] = "WaitGroup ",
		[IQ_WAIT_COND] = "Cond ",
		[IQ_WAIT_COROUTINE] = "coroutine ",
	};
	const char *name = (size_t)node->kind < IQ_ARRAY_SIZE(names) ?
				   names[node->kind] :
				   NULL;

	return iq_textf(arena, ret, "%s0x%" PRIx64, name ? name : "",
			node->address);
}

/* "goroutine 7 waits for Mutex 0xa; goroutine 8 has deferred the Unlock of it in
 * main.f main.go:3" */
static struct iq_error *step_words(const struct iq_model *m,
				   struct iq_arena *arena,
				   const struct iq_cycle_step *step,
				   struct iq_str *ret)
{
	const struct iq_graph_node *node = &m->graph->nodes[step->node];
	const struct iq_wake *wake = step->wake;
	bool shares = wake->ground == IQ_WAKE_SHARES;
	struct iq_str object;
	const char *place = NULL;
	struct iq_error *err = object_words(arena, node, &object);

	if (!err && wake->frame)
		err = iq_text_frame(arena, wake->frame, &place);
	if (err)
		return err;
	return iq_textf(arena, ret,
			"goroutine %" PRIu64
			" waits for %.*s, goroutine %" PRIu64 " %s%s%s%s",
			m->goroutines[step->goroutine].id, IQ_STR_ARG(object),
			m->goroutines[wake->goroutine].id,
			shares ? "shares it out" :
				 iq_wake_ground_words(wake->ground, node->kind),
			shares ? "" : " it", place ? " in " : "",
			place ? place : "");
}

static struct iq_error *ground(const struct iq_model *m, struct iq_arena *arena,
			       const struct iq_cycle *cycle, struct iq_str *ret)
{
	struct iq_str text = IQ_STR("");
	struct iq_error *err = NULL;
	size_t num = cycle->num_steps;

	if (num > IQ_LIMIT_CYCLE_WORDS)
		num = IQ_LIMIT_CYCLE_WORDS;
	for (size_t i = 0; i < num && !err; i++) {
		struct iq_str step;

		err = step_words(m, arena, &cycle->steps[i], &step);
		if (!err)
			err = iq_textf(arena, &text, "%.*s%s%.*s",
				       IQ_STR_ARG(text), i ? "; " : "",
				       IQ_STR_ARG(step));
	}
	if (!err && num < cycle->num_steps)
		err = iq_textf(arena, &text, "%.*s; and %zu more",
			       IQ_STR_ARG(text), cycle->num_steps - num);
	*ret = text;
	return err;
}

/* ---- the key */

static int compare_texts(const void *pa, const void *pb)
{
	return strcmp(*(const char *const *)pa, *(const char *const *)pb);
}

/* "mutex main.transfer" */
static struct iq_error *site_words(const struct iq_model *m,
				   struct iq_arena *arena, uint32_t goroutine,
				   const char **ret)
{
	const struct iq_goroutine *g = &m->goroutines[goroutine];
	const struct iq_signature *sig =
		iq_model_goroutine_signature(m, goroutine);
	struct iq_str name = IQ_STR("unknown");
	struct iq_error *err = NULL;

	if (sig && sig->site != UINT32_MAX)
		err = iq_function_canonical(
			arena, g->fact->stack->frames[sig->site]->function,
			true, &name);
	if (!err)
		err = iq_textf(arena, &name, "%s %.*s",
			       iq_wait_class_name(g->class), IQ_STR_ARG(name));
	*ret = name.ptr;
	return err;
}

/* The sorted set of sites: every rotation of a cycle is the same finding. */
static struct iq_error *make_key(const struct iq_model *m,
				 struct iq_arena *arena,
				 const struct iq_cycle *cycle,
				 struct iq_str *ret)
{
	iq_cleanup(iq_freep) void *mem =
		calloc(cycle->num_members, sizeof(const char *));
	const char **sites = mem;
	struct iq_error *err = mem ? NULL : &iq_enomem;
	struct iq_str text = IQ_STR("");

	for (size_t i = 0; i < cycle->num_members && !err; i++)
		err = site_words(m, arena, cycle->members[i], &sites[i]);
	if (err)
		return err;
	qsort(sites, cycle->num_members, sizeof(*sites), compare_texts);
	for (size_t i = 0; i < cycle->num_members && !err; i++) {
		if (!i || strcmp(sites[i], sites[i - 1]) != 0)
			err = iq_textf(arena, &text, "%.*s%s%s",
				       IQ_STR_ARG(text), i ? "\n" : "",
				       sites[i]);
	}
	*ret = text;
	return err;
}

/* ---- the finding */

/* Nothing that can run reaches what any of them waits for. */
static bool is_unreachable(const struct iq_model *m,
			   const struct iq_cycle *cycle)
{
	for (size_t i = 0; i < cycle->num_members; i++) {
		if (m->goroutines[cycle->members[i]].reach !=
		    IQ_REACH_UNREACHABLE)
			return false;
	}
	return true;
}

static struct iq_error *add_cycle(const struct iq_model *model,
				  const struct iq_cycle *cycle,
				  struct iq_findings *findings)
{
	const struct words *words = words_of(model, cycle);
	struct iq_arena *arena = findings->arena;
	struct iq_finding f;
	const char *site;
	struct iq_error *err =
		iq_finding_init(&iq_detector_deadlock_cycle, model, arena,
				cycle->members, cycle->num_members, &f);

	f.mere = cycle->mere;
	// That nobody wakes them is proven, whoever has what they wait for.
	if (is_unreachable(model, cycle)) {
		f.confidence = IQ_CONFIDENCE_PROVEN;
		f.unreachable = true;
	}
	if (!err)
		err = ground(model, arena, cycle, &f.ground);
	if (!err)
		err = make_key(model, arena, cycle, &f.key);
	if (!err)
		err = iq_text_frame(arena, f.site, &site);
	if (!err)
		err = iq_textf(arena, &f.title,
			       "%zu goroutines %s%s, one of them in %s",
			       cycle->num_members,
			       cycle->mere ? "seem to " : "", words->title,
			       site);
	f.advice = iq_str_of(words->advice);
	return err ? err : iq_findings_add(findings, &f);
}

static struct iq_error *deadlock_cycle_run(const struct iq_model *model,
					   struct iq_findings *findings)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; i < model->graph->num_cycles && !err; i++) {
		const struct iq_cycle *cycle = &model->graph->cycles[i];

		if (cycle->num_members > 1)
			err = add_cycle(model, cycle, findings);
	}
	return err;
}

const struct iq_detector iq_detector_deadlock_cycle = {
	.id = "deadlock-cycle",
	.class = IQ_CLASS_DEADLOCK,
	.severity = IQ_SEVERITY_ERROR,
	.summary = "goroutines wait for each other in a circle",
	.needs = IQ_TELLS_WAITS,
	.needs_text = "no witness knows the addresses of locks (a core does)",
	.run = deadlock_cycle_run,
};
