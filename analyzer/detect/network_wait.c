/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "detect/listener.h"
#include "detect/network.h"
#include "detect/sift.h"
#include "detect/waited.h"
#include "model/text.h"

/* Who receives from a channel waits for one answer, or passes data between two
 * connections, which may be idle: so many at one place are no coincidence. */
#define MANY_RECEIVERS 3
/* The goroutine of main. Go: src/runtime/proc.go, schedinit. */
#define MAIN_GOID 1

/*
 * Who started it stands in a wait that only its end can finish: its WaitGroup,
 * or a channel without an alternative. A select may have a time limit.
 */
static const struct iq_goroutine *awaiting(const struct iq_model *model,
					   const struct iq_goroutine *g,
					   size_t *index_ret)
{
	const struct iq_goroutine *parent;

	if (!g->fact->has_parent || g->fact->parent == MAIN_GOID ||
	    !iq_model_goroutine(model, g->fact->parent, index_ret))
		return NULL;
	parent = &model->goroutines[*index_ret];
	return parent->class == IQ_CLASS_WAITGROUP ||
			       parent->class == IQ_CLASS_CHAN_RECEIVE ?
		       parent :
		       NULL;
}

/* It passes on whatever comes: a tunnel may be idle for days. */
static bool relays(const struct iq_stack *stack)
{
	return iq_stack_calls(stack, "io.copyBuffer");
}

static bool wanted(const struct iq_model *model, size_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];
	size_t parent;

	return g->class == IQ_CLASS_IO &&
	       iq_goroutine_has_waited(model, index) &&
	       iq_goroutine_is_own(model, index) &&
	       !iq_stack_accepts(g->fact->stack) &&
	       !iq_goroutine_is_keep_alive(model, index) &&
	       !relays(g->fact->stack) && awaiting(model, g, &parent);
}

static int compare_u32(const void *pa, const void *pb)
{
	const uint32_t *a = pa;
	const uint32_t *b = pb;

	return *a < *b ? -1 : *a > *b;
}

/* Those who wait for the finding's goroutines stand behind it. */
static struct iq_error *set_victims(const struct iq_model *model,
				    struct iq_arena *arena,
				    struct iq_finding *f, bool *receive_ret)
{
	uint32_t *list =
		iq_arena_calloc(arena, f->num_goroutines, sizeof(*list));
	size_t n = 0, index;

	if (!list)
		return &iq_enomem;
	*receive_ret = true;
	for (size_t i = 0; i < f->num_goroutines; i++) {
		const struct iq_goroutine *parent = awaiting(
			model, &model->goroutines[f->goroutines[i]], &index);

		list[i] = (uint32_t)index;
		if (parent->class != IQ_CLASS_CHAN_RECEIVE)
			*receive_ret = false;
	}
	qsort(list, f->num_goroutines, sizeof(*list), compare_u32);
	for (size_t i = 0; i < f->num_goroutines; i++) {
		if (!n || list[n - 1] != list[i])
			list[n++] = list[i];
	}
	f->victims = list;
	f->num_victims = n;
	return NULL;
}

static bool writes(const struct iq_finding *f)
{
	return iq_stack_calls(f->stack, "internal/poll.(*FD).Write") ||
	       iq_stack_calls(f->stack, "internal/poll.(*FD).Writev");
}

static struct iq_error *describe(const struct iq_model *model,
				 struct iq_arena *arena, struct iq_finding *f,
				 bool *drop_ret)
{
	bool receive, is_write = writes(f);
	const char *site;
	struct iq_error *err = set_victims(model, arena, f, &receive);

	if (err)
		return err;
	*drop_ret = receive && !is_write && f->count < MANY_RECEIVERS;
	if (*drop_ret || !is_write)
		return NULL;
	f->ground = IQ_STR("the peer does not read, and the goroutine that "
			   "started them waits until they end");
	f->advice = IQ_STR("set a deadline on the connection "
			   "(SetWriteDeadline), and drop a peer that does not "
			   "keep up");
	err = iq_text_frame(arena, f->site, &site);
	if (err)
		return err;
	return iq_textf(
		arena, &f->title,
		"%" PRIu64 " %s for a peer that does not read in %s", f->count,
		f->count == 1 ? "goroutine waits" : "goroutines wait", site);
}

static const struct iq_sift network_wait_sift = {
	.wanted = wanted,
	.one = "goroutine waits for a silent peer in",
	.many = "goroutines wait for a silent peer in",
	.ground =
		"no data has come, and the goroutine that started them waits until they end",
	.advice =
		"set a deadline on the connection (SetReadDeadline), or pass a context that can cancel the read",
	.settle = "a second dump a minute later shows whether they still wait",
	.confidence = IQ_CONFIDENCE_SUSPECTED,
	.describe = describe,
};

const struct iq_detector iq_detector_network_wait = {
	.id = "network-wait",
	.class = IQ_CLASS_BLOCKED,
	.severity = IQ_SEVERITY_WARNING,
	.summary = "goroutines wait for a peer, and another waits for them",
	.needs = IQ_TELLS_STATES | IQ_TELLS_STACKS | IQ_TELLS_CREATORS,
	.needs_text = "no witness knows states, stacks and creators",
	.sift = &network_wait_sift,
};
