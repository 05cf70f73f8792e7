/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Type descriptors of the process: a type's kind and name.
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
	IQ_GO_KIND_STRING = 24,
};

#define IQ_GO_TYPE_NAME_MAX 512

struct iq_go_type {
	uint64_t addr;
	/* Size of a value. */
	uint64_t size;
	unsigned kind;
	/* Has a name of its own: not "string", but "main.T". */
	bool is_named;
	/* "main.T", "*main.T", "string"; not clean. */
	size_t name_len;
	char name[IQ_GO_TYPE_NAME_MAX];
};

/* The type whose descriptor is at @addr; false if it is unreadable. */
bool iq_go_type_read(const struct iq_go_runtime *rt, uint64_t addr,
		     struct iq_go_type *ret);

#endif
