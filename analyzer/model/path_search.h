/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What path.c has found for each object, for path_describe.c, which puts it into
 * words.
 */
#ifndef IQ_MODEL_PATH_SEARCH_H
#define IQ_MODEL_PATH_SEARCH_H

#include "model/heap_walk.h"
#include "model/liveness.h"
#include "model/path.h"

struct iq_paths {
	const struct iq_model *model;
	const struct iq_facts *facts;
	const struct iq_proof *proof;
	const struct iq_heap_map *map;
	/* By slot: 0, nothing leads there; the object before it, slot + 1; or
	 * num_slots + 1 + the number of a root. */
	uint32_t *from;
};

/* Ranges of a goroutine, in the order of their numbers. */
#define IQ_PATH_RANGES 3

/* A root by its number: ranges, then words, then what goroutines hold. */
struct iq_path_root {
	struct iq_heap_range range;
	const struct iq_heap_word *word; /* NULL: it is the range */
	enum iq_root_kind kind;
	/* Index into the facts' goroutines, SIZE_MAX: none. */
	size_t goroutine;
};

void iq_paths_root(const struct iq_paths *paths, uint32_t number,
		   struct iq_path_root *ret);

#endif
