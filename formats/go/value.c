/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/go/record.h"

/* Structs in structs that are shown, fields of one, fields of all. */
#define DEPTH_MAX 2
#define FIELDS_MAX 64
#define ALL_FIELDS_MAX 256
#define NAME_MAX_LEN 1024

bool iq_go_value_string(const struct iq_memory *mem, uint64_t addr,
			struct iq_out *out)
{
	char text[IQ_GO_VALUE_MAX];
	uint64_t ptr, len, shown;

	if (!iq_memory_u64(mem, addr, &ptr) ||
	    !iq_memory_u64(mem, addr + 8, &len) || len > INT64_MAX)
		return false;
	shown = len < sizeof(text) ? len : sizeof(text);
	if (shown && !iq_memory_read(mem, ptr, shown, text))
		return false;
	iq_go_scene_clean(out, (struct iq_str){ text, shown });
	if (shown < len)
		iq_out_printf(out, "… (%" PRIu64 " bytes)", len);
	return true;
}

/* Decimal digits and exponent of @value, as few as give it back. */
static bool shortest(double value, bool is_single, char *buf, size_t size)
{
	for (int digits = 0; digits < 17; digits++) {
		double back;

		snprintf(buf, size, "%.*e", digits, value);
		back = strtod(buf, NULL);
		if (is_single ? (float)back == (float)value : back == value)
			return true;
	}
	return false;
}

void iq_go_value_float(double value, bool is_single, struct iq_out *out)
{
	char buf[40], plain[48];
	const char *digits;
	int exponent, num;

	if (isnan(value) || isinf(value)) {
		iq_out_cstr(out, isnan(value) ? "NaN" :
				 value > 0    ? "+Inf" :
						"-Inf");
		return;
	}
	if (!shortest(value, is_single, buf, sizeof(buf)) || !strchr(buf, 'e'))
		return;
	exponent = (int)strtol(strchr(buf, 'e') + 1, NULL, 10);
	// Go: src/internal/strconv/ftoa.go, fmtEFG; strconv's before 1.26.
	if (exponent < -4 || exponent >= 6) {
		iq_out_cstr(out, buf);
		return;
	}
	digits = buf[0] == '-' ? buf + 1 : buf;
	num = (int)strcspn(digits, "e") - (digits[1] == '.');
	snprintf(plain, sizeof(plain), "%.*f",
		 num - 1 > exponent ? num - 1 - exponent : 0, value);
	iq_out_cstr(out, plain);
}

bool iq_go_value_complex(const struct iq_memory *mem,
			 const struct iq_go_type *type, uint64_t addr,
			 double ret[2])
{
	unsigned size = (unsigned)(type->size / 2);

	if ((type->kind != IQ_GO_KIND_COMPLEX64 || type->size != 8) &&
	    (type->kind != IQ_GO_KIND_COMPLEX128 || type->size != 16))
		return false;
	for (unsigned i = 0; i < 2; i++) {
		uint64_t value;
		float f;

		if (!iq_memory_uint(mem, addr + i * size, size, &value))
			return false;
		if (size == sizeof(f)) {
			uint32_t bits = (uint32_t)value;

			memcpy(&f, &bits, sizeof(f));
			ret[i] = (double)f;
		} else {
			memcpy(&ret[i], &value, sizeof(ret[i]));
		}
	}
	return true;
}

static bool put_complex(const struct iq_memory *mem,
			const struct iq_go_type *type, uint64_t addr,
			struct iq_out *out)
{
	double parts[2];

	if (!iq_go_value_complex(mem, type, addr, parts))
		return false;
	iq_go_value_put_complex(parts, type->size == 8, out);
	return true;
}

void iq_go_value_put_complex(const double parts[2], bool is_single,
			     struct iq_out *out)
{
	iq_out_char(out, '(');
	iq_go_value_float(parts[0], is_single, out);
	if (!signbit(parts[1]) && !isinf(parts[1]))
		iq_out_char(out, '+');
	iq_go_value_float(parts[1], is_single, out);
	iq_out_cstr(out, "i)");
}

static bool put_number(const struct iq_memory *mem,
		       const struct iq_go_type *type, uint64_t addr,
		       struct iq_out *out)
{
	unsigned shift;
	uint64_t value;
	double d;
	float f;

	if (!type->size || type->size > 8 ||
	    !iq_memory_uint(mem, addr, (unsigned)type->size, &value))
		return false;
	shift = (unsigned)(64 - 8 * type->size);
	if (type->kind == IQ_GO_KIND_BOOL) {
		iq_out_cstr(out, value ? "true" : "false");
	} else if (type->kind <= IQ_GO_KIND_INT64) {
		iq_out_printf(out, "%" PRId64,
			      (int64_t)(value << shift) >> shift);
	} else if (type->kind <= IQ_GO_KIND_UINTPTR) {
		iq_out_u64(out, value);
	} else if (type->kind == IQ_GO_KIND_FLOAT32) {
		uint32_t bits = (uint32_t)value;

		memcpy(&f, &bits, sizeof(f));
		iq_go_value_float((double)f, true, out);
	} else {
		memcpy(&d, &value, sizeof(d));
		iq_go_value_float(d, false, out);
	}
	return true;
}

