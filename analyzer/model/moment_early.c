/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A core that was taken before a trace began: whoever reads them as one story
 * must know it first. Where the file's time is lost, the runtime's newest clock
 * tells it together with the goroutines that the trace saw run.
 */
#include "model/moment.h"

#include <inttypes.h>

#include "model/text.h"
#include "model/trace.h"

struct signs {
	const struct iq_facts *core;
	const struct iq_trace *trace;
	/* The core has a goroutine that began in the trace. */
	bool within;
	/* Goroutines of the core that ran in the trace. */
	uint64_t num_ran;
	int64_t clock_ns; /* from the core's newest clock to the trace */
};

static bool has_goroutine(const struct iq_facts *facts, uint64_t id)
{
	size_t low = 0, high = facts->goroutines.len;

	// Ordered by id, those without one last.
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct iq_goroutine_fact *fact =
			&facts->goroutines.data[mid];

		if (fact->has_id && fact->id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < facts->goroutines.len &&
	       facts->goroutines.data[low].has_id &&
	       facts->goroutines.data[low].id == id;
}

static void look_at(struct signs *s, const struct iq_trace_goroutine *g)
{
	// Those of C's threads come back, and have no function.
	if (!g->name.len || g->tracer || !has_goroutine(s->core, g->id))
		return;
	s->within |= g->has_created;
	s->num_ran += g->num_starts > 0 || g->has_ended;
}

/*
 * No clock that both have orders them. Whoever schedules goroutines reads the
 * clock: the core's would stand within the trace, had it seen these run.
 * Go: src/runtime/proc.go, findRunnable, sets sched.lastpoll.
 */
static bool is_early_by_goroutines(const struct iq_model *m, size_t core,
				   size_t trace, struct signs *s)
{
	const struct iq_process_fact *p = &m->witnesses[core]->process;

	*s = (struct signs){
		.core = m->witnesses[core],
		.trace = m->witnesses[trace]->trace,
	};
	if (!s->trace->is_nanotime || !p->has_mono ||
	    __builtin_sub_overflow(s->trace->start_ns, p->mono_ns,
				   &s->clock_ns) ||
	    s->clock_ns <= 0)
		return false;
	for (size_t i = 0; i < s->trace->num_goroutines; i++)
		look_at(s, &s->trace->goroutines[i]);
	return s->num_ran && !s->within;
}

static struct iq_error *say(struct iq_model *m, size_t core, size_t trace,
			    const char *time, const char *why)
{
	char core_name[IQ_STR_QUOTE_SIZE], trace_name[IQ_STR_QUOTE_SIZE];
	struct iq_str text;
	struct iq_error *err = iq_textf(
		&m->arena, &text,
		"%s was taken %sbefore the trace began: what %s shows came "
		"later%s",
		iq_str_quote(iq_str_basename(m->witnesses[core]->witness.path),
			     core_name),
		time,
		iq_str_quote(iq_str_basename(m->witnesses[trace]->witness.path),
			     trace_name),
		why);

	return err ? err : iq_model_add_gap(m, IQ_GAP_ORDER, text.ptr);
}

static struct iq_error *look_at_pair(struct iq_model *m, size_t core,
				     size_t trace)
{
	enum iq_order order = iq_moment_order(m, core, trace);
	char time[IQ_DURATION_SIZE];
	struct iq_str words = IQ_STR("");
	struct iq_error *err = NULL;
	struct signs s;
	int64_t ns;

	if (order == IQ_ORDER_BEFORE) {
		if (iq_moment_between(m, core, trace, &ns))
			err = iq_textf(&m->arena, &words, "%s ",
				       iq_duration_words(time, ns));
		return err ? err : say(m, core, trace, words.ptr, "");
	}
	if (order != IQ_ORDER_UNKNOWN ||
	    !is_early_by_goroutines(m, core, trace, &s))
		return NULL;
	err = iq_textf(&m->arena, &words,
		       " (the core's newest clock is %s before it, and %" PRIu64
		       " of the core's goroutines ran in it)",
		       iq_duration_words(time, s.clock_ns), s.num_ran);
	return err ? err : say(m, core, trace, "", words.ptr);
}

static bool is_of_process(const struct iq_model *m, size_t w)
{
	return !m->foreign[w] && m->kinship[w] == IQ_KINSHIP_PROCESS;
}

struct iq_error *iq_moment_warn(struct iq_model *model)
{
	struct iq_error *err = NULL;

	for (size_t c = 0; c < model->num_witnesses && !err; c++) {
		if (model->witnesses[c]->witness.kind != IQ_WITNESS_CORE ||
		    !is_of_process(model, c))
			continue;
		for (size_t t = 0; t < model->num_witnesses && !err; t++) {
			if (model->witnesses[t]->trace &&
			    is_of_process(model, t))
				err = look_at_pair(model, c, t);
		}
	}
	return err;
}
