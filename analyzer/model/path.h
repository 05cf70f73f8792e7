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
	uint64_t address;   /* of the object's start */
	uint64_t size;	    /* of its slot */
	struct iq_str type; /* empty: not known */
	/* Where in it the reference to the next one stands; in the last one,
	 * where the address that was asked for lies. */
	uint64_t offset;
	struct iq_str place; /* ".jobs"; empty: not known */
};

struct iq_path {
	bool found; /* false: nothing leads there */
	/* Only goroutines that are proven to stay blocked lead there. */
	bool only_blocked;
	enum iq_root_kind root;
	/* Of the word that refers to the first object, or that was asked for
	 * itself; 0: in no memory. */
	uint64_t root_addr;
	/* "main.pool.jobs"; else where in the program, ".bss+0x1a0"; of
	 * IQ_ROOT_SPECIAL "finalizer of main.conn 0xc000096000"; else empty. */
	struct iq_str root_name;
	/* Of stacks, records and registers of goroutines: index into model->goroutines and,
	 * of a stack, into its frames; UINT32_MAX: not known. */
	uint32_t goroutine;
	uint32_t frame;
	/* From the root on; none: the address is in no object but in the root
	 * itself. */
	const struct iq_path_step *steps;
	size_t num_steps;
	/* Objects of a longer way that are left out before steps[skipped_at]. */
	uint64_t num_skipped;
	size_t skipped_at;
};

/* Why one is suspected to be able to serve an object, surest first. */
enum iq_suspect_kind {
	/* A frame of it has deferred the Unlock, Done, Signal or close. */
	IQ_SUSPECT_DEFERS,
	IQ_SUSPECT_MENTIONS, /* a frame of it refers to the object */
	IQ_SUSPECT_SLEEPS,   /* the same, and it sleeps or waits for a file */
	IQ_SUSPECT_REACHES,  /* through other objects */
	IQ_SUSPECT_VARIABLE, /* its code uses a variable that leads there */
	IQ_SUSPECT_CREATOR,  /* it started who waits */
};

/* "defers", "mentions" …: as the JSON contract spells them. Static. */
const char *iq_suspect_kind_name(enum iq_suspect_kind kind);

/* A live goroutine that could still serve an object. A suspicion, no proof. */
struct iq_suspect {
	uint32_t goroutine; /* index into model->goroutines */
	uint32_t frame;	    /* of its stack; UINT32_MAX: none */
	enum iq_suspect_kind kind;
	/* Objects between its stack, or the variable, and the object. */
	uint32_t distance;
};

struct iq_suspects {
	/* Surest first, of these those who can go on before those who wait for
	 * something themselves; then nearest, then by goroutine. Whose code
	 * merely refers to the object and who is blocked comes after whoever
	 * refers to it and sleeps. */
	const struct iq_suspect *list;
	size_t num;
	uint64_t num_more; /* that are not listed */
};

/*
 * The shortest ways from roots to all objects of one heap, found at once: 8
 * bytes for each object. Roots are what the proof has marked from
 * (model/liveness.h), in the order in which it could: variables and all else
 * that is no goroutine's, together with goroutines that run or are woken by the
 * runtime; then those that wait for something which is reached so, and so on.
 * So no way to what a goroutine waits for begins on its own stack. Goroutines
 * that stay blocked come last.
 */
struct iq_paths;

/*
 * By the proof for the heap of @witness, which stays; *@ret is NULL, and
 * *@why_ret says why, where there is none. Destroyed before the model.
 */
struct iq_error *iq_paths_create(const struct iq_model *model, size_t witness,
				 struct iq_paths **ret, struct iq_str *why_ret)
	iq_must_check;
void iq_paths_destroy(struct iq_paths *paths);

/*
 * The shortest way to the object or the root that holds @addr; of several the
 * first in order of variables, stacks, the rest. @types may be NULL. *@why_ret
 * is empty, or says why a way that was not found may still be there. In @arena.
 */
struct iq_error *iq_paths_find(const struct iq_paths *paths,
			       const struct iq_heap_types *types, uint64_t addr,
			       struct iq_arena *arena, struct iq_path *ret,
			       struct iq_str *why_ret) iq_must_check;

/*
 * Who could serve what the goroutine @index waits for: nobody who waits for the
 * same, and none that stays blocked. One that is proven to stay blocked itself
 * has none, nor has one that nobody has to serve, as in a sleep or a call of the
 * kernel; healthy ones have them, too. @types may be NULL. In @arena.
 */
struct iq_error *iq_path_suspects(const struct iq_model *model,
				  const struct iq_heap_types *types,
				  size_t index, struct iq_arena *arena,
				  struct iq_suspects *ret) iq_must_check;

#endif
