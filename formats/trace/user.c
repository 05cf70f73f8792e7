/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program itself traces, and other notes of a running goroutine.
 */
#include "formats/trace/advance.h"

#include "formats/trace/tally.h"

static struct iq_str text(struct iq_trace_run *run, const struct iq_run_m *m,
			  uint64_t id)
{
	return run->tables.strings.data[iq_trace_string(run, m, id)];
}

static bool region_begin(struct iq_trace_run *run, const struct iq_run_m *m,
			 uint64_t task, struct iq_str name, int64_t time)
{
	struct iq_run_g *g = &run->gs.data[m->g];
	struct iq_run_region region = {
		.task = task,
		.next = g->regions,
		.name = name,
		.begin = time,
	};
	uint32_t at = run->free_region;

	if (at != IQ_NONE) {
		run->free_region = run->regions.data[at].next;
		run->regions.data[at] = region;
	} else {
		if (!iq_vec_push(&run->regions, region))
			return false;
		at = (uint32_t)run->regions.len - 1;
	}
	g->regions = at;
	return true;
}

// Go's reader takes an end that is not of the innermost region for the end of
// the trace; the program's mistake is told, and costs that region alone.
static bool region_end(struct iq_trace_run *run, const struct iq_run_m *m,
		       uint64_t task, struct iq_str name, int64_t time)
{
	struct iq_run_g *g = &run->gs.data[m->g];
	struct iq_run_region *region;
	uint32_t at = g->regions;

	if (at == IQ_NONE) {
		struct iq_run_region_end end = {
			.g = m->g,
			.task = task,
			.name = name,
			.time = time,
			.offset = iq_trace_event_offset(run, m),
		};

		if (run->mode == IQ_RUN_SPECULATIVE)
			return iq_vec_push(&run->region_ends, end);
		return iq_tally_total(run, IQ_RANGE_REGION, name,
				      iq_trace_time_sub(time, run->start));
	}
	region = &run->regions.data[at];
	if (region->task != task || !iq_str_equal(region->name, name)) {
		iq_trace_fault(&run->tables, IQ_FAULT_REGION,
			       "a region ends that is not the innermost one",
			       iq_trace_event_offset(run, m), task);
		return true;
	}
	g->regions = region->next;
	region->next = run->free_region;
	run->free_region = at;
	return iq_tally_total(run, IQ_RANGE_REGION, region->name,
			      iq_trace_time_sub(time, region->begin));
}

static bool task_event(struct iq_trace_run *run, const struct iq_run_m *m,
		       const uint64_t *args, int64_t time)
{
	struct iq_run_task task = {
		.id = args[0],
		.begins = m->kind == IQ_EV_UserTaskBegin,
		.time = time,
		.offset = iq_trace_event_offset(run, m),
	};

	if (task.begins) {
		task.parent = args[1];
		task.name = text(run, m, args[2]);
		iq_trace_stack(run, m, args[3]);
	} else {
		iq_trace_stack(run, m, args[1]);
	}
	return iq_vec_push(&run->tasks, task);
}

static bool log_event(struct iq_trace_run *run, const struct iq_run_m *m,
		      const uint64_t *args, int64_t time)
{
	struct iq_run_log entry = {
		.g = m->g,
		.task = args[0],
		.category = text(run, m, args[1]),
		.message = text(run, m, args[2]),
		.time = time,
	};

	iq_trace_stack(run, m, args[3]);
	return iq_vec_push(&run->logs, entry);
}

/* Labels are those of GC workers. Go: src/runtime/traceruntime.go, GoStart. */
static bool label(struct iq_trace_run *run, const struct iq_run_m *m,
		  uint64_t id)
{
	if (iq_str_starts(text(run, m, id), IQ_STR("GC (")))
		run->gs.data[m->g].system = true;
	return true;
}

enum iq_step iq_trace_advance_user(struct iq_trace_run *run, uint32_t mi,
				   const uint64_t *args)
{
	struct iq_run_m *m = &run->ms.data[mi];
	bool ok = true;
	int64_t time;

	if (!iq_trace_has_both(m))
		return iq_trace_lacks(run, m, true);
	time = iq_tally_show(run, m->time);
	switch (m->kind) {
	case IQ_EV_UserTaskBegin:
	case IQ_EV_UserTaskEnd:
		ok = task_event(run, m, args, time);
		break;
	case IQ_EV_UserRegionBegin:
		iq_trace_stack(run, m, args[2]);
		ok = region_begin(run, m, args[0], text(run, m, args[1]), time);
		break;
	case IQ_EV_UserRegionEnd:
		iq_trace_stack(run, m, args[2]);
		ok = region_end(run, m, args[0], text(run, m, args[1]), time);
		break;
	case IQ_EV_UserLog:
		ok = log_event(run, m, args, time);
		break;
	case IQ_EV_GoLabel:
		ok = label(run, m, args[0]);
		break;
	default: // ProcsChange
		iq_trace_stack(run, m, args[1]);
	}
	return ok ? IQ_STEP_MORE : iq_trace_nomem(run);
}
