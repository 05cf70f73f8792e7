/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as a stream, and the one place that escapes it. Text from the input that
 * is no UTF-8 becomes U+FFFD. The first failure is kept for the end.
 */
#ifndef IQ_REPORTS_EMIT_JSON_H
#define IQ_REPORTS_EMIT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/out.h"
#include "base/str.h"
#include "model/fact.h"

struct iq_json;

/* Writes to @out, which must outlive it. */
struct iq_error *iq_json_create(struct iq_out *out, struct iq_json **ret)
	iq_must_check;
void iq_json_destroy(struct iq_json *json);
/* For iq_cleanup(). */
void iq_json_destroyp(struct iq_json **json);
/* The failure that was kept, if there was one. */
struct iq_error *iq_json_done(const struct iq_json *json) iq_must_check;
/* Begins another value of its own, without a separator. */
void iq_json_restart(struct iq_json *json);

void iq_json_object(struct iq_json *json);
void iq_json_object_end(struct iq_json *json);
void iq_json_array(struct iq_json *json);
void iq_json_array_end(struct iq_json *json);

void iq_json_null(struct iq_json *json);
void iq_json_bool(struct iq_json *json, bool v);
void iq_json_u64(struct iq_json *json, uint64_t v);
void iq_json_i64(struct iq_json *json, int64_t v);
/* "0x…", as a string. */
void iq_json_hex(struct iq_json *json, uint64_t v);
void iq_json_str(struct iq_json *json, struct iq_str s);
/* null where the text is empty: unknown. */
void iq_json_text(struct iq_json *json, struct iq_str s);
void iq_json_cstr(struct iq_json *json, const char *s);

/* A key, which is also how the values above are named in an object. */
void iq_json_key(struct iq_json *json, const char *key);
void iq_json_key_str(struct iq_json *json, struct iq_str key);
/* A key with its value. */
void iq_json_pair_bool(struct iq_json *json, const char *key, bool v);
void iq_json_pair_u64(struct iq_json *json, const char *key, uint64_t v);
void iq_json_pair_i64(struct iq_json *json, const char *key, int64_t v);
/* The input's own words, which may be empty: "" and not null. */
void iq_json_pair_str(struct iq_json *json, const char *key, struct iq_str s);
void iq_json_pair_text(struct iq_json *json, const char *key, struct iq_str s);
void iq_json_pair_cstr(struct iq_json *json, const char *key, const char *s);
/* A key with its value, null if that is not @known. */
void iq_json_maybe_u64(struct iq_json *json, const char *key, bool known,
		       uint64_t v);
void iq_json_maybe_i64(struct iq_json *json, const char *key, bool known,
		       int64_t v);

/* FRAME of the contract; null for NULL. */
void iq_json_frame(struct iq_json *json, const struct iq_frame *frame);
/* A key with its value, null if that is unknown. */
void iq_json_tristate(struct iq_json *json, const char *key,
		      enum iq_tristate v);
/* An array of them; empty for NULL. */
void iq_json_frames(struct iq_json *json, const struct iq_stack *stack);
/* The contract's "problems": an array of gaps. */
void iq_json_problems(struct iq_json *json, const struct iq_gap *gaps,
		      size_t num);
/* An object of keys and values; empty for NULL. */
void iq_json_labels(struct iq_json *json, const struct iq_labels *labels);

#endif