/* Go: src/runtime/map.go, hmap; src/internal/runtime/maps, Map. */
static bool put_map(const struct iq_go_runtime *rt, uint64_t map,
		    struct iq_out *out)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t len;

	if (!map) {
		iq_out_cstr(out, "nil");
		return true;
	}
	if (!iq_go_field_read(rt->memory, map,
			      iq_go_has(l->swiss_map_used) ? l->swiss_map_used :
							     l->hmap_count,
			      &len))
		return false;
	iq_out_printf(out, "length %" PRIu64, len);
	return true;
}

static bool put_slice(const struct iq_memory *mem, uint64_t addr,
		      struct iq_out *out)
{
	uint64_t data, len, cap;

	if (!iq_memory_u64(mem, addr, &data) ||
	    !iq_memory_u64(mem, addr + 8, &len) ||
	    !iq_memory_u64(mem, addr + 16, &cap) || len > cap)
		return false;
	if (!data)
		iq_out_cstr(out, "nil");
	else
		iq_out_printf(out, "length %" PRIu64 ", capacity %" PRIu64, len,
			      cap);
	return true;
}

/* The type in an interface: of its itab where it has methods. */
static bool interface_type(const struct iq_go_runtime *rt,
			   const struct iq_go_type *type, uint64_t addr,
			   uint64_t *type_ret)
{
	uint64_t word, methods, len;

	if (!iq_memory_u64(rt->memory, addr, &word))
		return false;
	*type_ret = word;
	if (!word || !iq_go_has(rt->layout->interface_type_methods))
		return true;
	if (!iq_go_slice_read(rt->memory,
			      type->addr +
				      rt->layout->interface_type_methods.offset,
			      &methods, &len))
		return false;
	return !len || iq_go_field_read(rt->memory, word, rt->layout->itab_type,
					type_ret);
}

static bool put_interface(const struct iq_go_runtime *rt,
			  const struct iq_go_type *type, uint64_t addr,
			  struct iq_out *out)
{
	struct iq_go_type dynamic;
	uint64_t word;

	if (!interface_type(rt, type, addr, &word))
		return false;
	if (!word) {
		iq_out_cstr(out, "nil");
		return true;
	}
	if (!iq_go_type_read(rt, word, &dynamic))
		return false;
	iq_out_char(out, '(');
	iq_go_scene_clean(out,
			  (struct iq_str){ dynamic.name, dynamic.name_len });
	iq_out_char(out, ')');
	return true;
}

static void put_address(uint64_t addr, struct iq_out *out)
{
	if (addr)
		iq_out_hex(out, addr);
	else
		iq_out_cstr(out, "nil");
}

bool iq_go_value_put(const struct iq_go_runtime *rt,
		     const struct iq_go_type *type, uint64_t addr,
		     struct iq_out *out, bool *secret_ret)
{
	uint64_t word;

	*secret_ret = type->kind == IQ_GO_KIND_STRING;
	if (type->kind >= IQ_GO_KIND_BOOL && type->kind <= IQ_GO_KIND_FLOAT64)
		return put_number(rt->memory, type, addr, out);
	switch (type->kind) {
	case IQ_GO_KIND_COMPLEX64:
	case IQ_GO_KIND_COMPLEX128:
		return put_complex(rt->memory, type, addr, out);
	case IQ_GO_KIND_STRING:
		return iq_go_value_string(rt->memory, addr, out);
	case IQ_GO_KIND_SLICE:
		return put_slice(rt->memory, addr, out);
	case IQ_GO_KIND_INTERFACE:
		return put_interface(rt, type, addr, out);
	case IQ_GO_KIND_MAP:
		return iq_memory_u64(rt->memory, addr, &word) &&
		       put_map(rt, word, out);
	case IQ_GO_KIND_POINTER:
	case IQ_GO_KIND_CHAN:
	case IQ_GO_KIND_FUNC:
	case IQ_GO_KIND_UNSAFE_POINTER:
		if (!iq_memory_u64(rt->memory, addr, &word))
			return false;
		put_address(word, out);
		return true;
	default:
		return false;
	}
}

/* A struct whose fields are to be shown. */
struct level {
	struct iq_go_type type;
	uint64_t addr;
	unsigned depth;
	char prefix[NAME_MAX_LEN];
};

struct levels {
	IQ_VEC(struct level) items;
};

