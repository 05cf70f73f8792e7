/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/dwarf/dwarf.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include IQ_LIBDWARF_H

#include "base/cleanup.h"
#include "formats/dwarf/object.h"

/* DWARF 5, sections 7.5.3, 7.5.4, 7.7.1, 7.8 and 7.12. The header that has them is another
 * library's, too, so it is not included. */
enum {
	TAG_MEMBER = 0x0d,
	TAG_POINTER_TYPE = 0x0f,
	TAG_STRUCTURE_TYPE = 0x13,
	TAG_TYPEDEF = 0x16,
	TAG_SUBRANGE_TYPE = 0x21,
	TAG_CONSTANT = 0x27,
	TAG_SUBPROGRAM = 0x2e,
	TAG_VARIABLE = 0x34,
	AT_LOCATION = 0x02,
	AT_BYTE_SIZE = 0x0b,
	AT_CONST_VALUE = 0x1c,
	AT_ABSTRACT_ORIGIN = 0x31,
	AT_COUNT = 0x37,
	AT_DATA_MEMBER_LOCATION = 0x38,
	AT_TYPE = 0x49,
	LANG_GO = 0x16,
	OP_ADDR = 0x03,
	// Go: src/cmd/internal/dwarf/dwarf_defs.go, 1.18 - 1.27.
	AT_GO_KIND = 0x2900,
	AT_GO_KEY = 0x2901,
	AT_GO_ELEM = 0x2902,
	AT_GO_RUNTIME_TYPE = 0x2904,
	AT_GO_CLOSURE_OFFSET = 0x2907, // 1.23 and newer
};

/* .debug_types, which Go never writes, would be the other choice. */
#define DEBUG_INFO 1

struct iq_dwarf {
	const struct iq_dwarf_sections *sections;
	struct iq_dwarf_object *object;
	Dwarf_Debug dbg;
};

/* ---- entries */

static void die_free(Dwarf_Die *die)
{
	if (*die)
		dwarf_dealloc_die(*die);
}

static void attribute_free(Dwarf_Attribute *attribute)
{
	if (*attribute)
		dwarf_dealloc_attribute(*attribute);
}

/* libdwarf's error as ours; the result is never NULL. */
static struct iq_error *error_take(struct iq_dwarf *dwarf, Dwarf_Error error,
				   const char *what)
{
	struct iq_error *err;

	if (!error)
		return iq_error_new(IQ_ERROR_FORMAT, "%s cannot be read", what);
	err = iq_error_new(IQ_ERROR_FORMAT, "%s cannot be read: %s", what,
			   dwarf_errmsg(error));
	dwarf_dealloc_error(dwarf->dbg, error);
	return err;
}

static void error_drop(struct iq_dwarf *dwarf, Dwarf_Error error)
{
	if (error)
		dwarf_dealloc_error(dwarf->dbg, error);
}

void iq_dwarf_destroy(struct iq_dwarf *dwarf)
{
	if (!dwarf)
		return;
	iq_dwarf_object_close(dwarf->object);
	free(dwarf);
}

struct iq_error *iq_dwarf_open(const struct iq_dwarf_sections *sections,
			       struct iq_dwarf **ret)
{
	struct iq_dwarf *dwarf = calloc(1, sizeof(*dwarf));
	struct iq_error *err;

	if (!dwarf)
		return &iq_enomem;
	dwarf->sections = sections;
	err = iq_dwarf_object_open(sections, &dwarf->object);
	if (err) {
		free(dwarf);
		return err;
	}
	dwarf->dbg = iq_dwarf_object_debug(dwarf->object);
	*ret = dwarf;
	return NULL;
}

static enum iq_dwarf_kind kind_of(Dwarf_Die die)
{
	Dwarf_Error error = NULL;
	Dwarf_Half tag = 0;

	if (dwarf_tag(die, &tag, &error) != DW_DLV_OK)
		return IQ_DWARF_OTHER;
	switch (tag) {
	case TAG_STRUCTURE_TYPE:
		return IQ_DWARF_STRUCT;
	case TAG_TYPEDEF:
		return IQ_DWARF_TYPEDEF;
	case TAG_POINTER_TYPE:
		return IQ_DWARF_POINTER;
	case TAG_VARIABLE:
		return IQ_DWARF_VARIABLE;
	case TAG_CONSTANT:
		return IQ_DWARF_CONSTANT;
	default:
		return IQ_DWARF_OTHER;
	}
}

