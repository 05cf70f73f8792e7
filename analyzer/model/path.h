/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why an object is still alive: the shortest way to it from a root, and who of
 * those that can still run could use it.
 */
#ifndef IQ_MODEL_PATH_H
#define IQ_MODEL_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "model/heap.h"

struct iq_heap_types;
struct iq_model;

/* An object on the way. */
struct iq_path_step {
	uint64_t address; /* of the object's start */
	uint64_t size;
	struct iq_str type; /* empty: not known */
	/* Where in it the reference to the next one stands; the last step has
	 * none. */
	uint64_t offset;
	struct iq_str place; /* ".jobs"; empty: not known */
};

struct iq_path {
	enum iq_root_kind root;
	uint64_t root_addr;	 /* of the word; 0: in no memory */
	struct iq_str root_name; /* "main.pool"; empty: not known */
	/* Of stacks and records of goroutines: index into model->goroutines and,
	 * of a stack, into its frames; UINT32_MAX: not known. */
	uint32_t goroutine;
	uint32_t frame;
	const struct iq_path_step *steps;
	size_t num_steps; /* 0: nothing that can still run reaches it */
	bool is_cut;	  /* longer than what is kept: the end is here */
};

/* Why one is suspected to be able to serve an object, surest first. */
enum iq_suspect_kind {
	IQ_SUSPECT_MENTIONS, /* a frame of it refers to the object */
	IQ_SUSPECT_SLEEPS,   /* the same, and it sleeps or waits for a file */
	IQ_SUSPECT_REACHES,  /* through other objects */
	IQ_SUSPECT_VARIABLE, /* its code uses the variable that leads there */
	IQ_SUSPECT_CREATOR,  /* it started who waits */
};

/* A live goroutine that could still serve an object. A suspicion, no proof. */
struct iq_suspect {
	uint32_t goroutine; /* index into model->goroutines */
	uint32_t frame;	    /* of its stack; UINT32_MAX: none */
	enum iq_suspect_kind kind;
	uint32_t distance; /* references between its stack and the object */
};

struct iq_suspects {
	const struct iq_suspect
		*list; /* surest first, then nearest, then by id */
	size_t num;
	uint64_t num_more; /* that are not listed */
};

/*
 * The shortest way from a root to the object that holds @addr in the heap of
 * @witness; goroutines that are proven to stay blocked are no roots. Of several
 * ways the first in order of variables, stacks, the rest. @types may be NULL.
 * *@why_ret is empty, or says why nothing can be told. In @arena.
 */
struct iq_error *iq_path_find(const struct iq_model *model, size_t witness,
			      const struct iq_heap_types *types, uint64_t addr,
			      struct iq_arena *arena, struct iq_path *ret,
			      struct iq_str *why_ret) iq_must_check;

/* Who could serve what the goroutine @index waits for. */
struct iq_error *iq_path_suspects(const struct iq_model *model, size_t index,
				  struct iq_arena *arena,
				  struct iq_suspects *ret) iq_must_check;

#endif
