/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/type.h"

#include "formats/go/record.h"

/* The module that has types at @addr; a type made at run time has none. */
static const struct iq_go_module *module_of(const struct iq_go_runtime *rt,
					    uint64_t addr)
{
	for (size_t i = 0; i < rt->program->num_modules; i++) {
		const struct iq_go_module *m = &rt->program->modules[i];

		if (addr >= m->types && addr < m->etypes)
			return m;
	}
	return NULL;
}

/* A name: a byte of flags, the length as a varint, the text.
 * Go: src/internal/abi/type.go, Name. */
static bool name_read(const struct iq_memory *mem, uint64_t addr,
		      char name[IQ_GO_TYPE_NAME_MAX], size_t *len_ret)
{
	uint64_t len = 0;
	uint64_t byte = 0x80;

	addr++;
	for (unsigned shift = 0; byte & 0x80; shift += 7) {
		if (shift > 21 || !iq_memory_uint(mem, addr++, 1, &byte))
			return false;
		len |= (byte & 0x7f) << shift;
	}
	if (!len || len > IQ_GO_TYPE_NAME_MAX ||
	    !iq_memory_read(mem, addr, len, name))
		return false;
	*len_ret = len;
	return true;
}

/* Kinds end with UnsafePointer. Go: src/internal/abi/type.go, 1.18 - 1.27. */
#define KIND_LAST 26

/* What no other data of that place looks like: a known kind, a name in words. */
static bool is_sane(const struct iq_go_type *type)
{
	if (type->kind < IQ_GO_KIND_BOOL || type->kind > KIND_LAST)
		return false;
	for (size_t i = 0; i < type->name_len; i++) {
		unsigned char c = (unsigned char)type->name[i];

		if (c < ' ' || c == 0x7f)
			return false;
	}
	return true;
}

bool iq_go_type_read(const struct iq_go_runtime *rt, uint64_t addr,
		     struct iq_go_type *ret)
{
	const struct iq_go_constants *k = rt->version->constants;
	const struct iq_go_layout *l = rt->layout;
	const struct iq_go_module *module = module_of(rt, addr);
	struct iq_go_record r;
	uint64_t tflag;

	if (!module ||
	    !iq_go_record_read(rt->memory, addr, l->type_header_size, &r))
		return false;
	ret->addr = addr;
	ret->size = iq_go_record_uint(&r, l->type_size);
	ret->kind = (unsigned)iq_go_record_uint(&r, l->type_kind);
	ret->is_direct = k->kind_direct_iface != IQ_GO_NO_CONSTANT &&
			 ret->kind & (unsigned)k->kind_direct_iface;
	// From 1.26 on nothing but the kind is in the field.
	if (k->kind_mask != IQ_GO_NO_CONSTANT)
		ret->kind &= (unsigned)k->kind_mask;
	tflag = iq_go_record_uint(&r, l->type_tflag);
	ret->is_named = tflag & (uint64_t)k->tflag_named;
	if (k->tflag_direct_iface != IQ_GO_NO_CONSTANT)
		ret->is_direct = tflag & (uint64_t)k->tflag_direct_iface;
	if (!name_read(rt->memory,
		       module->types + iq_go_record_uint(&r, l->type_str),
		       ret->name, &ret->name_len))
		return false;
	// The linker shares the names of T and *T.
	if (tflag & (uint64_t)k->tflag_extra_star) {
		ret->name_len--;
		for (size_t i = 0; i < ret->name_len; i++)
			ret->name[i] = ret->name[i + 1];
	}
	return is_sane(ret);
}

bool iq_go_type_elem(const struct iq_go_runtime *rt,
		     const struct iq_go_type *type, uint64_t *ret)
{
	const struct iq_go_layout *l = rt->layout;

	switch (type->kind) {
	case IQ_GO_KIND_POINTER:
		return iq_go_field_read(rt->memory, type->addr,
					l->ptr_type_elem, ret);
	case IQ_GO_KIND_SLICE:
		return iq_go_field_read(rt->memory, type->addr,
					l->slice_type_elem, ret);
	case IQ_GO_KIND_ARRAY:
		return iq_go_field_read(rt->memory, type->addr,
					l->array_type_elem, ret);
	case IQ_GO_KIND_CHAN:
		return iq_go_field_read(rt->memory, type->addr,
					l->chan_type_elem, ret);
	default:
		return false;
	}
}

uint64_t iq_go_type_num_fields(const struct iq_go_runtime *rt,
			       const struct iq_go_type *type)
{
	uint64_t data, len;

	if (type->kind != IQ_GO_KIND_STRUCT ||
	    !iq_go_has(rt->layout->struct_type_fields) ||
	    !iq_go_slice_read(rt->memory,
			      type->addr +
				      rt->layout->struct_type_fields.offset,
			      &data, &len))
		return 0;
	return len;
}

/* A field's record: address of its type, offset as it is kept, size. */
struct field {
	uint64_t name, type, offset, size;
};

static bool field_read(const struct iq_go_runtime *rt, uint64_t fields,
		       uint64_t index, struct field *ret)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t addr = fields + index * l->struct_field_size;

	return iq_go_field_read(rt->memory, addr, l->struct_field_name,
				&ret->name) &&
	       iq_go_field_read(rt->memory, addr, l->struct_field_type,
				&ret->type) &&
	       iq_go_field_read(rt->memory, addr, l->struct_field_offset,
				&ret->offset) &&
	       iq_go_field_read(rt->memory, ret->type, l->type_size,
				&ret->size);
}

static bool is_inside(const struct iq_go_type *type, const struct field *f)
{
	return f->size <= type->size && f->offset <= type->size - f->size;
}

bool iq_go_type_field(const struct iq_go_runtime *rt,
		      const struct iq_go_type *type, uint64_t index,
		      struct iq_go_type_field *ret)
{
	const struct iq_go_layout *l = rt->layout;
	struct field f, last;
	uint64_t data, len;

	if (index >= iq_go_type_num_fields(rt, type) ||
	    !iq_go_slice_read(rt->memory,
			      type->addr + l->struct_type_fields.offset, &data,
			      &len) ||
	    len > UINT64_MAX / l->struct_field_size ||
	    !field_read(rt, data, index, &f) ||
	    !field_read(rt, data, len - 1, &last))
		return false;
	// 1.18 keeps twice the offset, and a bit for what is embedded; then the
	// last field seems to lie outside, unless it has no offset at all.
	// Go: src/runtime/type.go, structfield.
	if (!is_inside(type, &last))
		f.offset >>= 1;
	ret->type = f.type;
	ret->offset = f.offset;
	return is_inside(type, &f) &&
	       name_read(rt->memory, f.name, ret->name, &ret->name_len);
}
