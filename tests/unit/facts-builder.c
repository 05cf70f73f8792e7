/* SPDX-License-Identifier: Apache-2.0 */
#include "facts-builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#define MAX_FRAMES 64

struct iq_facts *facts_new(enum iq_witness_kind kind, const char *path)
{
	struct iq_facts *facts;

	assert_null(iq_facts_create(&facts));
	facts->witness = (struct iq_witness_fact){
		.kind = kind,
		.format = IQ_STR("test"),
		.path = iq_str_of(path),
		.complete = true,
		.tells = IQ_TELLS_IDS | IQ_TELLS_STATES | IQ_TELLS_STACKS |
			 IQ_TELLS_CREATORS | IQ_TELLS_WAITS | IQ_TELLS_END |
			 IQ_TELLS_SYSTEM,
	};
	return facts;
}

/* "main.f main.go:34" */
static struct iq_frame frame_of(struct iq_str text)
{
	size_t space = iq_str_rfind(text, ' ');
	struct iq_str place = iq_str_sub(text, space + 1, text.len);
	size_t colon = iq_str_rfind(place, ':');

	return (struct iq_frame){
		.function = iq_str_sub(text, 0, space),
		.file = iq_str_sub(place, 0, colon),
		.line = colon < place.len ?
				(uint32_t)atoi(place.ptr + colon + 1) :
				0,
	};
}

static const struct iq_stack *stack_of(struct iq_facts *facts, const char *text)
{
	struct iq_frame frames[MAX_FRAMES];
	struct iq_stack stack = { .complete = true };
	struct iq_str rest = iq_str_of(text);
	const struct iq_stack *ret;

	while (rest.len) {
		size_t end = iq_str_find(rest, ';');

		assert_true(stack.num_frames < MAX_FRAMES);
		frames[stack.num_frames++] =
			frame_of(iq_str_trim(iq_str_sub(rest, 0, end)));
		rest = iq_str_sub(rest, end + 1, rest.len);
	}
	assert_null(iq_facts_stack_of(facts, frames, &stack, &ret));
	return ret;
}

static enum iq_gstatus status_of(const char *state)
{
	for (int s = 0; s < IQ_GSTATUS_UNKNOWN; s++) {
		if (!strcmp(state, iq_gstatus_name((enum iq_gstatus)s)))
			return (enum iq_gstatus)s;
	}
	return IQ_GSTATUS_WAITING;
}

struct iq_goroutine_fact *facts_add(struct iq_facts *facts, uint64_t id,
				    const char *state, const char *stack)
{
	struct iq_goroutine_fact fact = {
		.has_id = true,
		.id = id,
		.count = 1,
		.status = status_of(state),
		.stack = stack_of(facts, stack),
	};

	if (fact.status == IQ_GSTATUS_WAITING)
		fact.wait_reason = iq_str_of(state);
	assert_true(iq_vec_push(&facts->goroutines, fact));
	return &facts->goroutines.data[facts->goroutines.len - 1];
}

void facts_created(struct iq_facts *facts, struct iq_goroutine_fact *fact,
		   uint64_t parent, const char *frame)
{
	struct iq_frame f = frame_of(iq_str_of(frame));

	assert_null(iq_facts_frame(facts, &f, &fact->created_by));
	fact->has_parent = true;
	fact->parent = parent;
}

void facts_waits(struct iq_facts *facts, struct iq_goroutine_fact *fact,
		 enum iq_wait_kind kind, uint64_t address)
{
	struct iq_wait *wait = iq_arena_calloc(&facts->arena, 1, sizeof(*wait));

	assert_non_null(wait);
	wait->kind = kind;
	wait->has_address = true;
	wait->address = address;
	fact->waits = wait;
	fact->num_waits = 1;
}

/* ---- traces */

/* What a test's trace or profile holds at most. */
#define MAX_ITEMS 256

static struct iq_trace *trace_of(struct iq_facts *facts)
{
	// Made by facts_new_trace(), which knows it as no const.
	return (struct iq_trace *)(uintptr_t)facts->trace;
}

struct iq_facts *facts_new_trace(const char *path, int64_t start_ns,
				 int64_t end_ns)
{
	struct iq_facts *facts = facts_new(IQ_WITNESS_TRACE, path);
	struct iq_trace *trace =
		iq_arena_calloc(&facts->arena, 1, sizeof(*trace));

	assert_non_null(trace);
	facts->witness.tells = IQ_TELLS_IDS | IQ_TELLS_STATES |
			       IQ_TELLS_STACKS | IQ_TELLS_CREATORS |
			       IQ_TELLS_SYSTEM | IQ_TELLS_HISTORY;
	trace->start_ns = start_ns;
	trace->end_ns = end_ns;
	trace->is_nanotime = true;
	trace->from_start = true;
	trace->goroutines = iq_arena_calloc(&facts->arena, MAX_ITEMS,
					    sizeof(*trace->goroutines));
	trace->gcs =
		iq_arena_calloc(&facts->arena, MAX_ITEMS, sizeof(*trace->gcs));
	assert_non_null(trace->goroutines);
	assert_non_null(trace->gcs);
	facts->process.has_mono = true;
	facts->process.mono_ns = end_ns;
	facts->trace = trace;
	return facts;
}