/* False if it has none, or none that can be read. */
static bool name_of(struct iq_dwarf *dwarf, Dwarf_Die die, struct iq_str *ret)
{
	Dwarf_Error error = NULL;
	char *name = NULL;
	int rc = dwarf_diename(die, &name, &error);

	if (rc == DW_DLV_ERROR)
		error_drop(dwarf, error);
	if (rc != DW_DLV_OK || !name)
		return false;
	// It points into a section and so is not given back.
	*ret = iq_str_of(name);
	return true;
}

/* Moves *@die on to what follows it; to NULL at the end. */
static struct iq_error *die_next(struct iq_dwarf *dwarf, Dwarf_Die *die)
{
	iq_cleanup(die_free) Dwarf_Die last = *die;
	Dwarf_Off from = 0, to = 0;
	Dwarf_Error error = NULL;
	int rc;

	*die = NULL;
	rc = dwarf_siblingof_b(dwarf->dbg, last, DEBUG_INFO, die, &error);
	if (rc == DW_DLV_NO_ENTRY)
		return NULL;
	if (rc != DW_DLV_OK)
		return error_take(dwarf, error, "an entry");
	// A reference to the next sibling may lead back.
	if (dwarf_dieoffset(last, &from, &error) != DW_DLV_OK ||
	    dwarf_dieoffset(*die, &to, &error) != DW_DLV_OK || to <= from)
		return iq_error_at(IQ_ERROR_FORMAT, from,
				   "the entry after 0x%llx is at 0x%llx",
				   (unsigned long long)from,
				   (unsigned long long)to);
	return NULL;
}

/* The first child of @die; NULL if it has none. */
static struct iq_error *die_child(struct iq_dwarf *dwarf, Dwarf_Die die,
				  Dwarf_Die *ret)
{
	Dwarf_Error error = NULL;
	int rc;

	*ret = NULL;
	rc = dwarf_child(die, ret, &error);
	return rc == DW_DLV_ERROR ? error_take(dwarf, error, "an entry") : NULL;
}

static struct iq_error *die_at(struct iq_dwarf *dwarf, uint64_t offset,
			       Dwarf_Die *ret)
{
	Dwarf_Error error = NULL;
	int rc = dwarf_offdie_b(dwarf->dbg, offset, DEBUG_INFO, ret, &error);

	if (rc == DW_DLV_OK)
		return NULL;
	*ret = NULL;
	return error_take(dwarf, rc == DW_DLV_ERROR ? error : NULL,
			  "a referenced entry");
}

/* ---- attributes */

enum form {
	FORM_UNSIGNED,
	FORM_SIGNED,
	FORM_REFERENCE,
	FORM_ADDRESS,
	FORM_PLACE, /* a bare address */
};

/* DW_OP_addr alone. False if it is anything else. */
static bool location_is_addr(const void *bytes, uint64_t len, uint64_t *ret)
{
	const uint8_t *at = bytes;

	if (len != 1 + sizeof(*ret) || at[0] != OP_ADDR)
		return false;
	memcpy(ret, at + 1, sizeof(*ret));
	*ret = le64toh(*ret);
	return true;
}

/* Go writes the expression as a block, as in DWARF 2. */
static bool location_read(Dwarf_Attribute attribute, uint64_t *ret)
{
	Dwarf_Unsigned len = 0;
	Dwarf_Ptr bytes = NULL;
	Dwarf_Block *block = NULL;
	Dwarf_Error error = NULL;

	if (dwarf_formexprloc(attribute, &len, &bytes, &error) == DW_DLV_OK)
		return location_is_addr(bytes, len, ret);
	if (dwarf_formblock(attribute, &block, &error) == DW_DLV_OK)
		return location_is_addr(block->bl_data, block->bl_len, ret);
	return false;
}

static bool form_read(Dwarf_Attribute attribute, enum form form, uint64_t *ret)
{
	Dwarf_Error error = NULL;
	Dwarf_Unsigned number = 0;
	Dwarf_Signed is_signed = 0;
	Dwarf_Addr place = 0;
	Dwarf_Off offset = 0;

	switch (form) {
	case FORM_SIGNED:
		if (dwarf_formsdata(attribute, &is_signed, &error) ==
		    DW_DLV_OK) {
			*ret = (uint64_t)is_signed;
			return true;
		}
		error = NULL;
		// DW_FORM_udata is not read as signed.
		// fall through
	case FORM_UNSIGNED:
		if (dwarf_formudata(attribute, &number, &error) != DW_DLV_OK)
			return false;
		*ret = number;
		return true;
	case FORM_REFERENCE:
		if (dwarf_global_formref(attribute, &offset, &error) !=
		    DW_DLV_OK)
			return false;
		*ret = offset;
		return true;
	case FORM_ADDRESS:
		return location_read(attribute, ret);
	case FORM_PLACE:
		if (dwarf_formaddr(attribute, &place, &error) != DW_DLV_OK)
			return false;
		*ret = place;
		return true;
	}
	return false;
}

