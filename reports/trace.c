/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/trace.h"

#include <inttypes.h>

static struct iq_error *no_trace(const struct iq_model *model)
{
	char quoted[IQ_STR_QUOTE_SIZE];

	for (size_t i = 0; i < model->num_witnesses; i++) {
		const struct iq_facts *f = model->witnesses[i];

		if (f->witness.kind != IQ_WITNESS_TRACE || !f->gaps.len)
			continue;
		return iq_error_new(IQ_ERROR_FORMAT,
				    "nothing of %s can be read: %.*s",
				    iq_str_quote(f->witness.path, quoted),
				    IQ_STR_ARG(f->gaps.data[0].text));
	}
	return iq_error_new(IQ_ERROR_FORMAT,
			    "none of the files is an execution trace");
}

static struct iq_error *no_goroutine(const struct iq_trace *trace)
{
	if (!trace->num_goroutines)
		return iq_error_new(IQ_ERROR_USAGE,
				    "there is no goroutine %" PRIu64
				    ": the trace has none",
				    trace->of);
	return iq_error_new(IQ_ERROR_USAGE,
			    "there is no goroutine %" PRIu64
			    ": %zu are in the trace, the last is %" PRIu64,
			    trace->of, trace->num_goroutines,
			    trace->goroutines[trace->num_goroutines - 1].id);
}

/* A header alone, or what was cut off before the first event. */
static bool is_unreadable(const struct iq_facts *facts)
{
	const struct iq_trace *t = facts->trace;

	return !t || (!facts->witness.complete && !t->num_events &&
		      !t->num_goroutines);
}

struct iq_error *iq_trace_check(const struct iq_model *model)
{
	const struct iq_trace *last = NULL;

	for (size_t i = 0; i < model->num_witnesses; i++) {
		const struct iq_trace *t = model->witnesses[i]->trace;

		if (is_unreadable(model->witnesses[i]))
			continue;
		last = t;
		if (!t->has_of || iq_trace_find(t, t->of))
			return NULL;
	}
	return last ? no_goroutine(last) : no_trace(model);
}

bool iq_trace_wall(const struct iq_trace *trace, int64_t ns, int64_t *ret)
{
	int64_t after;

	return trace->has_wall &&
	       !__builtin_sub_overflow(ns, trace->wall_mono_ns, &after) &&
	       !__builtin_add_overflow(trace->wall_ns, after, ret);
}
