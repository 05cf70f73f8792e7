/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges of the runtime and what the program itself traced, over the borders of
 * generations.
 */
#include "formats/trace/whole.h"

#define MARK_TERMINATION IQ_STR("GC mark termination")

/* ---- the mark phase */

static struct iq_trace_gc *gc_open(struct iq_trace_whole *whole)
{
	size_t n = whole->gcs.len;
	struct iq_trace_gc *gc = n ? &whole->gcs.data[n - 1] : NULL;

	return gc && !gc->has_end ? gc : NULL;
}

static bool gc_begin(struct iq_trace_whole *whole, int64_t time, bool known)
{
	struct iq_trace_gc gc = {
		.has_begin = known,
		.begin_ns = known ? time : whole->start,
	};

	if (gc_open(whole))
		return true;
	return iq_vec_push(&whole->gcs, gc);
}

static bool gc_end(struct iq_trace_whole *whole, int64_t time)
{
	struct iq_trace_gc *gc = gc_open(whole);
	int64_t ns;

	if (!gc)
		return true;
	gc->has_end = true;
	gc->end_ns = time;
	if (whole->stop_open) {
		whole->stop_gc = (uint32_t)whole->gcs.len - 1;
		gc->termination_begin_ns = whole->stop_begin;
	}
	ns = iq_trace_time_sub(time, gc->begin_ns);
	return iq_trace_whole_total(whole, IQ_RANGE_MARK, IQ_STR(""), 1, ns,
				    ns);
}

static void stop_end(struct iq_trace_whole *whole, int64_t time)
{
	whole->stop_open = false;
	if (whole->stop_gc == IQ_NONE)
		return;
	whole->gcs.data[whole->stop_gc].has_termination = true;
	whole->gcs.data[whole->stop_gc].termination_end_ns = time;
	whole->stop_gc = IQ_NONE;
}

static bool gc_join(struct iq_trace_whole *whole, const struct iq_run_gc *gc)
{
	switch (gc->kind) {
	case IQ_GC_ACTIVE:
		return gc_begin(whole, gc->time, false);
	case IQ_GC_BEGIN:
		return gc_begin(whole, gc->time, true);
	case IQ_GC_END:
		return gc_end(whole, gc->time);
	case IQ_GC_STOP_BEGIN:
		whole->stop_open = true;
		whole->stop_begin = gc->time;
		whole->stop_gc = IQ_NONE;
		return true;
	default:
		stop_end(whole, gc->time);
		return true;
	}
}

/* A stop of the world that began in an earlier generation ends at @stop. */
static bool gcs_join(struct iq_trace_whole *whole,
		     const struct iq_trace_run *run, const int64_t *stop)
{
	for (size_t i = 0; i < run->gcs.len; i++) {
		const struct iq_run_gc *gc = &run->gcs.data[i];

		if (stop && *stop < gc->time) {
			stop_end(whole, *stop);
			stop = NULL;
		}
		if (!gc_join(whole, gc))
			return false;
	}
	if (stop)
		stop_end(whole, *stop);
	if (run->gc_state != IQ_GC_UNKNOWN) {
		whole->gc_state = run->gc_state;
		whole->gc_seq = run->gc_seq;
	}
	return true;
}

/* ---- ranges of goroutines and processors */

static bool range_add(struct iq_trace_whole *whole, uint32_t *ranges,
		      const struct iq_run_range *from)
{
	struct iq_whole_range range = {
		.kind = from->kind,
		.next = *ranges,
		.begin = from->begin,
		.what = iq_trace_whole_string(whole, from->what),
	};
	uint32_t at = whole->free_range;

	if (at != IQ_NONE) {
		whole->free_range = whole->ranges.data[at].next;
		whole->ranges.data[at] = range;
	} else {
		if (!iq_vec_push(&whole->ranges, range))
			return false;
		at = (uint32_t)whole->ranges.len - 1;
	}
	*ranges = at;
	return true;
}

static void range_free(struct iq_trace_whole *whole, uint32_t *link)
{
	uint32_t at = *link;

	*link = whole->ranges.data[at].next;
	whole->ranges.data[at].next = whole->free_range;
	whole->free_range = at;
}

/* An exact run knows all that is open; another one what it began. */
static bool ranges_join(struct iq_trace_whole *whole,
			const struct iq_trace_run *run, uint32_t from,
			uint32_t *ranges)
{
	while (run->mode == IQ_RUN_EXACT && *ranges != IQ_NONE)
		range_free(whole, ranges);
	for (uint32_t at = from; at != IQ_NONE;
	     at = run->ranges.data[at].next) {
		const struct iq_run_range *range = &run->ranges.data[at];

		if (!range->carried && !range_add(whole, ranges, range))
			return false;
	}
	return true;
}

