/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/stacks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/map.h"
#include "formats/go/stack_start.h"
#include "formats/go/unwind.h"

/* A distinct stack of one worker. */
struct distinct {
	uint64_t hash;
	/* Its pcs are pool[offset .. offset + num). */
	size_t offset;
	uint32_t num;
	bool exact;
	uint8_t end; /* enum iq_go_unwind_end */
	/* Once it was symbolized. */
	const struct iq_stack *stack;
};

struct worker {
	struct iq_go_pc_cache cache;
	struct iq_go_unwound unwound;
	IQ_VEC(uint64_t) pool;
	IQ_VEC(struct distinct) stacks;
	/* Open addressing by hash: index in stacks plus 1, 0 if free. */
	uint32_t *table;
	size_t table_size; /* a power of two */
};

#define NO_STACK UINT32_MAX

/* Which distinct stack of which worker a goroutine has. */
struct slot {
	uint32_t worker;
	uint32_t stack; /* NO_STACK: none, worker is an iq_go_start_state */
};

struct job {
	const struct iq_go_runtime *rt;
	struct worker *workers;
	unsigned num_workers;
	struct slot *slots;
};

static void worker_deinit(struct worker *w)
{
	iq_go_pc_cache_deinit(&w->cache);
	iq_go_unwound_deinit(&w->unwound);
	iq_vec_deinit(&w->pool);
	iq_vec_deinit(&w->stacks);
	free(w->table);
}

static void job_deinit(struct job *job)
{
	for (unsigned i = 0; job->workers && i < job->num_workers; i++)
		worker_deinit(&job->workers[i]);
	free(job->workers);
	free(job->slots);
}

static struct iq_error *job_init(struct job *job)
{
	job->num_workers = iq_pool_num_workers(job->rt->pool);
	job->workers = calloc(job->num_workers, sizeof(*job->workers));
	job->slots = calloc(job->rt->num_gs, sizeof(*job->slots));
	if (!job->workers || !job->slots)
		return &iq_enomem;
	for (unsigned i = 0; i < job->num_workers; i++) {
		struct iq_error *err =
			iq_go_pc_cache_init(&job->workers[i].cache, job->rt);

		if (err)
			return err;
	}
	return NULL;
}

static void table_insert(struct worker *w, uint32_t stack)
{
	size_t mask = w->table_size - 1;
	size_t i = w->stacks.data[stack].hash & mask;

	while (w->table[i])
		i = (i + 1) & mask;
	w->table[i] = stack + 1;
}

/* Keeps at most half of the table in use. */
static struct iq_error *table_reserve(struct worker *w)
{
	size_t size = w->table_size ? 2 * w->table_size : 1024;

	if (w->table_size && w->stacks.len < w->table_size / 2)
		return NULL;
	free(w->table);
	w->table_size = 0;
	w->table = calloc(size, sizeof(*w->table));
	if (!w->table)
		return &iq_enomem;
	w->table_size = size;
	for (size_t i = 0; i < w->stacks.len; i++)
		table_insert(w, (uint32_t)i);
	return NULL;
}

static bool is_same(const struct worker *w, const struct distinct *d,
		    uint64_t hash)
{
	const struct iq_go_unwound *u = &w->unwound;

	return d->hash == hash && d->num == u->pcs.len &&
	       d->exact == u->exact && d->end == u->end &&
	       memcmp(w->pool.data + d->offset, u->pcs.data,
		      d->num * sizeof(uint64_t)) == 0;
}

/* The number of the worker's distinct stack that w->unwound is. */
static struct iq_error *intern(struct worker *w, uint32_t *ret)
{
	const struct iq_go_unwound *u = &w->unwound;
	struct distinct d = {
		.hash = XXH3_64bits(u->pcs.data, u->pcs.len * sizeof(uint64_t)),
		.offset = w->pool.len,
		.num = (uint32_t)u->pcs.len,
		.exact = u->exact,
		.end = (uint8_t)u->end,
	};
	struct iq_error *err = table_reserve(w);

