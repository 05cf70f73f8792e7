/* SPDX-License-Identifier: Apache-2.0 */
#include "model/kinship.h"

#include "model/trace.h"

/* Goroutine 1 runs main in every process. */
#define MAIN_GOID 1
/* Goroutines that are compared by where they were made: another process's
 * differ from the first on. */
#define IDS_MAX 65536
/* Goroutines whose g.waitsince is looked for among the collections of a trace:
 * those of one process have few different ones. */
#define WAITS_MAX 4096

/*
 * The function that a goroutine started with: the outermost frame that all
 * witnesses show. Up to Go 1.21 texts show a wrapper around it that cannot be
 * told from a function: *@next_ret is the one within.
 */
static void root_functions(const struct iq_model *m, size_t w,
			   const struct iq_goroutine_fact *fact,
			   struct iq_str *ret, struct iq_str *next_ret)
{
	const struct iq_trace *trace = m->witnesses[w]->trace;
	const struct iq_trace_goroutine *g =
		trace ? iq_trace_find(trace, fact->id) : NULL;
	const struct iq_signature *sig = iq_model_signature(m, w, fact->stack);

	*ret = *next_ret = IQ_STR("");
	if (g && g->name.len) {
		*ret = g->name;
		return;
	}
	if (!sig || !fact->stack->complete || sig->system)
		return;
	for (uint32_t i = sig->end; i > sig->begin && !next_ret->len; i--) {
		const struct iq_frame *f = fact->stack->frames[i - 1];

		if (!iq_signature_compares(sig, f))
			continue;
		*(ret->len ? next_ret : ret) = f->function;
	}
}

enum likeness { UNLIKE, ALIKE, INCOMPARABLE };

static enum likeness compare_roots(const struct iq_kinship_pair *p,
				   const struct iq_goroutine_fact *x,
				   const struct iq_goroutine_fact *y)
{
	struct iq_str a, a_next, b, b_next;

	root_functions(p->model, p->a, x, &a, &a_next);
	root_functions(p->model, p->b, y, &b, &b_next);
	if (!a.len || !b.len)
		return INCOMPARABLE;
	return iq_function_equal(a, b) ||
			       (b_next.len && iq_function_equal(a, b_next)) ||
			       (a_next.len && iq_function_equal(a_next, b)) ?
		       ALIKE :
		       UNLIKE;
}

/* Lines of "created by" alone: texts name the function that a pc is in, others
 * the inlined one that it stands for. */
static enum likeness compare_creators(const struct iq_goroutine_fact *x,
				      const struct iq_goroutine_fact *y)
{
	if (x->has_parent && y->has_parent && x->parent != y->parent)
		return UNLIKE;
	if (!x->created_by || !y->created_by || !x->created_by->line ||
	    !y->created_by->line)
		return INCOMPARABLE;
	return x->created_by->line == y->created_by->line ? ALIKE : UNLIKE;
}

static bool is_own(const struct iq_goroutine_fact *fact)
{
	return !fact->system &&
	       !(fact->created_by &&
		 iq_function_is_runtime(fact->created_by->function));
}

static void compare_goroutine(const struct iq_kinship_pair *p,
			      const struct iq_goroutine_fact *x,
			      const struct iq_goroutine_fact *y,
			      struct iq_kinship_signs *signs)
{
	enum likeness creators = compare_creators(x, y);
	enum likeness roots = compare_roots(p, x, y);

	signs->num_ids++;
	if (creators == UNLIKE || roots == UNLIKE)
		signs->num_other++;
	else if ((creators == ALIKE || roots == ALIKE) && is_own(x) &&
		 is_own(y))
		signs->num_same++;
}

static void compare_ids(const struct iq_kinship_pair *p,
			struct iq_kinship_signs *signs)
{
	size_t i = 0, j = 0;

	while (i < p->x->goroutines.len && j < p->y->goroutines.len &&
	       signs->num_ids < IDS_MAX) {
		const struct iq_goroutine_fact *x = &p->x->goroutines.data[i];
		const struct iq_goroutine_fact *y = &p->y->goroutines.data[j];

		if (!x->has_id || !y->has_id)
			return;
		if (x->id == y->id && x->id != MAIN_GOID)
			compare_goroutine(p, x, y, signs);
		i += x->id <= y->id;
		j += y->id <= x->id;
	}
}

