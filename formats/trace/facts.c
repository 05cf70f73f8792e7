/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The merged trace as facts: sorted, in the facts' arena, and a goroutine fact
 * for each one that is alive when the trace ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "formats/trace/reason.h"
#include "formats/trace/whole.h"

/* A copy in the arena; *@nomem is set without memory. */
static void *copy(struct iq_trace_whole *whole, const void *data, size_t num,
		  size_t size)
{
	void *to = iq_arena_calloc(&whole->facts->arena, num ? num : 1, size);

	if (!to)
		whole->nomem = true;
	else if (num)
		memcpy(to, data, num * size);
	return to;
}

static void sort(void *data, size_t num, size_t size,
		 int (*compare)(const void *, const void *))
{
	if (data && num)
		qsort(data, num, size, compare);
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_i64(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

/* By content: no address may decide. */
static int compare_stacks(const struct iq_stack *a, const struct iq_stack *b)
{
	uint32_t na = a ? a->num_frames : 0, nb = b ? b->num_frames : 0;

	if (a == b)
		return 0;
	for (uint32_t i = 0; i < na && i < nb; i++) {
		const struct iq_frame *x = a->frames[i], *y = b->frames[i];
		int c = iq_str_compare(x->function, y->function);

		if (!c)
			c = iq_str_compare(x->file, y->file);
		if (!c)
			c = compare_u64(x->line, y->line);
		if (!c)
			c = compare_u64(x->pc, y->pc);
		if (c)
			return c;
	}
	return compare_u64(na, nb);
}

static int by_kind(const void *va, const void *vb)
{
	const struct iq_trace_kind *a = va, *b = vb;

	return strcmp(a->name, b->name);
}

static int by_reason(const void *va, const void *vb)
{
	const struct iq_trace_blocked *a = va, *b = vb;

	return iq_str_compare(a->reason, b->reason);
}

static int by_g_id(const void *va, const void *vb)
{
	const struct iq_trace_goroutine *a = va, *b = vb;

	return compare_u64(a->id, b->id);
}

static int by_site_time(const void *va, const void *vb)
{
	const struct iq_trace_site *a = va, *b = vb;
	int c = compare_i64(b->total_ns, a->total_ns);

	if (!c)
		c = iq_str_compare(a->reason, b->reason);
	return c ? c : compare_stacks(a->stack, b->stack);
}

static int by_wake_count(const void *va, const void *vb)
{
	const struct iq_trace_wake *a = va, *b = vb;
	int c = compare_u64(b->count, a->count);

	if (!c)
		c = iq_str_compare(a->waker, b->waker);
	if (!c)
		c = iq_str_compare(a->woken, b->woken);
	return c ? c : compare_stacks(a->stack, b->stack);
}

static int by_range_name(const void *va, const void *vb)
{
	const struct iq_trace_range *a = va, *b = vb;

	return iq_str_compare(a->name, b->name);
}

static int by_region_name(const void *va, const void *vb)
{
	const struct iq_trace_region *a = va, *b = vb;

	return iq_str_compare(a->name, b->name);
}

static int by_task_id(const void *va, const void *vb)
{
	const struct iq_trace_task *a = va, *b = vb;

	return compare_u64(a->id, b->id);
}

/* ---- pieces */

static void kinds_make(struct iq_trace_whole *whole, struct iq_trace *trace)
{
	struct iq_trace_kind kinds[IQ_EV_NUM];
	size_t num = 0;

	for (unsigned i = 0; i < IQ_EV_NUM; i++) {
		if (!whole->kinds[i])
			continue;
		kinds[num].name = iq_trace_events[i].name;
		kinds[num++].count = whole->kinds[i];
		trace->num_events += whole->kinds[i];
	}
	sort(kinds, num, sizeof(*kinds), by_kind);
	trace->kinds = copy(whole, kinds, num, sizeof(*kinds));
	trace->num_kinds = num;
}

/* The waits of all goroutines lie in one array. */
static bool blocked_make(struct iq_trace_whole *whole)
{
	struct iq_trace_blocked *to = iq_arena_calloc(
		&whole->facts->arena, whole->blocked.len + 1, sizeof(*to));

	if (!to)
		return false;
	for (size_t i = 0; i < whole->gs.len; i++) {
		struct iq_whole_g *g = &whole->gs.data[i];
		uint32_t n = 0;

		for (uint32_t at = g->blocked; at != IQ_NONE;
		     at = whole->blocked.data[at].next)
			to[n++] = whole->blocked.data[at].out;
		sort(to, n, sizeof(*to), by_reason);
		g->out.blocked = to;
		g->out.num_blocked = n;
		to += n;
	}
	iq_vec_deinit(&whole->blocked);
	return true;
}

static bool is_sorted(const struct iq_trace_goroutine *gs, size_t num)
{
	for (size_t i = 1; i < num; i++) {
		if (gs[i - 1].id > gs[i].id)
			return false;
	}
	return true;
}

/*
 * A busy program has millions of goroutines: what was kept of each to merge
 * generations goes, and what stays moves together and is the facts' own.
 */
static struct iq_error *goroutines_make(struct iq_trace_whole *whole,
					struct iq_trace *trace)
{
	size_t num = whole->gs.len;
	struct iq_trace_goroutine *to = (void *)whole->gs.data;

	if (!blocked_make(whole))
		return &iq_enomem;
	for (size_t i = 0; i < num; i++) {
		struct iq_trace_goroutine out = whole->gs.data[i].out;

		out.tracer = iq_trace_is_tracer(out.name);
		memcpy(&to[i], &out, sizeof(out));
	}
	whole->gs.data = NULL;
	whole->gs.len = whole->gs.cap = 0;
	if (!is_sorted(to, num))
		sort(to, num, sizeof(*to), by_g_id);
	trace->goroutines = to;
	trace->num_goroutines = num;
	return to ? iq_facts_own(whole->facts, free, to) : NULL;
}

/* Names as Go's reader has them. Go: src/internal/trace/event.go, Range. */
static struct iq_str range_name(struct iq_trace_whole *whole,
				const struct iq_whole_total *total)
{
	char name[IQ_TRACE_STRING_MAX + 32];
	int len;

	switch (total->kind) {
	case IQ_RANGE_MARK:
		return IQ_STR("GC concurrent mark phase");
	case IQ_RANGE_ASSIST:
		return IQ_STR("GC mark assist");
	case IQ_RANGE_SWEEP:
		return IQ_STR("GC incremental sweep");
	default:
		break;
	}
	memcpy(name, "stop-the-world (", 16);
	len = 16;
	memcpy(name + len, total->name.ptr, total->name.len);
	len += (int)total->name.len;
	name[len++] = ')';
	return iq_trace_whole_string(whole,
				     (struct iq_str){ name, (size_t)len });
}

static void totals_make(struct iq_trace_whole *whole, struct iq_trace *trace)
{
	size_t num = whole->totals.len;
	struct iq_trace_range *ranges =
		iq_arena_calloc(&whole->facts->arena, num + 1, sizeof(*ranges));
	struct iq_trace_region *regions = iq_arena_calloc(
		&whole->facts->arena, num + 1, sizeof(*regions));

	if (!ranges || !regions) {
		whole->nomem = true;
		return;
	}
	for (size_t i = 0; i < num; i++) {
		const struct iq_whole_total *from = &whole->totals.data[i];

		if (from->kind == IQ_RANGE_REGION)
			regions[trace->num_regions++] =
				(struct iq_trace_region){
					.name = from->name,
					.count = from->count,
					.total_ns = from->total,
				};
		else
			ranges[trace->num_ranges++] = (struct iq_trace_range){
				.name = range_name(whole, from),
				.count = from->count,
				.total_ns = from->total,
				.longest_ns = from->longest,
			};
	}
	sort(ranges, trace->num_ranges, sizeof(*ranges), by_range_name);
	sort(regions, trace->num_regions, sizeof(*regions), by_region_name);
	trace->ranges = ranges;
	trace->regions = regions;
}

static void tasks_make(struct iq_trace_whole *whole, struct iq_trace *trace)
{
	size_t num = whole->tasks.len;
	struct iq_trace_task *to =
		iq_arena_calloc(&whole->facts->arena, num + 1, sizeof(*to));

	if (!to) {
		whole->nomem = true;
		return;
	}
	for (size_t i = 0; i < num; i++)
		to[i] = whole->tasks.data[i].out;
	sort(to, num, sizeof(*to), by_task_id);
	trace->tasks = to;
	trace->num_tasks = num;
}

static void lists_make(struct iq_trace_whole *whole, struct iq_trace *trace)
{
	sort(whole->sites.data, whole->sites.len, sizeof(*whole->sites.data),
	     by_site_time);
	trace->sites = copy(whole, whole->sites.data, whole->sites.len,
			    sizeof(*whole->sites.data));
	trace->num_sites = whole->sites.len;
	sort(whole->wakes.data, whole->wakes.len, sizeof(*whole->wakes.data),
	     by_wake_count);
	trace->wakes = copy(whole, whole->wakes.data, whole->wakes.len,
			    sizeof(*whole->wakes.data));
	trace->num_wakes = whole->wakes.len;
	trace->gcs = copy(whole, whole->gcs.data, whole->gcs.len,
			  sizeof(*whole->gcs.data));
	trace->num_gcs = whole->gcs.len;
	trace->logs = copy(whole, whole->logs.data, whole->logs.len,
			   sizeof(*whole->logs.data));
	trace->num_logs = whole->logs.len;
	trace->has_of = whole->has_wanted;
	trace->of = whole->wanted;
	trace->spans = copy(whole, whole->spans.data, whole->spans.len,
			    sizeof(*whole->spans.data));
	trace->num_spans = whole->spans.len;
	if (whole->spans_full)
		iq_facts_gap(whole->facts, IQ_GAP_LIMIT,
			     "only the first %u pieces of the goroutine's life "
			     "are told",
			     IQ_LIMIT_TRACE_SPANS);
}

/* ---- clocks */

/* On Linux the clock is nanotime in units of 64 ns; elsewhere it may be a tick
 * counter. Go: src/runtime/trace_time_nanotime.go. */
#define NANOTIME_FREQUENCY 15625000
/* So far the two readings of one clock may be apart. */
#define SNAPSHOT_SLACK_NS 1000000000

static bool is_nanotime(const struct iq_trace_clock *clock)
{
	int64_t apart;

	if (!clock->has_frequency || clock->frequency != NANOTIME_FREQUENCY)
		return false;
	if (!clock->has_snapshot)
		return true;
	apart = iq_trace_time_sub(iq_trace_clock_ns(clock, clock->snap_units),
				  (int64_t)clock->snap_mono_ns);
	return apart > -SNAPSHOT_SLACK_NS && apart < SNAPSHOT_SLACK_NS;
}

static bool wall_ns(const struct iq_trace_clock *clock, int64_t *ret)
{
	if (!clock->has_snapshot ||
	    clock->snap_wall_s > INT64_MAX / 1000000000 - 1 ||
	    clock->snap_wall_ns >= 1000000000)
		return false;
	*ret = (int64_t)(clock->snap_wall_s * 1000000000 + clock->snap_wall_ns);
	return true;
}

static void clocks_make(const struct iq_trace_whole *whole,
			struct iq_trace *trace)
{
	const struct iq_trace_file *file = whole->file;
	struct iq_process_fact *process = &whole->facts->process;
	const struct iq_trace_clock *first, *last;
	int64_t wall;

	if (!whole->num_generations)
		return;
	first = &file->generations.data[0].clock;
	last = &file->generations.data[whole->num_generations - 1].clock;
	trace->is_nanotime = is_nanotime(first);
	trace->from_start = file->generations.data[0].number == 1;
	trace->has_wall = wall_ns(first, &trace->wall_ns);
	if (trace->has_wall)
		trace->wall_mono_ns =
			iq_trace_clock_ns(first, first->snap_units);
	if (trace->is_nanotime) {
		process->has_mono = true;
		process->mono_ns = whole->end;
	}
	if (wall_ns(last, &wall)) {
		process->has_time = true;
		process->time_ns = iq_trace_time_add(
			wall,
			iq_trace_time_sub(
				whole->end,
				iq_trace_clock_ns(last, last->snap_units)));
	}
}

/* ---- goroutine facts */

static struct iq_error *frame_of(struct iq_trace_whole *whole,
				 struct iq_str function,
				 const struct iq_frame **ret)
{
	struct iq_frame frame = { .function = function };

	return iq_facts_frame(whole->facts, &frame, ret);
}

static void wait_facts(const struct iq_trace_whole *whole,
		       const struct iq_whole_g *g,
		       struct iq_goroutine_fact *fact)
{
	const struct iq_trace_goroutine *out = &g->out;
	uint32_t minor = whole->file->header.minor;
	struct iq_str event = out->last_reason;

	if (g->status != IQ_G_WAITING)
		return;
	fact->has_wait_min = true;
	fact->wait_min_ns = iq_trace_time_sub(whole->end, out->last_change_ns);
	fact->wait_exact = !out->since_start;
	// A coroutine's block has no reason, and no stack.
	if (!event.len && !out->since_start &&
	    iq_str_equal(g->reason, (struct iq_str){ "", 0 }))
		fact->wait_reason = IQ_STR("coroutine");
	else
		fact->wait_reason = iq_trace_wait_reason(event, out->last_stack,
							 out->name, minor);
}

static void system_facts(const struct iq_whole_g *g,
			 struct iq_goroutine_fact *fact)
{
	struct iq_str reason = g->out.last_reason;
	bool waits = iq_str_equal(reason, IQ_STR("system goroutine wait")) ||
		     iq_str_equal(reason, IQ_STR("GC background sweeper wait"));

	fact->system = g->system || iq_trace_is_tracer(g->out.name) || waits ||
		       iq_trace_is_system(g->out.name);
	fact->has_system = fact->system || g->out.name.len;
}

static struct iq_error *goroutine_fact(struct iq_trace_whole *whole,
				       const struct iq_whole_g *g)
{
	const struct iq_trace_goroutine *out = &g->out;
	const struct iq_stack *creator = out->creator_stack;
	struct iq_goroutine_fact fact = {
		.has_id = true,
		.id = out->id,
		.count = 1,
		.status = out->last_state,
		.stack = out->last_stack,
		.entry = g->entry,
		.has_parent = out->has_creator,
		.parent = out->creator,
		.has_thread = g->has_thread,
		.thread = g->thread,
	};
	struct iq_error *err = NULL;

	if (creator && creator->num_frames)
		fact.created_by = creator->frames[0];
	// Of the main goroutine's stacks runtime.main is always cut.
	if (!fact.entry && out->name.len && out->id != 1)
		err = frame_of(whole, out->name, &fact.entry);
	if (err)
		return err;
	wait_facts(whole, g, &fact);
	system_facts(g, &fact);
	return iq_vec_push(&whole->facts->goroutines, fact) ? NULL : &iq_enomem;
}

static int by_number(const void *va, const void *vb)
{
	const uint64_t *a = va, *b = vb;

	return compare_u64(*a, *b);
}

/* The threads that wrote it. Go: src/runtime/trace.go, 1.22: an M is called by
 * m.procid, the kernel's id of its thread. */
static void threads_make(struct iq_trace_whole *whole)
{
	struct iq_process_fact *process = &whole->facts->process;
	size_t num = whole->threads.len;
	uint64_t *list;

	// Before, a thread is called by the runtime's own number.
	if (whole->file->header.minor < IQ_TRACE_V2)
		return;
	list = copy(whole, whole->threads.data, num, sizeof(*list));
	sort(list, num, sizeof(*list), by_number);
	process->threads = list;
	process->num_threads = num;
}

struct iq_error *iq_trace_whole_facts(struct iq_trace_whole *whole)
{
	struct iq_trace *trace =
		iq_arena_calloc(&whole->facts->arena, 1, sizeof(*trace));
	struct iq_error *err = NULL;

	if (!trace)
		return &iq_enomem;
	trace->version = whole->file->header.version;
	trace->start_ns = whole->start;
	trace->end_ns = whole->end;
	trace->num_generations = whole->num_generations;
	trace->num_threads = whole->threads.len;
	trace->num_procs = whole->num_ps;
	trace->num_samples = whole->num_samples;
	trace->wake_latency = whole->latency[IQ_WHY_WOKEN];
	trace->create_latency = whole->latency[IQ_WHY_CREATED];
	trace->preempt_latency = whole->latency[IQ_WHY_STOPPED];
	trace->network = whole->network;
	trace->syscall = whole->syscall;
	kinds_make(whole, trace);
	totals_make(whole, trace);
	tasks_make(whole, trace);
	lists_make(whole, trace);
	clocks_make(whole, trace);
	threads_make(whole);
	for (size_t i = 0; !err && i < whole->gs.len; i++) {
		const struct iq_whole_g *g = &whole->gs.data[i];

		if (g->status != IQ_G_GONE)
			err = goroutine_fact(whole, g);
	}
	if (!err)
		err = goroutines_make(whole, trace);
	if (err || whole->nomem)
		return err ? err : &iq_enomem;
	whole->facts->trace = trace;
	return NULL;
}
