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

/* Where the runtime keeps the goroutine in memory. */
static uint64_t g_address(const struct iq_facts *facts,
			  const struct iq_goroutine_fact *fact)
{
	if (fact->has_g)
		return fact->g_addr;
	return facts->witness.kind == IQ_WITNESS_CORE ? fact->place : 0;
}

/* A goroutine has one g for life; that of main is the same one in many
 * processes. */
static void compare_gs(const struct iq_kinship_pair *p,
		       const struct iq_goroutine_fact *x,
		       const struct iq_goroutine_fact *y,
		       struct iq_kinship_signs *signs)
{
	uint64_t a = g_address(p->x, x), b = g_address(p->y, y);

	if (!a || !b)
		return;
	signs->num_gs += a == b;
	signs->num_other_gs += a != b;
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
		if (x->id == y->id)
			compare_gs(p, x, y, signs);
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

/* A goroutine that ended within the trace, which has no fact of it. */
static void compare_ended_one(const struct iq_kinship_pair *p,
			      const struct iq_trace_goroutine *g,
			      const struct iq_goroutine_fact *fact,
			      struct iq_kinship_signs *signs)
{
	bool known = fact->has_parent && g->has_creator;
	struct iq_str root, next;

	if (fact->id == MAIN_GOID)
		return;
	root_functions(p->model, p->b, fact, &root, &next);
	signs->num_ids++;
	if ((known && fact->parent != g->creator) ||
	    (root.len && !iq_function_equal(g->name, root) &&
	     !(next.len && iq_function_equal(g->name, next))))
		signs->num_other++;
	else if ((known || root.len) && is_own(fact))
		signs->num_same++;
}

static void compare_ended(const struct iq_kinship_pair *p,
			  struct iq_kinship_signs *signs)
{
	const struct iq_trace *trace = p->x->trace;
	const struct iq_facts *other = p->y;
	size_t i = 0, j = 0;

	while (i < trace->num_goroutines && j < other->goroutines.len &&
	       other->goroutines.data[j].has_id && signs->num_ids < IDS_MAX) {
		const struct iq_trace_goroutine *g = &trace->goroutines[i];
		const struct iq_goroutine_fact *fact =
			&other->goroutines.data[j];

		// Goroutines of C's threads have no function of their own, and
		// come back.
		if (g->id == fact->id && g->has_ended && g->name.len) {
			signs->num_dead += is_later(trace, other, g->ended_ns);
			compare_ended_one(p, g, fact, signs);
		}
		i += g->id <= fact->id;
		j += fact->id <= g->id;
	}
}

/* A text is not of one instant: its goroutines go on while it is written. */
#define TEXT_SLACK_NS 1000000000ll
/* Ids that a processor keeps for goroutines to come.
 * Go: src/runtime/proc.go, _GoidCacheBatch. */
#define IDS_KEPT 16

/* What the ids of another witness say of its moment within the trace. */
struct id_window {
	bool has_made, has_ended;
	int64_t made_ns, ended_ns; /* the last one made, the first one ended */
	uint64_t first_made;	   /* the smallest id that the trace saw made */
	size_t num_unknown;	   /* smaller ids that the trace has not */
};

static uint64_t first_made(const struct iq_trace *trace)
{
	for (size_t i = 0; i < trace->num_goroutines; i++) {
		if (trace->goroutines[i].has_created)
			return trace->goroutines[i].id;
	}
	return 0;
}

static void window_add(struct id_window *w, const struct iq_trace_goroutine *g)
{
	if (g->has_created && (!w->has_made || g->created_ns > w->made_ns)) {
		w->has_made = true;
		w->made_ns = g->created_ns;
	}
	if (g->has_ended && g->name.len &&
	    (!w->has_ended || g->ended_ns < w->ended_ns)) {
		w->has_ended = true;
		w->ended_ns = g->ended_ns;
	}
}

/*
 * A trace knows all goroutines there are while it runs. Who has one that it saw
 * made is not of an earlier time, and has neither those that ended before, nor,
 * but for ids that were kept, older ones that the trace does not know.
 */
static void compare_window(const struct iq_kinship_pair *p,
			   struct iq_kinship_signs *signs)
{
	const struct iq_trace *trace = p->x->trace;
	struct id_window w = { .first_made = first_made(trace) };
	size_t i = 0;

	for (size_t j = 0; j < p->y->goroutines.len; j++) {
		const struct iq_goroutine_fact *fact =
			&p->y->goroutines.data[j];

		if (!fact->has_id)
			return;
		while (i < trace->num_goroutines &&
		       trace->goroutines[i].id < fact->id)
			i++;
		if (i < trace->num_goroutines &&
		    trace->goroutines[i].id == fact->id)
			window_add(&w, &trace->goroutines[i]);
		else if (fact->id < w.first_made && is_own(fact))
			w.num_unknown++;
	}
	if (!w.has_made)
		return;
	if (p->x->witness.complete &&
	    w.num_unknown / IDS_KEPT > trace->num_procs)
		signs->num_strange = w.num_unknown;
	else if (w.has_ended && w.made_ns > TEXT_SLACK_NS &&
		 w.ended_ns < w.made_ns - TEXT_SLACK_NS)
		signs->num_strange = 1;
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

/* @pair's first witness may be a trace. */
static void compare_trace(const struct iq_kinship_pair *pair,
			  struct iq_kinship_signs *signs)
{
	if (!pair->x->trace)
		return;
	compare_ended(pair, signs);
	if (!pair->y->trace)
		compare_window(pair, signs);
	if (pair->x->trace->is_nanotime)
		compare_waits(pair->x->trace, pair->y, signs);
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

	const struct iq_kinship_pair turned = {
		.model = model,
		.a = b,
		.b = a,
		.x = pair.y,
		.y = pair.x,
	};

	*ret = (struct iq_kinship_signs){ 0 };
	compare_ids(&pair, ret);
	compare_threads(&pair, ret);
	compare_trace(&pair, ret);
	compare_trace(&turned, ret);
	return iq_kinship_compare_code(&pair, ret);
}
