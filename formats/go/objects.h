/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects that a crash is about. Nothing says where they are: they are
 * looked for where they were passed, and believed only if their contents are
 * what the crash leaves behind.
 */
#ifndef IQ_GO_OBJECTS_H
#define IQ_GO_OBJECTS_H

#include "formats/go/scene.h"

/* Where an address was found, from the surest on. */
enum iq_go_trust {
	IQ_GO_PASSED,  /* as the argument itself */
	IQ_GO_PRESENT, /* in a frame that calls, or in code that does */
	IQ_GO_DEEP,    /* in an object that such a frame refers to */
};

/* Whether what is at @addr can be what is looked for. */
typedef bool iq_go_object_test(const struct iq_go_scene *s, uint64_t addr,
			       enum iq_go_trust trust);

struct iq_go_wanted {
	/* Beginnings of names of functions, one of which had it as argument;
	 * NULL ends them. */
	const char *const *functions;
	unsigned argument; /* its number in words */
	iq_go_object_test *test;
};

struct iq_go_found {
	uint64_t addr;
	enum iq_go_trust trust;
	/* IQ_GO_DEEP: the object that refers to it or that it is in. */
	uint64_t holder;
	bool several; /* there is another one */
};

/*
 * The object's place; false if there is none, or several that could be. First
 * what was passed, then what stands in the frames from the innermost of the
 * functions on, or is captured there, or is named by the code of the call; at
 * last what is in the objects that these frames refer to.
 */
bool iq_go_wanted_find(const struct iq_go_scene *s,
		       const struct iq_go_wanted *wanted,
		       struct iq_go_found *ret);

/*
 * Adds an object, at @found if that is not NULL; @values begin anew. @shared: it
 * is believed only if another goroutine refers to it or to its holder.
 */
struct iq_error *iq_go_object_add(struct iq_go_scene *s, const char *what,
				  const struct iq_go_found *found, bool shared,
				  struct iq_go_values *values) iq_must_check;

/* objects_sync.c: channels, mutexes, WaitGroups. */
struct iq_error *iq_go_object_channel(struct iq_go_scene *s,
				      struct iq_go_values *v) iq_must_check;
struct iq_error *iq_go_object_mutex(struct iq_go_scene *s,
				    struct iq_go_values *v) iq_must_check;
struct iq_error *iq_go_object_waitgroup(struct iq_go_scene *s,
					struct iq_go_values *v) iq_must_check;
/* objects_map.c */
struct iq_error *iq_go_object_map(struct iq_go_scene *s, struct iq_go_values *v)
	iq_must_check;
/* nil_access.c: which register was nil, by the instruction that used it. */
struct iq_error *iq_go_object_nil(struct iq_go_scene *s, struct iq_go_values *v)
	iq_must_check;
/* objects_text.c: what the runtime's words and the stack say. */
struct iq_error *iq_go_object_bounds(struct iq_go_scene *s,
				     struct iq_go_values *v) iq_must_check;
struct iq_error *iq_go_object_assertion(struct iq_go_scene *s,
					struct iq_go_values *v) iq_must_check;
struct iq_error *iq_go_object_stack(struct iq_go_scene *s,
				    struct iq_go_values *v) iq_must_check;
struct iq_error *iq_go_object_memory(struct iq_go_scene *s,
				     struct iq_go_values *v) iq_must_check;

/* objects_referrers.c: who refers to the objects that have an address. */
struct iq_error *iq_go_objects_referrers(struct iq_go_scene *s) iq_must_check;

#endif