	if (err)
		return err;
	for (size_t i = d.hash & (w->table_size - 1); w->table[i];
	     i = (i + 1) & (w->table_size - 1)) {
		if (is_same(w, &w->stacks.data[w->table[i] - 1], d.hash)) {
			*ret = w->table[i] - 1;
			return NULL;
		}
	}
	if (!iq_vec_reserve(&w->pool, d.num) || !iq_vec_push(&w->stacks, d))
		return &iq_enomem;
	memcpy(w->pool.data + d.offset, u->pcs.data, d.num * sizeof(uint64_t));
	w->pool.len += d.num;
	*ret = (uint32_t)(w->stacks.len - 1);
	table_insert(w, *ret);
	return NULL;
}

/* Goroutines from the one that is unwound to the one that is fetched. */
#define AHEAD 8
/* Bytes of a stack of a few frames. */
#define FETCHED 512

static struct iq_error *unwind_range(void *ctx, unsigned worker, size_t begin,
				     size_t end)
{
	struct job *job = ctx;
	struct worker *w = &job->workers[worker];

	for (size_t i = begin; i < end; i++) {
		struct slot *slot = &job->slots[i];
		struct iq_go_unwind_start start;
		enum iq_go_start_state state =
			iq_go_stack_start(job->rt, &job->rt->gs[i], &start);

		if (i + AHEAD < end)
			iq_memory_prefetch(job->rt->memory,
					   job->rt->gs[i + AHEAD].sched_sp,
					   FETCHED);
		if (state != IQ_GO_START_FOUND) {
			*slot = (struct slot){ state, NO_STACK };
			continue;
		}
		struct iq_error *err =
			iq_go_unwind(&w->cache, &start, &w->unwound);
		slot->worker = worker;
		slot->stack = NO_STACK;
		if (!err && w->unwound.pcs.len)
			err = intern(w, &slot->stack);
		else if (!err)
			slot->worker = IQ_GO_START_FOUND;
		if (err)
			return err;
	}
	return NULL;
}

struct frames {
	IQ_VEC(const struct iq_frame *) frames;
};

static void frames_deinit(struct frames *frames)
{
	iq_vec_deinit(&frames->frames);
}

static struct iq_error *symbolize(const struct iq_go_runtime *rt,
				  struct iq_go_symbolizer *sym,
				  const struct worker *w, struct distinct *d,
				  struct frames *scratch)
{
	const uint64_t *pcs = w->pool.data + d->offset;
	bool exact = d->exact;

	scratch->frames.len = 0;
	for (uint32_t i = 0; i < d->num; i++) {
		const struct iq_go_frames *calls;
		struct iq_error *err =
			iq_go_symbolize(sym, pcs[i], exact, &calls);

		if (err)
			return err;
		if (!iq_vec_reserve(&scratch->frames, calls->num))
			return &iq_enomem;
		for (uint32_t k = 0; k < calls->num; k++)
			scratch->frames.data[scratch->frames.len++] =
				calls->frames[k];
		exact = calls->injected;
	}

	struct iq_stack stack = {
		.frames = scratch->frames.data,
		.num_frames = (uint32_t)scratch->frames.len,
		.complete = d->end == IQ_GO_UNWIND_COMPLETE,
	};
	return iq_facts_stack(rt->facts, &stack, &d->stack);
}

static bool lacks_all_threads(const struct job *job, const struct slot *slot)
{
	return slot->stack == NO_STACK &&
	       slot->worker == IQ_GO_START_NO_THREAD &&
	       !job->rt->core->num_threads;
}

