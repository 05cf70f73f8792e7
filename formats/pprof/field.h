/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The top-level fields of a profile, one after the other, and what they must
 * look like. Nothing is unpacked here.
 */
#ifndef IQ_FORMATS_PPROF_FIELD_H
#define IQ_FORMATS_PPROF_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "formats/cursor.h"
#include "formats/source.h"

/* Numbers of message Profile in profile.proto. */
enum iq_pprof_number {
	IQ_PPROF_SAMPLE_TYPE = 1,
	IQ_PPROF_SAMPLE,
	IQ_PPROF_MAPPING,
	IQ_PPROF_LOCATION,
	IQ_PPROF_FUNCTION,
	IQ_PPROF_STRING,
	IQ_PPROF_DROP_FRAMES,
	IQ_PPROF_KEEP_FRAMES,
	IQ_PPROF_TIME,
	IQ_PPROF_DURATION,
	IQ_PPROF_PERIOD_TYPE,
	IQ_PPROF_PERIOD,
	IQ_PPROF_COMMENT,
	IQ_PPROF_DEFAULT_TYPE,
	IQ_PPROF_DOC_URL,
	IQ_PPROF_NUM_FIELDS,
};

/* Protocol Buffers, "Encoding": the wire types that are in use. */
enum {
	IQ_WIRE_VARINT = 0,
	IQ_WIRE_64 = 1,
	IQ_WIRE_BYTES = 2,
	IQ_WIRE_32 = 5,
};

struct iq_pprof_field {
	uint64_t number;
	unsigned wire;
	/* Where the field begins in the file. */
	uint64_t offset;
	/* IQ_WIRE_VARINT: its value. */
	uint64_t value;
	/* IQ_WIRE_BYTES: a view, and where it begins in the file. */
	struct iq_str bytes;
	uint64_t bytes_offset;
};

/* The next field of any message; false at the end, or with the cursor's error
 * at a field that cannot be passed. */
bool iq_pprof_field_next(struct iq_cursor *c, struct iq_pprof_field *ret);

/*
 * The field with bytes that was read at @offset before; false if it is not there
 * any more: a file can be cut or changed while it is read.
 */
bool iq_pprof_field_at(const struct iq_source *source, uint64_t offset,
		       struct iq_pprof_field *ret);

/* Whether a field of Profile has the wire type that its number asks for; true
 * for numbers that Profile does not have. */
bool iq_pprof_field_fits(const struct iq_pprof_field *field);

/*
 * The number of bits of @data that are as profile.proto has it, a few fields
 * from the start on, submessages included; 0 if this is no profile.
 */
unsigned iq_pprof_verify(const void *data, uint64_t size);

#endif
