/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/dwarf/resolve.h"

#include <string.h>

#include "base/attr.h"
#include "formats/dwarf/names.h"

/* What one row of the .def files wants. */
enum what {
	WANT_FIELD,
	WANT_SIZE,
	WANT_FUNC_ID,
	WANT_CONSTANT,
};

struct row {
	enum what what;
	/* Of the member in struct iq_dwarf_layout. */
	size_t offset;
	/* Alternatives, as the .def file has them. */
	const char *type;
	const char *path;
};

static const struct row rows[] = {
#define AT(part, name) offsetof(struct iq_dwarf_layout, part.name)
#define IQ_GO_FIELD(name, type, path)                                          \
	{ WANT_FIELD, AT(layout, name), type, path },
#define IQ_GO_SIZE(name, type) { WANT_SIZE, AT(layout, name), type, NULL },
#include "formats/go/go_fields.def"
#undef IQ_GO_FIELD
#undef IQ_GO_SIZE
#define IQ_GO_FUNC_ID(name, constant)                                          \
	{ WANT_FUNC_ID, AT(func_ids, name), constant, NULL },
#include "formats/go/go_func_ids.def"
#undef IQ_GO_FUNC_ID
#define IQ_GO_CONSTANT(name, constant)                                         \
	{ WANT_CONSTANT, AT(constants, name), constant, NULL },
#include "formats/go/go_constants.def"
#undef IQ_GO_CONSTANT
#undef AT
};

/* What the shape of tables is told by, beside the rows. */
#define SEMTABLE "var runtime.semtable"
#define WAIT_REASONS "var runtime.waitReasonStrings"
#define LABEL_MAP "runtime/pprof.labelMap"

static const char *const more_types[] = {
	SEMTABLE,
	WAIT_REASONS,
	LABEL_MAP,
};

struct resolver {
	struct iq_dwarf *dwarf;
	struct iq_dwarf_names names;
};

static void resolver_deinit(struct resolver *r)
{
	iq_dwarf_names_deinit(&r->names);
}

/* ---- names */

/* The next of "a|b|c"; false at the end. */
static bool alternative_next(struct iq_str *rest, struct iq_str *ret)
{
	size_t bar = iq_str_find(*rest, '|');

	if (!rest->len)
		return false;
	*ret = iq_str_sub(*rest, 0, bar);
	*rest = iq_str_sub(*rest, bar + 1, rest->len);
	return true;
}

static bool row_want(struct resolver *r, const struct row *row)
{
	struct iq_str rest = iq_str_of(row->type), text;
	bool ok = true;

	while (ok && alternative_next(&rest, &text)) {
		if (row->what == WANT_FIELD || row->what == WANT_SIZE)
			ok = iq_dwarf_names_want_type(&r->names, text);
		else
			ok = iq_dwarf_names_want_constant(&r->names, text);
	}
	return ok;
}

static bool want_all(struct resolver *r)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++)
		if (!row_want(r, &rows[i]))
			return false;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(more_types); i++)
		if (!iq_dwarf_names_want_type(&r->names,
					      iq_str_of(more_types[i])))
			return false;
	return true;
}

/* ---- types */

/* Steps from typedef to type; more would be a circle. */
#define MAX_TYPEDEFS 16

/* *@entry_ret is the type behind typedefs that @offset is. */
static struct iq_error *type_strip(struct resolver *r, uint64_t *offset,
				   struct iq_dwarf_entry *entry_ret)
{
	struct iq_error *err = NULL;
	struct iq_dwarf_entry e;

	for (int i = 0; i < MAX_TYPEDEFS; i++) {
		err = iq_dwarf_entry_read(r->dwarf, *offset, &e);
		if (err)
			return err;
		if (e.kind != IQ_DWARF_TYPEDEF || !e.has_type) {
			*entry_ret = e;
			return NULL;
		}
		*offset = e.type;
	}
	return iq_error_at(IQ_ERROR_FORMAT, *offset,
			   "a type is named in a circle");
}

static struct iq_error *type_size(struct resolver *r, uint64_t offset,
				  uint32_t *ret)
{
	struct iq_dwarf_entry e = { 0 };
	struct iq_error *err = type_strip(r, &offset, &e);

	if (err)
		return err;
	// Go leaves the size of pointers out: it is the target's word.
	if (!e.has_size && e.kind == IQ_DWARF_POINTER)
		e.size = 8;
	else if (!e.has_size)
		return iq_error_at(IQ_ERROR_FORMAT, offset,
				   "a type has no size");
	if (e.size > UINT32_MAX)
		return iq_error_at(IQ_ERROR_FORMAT, offset,
				   "a type has %llu bytes",
				   (unsigned long long)e.size);
	*ret = (uint32_t)e.size;
	return NULL;
}