/* No process of Go has fewer: what a core says less of is damaged. */
#define THREADS_MIN 3

static bool knows_threads(const struct iq_facts *facts)
{
	return facts->process.num_threads >=
	       (facts->witness.kind == IQ_WITNESS_CORE ? THREADS_MIN : 1);
}

/* Threads of Go end rarely: two witnesses of a process have some in common. */
static void compare_threads(const struct iq_kinship_pair *pair,
			    struct iq_kinship_signs *signs)
{
	const struct iq_process_fact *p = &pair->x->process;
	const struct iq_process_fact *q = &pair->y->process;
	size_t i = 0, j = 0;

	if (!knows_threads(pair->x) || !knows_threads(pair->y))
		return;
	signs->num_all_threads = p->num_threads + q->num_threads;
	while (i < p->num_threads && j < q->num_threads) {
		uint64_t x = p->threads[i], y = q->threads[j];

		signs->num_threads += x == y;
		i += x <= y;
		j += y <= x;
	}
}

/*
 * Whether the other witness would be of a later time than @time of the trace,
 * were both of one process: it is of the process's end, or its clock says so.
 */
static bool is_later(const struct iq_trace *trace, const struct iq_facts *other,
		     int64_t time)
{
	if (other->process.end > IQ_END_NONE)
		return true;
	return trace->is_nanotime && other->process.has_mono &&
	       other->process.mono_ns > time;
}

static void compare_ended(const struct iq_trace *trace,
			  const struct iq_facts *other,
			  struct iq_kinship_signs *signs)
{
	size_t i = 0, j = 0;

	while (i < trace->num_goroutines && j < other->goroutines.len &&
	       other->goroutines.data[j].has_id) {
		const struct iq_trace_goroutine *g = &trace->goroutines[i];
		uint64_t id = other->goroutines.data[j].id;

		// Goroutines of C's threads have no function of their own, and
		// come back.
		if (g->id == id && g->has_ended && g->name.len &&
		    is_later(trace, other, g->ended_ns))
			signs->num_dead++;
		i += g->id <= id;
		j += id <= g->id;
	}
}

static bool lies_in_termination(const struct iq_trace *trace, int64_t time)
{
	for (size_t i = 0; i < trace->num_gcs; i++) {
		const struct iq_trace_gc *gc = &trace->gcs[i];

		if (gc->has_termination && gc->termination_begin_ns <= time &&
		    time <= gc->termination_end_ns)
			return true;
	}
	return false;
}

static void compare_waits(const struct iq_trace *trace,
			  const struct iq_facts *other,
			  struct iq_kinship_signs *signs)
{
	size_t left = WAITS_MAX;

	for (size_t i = 0; i < other->goroutines.len && left; i++) {
		const struct iq_goroutine_fact *fact =
			&other->goroutines.data[i];

		if (!fact->has_waitsince)
			continue;
		left--;
		if (lies_in_termination(trace, fact->waitsince_ns)) {
			signs->has_waits = true;
			return;
		}
	}
}

static void compare_trace(const struct iq_facts *facts,
			  const struct iq_facts *other,
			  struct iq_kinship_signs *signs)
{
	if (!facts->trace)
		return;
	compare_ended(facts->trace, other, signs);
	if (facts->trace->is_nanotime)
		compare_waits(facts->trace, other, signs);
}

struct iq_error *iq_kinship_compare(const struct iq_model *model, size_t a,
				    size_t b, struct iq_kinship_signs *ret)
{
	struct iq_kinship_pair pair = {
		.model = model,
		.a = a,
		.b = b,
		.x = model->witnesses[a],
		.y = model->witnesses[b],
	};

	*ret = (struct iq_kinship_signs){ 0 };
	compare_ids(&pair, ret);
	compare_threads(&pair, ret);
	compare_trace(pair.x, pair.y, ret);
	compare_trace(pair.y, pair.x, ret);
	return iq_kinship_compare_code(&pair, ret);
}
