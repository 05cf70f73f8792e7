/* SPDX-License-Identifier: Apache-2.0 */
#include "model/profile.h"

#include <stdlib.h>

#include "base/cleanup.h"

const char *iq_profile_type_name(enum iq_profile_type type)
{
	static const char *const names[] = {
		[IQ_PROFILE_OTHER] = "other",
		[IQ_PROFILE_GOROUTINE] = "goroutine",
		[IQ_PROFILE_GOROUTINELEAK] = "goroutineleak",
		[IQ_PROFILE_HEAP] = "heap",
		[IQ_PROFILE_ALLOCS] = "allocs",
		[IQ_PROFILE_BLOCK] = "block",
		[IQ_PROFILE_MUTEX] = "mutex",
		[IQ_PROFILE_THREADCREATE] = "threadcreate",
		[IQ_PROFILE_CPU] = "cpu",
	};

	return (size_t)type < IQ_ARRAY_SIZE(names) ? names[type] : "other";
}

struct iq_error *iq_profile_stack(const struct iq_profile *profile,
				  uint32_t number, const struct iq_stack **ret)
{
	if (profile->reader)
		return profile->reader->stack(profile->kept, number, ret);
	*ret = profile->stacks[number];
	return NULL;
}

struct iq_error *iq_profile_labels(const struct iq_profile *profile,
				   size_t sample, const struct iq_labels **ret)
{
	const struct iq_sample *s = &profile->samples[sample];

	if (profile->reader)
		return profile->reader->labels(profile->kept, s->place, ret);
	*ret = s->labels;
	return NULL;
}

/* A goroutine that stands in runtime.gopark is parked; others may do anything:
 * the profile has no states. */
static enum iq_gstatus status_of(const struct iq_stack *stack)
{
	return stack->num_frames && iq_str_equal(stack->frames[0]->function,
						 IQ_STR("runtime.gopark")) ?
		       IQ_GSTATUS_WAITING :
		       IQ_GSTATUS_UNKNOWN;
}

static struct iq_goroutine_fact fact_of(const struct iq_stack *stack,
					const struct iq_labels *labels,
					int64_t count, bool leaked)
{
	struct iq_goroutine_fact fact = {
		.count = (uint64_t)count,
		.status = status_of(stack),
		.leaked = leaked,
		// Go: src/runtime/mprof.go, goroutineProfileWithLabels(): the
		// runtime's own are left out.
		.has_system = true,
		.labels = labels,
	};

	if (!stack->num_frames)
		return fact;
	fact.stack = stack;
	if (stack->complete)
		fact.entry = stack->frames[stack->num_frames - 1];
	return fact;
}

/* The column that counts goroutines. */
static size_t column_of(const struct iq_profile *p)
{
	struct iq_str name = iq_str_of(iq_profile_type_name(p->type));

	for (size_t i = 0; i < p->num_types; i++) {
		if (iq_str_equal(p->types[i].type, name))
			return i;
	}
	return p->default_type;
}

/* What becomes of the samples; stacks are kept once, by number. */
struct goroutines {
	struct iq_facts *facts;
	const struct iq_profile *profile;
	const struct iq_stack **stacks;
	size_t column;
};

static struct iq_error *stack_of(struct goroutines *g, uint32_t number,
				 const struct iq_stack **ret)
{
	const struct iq_stack *stack;
	struct iq_error *err = NULL;

	if (!g->stacks[number]) {
		err = iq_profile_stack(g->profile, number, &stack);
		if (!err)
			err = iq_facts_stack(g->facts, stack,
					     &g->stacks[number]);
	}
	*ret = g->stacks[number];
	return err;
}

static struct iq_error *goroutine_add(struct goroutines *g, size_t sample)
{
	const struct iq_profile *p = g->profile;
	int64_t count = p->values[sample * p->num_types + g->column];
	const struct iq_labels *labels;
	const struct iq_stack *stack;
	struct iq_goroutine_fact fact;
	struct iq_error *err;

	// A difference of two profiles has ones that are gone.
	if (count <= 0)
		return NULL;
	err = stack_of(g, p->samples[sample].stack, &stack);
	if (!err)
		err = iq_profile_labels(p, sample, &labels);
	if (!err)
		err = iq_facts_labels(g->facts, labels->items, labels->num,
				      &labels);
	if (err)
		return err;
	fact = fact_of(stack, labels, count,
		       p->type == IQ_PROFILE_GOROUTINELEAK);
	fact.place = sample;
	return iq_vec_push(&g->facts->goroutines, fact) ? NULL : &iq_enomem;
}

struct iq_error *iq_profile_goroutines(struct iq_facts *facts)
{
	const struct iq_profile *p = facts->profile;
	struct goroutines g = { .facts = facts, .profile = p };
	struct iq_error *err = NULL;

	if (!p || (p->type != IQ_PROFILE_GOROUTINE &&
		   p->type != IQ_PROFILE_GOROUTINELEAK))
		return NULL;
	iq_cleanup(iq_freep) const struct iq_stack **stacks =
		calloc(p->num_stacks + 1, sizeof(*stacks));

	if (!stacks)
		return &iq_enomem;
	g.stacks = stacks;
	g.column = column_of(p);
	for (size_t i = 0; i < p->num_samples && !err; i++)
		err = goroutine_add(&g, i);
	return err;
}
