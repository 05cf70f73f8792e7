/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One model of the types of a process, numbered from 1, with two suppliers: the
 * runtime's descriptors and debug information. A type is read when it is first
 * asked for, what it is made of when a value of it is looked into.
 */
#ifndef IQ_GO_TYPE_MODEL_H
#define IQ_GO_TYPE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"
#include "formats/go/type.h"
#include "formats/go/word_set.h"

/* What objects are beyond the kinds of Go's values. */
enum {
	/* The array behind slices of elem: "[]main.node". */
	IQ_GO_KIND_ELEMS = 32,
	/* runtime.hchan with what it holds: "hchan main.Job". */
	IQ_GO_KIND_HCHAN,
	/* The header of a map; elem is the map's type. */
	IQ_GO_KIND_HMAP,
	/* A function's entry and what it captured: "func main.f.func1". */
	IQ_GO_KIND_CLOSURE,
	/* The bytes of a string. */
	IQ_GO_KIND_BYTES,
	/* The directory of a map: pointers to tables. */
	IQ_GO_KIND_TABLES,
	/* elem, with the runtime's word in front of it. */
	IQ_GO_KIND_HEADED,
};

/* What the words at one place of a value are. */
enum iq_go_part_kind {
	IQ_GO_PART_POINTER, /* to type */
	IQ_GO_PART_SLICE,   /* of type */
	IQ_GO_PART_STRING,
	IQ_GO_PART_EFACE, /* descriptor and data */
	IQ_GO_PART_IFACE, /* itab and data */
	IQ_GO_PART_CHAN,  /* type is the channel's */
	IQ_GO_PART_MAP,	  /* type is the map's */
	IQ_GO_PART_FUNC,
	IQ_GO_PART_ARRAY, /* count values of type stand here */
};

struct iq_go_part {
	uint64_t offset;
	uint64_t count;
	uint32_t type;
	enum iq_go_part_kind kind;
};

struct iq_go_model_field {
	struct iq_str name;
	uint64_t offset;
	uint32_t type; /* 0: not known */
};

/* A type of the program that begins with another one, see begins. */
struct iq_go_model_outer {
	uint32_t type;
	uint64_t len; /* of the array that it begins with */
	const struct iq_go_model_outer *next;
};

struct iq_go_model_type {
	struct iq_str name; /* not clean */
	uint64_t addr;	    /* of the descriptor; 0: it has none */
	uint64_t size;	    /* of a value */
	uint64_t len;	    /* of an array */
	unsigned kind;	    /* enum iq_go_kind, or as above */
	uint32_t elem;	    /* 0: not known */
	uint32_t key;	    /* of a map */
	bool is_direct;	    /* as in struct iq_go_type */
	bool has_pointers;
	/* Is filled by iq_go_type_model_lay(). */
	bool is_laid;
	/* mask is right: of each of the first 64 words whether the collector
	 * takes it for a pointer. */
	bool has_mask;
	uint64_t mask;
	/* Bytes of the runtime's own in front of the value in its slot. */
	uint64_t lead;
	/* A map's: what its slots are in. */
	uint32_t bucket;
	/* Of what is but the first field of one of both, as its first byte says:
	 * that byte 0, and 1. 0: it is not that. */
	uint32_t wholes[2];
	const struct iq_go_model_field *fields;
	uint32_t num_fields;
	uint32_t num_parts;
	const struct iq_go_part *parts;
	/* Types that begin with this one and fill slots of the same size. */
	const struct iq_go_model_outer *outers;
	/* Those that begin with an array of this one. */
	const struct iq_go_model_outer *array_outers;
};

/* What closures of a function have captured: their words behind the first. */
struct iq_go_model_closure {
	struct iq_str name; /* of the function, as the linker has it */
	const struct iq_go_model_field *fields;
	uint32_t num_fields;
};

struct iq_go_type_model {
	const struct iq_go_runtime *rt;
	struct iq_arena *arena;
	IQ_VEC(struct iq_go_model_type *) types;
	/* Numbers + 1 by address of descriptor, of itab; by content of those
	 * that have no descriptor. */
	struct iq_go_word_set descriptors;
	struct iq_go_word_set itabs;
	struct iq_go_word_set derived;
	/* Ordered by name. */
	IQ_VEC(struct iq_go_model_closure) closures;
	/* Fields keep twice their offset, as in 1.18. */
	bool doubled;
	bool no_memory;
	unsigned depth; /* of types that are being laid */
	/* Fields and parts that were noted, of all types together. */
	uint64_t num_noted;
};

/* @arena outlives the model. Afterwards no_memory says whether it worked. */
void iq_go_type_model_init(struct iq_go_type_model *model,
			   const struct iq_go_runtime *rt,
			   struct iq_arena *arena);
void iq_go_type_model_deinit(struct iq_go_type_model *model);

/* Number of the type whose descriptor is at @addr; 0: it is none. */
uint32_t iq_go_type_model_at(struct iq_go_type_model *model, uint64_t addr);
/* The dynamic type that the itab at @addr is of; 0: it is none. */
uint32_t iq_go_type_model_itab(struct iq_go_type_model *model, uint64_t addr);
/* The dynamic type of an interface whose first word may be @word, or anything:
 * by descriptors and itabs that are known already. 0: it is none. */
uint32_t iq_go_type_model_dynamic(const struct iq_go_type_model *model,
				  uint64_t word);
/*
 * What is no value of Go: @kind of @elem, with @len where that counts (elements
 * of an array, a function's entry), and @lead. One number for equal ones.
 */
uint32_t iq_go_type_model_derive(struct iq_go_type_model *model, unsigned kind,
				 uint32_t elem, uint64_t len, uint64_t lead);
/* Adds a type that the caller fills; NULL without memory. */
struct iq_go_model_type *iq_go_type_model_add(struct iq_go_type_model *model,
					      uint32_t *ret);

/* The type of @number, which is one. */
static inline struct iq_go_model_type *
iq_go_type_model_get(const struct iq_go_type_model *model, uint32_t number)
{
	return model->types.data[number];
}
/* The same, with fields, parts and mask. */
const struct iq_go_model_type *
iq_go_type_model_lay(struct iq_go_type_model *model, uint32_t number);

/* Whether a value of @outer has one of @inner at its very beginning. */
bool iq_go_type_model_begins(struct iq_go_type_model *model, uint32_t outer,
			     uint32_t inner);

/*
 * type_catalog.c: finds all descriptors and itabs of the program, notes outers. What a
 * pointer to an object's beginning says of it is not all where the program has a
 * type that begins so.
 */
void iq_go_type_model_catalog(struct iq_go_type_model *model);
/* The type of that name among those the catalog found; 0: none. */
uint32_t iq_go_type_model_named(const struct iq_go_type_model *model,
				struct iq_str name);

/* type_size.c: bytes of the slot that an object of @size bytes gets. */
uint64_t iq_go_slot_size(const struct iq_go_runtime *rt, uint64_t size,
			 bool has_pointers);
/* Whether the runtime puts the type in front of such an object. */
bool iq_go_slot_has_header(const struct iq_go_runtime *rt, uint64_t size);

#endif
