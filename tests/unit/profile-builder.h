/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles for tests, field by field as Protocol Buffers encode them: right, or
 * wrong in any way. What a builder writes has no order of its own.
 */
#ifndef IQ_TESTS_UNIT_PROFILE_BUILDER_H
#define IQ_TESTS_UNIT_PROFILE_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"
#include "formats/source.h"
#include "model/profile.h"

struct profile_builder {
	IQ_VEC(uint8_t) bytes;
};

void pb_deinit(struct profile_builder *b);

/* Any field; the bytes of @nested are its content and are taken. */
void pb_varint(struct profile_builder *b, unsigned number, uint64_t value);
void pb_bytes(struct profile_builder *b, unsigned number, const void *data,
	      size_t len);
void pb_message(struct profile_builder *b, unsigned number,
		struct profile_builder *nested);
/* Just these bytes. */
void pb_raw(struct profile_builder *b, const void *data, size_t len);
/* Numbers in one field. */
void pb_packed(struct profile_builder *b, unsigned number,
	       const uint64_t *values, size_t num);

/* Fields of Profile; strings are indexes. */
void pb_string(struct profile_builder *b, const char *text);
void pb_type(struct profile_builder *b, unsigned number, uint64_t type,
	     uint64_t unit);
void pb_function(struct profile_builder *b, uint64_t id, uint64_t name,
		 uint64_t file);
void pb_mapping(struct profile_builder *b, uint64_t id, uint64_t file,
		uint64_t build_id);
/* A location with calls of these functions, at lines 10, 11 ... */
void pb_location(struct profile_builder *b, uint64_t id, uint64_t mapping,
		 uint64_t address, const uint64_t *functions, size_t num);
/* One value, no labels. */
void pb_sample(struct profile_builder *b, int64_t value,
	       const uint64_t *locations, size_t num);
void pb_sample_labelled(struct profile_builder *b, int64_t value,
			uint64_t location, uint64_t key, uint64_t str,
			uint64_t num, uint64_t unit);

/* What the reader makes of a builder's bytes. */
struct profile_read {
	/* A copy: facts read it again. */
	uint8_t *bytes;
	struct iq_source *source;
	struct iq_facts *facts;
	/* NULL where the reader does not take it, or gives an error. */
	const struct iq_profile *profile;
};

void profile_read(const struct profile_builder *b, struct profile_read *ret);
void profile_read_bytes(const void *data, size_t len, struct profile_read *ret);
void profile_read_close(struct profile_read *r);

/* The stack of a sample, good until the next one is asked for. */
const struct iq_stack *stack_of(const struct profile_read *r, size_t sample);
/* Function name of a frame of a sample. */
void assert_function(const struct profile_read *r, size_t sample, size_t frame,
		     const char *function);
/* A gap whose text begins so; its offset, or UINT64_MAX if it has none. */
uint64_t assert_gap(const struct profile_read *r, enum iq_gap_code code,
		    const char *text);
void assert_no_gaps(const struct profile_read *r);
/* "key=value key=value" */
void assert_labels(const struct profile_read *r, size_t sample,
		   const char *text);

#endif
