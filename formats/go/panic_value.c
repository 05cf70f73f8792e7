/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/panic_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/out.h"
#include "formats/go/scene.h"
#include "formats/go/type.h"
#include "formats/go/value.h"

/* Bytes of a message that are shown. */
#define MESSAGE_MAX 4096
/* Minor version from which on print() writes floats as short as may be. */
#define FLOATS_SHORT 26

/* The string at @addr; false if it is unreadable. */
static bool put_string(const struct iq_memory *mem, uint64_t addr,
		       struct iq_out *out)
{
	char text[MESSAGE_MAX];
	uint64_t ptr, len;

	if (!iq_memory_u64(mem, addr, &ptr) ||
	    !iq_memory_u64(mem, addr + 8, &len))
		return false;
	if (len > sizeof(text))
		len = sizeof(text);
	if (!iq_memory_read(mem, ptr, len, text))
		return false;

	iq_out_bytes(out, text, len);
	return true;
}

/* As print() does it: "+1.500000e+000" up to 1.25, then "1.5".
 * Go: src/runtime/print.go, printfloat; 1.26: printfloat64, printfloat32. */
static void put_float(const struct iq_go_runtime *rt, double value,
		      bool is_single, struct iq_out *out)
{
	char text[40];
	char *exponent;

	if (rt->version->minor >= FLOATS_SHORT) {
		iq_go_value_float(value, is_single, out);
		return;
	}
	if (value != value) {
		iq_out_cstr(out, "NaN");
		return;
	}
	if (value > 1.7976931348623157e308 || value < -1.7976931348623157e308) {
		iq_out_cstr(out, value > 0 ? "+Inf" : "-Inf");
		return;
	}
	snprintf(text, sizeof(text), "%+.6e", value);
	exponent = strchr(text, 'e');
	if (!exponent)
		return;
	iq_out_bytes(out, text, (size_t)(exponent - text) + 2);
	if (strlen(exponent + 2) < 3)
		iq_out_char(out, '0');
	iq_out_cstr(out, exponent + 2);
}

static int64_t sign_extend(uint64_t value, uint64_t size)
{
	unsigned shift = (unsigned)(64 - 8 * size);

	return (int64_t)(value << shift) >> shift;
}

/* Go: src/runtime/print.go, printcomplex; 1.26: printcomplex128. */
static bool put_complex(const struct iq_go_runtime *rt,
			const struct iq_go_type *type, uint64_t addr,
			struct iq_out *out)
{
	double parts[2];

	if (!iq_go_value_complex(rt->memory, type, addr, parts))
		return false;
	if (rt->version->minor >= FLOATS_SHORT) {
		iq_go_value_put_complex(parts, type->size == 8, out);
		return true;
	}
	iq_out_char(out, '(');
	put_float(rt, parts[0], false, out);
	put_float(rt, parts[1], false, out);
	iq_out_cstr(out, "i)");
	return true;
}

/* A number or a truth value at @addr; false if the kind is another one. */
static bool put_scalar(const struct iq_go_runtime *rt,
		       const struct iq_go_type *type, uint64_t addr,
		       struct iq_out *out)
{
	const struct iq_memory *mem = rt->memory;
	uint64_t value;
	double d;
	float f;

	if (type->kind < IQ_GO_KIND_BOOL || type->kind > IQ_GO_KIND_FLOAT64 ||
	    !type->size || type->size > 8 ||
	    !iq_memory_uint(mem, addr, (unsigned)type->size, &value))
		return false;
	if (type->kind == IQ_GO_KIND_BOOL) {
		iq_out_cstr(out, value ? "true" : "false");
	} else if (type->kind <= IQ_GO_KIND_INT64) {
		iq_out_printf(out, "%" PRId64, sign_extend(value, type->size));
	} else if (type->kind <= IQ_GO_KIND_UINTPTR) {
		iq_out_u64(out, value);
	} else if (type->kind == IQ_GO_KIND_FLOAT32) {
		uint32_t bits = (uint32_t)value;

		memcpy(&f, &bits, sizeof(f));
		put_float(rt, (double)f, true, out);
	} else {
		memcpy(&d, &value, sizeof(d));
		put_float(rt, d, false, out);
	}
	return true;
}

/*
 * Errors that are not strings yet: the process ended before the runtime asked
 * them for their text, which these have as it is.
 * Go: src/runtime/error.go; src/errors/errors.go; src/fmt/errors.go.
 */
