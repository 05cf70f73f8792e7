/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/objects.h"
#include "formats/go/record.h"
#include "formats/go/references.h"

/* Referrers of one object that are shown. */
#define REFERRERS_MAX 64

struct referrers {
	IQ_VEC(struct iq_scene_referrer) items;
};

static void referrers_deinit(struct referrers *referrers)
{
	iq_vec_deinit(&referrers->items);
}

static bool add(struct referrers *r, uint64_t goroutine,
		const struct iq_frame *frame, struct iq_str how)
{
	struct iq_scene_referrer item = {
		.goroutine = goroutine,
		.frame = frame,
		.how = how,
	};

	return r->items.len >= REFERRERS_MAX || iq_vec_push(&r->items, item);
}

static struct iq_str how_it_waits(const struct iq_wait *wait)
{
	switch (wait->op) {
	case IQ_OP_SEND:
		return IQ_STR("waits to send to it");
	case IQ_OP_RECEIVE:
		return IQ_STR("waits to receive from it");
	case IQ_OP_LOCK:
		return IQ_STR("waits to lock it");
	case IQ_OP_RLOCK:
		return IQ_STR("waits to lock it for reading");
	default:
		return IQ_STR("waits for it");
	}
}

static bool waits_add(const struct iq_go_scene *s, uint64_t addr,
		      struct referrers *r)
{
	for (size_t i = 0; i < s->rt->num_gs; i++) {
		const struct iq_goroutine_fact *fact =
			&s->rt->facts->goroutines.data[s->first + i];

		for (uint32_t k = 0; k < fact->num_waits; k++) {
			const struct iq_wait *wait = &fact->waits[k];

			if (!wait->has_address || wait->address != addr)
				continue;
			if (!add(r, fact->id, NULL, how_it_waits(wait)))
				return false;
			break;
		}
	}
	return true;
}

static bool has_goroutine(const struct referrers *r, uint64_t id)
{
	for (size_t i = 0; i < r->items.len; i++) {
		if (r->items.data[i].goroutine == id)
			return true;
	}
	return false;
}

/* The innermost frame of each other goroutine that mentions @object. */
static bool mentions_add(const struct iq_go_scene *s,
			 const struct iq_go_references *refs, uint64_t object,
			 struct iq_str how, struct referrers *r)
{
	for (size_t i = 0; i < refs->found.len; i++) {
		const struct iq_reference_fact *ref = &refs->found.data[i];
		const struct iq_goroutine_fact *fact =
			&s->rt->facts->goroutines.data[ref->goroutine];

		if (ref->object != object || fact == s->fact || !fact->stack ||
		    has_goroutine(r, fact->id))
			continue;
		if (!add(r, fact->id, fact->stack->frames[ref->frame], how))
			return false;
	}
	return true;
}

/* The start of the heap's object that @addr lies in; @addr if it has none. */
static uint64_t whole_of(const struct iq_go_scene *s, uint64_t addr)
{
	struct iq_go_span span;

	if (!iq_go_span_find(s->rt, s->mheap_addr, addr, &span) ||
	    span.state != 1 || !span.elem_size)
		return addr;
	return addr - (addr - span.start) % span.elem_size;
}

/* Why a word that is found is a mention of an object. */
struct mention {
	uint64_t word;
	struct iq_str how;
};

static size_t mentions_of(const struct iq_go_scene *s, size_t i,
			  struct mention ret[3])
{
	uint64_t addr = s->objects.data[i].address;
	uint64_t whole = whole_of(s, addr);
	uint64_t holder = s->holders.data[i].addr;
	size_t n = 0;

	ret[n++] = (struct mention){ addr, IQ_STR("mentions it") };
	if (whole != addr)
		ret[n++] = (struct mention){
			whole, IQ_STR("mentions what it is a part of")
		};
	if (holder && holder != addr && holder != whole)
		ret[n++] = (struct mention){
			holder, IQ_STR("mentions what refers to it")
		};
	return n;
}

static struct iq_error *object_fill(struct iq_go_scene *s,
				    const struct iq_go_references *refs,
				    size_t i)
{
	iq_cleanup(referrers_deinit) struct referrers r = { 0 };
	struct iq_scene_object *object = &s->objects.data[i];
	struct iq_scene_referrer *copy;
	struct mention mentions[3];
	size_t num = mentions_of(s, i, mentions);

	if (!waits_add(s, object->address, &r))
		return &iq_enomem;
	for (size_t k = 0; k < num; k++) {
		if (!mentions_add(s, refs, mentions[k].word, mentions[k].how,
				  &r))
			return &iq_enomem;
	}
	copy = iq_arena_calloc(&s->rt->facts->arena, r.items.len,
			       sizeof(*copy));
	if (!copy)
		return &iq_enomem;
	if (r.items.len)
		memcpy(copy, r.items.data, r.items.len * sizeof(*copy));
	object->referrers = copy;
	object->num_referrers = r.items.len;
	return NULL;
}

/* Drops what would be believed only if others referred to it. */
static void drop_unshared(struct iq_go_scene *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->objects.len; i++) {
		if (s->holders.data[i].is_shared &&
		    !s->objects.data[i].num_referrers)
			continue;
		s->holders.data[kept] = s->holders.data[i];
		s->objects.data[kept++] = s->objects.data[i];
	}
	s->objects.len = s->holders.len = kept;
}

struct iq_error *iq_go_objects_referrers(struct iq_go_scene *s)
{
	iq_cleanup(
		iq_go_references_deinit) struct iq_go_references refs = { 0 };
	struct mention mentions[3];
	struct iq_error *err = NULL;
	uint64_t addrs[16];
	size_t num = 0;

	// A goroutine's stack is its own.
	if (s->scene->cause == IQ_CAUSE_STACK_OVERFLOW)
		return NULL;
	for (size_t i = 0; i < s->objects.len; i++) {
		size_t n = mentions_of(s, i, mentions);

		for (size_t k = 0; s->objects.data[i].has_address && k < n &&
				   num < IQ_ARRAY_SIZE(addrs);
		     k++)
			addrs[num++] = mentions[k].word;
	}
	if (!num)
		return NULL;
	err = iq_go_references_of(s->rt, s->first, addrs, num, &refs);
	for (size_t i = 0; i < s->objects.len && !err; i++) {
		if (s->objects.data[i].has_address)
			err = object_fill(s, &refs, i);
	}
	if (!err)
		drop_unshared(s);
	return err;
}
