/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/series.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/frame.h"
#include "model/moment.h"
#include "model/profile.h"
#include "model/text.h"

/* So many numbers are told before the middle ones are left out. */
#define WORDS_MAX 8

/* It counts the goroutines of its moment. A trace counts those of its end, and
 * before Go 1.23 without the stacks of many. */
static bool counts_goroutines(const struct iq_facts *facts)
{
	if (facts->witness.kind == IQ_WITNESS_PROFILE)
		return facts->profile &&
		       facts->profile->type == IQ_PROFILE_GOROUTINE;
	return facts->witness.kind == IQ_WITNESS_CORE ||
	       facts->witness.kind == IQ_WITNESS_DUMP;
}

/* Room for one more: the oldest one goes. */
static void push(struct iq_series *series, uint32_t witness)
{
	if (series->num == IQ_TREND_MAX) {
		series->num--;
		memmove(series->witnesses, series->witnesses + 1,
			series->num * sizeof(*series->witnesses));
	}
	series->witnesses[series->num++] = witness;
}

static struct iq_series of_kind(const struct iq_model *model,
				enum iq_witness_kind kind, const char *words)
{
	struct iq_series series = { .words = words };

	for (size_t i = 0; i < model->num_snapshots; i++) {
		uint32_t w = model->snapshots[i];

		if (model->witnesses[w]->witness.kind == kind &&
		    counts_goroutines(model->witnesses[w]))
			push(&series, w);
	}
	return series;
}

/* Of all kinds, each one later than the one before. */
static struct iq_series of_all(const struct iq_model *model)
{
	struct iq_series series = { .words = "snapshots" };

	for (size_t i = 0; i < model->num_snapshots; i++) {
		uint32_t w = model->snapshots[i];

		if (!counts_goroutines(model->witnesses[w]))
			continue;
		if (!series.num ||
		    iq_moment_order(model, series.witnesses[series.num - 1],
				    w) == IQ_ORDER_BEFORE)
			push(&series, w);
	}
	return series;
}

void iq_series_choose(const struct iq_model *model, struct iq_series *ret)
{
	const struct iq_series list[] = {
		of_kind(model, IQ_WITNESS_PROFILE, "profiles"),
		of_kind(model, IQ_WITNESS_DUMP, "dumps"),
		of_kind(model, IQ_WITNESS_CORE, "cores"),
		of_all(model),
	};
	size_t best = 0;

	for (size_t i = 1; i < IQ_ARRAY_SIZE(list); i++) {
		bool mixed = i + 1 == IQ_ARRAY_SIZE(list);

		if (list[i].num > list[best].num &&
		    !(mixed && list[best].num >= IQ_TREND_MIN))
			best = i;
	}
	*ret = list[best];
	if (ret->num < 2)
		ret->num = 0;
}

/* ---- places */

struct entry {
	const struct iq_frame *site;
	/* Of the site's function, which witnesses spell in their own ways. */
	uint64_t function;
	uint32_t population;
	enum iq_wait_class class;
};

static int compare_entries(const void *pa, const void *pb)
{
	const struct entry *a = pa;
	const struct entry *b = pb;

	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	if (a->function != b->function)
		return a->function < b->function ? -1 : 1;
	if (a->site->line != b->site->line)
		return a->site->line < b->site->line ? -1 : 1;
	return a->population < b->population ? -1 :
					       a->population > b->population;
}

static struct iq_error *
visit_place(const struct iq_model *model, const struct iq_series *series,
	    const struct entry *list, size_t num, uint32_t *indexes,
	    struct iq_error *(*visit)(void *ctx, const struct iq_place *place),
	    void *ctx)
{
	const struct iq_population *first =
		&model->populations[list[0].population];
	struct iq_place place = {
		.site = list[0].site,
		.own = first->signature->own,
		.class = list[0].class,
		.stack = first->stack,
		.populations = indexes,
		.num_populations = num,
	};

	for (size_t i = 0; i < num; i++) {
		const uint64_t *counts =
			model->populations[list[i].population].counts;

		indexes[i] = list[i].population;
		for (size_t k = 0; k < series->num; k++) {
			uint64_t *sum = &place.counts[k];

			if (__builtin_add_overflow(
				    *sum, counts[series->witnesses[k]], sum))
				*sum = UINT64_MAX;
		}
	}
	return visit(ctx, &place);
}

struct iq_error *iq_series_each(
	const struct iq_model *model, const struct iq_series *series,
	struct iq_error *(*visit)(void *ctx, const struct iq_place *place),
	void *ctx)
{
	size_t n = model->num_populations, num = 0;
	iq_cleanup(iq_freep) void *list_mem =
		calloc(n + 1, sizeof(struct entry));
	iq_cleanup(iq_freep) void *indexes = calloc(n + 1, sizeof(uint32_t));
	struct entry *list = list_mem;
	struct iq_error *err = NULL;

	if (!list || !indexes)
		return &iq_enomem;
	for (size_t i = 0; i < n; i++) {
		const struct iq_population *p = &model->populations[i];
		const struct iq_frame *site;

		if (p->signature->site == UINT32_MAX)
			continue;
		site = p->stack->frames[p->signature->site];
		list[num++] = (struct entry){
			.site = site,
			.function = iq_function_hash(site->function),
			.population = (uint32_t)i,
			.class = p->class,
		};
	}
	qsort(list, num, sizeof(*list), compare_entries);
	for (size_t i = 0, end; i < num && !err; i = end) {
		for (end = i + 1;
		     end < num && list[end].class == list[i].class &&
		     iq_frame_same_place(list[end].site, list[i].site);)
			end++;
		err = visit_place(model, series, &list[i], end - i, indexes,
				  visit, ctx);
	}
	return err;
}

struct iq_error *iq_series_words(struct iq_arena *arena, const uint64_t *counts,
				 size_t num, struct iq_str *ret)
{
	struct iq_error *err = NULL;
	struct iq_str text = IQ_STR("");

	for (size_t i = 0; i < num && !err; i++) {
		if (num > WORDS_MAX && i == WORDS_MAX / 2) {
			err = iq_textf(arena, &text, "%.*s, …",
				       IQ_STR_ARG(text));
			i = num - WORDS_MAX / 2;
		}
		if (!err)
			err = iq_textf(arena, &text, "%.*s%s%" PRIu64,
				       IQ_STR_ARG(text), i ? ", " : "",
				       counts[i]);
	}
	if (!err)
		*ret = text;
	return err;
}
