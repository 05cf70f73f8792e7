/* SPDX-License-Identifier: Apache-2.0 */
#include "model/path.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "model/object.h"
#include "model/path_search.h"
#include "model/text.h"

/* @goroutine of the facts waits for the object in @slot. */
struct watch {
	uint32_t slot;
	uint32_t goroutine;
};

/* What is only needed while the search runs. */
struct search {
	struct iq_paths *paths;
	const struct iq_heap_map *map;
	/* Slots in the order in which they were reached. */
	uint32_t *queue;
	uint32_t head, tail;
	/* What leads to whatever is visited next, as paths->from has it. */
	uint32_t from;
	/* Bit i: what goroutine i holds was visited. */
	uint64_t *rooted;
	/* Ordered by slot; bit i: somebody waits for slot i. */
	IQ_VEC(struct watch) watches;
	uint64_t *watched;
	/* Those that were reached and not looked at yet. */
	IQ_VEC(uint32_t) seen;
	/* The next ones that can go on. */
	IQ_VEC(uint32_t) woken;
};

static void search_deinit(struct search *s)
{
	free(s->queue);
	free(s->rooted);
	free(s->watched);
	iq_vec_deinit(&s->watches);
	iq_vec_deinit(&s->seen);
	iq_vec_deinit(&s->woken);
}

