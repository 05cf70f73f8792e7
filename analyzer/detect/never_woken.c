/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "detect/served.h"
#include "detect/sift.h"
#include "model/evidence.h"
#include "model/frame.h"
#include "model/text.h"
#include "model/trace.h"

/* What is meant to take short: to hand a value over, to take a lock. Others may
 * wait for what seldom comes. */
static bool is_short_by_design(enum iq_wait_class class)
{
	return class == IQ_CLASS_CHAN_SEND || iq_wait_class_is_lock(class);
}

static bool may_be_lost(enum iq_wait_class class)
{
	return is_short_by_design(class) || class == IQ_CLASS_CHAN_RECEIVE ||
	       class == IQ_CLASS_COND || class == IQ_CLASS_SEMAPHORE;
}

/* A goroutine that nobody woke while others at its place were. */
struct lost {
	const struct iq_frame *site;
	const struct iq_served *served;
	enum iq_wait_class class;
	uint32_t goroutine;
	int64_t waited_ns;
};

struct search {
	const struct iq_model *model;
	struct iq_findings *findings;
	struct iq_served_table table;
	IQ_VEC(struct lost) list;
};

/* ---- who */

static const struct iq_frame *site_of(const struct iq_model *m, size_t witness,
				      const struct iq_stack *stack)
{
	const struct iq_signature *sig = iq_model_signature(m, witness, stack);

	return sig && sig->site != UINT32_MAX && sig->own ?
		       stack->frames[sig->site] :
		       NULL;
}

/* How long it has waited at the end of the trace; false if it does not wait, or
 * for less than half of it. */
static bool waits_long(const struct iq_trace *trace,
		       const struct iq_trace_goroutine *g, int64_t *ret)
{
	int64_t since = g->since_start ? trace->start_ns : g->last_change_ns;
	int64_t window, waited;

	if (g->last_state != IQ_GSTATUS_WAITING || g->tracer ||
	    __builtin_sub_overflow(trace->end_ns, trace->start_ns, &window) ||
	    __builtin_sub_overflow(trace->end_ns, since, &waited) ||
	    waited < window / 2)
		return false;
	*ret = waited;
	return true;
}

static bool is_lost(const struct search *s, size_t witness, size_t index,
		    struct lost *ret)
{
	const struct iq_model *m = s->model;
	const struct iq_goroutine *g = &m->goroutines[index];
	const struct iq_trace *trace = m->witnesses[witness]->trace;
	const struct iq_trace_goroutine *t = iq_trace_find(trace, g->id);
	struct lost lost = { .goroutine = (uint32_t)index, .class = g->class };

	if (!t || !waits_long(trace, t, &lost.waited_ns))
		return false;
	// Where it stood before Go 1.23 told so, another witness has to say.
	lost.site = t->last_stack ? site_of(m, witness, t->last_stack) :
				    site_of(m, g->witness, g->fact->stack);
	lost.served = iq_served_find(&s->table, lost.site, g->class);
	if (!lost.served || !iq_served_is_overdue(lost.served, lost.waited_ns))
		return false;
	*ret = lost;
	return true;
}

static struct iq_error *collect(struct search *s, size_t witness)
{
	const struct iq_model *m = s->model;

	for (size_t i = 0; i < m->num_goroutines; i++) {
		const struct iq_goroutine *g = &m->goroutines[i];
		struct lost lost;

		if (!g->has_id || g->system || !may_be_lost(g->class) ||
		    !is_lost(s, witness, i, &lost))
			continue;
		if (!iq_vec_push(&s->list, lost))
			return &iq_enomem;
	}
	return NULL;
}

/* ---- the finding */

static int compare_lost(const void *pa, const void *pb)
{
	const struct lost *a = pa;
	const struct lost *b = pb;

	if (a->served != b->served)
		return a->served < b->served ? -1 : 1;
	return a->goroutine < b->goroutine ? -1 : a->goroutine > b->goroutine;
}