/*
 * The type that a variable or a type of that name has; false if the program
 * knows no such name.
 */
static struct iq_error *named_type(struct resolver *r, struct iq_str text,
				   bool *found_ret, uint64_t *ret)
{
	const struct iq_dwarf_name *n = iq_dwarf_names_type(&r->names, text);
	struct iq_dwarf_entry e = { 0 };
	struct iq_error *err;

	*found_ret = n != NULL;
	if (!n)
		return NULL;
	*ret = n->entry;
	if (n->space != IQ_DWARF_VARIABLES)
		return NULL;
	err = iq_dwarf_entry_read(r->dwarf, n->entry, &e);
	*found_ret = !err && e.has_type;
	*ret = e.type;
	return err;
}

/* The first of alternatives that the program has. */
static struct iq_error *first_type(struct resolver *r, const char *alternatives,
				   bool *found_ret, uint64_t *ret)
{
	struct iq_str rest = iq_str_of(alternatives), text;
	struct iq_error *err = NULL;

	*found_ret = false;
	while (!err && !*found_ret && alternative_next(&rest, &text))
		err = named_type(r, text, found_ret, ret);
	return err;
}

/* Follows "a.b.c" into the struct at @type. */
static struct iq_error *path_follow(struct resolver *r, uint64_t type,
				    struct iq_str path, bool *found_ret,
				    struct iq_go_field *ret)
{
	uint64_t offset = 0;
	struct iq_dwarf_entry e;
	struct iq_error *err;

	*found_ret = false;
	while (path.len) {
		size_t dot = iq_str_find(path, '.');
		struct iq_dwarf_member m = { 0 };
		bool is_member;

		err = type_strip(r, &type, &e);
		if (err || e.kind != IQ_DWARF_STRUCT)
			return err;
		err = iq_dwarf_member_find(r->dwarf, type,
					   iq_str_sub(path, 0, dot), &is_member,
					   &m);
		if (err || !is_member)
			return err;
		if (m.offset > UINT32_MAX - offset)
			return iq_error_at(IQ_ERROR_FORMAT, type,
					   "a member is %llu bytes into a type",
					   (unsigned long long)m.offset);
		offset += m.offset;
		type = m.type;
		path = iq_str_sub(path, dot + 1, path.len);
	}
	err = type_size(r, type, &ret->size);
	ret->offset = (uint32_t)offset;
	*found_ret = !err;
	return err;
}

/* ---- rows */

static struct iq_error *field_resolve(struct resolver *r, const struct row *row,
				      struct iq_dwarf_layout *layout)
{
	struct iq_go_field field = { .offset = IQ_GO_ABSENT };
	struct iq_str rest = iq_str_of(row->path), path;
	bool has_type, found = false;
	uint64_t type;
	struct iq_error *err = first_type(r, row->type, &has_type, &type);

	if (err || !has_type)
		return err;
	while (!err && !found && alternative_next(&rest, &path)) {
		struct iq_go_field f = { 0 };

		err = path_follow(r, type, path, &found, &f);
		if (found)
			field = f;
	}
	memcpy((char *)layout + row->offset, &field, sizeof(field));
	return err;
}

static struct iq_error *size_resolve(struct resolver *r, const struct row *row,
				     struct iq_dwarf_layout *layout)
{
	uint32_t size = 0;
	bool found;
	uint64_t type;
	struct iq_error *err = first_type(r, row->type, &found, &type);

	if (err || !found)
		return err;
	err = type_size(r, type, &size);
	if (!err)
		memcpy((char *)layout + row->offset, &size, sizeof(size));
	return err;
}

/* The value of the first of alternatives that the program has. */
static struct iq_error *first_constant(struct resolver *r,
				       const char *alternatives,
				       bool *found_ret, int64_t *ret)
{
	struct iq_str rest = iq_str_of(alternatives), text;
	const struct iq_dwarf_name *n = NULL;
	struct iq_dwarf_entry e = { 0 };
	struct iq_error *err;

	*found_ret = false;
	while (!n && alternative_next(&rest, &text))
		n = iq_dwarf_names_constant(&r->names, text);
	if (!n)
		return NULL;
	err = iq_dwarf_entry_read(r->dwarf, n->entry, &e);
	*found_ret = !err && e.has_value;
	*ret = e.value;
	return err;
}

static struct iq_error *constant_resolve(struct resolver *r,
					 const struct row *row,
					 struct iq_dwarf_layout *layout)
{
	char *at = (char *)layout + row->offset;
	int64_t value = 0;
	int16_t id = -1;
	bool found;
	struct iq_error *err = first_constant(r, row->type, &found, &value);

