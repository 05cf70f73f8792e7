/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/waits.h"

#include <stdlib.h>
#include <string.h>

#include "formats/go/poll_wait.h"
#include "formats/go/syscall_wait.h"
#include "formats/go/wait_objects.h"

struct job {
	const struct iq_go_runtime *rt;
	struct iq_go_wait_tables tables;
	struct iq_goroutine_fact *goroutines;
	struct iq_go_wait_reader *readers; /* one a worker */
	unsigned num_readers;
};

static void job_deinit(struct job *job)
{
	for (unsigned i = 0; job->readers && i < job->num_readers; i++)
		iq_go_wait_reader_deinit(&job->readers[i]);
	free(job->readers);
	iq_go_semaphores_deinit(&job->tables.semaphores);
	iq_vec_deinit(&job->tables.coroutines);
}

/* The one thing that goroutine @i waits for, or each channel to r->waits. */
static struct iq_error *wait_read(struct iq_go_wait_reader *r, size_t i,
				  const struct iq_go_wait_class *class,
				  struct iq_wait *wait)
{
	switch (class->source) {
	case IQ_GO_WAIT_CHANNELS:
		// Nil channels have no queue to wait in: all of them are.
		if (!r->rt->gs[i].waiting && class->op == IQ_OP_UNKNOWN)
			wait->kind = IQ_WAIT_SELECT;
		return iq_go_wait_channels_read(r, i, class->op);
	case IQ_GO_WAIT_SEMAPHORES:
	case IQ_GO_WAIT_LISTS:
		return iq_go_wait_sync_read(r, i, class, wait);
	case IQ_GO_WAIT_SLEEP:
		return iq_go_wait_sleep_read(r, i, wait);
	case IQ_GO_WAIT_CORO:
		return iq_go_wait_coroutine_read(r, i, wait);
	case IQ_GO_WAIT_BUBBLE:
		return iq_go_wait_bubble_read(r, i, wait);
	case IQ_GO_WAIT_POLL:
		return iq_go_wait_fd_read(r, i, wait);
	case IQ_GO_WAIT_SYSCALL:
		return iq_go_wait_syscall_read(r, i, wait);
	case IQ_GO_WAIT_NOWHERE:
		break;
	}
	return NULL;
}

static struct iq_error *waits_of_class(struct iq_go_wait_reader *r, size_t i,
				       const struct iq_go_wait_class *class)
{
	struct iq_goroutine_fact *fact = &r->goroutines[i];
	struct iq_wait wait = { .kind = class->kind, .op = class->op };
	struct iq_wait *waits;
	struct iq_error *err;

	r->waits.len = 0;
	err = wait_read(r, i, class, &wait);
	if (err)
		return err;
	if (!r->waits.len && !iq_vec_push(&r->waits, wait))
		return &iq_enomem;
	waits = iq_arena_alloc(&r->arena, r->waits.len * sizeof(*waits));
	if (!waits)
		return &iq_enomem;
	memcpy(waits, r->waits.data, r->waits.len * sizeof(*waits));
	fact->waits = waits;
	fact->num_waits = (uint32_t)r->waits.len;
	return NULL;
}

static struct iq_error *waits_of(struct iq_go_wait_reader *r, size_t i)
{
	struct iq_goroutine_fact *fact = &r->goroutines[i];
	struct iq_go_wait_class class = { .kind = IQ_WAIT_NONE };

	if (fact->status == IQ_GSTATUS_SYSCALL) {
		class.kind = IQ_WAIT_SYSCALL;
		class.source = IQ_GO_WAIT_SYSCALL;
		class.op = iq_go_wait_op_of(fact->stack);
	} else if (fact->status == IQ_GSTATUS_WAITING ||
		   fact->status == IQ_GSTATUS_LEAKED) {
		class = iq_go_wait_class_refine(
			iq_go_wait_class_of(
				iq_go_wait_reason_plain(fact->wait_reason)),
			fact->stack);
	}
	return class.kind == IQ_WAIT_NONE ? NULL : waits_of_class(r, i, &class);
}

/* Goroutines from the one that is read to the one whose sudog is fetched. */
#define AHEAD 8

static struct iq_error *waits_range(void *ctx, unsigned worker, size_t begin,
				    size_t end)
{
	const struct job *job = ctx;
	const struct iq_go_runtime *rt = job->rt;

	for (size_t i = begin; i < end; i++) {
		struct iq_error *err;

		if (i + AHEAD < end && rt->gs[i + AHEAD].waiting)
			iq_memory_prefetch(rt->memory,
					   rt->gs[i + AHEAD].waiting,
					   rt->layout->sudog_size);
		err = waits_of(&job->readers[worker], i);
		if (err)
			return err;
	}
	return NULL;
}

static struct iq_error *readers_create(struct job *job)
{
	job->num_readers = iq_pool_num_workers(job->rt->pool);
	job->readers = calloc(job->num_readers, sizeof(*job->readers));
	if (!job->readers)
		return &iq_enomem;
	for (unsigned i = 0; i < job->num_readers; i++) {
		job->readers[i].rt = job->rt;
		job->readers[i].tables = &job->tables;
		job->readers[i].goroutines = job->goroutines;
	}
	return NULL;
}

struct iq_error *iq_go_waits_read(struct iq_go_runtime *rt,
				  struct iq_goroutine_fact *goroutines)
{
	iq_cleanup(job_deinit) struct job job = {
		.rt = rt,
		.goroutines = goroutines,
	};
	struct iq_error *err;

	if (!rt->num_gs)
		return NULL;
	err = iq_go_semaphores_read(rt, &job.tables.semaphores);
	if (!err)
		err = iq_go_wait_coroutines_read(rt, &job.tables);
	if (!err)
		err = readers_create(&job);
	if (!err)
		err = iq_pool_run(rt->pool, rt->num_gs, 256, waits_range, &job);
	if (!err)
		err = iq_go_wait_objects_share(rt, job.readers,
					       job.num_readers);
	if (err)
		return err;
	iq_go_wait_semaphores_name(rt, goroutines);
	iq_go_wait_timers_find(rt, goroutines);
	return iq_go_wait_files_find(rt, goroutines);
}
