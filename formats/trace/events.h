/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of events and records of format v2, by their numbers.
 */
#ifndef IQ_FORMATS_TRACE_EVENTS_H
#define IQ_FORMATS_TRACE_EVENTS_H

#include <stdint.h>

/* Records that are no events. */
enum {
	IQ_EV_EVENT_BATCH = 1,
	IQ_EV_STACKS = 2,
	IQ_EV_STACK = 3,
	IQ_EV_STRINGS = 4,
	IQ_EV_STRING = 5,
	IQ_EV_CPU_SAMPLES = 6,
	IQ_EV_CPU_SAMPLE = 7,
	IQ_EV_FREQUENCY = 8,
	IQ_EV_EXPERIMENTAL_BATCH = 49,
	IQ_EV_SYNC = 50,
	IQ_EV_CLOCK_SNAPSHOT = 51,
	IQ_EV_END_OF_GENERATION = 52,
};

enum {
#define IQ_TRACE_EVENT(number, name, args, since) IQ_EV_##name = (number),
#include "formats/trace/trace_events.def"
#undef IQ_TRACE_EVENT
	IQ_EV_NUM = 137,
};

/* Numbers after the time difference that an event has at most. */
#define IQ_EV_MAX_ARGS 4

struct iq_trace_event {
	const char *name; /* NULL: no event has this number */
	/* Numbers that follow the type, the time difference first. */
	uint8_t num_args;
	/* First header, 1.N, whose runtimes write it. */
	uint8_t since;
};

extern const struct iq_trace_event iq_trace_events[256];

#endif
