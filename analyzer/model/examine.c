/* SPDX-License-Identifier: Apache-2.0 */
/* What all examiners share: clauses, words, and what kinship allows. */
#include "model/examine.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "model/confidence.h"
#include "model/evidence.h"
#include "model/text.h"

/* Ids that a sentence names before it counts the rest. */
#define MAX_IDS 3

void iq_clause(struct iq_clauses *clauses, const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	int len;

	if (clauses->err)
		return;
	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0)
		clauses->err = &iq_enomem;
	else
		clauses->err = iq_textf(clauses->arena, &clauses->text,
					"%.*s%s%s", IQ_STR_ARG(clauses->text),
					clauses->text.len ? "; " : "", text);
	if (len >= 0)
		free(text);
}

/* ---- stance and weight */

void iq_support(const struct iq_examination *x, struct iq_evidence *e,
		bool proof)
{
	e->stance = IQ_STANCE_SUPPORTS;
	if (x->kinship == IQ_KINSHIP_PROCESS)
		e->weight = proof ? IQ_WEIGHT_PROOF : IQ_WEIGHT_AGREES;
}

/* A profile of an unknown process, so near to the finding's witness that it is
 * hardly another's. */
#define NEAR_NS 60000000000

static bool distance(const struct iq_examination *x, int64_t *ret);

/* It may be of this process: it is near in time, the wait is known to reach
 * back to it, or their clocks cannot be compared. Nobody sees a process after
 * its end. */
static bool may_be_of_process(const struct iq_examination *x)
{
	const struct iq_finding *f = x->finding;
	int64_t ns;

	if (!distance(x, &ns))
		return true;
	if (iq_is_later(x) &&
	    x->model->witnesses[x->main]->process.end > IQ_END_NONE)
		return false;
	return ns <= NEAR_NS || (f->has_wait_min && f->wait_min_ns >= ns);
}

void iq_support_by_stack(struct iq_examination *x, struct iq_evidence *e,
			 bool proof)
{
	iq_support(x, e, proof);
	// The same lines of the same build, as often: not by chance.
	if (x->kinship != IQ_KINSHIP_BUILD)
		return;
	if (may_be_of_process(x))
		e->weight = IQ_WEIGHT_AGREES;
	else
		iq_clause(&x->clauses, "not counted: whether it saw this "
				       "process is not known");
}

void iq_contradict(const struct iq_examination *x, struct iq_evidence *e,
		   bool all)
{
	if (x->kinship < IQ_KINSHIP_BUILD)
		return;
	e->stance = IQ_STANCE_CONTRADICTS;
	// A circle of which one has gone on is none.
	e->refutes = all || x->finding->class == IQ_CLASS_DEADLOCK;
}

/* ---- time */

bool iq_is_later(const struct iq_examination *x)
{
	enum iq_order order;

	if (!x->has_main || !x->model->moments)
		return false;
	order = iq_moment_order(x->model, x->witness, x->main);
	// A trace is asked of its end.
	return order == IQ_ORDER_AFTER ||
	       (order == IQ_ORDER_DURING &&
		x->model->witnesses[x->witness]->trace);
}

const char *iq_main_words(struct iq_examination *x)
{
	const struct iq_model *m = x->model;
	enum iq_witness_kind kind = m->witnesses[x->main]->witness.kind;
	struct iq_str words = IQ_STR("");
	unsigned num = 0, own = 0;

	for (size_t w = 0; w < m->num_witnesses; w++) {
		num += m->witnesses[w]->witness.kind == kind;
		if (w == x->main)
			own = num;
	}
	if (x->clauses.err)
		return "";
	if (num == 1)
		x->clauses.err = iq_textf(x->clauses.arena, &words, "the %s",
					  iq_witness_kind_name(kind));
	else
		x->clauses.err = iq_textf(x->clauses.arena, &words, "%s %u",
					  iq_witness_kind_name(kind), own);
	return words.ptr;
}

