/* SPDX-License-Identifier: Apache-2.0 */
#include "model/lock.h"

#include <stdlib.h>

#include "model/lock_cycle.h"

/* Functions that started waiters and are told apart. */
#define CREATORS_MAX 8

struct waiter {
	uint64_t address;
	uint32_t goroutine;
};

struct mention {
	uint64_t address;
	struct iq_lock_mention mention;
	bool waits;
};

struct lock_builder {
	struct iq_model *model;
	IQ_VEC(struct waiter) waiters;
	IQ_VEC(struct mention) mentions;
	IQ_VEC(struct iq_lock) locks;
};

static bool waited_lock(const struct iq_goroutine *g, uint64_t *ret)
{
	const struct iq_goroutine_fact *fact = g->fact;

	if (!iq_wait_class_is_lock(g->class))
		return false;
	if (!fact->num_waits || !fact->waits[0].has_address)
		return false;
	*ret = fact->waits[0].address;
	return true;
}

static struct iq_error *collect_waiters(struct lock_builder *b)
{
	const struct iq_model *m = b->model;

	for (size_t i = 0; i < m->num_goroutines; i++) {
		struct waiter w = { .goroutine = (uint32_t)i };

		if (waited_lock(&m->goroutines[i], &w.address) &&
		    !iq_vec_push(&b->waiters, w))
			return &iq_enomem;
	}
	return NULL;
}

/* The mention of a lock by its own waiter says something only if it is in a
 * caller of the frame that locks, and no wrapper passes it on. */
static bool is_outside_site(const struct iq_model *m, size_t w,
			    const struct iq_goroutine_fact *fact,
			    uint32_t frame)
{
	const struct iq_signature *sig = iq_model_signature(m, w, fact->stack);

	if (!sig || sig->site == UINT32_MAX || frame <= sig->site ||
	    frame >= sig->end)
		return false;
	// Without own code the site may be Lock itself: who called it waits.
	return !iq_package_is_std(
		iq_function_package(fact->stack->frames[frame]->function));
}

static enum iq_lock_hold hold_of(const struct iq_model *m, size_t w,
				 const struct iq_goroutine_fact *fact,
				 const struct iq_reference_fact *ref)
{
	const struct iq_signature *sig = iq_model_signature(m, w, fact->stack);

	if (ref->unlocks)
		return IQ_LOCK_HOLD_UNLOCKS;
	if (iq_str_equal(fact->stack->frames[ref->frame]->function,
			 IQ_STR("main.main")))
		return IQ_LOCK_HOLD_SHARES;
	if (sig && sig->site != UINT32_MAX && ref->frame <= sig->site)
		return IQ_LOCK_HOLD_SITE;
	return IQ_LOCK_HOLD_CALLER;
}

static struct iq_error *add_mention(struct lock_builder *b, size_t w,
				    const struct iq_reference_fact *ref)
{
	const struct iq_model *m = b->model;
	const struct iq_goroutine_fact *fact =
		&m->witnesses[w]->goroutines.data[ref->goroutine];
	struct mention mention = { .address = ref->object };
	size_t index;
	uint64_t waited;

	if (!fact->has_id || !fact->stack ||
	    ref->frame >= fact->stack->num_frames ||
	    !iq_model_goroutine(m, fact->id, &index) ||
	    m->goroutines[index].fact != fact)
		return NULL;
	mention.mention.goroutine = (uint32_t)index;
	mention.mention.frame = fact->stack->frames[ref->frame];
	mention.mention.hold = hold_of(m, w, fact, ref);
	mention.waits = waited_lock(&m->goroutines[index], &waited) &&
			waited == ref->object;
	if (mention.waits && mention.mention.hold != IQ_LOCK_HOLD_UNLOCKS &&
	    !is_outside_site(m, w, fact, ref->frame))
		return NULL;
	return iq_vec_push(&b->mentions, mention) ? NULL : &iq_enomem;
}

/* Whether a goroutine stands in @function, or below it, past its defer of an
 * Unlock. */
static bool is_deferrer(const struct lock_builder *b, struct iq_str function)
{
	for (size_t i = 0; i < b->mentions.len; i++) {
		const struct iq_lock_mention *x = &b->mentions.data[i].mention;

		if (x->hold == IQ_LOCK_HOLD_UNLOCKS &&
		    iq_str_equal(x->frame->function, function))
			return true;
	}
	return false;
}

/*
 * A function that defers its Unlocks has deferred that of each lock it holds
 * when it waits for the next one: what it mentions besides, it wants.
 */
static void discount_wanted(struct lock_builder *b)
{
	for (size_t i = 0; i < b->mentions.len; i++) {
		struct iq_lock_mention *x = &b->mentions.data[i].mention;
		uint64_t waited;

		if (x->hold != IQ_LOCK_HOLD_UNLOCKS &&
		    waited_lock(&b->model->goroutines[x->goroutine], &waited) &&
		    is_deferrer(b, x->frame->function))
			x->hold = IQ_LOCK_HOLD_SHARES;
	}
}

