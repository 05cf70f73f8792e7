/* SPDX-License-Identifier: Apache-2.0 */
#include "model/model.h"

#include <stdlib.h>

#include "model/group.h"
#include "model/liveness.h"
#include "model/moment.h"
#include "model/population.h"
#include "model/same_process.h"

static struct iq_error *compute_signatures(struct iq_model *m)
{
	struct iq_signature **all =
		iq_arena_calloc(&m->arena, m->num_witnesses, sizeof(*all));
	if (!all)
		return &iq_enomem;

	for (size_t w = 0; w < m->num_witnesses; w++) {
		const struct iq_facts *facts = m->witnesses[w];

		all[w] = iq_arena_calloc(&m->arena, facts->stacks.len,
					 sizeof(**all));
		if (!all[w])
			return &iq_enomem;
		for (size_t i = 0; i < facts->stacks.len; i++)
			iq_signature_compute(facts->stacks.data[i], &all[w][i]);
	}
	m->signatures = all;
	return NULL;
}

/* @w is of no earlier moment than @best: files are collected in the order of
 * time where no clock tells. Of cores, then, the first counts. */
static bool is_better(const struct iq_model *m, size_t best, size_t w)
{
	const struct iq_facts *a = m->witnesses[best];
	const struct iq_facts *b = m->witnesses[w];
	bool more;

	if (iq_witness_knows_more(b, a, &more))
		return more;
	return b->witness.kind != IQ_WITNESS_CORE ||
	       iq_moment_order(m, best, w) == IQ_ORDER_BEFORE;
}

/* The witness whose goroutines are the case's: what knows most, and of those
 * the latest. */
static size_t main_witness(const struct iq_model *m)
{
	size_t best = m->num_snapshots ? m->snapshots[0] : 0;

	for (size_t i = 1; i < m->num_snapshots; i++) {
		if (is_better(m, best, m->snapshots[i]))
			best = m->snapshots[i];
	}
	return best;
}

/* Walks the goroutines with ids of all witnesses side by side. */
struct merge {
	const struct iq_model *model;
	size_t *at; /* next goroutine of each witness */
};

static const struct iq_goroutine_fact *merge_head(const struct merge *merge,
						  size_t w)
{
	const struct iq_facts *facts = merge->model->witnesses[w];

	if (merge->model->foreign[w] || merge->at[w] >= facts->goroutines.len)
		return NULL;
	const struct iq_goroutine_fact *head =
		&facts->goroutines.data[merge->at[w]];
	return head->has_id ? head : NULL;
}

/* The smallest id that is left; false at the end. */
static bool merge_next_id(const struct merge *merge, uint64_t *ret)
{
	bool found = false;
	uint64_t id = 0;

	for (size_t w = 0; w < merge->model->num_witnesses; w++) {
		const struct iq_goroutine_fact *head = merge_head(merge, w);

		if (head && (!found || head->id < id)) {
			found = true;
			id = head->id;
		}
	}
	*ret = id;
	return found;
}

/* The bounds are of witness @w. */
static void join_bounds(const struct iq_model *m, struct iq_goroutine *g,
			struct iq_waited waited, size_t w)
{
	enum iq_witness_kind kind = m->witnesses[w]->witness.kind;

	if (waited.has_min &&
	    (!g->has_wait_min || waited.min_ns > g->wait_min_ns)) {
		g->has_wait_min = true;
		g->wait_min_ns = waited.min_ns;
		g->wait_min_ground = iq_wait_ground_of(kind, false);
	}
	if (waited.has_max &&
	    (!g->has_wait_max || waited.max_ns < g->wait_max_ns)) {
		g->has_wait_max = true;
		g->wait_max_ns = waited.max_ns;
		g->wait_max_ground = iq_wait_ground_of(kind, true);
	}
}

static struct iq_waited bounds_of(const struct iq_goroutine_fact *fact)
{
	return (struct iq_waited){
		.has_min = fact->has_wait_min,
		.has_max = fact->has_wait_max,
		.min_ns = fact->wait_min_ns,
		.max_ns = fact->wait_max_ns,
	};
}

static void goroutine_init(const struct iq_model *m, struct iq_goroutine *g,
			   const struct iq_goroutine_fact *fact, size_t w)
{
	*g = (struct iq_goroutine){
		.has_id = fact->has_id,
		.id = fact->id,
		.count = fact->count,
		.fact = fact,
		.witness = (uint32_t)w,
		.class = iq_wait_class_of(fact),
		.system = fact->system,
	};
	join_bounds(m, g, bounds_of(fact), w);
}

/* Steps over goroutine @id of witness @w: a damaged one can name it twice. */
static void merge_skip(struct merge *merge, size_t w, uint64_t id)
{
	const struct iq_goroutine_fact *head = merge_head(merge, w);

	while (head && head->id == id) {
		merge->at[w]++;
		head = merge_head(merge, w);
	}
}

