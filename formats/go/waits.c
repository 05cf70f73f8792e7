/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/waits.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/vec.h"
#include "formats/go/record.h"
#include "formats/go/semaphores.h"
#include "formats/go/wait_class.h"

struct problem {
	size_t goroutine;
	uint64_t addr;
	const char *text;
};

struct worker {
	struct iq_arena arena;
	IQ_VEC(struct iq_wait) scratch;
	IQ_VEC(struct problem) problems;
};

struct job {
	const struct iq_go_runtime *rt;
	const struct iq_go_semaphores *semaphores;
	struct iq_goroutine_fact *goroutines;
	struct worker *workers;
	unsigned num_workers;
};

static void job_deinit(struct job *job)
{
	for (unsigned i = 0; job->workers && i < job->num_workers; i++) {
		iq_arena_deinit(&job->workers[i].arena);
		iq_vec_deinit(&job->workers[i].scratch);
		iq_vec_deinit(&job->workers[i].problems);
	}
	free(job->workers);
}

static struct iq_error *problem(struct worker *w, size_t goroutine,
				uint64_t addr, const char *text)
{
	return iq_vec_push(&w->problems,
			   ((struct problem){ goroutine, addr, text })) ?
		       NULL :
		       &iq_enomem;
}

/* Sudogs of a queue that are looked through: those of one select, which has
 * the channel in few of its cases. */
#define QUEUE_MAX 64

static bool queue_has(const struct iq_go_runtime *rt, uint64_t first,
		      uint64_t sudog)
{
	for (unsigned n = 0; first && n < QUEUE_MAX; n++) {
		if (first == sudog)
			return true;
		if (!iq_go_field_read(rt->memory, first, rt->layout->sudog_next,
				      &first))
			return false;
	}
	return false;
}

/*
 * Whether @sudog sends or receives. Those who send and those who receive would
 * have met, so one queue is empty, unless one select is in both.
 */
static enum iq_wait_op direction_of(const struct iq_go_runtime *rt,
				    const struct iq_go_record *hchan,
				    uint64_t sudog)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t sendq = iq_go_record_uint(hchan, l->hchan_sendq_first);
	uint64_t recvq = iq_go_record_uint(hchan, l->hchan_recvq_first);

	if (sendq && !recvq)
		return IQ_OP_SEND;
	if (recvq && !sendq)
		return IQ_OP_RECEIVE;
	if (queue_has(rt, sendq, sudog))
		return IQ_OP_SEND;
	return queue_has(rt, recvq, sudog) ? IQ_OP_RECEIVE : IQ_OP_UNKNOWN;
}

/*
 * Whether this can be a channel. One without room for elements has its own
 * field for a buffer. Go: src/runtime/chan.go, makechan and raceaddr, 1.18 -
 * 1.27.
 */
#define ADDRESSES (1ull << 47)

static bool is_channel(const struct iq_go_layout *l,
		       const struct iq_go_record *hchan)
{
	uint64_t len = iq_go_record_uint(hchan, l->hchan_qcount);
	uint64_t cap = iq_go_record_uint(hchan, l->hchan_dataqsiz);
	uint64_t size = iq_go_record_uint(hchan, l->hchan_elemsize);
	uint64_t send = iq_go_record_uint(hchan, l->hchan_sendx);
	uint64_t recv = iq_go_record_uint(hchan, l->hchan_recvx);
	bool empty = cap == 0 || size == 0;
	bool own = iq_go_record_uint(hchan, l->hchan_buf) ==
		   hchan->addr + l->hchan_buf.offset;

	return len <= cap && own == empty &&
	       (empty || cap < ADDRESSES / size) &&
	       (cap ? send < cap && recv < cap : !send && !recv) &&
	       iq_go_record_uint(hchan, l->hchan_elemtype) != 0 &&
	       iq_go_record_uint(hchan, l->hchan_closed) <= 1;
}

/* The channel that @sudog waits for; false if it cannot be one. */
static bool channel_read(const struct iq_go_runtime *rt,
			 const struct iq_go_record *sudog, enum iq_wait_op op,
			 struct iq_wait *ret)
{
	const struct iq_go_layout *l = rt->layout;
	struct iq_go_record hchan;

	*ret = (struct iq_wait){
		.kind = IQ_WAIT_CHAN,
		.op = op,
		.has_address = true,
		.address = iq_go_record_uint(sudog, l->sudog_c),
	};
	if (!iq_go_record_read(rt->memory, ret->address, l->hchan_size, &hchan))
		return false;
	ret->has_chan = true;
	ret->chan_len = iq_go_record_uint(&hchan, l->hchan_qcount);
	ret->chan_cap = iq_go_record_uint(&hchan, l->hchan_dataqsiz);
	ret->chan_closed = iq_go_record_uint(&hchan, l->hchan_closed) != 0;
	ret->chan_timer = iq_go_record_uint(&hchan, l->hchan_timer) != 0;
	if (op == IQ_OP_UNKNOWN)
		ret->op = direction_of(rt, &hchan, sudog->addr);
	return is_channel(l, &hchan);
}

