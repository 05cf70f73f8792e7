/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The types of a heap's objects as far as they can be known: by the headers of
 * large objects, interfaces, channels, maps, and by the types of what refers to
 * them. A reader makes them (struct iq_heap); nothing is guessed: an object that
 * two neighbours call by different types, of which neither begins with the other,
 * is of none. formats/go/heap_types.h has the rules.
 */
#ifndef IQ_MODEL_HEAP_TYPES_H
#define IQ_MODEL_HEAP_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/out.h"
#include "base/str.h"

struct iq_heap_type {
	/*
	 * As Go prints it: "main.node"; not clean. "[]main.node" is the array
	 * behind a slice, "[4]main.node" that of a channel's buffer, too, "hchan
	 * main.Job" a channel, "map[string]int" a map's header, "func
	 * main.f.func1" a closure, "string bytes" a string's contents. Several
	 * types may have one name.
	 */
	struct iq_str name;
	/* Of one value, of one element of what is behind slices; 0: not known. */
	uint64_t size;
};

struct iq_heap_types {
	/* Number of the type of the object in slot i, 0: not known. */
	const uint32_t *of;
	/* types[0] stands for what is not known. */
	const struct iq_heap_type *types;
	size_t num_types;
	/* Adds ".jobs", "[3].next" for the byte @offset of an object of @type,
	 * from the start of its slot; nothing where that is not known. Usable
	 * from many threads. */
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