/* How many ids there are in all witnesses; the walk stands at its start again. */
static size_t count_ids(struct merge *merge)
{
	size_t num_witnesses = merge->model->num_witnesses;
	uint64_t id;
	size_t num = 0;

	while (merge_next_id(merge, &id)) {
		for (size_t w = 0; w < num_witnesses; w++)
			merge_skip(merge, w, id);
		num++;
	}
	for (size_t w = 0; w < num_witnesses; w++)
		merge->at[w] = 0;
	return num;
}

/* The facts of goroutine @id in all witnesses; the main one's counts, else the
 * first's. */
static size_t take_row(struct merge *merge, uint64_t id, size_t main,
		       const struct iq_goroutine_fact **row)
{
	size_t best = SIZE_MAX;

	for (size_t w = 0; w < merge->model->num_witnesses; w++) {
		const struct iq_goroutine_fact *head = merge_head(merge, w);

		row[w] = NULL;
		if (!head || head->id != id)
			continue;
		row[w] = head;
		if (best == SIZE_MAX || w == main)
			best = w;
		merge_skip(merge, w, id);
	}
	return best;
}

/* Its goroutines are all those of the case: where the main witness has no ids,
 * others' are among those that it counts. */
static bool has_groups(const struct iq_facts *facts)
{
	return facts->goroutines.len && !facts->goroutines.data[0].has_id;
}

/* The runtime's own, if any witness knows that. */
static bool is_system(const struct iq_model *m,
		      const struct iq_goroutine_fact *const *row)
{
	for (size_t w = 0; w < m->num_witnesses; w++) {
		if (row[w] && row[w]->has_system && row[w]->system)
			return true;
	}
	return false;
}

/*
 * Takes all facts of goroutine @id. Whether it is one of the case: a witness
 * that saw everything and does not have it says that it is gone, and one that
 * did not may still have come after it had gone.
 */
static bool take_id(struct merge *merge, uint64_t id, size_t main,
		    const struct iq_goroutine_fact **row,
		    struct iq_goroutine *ret)
{
	const struct iq_model *m = merge->model;
	size_t best = take_row(merge, id, main, row);

	if (!row[main] && (m->witnesses[main]->witness.complete ||
			   has_groups(m->witnesses[main]) ||
			   iq_moment_order(m, best, main) == IQ_ORDER_BEFORE))
		return false;
	goroutine_init(m, ret, row[best], best);
	ret->system = is_system(m, row);
	return true;
}

static size_t count_without_ids(const struct iq_facts *facts)
{
	size_t num = 0;

	for (size_t i = 0; i < facts->goroutines.len; i++)
		num += !facts->goroutines.data[i].has_id;
	return num;
}

/* Those without ids of the main witness; others' are joined by signature. */
static void add_without_ids(struct iq_model *m, size_t main,
			    const struct iq_goroutine_fact **facts)
{
	const struct iq_facts *witness = m->witnesses[main];

	for (size_t i = 0; i < witness->goroutines.len; i++) {
		const struct iq_goroutine_fact *fact =
			&witness->goroutines.data[i];
		const struct iq_goroutine_fact **row;

		if (fact->has_id)
			continue;
		row = facts + m->num_goroutines * m->num_witnesses;
		memset(row, 0, m->num_witnesses * sizeof(*row));
		row[main] = fact;
		goroutine_init(m, &m->goroutines[m->num_goroutines++], fact,
			       main);
	}
}

static struct iq_error *join_goroutines(struct iq_model *m)
{
	struct merge merge = { .model = m };
	const struct iq_goroutine_fact **facts;
	size_t main = main_witness(m);
	size_t max = 0;
	uint64_t id;

	merge.at =
		iq_arena_calloc(&m->arena, m->num_witnesses, sizeof(*merge.at));
	if (!merge.at)
		return &iq_enomem;
	if (m->num_witnesses)
		max = count_ids(&merge) + count_without_ids(m->witnesses[main]);
	m->goroutines = iq_arena_calloc(&m->arena, max, sizeof(*m->goroutines));
	if (m->num_witnesses && max > SIZE_MAX / m->num_witnesses)
		return &iq_enomem;
	facts = iq_arena_calloc(&m->arena, max * m->num_witnesses,
				sizeof(*facts));
	if (!m->goroutines || !facts)
		return &iq_enomem;

	while (merge_next_id(&merge, &id)) {
		if (take_id(&merge, id, main,
			    facts + m->num_goroutines * m->num_witnesses,
			    &m->goroutines[m->num_goroutines]))
			m->num_goroutines++;
	}
	add_without_ids(m, main, facts);
	m->facts = facts;
	return NULL;
}

