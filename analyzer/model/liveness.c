/* SPDX-License-Identifier: Apache-2.0 */
#include "model/liveness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "model/heap.h"
#include "model/heap_walk.h"
#include "model/mark.h"
#include "model/object.h"
#include "model/text.h"

/*
 * The algorithm of the runtime's own leak finder. Go: src/runtime/mgc.go 1.27,
 * isMaybeRunnable, findMaybeRunnableGoroutines, findGoroutineLeaks.
 */

/* Goroutines whose stacks are fetched while another's is looked through. */
#define AHEAD 4
/* The main goroutine is the first one. Go: src/runtime/proc.go, schedinit. */
#define MAIN_GOID 1
/* Bits of a slot by which watches are put in order at once. */
#define SLOT_DIGIT_BITS 11
#define SLOT_DIGITS (1u << SLOT_DIGIT_BITS)

/* How a goroutine stands while the heap is marked. */
enum stand {
	/* Can run, is woken by the runtime, or its waker is not known. */
	STAND_RUNS,
	/* Waits for objects, none of which is known to be reachable. */
	STAND_WAITS,
	/* Waits for nothing that there is: nil channels, "select {}". */
	STAND_HOPELESS,
};

/* @goroutine waits for the object in @slot. */
struct watch {
	uint32_t slot;
	uint32_t goroutine;
};

struct liveness {
	struct iq_model *model;
	const struct iq_facts *facts;
	struct iq_heap_map *map;
	struct iq_mark *mark;
	/* By index into facts->goroutines. */
	uint8_t *stands;
	/* Bit i: goroutine i can run before anything is marked. */
	uint64_t *runs_anyway;
	/* Ordered by slot. */
	IQ_VEC(struct watch) watches;
	/* Somebody who can run has lost what it holds. */
	bool lost;
};

static void liveness_deinit(struct liveness *l)
{
	iq_mark_destroy(l->mark);
	iq_heap_map_destroy(l->map);
	free(l->stands);
	free(l->runs_anyway);
	iq_vec_deinit(&l->watches);
}

static bool waits_for_objects(enum iq_wait_class class)
{
	switch (class) {
	case IQ_CLASS_CHAN_SEND:
	case IQ_CLASS_CHAN_RECEIVE:
	case IQ_CLASS_SELECT:
	case IQ_CLASS_MUTEX:
	case IQ_CLASS_RWMUTEX_R:
	case IQ_CLASS_RWMUTEX_W:
	case IQ_CLASS_WAITGROUP:
	case IQ_CLASS_COND:
		return true;
	default:
		return false;
	}
}

/* Only who waits in its own code for another goroutine can be condemned. */
static bool is_candidate(const struct iq_goroutine *g)
{
	return g->has_id && !g->system &&
	       (g->fact->status == IQ_GSTATUS_WAITING ||
		g->fact->status == IQ_GSTATUS_LEAKED) &&
	       (iq_wait_is_hopeless(g->fact, g->class) ||
		waits_for_objects(g->class));
}

/* What the runtime runs or wakes by itself: it needs no proof. */
static bool is_live_anyway(const struct iq_goroutine *g)
{
	switch (g->class) {
	case IQ_CLASS_RUNNING:
	case IQ_CLASS_SLEEP:
	case IQ_CLASS_IO:
	case IQ_CLASS_SYSCALL:
	case IQ_CLASS_CGO:
	case IQ_CLASS_SYSTEM:
		return true;
	default:
		return g->system;
	}
}

static bool is_closed(const struct iq_wait *wait)
{
	return wait->kind == IQ_WAIT_CHAN && wait->object &&
	       wait->object->chan.closed;
}

/* The objects that are waited for, by their slots; false if who waits may be
 * woken by something that the heap does not show. */
static bool watched_slots(const struct liveness *l,
			  const struct iq_goroutine_fact *fact, uint32_t *slots)
{
	for (uint32_t i = 0; i < fact->num_waits; i++) {
		const struct iq_wait *wait = &fact->waits[i];

		// A closed channel has woken its waiters, even if they do not
		// know yet.
		if (is_closed(wait))
			return false;
		slots[i] = iq_heap_slot_of_wait(l->map, wait);
		if (slots[i] == IQ_HEAP_NONE)
			return false;
	}
	return fact->num_waits > 0;
}