/* Whether @die has attribute @name in that form, and its value. */
static bool attribute_read(struct iq_dwarf *dwarf, Dwarf_Die die,
			   Dwarf_Half name, enum form form, uint64_t *ret)
{
	iq_cleanup(attribute_free) Dwarf_Attribute attribute = NULL;
	Dwarf_Error error = NULL;
	int rc = dwarf_attr(die, name, &attribute, &error);

	if (rc == DW_DLV_ERROR)
		error_drop(dwarf, error);
	if (rc != DW_DLV_OK) {
		attribute = NULL;
		return false;
	}
	return form_read(attribute, form, ret);
}

struct iq_error *iq_dwarf_entry_read(struct iq_dwarf *dwarf, uint64_t offset,
				     struct iq_dwarf_entry *ret)
{
	iq_cleanup(die_free) Dwarf_Die die = NULL;
	struct iq_dwarf_entry e = { 0 };
	struct iq_error *err = die_at(dwarf, offset, &die);
	uint64_t value;

	if (err)
		return err;
	e.kind = kind_of(die);
	if (e.kind == IQ_DWARF_CONSTANT) {
		e.has_value = attribute_read(dwarf, die, AT_CONST_VALUE,
					     FORM_SIGNED, &value);
		if (e.has_value)
			e.value = (int64_t)value;
	}
	if (e.kind == IQ_DWARF_VARIABLE)
		e.has_addr = attribute_read(dwarf, die, AT_LOCATION,
					    FORM_ADDRESS, &e.addr);
	if (e.kind == IQ_DWARF_VARIABLE || e.kind == IQ_DWARF_TYPEDEF)
		e.has_type = attribute_read(dwarf, die, AT_TYPE, FORM_REFERENCE,
					    &e.type);
	else
		e.has_size = attribute_read(dwarf, die, AT_BYTE_SIZE,
					    FORM_UNSIGNED, &e.size);
	*ret = e;
	return NULL;
}

/* Reads @die as a member called @name; false if it is not that. */
static bool member_read(struct iq_dwarf *dwarf, Dwarf_Die die,
			struct iq_str name, struct iq_dwarf_member *ret)
{
	Dwarf_Error error = NULL;
	Dwarf_Half tag = 0;
	struct iq_str its;

	return dwarf_tag(die, &tag, &error) == DW_DLV_OK && tag == TAG_MEMBER &&
	       name_of(dwarf, die, &its) && iq_str_equal(its, name) &&
	       attribute_read(dwarf, die, AT_DATA_MEMBER_LOCATION,
			      FORM_UNSIGNED, &ret->offset) &&
	       attribute_read(dwarf, die, AT_TYPE, FORM_REFERENCE, &ret->type);
}

struct iq_error *iq_dwarf_member_find(struct iq_dwarf *dwarf, uint64_t offset,
				      struct iq_str name, bool *found_ret,
				      struct iq_dwarf_member *ret)
{
	iq_cleanup(die_free) Dwarf_Die parent = NULL;
	iq_cleanup(die_free) Dwarf_Die die = NULL;
	struct iq_dwarf_member member = { 0 };
	struct iq_error *err = die_at(dwarf, offset, &parent);

	if (!err)
		err = die_child(dwarf, parent, &die);
	*found_ret = false;
	while (!err && die) {
		if (member_read(dwarf, die, name, &member)) {
			*found_ret = true;
			*ret = member;
			return NULL;
		}
		err = die_next(dwarf, &die);
	}
	return err;
}

/* The number of elements, which the first child of an array has. */
static struct iq_error *count_read(struct iq_dwarf *dwarf, Dwarf_Die array,
				   uint64_t *ret)
{
	iq_cleanup(die_free) Dwarf_Die die = NULL;
	struct iq_error *err = die_child(dwarf, array, &die);
	Dwarf_Error error = NULL;
	Dwarf_Half tag = 0;

	if (!err && die && dwarf_tag(die, &tag, &error) == DW_DLV_OK &&
	    tag == TAG_SUBRANGE_TYPE)
		attribute_read(dwarf, die, AT_COUNT, FORM_UNSIGNED, ret);
	return err;
}

