/* SPDX-License-Identifier: Apache-2.0 */
/* What a text dump says: ids, states, minutes, and who made them. */
#include "model/examine.h"

#include <inttypes.h>

/* A text's minutes overstate by up to three: docs/evidence.md. */
#define MINUTES_SLACK 3

static void say_minutes(struct iq_examination *x, struct iq_evidence *e)
{
	struct iq_stand s;

	iq_stand_count(x, &s);
	e->bears |= s.minutes > MINUTES_SLACK;
	if (s.minutes)
		iq_clause(&x->clauses, "%" PRIu64 " %s by its headers",
			  s.minutes, s.minutes == 1 ? "minute" : "minutes");
}

void iq_examine_dump(struct iq_examination *x, struct iq_evidence *e)
{
	const struct iq_finding *f = x->finding;

	// debug=1 has no ids: it is a profile in words.
	if (!f->num_goroutines ||
	    !x->model->goroutines[f->goroutines[0]].has_id ||
	    !(x->model->witnesses[x->witness]->witness.tells & IQ_TELLS_IDS)) {
		if (iq_is_own(x))
			iq_examine_own(x, e, "");
		else
			iq_examine_by_stack(x, e);
		return;
	}
	if (iq_is_own(x))
		iq_examine_own(x, e, "");
	else
		iq_examine_by_ids(x, e);
	if (e->stance != IQ_STANCE_SUPPORTS)
		return;
	say_minutes(x, e);
}
