/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "detect/listener.h"
#include "detect/network.h"
#include "detect/series.h"
#include "detect/sift.h"
#include "detect/waited.h"
#include "model/frame.h"
#include "model/text.h"

/* A server has a listener or two, a few accept on one of them; so many at one
 * line were not written there one by one. */
#define MANY 10
/* Made by so many different goroutines, they were made by requests: what a
 * server listens on is set up by one. */
#define MAKERS 3
static bool wanted(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	return (g->class == IQ_CLASS_IO || g->class == IQ_CLASS_SEMAPHORE) &&
	       iq_stack_accepts(g->fact->stack) &&
	       iq_goroutine_is_own(model, index) &&
	       !iq_goroutine_is_young(model, index);
}

struct acceptor {
	const struct iq_frame *site;
	uint32_t goroutine;
};

/* How many accepted at one place, snapshot by snapshot. */
struct growth {
	uint64_t function;
	uint32_t line;
	uint64_t counts[IQ_TREND_MAX];
};

struct search {
	const struct iq_model *model;
	struct iq_findings *findings;
	const struct iq_series *series;
	/* By site. */
	IQ_VEC(struct acceptor) list;
	IQ_VEC(struct growth) growths;
};

static int compare_acceptors(const void *pa, const void *pb)
{
	const struct acceptor *a = pa;
	const struct acceptor *b = pb;
	int c = iq_frame_compare(a->site, b->site);

	if (c)
		return c;
	return a->goroutine < b->goroutine ? -1 : a->goroutine > b->goroutine;
}

static int compare_u64(const void *pa, const void *pb)
{
	const uint64_t *a = pa;
	const uint64_t *b = pb;

	return *a < *b ? -1 : *a > *b;
}

/* How many different goroutines made them, as far as that is known. */
static size_t count_makers(const struct iq_model *m, const struct iq_finding *f,
			   uint64_t *parents)
{
	size_t known = 0, num = 0;

	for (size_t i = 0; i < f->num_goroutines; i++) {
		const struct iq_goroutine_fact *fact =
			m->goroutines[f->goroutines[i]].fact;

		if (fact->has_parent)
			parents[known++] = fact->parent;
	}
	qsort(parents, known, sizeof(*parents), compare_u64);
	for (size_t i = 0; i < known; i++)
		num += !i || parents[i] != parents[i - 1];
	return num;
}

/* ---- growth */

