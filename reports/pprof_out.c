/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/pprof_out.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "formats/pprof/profile.pb-c.h"
#include "reports/gzip_out.h"
#include "reports/utf8.h"

/* Fields of message Profile. */
enum {
	FIELD_SAMPLE_TYPE = 1,
	FIELD_SAMPLE = 2,
	FIELD_MAPPING = 3,
	FIELD_LOCATION = 4,
	FIELD_FUNCTION = 5,
	FIELD_STRING = 6,
	FIELD_TIME = 9,
	FIELD_PERIOD_TYPE = 11,
	FIELD_PERIOD = 12,
	FIELD_COMMENT = 13,
	FIELD_DEFAULT_TYPE = 14,
};

/* Wire types of protobuf. */
enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

#define VARINT_MAX 10
/* Where the code of a program can lie; pages of mappings. */
#define PAGE_SIZE 4096

struct string {
	UT_hash_handle hh;
	struct iq_str text;
	int64_t number;
};

struct function_key {
	int64_t name;
	int64_t file;
};

struct function {
	UT_hash_handle hh;
	struct function_key key;
	uint64_t id;
};

/* A call and what it is inlined into. */
struct location_key {
	const struct iq_frame *first;
	const struct iq_frame *last;
};

struct location {
	UT_hash_handle hh;
	struct location_key key;
	const struct iq_frame *const *frames;
	size_t num;
	uint64_t id;
	uint64_t mapping;
};

/* A file with code, by its name. */
struct mapping {
	UT_hash_handle hh;
	struct iq_str file;
	uint64_t id;
	uint64_t low;
	uint64_t high;
};

struct iq_pprof_out {
	struct iq_gzip_out *gz;
	struct iq_arena arena;
	struct string *strings;
	struct function *functions;
	struct location *locations;
	struct mapping *mappings;
	uint64_t num_locations;
	uint64_t num_functions;
	size_t num_types;
	bool hides_wrappers;
	struct iq_str executable;
	struct iq_str build_id;
	IQ_VEC(uint8_t) packed;
	IQ_VEC(char) clean;
	IQ_VEC(uint64_t) ids;
	IQ_VEC(Pprof__Label) labels;
	IQ_VEC(Pprof__Label *) label_places;
};

/* ---- fields */

static size_t varint_put(uint8_t *dst, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		dst[n++] = (uint8_t)(v | 0x80);
	dst[n++] = (uint8_t)v;
	return n;
}

static struct iq_error *put_bytes(struct iq_pprof_out *p, unsigned field,
				  const void *data, size_t len)
{
	uint8_t head[2 * VARINT_MAX];
	size_t n = varint_put(head, field << 3 | WIRE_BYTES);
	struct iq_error *err;

	n += varint_put(head + n, len);
	err = iq_gzip_out_bytes(p->gz, head, n);
	return err ? err : iq_gzip_out_bytes(p->gz, data, len);
}

/* Zero is what a number is that is not there. */
static struct iq_error *put_number(struct iq_pprof_out *p, unsigned field,
				   int64_t value)
{
	uint8_t bytes[2 * VARINT_MAX];
	size_t n;

	if (!value)
		return NULL;
	n = varint_put(bytes, field << 3 | WIRE_VARINT);
	n += varint_put(bytes + n, (uint64_t)value);
	return iq_gzip_out_bytes(p->gz, bytes, n);
}

static struct iq_error *put_message(struct iq_pprof_out *p, unsigned field,
				    const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);

	p->packed.len = 0;
	if (!iq_vec_reserve(&p->packed, size + 1))
		return &iq_enomem;
	protobuf_c_message_pack(message, p->packed.data);
	return put_bytes(p, field, p->packed.data, size);
}

/* ---- what is kept until the end */

/* Bytes at the start of @text that are UTF-8. */
static size_t valid_len(struct iq_str text)
{
	size_t at = 0, len;
	uint32_t c;

	while ((len = iq_utf8_decode(iq_str_sub(text, at, text.len), &c)))
		at += len;
	return at;
}

/* @text as what a string of protobuf must be, which the reader of Go refuses
 * otherwise: UTF-8. Valid until the next one. */
static bool text_clean(struct iq_pprof_out *p, struct iq_str text,
		       struct iq_str *ret)
{
	static const char replacement[] = "\xef\xbf\xbd"; // U+FFFD
	size_t len = valid_len(text);

