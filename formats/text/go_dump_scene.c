/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "base/out.h"
#include "formats/text/go_dump.h"
#include "model/function.h"
#include "model/scene.h"

static bool is_panic(const struct iq_frame *frame)
{
	return iq_str_equal(frame->function, IQ_STR("panic"));
}

static bool is_runtime(const struct iq_frame *frame)
{
	return iq_str_starts(frame->function, IQ_STR("runtime."));
}

/*
 * Without the runtime's own frames the call of panic that printed it all is not
 * shown, as the first of the stack. Go: src/runtime/traceback.go, showframe.
 */
static bool lacks_newest(const struct iq_stack *stack)
{
	return !is_panic(stack->frames[0]) && !is_runtime(stack->frames[0]);
}

static size_t count_panics(const struct iq_stack *stack)
{
	size_t num;

	if (!stack || !stack->num_frames)
		return 0;
	num = lacks_newest(stack);
	for (uint32_t i = 0; i < stack->num_frames; i++)
		num += is_panic(stack->frames[i]);
	return num;
}

/* The first frame from @at on that is none of what the runtime puts between. */
static const struct iq_frame *raiser(const struct iq_stack *stack, uint32_t at)
{
	while (at < stack->num_frames && is_runtime(stack->frames[at]))
		at++;
	return at < stack->num_frames ? stack->frames[at] : NULL;
}

/* Who called each panic: below its frame. As many frames of panics are there
 * as panics, or the text was cut. */
static void raisers_set(struct iq_scene_panic *panics, size_t num,
			const struct iq_stack *stack)
{
	size_t n = 0;

	if (!stack || !stack->num_frames || !num)
		return;
	if (lacks_newest(stack))
		panics[n++].raised_at = raiser(stack, 0);
	for (uint32_t i = 0; i < stack->num_frames && n < num; i++) {
		if (is_panic(stack->frames[i]))
			panics[n++].raised_at = raiser(stack, i + 1);
	}
}

/* The line that stands for the @excess panics of which none is printed: the
 * one that is marked so, or the only one, else unknown. */
static size_t find_collapsed(const struct iq_dump_end *end, size_t excess)
{
	size_t found = end->num_panics, num = 0;

	if (!excess)
		return found;
	for (size_t i = 0; i < end->num_panics; i++) {
		if (end->panics[i].repanicked) {
			found = i;
			num++;
		}
	}
	if (end->num_panics == 1)
		return 0;
	return num == 1 ? found : end->num_panics;
}

/* Appends the panics of one line: each but the last raised it again. */
static size_t line_add(struct iq_scene_panic *list, size_t num,
		       const struct iq_dump_panic *p, size_t again)
{
	for (size_t i = 0; i <= again; i++) {
		list[num].text = p->text;
		// Raised again while it still ran, it was not recovered.
		list[num].recovered = p->recovered && i > 0;
		list[num].repanicked = p->repanicked && i > 0;
		num++;
	}
	if (!again)
		list[num - 1].recovered = p->recovered;
	return num;
}

/*
 * Newest first, as everywhere. A value that is raised again as it was is
 * printed once since Go 1.26, and is two panics or more: the stack has a call
 * of each. Go: src/runtime/panic.go, preprintpanics, printpanics.
 */
static bool panics_set(struct iq_facts *facts, const struct iq_dump_end *end,
		       const struct iq_stack *stack, struct iq_scene *scene)
{
	size_t frames = end->num_panics ? count_panics(stack) : 0;
	size_t num = 0, printed = end->num_panics, collapsed, excess;
	struct iq_scene_panic *list;

	for (size_t i = 0; i < end->num_panics; i++)
		printed += end->panics[i].repanicked;
	excess = frames > printed ? frames - printed : 0;
	list = iq_arena_calloc(&facts->arena, printed + excess + 1,
			       sizeof(*list));
	if (!list)
		return false;
	collapsed = find_collapsed(end, excess);
	for (size_t i = end->num_panics; i-- > 0;) {
		const struct iq_dump_panic *p = &end->panics[i];
		size_t again = p->repanicked;

		if (i == collapsed)
			again += excess;
		num = line_add(list, num, p, again);
	}
	// Which frame is whose is known where every line has its own.
	if (!excess || collapsed < end->num_panics)
		raisers_set(list, num, stack);
	scene->panics = list;
	scene->num_panics = num;
	return true;
}

