/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/give_way.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "detect/served.h"
#include "detect/waited.h"

/* What rests on number and age alone gives way to all others; a shape, which
 * says more, only to what does not. */
enum yields { STAYS, YIELDS_TO_PROOF, YIELDS };

/* A finding and what decides which of two stays. */
struct rank {
	size_t finding;
	size_t row; /* of its rule */
	enum yields yields;
	/* What ends at its place all the time refutes it. */
	bool passes;
};

struct search {
	const struct iq_model *model;
	struct iq_findings *findings;
	struct iq_served_table table;
	/* By goroutine: another finding has it. */
	bool *claimed;
	bool *dropped; /* by finding */
};

static struct rank rank_of(const struct search *s, size_t finding)
{
	const struct iq_finding *f = &s->findings->list.data[finding];
	bool is_error = f->severity == IQ_SEVERITY_ERROR;
	struct rank ret = { .finding = finding, .passes = f->mere };
	const struct iq_detector *d =
		iq_detector_find(s->model, f->rule, &ret.row);

	if (d) {
		if (d->yields && (d->is_shape || !is_error))
			ret.yields = d->is_shape ? YIELDS_TO_PROOF : YIELDS;
		ret.passes |= d->passes && !(d->yields && is_error);
	}
	return ret;
}

static int compare_ranks(const void *pa, const void *pb)
{
	const struct rank *a = pa;
	const struct rank *b = pb;

	if (a->yields != b->yields)
		return a->yields < b->yields ? -1 : 1;
	if (a->row != b->row)
		return a->row < b->row ? -1 : 1;
	return a->finding < b->finding ? -1 : a->finding > b->finding;
}

static bool is_claimed(const struct search *s, const struct iq_finding *f)
{
	for (size_t i = 0; i < f->num_goroutines; i++) {
		if (!s->claimed[f->goroutines[i]])
			return false;
	}
	return f->num_goroutines > 0;
}

/* What all of them have waited at least; negative if not known. */
static int64_t waited_of(const struct iq_model *m, const struct iq_finding *f)
{
	int64_t ret = f->has_wait_min ? f->wait_min_ns : -1;

	if (!iq_wait_class_is_lock(m->goroutines[f->goroutines[0]].class))
		return ret;
	for (size_t i = 0; i < f->num_goroutines; i++) {
		int64_t waited = iq_lock_waited(m, f->goroutines[i]);

		if (!i || waited < ret)
			ret = waited;
	}
	return ret;
}

/* A number of goroutines is no sign where traces show that they come and go,
 * nor is a wait where others end all the time: deadlines are at work, or a lock
 * changes hands. */
static bool is_usual(const struct search *s, const struct iq_finding *f)
{
	const struct iq_served *served;

	served = iq_served_find(&s->table, f->site,
				s->model->goroutines[f->goroutines[0]].class);
	return served && iq_served_is_usual(served, waited_of(s->model, f));
}

static bool gives_way(const struct search *s, const struct rank *rank,
		      const struct iq_finding *f)
{
	return (rank->yields && is_claimed(s, f)) ||
	       (rank->passes && f->num_goroutines && is_usual(s, f));
}

static void claim(struct search *s, const struct iq_finding *f)
{
	if (f->severity == IQ_SEVERITY_NOTE || f->class == IQ_CLASS_CRASH ||
	    f->confidence == IQ_CONFIDENCE_CONTRADICTED)
		return;
	for (size_t i = 0; i < f->num_goroutines; i++)
		s->claimed[f->goroutines[i]] = true;
}

static void decide(struct search *s, const struct rank *ranks)
{
	struct iq_finding *list = s->findings->list.data;
	size_t num = s->findings->list.len, kept = 0;

	for (size_t i = 0; i < num; i++) {
		const struct iq_finding *f = &list[ranks[i].finding];

		if (gives_way(s, &ranks[i], f))
			s->dropped[ranks[i].finding] = true;
		else
			claim(s, f);
	}
	for (size_t i = 0; i < num; i++) {
		if (!s->dropped[i])
			list[kept++] = list[i];
	}
	s->findings->list.len = kept;
}

struct iq_error *iq_findings_give_way(const struct iq_model *model,
				      struct iq_findings *findings)
{
	size_t num = findings->list.len;
	iq_cleanup(iq_freep) void *claimed =
		calloc(model->num_goroutines + 1, sizeof(bool));
	iq_cleanup(iq_freep) void *dropped = calloc(num + 1, sizeof(bool));
	iq_cleanup(iq_freep) void *ranks_mem =
		calloc(num + 1, sizeof(struct rank));
	struct search s = {
		.model = model,
		.findings = findings,
		.claimed = claimed,
		.dropped = dropped,
	};
	struct rank *ranks = ranks_mem;
	struct iq_error *err;

	if (!claimed || !dropped || !ranks)
		return &iq_enomem;
	err = iq_served_make(model, &s.table);
	if (err)
		return err;
	for (size_t i = 0; i < num; i++)
		ranks[i] = rank_of(&s, i);
	qsort(ranks, num, sizeof(*ranks), compare_ranks);
	decide(&s, ranks);
	iq_served_deinit(&s.table);
	return NULL;
}
