/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file may hold several dumps: the last one that has goroutines counts. Its
 * begin is known from the words before it, from an id that was there already,
 * or from a second goroutine that runs while it is shown: the list of one dump
 * has one at most, the others' stacks are unavailable.
 */
#include "base/limits.h"
#include "formats/text/go_dump.h"

/* What runtime/pprof writes of debug=2 at most, cut without a mark
 * (Go: src/runtime/pprof/pprof.go, writeGoroutineStacks). */
#define DEBUG2_MAX (64u << 20)

static const struct iq_dump_end end_unknown = {
	.kind = IQ_END_UNKNOWN,
	.text = { "", 0 },
	.words = { "", 0 },
	.signal = { "", 0 },
};

/* It is shown with its stack although it runs. */
static bool is_shown_running(const struct iq_dump_stack *stack)
{
	return stack->header.status == IQ_GSTATUS_RUNNING && stack->frames.len;
}

/* It runs because it takes the dump of a process that lives on. */
static bool is_asking(const struct iq_dump_stack *stack)
{
	struct iq_str f;

	if (!is_shown_running(stack))
		return false;
	f = stack->frames.data[0].function;
	return iq_str_equal(f, IQ_STR("runtime/debug.Stack")) ||
	       iq_str_starts(f, IQ_STR("runtime/pprof."));
}

/* Who ended it stands first, unless the thread's own stack does. */
static void end_goroutine_set(struct iq_dump *d)
{
	struct iq_process_fact *p = &d->facts->process;
	const struct iq_go_header *h = &d->stack.header;
	enum iq_end_kind kind = d->section.end.kind;

	p->has_end_goroutine = false;
	if (d->section.thread_first || d->section.end.sent)
		return;
	if (kind != IQ_END_PANIC && kind != IQ_END_FATAL &&
	    kind != IQ_END_SIGNAL)
		return;
	if (h->status != IQ_GSTATUS_SYSCALL && !is_shown_running(&d->stack))
		return;
	p->has_end_goroutine = true;
	p->end_goroutine = h->id;
}

static bool is_crash(enum iq_end_kind kind)
{
	return kind == IQ_END_PANIC || kind == IQ_END_FATAL ||
	       kind == IQ_END_SIGNAL;
}

/* What is known of the section so far, to be named beside a later one. */
static void mention_set(const struct iq_dump *d, struct iq_dump_mention *ret)
{
	const struct iq_process_fact *p = &d->facts->process;
	uint32_t at;

	*ret = (struct iq_dump_mention){
		.there = true,
		.end = d->section.end,
		.has_goroutine = p->has_end_goroutine,
		.goroutine = p->end_goroutine,
	};
	if (p->has_end_goroutine &&
	    iq_dump_ids_find(&d->section.ids, p->end_goroutine, &at))
		ret->stack = d->facts->goroutines.data[at].stack;
}

/* Forgets the section before. */
static void section_restart(struct iq_dump *d, const struct iq_dump_end *end)
{
	struct iq_dump_section *s = &d->section;

	if (s->num && is_crash(s->end.kind))
		mention_set(d, &d->earlier);
	iq_facts_restart(d->facts);
	s->num++;
	s->end = *end;
	s->has_running = s->has_labels = s->has_system = false;
	s->num_skipped = 0;
	s->other.there = false;
	iq_dump_ids_clear(&s->ids);
}

/* The goroutine that was read is the first of a dump. */
static void section_begin(struct iq_dump *d)
{
	struct iq_dump_section *s = &d->section;

	section_restart(d, d->has_next ? &d->next : &end_unknown);
	s->offset = d->stack.offset;
	s->thread_first = d->next_thread_first;
	d->next_thread_first = false;
	// Noise before the first goroutine is not within the dump.
	d->stack.noise_before = 0;
	// Who prints its own stack recovered from what was said before; a
	// signal's text needs nobody's help.
	if (is_asking(&d->stack) && s->end.kind != IQ_END_SIGNAL &&
	    s->end.kind != IQ_END_OPERATOR) {
		s->end = end_unknown;
		s->end.kind = IQ_END_NONE;
	}
	end_goroutine_set(d);
}

