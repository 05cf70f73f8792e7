/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many files the process may have open, and the highest descriptor that is
 * seen to be in use: by who waits, and by the runtime's poller, which has all
 * sockets and pipes that are open, waited for or not.
 */
#ifndef IQ_GO_FD_LIMIT_H
#define IQ_GO_FD_LIMIT_H

#include "formats/go/runtime.h"

/* Sets highest_fd and fd_limit of the facts' process, from facts->objects and the
 * waits of the goroutines from facts->goroutines[@first] on; what cannot be known
 * is not set. */
void iq_go_fds_fill(const struct iq_go_runtime *rt, size_t first);

#endif
