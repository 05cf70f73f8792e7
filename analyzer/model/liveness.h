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
#include "model/heap.h"
#include "model/mark.h"
#include "model/model.h"

/*
 * Sets goroutine->reach for those whose best witness has a heap. Where memory
 * is missing that could hold a reference, all stay unknown and the model gets
 * a gap that says why.
 */
struct iq_error *iq_liveness_run(struct iq_model *model, struct iq_pool *pool)
	iq_must_check;

/* What the marking of a witness's heap has shown. */
struct iq_proof {
	/* What is reachable from who can run, and from roots. */
	struct iq_heap_map *map;
	struct iq_mark *mark;
	/* Bit i: goroutine i of the facts can run, now or when somebody serves
	 * what it waits for: what it holds was marked from. */
	const uint64_t *can_run;
	/* Bit i: it can run or is woken by the runtime, whoever serves it: all
	 * others were marked from when what they wait for was reached. */
	const uint64_t *runs_anyway;
	/* Why nothing can be concluded from what is not marked; empty: it can
	 * be. Clean text. */
	char lacks[200];
};

/*
 * The proof for the heap of @witness, made by iq_liveness_run() where somebody
 * waits for objects; NULL: none was made.
 */
const struct iq_proof *iq_proof_of(const struct iq_model *model,
				   size_t witness);
/* Makes it where iq_liveness_run() had no need to; *@ret is NULL where there is
 * no heap. */
struct iq_error *iq_proof_make(struct iq_model *model, size_t witness,
			       const struct iq_proof **ret) iq_must_check;
/* Frees all of them. */
void iq_proofs_destroy(struct iq_model *model);

/*
 * The same question under a condition: who could be woken if some goroutines
 * were held back until somebody else lets them go? The heap of one witness is
 * marked once more for it. What is found is no proof.
 */
struct iq_closure;

/* *@ret is NULL where the heap is not whole: nothing can be concluded. */
struct iq_error *iq_closure_create(struct iq_model *model, size_t witness,
				   struct iq_closure **ret) iq_must_check;
void iq_closure_destroy(struct iq_closure *closure);

/*
 * Holds the model's @goroutine of the witness back, until it is let go or, if it
 * is @watched, until something that is not held back reaches what it waits for.
 * *@ret is false if it cannot be: the heap does not show what it waits for.
 */
struct iq_error *iq_closure_hold(struct iq_closure *closure, uint32_t goroutine,
				 bool watched, bool *ret) iq_must_check;
/* After all are held that shall be. */
struct iq_error *iq_closure_start(struct iq_closure *closure) iq_must_check;
/* What @goroutine holds can be reached from now on. */
void iq_closure_let_go(struct iq_closure *closure, uint32_t goroutine);
/* Somebody who was held back and can be reached, each once, and is let go;
 * IQ_GRAPH_NONE (UINT32_MAX): nobody. */
struct iq_error *iq_closure_next(struct iq_closure *closure, uint32_t *ret)
	iq_must_check;
/* Nothing that was looked for was missing in memory. */
bool iq_closure_is_sound(const struct iq_closure *closure);

#endif
