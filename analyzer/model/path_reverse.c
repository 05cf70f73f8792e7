/* SPDX-License-Identifier: Apache-2.0 */
#include "model/path_reverse.h"

#include <stdlib.h>

#include "model/heap_walk.h"

struct note {
	struct iq_path_reverse *reverse;
	uint32_t source; /* that is looked through */
	bool counts;	 /* the first of two times */
};

static bool note(void *ctx, const struct iq_heap_reference *ref)
{
	struct note *n = ctx;
	struct iq_path_reverse *r = n->reverse;

	if (n->counts)
		r->ends[ref->slot + 1]++;
	else
		r->sources[r->ends[ref->slot]++] = n->source;
	return true;
}

static void note_objects(struct note *n, const struct iq_proof *proof)
{
	const struct iq_heap_map *map = proof->map;

	for (uint32_t i = 0; i < map->spans.len; i++) {
		const struct iq_heap_span *span = &map->spans.data[i];

		for (uint32_t k = 0; k < span->num_slots; k++) {
			n->source = span->first + k;
			if (iq_mark_is_marked(proof->mark, n->source))
				iq_heap_walk_object_in(map, i, n->source, note,
						       n);
		}
	}
}

/* Of goroutines that run: registers stand for their stacks. */
static void note_registers(struct note *n, const struct iq_heap_map *map)
{
	for (size_t i = 0; i < map->root_words.len; i++) {
		const struct iq_heap_word *word = &map->root_words.data[i];
		struct iq_heap_reference ref = {
			.word = word->word,
			.slot = iq_heap_map_slot(map, word->word),
		};

		if (!word->holder || word->holder > map->num_holders ||
		    ref.slot == IQ_HEAP_NONE)
			continue;
		n->source = map->num_slots + word->holder - 1;
		note(n, &ref);
	}
}

static void note_all(struct note *n, const struct iq_proof *proof)
{
	const struct iq_heap_map *map = proof->map;

	note_objects(n, proof);
	for (size_t i = 0; i < map->num_holders; i++) {
		struct iq_heap_holder holder = iq_heap_map_holder(map, i);

		n->source = map->num_slots + (uint32_t)i;
		if (holder.stack.len && proof->can_run[i / 64] >> i % 64 & 1)
			iq_heap_walk_range(map, &holder.stack, note, n);
		if (holder.registers.len &&
		    proof->can_run[i / 64] >> i % 64 & 1)
			iq_heap_walk_range(map, &holder.registers, note, n);
	}
	note_registers(n, map);
	for (size_t i = 0; i < map->roots.len; i++) {
		const struct iq_heap_range *root = &map->roots.data[i];
		bool is_held = root->holder && root->holder <= map->num_holders;

		n->source = map->num_slots + (uint32_t)(map->num_holders + i);
		if (is_held)
			n->source = map->num_slots + root->holder - 1;
		if (is_held || root->kind == IQ_ROOT_VARIABLE)
			iq_heap_walk_range(map, root, note, n);
	}
}

static struct iq_error *too_many(void)
{
	return iq_error_new(IQ_ERROR_LIMIT, "the heap has more references than "
					    "are looked through");
}

/* Counts become places: ends[i] is where the sources of slot i begin. */
static struct iq_error *make_room(struct iq_path_reverse *r)
{
	uint64_t total = 0;

	for (size_t i = 1; i <= r->map->num_slots; i++) {
		total += r->ends[i];
		if (total > UINT32_MAX)
			return too_many();
		r->ends[i] = (uint32_t)total;
	}
	r->sources = calloc(total + 1, sizeof(*r->sources));
	return r->sources ? NULL : &iq_enomem;
}

static void note_stuck(struct note *n, const struct iq_proof *proof)
{
	const struct iq_heap_map *map = proof->map;

	for (uint32_t i = 0; i < map->spans.len; i++) {
		const struct iq_heap_span *span = &map->spans.data[i];

		for (uint32_t k = 0; !span->noscan && k < span->num_slots;
		     k++) {
			n->source = span->first + k;
			if (iq_heap_allocated(span, k) &&
			    !iq_mark_is_marked(proof->mark, n->source))
				iq_heap_walk_object_in(map, i, n->source, note,
						       n);
		}
	}
	for (size_t i = 0; i < map->num_holders; i++) {
		struct iq_heap_holder holder;

		if (proof->can_run[i / 64] >> i % 64 & 1)
			continue;
		holder = iq_heap_map_holder(map, i);
		n->source = map->num_slots + (uint32_t)i;
		iq_heap_walk_range(map, &holder.stack, note, n);
		iq_heap_walk_range(map, &holder.self, note, n);
		iq_heap_walk_range(map, &holder.registers, note, n);
	}
}

static struct iq_error *
reverse_make(struct iq_path_reverse *r, const struct iq_proof *proof,
	     void (*note_them)(struct note *, const struct iq_proof *))
{
	const struct iq_heap_map *map = proof->map;
	struct note n = { .reverse = r, .counts = true };
	struct iq_error *err;

	if ((uint64_t)map->num_slots + map->num_holders + map->roots.len >
	    UINT32_MAX)
		return too_many();
	r->map = map;
	r->ends = calloc((size_t)map->num_slots + 2, sizeof(*r->ends));
	if (!r->ends)
		return &iq_enomem;
	note_them(&n, proof);
	err = make_room(r);
	if (err)
		return err;
	// What begins a slot's sources ends up behind them.
	n.counts = false;
	note_them(&n, proof);
	return NULL;
}

struct iq_error *iq_path_reverse_init(struct iq_path_reverse *r,
				      const struct iq_proof *proof)
{
	return reverse_make(r, proof, note_all);
}

struct iq_error *iq_path_reverse_of_stuck(struct iq_path_reverse *r,
					  const struct iq_proof *proof)
{
	return reverse_make(r, proof, note_stuck);
}

void iq_path_reverse_deinit(struct iq_path_reverse *r)
{
	free(r->ends);
	free(r->sources);
}