/* Without anything between the two they may be somebody's selection. */
static bool is_second_running(const struct iq_dump *d)
{
	return is_shown_running(&d->stack) && d->section.has_running &&
	       (d->stack.noise_before || is_asking(&d->stack));
}

/*
 * A second thread that panics waits until the first has printed all, and prints
 * its own goroutine alone: the list has it as one that ran elsewhere; without a
 * list nothing stands between the two. Go: src/runtime/panic.go, startpanic_m,
 * dopanic_m.
 */
static bool is_other(const struct iq_dump *d, bool known, uint32_t at)
{
	const struct iq_dump_section *s = &d->section;
	const struct iq_dump_stack *stack = &d->stack;
	const struct iq_goroutine_fact *g;

	if (!s->num || !d->has_next || s->other.there ||
	    !is_shown_running(stack) || is_asking(stack) ||
	    (s->end.kind != IQ_END_PANIC && s->end.kind != IQ_END_FATAL) ||
	    (d->next.kind != IQ_END_PANIC && d->next.kind != IQ_END_FATAL))
		return false;
	if (!known)
		return d->next_follows && s->ids.num == 1;
	g = &d->facts->goroutines.data[at];
	return g->status == IQ_GSTATUS_RUNNING && !g->stack &&
	       g->has_g == stack->header.has_g &&
	       (!g->has_g || g->g_addr == stack->header.g_addr);
}

/* It was no second thread's: its own list follows, so it is another dump. */
static struct iq_error *other_begin(struct iq_dump *d)
{
	struct iq_dump_section *s = &d->section;
	struct iq_process_fact *p = &d->facts->process;
	struct iq_goroutine_fact g = s->other_fact;
	const struct iq_stack *stack = g.stack;
	struct iq_dump_end end = s->other.end;
	struct iq_error *err = NULL;

	s->offset = s->other_offset;
	s->thread_first = false;
	section_restart(d, &end);
	p->has_end_goroutine = true;
	p->end_goroutine = g.id;
	if (stack)
		err = iq_facts_stack(d->facts, stack, &g.stack);
	if (err)
		return err;
	s->has_running = true;
	if (!iq_vec_push(&d->facts->goroutines, g))
		return &iq_enomem;
	return iq_dump_ids_add(&s->ids, g.id, 0);
}

/*
 * A panic shows one goroutine that runs: what came before a second one stood in
 * the panic's own text, whose lines were not indented up to Go 1.22.
 */
static bool was_in_value(const struct iq_dump *d)
{
	const struct iq_dump_section *s = &d->section;

	return s->num && !d->has_next && s->end.kind == IQ_END_PANIC &&
	       s->has_running && !s->other.there && !d->stack.noise_before &&
	       is_shown_running(&d->stack) && !is_asking(&d->stack);
}

/* The dump of the same panic begins here. */
static void section_anew(struct iq_dump *d)
{
	struct iq_dump_section *s = &d->section;

	d->has_next = true;
	d->next = s->end;
	s->end = end_unknown;
	s->num--;
	section_begin(d);
}

struct iq_error *iq_dump_section_enter(struct iq_dump *d, bool *known_ret,
				       uint32_t *ret)
{
	struct iq_dump_section *s = &d->section;
	bool known = iq_dump_ids_find(&s->ids, d->stack.header.id, ret);
	bool in_thread = d->in_thread;
	struct iq_error *err = NULL;

	*known_ret = false;
	// A thread runs one goroutine; a second one is another dump's.
	d->in_thread = false;
	if (s->other.there && !d->has_next && !in_thread) {
		err = other_begin(d);
		known = !err &&
			iq_dump_ids_find(&s->ids, d->stack.header.id, ret);
	}
	if (err)
		return err;
	if (is_other(d, known, *ret)) {
		s->other = (struct iq_dump_mention){
			.there = true,
			.listed = known,
			.end = d->next,
			.has_goroutine = true,
			.goroutine = d->stack.header.id,
		};
		s->other_offset = d->stack.offset;
		*known_ret = known;
	} else if (s->num == 0 || d->has_next) {
		section_begin(d);
	} else if (in_thread || (known && s->end.shared)) {
		*known_ret = known;
	} else if (was_in_value(d)) {
		section_anew(d);
	} else if (known || is_second_running(d)) {
		section_begin(d);
	}
	d->has_next = false;
	return NULL;
}

