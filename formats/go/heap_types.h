/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which types the objects of a heap are of. What is known for certain comes
 * first: headers, channels that describe themselves, variables. From there the
 * types of pointers say what they point to, as follows.
 *
 * An object gets a type T from a pointer, a slice or an interface if that refers
 * to its very beginning, T fills its slot (by size class) and its words are
 * pointers where T's are. What lies behind T tells nothing: Go 1.25 and 1.26 leave
 * there what was before. If the program has a type that begins with T, passes the
 * same tests and gets a slot of the same size, a pointer may be one to its first
 * field: then only what refers to the whole gives the object a type. An interface
 * holds a copy of its own. Of two types the outer one counts: a struct before its first
 * field, an array behind slices before its first element. Otherwise they
 * contradict one another, and the object has none; nor does anything that was
 * concluded from it. Small objects without pointers share slots (the runtime's
 * tiny allocator) and have none.
 */
#ifndef IQ_GO_HEAP_TYPES_H
#define IQ_GO_HEAP_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/vec.h"
#include "formats/go/heap.h"
#include "formats/go/type_model.h"
#include "model/heap_types.h"

/* What an object's number is after two that contradict one another. */
#define IQ_GO_TYPE_CONTRADICTED UINT32_MAX

/* Values of one type that are in no object of a known type. */
struct iq_go_typed_range {
	uint64_t addr;
	uint64_t count;
	uint32_t type;
};

struct iq_go_typing {
	const struct iq_go_heap *heap;
	const struct iq_go_runtime *rt;
	const struct iq_heap_map *map;
	struct iq_go_type_model *model;
	/* Numbers of types by slot. */
	uint32_t *of;
	/* Bit i: nothing can change the type of slot i. */
	uint64_t *exact;
	/* Bit i: what referred to slot i contradicts itself. */
	uint64_t *banned;
	/* By span: bytes of the runtime's own in front of its objects; whether
	 * the last collection found objects dead that are still there, whose
	 * references may lead to what has been made since. */
	uint8_t *lead;
	uint8_t *unswept;
	/* Numbers of types of objects that have a span each. */
	uint32_t *large;
	/* Bit i: slot i is such an object, unless something refers to it. */
	uint64_t *asleep;
	/* What is still to be looked into. */
	IQ_VEC(uint64_t) objects; /* by address of the value */
	IQ_VEC(struct iq_go_typed_range) ranges;
	struct iq_go_word_set seen;	 /* ranges */
	struct iq_go_word_set functions; /* closures' types by entry */
	/* Types of the runtime itself; 0: not known. */
	uint32_t hchan, hmap, swiss_map, swiss_table;
	bool contradicted;
	bool no_memory;
};

/* An object of the heap, by an address in it. */
struct iq_go_typed_object {
	const struct iq_heap_span *span;
	uint32_t slot;	 /* number among all */
	uint32_t index;	 /* in the span */
	uint64_t begin;	 /* of the value in it */
	uint64_t offset; /* of the address, from there */
	uint64_t size;	 /* from there to the end */
};
/* Its bytes from begin on; NULL if they are not all there. */
const uint8_t *iq_go_typed_bytes(const struct iq_go_typing *t,
				 const struct iq_go_typed_object *object);
/* False if none is there. */
bool iq_go_typed_object(const struct iq_go_typing *t, uint64_t addr,
			struct iq_go_typed_object *ret);

static inline bool iq_go_is_banned(const struct iq_go_typing *t, uint32_t slot)
{
	return t->banned && (t->banned[slot / 64] >> slot % 64 & 1);
}

/* heap_types_name.c: what refers to an object says what it is. */

/* One value of @type is at @addr, which is a copy that an interface holds or may
 * be a part of something. */
void iq_go_typing_value(struct iq_go_typing *t, uint64_t addr, uint32_t type,
			bool is_copy);
/* @count of them, in an array behind a slice or of @kind. */
void iq_go_typing_elems(struct iq_go_typing *t, uint64_t addr, uint32_t type,
			uint64_t count, unsigned kind);
void iq_go_typing_bytes(struct iq_go_typing *t, uint64_t addr, uint64_t len);
/* Whether nothing can change the type of the object that something refers to. */
bool iq_go_typing_settled(struct iq_go_typing *t,
			  const struct iq_go_typed_object *object);
/* The object in a slot of the span @number. */
void iq_go_typed_slot(const struct iq_go_typing *t, uint32_t number,
		      uint32_t index, struct iq_go_typed_object *ret);
/* The object is of @type without doubt. */
void iq_go_typing_exact(struct iq_go_typing *t,
			const struct iq_go_typed_object *object, uint32_t type);
/* Whether what is known of the object's words goes with @size bytes of @type. */
bool iq_go_typing_agrees(const struct iq_go_typing *t,
			 const struct iq_go_typed_object *object, uint32_t type,
			 uint64_t size);

/* heap_types_walk.c: looks into what has a type until nothing is left. */
void iq_go_typing_walk(struct iq_go_typing *t);
/* What an interface's data refers to. */
void iq_go_typing_dynamic(struct iq_go_typing *t, uint32_t type, uint64_t data);
/* @count values of @type at @addr are looked into, later. */
void iq_go_typing_range(struct iq_go_typing *t, uint64_t addr, uint32_t type,
			uint64_t count);

/* heap_types_parts.c: what describes itself, or what the type of a reference
 * knows more of. */
void iq_go_typing_chan(struct iq_go_typing *t, uint64_t addr);
void iq_go_typing_map(struct iq_go_typing *t, uint64_t addr, uint32_t type);
void iq_go_typing_func(struct iq_go_typing *t, uint64_t addr, bool sure);

/* heap_types_spans.c: what spans say. */
struct iq_error *iq_go_typing_spans(struct iq_go_typing *t) iq_must_check;
void iq_go_typing_headers(struct iq_go_typing *t);

/* heap_types_roots.c: where it begins. */
void iq_go_typing_roots(struct iq_go_typing *t);
/* Afterwards: interfaces, channels and closures in objects of no known type. */
void iq_go_typing_untyped(struct iq_go_typing *t);

/* heap_types.c: struct iq_heap.types. */
struct iq_error *iq_go_heap_types(const struct iq_heap *heap,
				  const struct iq_heap_map *map,
				  struct iq_heap_types **ret) iq_must_check;

#endif
