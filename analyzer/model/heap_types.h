/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The types of a heap's objects as far as they can be known: by the headers of
 * large objects, interfaces, channels, maps, and by the types of what refers to
 * them. A reader makes them (struct iq_heap); nothing is guessed: an object that
 * two neighbours call by different types is of none.
 */
#ifndef IQ_MODEL_HEAP_TYPES_H
#define IQ_MODEL_HEAP_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/out.h"
#include "base/str.h"

struct iq_heap_type {
	/* "main.node", "[]main.node" for the array behind a slice, "func
	 * main.f.func1" for a closure; not clean. */
	struct iq_str name;
	uint64_t size; /* of one value; 0: not known */
};

struct iq_heap_types {
	/* Number of the type of the object in slot i, 0: not known. */
	const uint32_t *of;
	/* types[0] stands for what is not known. */
	const struct iq_heap_type *types;
	size_t num_types;
	/* Adds ".jobs", "[3].next" for the byte @offset of an object of @type;
	 * nothing where that is not known. */
	void (*put_place)(const struct iq_heap_types *types, uint32_t type,
			  uint64_t offset, struct iq_out *out);
	/* Adds "main.pool.jobs" for a byte of a package variable; false, and
	 * nothing, where its name is not known (stripped programs). */
	bool (*put_variable)(const struct iq_heap_types *types, uint64_t addr,
			     struct iq_out *out);
	void (*destroy)(struct iq_heap_types *types);
};

static inline void iq_heap_types_destroy(struct iq_heap_types *types)
{
	if (types)
		types->destroy(types);
}

#endif
