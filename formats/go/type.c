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
		      struct iq_go_type *ret)
{
	uint64_t len = 0;
	uint64_t byte = 0x80;

	addr++;
	for (unsigned shift = 0; byte & 0x80; shift += 7) {
		if (shift > 21 || !iq_memory_uint(mem, addr++, 1, &byte))
			return false;
		len |= (byte & 0x7f) << shift;
	}
	if (!len || len > sizeof(ret->name) ||
	    !iq_memory_read(mem, addr, len, ret->name))
		return false;
	ret->name_len = len;
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
	// From 1.26 on nothing but the kind is in the field.
	if (k->kind_mask != IQ_GO_NO_CONSTANT)
		ret->kind &= (unsigned)k->kind_mask;
	tflag = iq_go_record_uint(&r, l->type_tflag);
	ret->is_named = tflag & (uint64_t)k->tflag_named;
	if (!name_read(rt->memory,
		       module->types + iq_go_record_uint(&r, l->type_str), ret))
		return false;
	// The linker shares the names of T and *T.
	if (tflag & (uint64_t)k->tflag_extra_star) {
		ret->name_len--;
		for (size_t i = 0; i < ret->name_len; i++)
			ret->name[i] = ret->name[i + 1];
	}
	return true;
}
