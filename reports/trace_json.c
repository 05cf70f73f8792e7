/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "trace" as JSON: an object a trace and line. The contract is
 * docs/schema/inquest.trace.1.json; it changes only by adding.
 */
#include "base/cleanup.h"
#include "reports/emit_json.h"
#include "reports/trace.h"

static void key_status(struct iq_json *json, const char *key,
		       enum iq_gstatus status)
{
	iq_json_key(json, key);
	if (status == IQ_GSTATUS_UNKNOWN)
		iq_json_null(json);
	else
		iq_json_cstr(json, iq_gstatus_name(status));
}

/* ---- the trace as a whole */

static void put_kinds(struct iq_json *json, const struct iq_trace *trace)
{
	iq_json_key(json, "event_kinds");
	iq_json_object(json);
	for (size_t i = 0; i < trace->num_kinds; i++)
		iq_json_pair_u64(json, trace->kinds[i].name,
				 trace->kinds[i].count);
	iq_json_object_end(json);
}

static void put_head(struct iq_json *json, const struct iq_facts *facts)
{
	const struct iq_trace *t = facts->trace;
	int64_t wall = 0;
	bool has_wall = iq_trace_wall(t, t->start_ns, &wall);

	iq_json_pair_text(json, "schema", IQ_STR("inquest.trace/1"));
	iq_json_pair_text(json, "path", facts->witness.path);
	iq_json_pair_text(json, "go_version", t->version);
	iq_json_pair_text(json, "format", facts->witness.format);
	iq_json_pair_bool(json, "complete", facts->witness.complete);
	iq_json_key(json, "problems");
	iq_json_problems(json, facts->gaps.data, facts->gaps.len);
	iq_json_pair_u64(json, "events", t->num_events);
	put_kinds(json, t);
	iq_json_pair_i64(json, "start_ns", t->start_ns);
	iq_json_pair_i64(json, "end_ns", t->end_ns);
	iq_json_maybe_i64(json, "start_wall_ns", has_wall, wall);
	iq_json_pair_bool(json, "monotonic", t->is_nanotime);
	iq_json_pair_bool(json, "from_start", t->from_start);
	iq_json_pair_u64(json, "generations", t->num_generations);
	iq_json_pair_u64(json, "goroutines_seen", t->num_goroutines);
	iq_json_pair_u64(json, "threads_seen", t->num_threads);
	iq_json_pair_u64(json, "procs_seen", t->num_procs);
	iq_json_pair_u64(json, "cpu_samples", t->num_samples);
}

/* ---- goroutines */

static void put_blocked(struct iq_json *json,
			const struct iq_trace_blocked *blocked)
{
	iq_json_object(json);
	iq_json_pair_str(json, "reason", blocked->reason);
	iq_json_pair_u64(json, "count", blocked->count);
	iq_json_pair_i64(json, "total_ns", blocked->total_ns);
	iq_json_pair_i64(json, "longest_ns", blocked->longest_ns);
	iq_json_object_end(json);
}

static void put_goroutine(struct iq_json *json,
			  const struct iq_trace_goroutine *g)
{
	iq_json_object(json);
	iq_json_pair_u64(json, "id", g->id);
	iq_json_pair_text(json, "name", g->name);
	iq_json_maybe_i64(json, "created_ns", g->has_created, g->created_ns);
	iq_json_maybe_i64(json, "ended_ns", g->has_ended, g->ended_ns);
	iq_json_maybe_u64(json, "creator", g->has_creator, g->creator);
	iq_json_pair_i64(json, "running_ns", g->running_ns);
	iq_json_pair_i64(json, "runnable_ns", g->runnable_ns);
	iq_json_pair_i64(json, "waiting_ns", g->waiting_ns);
	iq_json_pair_i64(json, "syscall_ns", g->syscall_ns);
	iq_json_key(json, "blocked");
	iq_json_array(json);
	for (uint32_t i = 0; i < g->num_blocked; i++)
		put_blocked(json, &g->blocked[i]);
	iq_json_array_end(json);
	key_status(json, "last_state", g->last_state);
	iq_json_pair_text(json, "last_reason", g->last_reason);
	iq_json_pair_i64(json, "last_change_ns", g->last_change_ns);
	iq_json_pair_bool(json, "last_since_start", g->since_start);
	iq_json_pair_bool(json, "tracer", g->tracer);
	iq_json_object_end(json);
}