/* A list of channels that cannot be read to its end: there is one more, and
 * nobody knows which. */
static struct iq_error *broken(struct worker *w, size_t i, uint64_t addr,
			       enum iq_wait_op op, const char *text)
{
	struct iq_wait wait = { .kind = IQ_WAIT_CHAN, .op = op };

	if (!iq_vec_push(&w->scratch, wait))
		return &iq_enomem;
	return problem(w, i, addr, text);
}

/* What a hole took is no fault of the program. */
static bool is_there(const struct iq_go_runtime *rt, uint64_t addr, size_t size)
{
	return iq_memory_state(rt->memory, addr) == IQ_MEMORY_PRESENT &&
	       iq_memory_state(rt->memory, addr + size - 1) ==
		       IQ_MEMORY_PRESENT;
}

/* The sudogs of one goroutine, to w->scratch. */
static struct iq_error *channels_read(const struct job *job, struct worker *w,
				      size_t i, enum iq_wait_op op)
{
	const struct iq_go_runtime *rt = job->rt;
	const struct iq_go_g *g = &rt->gs[i];
	uint64_t addr = g->waiting;
	uint64_t mark = 0;

	for (unsigned n = 1; addr && n <= IQ_LIMIT_SUDOGS; n++) {
		struct iq_go_record sudog;
		struct iq_wait wait;

		if (!iq_go_record_read(rt->memory, addr, rt->layout->sudog_size,
				       &sudog) ||
		    iq_go_record_uint(&sudog, rt->layout->sudog_g) != g->addr)
			return broken(
				w, i, addr, op,
				is_there(rt, addr, rt->layout->sudog_size) ?
					"what it waits for is not its own" :
					"what it waits for is not known: the page of its sudog is not in the core");
		if (!channel_read(rt, &sudog, op, &wait))
			return broken(
				w, i, wait.address, op,
				is_there(rt, wait.address,
					 rt->layout->hchan_size) ?
					"it waits for a channel that is none" :
					"the page of the channel that it waits for is not in the core");
		if (!iq_vec_push(&w->scratch, wait))
			return &iq_enomem;
		// Brent: a circle comes back to a mark that moves on.
		if ((n & (n - 1)) == 0)
			mark = addr;
		addr = iq_go_record_uint(&sudog, rt->layout->sudog_waitlink);
		if (addr == mark)
			return broken(w, i, addr, op,
				      "what it waits for is a circle");
	}
	return addr ? broken(w, i, addr, op, "it waits for too much") : NULL;
}

/* The word that a goroutine waits on: by its sudog (1.26+), or by the table. */
static bool word_of(const struct job *job, const struct iq_go_g *g,
		    uint64_t *ret)
{
	const struct iq_go_runtime *rt = job->rt;
	struct iq_go_record sudog;

	if (!rt->version->tables->sudog_two_words)
		return iq_go_semaphores_find(job->semaphores, g->addr, ret);
	if (!g->waiting ||
	    !iq_go_record_read(rt->memory, g->waiting, rt->layout->sudog_size,
			       &sudog) ||
	    iq_go_record_uint(&sudog, rt->layout->sudog_g) != g->addr)
		return false;
	*ret = iq_go_record_uint(&sudog, rt->layout->sudog_elem);
	return *ret != 0;
}

static struct iq_wait sync_wait(const struct job *job, const struct iq_go_g *g,
				const struct iq_go_wait_class *class)
{
	struct iq_wait wait = { .kind = class->kind, .op = class->op };
	uint64_t word;

	if (!word_of(job, g, &word) || word < class->offset)
		return wait;
	wait.has_address = true;
	wait.address = word - class->offset;
	wait.has_sema = class->offset != 0;
	wait.sema_addr = wait.has_sema ? word : 0;
	return wait;
}

static struct iq_error *waits_of_class(const struct job *job, struct worker *w,
				       size_t i,
				       const struct iq_go_wait_class *class)
{
	struct iq_wait wait = { .kind = class->kind, .op = class->op };
	struct iq_error *err = NULL;

	switch (class->source) {
	case IQ_GO_WAIT_CHANNELS:
		err = channels_read(job, w, i, class->op);
		if (err || w->scratch.len)
			return err;
		break;
	case IQ_GO_WAIT_SEMAPHORES:
	case IQ_GO_WAIT_LISTS:
		wait = sync_wait(job, &job->rt->gs[i], class);
		break;
	case IQ_GO_WAIT_NOWHERE:
		break;
	}
	return iq_vec_push(&w->scratch, wait) ? NULL : &iq_enomem;
}