static struct iq_error *collect_mentions(struct lock_builder *b)
{
	const struct iq_model *m = b->model;
	struct iq_error *err = NULL;

	for (size_t w = 0; w < m->num_witnesses; w++) {
		const struct iq_facts *facts = m->witnesses[w];

		for (size_t i = 0; i < facts->references.len && !err; i++)
			err = add_mention(b, w, &facts->references.data[i]);
	}
	if (!err)
		discount_wanted(b);
	return err;
}

static int compare_waiters(const void *pa, const void *pb)
{
	const struct waiter *a = pa;
	const struct waiter *b = pb;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->goroutine < b->goroutine ? -1 : a->goroutine > b->goroutine;
}

static int compare_mentions(const void *pa, const void *pb)
{
	const struct mention *a = pa;
	const struct mention *b = pb;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->waits != b->waits)
		return a->waits ? 1 : -1;
	if (a->mention.goroutine != b->mention.goroutine)
		return a->mention.goroutine < b->mention.goroutine ? -1 : 1;
	if (a->mention.hold != b->mention.hold)
		return a->mention.hold > b->mention.hold ? -1 : 1;
	return a->mention.frame < b->mention.frame ?
		       -1 :
		       a->mention.frame > b->mention.frame;
}

/* Functions that started a lock's waiters: some of the few that there are. */
struct creators {
	struct iq_str functions[CREATORS_MAX];
	size_t num;
};

static bool is_creator(const struct creators *creators, struct iq_str function)
{
	for (size_t i = 0; i < creators->num; i++) {
		if (iq_str_equal(creators->functions[i], function))
			return true;
	}
	return false;
}

static void find_creators(const struct lock_builder *b,
			  const struct iq_lock *lock, struct creators *ret)
{
	for (size_t i = 0; i < lock->num_waiters && ret->num < CREATORS_MAX;
	     i++) {
		const struct iq_frame *frame =
			b->model->goroutines[lock->waiters[i]].fact->created_by;

		if (frame && !is_creator(ret, frame->function))
			ret->functions[ret->num++] = frame->function;
	}
}

/* Who starts a waiter and gives it the lock most often does not hold it. */
static void weigh(struct lock_builder *b, size_t begin, size_t end,
		  const struct iq_lock *lock)
{
	struct creators creators = { .num = 0 };

	find_creators(b, lock, &creators);
	for (size_t i = begin; i < end; i++) {
		struct iq_lock_mention *x = &b->mentions.data[i].mention;

		if (x->hold != IQ_LOCK_HOLD_UNLOCKS &&
		    is_creator(&creators, x->frame->function))
			x->hold = IQ_LOCK_HOLD_SHARES;
	}
	if (end > begin)
		qsort(b->mentions.data + begin, end - begin,
		      sizeof(*b->mentions.data), compare_mentions);
}

/* The mentions of one address, once for a goroutine, divided. */
static struct iq_error *lock_mentions(struct lock_builder *b, size_t *at,
				      struct iq_lock *lock)
{
	size_t begin = *at;
	size_t end;

	while (begin < b->mentions.len &&
	       b->mentions.data[begin].address < lock->address)
		begin++;
	for (end = begin; end < b->mentions.len &&
			  b->mentions.data[end].address == lock->address;)
		end++;
	*at = end;
	weigh(b, begin, end, lock);

	struct iq_lock_mention *list = iq_arena_calloc(
		&b->model->arena, end - begin + 1, sizeof(*list));
	size_t n = 0;
	if (!list)
		return &iq_enomem;
	for (size_t i = begin; i < end; i++) {
		const struct mention *x = &b->mentions.data[i];

		if (i > begin && x->waits == x[-1].waits &&
		    x->mention.goroutine == x[-1].mention.goroutine)
			continue;
		list[n++] = x->mention;
		lock->num_holders += !x->waits;
		lock->num_selves += x->waits;
	}
	lock->holders = list;
	lock->selves = list + lock->num_holders;
	return NULL;
}

static struct iq_error *make_lock(struct lock_builder *b, size_t begin,
				  size_t end, size_t *mentions_at)
{
	struct iq_lock lock = {
		.address = b->waiters.data[begin].address,
		.num_waiters = end - begin,
	};
	uint32_t *waiters = iq_arena_calloc(&b->model->arena, end - begin,
					    sizeof(*waiters));

	if (!waiters)
		return &iq_enomem;
	for (size_t i = begin; i < end; i++) {
		waiters[i - begin] = b->waiters.data[i].goroutine;
		b->model->goroutines[waiters[i - begin]].lock =
			(uint32_t)b->locks.len;
	}
	lock.waiters = waiters;
	struct iq_error *err = lock_mentions(b, mentions_at, &lock);
	if (!err && !iq_vec_push(&b->locks, lock))
		err = &iq_enomem;
	return err;
}

