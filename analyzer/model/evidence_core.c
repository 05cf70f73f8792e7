/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a core says: the state, the object, who can still reach it, and that a
 * collection saw the goroutine wait.
 */
#include "model/examine.h"

#include <inttypes.h>

#include "model/object.h"
#include "model/text.h"

/* The one object that all of them wait for; NULL: none or several. */
static const struct iq_wait *common_object(const struct iq_examination *x)
{
	const struct iq_finding *f = x->finding;
	const struct iq_wait *common = NULL;

	for (size_t i = 0; i < f->num_goroutines; i++) {
		const struct iq_goroutine_fact *fact =
			x->model->goroutines[f->goroutines[i]].fact;

		if (fact->num_waits != 1 || !fact->waits->has_address ||
		    (common && common->address != fact->waits->address))
			return NULL;
		common = fact->waits;
	}
	return common;
}

/* " on 0xc000012345, unbuffered" */
static const char *object_words(struct iq_examination *x)
{
	const struct iq_wait *wait = common_object(x);
	const struct iq_object *o = wait ? wait->object : NULL;
	struct iq_str words = IQ_STR("");

	if (!wait || x->clauses.err)
		return "";
	if (!o || o->kind != IQ_WAIT_CHAN || !o->is_read)
		x->clauses.err = iq_textf(x->clauses.arena, &words,
					  " on 0x%" PRIx64, wait->address);
	else if (!o->chan.cap)
		x->clauses.err = iq_textf(x->clauses.arena, &words,
					  " on 0x%" PRIx64 ", unbuffered%s",
					  wait->address,
					  o->chan.closed ? ", closed" : "");
	else
		x->clauses.err = iq_textf(
			x->clauses.arena, &words,
			" on 0x%" PRIx64 ", %" PRIu64 " of %" PRIu64 " full%s",
			wait->address, o->chan.len, o->chan.cap,
			o->chan.closed ? ", closed" : "");
	return words.ptr;
}

/* All were found waiting by a collection; *@ns_ret: at least so long ago. */
static bool seen_waiting(const struct iq_examination *x, int64_t *ns_ret)
{
	const struct iq_finding *f = x->finding;

	for (size_t i = 0; i < f->num_goroutines; i++) {
		const struct iq_goroutine_fact *fact =
			iq_model_fact(x->model, f->goroutines[i], x->witness);

		if (!fact || !fact->has_wait_min || fact->wait_exact)
			return false;
		if (!i || fact->wait_min_ns < *ns_ret)
			*ns_ret = fact->wait_min_ns;
	}
	return f->num_goroutines > 0;
}

static void say_waited(struct iq_examination *x)
{
	char time[IQ_DURATION_SIZE];
	int64_t ns = 0;

	if (seen_waiting(x, &ns) && ns > 0)
		iq_clause(&x->clauses, "a collection saw %s wait %s before",
			  x->finding->count == 1 ? "it" : "them",
			  iq_duration_words(time, ns));
}

/* Whether goroutines that can run still reach what these wait for. */
static bool all_reachable(const struct iq_examination *x)
{
	const struct iq_finding *f = x->finding;

	for (size_t i = 0; i < f->num_goroutines; i++) {
		if (x->model->goroutines[f->goroutines[i]].reach !=
		    IQ_REACH_LIVE)
			return false;
	}
	return f->num_goroutines > 0;
}

void iq_examine_core(struct iq_examination *x, struct iq_evidence *e)
{
	const struct iq_finding *f = x->finding;

	if (!f->num_goroutines) {
		iq_examine_by_stack(x, e);
		return;
	}
	if (!iq_is_own(x)) {
		iq_examine_by_ids(x, e);
		return;
	}
	iq_examine_own(x, e, object_words(x));
	// Marking may keep too much alive: this is no denial, and no support.
	if (f->unreachable && e->weight != IQ_WEIGHT_PROOF &&
	    all_reachable(x)) {
		e->stance = IQ_STANCE_SILENT;
		e->weight = IQ_WEIGHT_NONE;
		iq_clause(&x->clauses, "what can run still reaches what %s for",
			  f->count == 1 ? "it waits" : "they wait");
	}
	say_waited(x);
}
