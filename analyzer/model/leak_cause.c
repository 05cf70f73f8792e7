/* SPDX-License-Identifier: Apache-2.0 */
#include "model/leak_cause.h"

#include <inttypes.h>

#include "base/attr.h"
#include "model/leak_clue.h"
#include "model/text.h"

/* Goroutines of one finding that are looked at: they share their site. */
#define SAMPLES_MAX 16
/* Of which these are chosen. */
#define MEMBERS_MAX 256

static const struct iq_leak_cause_class classes[] = {
#define IQ_LEAK_CAUSE(name, i, s, f) { .id = (i), .summary = (s), .fix = (f) },
#include "model/leak_causes.def"
#undef IQ_LEAK_CAUSE
};

static iq_leak_shows *const questions[] = {
#define IQ_LEAK_CAUSE(name, id, summary, fix) iq_leak_shows_##name,
#include "model/leak_causes.def"
#undef IQ_LEAK_CAUSE
};

const struct iq_leak_cause_class *iq_leak_cause_classes(size_t *num_ret)
{
	*num_ret = IQ_ARRAY_SIZE(classes);
	return classes;
}

static struct iq_error *cause_of(const struct iq_model *model,
				 const struct iq_finding *finding,
				 struct iq_arena *arena,
				 struct iq_leak_stuck *stuck, uint32_t index,
				 struct iq_leak_cause *ret)
{
	struct iq_leak_clue clue;
	struct iq_error *err =
		iq_leak_clue_make(model, finding, arena, index, &clue);

	clue.stuck = stuck;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(questions) && !err; i++) {
		ret->shown_by = (struct iq_str){ .len = 0 };
		err = questions[i](&clue, &ret->shown_by);
		if (err || !ret->shown_by.len)
			continue;
		ret->class = &classes[i];
		break;
	}
	return err;
}

/* Stack and creator of what was looked at already. */
struct sample {
	const struct iq_stack *stack;
	const struct iq_frame *created_by;
	uint32_t index;
};

/* Two of each kind: alike ones say the same, but for what their channels hold. */
static size_t samples_choose(const struct iq_model *model,
			     const struct iq_finding *finding,
			     struct sample ret[SAMPLES_MAX])
{
	size_t step = finding->num_goroutines / MEMBERS_MAX + 1;
	size_t num = 0;

	for (size_t i = 0; i < finding->num_goroutines && num < SAMPLES_MAX;
	     i += step) {
		const struct iq_goroutine_fact *fact =
			model->goroutines[finding->goroutines[i]].fact;
		unsigned same = 0;

		for (size_t k = 0; k < num; k++)
			same += ret[k].stack == fact->stack &&
				ret[k].created_by == fact->created_by;
		if (same < 2)
			ret[num++] = (struct sample){
				fact->stack,
				fact->created_by,
				finding->goroutines[i],
			};
	}
	return num;
}

/* What is said of an object is said of one of them. */
static struct iq_error *seen_words(const struct iq_model *model,
				   const struct iq_finding *finding,
				   struct iq_arena *arena,
				   const struct sample *samples, size_t num,
				   struct iq_str *text)
{
	const struct iq_str of_one = *text;
	uint64_t id = model->goroutines[samples[0].index].id;

	if (finding->num_goroutines < 2)
		return NULL;
	if (num == finding->num_goroutines)
		return iq_textf(arena, text, "goroutine %" PRIu64 ": %.*s", id,
				IQ_STR_ARG(of_one));
	return iq_textf(arena, text,
			"goroutine %" PRIu64 " (%zu of %zu were looked at): "
			"%.*s",
			id, num, finding->num_goroutines, IQ_STR_ARG(of_one));
}

static struct iq_error *cause_find(const struct iq_model *model,
				   const struct iq_finding *finding,
				   struct iq_arena *arena,
				   struct iq_leak_stuck *stuck,
				   struct iq_leak_cause *ret)
{
	struct sample samples[SAMPLES_MAX];
	size_t num = samples_choose(model, finding, samples);
	struct iq_leak_cause cause = { .class = NULL };

	for (size_t i = 0; i < num; i++) {
		struct iq_leak_cause other = { .class = NULL };
		struct iq_error *err = cause_of(model, finding, arena, stuck,
						samples[i].index, &other);

		if (err)
			return err;
		if (!i)
			cause = other;
		// One finding, several causes: none is that of all.
		if (!other.class || other.class != cause.class) {
			cause = (struct iq_leak_cause){ .class = NULL };
			break;
		}
	}
	*ret = cause;
	return cause.class ? seen_words(model, finding, arena, samples, num,
					&ret->shown_by) :
			     NULL;
}

struct iq_error *iq_leak_causes_find(struct iq_model *model)
{
	// The model's own, which are const for who reads them.
	struct iq_finding *list = (struct iq_finding *)model->findings;
	struct iq_leak_stuck stuck = { .proof = NULL };
	struct iq_error *err = NULL;

	for (size_t i = 0; i < model->num_findings && !err; i++) {
		struct iq_finding *f = &list[i];

		if (f->num_goroutines && f->class != IQ_CLASS_CRASH)
			err = cause_find(model, f, &model->arena, &stuck,
					 &f->cause);
	}
	iq_path_reverse_deinit(&stuck.reverse);
	return err;
}
