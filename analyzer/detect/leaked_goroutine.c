/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/crash.h"
#include "detect/sift.h"
#include "detect/waited.h"

#include <inttypes.h>

#include "model/graph.h"
#include "model/text.h"

/* Without a heap that can tell, what makes a wait suspicious: this many
 * equal ones, or this long. */
#define SUSPICIOUS_RECEIVERS 10
#define SUSPICIOUS_WAIT_NS 60000000000

/* The goroutine of main. Go: src/runtime/proc.go, schedinit. */
#define MAIN_GOID 1

static bool is_candidate(enum iq_wait_class class)
{
	return class == IQ_CLASS_CHAN_SEND || class == IQ_CLASS_CHAN_RECEIVE ||
	       class == IQ_CLASS_SELECT || class == IQ_CLASS_WAITGROUP ||
	       class == IQ_CLASS_COND;
}

/* It passes through the program's own code, or nobody knows through what. */
static bool may_be_own(const struct iq_model *model, size_t index)
{
	const struct iq_stack *stack = model->goroutines[index].fact->stack;

	if (!stack || !stack->num_frames)
		return model->goroutines[index].class == IQ_CLASS_CHAN_SEND;
	return iq_goroutine_is_own(model, index) &&
	       !iq_goroutine_calls(model, index, "runtime.main");
}

/*
 * The runtime's own mark or the heap says that nothing can wake it; or the heap
 * cannot tell, and it is the program's own code.
 */
static bool wanted(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	// Those in a cycle have a finding of their own.
	if (g->system || model->graph->cycle_of[index] != IQ_GRAPH_NONE)
		return false;
	// So have those that wait for nil channels alone.
	if (iq_wait_is_hopeless(g->fact, g->class))
		return false;
	if (!is_candidate(g->class))
		return iq_lock_is_lost(model, index);
	if (g->fact->leaked || g->reach == IQ_REACH_UNREACHABLE)
		return true;
	return g->reach == IQ_REACH_UNKNOWN && may_be_own(model, index);
}

/* How many of the finding's goroutines the heap or the runtime condemns. */
static uint64_t count_condemned(const struct iq_model *model,
				const struct iq_finding *f)
{
	uint64_t n = 0;

	for (size_t i = 0; i < f->num_goroutines; i++) {
		const struct iq_goroutine *g =
			&model->goroutines[f->goroutines[i]];

		if (g->fact->leaked || g->reach == IQ_REACH_UNREACHABLE)
			n += g->count;
	}
	return n;
}

/*
 * Without a heap: a sender that parks has lost its receiver more often than
 * not; receivers that wait are most often a pool, unless they are many and old.
 */
static bool is_suspicious(const struct iq_model *model,
			  const struct iq_finding *f, enum iq_wait_class class)
{
	bool old = f->has_wait_min && f->wait_min_ns >= SUSPICIOUS_WAIT_NS;

	// A test ran out of time: what its goroutines wait for did not come.
	// main only waits for the tests.
	if (iq_end_is_test_timeout(&model->process))
		return model->goroutines[f->goroutines[0]].id != MAIN_GOID;
	if (class == IQ_CLASS_CHAN_SEND)
		return f->count > 1 || old;
	return f->count >= SUSPICIOUS_RECEIVERS && old;
}

/* A text or a trace saw it wait, too: that says what it says without a core. */
static bool is_seen_elsewhere(const struct iq_model *model, size_t index)
{
	for (size_t w = 0; w < model->num_witnesses; w++) {
		if (model->witnesses[w]->witness.kind != IQ_WITNESS_CORE &&
		    !model->foreign[w] && iq_model_fact(model, index, w))
			return true;
	}
	return false;
}

/*
 * Whether a core could have told who refers to what they wait for, were it
 * whole: then their number proves nothing, for a hole would make a finding.
 */
static bool is_unproven(const struct iq_model *model,
			const struct iq_finding *f)
{
	for (size_t i = 0; i < f->num_goroutines; i++) {
		const struct iq_goroutine *g =
			&model->goroutines[f->goroutines[i]];
		const struct iq_facts *facts = model->witnesses[g->witness];

		if (g->reach == IQ_REACH_UNKNOWN &&
		    facts->witness.kind == IQ_WITNESS_CORE &&
		    (model->reach_lacks.len || !facts->witness.complete) &&
		    !is_seen_elsewhere(model, f->goroutines[i]))
			return true;
	}
	return false;
}

