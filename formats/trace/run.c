/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trace/run.h"

#include <string.h>

/* How much may be tried in vain, about a nanosecond each: in real traces nearly
 * every event can happen when its time has come. */
#define PATIENCE 100
#define PATIENCE_MIN (UINT64_C(1) << 26)

void iq_trace_run_deinit(struct iq_trace_run *run)
{
	iq_trace_tables_deinit(&run->tables);
	iq_error_destroy(run->error);
	iq_trace_ids_deinit(&run->g_ids);
	iq_trace_ids_deinit(&run->p_ids);
	iq_trace_ids_deinit(&run->m_ids);
	iq_vec_deinit(&run->gs);
	iq_vec_deinit(&run->ps);
	iq_vec_deinit(&run->ms);
	iq_vec_deinit(&run->chain);
	iq_vec_deinit(&run->heap);
	iq_vec_deinit(&run->blocked);
	iq_trace_map_deinit(&run->blocked_map);
	iq_vec_deinit(&run->sites);
	iq_trace_map_deinit(&run->site_map);
	iq_vec_deinit(&run->site_of_stack);
	iq_vec_deinit(&run->wakes);
	iq_trace_map_deinit(&run->wake_map);
	iq_vec_deinit(&run->ranges);
	iq_vec_deinit(&run->range_ends);
	iq_vec_deinit(&run->gcs);
	iq_vec_deinit(&run->regions);
	iq_vec_deinit(&run->region_ends);
	iq_vec_deinit(&run->totals);
	iq_trace_map_deinit(&run->total_map);
	iq_vec_deinit(&run->tasks);
	iq_vec_deinit(&run->logs);
	iq_vec_deinit(&run->sample_ms);
	iq_vec_deinit(&run->sample_ps);
	iq_vec_deinit(&run->spans);
	memset(run, 0, sizeof(*run));
}

static void clear_state(struct iq_trace_run *run)
{
	iq_trace_ids_clear(&run->g_ids);
	iq_trace_ids_clear(&run->p_ids);
	iq_trace_ids_clear(&run->m_ids);
	run->gs.len = run->ps.len = run->ms.len = 0;
	run->heap.len = 0;
	run->next_sample = 0;
	run->ranges.len = run->range_ends.len = 0;
	run->free_range = IQ_NONE;
	run->gcs.len = 0;
	run->gc_state = IQ_GC_UNKNOWN;
	run->gc_seq = 0;
	run->regions.len = run->region_ends.len = 0;
	run->free_region = IQ_NONE;
	run->wanted = IQ_NONE;
}

static void clear_counts(struct iq_trace_run *run)
{
	memset(run->kinds, 0, sizeof(run->kinds));
	run->blocked.len = run->sites.len = run->wakes.len = 0;
	iq_trace_map_clear(&run->blocked_map);
	iq_trace_map_clear(&run->site_map);
	iq_trace_map_clear(&run->wake_map);
	memset(run->latency, 0, sizeof(run->latency));
	memset(&run->network, 0, sizeof(run->network));
	memset(&run->syscall, 0, sizeof(run->syscall));
	run->totals.len = run->tasks.len = run->logs.len = 0;
	iq_trace_map_clear(&run->total_map);
	run->sample_ms.len = run->sample_ps.len = 0;
	run->spans.len = 0;
	run->spans_full = false;
	run->num_shown = run->num_samples = 0;
}

/* Faults of events are found again; those of the tables stay. */
static void clear_faults(struct iq_trace_run *run)
{
	iq_error_destroy(run->error);
	run->error = NULL;
	run->damaged = false;
	run->nomem = false;
	for (unsigned i = IQ_FAULT_MISSING_STRING; i < IQ_FAULT_NUM; i++)
		run->tables.faults[i] = (struct iq_trace_fault){ 0 };
}

static uint64_t num_bytes(const struct iq_trace_run *run)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < run->generation->num_batches; i++)
		sum += run->file->batches.data[run->generation->first_batch + i]
			       .size;
	return sum;
}

