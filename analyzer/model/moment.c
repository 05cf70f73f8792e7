/* SPDX-License-Identifier: Apache-2.0 */
#include "model/moment.h"

#include <stdlib.h>

#include "model/profile.h"
#include "model/trace.h"

/* Wall clock less monotonic clock is the time of boot: two that differ by less
 * are of one. A restart takes longer, and a clock that is set is believed for
 * no comparison. */
#define BOOT_SLACK_NS 1000000000ll

/* Snapshots of which each two are compared; more are a series of one kind. */
#define SNAPSHOTS_FEW 256

/* A sum of two times of the input; false if it is none. */
static bool add_times(int64_t a, int64_t b, int64_t *ret)
{
	return !__builtin_add_overflow(a, b, ret);
}

/* What turns a monotonic time of the witness into a wall time. */
static bool wall_offset(const struct iq_facts *facts, int64_t *ret)
{
	const struct iq_trace *t = facts->trace;

	if (facts->process.has_wall_offset) {
		*ret = facts->process.wall_offset_ns;
		return true;
	}
	return t && t->has_wall && t->is_nanotime &&
	       !__builtin_sub_overflow(t->wall_ns, t->wall_mono_ns, ret);
}

static void set_wall(struct iq_moment *moment, int64_t offset)
{
	moment->has_wall =
		add_times(moment->mono_first_ns, offset,
			  &moment->wall_first_ns) &&
		add_times(moment->mono_last_ns, offset, &moment->wall_last_ns);
}

/* The file's time is no earlier than the process's end: an upper bound. */
static void core_moment(const struct iq_process_fact *p, struct iq_moment *ret)
{
	int64_t high;

	if (!p->has_mono)
		return;
	ret->has_mono = true;
	ret->is_bound = true;
	ret->mono_first_ns = ret->mono_last_ns = p->mono_ns;
	if (p->has_time && p->has_wall_offset &&
	    !__builtin_sub_overflow(p->time_ns, p->wall_offset_ns, &high) &&
	    high >= p->mono_ns) {
		ret->is_bound = false;
		ret->mono_last_ns = high;
	}
}

/* time_nanos of a CPU profile is its start, of any other one its end.
 * Go: src/runtime/pprof/proto.go, build; net/http/pprof, collectProfile. */
static void profile_moment(const struct iq_facts *facts, struct iq_moment *ret)
{
	const struct iq_profile *profile = facts->profile;
	int64_t length, other;

	if (!profile || !profile->has_duration || profile->duration_ns < 0)
		return;
	length = profile->duration_ns;
	if (profile->type != IQ_PROFILE_CPU)
		length = -length;
	if (!ret->has_wall || !add_times(ret->wall_first_ns, length, &other))
		return;
	if (profile->type == IQ_PROFILE_CPU)
		ret->wall_last_ns = other;
	else
		ret->wall_first_ns = other;
}

static struct iq_moment moment_of(const struct iq_facts *facts)
{
	const struct iq_process_fact *p = &facts->process;
	const struct iq_trace *trace = facts->trace;
	struct iq_moment moment = { 0 };
	int64_t offset;

	if (facts->witness.kind == IQ_WITNESS_CORE) {
		core_moment(p, &moment);
	} else if (trace && trace->is_nanotime) {
		moment.has_mono = trace->start_ns <= trace->end_ns;
		moment.mono_first_ns = trace->start_ns;
		moment.mono_last_ns = trace->end_ns;
	}
	if (moment.has_mono && wall_offset(facts, &offset))
		set_wall(&moment, offset);
	if (!moment.has_wall && p->has_time) {
		moment.has_wall = true;
		moment.wall_first_ns = moment.wall_last_ns = p->time_ns;
	}
	profile_moment(facts, &moment);
	return moment;
}

/* No clock shows less than the time since boot. */
#define MONO_MIN 0

/*
 * Goroutine ids are not used again: a witness that has one is of a moment after
 * the trace saw it begin, and before the trace saw it end.
 */
