/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pprof/tables.h"

#include <inttypes.h>
#include <string.h>

#include "base/limits.h"

struct iq_error *iq_pprof_tell(struct iq_facts *facts, struct iq_error *err)
{
	enum iq_gap_code code = IQ_GAP_DAMAGED;

	if (!err || err->code == IQ_ERROR_NOMEM)
		return err;
	if (err->code == IQ_ERROR_TRUNCATED)
		code = IQ_GAP_TRUNCATED;
	else if (err->code == IQ_ERROR_LIMIT)
		code = IQ_GAP_LIMIT;
	iq_facts_gap_error(facts, code, err);
	return NULL;
}

/* A view of the fields in [@begin, @end). */
static struct iq_cursor cursor_over(const struct iq_pprof_tables *t,
				    uint64_t begin, uint64_t end)
{
	const uint8_t *data = t->source->data;
	struct iq_cursor c;

	iq_cursor_init(&c, data ? data + begin : NULL, end - begin, begin);
	return c;
}

static struct iq_error *type_take(struct iq_pprof_tables *t,
				  const struct iq_pprof_field *field,
				  struct iq_pprof_type *ret)
{
	struct iq_pprof_value_type m = { 0 };
	struct iq_error *err = iq_pprof_value_type_unpack(
		t->scratch, field->bytes, field->offset, &m);

	*ret = (struct iq_pprof_type){
		.entry.offset = field->offset,
		.type = m.type,
		.unit = m.unit,
	};
	return iq_pprof_tell(t->facts, err);
}

static struct iq_error *sample_type_take(struct iq_pprof_tables *t,
					 const struct iq_pprof_field *field)
{
	struct iq_pprof_type type;
	struct iq_error *err = type_take(t, field, &type);

	// One that is broken keeps its place: samples have a value for it.
	if (!err && !iq_vec_push(&t->types, type))
		err = &iq_enomem;
	return err;
}

/* Id 0 means "none" where others refer to it. */
static bool has_id(struct iq_pprof_tables *t, uint64_t id, uint64_t offset,
		   const char *what)
{
	if (id)
		return true;
	iq_facts_gap_offset(t->facts, IQ_GAP_DAMAGED, offset, "a %s has no id",
			    what);
	return false;
}

static struct iq_error *mapping_take(struct iq_pprof_tables *t,
				     const struct iq_pprof_field *field)
{
	struct iq_pprof_mapping m;
	struct iq_error *err = iq_pprof_mapping_unpack(t->scratch, field->bytes,
						       field->offset, &m);

	if (err)
		return iq_pprof_tell(t->facts, err);
	const struct iq_pprof_module module = {
		.entry = { m.id, field->offset },
		.filename = m.filename,
		.build_id = m.build_id,
	};

	if (has_id(t, m.id, field->offset, "mapping") &&
	    !iq_vec_push(&t->mappings, module))
		return &iq_enomem;
	return NULL;
}

static struct iq_error *function_take(struct iq_pprof_tables *t,
				      const struct iq_pprof_field *field)
{
	struct iq_pprof_function m;
	struct iq_error *err = iq_pprof_function_unpack(
		t->scratch, field->bytes, field->offset, &m);

	if (err)
		return iq_pprof_tell(t->facts, err);
	const struct iq_pprof_symbol symbol = {
		.entry = { m.id, field->offset },
		.name = m.name,
		.system_name = m.system_name,
		.filename = m.filename,
	};

	if (has_id(t, m.id, field->offset, "function") &&
	    !iq_vec_push(&t->functions, symbol))
		return &iq_enomem;
	return NULL;
}

/* Takes the lines of @m, which become calls. */
static struct iq_error *lines_take(struct iq_pprof_tables *t,
				   const struct iq_pprof_location *m,
				   uint64_t offset, uint32_t *num_ret)
{
	size_t num = m->num_lines;

	if (num > IQ_LIMIT_INLINE) {
		iq_facts_gap_offset(t->facts, IQ_GAP_LIMIT, offset,
				    "a location has more than %u lines: the "
				    "outer ones are left out",
				    IQ_LIMIT_INLINE);
		num = IQ_LIMIT_INLINE;
	}
	if (!iq_vec_reserve(&t->calls, num))
		return &iq_enomem;
	for (size_t i = 0; i < num; i++) {
		int64_t line = m->lines[i].line;

		t->calls.data[t->calls.len++] = (struct iq_pprof_call){
			.function = m->lines[i].function_id,
			.line = line > 0 && line <= UINT32_MAX ?
					(uint32_t)line :
					0,
		};
	}
	*num_ret = (uint32_t)num;
	return NULL;
}