static struct iq_error *make_locks(struct lock_builder *b)
{
	size_t mentions_at = 0;

	qsort(b->waiters.data, b->waiters.len, sizeof(*b->waiters.data),
	      compare_waiters);
	if (b->mentions.len)
		qsort(b->mentions.data, b->mentions.len,
		      sizeof(*b->mentions.data), compare_mentions);
	for (size_t i = 0, j; i < b->waiters.len; i = j) {
		for (j = i;
		     j < b->waiters.len &&
		     b->waiters.data[j].address == b->waiters.data[i].address;)
			j++;
		struct iq_error *err = make_lock(b, i, j, &mentions_at);
		if (err)
			return err;
	}
	return NULL;
}

static struct iq_error *keep_locks(struct lock_builder *b)
{
	struct iq_lock *locks =
		iq_arena_calloc(&b->model->arena, b->locks.len, sizeof(*locks));

	if (!locks)
		return &iq_enomem;
	memcpy(locks, b->locks.data, b->locks.len * sizeof(*locks));
	b->model->locks = locks;
	b->model->num_locks = b->locks.len;
	return NULL;
}

static enum iq_lock_hold strongest(const struct iq_lock_mention *list,
				   size_t num)
{
	enum iq_lock_hold ret = IQ_LOCK_HOLD_SHARES;

	for (size_t i = 0; i < num; i++) {
		if (list[i].hold > ret)
			ret = list[i].hold;
	}
	return ret;
}

enum iq_lock_hold iq_lock_best_hold(const struct iq_lock *lock)
{
	return strongest(lock->holders, lock->num_holders);
}

const struct iq_lock_mention *iq_lock_self(const struct iq_lock *lock)
{
	enum iq_lock_hold hold = strongest(lock->selves, lock->num_selves);
	const struct iq_lock_mention *found = NULL;

	// With several candidates none of them is named.
	if (hold != IQ_LOCK_HOLD_UNLOCKS)
		return lock->num_selves == 1 && hold != IQ_LOCK_HOLD_SHARES &&
				       iq_lock_best_hold(lock) ==
					       IQ_LOCK_HOLD_SHARES ?
			       lock->selves :
			       NULL;
	for (size_t i = 0; i < lock->num_selves; i++) {
		if (lock->selves[i].hold != hold)
			continue;
		if (found)
			return NULL;
		found = &lock->selves[i];
	}
	return found;
}

const struct iq_lock_mention *
iq_lock_blocked_holder(const struct iq_model *model, const struct iq_lock *lock)
{
	enum iq_lock_hold hold = iq_lock_best_hold(lock);
	const struct iq_lock_mention *found = iq_lock_self(lock);

	// It waits for itself, and everybody else behind it.
	if (found)
		return found;
	if (hold == IQ_LOCK_HOLD_SHARES)
		return NULL;
	for (size_t i = 0; i < lock->num_holders; i++) {
		const struct iq_lock_mention *x = &lock->holders[i];

		if (x->hold != hold ||
		    iq_wait_class_can_go_on(
			    model->goroutines[x->goroutine].class))
			continue;
		if (found)
			return NULL;
		found = x;
	}
	return found;
}

bool iq_lock_passes(const struct iq_model *model, const struct iq_lock *lock)
{
	enum iq_lock_hold hold = iq_lock_best_hold(lock);
	bool patient = false, blocked = false;

	if (iq_lock_self(lock))
		return false;
	for (size_t i = 0; i < lock->num_holders; i++) {
		const struct iq_lock_mention *x = &lock->holders[i];
		enum iq_wait_class class =
			model->goroutines[x->goroutine].class;

		if (hold == IQ_LOCK_HOLD_SHARES || x->hold != hold)
			continue;
		if (class == IQ_CLASS_RUNNING)
			return true;
		if (iq_wait_class_can_go_on(class))
			patient = true;
		else
			blocked = true;
	}
	return patient && !blocked;
}

static void mark_selves(struct iq_model *m)
{
	for (size_t i = 0; i < m->num_locks; i++) {
		const struct iq_lock_mention *self = iq_lock_self(&m->locks[i]);

		if (self)
			m->goroutines[self->goroutine].deadlocked = true;
	}
}

struct iq_error *iq_locks_make(struct iq_model *model)
{
	struct lock_builder b = { .model = model };
	struct iq_error *err = collect_waiters(&b);

	if (!err && b.waiters.len) {
		err = collect_mentions(&b);
		if (!err)
			err = make_locks(&b);
		if (!err)
			err = keep_locks(&b);
		if (!err)
			err = iq_lock_cycles_make(model);
		mark_selves(model);
	}
	iq_vec_deinit(&b.waiters);
	iq_vec_deinit(&b.mentions);
	iq_vec_deinit(&b.locks);
	return err;
}
