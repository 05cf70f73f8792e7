/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sift.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/evidence.h"
#include "model/frame.h"
#include "model/text.h"

const struct iq_signature *
iq_model_goroutine_signature(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	return iq_model_signature(model, g->witness, g->fact->stack);
}

bool iq_goroutine_is_own(const struct iq_model *model, size_t index)
{
	const struct iq_signature *sig =
		iq_model_goroutine_signature(model, index);

	return sig && sig->own && !model->goroutines[index].system;
}

bool iq_stack_calls(const struct iq_stack *stack, const char *function)
{
	struct iq_str name = iq_str_of(function);

	for (uint32_t i = 0; stack && i < stack->num_frames; i++) {
		if (iq_str_equal(stack->frames[i]->function, name))
			return true;
	}
	return false;
}

bool iq_goroutine_calls(const struct iq_model *model, size_t index,
			const char *function)
{
	return iq_stack_calls(model->goroutines[index].fact->stack, function);
}

static const struct iq_frame *site_of(const struct iq_model *model,
				      size_t index)
{
	const struct iq_signature *sig =
		iq_model_goroutine_signature(model, index);

	if (!sig || sig->site == UINT32_MAX)
		return NULL;
	return model->goroutines[index].fact->stack->frames[sig->site];
}

static void join_bounds(struct iq_finding *f, const struct iq_goroutine *g)
{
	if (g->has_wait_min &&
	    (!f->has_wait_min || g->wait_min_ns < f->wait_min_ns)) {
		f->has_wait_min = true;
		f->wait_min_ns = g->wait_min_ns;
	}
	if (g->has_wait_max &&
	    (!f->has_wait_max || g->wait_max_ns > f->wait_max_ns)) {
		f->has_wait_max = true;
		f->wait_max_ns = g->wait_max_ns;
	}
}

struct iq_error *iq_finding_init(const struct iq_detector *detector,
				 const struct iq_model *model,
				 struct iq_arena *arena,
				 const uint32_t *goroutines, size_t num,
				 struct iq_finding *ret)
{
	const struct iq_goroutine *first = &model->goroutines[goroutines[0]];
	uint32_t *copy = iq_arena_calloc(arena, num, sizeof(*copy));
	struct iq_finding f = {
		.rule = detector->id,
		.class = detector->class,
		.severity = detector->severity,
		.confidence = IQ_CONFIDENCE_SUSPECTED,
		.kind = iq_wait_class_name(first->class),
		.goroutines = copy,
		.num_goroutines = num,
		.site = site_of(model, goroutines[0]),
		.created_by = first->fact->created_by,
		.wait_reason = first->fact->wait_reason,
		.stack = first->fact->stack,
	};

	if (!copy)
		return &iq_enomem;
	memcpy(copy, goroutines, num * sizeof(*copy));
	// Bounds of a finding hold for each of its goroutines.
	for (size_t i = 0; i < num; i++) {
		const struct iq_goroutine *g =
			&model->goroutines[goroutines[i]];

		f.count += g->count;
		if (!iq_frame_same_place(f.created_by, g->fact->created_by))
			f.created_by = NULL;
		join_bounds(&f, g);
	}
	for (size_t i = 0; i < num && f.has_wait_min; i++)
		f.has_wait_min = model->goroutines[goroutines[i]].has_wait_min;
	for (size_t i = 0; i < num && f.has_wait_max; i++)
		f.has_wait_max = model->goroutines[goroutines[i]].has_wait_max;
	*ret = f;
	return NULL;
}

/*
 * Copies @goroutines, those last that a later witness saw go on; gives how many
 * count. If all went on, all do: the evidence withdraws the finding.
 */
static size_t divide(const struct iq_model *model, const uint32_t *goroutines,
		     size_t num, uint32_t *ret)
{
	size_t n = 0, standing;

	for (size_t i = 0; i < num; i++) {
		if (!iq_evidence_gone(model, goroutines[i]))
			ret[n++] = goroutines[i];
	}
	standing = n;
	for (size_t i = 0; i < num; i++) {
		if (iq_evidence_gone(model, goroutines[i]))
			ret[n++] = goroutines[i];
	}
	return standing ? standing : num;
}

static struct iq_error *set_gone(struct iq_arena *arena, const uint32_t *gone,
				 size_t num, struct iq_finding *f)
{
	uint32_t *copy;

	if (!num)
		return NULL;
	copy = iq_arena_calloc(arena, num, sizeof(*copy));
	if (!copy)
		return &iq_enomem;
	memcpy(copy, gone, num * sizeof(*copy));
	f->gone = copy;
	f->num_gone = num;
	return NULL;
}

struct iq_error *iq_finding_of(const struct iq_detector *detector,
			       const struct iq_model *model,
			       struct iq_arena *arena,
			       const uint32_t *goroutines, size_t num,
			       struct iq_finding *ret)
{
	iq_cleanup(iq_freep) void *list_mem = calloc(num, sizeof(uint32_t));
	uint32_t *list = list_mem;
	struct iq_error *err;
	size_t standing;

	if (!list)
		return &iq_enomem;
	standing = divide(model, goroutines, num, list);
	err = iq_finding_init(detector, model, arena, list, standing, ret);
	return err ? err :
		     set_gone(arena, list + standing, num - standing, ret);
}

