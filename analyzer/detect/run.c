/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "detect/detector.h"
#include "detect/give_way.h"
#include "detect/shape.h"
#include "detect/sift.h"
#include "detect/victims.h"
#include "model/evidence.h"
#include "model/fingerprint.h"
#include "model/frame.h"
#include "model/graph.h"
#include "model/verdict.h"

static const struct iq_detector *const detectors[] = {
#define IQ_DETECTOR(x) &iq_detector_##x,
#include "detect/detectors.def"
#undef IQ_DETECTOR
};

/* What is listed of the rules that are data; they are parsed when they run. */
static const struct iq_detector shapes[] = {
#define IQ_SHAPE_LINE(x)
#define IQ_SHAPE(i, c, s, t, y)                                                \
	{                                                                      \
		.id = (i),                                                     \
		.class = (c),                                                  \
		.severity = (s),                                               \
		.summary = (t),                                                \
		.needs_text = IQ_SHAPE_NEEDS_TEXT,                             \
		.yields = (y),                                                 \
		.is_shape = true,                                              \
	},
#include "detect/shapes.inc"
#undef IQ_SHAPE
#undef IQ_SHAPE_LINE
};

const struct iq_detector *const *iq_detectors(size_t *num_ret)
{
	*num_ret = IQ_ARRAY_SIZE(detectors);
	return detectors;
}

const struct iq_detector *iq_detector_at(size_t index)
{
	if (index < IQ_ARRAY_SIZE(detectors))
		return detectors[index];
	index -= IQ_ARRAY_SIZE(detectors);
	return index < IQ_ARRAY_SIZE(shapes) ? &shapes[index] : NULL;
}

const struct iq_detector *iq_detector_find(const struct iq_model *model,
					   const char *id, size_t *row_ret)
{
	const struct iq_shapes *own = model->shapes;
	const struct iq_detector *d;
	size_t row = 0;

	for (; (d = iq_detector_at(row)); row++) {
		if (!strcmp(d->id, id))
			break;
	}
	for (size_t i = 0; own && i < own->list.len && !d; i++, row++) {
		if (!strcmp(own->list.data[i]->detector.id, id))
			d = &own->list.data[i]->detector;
	}
	*row_ret = row;
	return d;
}

/* Whether there are goroutines, and not one frame of any: a rule that looks for
 * places and owners would be silent, and look as if it had run. */
static bool lacks_stacks(const struct iq_model *model)
{
	for (size_t i = 0; i < model->num_goroutines; i++) {
		const struct iq_stack *stack = model->goroutines[i].fact->stack;

		if (stack && stack->num_frames)
			return false;
	}
	return model->num_goroutines > 0;
}

/* What a witness of the process itself can tell, all taken together. */
static unsigned told(const struct iq_model *model)
{
	unsigned tells = 0;

	for (size_t w = 0; w < model->num_witnesses; w++) {
		if (!model->foreign[w])
			tells |= model->witnesses[w]->witness.tells;
	}
	return lacks_stacks(model) ? tells & ~(unsigned)IQ_TELLS_STACKS : tells;
}

struct runner {
	struct iq_model *model;
	struct iq_findings *findings;
	struct iq_not_run *not_run;
	unsigned tells;
};

/* Whether the case has what the rule lives on; if not, that is noted. */
static bool can_run(struct runner *r, const struct iq_detector *d)
{
	if ((r->tells & d->needs) == d->needs || r->tells & d->instead)
		return true;
	r->not_run[r->model->num_not_run++] = (struct iq_not_run){
		.rule = d->id,
		.text = iq_str_of(d->needs_text),
	};
	return false;
}

static struct iq_error *run_shapes(struct runner *r,
				   const struct iq_shapes *list)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; list && i < list->list.len && !err; i++) {
		const struct iq_shape *shape = list->list.data[i];

		if (can_run(r, &shape->detector))
			err = iq_shape_run(shape, r->model, r->findings);
	}
	return err;
}

static struct iq_error *run_rows(struct runner *r)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(detectors) && !err; i++) {
		const struct iq_detector *d = detectors[i];

		if (can_run(r, d))
			err = d->sift ? iq_sift_run(d, r->model, r->findings) :
					d->run(r->model, r->findings);
	}
	return err;
}

