/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Type descriptors of the process: a type's kind and name, and what it is made
 * of.
 */
#ifndef IQ_GO_TYPE_H
#define IQ_GO_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/go/runtime.h"

/* The same in every version. Go: src/internal/abi/type.go, Kind. */
enum iq_go_kind {
	IQ_GO_KIND_BOOL = 1,
	IQ_GO_KIND_INT = 2,
	IQ_GO_KIND_INT8 = 3,
	IQ_GO_KIND_INT16 = 4,
	IQ_GO_KIND_INT32 = 5,
	IQ_GO_KIND_INT64 = 6,
	IQ_GO_KIND_UINT = 7,
	IQ_GO_KIND_UINT8 = 8,
	IQ_GO_KIND_UINT16 = 9,
	IQ_GO_KIND_UINT32 = 10,
	IQ_GO_KIND_UINT64 = 11,
	IQ_GO_KIND_UINTPTR = 12,
	IQ_GO_KIND_FLOAT32 = 13,
	IQ_GO_KIND_FLOAT64 = 14,
	IQ_GO_KIND_COMPLEX64 = 15,
	IQ_GO_KIND_COMPLEX128 = 16,
	IQ_GO_KIND_ARRAY = 17,
	IQ_GO_KIND_CHAN = 18,
	IQ_GO_KIND_FUNC = 19,
	IQ_GO_KIND_INTERFACE = 20,
	IQ_GO_KIND_MAP = 21,
	IQ_GO_KIND_POINTER = 22,
	IQ_GO_KIND_SLICE = 23,
	IQ_GO_KIND_STRING = 24,
	IQ_GO_KIND_STRUCT = 25,
	IQ_GO_KIND_UNSAFE_POINTER = 26,
};

#define IQ_GO_TYPE_NAME_MAX 512

struct iq_go_type {
	uint64_t addr;
	/* Size of a value. */
	uint64_t size;
	unsigned kind;
	/* Has a name of its own: not "string", but "main.T". */
	bool is_named;
	/* An interface holds the value itself and not its address. */
	bool is_direct;
	/* "main.T", "*main.T", "string"; not clean. */
	size_t name_len;
	char name[IQ_GO_TYPE_NAME_MAX];
};

/* The type whose descriptor is at @addr; false if it is unreadable. */
bool iq_go_type_read(const struct iq_go_runtime *rt, uint64_t addr,
		     struct iq_go_type *ret);

/* The descriptor of what a pointer, slice, array or channel is of; false if
 * @type is none of these, or its own is unreadable. */
bool iq_go_type_elem(const struct iq_go_runtime *rt,
		     const struct iq_go_type *type, uint64_t *ret);

struct iq_go_type_field {
	uint64_t type;	 /* address of its descriptor */
	uint64_t offset; /* in the struct */
	/* Not clean. */
	size_t name_len;
	char name[IQ_GO_TYPE_NAME_MAX];
};

/* How many fields a struct type has; 0 if it is none or unreadable. */
uint64_t iq_go_type_num_fields(const struct iq_go_runtime *rt,
			       const struct iq_go_type *type);
/* Field @index of a struct type; false if it is unreadable or lies outside. */
bool iq_go_type_field(const struct iq_go_runtime *rt,
		      const struct iq_go_type *type, uint64_t index,
		      struct iq_go_type_field *ret);

#endif
