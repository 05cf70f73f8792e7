/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/goroutine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "formats/go/record.h"

/* The garbage collector holds the goroutine. Go: src/runtime/runtime2.go. */
#define GSCAN 0x1000
/* A stack is at least this large, and maxstackceiling at most twice 1 GB.
 * Go: src/runtime/stack.go, fixedStack; src/runtime/proc.go, main. */
#define STACK_MIN 2048
#define STACK_MAX (2ull << 30)
#define PAGE 4096
/* More goroutines than could be started in ten years. */
#define GOID_MAX (1ull << 48)

static enum iq_gstatus status_of(const struct iq_go_version *version,
				 uint64_t raw)
{
	const struct iq_go_constants *k = version->constants;

	raw &= ~(uint64_t)GSCAN;
	if (raw <= IQ_GSTATUS_PREEMPTED)
		return (enum iq_gstatus)raw;
	if (raw < GSCAN && (int64_t)raw == k->g_leaked)
		return IQ_GSTATUS_LEAKED;
	if (raw < GSCAN && (int64_t)raw == k->g_deadextra)
		return IQ_GSTATUS_DEADEXTRA;
	return IQ_GSTATUS_UNKNOWN;
}

static void g_fill(const struct iq_go_runtime *rt, const struct iq_go_record *r,
		   struct iq_go_g *g)
{
	const struct iq_go_layout *l = rt->layout;

	*g = (struct iq_go_g){
		.addr = r->addr,
		.goid = iq_go_record_uint(r, l->g_goid),
		.stack_lo = iq_go_record_uint(r, l->g_stack_lo),
		.stack_hi = iq_go_record_uint(r, l->g_stack_hi),
		.sched_pc = iq_go_record_uint(r, l->g_sched_pc),
		.sched_sp = iq_go_record_uint(r, l->g_sched_sp),
		.sched_lr = iq_go_record_uint(r, l->g_sched_lr),
		.syscallpc = iq_go_record_uint(r, l->g_syscallpc),
		.syscallsp = iq_go_record_uint(r, l->g_syscallsp),
		.m = iq_go_record_uint(r, l->g_m),
		.waiting = iq_go_record_uint(r, l->g_waiting),
		.labels = iq_go_record_uint(r, l->g_labels),
		.parent = iq_go_record_uint(r, l->g_parent_goid),
		.gopc = iq_go_record_uint(r, l->g_gopc),
		.startpc = iq_go_record_uint(r, l->g_startpc),
		.panics = iq_go_record_uint(r, l->g_panic),
		.defers = iq_go_record_uint(r, l->g_defer),
		.waitsince = (int64_t)iq_go_record_uint(r, l->g_waitsince),
		.waitreason = (uint8_t)iq_go_record_uint(r, l->g_waitreason),
		.locked = iq_go_record_uint(r, l->g_lockedm) != 0,
	};
	if (g->parent >= GOID_MAX)
		g->parent = 0;
	g->status = (uint8_t)status_of(rt->version,
				       iq_go_record_uint(r, l->g_atomicstatus));
}

static bool g_is_sane(const struct iq_go_runtime *rt,
		      const struct iq_go_record *r, const struct iq_go_g *g)
{
	uint64_t self = iq_go_record_uint(r, rt->layout->g_sched_g);

	return g->goid && g->goid < GOID_MAX && g->stack_hi > g->stack_lo &&
	       g->stack_hi - g->stack_lo >= STACK_MIN &&
	       g->stack_hi - g->stack_lo <= STACK_MAX &&
	       (self == g->addr || !self);
}

enum iq_go_g_state iq_go_g_read(const struct iq_go_runtime *rt, uint64_t addr,
				struct iq_go_g *ret)
{
	struct iq_go_record r;

	if (!iq_go_record_read(rt->memory, addr, rt->layout->g_size, &r))
		return IQ_GO_G_UNREADABLE;
	g_fill(rt, &r, ret);
	switch ((enum iq_gstatus)ret->status) {
	case IQ_GSTATUS_IDLE:
	case IQ_GSTATUS_DEAD:
	case IQ_GSTATUS_DEADEXTRA:
		return IQ_GO_G_UNUSED;
	case IQ_GSTATUS_UNKNOWN:
		return IQ_GO_G_ABSURD;
	default:
		return g_is_sane(rt, &r, ret) ? IQ_GO_G_LIVE : IQ_GO_G_ABSURD;
	}
}

/*
 * Of a g that crosses into a page of zeros, what debuggers write for memory
 * they could not read, the end is lost.
 */
static bool is_end_lost(const struct iq_go_runtime *rt, uint64_t addr)
{
	uint64_t end = addr + rt->layout->g_size;
	uint64_t page = end & ~(uint64_t)(PAGE - 1);
	uint64_t word;

	if (page <= addr)
		return false;
	// What stands behind it is no part of it, but of the same array of gs.
	for (uint64_t at = page; at < page + PAGE; at += 8) {
		if (!iq_memory_u64(rt->memory, at, &word) || word)
			return false;
	}
	return addr + rt->layout->g_gopc.offset >= page;
}