static struct iq_error *waits_of(const struct job *job, struct worker *w,
				 size_t i)
{
	struct iq_goroutine_fact *fact = &job->goroutines[i];
	struct iq_go_wait_class class = { .kind = IQ_WAIT_NONE };
	struct iq_error *err;

	if (fact->status == IQ_GSTATUS_SYSCALL) {
		class.kind = IQ_WAIT_SYSCALL;
		class.op = iq_go_wait_op_of(fact->stack);
	} else if (fact->status == IQ_GSTATUS_WAITING ||
		   fact->status == IQ_GSTATUS_LEAKED) {
		class = iq_go_wait_class_refine(
			iq_go_wait_class_of(
				iq_go_wait_reason_plain(fact->wait_reason)),
			fact->stack);
	}
	if (class.kind == IQ_WAIT_NONE)
		return NULL;
	w->scratch.len = 0;
	err = waits_of_class(job, w, i, &class);
	if (err)
		return err;

	struct iq_wait *waits =
		iq_arena_alloc(&w->arena, w->scratch.len * sizeof(*waits));
	if (!waits)
		return &iq_enomem;
	memcpy(waits, w->scratch.data, w->scratch.len * sizeof(*waits));
	fact->waits = waits;
	fact->num_waits = (uint32_t)w->scratch.len;
	return NULL;
}

static struct iq_error *waits_range(void *ctx, unsigned worker, size_t begin,
				    size_t end)
{
	const struct job *job = ctx;

	for (size_t i = begin; i < end; i++) {
		struct iq_error *err = waits_of(job, &job->workers[worker], i);

		if (err)
			return err;
	}
	return NULL;
}

static int compare_problems(const void *a, const void *b)
{
	const struct problem *x = a;
	const struct problem *y = b;

	return x->goroutine < y->goroutine ? -1 : x->goroutine > y->goroutine;
}

static struct iq_error *report(const struct job *job)
{
	struct {
		IQ_VEC(struct problem) problems;
	} all = { 0 };
	struct iq_error *err = NULL;

	for (unsigned k = 0; k < job->num_workers && !err; k++) {
		const struct worker *w = &job->workers[k];

		for (size_t i = 0; i < w->problems.len && !err; i++) {
			if (!iq_vec_push(&all.problems, w->problems.data[i]))
				err = &iq_enomem;
		}
	}
	if (!err && all.problems.len)
		qsort(all.problems.data, all.problems.len,
		      sizeof(*all.problems.data), compare_problems);
	for (size_t i = 0; i < all.problems.len && !err; i++) {
		const struct problem *p = &all.problems.data[i];
		enum iq_gap_code code =
			iq_str_ends(iq_str_of(p->text),
				    IQ_STR("is not in the core")) ?
				IQ_GAP_MISSING :
				IQ_GAP_DAMAGED;

		// One by one as far as anybody reads, then counted.
		if (i >= IQ_LIMIT_EQUAL_GAPS)
			iq_facts_gap_addr(job->rt->facts, code, p->addr,
					  "a further goroutine: %s", p->text);
		else
			iq_facts_gap_addr(job->rt->facts, code, p->addr,
					  "goroutine %" PRIu64 ": %s",
					  job->rt->gs[p->goroutine].goid,
					  p->text);
	}
	iq_vec_deinit(&all.problems);
	return err;
}

static struct iq_error *run(struct job *job)
{
	struct iq_error *err;

	job->num_workers = iq_pool_num_workers(job->rt->pool);
	job->workers = calloc(job->num_workers, sizeof(*job->workers));
	if (!job->workers)
		return &iq_enomem;
	err = iq_pool_run(job->rt->pool, job->rt->num_gs, 256, waits_range,
			  job);
	for (unsigned i = 0; i < job->num_workers && !err; i++)
		iq_arena_adopt(&job->rt->facts->arena, &job->workers[i].arena);
	return err ? err : report(job);
}

struct iq_error *iq_go_waits_read(struct iq_go_runtime *rt,
				  struct iq_goroutine_fact *goroutines)
{
	iq_cleanup(job_deinit) struct job job = {
		.rt = rt,
		.goroutines = goroutines,
	};
	struct iq_go_semaphores semaphores;
	struct iq_error *err;

	if (!rt->num_gs)
		return NULL;
	err = iq_go_semaphores_read(rt, &semaphores);
	job.semaphores = &semaphores;
	if (!err)
		err = run(&job);
	iq_go_semaphores_deinit(&semaphores);
	return err;
}