static struct iq_error *watch_goroutine(struct liveness *l, uint32_t index,
					const struct iq_goroutine_fact *fact)
{
	uint32_t *slots = calloc(fact->num_waits + 1u, sizeof(*slots));
	bool pushed = true;

	if (!slots)
		return &iq_enomem;
	if (watched_slots(l, fact, slots)) {
		l->stands[index] = STAND_WAITS;
		for (uint32_t i = 0; i < fact->num_waits && pushed; i++)
			pushed = iq_vec_push(
				&l->watches,
				((struct watch){ slots[i], index }));
	}
	free(slots);
	return pushed ? NULL : &iq_enomem;
}

/* One step of it: by the bits of the slot from @shift on, into @ret. */
static void distribute_watches(const struct watch *list, size_t num,
			       unsigned shift, struct watch *ret)
{
	size_t ends[SLOT_DIGITS] = { 0 };
	size_t end = 0;

	for (size_t i = 0; i < num; i++)
		ends[list[i].slot >> shift & (SLOT_DIGITS - 1)]++;
	for (size_t d = 0; d < SLOT_DIGITS; d++) {
		size_t here = ends[d];

		ends[d] = end;
		end += here;
	}
	for (size_t i = 0; i < num; i++)
		ret[ends[list[i].slot >> shift & (SLOT_DIGITS - 1)]++] =
			list[i];
}

/* By slot. Comparing would take more than in proportion to their number. */
static struct iq_error *order_watches(struct liveness *l)
{
	size_t num = l->watches.len;
	struct watch *from = l->watches.data, *to;
	iq_cleanup(iq_freep) void *scratch = NULL;
	uint32_t all = 0;

	for (size_t i = 0; i < num; i++)
		all |= from[i].slot;
	scratch = calloc(num + 1, sizeof(*from));
	if (!scratch)
		return &iq_enomem;
	to = scratch;
	for (unsigned shift = 0; shift < 32 && all >> shift;
	     shift += SLOT_DIGIT_BITS) {
		struct watch *done = to;

		distribute_watches(from, num, shift, to);
		to = from;
		from = done;
	}
	if (num && from != l->watches.data)
		memcpy(l->watches.data, from, num * sizeof(*from));
	return NULL;
}

/* Index of the model's goroutine in the facts, if it is this witness's. */
static bool fact_index(const struct liveness *l, const struct iq_goroutine *g,
		       uint32_t *ret)
{
	if (l->model->witnesses[g->witness] != l->facts)
		return false;
	*ret = (uint32_t)(g->fact - l->facts->goroutines.data);
	return true;
}

/* There is one for each goroutine of the facts, or nothing is concluded. */
static struct iq_heap_holder holder_of(const struct liveness *l, size_t index)
{
	return index < l->map->num_holders ? iq_heap_map_holder(l->map, index) :
					     (struct iq_heap_holder){ 0 };
}

/* Decides where everybody stands before anything is marked. */
static struct iq_error *take_stands(struct liveness *l)
{
	const struct iq_model *m = l->model;
	struct iq_error *err = NULL;
	uint32_t index;

	for (size_t i = 0; i < m->num_goroutines && !err; i++) {
		const struct iq_goroutine *g = &m->goroutines[i];

		if (!fact_index(l, g, &index) || !is_candidate(g) ||
		    holder_of(l, index).wait_doubt)
			continue;
		if (iq_wait_is_hopeless(g->fact, g->class))
			l->stands[index] = STAND_HOPELESS;
		else
			err = watch_goroutine(l, index, g->fact);
	}
	if (!err)
		err = order_watches(l);
	if (err)
		return err;
	for (size_t i = 0; i < l->watches.len; i++)
		iq_mark_watch(l->mark, l->watches.data[i].slot);
	return NULL;
}

