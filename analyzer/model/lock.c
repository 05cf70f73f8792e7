/* SPDX-License-Identifier: Apache-2.0 */
#include "model/lock.h"

#include <stdlib.h>

#include "model/lock_cycle.h"

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

	if (g->class != IQ_CLASS_MUTEX && g->class != IQ_CLASS_RWMUTEX_R &&
	    g->class != IQ_CLASS_RWMUTEX_W)
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

	return sig && sig->site != UINT32_MAX && frame > sig->site &&
	       frame < sig->end;
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
	mention.mention.frame = &fact->stack->frames[ref->frame];
	mention.waits = waited_lock(&m->goroutines[index], &waited) &&
			waited == ref->object;
	if (mention.waits && !is_outside_site(m, w, fact, ref->frame))
		return NULL;
	return iq_vec_push(&b->mentions, mention) ? NULL : &iq_enomem;
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
	return a->mention.frame < b->mention.frame ?
		       -1 :
		       a->mention.frame > b->mention.frame;
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

const struct iq_lock_mention *iq_lock_self(const struct iq_lock *lock)
{
	// With several candidates none of them is named.
	return lock->num_selves == 1 && !lock->num_holders ? lock->selves :
							     NULL;
}

const struct iq_lock_mention *
iq_lock_blocked_holder(const struct iq_model *model, const struct iq_lock *lock)
{
	const struct iq_lock_mention *found = NULL;

	for (size_t i = 0; i < lock->num_holders; i++) {
		const struct iq_lock_mention *x = &lock->holders[i];

		if (iq_wait_class_can_go_on(
			    model->goroutines[x->goroutine].class))
			continue;
		if (found)
			return NULL;
		found = x;
	}
	return found;
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
