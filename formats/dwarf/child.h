/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A function that runs in a child process with limits on memory and time, for
 * what may crash or never end on hostile input. Its answer is a flat record.
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

#endif