static void mark_holder(struct liveness *l, size_t goroutine)
{
	struct iq_heap_holder holder = holder_of(l, goroutine);

	l->lost |= holder.stack_lost;
	iq_mark_range(l->mark, &holder.stack);
	iq_mark_range(l->mark, &holder.self);
	iq_mark_range(l->mark, &holder.registers);
}

static void fetch_holder(struct liveness *l, size_t goroutine)
{
	struct iq_heap_holder holder = holder_of(l, goroutine);

	iq_mark_fetch(l->mark, &holder.stack);
	iq_mark_fetch(l->mark, &holder.self);
}

static void mark_roots(struct liveness *l)
{
	const struct iq_heap_map *map = l->map;

	iq_mark_words(l->mark, map->root_words.data, map->root_words.len);
	for (size_t i = 0; i < map->roots.len; i++)
		iq_mark_range(l->mark, &map->roots.data[i]);
	for (size_t i = 0; i < map->num_holders; i++) {
		if (i + AHEAD < map->num_holders &&
		    l->stands[i + AHEAD] == STAND_RUNS)
			fetch_holder(l, i + AHEAD);
		if (l->stands[i] == STAND_RUNS)
			mark_holder(l, i);
	}
}

/* The first watch of @slot. */
static size_t first_watch(const struct liveness *l, uint32_t slot)
{
	size_t lo = 0;
	size_t hi = l->watches.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->watches.data[mid].slot < slot)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Something live can reach @slot: who waits for it may run. */
static void wake(struct liveness *l, uint32_t slot)
{
	for (size_t i = first_watch(l, slot);
	     i < l->watches.len && l->watches.data[i].slot == slot; i++) {
		uint32_t goroutine = l->watches.data[i].goroutine;

		if (i + AHEAD < l->watches.len)
			fetch_holder(l, l->watches.data[i + AHEAD].goroutine);
		if (l->stands[goroutine] != STAND_WAITS)
			continue;
		l->stands[goroutine] = STAND_RUNS;
		mark_holder(l, goroutine);
	}
}

/* Until who is awake wakes nobody any more. */
static struct iq_error *mark_all(struct liveness *l)
{
	struct iq_error *err;
	uint32_t slot;
	bool woke;

	mark_roots(l);
	do {
		err = iq_mark_reach(l->mark);
		woke = false;
		while (!err && iq_mark_next_seen(l->mark, &slot)) {
			wake(l, slot);
			woke = true;
		}
	} while (woke);
	return err;
}

/* Why nothing can be concluded; false if it can. */
static bool lacks(const struct liveness *l, char *buf, size_t size)
{
	uint64_t addr;

	if (l->map->incomplete[0])
		snprintf(buf, size, "%s", l->map->incomplete);
	else if (iq_mark_missed(l->mark, &addr))
		snprintf(buf, size,
			 "memory at 0x%" PRIx64
			 ", which may hold references, is not in the core",
			 addr);
	else if (l->lost)
		snprintf(buf, size,
			 "pages of a stack that is in use were lost");
	else if (l->map->memory.faulted(l->map->memory.ctx))
		snprintf(buf, size, "the file could not be read everywhere");
	else
		return false;
	return true;
}

static enum iq_reach reach_of(const struct liveness *l,
			      const struct iq_goroutine *g, uint32_t index)
{
	// Whoever lets main park for ever means it: nothing to condemn.
	if (g->id == MAIN_GOID && g->class == IQ_CLASS_EMPTY_SELECT)
		return IQ_REACH_UNKNOWN;
	// The reason alone says that there is nothing to wait for.
	if (l->stands[index] != STAND_RUNS)
		return holder_of(l, index).stack_doubt &&
				       !iq_wait_class_is_hopeless(g->class) ?
			       IQ_REACH_UNKNOWN :
			       IQ_REACH_UNREACHABLE;
	if (is_live_anyway(g))
		return IQ_REACH_LIVE;
	if (!is_candidate(g) || holder_of(l, index).wait_doubt)
		return IQ_REACH_UNKNOWN;
	// It waits for something whose address no witness knows.
	for (uint32_t i = 0; i < g->fact->num_waits; i++) {
		if (!g->fact->waits[i].has_address)
			return IQ_REACH_UNKNOWN;
	}
	return g->fact->num_waits ? IQ_REACH_LIVE : IQ_REACH_UNKNOWN;
}