/* The trace's last word on the goroutine still holds in the case. */
static bool has_stayed(const struct iq_model *m, size_t index, size_t w)
{
	const struct iq_goroutine *g = &m->goroutines[index];

	// Cheap, and most of a million have none.
	return g->fact->has_waitsince &&
	       iq_moment_stay(m, index, w, g->witness) == IQ_STAY_PROVEN;
}

/* Both are of the same wait at one moment. */
static bool is_same_wait(const struct iq_model *m, size_t index, size_t w)
{
	const struct iq_goroutine *g = &m->goroutines[index];

	return iq_moment_order(m, w, g->witness) == IQ_ORDER_DURING &&
	       iq_wait_class_of(iq_model_fact(m, index, w)) == g->class;
}

/* What witness @w says of how long goroutine @index has waited in the case: it
 * is of the same moment, or a trace whose last word still holds. */
static struct iq_waited waited_by(const struct iq_model *m, size_t index,
				  size_t w)
{
	const struct iq_goroutine *g = &m->goroutines[index];

	if (!iq_model_fact(m, index, w) || w == g->witness)
		return (struct iq_waited){ 0 };
	if (m->witnesses[w]->trace && has_stayed(m, index, w))
		return iq_moment_waited(m, w, g->id, g->witness);
	if (!m->witnesses[w]->trace && is_same_wait(m, index, w))
		return bounds_of(iq_model_fact(m, index, w));
	return (struct iq_waited){ 0 };
}

static void tighten_bounds(struct iq_model *m)
{
	for (size_t i = 0; i < m->num_goroutines; i++) {
		for (size_t w = 0; w < m->num_witnesses; w++)
			join_bounds(m, &m->goroutines[i], waited_by(m, i, w),
				    w);
	}
}

static void count_goroutines(struct iq_model *m)
{
	for (size_t i = 0; i < m->num_goroutines; i++) {
		const struct iq_goroutine *g = &m->goroutines[i];

		m->num_total += g->count;
		if (g->system)
			m->num_system += g->count;
	}
}

struct iq_error *iq_model_create(const struct iq_facts *const *witnesses,
				 size_t num_witnesses, struct iq_model **ret)
{
	struct iq_model *m = calloc(1, sizeof(*m));

	if (!m)
		return &iq_enomem;
	iq_arena_init(&m->arena);
	m->witnesses = witnesses;
	m->num_witnesses = num_witnesses;
	for (size_t w = 0; w < num_witnesses; w++)
		m->tells |= witnesses[w]->witness.tells;
	*ret = m;
	return NULL;
}

struct iq_error *iq_model_join(struct iq_model *m)
{
	struct iq_error *err = compute_signatures(m);

	if (!err)
		err = iq_same_process(m);
	if (!err)
		err = iq_moments_make(m);
	if (!err)
		err = iq_moment_warn(m);
	if (!err)
		err = iq_populations_make(m);
	if (!err)
		err = join_goroutines(m);
	if (err)
		return err;
	tighten_bounds(m);
	count_goroutines(m);
	return iq_groups_make(m);
}

void iq_model_destroy(struct iq_model *model)
{
	if (!model)
		return;
	iq_proofs_destroy(model);
	iq_arena_deinit(&model->arena);
	free(model);
}

struct iq_error *iq_model_add_gap(struct iq_model *model, enum iq_gap_code code,
				  const char *text)
{
	struct iq_gap *grown = iq_arena_calloc(
		&model->arena, model->num_gaps + 1, sizeof(*grown));
	struct iq_str copy;

	if (!grown || !iq_str_dup(&model->arena, iq_str_of(text), &copy))
		return &iq_enomem;
	if (model->num_gaps)
		memcpy(grown, model->gaps, model->num_gaps * sizeof(*grown));
	grown[model->num_gaps++] = (struct iq_gap){
		.code = code,
		.text = copy,
		.count = 1,
	};
	model->gaps = grown;
	return NULL;
}

const struct iq_goroutine_fact *iq_model_fact(const struct iq_model *model,
					      size_t index, size_t witness)
{
	return model->facts[index * model->num_witnesses + witness];
}

bool iq_model_goroutine(const struct iq_model *model, uint64_t id, size_t *ret)
{
	size_t low = 0;
	size_t high = model->num_goroutines;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct iq_goroutine *g = &model->goroutines[mid];

		if (g->has_id && g->id < id)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == model->num_goroutines || !model->goroutines[low].has_id ||
	    model->goroutines[low].id != id)
		return false;
	*ret = low;
	return true;
}

const struct iq_signature *iq_model_signature(const struct iq_model *model,
					      size_t witness,
					      const struct iq_stack *stack)
{
	return stack ? &model->signatures[witness][stack->index] : NULL;
}