static bool is_after(const struct iq_model *m, size_t a, size_t b, int64_t *ret)
{
	return iq_moment_order(m, a, b) == IQ_ORDER_AFTER &&
	       iq_moment_between(m, b, a, ret);
}

/* The time between the finding's witness and the one that is asked. */
static bool distance(const struct iq_examination *x, int64_t *ret)
{
	const struct iq_model *m = x->model;

	return x->has_main && x->main != x->witness && m->moments &&
	       (is_after(m, x->witness, x->main, ret) ||
		is_after(m, x->main, x->witness, ret));
}

bool iq_is_apart(const struct iq_examination *x)
{
	int64_t ns;

	return distance(x, &ns) && ns >= IQ_SURE_WAIT_NS;
}

const char *iq_when_words(struct iq_examination *x)
{
	const struct iq_model *m = x->model;
	char time[IQ_DURATION_SIZE];
	struct iq_str words = IQ_STR("");
	const char *relation;
	int64_t ns;

	if (!x->has_main || x->main == x->witness || !m->moments)
		return "";
	if (is_after(m, x->witness, x->main, &ns))
		relation = "after";
	else if (is_after(m, x->main, x->witness, &ns))
		relation = "before";
	else
		return "";
	if (!x->clauses.err)
		x->clauses.err =
			iq_textf(x->clauses.arena, &words, ", %s %s %s",
				 iq_duration_words(time, ns), relation,
				 iq_main_words(x));
	return words.ptr;
}

/* ---- words */

struct iq_str iq_state_words(const struct iq_examination *x)
{
	const struct iq_finding *f = x->finding;
	const struct iq_goroutine *g;

	if (f->wait_reason.len)
		return f->wait_reason;
	if (!f->num_goroutines)
		return IQ_STR("");
	g = &x->model->goroutines[f->goroutines[0]];
	// A witness without reasons may show the call that waits.
	if (g->fact->status == IQ_GSTATUS_UNKNOWN ||
	    g->fact->status == IQ_GSTATUS_WAITING)
		return iq_str_of(iq_wait_class_words(g->class));
	return iq_str_of(iq_gstatus_name(g->fact->status));
}

const char *iq_ids_words(struct iq_examination *x)
{
	const struct iq_finding *f = x->finding;
	struct iq_str words = IQ_STR("");
	uint64_t num = 0;

	for (size_t i = 0; i < f->num_goroutines && !x->clauses.err; i++) {
		const struct iq_goroutine *g =
			&x->model->goroutines[f->goroutines[i]];

		if (!g->has_id || num++ >= MAX_IDS)
			continue;
		x->clauses.err = iq_textf(x->clauses.arena, &words,
					  "%.*s%s%" PRIu64, IQ_STR_ARG(words),
					  num == 1 ? "" : ", ", g->id);
	}
	if (num > MAX_IDS && !x->clauses.err)
		x->clauses.err = iq_textf(x->clauses.arena, &words,
					  "%.*s and %" PRIu64 " more",
					  IQ_STR_ARG(words), num - MAX_IDS);
	return x->clauses.err ? "" : words.ptr;
}

/* "leaksend.fetch" of "example.com/leaksend.fetch": a path says nothing of a
 * frame that is quoted. Type arguments have paths of their own. */
static struct iq_str short_function(struct iq_str name)
{
	size_t end = iq_str_find(name, '[');
	size_t slash = iq_str_rfind(iq_str_sub(name, 0, end), '/');

	return slash < end ? iq_str_sub(name, slash + 1, name.len) : name;
}

const char *iq_frame_words(struct iq_examination *x,
			   const struct iq_frame *frame)
{
	struct iq_frame copy;
	const char *words = "";

	if (!frame || x->clauses.err)
		return "";
	copy = *frame;
	copy.function = short_function(frame->function);
	x->clauses.err = iq_text_frame(x->clauses.arena, &copy, &words);
	return x->clauses.err ? "" : words;
}