	*ret = text;
	if (len == text.len)
		return true;
	p->clean.len = 0;
	if (!iq_vec_reserve(&p->clean, text.len))
		return false;
	for (;;) {
		for (size_t i = 0; i < len; i++) {
			if (!iq_vec_push(&p->clean, text.ptr[i]))
				return false;
		}
		text = iq_str_sub(text, len, text.len);
		if (!text.len)
			break;
		for (size_t i = 0; i < 3; i++) {
			if (!iq_vec_push(&p->clean, replacement[i]))
				return false;
		}
		text = iq_str_sub(text, 1, text.len);
		len = valid_len(text);
	}
	*ret = (struct iq_str){ .ptr = p->clean.data, .len = p->clean.len };
	return true;
}

static struct iq_error *string_keep(struct iq_pprof_out *p, struct iq_str input,
				    int64_t *ret)
{
	bool iq_map_failed = false;
	struct iq_str text;
	struct string *s;
	char *copy;

	if (!text_clean(p, input, &text))
		return &iq_enomem;
	HASH_FIND(hh, p->strings, text.ptr ? text.ptr : "", text.len, s);
	if (s) {
		*ret = s->number;
		return NULL;
	}
	s = iq_arena_calloc(&p->arena, 1, sizeof(*s));
	copy = iq_arena_alloc(&p->arena, text.len + 1);
	if (!s || !copy)
		return &iq_enomem;
	if (text.len)
		memcpy(copy, text.ptr, text.len);
	copy[text.len] = 0;
	s->text = (struct iq_str){ .ptr = copy, .len = text.len };
	s->number = (int64_t)HASH_COUNT(p->strings);
	HASH_ADD_KEYPTR(hh, p->strings, copy, text.len, s);
	*ret = s->number;
	return iq_map_failed ? &iq_enomem : NULL;
}

static struct iq_error *function_keep(struct iq_pprof_out *p,
				      const struct iq_frame *frame,
				      uint64_t *ret)
{
	bool iq_map_failed = false;
	struct function_key key = { 0 };
	struct function *f;
	struct iq_error *err = string_keep(p, frame->function, &key.name);

	if (!err)
		err = string_keep(p, frame->file, &key.file);
	if (err)
		return err;
	HASH_FIND(hh, p->functions, &key, sizeof(key), f);
	if (!f) {
		f = iq_arena_calloc(&p->arena, 1, sizeof(*f));
		if (!f)
			return &iq_enomem;
		f->key = key;
		f->id = ++p->num_functions;
		HASH_ADD(hh, p->functions, key, sizeof(key), f);
	}
	*ret = f->id;
	return iq_map_failed ? &iq_enomem : NULL;
}

/* Of the call itself, not of where it returns to: as Go's profiles have it. */
static uint64_t address_of(const struct iq_frame *frame)
{
	if (!frame->has_pc)
		return 0;
	return frame->pc_exact || !frame->pc ? frame->pc : frame->pc - 1;
}

static struct iq_error *mapping_keep(struct iq_pprof_out *p,
				     const struct iq_frame *frame,
				     uint64_t *ret)
{
	struct iq_str file = frame->module.len ? frame->module : p->executable;
	uint64_t addr = address_of(frame);
	bool iq_map_failed = false;
	struct mapping *m;

	HASH_FIND(hh, p->mappings, file.ptr ? file.ptr : "", file.len, m);
	if (!m) {
		m = iq_arena_calloc(&p->arena, 1, sizeof(*m));
		if (!m)
			return &iq_enomem;
		m->file = file;
		m->id = HASH_COUNT(p->mappings) + 1;
		HASH_ADD_KEYPTR(hh, p->mappings, file.ptr ? file.ptr : "",
				file.len, m);
	}
	if (addr && (!m->low || addr < m->low))
		m->low = addr;
	if (addr > m->high)
		m->high = addr;
	*ret = m->id;
	return iq_map_failed ? &iq_enomem : NULL;
}

/* The location of @frames[0], which is inlined into the others, if there are
 * any. */
static struct iq_error *location_keep(struct iq_pprof_out *p,
				      const struct iq_frame *const *frames,
				      size_t num, uint64_t *ret)
{
	struct location_key key = { frames[0], frames[num - 1] };
	bool iq_map_failed = false;
	struct iq_error *err = NULL;
	struct location *l;

	HASH_FIND(hh, p->locations, &key, sizeof(key), l);
	if (!l) {
		l = iq_arena_calloc(&p->arena, 1, sizeof(*l));
		if (!l)
			return &iq_enomem;
		l->key = key;
		l->frames = frames;
		l->num = num;
		l->id = ++p->num_locations;
		err = mapping_keep(p, frames[num - 1], &l->mapping);
		HASH_ADD(hh, p->locations, key, sizeof(key), l);
	}
	*ret = l->id;
	return iq_map_failed ? &iq_enomem : err;
}

