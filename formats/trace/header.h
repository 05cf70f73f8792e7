/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first sixteen bytes of an execution trace: "go 1.26 trace" and zeros.
 * They name the format, not the Go release that wrote it.
 */
#ifndef IQ_FORMATS_TRACE_HEADER_H
#define IQ_FORMATS_TRACE_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "formats/source.h"

#define IQ_TRACE_HEADER_SIZE 16

/* First headers of formats that differ; 1.24 writes 1.23, 1.27 writes 1.26. */
enum {
	IQ_TRACE_V2 = 22,
	IQ_TRACE_SYNC_BATCH = 25,
	IQ_TRACE_END_OF_GENERATION = 26,
	IQ_TRACE_NEWEST = 26,
};

struct iq_trace_header {
	uint32_t minor;
	/* "1.26": a view of the file. */
	struct iq_str version;
};

/* Verified bits; 0 if these are not the first bytes of a trace. */
unsigned iq_trace_header_read(const struct iq_source *source,
			      struct iq_trace_header *ret);

#endif
