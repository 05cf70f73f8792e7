/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sift.h"
#include "model/lock.h"
#include "model/text.h"

/*
 * A waiter that has deferred the lock's Unlock, or whose caller mentions it
 * while nobody else is seen to hold it: the caller took it, and Go's locks
 * cannot be taken twice.
 */
static struct iq_error *add_self(const struct iq_model *model,
				 const struct iq_lock_mention *self,
				 struct iq_findings *findings)
{
	const char *site, *outer;
	struct iq_finding f;
	struct iq_error *err =
		iq_finding_init(&iq_detector_deadlock_self, model,
				findings->arena, &self->goroutine, 1, &f);

	if (!err)
		err = iq_text_frame(findings->arena, f.site, &site);
	if (!err)
		err = iq_text_frame(findings->arena, self->frame, &outer);
	if (!err)
		err = iq_textf(
			findings->arena, &f.ground,
			self->hold == IQ_LOCK_HOLD_UNLOCKS ?
				"%s has taken the same lock and deferred "
				"the Unlock" :
				"%s, which called it, mentions the same "
				"lock, and nobody else is seen to hold "
				"it",
			outer);
	if (!err)
		err = iq_textf(
			findings->arena, &f.title,
			"goroutine %llu waits in %s for a lock that it "
			"seems to hold itself",
			(unsigned long long)model->goroutines[self->goroutine]
				.id,
			site);
	f.advice =
		IQ_STR("a Go Mutex is not reentrant: split off a method that "
		       "expects the lock to be held");
	return err ? err : iq_findings_add(findings, &f);
}

static struct iq_error *deadlock_self_run(const struct iq_model *model,
					  struct iq_findings *findings)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; i < model->num_locks && !err; i++) {
		const struct iq_lock_mention *self =
			iq_lock_self(&model->locks[i]);

		if (self)
			err = add_self(model, self, findings);
	}
	return err;
}

const struct iq_detector iq_detector_deadlock_self = {
	.id = "deadlock-self",
	.class = IQ_CLASS_DEADLOCK,
	.severity = IQ_SEVERITY_ERROR,
	.summary = "a goroutine waits for a lock that it holds itself",
	.needs = IQ_TELLS_WAITS,
	.needs_text = "no witness knows the addresses of locks (a core does)",
	.run = deadlock_self_run,
};