static void levels_deinit(struct levels *levels)
{
	iq_vec_deinit(&levels->items);
}

/* The struct that a field is or points to, to be shown later. */
static struct iq_error *level_push(struct levels *levels,
				   const struct iq_go_runtime *rt,
				   const struct level *from,
				   const struct iq_go_type *type, uint64_t addr,
				   const char *name)
{
	struct level level = { .addr = addr, .depth = from->depth + 1 };
	uint64_t elem;
	int n;

	level.type = *type;
	if (level.depth > DEPTH_MAX)
		return NULL;
	if (type->kind == IQ_GO_KIND_POINTER &&
	    (!iq_memory_u64(rt->memory, addr, &level.addr) || !level.addr ||
	     !iq_go_type_elem(rt, type, &elem) ||
	     !iq_go_type_read(rt, elem, &level.type)))
		return NULL;
	if (level.type.kind != IQ_GO_KIND_STRUCT)
		return NULL;
	for (size_t i = 0; i < levels->items.len; i++) {
		if (levels->items.data[i].addr == level.addr &&
		    levels->items.data[i].type.addr == level.type.addr)
			return NULL;
	}
	n = snprintf(level.prefix, sizeof(level.prefix), "%s.", name);
	if (n < 0 || (size_t)n >= sizeof(level.prefix))
		return NULL;
	return iq_vec_push(&levels->items, level) ? NULL : &iq_enomem;
}

/* "Next." and "Code" as clean text; false if it is too long. */
static bool field_name(const struct level *level,
		       const struct iq_go_type_field *field,
		       char ret[NAME_MAX_LEN])
{
	int n = snprintf(ret, NAME_MAX_LEN, "%s", level->prefix);

	if (n < 0 || (size_t)n + field->name_len >= NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < field->name_len; i++) {
		unsigned char c = (unsigned char)field->name[i];

		ret[(size_t)n + i] = c < 0x20 || c == 0x7f ? '?' : (char)c;
	}
	ret[(size_t)n + field->name_len] = '\0';
	return true;
}

static struct iq_error *field_add(struct iq_go_values *values,
				  const struct iq_go_runtime *rt,
				  struct levels *levels,
				  const struct level *level, uint64_t index)
{
	struct iq_go_type_field field;
	char name[NAME_MAX_LEN];
	struct iq_go_type type;
	struct iq_error *err;
	struct iq_out out;
	bool secret = false;

	if (!iq_go_type_field(rt, &level->type, index, &field) ||
	    !iq_go_type_read(rt, field.type, &type) ||
	    !field_name(level, &field, name))
		return NULL;
	iq_out_init_memory(&out);
	if (type.kind != IQ_GO_KIND_STRUCT)
		(void)iq_go_value_put(rt, &type, level->addr + field.offset,
				      &out, &secret);
	err = iq_out_flush(&out);
	if (!err)
		err = iq_go_values_add(
			values, name,
			(struct iq_str){ type.name, type.name_len },
			(struct iq_str){ out.buf, out.len });
	iq_out_deinit(&out);
	if (!err && values->items.len)
		values->items.data[values->items.len - 1].secret = secret;
	return err ? err :
		     level_push(levels, rt, level, &type,
				level->addr + field.offset, name);
}

static struct iq_error *level_add(struct iq_go_values *values,
				  const struct iq_go_runtime *rt,
				  struct levels *levels, size_t at)
{
	// The array may move.
	struct level level = levels->items.data[at];
	uint64_t num = iq_go_type_num_fields(rt, &level.type);
	struct iq_error *err = NULL;

	for (uint64_t i = 0; i < num && i < FIELDS_MAX && !err &&
			     values->items.len < ALL_FIELDS_MAX;
	     i++)
		err = field_add(values, rt, levels, &level, i);
	return err;
}

struct iq_error *iq_go_value_fields(struct iq_go_values *values,
				    const struct iq_go_runtime *rt,
				    const struct iq_go_type *type,
				    uint64_t data)
{
	iq_cleanup(levels_deinit) struct levels levels = { 0 };
	struct level top = { .type = *type, .addr = data };
	struct iq_error *err = NULL;
	uint64_t elem;

	// An interface holds a pointer as it is.
	if (type->kind == IQ_GO_KIND_POINTER &&
	    (!iq_go_type_elem(rt, type, &elem) ||
	     !iq_go_type_read(rt, elem, &top.type)))
		return NULL;
	if (top.type.kind != IQ_GO_KIND_STRUCT || !data ||
	    (type->kind != IQ_GO_KIND_POINTER && type->is_direct))
		return NULL;
	if (!iq_vec_push(&levels.items, top))
		return &iq_enomem;
	for (size_t i = 0; i < levels.items.len && !err; i++)
		err = level_add(values, rt, &levels, i);
	return err;
}
