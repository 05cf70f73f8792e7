/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/goroutine_select.h"

#include <stdlib.h>

#include "reports/words.h"

bool iq_goroutine_is_selected(const struct iq_model *model,
			      const struct iq_report_options *options,
			      size_t index, bool system)
{
	if (model->goroutines[index].system && !system)
		return false;
	for (size_t i = 0; i < options->num_conditions; i++) {
		const struct iq_condition *c = &options->conditions[i];

		if (iq_filter_match(c->filter, model, index) == c->without)
			return false;
	}
	return true;
}

/* ---- order */

/* A goroutine and what it is ordered by; unknown comes last either way. */
struct sorted {
	uint32_t index;
	bool known, descending;
	uint64_t number;
	struct iq_str text;
};

static int compare_keys(const struct sorted *a, const struct sorted *b)
{
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return iq_str_compare(a->text, b->text);
}

static int compare_sorted(const void *pa, const void *pb)
{
	const struct sorted *a = pa;
	const struct sorted *b = pb;
	int c;

	if (a->known != b->known)
		return a->known ? -1 : 1;
	c = compare_keys(a, b);
	if (c)
		return a->descending ? -c : c;
	return a->index < b->index ? -1 : a->index > b->index;
}

struct copy {
	struct iq_arena *arena;
	struct sorted *to;
	bool failed;
};

/* The first value counts. */
static void copy_text(void *ctx, struct iq_str text)
{
	struct copy *copy = ctx;

	if (copy->to->known)
		return;
	copy->to->known = true;
	copy->failed |= !iq_str_dup(copy->arena, text, &copy->to->text);
}

static struct iq_error *fill(const struct iq_model *model,
			     const struct iq_report_options *options,
			     const struct iq_selection *selection,
			     struct iq_arena *arena, struct sorted *list)
{
	bool is_number = iq_filter_is_number(options->sort);

	for (size_t i = 0; i < selection->num; i++) {
		struct copy copy = { .arena = arena, .to = &list[i] };

		list[i].index = selection->order[i];
		list[i].descending = options->descending;
		if (is_number)
			list[i].known = iq_filter_number(options->sort, model,
							 list[i].index,
							 &list[i].number);
		else
			iq_filter_each(options->sort, model, list[i].index,
				       copy_text, &copy);
		if (copy.failed)
			return &iq_enomem;
	}
	return NULL;
}

static struct iq_error *sort(const struct iq_model *model,
			     const struct iq_report_options *options,
			     struct iq_selection *selection)
{
	struct sorted *list = calloc(selection->num + 1, sizeof(*list));
	struct iq_arena arena;
	struct iq_error *err;

	if (!list)
		return &iq_enomem;
	iq_arena_init(&arena);
	err = fill(model, options, selection, &arena, list);
	if (!err)
		qsort(list, selection->num, sizeof(*list), compare_sorted);
	for (size_t i = 0; i < selection->num && !err; i++)
		selection->order[i] = list[i].index;
	iq_arena_deinit(&arena);
	free(list);
	return err;
}

/* ---- the selection */

static struct iq_error *choose(const struct iq_model *model,
			       const struct iq_report_options *options,
			       bool system, struct iq_selection *selection)
{
	selection->order =
		calloc(model->num_goroutines + 1, sizeof(*selection->order));
	if (!selection->order)
		return &iq_enomem;
	selection->num = 0;
	for (size_t i = 0; i < model->num_goroutines; i++) {
		if (!iq_goroutine_is_selected(model, options, i, system))
			continue;
		selection->order[selection->num++] = (uint32_t)i;
		selection->count += model->goroutines[i].count;
	}
	return options->sort ? sort(model, options, selection) : NULL;
}

struct iq_error *iq_selection_init(const struct iq_model *model,
				   const struct iq_report_options *options,
				   bool system, struct iq_selection *ret)
{
	struct iq_selection s = {
		.num = model->num_goroutines,
		.is_filtered = options->num_conditions > 0,
	};
	struct iq_error *err = NULL;

	for (size_t i = 0; i < model->num_goroutines; i++) {
		if (system || !model->goroutines[i].system)
			s.total += model->goroutines[i].count;
	}
	// Without either nothing is made: there may be millions.
	if (s.is_filtered || options->sort || (!system && model->num_system))
		err = choose(model, options, system, &s);
	else
		s.count = s.total;
	if (err) {
		iq_selection_deinit(&s);
		return err;
	}
	*ret = s;
	return NULL;
}

void iq_selection_deinit(struct iq_selection *selection)
{
	free(selection->order);
	selection->order = NULL;
}

size_t iq_selection_at(const struct iq_selection *selection, size_t place)
{
	return selection->order ? selection->order[place] : place;
}

void iq_selection_tell(const struct iq_selection *selection, struct iq_out *out)
{
	char count[IQ_WORDS_SIZE], total[IQ_WORDS_SIZE];

	if (!selection->is_filtered)
		return;
	iq_out_cstr(out, iq_words_number(count, selection->count));
	iq_out_cstr(out, " of ");
	iq_out_cstr(out, iq_words_number(total, selection->total));
	iq_out_cstr(out,
		    selection->count == 1 ? " is listed\n" : " are listed\n");
}
