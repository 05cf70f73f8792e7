/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two locks of a poll.FD are semaphores to the runtime: which file's they
 * are, and who stands in the Write or Read that has one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "formats/go/stack_start.h"
#include "formats/go/wait_objects.h"

/* Bytes of a stack that hold the frames down to FD.Write, which keeps the FD
 * to unlock it; and how many frames that are. */
#define SCAN_MAX 4096
#define LEAF_FRAMES 24

/* Go: src/internal/poll/fd_mutex.go, fdMutex.state, 1.18 - 1.27. */
#define STATE_READ_LOCKED 2
#define STATE_WRITE_LOCKED 4
#define STATE_READERS_SHIFT 23
#define STATE_WRITERS_SHIFT 43
#define STATE_WAITERS_MASK 0xfffff

enum side { SIDE_NONE, SIDE_READ, SIDE_WRITE };

/* How sure it is that somebody has the lock; each needs the FD's address. */
enum rank { RANK_NONE, RANK_MENTIONS, RANK_SYSCALL, RANK_POLLS };

struct lock {
	uint64_t file;
	enum side side;
	struct iq_object *object;
	/* Of who may have it: the surest, and how many are as sure. */
	enum rank rank;
	unsigned num;
	uint64_t goroutine;
};

struct search {
	const struct iq_go_runtime *rt;
	const struct iq_goroutine_fact *goroutines;
	IQ_VEC(struct lock) locks; /* by file and side */
};

static void search_deinit(struct search *s)
{
	iq_vec_deinit(&s->locks);
}

/* Go: src/internal/poll/fd_unix.go, readLock and writeLock. */
static enum side side_of(struct iq_str function)
{
	struct iq_str prefix = IQ_STR("internal/poll.(*FD).");
	struct iq_str rest;

	if (!iq_str_starts(function, prefix))
		return SIDE_NONE;
	rest = iq_str_sub(function, prefix.len, function.len - prefix.len);
	// It takes no lock.
	if (iq_str_equal(rest, IQ_STR("ReadDirent")))
		return SIDE_NONE;
	if (iq_str_starts(rest, IQ_STR("Write")) ||
	    iq_str_equal(rest, IQ_STR("writeLock")) ||
	    iq_str_equal(rest, IQ_STR("RawWrite")))
		return SIDE_WRITE;
	return iq_str_starts(rest, IQ_STR("Read")) ||
			       iq_str_equal(rest, IQ_STR("readLock")) ||
			       iq_str_equal(rest, IQ_STR("RawRead")) ||
			       iq_str_equal(rest, IQ_STR("Accept")) ?
		       SIDE_READ :
		       SIDE_NONE;
}

/* Which side of a file the stack is at; *@waits_ret: it waits for the lock. */
static enum side side_of_stack(const struct iq_stack *stack, bool *waits_ret)
{
	*waits_ret = false;
	for (uint32_t i = 0; stack && i < stack->num_frames && i < LEAF_FRAMES;
	     i++) {
		struct iq_str function = stack->frames[i]->function;
		enum side side = side_of(function);

		if (side != SIDE_NONE)
			return side;
		if (iq_str_equal(function,
				 IQ_STR("internal/poll.(*fdMutex).rwlock")))
			*waits_ret = true;
	}
	return SIDE_NONE;
}

/* Fills @ret if the semaphore is that lock of a file, and somebody has it. */
static bool lock_read(const struct iq_go_runtime *rt, struct iq_object *o,
		      enum side side, struct lock *ret)
{
	const struct iq_go_layout *l = rt->layout;
	bool writes = side == SIDE_WRITE;
	struct iq_go_field sema =
		writes ? l->poll_fd_fdmu_wsema : l->poll_fd_fdmu_rsema;
	uint64_t file = o->address - sema.offset;
	uint64_t state, fd;

	if (!iq_go_has(sema) || file % 8 ||
	    !iq_go_field_read(rt->memory, file, l->poll_fd_fdmu_state,
			      &state) ||
	    !iq_go_field_read(rt->memory, file, l->poll_fd_sysfd, &fd) ||
	    fd > INT32_MAX ||
	    !(state & (writes ? STATE_WRITE_LOCKED : STATE_READ_LOCKED)) ||
	    !(state >> (writes ? STATE_WRITERS_SHIFT : STATE_READERS_SHIFT) &
	      STATE_WAITERS_MASK))
		return false;
	o->semaphore.has_fd = true;
	o->semaphore.fd = (int64_t)fd;
	*ret = (struct lock){ .file = file, .side = side, .object = o };
	return true;
}

