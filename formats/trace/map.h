/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash map from two numbers to an index, for tables that are filled anew in
 * each generation. Ids of real files are small and dense, those of hostile ones
 * are anything: small ones have an array beside the hash.
 */
#ifndef IQ_FORMATS_TRACE_MAP_H
#define IQ_FORMATS_TRACE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"

/* No index. */
#define IQ_NONE UINT32_MAX

struct iq_trace_map_slot {
	uint64_t a, b;
	uint32_t index; /* IQ_NONE: free */
};

struct iq_trace_map {
	struct iq_trace_map_slot *slots;
	size_t mask; /* number of slots - 1 */
	size_t len;
};

void iq_trace_map_deinit(struct iq_trace_map *map);
/* Forgets what is in it; a large table is given back. */
void iq_trace_map_clear(struct iq_trace_map *map);
/* The index of (@a, @b), or IQ_NONE. */
uint32_t iq_trace_map_get(const struct iq_trace_map *map, uint64_t a,
			  uint64_t b);
/* Where it stands, IQ_NONE if it is new: the caller sets it. NULL without
 * memory. Valid until the next call. */
uint32_t *iq_trace_map_at(struct iq_trace_map *map, uint64_t a, uint64_t b);

/*
 * Ids below IQ_IDS_DENSE are looked up in an array, others in pages of it: a
 * busy program numbers its goroutines into the millions, one after the other.
 */
#define IQ_IDS_DENSE 65536
#define IQ_IDS_PAGE 16

struct iq_trace_ids {
	uint32_t *dense; /* index + 1 */
	size_t num_dense;
	struct iq_trace_map numbers; /* of pages */
	IQ_VEC(uint32_t) pages;	     /* index + 1 */
};

void iq_trace_ids_deinit(struct iq_trace_ids *ids);
void iq_trace_ids_clear(struct iq_trace_ids *ids);
/* False without memory. */
bool iq_trace_ids_set(struct iq_trace_ids *ids, uint64_t id, uint32_t index);

uint32_t iq_trace_ids_get_paged(const struct iq_trace_ids *ids, uint64_t id);

static inline uint32_t iq_trace_ids_get(const struct iq_trace_ids *ids,
					uint64_t id)
{
	if (id < ids->num_dense)
		return ids->dense[id] - 1;
	return iq_trace_ids_get_paged(ids, id);
}

#endif