const char *iq_site_words(struct iq_examination *x,
			  const struct iq_goroutine_fact *fact)
{
	const struct iq_signature *sig =
		fact ? iq_model_signature(x->model, x->witness, fact->stack) :
		       NULL;

	if (!sig || sig->site == UINT32_MAX)
		return "";
	return iq_frame_words(x, fact->stack->frames[sig->site]);
}

/* ---- what is lost */

void iq_say_absent(struct iq_examination *x, struct iq_evidence *e,
		   const char *otherwise)
{
	const struct iq_facts *facts = x->model->witnesses[x->witness];
	const struct iq_gap *gap = iq_facts_worst_gap(facts);

	if (facts->witness.complete || !gap) {
		iq_clause(&x->clauses, "%s%s", otherwise, iq_when_words(x));
		return;
	}
	e->blind = true;
	iq_clause(&x->clauses, "cannot know: %.*s", IQ_STR_ARG(gap->text));
}

/* ---- the witness that the finding was made from */

bool iq_is_own(const struct iq_examination *x)
{
	return x->has_main && x->main == x->witness;
}

/* A witness of the same kind has been asked before. */
static bool is_first_of_kind(const struct iq_examination *x)
{
	const struct iq_model *m = x->model;

	for (size_t w = 0; w < x->witness; w++) {
		if (!m->foreign[w] &&
		    m->witnesses[w]->witness.kind ==
			    m->witnesses[x->witness]->witness.kind)
			return false;
	}
	return true;
}

struct iq_str iq_ground_words(const struct iq_examination *x)
{
	const struct iq_finding *f = x->finding;
	enum iq_witness_kind kind =
		x->model->witnesses[x->witness]->witness.kind;
	bool own = f->has_ground_kind ?
			   kind == f->ground_kind && is_first_of_kind(x) :
			   iq_is_own(x);

	return own ? f->ground : IQ_STR("");
}

uint64_t iq_count_leaked(const struct iq_examination *x)
{
	const struct iq_finding *f = x->finding;
	uint64_t num = 0;

	for (size_t i = 0; i < f->num_goroutines; i++) {
		const struct iq_goroutine_fact *fact =
			iq_model_fact(x->model, f->goroutines[i], x->witness);

		num += fact && fact->leaked;
	}
	return num;
}

void iq_examine_own(struct iq_examination *x, struct iq_evidence *e,
		    const char *object)
{
	const struct iq_finding *f = x->finding;
	const struct iq_facts *facts = x->model->witnesses[x->witness];
	bool marked =
		f->num_goroutines && iq_count_leaked(x) == f->num_goroutines;
	// In a core it is evidence: who has the memory can prove it himself.
	bool proof = f->confidence == IQ_CONFIDENCE_PROVEN ||
		     (marked && facts->witness.kind != IQ_WITNESS_CORE);
	bool assumed = proof && iq_confidence_is_layout_assumed(facts);
	struct iq_str state = iq_state_words(x), ground = iq_ground_words(x);

	iq_support(x, e, proof);
	if (f->num_goroutines && x->model->goroutines[f->goroutines[0]].has_id)
		e->matches |= IQ_MATCH_IDS;
	if (f->stack && f->stack->num_frames)
		e->matches |= IQ_MATCH_FRAMES;
	iq_clause(&x->clauses, "%s%.*s%s%s%.*s",
		  proof && !assumed ? "proven: " : "", IQ_STR_ARG(state),
		  object, ground.len ? ": " : "", IQ_STR_ARG(ground));
	if (marked)
		iq_clause(&x->clauses, "the runtime marked %s as leaked",
			  f->num_goroutines == 1 ? "it" : "them");
	if (assumed)
		iq_clause(&x->clauses,
			  "no proof: the runtime's layout was assumed");
}