/* The end of what an earlier generation began; sets @stop if that is a stop of
 * the world for mark termination. */
static bool range_end(struct iq_trace_whole *whole,
		      const struct iq_run_range_end *end, uint32_t *ranges,
		      const int64_t **stop)
{
	for (uint32_t *link = ranges; *link != IQ_NONE;
	     link = &whole->ranges.data[*link].next) {
		struct iq_whole_range *range = &whole->ranges.data[*link];
		int64_t ns = iq_trace_time_sub(end->time, range->begin);
		struct iq_str what = range->what;

		if (range->kind != end->kind)
			continue;
		if (end->kind == IQ_RANGE_STW &&
		    iq_str_equal(what, MARK_TERMINATION))
			*stop = &end->time;
		range_free(whole, link);
		return iq_trace_whole_total(whole, end->kind, what, 1, ns, ns);
	}
	return true;
}

static uint32_t *ranges_of_p(struct iq_trace_whole *whole,
			     const struct iq_trace_run *run, uint32_t p)
{
	uint32_t index = iq_trace_ids_get(&whole->p_ids, run->ps.data[p].id);

	return index == IQ_NONE ? NULL : &whole->ps.data[index].ranges;
}

static uint32_t *ranges_of_g(struct iq_trace_whole *whole, uint32_t g)
{
	return &whole->gs.data[whole->run_gs.data[g]].ranges;
}

bool iq_trace_merge_ranges(struct iq_trace_whole *whole,
			   const struct iq_trace_run *run)
{
	const int64_t *stop = NULL;

	for (size_t i = 0; i < run->range_ends.len; i++) {
		const struct iq_run_range_end *end = &run->range_ends.data[i];
		uint32_t *ranges = end->kind == IQ_RANGE_SWEEP ?
					   ranges_of_p(whole, run, end->owner) :
					   ranges_of_g(whole, end->owner);

		if (ranges && !range_end(whole, end, ranges, &stop))
			return false;
	}
	for (size_t i = 0; i < run->gs.len; i++) {
		if (!ranges_join(whole, run, run->gs.data[i].ranges,
				 ranges_of_g(whole, (uint32_t)i)))
			return false;
	}
	for (size_t i = 0; i < run->ps.len; i++) {
		uint32_t *ranges = ranges_of_p(whole, run, (uint32_t)i);

		if (ranges &&
		    !ranges_join(whole, run, run->ps.data[i].ranges, ranges))
			return false;
	}
	for (size_t i = 0; i < run->totals.len; i++) {
		const struct iq_run_total *total = &run->totals.data[i];

		if (!iq_trace_whole_total(whole, total->kind, total->name,
					  total->count, total->total,
					  total->longest))
			return false;
	}
	return gcs_join(whole, run, stop);
}

/* ---- regions */

static bool region_total(struct iq_trace_whole *whole, struct iq_str name,
			 int64_t begin, int64_t end)
{
	int64_t ns = iq_trace_time_sub(end, begin);

	return iq_trace_whole_total(whole, IQ_RANGE_REGION, name, 1, ns, ns);
}

static void region_pop(struct iq_trace_whole *whole, struct iq_whole_g *g)
{
	uint32_t at = g->regions;

	g->regions = whole->regions.data[at].next;
	whole->regions.data[at].next = whole->free_region;
	whole->free_region = at;
}

static bool region_push(struct iq_trace_whole *whole, struct iq_whole_g *g,
			const struct iq_run_region *from)
{
	struct iq_whole_region region = {
		.task = from->task,
		.next = g->regions,
		.name = iq_trace_whole_string(whole, from->name),
		.begin = from->begin,
	};
	uint32_t at = whole->free_region;

	if (at != IQ_NONE) {
		whole->free_region = whole->regions.data[at].next;
		whole->regions.data[at] = region;
	} else {
		if (!iq_vec_push(&whole->regions, region))
			return false;
		at = (uint32_t)whole->regions.len - 1;
	}
	g->regions = at;
	return true;
}

/* An end that the run has no begin for. */
static bool region_end(struct iq_trace_whole *whole, struct iq_trace_run *run,
		       const struct iq_run_region_end *end)
{
	struct iq_whole_g *g = &whole->gs.data[whole->run_gs.data[end->g]];
	const struct iq_whole_region *open;

	if (g->regions == IQ_NONE)
		return region_total(whole, end->name, whole->start, end->time);
	open = &whole->regions.data[g->regions];
	if (open->task != end->task || !iq_str_equal(open->name, end->name)) {
		iq_trace_fault(&run->tables, IQ_FAULT_REGION,
			       "a region ends that is not the innermost one",
			       end->offset, end->task);
		return true;
	}
	if (!region_total(whole, open->name, open->begin, end->time))
		return false;
	region_pop(whole, g);
	return true;
}

