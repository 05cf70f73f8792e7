/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an id to the place in its table. Ids are any numbers: those that writers
 * count up are looked up in an array, others in a sorted one.
 */
#ifndef IQ_FORMATS_PPROF_IDS_H
#define IQ_FORMATS_PPROF_IDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"

#define IQ_PPROF_NONE UINT32_MAX

/* What every entry of a table begins with. */
struct iq_pprof_entry {
	uint64_t id;
	/* Where it stands in the file. */
	uint64_t offset;
};

struct iq_pprof_ids {
	/* By id: the index or IQ_PPROF_NONE. */
	uint32_t *dense;
	uint64_t num_dense;
	/* Where dense would be too large: by id, then index. */
	struct iq_pprof_id {
		uint64_t id;
		uint32_t index;
	} * sorted;
	size_t num_sorted;
};

/*
 * @num entries of @size bytes each, a struct iq_pprof_entry first. Of several
 * with one id the first counts; the others are handed to @twice.
 */
struct iq_error *iq_pprof_ids_init(struct iq_pprof_ids *ids,
				   const void *entries, size_t num, size_t size,
				   void (*twice)(void *ctx, uint64_t offset),
				   void *ctx) iq_must_check;
void iq_pprof_ids_deinit(struct iq_pprof_ids *ids);

/* For iq_pprof_ids_find(). */
uint32_t iq_pprof_ids_search(const struct iq_pprof_ids *ids, uint64_t id);

/* The index of the entry with @id, or IQ_PPROF_NONE. */
static inline uint32_t iq_pprof_ids_find(const struct iq_pprof_ids *ids,
					 uint64_t id)
{
	if (ids->dense)
		return id < ids->num_dense ? ids->dense[id] : IQ_PPROF_NONE;
	return iq_pprof_ids_search(ids, id);
}

#endif