/* The first frame of the program's own, as "main.f main.go:12". */
static struct iq_error *site_text(struct iq_facts *facts,
				  const struct iq_stack *stack,
				  struct iq_str *ret)
{
	for (uint32_t i = 0; stack && i < stack->num_frames; i++) {
		const struct iq_frame *f = stack->frames[i];
		struct iq_str function = f->function;
		struct iq_error *err;
		struct iq_out out;

		if (!function.len || f->wrapper || is_panic(f) ||
		    iq_package_is_std(iq_function_package(function)))
			continue;
		iq_out_init_memory(&out);
		iq_out_printf(&out, "%.*s %.*s:%u", IQ_STR_ARG(function),
			      IQ_STR_ARG(iq_str_basename(f->file)), f->line);
		err = iq_out_flush(&out);
		if (!err)
			err = iq_facts_string(
				facts, (struct iq_str){ out.buf, out.len },
				ret);
		iq_out_deinit(&out);
		return err;
	}
	return NULL;
}

static struct iq_error *goroutine_text(struct iq_facts *facts, uint64_t id,
				       struct iq_str *ret)
{
	char buf[24];
	int len = snprintf(buf, sizeof(buf), "%" PRIu64, id);

	return iq_facts_string(facts, (struct iq_str){ buf, (size_t)len }, ret);
}

/* A crash beside the one that is judged: who, what it said, where. */
static struct iq_error *mention_add(struct iq_facts *facts,
				    const struct iq_dump_mention *m,
				    struct iq_str what,
				    struct iq_scene_object *object)
{
	struct iq_scene_value *values =
		iq_arena_calloc(&facts->arena, 3, sizeof(*values));
	struct iq_str site = IQ_STR(""), id = IQ_STR("");
	struct iq_error *err = NULL;
	size_t num = 0;

	if (!values)
		return &iq_enomem;
	if (m->has_goroutine)
		err = goroutine_text(facts, m->goroutine, &id);
	if (!err)
		err = site_text(facts, m->stack, &site);
	if (id.len)
		values[num++] =
			(struct iq_scene_value){ .name = IQ_STR("goroutine"),
						 .text = id };
	values[num++] = (struct iq_scene_value){
		.name = IQ_STR("message"),
		.text = m->end.num_panics ? m->end.panics[0].text : m->end.text
	};
	if (site.len)
		values[num++] = (struct iq_scene_value){ .name = IQ_STR("at"),
							 .text = site };
	*object = (struct iq_scene_object){ .what = what,
					    .values = values,
					    .num_values = num };
	return err;
}

static struct iq_str other_name(const struct iq_dump_mention *m)
{
	if (!m->listed)
		return m->end.kind == IQ_END_FATAL ?
			       IQ_STR("another fatal error printed next") :
			       IQ_STR("another panic printed next");
	return m->end.kind == IQ_END_FATAL ?
		       IQ_STR("another fatal error at the same time") :
		       IQ_STR("another panic at the same time");
}

/* The other thread that failed, and the crash of the section before. */
static struct iq_error *mentions_set(struct iq_dump *d, struct iq_scene *scene)
{
	const struct iq_dump_mention *other = &d->section.other;
	struct iq_scene_object *list =
		iq_arena_calloc(&d->facts->arena, 2, sizeof(*list));
	struct iq_error *err = NULL;

	if (!list)
		return &iq_enomem;
	if (other->there)
		err = mention_add(d->facts, other, other_name(other),
				  &list[scene->num_objects++]);
	if (!err && d->earlier.there)
		err = mention_add(d->facts, &d->earlier,
				  IQ_STR("an earlier crash in the same file"),
				  &list[scene->num_objects++]);
	scene->objects = list;
	return err;
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
	scene->last_words = end->words;
	scene->has_fault_addr = end->has_fault_addr;
	scene->fault_addr = end->fault_addr;
	scene->has_goroutine = p->has_end_goroutine;
	scene->goroutine = p->end_goroutine;
	d->facts->scene = scene;
	return mentions_set(d, scene);
}
