/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/dwarf/object.h"

#include <stdlib.h>
#include <string.h>

#include IQ_LIBDWARF_H

/* DWARF 5, section 7.20: DW_END_little. The header that has it is another
 * library's, too, so it is not included. */
#define END_LITTLE 0x02

/*
 * The two interfaces of libdwarf differ, as far as it is used here, in the
 * names of what gives it its sections. How an index of a section is passed
 * differs between releases of 0.x, too.
 */
#ifdef IQ_LIBDWARF_0
#define IQ_MEMBER(prefix, name) prefix##name
typedef Dwarf_Obj_Access_Interface_a access_interface;
typedef Dwarf_Obj_Access_Methods_a access_methods;
typedef Dwarf_Obj_Access_Section_a access_section;
typedef Dwarf_Small byte_order;
#else
#define IQ_MEMBER(prefix, name) name
typedef Dwarf_Obj_Access_Interface access_interface;
typedef Dwarf_Obj_Access_Methods access_methods;
typedef Dwarf_Obj_Access_Section access_section;
typedef Dwarf_Endianness byte_order;
#endif
/* clang-format off */
typedef __typeof__(_Generic(
	((access_methods *)NULL)->IQ_MEMBER(om_, get_section_info),
	int (*)(void *, Dwarf_Half, access_section *, int *): (Dwarf_Half)0,
	default: (Dwarf_Unsigned)0)) section_index;
/* clang-format on */

struct iq_dwarf_object {
	const struct iq_dwarf_sections *sections;
	access_interface access;
	Dwarf_Debug dbg;
};

/* The sections, as libdwarf asks for them. Number 0 is none. */

static const struct iq_dwarf_section *section_at(void *object,
						 section_index index)
{
	const struct iq_dwarf_object *self = object;

	if (index == 0 || index > self->sections->num)
		return NULL;
	return &self->sections->all[index - 1];
}

static int get_section_info(void *object, section_index index,
			    access_section *ret, int *error iq_unused)
{
	const struct iq_dwarf_section *section = section_at(object, index);

	memset(ret, 0, sizeof(*ret));
	ret->IQ_MEMBER(as_, name) = section ? section->name : "";
	if (section) {
		ret->IQ_MEMBER(as_, size) = section->size;
		ret->IQ_MEMBER(as_, addr) = section->addr;
	}
	return DW_DLV_OK;
}

static byte_order get_byte_order(void *object iq_unused)
{
#ifdef IQ_LIBDWARF_0
	return END_LITTLE;
#else
	return DW_OBJECT_LSB;
#endif
}

static Dwarf_Small get_word_size(void *object iq_unused)
{
	return 8;
}

static Dwarf_Unsigned get_section_count(void *object)
{
	const struct iq_dwarf_object *self = object;

	return self->sections->num + 1;
}

static int load_section(void *object, section_index index, Dwarf_Small **ret,
			int *error iq_unused)
{
	const struct iq_dwarf_section *section = section_at(object, index);

	if (!section || !section->data)
		return DW_DLV_NO_ENTRY;
	// It does not write where there are no relocations.
	*ret = (Dwarf_Small *)(uintptr_t)section->data;
	return DW_DLV_OK;
}

#ifdef IQ_LIBDWARF_0
static Dwarf_Unsigned get_filesize(void *object)
{
	const struct iq_dwarf_object *self = object;
	Dwarf_Unsigned size = 0;

	for (size_t i = 0; i < self->sections->num; i++)
		size += self->sections->all[i].size;
	return size;
}
#endif

static const access_methods methods = {
	.IQ_MEMBER(om_, get_section_info) = get_section_info,
	.IQ_MEMBER(om_, get_byte_order) = get_byte_order,
	.IQ_MEMBER(om_, get_length_size) = get_word_size,
	.IQ_MEMBER(om_, get_pointer_size) = get_word_size,
	.IQ_MEMBER(om_, get_section_count) = get_section_count,
	.IQ_MEMBER(om_, load_section) = load_section,
#ifdef IQ_LIBDWARF_0
	.om_get_filesize = get_filesize,
#endif
};

struct iq_error *iq_dwarf_object_open(const struct iq_dwarf_sections *sections,
				      struct iq_dwarf_object **ret)
{
	struct iq_dwarf_object *self = calloc(1, sizeof(*self));
	Dwarf_Error error = NULL;
	struct iq_error *err;
	int rc;

	if (!self)
		return &iq_enomem;
	self->sections = sections;
	self->access.IQ_MEMBER(ai_, object) = self;
	self->access.IQ_MEMBER(ai_, methods) = &methods;
	rc = dwarf_object_init_b(&self->access, NULL, NULL, DW_GROUPNUMBER_ANY,
				 &self->dbg, &error);
	if (rc == DW_DLV_OK) {
		*ret = self;
		return NULL;
	}
	if (rc == DW_DLV_ERROR && error)
		err = iq_error_new(IQ_ERROR_FORMAT,
				   "debug information cannot be read: %s",
				   dwarf_errmsg(error));
	else
		err = iq_error_new(IQ_ERROR_FORMAT,
				   "debug information cannot be read");
	if (rc == DW_DLV_ERROR && error)
		dwarf_dealloc_error(NULL, error);
	free(self);
	return err;
}

void iq_dwarf_object_close(struct iq_dwarf_object *self)
{
	if (!self)
		return;
#ifdef IQ_LIBDWARF_0
	dwarf_object_finish(self->dbg);
#else
	Dwarf_Error error = NULL;
	dwarf_object_finish(self->dbg, &error);
#endif
	free(self);
}

struct Dwarf_Debug_s *iq_dwarf_object_debug(const struct iq_dwarf_object *self)
{
	return self->dbg;
}