/* ---- samples */

/* Whether @inner is inlined into @outer. */
static bool is_within(const struct iq_frame *inner,
		      const struct iq_frame *outer)
{
	return inner->inlined && inner->entry == outer->entry;
}

static bool is_hidden(const struct iq_pprof_out *p,
		      const struct iq_frame *const *frames, size_t num)
{
	for (size_t i = 0; i < num; i++) {
		if (!p->hides_wrappers || !frames[i]->wrapper)
			return false;
	}
	return true;
}

static struct iq_error *locations_collect(struct iq_pprof_out *p,
					  const struct iq_frame *const *frames,
					  size_t num)
{
	struct iq_error *err = NULL;

	p->ids.len = 0;
	for (size_t i = 0, n; i < num && !err; i += n) {
		uint64_t id = 0;

		for (n = 1;
		     i + n < num && is_within(frames[i + n - 1], frames[i + n]);
		     n++)
			;
		if (is_hidden(p, frames + i, n))
			continue;
		err = location_keep(p, frames + i, n, &id);
		if (!err && !iq_vec_push(&p->ids, id))
			err = &iq_enomem;
	}
	return err;
}

static struct iq_error *label_add(struct iq_pprof_out *p,
				  const struct iq_pprof_out_label *label)
{
	Pprof__Label l = PPROF__LABEL__INIT;
	struct iq_error *err = string_keep(p, label->key, &l.key);

	if (!err && label->text.len)
		err = string_keep(p, label->text, &l.str);
	else if (!err)
		l.num = label->number;
	if (!err && label->unit.len)
		err = string_keep(p, label->unit, &l.num_unit);
	if (err)
		return err;
	return iq_vec_push(&p->labels, l) ? NULL : &iq_enomem;
}

static struct iq_error *labels_collect(struct iq_pprof_out *p,
				       const struct iq_pprof_out_label *labels,
				       size_t num)
{
	struct iq_error *err = NULL;

	p->labels.len = 0;
	p->label_places.len = 0;
	for (size_t i = 0; i < num && !err; i++)
		err = label_add(p, &labels[i]);
	if (err)
		return err;
	for (size_t i = 0; i < p->labels.len; i++) {
		if (!iq_vec_push(&p->label_places, &p->labels.data[i]))
			return &iq_enomem;
	}
	return NULL;
}

struct iq_error *iq_pprof_out_sample(struct iq_pprof_out *p,
				     const struct iq_frame *const *frames,
				     size_t num_frames, const int64_t *values,
				     const struct iq_pprof_out_label *labels,
				     size_t num_labels)
{
	Pprof__Sample sample = PPROF__SAMPLE__INIT;
	int64_t copies[IQ_PPROF_OUT_VALUES];
	struct iq_error *err = locations_collect(p, frames, num_frames);

	if (!err)
		err = labels_collect(p, labels, num_labels);
	if (err)
		return err;
	memcpy(copies, values, p->num_types * sizeof(*values));
	sample.n_location_id = p->ids.len;
	sample.location_id = p->ids.data;
	sample.n_value = p->num_types;
	sample.value = copies;
	sample.n_label = p->label_places.len;
	sample.label = p->label_places.data;
	return put_message(p, FIELD_SAMPLE, &sample.base);
}

struct iq_error *iq_pprof_out_comment(struct iq_pprof_out *p,
				      struct iq_str text)
{
	int64_t number = 0;
	struct iq_error *err = string_keep(p, text, &number);

	return err ? err : put_number(p, FIELD_COMMENT, number);
}

/* ---- beginning and end */

static struct iq_error *put_type(struct iq_pprof_out *p, unsigned field,
				 const struct iq_value_type *type)
{
	Pprof__ValueType t = PPROF__VALUE_TYPE__INIT;
	struct iq_error *err = string_keep(p, type->type, &t.type);

	if (!err)
		err = string_keep(p, type->unit, &t.unit);
	return err ? err : put_message(p, field, &t.base);
}

static struct iq_error *put_head(struct iq_pprof_out *p,
				 const struct iq_pprof_head *head)
{
	int64_t number;
	// The first string is the empty one.
	struct iq_error *err = string_keep(p, IQ_STR(""), &number);

	for (size_t i = 0; i < head->num_types && !err; i++)
		err = put_type(p, FIELD_SAMPLE_TYPE, &head->types[i]);
	if (!err)
		err = put_type(p, FIELD_PERIOD_TYPE, &head->period_type);
	if (!err)
		err = put_number(p, FIELD_PERIOD, head->period);
	if (!err)
		err = put_number(p, FIELD_TIME, head->time_ns);
	if (!err)
		err = string_keep(p, head->default_type, &number);
	return err ? err : put_number(p, FIELD_DEFAULT_TYPE, number);
}

