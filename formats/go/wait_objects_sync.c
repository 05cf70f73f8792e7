/* SPDX-License-Identifier: Apache-2.0 */
#include "base/attr.h"
#include "formats/go/wait_objects.h"

/* Go: src/sync/mutex.go and src/internal/sync/mutex.go, 1.18 - 1.27. */
#define MUTEX_LOCKED 1
#define MUTEX_WOKEN 2
#define MUTEX_STARVING 4
#define MUTEX_WAITERS_SHIFT 3
/* Go: src/sync/rwmutex.go, rwmutexMaxReaders. */
#define MAX_READERS (1ll << 30)
/* Go: src/sync/waitgroup.go: the counter above, waiters below; from 1.25 on a
 * flag of one that belongs to a bubble is between, where no counter of
 * waiters gets to. */
#define WAITGROUP_WAITERS 0x7fffffffu
#define WAITGROUP_COUNTER_SHIFT 32
#define COUNTER_MIN (-(1 << 20))
/* Of a Cond that has fewer waiters the list is compared. */
#define LISTED_MAX 64
/* The smallest that Linux has on the machines that Go runs on. */
#define PAGE_BYTES 4096

static int64_t signed32(uint64_t value)
{
	return (int32_t)(uint32_t)value;
}

/* Who waits for a lock is a goroutine: there are no more of them than that. */
static uint64_t max_waiters(const struct iq_go_runtime *rt)
{
	uint64_t data, len;

	if (rt->allgs_addr &&
	    iq_go_slice_read(rt->memory, rt->allgs_addr, &data, &len) &&
	    len >= rt->num_gs && len < iq_go_wait_max(rt))
		return len;
	return iq_go_wait_max(rt);
}

/* The state of the mutex at @addr; false if it is unreadable or no state. */
static bool mutex_read(const struct iq_go_runtime *rt, uint64_t addr,
		       struct iq_mutex_object *ret)
{
	uint64_t state;

	if (!iq_go_field_read(rt->memory, addr, rt->layout->mutex_state,
			      &state) ||
	    state >> MUTEX_WAITERS_SHIFT > max_waiters(rt))
		return false;
	*ret = (struct iq_mutex_object){
		.locked = state & MUTEX_LOCKED,
		.woken = state & MUTEX_WOKEN,
		.starving = state & MUTEX_STARVING,
		.num_waiters = state >> MUTEX_WAITERS_SHIFT,
	};
	return true;
}

/* Goroutines that may be in the middle of a RUnlock; of very many nobody counts
 * them. */
static int64_t num_running(const struct iq_go_runtime *rt)
{
	int64_t n = 0;

	if (rt->num_gs > 1u << 16)
		return 1 << 20;
	for (size_t i = 0; i < rt->num_gs; i++)
		n += rt->gs[i].status != IQ_GSTATUS_WAITING &&
		     rt->gs[i].status != IQ_GSTATUS_SYSCALL &&
		     rt->gs[i].status != IQ_GSTATUS_DEAD &&
		     rt->gs[i].status != IQ_GSTATUS_LEAKED;
	return n;
}

static bool rwmutex_read(const struct iq_go_runtime *rt, uint64_t addr,
			 struct iq_rwmutex_object *ret)
{
	const struct iq_go_layout *l = rt->layout;
	int64_t max = (int64_t)iq_go_wait_max(rt);
	struct iq_rwmutex_object o = { 0 };
	uint64_t readers, awaited;

	if (!iq_go_has(l->rwmutex_w) ||
	    !mutex_read(rt, addr + l->rwmutex_w.offset, &o.writers) ||
	    !iq_go_field_read(rt->memory, addr, l->rwmutex_reader_count,
			      &readers) ||
	    !iq_go_field_read(rt->memory, addr, l->rwmutex_reader_wait,
			      &awaited))
		return false;
	o.num_readers = signed32(readers);
	o.num_awaited = signed32(awaited);
	o.pending = o.num_readers < 0;
	if (o.pending)
		o.num_readers += MAX_READERS;
	// Who leaves is counted out of the readers first: few are just at it.
	if (o.pending && o.num_awaited > o.num_readers &&
	    o.num_awaited - o.num_readers > num_running(rt))
		return false;
	// Those who leave early count down before the writer counts up.
	if (o.num_readers < 0 || o.num_readers > max || o.num_awaited < -max ||
	    o.num_awaited > max)
		return false;
	*ret = o;
	return true;
}

static bool waitgroup_read(const struct iq_go_runtime *rt, uint64_t addr,
			   struct iq_waitgroup_object *ret)
{
	uint64_t state;

	if (!iq_go_field_read(rt->memory, addr, rt->layout->wait_group_state,
			      &state) ||
	    (state & WAITGROUP_WAITERS) > max_waiters(rt))
		return false;
	ret->counter = signed32(state >> WAITGROUP_COUNTER_SHIFT);
	// One below 0 panics, and who recovers may leave it so.
	if (ret->counter < COUNTER_MIN)
		return false;
	ret->num_waiters = state & WAITGROUP_WAITERS;
	return true;
}