static void bound_by_trace(const struct iq_trace *trace,
			   const struct iq_facts *facts,
			   struct iq_moment *moment)
{
	int64_t first = moment->has_mono ? moment->mono_first_ns : MONO_MIN;
	int64_t last = moment->has_mono && !moment->is_bound ?
			       moment->mono_last_ns :
			       INT64_MAX;

	size_t i = 0, j = 0;

	while (i < trace->num_goroutines && j < facts->goroutines.len &&
	       facts->goroutines.data[j].has_id) {
		const struct iq_trace_goroutine *g = &trace->goroutines[i];
		uint64_t id = facts->goroutines.data[j].id;

		i += g->id <= id;
		j += id <= g->id;
		// Those of C's threads come back, and have no function.
		if (g->id != id || !g->name.len)
			continue;
		if (g->has_created && g->created_ns > first)
			first = g->created_ns;
		if (g->has_ended && g->ended_ns - 1 < last)
			last = g->ended_ns - 1;
	}
	if (last < first || (last == INT64_MAX && !moment->has_mono))
		return;
	moment->has_mono = true;
	moment->mono_first_ns = first;
	moment->is_bound = last == INT64_MAX;
	moment->mono_last_ns = moment->is_bound ? first : last;
}

/* Texts have no clock, and a core of a living process no upper bound. */
static bool is_vague(const struct iq_model *m, size_t w)
{
	const struct iq_facts *facts = m->witnesses[w];

	return m->kinship[w] == IQ_KINSHIP_PROCESS &&
	       facts->process.end <= IQ_END_NONE &&
	       (facts->witness.kind == IQ_WITNESS_CORE ||
		facts->witness.kind == IQ_WITNESS_DUMP);
}

static void bound_by_traces(const struct iq_model *m, struct iq_moment *moments)
{
	for (size_t t = 0; t < m->num_witnesses; t++) {
		const struct iq_trace *trace = m->witnesses[t]->trace;

		if (!trace || !trace->is_nanotime ||
		    m->kinship[t] != IQ_KINSHIP_PROCESS)
			continue;
		for (size_t w = 0; w < m->num_witnesses; w++) {
			if (is_vague(m, w))
				bound_by_trace(trace, m->witnesses[w],
					       &moments[w]);
		}
	}
}

/* Witnesses of one process share its clock: what one knows of the wall clock
 * holds for the others. */
static void share_wall(const struct iq_model *m, struct iq_moment *moments)
{
	int64_t offset;
	size_t from = 0;

	while (from < m->num_witnesses &&
	       !(m->kinship[from] == IQ_KINSHIP_PROCESS &&
		 wall_offset(m->witnesses[from], &offset)))
		from++;
	if (from == m->num_witnesses)
		return;
	for (size_t w = 0; w < m->num_witnesses; w++) {
		if (m->kinship[w] == IQ_KINSHIP_PROCESS &&
		    moments[w].has_mono && !moments[w].has_wall)
			set_wall(&moments[w], offset);
	}
}

/* Times on one clock, as a comparison wants them. */
struct span {
	int64_t first, last;
	bool open;    /* last is a lower bound */
	bool instant; /* it is one instant somewhere within */
};

static bool same_boot(const struct iq_model *m, size_t a, size_t b)
{
	int64_t x, y, off;

	if (m->kinship[a] == IQ_KINSHIP_PROCESS &&
	    m->kinship[b] == IQ_KINSHIP_PROCESS)
		return true;
	return wall_offset(m->witnesses[a], &x) &&
	       wall_offset(m->witnesses[b], &y) &&
	       !__builtin_sub_overflow(x, y, &off) && off < BOOT_SLACK_NS &&
	       off > -BOOT_SLACK_NS;
}

static struct span span_of(const struct iq_model *m, size_t w, bool mono)
{
	const struct iq_moment *t = &m->moments[w];

	return (struct span){
		.first = mono ? t->mono_first_ns : t->wall_first_ns,
		.last = mono ? t->mono_last_ns : t->wall_last_ns,
		.open = t->is_bound,
		.instant = m->witnesses[w]->witness.kind == IQ_WITNESS_CORE ||
			   m->witnesses[w]->witness.kind == IQ_WITNESS_DUMP,
	};
}

