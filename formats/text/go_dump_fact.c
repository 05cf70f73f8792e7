/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one goroutine of a dump says, as a fact.
 */
#include "formats/text/go_dump.h"

/* Minutes that a header's number may be too large by: see wait_bound(). */
#define MINUTES_SLACK 3
#define NS_PER_MINUTE 60000000000

/* Releases up to 1.20 stop after 100 frames, hidden ones counted and inlined
 * ones not, and with some such do not say so (profiles.md 4, measured). */
#define OLD_FRAMES_MIN 90
#define OLD_FRAMES_MAX 100

/* Objects of a wait that the reason alone tells. */
static void wait_set(struct iq_goroutine_fact *g)
{
	// clang-format off
	static const struct {
		struct iq_str reason;
		struct iq_wait wait;
	} rows[] = {
		{ { "chan receive (nil chan)", 23 },
		  { .kind = IQ_WAIT_NIL_CHAN, .op = IQ_OP_RECEIVE } },
		{ { "chan send (nil chan)", 20 },
		  { .kind = IQ_WAIT_NIL_CHAN, .op = IQ_OP_SEND } },
		{ { "select (no cases)", 17 },
		  { .kind = IQ_WAIT_SELECT } },
	};
	// clang-format on

	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++) {
		if (iq_str_equal(g->wait_reason, rows[i].reason)) {
			g->waits = &rows[i].wait;
			g->num_waits = 1;
		}
	}
}

/*
 * "N minutes" is the floor of the time since g.waitsince, which a GC sets to
 * the mark termination of the GC before it. The goroutine parked before the
 * later one's scan at the latest, and sysmon forces a GC two minutes after the
 * last (Go: src/runtime/proc.go, forcegcperiod), so N minutes less two, less
 * what the mark itself takes: one more. Not so in a process that was told not
 * to collect at all (GOGC=off), which a text does not show.
 */
static void wait_bound(struct iq_goroutine_fact *g)
{
	if (g->minutes <= MINUTES_SLACK ||
	    g->minutes > INT64_MAX / NS_PER_MINUTE)
		return;
	g->has_wait_min = true;
	g->wait_min_ns = (int64_t)(g->minutes - MINUTES_SLACK) * NS_PER_MINUTE;
}

static bool is_runtime(struct iq_str function)
{
	return iq_str_starts(function, IQ_STR("runtime."));
}

/* The goroutine runs finalizers or cleanups, which are the program's. */
static bool is_borrowed(const struct iq_dump_stack *s)
{
	for (size_t i = 0; i < s->frames.len; i++) {
		struct iq_str f = s->frames.data[i].function;

		if (!is_runtime(f) &&
		    !iq_str_starts(f, IQ_STR("internal/runtime/")) &&
		    !iq_str_starts(f, IQ_STR("runtime/internal/")))
			return true;
	}
	return s->frames.len == 0;
}

/*
 * Go 1.26: src/runtime/traceback.go, isSystemGoroutine: by the function it
 * starts with, which only a text with runtime.goexit shows; else by the
 * creator, which is the runtime's for its own alone.
 */
static bool is_system(const struct iq_dump_stack *s,
		      const struct iq_frame *entry)
{
	struct iq_str f = entry ? entry->function : s->creator.function;

	if (!entry && !s->has_creator)
		return false;
	if (iq_str_equal(f, IQ_STR("runtime.main")) ||
	    iq_str_equal(f, IQ_STR("runtime.corostart")) ||
	    iq_str_equal(f, IQ_STR("runtime.handleAsyncEvent")))
		return false;
	if (iq_str_equal(f, IQ_STR("runtime.runfinq")) ||
	    iq_str_equal(f, IQ_STR("runtime.runFinalizers")) ||
	    iq_str_equal(f, IQ_STR("runtime.runCleanups")) ||
	    iq_str_equal(f, IQ_STR("runtime.createfing")) ||
	    iq_str_equal(f, IQ_STR("runtime.(*cleanupQueue).createGs")))
		return !is_borrowed(s);
	return is_runtime(f);
}