bool iq_trace_run_restart(struct iq_trace_run *run, enum iq_run_mode mode,
			  int64_t last)
{
	const struct iq_trace_generation *g = run->generation;
	size_t num_stacks = run->tables.stacks.len;

	run->mode = mode;
	clear_state(run);
	clear_counts(run);
	clear_faults(run);
	run->patience = PATIENCE_MIN + PATIENCE * num_bytes(run);
	run->chain.len = run->site_of_stack.len = 0;
	if (!iq_vec_reserve(&run->chain, g->num_batches) ||
	    !iq_vec_reserve(&run->site_of_stack, num_stacks))
		return false;
	run->chain.len = g->num_batches;
	run->site_of_stack.len = num_stacks;
	memset(run->site_of_stack.data, 0xff,
	       num_stacks * sizeof(*run->site_of_stack.data));
	// Go's reader shows each generation's start as an event of its own.
	run->start = iq_trace_clock_ns(&g->clock, g->min_time);
	if (run->start <= last)
		run->start = last + 1;
	run->last = run->start;
	run->last_event = run->start;
	return true;
}

static uint32_t find_string(const struct iq_trace_run *run, struct iq_str s)
{
	for (size_t i = 1; i < run->tables.strings.len; i++) {
		if (iq_str_equal(run->tables.strings.data[i], s))
			return (uint32_t)i;
	}
	return IQ_NONE;
}

bool iq_trace_run_begin(struct iq_trace_run *run,
			const struct iq_trace_file *file,
			const struct iq_trace_generation *generation,
			enum iq_run_mode mode, int64_t last)
{
	struct iq_error *err;

	run->file = file;
	run->generation = generation;
	err = iq_trace_tables_read(&run->tables, file, generation);
	iq_error_destroy(err);
	if (err)
		return false;
	// Go: src/runtime/traceruntime.go, traceBlockNet.
	run->network_reason = find_string(run, IQ_STR("network"));
	return iq_trace_run_restart(run, mode, last);
}

uint32_t iq_trace_run_g(struct iq_trace_run *run, uint64_t id)
{
	uint32_t index = iq_trace_ids_get(&run->g_ids, id);
	struct iq_run_g fresh = {
		.id = id,
		.reason = 0,
		.site = IQ_NONE,
		.blocked = IQ_NONE,
		.wake = IQ_NONE,
		.waker = IQ_NONE,
		.creator = IQ_NONE,
		.first_blocked = IQ_NONE,
		.ranges = IQ_NONE,
		.regions = IQ_NONE,
		.m = IQ_NONE,
	};

	if (index != IQ_NONE)
		return index;
	if (run->gs.len >= IQ_CLASS_STACK || !iq_vec_push(&run->gs, fresh))
		return IQ_NONE;
	index = (uint32_t)run->gs.len - 1;
	run->gs.data[index].class = index;
	if (!iq_trace_ids_set(&run->g_ids, id, index)) {
		run->gs.len--;
		return IQ_NONE;
	}
	if (run->has_wanted && id == run->wanted_id)
		run->wanted = index;
	return index;
}

uint32_t iq_trace_run_p(struct iq_trace_run *run, uint64_t id)
{
	uint32_t index = iq_trace_ids_get(&run->p_ids, id);
	struct iq_run_p fresh = {
		.id = id,
		.stolen_at = UINT64_MAX,
		.ranges = IQ_NONE,
	};

	if (index != IQ_NONE)
		return index;
	if (run->ps.len >= IQ_UNKNOWN || !iq_vec_push(&run->ps, fresh))
		return IQ_NONE;
	index = (uint32_t)run->ps.len - 1;
	if (!iq_trace_ids_set(&run->p_ids, id, index)) {
		run->ps.len--;
		return IQ_NONE;
	}
	return index;
}

uint32_t iq_trace_run_m(struct iq_trace_run *run, uint64_t id)
{
	uint32_t index = iq_trace_ids_get(&run->m_ids, id);
	bool known =
		run->mode != IQ_RUN_SPECULATIVE || id == IQ_TRACE_NO_THREAD;
	struct iq_run_m fresh = {
		.id = id,
		.g = known ? IQ_NONE : IQ_UNKNOWN,
		.p = known ? IQ_NONE : IQ_UNKNOWN,
		.batch = IQ_NONE,
		.last_batch = IQ_NONE,
		.touched_p = UINT64_MAX,
	};

	if (index != IQ_NONE)
		return index;
	if (run->ms.len >= IQ_UNKNOWN || !iq_vec_push(&run->ms, fresh))
		return IQ_NONE;
	index = (uint32_t)run->ms.len - 1;
	if (!iq_trace_ids_set(&run->m_ids, id, index)) {
		run->ms.len--;
		return IQ_NONE;
	}
	return index;
}
