/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's own profiles in memory: lists of buckets, one a stack, by kind.
 * Nothing points to them by type; but a bucket has the hash of its stack in it,
 * so that what is found is known to be one.
 * Go: src/runtime/mprof.go, bucket, stkbucket.
 */
#ifndef IQ_GO_SAMPLED_H
#define IQ_GO_SAMPLED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vec.h"
#include "formats/go/runtime.h"
#include "model/sampled.h"

/* Go: src/runtime/mprof.go, bucketType; the same in every version. */
enum iq_go_bucket_type {
	IQ_GO_BUCKET_MEMORY = 1,
	IQ_GO_BUCKET_BLOCK = 2,
	IQ_GO_BUCKET_MUTEX = 3,
};

struct iq_go_bucket {
	uint64_t addr;
	uint64_t next; /* in the list of all of its type; 0: the last */
	uint64_t type;
	uint64_t block_size;
	IQ_VEC(uint64_t) stack;
	uint64_t record; /* address of what was counted */
};

void iq_go_bucket_deinit(struct iq_go_bucket *bucket);
/* The bucket at @addr, into @ret, which is used again; false if there is none:
 * its hash is wrong. */
bool iq_go_bucket_read(const struct iq_go_runtime *rt, uint64_t addr,
		       struct iq_go_bucket *ret);

/* sampled_find.c: the newest bucket of @type; 0: there are none. False if it
 * is not known. */
bool iq_go_sampled_head(const struct iq_go_runtime *rt,
			enum iq_go_bucket_type type, uint64_t *ret);
/* runtime.MemProfileRate: bytes between samples; false if not known. */
bool iq_go_sampled_rate(const struct iq_go_runtime *rt, int64_t *ret);
/* Ticks of the clock of block and mutex profiles in a second; false if the
 * process has not measured them. */
bool iq_go_sampled_ticks(const struct iq_go_runtime *rt, int64_t *ret);
/*
 * What values of the mutex profile are multiplied by where it is written: 1, or
 * up to Go 1.19 runtime.SetMutexProfileFraction's; false, and 1, if that is not
 * known.
 */
bool iq_go_sampled_fraction(const struct iq_go_runtime *rt, int64_t *ret);
/* Which of the cycles that are still to be published the next profile of the
 * heap would have added (0 to @num - 1); false if not known. */
bool iq_go_sampled_cycle(const struct iq_go_runtime *rt, uint64_t num,
			 uint64_t *ret);

/* The tables of @rt, which must stay; lives as long as the facts. */
struct iq_error *iq_go_sampled_open(const struct iq_go_runtime *rt,
				    const struct iq_sampled **ret)
	iq_must_check;

#endif