static bool has_bit(const uint64_t *bits, size_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

static void set_bit(uint64_t *bits, size_t i)
{
	bits[i / 64] |= 1ull << i % 64;
}

/* ---- numbers of roots */

static struct iq_heap_range range_of(const struct iq_heap_map *map, size_t i,
				     uint32_t which)
{
	struct iq_heap_holder held = iq_heap_map_holder(map, i);

	switch (which) {
	case 0:
		return held.stack;
	case 1:
		return held.self;
	default:
		return held.registers;
	}
}

static uint32_t number_of_word(const struct iq_heap_map *map, size_t i)
{
	return (uint32_t)(map->roots.len + i);
}

static uint32_t number_of_holder(const struct iq_heap_map *map, size_t i,
				 uint32_t which)
{
	return (uint32_t)(map->roots.len + map->root_words.len +
			  IQ_PATH_RANGES * i + which);
}

/* Of which goroutine a root is that no holder has. */
static size_t holder(const struct iq_heap_map *map, uint32_t number)
{
	return number && number <= map->num_holders ? number - 1 : SIZE_MAX;
}

void iq_paths_root(const struct iq_paths *paths, uint32_t number,
		   struct iq_path_root *ret)
{
	static const enum iq_root_kind kinds[IQ_PATH_RANGES] = {
		IQ_ROOT_STACK,
		IQ_ROOT_GOROUTINE,
		IQ_ROOT_REGISTERS,
	};
	const struct iq_heap_map *map = paths->map;
	size_t n = number;

	*ret = (struct iq_path_root){ .goroutine = SIZE_MAX };
	if (n < map->roots.len) {
		ret->range = map->roots.data[n];
		ret->kind = ret->range.kind;
		ret->goroutine = holder(map, ret->range.holder);
		return;
	}
	n -= map->roots.len;
	if (n < map->root_words.len) {
		ret->word = &map->root_words.data[n];
		ret->kind = ret->word->kind;
		ret->goroutine = holder(map, ret->word->holder);
		return;
	}
	n -= map->root_words.len;
	ret->goroutine = n / IQ_PATH_RANGES;
	ret->range =
		range_of(map, ret->goroutine, (uint32_t)(n % IQ_PATH_RANGES));
	ret->kind = kinds[n % IQ_PATH_RANGES];
}

/* ---- breadth first */

/* Without memory what is noted is not seen: the caller asks for it later. */
static bool reach(void *ctx, const struct iq_heap_reference *ref)
{
	struct search *s = ctx;
	uint32_t *from = &s->paths->from[ref->slot];

	if (*from)
		return true;
	*from = s->from;
	s->queue[s->tail++] = ref->slot;
	if (s->watched && has_bit(s->watched, ref->slot))
		return iq_vec_push(&s->seen, ref->slot);
	return true;
}

static bool visit_range(struct search *s, const struct iq_heap_range *range,
			uint32_t number)
{
	s->from = s->map->num_slots + 1 + number;
	return !range->len || iq_heap_walk_range(s->map, range, reach, s);
}

static bool visit_words(struct search *s, bool variables)
{
	for (size_t i = 0; i < s->map->root_words.len; i++) {
		const struct iq_heap_word *word = &s->map->root_words.data[i];
		struct iq_heap_reference ref = {
			.word = word->word,
			.slot = iq_heap_map_slot(s->map, word->word),
		};

		if ((word->kind == IQ_ROOT_VARIABLE) != variables ||
		    ref.slot == IQ_HEAP_NONE)
			continue;
		s->from = s->map->num_slots + 1 + number_of_word(s->map, i);
		if (!reach(s, &ref))
			return false;
	}
	return true;
}

static bool visit_roots(struct search *s, bool variables)
{
	for (size_t i = 0; i < s->map->roots.len; i++) {
		const struct iq_heap_range *range = &s->map->roots.data[i];

		if ((range->kind == IQ_ROOT_VARIABLE) == variables &&
		    !visit_range(s, range, (uint32_t)i))
			return false;
	}
	return visit_words(s, variables);
}

static bool visit_holder(struct search *s, size_t i, uint32_t which)
{
	struct iq_heap_range range = range_of(s->map, i, which);

	return visit_range(s, &range, number_of_holder(s->map, i, which));
}

/* What the woken hold: stacks first. */
static bool visit_woken(struct search *s, bool stacks)
{
	for (size_t i = 0; i < s->woken.len; i++) {
		uint32_t at = s->woken.data[i];

		if (stacks ? !visit_holder(s, at, 0) :
			     !visit_holder(s, at, 1) || !visit_holder(s, at, 2))
			return false;
	}
	return true;
}

static bool spread(struct search *s)
{
	while (s->head < s->tail) {
		uint32_t slot = s->queue[s->head++];

		s->from = slot + 1;
		if (!iq_heap_walk_object(s->map, slot, reach, s))
			return false;
	}
	return true;
}

/* ---- who goes on when */

static bool wake(struct search *s, size_t goroutine)
{
	if (has_bit(s->rooted, goroutine))
		return true;
	set_bit(s->rooted, goroutine);
	return iq_vec_push(&s->woken, (uint32_t)goroutine);
}

/* All of @bits, or all that are left. */
static bool wake_all(struct search *s, const uint64_t *bits)
{
	s->woken.len = 0;
	for (size_t i = 0; i < s->map->num_holders; i++) {
		if ((!bits || has_bit(bits, i)) && !wake(s, i))
			return false;
	}
	return true;
}

static int compare_watches(const void *pa, const void *pb)
{
	const struct watch *a = pa;
	const struct watch *b = pb;

	if (a->slot != b->slot)
		return a->slot < b->slot ? -1 : 1;
	return a->goroutine < b->goroutine ? -1 : a->goroutine > b->goroutine;
}

static int compare_numbers(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa;
	uint32_t b = *(const uint32_t *)pb;

	return a < b ? -1 : a > b;
}

/* Who waits for @slot, which can be reached. */
static bool wake_waiters(struct search *s, uint32_t slot)
{
	size_t lo = 0;
	size_t hi = s->watches.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->watches.data[mid].slot < slot)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < s->watches.len && s->watches.data[lo].slot == slot; lo++) {
		if (!wake(s, s->watches.data[lo].goroutine))
			return false;
	}
	return true;
}

static bool wake_seen(struct search *s)
{
	s->woken.len = 0;
	for (size_t i = 0; i < s->seen.len; i++) {
		if (!wake_waiters(s, s->seen.data[i]))
			return false;
	}
	s->seen.len = 0;
	if (s->woken.len)
		qsort(s->woken.data, s->woken.len, sizeof(*s->woken.data),
		      compare_numbers);
	return true;
}

/* The objects for which those wait who can run and do not anyway. */
static bool watch(struct search *s)
{
	const struct iq_proof *proof = s->paths->proof;
	const struct iq_facts *facts = s->paths->facts;

	for (size_t i = 0; i < s->map->num_holders; i++) {
		const struct iq_goroutine_fact *fact =
			&facts->goroutines.data[i];

		if (!has_bit(proof->can_run, i) ||
		    has_bit(proof->runs_anyway, i))
			continue;
		for (uint32_t k = 0; k < fact->num_waits; k++) {
			uint32_t slot =
				iq_heap_slot_of_wait(s->map, &fact->waits[k]);
			struct watch w = { slot, (uint32_t)i };

			if (slot == IQ_HEAP_NONE)
				continue;
			set_bit(s->watched, slot);
			if (!iq_vec_push(&s->watches, w))
				return false;
		}
	}
	if (s->watches.len)
		qsort(s->watches.data, s->watches.len, sizeof(*s->watches.data),
		      compare_watches);
	return true;
}

