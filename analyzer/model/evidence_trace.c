/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a trace says: when they parked, that nobody woke them, who made them, and
 * whether they have run since.
 */
#include "model/evidence.h"
#include "model/examine.h"

#include <inttypes.h>

#include "model/confidence.h"
#include "model/text.h"
#include "model/trace.h"

/* How the finding's goroutines spent the trace's window. */
struct spent {
	uint64_t num;	     /* those it knows */
	uint64_t from_start; /* parked before it began, and never ran */
	uint64_t woken;	     /* woken before, and parked again */
	uint64_t proven; /* collections prove that they have not run since */
	uint64_t stayed; /* parked for most of it, up to its end */
};

static const struct iq_trace_goroutine *find(const struct iq_examination *x,
					     uint32_t goroutine)
{
	const struct iq_goroutine *g = &x->model->goroutines[goroutine];
	const struct iq_trace *trace = x->model->witnesses[x->witness]->trace;

	return g->has_id ? iq_trace_find(trace, g->id) : NULL;
}

/* From one time of the input to another; 0 if that is none. */
static int64_t span(int64_t from, int64_t to)
{
	int64_t ns;

	return __builtin_sub_overflow(to, from, &ns) || ns < 0 ? 0 : ns;
}

static void count_spent(const struct iq_examination *x, struct spent *ret)
{
	const struct iq_trace *trace = x->model->witnesses[x->witness]->trace;
	const struct iq_finding *f = x->finding;
	int64_t window = span(trace->start_ns, trace->end_ns), parked;

	*ret = (struct spent){ 0 };
	for (size_t i = 0; i < f->num_goroutines; i++) {
		const struct iq_trace_goroutine *t = find(x, f->goroutines[i]);

		if (!t || t->has_ended || t->last_state != IQ_GSTATUS_WAITING)
			continue;
		ret->num++;
		ret->from_start += t->since_start && !t->num_starts;
		ret->woken += t->num_wakes > 0;
		parked = span(t->last_change_ns, trace->end_ns);
		ret->stayed +=
			parked >= IQ_SURE_PARKED_NS && parked >= window / 2;
		if (!iq_is_own(x) && x->model->moments)
			ret->proven +=
				iq_moment_stay(x->model, f->goroutines[i],
					       x->witness,
					       x->main) == IQ_STAY_PROVEN;
	}
}

/* "parked within its 0.7s and never woken" */
static void say_spent(struct iq_examination *x, const struct spent *s)
{
	const struct iq_trace *trace = x->model->witnesses[x->witness]->trace;
	char time[IQ_DURATION_SIZE];

	if (!s->num)
		return;
	iq_duration_words(time, span(trace->start_ns, trace->end_ns));
	if (s->from_start == s->num)
		iq_clause(&x->clauses,
			  "parked before it began and not run in its %s", time);
	else if (s->from_start)
		iq_clause(&x->clauses,
			  "%" PRIu64 " parked before it began, %" PRIu64
			  " within its %s; none woken since",
			  s->from_start, s->num - s->from_start, time);
	else
		iq_clause(&x->clauses, "parked within its %s, %s", time,
			  s->woken ? "not woken again" : "never woken");
}

/* What follows for the moment of the finding's own witness. */
static void say_stay(struct iq_examination *x, const struct spent *s)
{
	const char *when = iq_when_words(x);

	if (s->proven == s->num && s->num)
		iq_clause(&x->clauses, "%s not run since: collections prove it",
			  s->num == 1 ? "has" : "have");
	else if (s->proven)
		iq_clause(&x->clauses,
			  "collections prove of %" PRIu64 " of %" PRIu64
			  " that they have not run since",
			  s->proven, s->num);
	else if (when[0])
		// ", 4.6s before the core"
		iq_clause(&x->clauses, "%s %s",
			  iq_is_later(x) ? "begins" : "ends", when + 2);
}

/* "1.2s after the core" where the core's moment is known, else "50ms into the
 * trace". */
static const char *at_words(struct iq_examination *x, int64_t at)
{
	const struct iq_trace *trace = x->model->witnesses[x->witness]->trace;
	struct iq_str words = IQ_STR("");
	char time[IQ_DURATION_SIZE];
	struct iq_instant main;

	if (x->clauses.err)
		return "";
	if (iq_moment_on_clock(x->model, x->witness, x->main, &main) &&
	    !main.is_bound && main.first_ns == main.last_ns &&
	    at >= main.last_ns)
		x->clauses.err = iq_textf(
			x->clauses.arena, &words, "%s after %s",
			iq_duration_words(time, span(main.last_ns, at)),
			iq_main_words(x));
	else
		x->clauses.err = iq_textf(
			x->clauses.arena, &words, "%s into the trace",
			iq_duration_words(time, span(trace->start_ns, at)));
	return words.ptr;
}

/* The first that went on after the finding's witness: "goroutine 18 ended …". */
static void say_who_went_on(struct iq_examination *x)
{
	const struct iq_finding *f = x->finding;

	for (size_t i = 0; i < f->num_goroutines; i++) {
		const struct iq_trace_goroutine *t = find(x, f->goroutines[i]);

		if (!t || !iq_evidence_gone_in(x->model, f->goroutines[i],
					       x->witness))
			continue;
		if (t->has_ended)
			iq_clause(&x->clauses, "goroutine %" PRIu64 " ended %s",
				  t->id, at_words(x, t->ended_ns));
		else if (t->has_last_wake)
			iq_clause(&x->clauses,
				  "goroutine %" PRIu64 " was woken %s", t->id,
				  at_words(x, t->last_wake_ns));
		else
			iq_clause(&x->clauses, "goroutine %" PRIu64 " ran %s",
				  t->id, at_words(x, t->last_change_ns));
		return;
	}
}

void iq_examine_trace(struct iq_examination *x, struct iq_evidence *e)
{
	const struct iq_finding *f = x->finding;
	struct iq_str ground;
	struct spent spent;

	if (!x->model->witnesses[x->witness]->trace || !f->num_goroutines ||
	    !x->model->goroutines[f->goroutines[0]].has_id) {
		iq_examine_by_stack(x, e);
		return;
	}
	ground = iq_ground_words(x);
	if (!iq_is_own(x) && ground.len)
		iq_clause(&x->clauses, "%.*s", IQ_STR_ARG(ground));
	if (iq_is_own(x))
		iq_examine_own(x, e, "");
	else
		iq_examine_by_ids(x, e);
	if (e->stance == IQ_STANCE_CONTRADICTS)
		say_who_went_on(x);
	if (e->stance != IQ_STANCE_SUPPORTS)
		return;
	count_spent(x, &spent);
	// The youngest of a leak that grows have not stood there for long.
	e->bears |= spent.num == f->num_goroutines &&
		    (spent.stayed * 2 > spent.num || spent.proven == spent.num);
	say_spent(x, &spent);
	if (!iq_is_own(x)) {
		say_stay(x, &spent);
		iq_say_creator(x);
	}
}
