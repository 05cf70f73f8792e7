/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug information as inquest sees it: top-level entries of Go's compile
 * units, types, their members. libdwarf stays inside dwarf.c; it is to be used
 * in a child process (formats/dwarf/child.h), for it trusts its input.
 */
#ifndef IQ_DWARF_DWARF_H
#define IQ_DWARF_DWARF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "formats/dwarf/sections.h"

struct iq_dwarf;

enum iq_dwarf_kind {
	IQ_DWARF_OTHER,
	IQ_DWARF_STRUCT,
	IQ_DWARF_TYPEDEF,
	IQ_DWARF_POINTER,
	IQ_DWARF_VARIABLE,
	IQ_DWARF_CONSTANT,
};

/* One entry; what it does not say is not known. Entries are named by their
 * offset in .debug_info. */
struct iq_dwarf_entry {
	enum iq_dwarf_kind kind;
	bool has_size, has_type, has_value, has_addr;
	uint64_t size;
	uint64_t type; /* entry of the type */
	int64_t value; /* of a constant */
	uint64_t addr; /* of a variable, as linked */
};

struct iq_dwarf_member {
	uint64_t offset;
	uint64_t type; /* entry of the type */
};

/* Names live as long as the sections. */
struct iq_dwarf_visitor {
	/* Whether the entries of a Go package are wanted. */
	bool (*package)(void *ctx, struct iq_str name);
	/* A top-level entry that has a name and is not of kind other. */
	void (*entry)(void *ctx, enum iq_dwarf_kind kind, struct iq_str name,
		      uint64_t offset);
	/* A function that has a name, maybe by another entry; may be NULL. */
	void (*function)(void *ctx, struct iq_str name, uint64_t offset);
	void *ctx;
};

/* @sections outlive the result. */
struct iq_error *iq_dwarf_open(const struct iq_dwarf_sections *sections,
			       struct iq_dwarf **ret) iq_must_check;
void iq_dwarf_destroy(struct iq_dwarf *dwarf);

struct iq_error *iq_dwarf_visit(struct iq_dwarf *dwarf,
				const struct iq_dwarf_visitor *visitor)
	iq_must_check;

struct iq_error *iq_dwarf_entry_read(struct iq_dwarf *dwarf, uint64_t offset,
				     struct iq_dwarf_entry *ret) iq_must_check;

/* The member @name of the struct at @offset; *@found_ret is false if it has
 * none of that name. */
struct iq_error *iq_dwarf_member_find(struct iq_dwarf *dwarf, uint64_t offset,
				      struct iq_str name, bool *found_ret,
				      struct iq_dwarf_member *ret)
	iq_must_check;

/* A type, as Go's linker describes it. Go: src/cmd/link/internal/ld/dwarf.go. */
struct iq_dwarf_type {
	struct iq_str name; /* may be empty */
	/* Another name of elem. */
	bool is_typedef;
	/* Go's own number of its kind; 0: not known. */
	unsigned go_kind;
	bool has_size, has_elem, has_key, has_runtime;
	uint64_t size;
	uint64_t elem; /* entry of what it is of, or of what it points to */
	uint64_t key;  /* of a map */
	uint64_t len;  /* of an array */
	/* Where the runtime's descriptor is, from the start of its section. */
	uint64_t runtime;
};

struct iq_error *iq_dwarf_type_read(struct iq_dwarf *dwarf, uint64_t offset,
				    struct iq_dwarf_type *ret) iq_must_check;

/* Calls @visit for each member of the struct at @offset that has a name, a
 * place and a type, in their order, until it gives false. */
typedef bool iq_dwarf_member_fn(void *ctx, struct iq_str name,
				const struct iq_dwarf_member *member);
struct iq_error *iq_dwarf_members(struct iq_dwarf *dwarf, uint64_t offset,
				  iq_dwarf_member_fn *visit, void *ctx)
	iq_must_check;

/* The same of the variables that the function at @offset has captured, if it is
 * a closure: their places are offsets from its word. */
struct iq_error *iq_dwarf_captured(struct iq_dwarf *dwarf, uint64_t offset,
				   iq_dwarf_member_fn *visit, void *ctx)
	iq_must_check;

#endif
