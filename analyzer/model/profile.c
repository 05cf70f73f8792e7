/* SPDX-License-Identifier: Apache-2.0 */
#include "model/profile.h"

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

struct iq_error *iq_profile_labels(const struct iq_profile *profile,
				   size_t sample, const struct iq_labels **ret)
{
	const struct iq_sample *s = &profile->samples[sample];

	if (profile->read_labels)
		return profile->read_labels(profile->reader, s->place, ret);
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

struct iq_error *iq_profile_goroutines(struct iq_facts *facts)
{
	const struct iq_profile *p = facts->profile;
	struct iq_error *err;
	size_t column;

	if (!p || (p->type != IQ_PROFILE_GOROUTINE &&
		   p->type != IQ_PROFILE_GOROUTINELEAK))
		return NULL;
	column = column_of(p);
	for (size_t i = 0; i < p->num_samples; i++) {
		int64_t count = p->values[i * p->num_types + column];
		const struct iq_labels *labels;
		struct iq_goroutine_fact fact;

		// A difference of two profiles has ones that are gone.
		if (count <= 0)
			continue;
		err = iq_profile_labels(p, i, &labels);
		if (!err)
			err = iq_facts_labels(facts, labels->items, labels->num,
					      &labels);
		if (err)
			return err;
		fact = fact_of(p->samples[i].stack, labels, count,
			       p->type == IQ_PROFILE_GOROUTINELEAK);
		fact.place = i;
		if (!iq_vec_push(&facts->goroutines, fact))
			return &iq_enomem;
	}
	return NULL;
}
