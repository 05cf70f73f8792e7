/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Execution traces made event by event, in format v2: what the runtime would
 * never write as well.
 */
#ifndef IQ_TESTS_TRACE_BUILDER_H
#define IQ_TESTS_TRACE_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"
#include "formats/reader.h"
#include "model/trace.h"

struct trace_builder {
	IQ_VEC(uint8_t) bytes; /* of the file */
	IQ_VEC(uint8_t) batch; /* of the batch that is being written */
	unsigned minor;
	uint64_t generation, m, time;
};

/* Begins with the header of go 1.@minor. */
void trace_begin(struct trace_builder *b, unsigned minor);
void trace_deinit(struct trace_builder *b);

/* The next generation, with a clock of 64 ns. */
void trace_generation(struct trace_builder *b, uint64_t number);
/* Ends it where the format marks that. */
void trace_generation_end(struct trace_builder *b);

/* What follows is of thread @m, from @time on; ends the batch before. */
void trace_thread(struct trace_builder *b, uint64_t m, uint64_t time);
/* Writes the batch as it stands. */
void trace_flush(struct trace_builder *b);

/* An event with the numbers after its type, the time difference first. */
void trace_event(struct trace_builder *b, uint8_t kind, size_t num,
		 const uint64_t *numbers);
#define EVENT(b, kind, ...)                                                    \
	trace_event(b, kind,                                                   \
		    sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t),    \
		    (const uint64_t[]){ __VA_ARGS__ })

/* Records of a generation's tables, in batches of their own. */
void trace_string(struct trace_builder *b, uint64_t id, const char *text);
/* One frame a stack. */
void trace_stack(struct trace_builder *b, uint64_t id, uint64_t function,
		 uint64_t line);
void trace_number(struct trace_builder *b, uint64_t number);
void trace_byte(struct trace_builder *b, uint8_t byte);

struct traced {
	struct iq_source *source;
	struct iq_facts *facts;
	struct iq_error *err;
	/* The facts' own, or NULL. */
	const struct iq_trace *trace;
};

/* What the reader says of it, with @num_threads. */
struct traced trace_read(struct trace_builder *b, unsigned num_threads);
void traced_deinit(struct traced *t);
/* Whether a gap says so. */
bool traced_has_gap(const struct traced *t, enum iq_gap_code code,
		    const char *words);

#endif