struct iq_error *iq_findings_add(struct iq_findings *findings,
				 const struct iq_finding *finding)
{
	assert(finding->title.len);
	return iq_vec_push(&findings->list, *finding) ? NULL : &iq_enomem;
}

/* What divides the goroutines of one rule into findings. */
struct sifted {
	const struct iq_frame *site;
	const struct iq_goroutine *goroutine;
	enum iq_wait_class class;
	uint32_t index;
};

static uint64_t object_of(const struct iq_goroutine *g)
{
	return g->fact->num_waits && g->fact->waits[0].has_address ?
		       g->fact->waits[0].address :
		       0;
}

/* Two unknown places are not one: creator and object tell them apart. */
static int compare_unsited(const struct iq_goroutine *x,
			   const struct iq_goroutine *y)
{
	uint64_t a = object_of(x), b = object_of(y);

	if (a != b)
		return a < b ? -1 : 1;
	return iq_frame_compare(x->fact->created_by, y->fact->created_by);
}

static int compare_sifted(const void *pa, const void *pb)
{
	const struct sifted *a = pa;
	const struct sifted *b = pb;
	int c;

	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	c = iq_frame_compare(a->site, b->site);
	return c || a->site ? c : compare_unsited(a->goroutine, b->goroutine);
}

static int compare_places(const void *pa, const void *pb)
{
	int c = compare_sifted(pa, pb);
	const struct sifted *a = pa;
	const struct sifted *b = pb;

	if (c)
		return c;
	return a->index < b->index ? -1 : a->index > b->index;
}

static struct iq_str text_or_empty(const char *text)
{
	return text ? iq_str_of(text) : IQ_STR("");
}

struct iq_error *iq_finding_place(struct iq_arena *arena,
				  const struct iq_finding *finding,
				  const char **ret)
{
	const struct iq_frame *maker = finding->created_by;
	struct iq_str text = IQ_STR("");
	struct iq_error *err = NULL;
	const char *by;

	if (finding->site || !maker)
		return iq_text_frame(arena, finding->site, ret);
	if (maker->function.len)
		err = iq_text_frame(arena, maker, &by);
	else {
		err = iq_textf(arena, &text, "pc 0x%" PRIx64, maker->pc);
		by = text.ptr;
	}
	if (!err)
		err = iq_textf(arena, &text, "unknown code, made by %s", by);
	if (!err)
		*ret = text.ptr;
	return err;
}

static struct iq_error *set_texts(const struct iq_sift *sift,
				  struct iq_arena *arena, struct iq_finding *f)
{
	const char *site;
	struct iq_error *err = iq_finding_place(arena, f, &site);

	if (err)
		return err;
	f->confidence = sift->confidence;
	f->ground = text_or_empty(sift->ground);
	f->advice = text_or_empty(sift->advice);
	f->settle = text_or_empty(sift->settle);
	f->collect = text_or_empty(sift->collect);
	return iq_textf(arena, &f->title, "%" PRIu64 " %s %s", f->count,
			f->count == 1 ? sift->one : sift->many, site);
}

static struct iq_error *sift_finding(const struct iq_detector *detector,
				     const struct iq_model *model,
				     const struct sifted *list, size_t num,
				     struct iq_findings *findings)
{
	const struct iq_sift *sift = detector->sift;
	struct iq_arena *arena = findings->arena;
	struct iq_finding finding;
	bool drop = false;
	uint32_t *goroutines = calloc(num, sizeof(*goroutines));
	struct iq_error *err = goroutines ? NULL : &iq_enomem;

	for (size_t i = 0; i < num && !err; i++)
		goroutines[i] = list[i].index;
	if (!err)
		err = iq_finding_of(detector, model, arena, goroutines, num,
				    &finding);
	if (!err)
		err = set_texts(sift, arena, &finding);
	if (!err && sift->describe)
		err = sift->describe(model, arena, &finding, &drop);
	if (!err && !drop)
		err = iq_findings_add(findings, &finding);
	free(goroutines);
	return err;
}

static struct sifted sifted_of(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];

	return (struct sifted){
		.site = site_of(model, index),
		.goroutine = g,
		.class = g->class,
		.index = (uint32_t)index,
	};
}

struct iq_error *iq_sift_run(const struct iq_detector *detector,
			     const struct iq_model *model,
			     struct iq_findings *findings)
{
	IQ_VEC(struct sifted) list = { 0 };
	struct iq_error *err = NULL;

	for (size_t i = 0; i < model->num_goroutines && !err; i++) {
		if (detector->sift->wanted(model, i) &&
		    !iq_vec_push(&list, sifted_of(model, i)))
			err = &iq_enomem;
	}
	if (list.len)
		qsort(list.data, list.len, sizeof(*list.data), compare_places);
	for (size_t i = 0, j; i < list.len && !err; i = j) {
		for (j = i + 1; j < list.len &&
				!compare_sifted(&list.data[i], &list.data[j]);)
			j++;
		err = sift_finding(detector, model, &list.data[i], j - i,
				   findings);
	}
	iq_vec_deinit(&list);
	return err;
}
