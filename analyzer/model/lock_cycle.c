/* SPDX-License-Identifier: Apache-2.0 */
#include "model/lock_cycle.h"

#include "base/limits.h"
#include "model/lock.h"
#include "model/wait.h"

struct walk {
	uint32_t locks[IQ_LIMIT_LOCK_CYCLE];
	uint32_t holders[IQ_LIMIT_LOCK_CYCLE];
	size_t len;
	bool mere; /* a step that no deferred Unlock shows */
};

/*
 * The lock that a holder of @lock waits for: the next step of a walk. A lock
 * has one holder, so only a step without a choice is taken, among those whose
 * mention says most; none if one of them can go on.
 */
static bool next_lock(const struct iq_model *m, const struct iq_lock *lock,
		      uint32_t *lock_ret, uint32_t *holder_ret)
{
	enum iq_lock_hold hold = iq_lock_best_hold(lock);
	bool found = false;

	if (hold == IQ_LOCK_HOLD_SHARES)
		return false;
	for (size_t i = 0; i < lock->num_holders; i++) {
		uint32_t g = lock->holders[i].goroutine;
		uint32_t next = m->goroutines[g].lock;

		if (lock->holders[i].hold != hold)
			continue;
		if (iq_wait_class_can_go_on(m->goroutines[g].class))
			return false;
		if (next == IQ_NO_LOCK)
			continue;
		if (found && next != *lock_ret)
			return false;
		found = true;
		*lock_ret = next;
		*holder_ret = g;
	}
	return found;
}

/* Whether a circle starts at lock @start and has no smaller lock. */
static bool walk_circle(const struct iq_model *m, uint32_t start,
			struct walk *walk)
{
	uint32_t at = start;

	walk->len = 0;
	walk->mere = false;
	while (walk->len < IQ_LIMIT_LOCK_CYCLE) {
		uint32_t holder;

		walk->locks[walk->len] = at;
		if (iq_lock_best_hold(&m->locks[at]) != IQ_LOCK_HOLD_UNLOCKS)
			walk->mere = true;
		if (!next_lock(m, &m->locks[at], &at, &holder))
			return false;
		walk->holders[walk->len++] = holder;
		if (at == start)
			return walk->len > 1;
		if (at < start)
			return false;
	}
	return false;
}

static const uint32_t *copy(struct iq_arena *arena, const uint32_t *list,
			    size_t len)
{
	uint32_t *ret = iq_arena_calloc(arena, len, sizeof(*ret));

	if (ret)
		memcpy(ret, list, len * sizeof(*ret));
	return ret;
}

static struct iq_error *keep(struct iq_model *m, const struct walk *walk,
			     struct iq_lock_cycle *ret)
{
	ret->locks = copy(&m->arena, walk->locks, walk->len);
	ret->holders = copy(&m->arena, walk->holders, walk->len);
	ret->len = walk->len;
	ret->mere = walk->mere;
	if (!ret->locks || !ret->holders)
		return &iq_enomem;
	for (size_t i = 0; i < walk->len && !walk->mere; i++)
		m->goroutines[walk->holders[i]].deadlocked = true;
	return NULL;
}

struct iq_error *iq_lock_cycles_make(struct iq_model *model)
{
	// A circle has two locks or more.
	struct iq_lock_cycle *cycles = iq_arena_calloc(
		&model->arena, model->num_locks / 2, sizeof(*cycles));
	struct iq_error *err = NULL;
	struct walk walk;

	if (!cycles)
		return &iq_enomem;
	model->lock_cycles = cycles;
	for (uint32_t i = 0; i < model->num_locks && !err; i++) {
		if (walk_circle(model, i, &walk))
			err = keep(model, &walk,
				   &cycles[model->num_lock_cycles++]);
	}
	return err;
}