struct bad_g {
	/* Index in allgs. */
	uint64_t index;
	uint64_t addr;
	enum iq_go_g_state state;
};

/* What one worker found. */
struct found {
	IQ_VEC(struct iq_go_g) gs;
	IQ_VEC(struct bad_g) bad;
};

struct reading {
	const struct iq_go_runtime *rt;
	uint64_t array_addr;
	struct found *workers;
	unsigned num_workers;
};

static void reading_deinit(struct reading *reading)
{
	for (unsigned i = 0; reading->workers && i < reading->num_workers;
	     i++) {
		iq_vec_deinit(&reading->workers[i].gs);
		iq_vec_deinit(&reading->workers[i].bad);
	}
	free(reading->workers);
}

/* Goroutines from the one that is read to the one that is fetched. */
#define AHEAD 8

static void fetch_ahead(const struct reading *reading, uint64_t place)
{
	const struct iq_memory *memory = reading->rt->memory;
	uint64_t addr;

	if (iq_memory_u64(memory, place, &addr))
		iq_memory_prefetch(memory, addr, reading->rt->layout->g_size);
}

static struct iq_error *read_range(void *ctx, unsigned worker, size_t begin,
				   size_t end)
{
	struct reading *reading = ctx;
	struct found *found = &reading->workers[worker];

	for (size_t i = begin; i < end; i++) {
		struct iq_go_g g;
		uint64_t addr = 0;
		enum iq_go_g_state state = IQ_GO_G_UNREADABLE;

		if (i + AHEAD < end)
			fetch_ahead(reading,
				    reading->array_addr + 8 * (i + AHEAD));
		if (iq_memory_u64(reading->rt->memory,
				  reading->array_addr + 8 * i, &addr))
			state = iq_go_g_read(reading->rt, addr, &g);
		// The list has none that never was used.
		// Go: src/runtime/proc.go, allgadd and what calls it.
		if (state == IQ_GO_G_UNUSED && g.status == IQ_GSTATUS_IDLE)
			state = IQ_GO_G_ABSURD;
		if (state == IQ_GO_G_UNUSED)
			continue;
		if (state == IQ_GO_G_LIVE) {
			if (!iq_vec_push(&found->gs, g))
				return &iq_enomem;
			if (!is_end_lost(reading->rt, addr))
				continue;
		}
		if (!iq_vec_push(&found->bad,
				 ((struct bad_g){ i, addr, state })))
			return &iq_enomem;
	}
	return NULL;
}

/* What goroutines are ordered by, beside them: sorting moves little. */
struct g_key {
	uint64_t goid;
	const struct iq_go_g *g;
};

static int compare_keys(const void *a, const void *b)
{
	const struct g_key *x = a;
	const struct g_key *y = b;

	if (x->goid != y->goid)
		return x->goid < y->goid ? -1 : 1;
	return x->g->addr < y->g->addr ? -1 : x->g->addr > y->g->addr;
}

static int compare_bad(const void *a, const void *b)
{
	const struct bad_g *x = a;
	const struct bad_g *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

/* The gaps of all workers, in the order of allgs. */
static struct iq_error *report_bad(const struct reading *reading)
{
	struct iq_facts *facts = reading->rt->facts;
	struct {
		IQ_VEC(struct bad_g) bad;
	} all = { 0 };

	for (unsigned w = 0; w < reading->num_workers; w++) {
		const struct found *found = &reading->workers[w];

		for (size_t i = 0; i < found->bad.len; i++) {
			if (iq_vec_push(&all.bad, found->bad.data[i]))
				continue;
			iq_vec_deinit(&all.bad);
			return &iq_enomem;
		}
	}
	if (all.bad.len)
		qsort(all.bad.data, all.bad.len, sizeof(*all.bad.data),
		      compare_bad);
	for (size_t i = 0; i < all.bad.len; i++) {
		if (all.bad.data[i].state == IQ_GO_G_LIVE)
			iq_facts_gap_addr(
				facts, IQ_GAP_DAMAGED, all.bad.data[i].addr,
				"the end of a goroutine's g is zeros: who began it, its labels and its thread are not known");
		else if (all.bad.data[i].state == IQ_GO_G_ABSURD)
			iq_facts_gap_addr(
				facts, IQ_GAP_DAMAGED, all.bad.data[i].addr,
				"the fields of a goroutine's g contradict each other: it is left out");
		else
			iq_facts_gap_addr(
				facts, IQ_GAP_MISSING, all.bad.data[i].addr,
				"a goroutine's g is not in the core: it is left out");
	}
	iq_vec_deinit(&all.bad);
	return NULL;
}

/* Copies what @keys point to, without the second of one goid. */
static void keep_ordered(struct iq_go_runtime *rt, const struct g_key *keys,
			 size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i && keys[i - 1].goid == keys[i].goid) {
			iq_facts_gap_addr(
				rt->facts, IQ_GAP_DAMAGED, keys[i].g->addr,
				"a second goroutine has the same id: it is left out");
			continue;
		}
		rt->gs[rt->num_gs++] = *keys[i].g;
	}
}

