/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goroutines wait for, read from the process: model/object.h. Each worker
 * finds the objects of its goroutines, each once; afterwards those of all
 * workers become one list, and every waiter shares the one of its object.
 */
#ifndef IQ_GO_WAIT_OBJECTS_H
#define IQ_GO_WAIT_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"
#include "formats/go/record.h"
#include "formats/go/runtime.h"
#include "formats/go/semaphores.h"
#include "formats/go/wait_class.h"
#include "formats/go/word_set.h"
#include "model/object.h"

struct iq_go_wait_problem {
	/* Whose it is: a goroutine's (by its index) or an object's. */
	size_t goroutine;
	const struct iq_object *object; /* NULL: a goroutine's */
	uint64_t addr;
	const char *text;
};

/* A coroutine, by the goroutine that is parked in it. */
struct iq_go_coroutine {
	uint64_t parked; /* its g */
	uint64_t addr;
	/* The goroutine that runs the coroutine's function. */
	uint64_t body; /* its g */
	uint64_t body_goid;
};

/* What all workers ask, made before they run. */
struct iq_go_wait_tables {
	struct iq_go_semaphores semaphores;
	/* Ordered by parked. */
	IQ_VEC(struct iq_go_coroutine) coroutines;
};

/* One worker's. */
struct iq_go_wait_reader {
	const struct iq_go_runtime *rt;
	const struct iq_go_wait_tables *tables;
	/* Of rt->gs, in their order and with their stacks. */
	struct iq_goroutine_fact *goroutines;
	/* Becomes the facts'. */
	struct iq_arena arena;
	/* By hash of kind and address, at most half full. */
	struct iq_object **slots;
	size_t num_slots;
	size_t num_objects;
	/* Those that nobody else can have are not in the table. */
	IQ_VEC(struct iq_object *) lone;
	/* Names of types by their addresses: struct iq_str *. */
	struct iq_go_word_set types;
	IQ_VEC(struct iq_wait) waits; /* of the goroutine in work */
	IQ_VEC(struct iq_go_wait_problem) problems;
};

void iq_go_wait_reader_deinit(struct iq_go_wait_reader *r);

/* This worker's object of @kind at @address; NULL: it has none yet. */
struct iq_object *iq_go_wait_object_find(const struct iq_go_wait_reader *r,
					 enum iq_wait_kind kind,
					 uint64_t address);
/* The same, made if need be: kind and address set, the kind's part zeroed, and
 * no more memory than that. */
struct iq_error *iq_go_wait_object(struct iq_go_wait_reader *r,
				   enum iq_wait_kind kind, uint64_t address,
				   struct iq_object **ret, bool *is_new_ret)
	iq_must_check;

/* The same for what is surely nobody else's and is not looked for: cheaper. */
struct iq_error *iq_go_wait_object_lone(struct iq_go_wait_reader *r,
					enum iq_wait_kind kind,
					uint64_t address,
					struct iq_object **ret) iq_must_check;

/* A gap of one goroutine, or of an object; @text is static. It is about damage
 * unless it ends with "is not in the core". */
struct iq_error *iq_go_wait_problem(struct iq_go_wait_reader *r,
				    size_t goroutine, uint64_t addr,
				    const char *text) iq_must_check;
struct iq_error *iq_go_wait_object_problem(struct iq_go_wait_reader *r,
					   const struct iq_object *object,
					   uint64_t addr, const char *text)
	iq_must_check;

/* Whether all of it was dumped; what a hole took is no fault of the program. */
bool iq_go_wait_is_there(const struct iq_go_runtime *rt, uint64_t addr,
			 size_t size);
/* More goroutines than can wait for one object. */
uint64_t iq_go_wait_max(const struct iq_go_runtime *rt);

/*
 * facts->objects from those of all @readers, which keep nothing; the waits of
 * all goroutines refer to them. Gaps follow, in an order that no timing decides.
 */
struct iq_error *iq_go_wait_objects_share(struct iq_go_runtime *rt,
					  struct iq_go_wait_reader *readers,
					  unsigned num_readers) iq_must_check;

/* The channels of goroutine @i, each to r->waits; @op: where it is plain. */
struct iq_error *iq_go_wait_channels_read(struct iq_go_wait_reader *r, size_t i,
					  enum iq_wait_op op) iq_must_check;

/* Mutex, RWMutex, WaitGroup, Cond or semaphore of goroutine @i. */
struct iq_error *iq_go_wait_sync_read(struct iq_go_wait_reader *r, size_t i,
				      const struct iq_go_wait_class *class,
				      struct iq_wait *ret) iq_must_check;
/* What the semaphores of unknown owner are, by the frames of who waits. */
void iq_go_wait_semaphores_name(const struct iq_go_runtime *rt,
				const struct iq_goroutine_fact *goroutines);
/* Whose lock the semaphores of files are, and who has it. */
struct iq_error *
iq_go_wait_files_find(const struct iq_go_runtime *rt,
		      const struct iq_goroutine_fact *goroutines) iq_must_check;

/* When the sleep of goroutine @i ends. */
struct iq_error *iq_go_wait_sleep_read(struct iq_go_wait_reader *r, size_t i,
				       struct iq_wait *wait) iq_must_check;
/* When the timer at @timer of the channel at @channel fires: sets timer, when
 * and period. False if it is none, or another's. */
bool iq_go_wait_timer_read(const struct iq_go_runtime *rt, uint64_t timer,
			   uint64_t channel, struct iq_chan_object *ret);
/* Sets when @wait of the goroutine at @g ends, if its channel's timer fires. */
void iq_go_wait_until(const struct iq_go_runtime *rt, uint64_t g,
		      struct iq_wait *wait);
/* The timers of channels that do not know theirs themselves (before 1.23), for
 * what facts->objects has and who waits for it. */
void iq_go_wait_timers_find(const struct iq_go_runtime *rt,
			    struct iq_goroutine_fact *goroutines);
/* Who is in a bubble waits for the bubble's clock, not for the world's. */
bool iq_go_wait_in_bubble(const struct iq_go_runtime *rt, uint64_t g);

/* r->tables' coroutines, if any goroutine is parked in one. */
struct iq_error *iq_go_wait_coroutines_read(const struct iq_go_runtime *rt,
					    struct iq_go_wait_tables *tables)
	iq_must_check;
struct iq_error *iq_go_wait_coroutine_read(struct iq_go_wait_reader *r,
					   size_t i, struct iq_wait *wait)
	iq_must_check;
/* The bubble that goroutine @i waits for: synctest.Wait, synctest.Run. */
struct iq_error *iq_go_wait_bubble_read(struct iq_go_wait_reader *r, size_t i,
					struct iq_wait *wait) iq_must_check;

#endif
