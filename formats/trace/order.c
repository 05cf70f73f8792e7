/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trace/advance.h"
#include "formats/trace/frontier.h"
#include "formats/trace/tally.h"

/* What an attempt in vain costs of the run's patience, beside one for each
 * thread that is put in order. */
#define ATTEMPT 8

/* The threads in the order of their first batches. */
static bool threads_find(struct iq_trace_run *run)
{
	const struct iq_trace_generation *g = run->generation;

	for (size_t i = 0; i < g->num_batches; i++) {
		const struct iq_trace_batch *batch =
			&run->file->batches.data[g->first_batch + i];
		struct iq_run_m *m;
		uint32_t index;

		run->chain.data[i] = IQ_NONE;
		if (batch->kind != IQ_BATCH_EVENTS)
			continue;
		index = iq_trace_run_m(run, batch->m);
		if (index == IQ_NONE)
			return false;
		m = &run->ms.data[index];
		if (m->batch == IQ_NONE) {
			struct iq_run_item item = { .m = index };

			m->batch = (uint32_t)i;
			m->pos = iq_trace_batch_data(run->file, batch);
			m->end = m->pos + batch->size;
			if (!iq_vec_push(&run->heap, item))
				return false;
		} else {
			run->chain.data[m->last_batch] = (uint32_t)i;
		}
		m->last_batch = (uint32_t)i;
	}
	return true;
}

/* Those that have an event become the heap. */
static void frontier_fill(struct iq_trace_run *run)
{
	size_t num = run->heap.len, n = 0;

	for (size_t i = 0; i < num; i++) {
		struct iq_run_item item = run->heap.data[i];
		struct iq_run_m *m = &run->ms.data[item.m];

		if (!iq_trace_next(run, m))
			continue;
		item.time = m->time;
		run->heap.data[n++] = item;
		iq_frontier_insert(run->heap.data, n);
	}
	run->heap.len = n;
}

static bool id_note(struct iq_trace_run *run,
		    const struct iq_trace_sample *sample)
{
	// One thread has many samples in a row.
	if (sample->m != IQ_TRACE_NO_THREAD &&
	    (!run->sample_ms.len ||
	     run->sample_ms.data[run->sample_ms.len - 1] != sample->m) &&
	    !iq_vec_push(&run->sample_ms, sample->m))
		return false;
	if (sample->p != UINT64_MAX &&
	    (!run->sample_ps.len ||
	     run->sample_ps.data[run->sample_ps.len - 1] != sample->p) &&
	    !iq_vec_push(&run->sample_ps, sample->p))
		return false;
	return true;
}

static void sample_show(struct iq_trace_run *run)
{
	const struct iq_trace_sample *sample =
		&run->tables.samples.data[run->next_sample++];

	iq_tally_show(run, sample->time);
	run->num_samples++;
	if (!id_note(run, sample))
		iq_trace_nomem(run);
}

/* One event of thread @i of the heap; false if it cannot happen yet. */
static bool other_advance(struct iq_trace_run *run, size_t i)
{
	struct iq_run_item *heap = run->heap.data;

	switch (iq_trace_advance_one(run, heap[i].m)) {
	case IQ_STEP_MORE:
		heap[i].time = run->ms.data[heap[i].m].time;
		iq_frontier_update(heap, run->heap.len, i);
		return true;
	case IQ_STEP_DONE:
		iq_frontier_remove(heap, run->heap.len--, i);
		return true;
	case IQ_STEP_WAIT:
		return false;
	default:
		return true;
	}
}

static void stuck(struct iq_trace_run *run, const char *why)
{
	const struct iq_run_m *m = &run->ms.data[run->heap.data[0].m];

	// That a thread's events end too early says it all.
	if (run->damaged && run->mode != IQ_RUN_SPECULATIVE)
		run->end = IQ_RUN_BROKEN;
	else
		iq_trace_broken(run, m, "%s, of %zu threads", why,
				run->heap.len);
}

/* The first one has to wait: the others by time, until one does not. */
static void others_try(struct iq_trace_run *run)
{
	size_t n = run->heap.len;

	run->patience -= n < run->patience ? n : run->patience;
	iq_frontier_sort(run->heap.data, n);
	for (size_t i = 1; i < n; i++) {
		if (run->patience < ATTEMPT) {
			stuck(run, "no order was found in reasonable time");
			return;
		}
		run->patience -= ATTEMPT;
		if (other_advance(run, i))
			return;
	}
	stuck(run, "no event can be the next one");
}

void iq_trace_run_order(struct iq_trace_run *run)
{
	enum iq_step step;

	run->end = IQ_RUN_WHOLE;
	if (!threads_find(run)) {
		iq_trace_nomem(run);
		return;
	}
	frontier_fill(run);
	do {
		step = iq_trace_advance_first(run);
		if (step == IQ_STEP_MORE)
			sample_show(run);
		else if (step == IQ_STEP_WAIT)
			others_try(run);
	} while (step != IQ_STEP_DONE && run->end == IQ_RUN_WHOLE);
	if (run->damaged && run->end == IQ_RUN_WHOLE)
		run->end = run->mode == IQ_RUN_SPECULATIVE ? IQ_RUN_REFUSED :
							     IQ_RUN_BROKEN;
}