static int compare_stacks(const void *a, const void *b)
{
	const struct iq_go_g *x = ((const struct g_key *)a)->g;
	const struct iq_go_g *y = ((const struct g_key *)b)->g;

	if (x->stack_lo != y->stack_lo)
		return x->stack_lo < y->stack_lo ? -1 : 1;
	return compare_keys(a, b);
}

static uint64_t stack_size(const struct iq_go_g *g)
{
	return g->stack_hi - g->stack_lo;
}

static void gap_overlap(const struct iq_go_runtime *rt, const struct iq_go_g *g)
{
	iq_facts_gap_addr(
		rt->facts, IQ_GAP_DAMAGED, g->addr,
		"the stacks of two goroutines overlap: one is left out");
}

/*
 * Takes out of @keys goroutines whose stacks overlap: of two, the one whose is
 * larger, since one word that was overwritten makes many overlap with it. How
 * many remain.
 */
static size_t drop_overlapping(const struct iq_go_runtime *rt,
			       struct g_key *keys, size_t n)
{
	size_t kept = 0;

	qsort(keys, n, sizeof(*keys), compare_stacks);
	for (size_t i = 0; i < n; i++) {
		const struct iq_go_g *g = keys[i].g;

		while (kept && g->stack_lo < keys[kept - 1].g->stack_hi &&
		       stack_size(keys[kept - 1].g) > stack_size(g))
			gap_overlap(rt, keys[--kept].g);
		if (kept && g->stack_lo < keys[kept - 1].g->stack_hi)
			gap_overlap(rt, g);
		else
			keys[kept++] = keys[i];
	}
	return kept;
}

/* Stacks that are not larger together than the core are not all looked at:
 * what they cost is bounded. */
static bool are_stacks_too_large(const struct iq_go_runtime *rt,
				 const struct g_key *keys, size_t n)
{
	uint64_t left = rt->core->source->size;

	for (size_t i = 0; i < n; i++) {
		if (stack_size(keys[i].g) > left)
			return true;
		left -= stack_size(keys[i].g);
	}
	return false;
}

static struct iq_error *merge(struct iq_go_runtime *rt,
			      const struct reading *reading)
{
	struct g_key *keys;
	size_t n = 0;
	size_t at = 0;

	for (unsigned w = 0; w < reading->num_workers; w++)
		n += reading->workers[w].gs.len;
	if (n == 0)
		return NULL;
	keys = calloc(n, sizeof(*keys));
	rt->gs = calloc(n, sizeof(*rt->gs));
	if (!keys || !rt->gs) {
		free(keys);
		return &iq_enomem;
	}
	for (unsigned w = 0; w < reading->num_workers; w++) {
		const struct found *found = &reading->workers[w];

		for (size_t i = 0; i < found->gs.len; i++, at++)
			keys[at] = (struct g_key){ found->gs.data[i].goid,
						   &found->gs.data[i] };
	}
	if (are_stacks_too_large(rt, keys, n))
		n = drop_overlapping(rt, keys, n);
	qsort(keys, n, sizeof(*keys), compare_keys);
	keep_ordered(rt, keys, n);
	free(keys);
	return NULL;
}

/* How many elements of the array at @addr can be read at most. */
static uint64_t readable_elements(const struct iq_memory *memory, uint64_t addr,
				  uint64_t len)
{
	uint64_t done = 0;
	uint64_t have;

	while (done < len && addr <= UINT64_MAX - 8 * done &&
	       iq_memory_window(memory, addr + 8 * done, &have) && have >= 8)
		done += have / 8;
	return done < len ? done : len;
}

struct iq_error *iq_go_goroutines_read(struct iq_go_runtime *rt)
{
	iq_cleanup(reading_deinit) struct reading reading = { .rt = rt };
	uint64_t len, readable;

	if (!rt->allgs_addr || !iq_go_slice_read(rt->memory, rt->allgs_addr,
						 &reading.array_addr, &len)) {
		iq_facts_gap(rt->facts, IQ_GAP_MISSING,
			     "the runtime's list of goroutines was not found");
		iq_facts_gap_costly(rt->facts);
		return NULL;
	}
	readable = readable_elements(rt->memory, reading.array_addr, len);
	if (readable > IQ_LIMIT_GOROUTINES)
		readable = IQ_LIMIT_GOROUTINES;
	if (readable < len) {
		iq_facts_gap_addr(rt->facts, IQ_GAP_MISSING,
				  reading.array_addr + 8 * readable,
				  "%" PRIu64 " of %" PRIu64
				  " goroutines are not listed in the core",
				  len - readable, len);
		iq_facts_gap_costly(rt->facts);
	}
	reading.num_workers = iq_pool_num_workers(rt->pool);
	reading.workers = calloc(reading.num_workers, sizeof(*reading.workers));
	if (!reading.workers)
		return &iq_enomem;

	struct iq_error *err =
		iq_pool_run(rt->pool, readable, 512, read_range, &reading);
	if (!err)
		err = report_bad(&reading);
	return err ? err : merge(rt, &reading);
}