/* Both spans on a clock that both witnesses have. */
static bool common_clock(const struct iq_model *m, size_t a, size_t b,
			 struct span *a_ret, struct span *b_ret)
{
	const struct iq_moment *x = &m->moments[a];
	const struct iq_moment *y = &m->moments[b];
	bool mono = x->has_mono && y->has_mono && same_boot(m, a, b);

	if (!mono && !(x->has_wall && y->has_wall))
		return false;
	*a_ret = span_of(m, a, mono);
	*b_ret = span_of(m, b, mono);
	return true;
}

static bool lies_within(struct span a, struct span b)
{
	return !a.open && a.first >= b.first && a.last <= b.last;
}

static enum iq_order compare_spans(struct span a, struct span b)
{
	// Two cores may be of the same instant without being one.
	if (a.first == b.first && a.last == b.last)
		return a.instant || b.instant ? IQ_ORDER_UNKNOWN :
						IQ_ORDER_DURING;
	if (!a.open && a.last <= b.first)
		return IQ_ORDER_BEFORE;
	if (!b.open && b.last <= a.first)
		return IQ_ORDER_AFTER;
	if ((a.instant && (b.instant || !lies_within(a, b))) ||
	    (b.instant && !lies_within(b, a)))
		return IQ_ORDER_UNKNOWN;
	return IQ_ORDER_DURING;
}

/* The witness is of the process's end: a core of the kernel, a crash text. */
static bool is_end(const struct iq_model *m, size_t w)
{
	return m->kinship[w] == IQ_KINSHIP_PROCESS &&
	       m->witnesses[w]->process.end > IQ_END_NONE;
}

static enum iq_order order_of(bool before)
{
	return before ? IQ_ORDER_BEFORE : IQ_ORDER_AFTER;
}

/* Sections stand in a file as they were written. */
static bool in_one_file(const struct iq_witness_fact *a,
			const struct iq_witness_fact *b)
{
	return a->num_sections && b->num_sections && a->section != b->section &&
	       iq_str_equal(a->path, b->path);
}

enum iq_order iq_moment_order(const struct iq_model *model, size_t a, size_t b)
{
	const struct iq_witness_fact *x = &model->witnesses[a]->witness;
	const struct iq_witness_fact *y = &model->witnesses[b]->witness;
	struct span p, q;

	if (x->kind == IQ_WITNESS_EXECUTABLE ||
	    y->kind == IQ_WITNESS_EXECUTABLE)
		return IQ_ORDER_UNKNOWN;
	if (in_one_file(x, y))
		return order_of(x->section < y->section);
	if (is_end(model, a) && is_end(model, b))
		return IQ_ORDER_DURING;
	// Nobody sees a process after its end.
	if (model->kinship[a] == IQ_KINSHIP_PROCESS &&
	    model->kinship[b] == IQ_KINSHIP_PROCESS &&
	    is_end(model, a) != is_end(model, b))
		return order_of(is_end(model, b));
	return common_clock(model, a, b, &p, &q) ? compare_spans(p, q) :
						   IQ_ORDER_UNKNOWN;
}

bool iq_moment_between(const struct iq_model *model, size_t a, size_t b,
		       int64_t *ret_ns)
{
	struct span p, q;
	int64_t ns;

	if (!common_clock(model, a, b, &p, &q) || p.open ||
	    __builtin_sub_overflow(q.first, p.last, &ns) || ns < 0)
		return false;
	*ret_ns = ns;
	return true;
}

bool iq_moment_on_clock(const struct iq_model *model, size_t trace,
			size_t other, struct iq_instant *ret)
{
	const struct iq_moment *moment = &model->moments[trace];
	struct span p, q;
	int64_t offset = 0;

	if (!moment->has_mono || !common_clock(model, trace, other, &p, &q))
		return false;
	if (__builtin_sub_overflow(p.first, moment->mono_first_ns, &offset) ||
	    __builtin_sub_overflow(q.first, offset, &ret->first_ns) ||
	    __builtin_sub_overflow(q.last, offset, &ret->last_ns))
		return false;
	ret->is_bound = q.open;
	return true;
}