static int compare_locks(const void *a, const void *b)
{
	const struct lock *x = a;
	const struct lock *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return (int)x->side - (int)y->side;
}

/* The files' locks that are waited for, each once. */
static struct iq_error *locks_find(struct search *s)
{
	for (size_t i = 0; i < s->rt->num_gs; i++) {
		const struct iq_goroutine_fact *fact = &s->goroutines[i];
		struct lock lock;
		struct iq_object *o;
		enum side side;
		bool waits;

		if (!fact->num_waits || !fact->waits->object ||
		    fact->waits->kind != IQ_WAIT_SEMAPHORE)
			continue;
		// The reader's own memory, of which nobody else knows yet.
		o = (struct iq_object *)fact->waits->object;
		if (!o->is_read || o->semaphore.has_fd)
			continue;
		side = side_of_stack(fact->stack, &waits);
		if (side != SIDE_NONE && waits &&
		    lock_read(s->rt, o, side, &lock) &&
		    !iq_vec_push(&s->locks, lock))
			return &iq_enomem;
	}
	if (s->locks.len)
		qsort(s->locks.data, s->locks.len, sizeof(*s->locks.data),
		      compare_locks);
	return NULL;
}

static void consider(struct search *s, uint64_t file, enum side side,
		     const struct iq_goroutine_fact *fact, enum rank rank)
{
	struct lock key = { .file = file, .side = side };
	struct lock *lock = bsearch(&key, s->locks.data, s->locks.len,
				    sizeof(key), compare_locks);

	if (!lock || rank < lock->rank)
		return;
	if (rank == RANK_SYSCALL &&
	    fact->waits->syscall->fd != lock->object->semaphore.fd)
		return;
	// One stack has the address more than once.
	if (rank == lock->rank && lock->goroutine == fact->id)
		return;
	lock->num = rank == lock->rank ? lock->num + 1 : 1;
	lock->rank = rank;
	lock->goroutine = fact->id;
}

/* Each address in the frames of goroutine @i. */
static void scan(struct search *s, size_t i, enum side side, enum rank rank)
{
	const struct iq_go_runtime *rt = s->rt;
	struct iq_go_unwind_start start;
	uint64_t end, word;

	if (iq_go_stack_start(rt, &rt->gs[i], &start) != IQ_GO_START_FOUND ||
	    start.sp < start.lo || start.sp >= start.hi)
		return;
	end = start.hi - start.sp > SCAN_MAX ? start.sp + SCAN_MAX : start.hi;
	for (uint64_t at = (start.sp + 7) & ~7ull; at < end; at += 8) {
		if (!iq_memory_u64(rt->memory, at, &word))
			return;
		if (word >= s->locks.data[0].file &&
		    word <= s->locks.data[s->locks.len - 1].file)
			consider(s, word, side, &s->goroutines[i], rank);
	}
}

static void goroutine_look(struct search *s, size_t i)
{
	const struct iq_goroutine_fact *fact = &s->goroutines[i];
	const struct iq_wait *wait = fact->num_waits ? fact->waits : NULL;
	bool waits;
	enum side side = side_of_stack(fact->stack, &waits);

	if (side == SIDE_NONE || waits || !fact->has_id)
		return;
	if (wait && wait->kind == IQ_WAIT_FD && wait->has_address)
		consider(s, wait->address, side, fact, RANK_POLLS);
	else if (wait && wait->syscall && wait->syscall->has_fd)
		scan(s, i, side, RANK_SYSCALL);
	else
		scan(s, i, side, RANK_MENTIONS);
}

struct iq_error *
iq_go_wait_files_find(const struct iq_go_runtime *rt,
		      const struct iq_goroutine_fact *goroutines)
{
	iq_cleanup(search_deinit) struct search s = {
		.rt = rt,
		.goroutines = goroutines,
	};
	struct iq_error *err = locks_find(&s);

	if (err || !s.locks.len)
		return err;
	for (size_t i = 0; i < rt->num_gs; i++)
		goroutine_look(&s, i);
	for (size_t i = 0; i < s.locks.len; i++) {
		const struct lock *lock = &s.locks.data[i];

		// The lock has one owner: of several none is known.
		lock->object->semaphore.has_goroutine = lock->num == 1;
		lock->object->semaphore.goroutine =
			lock->num == 1 ? lock->goroutine : 0;
	}
	return NULL;
}
