/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/emit_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <yajl/yajl_gen.h>

#include "reports/utf8.h"

struct iq_json {
	yajl_gen gen;
	struct iq_out *out;
	/* A text with what is no UTF-8 replaced. */
	struct iq_out scratch;
	bool failed;
};

static void json_print(void *ctx, const char *text, size_t len)
{
	iq_out_bytes(ctx, text, len);
}

struct iq_error *iq_json_create(struct iq_out *out, struct iq_json **ret)
{
	struct iq_json *json = calloc(1, sizeof(*json));

	if (!json)
		return &iq_enomem;
	json->out = out;
	iq_out_init_memory(&json->scratch);
	json->gen = yajl_gen_alloc(NULL);
	if (!json->gen || !yajl_gen_config(json->gen, yajl_gen_print_callback,
					   json_print, out)) {
		iq_json_destroy(json);
		return &iq_enomem;
	}
	*ret = json;
	return NULL;
}

void iq_json_destroy(struct iq_json *json)
{
	if (!json)
		return;
	if (json->gen)
		yajl_gen_free(json->gen);
	iq_out_deinit(&json->scratch);
	free(json);
}

void iq_json_destroyp(struct iq_json **json)
{
	iq_json_destroy(*json);
}

struct iq_error *iq_json_done(const struct iq_json *json)
{
	return json->failed ? &iq_enomem : NULL;
}

void iq_json_restart(struct iq_json *json)
{
	yajl_gen_reset(json->gen, NULL);
}

/* The generator refuses only what is no JSON (a value without a key), which
 * would be ours, and what it has no memory for. */
static void check(struct iq_json *json, yajl_gen_status status)
{
	if (status != yajl_gen_status_ok)
		json->failed = true;
}

void iq_json_object(struct iq_json *json)
{
	check(json, yajl_gen_map_open(json->gen));
}

void iq_json_object_end(struct iq_json *json)
{
	check(json, yajl_gen_map_close(json->gen));
}

void iq_json_array(struct iq_json *json)
{
	check(json, yajl_gen_array_open(json->gen));
}

void iq_json_array_end(struct iq_json *json)
{
	check(json, yajl_gen_array_close(json->gen));
}

void iq_json_null(struct iq_json *json)
{
	check(json, yajl_gen_null(json->gen));
}

void iq_json_bool(struct iq_json *json, bool v)
{
	check(json, yajl_gen_bool(json->gen, v));
}

void iq_json_u64(struct iq_json *json, uint64_t v)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%" PRIu64, v);

	// yajl_gen_integer() takes a signed number.
	check(json, yajl_gen_number(json->gen, text, (size_t)len));
}

void iq_json_i64(struct iq_json *json, int64_t v)
{
	check(json, yajl_gen_integer(json->gen, v));
}

void iq_json_hex(struct iq_json *json, uint64_t v)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "0x%" PRIx64, v);

	check(json, yajl_gen_string(json->gen, (const unsigned char *)text,
				    (size_t)len));
}

static bool is_ascii(struct iq_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((uint8_t)s.ptr[i] >= 0x80)
			return false;
	}
	return true;
}

/* @s with U+FFFD for what is no UTF-8; lives until the next call. */
static struct iq_str valid(struct iq_json *json, struct iq_str s)
{
	struct iq_out *text = &json->scratch;
	size_t at = 0, done = 0;

	if (is_ascii(s))
		return s;
	text->len = 0;
	while (at < s.len) {
		uint32_t c;
		size_t len = iq_utf8_decode(iq_str_sub(s, at, s.len), &c);

		if (len) {
			at += len;
			continue;
		}
		iq_out_str(text, iq_str_sub(s, done, at - done));
		iq_out_cstr(text, "\xef\xbf\xbd");
		done = ++at;
	}
	iq_out_str(text, iq_str_sub(s, done, at - done));
	if (text->err)
		json->failed = true;
	return (struct iq_str){ .ptr = text->buf, .len = text->len };
}

void iq_json_str(struct iq_json *json, struct iq_str s)
{
	struct iq_str text = valid(json, s);

	check(json,
	      yajl_gen_string(json->gen,
			      (const unsigned char *)(text.ptr ? text.ptr : ""),
			      text.len));
}

void iq_json_text(struct iq_json *json, struct iq_str s)
{
	if (s.len)
		iq_json_str(json, s);
	else
		iq_json_null(json);
}

void iq_json_cstr(struct iq_json *json, const char *s)
{
	iq_json_str(json, iq_str_of(s));
}