/* The first reason stays. */
static struct iq_error *lacks_note(struct liveness *l, const char *why)
{
	struct iq_model *m = l->model;

	if (m->reach_lacks.len)
		return NULL;
	while (m->witnesses[m->reach_witness] != l->facts)
		m->reach_witness++;
	return iq_textf(&m->arena, &m->reach_lacks, "%s", why);
}

/* Why the model's goroutine is not judged though the heap is whole. */
static const char *doubt_of(const struct liveness *l,
			    const struct iq_goroutine *g)
{
	struct iq_heap_holder holder;
	uint32_t index;

	if (g->reach != IQ_REACH_UNKNOWN || !is_candidate(g) ||
	    !fact_index(l, g, &index))
		return NULL;
	holder = holder_of(l, index);
	return holder.wait_doubt ? holder.wait_doubt : holder.stack_doubt;
}

static struct iq_error *note_doubts(struct liveness *l)
{
	const struct iq_goroutine *first = NULL;
	size_t num = 0;
	char text[200];

	for (size_t i = 0; i < l->model->num_goroutines; i++) {
		const struct iq_goroutine *g = &l->model->goroutines[i];

		if (!doubt_of(l, g))
			continue;
		if (!num++)
			first = g;
	}
	if (!num)
		return NULL;
	if (num == 1)
		snprintf(text, sizeof(text),
			 "goroutine %" PRIu64
			 " cannot be proven to be leaked: %s",
			 first->id, doubt_of(l, first));
	else
		snprintf(
			text, sizeof(text),
			"%zu goroutines cannot be proven to be leaked; goroutine %" PRIu64
			": %s",
			num, first->id, doubt_of(l, first));
	return iq_model_add_gap(l->model, IQ_GAP_MISSING, text);
}

static struct iq_error *conclude(struct liveness *l)
{
	struct iq_error *err;
	char why[200];
	char text[280];
	uint32_t index;

	if (lacks(l, why, sizeof(why))) {
		snprintf(
			text, sizeof(text),
			"who can still reach what goroutines wait for is not known: %s",
			why);
		err = lacks_note(l, why);
		return err ? err :
			     iq_model_add_gap(l->model, IQ_GAP_MISSING, text);
	}
	for (size_t i = 0; i < l->model->num_goroutines; i++) {
		struct iq_goroutine *g = &l->model->goroutines[i];

		if (fact_index(l, g, &index))
			g->reach = reach_of(l, g, index);
	}
	return note_doubts(l);
}

/* Nobody waits for anything: no heap needs to be looked at. */
static void conclude_all_run(struct iq_model *m, const struct iq_facts *facts)
{
	for (size_t i = 0; i < m->num_goroutines; i++) {
		struct iq_goroutine *g = &m->goroutines[i];

		if (m->witnesses[g->witness] == facts && is_live_anyway(g))
			g->reach = IQ_REACH_LIVE;
	}
}

static bool has_candidates(const struct iq_model *m,
			   const struct iq_facts *facts)
{
	for (size_t i = 0; i < m->num_goroutines; i++) {
		const struct iq_goroutine *g = &m->goroutines[i];

		if (m->witnesses[g->witness] == facts && is_candidate(g))
			return true;
	}
	return false;
}

static void proof_destroy(struct iq_proof *proof)
{
	if (!proof)
		return;
	iq_mark_destroy(proof->mark);
	iq_heap_map_destroy(proof->map);
	free((uint64_t *)proof->can_run);
	free((uint64_t *)proof->runs_anyway);
	free(proof);
}

void iq_proofs_destroy(struct iq_model *model)
{
	for (size_t w = 0; model->proofs && w < model->num_witnesses; w++)
		proof_destroy(model->proofs[w]);
	free(model->proofs);
	model->proofs = NULL;
}

