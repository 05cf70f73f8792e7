/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Equal stacks and how many stand there: what joins a profile, which has no
 * ids, to the rest of the case.
 */
#include "base/compare.h"
#include "model/examine.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/population.h"
#include "model/text.h"

/* ---- counting */

/* Saturates: counts of a hostile profile may have any size. */
static void add_count(uint64_t *to, uint64_t n)
{
	if (__builtin_add_overflow(*to, n, to))
		*to = UINT64_MAX;
}

static void add_population(const struct iq_examination *x,
			   const struct iq_population *p, struct iq_crowd *ret)
{
	ret->num_stacks += p->counts[x->witness] > 0;
	add_count(&ret->here, p->counts[x->witness]);
	if (x->has_main)
		add_count(&ret->main, p->counts[x->main]);
	if (!ret->site && p->signature->site != UINT32_MAX)
		ret->site = p->stack->frames[p->signature->site];
}

/* A population can be of several groups; each counts once. */
static int compare_pointers(const void *pa, const void *pb)
{
	const struct iq_population *const *a = pa;
	const struct iq_population *const *b = pb;

	return *a < *b ? -1 : *a > *b;
}

static void count_groups(struct iq_examination *x, const uint32_t *groups,
			 size_t num, struct iq_crowd *ret)
{
	const struct iq_model *m = x->model;
	iq_cleanup(iq_freep) const struct iq_population **list =
		calloc(num, sizeof(*list));
	size_t found = 0;

	if (!list) {
		x->clauses.err = &iq_enomem;
		return;
	}
	for (size_t i = 0; i < num; i++) {
		const struct iq_group *g = &m->groups[groups[i]];

		if ((i && groups[i] == groups[i - 1]) || !g->signature)
			continue;
		ret->known = true;
		list[found] = iq_population_find(m, g->signature, g->class);
		found += list[found] != NULL;
	}
	// Sums do not depend on the order of addresses.
	if (found)
		qsort(list, found, sizeof(*list), compare_pointers);
	for (size_t i = 0; i < found; i++) {
		if (!i || list[i] != list[i - 1])
			add_population(x, list[i], ret);
	}
}

/* A finding about stacks alone: its stack, in whatever wait. */
static void count_stack(const struct iq_examination *x, struct iq_crowd *ret)
{
	const struct iq_model *m = x->model;
	struct iq_signature sig;

	if (!x->finding->stack || !x->finding->stack->num_frames)
		return;
	iq_signature_compute(x->finding->stack, &sig);
	ret->known = true;
	for (size_t i = 0; i < m->num_populations; i++) {
		if (m->populations[i].signature->strong == sig.strong)
			add_population(x, &m->populations[i], ret);
	}
}

void iq_crowd_count(struct iq_examination *x, struct iq_crowd *ret)
{
	const struct iq_finding *f = x->finding;
	iq_cleanup(iq_freep) uint32_t *groups = NULL;

	*ret = (struct iq_crowd){ 0 };
	if (x->clauses.err || !x->model->populations)
		return;
	if (!f->num_goroutines) {
		count_stack(x, ret);
		return;
	}
	groups = calloc(f->num_goroutines, sizeof(*groups));
	if (!groups) {
		x->clauses.err = &iq_enomem;
		return;
	}
	for (size_t i = 0; i < f->num_goroutines; i++)
		groups[i] = x->model->goroutines[f->goroutines[i]].group;
	qsort(groups, f->num_goroutines, sizeof(*groups), iq_compare_u32);
	count_groups(x, groups, f->num_goroutines, ret);
}

/* ---- words */

static const char *times_words(struct iq_examination *x, uint64_t n)
{
	struct iq_str words = IQ_STR("");

	if (n == 1)
		return "once";
	if (!x->clauses.err)
		x->clauses.err = iq_textf(x->clauses.arena, &words,
					  "%" PRIu64 " times", n);
	return words.ptr;
}

/* "the same stack, 40 times, goroutine.pb.gz (main.f main.go:3)" */
static void say_found(struct iq_examination *x, const struct iq_crowd *c)
{
	struct iq_str path =
		iq_str_basename(x->model->witnesses[x->witness]->witness.path);
	const char *site = iq_frame_words(x, c->site);

	iq_clause(&x->clauses, "the same %s, %s, %.*s%s%s%s",
		  c->num_stacks == 1 ? "stack" : "stacks",
		  times_words(x, c->here), IQ_STR_ARG(path),
		  site[0] ? " (" : "", site, site[0] ? ")" : "");
}

/* ---- the examination */

/* It has fewer: they went on since, came since, or nobody knows. */
static void examine_fewer(struct iq_examination *x, const struct iq_crowd *c,
			  struct iq_evidence *e)
{
	const char *when = iq_when_words(x), *stacks;
	bool late = iq_is_later(x) &&
		    x->model->witnesses[x->witness]->witness.complete;

	if (late)
		iq_contradict(x, e, !c->here);
	if (!c->here) {
		iq_say_absent(x, e,
			      late ? "does not have the stack any more" :
				     "does not have the stack");
		return;
	}
	if (!late && when[0])
		iq_support(x, e, false);
	// Fewer of them are no agreement about all.
	e->weight = IQ_WEIGHT_NONE;
	stacks = c->num_stacks == 1 ? "stack" : "stacks";
	if (when[0])
		iq_clause(&x->clauses, "the same %s, %s%s, which has %" PRIu64,
			  stacks, times_words(x, c->here), when, c->main);
	else
		iq_clause(&x->clauses, "the same %s, %s; %" PRIu64 " in %s%s",
			  stacks, times_words(x, c->here), c->main,
			  iq_main_words(x),
			  late ? "" : ", and which was first is not known");
}

void iq_examine_by_stack(struct iq_examination *x, struct iq_evidence *e)
{
	const struct iq_finding *f = x->finding;
	struct iq_crowd c;

	iq_crowd_count(x, &c);
	if (!c.known) {
		e->blind = true;
		iq_clause(&x->clauses, "cannot know: the finding has no stack "
				       "to look for");
		return;
	}
	if (c.here < f->count || !c.here) {
		examine_fewer(x, &c, e);
		return;
	}
	iq_support_by_stack(x, e, false);
	e->matches = IQ_MATCH_FRAMES;
	say_found(x, &c);
	if (x->has_main && c.here != c.main)
		iq_clause(&x->clauses, "%" PRIu64 " in %s", c.main,
			  iq_main_words(x));
}
