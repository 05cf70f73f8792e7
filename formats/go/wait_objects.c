/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/wait_objects.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"

void iq_go_wait_reader_deinit(struct iq_go_wait_reader *r)
{
	iq_arena_deinit(&r->arena);
	free(r->slots);
	r->slots = NULL;
	iq_go_word_set_deinit(&r->types);
	iq_vec_deinit(&r->lone);
	iq_vec_deinit(&r->waits);
	iq_vec_deinit(&r->problems);
}

/* Bytes of an object of @kind. */
static size_t object_size(enum iq_wait_kind kind)
{
	size_t size = offsetof(struct iq_object, chan);

	switch (kind) {
	case IQ_WAIT_CHAN:
		return size + sizeof(struct iq_chan_object);
	case IQ_WAIT_MUTEX:
		return size + sizeof(struct iq_mutex_object);
	case IQ_WAIT_RWMUTEX:
		return size + sizeof(struct iq_rwmutex_object);
	case IQ_WAIT_WAITGROUP:
		return size + sizeof(struct iq_waitgroup_object);
	case IQ_WAIT_COND:
		return size + sizeof(struct iq_cond_object);
	case IQ_WAIT_FD:
		return size + sizeof(struct iq_fd_object);
	case IQ_WAIT_COROUTINE:
		return size + sizeof(struct iq_coroutine_object);
	case IQ_WAIT_BUBBLE:
		return size + sizeof(struct iq_bubble_object);
	case IQ_WAIT_SEMAPHORE:
		return size + sizeof(struct iq_semaphore_object);
	default:
		return sizeof(struct iq_object);
	}
}

static struct iq_object **slot_of(struct iq_object **slots, size_t num_slots,
				  enum iq_wait_kind kind, uint64_t address)
{
	uint64_t key[2] = { address, kind };
	size_t i = XXH3_64bits(key, sizeof(key)) & (num_slots - 1);

	while (slots[i] &&
	       (slots[i]->address != address || slots[i]->kind != kind))
		i = (i + 1) & (num_slots - 1);
	return &slots[i];
}

static bool grow(struct iq_go_wait_reader *r)
{
	size_t num = r->num_slots ? 2 * r->num_slots : 64;
	struct iq_object **slots = calloc(num, sizeof(struct iq_object *));

	if (!slots)
		return false;
	for (size_t i = 0; i < r->num_slots; i++) {
		struct iq_object *o = r->slots[i];

		if (o)
			*slot_of(slots, num, o->kind, o->address) = o;
	}
	free(r->slots);
	r->slots = slots;
	r->num_slots = num;
	return true;
}

struct iq_object *iq_go_wait_object_find(const struct iq_go_wait_reader *r,
					 enum iq_wait_kind kind,
					 uint64_t address)
{
	return r->num_slots ? *slot_of(r->slots, r->num_slots, kind, address) :
			      NULL;
}

static struct iq_object *make(struct iq_go_wait_reader *r,
			      enum iq_wait_kind kind, uint64_t address)
{
	struct iq_object *o = iq_arena_alloc(&r->arena, object_size(kind));

	if (!o)
		return NULL;
	memset(o, 0, object_size(kind));
	o->kind = kind;
	o->address = address;
	return o;
}

struct iq_error *iq_go_wait_object(struct iq_go_wait_reader *r,
				   enum iq_wait_kind kind, uint64_t address,
				   struct iq_object **ret, bool *is_new_ret)
{
	struct iq_object *o = iq_go_wait_object_find(r, kind, address);

	*is_new_ret = !o;
	if (!o) {
		if (2 * (r->num_objects + 1) > r->num_slots && !grow(r))
			return &iq_enomem;
		o = make(r, kind, address);
		if (!o)
			return &iq_enomem;
		*slot_of(r->slots, r->num_slots, kind, address) = o;
		r->num_objects++;
	}
	*ret = o;
	return NULL;
}

struct iq_error *iq_go_wait_object_lone(struct iq_go_wait_reader *r,
					enum iq_wait_kind kind,
					uint64_t address,
					struct iq_object **ret)
{
	struct iq_object *o = make(r, kind, address);

	if (!o || !iq_vec_push(&r->lone, o))
		return &iq_enomem;
	*ret = o;
	return NULL;
}

struct iq_error *iq_go_wait_problem(struct iq_go_wait_reader *r,
				    size_t goroutine, uint64_t addr,
				    const char *text)
{
	struct iq_go_wait_problem p = { goroutine, NULL, addr, text };

	return iq_vec_push(&r->problems, p) ? NULL : &iq_enomem;
}

struct iq_error *iq_go_wait_object_problem(struct iq_go_wait_reader *r,
					   const struct iq_object *object,
					   uint64_t addr, const char *text)
{
	struct iq_go_wait_problem p = { SIZE_MAX, object, addr, text };

	return iq_vec_push(&r->problems, p) ? NULL : &iq_enomem;
}

bool iq_go_wait_is_there(const struct iq_go_runtime *rt, uint64_t addr,
			 size_t size)
{
	return iq_memory_state(rt->memory, addr) == IQ_MEMORY_PRESENT &&
	       iq_memory_state(rt->memory, addr + size - 1) ==
		       IQ_MEMORY_PRESENT;
}

uint64_t iq_go_wait_max(const struct iq_go_runtime *rt)
{
	// The list of goroutines may have lost some.
	return 2 * (uint64_t)rt->num_gs + (1u << 16);
}