/* Bits of the goroutines that run as things stand now; NULL without memory. */
static uint64_t *running_bits(const struct liveness *l)
{
	size_t num = l->facts->goroutines.len;
	uint64_t *bits = calloc(num / 64 + 1, sizeof(*bits));

	for (size_t i = 0; bits && i < num; i++) {
		if (l->stands[i] == STAND_RUNS)
			bits[i / 64] |= 1ull << i % 64;
	}
	return bits;
}

/* Map and mark become the model's. */
static struct iq_error *keep_proof(struct liveness *l, size_t witness)
{
	uint64_t *can_run = running_bits(l);
	struct iq_proof *proof = calloc(1, sizeof(*proof));

	if (!can_run || !proof) {
		free(can_run);
		free(proof);
		return &iq_enomem;
	}
	lacks(l, proof->lacks, sizeof(proof->lacks));
	proof->map = l->map;
	proof->mark = l->mark;
	proof->can_run = can_run;
	proof->runs_anyway = l->runs_anyway;
	l->runs_anyway = NULL;
	l->map = NULL;
	l->mark = NULL;
	l->model->proofs[witness] = proof;
	return NULL;
}

static struct iq_error *load(struct liveness *l)
{
	struct iq_error *err = l->facts->heap->load(l->facts->heap, &l->map);

	if (err)
		return err;
	if (l->map->num_holders < l->facts->goroutines.len)
		iq_heap_map_lacks(l->map,
				  "the stacks of goroutines are not known");
	l->stands = calloc(l->facts->goroutines.len + 1, sizeof(*l->stands));
	return l->stands ? NULL : &iq_enomem;
}

static struct iq_error *mark_witness(struct liveness *l)
{
	struct iq_error *err = iq_mark_create(l->map, &l->mark);

	if (!err)
		err = take_stands(l);
	if (err)
		return err;
	l->runs_anyway = running_bits(l);
	return l->runs_anyway ? mark_all(l) : &iq_enomem;
}

static struct iq_error *run_witness(struct iq_model *model, size_t witness)
{
	iq_cleanup(liveness_deinit) struct liveness l = {
		.model = model,
		.facts = model->witnesses[witness],
	};
	struct iq_error *err = load(&l);

	if (err)
		return err;
	if (l.map->incomplete[0])
		return conclude(&l);
	err = mark_witness(&l);
	if (!err)
		err = conclude(&l);
	return err ? err : keep_proof(&l, witness);
}

static struct iq_error *make_room(struct iq_model *model)
{
	if (!model->proofs)
		model->proofs = calloc(model->num_witnesses + 1,
				       sizeof(struct iq_proof *));
	return model->proofs ? NULL : &iq_enomem;
}

struct iq_error *iq_liveness_run(struct iq_model *model, struct iq_pool *pool)
{
	struct iq_error *err = make_room(model);

	// Marking is done on one thread: its result is one, whatever the order.
	(void)pool;
	for (size_t w = 0; w < model->num_witnesses && !err; w++) {
		const struct iq_facts *facts = model->witnesses[w];

		if (!facts->heap)
			continue;
		if (has_candidates(model, facts))
			err = run_witness(model, w);
		else
			conclude_all_run(model, facts);
	}
	return err;
}

const struct iq_proof *iq_proof_of(const struct iq_model *model, size_t witness)
{
	return model->proofs ? model->proofs[witness] : NULL;
}

struct iq_error *iq_proof_make(struct iq_model *model, size_t witness,
			       const struct iq_proof **ret)
{
	iq_cleanup(liveness_deinit) struct liveness l = {
		.model = model,
		.facts = model->witnesses[witness],
	};
	struct iq_error *err = make_room(model);

	*ret = NULL;
	if (!err && l.facts->heap && !model->proofs[witness]) {
		err = load(&l);
		if (!err)
			err = mark_witness(&l);
		if (!err)
			err = keep_proof(&l, witness);
	}
	if (!err)
		*ret = model->proofs[witness];
	return err;
}

/* ---- who would be woken if some were held back */

struct iq_closure {
	struct liveness l;
	/* By index into facts->goroutines: index into model->goroutines. */
	uint32_t *goroutines;
	/* Of the slot that was reached last: the watches to come. */
	size_t at, end;
};

