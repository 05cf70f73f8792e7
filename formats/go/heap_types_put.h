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
void iq_go_typed_variables_deinit(struct iq_go_typed_variables *variables);

struct iq_go_types {
	struct iq_heap_types types;
	struct iq_arena arena;
	struct iq_go_type_model model;
	struct iq_go_typed_variables variables;
	uint32_t *of;
	struct iq_heap_type *list;
};

void iq_go_types_put_place(const struct iq_heap_types *types, uint32_t type,
			   uint64_t offset, struct iq_out *out);
bool iq_go_types_put_variable(const struct iq_heap_types *types, uint64_t addr,
			      struct iq_out *out);

#endif
