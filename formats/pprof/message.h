/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The submessages of a profile, unpacked one at a time: protobuf-c works in a
 * block of scratch that the next message takes over, so that no more than one
 * message is ever in memory. Indexes and ids are as the file has them.
 */
#ifndef IQ_FORMATS_PPROF_MESSAGE_H
#define IQ_FORMATS_PPROF_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"

struct iq_pprof_scratch;

struct iq_error *iq_pprof_scratch_create(struct iq_pprof_scratch **ret)
	iq_must_check;
void iq_pprof_scratch_destroy(struct iq_pprof_scratch *scratch);
/* For iq_cleanup(). */
void iq_pprof_scratch_destroyp(struct iq_pprof_scratch **scratch);

struct iq_pprof_value_type {
	int64_t type;
	int64_t unit;
};

/* One with str has no number. */
struct iq_pprof_label {
	int64_t key;
	int64_t str;
	int64_t num;
	int64_t num_unit;
};

struct iq_pprof_sample {
	/* Innermost first. */
	const uint64_t *location_ids;
	size_t num_locations;
	const int64_t *values;
	size_t num_values;
	const struct iq_pprof_label *labels;
	size_t num_labels;
};

struct iq_pprof_mapping {
	uint64_t id;
	uint64_t start;
	uint64_t limit;
	uint64_t offset;
	int64_t filename;
	int64_t build_id;
};

struct iq_pprof_line {
	uint64_t function_id;
	int64_t line;
};

struct iq_pprof_location {
	uint64_t id;
	uint64_t mapping_id;
	uint64_t address;
	/* Innermost inlined call first. */
	const struct iq_pprof_line *lines;
	size_t num_lines;
};

struct iq_pprof_function {
	uint64_t id;
	int64_t name;
	int64_t system_name;
	int64_t filename;
};

/*
 * Each unpacks @bytes and lives until the next call with the same scratch. An
 * error has @offset, where the message stands in the file.
 */
struct iq_error *iq_pprof_value_type_unpack(struct iq_pprof_scratch *scratch,
					    struct iq_str bytes,
					    uint64_t offset,
					    struct iq_pprof_value_type *ret)
	iq_must_check;
struct iq_error *iq_pprof_sample_unpack(struct iq_pprof_scratch *scratch,
					struct iq_str bytes, uint64_t offset,
					struct iq_pprof_sample *ret)
	iq_must_check;
struct iq_error *iq_pprof_mapping_unpack(struct iq_pprof_scratch *scratch,
					 struct iq_str bytes, uint64_t offset,
					 struct iq_pprof_mapping *ret)
	iq_must_check;
struct iq_error *iq_pprof_location_unpack(struct iq_pprof_scratch *scratch,
					  struct iq_str bytes, uint64_t offset,
					  struct iq_pprof_location *ret)
	iq_must_check;
struct iq_error *iq_pprof_function_unpack(struct iq_pprof_scratch *scratch,
					  struct iq_str bytes, uint64_t offset,
					  struct iq_pprof_function *ret)
	iq_must_check;

#endif
