/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* One call of iq_pool_run(); lives on its stack. */
struct job {
	size_t n;
	size_t chunk;
	size_t num_chunks;
	iq_pool_fn *fn;
	void *ctx;
	/* The next chunk to hand out. */
	atomic_size_t next;
	atomic_bool failed;
	/* Guarded by the pool's lock: the error of the lowest chunk. */
	struct iq_error *err;
	size_t err_chunk;
};

struct worker {
	struct iq_pool *pool;
	unsigned number;
	pthread_t thread;
};

struct iq_pool {
	pthread_mutex_t lock;
	/* There is a job, or it is time to stop. */
	pthread_cond_t wake;
	/* The last thread has left the job. */
	pthread_cond_t done;
	/* NULL while there is nothing to join. */
	struct job *job;
	/* Counts jobs, so that a thread joins each one once. */
	unsigned long generation;
	/* Threads inside the job. */
	unsigned active;
	/* Somebody is in iq_pool_run(). */
	bool busy;
	bool stop;
	/* Those that run; the caller is one more worker, number 0. */
	unsigned num_threads;
	struct worker *threads;
};

/* Keeps @err if its chunk is the lowest so far; @lock may be NULL. */
static void job_fail(struct job *job, pthread_mutex_t *lock, size_t chunk,
		     struct iq_error *err)
{
	if (lock)
		pthread_mutex_lock(lock);
	if (!job->err || chunk < job->err_chunk) {
		iq_error_destroy(job->err);
		job->err = err;
		job->err_chunk = chunk;
	} else {
		iq_error_destroy(err);
	}
	if (lock)
		pthread_mutex_unlock(lock);
	atomic_store_explicit(&job->failed, true, memory_order_relaxed);
}

// Chunks are handed out in order and every one that was is finished. So the
// lowest chunk that fails has always been run, and the error does not depend
// on timing.
static void job_work(struct job *job, pthread_mutex_t *lock, unsigned worker)
{
	while (!atomic_load_explicit(&job->failed, memory_order_relaxed)) {
		size_t chunk = atomic_fetch_add_explicit(&job->next, 1,
							 memory_order_relaxed);
		struct iq_error *err;
		size_t begin, end;

		if (chunk >= job->num_chunks)
			return;
		begin = chunk * job->chunk;
		end = job->n - begin < job->chunk ? job->n : begin + job->chunk;
		err = job->fn(job->ctx, worker, begin, end);
		if (err)
			job_fail(job, lock, chunk, err);
	}
}

static void *thread_main(void *arg)
{
	struct worker *w = arg;
	struct iq_pool *pool = w->pool;
	unsigned long seen = 0;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		struct job *job;

		while (!pool->stop && (!pool->job || pool->generation == seen))
			pthread_cond_wait(&pool->wake, &pool->lock);
		if (pool->stop)
			break;
		seen = pool->generation;
		job = pool->job;
		pool->active++;
		pthread_mutex_unlock(&pool->lock);
		job_work(job, &pool->lock, w->number);
		pthread_mutex_lock(&pool->lock);
		if (--pool->active == 0)
			pthread_cond_signal(&pool->done);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* Starts up to @num threads; fewer if the system gives no more. */
static void threads_start(struct iq_pool *pool, unsigned num)
{
	sigset_t blocked, old;

	// The program's signals are for its own threads; those that a fault
	// raises must reach their handler wherever they happen.
	sigfillset(&blocked);
	sigdelset(&blocked, SIGBUS);
	sigdelset(&blocked, SIGFPE);
	sigdelset(&blocked, SIGILL);
	sigdelset(&blocked, SIGSEGV);
	sigdelset(&blocked, SIGTRAP);
	pthread_sigmask(SIG_SETMASK, &blocked, &old);
	while (pool->num_threads < num) {
		struct worker *w = &pool->threads[pool->num_threads];

		w->pool = pool;
		w->number = pool->num_threads + 1;
		if (pthread_create(&w->thread, NULL, thread_main, w))
			break;
		pool->num_threads++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static unsigned num_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (unsigned)n : 1;
}

struct iq_error *iq_pool_create(unsigned num_threads, struct iq_pool **ret)
{
	struct iq_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return &iq_enomem;
	if (num_threads == 0)
		num_threads = num_cpus();
	pool->threads = calloc(num_threads, sizeof(*pool->threads));
	if (!pool->threads) {
		free(pool);
		return &iq_enomem;
	}
	// With default attributes these cannot fail.
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->wake, NULL);
	pthread_cond_init(&pool->done, NULL);
	threads_start(pool, num_threads - 1);
	*ret = pool;
	return NULL;
}

void iq_pool_destroy(struct iq_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->num_threads; i++)
		pthread_join(pool->threads[i].thread, NULL);
	pthread_cond_destroy(&pool->done);
	pthread_cond_destroy(&pool->wake);
	pthread_mutex_destroy(&pool->lock);
	free(pool->threads);
	free(pool);
}

unsigned iq_pool_num_workers(const struct iq_pool *pool)
{
	return pool ? pool->num_threads + 1 : 1;
}

/* Offers @job to the threads; false if they have one already. */
static bool pool_offer(struct iq_pool *pool, struct job *job)
{
	bool ours;

	pthread_mutex_lock(&pool->lock);
	ours = !pool->busy;
	if (ours) {
		pool->busy = true;
		pool->job = job;
		pool->generation++;
		pthread_cond_broadcast(&pool->wake);
	}
	pthread_mutex_unlock(&pool->lock);
	return ours;
}

/* Waits for those that joined; who has not yet need not any more. */
static void pool_withdraw(struct iq_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->job = NULL;
	while (pool->active > 0)
		pthread_cond_wait(&pool->done, &pool->lock);
	pool->busy = false;
	pthread_mutex_unlock(&pool->lock);
}

struct iq_error *iq_pool_run(struct iq_pool *pool, size_t n, size_t chunk,
			     iq_pool_fn *fn, void *ctx)
{
	struct job job = { .n = n, .chunk = chunk, .fn = fn, .ctx = ctx };

	if (chunk == 0)
		job.chunk = 1;
	job.num_chunks = n / job.chunk + (n % job.chunk != 0);
	if (pool && pool->num_threads > 0 && job.num_chunks > 1 &&
	    pool_offer(pool, &job)) {
		job_work(&job, &pool->lock, 0);
		pool_withdraw(pool);
	} else {
		job_work(&job, NULL, 0);
	}
	return job.err;
}