struct iq_error *iq_pprof_out_create(struct iq_out *out,
				     const struct iq_pprof_head *head,
				     struct iq_pprof_out **ret)
{
	struct iq_pprof_out *p = calloc(1, sizeof(*p));
	struct iq_error *err;

	if (!p)
		return &iq_enomem;
	iq_arena_init(&p->arena);
	p->num_types = head->num_types;
	p->hides_wrappers = head->hides_wrappers;
	p->executable = head->executable;
	p->build_id = head->build_id;
	err = iq_gzip_out_create(out, &p->gz);
	if (!err)
		err = put_head(p, head);
	if (err)
		iq_pprof_out_destroy(p);
	else
		*ret = p;
	return err;
}

void iq_pprof_out_destroy(struct iq_pprof_out *p)
{
	if (!p)
		return;
	HASH_CLEAR(hh, p->strings);
	HASH_CLEAR(hh, p->functions);
	HASH_CLEAR(hh, p->locations);
	HASH_CLEAR(hh, p->mappings);
	iq_vec_deinit(&p->packed);
	iq_vec_deinit(&p->clean);
	iq_vec_deinit(&p->ids);
	iq_vec_deinit(&p->labels);
	iq_vec_deinit(&p->label_places);
	iq_gzip_out_destroy(p->gz);
	iq_arena_deinit(&p->arena);
	free(p);
}

static struct iq_error *put_location(struct iq_pprof_out *p,
				     const struct location *l)
{
	Pprof__Location location = PPROF__LOCATION__INIT;
	Pprof__Line *lines = calloc(l->num, sizeof(*lines));
	Pprof__Line **places = calloc(l->num, sizeof(*places));
	struct iq_error *err = lines && places ? NULL : &iq_enomem;
	// Of code without a name the address alone is known.
	bool is_named = l->key.first->function.len;
	size_t num = 0;

	for (size_t i = 0; is_named && i < l->num && !err; i++) {
		Pprof__Line *line = &lines[num];

		if (is_hidden(p, &l->frames[i], 1))
			continue;
		places[num++] = line;
		pprof__line__init(line);
		line->line = l->frames[i]->line;
		err = function_keep(p, l->frames[i], &line->function_id);
	}
	location.id = l->id;
	location.mapping_id = l->mapping;
	location.address = address_of(l->key.first);
	location.n_line = num;
	location.line = places;
	if (!err)
		err = put_message(p, FIELD_LOCATION, &location.base);
	free(places);
	free(lines);
	return err;
}

static struct iq_error *put_function(struct iq_pprof_out *p,
				     const struct function *f)
{
	Pprof__Function function = PPROF__FUNCTION__INIT;

	function.id = f->id;
	function.name = f->key.name;
	function.system_name = f->key.name;
	function.filename = f->key.file;
	return put_message(p, FIELD_FUNCTION, &function.base);
}

/* Everything is named already: pprof need not look for the file. */
static struct iq_error *put_mapping(struct iq_pprof_out *p,
				    const struct mapping *m)
{
	Pprof__Mapping mapping = PPROF__MAPPING__INIT;
	struct iq_error *err = string_keep(p, m->file, &mapping.filename);

	if (!err && iq_str_equal(m->file, p->executable))
		err = string_keep(p, p->build_id, &mapping.build_id);
	mapping.id = m->id;
	mapping.memory_start = m->low / PAGE_SIZE * PAGE_SIZE;
	mapping.memory_limit = (m->high / PAGE_SIZE + 1) * PAGE_SIZE;
	mapping.has_functions = true;
	mapping.has_filenames = true;
	mapping.has_line_numbers = true;
	mapping.has_inline_frames = true;
	return err ? err : put_message(p, FIELD_MAPPING, &mapping.base);
}

struct iq_error *iq_pprof_out_finish(struct iq_pprof_out *p)
{
	struct iq_error *err = NULL;

	for (struct location *l = p->locations; l && !err; l = l->hh.next)
		err = put_location(p, l);
	for (struct mapping *m = p->mappings; m && !err; m = m->hh.next)
		err = put_mapping(p, m);
	for (struct function *f = p->functions; f && !err; f = f->hh.next)
		err = put_function(p, f);
	for (struct string *s = p->strings; s && !err; s = s->hh.next)
		err = put_bytes(p, FIELD_STRING, s->text.ptr, s->text.len);
	return err ? err : iq_gzip_out_finish(p->gz);
}