/* clang-format off */
static const struct {
	const char *name;
	const char *prefix;
} errors[] = {
	{ "runtime.errorString", "runtime error: " },
	{ "runtime.plainError", "" },
	{ "*errors.errorString", "" },
	{ "*fmt.wrapError", "" },
	{ "*fmt.wrapErrors", "" },
};
/* clang-format on */

static bool put_error(const struct iq_memory *mem, struct iq_str name,
		      uint64_t data, struct iq_out *out)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(errors); i++) {
		if (!iq_str_equal(name, iq_str_of(errors[i].name)))
			continue;
		iq_out_cstr(out, errors[i].prefix);
		return put_string(mem, data, out);
	}
	return false;
}

/* Go: src/runtime/error.go, printpanicval and printanycustomtype. */
static bool put_value(const struct iq_go_runtime *rt,
		      const struct iq_go_type *type, uint64_t data,
		      struct iq_out *out)
{
	struct iq_str name = { type->name, type->name_len };
	bool is_string = type->kind == IQ_GO_KIND_STRING;
	bool is_builtin = iq_str_find(name, '.') == name.len;

	if (is_builtin && is_string)
		return put_string(rt->memory, data, out);
	if (is_builtin && put_scalar(rt, type, data, out))
		return true;
	// What is no builtin has its type's name in front, without parentheses.
	if (type->kind == IQ_GO_KIND_COMPLEX64 ||
	    type->kind == IQ_GO_KIND_COMPLEX128) {
		if (!is_builtin)
			iq_out_str(out, name);
		return put_complex(rt, type, data, out);
	}
	if (put_error(rt->memory, name, data, out))
		return true;
	if (is_string) {
		iq_out_str(out, name);
		iq_out_cstr(out, "(\"");
		if (!put_string(rt->memory, data, out))
			return false;
		iq_out_cstr(out, "\")");
		return true;
	}
	if (type->kind <= IQ_GO_KIND_FLOAT64) {
		iq_out_str(out, name);
		iq_out_char(out, '(');
		if (!put_scalar(rt, type, data, out))
			return false;
		iq_out_char(out, ')');
		return true;
	}
	iq_out_char(out, '(');
	iq_out_str(out, name);
	iq_out_cstr(out, ") ");
	iq_out_hex(out, data);
	return true;
}

/* The message of the interface value at @addr; NULL, or why it is unknown. */
static const char *put_message(const struct iq_go_runtime *rt, uint64_t addr,
			       struct iq_out *out)
{
	struct iq_go_type type;
	uint64_t type_addr, data;

	if (!iq_memory_u64(rt->memory, addr, &type_addr) ||
	    !iq_memory_u64(rt->memory, addr + 8, &data))
		return "its value is not in the core";
	if (!type_addr) {
		iq_out_cstr(out, "nil");
		return NULL;
	}
	if (!iq_go_type_read(rt, type_addr, &type))
		return "the type of its value is not in the core";
	return put_value(rt, &type, data, out) ? NULL :
						 "its value is not in the core";
}

struct iq_error *iq_go_panic_value(const struct iq_go_runtime *rt,
				   uint64_t addr, struct iq_str *ret,
				   const char **why_ret)
{
	struct iq_error *err = NULL;
	struct iq_out out;

	*ret = IQ_STR("");
	iq_out_init_memory(&out);
	*why_ret = put_message(rt, addr, &out);
	if (!*why_ret) {
		struct iq_str all = { out.buf, out.len };

		err = iq_out_flush(&out);
		if (!err)
			err = iq_facts_string(
				rt->facts,
				iq_str_sub(all, 0, iq_str_find(all, '\n')),
				ret);
	}
	iq_out_deinit(&out);
	return err;
}

struct iq_error *iq_go_panic_text(const struct iq_go_runtime *rt, uint64_t addr,
				  struct iq_str *ret, const char **why_ret)
{
	struct iq_error *err = NULL;
	struct iq_out raw, clean;

	*ret = IQ_STR("");
	iq_out_init_memory(&raw);
	iq_out_init_memory(&clean);
	*why_ret = put_message(rt, addr, &raw);
	if (!*why_ret) {
		iq_go_scene_clean(&clean, (struct iq_str){ raw.buf, raw.len });
		err = iq_out_flush(&raw);
		if (!err)
			err = iq_go_scene_text(rt->facts, &clean, ret);
	}
	iq_out_deinit(&raw);
	iq_out_deinit(&clean);
	return err;
}