static void put_goroutines(struct iq_json *json, const struct iq_trace *trace,
			   uint64_t limit)
{
	size_t num = trace->num_goroutines;

	if (limit && limit < num)
		num = (size_t)limit;
	iq_json_key(json, "goroutines");
	iq_json_array(json);
	for (size_t i = 0; i < num; i++)
		put_goroutine(json, &trace->goroutines[i]);
	iq_json_array_end(json);
	if (num < trace->num_goroutines)
		iq_json_pair_u64(json, "goroutines_left_out",
				 trace->num_goroutines - num);
}

/* ---- what is not of one goroutine */

static void put_ranges(struct iq_json *json, const struct iq_trace *trace)
{
	iq_json_key(json, "ranges");
	iq_json_array(json);
	for (size_t i = 0; i < trace->num_ranges; i++) {
		const struct iq_trace_range *r = &trace->ranges[i];

		iq_json_object(json);
		iq_json_pair_str(json, "name", r->name);
		iq_json_pair_u64(json, "count", r->count);
		iq_json_pair_i64(json, "total_ns", r->total_ns);
		iq_json_pair_i64(json, "longest_ns", r->longest_ns);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

static void put_sites(struct iq_json *json, const struct iq_trace *trace)
{
	iq_json_key(json, "sites");
	iq_json_array(json);
	for (size_t i = 0; i < trace->num_sites; i++) {
		const struct iq_trace_site *s = &trace->sites[i];

		iq_json_object(json);
		iq_json_pair_str(json, "reason", s->reason);
		iq_json_pair_u64(json, "count", s->count);
		iq_json_pair_u64(json, "open", s->num_open);
		iq_json_pair_i64(json, "total_ns", s->total_ns);
		iq_json_pair_i64(json, "longest_ns", s->longest_ns);
		iq_json_key(json, "frames");
		iq_json_frames(json, s->stack);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

static void put_wakes(struct iq_json *json, const struct iq_trace *trace)
{
	iq_json_key(json, "wakes");
	iq_json_array(json);
	for (size_t i = 0; i < trace->num_wakes; i++) {
		const struct iq_trace_wake *w = &trace->wakes[i];

		iq_json_object(json);
		iq_json_pair_text(json, "waker", w->waker);
		iq_json_pair_text(json, "woken", w->woken);
		iq_json_pair_u64(json, "count", w->count);
		iq_json_key(json, "frames");
		iq_json_frames(json, w->stack);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

static void put_spread(struct iq_json *json, const char *name,
		       const struct iq_trace_spread *spread)
{
	size_t num = IQ_ARRAY_SIZE(spread->buckets);

	while (num && !spread->buckets[num - 1])
		num--;
	iq_json_key(json, name);
	iq_json_object(json);
	iq_json_pair_u64(json, "count", spread->count);
	iq_json_pair_i64(json, "total_ns", spread->total_ns);
	iq_json_pair_i64(json, "longest_ns", spread->longest_ns);
	iq_json_key(json, "buckets");
	iq_json_array(json);
	for (size_t i = 0; i < num; i++)
		iq_json_u64(json, spread->buckets[i]);
	iq_json_array_end(json);
	iq_json_object_end(json);
}

static void put_latency(struct iq_json *json, const struct iq_trace *trace)
{
	iq_json_key(json, "latency");
	iq_json_object(json);
	put_spread(json, "woken", &trace->wake_latency);
	put_spread(json, "created", &trace->create_latency);
	put_spread(json, "preempted", &trace->preempt_latency);
	put_spread(json, "network", &trace->network);
	put_spread(json, "syscall", &trace->syscall);
	iq_json_object_end(json);
}

/* ---- what the program traced itself */

static void put_tasks(struct iq_json *json, const struct iq_trace *trace)
{
	iq_json_key(json, "tasks");
	iq_json_array(json);
	for (size_t i = 0; i < trace->num_tasks; i++) {
		const struct iq_trace_task *t = &trace->tasks[i];

		iq_json_object(json);
		iq_json_pair_u64(json, "id", t->id);
		iq_json_pair_text(json, "name", t->name);
		iq_json_pair_u64(json, "parent", t->parent);
		iq_json_maybe_i64(json, "start_ns", t->has_start, t->start_ns);
		iq_json_maybe_i64(json, "end_ns", t->has_end, t->end_ns);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

static void put_regions(struct iq_json *json, const struct iq_trace *trace)
{
	iq_json_key(json, "regions");
	iq_json_array(json);
	for (size_t i = 0; i < trace->num_regions; i++) {
		const struct iq_trace_region *r = &trace->regions[i];

		iq_json_object(json);
		iq_json_pair_str(json, "name", r->name);
		iq_json_pair_u64(json, "count", r->count);
		iq_json_pair_i64(json, "total_ns", r->total_ns);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

static void put_logs(struct iq_json *json, const struct iq_trace *trace)
{
	iq_json_key(json, "logs");
	iq_json_array(json);
	for (size_t i = 0; i < trace->num_logs; i++) {
		const struct iq_trace_log *l = &trace->logs[i];

		iq_json_object(json);
		iq_json_maybe_u64(json, "goroutine", l->has_goroutine,
				  l->goroutine);
		iq_json_pair_u64(json, "task", l->task);
		iq_json_pair_str(json, "category", l->category);
		iq_json_pair_str(json, "message", l->message);
		iq_json_pair_i64(json, "time_ns", l->time_ns);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

/* ---- the life of one */

static void put_span(struct iq_json *json, const struct iq_trace_span *span)
{
	iq_json_object(json);
	key_status(json, "state", span->state);
	iq_json_pair_text(json, "reason", span->reason);
	iq_json_pair_i64(json, "start_ns", span->start_ns);
	iq_json_pair_i64(json, "end_ns", span->end_ns);
	iq_json_pair_bool(json, "open", span->open);
	iq_json_maybe_u64(json, "waker", span->has_waker, span->waker);
	iq_json_key(json, "frames");
	iq_json_frames(json, span->stack);
	iq_json_object_end(json);
}

static void put_life(struct iq_json *json, const struct iq_trace *trace)
{
	const struct iq_trace_goroutine *g;

	if (!trace->has_of)
		return;
	iq_json_key(json, "of");
	g = iq_trace_find(trace, trace->of);
	if (!g) {
		iq_json_null(json);
		return;
	}
	iq_json_object(json);
	iq_json_pair_u64(json, "id", g->id);
	iq_json_key(json, "creator_frames");
	iq_json_frames(json, g->creator_stack);
	iq_json_key(json, "spans");
	iq_json_array(json);
	for (size_t i = 0; i < trace->num_spans; i++)
		put_span(json, &trace->spans[i]);
	iq_json_array_end(json);
	iq_json_object_end(json);
}

static void put_trace(struct iq_json *json, const struct iq_facts *facts,
		      uint64_t limit)
{
	iq_json_object(json);
	put_head(json, facts);
	put_goroutines(json, facts->trace, limit);
	put_ranges(json, facts->trace);
	put_tasks(json, facts->trace);
	put_regions(json, facts->trace);
	put_logs(json, facts->trace);
	put_sites(json, facts->trace);
	put_wakes(json, facts->trace);
	put_latency(json, facts->trace);
	put_life(json, facts->trace);
	iq_json_object_end(json);
}

static struct iq_error *
trace_json_render(const struct iq_model *model,
		  const struct iq_report_options *options, struct iq_out *out)
{
	iq_cleanup(iq_json_destroyp) struct iq_json *json = NULL;
	struct iq_error *err = iq_trace_check(model);

	if (!err)
		err = iq_json_create(out, &json);
	if (err)
		return err;
	for (size_t i = 0; i < model->num_witnesses && !out->err; i++) {
		const struct iq_facts *facts = model->witnesses[i];

		if (!facts->trace)
			continue;
		iq_json_restart(json);
		put_trace(json, facts, options->limit);
		iq_out_char(out, '\n');
	}
	return iq_json_done(json);
}

const struct iq_report iq_report_trace_json = {
	.command = "trace",
	.format = "json",
	.summary = "one JSON object a trace and line",
	.stage = IQ_STAGE_READ,
	.render = trace_json_render,
};
