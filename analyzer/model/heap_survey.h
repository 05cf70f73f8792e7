/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be asked of the heaps of a case: how much there is of what, who
 * refers to it, why it lives. Made before the reports are, from the proofs
 * (model/liveness.h) and the types of the heaps; bytes are counted as size
 * classes give them out.
 */
#ifndef IQ_MODEL_HEAP_SURVEY_H
#define IQ_MODEL_HEAP_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "model/heap.h"
#include "model/path.h"

struct iq_model;

/* The biggest objects of a heap that are kept where nobody says how many. */
#define IQ_HEAP_BIGGEST 100

enum iq_heap_view {
	IQ_HEAP_TOTALS,	  /* totals, types, the biggest objects */
	IQ_HEAP_TYPES,	  /* types alone */
	IQ_HEAP_RETAINED, /* findings by what they keep */
	IQ_HEAP_WHY,	  /* why objects live */
	IQ_HEAP_WHO,	  /* who refers to objects of a type */
};

struct iq_heap_query {
	enum iq_heap_view view;
	const uint64_t *addrs; /* why */
	size_t num_addrs;
	const char *type; /* who */
	/* How many of the biggest objects; 0: IQ_HEAP_BIGGEST. */
	uint64_t num_biggest;
};

struct iq_heap_sum {
	uint64_t objects;
	uint64_t bytes;
};

enum iq_heap_state {
	/* Something that can still run reaches it, or main, which waits. */
	IQ_HEAP_LIVE,
	/* Nothing but goroutines that are proven to stay blocked. */
	IQ_HEAP_LEAKED,
	/* Nothing; or, of a heap that is not whole, nothing that is there. */
	IQ_HEAP_GARBAGE,
};

/* Objects of one type that something refers to. */
struct iq_heap_row {
	struct iq_str type; /* empty: not known */
	uint64_t size;	    /* of each, where the type is not known; else 0 */
	struct iq_heap_sum all;
	struct iq_heap_sum leaked; /* of all */
};

struct iq_heap_object {
	uint64_t addr;
	uint64_t size;
	struct iq_str type; /* empty: not known */
	enum iq_heap_state state;
};

enum iq_heap_kind {
	IQ_HEAP_OBJECT,
	IQ_HEAP_FREE,	  /* a slot that holds no object */
	IQ_HEAP_STACK,	  /* of a goroutine */
	IQ_HEAP_VARIABLE, /* of a package */
	IQ_HEAP_OTHER,	  /* in memory, and none of these */
	IQ_HEAP_NOWHERE,  /* not in the core */
};

/* What is at an address, and why it lives. */
struct iq_heap_why {
	uint64_t addr;
	enum iq_heap_kind kind;
	/* Of objects and free slots; type and state of objects alone. */
	struct iq_heap_object object;
	struct iq_str place; /* ".next" for the address in it; may be empty */
	struct iq_str name;  /* of the variable; may be empty */
	/* Whose stack: index into model->goroutines; UINT32_MAX: not known. */
	uint32_t goroutine;
	struct iq_path path; /* of objects */
	/* Why a way may be there that was not found; empty: none is. */
	struct iq_str lacks;
};

/* References of one kind to objects of the type that was asked for. */
struct iq_heap_referrer {
	bool is_root;
	enum iq_root_kind root; /* of roots */
	/* Of objects: of this type, or, where it is not known, of this size. */
	struct iq_str type;
	uint64_t size;
	/* ".items[].next" in an object, whatever the index; "main.cache" of a
	 * variable; empty: not known. */
	struct iq_str place;
	/* Of stacks and records: the first goroutine, index into
	 * model->goroutines, which stands for all that stand in its line;
	 * UINT32_MAX: not known. */
	uint32_t goroutine;
	bool leaked; /* what refers is */
	uint64_t references;
	uint64_t first_addr; /* of the first word that refers; 0: in none */
};

struct iq_heap_who {
	/* false: no object of the type is known. */
	bool known;
	struct iq_heap_sum live, leaked, garbage;
	/* Those of them that no reference was seen to. */
	uint64_t num_unreferred;
	/* Most references first. */
	const struct iq_heap_referrer *referrers;
	size_t num_referrers;
	uint64_t num_references;
	/* Pointers to it are in objects of known type: what they refer to may
	 * be of another one that begins with it. */
	bool has_pointers;
	/* Types whose names are like it, of what is known; a few. */
	const struct iq_str *likes;
	size_t num_likes;
};

/* The heap of one core. */
struct iq_heap_survey {
	uint32_t witness; /* index into model->witnesses */
	/* Spans were found: there is something to count. */
	bool found;
	/* Why counts are "at least", and what is not reached may be; empty: all
	 * is exact. Clean. */
	struct iq_str lacks;
	/* By walking the spans. */
	uint64_t num_spans;
	struct iq_heap_sum allocated; /* live, leaked and garbage */
	struct iq_heap_sum live;
	struct iq_heap_sum leaked;
	struct iq_heap_sum garbage;
	struct iq_heap_sum free;
	/* Bytes of all spans in use, of those that are not in the core, too. */
	bool has_inuse;
	uint64_t inuse;
	uint64_t inuse_missing;
	/* What the process itself counted. */
	bool has_totals;
	struct iq_heap_totals totals;
	/* Whether its goroutines were judged by it: not those that a better
	 * witness of the process has, nor those of another process. */
	bool judged;
	uint64_t leaked_goroutines;
	/* Goroutines that could not be judged, though the heap is whole, and why
	 * the first one; what they hold counts as live. Static. */
	uint64_t doubted_goroutines;
	const char *doubt;
	/* Why it is not known what they hold: @leaked is "at least", or nothing;
	 * empty: it is known. Clean. */
	struct iq_str leaked_lacks;
	/* All of their stacks, if each one's size is known. */
	bool has_leaked_stacks;
	uint64_t leaked_stacks;
	/* Most bytes first; of what something refers to. */
	const struct iq_heap_row *rows;
	size_t num_rows;
	/* Largest first; of all that is allocated. */
	const struct iq_heap_object *biggest;
	size_t num_biggest;
	const struct iq_heap_why *whys;
	size_t num_whys;
	struct iq_heap_who who;
};

/*
 * Sets model->surveys: one for each core, in the order of witnesses. After the
 * detectors' run; once. In the model's arena.
 */
struct iq_error *iq_heap_survey_make(struct iq_model *model,
				     const struct iq_heap_query *query)
	iq_must_check;

/* "live", "leaked", "garbage": as JSON spells them. Static. */
const char *iq_heap_state_name(enum iq_heap_state state);
/* "object", "free", "stack", "variable", "memory", "nowhere". Static. */
const char *iq_heap_kind_name(enum iq_heap_kind kind);
/* "runtime", "variable", "stack", "goroutine", "registers", "special",
 * "foreign". Static. */
const char *iq_heap_root_name(enum iq_root_kind kind);

#endif