static const struct words {
	enum iq_wait_class class;
	const char *object;
	const char *advice;
} words[] = {
	{ IQ_CLASS_CHAN_SEND, "the channel",
	  "give the channel room for one value, or select on ctx.Done() as "
	  "well" },
	{ IQ_CLASS_CHAN_RECEIVE, "the channel",
	  "close the channel when no more values come, or select on ctx.Done() "
	  "as well" },
	{ IQ_CLASS_SELECT, "any of its channels",
	  "keep and call the cancel function, or close the done channel on "
	  "every way out" },
	{ IQ_CLASS_WAITGROUP, "the WaitGroup",
	  "count the Adds and Dones: defer wg.Done() first in each "
	  "goroutine" },
	{ IQ_CLASS_MUTEX, "the Mutex",
	  "defer the Unlock right behind the Lock: one way out does without "
	  "it" },
	{ IQ_CLASS_RWMUTEX_R, "the RWMutex",
	  "defer the Unlock right behind the Lock: one way out does without "
	  "it" },
	{ IQ_CLASS_RWMUTEX_W, "the RWMutex",
	  "defer the RUnlock right behind the RLock, and the Unlock behind the "
	  "Lock: one way out does without it" },
	{ IQ_CLASS_COND, "the Cond",
	  "Signal or Broadcast under the lock on every change, also on the way "
	  "out" },
};

static const struct words *words_of(enum iq_wait_class class)
{
	size_t i = 0;

	while (i + 1 < IQ_ARRAY_SIZE(words) && words[i].class != class)
		i++;
	return &words[i];
}

/* The heap shows it of each of them. */
static bool is_proven(const struct iq_model *model, const struct iq_finding *f)
{
	for (size_t i = 0; i < f->num_goroutines; i++) {
		if (model->goroutines[f->goroutines[i]].reach !=
		    IQ_REACH_UNREACHABLE)
			return false;
	}
	return f->num_goroutines > 0;
}

static struct iq_error *set_ground(const struct iq_model *model,
				   struct iq_arena *arena,
				   const struct words *w, struct iq_finding *f)
{
	if (is_proven(model, f))
		f->confidence = IQ_CONFIDENCE_PROVEN;
	if (count_condemned(model, f)) {
		f->severity = IQ_SEVERITY_ERROR;
		return iq_textf(arena, &f->ground,
				"nothing that can still run refers to %s",
				w->object);
	}
	return iq_textf(arena, &f->ground,
			f->severity == IQ_SEVERITY_NOTE ?
				"no proof of who refers to %s: memory is "
				"missing" :
				"no memory to see who refers to %s",
			w->object);
}

static struct iq_error *set_title(const struct iq_model *model,
				  struct iq_arena *arena, struct iq_finding *f)
{
	enum iq_wait_class class = model->goroutines[f->goroutines[0]].class;
	const char *site;
	struct iq_error *err = iq_finding_place(arena, f, &site);

	if (err)
		return err;
	return iq_textf(arena, &f->title, "%" PRIu64 " %s in %s in %s%s",
			f->count,
			f->count == 1 ? "goroutine is blocked" :
					"goroutines are blocked",
			iq_wait_class_words(class), site,
			f->severity == IQ_SEVERITY_NOTE ?
				"; unproven: memory is missing" :
				"");
}

static struct iq_error *describe(const struct iq_model *model,
				 struct iq_arena *arena, struct iq_finding *f,
				 bool *drop_ret)
{
	enum iq_wait_class class = model->goroutines[f->goroutines[0]].class;
	const struct words *w = words_of(class);
	bool condemned = count_condemned(model, f) > 0;
	struct iq_error *err;

	*drop_ret = !condemned && !is_suspicious(model, f, class);
	if (*drop_ret)
		return NULL;
	if (!condemned && is_unproven(model, f))
		f->severity = IQ_SEVERITY_NOTE;
	f->advice = iq_str_of(w->advice);
	f->unreachable = true;
	err = set_ground(model, arena, w, f);
	return err ? err : set_title(model, arena, f);
}

static const struct iq_sift leaked_goroutine_sift = {
	.wanted = wanted,
	.one = "goroutine is blocked in",
	.many = "goroutines are blocked in",
	.confidence = IQ_CONFIDENCE_SUSPECTED,
	.describe = describe,
};

const struct iq_detector iq_detector_leaked_goroutine = {
	.id = "leaked-goroutine",
	.class = IQ_CLASS_LEAK,
	.severity = IQ_SEVERITY_WARNING,
	.yields = true,
	.summary = "a goroutine waits for what nothing can bring any more",
	.needs = IQ_TELLS_STACKS,
	.instead = IQ_TELLS_STATES,
	.needs_text = "no witness knows stacks",
	.passes = true,
	.sift = &leaked_goroutine_sift,
};
