/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool of threads that divides a range of items. Workers take chunks in any
 * order; who calls must make the result independent of it.
 */
#ifndef IQ_BASE_POOL_H
#define IQ_BASE_POOL_H

#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"

struct iq_pool;

/*
 * @num_threads counts the caller's; 0: one for each online CPU. If the system
 * gives fewer threads, the pool has fewer workers.
 */
struct iq_error *iq_pool_create(unsigned num_threads, struct iq_pool **ret)
	iq_must_check;
void iq_pool_destroy(struct iq_pool *pool);

unsigned iq_pool_num_workers(const struct iq_pool *pool);

/*
 * Work on items [begin, end) as worker number @worker (0 .. num_workers-1;
 * one worker runs on one thread at a time).
 */
typedef struct iq_error *iq_pool_fn(void *ctx, unsigned worker, size_t begin,
				    size_t end);

/*
 * Calls @fn for chunks of at most @chunk items until all of [0, @n) is done.
 * An error stops the hand-out of further chunks; the error of the lowest chunk
 * that failed is returned, whatever the timing. The calling thread is worker 0.
 * NULL @pool is a pool of one, and so is one that is at work: @fn may call this.
 */
struct iq_error *iq_pool_run(struct iq_pool *pool, size_t n, size_t chunk,
			     iq_pool_fn *fn, void *ctx) iq_must_check;

#endif