static struct iq_error *run_all(struct iq_model *model,
				struct iq_findings *findings)
{
	size_t num = IQ_ARRAY_SIZE(detectors) + IQ_ARRAY_SIZE(shapes) +
		     (model->shapes ? model->shapes->list.len : 0);
	struct runner r = {
		.model = model,
		.findings = findings,
		.not_run =
			iq_arena_calloc(&model->arena, num, sizeof(*r.not_run)),
		.tells = told(model),
	};
	struct iq_shapes builtin;
	struct iq_error *err;

	if (!r.not_run)
		return &iq_enomem;
	model->not_run = r.not_run;
	iq_shapes_init(&builtin);
	err = iq_shapes_builtin(&builtin);
	if (!err)
		err = run_rows(&r);
	if (!err)
		err = run_shapes(&r, &builtin);
	iq_shapes_deinit(&builtin);
	return err ? err : run_shapes(&r, model->shapes);
}

static const struct iq_frame *goroutine_site(const struct iq_model *m,
					     uint32_t index)
{
	const struct iq_goroutine *g = &m->goroutines[index];
	const struct iq_signature *sig =
		iq_model_signature(m, g->witness, g->fact->stack);

	return sig && sig->site != UINT32_MAX ?
		       g->fact->stack->frames[sig->site] :
		       NULL;
}

/* Worst first: what earns the verdict, severity, confidence, root blockers,
 * number, then site. */
static int compare_findings(const void *pa, const void *pb)
{
	const struct iq_finding *a = pa;
	const struct iq_finding *b = pb;
	bool root_a = a->num_victims > 0, root_b = b->num_victims > 0;
	uint64_t total_a = a->count + a->num_victims;
	uint64_t total_b = b->count + b->num_victims;

	if (iq_finding_word(a) != iq_finding_word(b))
		return iq_finding_word(a) < iq_finding_word(b) ? -1 : 1;
	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	if (a->confidence != b->confidence)
		return a->confidence > b->confidence ? -1 : 1;
	if (root_a != root_b)
		return root_a ? -1 : 1;
	if (total_a != total_b)
		return total_a > total_b ? -1 : 1;
	int c = iq_frame_compare(a->site, b->site);
	if (!c)
		c = strcmp(a->rule, b->rule);
	return c ? c : iq_str_compare(a->title, b->title);
}

static struct iq_error *complete(struct iq_model *model,
				 struct iq_findings *findings)
{
	struct iq_error *err = iq_victims_find(model, findings);

	for (size_t i = 0; i < findings->list.len && !err; i++) {
		struct iq_finding *f = &findings->list.data[i];

		if (f->num_victims)
			f->victims_site = goroutine_site(model, f->victims[0]);
		err = iq_evidence_collect(model, &model->arena, f);
		if (!err)
			err = iq_fingerprint_make(&model->arena, f);
	}
	return err;
}

static struct iq_error *keep(struct iq_model *model,
			     struct iq_findings *findings)
{
	struct iq_finding *list = iq_arena_calloc(
		&model->arena, findings->list.len, sizeof(*list));
	struct iq_error *err;

	if (!list)
		return &iq_enomem;
	if (findings->list.len) {
		qsort(findings->list.data, findings->list.len,
		      sizeof(*findings->list.data), compare_findings);
		err = iq_victims_follow(model, findings);
		if (err)
			return err;
		memcpy(list, findings->list.data,
		       findings->list.len * sizeof(*list));
	}
	for (size_t i = 0; i < findings->list.len; i++)
		list[i].id = (uint32_t)i + 1;
	model->findings = list;
	model->num_findings = findings->list.len;
	return iq_verdict_make(model);
}

struct iq_error *iq_detectors_run(struct iq_model *model)
{
	struct iq_findings findings = { .arena = &model->arena };
	struct iq_error *err = model->graph ? NULL : iq_graph_make(model);

	if (!err)
		err = run_all(model, &findings);
	if (!err)
		err = complete(model, &findings);
	if (!err)
		err = iq_findings_give_way(model, &findings);
	if (!err)
		err = iq_victims_raise(model, &findings);
	if (!err)
		err = keep(model, &findings);
	iq_vec_deinit(&findings.list);
	return err;
}
