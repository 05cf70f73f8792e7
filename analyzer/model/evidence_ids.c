/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same goroutines by id: in the same wait, at the same place, made by the
 * same one. What cores, dumps and traces can say alike.
 */
#include "model/evidence.h"
#include "model/examine.h"

#include <inttypes.h>

#include "model/frame.h"
#include "model/population.h"
#include "model/text.h"

/* What a witness without memory can tell apart: it may call all locks one. */
static enum iq_wait_class coarse(enum iq_wait_class class)
{
	switch (class) {
	case IQ_CLASS_RWMUTEX_R:
	case IQ_CLASS_RWMUTEX_W:
	case IQ_CLASS_WAITGROUP:
	case IQ_CLASS_SEMAPHORE:
		return IQ_CLASS_MUTEX;
	default:
		return iq_population_class(class);
	}
}

enum match { NO_STACK, EQUAL, SAME_SITE, DIFFERENT };

static const struct iq_frame *site_of(const struct iq_signature *sig,
				      const struct iq_stack *stack)
{
	return sig->site == UINT32_MAX ? NULL : stack->frames[sig->site];
}

static enum match match_frames(const struct iq_signature *a,
			       const struct iq_stack *stack_a,
			       const struct iq_signature *b,
			       const struct iq_stack *stack_b)
{
	const struct iq_frame *x;

	if (!a || !b || !stack_a->num_frames || !stack_b->num_frames)
		return NO_STACK;
	if (a->strong == b->strong)
		return EQUAL;
	x = site_of(a, stack_a);
	return x && iq_frame_same_place(x, site_of(b, stack_b)) ? SAME_SITE :
								  DIFFERENT;
}

enum iq_standing iq_standing_of(const struct iq_model *model, size_t goroutine,
				size_t witness)
{
	const struct iq_goroutine *g = &model->goroutines[goroutine];
	const struct iq_goroutine_fact *fact =
		iq_model_fact(model, goroutine, witness);
	enum iq_wait_class class;
	enum match match;

	if (!fact)
		return IQ_STANDS_ABSENT;
	class = iq_wait_class_of(fact);
	match = match_frames(
		iq_model_signature(model, g->witness, g->fact->stack),
		g->fact->stack, iq_model_signature(model, witness, fact->stack),
		fact->stack);
	if (match == DIFFERENT)
		return IQ_STANDS_ELSEWHERE;
	// A state without a reason is waiting all the same.
	if (coarse(class) != coarse(g->class) &&
	    !(class == IQ_CLASS_UNKNOWN_WAIT &&
	      fact->status == IQ_GSTATUS_WAITING) &&
	    !(match == EQUAL && class != IQ_CLASS_RUNNING))
		return IQ_STANDS_ELSEWHERE;
	return match == EQUAL	  ? IQ_STANDS_SAME :
	       match == SAME_SITE ? IQ_STANDS_AT_SITE :
				    IQ_STANDS_UNSEEN;
}

/* Both know who made it and where; *@agree_ret: they say the same. */
static bool compare_creators(const struct iq_goroutine_fact *a,
			     const struct iq_goroutine_fact *b, bool *agree_ret)
{
	if (a == b || !a->has_parent || !b->has_parent)
		return false;
	*agree_ret = a->parent == b->parent &&
		     (!a->created_by || !b->created_by ||
		      !a->created_by->line || !b->created_by->line ||
		      a->created_by->line == b->created_by->line);
	return true;
}

void iq_stand_count(const struct iq_examination *x, struct iq_stand *ret)
{
	const struct iq_finding *f = x->finding;

	*ret = (struct iq_stand){ 0 };
	for (size_t i = 0; i < f->num_goroutines; i++) {
		const struct iq_goroutine *g =
			&x->model->goroutines[f->goroutines[i]];
		const struct iq_goroutine_fact *fact =
			iq_model_fact(x->model, f->goroutines[i], x->witness);
		enum iq_standing standing =
			iq_standing_of(x->model, f->goroutines[i], x->witness);
		bool agree;

		if (!g->has_id)
			continue;
		ret->num++;
		ret->by[standing]++;
		if (standing == IQ_STANDS_ABSENT)
			continue;
		ret->there++;
		ret->leaked += fact->leaked;
		if (standing == IQ_STANDS_ELSEWHERE)
			continue;
		if (!ret->first || fact->minutes < ret->minutes)
			ret->minutes = fact->minutes;
		if (!ret->first)
			ret->first = fact;
		if (compare_creators(g->fact, fact, &agree)) {
			ret->creators++;
			ret->creators_agree += agree;
		}
	}
}