struct iq_trace_goroutine *facts_traced(struct iq_facts *facts, uint64_t id,
					const char *state, const char *stack,
					int64_t since_ns)
{
	struct iq_trace *trace = trace_of(facts);
	struct iq_trace_goroutine *g;
	struct iq_goroutine_fact *fact;

	assert_true(trace->num_goroutines < MAX_ITEMS);
	fact = facts_add(facts, id, state, stack ? stack : "");
	if (!stack)
		fact->stack = NULL;
	g = (struct iq_trace_goroutine *)(uintptr_t)&trace
		    ->goroutines[trace->num_goroutines++];
	*g = (struct iq_trace_goroutine){
		.id = id,
		.last_state = fact->status,
		.last_reason = fact->wait_reason,
		.last_change_ns = since_ns,
		.since_start = since_ns <= trace->start_ns,
		.last_stack = fact->stack,
		.num_starts = since_ns > trace->start_ns,
	};
	return g;
}

void facts_collected(struct iq_facts *facts, int64_t begin_ns, int64_t end_ns)
{
	struct iq_trace *trace = trace_of(facts);
	struct iq_trace_gc *gc;

	assert_true(trace->num_gcs < MAX_ITEMS);
	gc = (struct iq_trace_gc *)(uintptr_t)&trace->gcs[trace->num_gcs++];
	*gc = (struct iq_trace_gc){
		.has_begin = true,
		.has_end = true,
		.begin_ns = begin_ns,
		.end_ns = end_ns,
		.has_termination = true,
		.termination_begin_ns = end_ns - 1,
		.termination_end_ns = end_ns,
	};
}

/* ---- profiles */

static struct iq_profile *profile_of(struct iq_facts *facts)
{
	return (struct iq_profile *)(uintptr_t)facts->profile;
}

struct iq_facts *facts_new_profile(const char *path, enum iq_profile_type type)
{
	struct iq_facts *facts = facts_new(IQ_WITNESS_PROFILE, path);
	struct iq_profile *profile =
		iq_arena_calloc(&facts->arena, 1, sizeof(*profile));

	assert_non_null(profile);
	facts->witness.tells = IQ_TELLS_STACKS | IQ_TELLS_LABELS;
	profile->type = type;
	// Contention: a count and a delay.
	profile->num_types =
		type == IQ_PROFILE_BLOCK || type == IQ_PROFILE_MUTEX ? 2 : 1;
	profile->types = iq_arena_calloc(&facts->arena, profile->num_types,
					 sizeof(*profile->types));
	assert_non_null(profile->types);
	profile->samples = iq_arena_calloc(&facts->arena, MAX_ITEMS,
					   sizeof(*profile->samples));
	profile->values = iq_arena_calloc(&facts->arena, MAX_ITEMS,
					  2 * sizeof(*profile->values));
	assert_non_null(profile->samples);
	assert_non_null(profile->values);
	facts->profile = profile;
	return facts;
}

void facts_sampled(struct iq_facts *facts, uint64_t count, const char *stack)
{
	static const struct iq_labels none;
	struct iq_profile *profile = profile_of(facts);
	size_t at = profile->num_samples++;
	int64_t *values = (int64_t *)(uintptr_t)profile->values;
	struct iq_sample *sample =
		(struct iq_sample *)(uintptr_t)&profile->samples[at];
	struct iq_goroutine_fact *fact;

	assert_true(at < MAX_ITEMS);
	fact = facts_add(facts, 0, "unknown", stack);
	fact->has_id = false;
	fact->count = count;
	fact->status = IQ_GSTATUS_UNKNOWN;
	fact->wait_reason = IQ_STR("");
	fact->leaked = profile->type == IQ_PROFILE_GOROUTINELEAK;
	fact->labels = &none;
	*sample = (struct iq_sample){
		.stack = fact->stack->index,
		.labels = &none,
	};
	profile->stacks = facts->stacks.data;
	profile->num_stacks = facts->stacks.len;
	for (size_t i = 0; i < profile->num_types; i++)
		values[at * profile->num_types + i] = (int64_t)count;
	if (profile->type != IQ_PROFILE_GOROUTINE &&
	    profile->type != IQ_PROFILE_GOROUTINELEAK)
		facts->goroutines.len--;
}
