/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pprof/field.h"

#include "base/error.h"

bool iq_pprof_field_next(struct iq_cursor *c, struct iq_pprof_field *ret)
{
	struct iq_pprof_field f = { .offset = iq_cursor_offset(c) };
	uint64_t tag;

	if (iq_cursor_left(c) == 0)
		return false;
	tag = iq_cursor_uleb128(c, "field tag");
	f.number = tag >> 3;
	f.wire = tag & 7;
	switch (f.wire) {
	case IQ_WIRE_VARINT:
		f.value = iq_cursor_uleb128(c, "field value");
		break;
	case IQ_WIRE_64:
		iq_cursor_skip(c, 8, "field of 8 bytes");
		break;
	case IQ_WIRE_BYTES:
		f.value = iq_cursor_uleb128(c, "field length");
		f.bytes_offset = iq_cursor_offset(c);
		f.bytes = iq_cursor_bytes(c, f.value, "field");
		break;
	case IQ_WIRE_32:
		iq_cursor_skip(c, 4, "field of 4 bytes");
		break;
	default:
		iq_cursor_fail(c, "wire type is %u, not 0, 1, 2 or 5", f.wire);
	}
	if (!iq_cursor_ok(c))
		return false;
	*ret = f;
	return true;
}

bool iq_pprof_field_at(const struct iq_source *source, uint64_t offset,
		       struct iq_pprof_field *ret)
{
	struct iq_cursor c;
	bool found;

	iq_cursor_init(&c, source->data + offset, source->size - offset,
		       offset);
	found = iq_pprof_field_next(&c, ret) && ret->wire == IQ_WIRE_BYTES;
	iq_error_destroy(iq_cursor_done(&c));
	return found;
}

/* What profile.proto says of one message: bit N of a set is field N. */
struct shape {
	unsigned varints;
	/* Messages, strings and packed numbers. */
	unsigned bytes;
	/* Of the fields that are messages. */
	const struct shape *messages[IQ_PPROF_NUM_FIELDS];
};

#define FIELDS(first, last) ((2u << (last)) - (1u << (first)))
#define FIELD(n) FIELDS(n, n)

static const struct shape value_type = { .varints = FIELDS(1, 2) };
static const struct shape label = { .varints = FIELDS(1, 4) };
static const struct shape line = { .varints = FIELDS(1, 3) };
static const struct shape mapping = { .varints = FIELDS(1, 10) };
static const struct shape function = { .varints = FIELDS(1, 5) };
static const struct shape sample = {
	.varints = FIELDS(1, 2),
	.bytes = FIELDS(1, 3),
	.messages = { [3] = &label },
};
static const struct shape location = {
	.varints = FIELDS(1, 3) | FIELD(5),
	.bytes = FIELD(4),
	.messages = { [4] = &line },
};
static const struct shape profile = {
	.varints = FIELDS(IQ_PPROF_DROP_FRAMES, IQ_PPROF_DURATION) |
		   FIELDS(IQ_PPROF_PERIOD, IQ_PPROF_DOC_URL),
	.bytes = FIELDS(IQ_PPROF_SAMPLE_TYPE, IQ_PPROF_STRING) |
		 FIELD(IQ_PPROF_PERIOD_TYPE) | FIELD(IQ_PPROF_COMMENT),
	.messages = {
		[IQ_PPROF_SAMPLE_TYPE] = &value_type,
		[IQ_PPROF_SAMPLE] = &sample,
		[IQ_PPROF_MAPPING] = &mapping,
		[IQ_PPROF_LOCATION] = &location,
		[IQ_PPROF_FUNCTION] = &function,
		[IQ_PPROF_PERIOD_TYPE] = &value_type,
	},
};

static bool shape_has(const struct shape *shape,
		      const struct iq_pprof_field *field)
{
	unsigned set = 0;

	if (field->wire == IQ_WIRE_VARINT)
		set = shape->varints;
	else if (field->wire == IQ_WIRE_BYTES)
		set = shape->bytes;
	return field->number < IQ_PPROF_NUM_FIELDS &&
	       (set >> field->number & 1);
}

bool iq_pprof_field_fits(const struct iq_pprof_field *field)
{
	return field->number == 0 || field->number >= IQ_PPROF_NUM_FIELDS ||
	       shape_has(&profile, field);
}

/* Fields of a message that are looked at; text is found out long before. */
#define LOOK_FIELDS 64
/* So many bits are no accident: a profile whose end is missing. */
#define ENOUGH_BITS 128

/*
 * Adds the bits of the tags in the message @bytes to *@bits; false where it is
 * not of this shape. Messages nest three deep.
 */
static bool shape_verify(const struct shape *shape, struct iq_str bytes,
			 unsigned *bits)
{
	struct iq_pprof_field field;
	struct iq_cursor c;
	bool fine = true;

	iq_cursor_init(&c, bytes.ptr, bytes.len, 0);
	for (unsigned n = 0; fine && n < LOOK_FIELDS; n++) {
		if (!iq_pprof_field_next(&c, &field))
			break;
		fine = shape_has(shape, &field);
		if (!fine)
			break;
		*bits += 8;
		if (shape->messages[field.number])
			fine = shape_verify(shape->messages[field.number],
					    field.bytes, bits);
	}
	if (!iq_cursor_ok(&c))
		fine = false;
	iq_error_destroy(iq_cursor_done(&c));
	return fine;
}

/*
 * Whether @field of Profile is as it must be; adds its bits. @strings: whether a
 * table of strings began, which it must do with an empty one.
 */
static bool field_verify(const struct iq_pprof_field *field, bool *strings,
			 unsigned *bits)
{
	if (!shape_has(&profile, field))
		return false;
	*bits += 8;
	if (profile.messages[field->number])
		return shape_verify(profile.messages[field->number],
				    field->bytes, bits);
	if (field->number != IQ_PPROF_STRING || *strings)
		return true;
	*strings = field->bytes.len == 0;
	*bits += *strings ? 8 : 0;
	return *strings;
}

/* A profile may be damaged: so many good fields outweigh one that is not. */
#define GOOD_FIELDS 4

unsigned iq_pprof_verify(const void *data, uint64_t size)
{
	unsigned bits = 0, good = 0, bad = 0;
	struct iq_pprof_field field;
	bool strings = false;
	struct iq_cursor c;

	iq_cursor_init(&c, data, size, 0);
	while (good + bad < LOOK_FIELDS && iq_pprof_field_next(&c, &field)) {
		if (field_verify(&field, &strings, &bits))
			good++;
		else
			bad++;
	}
	bad += !iq_cursor_ok(&c);
	iq_error_destroy(iq_cursor_done(&c));
	if (good < GOOD_FIELDS * bad || !(strings || bits >= ENOUGH_BITS))
		return 0;
	return bits;
}