bool iq_stand_holds(const struct iq_stand *stand)
{
	return stand->num && stand->there == stand->num &&
	       !stand->by[IQ_STANDS_ELSEWHERE];
}

/* ---- who has gone on */

/* A witness that saw all goroutines does not have it. */
static bool is_gone(const struct iq_model *m, size_t goroutine, size_t witness)
{
	const struct iq_witness_fact *w = &m->witnesses[witness]->witness;

	return w->complete && !iq_model_fact(m, goroutine, witness) &&
	       (w->tells & IQ_TELLS_IDS) &&
	       (w->kind == IQ_WITNESS_CORE || w->kind == IQ_WITNESS_DUMP);
}

bool iq_evidence_gone_in(const struct iq_model *model, size_t goroutine,
			 size_t witness)
{
	const struct iq_goroutine *g = &model->goroutines[goroutine];

	if (!g->has_id || witness == g->witness || model->foreign[witness] ||
	    !model->moments ||
	    (model->kinship && model->kinship[witness] != IQ_KINSHIP_PROCESS))
		return false;
	if (model->witnesses[witness]->trace)
		return iq_moment_stay(model, goroutine, witness, g->witness) ==
		       IQ_STAY_MOVED;
	return iq_moment_order(model, witness, g->witness) == IQ_ORDER_AFTER &&
	       (is_gone(model, goroutine, witness) ||
		iq_standing_of(model, goroutine, witness) ==
			IQ_STANDS_ELSEWHERE);
}

bool iq_evidence_gone(const struct iq_model *model, size_t goroutine)
{
	for (size_t w = 0; w < model->num_witnesses; w++) {
		if (iq_evidence_gone_in(model, goroutine, w))
			return true;
	}
	return false;
}

static uint64_t count_gone(const struct iq_examination *x,
			   const uint32_t *goroutines, size_t num)
{
	uint64_t gone = 0;

	for (size_t i = 0; i < num; i++)
		gone += iq_evidence_gone_in(x->model, goroutines[i],
					    x->witness);
	return gone;
}

/* ---- creators */

static bool same_creator_fact(const struct iq_goroutine_fact *a,
			      const struct iq_goroutine_fact *b)
{
	return a->has_parent && b->has_parent && a->parent == b->parent &&
	       iq_frame_same_place(a->created_by, b->created_by);
}

/* All were made by one goroutine at one line, in the witness's own words. */
static bool have_one_creator(const struct iq_examination *x,
			     const struct iq_goroutine_fact *first)
{
	const struct iq_finding *f = x->finding;

	for (size_t i = 0; i < f->num_goroutines; i++) {
		const struct iq_goroutine_fact *fact =
			iq_model_fact(x->model, f->goroutines[i], x->witness);

		if (!fact || !same_creator_fact(first, fact))
			return false;
	}
	return true;
}

/* ---- words */

/* "all 40", "38 of 40", "it" */
static void say_contradiction(struct iq_examination *x, uint64_t gone,
			      uint64_t num)
{
	const char *when = iq_when_words(x);

	if (num == 1)
		iq_clause(&x->clauses, "it had gone on%s", when);
	else if (gone == num)
		iq_clause(&x->clauses, "all %" PRIu64 " had gone on%s", num,
			  when);
	else
		iq_clause(&x->clauses,
			  "%" PRIu64 " of %" PRIu64 " had gone on%s", gone, num,
			  when);
}

/* Things that agree, as a list: "ids (18), frames (main.f main.go:3)". */
struct list {
	const char *items[3];
	size_t num;
};

static void list_add(struct iq_examination *x, struct list *list,
		     const char *what, const char *quote)
{
	struct iq_str item = IQ_STR("");

	if (x->clauses.err)
		return;
	x->clauses.err =
		iq_textf(x->clauses.arena, &item, "%s%s%s%s", what,
			 quote[0] ? " (" : "", quote, quote[0] ? ")" : "");
	list->items[list->num++] = item.ptr;
}

/* "chan send: the same ids (18, 19), frames (main.f main.go:3) and creators" */
static void say_list(struct iq_examination *x, const struct list *list)
{
	struct iq_str state = iq_state_words(x);
	struct iq_str words = IQ_STR("");

	for (size_t i = 0; i < list->num && !x->clauses.err; i++)
		x->clauses.err = iq_textf(x->clauses.arena, &words, "%.*s%s%s",
					  IQ_STR_ARG(words),
					  !i		     ? "" :
					  i + 1 == list->num ? " and " :
							       ", ",
					  list->items[i]);
	iq_clause(&x->clauses, "%.*s: the same %.*s", IQ_STR_ARG(state),
		  IQ_STR_ARG(words));
}