static struct iq_error *describe(const struct search *s,
				 const struct lost *lost, struct iq_finding *f)
{
	const struct iq_served *served = lost->served;
	struct iq_arena *arena = s->findings->arena;
	char waited[IQ_DURATION_SIZE];
	struct iq_str mean;
	const char *site;
	struct iq_error *err = iq_text_frame(arena, f->site, &site);

	if (!err)
		err = iq_textf(arena, &mean, "%.1f ms",
			       (double)served->total_ns /
				       (double)served->count / 1e6);
	f->over_time = true;
	f->has_ground_kind = true;
	f->ground_kind = IQ_WITNESS_TRACE;
	if (!err)
		err = iq_textf(arena, &f->ground,
			       "in the trace %" PRIu64 " waits at this place "
			       "ended, after %.*s on average, and %s not in "
			       "%s",
			       served->count, IQ_STR_ARG(mean),
			       f->count == 1 ? "this one" : "these",
			       iq_duration_words(waited, lost->waited_ns));
	if (err)
		return err;
	f->advice = IQ_STR("find what differs from those that go on: their "
			   "channel or lock is another one, and nobody serves "
			   "it");
	return iq_textf(arena, &f->title,
			"%" PRIu64 " %s never woken in %s in %s, where others "
			"are",
			f->count,
			f->count == 1 ? "goroutine is" : "goroutines are",
			iq_wait_class_words(lost->class), site);
}

static struct iq_error *add(const struct search *s, const struct lost *list,
			    size_t num, uint32_t *goroutines)
{
	const struct lost *shortest = &list[0];
	struct iq_finding f;
	struct iq_error *err;
	size_t n = 0;

	for (size_t i = 0; i < num; i++) {
		if (list[i].waited_ns < shortest->waited_ns)
			shortest = &list[i];
		// Two traces may both have it.
		if (!n || goroutines[n - 1] != list[i].goroutine)
			goroutines[n++] = list[i].goroutine;
	}
	err = iq_finding_of(&iq_detector_never_woken, s->model,
			    s->findings->arena, goroutines, n, &f);
	if (err)
		return err;
	if (!is_short_by_design(list[0].class))
		f.severity = IQ_SEVERITY_NOTE;
	err = describe(s, shortest, &f);
	return err ? err : iq_findings_add(s->findings, &f);
}

static struct iq_error *add_all(struct search *s)
{
	uint32_t *goroutines = calloc(s->list.len + 1, sizeof(*goroutines));
	struct iq_error *err = goroutines ? NULL : &iq_enomem;

	if (s->list.len)
		qsort(s->list.data, s->list.len, sizeof(*s->list.data),
		      compare_lost);
	for (size_t i = 0, end; i < s->list.len && !err; i = end) {
		for (end = i + 1;
		     end < s->list.len &&
		     s->list.data[end].served == s->list.data[i].served;)
			end++;
		err = add(s, &s->list.data[i], end - i, goroutines);
	}
	free(goroutines);
	return err;
}

static struct iq_error *run(const struct iq_model *model,
			    struct iq_findings *findings)
{
	struct search s = { .model = model, .findings = findings };
	struct iq_error *err = iq_served_make(model, &s.table);

	for (size_t w = 0; w < model->num_witnesses && !err; w++) {
		if (model->witnesses[w]->trace && !model->foreign[w])
			err = collect(&s, w);
	}
	if (!err)
		err = add_all(&s);
	iq_vec_deinit(&s.list);
	iq_served_deinit(&s.table);
	return err;
}

const struct iq_detector iq_detector_never_woken = {
	.id = "never-woken",
	.class = IQ_CLASS_BLOCKED,
	.severity = IQ_SEVERITY_WARNING,
	.yields = true,
	.summary = "goroutines are not woken where others are all the time",
	.needs = IQ_TELLS_HISTORY | IQ_TELLS_STACKS,
	.needs_text = "no trace",
	.run = run,
};