static struct iq_error *location_take(struct iq_pprof_tables *t,
				      const struct iq_pprof_field *field)
{
	struct iq_pprof_location m;
	struct iq_error *err = iq_pprof_location_unpack(
		t->scratch, field->bytes, field->offset, &m);
	struct iq_pprof_place place;

	if (err)
		return iq_pprof_tell(t->facts, err);
	if (!has_id(t, m.id, field->offset, "location"))
		return NULL;
	if (t->calls.len > UINT32_MAX - IQ_LIMIT_INLINE) {
		iq_facts_gap_offset(t->facts, IQ_GAP_LIMIT, field->offset,
				    "there are too many lines: a location is "
				    "left out");
		return NULL;
	}
	place = (struct iq_pprof_place){
		.entry = { m.id, field->offset },
		.mapping = m.mapping_id,
		.address = m.address,
		.first_call = (uint32_t)t->calls.len,
	};
	err = lines_take(t, &m, field->offset, &place.num_calls);
	if (!err && !iq_vec_push(&t->locations, place))
		err = &iq_enomem;
	return err;
}

static struct iq_error *string_take(struct iq_pprof_tables *t,
				    const struct iq_pprof_field *field)
{
	bool first = t->strings->offsets.len == 0;

	if (first && field->bytes.len)
		iq_facts_gap_offset(t->facts, IQ_GAP_DAMAGED, field->offset,
				    "the table of strings does not begin with "
				    "an empty one");
	if (!first && !field->bytes.len && t->first_table_end)
		t->second_table = true;
	return iq_vec_push(&t->strings->offsets, field->offset) ? NULL :
								  &iq_enomem;
}

/* Remembers a reference to a string until their number is known. */
static void reference_note(struct iq_pprof_tables *t, uint64_t number,
			   uint64_t value, uint64_t offset)
{
	struct iq_pprof_seen *seen = &t->seen[number];

	if (seen->seen && value <= seen->value)
		return;
	*seen = (struct iq_pprof_seen){ true, value, offset };
}

/* Comments: one number, or several packed ones. */
static struct iq_error *comments_take(struct iq_pprof_tables *t,
				      const struct iq_pprof_field *field)
{
	struct iq_cursor c;

	if (field->wire == IQ_WIRE_VARINT) {
		reference_note(t, field->number, field->value, field->offset);
		return NULL;
	}
	iq_cursor_init(&c, field->bytes.ptr, field->bytes.len,
		       field->bytes_offset);
	while (iq_cursor_left(&c)) {
		uint64_t value = iq_cursor_uleb128(&c, "comment");

		reference_note(t, field->number, value, field->offset);
	}
	return iq_pprof_tell(t->facts, iq_cursor_done(&c));
}

static void number_take(struct iq_pprof_tables *t,
			const struct iq_pprof_field *field)
{
	if (field->number == IQ_PPROF_TIME && field->value)
		t->num_times++;
	t->numbers[field->number] = (int64_t)field->value;
	switch (field->number) {
	case IQ_PPROF_DROP_FRAMES:
	case IQ_PPROF_KEEP_FRAMES:
	case IQ_PPROF_DEFAULT_TYPE:
	case IQ_PPROF_DOC_URL:
		// Only the last one is looked up.
		t->seen[field->number].seen = false;
		reference_note(t, field->number, field->value, field->offset);
		break;
	default:
		t->seen[field->number] = (struct iq_pprof_seen){
			.seen = true,
			.offset = field->offset,
		};
	}
}

static struct iq_error *field_take(struct iq_pprof_tables *t,
				   const struct iq_pprof_field *field)
{
	if (!iq_pprof_field_fits(field)) {
		iq_facts_gap_offset(t->facts, IQ_GAP_DAMAGED, field->offset,
				    "field %" PRIu64 " has wire type %u",
				    field->number, field->wire);
		return NULL;
	}
	if (field->number != IQ_PPROF_STRING && t->strings->offsets.len &&
	    !t->first_table_end)
		t->first_table_end = field->offset;
	switch (field->number) {
	case IQ_PPROF_SAMPLE_TYPE:
		return sample_type_take(t, field);
	case IQ_PPROF_MAPPING:
		return mapping_take(t, field);
	case IQ_PPROF_LOCATION:
		return location_take(t, field);
	case IQ_PPROF_FUNCTION:
		return function_take(t, field);
	case IQ_PPROF_STRING:
		return string_take(t, field);
	case IQ_PPROF_PERIOD_TYPE:
		t->seen[field->number].seen = true;
		return type_take(t, field, &t->period_type);
	case IQ_PPROF_COMMENT:
		return comments_take(t, field);
	case IQ_PPROF_DROP_FRAMES:
	case IQ_PPROF_KEEP_FRAMES:
	case IQ_PPROF_TIME:
	case IQ_PPROF_DURATION:
	case IQ_PPROF_PERIOD:
	case IQ_PPROF_DEFAULT_TYPE:
	case IQ_PPROF_DOC_URL:
		number_take(t, field);
		return NULL;
	case IQ_PPROF_SAMPLE:
		t->num_samples++;
		return NULL;
	default:
		// What later versions may have added.
		return NULL;
	}
}

