/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trace/whole.h"

#include <string.h>

#include "formats/trace/tally.h"

/* Stacks that may have lost their outer end: frames are left out after so many
 * were taken. Go: src/runtime/tracestack.go, traceStackSize. */
#define MAYBE_CUT 126

/* Generations that have to be done again are rare, and one of a second has
 * more events than there are goroutines. */
#define PATIENCE_MIN (UINT64_C(1) << 24)
#define PATIENCE 4

void iq_trace_whole_init(struct iq_trace_whole *whole, struct iq_facts *facts,
			 const struct iq_trace_file *file)
{
	memset(whole, 0, sizeof(*whole));
	whole->facts = facts;
	whole->file = file;
	whole->free_range = whole->free_region = IQ_NONE;
	whole->stop_gc = IQ_NONE;
	whole->patience = PATIENCE_MIN + PATIENCE * file->source->size;
}

void iq_trace_whole_deinit(struct iq_trace_whole *whole)
{
	iq_trace_ids_deinit(&whole->g_ids);
	iq_trace_ids_deinit(&whole->p_ids);
	iq_trace_ids_deinit(&whole->m_ids);
	iq_vec_deinit(&whole->gs);
	iq_vec_deinit(&whole->ps);
	iq_vec_deinit(&whole->ms);
	iq_trace_ids_deinit(&whole->seen_ms);
	iq_trace_ids_deinit(&whole->seen_ps);
	iq_vec_deinit(&whole->threads);
	iq_vec_deinit(&whole->blocked);
	iq_trace_map_deinit(&whole->blocked_map);
	iq_vec_deinit(&whole->sites);
	iq_trace_map_deinit(&whole->site_map);
	iq_vec_deinit(&whole->wakes);
	iq_trace_map_deinit(&whole->name_pairs);
	iq_trace_map_deinit(&whole->wake_map);
	iq_vec_deinit(&whole->ranges);
	iq_vec_deinit(&whole->regions);
	iq_vec_deinit(&whole->totals);
	iq_trace_map_deinit(&whole->total_map);
	iq_vec_deinit(&whole->gcs);
	iq_vec_deinit(&whole->tasks);
	iq_trace_ids_deinit(&whole->task_ids);
	iq_vec_deinit(&whole->logs);
	iq_vec_deinit(&whole->spans);
	iq_vec_deinit(&whole->run_stacks);
	iq_vec_deinit(&whole->run_strings);
	iq_vec_deinit(&whole->run_gs);
}

struct iq_str iq_trace_whole_string(struct iq_trace_whole *whole,
				    struct iq_str s)
{
	struct iq_str ret = { "", 0 };
	struct iq_error *err;

	if (s.len == 0)
		return ret;
	err = iq_facts_string(whole->facts, s, &ret);
	if (err)
		whole->nomem = true;
	iq_error_destroy(err);
	return ret;
}

struct iq_str iq_trace_whole_reason(struct iq_trace_whole *whole,
				    const struct iq_trace_run *run,
				    uint32_t reason)
{
	struct iq_str *at;

	if (reason == IQ_REASON_CREATED)
		return iq_trace_whole_string(whole,
					     iq_tally_reason(run, reason));
	at = &whole->run_strings.data[reason];
	if (!at->ptr)
		*at = iq_trace_whole_string(whole,
					    iq_tally_reason(run, reason));
	return *at;
}

static const struct iq_stack *stack_make(struct iq_trace_whole *whole,
					 const struct iq_trace_tables *tables,
					 struct iq_trace_table_stack from)
{
	struct iq_frame frames[IQ_TRACE_FRAMES_MAX];
	struct iq_stack shape = { .num_frames = from.num_frames };
	const struct iq_stack *ret = NULL;
	struct iq_error *err;

	memset(frames, 0, from.num_frames * sizeof(*frames));
	for (uint32_t i = 0; i < from.num_frames; i++) {
		const struct iq_trace_table_frame *f =
			&tables->frames.data[from.first_frame + i];

		frames[i].function = tables->strings.data[f->function];
		frames[i].file = tables->strings.data[f->file];
		frames[i].line = f->line < UINT32_MAX ? (uint32_t)f->line : 0;
		frames[i].has_pc = f->pc != 0;
		frames[i].pc = f->pc;
	}
	shape.complete = from.num_frames < MAYBE_CUT;
	if (!shape.complete) {
		shape.elided = true;
		shape.elided_at = from.num_frames - 1;
	}
	err = iq_facts_stack_of(whole->facts, frames, &shape, &ret);
	if (err)
		whole->nomem = true;
	iq_error_destroy(err);
	return ret;
}

const struct iq_stack *iq_trace_whole_stack(struct iq_trace_whole *whole,
					    const struct iq_trace_run *run,
					    uint32_t index)
{
	struct iq_trace_table_stack from = run->tables.stacks.data[index];
	const struct iq_stack **at = &whole->run_stacks.data[index];

	if (from.num_frames && !*at)
		*at = stack_make(whole, &run->tables, from);
	return *at;
}

bool iq_trace_whole_total(struct iq_trace_whole *whole, uint8_t kind,
			  struct iq_str name, uint64_t count, int64_t total,
			  int64_t longest)
{
	struct iq_str own = iq_trace_whole_string(whole, name);
	uint32_t *at =
		iq_trace_map_at(&whole->total_map, (uintptr_t)own.ptr, kind);
	struct iq_whole_total fresh = { .kind = kind, .name = own };
	struct iq_whole_total *to;

	if (!at)
		return false;
	if (*at == IQ_NONE) {
		if (!iq_vec_push(&whole->totals, fresh))
			return false;
		*at = (uint32_t)whole->totals.len - 1;
	}
	to = &whole->totals.data[*at];
	to->count += count;
	to->total = iq_trace_time_add(to->total, total);
	if (longest > to->longest)
		to->longest = longest;
	return true;
}
