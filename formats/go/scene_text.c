/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/go/scene.h"

/* Bytes of the UTF-8 sequence that @s begins with; 0 if it is none. */
static size_t sequence(struct iq_str s)
{
	unsigned char c = (unsigned char)s.ptr[0];
	size_t len = c < 0x80		   ? 1 :
		     c >= 0xc2 && c < 0xe0 ? 2 :
		     (c & 0xf0) == 0xe0	   ? 3 :
		     c >= 0xf0 && c < 0xf5 ? 4 :
					     0;

	if (len > s.len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)s.ptr[i] & 0xc0) != 0x80)
			return 0;
	}
	if (len < 3)
		return len;

	unsigned char second = (unsigned char)s.ptr[1];
	// Overlong forms, surrogates, and what is beyond Unicode.
	if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second >= 0xa0) ||
	    (c == 0xf0 && second < 0x90) || (c == 0xf4 && second >= 0x90))
		return 0;
	return len;
}

void iq_go_scene_clean(struct iq_out *out, struct iq_str s)
{
	for (size_t i = 0; i < s.len;) {
		unsigned char c = (unsigned char)s.ptr[i];
		size_t len = sequence(iq_str_sub(s, i, s.len));

		if (c == '\n' || c == '\t' || (len && c >= 0x20 && c != 0x7f)) {
			iq_out_bytes(out, s.ptr + i, len);
			i += len;
			continue;
		}
		iq_out_printf(out, "\\x%02x", c);
		i++;
	}
}

struct iq_error *iq_go_scene_text(struct iq_facts *facts, struct iq_out *out,
				  struct iq_str *ret)
{
	struct iq_error *err = iq_out_flush(out);

	if (!err)
		err = iq_facts_string(
			facts, (struct iq_str){ out->buf, out->len }, ret);
	out->len = 0;
	return err;
}

void iq_go_values_deinit(struct iq_go_values *values)
{
	iq_vec_deinit(&values->items);
}

struct iq_error *iq_go_values_add(struct iq_go_values *values, const char *name,
				  struct iq_str type, struct iq_str text)
{
	struct iq_scene_value value = { .name = IQ_STR("") };
	struct iq_out out;
	struct iq_error *err;

	iq_out_init_memory(&out);
	iq_go_scene_clean(&out, text);
	err = iq_go_scene_text(values->facts, &out, &value.text);
	iq_out_deinit(&out);
	if (!err)
		err = iq_facts_string(values->facts, iq_str_of(name),
				      &value.name);
	if (!err)
		err = iq_facts_string(values->facts, type, &value.type);
	if (!err && !iq_vec_push(&values->items, value))
		err = &iq_enomem;
	return err;
}

struct iq_error *iq_go_values_number(struct iq_go_values *values,
				     const char *name, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, number);
	return iq_go_values_add(values, name, IQ_STR(""), iq_str_of(text));
}

struct iq_error *iq_go_values_take(struct iq_go_values *values,
				   const struct iq_scene_value **ret,
				   size_t *num_ret)
{
	size_t num = values->items.len;
	struct iq_scene_value *copy =
		iq_arena_calloc(&values->facts->arena, num, sizeof(*copy));

	if (!copy)
		return &iq_enomem;
	if (num)
		memcpy(copy, values->items.data, num * sizeof(*copy));
	*ret = copy;
	*num_ret = num;
	values->items.len = 0;
	return NULL;
}