/*
 * Whether the list at @list may have its length where @num wait: Signal counts
 * before it takes out the one. Go: src/runtime/sema.go, notifyListNotifyOne.
 */
static bool may_be_listed(const struct iq_go_runtime *rt, uint64_t list,
			  uint32_t num)
{
	uint64_t sudog;

	if (num >= LISTED_MAX ||
	    !iq_go_field_read(rt->memory, list, rt->layout->notify_list_head,
			      &sudog))
		return true;
	for (uint32_t n = 0; sudog; n++) {
		if (n > num)
			return false;
		if (!iq_go_field_read(rt->memory, sudog, rt->layout->sudog_next,
				      &sudog))
			return true;
	}
	return true;
}

static bool cond_read(const struct iq_go_runtime *rt, uint64_t addr,
		      struct iq_cond_object *ret)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t wait, notify;

	if (!iq_go_has(l->cond_notify) ||
	    !iq_go_field_read(rt->memory, addr + l->cond_notify.offset,
			      l->notify_list_wait, &wait) ||
	    !iq_go_field_read(rt->memory, addr + l->cond_notify.offset,
			      l->notify_list_notify, &notify) ||
	    (uint32_t)(wait - notify) > max_waiters(rt) ||
	    !may_be_listed(rt, addr + l->cond_notify.offset,
			   (uint32_t)(wait - notify)))
		return false;
	ret->wait = (uint32_t)wait;
	ret->notify = (uint32_t)notify;
	return true;
}

static bool is_page_of_zeros(const struct iq_go_runtime *rt, uint64_t addr)
{
	uint64_t word;

	addr -= addr % PAGE_BYTES;
	for (unsigned i = 0; i < PAGE_BYTES; i += 8) {
		if (!iq_memory_u64(rt->memory, addr + i, &word) || word)
			return false;
	}
	return true;
}

/*
 * A lock that somebody waits for is not in the state in which it was made: then
 * the core has zeros because its writer could not read the page. A WaitGroup is,
 * from its last Done until its waiters are woken.
 * Go: src/sync/mutex.go, unlockSlow; rwmutex.go; waitgroup.go, Add;
 * src/runtime/sema.go, notifyListAdd.
 */
static bool is_unused(const struct iq_go_runtime *rt, const struct iq_object *o)
{
	switch (o->kind) {
	case IQ_WAIT_MUTEX:
		return !o->mutex.locked && !o->mutex.woken &&
		       !o->mutex.starving && !o->mutex.num_waiters;
	case IQ_WAIT_RWMUTEX:
		return !o->rwmutex.writers.locked &&
		       !o->rwmutex.writers.num_waiters && !o->rwmutex.pending &&
		       !o->rwmutex.num_readers && !o->rwmutex.num_awaited;
	case IQ_WAIT_WAITGROUP:
		return !o->waitgroup.counter && !o->waitgroup.num_waiters &&
		       is_page_of_zeros(rt, o->address);
	case IQ_WAIT_COND:
		return !o->cond.wait && !o->cond.notify;
	default:
		return false;
	}
}

/* Its contents; false if they cannot be those of such an object. */
static bool sync_fill(const struct iq_go_runtime *rt, struct iq_object *o)
{
	switch (o->kind) {
	case IQ_WAIT_MUTEX:
		return mutex_read(rt, o->address, &o->mutex);
	case IQ_WAIT_RWMUTEX:
		return rwmutex_read(rt, o->address, &o->rwmutex);
	case IQ_WAIT_WAITGROUP:
		return waitgroup_read(rt, o->address, &o->waitgroup);
	case IQ_WAIT_COND:
		return cond_read(rt, o->address, &o->cond);
	case IQ_WAIT_SEMAPHORE:
		return iq_memory_u32(rt->memory, o->address,
				     &o->semaphore.value);
	default:
		return false;
	}
}

/* Bytes from the start of such an object that are looked at. */
static size_t sync_size(const struct iq_go_runtime *rt, enum iq_wait_kind kind)
{
	const struct iq_go_layout *l = rt->layout;

	switch (kind) {
	case IQ_WAIT_MUTEX:
		return l->mutex_size;
	case IQ_WAIT_RWMUTEX:
		return l->rwmutex_size;
	case IQ_WAIT_WAITGROUP:
		return l->wait_group_size;
	case IQ_WAIT_COND:
		return l->cond_size;
	default:
		return sizeof(uint32_t);
	}
}

static struct iq_error *sync_object(struct iq_go_wait_reader *r,
				    enum iq_wait_kind kind, uint64_t address,
				    const struct iq_object **ret)
{
	struct iq_object *o;
	bool is_new;
	struct iq_error *err = iq_go_wait_object(r, kind, address, &o, &is_new);

	if (err)
		return err;
	*ret = o;
	if (!is_new)
		return NULL;
	o->is_read = sync_fill(r->rt, o) && !is_unused(r->rt, o);
	if (o->is_read)
		return NULL;
	return iq_go_wait_object_problem(
		r, o, address,
		iq_go_wait_is_there(r->rt, address, sync_size(r->rt, kind)) ?
			"the state of a lock, a WaitGroup or a Cond that is waited for is absurd" :
			"the page of a lock, a WaitGroup or a Cond that is waited for is not in the core");
}