/* Goroutine 1 runs the program's main. */
static bool is_system_known(const struct iq_dump_stack *s,
			    const struct iq_frame *entry)
{
	return s->header.id == 1 ||
	       (s->frames.len && (entry || s->has_creator));
}

/* The frame under runtime.goexit, with which the goroutine started. */
static const struct iq_frame *entry_find(const struct iq_dump_stack *s)
{
	size_t num = s->frames.len;

	if (num < 2 || !iq_str_equal(s->frames.data[num - 1].function,
				     IQ_STR("runtime.goexit")))
		return NULL;
	return &s->frames.data[num - 2];
}

/* Frames that are no inlined calls: what the runtime's limit counts. */
static size_t physical_count(const struct iq_dump_stack *s)
{
	size_t num = 0;

	for (size_t i = 0; i < s->frames.len; i++)
		num += !s->frames.data[i].inlined;
	return num;
}

/* All frames to the bottom, as far as this kind of text shows them. */
static bool is_complete(const struct iq_dump_stack *s, bool cut)
{
	const struct iq_frame *last;
	size_t num;

	if (s->frames.len == 0 || s->damage)
		return false;
	last = &s->frames.data[s->frames.len - 1];
	if (s->elided && s->elided_at == s->frames.len - 1)
		return false;
	if (iq_str_equal(last->function, IQ_STR("runtime.goexit")) ||
	    iq_str_equal(last->function, IQ_STR("main.main")))
		return true;
	if (!s->has_creator)
		return !cut;
	num = physical_count(s);
	return s->has_parent || num < OLD_FRAMES_MIN || num > OLD_FRAMES_MAX;
}

static struct iq_error *stack_set(struct iq_dump *d,
				  struct iq_goroutine_fact *g, bool complete)
{
	const struct iq_dump_stack *s = &d->stack;
	const struct iq_stack stack = {
		.num_frames = (uint32_t)s->frames.len,
		.complete = complete,
		.elided = s->elided,
		.elided_at = s->elided_at,
		.num_elided = s->num_elided,
	};

	return s->frames.len ? iq_facts_stack_of(d->facts, s->frames.data,
						 &stack, &g->stack) :
			       NULL;
}

/* Where it started: the function, but not the line at which it stands now. */
static struct iq_error *entry_set(struct iq_dump *d,
				  const struct iq_frame *frame,
				  struct iq_goroutine_fact *g)
{
	const struct iq_frame entry = {
		.function = frame->function,
		.file = frame->file,
		.wrapper = frame->wrapper,
		.entry = frame->entry,
	};

	return iq_facts_frame(d->facts, &entry, &g->entry);
}

struct iq_error *iq_dump_fact_make(struct iq_dump *d, bool cut,
				   struct iq_goroutine_fact *ret)
{
	const struct iq_dump_stack *s = &d->stack;
	const struct iq_frame *entry = entry_find(s);
	struct iq_goroutine_fact g = {
		.has_id = true,
		.id = s->header.id,
		.count = 1,
		.status = s->header.status,
		.wait_reason = s->header.wait_reason,
		.leaked = s->header.leaked,
		.has_system = is_system_known(s, entry),
		.system = is_system(s, entry),
		.locked = s->header.locked,
		.has_parent = s->has_parent,
		.parent = s->parent,
		.labels = s->labels,
		.has_m = s->header.has_m,
		.m = s->header.m,
		.place = s->offset,
		.has_g = s->header.has_g,
		.g_addr = s->header.g_addr,
		.minutes = s->header.minutes,
	};
	struct iq_error *err = stack_set(d, &g, is_complete(s, cut));

	if (!err && s->has_creator)
		err = iq_facts_frame(d->facts, &s->creator, &g.created_by);
	if (!err && entry)
		err = entry_set(d, entry, &g);
	wait_set(&g);
	wait_bound(&g);
	*ret = g;
	return err;
}
