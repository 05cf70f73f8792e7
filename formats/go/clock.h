/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the process stopped, and how long a goroutine has waited by then. No
 * clock is in a core: the newest time that the runtime wrote down is a lower
 * bound of the end, the core file's time of change an upper one. What g.waitsince
 * says of a goroutine is bounded by the garbage collections that did and did not
 * see it wait; see iq_go_clock_wait().
 */
#ifndef IQ_GO_CLOCK_H
#define IQ_GO_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/go/runtime.h"

/* Entries of memstats.pause_end. Go: src/runtime/mstats.go */
#define IQ_GO_PAUSES 256

struct iq_go_clock {
	/* Times are of the runtime's monotonic clock, in ns. */
	bool has_start;
	int64_t start; /* the runtime began */
	bool has_low;
	int64_t low; /* it ended no earlier */
	bool has_high;
	int64_t high; /* and no later */
	/* The last garbage collections, oldest first: when they ended, and for
	 * how long they stopped the world. */
	uint32_t num_gcs;
	bool has_older; /* there were others before these */
	struct {
		int64_t end;
		int64_t pause;
	} gcs[IQ_GO_PAUSES];
	/* waitsince may be of an earlier wait than the last: coroutines switch
	 * from one goroutine to another without clearing it. */
	bool has_coroutines;
	/* Add it to a monotonic time for ns since 1970. */
	bool has_wall;
	int64_t wall_offset;
};

/* Whether @time can be one of the monotonic clock; 0 means "not set". */
bool iq_go_clock_is_time(int64_t time);

void iq_go_clock_read(const struct iq_go_runtime *rt, struct iq_go_clock *ret);

struct iq_go_wait_time {
	bool has_min, has_max;
	int64_t min_ns, max_ns;
};

/* How long a goroutine in status waiting or syscall has been there, as far as
 * it is proven. */
struct iq_go_wait_time iq_go_clock_wait(const struct iq_go_clock *clock,
					int64_t waitsince);

#endif