static void say_same(struct iq_examination *x, const struct iq_stand *s)
{
	struct list list = { .num = 0 };
	const char *site = iq_site_words(x, s->first);

	if (!iq_stand_holds(s)) {
		iq_clause(&x->clauses,
			  "%.*s: %" PRIu64 " of %" PRIu64
			  " there by id, at the same place",
			  IQ_STR_ARG(iq_state_words(x)),
			  s->there - s->by[IQ_STANDS_ELSEWHERE], s->num);
		return;
	}
	list_add(x, &list, s->num == 1 ? "id" : "ids", iq_ids_words(x));
	if (s->by[IQ_STANDS_SAME] == s->num)
		list_add(x, &list, "frames", site);
	else if (!s->by[IQ_STANDS_UNSEEN])
		list_add(x, &list, "line", site);
	if (s->creators == s->num && s->creators_agree == s->num)
		list_add(x, &list, s->num == 1 ? "creator" : "creators", "");
	say_list(x, &list);
	if (s->by[IQ_STANDS_UNSEEN])
		iq_clause(&x->clauses, "no stacks");
	if (s->creators_agree < s->creators)
		iq_clause(&x->clauses,
			  "%" PRIu64 " were made by others than in %s",
			  s->creators - s->creators_agree, iq_main_words(x));
}

static void say_leaked(struct iq_examination *x, const struct iq_stand *s)
{
	if (s->leaked == s->num)
		iq_clause(&x->clauses,
			  "proven: the runtime marked %s as leaked",
			  s->num == 1 ? "it" : "them");
	else if (s->leaked)
		iq_clause(&x->clauses,
			  "the runtime marked %" PRIu64 " of %" PRIu64
			  " as leaked",
			  s->leaked, s->num);
}

static void set_matches(const struct iq_stand *s, struct iq_evidence *e)
{
	if (!iq_stand_holds(s))
		return;
	e->matches |= IQ_MATCH_IDS;
	if (s->by[IQ_STANDS_SAME] == s->num)
		e->matches |= IQ_MATCH_FRAMES;
}

/* What a later witness saw of those that the finding no longer counts. */
static void say_left_out(struct iq_examination *x)
{
	const struct iq_finding *f = x->finding;
	uint64_t gone = count_gone(x, f->gone, f->num_gone);

	if (gone)
		iq_clause(&x->clauses,
			  "%" PRIu64 " more had gone on%s: not counted", gone,
			  iq_when_words(x));
}

void iq_examine_by_ids(struct iq_examination *x, struct iq_evidence *e)
{
	const struct iq_finding *f = x->finding;
	uint64_t gone = count_gone(x, f->goroutines, f->num_goroutines);
	struct iq_stand s;

	iq_stand_count(x, &s);
	if (gone) {
		iq_contradict(x, e, gone == s.num);
		say_contradiction(x, gone, s.num);
		return;
	}
	if (!s.there) {
		iq_say_absent(x, e,
			      s.num == 1 ? "does not have it" :
					   "does not have them");
		return;
	}
	if (s.by[IQ_STANDS_ELSEWHERE] * 2 > s.there) {
		iq_clause(&x->clauses,
			  "%" PRIu64 " of %" PRIu64
			  " stand elsewhere%s: it shows another moment",
			  s.by[IQ_STANDS_ELSEWHERE], s.num, iq_when_words(x));
		return;
	}
	set_matches(&s, e);
	iq_support(x, e, s.leaked == s.num);
	// A few of them are no agreement about all.
	if ((s.there - s.by[IQ_STANDS_ELSEWHERE]) * 2 <= s.num)
		e->weight = IQ_WEIGHT_NONE;
	e->bears = s.leaked == s.num || (iq_stand_holds(&s) && iq_is_apart(x));
	say_leaked(x, &s);
	say_same(x, &s);
	say_left_out(x);
}

void iq_say_creator(struct iq_examination *x)
{
	struct iq_stand s;
	const char *place;

	iq_stand_count(x, &s);
	if (!s.first || !have_one_creator(x, s.first))
		return;
	place = iq_frame_words(x, s.first->created_by);
	iq_clause(&x->clauses, "made by goroutine %" PRIu64 "%s%s",
		  s.first->parent, place[0] ? " at " : "", place);
}
