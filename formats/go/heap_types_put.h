/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What readers of types get, and how places in objects and variables are called.
 */
#ifndef IQ_GO_HEAP_TYPES_PUT_H
#define IQ_GO_HEAP_TYPES_PUT_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/vec.h"
#include "formats/go/type_model.h"
#include "model/heap_types.h"

/* A variable of a package. */
struct iq_go_typed_variable {
	uint64_t addr;
	uint64_t size;	    /* 0: it has no place */
	uint32_t type;	    /* 0: not known */
	bool is_bound;	    /* no variable, but where others end */
	bool is_apart;	    /* it has no name of its own, see below */
	struct iq_str name; /* "main.pool"; not clean */
};

struct iq_go_typed_variables {
	/* Ordered by address. */
	IQ_VEC(struct iq_go_typed_variable) all;
};

/* heap_types_variables.c: by debug information, if there is any; what cannot be
 * read of it is a gap. */
struct iq_error *
iq_go_typed_variables_read(struct iq_go_typed_variables *variables,
			   struct iq_go_type_model *model) iq_must_check;
/* heap_types_symbols.c: their names alone, by the symbols of @file. */
struct iq_error *
iq_go_typed_variables_symbols(struct iq_go_typed_variables *variables,
			      const struct iq_core_module *file,
			      const struct iq_go_module *module) iq_must_check;
/* Once they are ordered: gives them sizes. */
void iq_go_typed_variables_measure(struct iq_go_typed_variables *variables,
				   const struct iq_go_type_model *model);
/*
 * heap_types_roots.c: of "var bus = &Bus{...}" the linker keeps the struct apart,
 * without a name. What a variable refers to there, directly or through others, is
 * called as if it were in it: "main.bus.subs".
 */
struct iq_error *
iq_go_typed_variables_apart(struct iq_go_typed_variables *variables,
			    struct iq_go_type_model *model) iq_must_check;
/* By address; what lies apart behind what has a name. */
void iq_go_typed_variables_order(struct iq_go_typed_variables *variables);
void iq_go_typed_variables_deinit(struct iq_go_typed_variables *variables);

struct iq_go_types {
	struct iq_heap_types types;
	struct iq_arena arena;
	struct iq_go_type_model model;
	struct iq_go_typed_variables variables;
	uint32_t *of;
	struct iq_heap_type *list;
};

/* Adds ".jobs" for the byte @offset of a value of the type @number, which is
 * laid out. */
void iq_go_type_put_place(const struct iq_go_type_model *model, uint32_t number,
			  uint64_t offset, struct iq_out *out);
/* The one that holds @addr, or NULL. */
const struct iq_go_typed_variable *
iq_go_typed_variables_at(const struct iq_go_typed_variables *variables,
			 uint64_t addr);
void iq_go_types_put_place(const struct iq_heap_types *types, uint32_t type,
			   uint64_t offset, struct iq_out *out);
bool iq_go_types_put_variable(const struct iq_heap_types *types, uint64_t addr,
			      struct iq_out *out);

#endif
