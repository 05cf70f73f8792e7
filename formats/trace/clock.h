/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trace's clock: units of a generation as nanoseconds, rounded as Go's own
 * reader rounds them, so that both give one event the same time.
 */
#ifndef IQ_FORMATS_TRACE_CLOCK_H
#define IQ_FORMATS_TRACE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct iq_trace_clock {
	bool has_frequency;
	uint64_t frequency; /* units per second */
	/* ns per unit; a whole number of them for up to max_whole units. */
	double unit_ns;
	uint64_t whole_ns;
	uint64_t max_whole;
	/* One instant by three clocks (1.25+). */
	bool has_snapshot;
	uint64_t snap_units;
	uint64_t snap_mono_ns;
	uint64_t snap_wall_s, snap_wall_ns;
};

void iq_trace_clock_set(struct iq_trace_clock *clock, uint64_t frequency);

int64_t iq_trace_clock_round(const struct iq_trace_clock *clock,
			     uint64_t units);

static inline int64_t iq_trace_clock_ns(const struct iq_trace_clock *clock,
					uint64_t units)
{
	if (units <= clock->max_whole)
		return (int64_t)(units * clock->whole_ns);
	return iq_trace_clock_round(clock, units);
}

/* Sum of times, which may overflow in a hostile file. */
static inline int64_t iq_trace_time_add(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

static inline int64_t iq_trace_time_sub(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

#endif
