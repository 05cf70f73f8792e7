/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/text/go_dump.h"
#include "model/scene.h"

/* Who called each panic: below its frame, past what the runtime put between.
 * As many frames of panics are there as panics, or the text was cut. */
static void raisers_set(struct iq_scene_panic *panics, size_t num,
			const struct iq_stack *stack)
{
	size_t n = 0;

	for (uint32_t i = 0; stack && i < stack->num_frames && n < num; i++) {
		uint32_t below = i + 1;

		if (!iq_str_equal(stack->frames[i]->function, IQ_STR("panic")))
			continue;
		while (below < stack->num_frames &&
		       iq_str_starts(stack->frames[below]->function,
				     IQ_STR("runtime.")))
			below++;
		if (below < stack->num_frames)
			panics[n].raised_at = stack->frames[below];
		n++;
	}
}

/*
 * Newest first, as everywhere. A value that is raised again as it was is
 * printed once, and is two panics. Go: src/runtime/panic.go, printpanics.
 */
static bool panics_set(struct iq_facts *facts, const struct iq_dump_end *end,
		       const struct iq_stack *stack, struct iq_scene *scene)
{
	struct iq_scene_panic *list = iq_arena_calloc(
		&facts->arena, end->num_panics * 2 + 1, sizeof(*list));
	size_t num = 0;

	if (!list)
		return false;
	for (size_t i = end->num_panics; i-- > 0;) {
		const struct iq_dump_panic *p = &end->panics[i];

		if (p->repanicked)
			list[num++].text = p->text;
		list[num].text = p->text;
		list[num].recovered = p->recovered;
		list[num++].repanicked = p->repanicked;
	}
	raisers_set(list, num, stack);
	scene->panics = list;
	scene->num_panics = num;
	return true;
}

/* The stack of the goroutine that ended it; NULL if it is not shown. */
static const struct iq_stack *end_stack(const struct iq_dump *d)
{
	const struct iq_process_fact *p = &d->facts->process;
	uint32_t at;

	if (!p->has_end_goroutine ||
	    !iq_dump_ids_find(&d->section.ids, p->end_goroutine, &at))
		return NULL;
	return d->facts->goroutines.data[at].stack;
}

struct iq_error *iq_dump_scene(struct iq_dump *d)
{
	const struct iq_dump_end *end = &d->section.end;
	const struct iq_process_fact *p = &d->facts->process;
	struct iq_scene *scene;

	if (end->kind != IQ_END_PANIC && end->kind != IQ_END_FATAL &&
	    end->kind != IQ_END_SIGNAL)
		return NULL;
	scene = iq_arena_calloc(&d->facts->arena, 1, sizeof(*scene));
	if (!scene || !panics_set(d->facts, end, end_stack(d), scene))
		return &iq_enomem;
	scene->has_signal_code = end->has_code;
	scene->signal_code = end->code;
	scene->signal_text = end->signal;
	scene->has_fault_addr = end->has_fault_addr;
	scene->fault_addr = end->fault_addr;
	scene->has_goroutine = p->has_end_goroutine;
	scene->goroutine = p->end_goroutine;
	d->facts->scene = scene;
	return NULL;
}