/* Go: src/internal/abi/type.go, Array. */
#define GO_KIND_ARRAY 17

struct iq_error *iq_dwarf_type_read(struct iq_dwarf *dwarf, uint64_t offset,
				    struct iq_dwarf_type *ret)
{
	iq_cleanup(die_free) Dwarf_Die die = NULL;
	struct iq_dwarf_type t = { 0 };
	struct iq_error *err = die_at(dwarf, offset, &die);
	uint64_t kind = 0;

	if (err)
		return err;
	if (!name_of(dwarf, die, &t.name))
		t.name = IQ_STR("");
	t.is_typedef = kind_of(die) == IQ_DWARF_TYPEDEF;
	if (attribute_read(dwarf, die, AT_GO_KIND, FORM_UNSIGNED, &kind))
		t.go_kind = (unsigned)kind;
	t.has_size = attribute_read(dwarf, die, AT_BYTE_SIZE, FORM_UNSIGNED,
				    &t.size);
	t.has_elem =
		attribute_read(dwarf, die, AT_GO_ELEM, FORM_REFERENCE,
			       &t.elem) ||
		attribute_read(dwarf, die, AT_TYPE, FORM_REFERENCE, &t.elem);
	t.has_key =
		attribute_read(dwarf, die, AT_GO_KEY, FORM_REFERENCE, &t.key);
	t.has_runtime = attribute_read(dwarf, die, AT_GO_RUNTIME_TYPE,
				       FORM_PLACE, &t.runtime) &&
			t.runtime;
	if (t.go_kind == GO_KIND_ARRAY)
		err = count_read(dwarf, die, &t.len);
	if (!err)
		*ret = t;
	return err;
}

static bool any_member_read(struct iq_dwarf *dwarf, Dwarf_Die die,
			    struct iq_str *name_ret,
			    struct iq_dwarf_member *ret)
{
	return name_of(dwarf, die, name_ret) &&
	       member_read(dwarf, die, *name_ret, ret);
}

/* The children of the entry at @offset that @read takes. */
static struct iq_error *members_visit(struct iq_dwarf *dwarf, uint64_t offset,
				      bool (*read)(struct iq_dwarf *dwarf,
						   Dwarf_Die die,
						   struct iq_str *name_ret,
						   struct iq_dwarf_member *ret),
				      iq_dwarf_member_fn *visit, void *ctx)
{
	iq_cleanup(die_free) Dwarf_Die parent = NULL;
	iq_cleanup(die_free) Dwarf_Die die = NULL;
	struct iq_error *err = die_at(dwarf, offset, &parent);

	if (!err)
		err = die_child(dwarf, parent, &die);
	while (!err && die) {
		struct iq_dwarf_member member = { 0 };
		struct iq_str name;

		if (read(dwarf, die, &name, &member) &&
		    !visit(ctx, name, &member))
			return NULL;
		err = die_next(dwarf, &die);
	}
	return err;
}

struct iq_error *iq_dwarf_members(struct iq_dwarf *dwarf, uint64_t offset,
				  iq_dwarf_member_fn *visit, void *ctx)
{
	return members_visit(dwarf, offset, any_member_read, visit, ctx);
}

/* ---- compile units */

/* Whether the unit is of a Go package, and which. */
static bool package_name(struct iq_dwarf *dwarf, Dwarf_Die unit,
			 struct iq_str *ret)
{
	Dwarf_Error error = NULL;
	Dwarf_Unsigned language = 0;
	int rc = dwarf_srclang(unit, &language, &error);

	if (rc == DW_DLV_ERROR)
		error_drop(dwarf, error);
	return rc == DW_DLV_OK && language == LANG_GO &&
	       name_of(dwarf, unit, ret);
}

/* Of a function that is inlined elsewhere, and of its variables, names and types
 * stand in an entry of their own. */
static bool origin_of(struct iq_dwarf *dwarf, Dwarf_Die die, Dwarf_Die *ret)
{
	struct iq_error *err;
	uint64_t origin;

	if (!attribute_read(dwarf, die, AT_ABSTRACT_ORIGIN, FORM_REFERENCE,
			    &origin))
		return false;
	err = die_at(dwarf, origin, ret);
	iq_error_destroy(err);
	return !err;
}

