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
