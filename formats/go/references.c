/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/references.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "formats/go/references_scan.h"

/* Goroutines that a worker takes at once. */
#define CHUNK 256

/* What one chunk found: it is in its worker's list. */
struct chunk {
	unsigned worker;
	size_t begin, end;
};

struct job {
	struct iq_go_scan scan;
	struct iq_go_word_set words;
	IQ_VEC(struct iq_go_part) parts;
	struct iq_go_holders holders;
	struct iq_go_named named;
	struct iq_go_scanner *scanners;
	unsigned num_scanners;
	struct chunk *chunks;
};

static void job_deinit(struct job *job)
{
	for (unsigned i = 0; job->scanners && i < job->num_scanners; i++)
		iq_go_scanner_deinit(&job->scanners[i]);
	free(job->scanners);
	free(job->chunks);
	iq_go_holders_deinit(&job->holders);
	iq_go_named_deinit(&job->named);
	iq_go_word_set_deinit(&job->words);
	iq_vec_deinit(&job->parts);
}

/* 0: nobody but the runtime refers to it. */
static unsigned kind_of(const struct iq_wait *wait)
{
	if (!wait->has_address)
		return 0;
	switch (wait->kind) {
	case IQ_WAIT_MUTEX:
		return IQ_GO_WAITED_LOCK;
	case IQ_WAIT_RWMUTEX:
		return IQ_GO_WAITED_LOCK | IQ_GO_WAITED_RW;
	case IQ_WAIT_WAITGROUP:
		return IQ_GO_WAITED_GROUP;
	case IQ_WAIT_COND:
		return IQ_GO_WAITED_COND;
	case IQ_WAIT_CHAN:
	case IQ_WAIT_SELECT:
		return IQ_GO_WAITED_CHAN;
	default:
		return 0;
	}
}

static struct iq_error *object_add(struct job *job, const struct iq_wait *wait,
				   unsigned kind)
{
	struct iq_go_part part = { wait->address, wait->address, kind };
	const struct iq_go_word *known = NULL;

	if (job->words.num)
		known = iq_go_word_set_find(&job->words, wait->address);
	if (!iq_go_word_set_add_kinds(&job->words, wait->address, wait->address,
				      kind) ||
	    (wait->has_sema &&
	     !iq_go_word_set_add_kinds(&job->words, wait->sema_addr,
				       wait->address, kind)))
		return &iq_enomem;
	// A channel is an object of its own.
	if (known || kind == IQ_GO_WAITED_CHAN)
		return NULL;
	return iq_vec_push(&job->parts, part) ? NULL : &iq_enomem;
}