/* Takes all fields up to @end; what cannot be passed ends the profile. */
static struct iq_error *walk(struct iq_pprof_tables *t, uint64_t end)
{
	struct iq_cursor c = cursor_over(t, 0, end);
	struct iq_error *err = NULL;
	struct iq_pprof_field field;

	t->end = 0;
	while (!err && iq_pprof_field_next(&c, &field)) {
		err = field_take(t, &field);
		t->end = iq_cursor_offset(&c);
	}
	if (err) {
		iq_error_destroy(iq_cursor_done(&c));
		return err;
	}
	err = iq_cursor_done(&c);
	t->cut = err;
	if (err)
		err = iq_error_within(err,
				      "the profile is not read from byte "
				      "%" PRIu64 " on",
				      t->end);
	return iq_pprof_tell(t->facts, err);
}

static void tables_clear(struct iq_pprof_tables *t)
{
	t->strings->offsets.len = 0;
	t->types.len = 0;
	t->mappings.len = 0;
	t->functions.len = 0;
	t->locations.len = 0;
	t->calls.len = 0;
	t->period_type = (struct iq_pprof_type){ 0 };
	memset(t->numbers, 0, sizeof(t->numbers));
	memset(t->seen, 0, sizeof(t->seen));
	t->num_samples = 0;
	t->num_times = 0;
	t->second_table = false;
	t->first_table_end = 0;
}

/*
 * Of two profiles the ids and strings of the second would be taken for those of
 * the first: only that one is read. Writers put its own numbers in front of the
 * table of strings (the runtime) or behind it (github.com/google/pprof).
 */
static struct iq_error *walk_first(struct iq_pprof_tables *t)
{
	uint64_t end = t->first_table_end;
	struct iq_cursor c = cursor_over(t, end, t->source->size);
	struct iq_pprof_field field;
	struct iq_error *err;

	tables_clear(t);
	err = walk(t, end);
	while (!err && iq_pprof_field_next(&c, &field) &&
	       iq_pprof_field_fits(&field) && field.number > IQ_PPROF_STRING &&
	       field.number < IQ_PPROF_NUM_FIELDS &&
	       !t->seen[field.number].seen) {
		err = field_take(t, &field);
		end = iq_cursor_offset(&c);
	}
	iq_error_destroy(iq_cursor_done(&c));
	iq_facts_gap_offset(t->facts, IQ_GAP_UNSUPPORTED, end,
			    "a second profile begins here and is not read: it "
			    "needs a file of its own");
	return err;
}

/* Whether a reference to a string is good. */
static bool string_check(struct iq_pprof_tables *t, int64_t index,
			 uint64_t offset, const char *what)
{
	if (iq_pprof_has_string(t->strings, index))
		return true;
	if (t->strings->offsets.len)
		iq_facts_gap_offset(t->facts, IQ_GAP_DAMAGED, offset,
				    "%s is no string of the %zu in the profile",
				    what, t->strings->offsets.len);
	return false;
}

/* The same; one that is not good becomes that of the empty string. */
static void string_mend(struct iq_pprof_tables *t, int64_t *index,
			uint64_t offset, const char *what)
{
	if (!string_check(t, *index, offset, what))
		*index = 0;
}

static void strings_check(struct iq_pprof_tables *t)
{
	static const char *const names[IQ_PPROF_NUM_FIELDS] = {
		[IQ_PPROF_DROP_FRAMES] = "drop_frames",
		[IQ_PPROF_KEEP_FRAMES] = "keep_frames",
		[IQ_PPROF_COMMENT] = "a comment",
		[IQ_PPROF_DEFAULT_TYPE] = "default_sample_type",
		[IQ_PPROF_DOC_URL] = "doc_url",
	};

	if (!t->strings->offsets.len)
		iq_facts_gap(t->facts, IQ_GAP_MISSING,
			     "the table of strings is missing: nothing in the "
			     "profile has a name");
	for (unsigned i = 0; i < IQ_PPROF_NUM_FIELDS; i++) {
		if (names[i] && t->seen[i].seen)
			string_check(t, (int64_t)t->seen[i].value,
				     t->seen[i].offset, names[i]);
	}
	for (size_t i = 0; i < t->types.len; i++) {
		struct iq_pprof_type *x = &t->types.data[i];

		string_mend(t, &x->type, x->entry.offset, "a sample type");
		string_mend(t, &x->unit, x->entry.offset,
			    "a sample type's unit");
	}
	string_mend(t, &t->period_type.type, t->period_type.entry.offset,
		    "the period's type");
	string_mend(t, &t->period_type.unit, t->period_type.entry.offset,
		    "the period's unit");
	for (size_t i = 0; i < t->mappings.len; i++) {
		struct iq_pprof_module *x = &t->mappings.data[i];

		string_mend(t, &x->filename, x->entry.offset,
			    "a mapping's file");
		string_mend(t, &x->build_id, x->entry.offset,
			    "a mapping's build id");
	}
	for (size_t i = 0; i < t->functions.len; i++) {
		struct iq_pprof_symbol *x = &t->functions.data[i];

		string_mend(t, &x->name, x->entry.offset, "a function's name");
		string_mend(t, &x->system_name, x->entry.offset,
			    "a function's system name");
		string_mend(t, &x->filename, x->entry.offset,
			    "a function's file");
	}
}