/* From those that were woken, and from whoever is woken by that. */
static bool go_on(struct search *s)
{
	do {
		if (!visit_woken(s, true) || !visit_woken(s, false) ||
		    !spread(s) || !wake_seen(s))
			return false;
	} while (s->woken.len);
	return true;
}

/*
 * Who stays blocked keeps what it waits for by the runtime's record of its wait,
 * even if its stack has no use for it any more.
 */
static bool visit_waits(struct search *s)
{
	const struct iq_facts *facts = s->paths->facts;

	for (size_t i = 0; i < s->map->num_holders; i++) {
		const struct iq_goroutine_fact *fact =
			&facts->goroutines.data[i];

		if (has_bit(s->paths->proof->can_run, i))
			continue;
		s->from =
			s->map->num_slots + 1 + number_of_holder(s->map, i, 1);
		for (uint32_t k = 0; k < fact->num_waits; k++) {
			struct iq_heap_reference ref = {
				.slot = iq_heap_slot_of_wait(s->map,
							     &fact->waits[k]),
			};

			if (ref.slot != IQ_HEAP_NONE && !reach(s, &ref))
				return false;
		}
	}
	return spread(s);
}

static bool search(struct search *s)
{
	const struct iq_proof *proof = s->paths->proof;

	if (!watch(s) || !wake_all(s, proof->runs_anyway) ||
	    !visit_roots(s, true) || !visit_woken(s, true) ||
	    !visit_roots(s, false) || !visit_woken(s, false) || !spread(s) ||
	    !wake_seen(s) || !go_on(s))
		return false;
	// Nobody is left here but where the map is not whole.
	if (!wake_all(s, proof->can_run) || !go_on(s))
		return false;
	return wake_all(s, NULL) && go_on(s) && visit_waits(s);
}

static struct iq_error *run(struct iq_paths *paths)
{
	iq_cleanup(search_deinit) struct search s = {
		.paths = paths,
		.map = paths->map,
	};
	size_t num = paths->map->num_slots;

	paths->from = calloc(num + 1, sizeof(*paths->from));
	s.queue = malloc((num + 1) * sizeof(*s.queue));
	s.watched = calloc(num / 64 + 1, sizeof(*s.watched));
	s.rooted = calloc(paths->map->num_holders / 64 + 1, sizeof(*s.rooted));
	if (!paths->from || !s.queue || !s.watched || !s.rooted || !search(&s))
		return &iq_enomem;
	return NULL;
}

static uint64_t num_roots(const struct iq_heap_map *map)
{
	return (uint64_t)map->roots.len + map->root_words.len +
	       (uint64_t)IQ_PATH_RANGES * map->num_holders;
}

struct iq_error *iq_paths_create(const struct iq_model *model, size_t witness,
				 struct iq_paths **ret, struct iq_str *why_ret)
{
	const struct iq_proof *proof = iq_proof_of(model, witness);
	struct iq_paths *paths;
	struct iq_error *err;

	*ret = NULL;
	*why_ret = IQ_STR("");
	if (!proof) {
		*why_ret = IQ_STR("the heap of this witness is not known");
		return NULL;
	}
	if (num_roots(proof->map) + proof->map->num_slots >= UINT32_MAX ||
	    proof->map->num_holders >
		    model->witnesses[witness]->goroutines.len) {
		*why_ret = IQ_STR("the heap has more objects than are looked "
				  "through");
		return NULL;
	}
	paths = calloc(1, sizeof(*paths));
	if (!paths)
		return &iq_enomem;
	paths->model = model;
	paths->facts = model->witnesses[witness];
	paths->proof = proof;
	paths->map = proof->map;
	err = run(paths);
	if (err)
		iq_paths_destroy(paths);
	else
		*ret = paths;
	return err;
}

void iq_paths_destroy(struct iq_paths *paths)
{
	if (!paths)
		return;
	free(paths->from);
	free(paths);
}