void iq_dump_section_other(struct iq_dump *d, const struct iq_goroutine_fact *g)
{
	struct iq_dump_section *s = &d->section;

	if (!s->other.there || s->other.goroutine != g->id || s->other.stack)
		return;
	s->other.stack = g->stack;
	s->other_fact = *g;
}

void iq_dump_section_merge(struct iq_goroutine_fact *known,
			   const struct iq_goroutine_fact *g)
{
	if (!known->stack && g->stack) {
		known->stack = g->stack;
		known->entry = g->entry;
		known->has_system = g->has_system;
		known->system = g->system;
	}
	if (!known->created_by)
		known->created_by = g->created_by;
}

struct iq_error *iq_dump_section_add(struct iq_dump *d,
				     const struct iq_goroutine_fact *g)
{
	struct iq_dump_section *s = &d->section;

	if (d->facts->goroutines.len >= IQ_LIMIT_GOROUTINES) {
		iq_facts_gap(d->facts, IQ_GAP_LIMIT, "more than %u goroutines",
			     IQ_LIMIT_GOROUTINES);
		return NULL;
	}
	s->num_skipped += d->stack.noise_before + d->stack.noise_within;
	s->has_running |= g->status == IQ_GSTATUS_RUNNING && g->stack;
	s->has_labels |= g->labels != NULL;
	s->has_system |= g->system;
	if (!iq_vec_push(&d->facts->goroutines, *g))
		return &iq_enomem;
	return iq_dump_ids_add(&s->ids, g->id,
			       (uint32_t)d->facts->goroutines.len - 1);
}

/* Where some have labels, the others are known to have none. */
static struct iq_error *labels_complete(struct iq_facts *facts)
{
	const struct iq_labels *none;
	struct iq_error *err = iq_facts_labels(facts, NULL, 0, &none);

	if (err)
		return err;
	for (size_t i = 0; i < facts->goroutines.len; i++) {
		if (!facts->goroutines.data[i].labels)
			facts->goroutines.data[i].labels = none;
	}
	return NULL;
}

static void process_set(struct iq_process_fact *p,
			const struct iq_dump_end *end)
{
	p->end = end->kind;
	p->end_text = end->text;
	p->signal = end->signal;
	p->has_fault_addr = end->has_fault_addr;
	p->fault_addr = end->fault_addr;
}

/* Only why it ended is there, and no goroutine. */
static struct iq_error *bare_finish(struct iq_dump *d)
{
	struct iq_witness_fact *w = &d->facts->witness;

	d->section.end = d->next;
	process_set(&d->facts->process, &d->next);
	w->num_sections = 1;
	w->tells = IQ_TELLS_END;
	iq_facts_gap(d->facts, IQ_GAP_MISSING,
		     "no stacks were printed: which goroutine ended the "
		     "process, and where, is unknown");
	return iq_dump_scene(d);
}

struct iq_error *iq_dump_section_finish(struct iq_dump *d)
{
	const struct iq_dump_section *s = &d->section;
	struct iq_witness_fact *w = &d->facts->witness;
	struct iq_error *err = NULL;

	if (s->num == 0 && d->has_next && is_crash(d->next.kind))
		return bare_finish(d);
	if (s->num == 0)
		return iq_error_at(IQ_ERROR_FORMAT, 0, "no goroutine in it");
	process_set(&d->facts->process, &s->end);
	w->section = s->num - 1;
	w->num_sections = s->num;
	w->num_skipped_lines = s->num_skipped;
	w->tells = IQ_TELLS_IDS | IQ_TELLS_STATES | IQ_TELLS_STACKS |
		   IQ_TELLS_CREATORS;
	if (s->end.kind != IQ_END_UNKNOWN)
		w->tells |= IQ_TELLS_END;
	if (s->has_system)
		w->tells |= IQ_TELLS_SYSTEM;
	if (s->has_labels) {
		w->tells |= IQ_TELLS_LABELS;
		err = labels_complete(d->facts);
	}
	if (!err)
		err = iq_dump_scene(d);
	if (d->source->size - s->offset == DEBUG2_MAX)
		iq_facts_gap_offset(d->facts, IQ_GAP_TRUNCATED, d->source->size,
				    "the dump ends at the 64 MiB that "
				    "runtime/pprof writes at most");
	return err;
}