	// Without any, they were left out and not given up.
	if (err || !r->names.any_constant)
		return err;
	if (row->what == WANT_CONSTANT) {
		value = found ? value : IQ_GO_NO_CONSTANT;
		memcpy(at, &value, sizeof(value));
		return NULL;
	}
	// abi.FuncID is one byte.
	if (found && (value < 0 || value > UINT8_MAX))
		return iq_error_new(IQ_ERROR_FORMAT, "a function id is %lld",
				    (long long)value);
	if (found)
		id = (int16_t)value;
	memcpy(at, &id, sizeof(id));
	return NULL;
}

static struct iq_error *row_resolve(struct resolver *r, const struct row *row,
				    struct iq_dwarf_layout *layout)
{
	switch (row->what) {
	case WANT_FIELD:
		return field_resolve(r, row, layout);
	case WANT_SIZE:
		return size_resolve(r, row, layout);
	default:
		return constant_resolve(r, row, layout);
	}
}

/* ---- tables */

/* Go: src/runtime/sema.go, semTable: an array of roots, each on cache lines of
 * its own. */
static struct iq_error *semtable_resolve(struct resolver *r,
					 struct iq_dwarf_layout *layout)
{
	int64_t num = layout->constants.sem_tab_size;
	uint32_t size = 0;
	bool found;
	uint64_t type;
	struct iq_error *err = first_type(r, SEMTABLE, &found, &type);

	if (err || !found || num <= 0)
		return err;
	err = type_size(r, type, &size);
	if (!err && size % num == 0 && size / num <= UINT16_MAX)
		layout->tables.sematable_stride = (uint16_t)(size / num);
	return err;
}

static struct iq_error *wait_reasons_resolve(struct resolver *r,
					     struct iq_dwarf_layout *layout)
{
	// A string is a pointer and a length.
	const uint32_t string_size = 16;
	const struct iq_dwarf_name *n =
		iq_dwarf_names_type(&r->names, IQ_STR(WAIT_REASONS));
	struct iq_dwarf_entry e;
	uint32_t size = 0;
	struct iq_error *err;

	if (!n)
		return NULL;
	err = iq_dwarf_entry_read(r->dwarf, n->entry, &e);
	if (err || !e.has_addr || !e.has_type)
		return err;
	err = type_size(r, e.type, &size);
	if (!err && size > 0 && size % string_size == 0) {
		layout->wait_reasons_addr = e.addr;
		layout->num_wait_reasons = size / string_size;
	}
	return err;
}

static struct iq_error *labels_resolve(struct resolver *r,
				       struct iq_dwarf_layout *layout)
{
	struct iq_dwarf_entry e = { 0 };
	bool found;
	uint64_t type;
	struct iq_error *err = first_type(r, LABEL_MAP, &found, &type);

	if (err || !found)
		return err;
	err = type_strip(r, &type, &e);
	if (!err)
		layout->tables.labels_are_list = e.kind == IQ_DWARF_STRUCT;
	return err;
}

static struct iq_error *tables_resolve(struct resolver *r,
				       struct iq_dwarf_layout *layout)
{
	const struct iq_go_layout *l = &layout->layout;
	struct iq_error *err;

	if (l->inlined_call_size > 0 && l->inlined_call_size <= UINT8_MAX)
		layout->tables.inline_size = (uint8_t)l->inlined_call_size;
	layout->tables.sudog_two_words =
		l->sudog_elem_vp.offset != IQ_GO_ABSENT;
	err = semtable_resolve(r, layout);
	if (!err)
		err = labels_resolve(r, layout);
	if (!err)
		err = wait_reasons_resolve(r, layout);
	return err;
}

/* ---- all of it */

/* What every runtime has: debug information without it is of no use. */
static const char *const essential[] = {
	"runtime.g",	 "runtime.m",	       "runtime.p",	"runtime.sudog",
	"runtime.hchan", "runtime.moduledata", "runtime._func",
};

static struct iq_error *essential_check(const struct resolver *r)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(essential); i++)
		if (!iq_dwarf_names_type(&r->names, iq_str_of(essential[i])))
			return iq_error_new(IQ_ERROR_FORMAT,
					    "it lacks the type %s",
					    essential[i]);
	return NULL;
}

struct iq_error *iq_dwarf_resolve(struct iq_dwarf *dwarf,
				  struct iq_dwarf_layout *layout)
{
	iq_cleanup(resolver_deinit) struct resolver r = { .dwarf = dwarf };
	struct iq_error *err;

	if (!want_all(&r))
		return &iq_enomem;
	err = iq_dwarf_names_look_up(&r.names, dwarf);
	if (!err)
		err = essential_check(&r);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows) && !err; i++)
		err = row_resolve(&r, &rows[i], layout);
	if (!err)
		err = tables_resolve(&r, layout);
	return err;
}
