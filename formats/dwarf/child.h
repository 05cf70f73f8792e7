/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A function that runs in a child process with limits on memory and time, for
 * what may crash or never end on hostile input. Its answer is a flat record. Or
 * a child that stays and is asked again and again.
 */
#ifndef IQ_DWARF_CHILD_H
#define IQ_DWARF_CHILD_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"

struct iq_child_limits {
	/* Bytes of address space beyond what is mapped already. */
	uint64_t memory;
	unsigned cpu_seconds;
	unsigned wall_seconds;
};

/*
 * Fills @record, which has no pointers. It runs in a copy of the calling
 * thread alone: it must not print, and must not wait for other threads or take
 * locks that they may hold. malloc() is allowed.
 */
typedef struct iq_error *iq_child_fn(void *ctx, void *record);

/*
 * Runs @fn in a child and copies the record of @size bytes back. An error of
 * @fn comes back with its text; that the child crashed, was too slow or ran out
 * of memory is an error, too. @record is untouched on error. What the record
 * says is to be checked by who asked: the child may have been taken over.
 */
struct iq_error *iq_child_run(const struct iq_child_limits *limits,
			      iq_child_fn *fn, void *ctx, void *record,
			      size_t size) iq_must_check;

/*
 * Fills @answer for @request, both flat; the same conditions hold for it as for
 * an iq_child_fn. What it keeps stands in @ctx, which is the child's own copy.
 */
typedef void iq_child_answer_fn(void *ctx, const void *request, void *answer);

struct iq_child_service {
	iq_child_answer_fn *answer;
	void *ctx;
	size_t request_size;
	size_t answer_size;
	/* Of all answers together, but wall_seconds is for each of them. */
	struct iq_child_limits limits;
};

struct iq_child;

/* Begins a child that waits for requests. */
struct iq_error *iq_child_start(const struct iq_child_service *service,
				struct iq_child **ret) iq_must_check;
/* Ends it, whatever it does; may be NULL. */
void iq_child_end(struct iq_child *child);
/*
 * One answer. After an error the child is not to be asked again: it has crashed,
 * was too slow or ran out of memory. @answer is untouched then.
 */
struct iq_error *iq_child_ask(struct iq_child *child, const void *request,
			      void *answer) iq_must_check;

#endif