/* The innermost is first in both chains. */
static bool regions_push(struct iq_trace_whole *whole,
			 const struct iq_trace_run *run, struct iq_whole_g *g,
			 uint32_t first)
{
	struct {
		IQ_VEC(uint32_t) at;
	} chain = { 0 };
	bool ok = true;

	for (uint32_t at = first; ok && at != IQ_NONE;
	     at = run->regions.data[at].next)
		ok = iq_vec_push(&chain.at, at);
	while (ok && chain.at.len > 0)
		ok = region_push(
			whole, g,
			&run->regions.data[chain.at.data[--chain.at.len]]);
	iq_vec_deinit(&chain.at);
	return ok;
}

static bool regions_join(struct iq_trace_whole *whole, struct iq_trace_run *run)
{
	for (size_t i = 0; i < run->region_ends.len; i++) {
		if (!region_end(whole, run, &run->region_ends.data[i]))
			return false;
	}
	for (size_t i = 0; i < run->gs.len; i++) {
		const struct iq_run_g *from = &run->gs.data[i];
		struct iq_whole_g *g = &whole->gs.data[whole->run_gs.data[i]];
		bool ends = from->has_first_ended &&
			    from->first != IQ_FIRST_CREATED;

		while (g->regions != IQ_NONE &&
		       (ends || run->mode == IQ_RUN_EXACT)) {
			const struct iq_whole_region *r =
				&whole->regions.data[g->regions];

			if (run->mode != IQ_RUN_EXACT &&
			    !region_total(whole, r->name, r->begin,
					  from->first_ended))
				return false;
			region_pop(whole, g);
		}
		if (!regions_push(whole, run, g, from->regions))
			return false;
	}
	return true;
}

/* ---- tasks and logs */

static struct iq_whole_task *task_find(struct iq_trace_whole *whole,
				       uint64_t id)
{
	uint32_t index = iq_trace_ids_get(&whole->task_ids, id);
	struct iq_whole_task fresh = { .out = { .id = id } };

	if (index != IQ_NONE)
		return &whole->tasks.data[index];
	if (!iq_vec_push(&whole->tasks, fresh))
		return NULL;
	index = (uint32_t)whole->tasks.len - 1;
	return iq_trace_ids_set(&whole->task_ids, id, index) ?
		       &whole->tasks.data[index] :
		       NULL;
}

static bool task_join(struct iq_trace_whole *whole, struct iq_trace_run *run,
		      const struct iq_run_task *from)
{
	struct iq_whole_task *task = task_find(whole, from->id);

	if (!task)
		return false;
	if (!from->begins) {
		// It may be ended twice.
		if (!task->out.has_end) {
			task->out.has_end = true;
			task->out.end_ns = from->time;
		}
		task->active = false;
		return true;
	}
	if (task->active)
		iq_trace_fault(&run->tables, IQ_FAULT_TASK,
			       "a task begins that has begun before",
			       from->offset, from->id);
	task->active = true;
	task->out.has_start = true;
	task->out.start_ns = from->time;
	task->out.name = iq_trace_whole_string(whole, from->name);
	if (from->parent)
		task->out.parent = from->parent;
	return true;
}

static bool log_join(struct iq_trace_whole *whole,
		     const struct iq_trace_run *run,
		     const struct iq_run_log *from)
{
	struct iq_trace_log entry = {
		.has_goroutine = from->g < IQ_UNKNOWN,
		.task = from->task,
		.category = iq_trace_whole_string(whole, from->category),
		.message = iq_trace_whole_string(whole, from->message),
		.time_ns = from->time,
	};

	if (entry.has_goroutine)
		entry.goroutine = run->gs.data[from->g].id;
	return iq_vec_push(&whole->logs, entry);
}

bool iq_trace_merge_user(struct iq_trace_whole *whole, struct iq_trace_run *run)
{
	if (!regions_join(whole, run))
		return false;
	for (size_t i = 0; i < run->tasks.len; i++) {
		if (!task_join(whole, run, &run->tasks.data[i]))
			return false;
	}
	for (size_t i = 0; i < run->logs.len; i++) {
		if (!log_join(whole, run, &run->logs.data[i]))
			return false;
	}
	return true;
}