static int compare_growths(const void *pa, const void *pb)
{
	const struct growth *a = pa;
	const struct growth *b = pb;

	if (a->function != b->function)
		return a->function < b->function ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

static struct iq_error *add_growth(void *ctx, const struct iq_place *place)
{
	struct search *s = ctx;
	struct growth growth = {
		.function = iq_function_hash(place->site->function),
		.line = place->site->line,
	};

	if (!iq_stack_accepts(place->stack))
		return NULL;
	memcpy(growth.counts, place->counts, sizeof(growth.counts));
	return iq_vec_push(&s->growths, growth) ? NULL : &iq_enomem;
}

static void join_counts(struct growth *to, const struct growth *from)
{
	for (size_t i = 0; i < IQ_TREND_MAX; i++) {
		if (__builtin_add_overflow(to->counts[i], from->counts[i],
					   &to->counts[i]))
			to->counts[i] = UINT64_MAX;
	}
}

/* On one listener one is in the poller and the others wait for it: all count. */
static struct iq_error *collect_growths(struct search *s)
{
	struct growth *list;
	size_t kept = 0;
	struct iq_error *err;

	if (s->series->num < IQ_TREND_MIN)
		return NULL;
	err = iq_series_each(s->model, s->series, add_growth, s);
	if (err || !s->growths.len)
		return err;
	list = s->growths.data;
	qsort(list, s->growths.len, sizeof(*list), compare_growths);
	for (size_t i = 1; i < s->growths.len; i++) {
		if (compare_growths(&list[kept], &list[i]))
			list[++kept] = list[i];
		else
			join_counts(&list[kept], &list[i]);
	}
	s->growths.len = kept + 1;
	return NULL;
}

/* The counts of @site if they grow, or NULL. */
static const uint64_t *find_growth(const struct search *s,
				   const struct iq_frame *site)
{
	struct growth wanted = {
		.function = iq_function_hash(site->function),
		.line = site->line,
	};
	const struct growth *found =
		s->growths.len ?
			bsearch(&wanted, s->growths.data, s->growths.len,
				sizeof(wanted), compare_growths) :
			NULL;

	return found && iq_trend_of(found->counts, s->series->num) ==
				       IQ_TREND_GROWS ?
		       found->counts :
		       NULL;
}

/* ---- the finding */

static struct iq_error *set_ground(const struct search *s,
				   const uint64_t *counts, size_t makers,
				   struct iq_finding *f)
{
	struct iq_arena *arena = s->findings->arena;
	struct iq_str numbers;
	struct iq_error *err;

	if (counts) {
		err = iq_series_words(arena, counts, s->series->num, &numbers);
		return err ? err :
			     iq_textf(arena, &f->ground, "%.*s in %zu %s",
				      IQ_STR_ARG(numbers), s->series->num,
				      s->series->words);
	}
	if (iq_stack_handles_request(f->stack)) {
		f->ground = IQ_STR("each is in a request's handler, which "
				   "cannot end before somebody connects");
		return NULL;
	}
	return iq_textf(arena, &f->ground,
			"%zu different goroutines started them; what a "
			"server listens on is set up by one",
			makers);
}

static struct iq_error *describe(const struct search *s, const uint64_t *counts,
				 size_t makers, struct iq_finding *f)
{
	const char *site;
	struct iq_error *err = set_ground(s, counts, makers, f);

	if (!err)
		err = iq_text_frame(s->findings->arena, f->site, &site);
	if (err)
		return err;
	f->advice =
		iq_stack_handles_request(f->stack) ?
			IQ_STR("set a deadline on the listener (SetDeadline), "
			       "and close it when the request's context ends "
			       "and when the handler returns") :
			IQ_STR("close the listener when its purpose ends, on "
			       "every way out, and end an accept loop before "
			       "the next one starts");
	return iq_textf(s->findings->arena, &f->title,
			"%" PRIu64 " goroutines are in Accept in %s: nobody "
			"closes the listeners",
			f->count, site);
}

static struct iq_error *judge(const struct search *s, const uint32_t *list,
			      size_t num, uint64_t *scratch)
{
	const uint64_t *counts;
	struct iq_finding f;
	size_t makers;
	struct iq_error *err =
		iq_finding_of(&iq_detector_leaked_listener, s->model,
			      s->findings->arena, list, num, &f);

	if (err || f.count < 2)
		return err;
	makers = count_makers(s->model, &f, scratch);
	counts = find_growth(s, f.site);
	if (!counts && (f.count < MANY || (makers < MAKERS &&
					   !iq_stack_handles_request(f.stack))))
		return NULL;
	err = describe(s, counts, makers, &f);
	return err ? err : iq_findings_add(s->findings, &f);
}

static struct iq_error *judge_all(struct search *s)
{
	iq_cleanup(iq_freep) void *list_mem =
		calloc(s->list.len + 1, sizeof(uint32_t));
	iq_cleanup(iq_freep) void *scratch =
		calloc(s->list.len + 1, sizeof(uint64_t));
	uint32_t *list = list_mem;
	struct iq_error *err = NULL;

	if (!list || !scratch)
		return &iq_enomem;
	for (size_t i = 0, end; i < s->list.len && !err; i = end) {
		const struct iq_frame *site = s->list.data[i].site;

		for (end = i; end < s->list.len &&
			      !iq_frame_compare(s->list.data[end].site, site);
		     end++)
			list[end - i] = s->list.data[end].goroutine;
		err = judge(s, list, end - i, scratch);
	}
	return err;
}

static struct iq_error *collect(struct search *s)
{
	const struct iq_model *m = s->model;

	for (size_t i = 0; i < m->num_goroutines; i++) {
		const struct iq_stack *stack = m->goroutines[i].fact->stack;
		const struct iq_signature *sig;

		if (!wanted(m, i))
			continue;
		sig = iq_model_goroutine_signature(m, i);
		if (!iq_vec_push(&s->list,
				 ((struct acceptor){ stack->frames[sig->site],
						     (uint32_t)i })))
			return &iq_enomem;
	}
	if (s->list.len)
		qsort(s->list.data, s->list.len, sizeof(*s->list.data),
		      compare_acceptors);
	return NULL;
}

static struct iq_error *run(const struct iq_model *model,
			    struct iq_findings *findings)
{
	struct iq_series series;
	struct search s = { model, findings, &series, { 0 }, { 0 } };
	struct iq_error *err;

	iq_series_choose(model, &series);
	err = collect(&s);
	if (!err && s.list.len)
		err = collect_growths(&s);
	if (!err)
		err = judge_all(&s);
	iq_vec_deinit(&s.growths);
	iq_vec_deinit(&s.list);
	return err;
}

const struct iq_detector iq_detector_leaked_listener = {
	.id = "leaked-listener",
	.class = IQ_CLASS_LEAK,
	.severity = IQ_SEVERITY_WARNING,
	.summary = "more and more goroutines accept at one place",
	.needs = IQ_TELLS_STACKS,
	.needs_text = "no witness knows stacks",
	.run = run,
};
