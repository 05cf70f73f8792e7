/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "detect/sift.h"
#include "detect/waited.h"
#include "model/graph.h"
#include "model/text.h"

/* Fewer than these meet at a lock all the time. */
#define CONVOY_MIN 4
/* Nobody who is asked for something waits so long for a lock. */
#define TOO_LONG_NS 10000000000
/* A peer that may never answer decides. */
#define TOO_LONG_IO_NS 1000000000

static bool waits_for_lock(const struct iq_model *m, uint32_t goroutine)
{
	return iq_graph_lock_of(m->graph, goroutine) != IQ_GRAPH_NONE;
}

/* Who goes on by itself, and keeps enough others waiting for a lock. */
static bool is_convoy(const struct iq_model *m, const struct iq_blocker *b)
{
	size_t num = 0;

	if (!b->goes_on || b->goroutine == IQ_GRAPH_NONE ||
	    m->goroutines[b->goroutine].system)
		return false;
	for (size_t i = 0; i < b->num_behind && num < CONVOY_MIN; i++)
		num += waits_for_lock(m, b->behind[i]);
	return num == CONVOY_MIN;
}

/* It waits for a peer, and no deadline ends that. */
static bool is_at_mercy(const struct iq_model *m, const struct iq_blocker *b)
{
	const struct iq_goroutine *g = &m->goroutines[b->goroutine];

	for (uint32_t i = 0; i < g->fact->num_waits; i++) {
		const struct iq_wait *wait = &g->fact->waits[i];
		const struct iq_deadline *deadline;

		if (wait->kind != IQ_WAIT_FD || !wait->object ||
		    !wait->object->is_read ||
		    wait->object->fd.kind != IQ_FD_CONNECTION)
			continue;
		deadline = wait->op == IQ_OP_WRITE ?
				   &wait->object->fd.write_deadline :
				   &wait->object->fd.read_deadline;
		if (deadline->kind == IQ_DEADLINE_NONE &&
		    (wait->op == IQ_OP_READ || wait->op == IQ_OP_WRITE))
			return true;
	}
	return false;
}

/* All of them have waited so long that it is no passing contention. */
static bool is_too_long(const struct iq_model *m, const struct iq_blocker *b)
{
	int64_t limit = is_at_mercy(m, b) ? TOO_LONG_IO_NS : TOO_LONG_NS;

	for (size_t i = 0; i < b->num_behind; i++) {
		if (waits_for_lock(m, b->behind[i]) &&
		    iq_lock_waited(m, b->behind[i]) < limit)
			return false;
	}
	return true;
}

/* What shows that it has a lock, of the first that others wait for; NULL: only
 * the runtime's records do. */
static const struct iq_wake *shown_by(const struct iq_model *m,
				      const struct iq_blocker *b,
				      const struct iq_graph_node **node_ret)
{
	for (size_t i = 0; i < b->num_nodes; i++) {
		const struct iq_graph_node *node =
			&m->graph->nodes[b->nodes[i]];

		if (!iq_graph_node_is_lock(node))
			continue;
		*node_ret = node;
		for (size_t k = 0; k < node->num_wakers; k++) {
			if (node->wakers[k].goroutine == b->goroutine &&
			    node->wakers[k].frame)
				return &node->wakers[k];
		}
	}
	return NULL;
}

static struct iq_error *ground(const struct iq_model *m, struct iq_arena *arena,
			       const struct iq_blocker *b,
			       const struct iq_wake *wake,
			       const struct iq_graph_node *node,
			       struct iq_str *ret)
{
	const char *place;
	struct iq_error *err = iq_text_frame(arena, wake->frame, &place);

	if (err)
		return err;
	return iq_textf(arena, ret, "it %s the lock 0x%" PRIx64 " in %s and %s",
			iq_wake_ground_words(wake->ground, node->kind),
			node->address, place,
			is_at_mercy(m, b) ?
				"waits for a peer without a deadline" :
				"can go on by itself");
}

static struct iq_error *add(const struct iq_model *m,
			    const struct iq_blocker *b,
			    struct iq_findings *findings)
{
	struct iq_arena *arena = findings->arena;
	const struct iq_graph_node *node = NULL;
	const struct iq_wake *wake = shown_by(m, b, &node);
	bool mere = wake && wake->ground < IQ_WAKE_DEFERS;
	struct iq_finding f;
	const char *site;
	struct iq_error *err = iq_finding_init(&iq_detector_lock_convoy, m,
					       arena, &b->goroutine, 1, &f);

	if (!err && is_too_long(m, b))
		f.severity = IQ_SEVERITY_WARNING;
	if (!err && wake)
		err = ground(m, arena, b, wake, node, &f.ground);
	if (!err)
		err = iq_text_frame(arena, f.site, &site);
	if (!err)
		err = iq_textf(arena, &f.title,
			       "1 goroutine %s %zu others waiting with a "
			       "lock in %s",
			       mere ? "seems to keep" : "keeps", b->num_behind,
			       site);
	f.advice = IQ_STR("do what takes long before the lock is taken or "
			  "after it is given back");
	return err ? err : iq_findings_add(findings, &f);
}

static struct iq_error *run(const struct iq_model *model,
			    struct iq_findings *findings)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; i < model->graph->num_blockers && !err; i++) {
		const struct iq_blocker *b = &model->graph->blockers[i];

		if (is_convoy(model, b))
			err = add(model, b, findings);
	}
	return err;
}

const struct iq_detector iq_detector_lock_convoy = {
	.id = "lock-convoy",
	.class = IQ_CLASS_BLOCKED,
	.severity = IQ_SEVERITY_NOTE,
	.summary = "goroutines queue for a lock whose holder goes on slowly",
	.needs = IQ_TELLS_WAITS,
	.needs_text = "no witness knows the addresses of locks (a core does)",
	.yields = true,
	.leads = true,
	.run = run,
};