/* Why rt->gs[i] has no stack, or only the beginning of one. */
static void report(const struct job *job, size_t i, size_t num_reported)
{
	const struct iq_go_g *g = &job->rt->gs[i];
	const struct slot *slot = &job->slots[i];
	const struct distinct *d = NULL;
	const char *why = "where it begins is unreadable";

	if (slot->stack != NO_STACK)
		d = &job->workers[slot->worker].stacks.data[slot->stack];
	if (d)
		why = iq_go_unwind_end_text((enum iq_go_unwind_end)d->end);
	else if (slot->worker == IQ_GO_START_NO_THREAD)
		why = "it runs, and its thread is not in the core";
	else if (slot->worker == IQ_GO_START_ELSEWHERE)
		why = "it runs, and its thread's registers are on another stack";
	// One by one as far as anybody reads, then counted.
	if (num_reported >= IQ_LIMIT_EQUAL_GAPS)
		iq_facts_gap_addr(
			job->rt->facts, IQ_GAP_MISSING, g->addr,
			d ? "a further goroutine's stack is cut off: %s" :
			    "a further goroutine has no stack: %s",
			why);
	else if (d)
		iq_facts_gap_addr(job->rt->facts, IQ_GAP_MISSING, g->addr,
				  "the stack of goroutine %" PRIu64
				  " is cut off after %" PRIu32 " calls: %s",
				  g->goid, d->num, why);
	else
		iq_facts_gap_addr(job->rt->facts, IQ_GAP_MISSING, g->addr,
				  "goroutine %" PRIu64 " has no stack: %s",
				  g->goid, why);
}

/* Goroutines that run, in a core that has the registers of no thread. */
static void report_running(const struct job *job)
{
	size_t n = 0;

	for (size_t i = 0; i < job->rt->num_gs; i++)
		n += lacks_all_threads(job, &job->slots[i]);
	if (n)
		iq_facts_gap(
			job->rt->facts, IQ_GAP_MISSING,
			"the core has no threads: %zu goroutine%s no stack", n,
			n == 1 ? " that runs has" : "s that run have");
}

static struct iq_error *merge(struct job *job, struct iq_go_symbolizer *sym,
			      const struct iq_stack **ret)
{
	iq_cleanup(frames_deinit) struct frames scratch = { 0 };
	size_t num_reported = 0;

	report_running(job);
	for (size_t i = 0; i < job->rt->num_gs; i++) {
		const struct slot *slot = &job->slots[i];
		struct distinct *d;

		ret[i] = NULL;
		if (slot->stack == NO_STACK) {
			if (!lacks_all_threads(job, slot))
				report(job, i, num_reported++);
			continue;
		}
		d = &job->workers[slot->worker].stacks.data[slot->stack];
		if (!d->stack) {
			struct iq_error *err = symbolize(
				job->rt, sym, &job->workers[slot->worker], d,
				&scratch);

			if (err)
				return err;
		}
		ret[i] = d->stack;
		if (d->end != IQ_GO_UNWIND_COMPLETE)
			report(job, i, num_reported++);
	}
	return NULL;
}

/* Whether any function has a name and a frame size. */
static bool has_tables(const struct iq_go_runtime *rt)
{
	for (size_t i = 0; i < rt->program->num_modules; i++) {
		if (rt->program->modules[i].has_pclntab)
			return true;
	}
	return false;
}

struct iq_error *iq_go_stacks_read(const struct iq_go_runtime *rt,
				   struct iq_go_symbolizer *sym,
				   const struct iq_stack **ret)
{
	iq_cleanup(job_deinit) struct job job = { .rt = rt };
	struct iq_error *err;

	if (!rt->num_gs)
		return NULL;
	// That is a gap already; one for each goroutine would say no more.
	if (!has_tables(rt)) {
		memset(ret, 0, rt->num_gs * sizeof(*ret));
		return NULL;
	}
	err = job_init(&job);
	if (!err)
		err = iq_pool_run(rt->pool, rt->num_gs, 256, unwind_range,
				  &job);
	return err ? err : merge(&job, sym, ret);
}
