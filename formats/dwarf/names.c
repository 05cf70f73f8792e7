/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/dwarf/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a constant that is named without its package may be. */
static const char *const constant_packages[] = { "internal/abi.", "runtime." };

/* Longer than the names of go_constants.def and go_func_ids.def. */
#define NAME_SIZE 128

void iq_dwarf_names_deinit(struct iq_dwarf_names *names)
{
	iq_vec_deinit(&names->all);
	iq_arena_deinit(&names->arena);
}

static struct iq_dwarf_name type_name(struct iq_str text)
{
	const struct iq_str var = IQ_STR("var ");
	struct iq_dwarf_name name = { .space = IQ_DWARF_TYPES, .text = text };

	if (iq_str_starts(text, var)) {
		name.space = IQ_DWARF_VARIABLES;
		name.text = iq_str_sub(text, var.len, text.len);
	}
	return name;
}

bool iq_dwarf_names_want_type(struct iq_dwarf_names *names, struct iq_str text)
{
	return iq_vec_push(&names->all, type_name(text));
}

static bool has_package(struct iq_str text)
{
	return iq_str_find(text, '.') < text.len;
}

/* @text with @package in front. */
static bool join(struct iq_arena *arena, const char *package,
		 struct iq_str text, struct iq_str *ret)
{
	size_t len = strlen(package);
	char *all = iq_arena_alloc(arena, len + text.len);

	if (!all)
		return false;
	memcpy(all, package, len);
	memcpy(all + len, text.ptr, text.len);
	*ret = (struct iq_str){ .ptr = all, .len = len + text.len };
	return true;
}

bool iq_dwarf_names_want_constant(struct iq_dwarf_names *names,
				  struct iq_str text)
{
	struct iq_dwarf_name name = { .space = IQ_DWARF_CONSTANTS,
				      .text = text };

	if (has_package(text))
		return iq_vec_push(&names->all, name);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(constant_packages); i++)
		if (!join(&names->arena, constant_packages[i], text,
			  &name.text) ||
		    !iq_vec_push(&names->all, name))
			return false;
	return true;
}

static int name_compare(const void *a, const void *b)
{
	const struct iq_dwarf_name *left = a, *right = b;

	if (left->space != right->space)
		return left->space < right->space ? -1 : 1;
	return iq_str_compare(left->text, right->text);
}

/* Sorts, and leaves of equal ones the first. */
static void names_sort(struct iq_dwarf_names *names)
{
	struct iq_dwarf_name *all = names->all.data;
	size_t num = 0;

	if (!names->all.len)
		return;
	qsort(all, names->all.len, sizeof(*all), name_compare);
	for (size_t i = 0; i < names->all.len; i++) {
		if (num && !name_compare(&all[num - 1], &all[i]))
			continue;
		all[num++] = all[i];
	}
	names->all.len = num;
}

static struct iq_dwarf_name *name_find(const struct iq_dwarf_names *names,
				       enum iq_dwarf_space space,
				       struct iq_str text)
{
	const struct iq_dwarf_name key = { .space = space, .text = text };

	if (!names->all.len)
		return NULL;
	return bsearch(&key, names->all.data, names->all.len,
		       sizeof(*names->all.data), name_compare);
}

/*
 * Go's linker puts all types into the unit of package runtime, variables and
 * constants into that of their package. Go: src/cmd/link/internal/ld/dwarf.go.
 */
static bool package_wanted(void *ctx, struct iq_str package)
{
	const struct iq_dwarf_names *names = ctx;

	if (iq_str_equal(package, IQ_STR("runtime")))
		return true;
	for (size_t i = 0; i < names->all.len; i++) {
		const struct iq_dwarf_name *n = &names->all.data[i];

		if (n->space != IQ_DWARF_TYPES &&
		    iq_str_starts(n->text, package) &&
		    n->text.len > package.len &&
		    n->text.ptr[package.len] == '.')
			return true;
	}
	return false;
}

static void entry_take(void *ctx, enum iq_dwarf_kind kind, struct iq_str text,
		       uint64_t offset)
{
	struct iq_dwarf_names *names = ctx;
	enum iq_dwarf_space space = IQ_DWARF_TYPES;
	struct iq_dwarf_name *n;

	if (kind == IQ_DWARF_POINTER)
		return;
	if (kind == IQ_DWARF_VARIABLE)
		space = IQ_DWARF_VARIABLES;
	if (kind == IQ_DWARF_CONSTANT) {
		space = IQ_DWARF_CONSTANTS;
		names->any_constant = true;
	}
	n = name_find(names, space, text);
	// A typedef of the same name stands beside each struct.
	if (!n || (n->found && kind == IQ_DWARF_TYPEDEF))
		return;
	n->found = true;
	n->entry = offset;
}

struct iq_error *iq_dwarf_names_look_up(struct iq_dwarf_names *names,
					struct iq_dwarf *dwarf)
{
	const struct iq_dwarf_visitor visitor = {
		.package = package_wanted,
		.entry = entry_take,
		.ctx = names,
	};

	names_sort(names);
	return iq_dwarf_visit(dwarf, &visitor);
}

const struct iq_dwarf_name *
iq_dwarf_names_type(const struct iq_dwarf_names *names, struct iq_str text)
{
	const struct iq_dwarf_name key = type_name(text);
	const struct iq_dwarf_name *n = name_find(names, key.space, key.text);

	return n && n->found ? n : NULL;
}

const struct iq_dwarf_name *
iq_dwarf_names_constant(const struct iq_dwarf_names *names, struct iq_str text)
{
	const struct iq_dwarf_name *n;

	if (has_package(text)) {
		n = name_find(names, IQ_DWARF_CONSTANTS, text);
		return n && n->found ? n : NULL;
	}
	for (size_t i = 0; i < IQ_ARRAY_SIZE(constant_packages); i++) {
		char full[NAME_SIZE];
		int len = snprintf(full, sizeof(full), "%s%.*s",
				   constant_packages[i], IQ_STR_ARG(text));

		if (len < 0 || (size_t)len >= sizeof(full))
			continue;
		n = name_find(names, IQ_DWARF_CONSTANTS, iq_str_of(full));
		if (n && n->found)
			return n;
	}
	return NULL;
}
