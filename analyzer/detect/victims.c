/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/victims.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/compare.h"
#include "model/graph.h"

/* The ways of the graph backwards: who stands directly behind a goroutine. */
struct followers {
	const struct iq_model *model;
	/* Those behind goroutine i are list[first[i]] up to
	 * list[first[i + 1]]. */
	uint32_t *first;
	uint32_t *list;
	/* By goroutine: the last finding + 1 that has it or has it behind. */
	uint32_t *seen;
	uint32_t *work;
};

static void followers_deinit(struct followers *f)
{
	free(f->first);
	free(f->list);
	free(f->seen);
	free(f->work);
}

static struct iq_error *followers_init(struct followers *f)
{
	const struct iq_graph *g = f->model->graph;
	size_t num = f->model->num_goroutines;

	f->first = calloc(num + 2, sizeof(*f->first));
	f->list = calloc(num + 1, sizeof(*f->list));
	f->seen = calloc(num + 1, sizeof(*f->seen));
	f->work = calloc(num + 1, sizeof(*f->work));
	if (!f->first || !f->list || !f->seen || !f->work)
		return &iq_enomem;
	for (size_t i = 0; i < num; i++) {
		if (g->next[i] != IQ_GRAPH_NONE)
			f->first[g->next[i] + 2]++;
	}
	for (size_t i = 1; i <= num; i++)
		f->first[i + 1] += f->first[i];
	for (size_t i = 0; i < num; i++) {
		if (g->next[i] != IQ_GRAPH_NONE)
			f->list[f->first[g->next[i] + 1]++] = (uint32_t)i;
	}
	return NULL;
}

/* Goroutines that are not seen yet go to the end of the work. */
static size_t see(struct followers *f, const uint32_t *list, size_t num,
		  uint32_t mark, size_t end)
{
	for (size_t i = 0; i < num; i++) {
		if (f->seen[list[i]] == mark)
			continue;
		f->seen[list[i]] = mark;
		f->work[end++] = list[i];
	}
	return end;
}

/* Who stands behind @finding, after its own and those that it has already. */
static struct iq_error *find(struct followers *f, struct iq_arena *arena,
			     struct iq_finding *finding, uint32_t mark)
{
	size_t own =
		see(f, finding->goroutines, finding->num_goroutines, mark, 0);
	size_t end = own;
	uint32_t *victims;

	for (size_t at = 0; at < end; at++) {
		uint32_t x = f->work[at];

		end = see(f, f->list + f->first[x],
			  f->first[x + 1] - f->first[x], mark, end);
	}
	end = see(f, finding->victims, finding->num_victims, mark, end);
	if (end == own)
		return NULL;
	victims = iq_arena_calloc(arena, end - own, sizeof(*victims));
	if (!victims)
		return &iq_enomem;
	memcpy(victims, f->work + own, (end - own) * sizeof(*victims));
	qsort(victims, end - own, sizeof(*victims), iq_compare_u32);
	finding->victims = victims;
	finding->num_victims = end - own;
	return NULL;
}

struct iq_error *iq_victims_find(const struct iq_model *model,
				 struct iq_findings *findings)
{
	iq_cleanup(followers_deinit) struct followers f = { .model = model };
	struct iq_error *err = followers_init(&f);

	for (size_t i = 0; i < findings->list.len && !err; i++)
		err = find(&f, findings->arena, &findings->list.data[i],
			   (uint32_t)i + 1);
	return err;
}

/* ---- order */

static bool is_claim(const struct iq_finding *f)
{
	return f->severity != IQ_SEVERITY_NOTE &&
	       f->confidence != IQ_CONFIDENCE_CONTRADICTED;
}

/* Who blocks @finding's first goroutine in the end, a cycle's first one;
 * IQ_GRAPH_NONE: nobody. */
static uint32_t blocker_of(const struct iq_model *m,
			   const struct iq_finding *finding)
{
	const struct iq_graph *g = m->graph;
	const struct iq_blocker *b;
	uint32_t blocker;

	if (!finding->num_goroutines)
		return IQ_GRAPH_NONE;
	blocker = g->blocker_of[finding->goroutines[0]];
	if (blocker == IQ_GRAPH_NONE)
		return IQ_GRAPH_NONE;
	b = &g->blockers[blocker];
	return b->cycle == IQ_GRAPH_NONE ? b->goroutine :
					   g->cycles[b->cycle].members[0];
}

struct iq_error *iq_victims_raise(const struct iq_model *model,
				  struct iq_findings *findings)
{
	iq_cleanup(iq_freep) void *mem =
		calloc(model->num_goroutines + 1, sizeof(bool));
	bool *roots = mem;
	size_t row;

	if (!roots)
		return &iq_enomem;
	for (size_t i = 0; i < findings->list.len; i++) {
		const struct iq_finding *f = &findings->list.data[i];
		uint32_t root = blocker_of(model, f);

		if (is_claim(f) && root != IQ_GRAPH_NONE)
			roots[root] = true;
	}
	for (size_t i = 0; i < findings->list.len; i++) {
		struct iq_finding *f = &findings->list.data[i];

		const struct iq_detector *d =
			iq_detector_find(model, f->rule, &row);

		if (f->severity == IQ_SEVERITY_NOTE && f->num_victims && d &&
		    d->leads && roots[f->goroutines[0]])
			f->severity = IQ_SEVERITY_WARNING;
	}
	return NULL;
}

/* By goroutine: the first finding + 1 that has it, of those that claim. */
static void mark_owners(const struct iq_findings *findings, uint32_t *owners)
{
	for (size_t i = findings->list.len; i-- > 0;) {
		const struct iq_finding *f = &findings->list.data[i];

		for (size_t k = 0; k < f->num_goroutines && is_claim(f); k++)
			owners[f->goroutines[k]] = (uint32_t)i + 1;
	}
}

/* The finding that has what @f's first goroutine waits for in the end; its
 * number, or that of @f itself. */
static size_t root_of(const struct iq_model *m, const struct iq_findings *list,
		      const uint32_t *owners, size_t number)
{
	uint32_t root = blocker_of(m, &list->list.data[number]);
	uint32_t owner = root == IQ_GRAPH_NONE ? 0 : owners[root];

	return owner ? owner - 1 : number;
}

struct iq_error *iq_victims_follow(const struct iq_model *model,
				   struct iq_findings *findings)
{
	size_t num = findings->list.len, kept = 0;
	iq_cleanup(iq_freep) void *owners =
		calloc(model->num_goroutines + 1, sizeof(uint32_t));
	iq_cleanup(iq_freep) void *done_mem = calloc(num + 1, sizeof(bool));
	iq_cleanup(iq_freep) void *list_mem =
		calloc(num + 1, sizeof(struct iq_finding));
	struct iq_finding *list = list_mem;
	bool *done = done_mem;

	if (!owners || !done || !list)
		return &iq_enomem;
	mark_owners(findings, owners);
	for (size_t i = 0; i < num; i++) {
		size_t root = root_of(model, findings, owners, i);

		if (!done[root])
			list[kept++] = findings->list.data[root];
		done[root] = true;
		if (!done[i])
			list[kept++] = findings->list.data[i];
		done[i] = true;
	}
	if (num)
		memcpy(findings->list.data, list, num * sizeof(*list));
	return NULL;
}