void iq_closure_destroy(struct iq_closure *c)
{
	if (!c)
		return;
	liveness_deinit(&c->l);
	free(c->goroutines);
	free(c);
}

static struct iq_error *closure_load(struct iq_closure *c)
{
	const struct iq_facts *facts = c->l.facts;
	const struct iq_model *m = c->l.model;
	struct iq_error *err = facts->heap->load(facts->heap, &c->l.map);
	uint32_t index;

	if (err)
		return err;
	c->l.stands = calloc(facts->goroutines.len + 1, sizeof(*c->l.stands));
	c->goroutines =
		calloc(facts->goroutines.len + 1, sizeof(*c->goroutines));
	if (!c->l.stands || !c->goroutines)
		return &iq_enomem;
	if (c->l.map->incomplete[0] ||
	    c->l.map->num_holders < facts->goroutines.len)
		return NULL;
	for (size_t i = 0; i < m->num_goroutines; i++) {
		if (fact_index(&c->l, &m->goroutines[i], &index))
			c->goroutines[index] = (uint32_t)i;
	}
	return iq_mark_create(c->l.map, &c->l.mark);
}

struct iq_error *iq_closure_create(struct iq_model *model, size_t witness,
				   struct iq_closure **ret)
{
	const struct iq_facts *facts = model->witnesses[witness];
	struct iq_closure *c;
	struct iq_error *err;

	*ret = NULL;
	if (!facts->heap)
		return NULL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return &iq_enomem;
	c->l.model = model;
	c->l.facts = facts;
	err = closure_load(c);
	if (err || !c->l.mark)
		iq_closure_destroy(c);
	else
		*ret = c;
	return err;
}

struct iq_error *iq_closure_hold(struct iq_closure *c, uint32_t goroutine,
				 bool watched, bool *ret)
{
	const struct iq_goroutine *g = &c->l.model->goroutines[goroutine];
	struct iq_error *err = NULL;
	uint32_t index;

	*ret = false;
	if (!fact_index(&c->l, g, &index))
		return NULL;
	if (!watched)
		c->l.stands[index] = STAND_HOPELESS;
	else if (is_candidate(g))
		err = watch_goroutine(&c->l, index, g->fact);
	*ret = c->l.stands[index] != STAND_RUNS;
	return err;
}

struct iq_error *iq_closure_start(struct iq_closure *c)
{
	struct iq_error *err = order_watches(&c->l);

	if (err)
		return err;
	for (size_t i = 0; i < c->l.watches.len; i++)
		iq_mark_watch(c->l.mark, c->l.watches.data[i].slot);
	mark_roots(&c->l);
	return NULL;
}

void iq_closure_let_go(struct iq_closure *c, uint32_t goroutine)
{
	uint32_t index;

	if (!fact_index(&c->l, &c->l.model->goroutines[goroutine], &index) ||
	    c->l.stands[index] == STAND_RUNS)
		return;
	c->l.stands[index] = STAND_RUNS;
	mark_holder(&c->l, index);
}

/* The next slot that was reached; false if there is none. */
static bool next_slot(struct iq_closure *c)
{
	uint32_t slot;

	if (!iq_mark_next_seen(c->l.mark, &slot))
		return false;
	c->at = c->end = first_watch(&c->l, slot);
	while (c->end < c->l.watches.len &&
	       c->l.watches.data[c->end].slot == slot)
		c->end++;
	return true;
}

struct iq_error *iq_closure_next(struct iq_closure *c, uint32_t *ret)
{
	struct iq_error *err = NULL;

	*ret = UINT32_MAX;
	while (!err) {
		while (c->at < c->end) {
			uint32_t index = c->l.watches.data[c->at++].goroutine;

			if (c->l.stands[index] != STAND_WAITS)
				continue;
			*ret = c->goroutines[index];
			iq_closure_let_go(c, *ret);
			return NULL;
		}
		if (!next_slot(c)) {
			err = iq_mark_reach(c->l.mark);
			if (err || !next_slot(c))
				break;
		}
	}
	return err;
}

bool iq_closure_is_sound(const struct iq_closure *c)
{
	char why[200];

	return !lacks(&c->l, why, sizeof(why));
}
