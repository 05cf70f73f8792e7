/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a profile says. One of goroutines has stacks and counts; one of leaked
 * goroutines is the runtime's own proof; one of contention has waits that ended.
 */
#include "model/examine.h"

#include <inttypes.h>

#include "model/frame.h"
#include "model/population.h"
#include "model/profile.h"
#include "model/text.h"

/*
 * The runtime's leak profile names what nothing live can reach. What it does
 * not name may be reachable through a global: that says nothing.
 * Go: src/runtime/mgc.go, findGoroutineLeaks; an experiment in 1.26.
 */
static void examine_leaks(struct iq_examination *x, struct iq_evidence *e)
{
	const struct iq_finding *f = x->finding;
	struct iq_str path =
		iq_str_basename(x->model->witnesses[x->witness]->witness.path);
	struct iq_crowd c;

	iq_crowd_count(x, &c);
	if (!c.known || !c.here) {
		iq_say_absent(x, e,
			      "does not name it: the runtime proves "
			      "nothing of what a global can reach");
		return;
	}
	iq_support_by_stack(x, e, c.here >= f->count);
	e->bears = c.here >= f->count;
	e->matches = IQ_MATCH_FRAMES;
	iq_clause(&x->clauses,
		  "%sthe runtime itself found %" PRIu64 " of %" PRIu64
		  " leaked with this stack, %.*s%s",
		  e->weight == IQ_WEIGHT_PROOF ? "proven: " : "",
		  c.here < f->count ? c.here : f->count, f->count,
		  IQ_STR_ARG(path), iq_when_words(x));
}

/* ---- contention */

static bool passes(const struct iq_stack *stack, const struct iq_frame *site)
{
	for (uint32_t i = 0; i < stack->num_frames; i++) {
		if (iq_frame_same_place(stack->frames[i], site))
			return true;
	}
	return false;
}

/* Places of a contention profile that are looked at for each finding: the
 * longest waits stand first, and a thousand of them are most of what it has. */
#define MAX_PLACES 1024

/* Saturates: values of the input may have any size. */
static void add(int64_t *to, int64_t n)
{
	if (n > 0 && __builtin_add_overflow(*to, n, to))
		*to = INT64_MAX;
}

/* Samples whose stack passes through the site; *@ns_ret, *@n_ret: their sums. */
static bool sum_contention(struct iq_examination *x, int64_t *n_ret,
			   int64_t *ns_ret)
{
	const struct iq_facts *facts = x->model->witnesses[x->witness];
	const struct iq_profile *p = facts->profile;
	bool found = false;

	// Go: src/runtime/pprof/pprof.go, printCountCycleProfile: contentions,
	// then delay in ns.
	if (p->num_types != 2 || !x->finding->site)
		return false;
	for (size_t i = 0; i < p->num_samples && i < MAX_PLACES; i++) {
		const struct iq_stack *stack;

		x->clauses.err =
			iq_profile_stack(p, p->samples[i].stack, &stack);
		if (x->clauses.err)
			return false;
		if (!passes(stack, x->finding->site))
			continue;
		found = true;
		add(n_ret, p->values[i * 2]);
		add(ns_ret, p->values[i * 2 + 1]);
	}
	return found;
}

static void examine_contention(struct iq_examination *x, struct iq_evidence *e)
{
	const struct iq_facts *facts = x->model->witnesses[x->witness];
	char time[IQ_DURATION_SIZE];
	int64_t n = 0, ns = 0;

	if (!sum_contention(x, &n, &ns)) {
		iq_say_absent(x, e,
			      facts->profile->num_samples > MAX_PLACES ?
				      "its longest waits are at other places" :
				      "no wait at this place has ended");
		return;
	}
	// Those ended: nothing of the present state follows.
	if (x->kinship >= IQ_KINSHIP_BUILD)
		e->stance = IQ_STANCE_SUPPORTS;
	iq_clause(&x->clauses,
		  "contention at the same place: %" PRId64
		  " waits that ended, %s in all",
		  n, iq_duration_words(time, ns));
}

/* ---- by type */

static void examine_goroutines(struct iq_examination *x, struct iq_evidence *e)
{
	struct iq_crowd c;

	if (!iq_is_own(x)) {
		iq_examine_by_stack(x, e);
		return;
	}
	iq_examine_own(x, e, "");
	iq_crowd_count(x, &c);
	if (c.known)
		iq_clause(&x->clauses, "%" PRIu64 " with %s", c.here,
			  c.num_stacks == 1 ? "this stack" : "these stacks");
}

void iq_examine_profile(struct iq_examination *x, struct iq_evidence *e)
{
	const struct iq_facts *facts = x->model->witnesses[x->witness];
	enum iq_profile_type type =
		facts->profile ? facts->profile->type : IQ_PROFILE_GOROUTINE;

	switch (type) {
	case IQ_PROFILE_GOROUTINE:
		examine_goroutines(x, e);
		return;
	case IQ_PROFILE_GOROUTINELEAK:
		if (iq_is_own(x))
			iq_examine_own(x, e, "");
		else
			examine_leaks(x, e);
		return;
	case IQ_PROFILE_BLOCK:
	case IQ_PROFILE_MUTEX:
		examine_contention(x, e);
		return;
	default:
		break;
	}
	e->blind = true;
	iq_clause(&x->clauses, "cannot know: a profile of this type has no "
			       "waiting goroutines");
}
