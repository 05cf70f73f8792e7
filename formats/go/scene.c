/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/scene.h"

#include <stdlib.h>

#include "formats/go/backlog.h"
#include "formats/go/heap.h"
#include "formats/go/record.h"
#include "formats/go/stack_start.h"
#include "formats/go/unwind.h"

static void scene_deinit(struct iq_go_scene *s)
{
	iq_go_symbolizer_destroy(s->sym);
	free(s->frames);
	iq_vec_deinit(&s->panics);
	iq_vec_deinit(&s->defers);
	iq_vec_deinit(&s->objects);
	iq_vec_deinit(&s->holders);
}

struct iq_str iq_go_scene_function(const struct iq_go_scene_frame *frame)
{
	if (!frame->calls->num)
		return IQ_STR("");
	return frame->calls->frames[frame->calls->num - 1]->function;
}

static bool is_runtime(struct iq_str function)
{
	return iq_str_starts(function, IQ_STR("runtime.")) ||
	       iq_str_starts(function, IQ_STR("runtime/internal/")) ||
	       iq_str_starts(function, IQ_STR("internal/"));
}

/* A file of the program's own where the paths were trimmed: its first element
 * is a module's, which has a dot or is the main one's. */
static bool is_trimmed_std(const struct iq_go_scene *s,
			   const struct iq_frame *frame)
{
	struct iq_str module = s->rt->facts->process.module;
	struct iq_str root =
		iq_str_sub(frame->file, 0, iq_str_find(frame->file, '/'));

	if (root.len == frame->file.len || !root.len)
		return false;
	return iq_str_find(root, '.') == root.len &&
	       !(module.len && iq_str_starts(frame->file, module));
}

bool iq_go_scene_is_program(const struct iq_go_scene *s,
			    const struct iq_frame *frame)
{
	if (iq_str_starts(frame->function, IQ_STR("main.")))
		return true;
	if (!frame->function.len || is_runtime(frame->function))
		return false;
	if (s->goroot.len)
		return !iq_str_starts(frame->file, s->goroot);
	return !is_trimmed_std(s, frame);
}

const struct iq_frame *iq_go_scene_program_call(const struct iq_go_scene *s,
						size_t from)
{
	for (size_t i = from; i < s->num_frames; i++) {
		const struct iq_go_frames *calls = s->frames[i].calls;

		for (uint32_t k = 0; k < calls->num; k++) {
			if (iq_go_scene_is_program(s, calls->frames[k]))
				return calls->frames[k];
		}
	}
	return NULL;
}

size_t iq_go_scene_frame_of(const struct iq_go_scene *s, uint64_t addr)
{
	for (size_t i = 0; i < s->num_frames; i++) {
		if (addr >= s->frames[i].sp && addr < s->frames[i].fp)
			return i;
	}
	return s->num_frames;
}

/* What the paths of the runtime's files begin with. */
static void goroot_find(struct iq_go_scene *s)
{
	for (size_t i = 0; i < s->num_frames && !s->goroot.len; i++) {
		const struct iq_go_frames *calls = s->frames[i].calls;
		struct iq_str file;
		size_t at;

		if (!calls->num || !iq_str_starts(calls->frames[0]->function,
						  IQ_STR("runtime.")))
			continue;
		file = calls->frames[0]->file;
		at = iq_str_search(file, IQ_STR("/src/runtime/"));
		if (at < file.len)
			s->goroot = iq_str_sub(file, 0, at + 5);
	}
}

struct reading {
	struct iq_go_pc_cache cache;
	struct iq_go_unwound unwound;
};

static void reading_deinit(struct reading *r)
{
	iq_go_pc_cache_deinit(&r->cache);
	iq_go_unwound_deinit(&r->unwound);
}

static struct iq_error *frames_name(struct iq_go_scene *s,
				    const struct iq_go_unwound *u)
{
	size_t num = u->fps.len < IQ_GO_SCENE_FRAMES ? u->fps.len :
						       IQ_GO_SCENE_FRAMES;
	uint64_t fixed = s->rt->core->cpu ? s->rt->core->cpu->fixed_frame : 0;
	bool exact = u->exact;

	s->frames = calloc(num, sizeof(*s->frames));
	if (!s->frames)
		return &iq_enomem;
	for (size_t i = 0; i < num; i++) {
		struct iq_go_scene_frame *f = &s->frames[i];
		struct iq_error *err;

		f->pc = u->pcs.data[i];
		f->sp = i ? u->fps.data[i - 1] : u->sp;
		f->fp = u->fps.data[i];
		f->args = f->fp + fixed;
		err = iq_go_symbolize(s->sym, f->pc, exact, &f->calls);
		if (err)
			return err;
		exact = f->calls->injected;
		s->num_frames = i + 1;
	}
	return NULL;
}

static struct iq_error *frames_read(struct iq_go_scene *s)
{
	iq_cleanup(reading_deinit) struct reading r = { 0 };
	struct iq_go_unwind_start start;
	struct iq_error *err;

	if (!s->fact || !s->fact->stack ||
	    iq_go_stack_start(s->rt, s->g, &start) != IQ_GO_START_FOUND)
		return NULL;
	err = iq_go_pc_cache_init(&r.cache, s->rt);
	if (err)
		return err;
	r.unwound.has_fps = true;
	err = iq_go_unwind(&r.cache, &start, &r.unwound);
	if (!err && r.unwound.fps.len)
		err = frames_name(s, &r.unwound);
	return err;
}