void iq_json_key(struct iq_json *json, const char *key)
{
	iq_json_cstr(json, key);
}

void iq_json_key_str(struct iq_json *json, struct iq_str key)
{
	iq_json_str(json, key);
}

void iq_json_pair_bool(struct iq_json *json, const char *key, bool v)
{
	iq_json_key(json, key);
	iq_json_bool(json, v);
}

void iq_json_pair_u64(struct iq_json *json, const char *key, uint64_t v)
{
	iq_json_key(json, key);
	iq_json_u64(json, v);
}

void iq_json_pair_i64(struct iq_json *json, const char *key, int64_t v)
{
	iq_json_key(json, key);
	iq_json_i64(json, v);
}

void iq_json_pair_str(struct iq_json *json, const char *key, struct iq_str s)
{
	iq_json_key(json, key);
	iq_json_str(json, s);
}

void iq_json_pair_text(struct iq_json *json, const char *key, struct iq_str s)
{
	iq_json_key(json, key);
	iq_json_text(json, s);
}

void iq_json_pair_cstr(struct iq_json *json, const char *key, const char *s)
{
	iq_json_key(json, key);
	iq_json_cstr(json, s);
}

void iq_json_maybe_u64(struct iq_json *json, const char *key, bool known,
		       uint64_t v)
{
	iq_json_key(json, key);
	if (known)
		iq_json_u64(json, v);
	else
		iq_json_null(json);
}

void iq_json_maybe_i64(struct iq_json *json, const char *key, bool known,
		       int64_t v)
{
	iq_json_key(json, key);
	if (known)
		iq_json_i64(json, v);
	else
		iq_json_null(json);
}

void iq_json_frame(struct iq_json *json, const struct iq_frame *frame)
{
	if (!frame) {
		iq_json_null(json);
		return;
	}
	iq_json_object(json);
	iq_json_key(json, "function");
	iq_json_text(json, frame->function);
	iq_json_key(json, "file");
	iq_json_text(json, frame->file);
	iq_json_key(json, "line");
	if (frame->line)
		iq_json_u64(json, frame->line);
	else
		iq_json_null(json);
	iq_json_key(json, "pc");
	if (frame->has_pc)
		iq_json_hex(json, frame->pc);
	else
		iq_json_null(json);
	iq_json_key(json, "inlined");
	iq_json_bool(json, frame->inlined);
	if (frame->foreign)
		iq_json_pair_bool(json, "foreign", true);
	if (frame->guessed)
		iq_json_pair_bool(json, "guessed", true);
	if (frame->module.len) {
		iq_json_key(json, "module");
		iq_json_str(json, frame->module);
	}
	iq_json_object_end(json);
}

void iq_json_frames(struct iq_json *json, const struct iq_stack *stack)
{
	iq_json_array(json);
	for (uint32_t i = 0; stack && i < stack->num_frames; i++)
		iq_json_frame(json, stack->frames[i]);
	iq_json_array_end(json);
}

void iq_json_labels(struct iq_json *json, const struct iq_labels *labels)
{
	iq_json_object(json);
	for (size_t i = 0; labels && i < labels->num; i++) {
		iq_json_key_str(json, labels->items[i].key);
		iq_json_str(json, labels->items[i].value);
	}
	iq_json_object_end(json);
}

static void put_problem(struct iq_json *json, const struct iq_gap *gap)
{
	iq_json_object(json);
	iq_json_key(json, "code");
	iq_json_cstr(json, iq_gap_code_name(gap->code));
	iq_json_key(json, "text");
	iq_json_str(json, gap->text);
	if (gap->has_offset) {
		iq_json_key(json, "offset");
		iq_json_hex(json, gap->offset);
	}
	if (gap->has_addr) {
		iq_json_key(json, "address");
		iq_json_hex(json, gap->addr);
	}
	if (gap->count > 1) {
		iq_json_key(json, "count");
		iq_json_u64(json, gap->count);
	}
	iq_json_object_end(json);
}

void iq_json_tristate(struct iq_json *json, const char *key, enum iq_tristate v)
{
	iq_json_key(json, key);
	if (v == IQ_UNKNOWN)
		iq_json_null(json);
	else
		iq_json_bool(json, v == IQ_YES);
}

void iq_json_problems(struct iq_json *json, const struct iq_gap *gaps,
		      size_t num)
{
	iq_json_array(json);
	for (size_t i = 0; i < num; i++)
		put_problem(json, &gaps[i]);
	iq_json_array_end(json);
}
