/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/clock.h"

#include <string.h>

#include "formats/go/find_scan.h"
#include "formats/go/record.h"

/* No monotonic clock gets there: ten years of uptime. */
#define MONO_MAX (10ll * 365 * 24 * 3600 * 1000000000)
/* A core file that changed later than this after the last sign of life was
 * copied, or the process stood still: its time says nothing. */
#define MTIME_MAX (600ll * 1000000000)
#define ALLP_MAX (1u << 16)

bool iq_go_clock_is_time(int64_t time)
{
	return time > 0 && time <= MONO_MAX;
}

static void low_raise(struct iq_go_clock *clock, uint64_t time)
{
	if (!iq_go_clock_is_time((int64_t)time) ||
	    (clock->has_low && (int64_t)time <= clock->low))
		return;
	clock->has_low = true;
	clock->low = (int64_t)time;
}

static void low_field(const struct iq_go_runtime *rt, struct iq_go_clock *clock,
		      uint64_t addr, struct iq_go_field field)
{
	uint64_t time;

	if (addr && iq_go_field_read(rt->memory, addr, field, &time))
		low_raise(clock, time);
}

static void low_of_processors(const struct iq_go_runtime *rt,
			      struct iq_go_clock *clock)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t array, len, p;

	if (!rt->allp_addr ||
	    !iq_go_slice_read(rt->memory, rt->allp_addr, &array, &len) ||
	    len > ALLP_MAX)
		return;
	for (uint64_t i = 0; i < len; i++) {
		if (!iq_memory_u64(rt->memory, array + 8 * i, &p))
			return;
		low_field(rt, clock, p, l->p_sysmontick_schedwhen);
		low_field(rt, clock, p, l->p_sysmontick_syscallwhen);
	}
}

static void low_read(const struct iq_go_runtime *rt, struct iq_go_clock *clock)
{
	low_field(rt, clock, rt->sched_addr, rt->layout->sched_lastpoll);
	low_field(rt, clock, rt->sched_addr, rt->layout->sched_procresizetime);
	low_of_processors(rt, clock);
	for (size_t i = 0; i < rt->num_gs; i++)
		low_raise(clock, (uint64_t)rt->gs[i].waitsince);
}

/* Number @num of the process's collections. False if its times are none. */
static bool gc_read(const struct iq_go_runtime *rt, struct iq_go_clock *clock,
		    uint64_t num, uint32_t i)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t at = rt->memstats_addr + 8 * (num % IQ_GO_PAUSES);
	uint64_t end, pause;

	if (!iq_memory_u64(rt->memory, at + l->mstats_pause_end.offset, &end) ||
	    !iq_memory_u64(rt->memory, at + l->mstats_pause_ns.offset, &pause))
		return false;
	end -= (uint64_t)clock->wall_offset;
	if (end == 0 || end > MONO_MAX || pause > end)
		return false;
	clock->gcs[i].end = (int64_t)end;
	clock->gcs[i].pause = (int64_t)pause;
	// Wall clocks are set back and forth: none is believed then.
	return i == 0 || clock->gcs[i].end >= clock->gcs[i - 1].end;
}

/* The last collections, on the monotonic clock. */
static void gcs_read(const struct iq_go_runtime *rt, struct iq_go_clock *clock)
{
	uint64_t num;
	uint32_t n;

	if (!iq_go_field_read(rt->memory, rt->memstats_addr,
			      rt->layout->mstats_numgc, &num) ||
	    !iq_go_has(rt->layout->mstats_pause_ns))
		return;
	n = num < IQ_GO_PAUSES ? (uint32_t)num : IQ_GO_PAUSES;
	for (uint32_t i = 0; i < n; i++) {
		if (!gc_read(rt, clock, num - n + i, i))
			return;
	}
	clock->num_gcs = n;
	clock->has_older = num > n;
}

static void wall_read(const struct iq_go_runtime *rt, struct iq_go_clock *clock)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t wall, mono;
	int64_t mtime = rt->core->source->mtime_ns;

	if (!rt->memstats_addr || !iq_go_memstats_is(rt, rt->memstats_addr) ||
	    !iq_go_field_read(rt->memory, rt->memstats_addr,
			      l->mstats_last_gc_unix, &wall) ||
	    !iq_go_field_read(rt->memory, rt->memstats_addr,
			      l->mstats_last_gc_nanotime, &mono) ||
	    mono > MONO_MAX)
		return;
	low_raise(clock, mono);
	clock->has_wall = true;
	clock->wall_offset = (int64_t)(wall - mono);
	gcs_read(rt, clock);

	int64_t end = mtime - clock->wall_offset;
	if (mtime > 0 && clock->has_low && end >= clock->low &&
	    end - clock->low <= MTIME_MAX) {
		clock->has_high = true;
		clock->high = end;
	}
}

/* Go: src/runtime/proc.go, runtimeInitTime; read where there are symbols. */
static void start_read(const struct iq_go_runtime *rt,
		       struct iq_go_clock *clock)
{
	uint64_t addr, start;

	if (!clock->has_low ||
	    !iq_go_program_symbol(rt->program, "runtime.runtimeInitTime",
				  &addr) ||
	    !iq_memory_u64(rt->memory, addr, &start) || !start ||
	    start > (uint64_t)clock->low)
		return;
	clock->has_start = true;
	clock->start = (int64_t)start;
}

/*
 * Whether goroutines can switch to one another without the scheduler: 1.23 and
 * newer, in programs of which the linker kept iter.Pull. Where no name can be
 * read they may. Go: src/runtime/coro.go, coroswitch_m.
 */