static int compare_parts(const void *a, const void *b)
{
	const struct iq_go_part *x = a;
	const struct iq_go_part *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static struct iq_error *collect(struct job *job)
{
	const struct iq_go_runtime *rt = job->scan.rt;
	const struct iq_goroutine_fact *facts;
	struct iq_error *err = NULL;

	if (!rt->num_gs)
		return NULL;
	facts = rt->facts->goroutines.data + job->scan.first;
	for (size_t i = 0; i < rt->num_gs; i++) {
		for (uint32_t k = 0; k < facts[i].num_waits && !err; k++) {
			const struct iq_wait *wait = &facts[i].waits[k];
			unsigned kind = kind_of(wait);

			if (kind)
				err = object_add(job, wait, kind);
		}
		if (err)
			return err;
	}
	if (job->parts.len)
		qsort(job->parts.data, job->parts.len, sizeof(*job->parts.data),
		      compare_parts);
	// A later goroutine may have told more of it.
	for (size_t i = 0; i < job->parts.len; i++) {
		const struct iq_go_word *known = iq_go_word_set_find(
			&job->words, job->parts.data[i].addr);

		if (known)
			job->parts.data[i].kinds = known->kinds;
	}
	return NULL;
}

static struct iq_error *scan_range(void *ctx, unsigned worker, size_t begin,
				   size_t end)
{
	const struct job *job = ctx;
	struct iq_go_scanner *s = &job->scanners[worker];
	struct chunk *chunk = &job->chunks[begin / CHUNK];

	chunk->worker = worker;
	chunk->begin = s->found.len;
	for (size_t i = begin; i < end; i++) {
		struct iq_error *err = iq_go_scanner_run(s, i);

		if (err)
			return err;
	}
	chunk->end = s->found.len;
	return NULL;
}

/* In the order of goroutines, whoever found what. */
static struct iq_error *gather(const struct job *job, size_t num_chunks,
			       struct iq_go_references *ret)
{
	size_t num = 0;

	for (unsigned i = 0; i < job->num_scanners; i++)
		num += job->scanners[i].found.len;
	if (!iq_vec_reserve(&ret->found, num))
		return &iq_enomem;
	for (size_t i = 0; i < num_chunks; i++) {
		const struct chunk *c = &job->chunks[i];

		if (c->begin == c->end)
			continue;
		memcpy(ret->found.data + ret->found.len,
		       job->scanners[c->worker].found.data + c->begin,
		       (c->end - c->begin) * sizeof(*ret->found.data));
		ret->found.len += c->end - c->begin;
	}
	return NULL;
}

/* Limits of what is looked at for one goroutine. */
static void tell_limits(const struct job *job)
{
	uint64_t num = 0;

	for (unsigned i = 0; i < job->num_scanners; i++)
		num += job->scanners[i].num_cut;
	if (num)
		iq_facts_gap(
			job->scan.rt->facts, IQ_GAP_LIMIT,
			"%" PRIu64
			" goroutines refer to more than is looked at: who else could wake others may be missing",
			num);
}

static struct iq_error *scan(struct job *job, struct iq_go_references *ret)
{
	const struct iq_go_runtime *rt = job->scan.rt;
	size_t num_chunks = rt->num_gs / CHUNK + 1;
	struct iq_error *err = NULL;

	job->scan.words = &job->words;
	job->scan.holders = &job->holders;
	job->num_scanners = iq_pool_num_workers(rt->pool);
	job->scanners = calloc(job->num_scanners, sizeof(*job->scanners));
	job->chunks = calloc(num_chunks, sizeof(*job->chunks));
	if (!job->scanners || !job->chunks)
		return &iq_enomem;
	for (unsigned i = 0; i < job->num_scanners && !err; i++)
		err = iq_go_scanner_init(&job->scanners[i], &job->scan);
	if (!err)
		err = iq_pool_run(rt->pool, rt->num_gs, CHUNK, scan_range, job);
	return err ? err : gather(job, num_chunks, ret);
}

void iq_go_references_deinit(struct iq_go_references *references)
{
	iq_vec_deinit(&references->found);
}

struct iq_error *iq_go_references_of(struct iq_go_runtime *rt, size_t first,
				     const uint64_t *addrs, size_t num,
				     struct iq_go_references *ret)
{
	iq_cleanup(job_deinit) struct job job = {
		.scan = { .rt = rt, .first = first, .all = true },
	};

	for (size_t i = 0; i < num; i++) {
		if (!iq_go_word_set_add(&job.words, addrs[i], addrs[i]))
			return &iq_enomem;
	}
	return job.words.num ? scan(&job, ret) : NULL;
}

struct iq_error *iq_go_references_read(struct iq_go_runtime *rt, size_t first)
{
	iq_cleanup(iq_go_references_deinit) struct iq_go_references r = { 0 };
	iq_cleanup(job_deinit) struct job job = {
		.scan = { .rt = rt, .first = first },
	};
	struct iq_facts *facts = rt->facts;
	struct iq_error *err = collect(&job);

	if (err || !job.words.num)
		return err;
	err = iq_go_holders_init(&job.holders, rt, &job.words, job.parts.data,
				 job.parts.len);
	if (!err)
		err = iq_go_named_init(&job.named, rt, &job.words);
	job.scan.named = &job.named;
	if (!err)
		err = scan(&job, &r);
	if (!err)
		tell_limits(&job);
	if (err || !r.found.len)
		return err;
	if (!iq_vec_reserve(&facts->references, r.found.len))
		return &iq_enomem;
	memcpy(facts->references.data + facts->references.len, r.found.data,
	       r.found.len * sizeof(*r.found.data));
	facts->references.len += r.found.len;
	return NULL;
}
