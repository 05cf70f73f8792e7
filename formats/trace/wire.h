/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of an event as they stand in the mapped file. Events are what a trace
 * has millions of, so this does what iq_cursor_uleb128() does without a check a
 * byte: the caller has IQ_WIRE_MAX readable bytes from any event's start on
 * (file.h), and asks once, after the event, whether it left its batch.
 */
#ifndef IQ_FORMATS_TRACE_WIRE_H
#define IQ_FORMATS_TRACE_WIRE_H

#include <stdbool.h>
#include <stdint.h>

/* Type, time difference and four more numbers of ten bytes each. */
#define IQ_WIRE_MAX 64

struct iq_wire {
	const uint8_t *pos;
	/* A number was too long or overflowed; it reads as 0. */
	bool bad;
};

/* By value, so that a wire can stay in registers. */
struct iq_wire_long {
	uint64_t value;
	const uint8_t *pos;
	bool bad;
};

struct iq_wire_long iq_wire_long(const uint8_t *p);

/* Unsigned LEB128 of at most ten bytes. */
static inline uint64_t iq_wire_number(struct iq_wire *w)
{
	const uint8_t *p = w->pos;
	struct iq_wire_long number;

	if (p[0] < 0x80) {
		w->pos = p + 1;
		return p[0];
	}
	if (p[1] < 0x80) {
		w->pos = p + 2;
		return (uint64_t)(p[0] & 0x7f) | (uint64_t)p[1] << 7;
	}
	if (p[2] < 0x80) {
		w->pos = p + 3;
		return (uint64_t)(p[0] & 0x7f) | (uint64_t)(p[1] & 0x7f) << 7 |
		       (uint64_t)p[2] << 14;
	}
	number = iq_wire_long(p);
	w->pos = number.pos;
	w->bad |= number.bad;
	return number.value;
}

#endif