static void mapping_twice(void *ctx, uint64_t offset)
{
	struct iq_pprof_tables *t = ctx;

	iq_facts_gap_offset(t->facts, IQ_GAP_DAMAGED, offset,
			    "a mapping has the id of another one");
}

static void function_twice(void *ctx, uint64_t offset)
{
	struct iq_pprof_tables *t = ctx;

	iq_facts_gap_offset(t->facts, IQ_GAP_DAMAGED, offset,
			    "a function has the id of another one");
}

static void location_twice(void *ctx, uint64_t offset)
{
	struct iq_pprof_tables *t = ctx;

	iq_facts_gap_offset(t->facts, IQ_GAP_DAMAGED, offset,
			    "a location has the id of another one");
}

static struct iq_error *ids_init(struct iq_pprof_tables *t)
{
	struct iq_error *err;

	err = iq_pprof_ids_init(&t->mapping_ids, t->mappings.data,
				t->mappings.len, sizeof(*t->mappings.data),
				mapping_twice, t);
	if (!err)
		err = iq_pprof_ids_init(
			&t->function_ids, t->functions.data, t->functions.len,
			sizeof(*t->functions.data), function_twice, t);
	if (!err)
		err = iq_pprof_ids_init(
			&t->location_ids, t->locations.data, t->locations.len,
			sizeof(*t->locations.data), location_twice, t);
	return err;
}

/* Puts indexes in the places of ids. */
static void location_resolve(struct iq_pprof_tables *t,
			     struct iq_pprof_place *place)
{
	uint64_t mapping = place->mapping;

	place->mapping = iq_pprof_ids_find(&t->mapping_ids, mapping);
	// The runtime writes them last: one that is cut has none.
	if (mapping && place->mapping == IQ_PPROF_NONE && !t->cut)
		iq_facts_gap_offset(t->facts, IQ_GAP_DAMAGED,
				    place->entry.offset,
				    "a location is in a mapping that the "
				    "profile does not have");
	for (uint32_t i = 0; i < place->num_calls; i++) {
		struct iq_pprof_call *call =
			&t->calls.data[place->first_call + i];

		call->function =
			iq_pprof_ids_find(&t->function_ids, call->function);
		if (call->function == IQ_PPROF_NONE)
			iq_facts_gap_offset(t->facts, IQ_GAP_DAMAGED,
					    place->entry.offset,
					    "a location has a line of a "
					    "function that the profile does "
					    "not have");
	}
}

struct iq_error *iq_pprof_tables_init(struct iq_pprof_tables *t,
				      struct iq_pprof_strings *strings,
				      struct iq_facts *facts,
				      struct iq_pprof_scratch *scratch)
{
	struct iq_error *err;

	*t = (struct iq_pprof_tables){
		.source = strings->source,
		.strings = strings,
		.facts = facts,
		.scratch = scratch,
	};
	err = walk(t, t->source->size);
	if (!err && t->num_times > 1 && t->second_table)
		err = walk_first(t);
	if (err)
		return err;
	if (t->num_times > 1)
		iq_facts_gap_offset(facts, IQ_GAP_DAMAGED,
				    t->seen[IQ_PPROF_TIME].offset,
				    "the profile has two times: the last one "
				    "counts");
	strings_check(t);
	err = ids_init(t);
	for (size_t i = 0; i < t->locations.len && !err; i++)
		location_resolve(t, &t->locations.data[i]);
	return err;
}

void iq_pprof_tables_deinit(struct iq_pprof_tables *t)
{
	iq_vec_deinit(&t->types);
	iq_vec_deinit(&t->mappings);
	iq_vec_deinit(&t->functions);
	iq_vec_deinit(&t->locations);
	iq_vec_deinit(&t->calls);
	iq_pprof_ids_deinit(&t->mapping_ids);
	iq_pprof_ids_deinit(&t->function_ids);
	iq_pprof_ids_deinit(&t->location_ids);
}
