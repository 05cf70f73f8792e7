/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof of a leak: a goroutine that waits for an object which nothing that
 * can still run refers to will wait for ever. Healthy pools of workers and
 * leaked ones look alike until one asks who can still reach the channel.
 */
#ifndef IQ_MODEL_LIVENESS_H
#define IQ_MODEL_LIVENESS_H

#include "base/error.h"
#include "base/pool.h"
#include "model/model.h"

/*
 * Sets goroutine->reach for those whose best witness has a heap. Where memory
 * is missing that could hold a reference, all stay unknown and the model gets
 * a gap that says why.
 */
struct iq_error *iq_liveness_run(struct iq_model *model, struct iq_pool *pool)
	iq_must_check;

#endif
