/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "detect/sift.h"
#include "model/graph.h"
#include "model/text.h"

/*
 * A waiter that has deferred the lock's Unlock, or whose caller mentions it
 * while nobody else is seen to hold it: the caller took it, and Go's locks
 * cannot be taken twice. Or a Wait before the Done that the waiter has deferred.
 */
static const char *ground_words(const struct iq_graph_node *node,
				const struct iq_wake *self)
{
	if (node->kind == IQ_WAIT_WAITGROUP)
		return " has deferred the Done that it waits for";
	if (self->ground == IQ_WAKE_DEFERS)
		return " has taken the same lock and deferred the Unlock";
	if (self->ground == IQ_WAKE_SITE)
		return " has deferred the Unlock of the same lock, and nobody "
		       "else is seen to hold it";
	return ", which called it, mentions the same lock, and nobody else is "
	       "seen to hold it";
}

static struct iq_error *add_self(const struct iq_model *model,
				 const struct iq_cycle *cycle,
				 struct iq_findings *findings)
{
	const struct iq_graph_node *node =
		&model->graph->nodes[cycle->steps[0].node];
	const struct iq_wake *self = cycle->steps[0].wake;
	bool is_lock = iq_graph_node_is_lock(node);
	const char *site, *outer;
	struct iq_finding f;
	struct iq_error *err =
		iq_finding_init(&iq_detector_deadlock_self, model,
				findings->arena, cycle->members, 1, &f);

	// That nobody wakes it is proven, whoever has what it waits for.
	if (model->goroutines[self->goroutine].reach == IQ_REACH_UNREACHABLE) {
		f.confidence = IQ_CONFIDENCE_PROVEN;
		f.unreachable = true;
	}
	if (!err)
		err = iq_text_frame(findings->arena, f.site, &site);
	if (!err)
		err = iq_text_frame(findings->arena, self->frame, &outer);
	if (!err)
		err = iq_textf(findings->arena, &f.ground, "%s%s", outer,
			       ground_words(node, self));
	if (!err)
		err = iq_textf(findings->arena, &f.title,
			       "goroutine %" PRIu64 " waits in %s for %s",
			       model->goroutines[self->goroutine].id, site,
			       is_lock ? "a lock that it seems to hold itself" :
					 "a WaitGroup whose Done is its own");
	f.advice =
		is_lock ?
			IQ_STR("a Go Mutex is not reentrant: split off a "
			       "method that expects the lock to be held") :
			IQ_STR("let another goroutine call Wait, or call Done "
			       "before it");
	return err ? err : iq_findings_add(findings, &f);
}

static struct iq_error *deadlock_self_run(const struct iq_model *model,
					  struct iq_findings *findings)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; i < model->graph->num_cycles && !err; i++) {
		if (model->graph->cycles[i].num_members == 1)
			err = add_self(model, &model->graph->cycles[i],
				       findings);
	}
	return err;
}

const struct iq_detector iq_detector_deadlock_self = {
	.id = "deadlock-self",
	.class = IQ_CLASS_DEADLOCK,
	.severity = IQ_SEVERITY_ERROR,
	.summary = "a goroutine waits for what it holds itself",
	.needs = IQ_TELLS_WAITS,
	.needs_text = "no witness knows the addresses of locks (a core does)",
	.run = deadlock_self_run,
};
