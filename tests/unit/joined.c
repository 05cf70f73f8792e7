/* SPDX-License-Identifier: Apache-2.0 */
#include "joined.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "detect/detector.h"

#define MAX_GOROUTINES 64
#define MAX_GCS 16
/* When the machine of all tests was booted. */
#define BOOT 1700000000

void joined_make(struct joined *x)
{
	while (x->num < JOINED_MAX && x->facts[x->num])
		iq_facts_finish(x->facts[x->num++]);
	assert_null(iq_model_create((const struct iq_facts *const *)x->facts,
				    x->num, &x->model));
	assert_null(iq_model_join(x->model));
}

void joined_judge(struct joined *x)
{
	joined_make(x);
	assert_null(iq_detectors_run(x->model));
}

const struct iq_finding *joined_found(const struct joined *x, const char *rule)
{
	for (size_t i = 0; i < x->model->num_findings; i++) {
		if (!strcmp(x->model->findings[i].rule, rule))
			return &x->model->findings[i];
	}
	return NULL;
}

void joined_deinit(struct joined *x)
{
	iq_model_destroy(x->model);
	for (size_t i = 0; i < x->num; i++)
		iq_facts_destroy(x->facts[i]);
}

struct iq_trace *joined_trace(struct iq_facts *facts, int64_t start,
			      int64_t end)
{
	struct iq_trace *trace =
		iq_arena_calloc(&facts->arena, 1, sizeof(*trace));

	assert_non_null(trace);
	trace->start_ns = SECONDS(start);
	trace->end_ns = SECONDS(end);
	trace->is_nanotime = true;
	trace->version = IQ_STR("1.26");
	trace->goroutines = iq_arena_calloc(&facts->arena, MAX_GOROUTINES,
					    sizeof(struct iq_trace_goroutine));
	trace->gcs = iq_arena_calloc(&facts->arena, MAX_GCS,
				     sizeof(struct iq_trace_gc));
	assert_non_null(trace->goroutines);
	assert_non_null(trace->gcs);
	facts->trace = trace;
	facts->process.has_mono = true;
	facts->process.mono_ns = trace->end_ns;
	return trace;
}

struct iq_trace_goroutine *joined_traced(struct iq_facts *facts, uint64_t id,
					 const char *name, const char *state,
					 const char *stack, int64_t since)
{
	struct iq_trace *trace = (struct iq_trace *)facts->trace;
	struct iq_trace_goroutine *g =
		(struct iq_trace_goroutine *)&trace
			->goroutines[trace->num_goroutines++];

	assert_true(trace->num_goroutines <= MAX_GOROUTINES);
	g->id = id;
	g->name = iq_str_of(name);
	g->since_start = since < 0;
	g->last_change_ns = since < 0 ? trace->start_ns : SECONDS(since);
	g->num_starts = since >= 0;
	if (!strcmp(state, "dead")) {
		g->has_ended = true;
		g->ended_ns = g->last_change_ns;
		g->last_state = IQ_GSTATUS_DEAD;
		return g;
	}
	struct iq_goroutine_fact *fact = facts_add(facts, id, state, stack);
	g->last_state = fact->status;
	g->last_stack = fact->stack;
	return g;
}

void joined_gc(struct iq_facts *facts, int64_t begin, int64_t end)
{
	struct iq_trace *trace = (struct iq_trace *)facts->trace;
	struct iq_trace_gc *gc =
		(struct iq_trace_gc *)&trace->gcs[trace->num_gcs++];

	assert_true(trace->num_gcs <= MAX_GCS);
	*gc = (struct iq_trace_gc){
		.has_begin = true,
		.has_end = true,
		.begin_ns = SECONDS(begin),
		.end_ns = SECONDS(end),
		.has_termination = true,
		.termination_begin_ns = SECONDS(end) - 1000000,
		.termination_end_ns = SECONDS(end),
	};
}

void joined_clock(struct iq_facts *facts, int64_t mono, int64_t file)
{
	struct iq_process_fact *p = &facts->process;

	p->end = IQ_END_SIGNAL;
	p->has_mono = true;
	p->mono_ns = SECONDS(mono);
	p->has_wall_offset = true;
	p->wall_offset_ns = SECONDS(BOOT);
	p->has_time = true;
	p->time_ns = SECONDS(BOOT + file);
}