static bool is_snapshot(const struct iq_model *m, size_t w)
{
	return !m->foreign[w] &&
	       m->witnesses[w]->witness.kind != IQ_WITNESS_EXECUTABLE;
}

/* Takes the first of @left that none of the others is before. */
static uint32_t take_earliest(const struct iq_model *m, uint32_t *left,
			      size_t *num, uint32_t *earlier)
{
	size_t at = 0;
	uint32_t w;

	// Clocks that contradict each other leave none: as given then.
	while (at < *num && earlier[left[at]])
		at++;
	if (at == *num)
		at = 0;
	w = left[at];
	--*num;
	for (size_t i = at; i < *num; i++)
		left[i] = left[i + 1];
	for (size_t i = 0; i < *num; i++) {
		if (iq_moment_order(m, w, left[i]) == IQ_ORDER_BEFORE)
			earlier[left[i]]--;
	}
	return w;
}

/* By the order of each two; those of which none is known stay as they are. */
static struct iq_error *order_few(const struct iq_model *m, uint32_t *list,
				  size_t num)
{
	uint32_t left[SNAPSHOTS_FEW];
	uint32_t *earlier = calloc(m->num_witnesses, sizeof(*earlier));

	if (!earlier)
		return &iq_enomem;
	memcpy(left, list, num * sizeof(*list));
	for (size_t i = 0; i < num; i++) {
		for (size_t j = 0; j < num; j++)
			earlier[left[i]] +=
				iq_moment_order(m, left[j], left[i]) ==
				IQ_ORDER_BEFORE;
	}
	for (size_t i = 0; num; i++)
		list[i] = take_earliest(m, left, &num, earlier);
	free(earlier);
	return NULL;
}

/* A witness that a clock can place. */
struct placed {
	int64_t time;
	uint32_t witness;
};

static int compare_placed(const void *pa, const void *pb)
{
	const struct placed *a = pa, *b = pb;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->witness < b->witness ? -1 : a->witness > b->witness;
}

static bool place(const struct iq_model *m, uint32_t w, struct placed *ret)
{
	*ret = (struct placed){
		.time = is_end(m, w) ? INT64_MAX : m->moments[w].wall_first_ns,
		.witness = w,
	};
	return is_end(m, w) || m->moments[w].has_wall;
}

/* By the wall clock alone; those that do not have it stay where they are. */
static struct iq_error *order_many(const struct iq_model *m, uint32_t *list,
				   size_t num)
{
	struct placed *all = calloc(num, sizeof(*all));
	struct placed one;
	size_t len = 0, next = 0;

	if (!all)
		return &iq_enomem;
	for (size_t i = 0; i < num; i++)
		len += place(m, list[i], &all[len]);
	if (len)
		qsort(all, len, sizeof(*all), compare_placed);
	for (size_t i = 0; i < num; i++) {
		if (place(m, list[i], &one))
			list[i] = all[next++].witness;
	}
	free(all);
	return NULL;
}

static struct iq_error *order_snapshots(struct iq_model *m)
{
	uint32_t *list =
		iq_arena_calloc(&m->arena, m->num_witnesses, sizeof(*list));
	size_t num = 0;

	if (!list)
		return &iq_enomem;
	for (size_t w = 0; w < m->num_witnesses; w++) {
		if (is_snapshot(m, w))
			list[num++] = (uint32_t)w;
	}
	m->snapshots = list;
	m->num_snapshots = num;
	return num <= SNAPSHOTS_FEW ? order_few(m, list, num) :
				      order_many(m, list, num);
}

struct iq_error *iq_moments_make(struct iq_model *model)
{
	struct iq_moment *moments = iq_arena_calloc(
		&model->arena, model->num_witnesses, sizeof(*moments));

	if (!moments)
		return &iq_enomem;
	for (size_t w = 0; w < model->num_witnesses; w++)
		moments[w] = moment_of(model->witnesses[w]);
	bound_by_traces(model, moments);
	share_wall(model, moments);
	model->moments = moments;
	return order_snapshots(model);
}
