/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the batches and generations of a v2 trace stand. Finding them needs
 * only the batches' headers, so it is done for the whole file first; what is in
 * them is read generation by generation.
 */
#ifndef IQ_FORMATS_TRACE_FILE_H
#define IQ_FORMATS_TRACE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vec.h"
#include "formats/source.h"
#include "formats/trace/clock.h"
#include "formats/trace/header.h"

/* Go: src/internal/trace/tracev2/spec.go: MaxBatchSize, MaxFramesPerStack,
 * MaxEventTrailerDataSize. */
#define IQ_TRACE_BATCH_MAX 65536
#define IQ_TRACE_FRAMES_MAX 128
#define IQ_TRACE_STRING_MAX 1024

/* M of what no thread wrote. */
#define IQ_TRACE_NO_THREAD UINT64_MAX

enum iq_trace_batch_kind {
	IQ_BATCH_EVENTS,
	IQ_BATCH_STRINGS,
	IQ_BATCH_STACKS,
	IQ_BATCH_SAMPLES,
	IQ_BATCH_CLOCK,
	IQ_BATCH_EXPERIMENT,
};

struct iq_trace_batch {
	uint64_t offset; /* of its first data byte in the file */
	uint64_t m;
	uint64_t time; /* in units of the clock */
	uint32_t size;
	enum iq_trace_batch_kind kind;
};

struct iq_trace_generation {
	uint64_t number;
	size_t first_batch, num_batches;
	uint64_t offset; /* of its first batch's header */
	uint64_t min_time;
	struct iq_trace_clock clock;
	/* The file says that it is whole; the last one may be cut off. */
	bool whole;
};

struct iq_trace_file {
	const struct iq_source *source;
	struct iq_trace_header header;
	IQ_VEC(struct iq_trace_batch) batches;
	IQ_VEC(struct iq_trace_generation) generations;
	/* The last bytes of the file again, with zeros behind them: events are
	 * decoded without a check a byte (wire.h). */
	uint8_t *tail;
	uint64_t tail_offset;
	/* Why the batches end before the file does; NULL if they do not. */
	struct iq_error *damage;
	/* More than one of them; the first is told. */
	bool clock_twice;
	uint64_t clock_twice_offset;
};

/* Fails only without memory: what is not as it should be is file->damage. */
struct iq_error *iq_trace_file_index(struct iq_trace_file *file,
				     const struct iq_source *source,
				     const struct iq_trace_header *header)
	iq_must_check;
void iq_trace_file_deinit(struct iq_trace_file *file);

/* A batch's data, with IQ_WIRE_MAX readable bytes behind it. */
const uint8_t *iq_trace_batch_data(const struct iq_trace_file *file,
				   const struct iq_trace_batch *batch);

#endif