static void function_visit(struct iq_dwarf *dwarf, Dwarf_Die die,
			   const struct iq_dwarf_visitor *visitor)
{
	iq_cleanup(die_free) Dwarf_Die origin = NULL;
	Dwarf_Error error = NULL;
	Dwarf_Half tag = 0;
	Dwarf_Off offset;
	struct iq_str name;

	if (dwarf_tag(die, &tag, &error) != DW_DLV_OK ||
	    tag != TAG_SUBPROGRAM ||
	    dwarf_dieoffset(die, &offset, &error) != DW_DLV_OK)
		return;
	if (name_of(dwarf, die, &name) ||
	    (origin_of(dwarf, die, &origin) && name_of(dwarf, origin, &name)))
		visitor->function(visitor->ctx, name, offset);
}

static bool captured_read(struct iq_dwarf *dwarf, Dwarf_Die die,
			  struct iq_str *name_ret, struct iq_dwarf_member *ret)
{
	iq_cleanup(die_free) Dwarf_Die origin = NULL;
	Dwarf_Die from = die;

	if (!attribute_read(dwarf, die, AT_GO_CLOSURE_OFFSET, FORM_UNSIGNED,
			    &ret->offset))
		return false;
	if (origin_of(dwarf, die, &origin))
		from = origin;
	return name_of(dwarf, from, name_ret) &&
	       attribute_read(dwarf, from, AT_TYPE, FORM_REFERENCE, &ret->type);
}

struct iq_error *iq_dwarf_captured(struct iq_dwarf *dwarf, uint64_t offset,
				   iq_dwarf_member_fn *visit, void *ctx)
{
	return members_visit(dwarf, offset, captured_read, visit, ctx);
}

static struct iq_error *unit_visit(struct iq_dwarf *dwarf, Dwarf_Die unit,
				   const struct iq_dwarf_visitor *visitor)
{
	iq_cleanup(die_free) Dwarf_Die die = NULL;
	struct iq_error *err = die_child(dwarf, unit, &die);
	Dwarf_Error error = NULL;
	Dwarf_Off offset;
	struct iq_str name;

	while (!err && die) {
		enum iq_dwarf_kind kind = kind_of(die);

		if (kind != IQ_DWARF_OTHER && name_of(dwarf, die, &name) &&
		    dwarf_dieoffset(die, &offset, &error) == DW_DLV_OK)
			visitor->entry(visitor->ctx, kind, name, offset);
		if (kind == IQ_DWARF_OTHER && visitor->function)
			function_visit(dwarf, die, visitor);
		err = die_next(dwarf, &die);
	}
	return err;
}

/* The next unit's header is read; false after the last one. */
static struct iq_error *unit_next(struct iq_dwarf *dwarf, bool *more_ret,
				  uint64_t *next_ret)
{
	Dwarf_Unsigned len, type_offset, next = 0;
	Dwarf_Half version, address_size, length_size, extension_size, type;
	Dwarf_Off abbrev;
	Dwarf_Sig8 signature;
	Dwarf_Error error = NULL;
	int rc = dwarf_next_cu_header_d(dwarf->dbg, DEBUG_INFO, &len, &version,
					&abbrev, &address_size, &length_size,
					&extension_size, &signature,
					&type_offset, &next, &type, &error);

	if (rc == DW_DLV_ERROR)
		return error_take(dwarf, error, "a compile unit");
	*more_ret = rc == DW_DLV_OK;
	*next_ret = next;
	return NULL;
}

struct iq_error *iq_dwarf_visit(struct iq_dwarf *dwarf,
				const struct iq_dwarf_visitor *visitor)
{
	uint64_t last = 0, next = 0;
	bool more = false;

	for (;;) {
		iq_cleanup(die_free) Dwarf_Die unit = NULL;
		struct iq_error *err = unit_next(dwarf, &more, &next);
		Dwarf_Error error = NULL;
		struct iq_str name;
		int rc;

		if (err || !more)
			return err;
		if (next <= last)
			return iq_error_at(IQ_ERROR_FORMAT, last,
					   "compile units go back");
		last = next;
		rc = dwarf_siblingof_b(dwarf->dbg, NULL, DEBUG_INFO, &unit,
				       &error);
		if (rc == DW_DLV_ERROR)
			error_drop(dwarf, error);
		// What other compilers wrote may be newer than libdwarf.
		if (rc != DW_DLV_OK) {
			unit = NULL;
			continue;
		}
		if (!package_name(dwarf, unit, &name) ||
		    !visitor->package(visitor->ctx, name))
			continue;
		err = unit_visit(dwarf, unit, visitor);
		if (err)
			return err;
	}
}