/* The goroutine of facts->process.end_goroutine. */
static void goroutine_find(struct iq_go_scene *s)
{
	const struct iq_process_fact *p = &s->rt->facts->process;
	struct iq_go_runtime *rt = s->rt;

	if (!p->has_end_goroutine)
		return;
	for (size_t i = 0; i < rt->num_gs; i++) {
		if (rt->gs[i].goid != p->end_goroutine)
			continue;
		s->g = &rt->gs[i];
		s->fact = &rt->facts->goroutines.data[s->first + i];
		return;
	}
}

static void who_fill(struct iq_go_scene *s)
{
	const struct iq_go_m *m = s->crash.m;
	struct iq_scene *scene = s->scene;

	if (s->g) {
		scene->has_goroutine = true;
		scene->goroutine = s->g->goid;
	}
	if (m) {
		scene->has_m = true;
		scene->m = m->id;
		scene->has_thread = m->procid != 0;
		scene->thread = m->procid;
	} else if (s->rt->core->num_threads) {
		// The kernel writes the one that died first.
		scene->has_thread = true;
		scene->thread = s->rt->core->threads[0].tid;
	}
}

/* All are asleep: the runtime shows main, which the process lives by. */
static void site_of_main(struct iq_go_scene *s)
{
	const struct iq_stack *stack = NULL;

	for (size_t i = 0; i < s->rt->num_gs && !stack; i++) {
		if (s->rt->gs[i].goid == 1)
			stack = s->rt->facts->goroutines.data[s->first + i]
					.stack;
	}
	for (uint32_t i = 0; stack && i < stack->num_frames; i++) {
		if (!iq_go_scene_is_program(s, stack->frames[i]))
			continue;
		s->scene->site = stack->frames[i];
		s->scene->has_goroutine = true;
		s->scene->goroutine = 1;
		return;
	}
}

static void site_fill(struct iq_go_scene *s)
{
	struct iq_scene *scene = s->scene;
	size_t from = iq_go_panics_frame(s);

	if (scene->cause == IQ_CAUSE_ALL_ASLEEP && !s->num_frames) {
		site_of_main(s);
		return;
	}
	if (!s->num_frames)
		return;
	scene->site =
		iq_go_scene_program_call(s, from == s->num_frames ? 0 : from);
	for (size_t i = 0; i < s->num_frames && !scene->innermost; i++) {
		if (s->frames[i].calls->num)
			scene->innermost = s->frames[i].calls->frames[0];
	}
}

static struct iq_error *last_words(struct iq_go_scene *s)
{
	struct iq_core const *core = s->rt->core;
	const char *name = NULL;

	if (core->has_signal)
		name = iq_core_signal_name(core->signal);
	if (name)
		s->scene->last_signal = iq_str_of(name);
	return iq_go_backlog_text(s->rt, &s->scene->last_words);
}

/* An array of the facts' that is a copy of @data; NULL without memory. */
static const void *keep(struct iq_facts *facts, const void *data, size_t num,
			size_t size)
{
	void *copy = iq_arena_calloc(&facts->arena, num, size);

	if (copy && num)
		memcpy(copy, data, num * size);
	return copy;
}

static struct iq_error *hand_over(struct iq_go_scene *s)
{
	struct iq_facts *facts = s->rt->facts;
	struct iq_scene *scene = s->scene;

	scene->num_panics = s->panics.len;
	scene->panics = keep(facts, s->panics.data, s->panics.len,
			     sizeof(*s->panics.data));
	scene->num_defers = s->defers.len;
	scene->defers = keep(facts, s->defers.data, s->defers.len,
			     sizeof(*s->defers.data));
	scene->num_objects = s->objects.len;
	scene->objects = keep(facts, s->objects.data, s->objects.len,
			      sizeof(*s->objects.data));
	if (!scene->panics || !scene->defers || !scene->objects)
		return &iq_enomem;
	facts->scene = scene;
	return NULL;
}

static bool is_crash(const struct iq_process_fact *p)
{
	return p->end == IQ_END_PANIC || p->end == IQ_END_FATAL ||
	       p->end == IQ_END_SIGNAL;
}

struct iq_error *iq_go_scene_read(struct iq_go_runtime *rt, size_t first)
{
	iq_cleanup(scene_deinit) struct iq_go_scene s = {
		.rt = rt,
		.first = first,
	};
	struct iq_error *err;

	if (!is_crash(&rt->facts->process))
		return NULL;
	s.scene = iq_arena_calloc(&rt->facts->arena, 1, sizeof(*s.scene));
	if (!s.scene)
		return &iq_enomem;
	iq_go_crash_find(rt, &s.crash);
	goroutine_find(&s);
	s.mheap_addr = iq_go_heap_find(rt);
	who_fill(&s);
	err = iq_go_symbolizer_create(rt, &s.sym);
	if (!err)
		err = frames_read(&s);
	goroot_find(&s);
	if (!err)
		err = iq_go_panics_read(&s);
	s.scene->cause = iq_go_scene_cause(&s);
	site_fill(&s);
	if (!err)
		err = iq_go_scene_signal(&s);
	if (!err)
		err = iq_go_scene_registers(&s);
	if (!err)
		err = iq_go_defers_read(&s);
	if (!err)
		err = last_words(&s);
	if (!err)
		err = iq_go_objects_read(&s);
	return err ? err : hand_over(&s);
}