static bool coroutines_find(const struct iq_go_runtime *rt)
{
	const struct iq_go_module *m = &rt->program->modules[0];
	const struct iq_str name = IQ_STR("runtime.coroswitch_m");
	const uint8_t *names;
	uint64_t len;

	if (rt->version->func_ids->corostart < 0)
		return false;
	if (!m->has_pclntab)
		return true;
	names = iq_memory_window(rt->memory, m->funcnametab, &len);
	return !names || len < m->funcnametab_len ||
	       memmem(names, m->funcnametab_len, name.ptr, name.len);
}

void iq_go_clock_read(const struct iq_go_runtime *rt, struct iq_go_clock *ret)
{
	*ret = (struct iq_go_clock){ 0 };
	low_read(rt, ret);
	wall_read(rt, ret);
	start_read(rt, ret);
	ret->has_coroutines = coroutines_find(rt);
}

/*
 * The wall clock is slewed by at most 500 parts in a million, and the ends of
 * collections were taken from it: how far one at @time may be off.
 */
static int64_t slack(const struct iq_go_clock *clock, int64_t time)
{
	int64_t last = clock->gcs[clock->num_gcs - 1].end;

	return time < last ? (last - time) / 1000 : 0;
}

/*
 * Which collections' mark termination can have begun at @time: it is one of
 * *@first_ret … *@last_ret. False if it is none of those that are known.
 */
static bool gcs_at(const struct iq_go_clock *clock, int64_t time,
		   uint32_t *first_ret, uint32_t *last_ret)
{
	int64_t off = slack(clock, time);
	bool found = false;

	for (uint32_t i = 0; i < clock->num_gcs; i++) {
		if (time > clock->gcs[i].end + off ||
		    time < clock->gcs[i].end - clock->gcs[i].pause - off)
			continue;
		if (!found)
			*first_ret = i;
		*last_ret = i;
		found = true;
	}
	return found;
}

/*
 * One that helps the collector counts as waiting meanwhile, and the one whose
 * help ends the collection runs on afterwards without the scheduler, until it is
 * preempted: after 10 ms, as soon as sysmon looks, which sleeps for 10 ms at
 * most. Measured: up to 13 ms.
 * Go: src/runtime/mgcmark.go, gcAssistAlloc1; src/runtime/mgc.go, gcMarkDone;
 * src/runtime/proc.go, sysmon, forcePreemptNS.
 */
#define RUN_ON_MAX (20ll * 1000000)

static void set_min(const struct iq_go_clock *clock, int64_t since,
		    struct iq_go_wait_time *ret)
{
	if (clock->has_coroutines || !clock->has_low || since >= clock->low)
		return;
	ret->has_min = true;
	ret->min_ns = clock->low - since;
}

static void set_max(const struct iq_go_clock *clock, int64_t since,
		    struct iq_go_wait_time *ret)
{
	if (!clock->has_high || since > clock->high)
		return;
	ret->has_max = true;
	ret->max_ns = clock->high - since;
}

/*
 * How far the wall clock may have been set forward between the known
 * collections, which makes the older ones look older still: by less than the
 * time between the two that it fell between.
 */
static int64_t leap_max(const struct iq_go_clock *clock)
{
	int64_t max = 0;

	for (uint32_t i = 1; i < clock->num_gcs; i++) {
		int64_t gap = clock->gcs[i].end - clock->gcs[i - 1].end;

		max = gap > max ? gap : max;
	}
	return max;
}

/* Whether @time is of a collection that the ring has forgotten. */
static bool is_older(const struct iq_go_clock *clock, int64_t time)
{
	return clock->has_older &&
	       time < clock->gcs[0].end - clock->gcs[0].pause -
			       slack(clock, clock->gcs[0].end);
}

/*
 * Marking sets waitsince where it finds a goroutine waiting whose waitsince is
 * 0, to work.tstart, which is when the mark termination of the collection
 * before it began (0 in the first one). So:
 *
 * W, of collection k: collection k + 1 saw it wait, hence it does since soon
 * after the end of k + 1 at the latest; k did not, unless it was the first,
 * hence it began after k - 1 had ended.
 * 0, after n >= 2 collections: n did not see it wait.
 * W, of one older than the oldest that is known, o: o or one before it saw it
 * wait, hence it does since soon after the end of o at the latest.
 *
 * The scheduler clears it when a goroutine runs, coroutines do not: where there
 * are any, W may be of an earlier wait, and only its upper bound holds.
 *
 * Go: src/runtime/mgcmark.go, markroot; src/runtime/mgc.go, gcMark.
 */
struct iq_go_wait_time iq_go_clock_wait(const struct iq_go_clock *clock,
					int64_t waitsince)
{
	struct iq_go_wait_time ret = { 0 };
	uint32_t n = clock->num_gcs;
	uint32_t first = 0, last = 0;

	if (!n)
		return ret;
	if (waitsince <= 0) {
		if (n >= 2)
			set_max(clock, clock->gcs[n - 2].end, &ret);
		return ret;
	}
	if (is_older(clock, waitsince)) {
		set_min(clock,
			clock->gcs[0].end + slack(clock, clock->gcs[0].end) +
				leap_max(clock) + RUN_ON_MAX,
			&ret);
		return ret;
	}
	if (waitsince > MONO_MAX || !gcs_at(clock, waitsince, &first, &last))
		return ret;
	if (last + 1 < n)
		set_min(clock, clock->gcs[last + 1].end + RUN_ON_MAX, &ret);
	// Of the one before the oldest nothing is known.
	if (first >= 1)
		set_max(clock, clock->gcs[first - 1].end, &ret);
	return ret;
}
