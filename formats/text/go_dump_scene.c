/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/text/go_dump.h"
#include "model/scene.h"

/*
 * Newest first, as everywhere. A value that is raised again as it was is
 * printed once, and is two panics. Go: src/runtime/panic.go, printpanics.
 */
static bool panics_set(struct iq_facts *facts, const struct iq_dump_end *end,
		       struct iq_scene *scene)
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
	scene->panics = list;
	scene->num_panics = num;
	return true;
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
	if (!scene || !panics_set(d->facts, end, scene))
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
