/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One goroutine after the other: whether its stack mentions what others wait
 * for, and in which frames. The first look takes every word of the stack and
 * costs little; only who may mention something is unwound.
 */
#ifndef IQ_GO_REFERENCES_SCAN_H
#define IQ_GO_REFERENCES_SCAN_H

#include "base/error.h"
#include "formats/go/references_code.h"
#include "formats/go/references_defers.h"
#include "formats/go/references_heap.h"
#include "formats/go/references_live.h"
#include "formats/go/references_place.h"
#include "formats/go/runtime.h"
#include "formats/go/unlocks.h"
#include "formats/go/word_set.h"

/* What an object that is waited for is. */
enum {
	IQ_GO_WAITED_LOCK = 1 << 0,
	IQ_GO_WAITED_GROUP = 1 << 1,
	IQ_GO_WAITED_COND = 1 << 2,
	IQ_GO_WAITED_CHAN = 1 << 3,
	/* And it is a RWMutex: who reads may wait to read again. */
	IQ_GO_WAITED_RW = 1 << 4,
};

/* What all workers share. */
struct iq_go_scan {
	const struct iq_go_runtime *rt;
	/* Of rt->gs[0] among the facts' goroutines. */
	size_t first;
	const struct iq_go_word_set *words;
	const struct iq_go_holders *holders;
	const struct iq_go_named *named;
	/* Also what a goroutine waits for itself, whatever it is, and what its
	 * frames had once. */
	bool all;
};

/* What the code of a stack's functions names; NULL: the slot is free. */
struct iq_go_stack_code {
	const struct iq_stack *stack;
	unsigned num;
	const struct iq_go_word *items[2 * IQ_GO_NAMED_MAX];
};

#define IQ_GO_STACK_CODES 256

/* What one thread needs, and what it has found so far. */
struct iq_go_scanner {
	const struct iq_go_scan *scan;
	struct iq_go_unlocks unlocks;
	struct iq_go_pc_cache cache;
	struct iq_go_unwound unwound;
	struct iq_go_live live;
	struct iq_go_codes codes;
	struct iq_go_stack_code stacks[IQ_GO_STACK_CODES];
	struct iq_go_deferreds deferreds;
	struct iq_go_frame_places places;
	/* What the goroutine at hand waits for, if that is much; ascending. */
	IQ_VEC(uint64_t) own;
	const struct iq_goroutine_fact *fact;
	/* Goroutines of which not everything was looked at. */
	uint64_t num_cut;
	/* Ordered by object, then by frame, of each goroutine. */
	IQ_VEC(struct iq_reference_fact) found;
};

struct iq_error *iq_go_scanner_init(struct iq_go_scanner *s,
				    const struct iq_go_scan *scan)
	iq_must_check;
void iq_go_scanner_deinit(struct iq_go_scanner *s);

/* Adds what goroutine rt->gs[@i] mentions. */
struct iq_error *iq_go_scanner_run(struct iq_go_scanner *s, size_t i)
	iq_must_check;

/* references_hits.c: what the live words and the deferred closures of the
 * goroutine at hand, which is unwound, mention. */
struct iq_error *iq_go_scanner_hits(struct iq_go_scanner *s, size_t i,
				    uint64_t hi) iq_must_check;
/* Whether the goroutine at hand waits for @object itself. */
bool iq_go_scanner_waits(const struct iq_go_scanner *s, uint64_t object);
/* What the closure at @addr does. */
unsigned iq_go_scanner_deeds(struct iq_go_scanner *s, uint64_t addr);
/* The locks that it unlocks, where its code shows that: how many. */
unsigned iq_go_scanner_unlocked(struct iq_go_scanner *s, uint64_t addr,
				uint64_t ret[IQ_GO_UNLOCKED_MAX]);
/* Whether the function of frame @number unlocks something on its way. */
bool iq_go_scanner_gives_back(struct iq_go_scanner *s, size_t number);

#endif