/* The word that a goroutine waits on: by its sudog (1.26+), or by the table. */
static bool word_of(const struct iq_go_wait_reader *r, const struct iq_go_g *g,
		    uint64_t *ret)
{
	const struct iq_go_runtime *rt = r->rt;
	struct iq_go_record sudog;
	uint64_t hidden;

	if (!rt->version->tables->sudog_two_words)
		return iq_go_semaphores_find(&r->tables->semaphores, g->addr,
					     ret);
	if (!g->waiting ||
	    !iq_go_record_read(rt->memory, g->waiting, rt->layout->sudog_size,
			       &sudog) ||
	    iq_go_record_uint(&sudog, rt->layout->sudog_g) != g->addr)
		return false;
	*ret = iq_go_record_uint(&sudog, rt->layout->sudog_elem);
	// Both words are the same, or the collector hides the first one.
	// Go: src/runtime/runtime2.go, maybeTraceablePtr.
	hidden = iq_go_record_uint(&sudog, rt->layout->sudog_elem_vp);
	return *ret != 0 && (!hidden || hidden == *ret);
}

struct iq_error *iq_go_wait_sync_read(struct iq_go_wait_reader *r, size_t i,
				      const struct iq_go_wait_class *class,
				      struct iq_wait *ret)
{
	const struct iq_go_g *g = &r->rt->gs[i];
	uint64_t word;

	*ret = (struct iq_wait){ .kind = class->kind, .op = class->op };
	if (!word_of(r, g, &word))
		return NULL;
	if (word < class->offset || word % sizeof(uint32_t) ||
	    iq_memory_state(r->rt->memory, word) == IQ_MEMORY_UNMAPPED)
		return iq_go_wait_problem(
			r, i, word, "what it waits for lies nowhere in memory");
	ret->has_address = true;
	ret->address = word - class->offset;
	ret->has_sema = class->offset != 0;
	ret->sema_addr = ret->has_sema ? word : 0;
	// Other writers wait for the Mutex in it. Go: src/sync/rwmutex.go, Lock.
	ret->is_next =
		class->kind == IQ_WAIT_RWMUTEX && class->op == IQ_OP_LOCK &&
		class->offset == r->rt->layout->rwmutex_writer_sem.offset;
	return sync_object(r, ret->kind, ret->address, &ret->object);
}

/*
 * Who waits for a semaphore that is no lock's, by a function among its callers;
 * the first that is there decides.
 * Go: src/internal/poll/fd_mutex.go, fd_unix.go; src/runtime/{proc,mgc}.go.
 */
/* clang-format off */
static const struct {
	const char *function;
	const char *what;
} owners[] = {
	{ "internal/poll.(*fdMutex).rwlock", "poll.fdMutex" },
	{ "internal/poll.(*FD).Close", "poll.FD's close" },
	{ "runtime.stopTheWorld", "the world" },
	{ "runtime.stopTheWorldGC", "the collector" },
	{ "runtime.startTheWorldGC", "the collector" },
	{ "runtime.gcMarkDone", "the end of marking" },
	{ "runtime.gcStart", "the start of a collection" },
};
/* clang-format on */

/* Frames at the leaf that can hold the caller. */
#define LEAF_FRAMES 12

/* What the frames say; NULL: nothing. */
static const char *owner_of(const struct iq_stack *stack)
{
	for (uint32_t i = 0; stack && i < stack->num_frames && i < LEAF_FRAMES;
	     i++) {
		for (size_t k = 0; k < IQ_ARRAY_SIZE(owners); k++) {
			if (iq_str_equal(stack->frames[i]->function,
					 iq_str_of(owners[k].function)))
				return owners[k].what;
		}
	}
	return NULL;
}

static bool has_semaphores(const struct iq_facts *facts)
{
	for (size_t i = facts->objects.len; i-- > 0;) {
		enum iq_wait_kind kind = facts->objects.data[i]->kind;

		// They are ordered by kind.
		if (kind <= IQ_WAIT_SEMAPHORE)
			return kind == IQ_WAIT_SEMAPHORE;
	}
	return false;
}

void iq_go_wait_semaphores_name(const struct iq_go_runtime *rt,
				const struct iq_goroutine_fact *goroutines)
{
	if (!has_semaphores(rt->facts))
		return;
	for (size_t i = 0; i < rt->num_gs; i++) {
		const struct iq_goroutine_fact *fact = &goroutines[i];
		struct iq_object *o;

		if (!fact->num_waits || !fact->waits->object ||
		    fact->waits->kind != IQ_WAIT_SEMAPHORE)
			continue;
		// The reader's own memory, of which nobody else knows yet.
		o = (struct iq_object *)fact->waits->object;
		if (!o->semaphore.what)
			o->semaphore.what = owner_of(fact->stack);
	}
}
