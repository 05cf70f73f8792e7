/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap_types_put.h"

/* Structs and arrays in one another. */
#define DEPTH_MAX 64

/* The field of @type that holds @offset, or NULL. */
static const struct iq_go_model_field *
field_at(const struct iq_go_type_model *model,
	 const struct iq_go_model_type *type, uint64_t offset)
{
	for (uint32_t i = 0; i < type->num_fields; i++) {
		const struct iq_go_model_field *f = &type->fields[i];

		if (f->type && f->offset <= offset &&
		    offset - f->offset <
			    iq_go_type_model_get(model, f->type)->size)
			return f;
	}
	return NULL;
}

/* One step into the value at hand; 0 at its end. */
static uint32_t step(const struct iq_go_type_model *model, uint32_t number,
		     uint64_t *offset, struct iq_out *out)
{
	const struct iq_go_model_type *type =
		iq_go_type_model_get(model, number);
	const struct iq_go_model_type *elem;
	const struct iq_go_model_field *f;

	if (type->kind == IQ_GO_KIND_STRUCT ||
	    type->kind == IQ_GO_KIND_CLOSURE) {
		f = field_at(model, type, *offset);
		if (!f)
			return 0;
		iq_out_char(out, '.');
		iq_out_str(out, f->name);
		*offset -= f->offset;
		return f->type;
	}
	if ((type->kind != IQ_GO_KIND_ARRAY &&
	     type->kind != IQ_GO_KIND_ELEMS) ||
	    !type->elem)
		return 0;
	elem = iq_go_type_model_get(model, type->elem);
	if (!elem->size || (type->kind == IQ_GO_KIND_ARRAY &&
			    *offset / elem->size >= type->len))
		return 0;
	iq_out_char(out, '[');
	iq_out_u64(out, *offset / elem->size);
	iq_out_char(out, ']');
	*offset %= elem->size;
	return type->elem;
}

/* All types that objects and variables have are laid out already. */
static const struct iq_go_type_model *model_of(const struct iq_heap_types *base)
{
	return &((const struct iq_go_types *)base)->model;
}

void iq_go_type_put_place(const struct iq_go_type_model *model, uint32_t number,
			  uint64_t offset, struct iq_out *out)
{
	if (!number || offset < iq_go_type_model_get(model, number)->lead)
		return;
	offset -= iq_go_type_model_get(model, number)->lead;
	for (unsigned i = 0; i < DEPTH_MAX && number; i++)
		number = step(model, number, &offset, out);
}

void iq_go_types_put_place(const struct iq_heap_types *base, uint32_t number,
			   uint64_t offset, struct iq_out *out)
{
	if (number < base->num_types)
		iq_go_type_put_place(model_of(base), number, offset, out);
}

const struct iq_go_typed_variable *
iq_go_typed_variables_at(const struct iq_go_typed_variables *variables,
			 uint64_t addr)
{
	const struct iq_go_typed_variable *all = variables->all.data;
	size_t low = 0, high = variables->all.len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (all[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && addr - all[low - 1].addr < all[low - 1].size ?
		       &all[low - 1] :
		       NULL;
}

bool iq_go_types_put_variable(const struct iq_heap_types *base, uint64_t addr,
			      struct iq_out *out)
{
	const struct iq_go_types *types = (const struct iq_go_types *)base;
	const struct iq_go_typed_variable *v =
		iq_go_typed_variables_at(&types->variables, addr);

	if (!v)
		return false;
	iq_out_str(out, v->name);
	iq_go_types_put_place(base, v->type, addr - v->addr, out);
	return true;
}
