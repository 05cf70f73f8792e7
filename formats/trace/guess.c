/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trace/guess.h"

#include <stdlib.h>

#include "formats/trace/events.h"
#include "formats/trace/map.h"
#include "formats/trace/wire.h"

/* Events so long before the last one cannot push it back: that would take one
 * for each nanosecond. */
#define WINDOW_NS 4096

struct times {
	IQ_VEC(int64_t) at;
	int64_t max;
};

/* One event's time; false where the batch ends. */
static bool event_time(const struct iq_trace_clock *clock, const uint8_t **pos,
		       const uint8_t *end, int64_t *time)
{
	const struct iq_trace_event *event = &iq_trace_events[**pos];
	struct iq_wire w = { .pos = *pos + 1 };

	if (!event->name)
		return false;
	*time = iq_trace_time_add(*time,
				  iq_trace_clock_ns(clock, iq_wire_number(&w)));
	for (unsigned i = 1; i < event->num_args; i++)
		iq_wire_number(&w);
	if (w.bad || w.pos > end)
		return false;
	*pos = w.pos;
	return true;
}

/* The times of a batch that may be among the last. */
static bool batch_times(const struct iq_trace_file *file,
			const struct iq_trace_clock *clock,
			const struct iq_trace_batch *batch, struct times *times)
{
	const uint8_t *pos = iq_trace_batch_data(file, batch);
	const uint8_t *end = pos + batch->size;
	int64_t time = iq_trace_clock_ns(clock, batch->time);

	while (pos < end && event_time(clock, &pos, end, &time)) {
		if (time > times->max)
			times->max = time;
		if (iq_trace_time_sub(times->max, time) < WINDOW_NS &&
		    !iq_vec_push(&times->at, time))
			return false;
	}
	return true;
}

static int by_time(const void *va, const void *vb)
{
	const int64_t *a = va, *b = vb;

	return *a < *b ? -1 : *a > *b;
}

/* The times are as many as fit the window, but were kept as it moved on. */
static int64_t last_shown(struct times *times)
{
	int64_t last = INT64_MIN;
	size_t n = 0;

	for (size_t i = 0; i < times->at.len; i++) {
		int64_t time = times->at.data[i];

		if (iq_trace_time_sub(times->max, time) < WINDOW_NS)
			times->at.data[n++] = time;
	}
	if (n)
		qsort(times->at.data, n, sizeof(*times->at.data), by_time);
	for (size_t i = 0; i < n; i++)
		last = times->at.data[i] > last ? times->at.data[i] : last + 1;
	return last;
}

/* The last batches of the threads, from the end on. */
int64_t iq_trace_guess_last(const struct iq_trace_file *file,
			    const struct iq_trace_generation *g)
{
	struct iq_trace_ids threads = { 0 };
	struct times times = { .max = INT64_MIN };
	int64_t last;

	for (size_t i = g->num_batches; i-- > 0;) {
		const struct iq_trace_batch *batch =
			&file->batches.data[g->first_batch + i];

		if (batch->kind != IQ_BATCH_EVENTS || batch->size == 0 ||
		    iq_trace_ids_get(&threads, batch->m) != IQ_NONE)
			continue;
		// A wrong guess costs time and nothing else.
		if (!iq_trace_ids_set(&threads, batch->m, 0) ||
		    !batch_times(file, &g->clock, batch, &times))
			break;
	}
	last = last_shown(&times);
	iq_vec_deinit(&times.at);
	iq_trace_ids_deinit(&threads);
	return last;
}
