/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a goroutine in IO wait waits for: the poll.FD on its stack whose
 * descriptor in the runtime's poller names it as the one who reads or writes,
 * and the connection, listener or file that the poll.FD is the first field of.
 */
#ifndef IQ_GO_POLL_WAIT_H
#define IQ_GO_POLL_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "formats/go/runtime.h"
#include "formats/go/wait_objects.h"
#include "model/object.h"

/*
 * Sets address, has_until and until_ns of @wait, which is of kind FD, to those
 * of the poll.FD that @g waits for, and whether it waits until it can write.
 * False, and both untouched, if none is found.
 */
bool iq_go_poll_wait_read(const struct iq_go_runtime *rt,
			  const struct iq_go_g *g, struct iq_wait *wait,
			  bool *writes_ret);

/*
 * What who waits for @fd does: what the frames told, or UNKNOWN, unless the
 * file or the side that it waits for tells otherwise. UNKNOWN where nothing is
 * sure: who accepts waits like who reads, who connects like who writes.
 */
enum iq_wait_op iq_go_poll_op(const struct iq_fd_object *fd, bool writes,
			      enum iq_wait_op told);

/*
 * The object of kind FD whose poll.FD is at @address, one that was found by
 * iq_go_poll_wait_read(); texts live in @arena. What is not sure is not set.
 */
struct iq_error *iq_go_poll_object_read(const struct iq_go_runtime *rt,
					uint64_t address,
					struct iq_arena *arena,
					struct iq_object *ret) iq_must_check;

/* Both for goroutine @i, whose @wait is of kind FD with the op that the frames
 * tell. What is not found is a gap. */
struct iq_error *iq_go_wait_fd_read(struct iq_go_wait_reader *r, size_t i,
				    struct iq_wait *wait) iq_must_check;

#endif
