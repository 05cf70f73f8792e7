/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/compare.h"
#include "detect/listener.h"
#include "detect/network.h"
#include "detect/series.h"
#include "detect/sift.h"
#include "model/frame.h"
#include "model/text.h"

struct search {
	const struct iq_model *model;
	struct iq_findings *findings;
	const struct iq_series *series;
};

/* Goroutines of the case that stand at a place. */
struct crowd {
	IQ_VEC(uint32_t) list;
};

static bool stands_there(const struct iq_group *group,
			 const struct iq_place *place)
{
	const struct iq_signature *sig = group->signature;

	return sig && sig->site != UINT32_MAX && !group->system &&
	       iq_population_class(group->class) == place->class &&
	       iq_frame_same_place(group->stack->frames[sig->site],
				   place->site);
}

static bool crowd_collect(const struct iq_model *m,
			  const struct iq_place *place, struct crowd *ret)
{
	for (size_t i = 0; i < m->num_groups; i++) {
		const struct iq_group *group = &m->groups[i];

		if (!stands_there(group, place))
			continue;
		for (size_t k = 0; k < group->num_members; k++) {
			if (!iq_vec_push(&ret->list, group->members[k]))
				return false;
		}
	}
	if (ret->list.len)
		qsort(ret->list.data, ret->list.len, sizeof(*ret->list.data),
		      iq_compare_u32);
	return true;
}

/* Memory or the runtime condemns them all: another rule says so, and more. */
static bool is_condemned(const struct iq_model *m, const struct crowd *crowd)
{
	for (size_t i = 0; i < crowd->list.len; i++) {
		const struct iq_goroutine *g =
			&m->goroutines[crowd->list.data[i]];

		if (!g->fact->leaked && g->reach != IQ_REACH_UNREACHABLE)
			return false;
	}
	return true;
}

/* ---- the same ones, or others each time */

static bool is_there(const struct iq_facts *facts, uint64_t id)
{
	size_t low = 0, high = facts->goroutines.len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct iq_goroutine_fact *g =
			&facts->goroutines.data[mid];

		if (g->has_id && g->id == id)
			return true;
		if (g->has_id && g->id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

static bool is_of_place(const struct iq_model *m, size_t witness,
			const struct iq_goroutine_fact *fact,
			const struct iq_place *place)
{
	const struct iq_signature *sig =
		iq_model_signature(m, witness, fact->stack);

	return fact->has_id && sig && sig->site != UINT32_MAX &&
	       iq_frame_same_place(fact->stack->frames[sig->site], place->site);
}

/*
 * Ids show that most of those who stood there first have ended since: it is the
 * traffic that grows.
 */
static bool is_traffic(const struct search *s, const struct iq_place *place)
{
	const struct iq_facts *const *facts = s->model->witnesses;
	uint32_t last = s->series->witnesses[s->series->num - 1];
	uint64_t num = 0, stayed = 0;
	size_t at = 0;
	uint32_t first;

	while (at + 1 < s->series->num && !place->counts[at])
		at++;
	first = s->series->witnesses[at];
	if (!(facts[first]->witness.tells & facts[last]->witness.tells &
	      IQ_TELLS_IDS))
		return false;
	for (size_t i = 0; i < facts[first]->goroutines.len; i++) {
		const struct iq_goroutine_fact *g =
			&facts[first]->goroutines.data[i];

		if (!is_of_place(s->model, first, g, place))
			continue;
		num++;
		stayed += is_there(facts[last], g->id);
	}
	return stayed * 2 < num;
}

/* ---- the finding */

static struct iq_error *set_words(const struct search *s,
				  const struct iq_place *place,
				  enum iq_trend trend, struct iq_finding *f)
{
	struct iq_arena *arena = s->findings->arena;
	struct iq_str numbers;
	const char *site;
	struct iq_error *err = iq_text_frame(arena, f->site, &site);

	if (!err)
		err = iq_series_words(arena, place->counts, s->series->num,
				      &numbers);
	if (err)
		return err;
	if (trend == IQ_TREND_MORE)
		f->settle = IQ_STR("a third snapshot shows whether it goes on");
	else if (f->severity == IQ_SEVERITY_NOTE)
		f->settle = IQ_STR("snapshots over a longer time, at even "
				   "load, show whether it goes on");
	f->over_time = true;
	err = iq_textf(arena, &f->ground, "%.*s in %zu %s", IQ_STR_ARG(numbers),
		       s->series->num, s->series->words);
	if (err)
		return err;
	return iq_textf(arena, &f->title,
			"%" PRIu64 " goroutines in %s in %s, more from "
			"snapshot to snapshot",
			f->count, iq_wait_class_words(place->class), site);
}

static struct iq_error *add(const struct search *s,
			    const struct iq_place *place, enum iq_trend trend,
			    const struct crowd *crowd)
{
	struct iq_finding f;
	struct iq_error *err = iq_finding_of(
		&iq_detector_growing_goroutines, s->model, s->findings->arena,
		crowd->list.data, crowd->list.len, &f);

	if (err)
		return err;
	if (trend == IQ_TREND_MORE || is_traffic(s, place) ||
	    (!place->own && iq_stack_is_keep_alive(place->stack, place->class)))
		f.severity = IQ_SEVERITY_NOTE;
	f.advice = IQ_STR("give each of them a way to end: a context that is "
			  "cancelled, a channel that is closed, by whoever "
			  "started it");
	err = set_words(s, place, trend, &f);
	return err ? err : iq_findings_add(s->findings, &f);
}

static struct iq_error *visit(void *ctx, const struct iq_place *place)
{
	const struct search *s = ctx;
	enum iq_trend trend = iq_trend_of(place->counts, s->series->num);
	struct crowd crowd = { 0 };
	struct iq_error *err = NULL;

	// What runs is busy, not leaked; listeners have a rule of their own.
	if (trend == IQ_TREND_NONE || place->class == IQ_CLASS_RUNNING ||
	    iq_stack_accepts(place->stack))
		return NULL;
	if (!crowd_collect(s->model, place, &crowd))
		err = &iq_enomem;
	else if (!is_condemned(s->model, &crowd))
		err = add(s, place, trend, &crowd);
	iq_vec_deinit(&crowd.list);
	return err;
}

static struct iq_error *run(const struct iq_model *model,
			    struct iq_findings *findings)
{
	struct iq_series series;
	struct search s = { model, findings, &series };

	iq_series_choose(model, &series);
	return series.num ? iq_series_each(model, &series, visit, &s) : NULL;
}

const struct iq_detector iq_detector_growing_goroutines = {
	.id = "growing-goroutines",
	.class = IQ_CLASS_LEAK,
	.severity = IQ_SEVERITY_WARNING,
	.yields = true,
	.summary = "goroutines at one place become more in every snapshot",
	.needs = IQ_TELLS_STACKS,
	.needs_text = "no witness knows stacks",
	.run = run,
};
